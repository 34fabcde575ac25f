"""Certificates that were taken back are refused, and only by who may take them back."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import cache
from typing import Any

import pki
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from securetransport import cf, extensions
from securetransport import constants as c
from securetransport import security as s

DER = serialization.Encoding.DER
HOUR = datetime.timedelta(hours=1)
GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN


def trust(leaf: pki.Made | None = None, *policies: s.SecPolicy | None) -> s.SecTrust:
    chain = [s.SecCertificate(made.der) for made in (leaf or pki.leaf(), pki.intermediate())]
    status, made = s.SecTrustCreateWithCertificates(chain, [s.SecPolicyCreateSSL(True, None), *policies])
    assert status == 0
    assert made is not None
    s.SecTrustSetAnchorCertificates(made, [s.SecCertificate(pki.root().der)])
    return made


def response(
    status: Any = GOOD,
    *,
    leaf: pki.Made | None = None,
    issuer: pki.Made | None = None,
    signer: pki.Made | None = None,
    include: Sequence[pki.Made] = (),
    start: datetime.datetime | None = None,
    end: datetime.datetime | None = None,
    digest: Any = None,
    by_name: bool = False,
    forever: bool = False,
) -> bytes:
    issuer = issuer or pki.intermediate()
    signer = signer or issuer
    encoding = ocsp.OCSPResponderEncoding.NAME if by_name else ocsp.OCSPResponderEncoding.HASH
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=(leaf or pki.leaf()).certificate,
        issuer=issuer.certificate,
        algorithm=digest or hashes.SHA1(),
        cert_status=status,
        this_update=start or pki.NOW - HOUR,
        next_update=None if forever else (end or pki.NOW + HOUR),
        revocation_time=pki.NOW - 2 * HOUR if status is REVOKED else None,
        revocation_reason=x509.ReasonFlags.key_compromise if status is REVOKED else None,
    )
    builder = builder.responder_id(encoding, signer.certificate)
    if include:
        builder = builder.certificates([made.certificate for made in include])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(DER)


@cache
def responder(issuer: str = "intermediate", purpose: bool = True, old: bool = False) -> pki.Made:
    purposes = [ExtendedKeyUsageOID.OCSP_SIGNING if purpose else ExtendedKeyUsageOID.SERVER_AUTH]
    end = pki.NOW - HOUR if old else None
    above = pki.intermediate() if issuer == "intermediate" else pki.root()
    return pki.make(f"responder {issuer} {purpose} {old}", above, purposes=purposes, end=end)


def judged(made: s.SecTrust) -> int:
    ok, error = s.SecTrustEvaluateWithError(made, None)
    return 0 if ok else cf.CFErrorGetCode(error)


def stapled(*responses: bytes, required: bool = False) -> int:
    flags = c.kSecRevocationOCSPMethod | c.kSecRevocationRequirePositiveResponse
    made = trust(None, *([s.SecPolicyCreateRevocation(flags)] if required else []))
    assert s.SecTrustSetOCSPResponse(made, list(responses) if len(responses) != 1 else responses[0]) == 0
    return judged(made)


@pytest.mark.parametrize("digest", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
@pytest.mark.parametrize("by_name", [True, False])
def test_a_stapled_response_of_the_issuer_decides(digest: Any, by_name: bool) -> None:
    form = {"digest": digest, "by_name": by_name}
    assert stapled(response(**form), required=True) == 0
    assert stapled(response(REVOKED, **form)) == c.errSecCertificateRevoked
    assert stapled(response(UNKNOWN, **form)) == 0
    assert stapled(response(UNKNOWN, **form), required=True) == c.errSecIncompleteCertRevocationCheck


def test_a_responder_of_the_issuer_decides_and_no_other() -> None:
    good = responder()
    assert stapled(response(signer=good, include=[good]), required=True) == 0
    assert stapled(response(REVOKED, signer=good, include=[good])) == c.errSecCertificateRevoked
    for bad in (responder("root"), responder(purpose=False), responder(old=True), pki.make("stranger")):
        assert stapled(response(REVOKED, signer=bad, include=[bad])) == 0
        assert stapled(response(signer=bad, include=[bad]), required=True) == (
            c.errSecIncompleteCertRevocationCheck
        )
    assert stapled(response(REVOKED, signer=good)) == 0, "its certificate is not at hand"
    # It says that the issuer made it, but another key did.
    pretender = pki.Made(pki.intermediate().certificate, pki.key("P-256", 4321))
    forged = pki.make("forged responder", pretender, purposes=[ExtendedKeyUsageOID.OCSP_SIGNING])
    assert stapled(response(signer=forged, include=[forged]), required=True) == (
        c.errSecIncompleteCertRevocationCheck
    )


def test_a_response_counts_while_it_is_fresh_and_for_its_own_certificate() -> None:
    required = c.errSecIncompleteCertRevocationCheck
    stale = response(end=pki.NOW - HOUR, start=pki.NOW - 2 * HOUR)
    early = response(start=pki.NOW + 2 * HOUR, end=pki.NOW + 3 * HOUR)
    other = response(leaf=pki.leaf("P-384"))
    for useless in (stale, early, other, b"", b"junk", response()[:-1]):
        assert stapled(useless, required=True) == required
        assert stapled(useless) == 0
    assert stapled(response(forever=True), required=True) == 0
    assert stapled(response(forever=True, start=pki.NOW - 8 * pki.DAY), required=True) == required
    assert stapled(stale, other, response(), required=True) == 0


def together(*responses: bytes) -> bytes:
    """One response of the issuer with the answers of several."""
    signed = [ocsp.load_der_ocsp_response(der).tbs_response_bytes for der in responses]
    identity, produced, _ = pki.elements(pki.content(signed[0]))
    answers = [pki.content(pki.elements(pki.content(one))[2]) for one in signed]
    data = pki.tlv(0x30, identity, produced, pki.tlv(0x30, *answers))
    key = pki.intermediate().key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")  # ECDSA with SHA-256
    signature = pki.tlv(3, b"\0", key.sign(data, ec.ECDSA(hashes.SHA256())))
    basic = pki.tlv(4, pki.tlv(0x30, data, algorithm, signature))
    kind = bytes.fromhex("06092b0601050507300101")
    return pki.tlv(0x30, b"\x0a\1\0", pki.tlv(0xA0, pki.tlv(0x30, kind, basic)))


def test_of_several_answers_in_one_response_a_revocation_counts_wherever_it_stands() -> None:
    good, gone, unknown = response(), response(REVOKED), response(UNKNOWN)
    stale = response(end=pki.NOW - HOUR, start=pki.NOW - 2 * HOUR)
    assert stapled(together(good), required=True) == 0
    for before in (good, unknown, stale):
        for answers in ((before, gone), (gone, before)):
            assert stapled(together(*answers)) == c.errSecCertificateRevoked
    for answers in ((good, good), (stale, good), (good, stale)):
        assert stapled(together(*answers), required=True) == 0
    for answers in ((unknown, good), (good, unknown), (unknown, stale)):
        assert stapled(together(*answers), required=True) == c.errSecIncompleteCertRevocationCheck


def test_one_revocation_outweighs_any_number_of_good_answers() -> None:
    assert stapled(response(), response(REVOKED), response()) == c.errSecCertificateRevoked


@given(st.data())
@settings(max_examples=60)
def test_no_change_to_a_response_makes_it_say_something_else(data: st.DataObject) -> None:
    whole = bytearray(revoked_response())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    # Either it is still the issuer's word, or it is nobody's: never a good answer.
    assert stapled(bytes(whole), required=True) in (
        c.errSecCertificateRevoked,
        c.errSecIncompleteCertRevocationCheck,
    )


@cache
def revoked_response() -> bytes:
    return response(REVOKED)


@pytest.mark.contract("SecTrustCopyResult", "SecTrustSetOCSPResponse")
def test_a_revoked_certificate_is_fatal_and_says_when() -> None:
    made = trust()
    s.SecTrustSetOCSPResponse(made, response(REVOKED))
    assert s.SecTrustEvaluate(made) == (0, c.kSecTrustResultFatalTrustFailure)
    _, error = s.SecTrustEvaluateWithError(made)
    assert "was revoked by its issuer on" in str(error)
    assert s.SecTrustCopyResult(made)[c.kSecTrustRevocationChecked] is True  # type: ignore[index]


def test_the_result_says_until_when_the_answer_holds() -> None:
    made = trust()
    plain = s.SecTrustCopyResult(made)
    assert plain is not None
    assert c.kSecTrustRevocationChecked not in plain
    assert c.kSecTrustRevocationValidUntilDate not in plain
    s.SecTrustSetOCSPResponse(made, response())
    found = s.SecTrustCopyResult(made)
    assert found is not None
    assert found[c.kSecTrustRevocationChecked] is True
    assert found[c.kSecTrustRevocationValidUntilDate] == pki.NOW + HOUR
    assert s.SecTrustSetOCSPResponse(made, None) == 0
    assert c.kSecTrustRevocationChecked not in (s.SecTrustCopyResult(made) or {})


# --- lists --------------------------------------------------------------------------------------------------


def crl(
    *serials: int,
    issuer: pki.Made | None = None,
    signer: pki.Made | None = None,
    start: datetime.datetime | None = None,
    end: datetime.datetime | None = None,
    reason: x509.ReasonFlags | None = None,
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    number: bool = True,
    entry: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    issuer = issuer or pki.intermediate()
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(start or pki.NOW - HOUR)
        .next_update(end or pki.NOW + HOUR)
    )
    if number:
        builder = builder.add_extension(x509.CRLNumber(7), critical=False)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical)
    for serial in serials:
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(pki.NOW - HOUR)
        if reason is not None:
            revoked = revoked.add_extension(x509.CRLReason(reason), critical=False)
        for extension, critical in entry:
            revoked = revoked.add_extension(extension, critical)
        builder = builder.add_revoked_certificate(revoked.build())
    return builder.sign((signer or issuer).key, hashes.SHA256()).public_bytes(DER)


def serial(made: pki.Made) -> int:
    return made.certificate.serial_number


def listed(*crls: bytes, required: bool = False, leaf: pki.Made | None = None) -> int:
    flags = c.kSecRevocationCRLMethod | c.kSecRevocationRequirePositiveResponse
    policies = [s.SecPolicyCreateRevocation(flags)] if required else []
    made = trust(leaf, *policies)
    assert extensions.SecTrustSetCRLs(made, crls) == 0
    return judged(made)


def point(**fields: Any) -> x509.IssuingDistributionPoint:
    values: dict[str, Any] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(values | fields))


def test_a_list_of_the_issuer_decides() -> None:
    leaf, above = pki.leaf(), pki.intermediate()
    assert listed(crl(serial(leaf))) == c.errSecCertificateRevoked
    assert listed(crl(1, 2, 3), required=True) == 0
    assert listed(crl(), required=True) == 0
    assert listed(crl(serial(above), issuer=pki.root())) == c.errSecCertificateRevoked
    assert listed(crl(serial(leaf), issuer=pki.root())) == 0, "another issuer's serial number"
    assert listed(crl(), crl(serial(leaf))) == c.errSecCertificateRevoked


def test_a_list_counts_while_it_is_fresh_signed_by_the_issuer_and_in_scope() -> None:
    missing = c.errSecIncompleteCertRevocationCheck
    number = serial(pki.leaf())
    for useless in (
        crl(number, end=pki.NOW - HOUR, start=pki.NOW - 2 * HOUR),
        crl(number, start=pki.NOW + HOUR, end=pki.NOW + 2 * HOUR),
        crl(number, signer=pki.make("stranger")),
        crl(number, extra=[(point(only_contains_ca_certs=True), True)]),
        crl(number, extra=[(point(only_contains_attribute_certs=True), True)]),
        crl(number, extra=[(point(indirect_crl=True), True)]),
        crl(number, extra=[(x509.DeltaCRLIndicator(6), True)]),
        crl(number, extra=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\0"), True)]),
        crl(number, entry=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\0"), True)]),
    ):
        assert listed(useless) == 0
        assert listed(useless, required=True) == missing
    assert listed(required=True) == missing
    assert listed(crl(number, extra=[(point(only_contains_user_certs=True), True)])) == (
        c.errSecCertificateRevoked
    )
    removed = crl(number, reason=x509.ReasonFlags.remove_from_crl)
    assert listed(removed) == 0
    assert listed(crl(number, reason=x509.ReasonFlags.key_compromise)) == c.errSecCertificateRevoked


def test_a_list_for_some_reasons_or_one_point_says_nothing_by_silence() -> None:
    missing = c.errSecIncompleteCertRevocationCheck
    some = [(point(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise])), True)]
    assert listed(crl(extra=some), required=True) == missing
    assert listed(crl(serial(pki.leaf()), extra=some)) == c.errSecCertificateRevoked
    name = [x509.UniformResourceIdentifier("http://crl.example/7.crl")]
    shard = [(point(full_name=name), True)]
    assert listed(crl(extra=shard), required=True) == missing
    distribution = x509.CRLDistributionPoints([x509.DistributionPoint(name, None, None, None)])
    leaf = pki.make("pointed", pki.intermediate(), hosts=["localhost"], extensions=[(distribution, False)])
    assert listed(crl(extra=shard), required=True, leaf=leaf) == 0
    assert listed(crl(serial(leaf), extra=shard), leaf=leaf) == c.errSecCertificateRevoked


def test_a_point_counts_by_its_own_name_for_all_reasons() -> None:
    name = [x509.UniformResourceIdentifier("http://crl.example/7.crl")]
    other = [x509.UniformResourceIdentifier("http://crl.example/8.crl")]
    directory = [x509.DirectoryName(pki.intermediate().certificate.subject)]
    compromise = frozenset([x509.ReasonFlags.key_compromise])
    missing = c.errSecIncompleteCertRevocationCheck
    for label, points, of_list, code in [
        ("second", [(other, None, None), (name, None, None)], name, 0),
        ("another", [(other, None, None)], name, missing),
        ("for some reasons", [(name, compromise, None)], name, missing),
        ("issuer beside a name", [(other, None, directory)], directory, missing),
        ("issuer alone", [(None, None, directory)], directory, 0),
        ("relative", [], name, missing),
    ]:
        listed_points = [x509.DistributionPoint(full, None, reasons, of) for full, reasons, of in points]
        if label == "relative":
            relative = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "7")])
            listed_points = [x509.DistributionPoint(None, relative, None, None)]
        extension = x509.CRLDistributionPoints(listed_points)
        leaf = pki.make(
            f"pointed {label}", pki.intermediate(), hosts=["localhost"], extensions=[(extension, False)]
        )
        shard = crl(extra=[(point(full_name=of_list), True)])
        assert listed(shard, required=True, leaf=leaf) == code, label
        named = crl(serial(leaf), extra=[(point(full_name=of_list), True)])
        assert listed(named, leaf=leaf) == c.errSecCertificateRevoked, label


def test_an_issuer_whose_key_may_not_sign_lists_vouches_for_nothing_by_them() -> None:
    def usage(crl_sign: bool) -> x509.KeyUsage:
        return x509.KeyUsage(False, False, False, False, False, True, crl_sign, False, False)

    flags = c.kSecRevocationCRLMethod | c.kSecRevocationRequirePositiveResponse
    for may, code in [(True, 0), (False, c.errSecIncompleteCertRevocationCheck)]:
        issuer = pki.make(f"signs lists {may}", pki.root(), ca=True, usage=usage(may))
        leaf = pki.make(f"below {may}", issuer, hosts=["localhost"])
        chain = [s.SecCertificate(made.der) for made in (leaf, issuer)]
        policies = [s.SecPolicyCreateBasicX509(), s.SecPolicyCreateRevocation(flags)]
        _, made = s.SecTrustCreateWithCertificates(chain, policies)
        assert made is not None
        s.SecTrustSetAnchorCertificates(made, [s.SecCertificate(pki.root().der)])
        assert extensions.SecTrustSetCRLs(made, [crl(issuer=issuer)]) == 0
        assert judged(made) == code
        assert extensions.SecTrustSetCRLs(made, [crl(serial(leaf), issuer=issuer)]) == 0
        assert judged(made) == c.errSecCertificateRevoked, "it is the issuer's key that says so"


@pytest.mark.parametrize("first", [True, False])
def test_a_revocation_is_not_hidden_by_another_certificate_of_the_issuer(first: bool) -> None:
    """The peer chooses which one is shown: also one whose key usage does not speak of lists."""

    def usage(crl_sign: bool) -> x509.KeyUsage:
        return x509.KeyUsage(False, False, False, False, False, True, crl_sign, False, False)

    issuers = [pki.make("crossed", pki.root(), ca=True, usage=usage(may)) for may in (first, not first)]
    leaf = pki.make("below crossed", issuers[0], hosts=["localhost"])
    chain = [s.SecCertificate(made.der) for made in (leaf, *issuers)]
    _, made = s.SecTrustCreateWithCertificates(chain, s.SecPolicyCreateSSL(True, "localhost"))
    assert made is not None
    s.SecTrustSetAnchorCertificates(made, [s.SecCertificate(pki.root().der)])
    assert judged(made) == 0
    assert extensions.SecTrustSetCRLs(made, [crl(serial(leaf), issuer=issuers[0])]) == 0
    assert judged(made) == c.errSecCertificateRevoked


def test_a_responder_that_its_issuer_has_taken_back_answers_nothing() -> None:
    made = responder()
    flags = c.kSecRevocationOCSPMethod | c.kSecRevocationRequirePositiveResponse
    judging = trust(None, s.SecPolicyCreateRevocation(flags))
    s.SecTrustSetOCSPResponse(judging, response(signer=made, include=[made]))
    assert judged(judging) == 0
    for crls, code in [
        ([crl()], 0),
        ([crl(serial(made), signer=pki.root())], 0),
        ([crl(serial(made))], c.errSecIncompleteCertRevocationCheck),
    ]:
        assert extensions.SecTrustSetCRLs(judging, crls) == 0
        assert judged(judging) == code


def over_md5(der: bytes, signed: bytes, key: Any) -> bytes:
    """The same response or list, signed over MD5 instead of SHA-256."""
    size = key.key_size // 8
    oid = bytes.fromhex("2a864886f70d0101")
    before = oid + b"\x0b"
    signed = signed.replace(before, oid + b"\x04")
    signature = key.sign(signed, padding.PKCS1v15(), hashes.MD5())
    at = der.rindex(before)
    old = der[at:].find(b"\x03\x82") + at + 5
    whole = der[:old] + signature + der[old + size :]
    return whole.replace(before, oid + b"\x04")


def test_md5_vouches_for_nothing() -> None:
    issuer = pki.make("over MD5", pki.root(), kind="RSA-2048", ca=True)
    leaf = pki.make("below MD5", issuer, hosts=["localhost"])
    chain = [s.SecCertificate(made.der) for made in (leaf, issuer)]
    policies = [
        s.SecPolicyCreateBasicX509(),
        s.SecPolicyCreateRevocation(c.kSecRevocationRequirePositiveResponse | 3),
    ]
    for status, code in [
        (GOOD, c.errSecIncompleteCertRevocationCheck),
        (REVOKED, c.errSecCertificateRevoked),
    ]:
        answer = response(status, leaf=leaf, issuer=issuer)
        forged = over_md5(answer, ocsp.load_der_ocsp_response(answer).tbs_response_bytes, issuer.key)
        numbers = [serial(leaf)] if status is REVOKED else []
        list_ = crl(*numbers, issuer=issuer)
        list_forged = over_md5(list_, x509.load_der_x509_crl(list_).tbs_certlist_bytes, issuer.key)
        good = 0 if status is GOOD else code
        for responses, crls, expected in [
            ([answer], [], good),
            ([forged], [], code),
            ([], [list_], good),
            ([], [list_forged], code),
        ]:
            _, made = s.SecTrustCreateWithCertificates(chain, policies)
            assert made is not None
            s.SecTrustSetAnchorCertificates(made, [s.SecCertificate(pki.root().der)])
            s.SecTrustSetOCSPResponse(made, responses)
            assert extensions.SecTrustSetCRLs(made, crls) == 0
            assert judged(made) == expected


def test_a_list_without_the_number_that_belongs_to_its_kind_revokes_but_vouches_for_nothing() -> None:
    number = serial(pki.leaf())
    of_issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(pki.intermediate().key.public_key())
    for extra in ([(of_issuer, False)], [(x509.CRLNumber(7), True)]):
        assert listed(crl(number, number=False, extra=extra)) == c.errSecCertificateRevoked
        unlisted = listed(crl(1, number=False, extra=extra), required=True)
        assert unlisted == c.errSecIncompleteCertRevocationCheck
    assert listed(crl(1, number=False), required=True) == 0, "a bare list of old"
    assert listed(crl(1, extra=[(of_issuer, False)]), required=True) == 0


def test_the_policy_chooses_between_the_methods() -> None:
    number = serial(pki.leaf())
    for flags, code in [
        (c.kSecRevocationOCSPMethod, 0),
        (c.kSecRevocationCRLMethod, c.errSecCertificateRevoked),
        (c.kSecRevocationUseAnyAvailableMethod, c.errSecCertificateRevoked),
    ]:
        made = trust(None, s.SecPolicyCreateRevocation(flags))
        extensions.SecTrustSetCRLs(made, [crl(number)])
        assert judged(made) == code
    made = trust(None, s.SecPolicyCreateRevocation(c.kSecRevocationCRLMethod))
    s.SecTrustSetOCSPResponse(made, response(REVOKED))
    assert judged(made) == 0


def test_every_certificate_can_be_asked_about() -> None:
    made = trust()
    s.SecTrustSetOptions(made, c.kSecTrustOptionRequireRevPerCert)
    extensions.SecTrustSetCRLs(made, [crl()])
    assert judged(made) == c.errSecIncompleteCertRevocationCheck
    extensions.SecTrustSetCRLs(made, [crl(), crl(issuer=pki.root())])
    assert judged(made) == 0


def test_what_is_no_list_changes_nothing() -> None:
    made = trust()
    assert extensions.SecTrustSetCRLs(made, [crl(serial(pki.leaf()))]) == 0
    for bad in ([b""], [b"junk"], [crl()[:-1]], [crl(), pki.leaf().der]):
        assert extensions.SecTrustSetCRLs(made, bad) == c.errSecDecode
    assert judged(made) == c.errSecCertificateRevoked
    assert extensions.SecTrustSetCRLs(made, None) == 0
    assert judged(made) == 0
    assert extensions.SecTrustSetCRLs(None, []) == c.errSecParam
    with pytest.raises(TypeError):
        extensions.SecTrustSetCRLs(made, ["text"])  # type: ignore[list-item]


@given(st.data())
@settings(max_examples=60)
def test_no_change_to_a_list_makes_it_clear_a_certificate(data: st.DataObject) -> None:
    whole = bytearray(revoking_list())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    flags = c.kSecRevocationCRLMethod | c.kSecRevocationRequirePositiveResponse
    made = trust(None, s.SecPolicyCreateRevocation(flags))
    if extensions.SecTrustSetCRLs(made, [bytes(whole)]) == 0:
        assert judged(made) in (c.errSecCertificateRevoked, c.errSecIncompleteCertRevocationCheck)


@cache
def revoking_list() -> bytes:
    return crl(serial(pki.leaf()))


def test_many_useless_lists_and_responses_cost_bounded_work_and_hide_nothing() -> None:
    made = trust()
    forged = [crl(serial(pki.leaf()), signer=pki.make(f"forger {i}")) for i in range(4)] * 100
    extensions.SecTrustSetCRLs(made, forged)
    s.SecTrustSetOCSPResponse(made, [response(REVOKED, signer=pki.make("forger 0"))] * 400)
    assert judged(made) == 0
    extensions.SecTrustSetCRLs(made, [*forged, revoking_list()])
    assert judged(made) == c.errSecCertificateRevoked


def test_many_versions_of_an_issuer_do_not_make_a_revocation_forgotten() -> None:
    """Every chain that is tried asks again; what is known of the leaf must not run out on the way."""
    leaf = pki.leaf()
    old = [
        pki.make(
            "Test Intermediate", pki.root(), ca=True, start=pki.NOW - 30 * pki.DAY, end=pki.NOW - n * pki.DAY
        )
        for n in range(1, 29)
    ]
    assert {made.key for made in old} == {pki.intermediate().key}
    chain = [s.SecCertificate(made.der) for made in (leaf, *old)]
    _, made = s.SecTrustCreateWithCertificates(chain, s.SecPolicyCreateSSL(True, None))
    assert made is not None
    s.SecTrustSetAnchorCertificates(made, [s.SecCertificate(pki.root().der)])
    assert extensions.SecTrustSetAllowances(made, extensions.kSecTrustAllowExpired) == 0
    assert judged(made) == 0
    s.SecTrustSetOCSPResponse(made, [response(), response(), response(), response(REVOKED)])
    assert judged(made) == c.errSecCertificateRevoked
    s.SecTrustSetOCSPResponse(made, None)
    assert judged(made) == 0
    assert extensions.SecTrustSetCRLs(made, [crl()] * 40 + [crl(serial(leaf))]) == 0
    assert judged(made) == c.errSecCertificateRevoked
