//! One session as it is remembered, and its encoding inside a ticket.

use crate::crypto::secret::Secret;
use crate::fault::{Decode, Fault};
use crate::profile::{self, Framing, Profile};
use crate::suite::{self, Suite};
use crate::wire::codec::{Reader, Writer};
use crate::wire::ids::{SuiteId, WireVersion};
use crate::x509::Certificate;

/// What became of the question whether the peer is acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It was judged and accepted, or there was nothing to judge.
    Accepted = 0,
    /// It was judged and rejected, and passed because the application lets everything pass.
    Excused = 1,
    /// Nobody asked.
    Not = 2,
}

/// What a server's session belongs to beside its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Digest over the settings by which a client's certificate was judged.
    pub trust: [u8; 32],
    /// Digest of the server's own certificate; zero where the suite has none.
    pub own: [u8; 32],
    /// The options that keep sessions apart.
    pub flags: u16,
}

/// One session.
#[derive(Clone, Debug)]
pub struct Saved {
    /// Its version.
    pub profile: &'static Profile,
    /// The highest version that the client had offered.
    pub requested: &'static Profile,
    /// Its suite.
    pub suite: &'static Suite,
    /// Its master secret.
    pub master: Secret,
    /// Whether that is an extended one (RFC 7627).
    pub extended_master_secret: bool,
    /// Its ID; empty for a session that lives in a ticket alone.
    pub session_id: Vec<u8>,
    /// On a client: the server's ticket.
    pub ticket: Option<Vec<u8>>,
    /// The peer's chain as it was sent.
    pub peer_chain: Vec<Certificate>,
    /// On a client: the stapled response.
    pub ocsp: Option<Vec<u8>>,
    /// On a client: the signed certificate timestamps.
    pub scts: Vec<Vec<u8>>,
    /// The identity of a pre-shared key.
    pub psk_identity: Option<Vec<u8>>,
    /// What became of the peer.
    pub judged: Judged,
    /// On a server: whether a certificate was asked for.
    pub asked: bool,
    /// On a server: what it belongs to.
    pub scope: Scope,
}

/// The first byte of an encoded session. Another encoding gets another number.
const FORMAT: u8 = 1;

impl Saved {
    /// About how much memory it takes.
    #[must_use]
    pub fn cost(&self) -> usize {
        let optional = |field: &Option<Vec<u8>>| field.as_ref().map_or(0, Vec::len);
        let fields = [&self.ticket, &self.ocsp, &self.psk_identity].map(optional);
        let scts: usize = self.scts.iter().map(Vec::len).sum();
        let chain: usize = self.peer_chain.iter().map(|c| c.der().len()).sum();
        size_of::<Saved>() + self.master.len() + chain + scts + fields.iter().sum::<usize>()
    }

    /// What a server's ticket holds, and when (seconds since 1970) it ends.
    pub fn encode(&self, ends: u64) -> Result<Secret, Fault> {
        let mut w = Writer::new();
        w.u8(FORMAT);
        w.bytes(&ends.to_be_bytes());
        w.u16(self.profile.wire.0);
        w.u16(self.suite.id.0);
        w.u8(u8::from(self.extended_master_secret) | u8::from(self.asked) << 1 | (self.judged as u8) << 2);
        w.u16(self.scope.flags);
        w.bytes(&self.scope.trust);
        w.bytes(&self.scope.own);
        w.vector(1, self.master.as_bytes())?;
        w.vector(2, self.psk_identity.as_deref().unwrap_or_default())?;
        w.scope(3, |w| self.peer_chain.iter().try_for_each(|c| w.vector(3, c.der())))?;
        Ok(Secret::new(w.into_bytes()))
    }

    /// The session of a ticket, and when it ends.
    pub fn decode(framing: Framing, bytes: &[u8]) -> Result<(Saved, u64), Fault> {
        let wrong = Fault::Decode(Decode::BadValue);
        let mut r = Reader::new(bytes);
        if r.u8()? != FORMAT {
            return Err(wrong);
        }
        let ends = u64::from_be_bytes(r.array()?);
        let profile = profile::by_wire(framing, WireVersion(r.u16()?)).ok_or(wrong)?;
        let suite = suite::by_id(SuiteId(r.u16()?)).ok_or(wrong)?;
        let bits = r.u8()?;
        let judged = match bits >> 2 {
            0 => Judged::Accepted,
            1 => Judged::Excused,
            _ => Judged::Not,
        };
        let flags = r.u16()?;
        let scope = Scope { trust: r.array()?, own: r.array()?, flags };
        let master = Secret::copy_of(r.vec8()?.rest());
        let identity = r.vec16()?.rest();
        let mut list = r.vec24()?;
        r.finish()?;
        let mut peer_chain = Vec::new();
        while !list.is_empty() {
            peer_chain.push(Certificate::parse(list.vec24()?.rest()).map_err(|_| wrong)?);
        }
        let saved = Saved {
            profile,
            requested: profile,
            suite,
            master,
            extended_master_secret: bits & 1 != 0,
            session_id: Vec::new(),
            ticket: None,
            peer_chain,
            ocsp: None,
            scts: Vec::new(),
            psk_identity: (!identity.is_empty()).then(|| identity.to_vec()),
            judged,
            asked: bits & 2 != 0,
            scope,
        };
        Ok((saved, ends))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn sample(byte: u8) -> Saved {
        let Some(profile) = profile::of(Framing::Stream).last() else { panic!("there are versions") };
        Saved {
            profile,
            requested: profile,
            suite: &suite::SUITES[0],
            master: Secret::copy_of(&[byte; 48]),
            extended_master_secret: true,
            session_id: vec![byte; 16],
            ticket: None,
            peer_chain: Vec::new(),
            ocsp: None,
            scts: Vec::new(),
            psk_identity: Some(b"me".to_vec()),
            judged: Judged::Excused,
            asked: true,
            scope: Scope { trust: [1; 32], own: [2; 32], flags: 0x181 },
        }
    }

    #[test]
    fn what_a_ticket_holds_comes_back() {
        let saved = sample(7);
        let encoded = saved.encode(12345).unwrap_or(Secret::zeroed(0));
        let Ok((back, ends)) = Saved::decode(Framing::Stream, encoded.as_bytes()) else { panic!("decodes") };
        assert_eq!(ends, 12345);
        assert_eq!((back.profile, back.suite, back.scope), (saved.profile, saved.suite, saved.scope));
        assert_eq!((back.judged, back.asked), (Judged::Excused, true));
        assert_eq!((back.master, back.psk_identity), (saved.master, saved.psk_identity));
        assert!(back.extended_master_secret);
    }

    #[test]
    fn no_truncation_decodes() {
        let encoded = sample(7).encode(1).unwrap_or(Secret::zeroed(0));
        for n in 0..encoded.len() {
            assert!(Saved::decode(Framing::Stream, &encoded.as_bytes()[..n]).is_err(), "{n} bytes");
        }
    }

    #[test]
    fn secrets_stay_out_of_words() {
        assert!(
            !format!("{:?}", sample(0x2a))
                .contains("42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42")
        );
    }
}
