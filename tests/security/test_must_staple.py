"""A certificate that promises a stapled OCSP response is refused without one (RFC 7633)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pki
import pytest
from cryptography import x509
from cryptography.x509 import TLSFeatureType
from test_revocation import GOOD, HOUR, REVOKED, UNKNOWN, crl, judged, responder, response

from securetransport import constants as c
from securetransport import extensions
from securetransport import security as s

MISSING = c.errSecIncompleteCertRevocationCheck
ONE, SEVERAL = TLSFeatureType.status_request, TLSFeatureType.status_request_v2


def numbers(features: Sequence[TLSFeatureType]) -> list[int]:
    return [feature.value for feature in features]


@cache
def authority(features: tuple[TLSFeatureType, ...]) -> pki.Made:
    extra = [(x509.TLSFeature(features), False)] if features else []
    return pki.make(f"authority {numbers(features)}", pki.root(), ca=True, extensions=extra)


@cache
def leaf(
    features: tuple[TLSFeatureType, ...] = (ONE,),
    above: tuple[TLSFeatureType, ...] = (),
    critical: bool = False,
) -> pki.Made:
    extra = [(x509.TLSFeature(features), critical)] if features else []
    name = f"leaf {numbers(features)} {numbers(above)} {critical}"
    return pki.make(name, authority(above), hosts=["localhost"], extensions=extra)


def trust(
    made: pki.Made,
    above: tuple[TLSFeatureType, ...] = (),
    policies: Sequence[s.SecPolicy | None] = (),
) -> s.SecTrust:
    chain = [s.SecCertificate(one.der) for one in (made, authority(above))]
    chosen = list(policies) or [s.SecPolicyCreateSSL(True, "localhost")]
    status, created = s.SecTrustCreateWithCertificates(chain, chosen)
    assert status == 0
    assert created is not None
    s.SecTrustSetAnchorCertificates(created, [s.SecCertificate(pki.root().der)])
    return created


def stapled(
    made: pki.Made, *responses: bytes, above: tuple[TLSFeatureType, ...] = (), policies: Any = ()
) -> int:
    created = trust(made, above, policies)
    assert s.SecTrustSetOCSPResponse(created, list(responses)) == 0
    return judged(created)


def answer(made: pki.Made, status: Any = GOOD, above: tuple[TLSFeatureType, ...] = (), **form: Any) -> bytes:
    return response(status, leaf=made, issuer=authority(above), **form)


@pytest.mark.parametrize("critical", [False, True])
def test_only_a_response_that_counts_keeps_the_promise(critical: bool) -> None:
    made = leaf(critical=critical)
    assert stapled(made) == MISSING
    assert stapled(made, answer(made)) == 0
    for useless in (
        b"",
        b"junk",
        answer(made, UNKNOWN),
        answer(made, start=pki.NOW - 2 * HOUR, end=pki.NOW - HOUR),
        answer(made, signer=pki.make("stranger")),
        answer(made, signer=responder("root"), include=[responder("root")]),
        response(leaf=leaf(()), issuer=authority(())),
    ):
        assert stapled(made, useless) == MISSING
        assert stapled(made, useless, answer(made)) == 0
    assert stapled(made, answer(made, REVOKED)) == c.errSecCertificateRevoked


def test_the_error_says_what_the_server_has_to_do() -> None:
    created = trust(leaf())
    assert s.SecTrustEvaluate(created) == (0, c.kSecTrustResultRecoverableTrustFailure)
    _, error = s.SecTrustEvaluateWithError(created)
    assert "promises that an OCSP response comes with it" in str(error)
    assert "has to staple one" in str(error)


def test_a_list_does_not_stand_in_for_what_was_promised_and_no_policy_takes_the_promise_back() -> None:
    made = leaf()
    created = trust(made)
    assert extensions.SecTrustSetCRLs(created, [crl(issuer=authority(()))]) == 0
    assert judged(created) == MISSING
    both = [s.SecPolicyCreateSSL(True, None), s.SecPolicyCreateRevocation(c.kSecRevocationCRLMethod)]
    assert stapled(made, policies=both) == MISSING
    assert stapled(made, answer(made), policies=both) == 0


def test_it_binds_servers_of_tls_and_who_promises_nothing_need_not_keep_it() -> None:
    for policy in (
        s.SecPolicyCreateSSL(False, None),
        s.SecPolicyCreateBasicX509(),
        s.SecPolicyCreateWithProperties(c.kSecPolicyAppleEAP, None),
    ):
        assert stapled(leaf(), policies=[policy]) == 0
    for features in ((), (SEVERAL,)):
        assert stapled(leaf(features)) == 0
    assert stapled(leaf((SEVERAL, ONE))) == MISSING


def test_a_leaf_that_is_its_own_anchor_has_nobody_to_answer_for_it() -> None:
    made = pki.make("own anchor", hosts=["localhost"], extensions=[(x509.TLSFeature([ONE]), False)])
    own = s.SecCertificate(made.der)
    _, created = s.SecTrustCreateWithCertificates([own], s.SecPolicyCreateSSL(True, "localhost"))
    assert created is not None
    s.SecTrustSetAnchorCertificates(created, [own])
    assert judged(created) == 0


def test_what_an_authority_promises_all_that_it_issues_has_to_promise() -> None:
    both = (ONE, SEVERAL)
    for above, features, code in [
        ((ONE,), (), c.errSecMissingRequiredExtension),
        ((ONE,), (SEVERAL,), c.errSecMissingRequiredExtension),
        (both, (ONE,), c.errSecMissingRequiredExtension),
        ((ONE,), (ONE,), 0),
        ((ONE,), both, 0),
        ((SEVERAL,), (SEVERAL,), 0),
    ]:
        made = leaf(features, above)
        assert stapled(made, answer(made, above=above), above=above) == code, (above, features)
    made = leaf((), (ONE,))
    _, error = s.SecTrustEvaluateWithError(trust(made, (ONE,)))
    assert "promise the TLS feature 5" in str(error)
    assert stapled(made, above=(ONE,), policies=[s.SecPolicyCreateBasicX509()]) == 0


def test_an_extension_that_does_not_parse_is_a_fault_and_promises_nothing() -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.24"), b"\x30\x03\x04\x01\x05")
    made = pki.make("odd feature", authority(()), hosts=["localhost"], extensions=[(odd, False)])
    assert stapled(made) == c.errSecUnknownCertExtension
