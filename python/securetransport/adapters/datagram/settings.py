"""What an association is set to, and contexts made after it.

In: the keyword arguments that the doors of this package share. Out: contexts. Promise: DTLS 1.2 and suites with
authenticated encryption unless others are named; what cannot be is a ValueError with a sentence, before anything is
sent.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from ... import extensions, functions, legacy, spi
from ..._native import SecCertificate, SecIdentity, SSLContext
from ...constants import suites as _published
from ...enums.ssl import SSLAuthenticate, SSLConnectionType, SSLProtocol, SSLProtocolSide
from .link import OnPause

__all__ = ["PRE_SHARED_SUITES", "SUITES", "ClientOptions", "Options", "ServerOptions", "Settings"]

Credentials = Sequence[SecIdentity | SecCertificate]
Text = str | bytes

#: What is offered unless suites are named: ephemeral keys and authenticated encryption, and at the end what small
#: devices speak (RFC 7925).
SUITES: tuple[int, ...] = (
    _published.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    _published.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    _published.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    _published.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    _published.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    _published.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    extensions.TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
)
#: The same with a pre-shared key.
PRE_SHARED_SUITES: tuple[int, ...] = (
    extensions.TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
    _published.TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
    _published.TLS_PSK_WITH_AES_128_GCM_SHA256,
    extensions.TLS_PSK_WITH_AES_128_CCM,
    extensions.TLS_PSK_WITH_AES_128_CCM_8,
)


#: Bytes of the random names that a server gives out, and the most that a name can have.
_ID_LENGTH = 8
_LONGEST_ID = 32


class Options(TypedDict, total=False):
    """What both sides can be set to; every option has a default.

    ``credentials``: the list for SSLSetCertificate, as ``extensions.credentials_from_files`` gives it. ``trusted``:
    certificates of authorities to trust in place of the system's. ``versions``: the lowest and the highest,
    ``kDTLSProtocol1`` or ``kDTLSProtocol12`` (both DTLS 1.2). ``suites``: numbers of cipher suites, in order
    (``PRE_SHARED_SUITES`` with a ``psk``, ``SUITES`` without one and where there is also ``trusted`` or, on a
    server, ``credentials``). ``alpn``: application protocols. ``mtu``: the largest datagram to send, in bytes
    (1400). ``connection_id``: by it this side knows the peer's records whatever address they come from (RFC 9146). On
    a server a length from 1 to 32, and every peer gets a random one (8); on a client the bytes themselves, or ``b""``
    to put only the server's into records (``b""``); ``None``: do without. ``srtp``: numbers of SRTP protection
    profiles (RFC 5764), in order.
    ``configure(context)``: whatever else Secure Transport can set, called at the end. ``on_pause(context, status)``:
    called at each pause that ``configure`` has asked for, such as errSSLPeerAuthCompleted; what it raises ends the
    handshake.
    """

    credentials: Credentials
    trusted: Sequence[SecCertificate]
    versions: tuple[int, int]
    suites: Sequence[int]
    alpn: Sequence[Text]
    mtu: int
    connection_id: bytes | int | None
    srtp: Sequence[int]
    configure: Callable[[SSLContext], object]
    on_pause: OnPause


class ClientOptions(Options, total=False):
    """``server_name``: the name to ask for and to verify (the host that is connected to); ``None``: no name.
    ``psk``: an identity and a secret."""

    server_name: Text | None
    psk: tuple[Text, bytes]


class ServerOptions(Options, total=False):
    """``psk``: secrets by identity, or a function that gives the secret of an identity or ``None``. ``hint``: the
    hint for clients which identity to use. ``client_auth``: whether clients have to show a certificate
    (``kNeverAuthenticate``)."""

    psk: Mapping[Text, bytes] | Callable[[bytes], bytes | None]
    hint: Text
    client_auth: int


@dataclasses.dataclass(frozen=True)
class Settings:
    """One side's settings, judged once and then good for any number of contexts."""

    client: bool
    options: dict[str, Any] = dataclasses.field(repr=False)

    @classmethod
    def of_client(cls, options: ClientOptions) -> Settings:
        """A client's; TypeError for an option that there is not, ValueError for one that cannot be."""
        return cls(True, _known(options, ClientOptions))

    @classmethod
    def of_server(cls, options: ServerOptions) -> Settings:
        """A server's. Its first context is made now, so that mistakes show before the first peer."""
        made = cls(False, _known(options, ServerOptions))
        made.context(bytes(made.id_length))
        return made

    @property
    def on_pause(self) -> OnPause | None:
        """What to do at pauses."""
        return self.options.get("on_pause")

    @property
    def id_length(self) -> int:
        """How long the names are that peers put into their records; 0 for none. ValueError for what cannot be."""
        wanted = self.options.get("connection_id", b"" if self.client else _ID_LENGTH)
        if wanted is None:
            return 0
        if self.client:
            if not isinstance(wanted, bytes) or len(wanted) > _LONGEST_ID:
                raise ValueError("connection_id is up to 32 bytes for a client; lengths are for servers.")
            return len(wanted)
        if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= _LONGEST_ID:
            raise ValueError(
                "connection_id is a length from 1 to 32 for a server; every peer gets another one."
            )
        return wanted

    def context(self, connection_id: bytes = b"") -> SSLContext:
        """A new context for one association."""
        options = self.options
        side = SSLProtocolSide.kSSLClientSide if self.client else SSLProtocolSide.kSSLServerSide
        context = functions.SSLCreateContext(None, side, SSLConnectionType.kSSLDatagramType)
        assert context is not None, "a side and a type that exist"
        self._set_versions(context)
        self._set_proofs(context)
        self._set_keys(context)
        self._set_extras(context)
        if options.get("connection_id", b"") is not None and (connection_id or self.client):
            name = connection_id or options.get("connection_id", b"")
            extensions.SSLSetDatagramConnectionID(context, name, len(name))
        if "configure" in options:
            options["configure"](context)
        return context

    def _set_extras(self, context: SSLContext) -> None:
        options = self.options
        for protocol in map(_raw, options.get("alpn", ())):
            if not protocol.isascii() or not 0 < len(protocol) < 32:
                raise ValueError(f"alpn cannot name {protocol!r}: protocols have 1 to 31 ASCII characters.")
        for name, given in (("alpn", functions.SSLSetALPNProtocols), ("srtp", extensions.SSLSetSRTPProfiles)):
            if options.get(name):
                _check(given(context, list(options[name])), f"{name} cannot be {options[name]!r}")
        if "mtu" in options:
            mtu = options["mtu"]
            if not 64 <= mtu <= 65535:
                raise ValueError(f"mtu cannot be {mtu}: datagrams have 64 to 65535 bytes.")
            functions.SSLSetMaxDatagramRecordSize(context, mtu)

    def _set_versions(self, context: SSLContext) -> None:
        lowest, highest = self.options.get(
            "versions", (SSLProtocol.kDTLSProtocol12, SSLProtocol.kDTLSProtocol12)
        )
        for given, version in (
            (functions.SSLSetProtocolVersionMax, highest),
            (functions.SSLSetProtocolVersionMin, lowest),
        ):
            _check(given(context, version), f"versions cannot name {version!r}; there are DTLS 1.0 and 1.2")
        suites = self.options.get("suites")
        if suites is None:
            suites = list(PRE_SHARED_SUITES) if self.options.get("psk") else []
            proof = "trusted" if self.client else "credentials"
            if proof in self.options or not suites:
                suites += SUITES
            if lowest == SSLProtocol.kDTLSProtocol1:  # which has none of these
                _, count = functions.SSLGetNumberEnabledCiphers(context, None)
                suites += functions.SSLGetEnabledCiphers(context, None, count or 0)[1] or ()
        status = functions.SSLSetEnabledCiphers(context, list(suites), len(suites))
        _check(status, "none of these suites exists here")

    def _set_proofs(self, context: SSLContext) -> None:
        """Who this side is, and whom it believes."""
        options = self.options
        if "credentials" in options:
            status = functions.SSLSetCertificate(context, options["credentials"])
            _check(status, "credentials are an identity and its certificates")
        if "trusted" in options:
            status = legacy.SSLSetTrustedRoots(context, list(options["trusted"]), True)
            _check(status, "trusted has to be certificates")
        if self.client:
            name = options.get("server_name")
            if name:
                status = functions.SSLSetPeerDomainName(context, name, len(name))
                _check(status, f"{name!r} cannot be the name of a server")
        else:
            wanted = options.get("client_auth", SSLAuthenticate.kNeverAuthenticate)
            _check(functions.SSLSetClientSideAuthenticate(context, wanted), "client_auth has no such value")

    def _set_keys(self, context: SSLContext) -> None:
        """Pre-shared ones."""
        given = self.options.get("psk")
        if given is None:
            return
        if self.client:
            identity, secret = given
            if not secret:
                raise ValueError("the secret in psk is empty.")
            raw = _raw(identity)
            _check(spi.SSLSetPSKIdentity(context, raw, len(raw)), "the identity in psk cannot be used")
            _check(
                spi.SSLSetPSKSharedSecret(context, secret, len(secret)), "the secret in psk cannot be used"
            )
            return
        extensions.SSLSetPSKLookupFunc(context, _lookup(given))
        hint = _raw(self.options.get("hint", b""))
        if hint:
            _check(extensions.SSLSetPSKIdentityHint(context, hint, len(hint)), "the hint cannot be used")


def _known(options: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    unknown = set(options) - set(shape.__annotations__)
    if unknown:
        raise TypeError(f"there is no option {', '.join(sorted(unknown))}")
    return dict(options)


def _lookup(given: Any) -> Callable[[Any, bytes], bytes | None]:
    if callable(given):
        return lambda connection, identity: given(identity)
    known = {_raw(identity): bytes(secret) for identity, secret in given.items()}
    return lambda connection, identity: known.get(identity)


def _raw(text: Text) -> bytes:
    return text.encode() if isinstance(text, str) else bytes(text)


def _check(status: int, words: str) -> None:
    if status:
        raise ValueError(f"{words}.")
