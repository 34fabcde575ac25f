//! Plaintext that was opened and could not be delivered yet.

use crate::crypto::secret::Secret;

/// Bytes in order, taken from the front.
#[derive(Default)]
pub struct Kept {
    bytes: Option<Secret>,
    taken: usize,
}

impl Kept {
    fn rest(&self) -> &[u8] {
        self.bytes.as_ref().and_then(|bytes| bytes.as_bytes().get(self.taken..)).unwrap_or_default()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rest().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// Bytes that were taken and are not wanted yet.
    pub fn put_back(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            *self = Kept { bytes: Some(Secret::new([bytes, self.rest()].concat())), taken: 0 };
        }
    }

    /// Bytes that come behind the others.
    pub fn append(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            *self = Kept { bytes: Some(Secret::new([self.rest(), bytes].concat())), taken: 0 };
        }
    }

    /// Moves what fits into `out`; says how much.
    pub fn take(&mut self, out: &mut [u8]) -> usize {
        let rest = self.rest();
        let n = rest.len().min(out.len());
        out[..n].copy_from_slice(&rest[..n]);
        self.taken += n;
        if self.is_empty() {
            *self = Kept::default();
        }
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_in_order_whatever_their_portions() {
        let mut kept = Kept::default();
        kept.append(b"cd");
        kept.append(b"ef");
        kept.put_back(b"ab");
        let mut out = [0; 4];
        assert_eq!((kept.take(&mut out[..1]), out[0]), (1, b'a'));
        kept.put_back(b"a");
        assert_eq!(kept.len(), 6);
        assert_eq!((kept.take(&mut out), &out), (4, b"abcd"));
        kept.append(b"g");
        assert_eq!((kept.take(&mut out), &out[..3]), (3, &b"efg"[..]));
        assert!(kept.is_empty());
        assert_eq!(kept.take(&mut out), 0);
    }
}
