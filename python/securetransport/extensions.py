"""What Apple never had.

In: files, trust objects, contexts. Out: identities, further settings, the numbers of further cipher suites. Promise:
whatever makes a judgement milder does so by name only.
"""

from __future__ import annotations

import os
import typing
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import _namespace, _native
from ._native import (
    SecCertificate,
    SecIdentity,
    SecKey,
    SecPolicy,
    SecTrust,
    SSLContext,
    offered_suites,
    sec_protocol_metadata_t,
)
from ._native import SSLSessionTicketKeys as SSLSessionTicketKeys
from .cf import CFArray
from .constants import additions as _additions
from .constants.additions import *  # noqa: F403
from .constants.results import errSecDecode, errSecParam, errSecSuccess
from .functions import _args
from .functions import media as _media
from .functions._args import Out
from .functions.media import *  # noqa: F403
from .security import _args as _security
from .security import files as _files
from .security import held as _held
from .security import trust as _trust
from .security.policy import host_bytes

__all__ = [
    "SSLCopyConnectionReport",
    "SSLCopyDatagramConnectionIDs",
    "SSLCopyOfferedCiphers",
    "SSLCopyProtocolMetadata",
    "SSLCopySessionTicketKeys",
    "SSLGetDatagramDeadline",
    "SSLGetPSKIdentityHint",
    "SSLSessionTicketKeys",
    "SSLSetDatagramConnectionID",
    "SSLSetKeyLogFunc",
    "SSLSetPSKIdentityHint",
    "SSLSetPSKLookupFunc",
    "SSLSetSessionTicketKeys",
    "SecKeyCreateWithCallbacks",
    "SecPolicyCreateQualifiedWebsite",
    "SecTrustSetAllowances",
    "SecTrustSetCRLs",
    "SecTrustSetMaximumPathLength",
    "credentials_from_files",
    "identity_from_files",
    "kSecTrustAllowCommonName",
    "kSecTrustAllowExpired",
    "kSecTrustAllowMD5",
    "kSecTrustAllowSHA1",
    "kSecTrustAllowSmallRSA",
    "kSecTrustAllowV1Authority",
    "kSecTrustAllowancesUsed",
]
if not typing.TYPE_CHECKING:
    __all__ += _namespace.public_names(vars(_additions))
    __all__ += _media.__all__

# What SecTrustSetAllowances lets off.
kSecTrustAllowSmallRSA = 1
kSecTrustAllowMD5 = 2
kSecTrustAllowSHA1 = 4
kSecTrustAllowCommonName = 8
kSecTrustAllowV1Authority = 16
kSecTrustAllowExpired = 32
_ALL_ALLOWANCES = 63
#: Under this key SecTrustCopyResult gives the flags that were made use of.
kSecTrustAllowancesUsed = _trust.ALLOWANCES_USED

Path = str | os.PathLike[str]


#: No certificates and keys take so much.
_LARGEST = 16 << 20


