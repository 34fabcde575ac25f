//! The MAC of a record: HMAC (RFC 5246 section 6.2.3.1), or SSLv3's own (RFC 6101 section 5.2.3.1).
//!
//! In: a key, the header that is not sent, the content. Out: a tag. Promise: no allocation, and no time but that which
//! the lengths take; where the length itself is secret, [`SuffixMac`] takes the time of the longest content.

use super::hash::{Hash, Running};
use super::mac;
use super::mask::{below, difference, equal, first};
use super::secret::Secret;
use st_awslc::{Compression, Compressor};

/// The hash in a MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the functions' own names
pub enum MacHash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
}

/// The longest tag.
pub const MAX_TAG: usize = 48;

impl MacHash {
    /// Bytes of key and tag.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // no tag is empty
    pub fn len(self) -> usize {
        match self {
            MacHash::Md5 => 16,
            MacHash::Sha1 => 20,
            MacHash::Sha256 => 32,
            MacHash::Sha384 => 48,
        }
    }

    fn hash(self) -> Hash {
        match self {
            MacHash::Md5 => Hash::Md5,
            MacHash::Sha1 => Hash::Sha1,
            MacHash::Sha256 => Hash::Sha256,
            MacHash::Sha384 => Hash::Sha384,
        }
    }

    fn compression(self) -> Option<Compression> {
        match self {
            MacHash::Md5 => None,
            MacHash::Sha1 => Some(Compression::Sha1),
            MacHash::Sha256 => Some(Compression::Sha256),
            MacHash::Sha384 => Some(Compression::Sha384),
        }
    }

    /// Bytes of SSLv3's pads, which fill a block with the secret.
    fn ssl3_pad(self) -> usize {
        if self == MacHash::Md5 { 48 } else { 40 }
    }
}

/// How the hash becomes a MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacForm {
    /// RFC 2104.
    Hmac,
    /// RFC 6101 section 5.2.3.1.
    Ssl3,
}

/// A tag, at most [`MAX_TAG`] bytes.
pub struct Tag {
    bytes: [u8; MAX_TAG],
    len: usize,
}

