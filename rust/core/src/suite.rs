//! Cipher suites as rows.
//!
//! In: a suite number. Out: a [`Suite`]. Promise: which key exchange, which proof, which cipher and which
//! versions a suite means is said here once; a row appears together with the code that runs it.

use crate::crypto::aead::{AeadAlgorithm, NONCE_LEN};
use crate::crypto::cbc::BlockCipher;
use crate::crypto::hash::Hash;
use crate::crypto::record_mac::MacHash;
use crate::crypto::stream;
use crate::profile::{CbcIv, Framing, Rank};
use crate::wire::ids::SuiteId;
use core::ops::RangeInclusive;

/// Key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kx {
    /// The premaster is encrypted to the server's RSA key.
    Rsa,
    /// Ephemeral Diffie-Hellman over a finite field.
    Dhe,
    /// Ephemeral elliptic-curve Diffie-Hellman.
    Ecdhe,
    /// Elliptic-curve Diffie-Hellman with the key in the server's certificate.
    Ecdh,
    /// Nothing but the pre-shared key.
    Psk,
}

/// How the server proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Auth {
    /// An RSA certificate.
    Rsa,
    /// A DSA certificate.
    Dss,
    /// An EC certificate (ECDSA, and Ed25519 by RFC 8422).
    Ecdsa,
    /// Not at all.
    Anonymous,
    /// By knowing the pre-shared key.
    Psk,
    /// By knowing the pre-shared key and with an RSA certificate.
    RsaPsk,
}

/// Record protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bulk {
    /// No encryption.
    Null,
    /// RC4 with 128-bit keys.
    Rc4,
    /// A block cipher in CBC mode.
    Cbc(BlockCipher),
    /// GCM or CCM with 4 bytes of fixed and 8 bytes of explicit nonce (RFC 5288, RFC 6655).
    Counter(AeadAlgorithm),
    /// ChaCha20-Poly1305 with a 12-byte nonce mixed with the sequence number (RFC 7905).
    ChaCha,
}

impl Bulk {
    /// Bytes of key.
    #[must_use]
    pub fn key_len(self) -> usize {
        match self {
            Bulk::Null => 0,
            Bulk::Rc4 => stream::KEY_LEN,
            Bulk::Cbc(cipher) => cipher.key_len(),
            Bulk::Counter(algorithm) => algorithm.key_len(),
            Bulk::ChaCha => AeadAlgorithm::ChaCha20Poly1305.key_len(),
        }
    }

    /// Bytes of nonce or first vector that come out of the key block.
    #[must_use]
    pub fn fixed_iv(self, iv: CbcIv) -> usize {
        match (self, iv) {
            (Bulk::Null | Bulk::Rc4, _) | (Bulk::Cbc(_), CbcIv::Explicit) => 0,
            (Bulk::Cbc(cipher), CbcIv::Chained) => cipher.block_len(),
            (Bulk::Counter(_), _) => 4,
            (Bulk::ChaCha, _) => 12,
        }
    }
}

/// One cipher suite.
#[derive(Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its number.
    pub id: SuiteId,
    /// Its name in the registry.
    pub name: &'static str,
    /// Key exchange.
    pub kx: Kx,
    /// How the server proves itself.
    pub auth: Auth,
    /// Record protection.
    pub bulk: Bulk,
    /// The MAC beside it; an AEAD needs none.
    pub mac: Option<MacHash>,
    /// The hash of the TLS 1.2 PRF and of Finished.
    pub prf: Hash,
    /// The versions it exists in.
    pub ranks: RangeInclusive<Rank>,
}

impl Suite {
    /// Whether a pre-shared key goes into the premaster (RFC 4279, RFC 5489).
    #[must_use]
    pub fn has_psk(&self) -> bool {
        matches!(self.auth, Auth::Psk | Auth::RsaPsk)
    }

