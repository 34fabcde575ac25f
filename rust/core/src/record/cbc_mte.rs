//! The check of a decrypted CBC record whose MAC was made before encryption.
//!
//! In: plaintext, tag and padding in one. Out: how long the plaintext is, or [`RecordFault::BadMac`]. Promise: up to that
//! verdict the time depends on the record's length alone: not on the padding, the tag or where the plaintext ends
//! (RFC 5246 section 6.2.3.2; the attack is called Lucky Thirteen). A wrong padding and a wrong tag are the same fault.

use super::head::mac_header;
use crate::crypto::mask::{below, difference, equal, first, wide};
use crate::crypto::record_mac::{MAX_TAG, MacForm, MacHash, SuffixMac};
use crate::fault::{CryptoFault, Fault, RecordFault};
use crate::profile::CbcPadding;
use crate::record::head::Head;
use subtle::ConstantTimeEq;

/// The longest padding: its length is one byte, which counts itself out.
const MAX_PADDING: usize = 256;

/// Checks the records of one set of keys.
pub struct MteCheck {
    mac: SuffixMac,
    form: MacForm,
    tag: usize,
    padding: CbcPadding,
    block: usize,
}

impl MteCheck {
    /// For records with this MAC and this rule of padding.
    pub fn new(
        hash: MacHash,
        form: MacForm,
        key: &[u8],
        padding: CbcPadding,
        block: usize,
    ) -> Result<MteCheck, Fault> {
        let mac = SuffixMac::new(hash, form, key).ok_or(Fault::Crypto(CryptoFault::Primitive))?;
        Ok(MteCheck { mac, form, tag: hash.len(), padding, block })
    }

    /// The shortest decrypted record: a tag and the padding length.
    #[must_use]
    pub fn least(&self) -> usize {
        self.tag + 1
    }

    /// How many bytes at the front of `data` are plaintext. `data` has at least [`MteCheck::least`] bytes.
    pub fn plaintext(&self, seq: u64, head: &Head, data: &[u8]) -> Result<usize, Fault> {
        let n = data.len();
        let Some(last) = data.last().filter(|_| n >= self.least()) else {
            return Err(RecordFault::TooShort.into());
        };
        let padding = usize::from(*last);
        let mut good = !below(n, padding + self.least());
        good &= match self.padding {
            CbcPadding::All => all_equal(data, padding),
            CbcPadding::Length => below(padding, self.block),
        };
        // Where the padding is wrong, none is removed: the tag is then wrong too, after the same work.
        let end = n - ((padding + 1) & wide(good));
        let len = end - self.tag;
        let (header, used) = mac_header(self.form, seq, head, len);
        let wanted = self.mac.tag(&header[..used], &data[..n - self.tag], self.earliest(n), len);
        let found = self.find_tag(data, len);
        good &= wanted.as_bytes().ct_eq(&found[..self.tag]).unwrap_u8().wrapping_neg();
        if good == 0xff { Ok(len) } else { Err(RecordFault::BadMac.into()) }
    }

    /// Where the plaintext of a record of `n` bytes can end first.
    fn earliest(&self, n: usize) -> usize {
        n.saturating_sub(self.tag + MAX_PADDING)
    }

    /// The tag that stands at the secret position `at`: every place where it could be is read, in rows as long as a
    /// tag, so that its bytes land rotated; the rotation is undone in steps of powers of two.
    fn find_tag(&self, data: &[u8], at: usize) -> [u8; MAX_TAG] {
        let (mut rotated, mut offset) = ([0; MAX_TAG], 0);
        let mut start = self.earliest(data.len());
        for row in data[start..].chunks(self.tag) {
            let mut bytes = [0; MAX_TAG];
            bytes[..row.len()].copy_from_slice(row);
            // The tag covers the row's places from `from` up to `to`.
            let from = difference(at, start, self.tag);
            let to = difference(at + self.tag, start, self.tag);
            let (before, upto) = (first::<MAX_TAG>(from), first::<MAX_TAG>(to));
            for (((slot, byte), before), upto) in rotated.iter_mut().zip(bytes).zip(before).zip(upto) {
                *slot |= byte & upto & !before;
            }
            offset |= from & wide(!below(at, start) & below(from, self.tag));
            start += self.tag;
        }
        let mut step = 1;
        while step < self.tag {
            let take = wide((offset & 1) as u8) as u8;
            let mut twice = [0; 2 * MAX_TAG];
            twice[..self.tag].copy_from_slice(&rotated[..self.tag]);
            twice[self.tag..2 * self.tag].copy_from_slice(&rotated[..self.tag]);
            for (byte, moved) in rotated.iter_mut().zip(&twice[step..]) {
                *byte = (moved & take) | (*byte & !take);
            }
            (step, offset) = (step * 2, offset >> 1);
        }
        rotated
    }
}

/// Whether the last `padding + 1` bytes are all `padding`. Reads as many bytes as there could be, which is what keeps
/// the length of the padding, and so that of the plaintext, out of the time this takes.
pub(super) fn all_equal(data: &[u8], padding: usize) -> u8 {
    let window = &data[data.len().saturating_sub(MAX_PADDING)..];
    let mut bytes = [0; MAX_PADDING];
    bytes[MAX_PADDING - window.len()..].copy_from_slice(window);
    let before = first::<MAX_PADDING>(MAX_PADDING - 1 - padding);
    let different = bytes.iter().zip(before).fold(0, |all, (byte, no)| all | ((byte ^ padding as u8) & !no));
    equal(usize::from(different), 0)
}