impl Tag {
    fn of(bytes: &[u8]) -> Tag {
        let mut tag = Tag { bytes: [0; MAX_TAG], len: bytes.len().min(MAX_TAG) };
        tag.bytes[..tag.len].copy_from_slice(&bytes[..tag.len]);
        tag
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

enum Keyed {
    Hmac(mac::Key),
    Ssl3(Secret),
}

/// A MAC with its key.
pub struct RecordMac {
    hash: MacHash,
    keyed: Keyed,
}

const PAD1: [u8; 48] = [0x36; 48];
const PAD2: [u8; 48] = [0x5c; 48];

impl RecordMac {
    /// Takes a key of [`MacHash::len`] bytes.
    #[must_use]
    pub fn new(hash: MacHash, form: MacForm, key: &[u8]) -> RecordMac {
        let keyed = match form {
            MacForm::Ssl3 => Keyed::Ssl3(Secret::copy_of(key)),
            MacForm::Hmac => Keyed::Hmac(mac::Key::new(hash.hash(), key)),
        };
        RecordMac { hash, keyed }
    }

    /// Bytes of a tag.
    #[must_use]
    pub fn tag_len(&self) -> usize {
        self.hash.len()
    }

    /// The tag over header and content.
    #[must_use]
    pub fn tag(&self, header: &[u8], content: &[u8]) -> Tag {
        match &self.keyed {
            Keyed::Hmac(key) => Tag::of(key.over(&[header, content]).as_ref()),
            Keyed::Ssl3(key) => {
                let pad = self.hash.ssl3_pad();
                let inner = plain_hash(self.hash, &[key.as_bytes(), &PAD1[..pad], header, content]);
                plain_hash(self.hash, &[key.as_bytes(), &PAD2[..pad], inner.as_bytes()])
            }
        }
    }
}

/// By the compression function where there is one: the C library's running hashes live in memory of their own.
fn plain_hash(hash: MacHash, parts: &[&[u8]]) -> Tag {
    if let Some(function) = hash.compression() {
        let mut start = Start::new(function, Compressor::new(function), 0);
        parts.iter().for_each(|part| start.absorb(part));
        return Tag::of(&start.finish()[..hash.len()]);
    }
    let mut running = Running::new(hash.hash());
    parts.iter().for_each(|part| running.update(part));
    Tag::of(running.current().as_bytes())
}

/// A MAC over content whose end is secret.
///
/// The compression function runs once for each block that the longest content would have, and the chaining value of
/// the true last block is kept by a mask: neither the number of blocks nor anything else depends on the true length.
pub struct SuffixMac {
    hash: MacHash,
    function: Compression,
    /// The state before the header, whole blocks absorbed; then bytes that do not fill a block.
    inner: Compressor,
    prefix: Secret,
    absorbed: usize,
    outer: Outer,
}

enum Outer {
    /// The state behind the outer key block.
    Hmac(Compressor),
    /// The key.
    Ssl3(Secret),
}

/// Longest block of a hash function here.
const MAX_BLOCK: usize = 128;

impl SuffixMac {
    /// Takes a key of [`MacHash::len`] bytes; `None` for MD5, with which no block cipher was ever paired.
    #[must_use]
    pub fn new(hash: MacHash, form: MacForm, key: &[u8]) -> Option<SuffixMac> {
        let function = hash.compression()?;
        let keyed = |pad: u8| {
            let mut block = Secret::new(vec![pad; function.block_len()]);
            block.as_mut_bytes().iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
            let mut state = Compressor::new(function);
            state.blocks(block.as_bytes());
            state
        };
        Some(match form {
            MacForm::Hmac => SuffixMac {
                hash,
                function,
                inner: keyed(0x36),
                prefix: Secret::zeroed(0),
                absorbed: function.block_len(),
                outer: Outer::Hmac(keyed(0x5c)),
            },
            MacForm::Ssl3 => SuffixMac {
                hash,
                function,
                inner: Compressor::new(function),
                prefix: Secret::new([key, &PAD1[..hash.ssl3_pad()]].concat()),
                absorbed: 0,
                outer: Outer::Ssl3(Secret::copy_of(key)),
            },
        })
    }

    /// The tag over header and `content[..len]`. `len` is secret and lies between `least`, which is not, and the length
    /// of `content`.
    #[must_use]
    pub fn tag(&self, header: &[u8], content: &[u8], least: usize, len: usize) -> Tag {
        let least = least.min(content.len());
        let mut start = Start::new(self.function, self.inner.clone(), self.absorbed);
        for part in [self.prefix.as_bytes(), header, &content[..least]] {
            start.absorb(part);
        }
        let inner = start.end(&content[least..], len.wrapping_sub(least));
        let inner = &inner[..self.hash.len()];
        match &self.outer {
            Outer::Hmac(state) => {
                let mut start = Start::new(self.function, state.clone(), self.function.block_len());
                start.absorb(inner);
                Tag::of(&start.finish()[..self.hash.len()])
            }
            Outer::Ssl3(key) => {
                plain_hash(self.hash, &[key.as_bytes(), &PAD2[..self.hash.ssl3_pad()], inner])
            }
        }
    }
}

/// A hash over public lengths so far.
struct Start {
    function: Compression,
    state: Compressor,
    absorbed: usize,
    block: [u8; MAX_BLOCK],
    filled: usize,
}

impl Start {
    fn new(function: Compression, state: Compressor, absorbed: usize) -> Start {
        Start { function, state, absorbed, block: [0; MAX_BLOCK], filled: 0 }
    }

    fn absorb(&mut self, mut bytes: &[u8]) {
        let size = self.function.block_len();
        self.absorbed += bytes.len();
        if self.filled > 0 {
            let n = bytes.len().min(size - self.filled);
            self.block[self.filled..self.filled + n].copy_from_slice(&bytes[..n]);
            (self.filled, bytes) = (self.filled + n, &bytes[n..]);
            if self.filled < size {
                return;
            }
            self.state.blocks(&self.block[..size]);
            self.filled = 0;
        }
        let rest = bytes.len() % size;
        let (whole, rest) = bytes.split_at(bytes.len() - rest);
        self.state.blocks(whole);
        self.block[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
    }

    /// The hash value when nothing follows (FIPS 180-4 section 5.1).
    fn finish(mut self) -> [u8; MAX_TAG] {
        let (size, field) = (self.function.block_len(), self.function.length_len());
        let bits = (self.absorbed as u64).wrapping_mul(8).to_be_bytes();
        self.block[self.filled] = 0x80;
        self.block[self.filled + 1..].fill(0);
        if self.filled + 1 + field > size {
            self.state.blocks(&self.block[..size]);
            self.block.fill(0);
        }
        self.block[size - bits.len()..size].copy_from_slice(&bits);
        self.state.blocks(&self.block[..size]);
        self.state.value()
    }

    /// The hash value when `tail[..secret]` follows and nothing else. Runs over all of `tail`, whatever `secret` is.
    fn end(mut self, tail: &[u8], secret: usize) -> [u8; MAX_TAG] {
        let (size, field) = (self.function.block_len(), self.function.length_len());
        let blocks = (self.filled + tail.len() + 1 + field).div_ceil(size);
        let bits = ((self.absorbed + secret) as u64).wrapping_mul(8).to_be_bytes();
        let end = self.filled + secret; // counted from the start of the first block
        // The length field ends the block in which the byte 0x80 and the field both find room.
        let last = (end + field) >> size.trailing_zeros();
        let (mut value, mut rest) = ([0; MAX_TAG], tail);
        for index in 0..blocks {
            let room = if index == 0 { self.filled } else { 0 };
            let (now, later) = rest.split_at(rest.len().min(size - room));
            self.block[room..room + now.len()].copy_from_slice(now);
            self.block[room + now.len()..].fill(0);
            rest = later;
            let inside = difference(end, index * size, size);
            let marked = !below(end, index * size);
            let (kept, reached) = (first::<MAX_BLOCK>(inside), first::<MAX_BLOCK>(inside + 1));
            for ((byte, kept), reached) in self.block.iter_mut().zip(kept).zip(reached) {
                *byte = (*byte & kept) | (0x80 & marked & reached & !kept);
            }
            let is_last = equal(index, last);
            for (byte, length) in self.block[size - bits.len()..size].iter_mut().zip(bits) {
                *byte |= length & is_last;
            }
            self.state.blocks(&self.block[..size]);
            value.iter_mut().zip(self.state.value()).for_each(|(v, s)| *v |= s & is_last);
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_end_gives_the_same_tag_as_a_known_one() {
        let content: Vec<u8> = (0..700u32).map(|i| (i * 7 % 251) as u8).collect();
        let forms = [
            (MacHash::Sha1, MacForm::Hmac),
            (MacHash::Sha256, MacForm::Hmac),
            (MacHash::Sha384, MacForm::Hmac),
            (MacHash::Sha1, MacForm::Ssl3),
        ];
        for (hash, form) in forms {
            let key = vec![7; hash.len()];
            let known = RecordMac::new(hash, form, &key);
            let Some(secret) = SuffixMac::new(hash, form, &key) else { panic!("{hash:?} has a compression") };
            for total in [0usize, 1, 17, 63, 64, 200, 255, 256, 257, 450, 700] {
                let least = total.saturating_sub(256);
                for len in least..=total {
                    let wanted = known.tag(b"0123456789abc", &content[..len]);
                    let got = secret.tag(b"0123456789abc", &content[..total], least, len);
                    assert_eq!(got.as_bytes(), wanted.as_bytes(), "{hash:?} {form:?} {len} of {total}");
                }
            }
        }
    }

    /// RFC 2202, test case 1, with the content cut in two.
    #[test]
    fn hmac_md5_gives_the_published_tag() {
        let mac = RecordMac::new(MacHash::Md5, MacForm::Hmac, &[0x0b; 16]);
        let wanted =
            [0x92, 0x94, 0x72, 0x7a, 0x36, 0x38, 0xbb, 0x1c, 0x13, 0xf4, 0x8e, 0xf8, 0x15, 0x8b, 0xfc, 0x9d];
        assert_eq!(mac.tag(b"Hi", b" There").as_bytes(), wanted);
    }
}