    /// Whether the server sends a certificate.
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        !matches!(self.auth, Auth::Anonymous | Auth::Psk)
    }

    /// Whether the server signs its share.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        matches!(self.kx, Kx::Dhe | Kx::Ecdhe) && self.has_certificate()
    }

    /// Whether a block cipher in CBC mode protects its records.
    #[must_use]
    pub fn has_cbc(&self) -> bool {
        matches!(self.bulk, Bulk::Cbc(_))
    }

    /// Bytes of MAC, of key, and of vector or nonce.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize, usize) {
        let vector = match self.bulk {
            Bulk::Null | Bulk::Rc4 => 0,
            Bulk::Cbc(cipher) => cipher.block_len(),
            Bulk::Counter(_) | Bulk::ChaCha => NONCE_LEN,
        };
        (self.mac.map_or(0, MacHash::len), self.bulk.key_len(), vector)
    }

    /// Whether a client may send data before the server's Finished has come (`behaviours` 11.4): only where nobody
    /// gains from having talked us down to it (RFC 7918 section 3).
    #[must_use]
    pub fn allows_false_start(&self) -> bool {
        let exchange = match self.kx {
            Kx::Ecdhe => self.has_certificate(),
            Kx::Dhe => self.auth == Auth::Rsa,
            Kx::Rsa | Kx::Ecdh | Kx::Psk => false,
        };
        let aes = matches!(
            self.bulk,
            Bulk::Cbc(BlockCipher::Aes128 | BlockCipher::Aes256)
                | Bulk::Counter(AeadAlgorithm::Aes128Gcm | AeadAlgorithm::Aes256Gcm)
        );
        exchange && aes
    }

    /// Whether it can protect records that may be lost: not with a key stream that runs on from record to record
    /// (RFC 6347 section 4.1.2.2).
    #[must_use]
    pub fn runs_over(&self, framing: Framing) -> bool {
        framing == Framing::Stream || self.bulk != Bulk::Rc4
    }

    /// Whether it needs a curve that both ends know.
    #[must_use]
    pub fn is_elliptic(&self) -> bool {
        matches!(self.kx, Kx::Ecdhe | Kx::Ecdh)
    }
}

/// Every suite's lowest version (decisions 29): SHA-2 and AEADs exist at TLS 1.2 only, elliptic curves and pre-shared
/// keys not in SSLv3.
macro_rules! ranks {
    (Aead $kx:ident $auth:ident) => {
        Rank::Tls12..=Rank::Tls12
    };
    (Sha256 $kx:ident $auth:ident) => {
        Rank::Tls12..=Rank::Tls12
    };
    (Sha384 $kx:ident $auth:ident) => {
        Rank::Tls12..=Rank::Tls12
    };
    ($mac:ident Ecdhe $auth:ident) => {
        Rank::Tls10..=Rank::Tls12
    };
    ($mac:ident Ecdh $auth:ident) => {
        Rank::Tls10..=Rank::Tls12
    };
    ($mac:ident $kx:ident Psk) => {
        Rank::Tls10..=Rank::Tls12
    };
    ($mac:ident $kx:ident RsaPsk) => {
        Rank::Tls10..=Rank::Tls12
    };
    ($mac:ident $kx:ident $auth:ident) => {
        Rank::Ssl3..=Rank::Tls12
    };
}

macro_rules! mac {
    (Aead) => {
        None
    };
    ($mac:ident) => {
        Some(MacHash::$mac)
    };
}

macro_rules! suites {
    ($($id:literal $name:ident $kx:ident $auth:ident $bulk:ident $mac:ident $prf:ident;)*) => {
        /// The suites this engine runs.
        pub static SUITES: &[Suite] = &[$(Suite {
            id: SuiteId($id), name: stringify!($name), kx: Kx::$kx, auth: Auth::$auth, bulk: $bulk,
            mac: mac!($mac), prf: Hash::$prf, ranks: ranks!($mac $kx $auth),
        },)*];
    };
}

const NULL: Bulk = Bulk::Null;
const RC4: Bulk = Bulk::Rc4;
const TDES: Bulk = Bulk::Cbc(BlockCipher::TripleDes);
const AES128: Bulk = Bulk::Cbc(BlockCipher::Aes128);
const AES256: Bulk = Bulk::Cbc(BlockCipher::Aes256);
const GCM128: Bulk = Bulk::Counter(AeadAlgorithm::Aes128Gcm);
const GCM256: Bulk = Bulk::Counter(AeadAlgorithm::Aes256Gcm);
const CCM128: Bulk = Bulk::Counter(AeadAlgorithm::Aes128Ccm);
const CCM256: Bulk = Bulk::Counter(AeadAlgorithm::Aes256Ccm);
const CCM128_8: Bulk = Bulk::Counter(AeadAlgorithm::Aes128Ccm8);
const CCM256_8: Bulk = Bulk::Counter(AeadAlgorithm::Aes256Ccm8);
const CHACHA: Bulk = Bulk::ChaCha;

