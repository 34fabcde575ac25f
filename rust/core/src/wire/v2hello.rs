//! The ClientHello in SSLv2's format, with which old clients ask for SSLv3 or TLS (RFC 5246 appendix E.2).
//!
//! In: the message behind its two bytes of length. Out: the hello it stands for. Promise: as strict as for other hellos;
//! suites of SSLv2 itself are left out.

use super::codec::Reader;
use super::hello::ClientHello;
use super::ids::{SuiteId, WireVersion};
use crate::fault::{Decode, Fault};

/// The message type, the same number as TLS's.
const CLIENT_HELLO: u8 = 1;

/// Challenges are the last bytes of a random (RFC 5246 appendix E.2).
const CHALLENGE: core::ops::RangeInclusive<usize> = 16..=32;

/// Parses the message.
pub fn parse(body: &[u8]) -> Result<ClientHello, Fault> {
    let wrong = Fault::Decode(Decode::BadValue);
    let mut r = Reader::new(body);
    if r.u8()? != CLIENT_HELLO {
        return Err(wrong);
    }
    let version = WireVersion(r.u16()?);
    let (specs, session, challenge) = (r.u16()?, r.u16()?, r.u16()?);
    let specs = r.take(specs.into())?;
    let session_id = r.take(session.into())?;
    let challenge = r.take(challenge.into())?;
    r.finish()?;
    if specs.is_empty() || !specs.len().is_multiple_of(3) || !CHALLENGE.contains(&challenge.len()) {
        return Err(wrong);
    }
    // Nothing that could be resumed has such a hello.
    if !session_id.is_empty() {
        return Err(wrong);
    }
    let mut random = [0; 32];
    random[32 - challenge.len()..].copy_from_slice(challenge);
    let suites = specs.chunks_exact(3).filter(|spec| spec[0] == 0);
    Ok(ClientHello {
        version,
        random,
        session_id: Vec::new(),
        cookie: None,
        suites: suites.map(|spec| SuiteId(u16::from_be_bytes([spec[1], spec[2]]))).collect(),
        compressions: vec![0],
        extensions: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(challenge: usize) -> Vec<u8> {
        let mut body = vec![1, 3, 1, 0, 9, 0, 0, 0, challenge as u8];
        body.extend_from_slice(&[0, 0, 0x2f, 1, 0, 0x80, 0, 0, 0xff]);
        body.extend(1..=challenge as u8);
        body
    }

    #[test]
    fn suites_and_challenge_become_those_of_a_hello() {
        let Ok(parsed) = parse(&hello(16)) else { panic!("the hello is well formed") };
        assert_eq!(parsed.version, WireVersion::TLS10);
        assert_eq!(parsed.suites, [SuiteId(0x2f), SuiteId(0xff)]);
        assert_eq!(parsed.random[..16], [0; 16]);
        assert_eq!(parsed.random[16..], (1..=16).collect::<Vec<u8>>()[..]);
    }

    #[test]
    fn every_truncation_and_a_wrong_challenge_are_refused() {
        let whole = hello(32);
        assert!(parse(&whole).is_ok());
        for n in 0..whole.len() {
            assert!(parse(&whole[..n]).is_err(), "{n} bytes");
        }
        assert!(parse(&hello(15)).is_err());
        assert!(parse(&hello(33)).is_err());
    }
}
