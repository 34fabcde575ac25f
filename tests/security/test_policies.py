"""Each policy asks for its names, key usages and purposes, and says so in its properties."""

from __future__ import annotations

from typing import Any

import pki
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as Eku

from securetransport import cf, extensions
from securetransport import constants as c
from securetransport import security as s

IKE, IKE_INTERMEDIATE = (
    x509.ObjectIdentifier("1.3.6.1.5.5.7.3.17"),
    x509.ObjectIdentifier("1.3.6.1.5.5.8.2.2"),
)
EAP_PPP, EAP_LAN = (x509.ObjectIdentifier(f"1.3.6.1.5.5.7.3.{last}") for last in (13, 14))
#: The three purposes of IPsec that RFC 4945 section 5.1.3.12 retired.
RETIRED = [x509.ObjectIdentifier(f"1.3.6.1.5.5.7.3.{last}") for last in (5, 6, 7)]
MICROSOFT_SGC = x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.3")
ANY = [Eku.ANY_EXTENDED_KEY_USAGE]
NAME = "vpn.example"


def usage(*names: str) -> x509.KeyUsage:
    fields = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{field: field in names for field in fields})


def verdict(leaf: pki.Made, policy: s.SecPolicy | None) -> int:
    assert policy is not None
    _, trust = s.SecTrustCreateWithCertificates(s.SecCertificate(leaf.der), policy)
    assert trust is not None
    s.SecTrustSetAnchorCertificates(trust, [s.SecCertificate(pki.root().der)])
    ok, error = s.SecTrustEvaluateWithError(trust)
    return 0 if ok else cf.CFErrorGetCode(error)


def made(identifier: str, **properties: Any) -> s.SecPolicy | None:
    names = {"name": c.kSecPolicyName, "client": c.kSecPolicyClient, "flags": c.kSecPolicyRevocationFlags}
    return s.SecPolicyCreateWithProperties(
        identifier, {names[key]: value for key, value in properties.items()}
    )


def leaf(label: str, **fields: Any) -> pki.Made:
    return pki.make(label, pki.root(), **({"hosts": [NAME]} | fields))


