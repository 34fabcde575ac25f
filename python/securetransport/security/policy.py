"""SecPolicy: what a chain is judged for.

In: plain values. Out: policies.
"""

from __future__ import annotations

from .. import cf
from .._native import SecPolicy
from ..functions import _args
from ..functions.peer import encoded_name

__all__ = [
    "SecPolicy",
    "SecPolicyCreateBasicX509",
    "SecPolicyCreateSSL",
    "SecPolicyGetTypeID",
    "SecPolicyRef",
]

SecPolicyRef = SecPolicy
_TYPE_ID = cf.register_type(SecPolicy, "SecPolicy")


def SecPolicyGetTypeID() -> int:
    """The type number of policies; it differs from process to process."""
    return _TYPE_ID


def SecPolicyCreateBasicX509() -> SecPolicy:
    """A policy for chain building alone: dates, signatures, constraints."""
    return SecPolicy.basic()


def SecPolicyCreateSSL(server: bool, hostname: str | bytes | None) -> SecPolicy | None:
    """A policy for TLS: true judges a server's certificate, with ``hostname`` if given, false a client's.

    ``None`` for a host name that cannot be encoded.
    """
    judges_server = _args.flag(server, "server")
    if hostname is None:
        return SecPolicy.ssl(bool(judges_server), None)
    if not isinstance(hostname, (str, bytes)):
        raise TypeError(f"hostname must be str, bytes or None, not {type(hostname).__name__}")
    name = encoded_name(hostname)
    return None if name is None else SecPolicy.ssl(bool(judges_server), name)