def _read(path: Path, password: str | bytes | None) -> _files.Contents:
    with open(path, "rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError(f"{os.fspath(path)}: the file is larger than {_LARGEST >> 20} MiB")
    try:
        return _files.read(data, password, strict=False)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None


def _credentials(
    cert: Path, key: Path | None, password: str | bytes | None
) -> tuple[SecIdentity, list[SecCertificate]]:
    found = _read(cert, password)
    if not found.certificates:
        raise ValueError(f"{os.fspath(cert)}: there is no certificate in this file")
    holder = cert if key is None else key
    holding = found if key is None else _read(key, password)
    keys = holding.keys
    for certificate in found.certificates:
        made = _files.identity(certificate, keys)
        if made is not None:
            return made, [other for other in found.certificates if other != certificate]
    if holding.unreadable:  # it may have been the right one
        raise ValueError(f"{os.fspath(holder)}: {holding.unreadable[0]}")
    if not keys:
        raise ValueError(f"{os.fspath(holder)}: there is no private key in this file")
    try:
        SecIdentity(found.certificates[0], keys[0])
    except ValueError as error:
        raise ValueError(f"{os.fspath(holder)}: {error}") from None
    raise AssertionError("an identity that could not be made was made")


def identity_from_files(
    cert: Path, key: Path | None = None, password: str | bytes | None = None
) -> SecIdentity:
    """An identity out of a certificate's file and, unless it is in there too, its private key's file.

    ``cert``: PEM, DER or PKCS#12. ``key``: PEM or DER (PKCS#8, PKCS#1, SEC 1). ``password`` opens encrypted
    keys and PKCS#12 files. Of several certificates the first with a matching key counts. Raises OSError
    when a file cannot be read and ValueError, with one sentence, when its contents do not do.
    """
    return _credentials(cert, key, password)[0]


def credentials_from_files(
    cert: Path, key: Path | None = None, password: str | bytes | None = None
) -> list[SecIdentity | SecCertificate]:
    """The list for SSLSetCertificate: the identity, then the other certificates of the file in their order.

    Arguments and errors as of identity_from_files.
    """
    identity, others = _credentials(cert, key, password)
    return [identity, *others]


def SecKeyCreateWithCallbacks(
    public: SecKey | SecCertificate,
    sign: Callable[[bytes, str], bytes] | None = None,
    decrypt: Callable[[bytes, str], bytes] | None = None,
    algorithms: Iterable[str] | None = None,
) -> SecKey:
    """A private key that somebody else holds: a token, an agent, a service.

    ``public``: its public half, or the certificate. ``sign(data, algorithm)`` gives a signature,
    ``decrypt(ciphertext, algorithm)`` a plaintext (needed for RSA key exchange alone), both as ``bytes``.
    ``algorithms``: the kSecKeyAlgorithm constants that the functions understand; the engine asks for one of
    these. Digest algorithms get a finished digest, Message ones the message; ECDSA may be answered as X9.62 or
    RFC 4754. By default: digests with SHA-1 to SHA-512 (PKCS#1 v1.5 and PSS, or X9.62), Ed25519 messages, and
    kSecKeyAlgorithmRSAEncryptionPKCS1. With kSecKeyAlgorithmRSAEncryptionRaw among them the padding of a key
    exchange is checked here, in constant time; prefer that where the holder can do it.

    The functions run in the thread of SSLHandshake and may take their time. When one raises, the handshake fails
    with errSSLCrypto or as after a wrong secret, and the exception goes to ``sys.unraisablehook``. ValueError
    for algorithms that are unknown or do not fit the key.
    """
    return _held.create(public, sign, decrypt, algorithms)


def SecTrustSetAllowances(trust: SecTrust | None, flags: int) -> int:
    """Lets old equipment off, one flag for each weakness; replaces what was set before.

    kSecTrustAllowSmallRSA (RSA below 2048 bits), kSecTrustAllowMD5 and kSecTrustAllowSHA1 (signatures, which are
    verified all the same), kSecTrustAllowCommonName (the host in the common name, where there are no alternative
    names for hosts), kSecTrustAllowV1Authority, kSecTrustAllowExpired. What was made use of stands in
    SecTrustCopyResult under kSecTrustAllowancesUsed. errSecParam for an unknown flag.
    """
    if trust is None or flags is None:
        return errSecParam
    target = _security.of(SecTrust, trust, "the trust object")
    number = _security.number(flags, "the flags")
    if number & ~_ALL_ALLOWANCES or number < 0:
        return errSecParam
    target.set_allowances(number)
    return errSecSuccess


def SecTrustSetCRLs(trust: SecTrust | None, crls: Sequence[bytes] | None) -> int:
    """Revocation lists in DER; ``None`` or an empty sequence removes them.

    A list counts for certificates of its issuer while it is fresh and that issuer signed it. errSecDecode, and
    nothing changed, when one of them is no list.
    """
    if trust is None:
        return errSecParam
    target = _security.of(SecTrust, trust, "the trust object")
    lists = [] if crls is None else _security.array(crls, "the lists")
    return (
        errSecSuccess if target.set_crls([_security.data(crl, "a list") for crl in lists]) else errSecDecode
    )


def SecTrustSetMaximumPathLength(trust: SecTrust | None, length: int | None) -> int:
    """How many authorities may stand between the leaf and its anchor; ``None`` removes the limit.

    Self-issued ones are not counted. Longer chains fail with errSecPathLengthConstraintExceeded.
    """
    if trust is None:
        return errSecParam
    target = _security.of(SecTrust, trust, "the trust object")
    limit = None if length is None else _security.number(length, "the length")
    if limit is not None and not 0 <= limit < 1 << 31:
        return errSecParam
    target.set_path_limit(limit)
    return errSecSuccess


def SecPolicyCreateQualifiedWebsite(hostname: str | None) -> SecPolicy | None:
    """For TLS servers whose certificate has to be a qualified one for websites (QWAC).

    Without its statements (QcCompliance, QcType web) it fails with errSecMissingQualifiedCertStatement.
    """
    if hostname is None:
        return SecPolicy.qualified(None)
    host = host_bytes(_security.text(hostname, "the host name"))
    return None if host is None else SecPolicy.qualified(host)


def SSLCopyOfferedCiphers(
    context: SSLContext | None, ciphers: Out = None
) -> tuple[int, tuple[int, ...] | None]:
    """``(status, numbers)``: the cipher suites of the client's latest ClientHello, in its order, unknown ones too.

    For servers, from the pause of kSSLSessionOptionBreakOnClientHello on; empty on a client and before a hello.
    """
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, tuple(offered_suites(ctx)))