PURPOSE, USAGE = c.errSecInvalidExtendedKeyUsage, c.errSecInvalidKeyUsageForPolicy
SERVER, CLIENT, MAIL = [Eku.SERVER_AUTH], [Eku.CLIENT_AUTH], [Eku.EMAIL_PROTECTION]
CASES: list[tuple[str, list[x509.ObjectIdentifier], int]] = [
    (c.kSecPolicyAppleSSLServer, SERVER, 0),
    (c.kSecPolicyAppleSSLServer, CLIENT, PURPOSE),
    (c.kSecPolicyAppleSSLServer, [Eku.ANY_EXTENDED_KEY_USAGE], 0),
    (c.kSecPolicyAppleSSLServer, [x509.ObjectIdentifier("2.16.840.1.113730.4.1")], 0),
    (c.kSecPolicyAppleSSLClient, CLIENT, 0),
    (c.kSecPolicyAppleSSLClient, SERVER, PURPOSE),
    (c.kSecPolicyAppleEAPServer, SERVER, 0),
    (c.kSecPolicyAppleEAPServer, [EAP_LAN], 0),
    (c.kSecPolicyAppleEAPServer, CLIENT, PURPOSE),
    (c.kSecPolicyAppleEAPClient, CLIENT, 0),
    (c.kSecPolicyAppleEAPClient, [EAP_LAN], 0),
    (c.kSecPolicyAppleEAPClient, SERVER, PURPOSE),
    (c.kSecPolicyAppleIPSecServer, [IKE], 0),
    (c.kSecPolicyAppleIPSecServer, [IKE_INTERMEDIATE], 0),
    (c.kSecPolicyAppleIPSecServer, SERVER, 0),
    (c.kSecPolicyAppleIPSecServer, CLIENT, PURPOSE),
    (c.kSecPolicyAppleIPSecClient, [IKE], 0),
    (c.kSecPolicyAppleIPSecClient, CLIENT, 0),
    (c.kSecPolicyAppleIPSecClient, SERVER, PURPOSE),
    (c.kSecPolicyAppleSMIME, MAIL, 0),
    (c.kSecPolicyAppleSMIME, SERVER, PURPOSE),
    (c.kSecPolicyAppleCodeSigning, [Eku.CODE_SIGNING], 0),
    (c.kSecPolicyAppleCodeSigning, [Eku.ANY_EXTENDED_KEY_USAGE], PURPOSE),
    (c.kSecPolicyAppleCodeSigning, [], PURPOSE),
    (c.kSecPolicyAppleTimeStamping, [Eku.TIME_STAMPING], 0),
    (c.kSecPolicyAppleTimeStamping, [], PURPOSE),
    (c.kSecPolicyAppleSSLServer, [], 0),
    (c.kSecPolicyAppleEAPServer, [], 0),
    (c.kSecPolicyAppleIPSecServer, [], 0),
    (c.kSecPolicyAppleX509Basic, CLIENT, 0),
    (c.kSecPolicyAppleSSLServer, [MICROSOFT_SGC], 0),
    (c.kSecPolicyAppleSSLServer, [EAP_LAN], PURPOSE),
    (c.kSecPolicyAppleSSLClient, [MICROSOFT_SGC], PURPOSE),
    (c.kSecPolicyAppleEAPServer, [EAP_PPP], 0),
    (c.kSecPolicyAppleEAPServer, [IKE], PURPOSE),
    (c.kSecPolicyAppleEAPClient, [EAP_PPP], 0),
    (c.kSecPolicyAppleEAPClient, [IKE], PURPOSE),
    (c.kSecPolicyAppleIPSecServer, [EAP_LAN], PURPOSE),
    (c.kSecPolicyAppleIPSecClient, [IKE_INTERMEDIATE], 0),
    (c.kSecPolicyAppleSMIME, CLIENT, PURPOSE),
    (c.kSecPolicyAppleTimeStamping, ANY, PURPOSE),
    *(
        (identifier, ANY, 0)
        for identifier in (
            c.kSecPolicyAppleSSLClient,
            c.kSecPolicyAppleEAPServer,
            c.kSecPolicyAppleEAPClient,
            c.kSecPolicyAppleIPSecServer,
            c.kSecPolicyAppleIPSecClient,
            c.kSecPolicyAppleSMIME,
        )
    ),
    *((c.kSecPolicyAppleIPSecServer, [oid], 0) for oid in RETIRED),
    *((c.kSecPolicyAppleIPSecClient, [oid], 0) for oid in RETIRED),
]


@pytest.mark.parametrize(("identifier", "purposes", "code"), CASES)
def test_extended_key_usage_has_to_name_the_purpose(
    identifier: str, purposes: list[x509.ObjectIdentifier], code: int
) -> None:
    label = f"purposes {[oid.dotted_string for oid in purposes]}"
    assert verdict(leaf(label, purposes=purposes), made(identifier)) == code


USAGES: list[tuple[str, tuple[str, ...], int]] = [
    (c.kSecPolicyAppleSSLServer, ("digital_signature",), 0),
    (c.kSecPolicyAppleSSLServer, ("key_encipherment",), 0),
    (c.kSecPolicyAppleSSLServer, ("content_commitment",), USAGE),
    (c.kSecPolicyAppleSSLClient, ("digital_signature",), 0),
    (c.kSecPolicyAppleSSLClient, ("key_encipherment",), USAGE),
    (c.kSecPolicyAppleEAPServer, ("key_encipherment",), 0),
    (c.kSecPolicyAppleEAPServer, ("crl_sign",), USAGE),
    (c.kSecPolicyAppleEAPClient, ("key_encipherment",), USAGE),
    (c.kSecPolicyAppleIPSecServer, ("content_commitment",), 0),
    (c.kSecPolicyAppleIPSecServer, ("digital_signature",), 0),
    (c.kSecPolicyAppleIPSecServer, ("key_encipherment",), USAGE),
    (c.kSecPolicyAppleIPSecClient, ("key_encipherment",), USAGE),
    (c.kSecPolicyAppleX509Basic, ("crl_sign",), 0),
    *(
        (identifier, ("key_agreement",), code)
        for identifier, code in (
            (c.kSecPolicyAppleSSLServer, 0),
            (c.kSecPolicyAppleSSLClient, 0),
            (c.kSecPolicyAppleEAPServer, 0),
            (c.kSecPolicyAppleEAPClient, 0),
            (c.kSecPolicyAppleIPSecServer, USAGE),
            (c.kSecPolicyAppleSMIME, 0),
        )
    ),
    (c.kSecPolicyAppleIPSecClient, ("content_commitment",), 0),
    (c.kSecPolicyAppleSMIME, ("key_encipherment",), 0),
    (c.kSecPolicyAppleSMIME, ("crl_sign",), USAGE),
]


