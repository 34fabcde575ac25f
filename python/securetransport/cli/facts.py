"""What is known about a connection and the certificates in it.

In: a context, certificates. Out: plain values that print and turn into JSON. Promise: a certificate of the peer
that Python cannot take apart still has a name and a fingerprint here.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

import securetransport as st
from securetransport import extensions

__all__ = ["Judgement", "certificate_facts", "connection_facts", "judge_peer", "parsed"]


@dataclasses.dataclass(frozen=True)
class Judgement:
    """Whether the peer's chain is trusted, why not, and the chain, leaf first."""

    trusted: bool
    reason: str
    status: int
    chain: list[st.SecCertificate]


def connection_facts(context: st.SSLContext) -> dict[str, Any]:
    """Version, suite, group, signature scheme and application protocol of a connected context."""
    _, report = extensions.SSLCopyConnectionReport(context, None)
    report = report or {}
    status, protocols = st.SSLCopyALPNProtocols(context, None)
    return {
        "version": report.get("version"),
        "suite": report.get("suite"),
        "group": report.get("group"),
        "signature": report.get("scheme"),
        "alpn": protocols[0] if status == st.errSecSuccess and protocols else None,
        "extended_master_secret": report.get("extended_master_secret"),
        "encrypt_then_mac": report.get("encrypt_then_mac"),
    }


def parsed(certificate: st.SecCertificate) -> x509.Certificate | None:
    """The certificate as Python's ``cryptography`` reads it; ``None`` if it cannot."""
    try:
        return x509.load_der_x509_certificate(bytes(st.SecCertificateCopyData(certificate) or b""))
    except ValueError:
        return None


def certificate_facts(certificate: st.SecCertificate) -> dict[str, Any]:
    """Names, dates, key and fingerprint of a certificate."""
    data = bytes(st.SecCertificateCopyData(certificate) or b"")
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    summary = st.SecCertificateCopySubjectSummary(certificate) or "unnamed"
    facts: dict[str, Any] = {
        "subject": str(summary),
        "issuer": "unknown",
        "names": [],
        "not_before": None,
        "not_after": None,
        "key": "unknown",
        "sha256": digest.finalize().hex(),
    }
    read = parsed(certificate)
    if read is not None:
        facts["not_before"] = _date(read.not_valid_before_utc)
        facts["not_after"] = _date(read.not_valid_after_utc)
        for key, get in (("subject", _subject), ("issuer", _issuer), ("names", _names), ("key", _key)):
            try:
                facts[key] = get(read)
            except ValueError:
                continue  # one odd field hides nothing else
    return facts


def _date(moment: datetime.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _subject(read: x509.Certificate) -> str:
    return read.subject.rfc4514_string() or "no name"


def _issuer(read: x509.Certificate) -> str:
    return read.issuer.rfc4514_string() or "no name"


def _names(read: x509.Certificate) -> list[str]:
    try:
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    shown = names.get_values_for_type(x509.DNSName)
    return [*shown, *(str(one) for one in names.get_values_for_type(x509.IPAddress))]


def _key(read: x509.Certificate) -> str:
    try:
        key = read.public_key()
    except Exception as error:
        raise ValueError(str(error)) from None
    match key:
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"EC {key.curve.name}"
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
        case ed448.Ed448PublicKey():
            return "Ed448"
        case dsa.DSAPublicKey():
            return f"DSA {key.key_size}"
    return type(key).__name__


def judge_peer(context: st.SSLContext, authorities: Sequence[st.SecCertificate] | None) -> Judgement:
    """Judge the peer's chain at the pause for it; ``authorities`` replace the system's, ``None`` keeps those."""
    status, trust = st.SSLCopyPeerTrust(context, None)
    if status != st.errSecSuccess or trust is None:
        return Judgement(False, "the peer sent no certificate", status, [])
    if authorities is not None:
        st.SecTrustSetAnchorCertificates(trust, authorities)
        st.SecTrustSetAnchorCertificatesOnly(trust, True)
    trusted, error = st.SecTrustEvaluateWithError(trust, None)
    chain = list(st.SecTrustCopyCertificateChain(trust) or ())
    if trusted:
        return Judgement(True, "trusted", 0, chain)
    if error is None:
        return Judgement(False, "the chain was not judged", st.errSSLXCertChainInvalid, chain)
    return Judgement(False, error.description.rstrip("."), error.code, chain)