suites! {
    0xc02c TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384       Ecdhe Ecdsa GCM256 Aead Sha384;
    0xc02b TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256       Ecdhe Ecdsa GCM128 Aead Sha256;
    0xc024 TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384       Ecdhe Ecdsa AES256 Sha384 Sha384;
    0xc00a TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA          Ecdhe Ecdsa AES256 Sha1 Sha256;
    0xc023 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256       Ecdhe Ecdsa AES128 Sha256 Sha256;
    0xc009 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA          Ecdhe Ecdsa AES128 Sha1 Sha256;
    0xc008 TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA         Ecdhe Ecdsa TDES Sha1 Sha256;
    0xc007 TLS_ECDHE_ECDSA_WITH_RC4_128_SHA              Ecdhe Ecdsa RC4 Sha1 Sha256;
    0xc006 TLS_ECDHE_ECDSA_WITH_NULL_SHA                 Ecdhe Ecdsa NULL Sha1 Sha256;
    0xcca9 TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 Ecdhe Ecdsa CHACHA Aead Sha256;
    0xc0ad TLS_ECDHE_ECDSA_WITH_AES_256_CCM              Ecdhe Ecdsa CCM256 Aead Sha256;
    0xc0ac TLS_ECDHE_ECDSA_WITH_AES_128_CCM              Ecdhe Ecdsa CCM128 Aead Sha256;
    0xc0af TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8            Ecdhe Ecdsa CCM256_8 Aead Sha256;
    0xc0ae TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8            Ecdhe Ecdsa CCM128_8 Aead Sha256;
    0xc030 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384         Ecdhe Rsa GCM256 Aead Sha384;
    0xc02f TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256         Ecdhe Rsa GCM128 Aead Sha256;
    0xc028 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384         Ecdhe Rsa AES256 Sha384 Sha384;
    0xc014 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA            Ecdhe Rsa AES256 Sha1 Sha256;
    0xc027 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256         Ecdhe Rsa AES128 Sha256 Sha256;
    0xc013 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA            Ecdhe Rsa AES128 Sha1 Sha256;
    0xc012 TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA           Ecdhe Rsa TDES Sha1 Sha256;
    0xc011 TLS_ECDHE_RSA_WITH_RC4_128_SHA                Ecdhe Rsa RC4 Sha1 Sha256;
    0xc010 TLS_ECDHE_RSA_WITH_NULL_SHA                   Ecdhe Rsa NULL Sha1 Sha256;
    0xcca8 TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256   Ecdhe Rsa CHACHA Aead Sha256;
    0xc02e TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384        Ecdh Ecdsa GCM256 Aead Sha384;
    0xc02d TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256        Ecdh Ecdsa GCM128 Aead Sha256;
    0xc026 TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384        Ecdh Ecdsa AES256 Sha384 Sha384;
    0xc005 TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA           Ecdh Ecdsa AES256 Sha1 Sha256;
    0xc025 TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256        Ecdh Ecdsa AES128 Sha256 Sha256;
    0xc004 TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA           Ecdh Ecdsa AES128 Sha1 Sha256;
    0xc003 TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA          Ecdh Ecdsa TDES Sha1 Sha256;
    0xc002 TLS_ECDH_ECDSA_WITH_RC4_128_SHA               Ecdh Ecdsa RC4 Sha1 Sha256;
    0xc001 TLS_ECDH_ECDSA_WITH_NULL_SHA                  Ecdh Ecdsa NULL Sha1 Sha256;
    0xc032 TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384          Ecdh Rsa GCM256 Aead Sha384;
    0xc031 TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256          Ecdh Rsa GCM128 Aead Sha256;
    0xc02a TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384          Ecdh Rsa AES256 Sha384 Sha384;
    0xc00f TLS_ECDH_RSA_WITH_AES_256_CBC_SHA             Ecdh Rsa AES256 Sha1 Sha256;
    0xc029 TLS_ECDH_RSA_WITH_AES_128_CBC_SHA256          Ecdh Rsa AES128 Sha256 Sha256;
    0xc00e TLS_ECDH_RSA_WITH_AES_128_CBC_SHA             Ecdh Rsa AES128 Sha1 Sha256;
    0xc00d TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA            Ecdh Rsa TDES Sha1 Sha256;
    0xc00c TLS_ECDH_RSA_WITH_RC4_128_SHA                 Ecdh Rsa RC4 Sha1 Sha256;
    0xc00b TLS_ECDH_RSA_WITH_NULL_SHA                    Ecdh Rsa NULL Sha1 Sha256;
    0x009f TLS_DHE_RSA_WITH_AES_256_GCM_SHA384           Dhe Rsa GCM256 Aead Sha384;
    0x009e TLS_DHE_RSA_WITH_AES_128_GCM_SHA256           Dhe Rsa GCM128 Aead Sha256;
    0x006b TLS_DHE_RSA_WITH_AES_256_CBC_SHA256           Dhe Rsa AES256 Sha256 Sha256;
    0x0039 TLS_DHE_RSA_WITH_AES_256_CBC_SHA              Dhe Rsa AES256 Sha1 Sha256;
    0x0067 TLS_DHE_RSA_WITH_AES_128_CBC_SHA256           Dhe Rsa AES128 Sha256 Sha256;
    0x0033 TLS_DHE_RSA_WITH_AES_128_CBC_SHA              Dhe Rsa AES128 Sha1 Sha256;
    0x0016 TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA             Dhe Rsa TDES Sha1 Sha256;
    0xccaa TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256     Dhe Rsa CHACHA Aead Sha256;
    0xc09f TLS_DHE_RSA_WITH_AES_256_CCM                  Dhe Rsa CCM256 Aead Sha256;
    0xc09e TLS_DHE_RSA_WITH_AES_128_CCM                  Dhe Rsa CCM128 Aead Sha256;
    0xc0a3 TLS_DHE_RSA_WITH_AES_256_CCM_8                Dhe Rsa CCM256_8 Aead Sha256;
    0xc0a2 TLS_DHE_RSA_WITH_AES_128_CCM_8                Dhe Rsa CCM128_8 Aead Sha256;
    0x00a3 TLS_DHE_DSS_WITH_AES_256_GCM_SHA384           Dhe Dss GCM256 Aead Sha384;
    0x00a2 TLS_DHE_DSS_WITH_AES_128_GCM_SHA256           Dhe Dss GCM128 Aead Sha256;
    0x006a TLS_DHE_DSS_WITH_AES_256_CBC_SHA256           Dhe Dss AES256 Sha256 Sha256;
    0x0038 TLS_DHE_DSS_WITH_AES_256_CBC_SHA              Dhe Dss AES256 Sha1 Sha256;
    0x0040 TLS_DHE_DSS_WITH_AES_128_CBC_SHA256           Dhe Dss AES128 Sha256 Sha256;
    0x0032 TLS_DHE_DSS_WITH_AES_128_CBC_SHA              Dhe Dss AES128 Sha1 Sha256;
    0x0013 TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA             Dhe Dss TDES Sha1 Sha256;
    0x009d TLS_RSA_WITH_AES_256_GCM_SHA384               Rsa Rsa GCM256 Aead Sha384;
    0x009c TLS_RSA_WITH_AES_128_GCM_SHA256               Rsa Rsa GCM128 Aead Sha256;
    0x003d TLS_RSA_WITH_AES_256_CBC_SHA256               Rsa Rsa AES256 Sha256 Sha256;
    0x0035 TLS_RSA_WITH_AES_256_CBC_SHA                  Rsa Rsa AES256 Sha1 Sha256;
    0x003c TLS_RSA_WITH_AES_128_CBC_SHA256               Rsa Rsa AES128 Sha256 Sha256;
    0x002f TLS_RSA_WITH_AES_128_CBC_SHA                  Rsa Rsa AES128 Sha1 Sha256;
    0x000a TLS_RSA_WITH_3DES_EDE_CBC_SHA                 Rsa Rsa TDES Sha1 Sha256;
    0x0005 TLS_RSA_WITH_RC4_128_SHA                      Rsa Rsa RC4 Sha1 Sha256;
    0x0004 TLS_RSA_WITH_RC4_128_MD5                      Rsa Rsa RC4 Md5 Sha256;
    0x003b TLS_RSA_WITH_NULL_SHA256                      Rsa Rsa NULL Sha256 Sha256;
    0x0002 TLS_RSA_WITH_NULL_SHA                         Rsa Rsa NULL Sha1 Sha256;
    0x0001 TLS_RSA_WITH_NULL_MD5                         Rsa Rsa NULL Md5 Sha256;
    0xc09d TLS_RSA_WITH_AES_256_CCM                      Rsa Rsa CCM256 Aead Sha256;
    0xc09c TLS_RSA_WITH_AES_128_CCM                      Rsa Rsa CCM128 Aead Sha256;
    0xc0a1 TLS_RSA_WITH_AES_256_CCM_8                    Rsa Rsa CCM256_8 Aead Sha256;
    0xc0a0 TLS_RSA_WITH_AES_128_CCM_8                    Rsa Rsa CCM128_8 Aead Sha256;
    0x00a7 TLS_DH_anon_WITH_AES_256_GCM_SHA384           Dhe Anonymous GCM256 Aead Sha384;
    0x00a6 TLS_DH_anon_WITH_AES_128_GCM_SHA256           Dhe Anonymous GCM128 Aead Sha256;
    0x006d TLS_DH_anon_WITH_AES_256_CBC_SHA256           Dhe Anonymous AES256 Sha256 Sha256;
    0x003a TLS_DH_anon_WITH_AES_256_CBC_SHA              Dhe Anonymous AES256 Sha1 Sha256;
    0x006c TLS_DH_anon_WITH_AES_128_CBC_SHA256           Dhe Anonymous AES128 Sha256 Sha256;
    0x0034 TLS_DH_anon_WITH_AES_128_CBC_SHA              Dhe Anonymous AES128 Sha1 Sha256;
    0x001b TLS_DH_anon_WITH_3DES_EDE_CBC_SHA             Dhe Anonymous TDES Sha1 Sha256;
    0x0018 TLS_DH_anon_WITH_RC4_128_MD5                  Dhe Anonymous RC4 Md5 Sha256;
    0xc019 TLS_ECDH_anon_WITH_AES_256_CBC_SHA            Ecdhe Anonymous AES256 Sha1 Sha256;
    0xc018 TLS_ECDH_anon_WITH_AES_128_CBC_SHA            Ecdhe Anonymous AES128 Sha1 Sha256;
    0xc017 TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA           Ecdhe Anonymous TDES Sha1 Sha256;
    0xc016 TLS_ECDH_anon_WITH_RC4_128_SHA                Ecdhe Anonymous RC4 Sha1 Sha256;
    0xc015 TLS_ECDH_anon_WITH_NULL_SHA                   Ecdhe Anonymous NULL Sha1 Sha256;
    0xd002 TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384         Ecdhe Psk GCM256 Aead Sha384;
    0xd001 TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256         Ecdhe Psk GCM128 Aead Sha256;
    0xc036 TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA            Ecdhe Psk AES256 Sha1 Sha256;
    0xc035 TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA            Ecdhe Psk AES128 Sha1 Sha256;
    0xccac TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256   Ecdhe Psk CHACHA Aead Sha256;
    0xd005 TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256         Ecdhe Psk CCM128 Aead Sha256;
    0xd003 TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256       Ecdhe Psk CCM128_8 Aead Sha256;
    0x00ab TLS_DHE_PSK_WITH_AES_256_GCM_SHA384           Dhe Psk GCM256 Aead Sha384;
    0x00aa TLS_DHE_PSK_WITH_AES_128_GCM_SHA256           Dhe Psk GCM128 Aead Sha256;
    0x00b3 TLS_DHE_PSK_WITH_AES_256_CBC_SHA384           Dhe Psk AES256 Sha384 Sha384;
    0x0091 TLS_DHE_PSK_WITH_AES_256_CBC_SHA              Dhe Psk AES256 Sha1 Sha256;
    0x00b2 TLS_DHE_PSK_WITH_AES_128_CBC_SHA256           Dhe Psk AES128 Sha256 Sha256;
    0x0090 TLS_DHE_PSK_WITH_AES_128_CBC_SHA              Dhe Psk AES128 Sha1 Sha256;
    0x008f TLS_DHE_PSK_WITH_3DES_EDE_CBC_SHA             Dhe Psk TDES Sha1 Sha256;
    0x008e TLS_DHE_PSK_WITH_RC4_128_SHA                  Dhe Psk RC4 Sha1 Sha256;
    0x00b5 TLS_DHE_PSK_WITH_NULL_SHA384                  Dhe Psk NULL Sha384 Sha384;
    0x00b4 TLS_DHE_PSK_WITH_NULL_SHA256                  Dhe Psk NULL Sha256 Sha256;
    0x002d TLS_DHE_PSK_WITH_NULL_SHA                     Dhe Psk NULL Sha1 Sha256;
    0xccad TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256     Dhe Psk CHACHA Aead Sha256;
    0xc0a7 TLS_DHE_PSK_WITH_AES_256_CCM                  Dhe Psk CCM256 Aead Sha256;
    0xc0a6 TLS_DHE_PSK_WITH_AES_128_CCM                  Dhe Psk CCM128 Aead Sha256;
    0xc0ab TLS_PSK_DHE_WITH_AES_256_CCM_8                Dhe Psk CCM256_8 Aead Sha256;
    0xc0aa TLS_PSK_DHE_WITH_AES_128_CCM_8                Dhe Psk CCM128_8 Aead Sha256;
    0x00ad TLS_RSA_PSK_WITH_AES_256_GCM_SHA384           Rsa RsaPsk GCM256 Aead Sha384;
    0x00ac TLS_RSA_PSK_WITH_AES_128_GCM_SHA256           Rsa RsaPsk GCM128 Aead Sha256;
    0x00b7 TLS_RSA_PSK_WITH_AES_256_CBC_SHA384           Rsa RsaPsk AES256 Sha384 Sha384;
    0x0095 TLS_RSA_PSK_WITH_AES_256_CBC_SHA              Rsa RsaPsk AES256 Sha1 Sha256;
    0x00b6 TLS_RSA_PSK_WITH_AES_128_CBC_SHA256           Rsa RsaPsk AES128 Sha256 Sha256;
    0x0094 TLS_RSA_PSK_WITH_AES_128_CBC_SHA              Rsa RsaPsk AES128 Sha1 Sha256;
    0x0093 TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA             Rsa RsaPsk TDES Sha1 Sha256;
    0x0092 TLS_RSA_PSK_WITH_RC4_128_SHA                  Rsa RsaPsk RC4 Sha1 Sha256;
    0x00b9 TLS_RSA_PSK_WITH_NULL_SHA384                  Rsa RsaPsk NULL Sha384 Sha384;
    0x00b8 TLS_RSA_PSK_WITH_NULL_SHA256                  Rsa RsaPsk NULL Sha256 Sha256;
    0x002e TLS_RSA_PSK_WITH_NULL_SHA                     Rsa RsaPsk NULL Sha1 Sha256;
    0xccae TLS_RSA_PSK_WITH_CHACHA20_POLY1305_SHA256     Rsa RsaPsk CHACHA Aead Sha256;
    0x00a9 TLS_PSK_WITH_AES_256_GCM_SHA384               Psk Psk GCM256 Aead Sha384;
    0x00a8 TLS_PSK_WITH_AES_128_GCM_SHA256               Psk Psk GCM128 Aead Sha256;
    0x00af TLS_PSK_WITH_AES_256_CBC_SHA384               Psk Psk AES256 Sha384 Sha384;
    0x008d TLS_PSK_WITH_AES_256_CBC_SHA                  Psk Psk AES256 Sha1 Sha256;
    0x00ae TLS_PSK_WITH_AES_128_CBC_SHA256               Psk Psk AES128 Sha256 Sha256;
    0x008c TLS_PSK_WITH_AES_128_CBC_SHA                  Psk Psk AES128 Sha1 Sha256;
    0x008b TLS_PSK_WITH_3DES_EDE_CBC_SHA                 Psk Psk TDES Sha1 Sha256;
    0x008a TLS_PSK_WITH_RC4_128_SHA                      Psk Psk RC4 Sha1 Sha256;
    0x00b1 TLS_PSK_WITH_NULL_SHA384                      Psk Psk NULL Sha384 Sha384;
    0x00b0 TLS_PSK_WITH_NULL_SHA256                      Psk Psk NULL Sha256 Sha256;
    0x002c TLS_PSK_WITH_NULL_SHA                         Psk Psk NULL Sha1 Sha256;
    0xccab TLS_PSK_WITH_CHACHA20_POLY1305_SHA256         Psk Psk CHACHA Aead Sha256;
    0xc0a5 TLS_PSK_WITH_AES_256_CCM                      Psk Psk CCM256 Aead Sha256;
    0xc0a4 TLS_PSK_WITH_AES_128_CCM                      Psk Psk CCM128 Aead Sha256;
    0xc0a9 TLS_PSK_WITH_AES_256_CCM_8                    Psk Psk CCM256_8 Aead Sha256;
    0xc0a8 TLS_PSK_WITH_AES_128_CCM_8                    Psk Psk CCM128_8 Aead Sha256;
}

