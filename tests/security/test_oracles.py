"""Chains that hypothesis builds get the verdict of OpenSSL and ``cryptography``, but for differences named here."""

from __future__ import annotations

import datetime
import functools
import ipaddress
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pki
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID as Eku
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from hypothesis import HealthCheck, event, given, settings, target
from hypothesis import strategies as st

from securetransport import constants as c
from securetransport import security as s

HOST = "www.example.com"
NAMES = ("example.com", "www.example.com", "example.org", "com", "w.example.com", "ww.example.com")
ADDRESSES = ("10.0.0.0/8", "10.1.2.3/32", "0.0.0.0/0", "192.168.0.0/16")


def usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(True, False, False, False, False, signs, signs, False, False)


LEAF_USAGE = x509.KeyUsage(True, False, True, False, False, False, False, False, False)


@dataclass(frozen=True)
class Authority:
    """What may be wrong with an authority."""

    ca: bool = True
    signs: bool = True
    path_length: int | None = None
    moment: str = "valid"
    purposes: tuple[x509.ObjectIdentifier, ...] = ()
    permitted: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    unknown: bool = False


@dataclass(frozen=True)
class Chain:
    """A whole chain: root, authorities from the top down, leaf."""

    authorities: tuple[Authority, ...] = ()
    root: Authority = field(default_factory=Authority)
    hosts: tuple[str, ...] = (HOST,)
    purposes: tuple[x509.ObjectIdentifier, ...] = (Eku.SERVER_AUTH,)
    moment: str = "valid"
    kind: str = "P-256"
    digest: str = "SHA256"
    corrupt: bool = False
    missing: bool = False
    stranger: bool = False
    unknown: bool = False


def moments(name: str) -> dict[str, datetime.datetime]:
    return {
        "valid": {},
        "expired": {"start": pki.NOW - 9 * pki.DAY, "end": pki.NOW - pki.DAY},
        "early": {"start": pki.NOW + pki.DAY},
    }[name]


def subtree(name: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_network(name)) if "/" in name else x509.DNSName(name)


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")


@functools.cache
def authority(made: Authority, above: pki.Made | None, label: str) -> pki.Made:
    extensions: list[tuple[x509.ExtensionType, bool]] = []
    if made.permitted or made.excluded:
        permitted, excluded = (
            [subtree(n) for n in names] or None for names in (made.permitted, made.excluded)
        )
        extensions.append((x509.NameConstraints(permitted, excluded), True))
    if made.unknown:
        extensions.append((UNKNOWN, True))
    return pki.make(
        label,
        above,
        ca=made.ca,
        path_length=made.path_length if made.ca else None,
        purposes=list(made.purposes) or (None if made.ca else []),
        usage=usage(made.signs and made.ca) if made.ca else usage(made.signs),
        extensions=extensions,
        **moments(made.moment),  # type: ignore[arg-type]
    )


@functools.lru_cache(maxsize=512)
def build(chain: Chain) -> tuple[bytes, list[bytes], bytes]:
    """Leaf, what goes with it, and the anchor, in DER."""
    above = root = authority(chain.root, None, "oracle root")
    between = []
    for depth, one in enumerate(chain.authorities):
        above = authority(one, above, f"oracle authority {depth}")
        between.append(above.der)
    leaf = pki.make(
        f"oracle leaf {chain.kind}",
        above,
        kind=chain.kind,
        hosts=chain.hosts,
        purposes=list(chain.purposes),
        digest=getattr(hashes, chain.digest)(),
        usage=LEAF_USAGE,
        extensions=[(UNKNOWN, True)] if chain.unknown else [],
        **moments(chain.moment),  # type: ignore[arg-type]
    )
    der = bytearray(leaf.der)
    if chain.corrupt:
        der[-3] ^= 1
    if chain.missing and between:
        between.pop()
    anchor = authority(Authority(), None, "oracle stranger") if chain.stranger else root
    return bytes(der), between, anchor.der


