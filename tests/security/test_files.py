"""Identities out of files: every usual form loads, and what is wrong is said in one sentence."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pki
import pytest

from securetransport import extensions
from securetransport._native import SecCertificate, SecIdentity


@pytest.mark.parametrize("kind", ["RSA-2048", "P-256", "P-384", "P-521", "Ed25519"])
def test_pem_files_of_every_kind_of_key_make_an_identity(tmp_path: Path, kind: str) -> None:
    leaf = pki.leaf(kind)
    (tmp_path / "cert.pem").write_bytes(leaf.pem)
    (tmp_path / "key.pem").write_bytes(pki.key_bytes(leaf.key))
    identity = extensions.identity_from_files(tmp_path / "cert.pem", tmp_path / "key.pem")
    assert identity == SecIdentity(SecCertificate(leaf.der), identity.key)
    assert identity.key.is_private
    assert kind.split("-")[0] in identity.key.kind or identity.key.kind == kind


@pytest.mark.parametrize("form", ["PKCS8", "traditional", "encrypted PKCS8", "encrypted traditional", "DER"])
def test_a_private_key_may_be_in_every_usual_form(tmp_path: Path, form: str) -> None:
    for kind in ("RSA-2048", "P-384"):
        leaf = pki.leaf(kind)
        shape = pki.TRADITIONAL if "traditional" in form else pki.PKCS8
        password = b"caf\xc3\xa9" if "encrypted" in form else None
        (tmp_path / "cert").write_bytes(leaf.der if form == "DER" else leaf.pem)
        (tmp_path / "key").write_bytes(pki.key_bytes(leaf.key, password, pem=form != "DER", form=shape))
        made = extensions.identity_from_files(
            tmp_path / "cert", tmp_path / "key", "café" if password else None
        )
        assert made.certificate.der == leaf.der


@pytest.mark.parametrize("ending", [b"\r\n", b"\r", b""], ids=repr)
@pytest.mark.parametrize("password", [None, b"secret"])
def test_blocks_may_have_any_ends_of_lines_or_none(
    tmp_path: Path, ending: bytes, password: bytes | None
) -> None:
    leaf = pki.leaf("P-256")
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    for file, block in zip(files, (leaf.pem, pki.key_bytes(leaf.key, password)), strict=True):
        file.write_bytes(block.replace(b"\n", ending))
    made = extensions.identity_from_files(*files, password)
    assert made == SecIdentity(SecCertificate(leaf.der), made.key)


def test_one_file_with_everything_gives_the_identity_and_the_further_certificates(tmp_path: Path) -> None:
    leaf, intermediate, root = pki.leaf(), pki.intermediate(), pki.root()
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(root.pem + pki.key_bytes(leaf.key) + leaf.pem + intermediate.pem)
    credentials = extensions.credentials_from_files(bundle)
    assert isinstance(credentials[0], SecIdentity)
    assert credentials[0].certificate.der == leaf.der
    assert [other.der for other in credentials[1:]] == [root.der, intermediate.der]


def test_the_first_of_several_keys_that_fits_counts(tmp_path: Path) -> None:
    leaf, other = pki.leaf("P-256"), pki.leaf("P-384")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(pki.key_bytes(other.key) + pki.key_bytes(leaf.key) + leaf.pem + other.pem)
    credentials = extensions.credentials_from_files(bundle)
    assert credentials[0].certificate.der == leaf.der
    assert [certificate.der for certificate in credentials[1:]] == [other.der]


def test_what_is_wrong_with_a_file_is_said_in_one_sentence(tmp_path: Path) -> None:
    leaf, other = pki.leaf("RSA-2048"), pki.leaf("P-256")
    files = {
        "cert": leaf.pem,
        "key": pki.key_bytes(leaf.key),
        "locked": pki.key_bytes(leaf.key, b"secret"),
        "locked.der": pki.key_bytes(leaf.key, b"secret", pem=False),
        "other": pki.key_bytes(other.key),
        "empty": b"",
        "cut": leaf.pem[:-40],
        "odd": leaf.pem.replace(b"M", b"!", 1),
        "half": b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    }
    for file, data in files.items():
        (tmp_path / file).write_bytes(data)
    for cert, key, password, words in [
        ("cert", "other", None, "does not belong to the certificate"),
        ("cert", "locked", None, "needs a password"),
        ("cert", "locked.der", None, "needs a password"),
        ("cert", "locked", "wrong", "password does not open"),
        ("cert", "locked.der", "wrong", "password does not open"),
        ("cert", None, None, "no private key"),
        ("key", None, None, "no certificate"),
        ("cert", "cert", None, "no private key"),
        ("empty", "key", None, "neither PEM, nor"),
        ("cut", "key", None, "cut off"),
        ("odd", "key", None, "base64"),
        ("half", "key", None, "not an X.509 certificate"),
    ]:
        with pytest.raises(ValueError, match=words) as caught:
            extensions.identity_from_files(tmp_path / cert, None if key is None else tmp_path / key, password)
        assert "\n" not in str(caught.value)
        assert str(tmp_path) in str(caught.value)
    with pytest.raises(FileNotFoundError):
        extensions.identity_from_files(tmp_path / "missing")
    made = extensions.identity_from_files(tmp_path / "cert", tmp_path / "key", "not needed")
    assert made.certificate.der == leaf.der


def test_a_certificate_with_openssl_trust_settings_loads(tmp_path: Path) -> None:
    leaf = pki.leaf()
    (tmp_path / "cert.pem").write_bytes(leaf.pem)
    (tmp_path / "key.pem").write_bytes(pki.key_bytes(leaf.key))
    command = ["openssl", "x509", "-in", "cert.pem", "-trustout", "-addtrust", "serverAuth", "-out", "t.pem"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert b"TRUSTED" in (tmp_path / "t.pem").read_bytes()
    made = extensions.identity_from_files(tmp_path / "t.pem", tmp_path / "key.pem")
    assert made.certificate.der == leaf.der
