//! ClientHello and ServerHello (RFC 5246 section 7.4.1), HelloVerifyRequest (RFC 6347 section 4.2.1).

use super::codec::{Reader, Writer};
use super::extension::{Extension, Place, encode_block, parse_block};
use super::ids::{SuiteId, WireVersion};
use crate::fault::{Decode, Fault};

/// A session ID holds at most this many bytes.
pub const MAX_SESSION_ID: usize = 32;

/// What a client offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// The highest version the client speaks.
    pub version: WireVersion,
    /// Its random.
    pub random: [u8; 32],
    /// The session it would like to resume; empty for none.
    pub session_id: Vec<u8>,
    /// The cookie of DTLS, empty in a first hello; `None` where hellos have no such field.
    pub cookie: Option<Vec<u8>>,
    /// Suites in order of preference, signalling values included.
    pub suites: Vec<SuiteId>,
    /// Compression methods; must contain 0.
    pub compressions: Vec<u8>,
    /// Extensions; `None` when the block is absent.
    pub extensions: Option<Vec<Extension>>,
}

impl ClientHello {
    /// Parses the body of the message.
    pub fn parse(body: &[u8]) -> Result<ClientHello, Fault> {
        ClientHello::parse_form(body, false)
    }

    /// Parses the body of the message as DTLS has it: with a cookie.
    pub fn parse_with_cookie(body: &[u8]) -> Result<ClientHello, Fault> {
        ClientHello::parse_form(body, true)
    }

    fn parse_form(body: &[u8], has_cookie: bool) -> Result<ClientHello, Fault> {
        let mut r = Reader::new(body);
        let version = WireVersion(r.u16()?);
        let random = r.array()?;
        let session_id = session_id(&mut r)?;
        let cookie = if has_cookie { Some(r.vec8()?.rest().to_vec()) } else { None };
        let suites = r.vec16()?.u16s(SuiteId)?;
        let compressions = r.vec8()?.rest().to_vec();
        if suites.is_empty() || compressions.is_empty() {
            return Err(Decode::BadValue.into());
        }
        let extensions = parse_block(Place::Client, &mut r)?;
        r.finish()?;
        Ok(ClientHello { version, random, session_id, cookie, suites, compressions, extensions })
    }

    /// The body of the message.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        let mut w = Writer::new();
        w.u16(self.version.0);
        w.bytes(&self.random);
        w.vector(1, &self.session_id)?;
        if let Some(cookie) = &self.cookie {
            w.vector(1, cookie)?;
        }
        w.scope(2, |w| {
            self.suites.iter().for_each(|s| w.u16(s.0));
            Ok(())
        })?;
        w.vector(1, &self.compressions)?;
        encode_block(Place::Client, self.extensions.as_deref().unwrap_or_default(), &mut w)?;
        Ok(w.into_bytes())
    }

    /// The extensions, none if the block is absent.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        self.extensions.as_deref().unwrap_or_default()
    }
}

/// What a server answers to a hello without the right cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelloVerifyRequest {
    /// DTLS 1.0, whatever will be negotiated.
    pub version: WireVersion,
    /// What the next hello must carry.
    pub cookie: Vec<u8>,
}

impl HelloVerifyRequest {
    /// Parses the body of the message.
    pub fn parse(body: &[u8]) -> Result<HelloVerifyRequest, Fault> {
        let mut r = Reader::new(body);
        let version = WireVersion(r.u16()?);
        let cookie = r.vec8()?.rest().to_vec();
        r.finish()?;
        Ok(HelloVerifyRequest { version, cookie })
    }

    /// The body of the message.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        let mut w = Writer::new();
        w.u16(self.version.0);
        w.vector(1, &self.cookie)?;
        Ok(w.into_bytes())
    }
}

/// What a server chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// The version of the connection.
    pub version: WireVersion,
    /// Its random.
    pub random: [u8; 32],
    /// The session's ID; empty when it cannot be resumed.
    pub session_id: Vec<u8>,
    /// The suite.
    pub suite: SuiteId,
    /// The compression method.
    pub compression: u8,
    /// Extensions; `None` when the block is absent.
    pub extensions: Option<Vec<Extension>>,
}

impl ServerHello {
    /// Parses the body of the message.
    pub fn parse(body: &[u8]) -> Result<ServerHello, Fault> {
        let mut r = Reader::new(body);
        let version = WireVersion(r.u16()?);
        let random = r.array()?;
        let session_id = session_id(&mut r)?;
        let suite = SuiteId(r.u16()?);
        let compression = r.u8()?;
        let extensions = parse_block(Place::Server, &mut r)?;
        r.finish()?;
        Ok(ServerHello { version, random, session_id, suite, compression, extensions })
    }

    /// The body of the message.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        let mut w = Writer::new();
        w.u16(self.version.0);
        w.bytes(&self.random);
        w.vector(1, &self.session_id)?;
        w.u16(self.suite.0);
        w.u8(self.compression);
        encode_block(Place::Server, self.extensions.as_deref().unwrap_or_default(), &mut w)?;
        Ok(w.into_bytes())
    }

    /// The extensions, none if the block is absent.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        self.extensions.as_deref().unwrap_or_default()
    }
}

fn session_id(r: &mut Reader<'_>) -> Result<Vec<u8>, Fault> {
    let id = r.vec8()?.rest();
    if id.len() > MAX_SESSION_ID {
        return Err(Decode::BadValue.into());
    }
    Ok(id.to_vec())
}
