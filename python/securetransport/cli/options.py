"""The flags that the commands share, read and judged.

In: what the user typed. Out: a :class:`TlsSettings` and credentials, and contexts made after them. Promise: modern
settings unless others are asked for: TLS 1.2 at least, and suites with ephemeral keys and authenticated encryption.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import securetransport as st
from securetransport import extensions

from .keylog import KeyLog, open_key_log
from .problems import Exit, Problem

__all__ = [
    "SUITE_NAMES",
    "VERSIONS",
    "Alpn",
    "CaFile",
    "Ciphers",
    "ClientCert",
    "ClientKey",
    "HostPort",
    "Json",
    "MaxVersion",
    "MinVersion",
    "Port",
    "ServerName",
    "TlsSettings",
    "certificates_from",
    "default_suites",
    "load_authorities",
    "load_credentials",
    "new_context",
    "read_settings",
]

# What the flags are called is the same in every command.
MinVersion = Annotated[
    str,
    typer.Option(
        "--min-version", metavar="VERSION", help="Lowest version: ssl3, tls1.0, tls1.1, tls1.2, tls1.3."
    ),
]
MaxVersion = Annotated[
    str | None,
    typer.Option("--max-version", metavar="VERSION", help="Highest version. [default: the highest there is]"),
]
Ciphers = Annotated[
    list[str] | None,
    typer.Option(
        "--cipher", metavar="NAME", help="Suite to use, in order; repeat it or separate names with commas."
    ),
]
Alpn = Annotated[
    list[str] | None,
    typer.Option("--alpn", metavar="NAME", help="Application protocol, in order; repeat it or use commas."),
]
CaFile = Annotated[
    Path | None,
    typer.Option(
        "--cafile", metavar="FILE", help="Authorities to trust instead of the system's (PEM or DER)."
    ),
]
HostPort = Annotated[str, typer.Argument(metavar="HOST[:PORT]", help="Where to; [ADDRESS]:PORT for IPv6.")]
Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Port, if not in HOST:PORT. [default: 443]")
]
ServerName = Annotated[
    str | None,
    typer.Option("--servername", metavar="NAME", help="Name to ask for (and to verify) instead of HOST."),
]
ClientCert = Annotated[
    Path | None,
    typer.Option("--client-cert", metavar="FILE", help="Certificate to show: PEM, DER or PKCS#12."),
]
ClientKey = Annotated[
    Path | None,
    typer.Option("--client-key", metavar="FILE", help="Its key, if --client-cert does not hold it."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

#: From old to new; the numbers of the C enum have no order.
VERSIONS: dict[str, int] = {
    "ssl3": st.kSSLProtocol3,
    "tls1.0": st.kTLSProtocol1,
    "tls1.1": st.kTLSProtocol11,
    "tls1.2": st.kTLSProtocol12,
    "tls1.3": st.kTLSProtocol13,
}
_ORDER = list(VERSIONS)
MODERN_VERSION = "tls1.2"

#: Ephemeral keys and authenticated encryption, fastest with AES instructions first.
MODERN_SUITES: tuple[int, ...] = (
    st.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    st.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    st.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    st.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    st.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    st.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
)


@dataclasses.dataclass(frozen=True)
class TlsSettings:
    """What both sides of a connection are set to."""

    min_version: str
    max_version: str | None
    suites: tuple[int, ...]
    alpn: tuple[str, ...]
    key_log: KeyLog | None = None

    @property
    def needs_rsa(self) -> bool:
        """Whether a server can only use these suites with an RSA key."""
        return not any("_ECDSA_" in name for name, number in SUITE_NAMES.items() if number in self.suites)

    @property
    def versions(self) -> str:
        """The range in words."""
        if self.max_version == self.min_version:
            return self.min_version
        return (
            f"{self.min_version} to {self.max_version}"
            if self.max_version
            else f"{self.min_version} and later"
        )


def read_settings(
    min_version: str | None,
    max_version: str | None,
    ciphers: list[str] | None,
    alpn: list[str] | None,
    keylog: Path | None = None,
) -> TlsSettings:
    """Judge the flags; a :class:`Problem` says which one is wrong."""
    highest = _version(max_version) if max_version else None
    lowest = _version(min_version) if min_version else MODERN_VERSION
    if highest and _ORDER.index(lowest) > _ORDER.index(highest):
        if min_version and min_version != MODERN_VERSION:
            raise Problem(Exit.USAGE, f"The lowest version, {lowest}, is above the highest, {highest}.")
        lowest = highest
    suites = tuple(_suite(name) for name in _split(ciphers))
    protocols = tuple(_split(alpn))
    for name in protocols:
        if not name.isascii() or len(name) > 31:
            raise Problem(
                Exit.USAGE, f"{name!r} cannot be an application protocol: at most 31 ASCII characters."
            )
    return TlsSettings(lowest, highest, suites or default_suites(lowest), protocols, open_key_log(keylog))


def _split(values: list[str] | None) -> Iterable[str]:
    for value in values or ():
        yield from (part for part in value.replace(",", " ").split() if part)


def _version(text: str) -> str:
    bare = text.lower().replace("_", ".").strip()
    number = bare.removeprefix("tls").removeprefix("v")
    name = (
        "ssl3" if bare in ("ssl3", "sslv3", "ssl3.0") else f"tls{number if '.' in number else number + '.0'}"
    )
    if name not in VERSIONS:
        raise Problem(Exit.USAGE, f"{text!r} is no protocol version; there are {', '.join(VERSIONS)}.")
    return name


def default_suites(lowest: str) -> tuple[int, ...]:
    """Modern suites; with older versions allowed the library's own list after them, else those had none."""
    if _ORDER.index(lowest) >= _ORDER.index(MODERN_VERSION):
        return MODERN_SUITES
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    _, count = st.SSLGetNumberEnabledCiphers(context, None)
    _, enabled, _ = st.SSLGetEnabledCiphers(context, None, count or 0)
    return tuple(dict.fromkeys((*MODERN_SUITES, *(enabled or ()))))


