"""What is exported comes back, here and with strangers; what is imported is found out from itself."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pki
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from securetransport import constants as c
from securetransport import security as s

PASSWORD = "caf\u00e9 secret"
PARAMETERS = s.SecItemImportExportKeyParameters(passphrase=PASSWORD)
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM


def identity(kind: str = "P-256") -> s.SecIdentity:
    leaf = pki.leaf(kind)
    return s.SecIdentity(s.SecCertificate(leaf.der), s.SecKey.from_pkcs8(pki.key_bytes(leaf.key, pem=False)))


def certificate(made: pki.Made) -> s.SecCertificate:
    return s.SecCertificate(made.der)


def exported(items: Any, form: int = 0, *, armoured: bool = False, parameters: Any = None) -> bytes:
    flags = c.kSecItemPemArmour if armoured else 0
    status, data = s.SecItemExport(items, form, flags, parameters, None)
    assert status == 0
    assert data is not None
    return data


def imported(data: bytes, parameters: Any = None) -> tuple[int, int, list[Any]]:
    status, form, kind, items = s.SecItemImport(data, None, 0, 0, 0, parameters, None, None)
    assert status == 0
    return form, kind, list(items or [])


def test_certificates_go_out_and_in() -> None:
    leaf, root = certificate(pki.leaf()), certificate(pki.root())
    assert exported(leaf) == leaf.der
    assert x509.load_pem_x509_certificate(exported(leaf, armoured=True)) == pki.leaf().certificate
    assert exported(leaf, c.kSecFormatX509Cert, armoured=True) == pki.leaf().pem
    for data in (leaf.der, pki.leaf().pem):
        assert imported(data) == (c.kSecFormatX509Cert, c.kSecItemTypeCertificate, [leaf])
    sequence = exported([leaf, root])
    assert sequence == pki.leaf().pem + pki.root().pem
    assert imported(sequence) == (c.kSecFormatPEMSequence, c.kSecItemTypeAggregate, [leaf, root])


@pytest.mark.parametrize("armoured", [False, True])
def test_bundles_go_to_strangers_and_back(tmp_path: Path, armoured: bool) -> None:
    chain = [pki.leaf(), pki.intermediate(), pki.root()]
    data = exported([certificate(made) for made in chain], c.kSecFormatPKCS7, armoured=armoured)
    load = pkcs7.load_pem_pkcs7_certificates if armoured else pkcs7.load_der_pkcs7_certificates
    assert set(load(data)) == {made.certificate for made in chain}
    (tmp_path / "b").write_bytes(data)
    command = ["openssl", "pkcs7", "-in", "b", "-inform", "PEM" if armoured else "DER", "-print_certs"]
    output = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout
    assert output.count(b"BEGIN CERTIFICATE") == 3
    form, kind, items = imported(data)
    assert (form, kind) == (c.kSecFormatPKCS7, c.kSecItemTypeAggregate)
    assert {item.der for item in items} == {made.der for made in chain}
    theirs = pkcs7.serialize_certificates([made.certificate for made in chain], PEM if armoured else DER)
    assert {item.der for item in imported(theirs)[2]} == {made.der for made in chain}


@pytest.mark.parametrize("kind", ["RSA-2048", "P-384", "Ed25519"])
@pytest.mark.parametrize("armoured", [False, True])
def test_private_keys_go_to_strangers_and_back(kind: str, armoured: bool) -> None:
    key = identity(kind).key
    load: Any = serialization.load_pem_private_key if armoured else serialization.load_der_private_key
    plain = exported(key, c.kSecFormatOpenSSL, armoured=armoured)
    assert load(plain, None).public_key() == pki.leaf(kind).key.public_key()
    assert imported(plain) == (c.kSecFormatOpenSSL, c.kSecItemTypePrivateKey, [key])
    locked = exported(key, c.kSecFormatWrappedPKCS8, armoured=armoured, parameters=PARAMETERS)
    assert load(locked, PASSWORD.encode()).public_key() == pki.leaf(kind).key.public_key()
    assert imported(locked, PARAMETERS)[1:] == (c.kSecItemTypePrivateKey, [key])
    for parameters, code in [
        (None, c.errSecPassphraseRequired),
        ({"passphrase": "wrong"}, c.errSecAuthFailed),
    ]:
        assert s.SecItemImport(locked, None, 0, 0, 0, parameters)[0] == code
    public = key.public()
    spki = exported(public, armoured=armoured)
    load_public: Any = serialization.load_pem_public_key if armoured else serialization.load_der_public_key
    assert load_public(spki) == pki.leaf(kind).key.public_key()
    assert imported(spki) == (c.kSecFormatOpenSSL, c.kSecItemTypePublicKey, [public])


@pytest.mark.parametrize("kind", ["RSA-2048", "P-256", "Ed25519"])
@pytest.mark.contract("SecItemExport", "SecItemImport", "SecPKCS12Import")
def test_pkcs12_files_open_with_openssl_java_and_cryptography(tmp_path: Path, kind: str) -> None:
    above = [certificate(pki.intermediate()), certificate(pki.root())]
    data = exported([identity(kind), *above], c.kSecFormatPKCS12, parameters=PARAMETERS)
    theirs = pkcs12.load_pkcs12(data, PASSWORD.encode())
    assert theirs.key is not None
    assert theirs.key.public_key() == pki.leaf(kind).key.public_key()
    assert theirs.cert is not None
    assert theirs.cert.certificate == pki.leaf(kind).certificate
    assert {extra.certificate for extra in theirs.additional_certs} == {
        pki.intermediate().certificate,
        pki.root().certificate,
    }
    (tmp_path / "x.p12").write_bytes(data)
    command = ["openssl", "pkcs12", "-in", "x.p12", "-passin", f"pass:{PASSWORD}", "-nodes"]
    output = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout
    assert output.count(b"BEGIN CERTIFICATE") == 3
    assert output.count(b"BEGIN PRIVATE KEY") == 1
    form, kind_of, items = imported(data, {c.kSecImportExportPassphrase: PASSWORD})
    assert (form, kind_of) == (c.kSecFormatPKCS12, c.kSecItemTypeAggregate)
    assert items == [identity(kind), *above]
    status, entries = s.SecPKCS12Import(data, {c.kSecImportExportPassphrase: PASSWORD}, None)
    assert status == 0
    assert entries is not None
    assert entries[0][c.kSecImportItemIdentity] == identity(kind)
    plain = exported(
        [identity(kind)], c.kSecFormatPKCS12, parameters={c.kSecImportExportPassphrase: "changeit"}
    )
    (tmp_path / "y.p12").write_bytes(plain)
    listing = ["keytool", "-list", "-keystore", "y.p12", "-storetype", "PKCS12", "-storepass", "changeit"]
    output = subprocess.run(listing, cwd=tmp_path, check=True, capture_output=True).stdout
    assert b"PrivateKeyEntry" in output


def test_identities_go_out_as_pkcs12_unless_said_otherwise() -> None:
    assert exported(identity(), parameters=PARAMETERS)[:1] == b"\x30"
    sequence = exported(identity(), c.kSecFormatPEMSequence)
    form, kind, items = imported(sequence)
    assert (form, kind) == (c.kSecFormatPEMSequence, c.kSecItemTypeAggregate)
    assert items == [identity().certificate, identity().key]


def test_parameters_do_not_show_their_passphrase() -> None:
    assert PASSWORD not in repr(PARAMETERS) + str(PARAMETERS)


def test_what_cannot_be_written_so_is_refused() -> None:
    leaf, key = identity().certificate, identity().key
    for items, form, code in [
        (identity(), c.kSecFormatX509Cert, c.errSecUnsupportedFormat),
        (identity(), c.kSecFormatUnknown, c.errSecPassphraseRequired),
        (key, c.kSecFormatX509Cert, c.errSecUnsupportedFormat),
        (key, c.kSecFormatWrappedPKCS8, c.errSecPassphraseRequired),
        (key.public(), c.kSecFormatWrappedPKCS8, c.errSecUnsupportedFormat),
        (key, c.kSecFormatPKCS7, c.errSecUnsupportedFormat),
        (leaf, c.kSecFormatSSH, c.errSecUnsupportedFormat),
        ([leaf, leaf], c.kSecFormatX509Cert, c.errSecUnsupportedFormat),
        (None, c.kSecFormatX509Cert, c.errSecParam),
        ([], c.kSecFormatX509Cert, c.errSecParam),
        ([leaf, "x"], c.kSecFormatX509Cert, c.errSecParam),
    ]:
        assert s.SecItemExport(items, form, 0, None, None) == (code, None)


def test_what_is_nothing_of_use_is_said_so() -> None:
    nothing = (c.kSecFormatUnknown, c.kSecItemTypeUnknown, None)
    for data, code in [
        (b"", c.errSecUnknownFormat),
        (b"hello", c.errSecUnknownFormat),
        (b"-----BEGIN NOTHING-----\nAAAA\n-----END NOTHING-----\n", c.errSecUnknownFormat),
        (pki.leaf().pem[:-40], c.errSecDecode),
        (None, c.errSecParam),
    ]:
        assert s.SecItemImport(data) == (code, *nothing)
    with pytest.raises(TypeError):
        s.SecItemImport("text")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        s.SecItemImport(b"", None, 0, 0, 0, "password")


@pytest.mark.contract("SecCertificateCopyValues")
def test_values_are_listed_by_object_identifier() -> None:
    leaf = certificate(pki.leaf())
    values, error = s.SecCertificateCopyValues(leaf, None, None)
    assert error is None
    assert values is not None
    names = values["2.5.29.17"]["value"]
    assert [entry["value"] for entry in names] == ["No", "localhost", "www.example.com", "127.0.0.1"]
    subject = values["2.16.840.1.113741.2.1.1.1.8"]["value"]
    assert {entry["label"]: entry["value"] for entry in subject} == {
        "2.5.4.10": "Tests",
        "2.5.4.3": "leaf P-256",
    }
    assert values["2.16.840.1.113741.2.1.1.1.2"]["value"] == "3"
    assert values["2.16.840.1.113741.2.1.3.2.1"]["value"] == "1.2.840.10045.4.3.2"
    two, _ = s.SecCertificateCopyValues(leaf, ["2.5.29.19", "1.2.3"], None)
    assert two is not None
    assert list(two) == ["2.5.29.19"]
    assert s.SecCertificateCopyValues(None, None)[0] is None
    usage = x509.KeyUsage(True, False, True, False, False, False, False, False, False)
    used = certificate(pki.make("used", pki.root(), usage=usage))
    found, _ = s.SecCertificateCopyValues(used, ["2.5.29.15"])
    assert found is not None
    wanted = c.kSecKeyUsageDigitalSignature | c.kSecKeyUsageKeyEncipherment
    assert found["2.5.29.15"]["value"][1]["value"] == wanted


@pytest.mark.contract(
    "sec_certificate_copy_ref",
    "sec_certificate_create",
    "sec_identity_access_certificates",
    "sec_identity_copy_certificates_ref",
    "sec_identity_copy_ref",
    "sec_identity_create",
    "sec_identity_create_with_certificates",
    "sec_trust_copy_ref",
    "sec_trust_create",
)
def test_wrappers_give_back_what_they_hold() -> None:
    whole = identity()
    leaf, root = whole.certificate, certificate(pki.root())
    _, trust = s.SecTrustCreateWithCertificates(leaf, None)
    assert s.sec_trust_copy_ref(s.sec_trust_create(trust)) == trust
    assert s.sec_certificate_copy_ref(s.sec_certificate_create(leaf)) == leaf
    bare = s.sec_identity_create(whole)
    assert s.sec_identity_copy_ref(bare) == whole
    assert s.sec_identity_copy_certificates_ref(bare) is None
    seen: list[Any] = []
    assert s.sec_identity_access_certificates(bare, seen.append) is False
    full = s.sec_identity_create_with_certificates(whole, [root])
    assert s.sec_identity_copy_certificates_ref(full) == [root]
    assert s.sec_identity_access_certificates(full, seen.append) is True
    assert [s.sec_certificate_copy_ref(item) for item in seen] == [root]
    assert s.sec_identity_create_with_certificates(whole, ["x"]) is None
    assert s.sec_trust_create(None) is s.sec_trust_copy_ref(None) is s.sec_identity_create(None) is None
    with pytest.raises(TypeError):
        s.sec_trust_create(leaf)  # type: ignore[arg-type]


def test_every_public_function_of_the_slice_exists() -> None:
    import json

    import securetransport

    table = json.loads((Path(__file__).parent.parent / "reference" / "security_types.json").read_text())
    ours = [
        "core_foundation",
        "sec_base",
        "sec_random",
        "sec_certificate",
        "sec_identity",
        "sec_key",
        "sec_trust",
        "sec_policy",
        "sec_import_export",
        "sec_protocol_types",
    ]
    names = [row["name"] for group in ours for row in table["functions"][group]]
    assert len(names) == 121
    assert [name for name in names if not callable(getattr(securetransport, name, None))] == []