@pytest.mark.parametrize(("identifier", "usages", "code"), USAGES)
def test_key_usage_has_to_allow_the_purpose(identifier: str, usages: tuple[str, ...], code: int) -> None:
    certificate = leaf(f"usages {usages}", purposes=[Eku.ANY_EXTENDED_KEY_USAGE], usage=usage(*usages))
    assert verdict(certificate, made(identifier)) == code


MISMATCH = c.errSecHostNameMismatch
MAILBOX = x509.SubjectAlternativeName([x509.RFC822Name("jo@example.org"), x509.DNSName(NAME)])


@pytest.mark.parametrize(
    ("identifier", "name", "code"),
    [
        (c.kSecPolicyAppleSSLServer, NAME, 0),
        (c.kSecPolicyAppleSSLServer, "jo@example.org", MISMATCH),
        (c.kSecPolicyAppleEAPServer, NAME, 0),
        (c.kSecPolicyAppleEAPServer, ["other.example", NAME], 0),
        (c.kSecPolicyAppleEAPServer, ["other.example"], MISMATCH),
        (c.kSecPolicyAppleEAPClient, "jo@example.org", 0),
        (c.kSecPolicyAppleEAPClient, "Jo@example.org", MISMATCH),
        (c.kSecPolicyAppleEAPClient, "jo@EXAMPLE.org", 0),
        (c.kSecPolicyAppleIPSecServer, NAME, 0),
        (c.kSecPolicyAppleIPSecServer, "other.example", MISMATCH),
        (c.kSecPolicyAppleIPSecClient, "jo@example.org", 0),
        (c.kSecPolicyAppleIPSecClient, "jo@other.example", MISMATCH),
        (c.kSecPolicyAppleIPSecServer, "jo@example.org", 0),
        (c.kSecPolicyAppleEAPServer, "jo@example.org", MISMATCH),
        (c.kSecPolicyAppleEAPClient, NAME, 0),
        (c.kSecPolicyAppleEAPClient, "other.example", MISMATCH),
        (c.kSecPolicyAppleSMIME, "jo@example.org", 0),
        (c.kSecPolicyAppleSMIME, NAME, MISMATCH),
    ],
)
def test_one_of_the_names_has_to_be_in_the_certificate(identifier: str, name: Any, code: int) -> None:
    everything = [Eku.ANY_EXTENDED_KEY_USAGE]
    certificate = leaf("named", hosts=[], purposes=everything, extensions=[(MAILBOX, False)])
    assert verdict(certificate, made(identifier, name=name)) == code


def test_keys_and_hashes_of_today_are_asked_of_servers_of_tls_and_eap_alone() -> None:
    small = leaf("small", kind="RSA-1024", purposes=ANY)
    for identifier, code in [
        (c.kSecPolicyAppleSSLServer, c.errSecUnsupportedKeySize),
        (c.kSecPolicyAppleEAPServer, c.errSecUnsupportedKeySize),
        (c.kSecPolicyAppleSSLClient, 0),
        (c.kSecPolicyAppleEAPClient, 0),
        (c.kSecPolicyAppleIPSecServer, 0),
        (c.kSecPolicyAppleSMIME, 0),
    ]:
        assert verdict(small, made(identifier)) == code, identifier


