"""The path-validation cases of x509-limbo: verdicts agree, and what does not is in docs/trust.md.

The cases lie in the folder that SECURETRANSPORT_TEST_DATA names. Without it they are skipped, as on a user's machine;
where it is set they have to be there.
"""

from __future__ import annotations

import base64
import datetime
import functools
import json
import os
from pathlib import Path
from typing import Any

import pytest

from securetransport import constants as c
from securetransport import extensions
from securetransport import security as s

DATA = os.environ.get("SECURETRANSPORT_TEST_DATA")
DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "trust.md"
pytestmark = pytest.mark.skipif(
    DATA is None, reason="SECURETRANSPORT_TEST_DATA is not set: no x509-limbo.json"
)

#: Cases in which the SSL policy and the suite differ, explained in docs/trust.md.
DIFFERS = {
    "webpki::nc::permitted-dns-match-noncritical",
    "webpki::ca-as-leaf",
}
#: Cases that ask for one root store's taste, by the suite's own mark; nothing is claimed about them.
PEDANTIC_DIFFERS = {
    "rfc5280::aki::cross-signed-root-missing-aki",
    "rfc5280::serial::negative",
    "rfc5280::serial::too-long",
    "rfc5280::serial::zero",
    "webpki::eku::ee-anyeku",
    "webpki::eku::ee-critical-eku",
    "webpki::eku::ee-without-eku",
    "webpki::eku::root-has-eku",
    "webpki::forbidden-dsa-leaf",
    "webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf",
    "webpki::san::public-suffix-private-namespace-wildcard-san",
}


@functools.cache
def cases() -> dict[str, dict[str, Any]]:
    assert DATA is not None
    file = Path(DATA) / "x509-limbo.json"
    assert file.exists(), f"SECURETRANSPORT_TEST_DATA is set, but there is no {file}"
    listed = json.loads(file.read_text(encoding="utf-8"))["testcases"]
    return {case["id"]: case for case in listed}


def is_bound(case: dict[str, Any]) -> bool:
    """Whether a case is pedantic, or bound to CRLs or policies."""
    marks = ("pedantic", "has-crl", "has-policy-constraints")
    return any(feature.startswith(marks) for feature in case["features"])


def der(pem: str) -> bytes:
    lines = pem.strip().splitlines()
    return base64.b64decode("".join(line for line in lines if not line.startswith("-----")))


def accepted(case: dict[str, Any]) -> bool:
    chain = [s.SecCertificateCreateWithData(None, der(case["peer_certificate"]))]
    chain += [s.SecCertificateCreateWithData(None, der(pem)) for pem in case["untrusted_intermediates"]]
    anchors = [s.SecCertificateCreateWithData(None, der(pem)) for pem in case["trusted_certs"]]
    if None in chain or None in anchors:
        return False
    server = case["validation_kind"] == "SERVER"
    name = case["expected_peer_name"]
    host = name["value"] if server and name is not None and name["kind"] in ("DNS", "IP") else None
    policies = [s.SecPolicyCreateSSL(server, host)]
    if case["crls"]:
        flags = c.kSecRevocationCRLMethod | c.kSecRevocationRequirePositiveResponse
        policies.append(s.SecPolicyCreateRevocation(flags))
    status, trust = s.SecTrustCreateWithCertificates(chain, policies, None)
    assert status == 0
    assert s.SecTrustSetAnchorCertificates(trust, anchors) == 0
    if case["validation_time"]:
        moment = datetime.datetime.fromisoformat(case["validation_time"])
        assert s.SecTrustSetVerifyDate(trust, moment) == 0
    if case["max_chain_depth"] is not None:
        assert extensions.SecTrustSetMaximumPathLength(trust, case["max_chain_depth"]) == 0
    if case["crls"]:
        assert extensions.SecTrustSetCRLs(trust, [der(pem) for pem in case["crls"]]) == 0
    ok, error = s.SecTrustEvaluateWithError(trust, None)
    assert ok is (error is None)
    return ok


@functools.cache
def differing() -> set[str]:
    return {
        name for name, case in cases().items() if accepted(case) is not (case["expected_result"] == "SUCCESS")
    }


def test_at_least_98_percent_agree_under_the_ordinary_policy() -> None:
    free = {name for name, case in cases().items() if not is_bound(case)}
    assert len(free) >= 180
    different = differing()
    agreeing = len(free - different) / len(free)
    assert agreeing >= 0.98, sorted(free & different)
    assert different & free == DIFFERS
    assert different - free == PEDANTIC_DIFFERS


def test_the_cases_with_revocation_lists_and_policy_constraints_agree_too() -> None:
    marks = ("has-crl", "has-policy-constraints")
    bound = {name for name, case in cases().items() if any(f in marks for f in case["features"])}
    assert len(bound) == 9
    assert bound & differing() == set()


def test_the_policy_only_ever_differs_by_being_milder_but_where_the_suite_contradicts_itself() -> None:
    stricter = {name for name in differing() if cases()[name]["expected_result"] == "SUCCESS"}
    assert stricter == {"webpki::nc::permitted-dns-match-noncritical"}


def test_every_difference_is_explained_in_the_document() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert {name for name in DIFFERS | PEDANTIC_DIFFERS if f"`{name}`" not in document} == set()


def test_hostile_bags_are_judged_in_bounded_work() -> None:
    hostile = [case for case in cases().values() if "denial-of-service" in case["features"]]
    assert len(hostile) == 7
    for case in hostile:
        assert accepted(case) is (case["expected_result"] == "SUCCESS")
