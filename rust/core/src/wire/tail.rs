//! The message header, and the small messages at the end of a handshake.

use super::ids::HandshakeType;
use crate::fault::{Decode, Fault};

/// Type and three bytes of length.
pub const HEADER: usize = 4;

/// One whole handshake message: its header, then `body`.
pub fn frame(typ: HandshakeType, body: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut w = super::codec::Writer::new();
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
