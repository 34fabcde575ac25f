"""Name constraints in every combination, as BetterTLS tries them: names and addresses, permitted and excluded.

What is expected comes from RFC 5280 section 4.2.1.10 in four lines: each name has to be in a permitted subtree of its
own form, if there are any, and in no excluded one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import cache
from itertools import product

import pki
import pytest
from cryptography import x509

from securetransport import constants as c
from securetransport import security as s

GOOD, BAD = "www.good.example", "www.bad.example"
GOOD_ADDRESS, BAD_ADDRESS = "10.1.2.3", "192.0.2.7"
#: The subtree of each name.
TREES = {
    GOOD: "good.example",
    BAD: "bad.example",
    GOOD_ADDRESS: "10.0.0.0/8",
    BAD_ADDRESS: "192.0.2.0/24",
}
DOMAINS = [(), (GOOD,), (BAD,), (GOOD, BAD)]
ADDRESSES = [(), (GOOD_ADDRESS,), (BAD_ADDRESS,), (GOOD_ADDRESS, BAD_ADDRESS)]
#: What one side of the constraints holds, by the names in its subtrees.
SIDES = [domains + addresses for domains, addresses in product(DOMAINS, ADDRESSES)]


def subtree(name: str) -> x509.GeneralName:
    tree = TREES[name]
    return x509.IPAddress(ipaddress.ip_network(tree)) if "/" in tree else x509.DNSName(tree)


@cache
def authority(permitted: tuple[str, ...], excluded: tuple[str, ...]) -> pki.Made:
    """One name and key for all, so that a leaf is below each of them."""
    extensions: list[tuple[x509.ExtensionType, bool]] = []
    if permitted or excluded:
        trees = [[subtree(name) for name in side] or None for side in (permitted, excluded)]
        extensions.append((x509.NameConstraints(*trees), True))
    return pki.make("Grid", pki.root(), index=4711, ca=True, extensions=extensions)


@cache
def leaf(names: tuple[str, ...]) -> pki.Made:
    return pki.make("grid leaf", authority((), ()), index=4712, hosts=names)


def is_address(name: str) -> bool:
    return name in (GOOD_ADDRESS, BAD_ADDRESS)


def allowed(names: Sequence[str], permitted: Sequence[str], excluded: Sequence[str]) -> bool:
    of_form = {form: [name for name in permitted if is_address(name) is form] for form in (True, False)}
    inside = all(name in of_form[is_address(name)] or not of_form[is_address(name)] for name in names)
    return inside and not set(names) & set(excluded)


def test_a_leaf_that_bears_its_issuers_name_is_bound_all_the_same() -> None:
    """Self-issued certificates in between are not (RFC 5280 section 6.1.3 (b))."""
    above = authority((), (BAD,))
    for name, expected in ((GOOD, set()), (BAD, {c.errSecInvalidName})):
        own = pki.make("Grid", above, index=4713, hosts=[name])
        assert own.certificate.subject == own.certificate.issuer
        between = pki.make("Grid", above, index=4714, ca=True, hosts=[BAD])
        below = pki.make("below", between, hosts=[name])
        for chain in ([own], [below, between]):
            listed = [s.SecCertificate(made.der) for made in (*chain, above)]
            _, trust = s.SecTrustCreateWithCertificates(listed, s.SecPolicyCreateBasicX509())
            assert trust is not None
            s.SecTrustSetAnchorCertificates(trust, [s.SecCertificate(pki.root().der)])
            assert {reason[3] for reason in trust.reasons()[1]} == expected


@pytest.mark.parametrize("names", SIDES, ids=" ".join)
def test_every_combination_is_judged_as_the_rules_say(names: tuple[str, ...]) -> None:
    anchor = s.SecCertificate(pki.root().der)
    wrong = []
    for permitted, excluded, host in product(SIDES, SIDES, (GOOD, GOOD_ADDRESS)):
        chain = [s.SecCertificate(made.der) for made in (leaf(names), authority(permitted, excluded))]
        _, trust = s.SecTrustCreateWithCertificates(chain, s.SecPolicyCreateSSL(True, host))
        assert trust is not None
        s.SecTrustSetAnchorCertificates(trust, [anchor])
        good, _ = s.SecTrustEvaluateWithError(trust)
        codes = {reason[3] for reason in trust.reasons()[1]}
        expected = set()
        if not allowed(names, permitted, excluded):
            expected.add(c.errSecInvalidName)
        if host not in names:
            expected.add(c.errSecHostNameMismatch)
        if codes != expected or good is bool(expected):
            wrong.append((permitted, excluded, host, codes))
    assert wrong == []
