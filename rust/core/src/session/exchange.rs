//! Setters and getters of the key exchange: Diffie-Hellman groups, curves, pre-shared keys (`behaviours` section 15).
//!
//! In: values as the public calls take them. Out: statuses and values. Promise: state is judged before values
//! (decisions 3); calls that mean something on the other side only are without effect (decisions 8).

use super::Session;
use crate::config::{DH_MINIMUM, Psk};
use crate::crypto::ffdh::DhGroup;
use crate::crypto::secret::Secret;
use crate::group;
use crate::status::{self, OsStatus};
use crate::suite;
use crate::wire::ids::GroupId;

/// Longest secret, identity and hint: each stands behind two bytes of length.
const PSK_FIELD: usize = 0xffff;

impl Session {
    /// SSLSetDiffieHellmanParams: a PKCS#3 DHParameter whose prime is odd and at most 8192 bits long.
    pub fn set_dh_params(&mut self, der: &[u8]) -> OsStatus {
        self.idle(|s| {
            let Ok(group) = DhGroup::from_pkcs3(der) else { return status::SEC_PARAM };
            if !s.is_client() {
                s.config_mut().dh_group = Some((group, der.to_vec()));
            }
            status::SEC_SUCCESS
        })
    }

    /// SSLGetDiffieHellmanParams: the bytes that were set.
    #[must_use]
    pub fn dh_params(&self) -> Option<&[u8]> {
        self.config.dh_group.as_ref().map(|(_, der)| der.as_slice())
    }

    /// SSLSetMinimumDHGroupSize, any time: clamped to 512 and 2048 bits.
    pub fn set_dh_minimum(&mut self, bits: i64) -> OsStatus {
        let bits = usize::try_from(bits).unwrap_or(0);
        self.config_mut().dh_minimum = bits.clamp(DH_MINIMUM.0, DH_MINIMUM.1);
        status::SEC_SUCCESS
    }

    /// SSLGetMinimumDHGroupSize.
    #[must_use]
    pub fn dh_minimum(&self) -> usize {
        self.config.dh_minimum
    }

    /// SSLSetDHEEnabled, any time: the default suites with those of DHE_RSA, or without.
    pub fn set_dhe_enabled(&mut self, on: bool) -> OsStatus {
        let config = self.config_mut();
        config.dhe_enabled = on;
        config.suites = suite::with_dhe(on);
        status::SEC_SUCCESS
    }

    /// SSLGetDHEEnabled: the last word of the setter, not what the list says.
    #[must_use]
    pub fn dhe_enabled(&self) -> bool {
        self.config.dhe_enabled
    }

    /// For SSLIsSessionNegotiatedWithUnsafeDH: the group the server chose. Whether its prime is a safe one takes
    /// seconds to find out for the largest ones, so that whoever asks does it outside of any lock.
    #[must_use]
    pub fn server_dh_group(&self) -> Option<DhGroup> {
        self.engine.facts().dh_group.clone().filter(|_| self.is_client())
    }

    /// SSLSetECDSACurves: what can be run of the list is used in its order, the rest is only remembered.
    pub fn set_curves(&mut self, numbers: &[i64]) -> OsStatus {
        self.idle(|s| {
            let curves: Option<Vec<u16>> = numbers.iter().map(|n| u16::try_from(*n).ok()).collect();
            let Some(curves) = curves.filter(|curves| !curves.is_empty()) else { return status::SEC_PARAM };
            let mut groups = Vec::new();
            for row in curves.iter().filter_map(|number| group::by_id(GroupId(*number))) {
                if !groups.contains(&row) {
                    groups.push(row);
                }
            }
            let config = s.config_mut();
            config.groups = groups;
            config.curves = curves;
            status::SEC_SUCCESS
        })
    }

    /// SSLGetECDSACurves: the list as it was set, empty before.
    #[must_use]
    pub fn curves(&self) -> &[u16] {
        &self.config.curves
    }

    /// SSLGetNegotiatedCurve: errSecParam without an exchange over a curve.
    pub fn negotiated_curve(&self) -> Result<u16, OsStatus> {
        self.engine.facts().group.map(|group| group.id.0).ok_or(status::SEC_PARAM)
    }

    fn psk_mut(&mut self) -> &mut Psk {
        &mut self.config_mut().psk
    }

    /// SSLSetPSKSharedSecret, any time; an empty one takes the secret away.
    pub fn set_psk_secret(&mut self, secret: &[u8]) -> OsStatus {
        if secret.len() > PSK_FIELD {
            return status::SEC_PARAM;
        }
        self.psk_mut().secret = (!secret.is_empty()).then(|| Secret::copy_of(secret));
        status::SEC_SUCCESS
    }

    /// SSLSetPSKIdentity, any time; without effect on a server.
    pub fn set_psk_identity(&mut self, identity: &[u8]) -> OsStatus {
        if identity.is_empty() || identity.len() > PSK_FIELD {
            return status::SEC_PARAM;
        }
        if self.is_client() {
            self.psk_mut().identity = Some(identity.to_vec());
        }
        status::SEC_SUCCESS
    }

    /// SSLGetPSKIdentity: what a client set, or what a server was sent.
    #[must_use]
    pub fn psk_identity(&self) -> Option<&[u8]> {
        if self.is_client() {
            self.config.psk.identity.as_deref()
        } else {
            self.engine.facts().psk_identity.as_deref()
        }
    }

    /// SSLSetPSKIdentityHint, any time; an empty one takes the hint away. Without effect on a client.
    pub fn set_psk_hint(&mut self, hint: &[u8]) -> OsStatus {
        if hint.len() > PSK_FIELD {
            return status::SEC_PARAM;
        }
        if !self.is_client() {
            self.psk_mut().hint = hint.to_vec();
        }
        status::SEC_SUCCESS
    }

    /// The hint: a server's own, or what a client was sent; `None` where there is none.
    #[must_use]
    pub fn psk_hint(&self) -> Option<&[u8]> {
        if self.is_client() {
            self.engine.facts().psk_hint.as_deref()
        } else {
            Some(self.config.psk.hint.as_slice()).filter(|hint| !hint.is_empty())
        }
    }

    /// Whether the application is asked for the secret of each identity, any time; without effect on a client.
    pub fn set_psk_lookup(&mut self, on: bool) -> OsStatus {
        if !self.is_client() {
            self.psk_mut().lookup = on;
        }
        status::SEC_SUCCESS
    }
}
