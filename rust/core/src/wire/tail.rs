//! The message header, and the small messages at the end of a handshake.

use super::codec::{Reader, Writer};
use super::ids::HandshakeType;
use crate::fault::{Decode, Fault};

/// Type and three bytes of length.
pub const HEADER: usize = 4;

/// One whole handshake message: its header, then `body`.
pub fn frame(typ: HandshakeType, body: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut w = Writer::new();
    w.u8(typ.0);
    w.vector(3, body)?;
    Ok(w.into_bytes())
}

/// Type and body length of a message header.
#[must_use]
pub fn header(bytes: &[u8; HEADER]) -> (HandshakeType, usize) {
    let [typ, a, b, c] = *bytes;
    (HandshakeType(typ), usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
}

/// Messages without a body: HelloRequest and ServerHelloDone.
pub fn empty(body: &[u8]) -> Result<(), Fault> {
    if body.is_empty() { Ok(()) } else { Err(Decode::Trailing.into()) }
}

/// A ticket for the client to keep (RFC 5077 section 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSessionTicket {
    /// Seconds for which the server means to accept it; 0 says nothing.
    pub lifetime: u32,
    /// What only the server understands; empty when it changed its mind.
    pub ticket: Vec<u8>,
}

impl NewSessionTicket {
    /// Parses the body of the message.
    pub fn parse(body: &[u8]) -> Result<NewSessionTicket, Fault> {
        let mut r = Reader::new(body);
        let lifetime = u32::from_be_bytes(r.array()?);
        let ticket = r.vec16()?.rest().to_vec();
        r.finish()?;
        Ok(NewSessionTicket { lifetime, ticket })
    }

    /// The body of the message.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        let mut w = Writer::new();
        w.bytes(&self.lifetime.to_be_bytes());
        w.vector(2, &self.ticket)?;
        Ok(w.into_bytes())
    }
}

/// Upper bound on the body of a message of this type, `None` for a type that does not exist. A peer cannot
/// make us collect more than this before the message is looked at.
#[must_use]
pub fn limit(typ: HandshakeType) -> Option<usize> {
    // Hellos: two-byte vectors of suites and of extensions, both full, and the fixed fields.
    const HELLO: usize = 0x2_0200;
    Some(match typ {
        HandshakeType::HELLO_REQUEST | HandshakeType::SERVER_HELLO_DONE => 16,
        HandshakeType::CLIENT_HELLO | HandshakeType::SERVER_HELLO | HandshakeType::NEW_SESSION_TICKET => {
            HELLO
        }
        HandshakeType::CERTIFICATE
        | HandshakeType::CERTIFICATE_REQUEST
        | HandshakeType::CERTIFICATE_STATUS => HELLO,
        HandshakeType::SERVER_KEY_EXCHANGE | HandshakeType::CLIENT_KEY_EXCHANGE => 0x4400,
        HandshakeType::CERTIFICATE_VERIFY => 0x4400,
        HandshakeType::FINISHED => 64,
        _ => return None,
    })
}