def ours(chain: Chain) -> tuple[bool, str]:
    leaf, between, anchor = build(chain)
    listed = [s.SecCertificate(der) for der in (leaf, *between)]
    _, trust = s.SecTrustCreateWithCertificates(listed, s.SecPolicyCreateSSL(True, HOST), None)
    s.SecTrustSetAnchorCertificates(trust, [s.SecCertificate(anchor)])
    s.SecTrustSetVerifyDate(trust, pki.NOW)
    ok, error = s.SecTrustEvaluateWithError(trust, None)
    return ok, str(error)


def pem(der: bytes) -> bytes:
    import ssl

    return ssl.DER_cert_to_PEM_cert(der).encode()


def by_openssl(chain: Chain) -> tuple[bool, str]:
    leaf, between, anchor = build(chain)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "leaf.pem").write_bytes(pem(leaf))
        (folder / "root.pem").write_bytes(pem(anchor))
        (folder / "more.pem").write_bytes(b"".join(map(pem, between)) or b"\n")
        how = ["-purpose", "sslserver", "-auth_level", "2", "-no-CApath", "-no-CAstore"]
        when = ["-attime", str(int(pki.NOW.timestamp())), "-verify_hostname", HOST]
        more = ["-untrusted", "more.pem"] if between else []
        command = ["openssl", "verify", *how, *when, "-CAfile", "root.pem", *more, "leaf.pem"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        return done.returncode == 0, done.stderr


def by_cryptography(chain: Chain) -> tuple[bool, str]:
    leaf, between, anchor = build(chain)
    store = Store([x509.load_der_x509_certificate(anchor)])
    verifier = PolicyBuilder().store(store).time(pki.NOW).build_server_verifier(x509.DNSName(HOST))
    try:
        verifier.verify(
            x509.load_der_x509_certificate(leaf), list(map(x509.load_der_x509_certificate, between))
        )
    except VerificationError as error:
        return False, str(error)
    return True, ""


PURPOSES = st.sampled_from(
    [(), (), (Eku.SERVER_AUTH,), (Eku.CLIENT_AUTH,), (Eku.SERVER_AUTH, Eku.CLIENT_AUTH)]
)
MOMENTS = st.sampled_from(["valid"] * 8 + ["expired", "early"])
SUBTREES = st.one_of(
    st.just(()), st.just(()), st.lists(st.sampled_from(NAMES + ADDRESSES), min_size=1, max_size=3).map(tuple)
)
RARELY = st.sampled_from([False] * 9 + [True])
MOSTLY = RARELY.map(lambda drawn: not drawn)
AUTHORITIES = st.builds(
    Authority,
    ca=MOSTLY,
    signs=MOSTLY,
    path_length=st.sampled_from([None, None, 0, 1, 2]),
    moment=MOMENTS,
    purposes=PURPOSES,
    permitted=SUBTREES,
    excluded=SUBTREES,
    unknown=RARELY,
)
ROOTS = st.builds(
    Authority,
    path_length=st.sampled_from([None, None, 0, 1]),
    moment=MOMENTS,
    permitted=SUBTREES,
    excluded=SUBTREES,
)
HOSTS = st.lists(
    st.sampled_from([HOST, HOST, "example.com", "*.example.com", "*.com", "10.1.2.3", "example.org"]),
    min_size=1,
    max_size=3,
    unique=True,
).map(tuple)
CHAINS = st.builds(
    Chain,
    authorities=st.lists(AUTHORITIES, max_size=2).map(tuple),
    root=ROOTS,
    hosts=HOSTS,
    purposes=st.sampled_from([(Eku.SERVER_AUTH,)] * 6 + [(), (Eku.CLIENT_AUTH,)]),
    moment=MOMENTS,
    kind=st.sampled_from(["P-256"] * 6 + ["RSA-1024", "RSA-2048"]),
    digest=st.sampled_from(["SHA256"] * 6 + ["SHA384"]),
    corrupt=RARELY,
    missing=RARELY,
    stranger=RARELY,
    unknown=RARELY,
)


def has_wildcard_under_constraints(chain: Chain) -> bool:
    """Here a wildcard stands for all its hosts (CVE-2025-61727); the others compare its text with the constraints."""
    constrained = any(one.excluded or one.permitted for one in (chain.root, *chain.authorities))
    return constrained and any(host.startswith("*.") for host in chain.hosts)


@given(CHAINS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_openssl_agrees(chain: Chain) -> None:
    ok, why = ours(chain)
    theirs, output = by_openssl(chain)
    event(f"good: {ok}")
    target(float(ok))
    assert theirs or not ok, output
    assert ok or not theirs or has_wildcard_under_constraints(chain), why


@given(CHAINS)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_cryptography_agrees(chain: Chain) -> None:
    ok, why = ours(chain)
    theirs, output = by_cryptography(chain)
    event(f"good: {ok}")
    target(float(ok))
    assert theirs or not ok, output
    # It does not look at the size of a leaf's key.
    milder = chain.kind == "RSA-1024" or has_wildcard_under_constraints(chain)
    assert ok or not theirs or milder, why


# --- policies -----------------------------------------------------------------------------------------------

POLICIES = [x509.ObjectIdentifier(f"1.3.6.1.4.1.99999.{last}") for last in range(1, 4)]
ANY_POLICY = x509.ObjectIdentifier("2.5.29.32.0")


def der_oid(oid: x509.ObjectIdentifier) -> bytes:
    first, second, *rest = map(int, oid.dotted_string.split("."))
    encoded = bytearray([40 * first + second])
    for arc in rest:
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | (arc & 0x7F))
        encoded += bytes(reversed(digits))
    return bytes([6, len(encoded)]) + bytes(encoded)


def der_sequence(*parts: bytes) -> bytes:
    content = b"".join(parts)
    assert len(content) < 128
    return bytes([0x30, len(content)]) + content


@dataclass(frozen=True)
class Ruled:
    """What a certificate says about policies."""

    policies: tuple[x509.ObjectIdentifier, ...] = ()
    mappings: tuple[tuple[x509.ObjectIdentifier, x509.ObjectIdentifier], ...] = ()
    explicit: int | None = None
    inhibit_mapping: int | None = None
    inhibit_any: int | None = None

    def extensions(self) -> list[tuple[x509.ExtensionType, bool]]:
        found: list[tuple[x509.ExtensionType, bool]] = []
        if self.policies:
            listed = [x509.PolicyInformation(policy, None) for policy in self.policies]
            found.append((x509.CertificatePolicies(listed), False))
        if self.mappings:
            pairs = [der_sequence(der_oid(one), der_oid(other)) for one, other in self.mappings]
            value = der_sequence(*pairs)
            found.append((x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.33"), value), True))
        if self.explicit is not None or self.inhibit_mapping is not None:
            found.append((x509.PolicyConstraints(self.explicit, self.inhibit_mapping), True))
        if self.inhibit_any is not None:
            found.append((x509.InhibitAnyPolicy(self.inhibit_any), True))
        return found


POLICY = st.sampled_from(POLICIES)
COUNT = st.sampled_from([None, None, None, 0, 1, 2])
RULED = st.builds(
    Ruled,
    policies=st.lists(st.sampled_from([*POLICIES, ANY_POLICY]), max_size=3, unique=True).map(tuple),
    mappings=st.lists(st.tuples(POLICY, POLICY), max_size=2, unique=True).map(tuple),
    explicit=st.sampled_from([None, 0, 0, 1, 2]),
    inhibit_mapping=COUNT,
    inhibit_any=COUNT,
)
ENDS = st.builds(
    Ruled,
    policies=st.lists(st.sampled_from([*POLICIES, ANY_POLICY]), max_size=3, unique=True).map(tuple),
    explicit=st.sampled_from([None, None, 0]),
)


def ruled(rules: list[Ruled], leaf: Ruled) -> tuple[list[bytes], bytes]:
    """A chain, leaf first, and its anchor."""
    above = root = pki.root()
    listed: list[bytes] = []
    for depth, one in enumerate(rules):
        above = pki.make(f"ruled {depth}", above, ca=True, extensions=one.extensions(), usage=usage(True))
        listed.insert(0, above.der)
    made = pki.make("ruled leaf", above, hosts=[HOST], extensions=leaf.extensions())
    return [made.der, *listed], root.der


@given(st.lists(RULED, min_size=1, max_size=3), ENDS)
@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
def test_openssl_agrees_on_certificate_policies(rules: list[Ruled], leaf: Ruled) -> None:
    chain, anchor = ruled(rules, leaf)
    _, trust = s.SecTrustCreateWithCertificates(
        [s.SecCertificate(der) for der in chain], s.SecPolicyCreateSSL(True, HOST), None
    )
    s.SecTrustSetAnchorCertificates(trust, [s.SecCertificate(anchor)])
    ok, error = s.SecTrustEvaluateWithError(trust, None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, ders in (("leaf", chain[:1]), ("more", chain[1:]), ("root", [anchor])):
            (folder / file).write_bytes(b"".join(map(pem, ders)))
        command = [
            "openssl",
            "verify",
            "-policy_check",
            "-policy",
            "2.5.29.32.0",
            "-CAfile",
            "root",
            "-untrusted",
            "more",
            "leaf",
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    event(f"good: {ok}")
    theirs = done.returncode == 0
    # It maps policies that any-policy would stand for also where any-policy is inhibited; RFC 5280 section 6.1.3
    # (d)(2) does not.
    inhibited = any(one.inhibit_any is not None for one in rules)
    quirk = inhibited and any(one.mappings and ANY_POLICY in one.policies for one in rules)
    assert ok == theirs or (quirk and theirs), (str(error), done.stderr)
    if not ok:
        assert error is not None
        assert error.code == c.errSecInvalidPolicyIdentifiers


def test_a_plain_chain_is_good_to_all_three() -> None:
    plain = Chain((Authority(),))
    assert ours(plain)[0]
    assert by_openssl(plain)[0]
    assert by_cryptography(plain)[0]


SINGLE: dict[str, Any] = {
    "expired leaf": Chain(moment="expired"),
    "leaf of tomorrow": Chain(moment="early"),
    "client's certificate": Chain(purposes=(Eku.CLIENT_AUTH,)),
    "another host": Chain(hosts=("example.org",)),
    "changed": Chain(corrupt=True),
    "unknown root": Chain(stranger=True),
    "missing authority": Chain((Authority(),), missing=True),
    "unknown critical extension": Chain(unknown=True),
    "no authority": Chain((Authority(ca=False),)),
    "authority that may not sign": Chain((Authority(signs=False),)),
    "path too long": Chain((Authority(path_length=0), Authority())),
    "expired authority": Chain((Authority(moment="expired"),)),
    "excluded host": Chain((Authority(excluded=("example.com",)),)),
    "host not permitted": Chain((Authority(permitted=("example.org",)),)),
    "excluded address": Chain((Authority(excluded=("10.0.0.0/8",)),), hosts=(HOST, "10.1.2.3")),
    "authority for clients": Chain((Authority(purposes=(Eku.CLIENT_AUTH,)),)),
    "authority with an unknown critical extension": Chain((Authority(unknown=True),)),
    "small key": Chain(kind="RSA-1024"),
}


@pytest.mark.parametrize("name", SINGLE)
def test_a_single_fault_is_a_fault_to_all_three(name: str) -> None:
    chain = SINGLE[name]
    assert not ours(chain)[0]
    assert not by_openssl(chain)[0]
    assert not by_cryptography(chain)[0] or name == "small key"
