"""Certificates of old equipment pass by the named calls, each reported, and never by accident."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pki
import pytest

from securetransport import cf, extensions
from securetransport import constants as c
from securetransport import security as s

ALLOW = {
    "SmallRSA": extensions.kSecTrustAllowSmallRSA,
    "MD5": extensions.kSecTrustAllowMD5,
    "SHA1": extensions.kSecTrustAllowSHA1,
    "CommonName": extensions.kSecTrustAllowCommonName,
    "V1Authority": extensions.kSecTrustAllowV1Authority,
    "Expired": extensions.kSecTrustAllowExpired,
}
HOST = "old.example"


def openssl(folder: Path, *command: str) -> None:
    subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)


class Authority:
    """Issues certificates with OpenSSL, which still makes what nobody should."""

    def __init__(self, folder: Path, version: int = 3, bits: int = 2048) -> None:
        self.folder = folder
        (folder / "ca.cnf").write_text(
            "[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\n"
            f"[leaf]\nsubjectAltName=DNS:{HOST}\n"
        )
        openssl(folder, "genrsa", "-out", "ca.key", str(bits))
        request = ["req", "-new", "-config", "ca.cnf", "-subj", "/CN=Old Authority", "-key", "ca.key"]
        openssl(folder, *request, "-out", "ca.csr")
        extensions_ = ["-extfile", "ca.cnf", "-extensions", "ca"] if version == 3 else []
        sign = ["x509", "-req", "-in", "ca.csr", "-signkey", "ca.key", "-days", "30", "-out", "ca.pem"]
        openssl(folder, *sign, *extensions_)

    def issue(
        self, digest: str = "sha256", bits: int = 2048, alternative: bool = True, days: int = 30
    ) -> bytes:
        openssl(self.folder, "genrsa", "-out", "leaf.key", str(bits))
        request = ["req", "-new", "-config", "ca.cnf", "-subj", f"/CN={HOST}", "-key", "leaf.key"]
        openssl(self.folder, *request, "-out", "leaf.csr")
        sign = ["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        how = [f"-{digest}", "-days", str(days), "-out", "leaf.pem"]
        with_names = ["-extfile", "ca.cnf", "-extensions", "leaf"] if alternative else []
        openssl(self.folder, *sign, *how, *with_names)
        return self.der("leaf.pem")

    def der(self, name: str) -> bytes:
        openssl(self.folder, "x509", "-in", name, "-outform", "DER", "-out", "out.der")
        return (self.folder / "out.der").read_bytes()


def trust_in(leaf: bytes, anchor: bytes, host: str = HOST) -> s.SecTrust:
    policy = s.SecPolicyCreateSSL(True, host)
    status, trust = s.SecTrustCreateWithCertificates(s.SecCertificate(leaf), policy, None)
    assert status == 0
    assert trust is not None
    s.SecTrustSetAnchorCertificates(trust, [s.SecCertificate(anchor)])
    return trust


def expired(authority: Authority) -> s.SecTrust:
    trust = trust_in(authority.issue(days=1), authority.der("ca.pem"))
    s.SecTrustSetVerifyDate(trust, pki.NOW + 5 * pki.DAY)
    return trust


WEAK: dict[str, tuple[Callable[[Path], s.SecTrust], int]] = {
    "SmallRSA": (
        lambda folder: trust_in((a := Authority(folder)).issue(bits=1024), a.der("ca.pem")),
        c.errSecUnsupportedKeySize,
    ),
    "MD5": (
        lambda folder: trust_in((a := Authority(folder)).issue("md5"), a.der("ca.pem")),
        c.errSecInvalidDigestAlgorithm,
    ),
    "SHA1": (
        lambda folder: trust_in((a := Authority(folder)).issue("sha1"), a.der("ca.pem")),
        c.errSecInvalidDigestAlgorithm,
    ),
    "CommonName": (
        lambda folder: trust_in((a := Authority(folder)).issue(alternative=False), a.der("ca.pem")),
        c.errSecHostNameMismatch,
    ),
    "V1Authority": (
        lambda folder: trust_in((a := Authority(folder, version=1)).issue(), a.der("ca.pem")),
        c.errSecNoBasicConstraints,
    ),
    "Expired": (lambda folder: expired(Authority(folder)), c.errSecCertificateExpired),
}


@pytest.mark.parametrize("name", WEAK)
def test_each_weakness_passes_by_its_own_flag_alone_and_is_reported(tmp_path: Path, name: str) -> None:
    make, code = WEAK[name]
    trust = make(tmp_path)
    ok, error = s.SecTrustEvaluateWithError(trust, None)
    assert not ok
    assert cf.CFErrorGetCode(error) == code
    found = s.SecTrustCopyResult(trust)
    assert found is not None
    assert extensions.kSecTrustAllowancesUsed not in found
    others = sum(ALLOW.values()) - ALLOW[name]
    assert extensions.SecTrustSetAllowances(trust, others) == 0
    assert not s.SecTrustEvaluateWithError(trust)[0]
    assert extensions.SecTrustSetAllowances(trust, ALLOW[name]) == 0
    assert s.SecTrustEvaluateWithError(trust) == (True, None)
    assert s.SecTrustCopyResult(trust)[extensions.kSecTrustAllowancesUsed] == ALLOW[name]  # type: ignore[index]
    assert extensions.SecTrustSetAllowances(trust, sum(ALLOW.values())) == 0
    assert s.SecTrustCopyResult(trust)[extensions.kSecTrustAllowancesUsed] == ALLOW[name]  # type: ignore[index]
    assert extensions.SecTrustSetAllowances(trust, 0) == 0
    assert not s.SecTrustEvaluateWithError(trust)[0]


def test_a_key_of_512_bits_is_fatal_without_its_flag(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trust = trust_in(authority.issue(bits=512), authority.der("ca.pem"))
    assert s.SecTrustEvaluate(trust) == (0, c.kSecTrustResultFatalTrustFailure)
    extensions.SecTrustSetAllowances(trust, ALLOW["SmallRSA"])
    assert s.SecTrustEvaluate(trust) == (0, c.kSecTrustResultUnspecified)


@pytest.mark.parametrize(("bits", "verdict"), [(1016, "Fatal"), (1024, "Recoverable")])
def test_a_key_that_anybody_can_break_is_fatal_and_one_that_is_merely_small_is_not(
    tmp_path: Path, bits: int, verdict: str
) -> None:
    authority = Authority(tmp_path)
    trust = trust_in(authority.issue(bits=bits), authority.der("ca.pem"))
    assert s.SecTrustEvaluate(trust)[1] == getattr(c, f"kSecTrustResult{verdict}TrustFailure")
    s.SecTrustSetPolicies(trust, s.SecPolicyCreateBasicX509())
    assert s.SecTrustEvaluateWithError(trust)[0] is (bits == 1024)


@pytest.mark.parametrize("digest", ["md5", "sha1"])
def test_signatures_over_broken_hashes_are_verified_all_the_same(tmp_path: Path, digest: str) -> None:
    authority = Authority(tmp_path)
    leaf = bytearray(authority.issue(digest))
    leaf[-1] ^= 1
    trust = trust_in(bytes(leaf), authority.der("ca.pem"))
    extensions.SecTrustSetAllowances(trust, sum(ALLOW.values()))
    ok, error = s.SecTrustEvaluateWithError(trust)
    assert not ok
    assert "was not made by the key" in str(error)


def test_the_common_name_is_only_looked_at_where_there_are_no_alternative_names(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    for alternative, host in [(True, "other.example"), (False, "other.example")]:
        trust = trust_in(authority.issue(alternative=alternative), authority.der("ca.pem"), host)
        extensions.SecTrustSetAllowances(trust, ALLOW["CommonName"])
        assert not s.SecTrustEvaluateWithError(trust)[0]
    both = pki.make(HOST, pki.root(), hosts=["new.example"])
    trust = trust_in(both.der, pki.root().der)
    extensions.SecTrustSetAllowances(trust, ALLOW["CommonName"])
    assert not s.SecTrustEvaluateWithError(trust)[0]


def test_what_is_not_valid_yet_is_no_expiry() -> None:
    early = pki.make("early", pki.root(), hosts=[HOST], start=pki.NOW + 2 * pki.DAY)
    trust = trust_in(early.der, pki.root().der)
    extensions.SecTrustSetAllowances(trust, ALLOW["Expired"])
    assert not s.SecTrustEvaluateWithError(trust)[0]


def test_unknown_flags_are_a_parameter_error() -> None:
    trust = trust_in(pki.leaf().der, pki.root().der)
    for flags in (64, -1, None):
        assert extensions.SecTrustSetAllowances(trust, flags) == c.errSecParam  # type: ignore[arg-type]
    assert extensions.SecTrustSetAllowances(None, 1) == c.errSecParam
    with pytest.raises(TypeError):
        extensions.SecTrustSetAllowances(trust, "1")  # type: ignore[arg-type]


def test_a_self_signed_leaf_given_as_anchor_is_trusted_for_itself() -> None:
    own = pki.make("printer", hosts=[HOST])
    assert s.SecTrustEvaluateWithError(trust_in(own.der, own.der)) == (True, None)
    assert not s.SecTrustEvaluateWithError(trust_in(own.der, own.der, "other.example"))[0]
    trust = trust_in(own.der, own.der)
    s.SecTrustSetVerifyDate(trust, pki.NOW + 365 * pki.DAY)
    assert not s.SecTrustEvaluateWithError(trust)[0]
    client_only = pki.make("client", hosts=[HOST], purposes=[pki.ExtendedKeyUsageOID.CLIENT_AUTH])
    assert not s.SecTrustEvaluateWithError(trust_in(client_only.der, client_only.der))[0]


# --- exceptions ---------------------------------------------------------------------------------------------


@pytest.mark.contract("SecTrustCopyExceptions", "SecTrustSetExceptions")
def test_exceptions_excuse_the_recorded_faults_of_the_same_chain_and_no_others() -> None:
    leaf = pki.leaf()
    trust = trust_in(leaf.der, pki.root().der, "other.example")
    record = s.SecTrustCopyExceptions(trust)
    assert record is not None
    fresh = trust_in(leaf.der, pki.root().der, "other.example")
    assert s.SecTrustSetExceptions(fresh, record) is True
    assert s.SecTrustEvaluateWithError(fresh) == (True, None)
    assert s.SecTrustEvaluate(fresh) == (0, c.kSecTrustResultProceed)
    s.SecTrustSetVerifyDate(fresh, pki.NOW + 365 * pki.DAY)
    ok, error = s.SecTrustEvaluateWithError(fresh)
    assert not ok
    assert cf.CFErrorGetCode(error) == c.errSecCertificateExpired
    assert s.SecTrustSetExceptions(fresh, None) is False
    s.SecTrustSetVerifyDate(fresh, pki.NOW)
    assert not s.SecTrustEvaluateWithError(fresh)[0]


def test_a_record_for_another_leaf_or_no_record_at_all_is_dropped() -> None:
    record = s.SecTrustCopyExceptions(trust_in(pki.leaf("P-384").der, pki.root().der))
    trust = trust_in(pki.leaf().der, pki.root().der)
    assert record is not None
    for bad in (record, b"", b"junk", record[:-1], record + b"x"):
        assert s.SecTrustSetExceptions(trust, bad) is False
        assert s.SecTrustEvaluate(trust)[1] != c.kSecTrustResultProceed


def test_a_good_chain_has_a_record_too_and_then_somebody_said_yes() -> None:
    trust = trust_in(pki.make("good", pki.root(), hosts=[HOST]).der, pki.root().der)
    record = s.SecTrustCopyExceptions(trust)
    assert record is not None
    assert s.SecTrustEvaluate(trust) == (0, c.kSecTrustResultUnspecified)
    assert s.SecTrustSetExceptions(trust, record) is True
    assert s.SecTrustEvaluate(trust) == (0, c.kSecTrustResultProceed)


def test_a_fault_is_excused_at_the_certificate_that_it_was_found_at_alone() -> None:
    day = pki.DAY
    above = pki.make("short authority", pki.root(), ca=True, end=pki.NOW + 20 * day)
    leaf = pki.make("shorter", above, hosts=["localhost"], end=pki.NOW + 10 * day)
    chain = [s.SecCertificate(made.der) for made in (leaf, above)]
    _, trust = s.SecTrustCreateWithCertificates(chain, s.SecPolicyCreateSSL(True, "localhost"))
    assert trust is not None
    s.SecTrustSetAnchorCertificates(trust, [s.SecCertificate(pki.root().der)])
    s.SecTrustSetVerifyDate(trust, pki.NOW + 15 * day)
    assert s.SecTrustSetExceptions(trust, s.SecTrustCopyExceptions(trust)) is True
    assert s.SecTrustEvaluate(trust) == (0, c.kSecTrustResultProceed)
    s.SecTrustSetVerifyDate(trust, pki.NOW + 25 * day)
    assert s.SecTrustEvaluate(trust) == (0, c.kSecTrustResultRecoverableTrustFailure)
    assert {reason[:2] for reason in trust.reasons()[1]} == {(1, "TemporalValidity")}


def test_a_record_that_somebody_wrote_excuses_nothing_fatal(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trust = trust_in(authority.issue("md5"), authority.der("ca.pem"), "other.example")
    record = s.SecTrustCopyExceptions(trust)
    assert record is not None
    forged = bytes(record).replace(b"\x01\x0bSSLHostname", b"\x02\x0bSSLHostname\x0dWeakSignature")
    assert forged != bytes(record)
    assert s.SecTrustSetExceptions(trust, forged) is True
    assert s.SecTrustEvaluate(trust) == (0, c.kSecTrustResultFatalTrustFailure)


def test_fatal_faults_are_never_excused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trust = trust_in(authority.issue("md5"), authority.der("ca.pem"))
    record = s.SecTrustCopyExceptions(trust)
    assert s.SecTrustSetExceptions(trust, record) is True
    assert s.SecTrustEvaluate(trust) == (0, c.kSecTrustResultFatalTrustFailure)


# --- the old options ----------------------------------------------------------------------------------------


@pytest.mark.contract("SecTrustSetOptions")
def test_the_old_options_let_expiry_pass_and_take_self_signed_certificates_for_anchors() -> None:
    old_root = pki.make("old root", ca=True, start=pki.NOW - 9 * pki.DAY, end=pki.NOW - 2 * pki.DAY)
    trust = trust_in(pki.make("young", old_root, hosts=[HOST]).der, old_root.der)
    assert not s.SecTrustEvaluateWithError(trust)[0]
    assert s.SecTrustSetOptions(trust, c.kSecTrustOptionAllowExpiredRoot) == 0
    assert s.SecTrustEvaluateWithError(trust) == (True, None)
    s.SecTrustSetVerifyDate(trust, pki.NOW + 365 * pki.DAY)
    assert not s.SecTrustEvaluateWithError(trust)[0]
    assert s.SecTrustSetOptions(trust, c.kSecTrustOptionAllowExpired) == 0
    assert s.SecTrustEvaluateWithError(trust) == (True, None)
    own = pki.make("self", hosts=[HOST])
    trust = trust_in(own.der, pki.root().der)
    assert not s.SecTrustEvaluateWithError(trust)[0]
    assert s.SecTrustSetOptions(trust, c.kSecTrustOptionImplicitAnchors) == 0
    assert s.SecTrustEvaluateWithError(trust) == (True, None)
    assert s.SecTrustSetOptions(trust, 0) == 0
    assert not s.SecTrustEvaluateWithError(trust)[0]
    assert s.SecTrustSetOptions(trust, -1) == s.SecTrustSetOptions(None, 0) == c.errSecParam


def test_a_self_issued_certificate_somebody_else_signed_is_no_implicit_anchor() -> None:
    forged = pki.make("self", pki.Made(pki.make("self").certificate, pki.key("P-256", 99)), hosts=[HOST])
    trust = trust_in(forged.der, pki.root().der)
    s.SecTrustSetOptions(trust, c.kSecTrustOptionImplicitAnchors)
    assert not s.SecTrustEvaluateWithError(trust)[0]


def test_a_limit_on_the_length_of_a_chain_can_be_set() -> None:
    policy = s.SecPolicyCreateSSL(True, None)
    chain = [s.SecCertificate(made.der) for made in (pki.leaf(), pki.intermediate())]
    _, trust = s.SecTrustCreateWithCertificates(chain, policy)
    s.SecTrustSetAnchorCertificates(trust, [s.SecCertificate(pki.root().der)])
    for limit, good in [(1, True), (0, False), (None, True)]:
        assert extensions.SecTrustSetMaximumPathLength(trust, limit) == 0
        assert s.SecTrustEvaluateWithError(trust)[0] is good
    assert extensions.SecTrustSetMaximumPathLength(trust, -1) == c.errSecParam


def test_curves_given_by_numbers_are_no_keys(tmp_path: Path) -> None:
    """CVE-2020-0601: an authority's key under a generator of one's own."""
    generate = [
        "ecparam",
        "-name",
        "prime256v1",
        "-param_enc",
        "explicit",
        "-genkey",
        "-noout",
        "-out",
        "k.pem",
    ]
    openssl(tmp_path, *generate)
    request = ["req", "-x509", "-new", "-key", "k.pem", "-subj", "/CN=x", "-days", "9", "-out", "c.pem"]
    openssl(tmp_path, *request, "-addext", f"subjectAltName=DNS:{HOST}")
    openssl(tmp_path, "x509", "-in", "c.pem", "-outform", "DER", "-out", "c.der")
    der = (tmp_path / "c.der").read_bytes()
    assert s.SecCertificateCopyKey(s.SecCertificate(der)) is None
    ok, error = s.SecTrustEvaluateWithError(trust_in(der, der))
    assert not ok
    assert "not supported" in str(error)