def SSLCopyConnectionReport(
    context: SSLContext | None, report: Out = None
) -> tuple[int, dict[str, Any] | None]:
    """``(status, report)``: what is known about a connection, in words, for people and logs. Any state.

    Keys: ``version``, ``suite``, ``group``, ``scheme`` (names or ``None``), ``fault`` (why it ended),
    ``alert_sent`` and ``alert_received`` (the alert that ended it), ``extended_master_secret``,
    ``encrypt_then_mac``, ``secure_renegotiation`` and ``resumed`` (bools). Never a secret.
    """
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.report())


def SSLGetDatagramDeadline(context: SSLContext | None, seconds: Out = None) -> tuple[int, float | None]:
    """``(status, seconds)``: until a flight of the handshake is sent again unless the peer answers before.

    ``0.0`` when that is due: call SSLHandshake (or SSLRead on a connected context), which looks at the clock when
    it begins. ``None`` while nothing waits for an answer. So an event loop needs no polling. Any state;
    ``errSecParam`` on a stream context.
    """
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else _native.get_datagram_deadline(ctx)


def SSLSetDatagramConnectionID(context: SSLContext | None, connectionID: Any, connectionIDLen: int) -> int:
    """Let the peer's records name this association (RFC 9146): with the first ``connectionIDLen`` bytes, at most 32.

    A peer that moves to another address, as behind a NAT that forgets, is then still known by its records. An empty
    name says that this end needs none and uses the peer's; ``None``, the default, that it knows nothing of names.
    DTLS 1.2 only, effective where both ends call it, from the first record under keys on. Only while no session is
    active, else ``errSecBadReq``; ``errSecParam`` on a stream context and for longer names. A receiver can look up
    the name, of one length for all, behind the first 11 bytes of records of type 25.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    name, length = _args.data(connectionID, "connectionID"), _args.number(connectionIDLen, "connectionIDLen")
    if name is None:
        return _native.set_connection_id(ctx, None)
    wanted = _args.first(name, length)
    return ctx.may_set() or errSecParam if wanted is None else _native.set_connection_id(ctx, wanted)


def SSLCopyDatagramConnectionIDs(
    context: SSLContext | None, own: Out = None, peer: Out = None
) -> tuple[int, bytes | None, bytes | None]:
    """``(status, own, peer)``: the names that the latest hellos agreed on, ``None`` twice where they did not.

    ``own`` is what the peer's records carry, ``peer`` what ours do; an empty one is in no record. Any state;
    ``errSecParam`` on a stream context.
    """
    ctx = _args.context(context)
    return (errSecParam, None, None) if ctx is None else _native.get_connection_ids(ctx)


def SSLSetPSKIdentityHint(context: SSLContext | None, hint: Any, hintLen: int) -> int:
    """Set the hint that a server sends to help a client choose its identity: the first ``hintLen`` bytes.

    An empty hint is none. Any state, effective at the key exchange. On a client: without effect.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    wanted = _args.first(_args.data(hint, "hint"), _args.number(hintLen, "hintLen"))
    return errSecParam if wanted is None else ctx.set_psk_hint(wanted)


