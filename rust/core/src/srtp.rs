//! Protection profiles of SRTP as rows (RFC 5764 section 4.1.2, RFC 7714 section 14.2).

use crate::wire::ids::SrtpId;

/// A profile whose keys this engine can hand out.
#[derive(Debug, PartialEq, Eq)]
pub struct SrtpProfile {
    /// Its number on the wire.
    pub id: SrtpId,
    /// For people.
    pub name: &'static str,
    /// Bytes of one master key.
    pub key: usize,
    /// Bytes of one master salt.
    pub salt: usize,
}

/// In the order of their numbers.
pub static SRTP_PROFILES: &[SrtpProfile] = &[
    SrtpProfile {
        id: SrtpId::AES128_CM_HMAC_SHA1_80,
        name: "SRTP_AES128_CM_HMAC_SHA1_80",
        key: 16,
        salt: 14,
    },
    SrtpProfile {
        id: SrtpId::AES128_CM_HMAC_SHA1_32,
        name: "SRTP_AES128_CM_HMAC_SHA1_32",
        key: 16,
        salt: 14,
    },
    SrtpProfile { id: SrtpId::AEAD_AES_128_GCM, name: "SRTP_AEAD_AES_128_GCM", key: 16, salt: 12 },
    SrtpProfile { id: SrtpId::AEAD_AES_256_GCM, name: "SRTP_AEAD_AES_256_GCM", key: 32, salt: 12 },
];

/// The row of a number, if this engine knows it.
#[must_use]
pub fn by_id(id: SrtpId) -> Option<&'static SrtpProfile> {
    SRTP_PROFILES.iter().find(|profile| profile.id == id)
}
