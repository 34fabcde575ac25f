"""Keys for SRTP, agreed on by the handshake of a datagram context (RFC 5764): what WebRTC asks of DTLS.

In: contexts, numbers of protection profiles. Out: statuses, or tuples that begin with one. Promise: keys are in no
``repr``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from .. import _native
from .._native import SSLContext
from ..constants.results import errSecParam
from . import _args
from ._args import Out

__all__ = [
    "SRTP_AEAD_AES_128_GCM",
    "SRTP_AEAD_AES_256_GCM",
    "SRTP_AES128_CM_HMAC_SHA1_32",
    "SRTP_AES128_CM_HMAC_SHA1_80",
    "SSLCopySRTPKeys",
    "SSLGetSRTPProfile",
    "SSLSRTPKeys",
    "SSLSetSRTPProfiles",
]

# RFC 5764 section 4.1.2, RFC 7714 section 14.2
SRTP_AES128_CM_HMAC_SHA1_80 = 0x0001
SRTP_AES128_CM_HMAC_SHA1_32 = 0x0002
SRTP_AEAD_AES_128_GCM = 0x0007
SRTP_AEAD_AES_256_GCM = 0x0008


@dataclasses.dataclass(frozen=True, repr=False)
class SSLSRTPKeys:
    """Master keys and salts of both directions: each end sends with those of its own role."""

    profile: int
    client_key: bytes
    server_key: bytes
    client_salt: bytes
    server_salt: bytes

    def __repr__(self) -> str:
        return f"<SSLSRTPKeys of profile {self.profile:#06x}>"


def SSLSetSRTPProfiles(context: SSLContext | None, profiles: Sequence[int] | None) -> int:
    """Agree on keys for SRTP: the ``SRTP_`` constants, the dearest first; an empty sequence, the default, ends it.

    Datagram contexts only, any state, effective at the next hello. A server takes the first of its own that the
    client names; where they have none in common the handshake goes on without. ``errSecParam`` on a stream, for
    ``None``, and for unknown or repeated numbers.
    """
    ctx = _args.context(context)
    listed = _args.sequence(profiles, "profiles")
    if ctx is None or listed is None:
        return errSecParam
    numbers = [_args.number(profile, "a profile") for profile in listed]
    known = [_args.int64(number) for number in numbers if number is not None]
    return errSecParam if len(known) < len(numbers) else _native.set_srtp_profiles(ctx, known)


def SSLGetSRTPProfile(context: SSLContext | None, profile: Out = None) -> tuple[int, int | None]:
    """``(status, profile)``: what the latest hellos agreed on; ``errSecParam`` where they did not. Any state."""
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else _native.get_srtp_profile(ctx)


def SSLCopySRTPKeys(context: SSLContext | None, keys: Out = None) -> tuple[int, SSLSRTPKeys | None]:
    """``(status, keys)``: what the latest handshake gives for SRTP (RFC 5764 section 4.2).

    ``errSecBadReq`` before the first handshake is complete, ``errSecParam`` where no profile was agreed on. A client
    sends with ``client_key`` and ``client_salt``, a server with the other two.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    status, found = _native.copy_srtp_keys(ctx)
    return status, None if found is None else SSLSRTPKeys(found[0], *found[1])
