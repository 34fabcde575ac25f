"""Files as old equipment and old authorities wrote them load, and what they hold serves handshakes."""

from __future__ import annotations

import pipes
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pki
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519

import securetransport as st
from securetransport import extensions

HOST = "old.example"
KINDS = ["RSA-2048", "P-256"]
ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")

ECDSA_WITH_SHA384 = bytes.fromhex("300a06082a8648ce3d040303")


def name(common: str) -> bytes:
    return pki.tlv(
        0x30, pki.tlv(0x31, pki.tlv(0x30, pki.tlv(6, b"\x55\x04\x03"), pki.tlv(0x0C, common.encode())))
    )


def utc(text: str) -> bytes:
    return pki.tlv(0x17, text.encode())


YEARS = (utc("200101000000Z"), utc("490101000000Z"))
ALTERNATIVE = pki.tlv(
    0x30, pki.tlv(6, b"\x55\x1d\x11"), pki.tlv(4, pki.tlv(0x30, pki.tlv(0x82, HOST.encode())))
)


@cache
def written(
    kind: str,
    *,
    version: int = 3,
    serial: bytes = b"\x05",
    dates: tuple[bytes, bytes] = YEARS,
    outer: bytes = ECDSA_WITH_SHA256,
) -> bytes:
    """A certificate that ``cryptography`` would not write, signed by the tests' root."""
    algorithm = ECDSA_WITH_SHA256
    above = pki.root()
    tbs = pki.tlv(
        0x30,
        pki.tlv(0xA0, pki.tlv(2, bytes([version - 1]))) if version > 1 else b"",
        pki.tlv(2, serial),
        algorithm,
        above.certificate.subject.public_bytes(),
        pki.tlv(0x30, *dates),
        name(HOST),
        pki.key(kind, 77)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        pki.tlv(0xA3, pki.tlv(0x30, ALTERNATIVE)) if version == 3 else b"",
    )
    digest = hashes.SHA256() if outer == ECDSA_WITH_SHA256 else hashes.SHA384()
    signature = above.key.sign(tbs, ec.ECDSA(digest))
    return pki.tlv(0x30, tbs, outer, pki.tlv(3, b"\0", signature))


def test_two_places_that_name_different_algorithms_are_a_fault() -> None:
    """Though the signature is right by the outer one (RFC 5280 section 4.1.1.2)."""
    for outer, codes in ((ECDSA_WITH_SHA256, []), (ECDSA_WITH_SHA384, [st.errSecInvalidCertificateRef])):
        chain = [st.SecCertificate(written("P-256", outer=outer))]
        _, trust = st.SecTrustCreateWithCertificates(chain, st.SecPolicyCreateBasicX509(), None)
        st.SecTrustSetAnchorCertificates(trust, [st.SecCertificate(pki.root().der)])
        assert [reason[3] for reason in trust.reasons()[1]] == codes


def pem(der: bytes, label: str = "CERTIFICATE") -> bytes:
    armoured = st.SecItemExport([st.SecCertificate(der)], st.kSecFormatPEMSequence, 0, None, None)
    assert armoured[0] == 0
    return bytes(armoured[1]).replace(b"CERTIFICATE", label.encode())


def key_of(kind: str, **form: Any) -> bytes:
    return pki.key_bytes(pki.key(kind, 77), **form)


def shaken(
    credentials: list[Any], flags: int = 0, host: str | None = HOST, anchor: bytes | None = None
) -> int:
    """Serves a handshake with the credentials; what the client's judgement says of them."""
    client = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    if host is not None:
        pipes.ok(st.SSLSetPeerDomainName(client, host, len(host)))
    pipes.ok(st.SSLSetSessionOption(client, st.kSSLSessionOptionBreakOnServerAuth, True))
    server = pipes.server(None)
    pipes.ok(st.SSLSetCertificate(server, credentials))
    pair = pipes.Pair(client=client, server=server)
    assert pair.handshake()[0] == st.errSSLPeerAuthCompleted
    trust = st.SSLCopyPeerTrust(client)[1]
    st.SecTrustSetAnchorCertificates(trust, [st.SecCertificate(anchor or pki.root().der)])
    extensions.SecTrustSetAllowances(trust, flags)
    good, error = st.SecTrustEvaluateWithError(trust, None)
    assert pair.handshake() == (0, 0)
    assert pair.transfer(client, b"hello") == b"hello"
    assert st.SecTrustGetCertificateAtIndex(trust, 0).der == credentials[0].certificate.der
    return 0 if good else st.CFErrorGetCode(error)


ODD: dict[str, dict[str, Any]] = {
    "negative serial": {"serial": b"\xfb"},
    "negative serial with leading ones": {"serial": b"\xff\x7f"},
    "serial zero": {"serial": b"\0"},
    "serial of 32 bytes": {"serial": b"\x7f" * 32},
    "dates without seconds": {"dates": (utc("2001010000Z"), utc("4901010000Z"))},
    "dates with an offset": {"dates": (utc("200101020000+0200"), utc("4901010200+0200"))},
    "generalized dates with fractions": {
        "dates": (pki.tlv(0x18, b"20200101000000.5Z"), pki.tlv(0x18, b"20490101000000.25Z"))
    },
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("which", ODD)
def test_odd_numbers_and_dates_load_and_serve_as_any_other(tmp_path: Path, which: str, kind: str) -> None:
    der = written(kind, **ODD[which])
    (tmp_path / "cert.pem").write_bytes(pem(der))
    (tmp_path / "key.pem").write_bytes(key_of(kind))
    credentials = extensions.credentials_from_files(tmp_path / "cert.pem", tmp_path / "key.pem")
    assert extensions.identity_from_files(tmp_path / "cert.pem", tmp_path / "key.pem") == credentials[0]
    assert credentials[0].certificate.der == der
    assert shaken(credentials) == 0


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_certificates_of_the_first_versions_load_and_serve_who_takes_common_names(
    tmp_path: Path, kind: str, version: int
) -> None:
    (tmp_path / "cert.der").write_bytes(written(kind, version=version))
    (tmp_path / "key.pem").write_bytes(key_of(kind))
    credentials = extensions.credentials_from_files(tmp_path / "cert.der", tmp_path / "key.pem")
    assert shaken(credentials) == st.errSecHostNameMismatch
    assert shaken(credentials, extensions.kSecTrustAllowCommonName) == 0
    assert shaken(credentials, host=None) == 0


def with_text(kind: str) -> bytes:
    """As ``openssl x509 -text`` and people leave it."""
    said = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-text"], input=written(kind), check=True, capture_output=True
    )
    return b"subject=CN = old\n# caf\xe9 - the old box\n" + said.stdout + b"\n--\nthe end\n"


