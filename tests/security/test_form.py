"""The form of a server's chain: what is refused, what is let be, and what passes when it is named."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import pki
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from securetransport import constants as c
from securetransport import extensions
from securetransport import security as s

HOSTS = x509.SubjectAlternativeName([x509.DNSName("localhost")])


def build(
    subject: str, issuer: pki.Made | None, extra: Sequence[tuple[x509.ExtensionType, bool]]
) -> pki.Made:
    """A certificate with these extensions and no others."""
    key = pki.key("P-256", hash(subject))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    builder = x509.CertificateBuilder(
        subject_name=name,
        issuer_name=issuer.certificate.subject if issuer else name,
        public_key=key.public_key(),
        serial_number=1234,
        not_valid_before=pki.NOW - pki.DAY,
        not_valid_after=pki.NOW + datetime.timedelta(days=30),
    )
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical)
    return pki.Made(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def own_id(subject: str) -> tuple[x509.ExtensionType, bool]:
    return x509.SubjectKeyIdentifier.from_public_key(pki.key("P-256", hash(subject)).public_key()), False


def issuer_id(subject: str, **fields: Any) -> tuple[x509.ExtensionType, bool]:
    made = x509.AuthorityKeyIdentifier.from_issuer_public_key(pki.key("P-256", hash(subject)).public_key())
    values = {"authority_cert_issuer": None, "authority_cert_serial_number": None} | fields
    return x509.AuthorityKeyIdentifier(made.key_identifier, **values), False


CA = (x509.BasicConstraints(True, None), True)
ROOT = (CA, own_id("root"))
LEAF = ((HOSTS, False), own_id("leaf"), issuer_id("root"))


def judged(
    root: Sequence[tuple[x509.ExtensionType, bool]] = ROOT,
    leaf: Sequence[tuple[x509.ExtensionType, bool]] = LEAF,
    *,
    name: str = "leaf",
    allowed: int = 0,
    server: bool = True,
) -> tuple[int, str]:
    top = build("root", None, root)
    below = build(name, top, leaf)
    chain = [s.SecCertificate(below.der)]
    _, trust = s.SecTrustCreateWithCertificates(chain, s.SecPolicyCreateSSL(server, "localhost"), None)
    assert s.SecTrustSetAnchorCertificates(trust, [s.SecCertificate(top.der)]) == 0
    assert extensions.SecTrustSetAllowances(trust, allowed) == 0
    good, error = s.SecTrustEvaluateWithError(trust, None)
    return (0, "") if good else (error.code, str(error))


def test_a_chain_with_key_identifiers_or_without_any_is_good() -> None:
    assert judged()[0] == 0
    assert judged((CA,), ((HOSTS, False),))[0] == 0
    assert judged(ROOT, ((HOSTS, False),))[0] == 0
    assert judged((CA,), ((HOSTS, False), own_id("leaf")))[0] == 0


def test_a_leaf_that_identifies_only_its_own_key_is_refused_with_the_remedy() -> None:
    code, words = judged(leaf=((HOSTS, False), own_id("leaf")))
    assert code == c.errSecInvalidIDLinkage
    assert "issued anew with an authority key identifier" in words
    assert judged(leaf=((HOSTS, False), own_id("leaf")), server=False)[0] == 0, "clients are not held to it"


MY_NAME = [x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")]))]
OTHER_NAME = [x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "other")]))]


@pytest.mark.parametrize(
    ("root", "code"),
    [
        ((CA,), c.errSecInvalidIDLinkage),
        (((x509.BasicConstraints(True, None), False), own_id("root")), c.errSecNoBasicConstraints),
        ((*ROOT, issuer_id("other")), c.errSecInvalidIDLinkage),
        (
            (*ROOT, issuer_id("root", authority_cert_issuer=OTHER_NAME, authority_cert_serial_number=1234)),
            c.errSecInvalidIDLinkage,
        ),
        (
            (*ROOT, issuer_id("root", authority_cert_issuer=MY_NAME, authority_cert_serial_number=9)),
            c.errSecInvalidIDLinkage,
        ),
    ],
)
def test_authorities_of_another_form_pass_by_name_only(root: Any, code: int) -> None:
    found, words = judged(root)
    assert found == code
    assert "issued anew" in words
    assert judged(root, allowed=extensions.kSecTrustAllowV1Authority)[0] == 0
    assert judged(root, allowed=63 & ~extensions.kSecTrustAllowV1Authority)[0] == code


def test_a_root_may_name_itself_as_its_issuer_in_full() -> None:
    full = issuer_id("root", authority_cert_issuer=MY_NAME, authority_cert_serial_number=1234)
    assert judged((*ROOT, full))[0] == 0


def test_a_leaf_that_is_its_own_anchor_is_let_be() -> None:
    alone = build("leaf", None, ((HOSTS, True), own_id("leaf"), (x509.BasicConstraints(True, None), False)))
    certificate = s.SecCertificate(alone.certificate.public_bytes(serialization.Encoding.DER))
    _, trust = s.SecTrustCreateWithCertificates([certificate], s.SecPolicyCreateSSL(True, "localhost"), None)
    s.SecTrustSetAnchorCertificates(trust, [certificate])
    assert s.SecTrustEvaluateWithError(trust, None) == (True, None)


def test_a_common_name_counts_only_where_it_could_be_taken_for_one_of_the_hosts() -> None:
    hosts = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName("www.example.com")])
    for name, code in [
        ("www.example.com", 0),
        ("example.com", 0),
        ("elsewhere.test", 0),
        ("An Example Server v1.0", 0),
        ("WWW.example.com", c.errSecHostNameMismatch),
        ("shop.example.com", c.errSecHostNameMismatch),
        ("xn--nxasmq6b.com", c.errSecHostNameMismatch),
    ]:
        leaf = ((hosts, False), own_id(name), issuer_id("root"))
        assert judged(leaf=leaf, name=name)[0] == code, name


def test_an_underscore_in_an_alternative_name_is_refused_and_said_to_be_one() -> None:
    hosts = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName("my_db.internal")])
    code, words = judged(leaf=((hosts, False), own_id("leaf"), issuer_id("root")))
    assert code == c.errSecUnknownCertExtension
    assert "underscore" in words


def test_an_authority_without_key_cert_sign_as_leaf_passes_under_the_old_option() -> None:
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    top = build("root", None, ROOT)
    below = build("leaf", top, (*LEAF, CA, (usage, True)))
    chain = [s.SecCertificate(below.der)]
    _, trust = s.SecTrustCreateWithCertificates(chain, s.SecPolicyCreateSSL(True, "localhost"), None)
    s.SecTrustSetAnchorCertificates(trust, [s.SecCertificate(top.der)])
    _, error = s.SecTrustEvaluateWithError(trust, None)
    assert error.code == c.errSecNoBasicConstraintsCA
    assert s.SecTrustSetOptions(trust, c.kSecTrustOptionLeafIsCA) == 0
    assert s.SecTrustEvaluateWithError(trust, None) == (True, None)
