"""Keys, certificates and files for tests, made by ``cryptography``.

In: what a test wants. Out: DER, PEM, chains. Promise: nothing here is this library's own work, so that
tests judge it by somebody else's.
"""

from __future__ import annotations

import base64
import datetime
import functools
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

UTC = datetime.UTC
NOW = datetime.datetime.now(UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
PKCS8 = serialization.PrivateFormat.PKCS8
TRADITIONAL = serialization.PrivateFormat.TraditionalOpenSSL


@functools.cache
def key(kind: str = "P-256", index: int = 0) -> Any:
    """A key of a kind; the same one for the same index."""
    if kind.startswith("RSA"):
        return rsa.generate_private_key(65537, int(kind.split("-")[1]))
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    return ec.generate_private_key(curves[kind])


def key_bytes(private: Any, password: bytes | None = None, *, pem: bool = True, form: Any = PKCS8) -> bytes:
    """A private key as PEM or DER."""
    encoding = serialization.Encoding.PEM if pem else serialization.Encoding.DER
    protection: Any = serialization.NoEncryption()
    if password is not None:
        protection = serialization.BestAvailableEncryption(password)
    made: bytes = private.private_bytes(encoding, form, protection)
    return made


@dataclass(frozen=True)
class Made:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def name(common: str | None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests")]
    if common is not None:
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common))
    return x509.Name(attributes)


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def make(
    common: str,
    issuer: Made | None = None,
    *,
    kind: str = "P-256",
    index: int = 0,
    hosts: Sequence[str] = (),
    ca: bool = False,
    path_length: int | None = None,
    start: datetime.datetime | None = None,
    end: datetime.datetime | None = None,
    purposes: Sequence[x509.ObjectIdentifier] | None = None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    digest: Any = None,
    usage: x509.KeyUsage | None = None,
) -> Made:
    """A certificate, self-signed without an issuer."""
    private = key(kind, index if index else hash(common))
    subject = name(common)
    signer = issuer.key if issuer is not None else private
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer is not None else subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start if start is not None else NOW - DAY)
        .not_valid_after(end if end is not None else NOW + 90 * DAY)
        .add_extension(x509.BasicConstraints(ca, path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if hosts:
        alternatives = x509.SubjectAlternativeName([_general(host) for host in hosts])
        builder = builder.add_extension(alternatives, critical=False)
    if purposes is None and not ca:
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    if digest is None and not isinstance(signer, ed25519.Ed25519PrivateKey):
        digest = hashes.SHA256()
    return Made(builder.sign(signer, digest), private)


@functools.cache
def root() -> Made:
    """An authority."""
    return make("Test Root", ca=True)


@functools.cache
def intermediate() -> Made:
    """An authority below the root."""
    return make("Test Intermediate", root(), ca=True, path_length=0)


@functools.cache
def leaf(kind: str = "P-256") -> Made:
    """A server's certificate for localhost, 127.0.0.1 and www.example.com, below the intermediate."""
    return make(
        f"leaf {kind}", intermediate(), kind=kind, hosts=("localhost", "127.0.0.1", "www.example.com")
    )


def rsa_public_from_pkcs1(data: bytes) -> Any:
    """A public key of ``cryptography`` out of an RSAPublicKey."""
    body = b"".join(
        [
            b"-----BEGIN RSA PUBLIC KEY-----\n",
            base64.encodebytes(data),
            b"-----END RSA PUBLIC KEY-----\n",
        ]
    )
    return serialization.load_pem_public_key(body)


def tlv(tag: int, *contents: bytes) -> bytes:
    """An element in DER."""
    content = b"".join(contents)
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8 or 1, "big")
    head = bytes([size]) if size < 0x80 else bytes([0x80 | len(octets)]) + octets
    return bytes([tag]) + head + content


def elements(der: bytes) -> list[bytes]:
    """The elements that stand one after the other, each with its head."""
    found = []
    while der:
        size, start = der[1], 2
        if size >= 0x80:
            start += size & 0x7F
            size = int.from_bytes(der[2:start], "big")
        found.append(der[: start + size])
        der = der[start + size :]
    return found


def content(element: bytes) -> bytes:
    """What stands in an element, without its head."""
    return element[2 + (element[1] & 0x7F if element[1] >= 0x80 else 0) :]
