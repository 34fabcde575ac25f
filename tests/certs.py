"""Certificates and keys for the tests, made once a run.

In: names of what is wanted. Out: :class:`Credential` objects, their parts as objects of ``cryptography`` and as
PEM, DER and PKCS#12 files in a directory that goes away at the end. Promise: nothing is made before it is asked
for, and asking twice gives the same.
"""

from __future__ import annotations

import atexit
import datetime
import functools
import ipaddress
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOST = "localhost"
HOSTS = (HOST, "127.0.0.1", "::1")
PASSWORD = b"open sesame"

UTC = datetime.UTC
DAY = datetime.timedelta(days=1)


def now() -> datetime.datetime:
    return datetime.datetime.now(UTC).replace(microsecond=0)


@functools.cache
def directory() -> Path:
    """Where the files are; removed when the process ends."""
    path = Path(tempfile.mkdtemp(prefix="securetransport-certs-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


KEYS: dict[str, Callable[[], Any]] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "rsa1024": lambda: rsa.generate_private_key(65537, 1024),
    "rsa3072": lambda: rsa.generate_private_key(65537, 3072),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "dsa": lambda: dsa.generate_private_key(2048),
    "dsa1024": lambda: dsa.generate_private_key(1024),
}


@dataclass
class Credential:
    """A certificate, its key, and the certificates between it and its root."""

    name: str
    certificate: x509.Certificate
    key: Any
    issuer: Credential | None = None
    chain: tuple[x509.Certificate, ...] = ()
    files: dict[str, Path] = field(default_factory=dict)
    key_pem: bytes | None = None

    def __repr__(self) -> str:
        return f"<Credential {self.name}>"

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def chain_der(self) -> list[bytes]:
        """The certificate and those behind it, without the root."""
        return [c.public_bytes(serialization.Encoding.DER) for c in (self.certificate, *self.chain)]

    @property
    def key_pkcs8(self) -> bytes:
        """The key in DER, unencrypted."""
        return self.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def file(self, kind: str) -> Path:
        """A file: ``cert`` (PEM, leaf and chain), ``key`` (PEM), ``both`` (PEM, all of it), ``cert.der``,
        ``key.der``, ``locked`` (encrypted PEM key), ``p12``."""
        if kind not in self.files:
            suffix = kind if "." in kind or kind == "p12" else f"{kind}.pem"
            path = directory() / f"{self.name}.{suffix}"
            path.write_bytes(self._content(kind))
            self.files[kind] = path
        return self.files[kind]

    def _content(self, kind: str) -> bytes:
        pem = serialization.Encoding.PEM
        if kind == "cert":
            return b"".join(c.public_bytes(pem) for c in (self.certificate, *self.chain))
        if kind == "key":
            return self.key_pem or self.key.private_bytes(
                pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        if kind == "both":
            return self._content("key") + self._content("cert")
        if kind == "cert.der":
            return self.der
        if kind == "key.der":
            return self.key_pkcs8
        if kind == "locked":
            return self.key.private_bytes(
                pem, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(PASSWORD)
            )
        if kind == "p12":
            return pkcs12.serialize_key_and_certificates(
                self.name.encode(),
                self.key,
                self.certificate,
                list(self.chain),
                serialization.BestAvailableEncryption(PASSWORD),
            )
        raise ValueError(f"no such kind of file: {kind}")


def _signing_hash(key: Any) -> hashes.HashAlgorithm | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Secure Transport Tests"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _build(
    common_name: str,
    public_key: Any,
    issuer: Credential | None,
    valid: tuple[datetime.datetime, datetime.datetime],
) -> x509.CertificateBuilder:
    subject = _name(common_name)
    above = issuer.key.public_key() if issuer else public_key
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above), critical=False)
    )


def make_authority(name: str, issuer: Credential | None = None, kind: str = "p256") -> Credential:
    """A root, or an authority below ``issuer``."""
    key = KEYS[kind]()
    builder = _build(name, key.public_key(), issuer, (now() - 30 * DAY, now() + 3650 * DAY))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder.add_extension(usage, critical=True)
    signer = issuer.key if issuer else key
    certificate = builder.sign(signer, _signing_hash(signer))
    return Credential(name, certificate, key, issuer, (certificate,) if issuer else ())


