//! Records under RC4 or under nothing but a MAC (RFC 5246 section 6.2.3.1).
//!
//! In: plaintext or a sealed body. Out: the other. Promise: the tag is compared in constant time.

use super::head::{Head, mac_header};
use crate::crypto::record_mac::{MacForm, RecordMac};
use crate::crypto::stream::Rc4;
use crate::fault::{CryptoFault, Fault, RecordFault};
use core::ops::Range;
use subtle::ConstantTimeEq;

/// One direction's key stream, if there is one, and MAC.
pub struct StreamRecord {
    cipher: Option<Rc4>,
    mac: RecordMac,
    form: MacForm,
}

impl StreamRecord {
    /// With RC4, or without a cipher.
    #[must_use]
    pub fn new(cipher: Option<Rc4>, mac: RecordMac, form: MacForm) -> StreamRecord {
        StreamRecord { cipher, mac, form }
    }

    /// How much a record grows.
    #[must_use]
    pub fn overhead(&self) -> usize {
        self.mac.tag_len()
    }

    fn apply(&mut self, bytes: &mut [u8]) {
        if let Some(cipher) = &mut self.cipher {
            cipher.apply(bytes);
        }
    }

    /// Seals into `out`, which is [`StreamRecord::overhead`] longer than `plain`.
    pub fn seal(&mut self, seq: u64, head: &Head, plain: &[u8], out: &mut [u8]) -> Result<(), Fault> {
        let refused = Fault::Crypto(CryptoFault::Primitive);
        let (text, tag) = out.split_at_mut_checked(plain.len()).ok_or(refused)?;
        let (header, used) = mac_header(self.form, seq, head, plain.len());
        text.copy_from_slice(plain);
        let made = self.mac.tag(&header[..used], plain);
        tag.get_mut(..).filter(|t| t.len() == made.as_bytes().len()).ok_or(refused)?;
        tag.copy_from_slice(made.as_bytes());
        self.apply(out);
        Ok(())
    }

    /// Opens a body in place; says where in it the plaintext is.
    pub fn open(&mut self, seq: u64, head: &Head, body: &mut [u8]) -> Result<Range<usize>, Fault> {
        let len = body.len().checked_sub(self.overhead()).ok_or(Fault::Record(RecordFault::TooShort))?;
        self.apply(body);
        let (header, used) = mac_header(self.form, seq, head, len);
        let wanted = self.mac.tag(&header[..used], &body[..len]);
        if bool::from(wanted.as_bytes().ct_eq(&body[len..])) {
            Ok(0..len)
        } else {
            Err(RecordFault::BadMac.into())
        }
    }
}