/// The row of a suite number, if this engine runs it.
#[must_use]
pub fn by_id(id: SuiteId) -> Option<&'static Suite> {
    SUITES.iter().find(|s| s.id == id)
}

/// The default ones.
#[must_use]
pub fn default() -> Vec<u16> {
    DEFAULT.to_vec()
}

/// The default ones with those of DHE_RSA.
#[must_use]
pub fn default_with_dhe() -> Vec<u16> {
    with_dhe(true)
}

/// The default ones without 3DES.
#[must_use]
pub fn standard() -> Vec<u16> {
    let tdes = Bulk::Cbc(BlockCipher::TripleDes);
    default().into_iter().filter(|n| by_id(SuiteId(*n)).is_some_and(|row| row.bulk != tdes)).collect()
}

/// The default ones without 3DES and with an ephemeral exchange.
#[must_use]
pub fn forward_secret() -> Vec<u16> {
    standard().into_iter().filter(|n| by_id(SuiteId(*n)).is_some_and(|row| row.kx == Kx::Ecdhe)).collect()
}

/// Those of the anonymous configuration.
#[must_use]
pub fn anonymous() -> Vec<u16> {
    vec![0xc019, 0xc018, 0x006d, 0x003a, 0x006c, 0x0034]
}

/// What SSLGetSupportedCiphers lists, in the published order (decisions 27); [`supported`] adds our own behind.
pub static PUBLISHED: &[u16] = &[
    0xc02c, 0xc02b, 0xc024, 0xc023, 0xc00a, 0xc009, 0xc008, 0xc030, 0xc02f, 0xc028, 0xc027, 0xc014, 0xc013,
    0xc012, 0xc02e, 0xc02d, 0xc026, 0xc025, 0xc005, 0xc004, 0xc003, 0xc032, 0xc031, 0xc02a, 0xc029, 0xc00f,
    0xc00e, 0xc00d, 0x009f, 0x009e, 0x006b, 0x0067, 0x0039, 0x0033, 0x0016, 0x009d, 0x009c, 0x003d, 0x003c,
    0x0035, 0x002f, 0x000a, 0x1301, 0x1302, 0x1303, 0x00a7, 0x00a6, 0x006c, 0x006d, 0x0034, 0x003a, 0x001b,
    0xc006, 0xc010, 0xc001, 0xc00b, 0x00af, 0x00ae, 0x008d, 0x008c, 0x008b, 0x00b1, 0x00b0, 0x002c, 0x003b,
    0x0002, 0x0001,
];

