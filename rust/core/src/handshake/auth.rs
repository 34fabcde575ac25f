//! Certificate proof and the two tokens without which no handshake completes.

use super::extensions::offered_schemes;
use super::{Cx, Verdict};
use crate::config::{ClientAuth, Config, Role, SessionOption};
use crate::crypto::secret::Secret;
use crate::crypto::sign::{KeyKind, PrivateKey, PublicKey, SignatureAlgorithm};
use crate::fault::{CertificateFault, CryptoFault, Decode, Fault, Incompatible};
use crate::keys::classic;
use crate::keys::transcript::Transcript;
use crate::profile::{Profile, Proof, Signing};
use crate::resumption::{Judged, Saved};
use crate::scheme::{self, Scheme};
use crate::suite::{Auth, Kx, Suite};
use crate::wire::certs::{CertificateMessage, CertificateRequest, Signed};
use crate::wire::ids::{CertificateType, SchemeId};
use crate::x509::Certificate;
use subtle::ConstantTimeEq;

/// Proof that the question "who is the peer?" was answered.
#[derive(Debug)]
pub struct PeerVerified(Judged);

impl PeerVerified {
    /// A verdict over the peer's chain that lets the handshake go on.
    pub fn by_verdict(verdict: Verdict) -> Result<PeerVerified, Fault> {
        match verdict {
            Verdict::Accepted => Ok(PeerVerified(Judged::Accepted)),
            Verdict::Excused => Ok(PeerVerified(Judged::Excused)),
            Verdict::NotJudged => Ok(PeerVerified(Judged::Not)),
            Verdict::Rejected => Err(CertificateFault::Rejected.into()),
        }
    }

    /// A server of an anonymous suite, or one that only knows the pre-shared key: the suite was enabled by name.
    #[must_use]
    pub fn without_certificate(suite: &Suite) -> Option<PeerVerified> {
        (!suite.has_certificate()).then_some(PeerVerified(Judged::Accepted))
    }

    /// A server that asked for no certificate.
    #[must_use]
    pub fn no_certificate() -> PeerVerified {
        PeerVerified(Judged::Accepted)
    }

    /// What was found when the session was made.
    #[must_use]
    pub fn resumed(saved: &Saved) -> PeerVerified {
        PeerVerified(saved.judged)
    }

    /// What became of the peer, for the memory.
    #[must_use]
    pub fn judged(&self) -> Judged {
        self.0
    }

