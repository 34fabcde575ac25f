//! PKCS#12 files (RFC 7292, RFC 9579): what is in them, once the password is right.
//!
//! In: a file, a password. Out: certificates in the DER they were stored in, private keys as PKCS#8, with their
//! names and marks. Promise: certificates are not looked into, so that odd ones come out too; the MAC is checked
//! before anything is decrypted; work and depth are bounded; key bytes are wiped.

use super::ber;
use super::walk::{self, Items, Malformed, context_number, dotted, small_unsigned};
use crate::crypto::pbe::{self, FileCipher, PbeHash, Purpose};
use crate::crypto::secret::Secret;
use core::cell::Cell;
use core::fmt;
use der::Tag;
use zeroize::Zeroizing;

/// Why a file does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pkcs12Error {
    /// It is no PKCS#12 file, or a damaged one.
    Malformed,
    /// The password is wrong, or the file was changed.
    Password,
    /// It uses something that is not implemented; what, in words.
    Unsupported(String),
}

impl fmt::Display for Pkcs12Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pkcs12Error::Malformed => f.write_str("this is not a PKCS#12 file, or it is damaged"),
            Pkcs12Error::Password => f.write_str("the password does not open the PKCS#12 file"),
            Pkcs12Error::Unsupported(what) => {
                write!(f, "the PKCS#12 file uses {what}, which is not supported")
            }
        }
    }
}

impl core::error::Error for Pkcs12Error {}

impl From<Malformed> for Pkcs12Error {
    fn from(_: Malformed) -> Pkcs12Error {
        Pkcs12Error::Malformed
    }
}

/// What a bag holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pkcs12Content {
    /// A certificate in DER, as it was stored.
    Certificate(Vec<u8>),
    /// A PKCS#8 PrivateKeyInfo.
    Key(Secret),
}

/// One thing in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pkcs12Item {
    /// The thing itself.
    pub content: Pkcs12Content,
    /// Its friendly name.
    pub name: Option<String>,
    /// Its local key identifier, which a key and its certificate share.
    pub id: Option<Vec<u8>>,
}

const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6];
const X509: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 22, 1];
const FRIENDLY_NAME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 20];
const LOCAL_KEY_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 21];
const BAGS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1];
const PBES1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1];
const PKCS5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5];
const RSA_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2];
const RSA_CIPHER: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3];
const NIST_AES: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1];
const NIST_HASH: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];
const SHA1: &[u8] = &[0x2b, 0x0e, 3, 2, 0x1a];

/// Nested bags go no deeper, and no file holds more.
const DEPTH: usize = 4;
const ITEMS: usize = 1000;
/// Iterations of all derivations of a file together: as many entries may each ask for a key of their own.
const WORK: u32 = 4 * pbe::ITERATIONS;

/// The password in the two forms that formats ask for.
#[derive(Clone)]
struct Password<'a> {
    utf8: &'a [u8],
    utf16: Zeroizing<Vec<u8>>,
    /// Iterations that are left.
    work: Cell<u32>,
}

