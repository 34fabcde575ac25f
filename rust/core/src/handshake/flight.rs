//! Outgoing handshake items in their order; the order is the protocol.

use crate::fault::{Fault, Internal};
use crate::keys::transcript::Transcript;
use crate::record::protect::Sealer;
use crate::wire::fragment;
use crate::wire::ids::HandshakeType;
use crate::wire::tail;

/// One thing that goes out.
pub enum Item {
    /// A whole handshake message.
    Message(Vec<u8>),
    /// A HelloVerifyRequest, whose sender remembers nothing of it.
    HelloVerify(Vec<u8>),
    /// SSLv3's alert in place of a Certificate.
    NoCertificate,
    /// A ChangeCipherSpec.
    ChangeCipher,
    /// What follows is sealed with this.
    WriteKeys(Sealer),
}

/// What one step sends.
#[derive(Default)]
pub struct Flight {
    items: Vec<Item>,
    /// The number of the next message, where messages are numbered.
    number: Option<u16>,
}

impl Flight {
    /// A flight whose messages are numbered from here on (RFC 6347 section 4.2.2).
    #[must_use]
    pub fn numbered(number: u16) -> Flight {
        Flight { items: Vec::new(), number: Some(number) }
    }

    /// The number of the next message, where messages are numbered.
    #[must_use]
    pub fn number(&self) -> Option<u16> {
        self.number
    }

    /// Whether nothing was sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// A message under the next number.
    fn frame(&mut self, typ: HandshakeType, body: &[u8]) -> Result<Vec<u8>, Fault> {
        let Some(number) = self.number else { return tail::frame(typ, body) };
        self.number = Some(number.checked_add(1).ok_or(Fault::Internal(Internal::TooLong))?);
        fragment::frame(typ, number, body)
    }

    /// Frames a message, adds it to the transcript and sends it.
    pub fn message(
        &mut self,
        transcript: &mut Transcript,
        typ: HandshakeType,
        body: &[u8],
    ) -> Result<(), Fault> {
        let raw = self.frame(typ, body)?;
        transcript.add(&raw);
        self.items.push(Item::Message(raw));
        Ok(())
    }

    /// A message that is in nobody's transcript.
    pub fn hello_request(&mut self) -> Result<(), Fault> {
        let raw = self.frame(HandshakeType::HELLO_REQUEST, &[])?;
        self.items.push(Item::Message(raw));
        Ok(())
    }

    /// Asks for a cookie; neither this nor the hello before it is in the transcript (RFC 6347 section 4.2.1).
    pub fn hello_verify(&mut self, body: &[u8]) -> Result<(), Fault> {
        let raw = self.frame(HandshakeType::HELLO_VERIFY_REQUEST, body)?;
        self.items.push(Item::HelloVerify(raw));
        Ok(())
    }

    /// Says that there is no certificate (RFC 6101 section 5.6.6).
    pub fn no_certificate(&mut self) {
        self.items.push(Item::NoCertificate);
    }

    /// ChangeCipherSpec, then new keys.
    pub fn change_cipher(&mut self, sealer: Sealer) {
        self.items.push(Item::ChangeCipher);
        self.items.push(Item::WriteKeys(sealer));
    }

    /// Takes everything.
    pub fn drain(&mut self) -> Vec<Item> {
        core::mem::take(&mut self.items)
    }
}