def make_leaf(
    name: str,
    kind: str,
    issuer: Credential | None,
    *,
    hosts: Sequence[str] = HOSTS,
    usages: Sequence[x509.ObjectIdentifier] = (
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
    ),
    valid: tuple[datetime.datetime, datetime.datetime] | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
    extensions: Sequence[x509.ExtensionType] = (),
) -> Credential:
    """A certificate for ``hosts``; without ``issuer`` it signs itself."""
    key = KEYS[kind]()
    period = valid or (now() - DAY, now() + 365 * DAY)
    builder = _build(hosts[0] if hosts else name, key.public_key(), issuer, period)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    if hosts:
        names = x509.SubjectAlternativeName([_alternative(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    signer = issuer.key if issuer else key
    certificate = builder.sign(signer, algorithm or _signing_hash(signer))
    chain = issuer.chain if issuer else ()
    return Credential(name, certificate, key, issuer, chain)


def ocsp_response(credential: Credential, revoked: bool = False) -> bytes:
    """What the issuer says of a certificate today, in DER."""
    assert credential.issuer
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=credential.certificate,
        issuer=credential.issuer.certificate,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
        this_update=now() - datetime.timedelta(hours=1),
        next_update=now() + DAY,
        revocation_time=now() - DAY if revoked else None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, credential.issuer.certificate)
    response = builder.sign(credential.issuer.key, _signing_hash(credential.issuer.key))
    return response.public_bytes(serialization.Encoding.DER)


#: The prime of RFC 2409 section 6.2 (1024 bits); its generator is 2.
PRIME_1024 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)


def dh_group(prime: int, generator: int = 2) -> bytes:
    """A DHParameter of PKCS#3 in DER."""

    def wrapped(tag: int, content: bytes) -> bytes:
        n = len(content)
        length = (
            bytes([n])
            if n < 128
            else bytes([0x80 + (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8)
        )
        return bytes([tag]) + length + content

    return wrapped(48, b"".join(wrapped(2, n.to_bytes(n.bit_length() // 8 + 1)) for n in (prime, generator)))


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


def make_pss(name: str, issuer: Credential) -> Credential:
    """A certificate whose key is labelled as one for RSA-PSS alone; ``cryptography`` cannot make such a label."""
    key, request, certificate = (directory() / f"{name}.{part}" for part in ("pss.key", "csr", "pss.crt"))
    extensions = directory() / f"{name}.ext"
    names = ",".join(f"{'IP' if ':' in host or host[0].isdigit() else 'DNS'}:{host}" for host in HOSTS)
    extensions.write_text(f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n", encoding="ascii")
    _openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
    _openssl("req", "-new", "-key", key, "-subj", f"/CN={HOST}", "-out", request)
    _openssl(
        *("x509", "-req", "-in", request, "-CA", issuer.file("cert"), "-CAkey", issuer.file("key")),
        *("-days", "300", "-extfile", extensions, "-out", certificate),
    )
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    made = x509.load_pem_x509_certificate(certificate.read_bytes())
    return Credential(name, made, loaded, issuer, issuer.chain, key_pem=key.read_bytes())


# --- what tests ask for ------------------------------------------------------------------------------------


@functools.cache
def authority() -> Credential:
    """The root that tests trust."""
    return make_authority("authority")


@functools.cache
def stranger() -> Credential:
    """A root that nobody trusts."""
    return make_authority("stranger")


@functools.cache
def intermediate() -> Credential:
    """An authority below the root."""
    return make_authority("intermediate", authority(), "rsa")


def _expired() -> Credential:
    return make_leaf("expired", "p256", authority(), valid=(now() - 20 * DAY, now() - DAY))


def _not_yet_valid() -> Credential:
    return make_leaf("not_yet_valid", "p256", authority(), valid=(now() + DAY, now() + 20 * DAY))


_MAKERS: dict[str, Callable[[], Credential]] = {
    **{
        kind: functools.partial(lambda kind: make_leaf(kind, kind, authority()), kind)
        for kind in ("rsa", "rsa3072", "p256", "p384", "p521", "ed25519")
    },
    "dsa": lambda: make_leaf("dsa", "dsa", authority()),
    "dsa1024": lambda: make_leaf("dsa1024", "dsa1024", authority()),
    "ecdh_rsa": lambda: make_leaf("ecdh_rsa", "p256", intermediate()),
    "pss": lambda: make_pss("pss", authority()),
    "expired": _expired,
    "not_yet_valid": _not_yet_valid,
    "wrong_host": lambda: make_leaf("wrong_host", "p256", authority(), hosts=("elsewhere.example",)),
    "unknown_authority": lambda: make_leaf("unknown_authority", "p256", stranger()),
    "self_signed": lambda: make_leaf("self_signed", "p256", None),
    "chained": lambda: make_leaf("chained", "rsa", intermediate()),
    "chained_p256": lambda: make_leaf("chained_p256", "p256", intermediate()),
}

#: The leafs that a client which trusts :func:`authority` accepts for :data:`HOST`.
GOOD = ("rsa", "p256", "p384", "p521", "ed25519", "pss", "chained", "chained_p256")
#: Those that it refuses.
BAD = ("expired", "not_yet_valid", "wrong_host", "unknown_authority", "self_signed")


@functools.cache
def leaf(name: str) -> Credential:
    """One of the credentials that :data:`GOOD` and :data:`BAD` list, or ``rsa3072``, ``dsa`` or ``ecdh_rsa``: an EC
    key under an RSA authority."""
    return _MAKERS[name]()
