//! Certificates in a PKCS#7 bundle: a SignedData without content or signers (RFC 2315 section 9, RFC 5652 section 5).
//!
//! In: BER or DER. Out: the certificates in the DER they were stored in. Promise: signatures, if there are any, are
//! not looked at: this is a container.

use super::ber;
use super::walk::{self, Items, Malformed};
use der::Tag;

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// No bundle holds more.
const CERTIFICATES: usize = 1000;

/// The certificates of a bundle; `None` when the bytes are none.
#[must_use]
pub fn open_pkcs7(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    // What DER reads stays as it is, so that the certificates do too.
    read(bytes).or_else(|_| read(&ber::to_der(bytes)?)).ok()
}

fn read(der: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut info = Items::new(walk::only(der, Tag::Sequence)?.value);
    if info.expect(Tag::ObjectIdentifier)?.value != SIGNED_DATA {
        return Err(Malformed);
    }
    let content = info.optional(0)?.ok_or(Malformed)?.value;
    let mut fields = Items::new(walk::only(content, Tag::Sequence)?.value);
    fields.expect(Tag::Integer)?;
    fields.expect(Tag::Set)?;
    fields.expect(Tag::Sequence)?;
    let list = fields.optional(0)?.map(|item| item.value).unwrap_or_default();
    let mut items = Items::new(list);
    let mut found = Vec::new();
    while let Some(item) = items.next()?.filter(|_| found.len() < CERTIFICATES) {
        // Attribute certificates and the like carry other tags.
        if item.tag == Tag::Sequence {
            found.push(item.whole.to_vec());
        }
    }
    Ok(found)
}