def test_purposes_bind_the_authorities_in_between() -> None:
    for purposes, code in [([Eku.CLIENT_AUTH], PURPOSE), ([Eku.SERVER_AUTH], 0)]:
        above = pki.make(f"authority {code}", pki.root(), ca=True, purposes=purposes)
        below = pki.make(f"below {code}", above, hosts=[NAME])
        chain = [s.SecCertificate(item.der) for item in (below, above)]
        _, trust = s.SecTrustCreateWithCertificates(chain, s.SecPolicyCreateSSL(True, NAME))
        s.SecTrustSetAnchorCertificates(trust, [s.SecCertificate(pki.root().der)])
        ok, error = s.SecTrustEvaluateWithError(trust)
        assert (0 if ok else cf.CFErrorGetCode(error)) == code


# --- properties ---------------------------------------------------------------------------------------------


@pytest.mark.contract(
    "SecPolicyCopyProperties",
    "SecPolicyCreateBasicX509",
    "SecPolicyCreateRevocation",
    "SecPolicyCreateWithProperties",
)
def test_policies_say_what_they_are() -> None:
    copy = s.SecPolicyCopyProperties
    assert copy(s.SecPolicyCreateBasicX509()) == {c.kSecPolicyOid: c.kSecPolicyAppleX509Basic}
    assert copy(s.SecPolicyCreateSSL(True, "a.example")) == {
        c.kSecPolicyOid: c.kSecPolicyAppleSSLServer,
        c.kSecPolicyName: "a.example",
    }
    assert copy(s.SecPolicyCreateSSL(False, None)) == {
        c.kSecPolicyOid: c.kSecPolicyAppleSSLClient,
        c.kSecPolicyClient: True,
    }
    assert copy(made(c.kSecPolicyAppleEAP, name=["a", "b"])) == {
        c.kSecPolicyOid: c.kSecPolicyAppleEAPServer,
        c.kSecPolicyName: ["a", "b"],
    }
    assert copy(s.SecPolicyCreateRevocation(c.kSecRevocationUseAnyAvailableMethod)) == {
        c.kSecPolicyOid: c.kSecPolicyAppleRevocation,
        c.kSecPolicyRevocationFlags: 3,
    }
    assert copy(None) is None


def test_identifiers_with_a_side_win_over_the_client_flag() -> None:
    for identifier, client, server in [
        (c.kSecPolicyAppleSSL, True, False),
        (c.kSecPolicyAppleSSL, False, True),
        (c.kSecPolicyAppleSSLServer, True, True),
        (c.kSecPolicyAppleIPSecClient, False, False),
        (c.kSecPolicyAppleIPsec, True, False),
        (c.kSecPolicyAppleEAP, True, False),
    ]:
        policy = made(identifier, client=client)
        assert policy is not None
        assert policy.server is server


def test_what_is_no_policy_is_none() -> None:
    assert made("1.2.3") is None
    assert made(c.kSecPolicyAppleSSL, name=["list"]) is None
    assert made(c.kSecPolicyAppleSSL, name=7) is None
    assert made(c.kSecPolicyAppleEAP, name=["a", 7]) is None
    assert made(c.kSecPolicyAppleRevocation) is None
    assert made(c.kSecPolicyAppleRevocation, flags=0) is None
    assert made(c.kSecPolicyAppleRevocation, flags=1) == s.SecPolicyCreateRevocation(1)
    assert s.SecPolicyCreateWithProperties(None, {}) is None
    assert s.SecPolicyCreateSSL(True, "\ud800") is None
    assert s.SecPolicyCreateSSL(True, "b\u00fccher.example") == s.SecPolicyCreateSSL(
        True, "xn--bcher-kva.example"
    )
    with pytest.raises(TypeError):
        s.SecPolicyCreateSSL(True, 7)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        s.SecPolicyCreateWithProperties(7, {})  # type: ignore[arg-type]


@pytest.mark.contract("CFHash", "SecPolicyGetTypeID")
def test_policies_are_values() -> None:
    one, two = s.SecPolicyCreateSSL(True, NAME), s.SecPolicyCreateSSL(True, NAME)
    assert one == two
    assert cf.CFHash(one) == cf.CFHash(two)
    assert cf.CFEqual(one, two)
    assert one != s.SecPolicyCreateSSL(False, NAME)
    assert cf.CFGetTypeID(one) == s.SecPolicyGetTypeID()
    assert NAME in repr(one)


