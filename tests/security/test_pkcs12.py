"""PKCS#12 files of every writer at hand open, and say what is wrong when they do not."""

from __future__ import annotations

import hashlib
import hmac
import pipes
import subprocess
from functools import cache
from pathlib import Path

import pki
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given
from hypothesis import strategies as st

import securetransport
from securetransport import constants as c
from securetransport import extensions
from securetransport import security as s

PASSWORD = "caf\u00e9 secret"


def run(*command: str | Path, cwd: Path) -> None:
    subprocess.run([str(part) for part in command], cwd=cwd, check=True, capture_output=True, text=True)


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A folder with a leaf, its key and the certificates above it."""
    leaf = pki.leaf("RSA-2048")
    (tmp_path / "leaf.pem").write_bytes(leaf.pem)
    (tmp_path / "key.pem").write_bytes(pki.key_bytes(leaf.key))
    (tmp_path / "above.pem").write_bytes(pki.intermediate().pem + pki.root().pem)
    return tmp_path


def openssl(parts: Path, *options: str, password: str = PASSWORD) -> bytes:
    export = ["openssl", "pkcs12", "-export", "-inkey", "key.pem", "-in", "leaf.pem", "-name", "n\u00e4me"]
    run(
        *export,
        "-certfile",
        "above.pem",
        "-out",
        "x.p12",
        "-passout",
        f"pass:{password}",
        *options,
        cwd=parts,
    )
    return (parts / "x.p12").read_bytes()


def imported(data: bytes, password: str | None = PASSWORD) -> tuple[int, list[dict[str, object]]]:
    options = {} if password is None else {c.kSecImportExportPassphrase: password}
    status, items = s.SecPKCS12Import(data, options, None)
    return status, list(items or [])


def check_whole(data: bytes, password: str | None = PASSWORD, label: str | None = "n\u00e4me") -> None:
    status, items = imported(data, password)
    assert (status, len(items)) == (0, 1)
    item = items[0]
    leaf = pki.leaf("RSA-2048")
    chain = [leaf.der, pki.intermediate().der, pki.root().der]
    assert [entry.der for entry in item[c.kSecImportItemCertChain]] == chain
    identity = item[c.kSecImportItemIdentity]
    assert isinstance(identity, s.SecIdentity)
    assert identity.certificate.der == leaf.der
    if label is not None:
        assert item[c.kSecImportItemLabel] == label
    assert isinstance(item[c.kSecImportItemKeyID], bytes)
    trust = item[c.kSecImportItemTrust]
    assert isinstance(trust, s.SecTrust)
    s.SecTrustSetAnchorCertificates(trust, [s.SecCertificate(pki.root().der)])
    assert s.SecTrustEvaluateWithError(trust) == (True, None)


OPENSSL = {
    "AES": [],
    "legacy RC2 and 3DES": ["-legacy"],
    "plain": ["-keypbe", "NONE", "-certpbe", "NONE"],
    "without MAC": ["-nomac"],
    "SHA-512 MAC": ["-macalg", "sha512"],
    "SHA-224 MAC": ["-macalg", "sha224"],
    "many iterations": ["-iter", "100000"],
    **{
        name: ["-legacy", "-keypbe", name, "-certpbe", name]
        for name in ["PBE-SHA1-RC4-128", "PBE-SHA1-2DES", "PBE-SHA1-3DES", "PBE-SHA1-RC2-128"]
    },
    **{name: ["-keypbe", name, "-certpbe", name] for name in ["AES-128-CBC", "AES-192-CBC", "DES-EDE3-CBC"]},
}


@pytest.mark.parametrize("form", OPENSSL)
def test_files_of_openssl_open_with_their_password_and_no_other(parts: Path, form: str) -> None:
    data = openssl(parts, *OPENSSL[form])
    check_whole(data)
    if form != "without MAC":
        assert imported(data, "wrong") == (c.errSecAuthFailed, [])
        assert imported(data, None) == (c.errSecAuthFailed, [])
    else:
        assert imported(data, "wrong")[0] == c.errSecAuthFailed


def test_an_empty_password_is_the_same_as_none(parts: Path) -> None:
    data = openssl(parts, password="")
    check_whole(data, "")
    check_whole(data, None)


@pytest.mark.parametrize("kind", ["RSA-2048", "P-256", "P-521", "Ed25519"])
def test_files_of_cryptography_open(kind: str) -> None:
    leaf = pki.leaf(kind)
    above = [pki.intermediate().certificate, pki.root().certificate]
    encryption = serialization.BestAvailableEncryption(PASSWORD.encode())
    data = pkcs12.serialize_key_and_certificates(b"x", leaf.key, leaf.certificate, above, encryption)
    status, items = imported(data)
    assert status == 0
    assert items[0][c.kSecImportItemIdentity] == s.SecIdentity(
        s.SecCertificate(leaf.der), s.SecKey.from_pkcs8(pki.key_bytes(leaf.key, pem=False))
    )


def with_pbmac1(file: bytes, password: bytes) -> bytes:
    """A file without MAC gets one by RFC 9579: PBKDF2 and HMAC, both with SHA-256."""
    body = file[4:]
    safe = body[body.index(b"\x04\x82") :]
    salt, count, null = b"saltsalt", 2048, b"\x05\0"
    oid = lambda tail: pki.tlv(0x06, bytes.fromhex("2a864886f70d") + tail)  # noqa: E731
    hmac_sha256 = pki.tlv(0x30, oid(b"\x02\x09"), null)
    derivation = pki.tlv(
        0x30,
        oid(b"\x01\x05\x0c"),
        pki.tlv(
            0x30, pki.tlv(0x04, salt), pki.tlv(0x02, count.to_bytes(2, "big")), b"\x02\x01\x20", hmac_sha256
        ),
    )
    scheme = pki.tlv(0x30, oid(b"\x01\x05\x0e"), pki.tlv(0x30, derivation, hmac_sha256))
    key = hashlib.pbkdf2_hmac("sha256", password, salt, count, 32)
    tag = hmac.digest(key, safe[4:], "sha256")
    mac = pki.tlv(0x30, pki.tlv(0x30, scheme, pki.tlv(0x04, tag)), pki.tlv(0x04, b"unused"))
    return pki.tlv(0x30, body, mac)


def test_a_mac_of_the_new_kind_is_checked(parts: Path) -> None:
    data = with_pbmac1(openssl(parts, "-nomac"), PASSWORD.encode())
    assert pkcs12.load_pkcs12(data, PASSWORD.encode()).cert is not None
    check_whole(data)
    assert imported(data, "wrong")[0] == c.errSecAuthFailed
    assert imported(data.replace(b"saltsalt", b"saltpepp"))[0] == c.errSecAuthFailed


@pytest.mark.parametrize("form", ["default", "legacy"])
def test_files_of_java_open(parts: Path, form: str) -> None:
    (parts / "in.p12").write_bytes(openssl(parts, password="changeit"))
    flags = ["-J-Dkeystore.pkcs12.legacy"] if form == "legacy" else []
    store = ["-srckeystore", "in.p12", "-srcstoretype", "PKCS12", "-srcstorepass", "changeit"]
    out = ["-destkeystore", "out.p12", "-deststoretype", "PKCS12", "-deststorepass", "changeit", "-noprompt"]
    run("keytool", *flags, "-importkeystore", *store, *out, cwd=parts)
    check_whole((parts / "out.p12").read_bytes(), "changeit", None)


@pytest.mark.parametrize(
    ("algorithm", "kind", "extra"),
    [
        ("RSA", "RSA", ["-keysize", "2048"]),
        ("EC", "P-384", ["-groupname", "secp384r1"]),
        ("Ed25519", "Ed25519", []),
        ("RSASSA-PSS", "RSA-PSS", ["-keysize", "2048", "-sigalg", "RSASSA-PSS"]),
    ],
)
def test_keys_that_java_made_serve(tmp_path: Path, algorithm: str, kind: str, extra: list[str]) -> None:
    """A store of keytool's own, with two keys in it: the first counts."""
    store = ["-keystore", "x.p12", "-storetype", "PKCS12", "-storepass", "changeit"]
    for alias, host in (("a", "localhost"), ("b", "other.example")):
        about = ["-alias", alias, "-dname", f"CN={host}", "-ext", f"SAN=DNS:{host}"]
        run("keytool", "-genkeypair", "-keyalg", algorithm, *extra, *about, *store, cwd=tmp_path)
    credentials = extensions.credentials_from_files(tmp_path / "x.p12", password="changeit")
    certificate = credentials[0].certificate  # type: ignore[union-attr]
    assert certificate.dns_names == ["localhost"]
    assert s.SecCertificateCopyKey(certificate).kind == kind  # type: ignore[union-attr]
    client, server = pipes.client(anchors=[]), pipes.server(None)
    pipes.ok(pipes.legacy.SSLSetTrustedRoots(client, [certificate], True))
    pipes.ok(securetransport.SSLSetCertificate(server, credentials))
    pipes.Pair(client=client, server=server).connected()
    status, items = imported((tmp_path / "x.p12").read_bytes(), "changeit")
    assert (status, len(items)) == (0, 2)
    assert [item[c.kSecImportItemLabel] for item in items] == ["a", "b"]