def SSLGetPSKIdentityHint(
    context: SSLContext | None, hint: Out = None, hintLen: Out = None
) -> tuple[int, bytes | None, int | None]:
    """``(status, hint, length)``: on a client what the server sent, on a server what was set, or ``None``."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None, 0
    found = ctx.get_psk_hint()
    return errSecSuccess, found, 0 if found is None else len(found)


def SSLSetPSKLookupFunc(
    context: SSLContext | None, lookup: Callable[[Any, bytes], bytes | None] | None
) -> int:
    """Ask a function for the secret of each identity, for servers with many.

    ``lookup(connection, identity)`` returns ``bytes`` or ``None``.

    ``None`` from it means that nobody has that identity: the handshake goes on with a random secret and fails at
    Finished, so that a client cannot tell. What it raises is raised by the call that ran the handshake. ``None`` in
    place of the function: the one secret of ``spi.SSLSetPSKSharedSecret`` counts again. Any state.
    """
    ctx = _args.context(context)
    if lookup is not None and not callable(lookup):
        raise TypeError(f"lookup must be callable or None, not {type(lookup).__name__}")
    return errSecParam if ctx is None else ctx.set_psk_lookup(lookup)


def SSLSetSessionTicketKeys(
    context: SSLContext | None, keys: SSLSessionTicketKeys | Iterable[bytes] | None
) -> int:
    """Let a server issue session tickets (RFC 5077) under these keys; ``None``, the default, ends it. Any state,
    effective at the next ClientHello; without effect on a client.

    ``keys``: an ``SSLSessionTicketKeys``, which several contexts can share and which makes new keys by itself, or 1
    to 16 values of 48 random bytes, newest first: the first seals, all of them open, and the first 16 bytes are the
    key's name. Workers and hosts with the same keys resume each other's sessions; to rotate, put a new key in front
    everywhere and drop the last one after the lifetime of its tickets, which SSLSetSessionCacheTimeout sets. A ticket
    holds only for servers with the same certificate and options and, where clients authenticate, the same trust
    settings. ``errSecParam`` for keys of another length or number and for names that repeat.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    if isinstance(keys, SSLSessionTicketKeys):
        return _native.share_ticket_keys(ctx, keys)
    listed = _args.sequence(keys, "keys")
    if listed is None:
        return _native.set_ticket_keys(ctx, None)
    values = [_args.data(key, "a session ticket key") for key in listed]
    known = [value for value in values if value is not None]
    return errSecParam if len(known) < len(values) else _native.set_ticket_keys(ctx, known)


def SSLCopySessionTicketKeys(
    context: SSLContext | None, keys: Out = None
) -> tuple[int, CFArray[bytes] | None]:
    """``(status, keys)``: the keys in use, newest first, for another process or host; ``None`` without any.

    They are secrets: whoever has them can read every connection that a ticket under them resumed.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    known = _native.get_ticket_keys(ctx)
    return errSecSuccess, None if known is None else CFArray(known)


def SSLCopyProtocolMetadata(
    context: SSLContext | None, metadata: Out = None
) -> tuple[int, sec_protocol_metadata_t | None]:
    """``(status, metadata)``: what the latest handshake found out, for the sec_protocol_metadata_* functions.

    ``errSecBadReq`` before the first handshake is complete; later in any state. The object does not change with the
    connection. It has attributes as well: ``alpn``, ``server_name``, ``peer_chain``, ``ocsp``, ``scts`` (the signed
    certificate timestamps of the handshake), ``resumed``.
    """
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else _native.copy_metadata(ctx)


def SSLSetKeyLogFunc(context: SSLContext | None, function: Callable[[str], Any] | None) -> int:
    """Let ``function(line)`` have the secrets of each handshake in the format of NSS; ``None`` ends it. Any state.

    A line, without its end, is ``CLIENT_RANDOM``, the client's random and the master secret in hex: written to a file
    it lets tshark and Wireshark decrypt a recording. Whoever has it can read the connection. The function runs inside
    SSLHandshake, SSLRead or SSLWrite; what it raises comes out of that call. No environment variable is ever read.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    if function is not None and not callable(function):
        raise TypeError(f"function must be callable or None, not {type(function).__name__}")
    return _native.set_key_log(ctx, function)