impl<'a> Password<'a> {
    /// The forms to be tried in turn: writers do not agree on what no password is.
    fn forms(utf8: &'a [u8]) -> Vec<Password<'a>> {
        let text = String::from_utf8_lossy(utf8);
        let wide: Vec<u8> = text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
        drop(Zeroizing::new(text.into_owned()));
        let mut forms = vec![Password { utf8, utf16: Zeroizing::new(wide), work: Cell::new(WORK) }];
        if utf8.is_empty() {
            forms.push(Password { utf8, utf16: Zeroizing::new(Vec::new()), work: Cell::new(WORK) });
        }
        forms
    }

    /// Pays for a derivation.
    fn pay(&self, count: u32) -> Result<(), Pkcs12Error> {
        self.work.set(self.work.get().checked_sub(count).ok_or_else(too_much)?);
        Ok(())
    }
}

/// Opens a file. `password` is in UTF-8; no password is an empty one.
///
/// # Errors
/// When the file is damaged, the password wrong or an algorithm not implemented.
pub fn open_pkcs12(file: &[u8], password: &[u8]) -> Result<Vec<Pkcs12Item>, Pkcs12Error> {
    let der = normal(file)?;
    let mut fields = Items::new(walk::only(&der, Tag::Sequence)?.value);
    if small_unsigned(fields.expect(Tag::Integer)?.value)? != 3 {
        return Err(Pkcs12Error::Malformed);
    }
    let (kind, content) = content_info(fields.expect(Tag::Sequence)?.value)?;
    if kind != DATA {
        return Err(Pkcs12Error::Unsupported("a public key for its protection".into()));
    }
    let safe = walk::only(content, Tag::OctetString)?.value;
    let mac = fields.next()?;
    fields.end()?;
    let mut result = Err(Pkcs12Error::Password);
    for form in Password::forms(password) {
        if let Some(mac) = mac
            && !mac_is_good(mac.value, safe, &form)?
        {
            continue;
        }
        let mut found = Reading { password: form, items: Vec::new() };
        result = found.authenticated_safe(safe).map(|()| found.items);
        // Without a MAC a wrong password may decrypt to something with good padding by chance.
        if mac.is_none() && result == Err(Pkcs12Error::Malformed) {
            result = Err(Pkcs12Error::Password);
        }
        if result != Err(Pkcs12Error::Password) {
            break;
        }
    }
    result
}

/// DER as it is, and the older rules brought into its form.
fn normal(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Malformed> {
    if walk::only(bytes, Tag::Sequence).is_ok() && strict(bytes, DEPTH * 4) {
        return Ok(Zeroizing::new(bytes.to_vec()));
    }
    ber::to_der(bytes).map(Zeroizing::new)
}

/// Whether every constructed element parses as DER.
fn strict(bytes: &[u8], depth: usize) -> bool {
    let mut items = Items::new(bytes);
    loop {
        match items.next() {
            Ok(None) => return true,
            Ok(Some(item)) if item.tag.is_constructed() => {
                if depth == 0 || !strict(item.value, depth - 1) {
                    return false;
                }
            }
            Ok(Some(_)) => {}
            Err(Malformed) => return false,
        }
    }
}

/// The type and content of a ContentInfo (RFC 5652 section 3).
fn content_info(value: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut fields = Items::new(value);
    let kind = fields.expect(Tag::ObjectIdentifier)?.value;
    let content = fields.optional(0)?.ok_or(Malformed)?.value;
    fields.end()?;
    Ok((kind, content))
}

/// MacData (RFC 7292 section 4), and PBMAC1 in its place (RFC 9579).
fn mac_is_good(value: &[u8], message: &[u8], password: &Password<'_>) -> Result<bool, Pkcs12Error> {
    let mut fields = Items::new(value);
    let mut digest_info = Items::new(fields.expect(Tag::Sequence)?.value);
    let (oid, parameters) = algorithm(digest_info.expect(Tag::Sequence)?.value)?;
    let tag = digest_info.expect(Tag::OctetString)?.value;
    let salt = fields.expect(Tag::OctetString)?.value;
    let count = match fields.next()? {
        Some(item) if item.tag == Tag::Integer => small_unsigned(item.value)?,
        Some(_) => return Err(Pkcs12Error::Malformed),
        None => 1,
    };
    if oid.strip_prefix(PKCS5) == Some(&[14]) {
        let mut scheme = Items::new(walk::only(parameters.ok_or(Malformed)?, Tag::Sequence)?.value);
        let derivation = Derivation::read(scheme.expect(Tag::Sequence)?.value)?;
        let (mac, _) = algorithm(scheme.expect(Tag::Sequence)?.value)?;
        let hash = hmac_hash(mac)?;
        let key = derivation.derive(password, derivation.key_len.unwrap_or(hash.output_len()))?;
        return Ok(hash.verify_hmac(&key, message, tag));
    }
    let hash = plain_hash(oid)?;
    let len = hash.output_len();
    password.pay(count)?;
    let key = pbe::pkcs12(hash, Purpose::Mac, &password.utf16, salt, count, len).ok_or_else(too_much)?;
    Ok(hash.verify_hmac(&key, message, tag))
}

fn too_much() -> Pkcs12Error {
    Pkcs12Error::Unsupported(format!(
        "no derivation of keys, or one of more than {} iterations, or too many together",
        pbe::ITERATIONS
    ))
}

/// The object identifier and the parameters' whole encoding of an AlgorithmIdentifier.
fn algorithm(value: &[u8]) -> Result<(&[u8], Option<&[u8]>), Malformed> {
    let mut fields = Items::new(value);
    let oid = fields.expect(Tag::ObjectIdentifier)?.value;
    let parameters = fields.next()?.map(|item| item.whole);
    fields.end()?;
    Ok((oid, parameters))
}

fn unknown(what: &str, oid: &[u8]) -> Pkcs12Error {
    Pkcs12Error::Unsupported(format!("the {what} {}", dotted(oid)))
}

fn plain_hash(oid: &[u8]) -> Result<PbeHash, Pkcs12Error> {
    match oid.strip_prefix(NIST_HASH) {
        Some([1]) => Ok(PbeHash::Sha256),
        Some([2]) => Ok(PbeHash::Sha384),
        Some([3]) => Ok(PbeHash::Sha512),
        Some([4]) => Ok(PbeHash::Sha224),
        _ if oid == SHA1 => Ok(PbeHash::Sha1),
        _ => Err(unknown("hash", oid)),
    }
}

fn hmac_hash(oid: &[u8]) -> Result<PbeHash, Pkcs12Error> {
    match oid.strip_prefix(RSA_DIGEST) {
        Some([7]) => Ok(PbeHash::Sha1),
        Some([8]) => Ok(PbeHash::Sha224),
        Some([9]) => Ok(PbeHash::Sha256),
        Some([10]) => Ok(PbeHash::Sha384),
        Some([11]) => Ok(PbeHash::Sha512),
        _ => Err(unknown("MAC", oid)),
    }
}

/// PBKDF2's parameters (RFC 8018 appendix A.2).
struct Derivation<'a> {
    salt: &'a [u8],
    count: u32,
    key_len: Option<usize>,
    hash: PbeHash,
}

impl<'a> Derivation<'a> {
    fn read(value: &'a [u8]) -> Result<Derivation<'a>, Pkcs12Error> {
        let (oid, parameters) = algorithm(value)?;
        if oid.strip_prefix(PKCS5) != Some(&[12]) {
            return Err(unknown("derivation of keys", oid));
        }
        let mut fields = Items::new(walk::only(parameters.ok_or(Malformed)?, Tag::Sequence)?.value);
        let salt = fields.expect(Tag::OctetString)?.value;
        let count = small_unsigned(fields.expect(Tag::Integer)?.value)?;
        let mut next = fields.next()?;
        let mut key_len = None;
        if let Some(item) = next.filter(|item| item.tag == Tag::Integer) {
            key_len = Some(small_unsigned(item.value)?).map(|len| len.min(64) as usize);
            next = fields.next()?;
        }
        let hash = match next {
            Some(item) if item.tag == Tag::Sequence => hmac_hash(algorithm(item.value)?.0)?,
            Some(_) => return Err(Pkcs12Error::Malformed),
            None => PbeHash::Sha1,
        };
        fields.end()?;
        Ok(Derivation { salt, count, key_len, hash })
    }

    fn derive(&self, password: &Password<'_>, len: usize) -> Result<Secret, Pkcs12Error> {
        password.pay(self.count)?;
        pbe::pbkdf2(self.hash, password.utf8, self.salt, self.count, len).ok_or_else(too_much)
    }
}

/// Decrypts by an AlgorithmIdentifier of PBES1 (as PKCS#12 has it) or PBES2.
fn decrypt(identifier: &[u8], ciphertext: &[u8], password: &Password<'_>) -> Result<Secret, Pkcs12Error> {
    let (oid, parameters) = algorithm(identifier)?;
    let parameters = walk::only(parameters.ok_or(Malformed)?, Tag::Sequence)?.value;
    if oid.strip_prefix(PKCS5) == Some(&[13]) {
        return decrypt_pbes2(parameters, ciphertext, password);
    }
    // Two-key triple DES and forty-bit RC4 differ from their siblings in how long the derived key is.
    let (cipher, derived) = match oid.strip_prefix(PBES1) {
        Some([1]) => (FileCipher::Rc4, 16),
        Some([3]) => (FileCipher::TripleDesCbc, 24),
        Some([4]) => (FileCipher::TripleDesCbc, 16),
        Some([5]) => (FileCipher::Rc2Cbc, 16),
        Some([6]) => (FileCipher::Rc2Cbc40, 5),
        _ => return Err(unknown("encryption", oid)),
    };
    let mut fields = Items::new(parameters);
    let salt = fields.expect(Tag::OctetString)?.value;
    let count = small_unsigned(fields.expect(Tag::Integer)?.value)?;
    fields.end()?;
    let derive = |purpose, len| {
        password.pay(count)?;
        let made = pbe::pkcs12(PbeHash::Sha1, purpose, &password.utf16, salt, count, len);
        made.ok_or_else(too_much)
    };
    let mut key = derive(Purpose::Key, derived)?;
    if key.len() < cipher.key_len() {
        let halves = [key.as_bytes(), key.as_bytes().get(..8).unwrap_or_default()];
        key = Secret::new(halves.concat());
    }
    let iv = derive(Purpose::Iv, cipher.iv_len())?;
    pbe::decrypt(cipher, &key, iv.as_bytes(), ciphertext).ok_or(Pkcs12Error::Password)
}

fn decrypt_pbes2(
    parameters: &[u8],
    ciphertext: &[u8],
    password: &Password<'_>,
) -> Result<Secret, Pkcs12Error> {
    let mut fields = Items::new(parameters);
    let derivation = Derivation::read(fields.expect(Tag::Sequence)?.value)?;
    let (oid, parameters) = algorithm(fields.expect(Tag::Sequence)?.value)?;
    fields.end()?;
    let cipher = match (oid.strip_prefix(NIST_AES), oid.strip_prefix(RSA_CIPHER)) {
        (Some([2]), _) => FileCipher::Aes128Cbc,
        (Some([22]), _) => FileCipher::Aes192Cbc,
        (Some([42]), _) => FileCipher::Aes256Cbc,
        (_, Some([7])) => FileCipher::TripleDesCbc,
        _ => return Err(unknown("encryption", oid)),
    };
    let iv = walk::only(parameters.ok_or(Malformed)?, Tag::OctetString)?.value;
    let key = derivation.derive(password, cipher.key_len())?;
    pbe::decrypt(cipher, &key, iv, ciphertext).ok_or(Pkcs12Error::Password)
}

/// What has been read so far.
struct Reading<'a> {
    password: Password<'a>,
    items: Vec<Pkcs12Item>,
}

impl Reading<'_> {
    fn authenticated_safe(&mut self, bytes: &[u8]) -> Result<(), Pkcs12Error> {
        let der = normal(bytes)?;
        let mut safes = Items::new(walk::only(&der, Tag::Sequence)?.value);
        while let Some(safe) = safes.next()? {
            let (kind, content) = content_info(safe.value)?;
            if kind == DATA {
                let bytes = walk::only(content, Tag::OctetString)?.value;
                self.safe_contents(bytes, DEPTH)?;
            } else if kind == ENCRYPTED_DATA {
                let plain = self.encrypted_data(content)?;
                self.safe_contents(plain.as_bytes(), DEPTH)?;
            } else {
                return Err(unknown("protection", kind));
            }
        }
        Ok(())
    }

