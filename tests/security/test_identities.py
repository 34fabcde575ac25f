"""An identity made in every way serves and shows itself in handshakes, with every kind of key."""

from __future__ import annotations

import pipes
import subprocess
from pathlib import Path
from typing import Any

import pki
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

import certs
import securetransport as st
from securetransport import extensions, spi

KINDS = ["RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384", "P-521", "Ed25519"]
PASSWORD = "secret"


def by_pkcs12_import(leaf: pki.Made, folder: Path) -> list[Any]:
    above = [pki.intermediate().certificate]
    encryption = serialization.BestAvailableEncryption(PASSWORD.encode())
    data = pkcs12.serialize_key_and_certificates(b"x", leaf.key, leaf.certificate, above, encryption)
    status, items = st.SecPKCS12Import(data, {st.kSecImportExportPassphrase: PASSWORD}, None)
    assert status == 0
    item = items[0]
    return [item[st.kSecImportItemIdentity], *item[st.kSecImportItemCertChain][1:]]


def by_item_import(leaf: pki.Made, folder: Path) -> list[Any]:
    data = leaf.pem + pki.intermediate().pem + pki.key_bytes(leaf.key)
    status, _, _, items = st.SecItemImport(data, None, 0, 0, 0, None, None, None)
    assert status == 0
    certificate, above, key = items
    return [st.SecIdentityCreate(None, certificate, key), above]


def by_key_data(leaf: pki.Made, folder: Path) -> list[Any]:
    certificate = st.SecCertificateCreateWithData(None, leaf.der)
    kind = {
        "R": st.kSecAttrKeyTypeRSA,
        "P": st.kSecAttrKeyTypeECSECPrimeRandom,
        "E": spi.kSecAttrKeyTypeEd25519,
    }[st.SecCertificateCopyKey(certificate).kind[0]]
    loaded = st.SecKeyCopyExternalRepresentation(
        st.SecItemImport(pki.key_bytes(leaf.key), None, 0, 0, 0, None, None, None)[3][0], None
    )[0]
    attributes = {st.kSecAttrKeyType: kind, st.kSecAttrKeyClass: st.kSecAttrKeyClassPrivate}
    key, error = st.SecKeyCreateWithData(loaded, attributes, None)
    assert error is None
    above = st.SecCertificateCreateWithData(None, pki.intermediate().der)
    return [st.SecIdentityCreate(None, certificate, key), above]


def by_files(leaf: pki.Made, folder: Path) -> list[Any]:
    (folder / "cert.pem").write_bytes(leaf.pem + pki.intermediate().pem)
    (folder / "key.der").write_bytes(pki.key_bytes(leaf.key, PASSWORD.encode(), pem=False))
    return list(extensions.credentials_from_files(folder / "cert.pem", folder / "key.der", PASSWORD))