    /// What a server that asked makes of what came (`behaviours` section 14), applied when the client's Finished
    /// has arrived (decisions 23). `None` where no certificate came.
    pub fn of_client(demand: ClientAuth, verdict: Option<Verdict>) -> Result<PeerVerified, Fault> {
        match (demand, verdict) {
            (_, Some(verdict)) => PeerVerified::by_verdict(verdict),
            (ClientAuth::Always, None) => Err(CertificateFault::Missing.into()),
            (ClientAuth::Try | ClientAuth::Never, None) => Ok(PeerVerified(Judged::Accepted)),
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
    let wanted = classic::verify_data(profile, suite.prf, master, from_client, transcript);
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
    set_chain(chain, cx)?;
    Ok(key)
}

/// The chain of this handshake; a server's may not become another's in a renegotiation without the option.
pub fn set_chain(chain: Vec<Certificate>, cx: &mut Cx<'_>) -> Result<(), Fault> {
    let another = cx.facts.finished.is_some() && cx.facts.peer_chain.first() != chain.first();
    let may_change = cx.config.options.get(SessionOption::AllowServerIdentityChange);
    if another && cx.config.role == Role::Client && !cx.facts.peer_chain.is_empty() && !may_change {
        return Err(CertificateFault::IdentityChanged.into());
    }
    cx.facts.peer_chain = chain;
    cx.facts.chains = cx.facts.chains.wrapping_add(1);
    Ok(())
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

/// Verifies a signature whose scheme must be one that was offered, or the version's own, and must fit the key.
pub fn verify(
    profile: &Profile,
    key: &PublicKey,
    offered: &[SchemeId],
    signed: &Signed,
    message: &[u8],
    wrong: CertificateFault,
) -> Result<&'static Scheme, Fault> {
    let row = match (profile.signing, signed.scheme) {
        (Signing::Listed, Some(id)) => {
            let row = scheme::by_id(id).filter(|row| offered.contains(&row.id));
            row.ok_or(Fault::Decode(Decode::BadValue))?
        }
        (Signing::Fixed, None) => {
            scheme::fixed(key.kind()).ok_or(Fault::Certificate(CertificateFault::WrongKey))?
        }
        (Signing::Listed, None) | (Signing::Fixed, Some(_)) => return Err(super::broken()),
    };
    if !row.key.fits(key.kind()) {
        return Err(CertificateFault::WrongKey.into());
    }
    key.verify(row.algorithm, message, &signed.signature).map_err(|_| Fault::Certificate(wrong))?;
    Ok(row)
}

/// The scheme we sign with: within the peer's list, or the version's own.
pub fn scheme_for(
    profile: &Profile,
    key: &PrivateKey,
    peer: Option<&[SchemeId]>,
) -> Result<&'static Scheme, Fault> {
    let row = match profile.signing {
        Signing::Listed => scheme::choose(key, peer),
        Signing::Fixed => scheme::fixed(key.kind()).filter(|row| key.can_sign(row.algorithm)),
    };
    row.ok_or(Fault::Incompatible(Incompatible::Scheme))
}

/// A signature with its scheme as the version writes it.
#[must_use]
pub fn signed(profile: &Profile, scheme: &Scheme, signature: Vec<u8>) -> Signed {
    Signed { scheme: (profile.signing == Signing::Listed).then_some(scheme.id), signature }
}

/// What a CertificateVerify covers, and how that is signed with a key of this scheme.
pub fn proof(
    profile: &Profile,
    algorithm: SignatureAlgorithm,
    transcript: &Transcript,
    master: &Secret,
) -> Result<(SignatureAlgorithm, Vec<u8>), Fault> {
    match profile.proof {
        Proof::Messages => Ok((algorithm, transcript.bytes().ok_or_else(super::broken)?.to_vec())),
        Proof::Ssl3 => {
            let both = transcript.ssl3(b"", master);
            match algorithm {
                SignatureAlgorithm::RsaMd5Sha1 => {
                    Ok((SignatureAlgorithm::RsaMd5Sha1Digest, both.as_bytes().to_vec()))
                }
                SignatureAlgorithm::DsaSha1 => {
                    Ok((SignatureAlgorithm::DsaSha1Digest, both.as_bytes()[16..].to_vec()))
                }
                // SSLv3 knows no other keys.
                _ => Err(Incompatible::Scheme.into()),
            }
        }
    }
}

/// Verifies a CertificateVerify over everything before it.
pub fn check_proof(
    profile: &Profile,
    key: &PublicKey,
    offered: &[SchemeId],
    body: &[u8],
    transcript: &Transcript,
    master: &Secret,
) -> Result<(), Fault> {
    let wrong = CertificateFault::VerifySignature;
    let signed = Signed::parse(body, profile.signing == Signing::Listed)?;
    match profile.proof {
        Proof::Messages => {
            let covered = transcript.bytes().ok_or_else(super::broken)?;
            verify(profile, key, offered, &signed, covered, wrong).map(drop)
        }
        Proof::Ssl3 => {
            let row = scheme::fixed(key.kind()).ok_or(Fault::Certificate(CertificateFault::WrongKey))?;
            let (algorithm, covered) = proof(profile, row.algorithm, transcript, master)?;
            key.verify(algorithm, &covered, &signed.signature).map_err(|_| Fault::Certificate(wrong))
        }
    }
}

/// What a server asks of a client's certificate: kinds and schemes as published, DSA with DHE_DSS suites, the
/// caller's names.
#[must_use]
pub fn request(config: &Config, profile: &Profile) -> CertificateRequest {
    let schemes = match profile.signing {
        Signing::Listed => Some(offered_schemes(config)),
        Signing::Fixed => None,
    };
    let mut types = vec![CertificateType::RSA_SIGN, CertificateType::ECDSA_SIGN];
    if config.wants_dss() {
        types.push(CertificateType::DSS_SIGN);
    }
    CertificateRequest { types, schemes, names: config.authority_names.clone() }
}