/// What is enabled in a new context.
pub static DEFAULT: &[u16] = &[
    0xc02c, 0xc02b, 0xc024, 0xc023, 0xc00a, 0xc009, 0xc008, 0xc030, 0xc02f, 0xc028, 0xc027, 0xc014, 0xc013,
    0xc012, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0x000a,
];

/// What SSLSetDHEEnabled enables beside the default, in front of the suites with RSA key exchange.
const DHE: &[u16] = &[0x009f, 0x009e, 0x006b, 0x0067, 0x0039, 0x0033, 0x0016];

/// The default with the DHE_RSA suites, or without (`behaviours` section 10).
#[must_use]
pub fn with_dhe(on: bool) -> Vec<u16> {
    let mut out = DEFAULT.to_vec();
    if on {
        let at = out.iter().position(|number| *number == 0x009d).unwrap_or(out.len());
        out.splice(at..at, DHE.iter().copied());
    }
    out
}

/// The published list, then the suites of ours that are not in it.
pub fn supported() -> impl Iterator<Item = u16> {
    let additions = SUITES.iter().map(|s| s.id.0).filter(|id| !PUBLISHED.contains(id));
    PUBLISHED.iter().copied().chain(additions)
}

/// Whether SSLSetEnabledCiphers keeps this number.
#[must_use]
pub fn can_be_enabled(number: u16) -> bool {
    by_id(SuiteId(number)).is_some()
}