SUITE_NAMES: dict[str, int] = {
    name: value
    for name, value in (*vars(st).items(), *vars(extensions).items())
    if name.startswith(("TLS_", "SSL_")) and "_WITH_" in name and isinstance(value, int)
}


#: "anon" is the one part of a name that is not in capitals.
_BY_UPPER = {name.upper(): number for name, number in SUITE_NAMES.items()}
_EXAMPLE = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"


def _suite(text: str) -> int:
    name = text.upper().replace("-", "_")
    for candidate in (name, f"TLS_{name}"):
        if candidate in _BY_UPPER:
            return _BY_UPPER[candidate]
    close = difflib.get_close_matches(name if name.startswith("TLS_") else f"TLS_{name}", SUITE_NAMES, n=1)
    hint = f"the closest is {close[0]}" if close else f"{_EXAMPLE} is one"
    raise Problem(Exit.USAGE, f"{text!r} is no cipher suite; {hint}.")


def new_context(side: int, settings: TlsSettings) -> st.SSLContext:
    """A context set up as the flags say; a :class:`Problem` names the flag that the library cannot fulfil."""
    context = st.SSLCreateContext(None, side, st.kSSLStreamType)
    if context is None:
        raise Problem(Exit.INTERNAL, "No context could be made.")
    highest = VERSIONS[settings.max_version] if settings.max_version else st.kTLSProtocolMaxSupported
    for set_bound, version, name in (
        (st.SSLSetProtocolVersionMax, highest, settings.max_version),
        (st.SSLSetProtocolVersionMin, VERSIONS[settings.min_version], settings.min_version),
    ):
        if set_bound(context, version) != st.errSecSuccess:
            raise Problem(Exit.USAGE, f"This library does not speak {name}.")
    if st.SSLSetEnabledCiphers(context, settings.suites, len(settings.suites)) != st.errSecSuccess:
        raise Problem(Exit.USAGE, "This library implements none of the cipher suites that were named.")
    if settings.alpn:
        st.SSLSetALPNProtocols(context, settings.alpn)
    if settings.key_log is not None:
        extensions.SSLSetKeyLogFunc(context, settings.key_log)
    return context


def load_credentials(certificate: Path, key: Path | None) -> list[Any]:
    """The list for SSLSetCertificate out of files; a :class:`Problem` says what is wrong with them."""
    try:
        return list(extensions.credentials_from_files(certificate, key))
    except OSError as error:
        raise _unreadable(error, certificate) from None
    except ValueError as error:
        raise Problem(Exit.FILE, _sentence(str(error))) from None


def load_authorities(path: Path) -> list[st.SecCertificate]:
    """The certificates of a PEM or DER file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(error, path) from None
    try:
        return certificates_from(data)
    except ValueError:
        raise Problem(Exit.FILE, f"{path} holds no certificate in PEM or DER form.") from None


def certificates_from(data: bytes) -> list[st.SecCertificate]:
    """Certificates out of PEM or DER bytes; ``ValueError`` when there is none."""
    is_pem = b"-----BEGIN" in data
    found = x509.load_pem_x509_certificates(data) if is_pem else [x509.load_der_x509_certificate(data)]
    made = [
        st.SecCertificateCreateWithData(None, one.public_bytes(serialization.Encoding.DER)) for one in found
    ]
    return [certificate for certificate in made if certificate is not None]


def _unreadable(error: OSError, path: Path) -> Problem:
    name = error.filename or path
    if isinstance(error, FileNotFoundError):
        return Problem(Exit.FILE, f"There is no file {name}.")
    return Problem(Exit.FILE, f"{name} cannot be read: {error.strerror or error}.")


def _sentence(words: str) -> str:
    return words if words.endswith(".") else f"{words}."