def test_a_store_of_certificates_alone_comes_as_a_chain_without_identity(parts: Path) -> None:
    run(
        "openssl",
        "pkcs12",
        "-export",
        "-nokeys",
        "-in",
        "above.pem",
        "-out",
        "x.p12",
        "-passout",
        "pass:x",
        cwd=parts,
    )
    status, items = imported((parts / "x.p12").read_bytes(), "x")
    assert (status, len(items)) == (0, 1)
    assert set(items[0]) == {c.kSecImportItemCertChain, c.kSecImportItemTrust}
    chain = items[0][c.kSecImportItemCertChain]
    assert [entry.der for entry in chain] == [pki.intermediate().der, pki.root().der]  # type: ignore[attr-defined]


def test_identities_out_of_a_file_need_its_password(parts: Path) -> None:
    (parts / "x.p12").write_bytes(openssl(parts))
    credentials = extensions.credentials_from_files(parts / "x.p12", password=PASSWORD)
    assert isinstance(credentials[0], s.SecIdentity)
    assert [other.der for other in credentials[1:]] == [pki.intermediate().der, pki.root().der]  # type: ignore[union-attr]
    for password, words in [("wrong", "not opened by this password"), (None, "needs a password")]:
        with pytest.raises(ValueError, match=words):
            extensions.identity_from_files(parts / "x.p12", password=password)