    /// EncryptedData (RFC 5652 section 8).
    fn encrypted_data(&self, content: &[u8]) -> Result<Secret, Pkcs12Error> {
        let mut fields = Items::new(walk::only(content, Tag::Sequence)?.value);
        fields.expect(Tag::Integer)?;
        let mut inner = Items::new(fields.expect(Tag::Sequence)?.value);
        inner.expect(Tag::ObjectIdentifier)?;
        let identifier = inner.expect(Tag::Sequence)?.value;
        let encrypted = inner.optional(0)?.ok_or(Malformed)?;
        if encrypted.tag.is_constructed() {
            return decrypt(identifier, &ber::joined(encrypted.value)?, &self.password);
        }
        decrypt(identifier, encrypted.value, &self.password)
    }

    fn safe_contents(&mut self, bytes: &[u8], depth: usize) -> Result<(), Pkcs12Error> {
        let der = normal(bytes)?;
        let mut bags = Items::new(walk::only(&der, Tag::Sequence)?.value);
        while let Some(bag) = bags.next()? {
            if self.items.len() >= ITEMS {
                return Err(Pkcs12Error::Unsupported(format!("more than {ITEMS} entries")));
            }
            self.bag(bag.value, depth)?;
        }
        Ok(())
    }

    fn bag(&mut self, value: &[u8], depth: usize) -> Result<(), Pkcs12Error> {
        let mut fields = Items::new(value);
        let oid = fields.expect(Tag::ObjectIdentifier)?.value;
        let content = fields.optional(0)?.ok_or(Malformed)?.value;
        let attributes = fields.next()?.map(|item| item.value).unwrap_or_default();
        fields.end()?;
        let content = match oid.strip_prefix(BAGS) {
            Some([1]) => Pkcs12Content::Key(Secret::copy_of(walk::only(content, Tag::Sequence)?.whole)),
            Some([2]) => {
                let mut fields = Items::new(walk::only(content, Tag::Sequence)?.value);
                let identifier = fields.expect(Tag::Sequence)?.value;
                let ciphertext = fields.expect(Tag::OctetString)?.value;
                fields.end()?;
                Pkcs12Content::Key(decrypt(identifier, ciphertext, &self.password)?)
            }
            Some([3]) => match certificate(content)? {
                Some(der) => Pkcs12Content::Certificate(der),
                None => return Ok(()),
            },
            Some([6]) => {
                let depth = depth.checked_sub(1).ok_or(Malformed)?;
                return self.safe_contents(content, depth);
            }
            // CRLs, secrets and what may come: nothing to be had here.
            _ => return Ok(()),
        };
        let (name, id) = marks(attributes)?;
        self.items.push(Pkcs12Item { content, name, id });
        Ok(())
    }
}

