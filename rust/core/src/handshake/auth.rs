//! Certificate proof and the two tokens without which no handshake completes.

use super::extensions::offered_schemes;
use super::{Cx, Verdict};
use crate::config::{ClientAuth, Config};
use crate::crypto::secret::Secret;
use crate::crypto::sign::{KeyKind, PrivateKey, PublicKey, SignatureAlgorithm};
use crate::fault::{CertificateFault, CryptoFault, Decode, Fault, Incompatible};
use crate::keys::classic;
use crate::keys::transcript::Transcript;
use crate::profile::{Profile, Signing};
use crate::scheme::{self, Scheme};
use crate::suite::{Auth, Kx, Suite};
use crate::wire::certs::{CertificateMessage, CertificateRequest, Signed};
use crate::wire::ids::{CertificateType, SchemeId};
use crate::x509::Certificate;
use subtle::ConstantTimeEq;

/// Proof that the question "who is the peer?" was answered.
#[derive(Debug)]
pub struct PeerVerified(());

impl PeerVerified {
    /// A verdict over the peer's chain that lets the handshake go on.
    pub fn by_verdict(verdict: Verdict) -> Result<PeerVerified, Fault> {
        match verdict {
            Verdict::Accepted | Verdict::NotJudged => Ok(PeerVerified(())),
            Verdict::Rejected => Err(CertificateFault::Rejected.into()),
        }
    }

    /// A server of an anonymous suite, or one that only knows the pre-shared key: the suite was enabled by name.
    #[must_use]
    pub fn without_certificate(suite: &Suite) -> Option<PeerVerified> {
        (!suite.has_certificate()).then_some(PeerVerified(()))
    }

    /// A server that asked for no certificate.
    #[must_use]
    pub fn no_certificate() -> PeerVerified {
        PeerVerified(())
    }

    /// What a server that asked makes of what came (`behaviours` section 14), applied when the client's Finished
    /// has arrived (decisions 23). `None` where no certificate came.
    pub fn of_client(demand: ClientAuth, verdict: Option<Verdict>) -> Result<PeerVerified, Fault> {
        match (demand, verdict) {
            (_, Some(verdict)) => PeerVerified::by_verdict(verdict),
            (ClientAuth::Always, None) => Err(CertificateFault::Missing.into()),
            (ClientAuth::Try | ClientAuth::Never, None) => Ok(PeerVerified(())),
        }
    }
}

/// Proof that the peer's Finished matched.
#[derive(Debug)]
pub struct FinishedVerified(());

/// Compares the peer's Finished with what it must be (RFC 5246 section 7.4.9).
pub fn check_finished(
    profile: &Profile,
    suite: &Suite,
    master: &Secret,
    from_client: bool,
    transcript: &Transcript,
    body: &[u8],
) -> Result<FinishedVerified, Fault> {
    let wanted = classic::verify_data(profile, suite.prf, master, from_client, transcript.hash().as_bytes());
    if body.len() != wanted.len() {
        return Err(Decode::BadValue.into());
    }
    if bool::from(wanted.ct_eq(body)) {
        Ok(FinishedVerified(()))
    } else {
        Err(CryptoFault::FinishedMismatch.into())
    }
}

/// Parses the peer's chain and keeps it; every certificate must parse. Returns the leaf's key.
pub fn take_chain(body: &[u8], cx: &mut Cx<'_>) -> Result<Option<PublicKey>, Fault> {
    let message = CertificateMessage::parse(body)?;
    let parse =
        |der: &Vec<u8>| Certificate::parse(der).map_err(|_| Fault::Certificate(CertificateFault::Unusable));
    let chain = message.chain.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let key = match chain.first() {
        Some(leaf) => Some(leaf.public_key().map_err(|_| Fault::Certificate(CertificateFault::Unusable))?),
        None => None,
    };
    cx.facts.peer_chain = chain;
    Ok(key)
}

/// The bit of keyAgreement in a key usage (RFC 5280 section 4.2.1.3).
const KEY_AGREEMENT: u16 = 0x0800;

/// Whether a key of this kind can prove a server under this suite. RSA key exchange encrypts to the key, which
/// a key restricted to PSS signatures does not allow; Ed25519 counts as ECDSA (RFC 8422 section 5.10) but agrees on
/// nothing. Since TLS 1.2 both static exchanges want no more than an EC key (RFC 5246 section A.7).
#[must_use]
pub fn key_fits(suite: &Suite, kind: KeyKind) -> bool {
    match (suite.kx, suite.auth) {
        (Kx::Ecdh, _) => kind.is_ec(),
        (Kx::Rsa, _) => kind == KeyKind::Rsa,
        (_, Auth::Rsa | Auth::RsaPsk) => matches!(kind, KeyKind::Rsa | KeyKind::RsaPss),
        (_, Auth::Dss) => kind == KeyKind::Dsa,
        (_, Auth::Ecdsa) => kind.is_ec() || kind == KeyKind::Ed25519,
        (_, Auth::Anonymous | Auth::Psk) => false,
    }
}