def test_odd_old_certificates_come_out_of_a_file(parts: Path) -> None:
    """Version 1 and a negative serial number, which ``cryptography`` is about to refuse."""
    run("openssl", "req", "-new", "-key", "key.pem", "-subj", "/CN=old", "-out", "r.pem", cwd=parts)
    sign = [
        "openssl",
        "x509",
        "-req",
        "-in",
        "r.pem",
        "-key",
        "key.pem",
        "-set_serial",
        "-5",
        "-out",
        "leaf.pem",
    ]
    run(*sign, cwd=parts)
    data = openssl(parts)
    (parts / "x.p12").write_bytes(data)
    identity = extensions.identity_from_files(parts / "x.p12", password=PASSWORD)
    assert s.SecCertificateCopySerialNumberData(identity.certificate)[0] == b"\xfb"


def indefinite(der: bytes) -> bytes:
    """The same elements with indefinite lengths and octet strings in two pieces, as other writers make
    them.
    """
    out, at = b"", 0
    while at < len(der):
        tag, size, head = der[at], der[at + 1], 2
        if size >= 0x80:
            head = 2 + (size & 0x7F)
            size = int.from_bytes(der[at + 2 : at + head], "big")
        content = der[at + head : at + head + size]
        if tag & 0x20:
            out += bytes([tag, 0x80]) + indefinite(content) + b"\0\0"
        elif tag == 0x04 and size > 1:
            halves = content[:1], content[1:]
            pieces = b"".join(b"\x04\x82" + len(half).to_bytes(2, "big") + half for half in halves)
            out += b"\x24\x80" + pieces + b"\0\0"
        else:
            out += der[at : at + head + size]
        at += head + size
    return out


def test_the_older_encoding_rules_are_understood(parts: Path) -> None:
    data = openssl(parts)
    older = indefinite(data)
    assert older != data
    check_whole(older)


@pytest.mark.parametrize("data", [b"", b"0", b"\x30\x03\x02\x01\x03", pki.leaf().der, b"\x30\x80" * 1000])
def test_what_is_no_file_of_this_kind_does_not_decode(data: bytes) -> None:
    assert s.SecPKCS12Import(data, {}, None) == (c.errSecDecode, None)


def test_too_many_iterations_are_refused_at_once(parts: Path) -> None:
    data = openssl(parts, "-nomac")
    count = (2048).to_bytes(2, "big")
    assert data.count(b"\x02\x02" + count) >= 1
    # One more byte would shift all lengths: the count becomes negative instead, and then zero.
    assert imported(data.replace(b"\x02\x02" + count, b"\x02\x02\xff\xff"))[0] == c.errSecAuthFailed
    assert imported(data.replace(b"\x02\x02" + count, b"\x02\x02\x00\x00"))[0] == c.errSecDecode


@cache
def small() -> bytes:
    leaf = pki.leaf()
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1)
    encryption = (
        builder.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(PASSWORD.encode())
    )
    return pkcs12.serialize_key_and_certificates(b"x", leaf.key, leaf.certificate, None, encryption)


@given(st.data())
def test_damaged_files_never_open_as_something_else(data: st.DataObject) -> None:
    whole = bytearray(small())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    status, items = imported(bytes(whole))
    assert status in (c.errSecDecode, c.errSecAuthFailed, 0)
    if status == 0 and items and c.kSecImportItemIdentity in items[0]:
        identity = items[0][c.kSecImportItemIdentity]
        assert isinstance(identity, s.SecIdentity)
        assert identity.certificate.der == pki.leaf().der
    assert imported(bytes(whole[:at]))[0] == c.errSecDecode


def test_none_is_a_parameter_error_and_wrong_types_are_type_errors() -> None:
    assert s.SecPKCS12Import(None, {}, None) == (c.errSecParam, None)
    with pytest.raises(TypeError):
        s.SecPKCS12Import("x", {})  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        s.SecPKCS12Import(b"x", [])
    with pytest.raises(TypeError):
        s.SecPKCS12Import(b"x", {c.kSecImportExportPassphrase: 1})