/// The X.509 certificate of a CertBag; other kinds give `None`.
fn certificate(content: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
    let mut fields = Items::new(walk::only(content, Tag::Sequence)?.value);
    let kind = fields.expect(Tag::ObjectIdentifier)?.value;
    let value = fields.optional(0)?.ok_or(Malformed)?.value;
    if kind != X509 {
        return Ok(None);
    }
    walk::only(value, Tag::OctetString).map(|item| Some(item.value.to_vec()))
}

/// The friendly name and the local key identifier among a bag's attributes.
fn marks(attributes: &[u8]) -> Result<(Option<String>, Option<Vec<u8>>), Malformed> {
    let (mut name, mut id) = (None, None);
    let mut items = Items::new(attributes);
    while let Some(attribute) = items.next()? {
        let mut fields = Items::new(attribute.value);
        let oid = fields.expect(Tag::ObjectIdentifier)?.value;
        let mut values = Items::new(fields.expect(Tag::Set)?.value);
        let Some(value) = values.next()? else { continue };
        if oid == FRIENDLY_NAME && value.tag == Tag::BmpString {
            let units = value.value.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            name = Some(char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect());
        } else if oid == LOCAL_KEY_ID && value.tag == Tag::OctetString {
            id = Some(value.value.to_vec());
        }
    }
    Ok((name, id))
}