WAYS = {
    "SecPKCS12Import": by_pkcs12_import,
    "SecItemImport": by_item_import,
    "SecKeyCreateWithData": by_key_data,
    "credentials_from_files": by_files,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_an_identity_authenticates_both_ends(way: str, kind: str, tmp_path: Path) -> None:
    leaf = pki.leaf(kind)
    credentials = WAYS[way](leaf, tmp_path)
    root = st.SecCertificateCreateWithData(None, pki.root().der)
    server, client = pipes.server(None), pipes.client("localhost", anchors=[])
    for ctx in (server, client):
        assert st.SSLSetCertificate(ctx, credentials) == 0
        pipes.ok(pipes.legacy.SSLSetTrustedRoots(ctx, [root], True))
    pipes.ok(st.SSLSetClientSideAuthenticate(server, st.kAlwaysAuthenticate))
    pair = pipes.Pair(client=client, server=server).connected()
    assert pair.transfer(client, b"hello") == b"hello"
    for ctx in (server, client):
        _, trust = st.SSLCopyPeerTrust(ctx, None)
        assert st.SecTrustEvaluateWithError(trust, None) == (True, None)
        chain = st.SecTrustCopyCertificateChain(trust)
        assert [certificate.der for certificate in chain] == [
            leaf.der,
            pki.intermediate().der,
            pki.root().der,
        ]


def pss_by_files(cert: Path, key: Path, folder: Path) -> list[Any]:
    return list(extensions.credentials_from_files(cert, key))


def pss_by_locked_file(cert: Path, key: Path, folder: Path) -> list[Any]:
    openssl(folder, "pkcs8", "-topk8", "-in", key, "-out", "locked.pem", "-passout", f"pass:{PASSWORD}")
    return list(extensions.credentials_from_files(cert, folder / "locked.pem", PASSWORD))


def pss_by_item_import(cert: Path, key: Path, folder: Path) -> list[Any]:
    status, _, _, items = st.SecItemImport(
        cert.read_bytes() + key.read_bytes(), None, 0, 0, 0, None, None, None
    )
    assert status == 0
    return [st.SecIdentityCreate(None, *items)]


def pss_by_pkcs12(cert: Path, key: Path, folder: Path) -> list[Any]:
    identities = []
    for form in ([], ["-legacy"]):
        secret = ["-passout", f"pass:{PASSWORD}"]
        openssl(folder, "pkcs12", "-export", "-in", cert, "-inkey", key, "-out", "x.p12", *secret, *form)
        data = (folder / "x.p12").read_bytes()
        status, items = st.SecPKCS12Import(data, {st.kSecImportExportPassphrase: PASSWORD}, None)
        assert status == 0
        identities.append(items[0][st.kSecImportItemIdentity])
    assert identities[0] == identities[1]
    return identities[:1]


def openssl(folder: Path, *command: str | Path) -> None:
    subprocess.run(["openssl", *map(str, command)], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize(
    "way", [pss_by_files, pss_by_locked_file, pss_by_item_import, pss_by_pkcs12], ids=lambda way: way.__name__
)
def test_a_key_for_pss_alone_authenticates_both_ends(way: Any, tmp_path: Path) -> None:
    leaf = certs.leaf("pss")
    credentials = way(leaf.file("cert"), leaf.file("key"), tmp_path)
    server, client = pipes.server(None), pipes.client()
    for ctx in (server, client):
        assert st.SSLSetCertificate(ctx, credentials) == 0
    pipes.ok(pipes.legacy.SSLSetTrustedRoots(server, [pipes.certificate(certs.authority().der)], True))
    pipes.ok(st.SSLSetClientSideAuthenticate(server, st.kAlwaysAuthenticate))
    pair = pipes.Pair(client=client, server=server).connected()
    assert pair.transfer(client, b"hello") == b"hello"
    for ctx in (server, client):
        _, trust = st.SSLCopyPeerTrust(ctx, None)
        certificate = st.SecTrustGetCertificateAtIndex(trust, 0)
        assert certificate.der == leaf.der
        assert st.SecCertificateCopyKey(certificate).kind == "RSA-PSS"


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_signs_the_same_in_python_and_in_handshakes(kind: str) -> None:
    """What SecKeyCreateSignature makes, the certificate's key verifies."""
    leaf = pki.leaf(kind)
    key = st.SecKey.from_pkcs8(pki.key_bytes(leaf.key, pem=False))
    public = st.SecCertificateCopyKey(st.SecCertificate(leaf.der))
    algorithm = {
        "R": st.kSecKeyAlgorithmRSASignatureMessagePSSSHA256,
        "P": st.kSecKeyAlgorithmECDSASignatureMessageX962SHA256,
        "E": spi.kSecKeyAlgorithmEdDSASignatureMessageCurve25519SHA512,
    }[kind[0]]
    signature, error = st.SecKeyCreateSignature(key, algorithm, b"message", None)
    assert error is None
    assert st.SecKeyVerifySignature(public, algorithm, b"message", signature, None) == (True, None)
