"""Certificates say what they hold, identities hold together what belongs together."""

from __future__ import annotations

import pki
import pytest

from securetransport import cf
from securetransport import security as s


@pytest.mark.contract(
    "CFGetTypeID",
    "SecCertificateCopyCommonName",
    "SecCertificateCopyData",
    "SecCertificateCopyEmailAddresses",
    "SecCertificateCopyKey",
    "SecCertificateCopyNormalizedIssuerSequence",
    "SecCertificateCopyNormalizedSubjectSequence",
    "SecCertificateCopyNotValidAfterDate",
    "SecCertificateCopyNotValidBeforeDate",
    "SecCertificateCopyPublicKey",
    "SecCertificateCopySerialNumberData",
    "SecCertificateCopySubjectSummary",
    "SecCertificateCreateWithData",
    "SecCertificateGetTypeID",
)
def test_a_certificate_gives_its_facts() -> None:
    made = pki.leaf()
    certificate = s.SecCertificateCreateWithData(None, made.der)
    assert certificate is not None
    assert s.SecCertificateCopyData(certificate) == made.der
    assert s.SecCertificateCopySubjectSummary(certificate) == "leaf P-256"
    assert s.SecCertificateCopyCommonName(certificate, None) == (0, "leaf P-256")
    assert s.SecCertificateCopyEmailAddresses(certificate, None) == (0, [])
    serial, error = s.SecCertificateCopySerialNumberData(certificate, None)
    assert error is None
    assert serial is not None
    assert int.from_bytes(serial, "big", signed=True) == made.certificate.serial_number
    assert s.SecCertificateCopyNotValidBeforeDate(certificate) == made.certificate.not_valid_before_utc
    assert s.SecCertificateCopyNotValidAfterDate(certificate) == made.certificate.not_valid_after_utc
    status, key = s.SecCertificateCopyPublicKey(certificate, None)
    assert status == 0
    assert key == s.SecCertificateCopyKey(certificate)
    above = s.SecCertificateCreateWithData(None, pki.intermediate().der)
    assert s.SecCertificateCopyNormalizedIssuerSequence(
        certificate
    ) == s.SecCertificateCopyNormalizedSubjectSequence(above)
    assert cf.CFGetTypeID(certificate) == s.SecCertificateGetTypeID()
    assert "leaf P-256" in repr(certificate)


@pytest.mark.contract("SecCertificateCopySerialNumber", "SecKeyGetTypeID")
def test_a_certificates_serial_number_and_key_have_older_names_and_types() -> None:
    certificate = s.SecCertificate(pki.leaf().der)
    number = s.SecCertificateCopySerialNumber(certificate, None)
    assert number == s.SecCertificateCopySerialNumberData(certificate, None)
    assert cf.CFGetTypeID(s.SecCertificateCopyKey(certificate)) == s.SecKeyGetTypeID()


def test_certificates_are_equal_when_their_der_is() -> None:
    one, two = s.SecCertificate(pki.leaf().der), s.SecCertificate(pki.leaf().der)
    assert one == two
    assert cf.CFEqual(one, two)
    assert cf.CFHash(one) == cf.CFHash(two)
    assert not cf.CFEqual(one, s.SecCertificate(pki.root().der))


@pytest.mark.parametrize("data", [b"", b"0", pki.leaf().pem, pki.leaf().der[:-1], pki.leaf().der + b"\0"])
def test_what_is_no_certificate_gives_none(data: bytes) -> None:
    assert s.SecCertificateCreateWithData(None, data) is None


@pytest.mark.contract(
    "SecIdentityCopyCertificate",
    "SecIdentityCopyPrivateKey",
    "SecIdentityCreate",
    "SecIdentityCreateWithCertificate",
    "SecIdentityGetTypeID",
)
def test_an_identity_holds_what_belongs_together() -> None:
    certificate = s.SecCertificate(pki.leaf().der)
    key = s.SecKey.from_pkcs8(pki.key_bytes(pki.leaf().key, pem=False))
    identity = s.SecIdentityCreate(None, certificate, key)
    assert s.SecIdentityCopyCertificate(identity, None) == (0, certificate)
    assert s.SecIdentityCopyPrivateKey(identity, None) == (0, key)
    assert cf.CFGetTypeID(identity) == s.SecIdentityGetTypeID()
    assert s.SecIdentityCreate(None, s.SecCertificate(pki.root().der), key) is None
    assert s.SecIdentityCreate(None, certificate, key.public()) is None
    assert s.SecIdentityCreateWithCertificate(None, certificate, None) == (-25300, None)
    assert s.SecIdentityCreate(None, None, key) is None
    assert s.SecIdentityCopyCertificate(None) == s.SecIdentityCopyPrivateKey(None) == (-50, None)


@pytest.mark.contract("SecRandomCopyBytes")
def test_random_bytes_fill_what_they_are_given() -> None:
    status, data = s.SecRandomCopyBytes(None, 32, None)
    assert (status, len(data)) == (0, 32)
    buffer = bytearray(40)
    assert s.SecRandomCopyBytes(None, 32, buffer) == (0, buffer)
    assert any(buffer[:32])
    assert not any(buffer[32:])
    assert s.SecRandomCopyBytes(None, -1) == (-50, None)
    assert s.SecRandomCopyBytes(None, 41, buffer) == (-50, buffer)
    assert s.SecRandomCopyBytes("other", 1)[0] == -50  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        s.SecRandomCopyBytes(None, 1, b"x")  # type: ignore[arg-type]


@pytest.mark.contract("SecCopyErrorMessageString")
def test_messages_are_sentences_for_known_codes_and_numbers_for_others() -> None:
    expired = s.SecCopyErrorMessageString(-67818, None)
    assert expired is not None
    assert expired.endswith(".")
    assert s.SecCopyErrorMessageString(-123456, None) == "OSStatus -123456"
    with pytest.raises(TypeError):
        s.SecCopyErrorMessageString("x")  # type: ignore[arg-type]