# --- qualified websites -------------------------------------------------------------------------------------


def oid(text: str) -> bytes:
    first, second, *rest = map(int, text.split("."))
    encoded = bytes([40 * first + second])
    for arc in rest:
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | arc & 0x7F)
        encoded += bytes(reversed(digits))
    return pki.tlv(0x06, encoded)


COMPLIANCE, TYPE, WEB, SEAL = "0.4.0.1862.1.1", "0.4.0.1862.1.6", "0.4.0.1862.1.6.3", "0.4.0.1862.1.6.2"


def statements(*, compliance: bool = True, types: list[str] | None = None) -> tuple[x509.ExtensionType, bool]:
    listed = [pki.tlv(0x30, oid(COMPLIANCE))] if compliance else []
    if types is not None:
        listed.append(pki.tlv(0x30, oid(TYPE), pki.tlv(0x30, *map(oid, types))))
    value = pki.tlv(0x30, *listed)
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"), value), False


@pytest.mark.parametrize(
    ("extension", "found", "qualified"),
    [
        (None, [], False),
        (statements(types=[WEB]), [COMPLIANCE, TYPE], True),
        (statements(types=[SEAL, WEB]), [COMPLIANCE, TYPE], True),
        (statements(types=[SEAL]), [COMPLIANCE, TYPE], False),
        (statements(), [COMPLIANCE], False),
        (statements(compliance=False, types=[WEB]), [TYPE], False),
    ],
)
def test_qualified_statements_are_reported_and_asked_for(
    extension: Any, found: list[str], qualified: bool
) -> None:
    certificate = leaf(f"qualified {found}{qualified}", extensions=[extension] if extension else [])
    ordinary = s.SecPolicyCreateSSL(True, NAME)
    assert verdict(certificate, ordinary) == 0
    _, trust = s.SecTrustCreateWithCertificates(s.SecCertificate(certificate.der), ordinary)
    s.SecTrustSetAnchorCertificates(trust, [s.SecCertificate(pki.root().der)])
    result = s.SecTrustCopyResult(trust)
    assert result is not None
    assert result[c.kSecTrustQCStatements] == found
    assert result[c.kSecTrustQWACValidation] is qualified
    assert result[c.kSecTrustResultValue] == c.kSecTrustResultUnspecified
    wanted = extensions.SecPolicyCreateQualifiedWebsite(NAME)
    assert verdict(certificate, wanted) == (0 if qualified else c.errSecMissingQualifiedCertStatement)


def test_a_chain_that_is_not_good_is_not_validated_as_qualified() -> None:
    certificate = leaf("qualified but elsewhere", extensions=[statements(types=[WEB])])
    _, trust = s.SecTrustCreateWithCertificates(
        s.SecCertificate(certificate.der), s.SecPolicyCreateSSL(True, "other.example")
    )
    s.SecTrustSetAnchorCertificates(trust, [s.SecCertificate(pki.root().der)])
    assert s.SecTrustCopyResult(trust)[c.kSecTrustQWACValidation] is False  # type: ignore[index]


def test_the_result_lists_failed_checks_for_each_certificate() -> None:
    certificate = leaf("elsewhere")
    _, trust = s.SecTrustCreateWithCertificates(
        s.SecCertificate(certificate.der), s.SecPolicyCreateSSL(True, "other.example")
    )
    s.SecTrustSetAnchorCertificates(trust, [s.SecCertificate(pki.root().der)])
    s.SecTrustSetVerifyDate(trust, pki.NOW)
    result = s.SecTrustCopyResult(trust)
    assert result is not None
    assert result[c.kSecTrustEvaluationDate] == pki.NOW
    assert result[c.kSecTrustResultValue] == c.kSecTrustResultRecoverableTrustFailure
    assert result["TrustResultDetails"] == [{"SSLHostname": False}, {}]
    assert s.SecTrustCopyResult(None) is None