/// Whether a certificate's key usage allows what the suite does with it: static ECDH needs keyAgreement where
/// usages are stated at all (RFC 8422 section 5.3).
#[must_use]
pub fn usage_fits(suite: &Suite, leaf: &Certificate) -> bool {
    suite.kx != Kx::Ecdh || leaf.key_usage().is_none_or(|usage| usage & KEY_AGREEMENT != 0)
}

/// Whether a server's own certificate serves a static exchange: clients before TLS 1.2 look at how it was signed
/// (RFC 4492 section 2).
#[must_use]
pub fn serves_statically(suite: &Suite, chain: &[Vec<u8>]) -> bool {
    let leaf = chain.first().and_then(|der| Certificate::parse(der).ok());
    leaf.is_some_and(|leaf| {
        let by_rsa = leaf.signed_with().is_some_and(|how| how.is_rsa());
        usage_fits(suite, &leaf) && by_rsa == (suite.auth == Auth::Rsa)
    })
}

/// How a handshake signature is made, and how it is named on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// What makes it.
    pub algorithm: SignatureAlgorithm,
    /// What names it; `None` where the version names nothing.
    pub scheme: Option<&'static Scheme>,
}

impl Way {
    /// The signature as it goes on the wire.
    #[must_use]
    pub fn signed(self, signature: Vec<u8>) -> Signed {
        Signed { scheme: self.scheme.map(|row| row.id), signature }
    }
}

/// What a key of this kind signs with where nothing is named.
fn fixed(kind: KeyKind) -> Option<SignatureAlgorithm> {
    match kind {
        KeyKind::Rsa => Some(SignatureAlgorithm::RsaPkcs1Md5Sha1),
        KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::EcP521 => Some(SignatureAlgorithm::EcdsaSha1),
        KeyKind::Dsa => Some(SignatureAlgorithm::DsaSha1),
        KeyKind::RsaPss | KeyKind::Ed25519 => None,
    }
}

/// How we sign with this key, within the peer's list where there is one.
pub fn way(profile: &Profile, key: &PrivateKey, peer: Option<&[SchemeId]>) -> Result<Way, Fault> {
    let way = match profile.signing {
        Signing::Fixed => fixed(key.kind())
            .filter(|algorithm| key.can_sign(*algorithm))
            .map(|algorithm| Way { algorithm, scheme: None }),
        Signing::Listed => {
            scheme::choose(key, peer).map(|row| Way { algorithm: row.algorithm, scheme: Some(row) })
        }
    };
    way.ok_or(Fault::Incompatible(Incompatible::Scheme))
}

/// How the peer signed: with a scheme that was offered and fits its key, or as its key's kind says.
fn way_of_peer(
    profile: &Profile,
    key: &PublicKey,
    offered: &[SchemeId],
    signed: &Signed,
) -> Result<Way, Fault> {
    match profile.signing {
        Signing::Fixed => {
            let algorithm = fixed(key.kind()).ok_or(Fault::Certificate(CertificateFault::WrongKey))?;
            Ok(Way { algorithm, scheme: None })
        }
        Signing::Listed => {
            let row = signed.scheme.and_then(scheme::by_id).filter(|row| offered.contains(&row.id));
            let row = row.ok_or(Fault::Decode(Decode::BadValue))?;
            if !row.key.fits(key.kind()) {
                return Err(CertificateFault::WrongKey.into());
            }
            Ok(Way { algorithm: row.algorithm, scheme: Some(row) })
        }
    }
}

/// Verifies a signature of the peer; says how it was made.
pub fn verify(
    profile: &Profile,
    key: &PublicKey,
    offered: &[SchemeId],
    signed: &Signed,
    message: &[u8],
    wrong: CertificateFault,
) -> Result<Way, Fault> {
    let way = way_of_peer(profile, key, offered, signed)?;
    key.verify(way.algorithm, message, &signed.signature).map_err(|_| Fault::Certificate(wrong))?;
    Ok(way)
}

/// What a server asks of a client's certificate: kinds and schemes as published, DSA with DHE_DSS suites, the
/// caller's names.
#[must_use]
pub fn request(config: &Config, profile: &Profile) -> CertificateRequest {
    let schemes = match profile.signing {
        Signing::Fixed => None,
        Signing::Listed => Some(offered_schemes(config)),
    };
    let mut types = vec![CertificateType::RSA_SIGN, CertificateType::ECDSA_SIGN];
    if config.wants_dss() {
        types.push(CertificateType::DSS_SIGN);
    }
    CertificateRequest { types, schemes, names: config.authority_names.clone() }
}
