//! Outgoing handshake items in their order; the order is the protocol.

use crate::fault::Fault;
use crate::keys::transcript::Transcript;
use crate::record::protect::Sealer;
use crate::wire::ids::HandshakeType;
use crate::wire::tail;

/// One thing that goes out.
pub enum Item {
    /// A whole handshake message.
    Message(Vec<u8>),
    /// A ChangeCipherSpec.
    ChangeCipher,
    /// What follows is sealed with this.
    WriteKeys(Sealer),
    /// The alert no_certificate, SSLv3's answer to a CertificateRequest.
    NoCertificate,
}

/// What one step sends.
#[derive(Default)]
pub struct Flight {
    items: Vec<Item>,
}

impl Flight {
    /// Frames a message, adds it to the transcript and sends it.
    pub fn message(
        &mut self,
        transcript: &mut Transcript,
        typ: HandshakeType,
        body: &[u8],
    ) -> Result<(), Fault> {
        let raw = tail::frame(typ, body)?;
        transcript.add(&raw);
        self.items.push(Item::Message(raw));
        Ok(())
    }

    /// Says that there is no certificate.
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