/// Whether bytes look like a PKCS#12 file: a sequence that begins with version 3 and a ContentInfo.
#[must_use]
pub fn is_pkcs12(bytes: &[u8]) -> bool {
    let begins = |der: &[u8]| -> Result<bool, Malformed> {
        let mut fields = Items::new(walk::only(der, Tag::Sequence)?.value);
        let version = small_unsigned(fields.expect(Tag::Integer)?.value)?;
        let mut content = Items::new(fields.expect(Tag::Sequence)?.value);
        content.expect(Tag::ObjectIdentifier)?;
        let next = content.next()?;
        Ok(version == 3 && next.is_some_and(|item| context_number(item.tag) == Some(0)))
    };
    normal(bytes).and_then(|der| begins(&der)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// PBES2 with PBKDF2 over SHA-1 and AES-128, of 3000 iterations.
    const IDENTIFIER: &[u8] = &[
        6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 5, 0xd, 0x30, 0x35, 0x30, 0x14, 6, 9, 0x2a, 0x86, 0x48,
        0x86, 0xf7, 0xd, 1, 5, 0xc, 0x30, 7, 4, 1, 7, 2, 2, 0xb, 0xb8, 0x30, 0x1d, 6, 9, 0x60, 0x86, 0x48, 1,
        0x65, 3, 4, 1, 2, 4, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    #[test]
    fn all_derivations_of_a_file_are_paid_for_together() {
        let password = Password::forms(b"x").remove(0);
        assert_eq!(password.work.get(), WORK);
        password.work.set(7000);
        for left in [4000, 1000] {
            let result = decrypt(IDENTIFIER, &[0; 15], &password);
            assert_eq!(result.err(), Some(Pkcs12Error::Password), "half a block");
            assert_eq!(password.work.get(), left);
        }
        assert_eq!(decrypt(IDENTIFIER, &[0; 15], &password).err(), Some(too_much()));
    }
}