AROUND: dict[str, Callable[[str], bytes]] = {
    "text before and after": with_text,
    "CRLF": lambda kind: pem(written(kind)).replace(b"\n", b"\r\n"),
    "CR": lambda kind: pem(written(kind)).replace(b"\n", b"\r"),
    "a byte order mark": lambda kind: b"\xef\xbb\xbf" + pem(written(kind)),
    "blanks at the ends of lines": lambda kind: pem(written(kind)).replace(b"\n", b" \t\n"),
    "the older label": lambda kind: pem(written(kind), "X509 CERTIFICATE"),
    "one long line": lambda kind: (
        pem(written(kind))
        .replace(b"\n", b"")
        .replace(b"-----M", b"-----\nM")
        .replace(b"-----END", b"\n-----END")
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("which", AROUND)
def test_text_around_and_between_the_lines_is_passed_over(tmp_path: Path, which: str, kind: str) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(AROUND[which](kind) + b"\nBag Attributes\n    friendlyName: x\n" + key_of(kind))
    credentials = extensions.credentials_from_files(bundle)
    assert credentials[0].certificate.der == written(kind)
    assert shaken(credentials) == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["PKCS8", "traditional", "locked PKCS8"])
def test_files_in_der_serve(tmp_path: Path, form: str, kind: str) -> None:
    password = b"secret" if "locked" in form else None
    shape = pki.TRADITIONAL if form == "traditional" else pki.PKCS8
    (tmp_path / "cert").write_bytes(written(kind))
    (tmp_path / "key").write_bytes(key_of(kind, password=password, pem=False, form=shape))
    credentials = extensions.credentials_from_files(
        tmp_path / "cert", tmp_path / "key", "secret" if password else None
    )
    assert shaken(credentials) == 0


def test_a_missing_chain_stays_missing_and_serves_who_knows_the_issuer(tmp_path: Path) -> None:
    leaf = pki.leaf("P-256")
    (tmp_path / "leaf.pem").write_bytes(leaf.pem)
    (tmp_path / "whole.pem").write_bytes(leaf.pem + pki.intermediate().pem)
    (tmp_path / "key.pem").write_bytes(pki.key_bytes(leaf.key))
    bare = extensions.credentials_from_files(tmp_path / "leaf.pem", tmp_path / "key.pem")
    assert len(bare) == 1
    assert shaken(bare, host="localhost") == st.errSecCreateChainFailed
    assert shaken(bare, host="localhost", anchor=pki.intermediate().der) == 0
    whole = extensions.credentials_from_files(tmp_path / "whole.pem", tmp_path / "key.pem")
    assert shaken(whole, host="localhost") == 0


@cache
def strange_keys() -> dict[str, bytes]:
    """Keys that cannot be used: of a kind without signatures, with another password, and damaged."""
    whole = pki.key_bytes(pki.key("P-256", 5))
    return {
        "another kind": pki.key_bytes(x25519.X25519PrivateKey.generate()),
        "another password": pki.key_bytes(pki.key("P-256", 5), b"another"),
        "damaged": whole.replace(whole[40:60], b"A" * 20),
    }


@pytest.mark.parametrize("before", ["another key", "another kind", "another password", "damaged"])
@pytest.mark.parametrize("kind", KINDS)
def test_of_several_keys_the_first_that_belongs_to_the_certificate_serves(
    tmp_path: Path, kind: str, before: str
) -> None:
    first = strange_keys().get(before) or pki.key_bytes(pki.key("P-384", 5))
    for password in (None, b"secret"):
        bundle = tmp_path / "bundle.pem"
        bundle.write_bytes(first + key_of(kind, password=password) + first + pem(written(kind)))
        credentials = extensions.credentials_from_files(bundle, None, password)
        assert shaken(credentials) == 0


def test_a_key_that_cannot_be_read_is_named_where_no_other_will_do(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    for which, words in [
        ("another kind", "of a kind or size that is not supported"),
        ("another password", "needs a password"),
        ("damaged", "does not parse"),
    ]:
        bundle.write_bytes(pki.key_bytes(pki.key("P-384", 5)) + strange_keys()[which] + pem(written("P-256")))
        with pytest.raises(ValueError, match=words):
            extensions.credentials_from_files(bundle)


def test_trusted_blocks_of_openssl_that_hold_next_to_nothing_are_an_error_in_words(tmp_path: Path) -> None:
    for body in (b"", b"MA==", b"MIID"):
        block = b"-----BEGIN TRUSTED CERTIFICATE-----\n" + body + b"\n-----END TRUSTED CERTIFICATE-----\n"
        (tmp_path / "x").write_bytes(block)
        with pytest.raises(ValueError, match=r"not an X\.509 certificate"):
            extensions.credentials_from_files(tmp_path / "x")
