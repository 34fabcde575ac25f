"""A chain is judged by the rules, and the verdict says why."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pki
import pytest

from securetransport import cf
from securetransport import constants as c
from securetransport import security as s

Certificate = s.SecCertificate


def certificate(made: pki.Made) -> Certificate:
    return Certificate(made.der)


def trust_in(
    *chain: pki.Made, anchors: Any = None, host: str | None = None, policy: Any = None
) -> s.SecTrust:
    if policy is None:
        policy = s.SecPolicyCreateSSL(True, host)
    status, trust = s.SecTrustCreateWithCertificates([certificate(made) for made in chain], policy, None)
    assert status == 0
    assert trust is not None
    roots = [pki.root()] if anchors is None else anchors
    assert s.SecTrustSetAnchorCertificates(trust, [certificate(made) for made in roots]) == 0
    return trust


@pytest.mark.contract(
    "SecPolicyCreateSSL",
    "SecTrustCopyCertificateChain",
    "SecTrustCopyKey",
    "SecTrustCopyProperties",
    "SecTrustCreateWithCertificates",
    "SecTrustEvaluate",
    "SecTrustEvaluateWithError",
    "SecTrustGetCertificateAtIndex",
    "SecTrustGetCertificateCount",
    "SecTrustGetTrustResult",
    "SecTrustSetAnchorCertificates",
)
def test_a_good_chain_is_accepted_in_any_order_of_its_certificates() -> None:
    trust = trust_in(pki.leaf(), pki.root(), pki.intermediate(), host="localhost")
    assert s.SecTrustEvaluateWithError(trust, None) == (True, None)
    assert s.SecTrustEvaluate(trust) == (0, c.kSecTrustResultUnspecified)
    assert s.SecTrustGetTrustResult(trust) == (0, c.kSecTrustResultUnspecified)
    chain = s.SecTrustCopyCertificateChain(trust)
    assert chain == [certificate(made) for made in (pki.leaf(), pki.intermediate(), pki.root())]
    assert s.SecTrustGetCertificateCount(trust) == 3
    assert s.SecTrustGetCertificateAtIndex(trust, 1) == certificate(pki.intermediate())
    assert s.SecTrustGetCertificateAtIndex(trust, 3) is None
    assert s.SecTrustGetCertificateAtIndex(trust, -1) is None
    assert s.SecTrustCopyKey(trust) == s.SecCertificateCopyKey(certificate(pki.leaf()))
    assert s.SecTrustCopyProperties(trust) == [
        {"title": "leaf P-256"},
        {"title": "Test Intermediate"},
        {"title": "Test Root"},
    ]


EXPIRED = {"start": pki.NOW - 20 * pki.DAY, "end": pki.NOW - 10 * pki.DAY}
HOSTS = ("localhost",)


@pytest.mark.parametrize(
    ("make", "status", "words"),
    [
        (lambda: trust_in(pki.leaf(), pki.intermediate(), host="other.example"), -67602, "not for"),
        (lambda: trust_in(pki.make("old", pki.root(), hosts=HOSTS, **EXPIRED)), -67818, "expired on"),
        (lambda: trust_in(pki.make("self", hosts=HOSTS)), -67843, "signed by itself"),
        (lambda: trust_in(pki.leaf()), -25318, "is missing"),
        (lambda: trust_in(pki.leaf(), pki.intermediate(), anchors=[]), -25318, "is missing"),
        (lambda: trust_in(pki.leaf(), pki.intermediate(), pki.root(), anchors=[]), -67843, "not among"),
    ],
)
def test_a_bad_chain_is_refused_with_the_number_and_a_sentence(
    make: Callable[[], s.SecTrust], status: int, words: str
) -> None:
    trust = make()
    ok, error = s.SecTrustEvaluateWithError(trust, None)
    assert ok is False
    assert error is not None
    assert cf.CFErrorGetCode(error) == status
    assert words in str(error)
    assert error.underlying is not None
    assert s.SecTrustEvaluate(trust) == (0, c.kSecTrustResultRecoverableTrustFailure)
    properties = s.SecTrustCopyProperties(trust)
    assert properties is not None
    assert any(words in entry.get("error", "").lower() for entry in properties)


@pytest.mark.contract(
    "SecTrustCopyCustomAnchorCertificates",
    "SecTrustGetVerifyTime",
    "SecTrustSetPolicies",
    "SecTrustSetVerifyDate",
)
def test_a_setter_makes_the_trust_object_judge_anew() -> None:
    trust = trust_in(pki.leaf(), pki.intermediate(), host="other.example")
    assert s.SecTrustEvaluateWithError(trust)[0] is False
    assert s.SecTrustSetPolicies(trust, s.SecPolicyCreateSSL(True, "127.0.0.1")) == 0
    assert s.SecTrustEvaluateWithError(trust)[0] is True
    late = pki.NOW + 365 * pki.DAY
    assert s.SecTrustSetVerifyDate(trust, late) == 0
    assert s.SecTrustGetVerifyTime(trust) == cf.CFDate.from_datetime(late).absolute
    assert s.SecTrustEvaluateWithError(trust)[0] is False
    assert s.SecTrustSetVerifyDate(trust, cf.CFDate.from_datetime(pki.NOW)) == 0
    assert s.SecTrustEvaluateWithError(trust)[0] is True
    assert s.SecTrustSetAnchorCertificates(trust, None) == 0
    assert s.SecTrustEvaluateWithError(trust)[0] is False
    assert s.SecTrustCopyCustomAnchorCertificates(trust) == (0, None)


@pytest.mark.contract("SecTrustCopyAnchorCertificates", "SecTrustSetAnchorCertificatesOnly")
def test_own_anchors_switch_those_of_the_platform_off_and_they_can_be_readmitted() -> None:
    status, platform = s.SecTrustCopyAnchorCertificates(None)
    assert status == 0
    assert platform, "this machine has no anchors: install ca-certificates"
    anchor = next(root for root in platform if s.SecCertificateCopyKey(root) is not None)
    _, trust = s.SecTrustCreateWithCertificates(anchor, s.SecPolicyCreateBasicX509(), None)
    s.SecTrustSetVerifyDate(trust, s.SecCertificateCopyNotValidAfterDate(anchor))
    assert s.SecTrustEvaluateWithError(trust) == (True, None)
    s.SecTrustSetAnchorCertificates(trust, [certificate(pki.root())])
    assert s.SecTrustEvaluateWithError(trust)[0] is False
    s.SecTrustSetAnchorCertificatesOnly(trust, False)
    assert s.SecTrustEvaluateWithError(trust) == (True, None)


@pytest.mark.contract("SecTrustEvaluateAsync", "SecTrustEvaluateAsyncWithError")
def test_an_evaluation_can_run_elsewhere() -> None:
    trust = trust_in(pki.leaf(), pki.intermediate())
    answers: list[Any] = []
    with ThreadPoolExecutor(1) as pool:
        assert s.SecTrustEvaluateAsyncWithError(trust, pool, lambda *answer: answers.append(answer)) == 0
    assert s.SecTrustEvaluateAsync(trust, None, lambda *answer: answers.append(answer)) == 0
    assert s.SecTrustEvaluateAsync(trust, lambda work: work(), lambda *answer: answers.append(answer)) == 0
    assert answers == [(trust, True, None), (trust, 4), (trust, 4)]


def test_none_and_mixed_lists_are_parameter_errors() -> None:
    leaf = certificate(pki.leaf())
    create = s.SecTrustCreateWithCertificates
    assert create(None, None, None) == create([], None, None) == create([leaf, "x"], None) == (-50, None)
    assert create([leaf], ["x"]) == (-50, None)
    _, trust = create(leaf, None)
    assert s.SecTrustCopyPolicies(trust) == (0, [s.SecPolicyCreateBasicX509()])
    assert s.SecTrustSetPolicies(trust, None) == s.SecTrustSetPolicies(trust, []) == -50
    assert s.SecTrustSetAnchorCertificates(trust, ["x"]) == -50
    assert s.SecTrustSetVerifyDate(trust, None) == -50
    assert s.SecTrustEvaluateWithError(None)[0] is False
    assert s.SecTrustEvaluate(None) == (-50, c.kSecTrustResultInvalid)
    assert s.SecTrustCopyCertificateChain(None) is None
    assert s.SecTrustGetCertificateCount(None) == 0
    with pytest.raises(TypeError):
        s.SecTrustEvaluate(leaf)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        create("leaf", None)


@pytest.mark.contract("SecTrustGetNetworkFetchAllowed", "SecTrustSetNetworkFetchAllowed")
def test_the_network_permission_is_remembered() -> None:
    trust = trust_in(pki.leaf())
    assert s.SecTrustGetNetworkFetchAllowed(trust, None) == (0, False)
    assert s.SecTrustSetNetworkFetchAllowed(trust, True) == 0
    assert s.SecTrustGetNetworkFetchAllowed(trust, None) == (0, True)


@pytest.mark.contract(
    "SecTrustGetTypeID",
    "SecTrustCopyPolicies",
    "SecTrustCopyPublicKey",
    "SecTrustSetSignedCertificateTimestamps",
)
def test_a_trust_object_keeps_what_it_was_given() -> None:
    trust = trust_in(pki.leaf(), pki.intermediate(), host="localhost")
    assert cf.CFGetTypeID(trust) == s.SecTrustGetTypeID()
    assert s.SecTrustCopyPolicies(trust, None) == (0, [s.SecPolicyCreateSSL(True, "localhost")])
    assert s.SecTrustCopyPublicKey(trust) == s.SecTrustCopyKey(trust)
    assert s.SecTrustSetSignedCertificateTimestamps(trust, [b"one", b"two"]) == 0
    assert trust.scts() == [b"one", b"two"]
    assert s.SecTrustSetSignedCertificateTimestamps(trust, None) == 0
    assert trust.scts() == []
    assert s.SecTrustSetSignedCertificateTimestamps(None, []) == c.errSecParam
    with pytest.raises(TypeError):
        s.SecTrustSetSignedCertificateTimestamps(trust, ["text"])
    assert s.SecTrustEvaluateWithError(trust, None) == (True, None)
