"""Policies: what a chain is judged for.

In: names, identifiers, flags. Out: ``SecPolicy`` objects. Promise: a policy does not change.
"""

from __future__ import annotations

from typing import Final

from .._native import SecPolicy as SecPolicy
from ..cf import CFDictionary
from ..cf.base import type_getter
from ..constants import (
    kSecPolicyAppleSSLClient,
    kSecPolicyAppleSSLServer,
    kSecPolicyAppleX509Basic,
    kSecPolicyClient,
    kSecPolicyName,
    kSecPolicyOid,
)
from . import _args

SecPolicyRef = SecPolicy

SecPolicyGetTypeID: Final = type_getter("SecPolicy", SecPolicy)


def host_bytes(name: str | bytes) -> bytes | None:
    """A host name as certificates spell it: ASCII stays, other text goes through IDNA; ``None`` if it
    cannot.
    """
    if isinstance(name, bytes):
        return name
    if name.isascii():
        return name.encode("ascii")
    try:
        return name.encode("idna")
    except UnicodeError:
        return None


def SecPolicyCreateBasicX509() -> SecPolicy:
    """Chain building alone: dates, signatures, basic constraints, weak keys and hashes; no name, no
    purpose.
    """
    return SecPolicy.basic()


def SecPolicyCreateSSL(server: bool, hostname: str | None) -> SecPolicy | None:
    """For TLS. ``server`` true judges a server's certificate (what a client needs), false a client's.

    ``hostname``: the name or address the certificate has to be for; ``None`` for any.
    """
    judges_server = _args.flag(server, "server")
    if hostname is None:
        return SecPolicy.ssl(judges_server, None)
    host = host_bytes(_args.text(hostname, "the host name"))
    return None if host is None else SecPolicy.ssl(judges_server, host)


def SecPolicyCopyProperties(policyRef: SecPolicy | None) -> CFDictionary | None:
    """The identifier (kSecPolicyOid), name and client flag; ``None`` for ``None``."""
    if policyRef is None:
        return None
    policy = _args.of(SecPolicy, policyRef, "the policy")
    properties: dict[str, object] = {kSecPolicyOid: kSecPolicyAppleX509Basic}
    if policy.server is not None:
        properties[kSecPolicyOid] = kSecPolicyAppleSSLServer if policy.server else kSecPolicyAppleSSLClient
        if not policy.server:
            properties[kSecPolicyClient] = True
    if policy.host is not None:
        properties[kSecPolicyName] = policy.host.decode("utf-8", "replace")
    return CFDictionary(properties)
