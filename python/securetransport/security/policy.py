"""Policies: what a chain is judged for.

In: names, identifiers, flags. Out: ``SecPolicy`` objects. Promise: a policy does not change. What each asks of a
certificate stands in ``docs/trust.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .. import constants as _c
from .._native import SecPolicy as SecPolicy
from ..cf import CFDictionary
from ..cf.base import type_getter
from . import _args

SecPolicyRef = SecPolicy

SecPolicyGetTypeID: Final = type_getter("SecPolicy", SecPolicy)


def host_bytes(name: str | bytes) -> bytes | None:
    """A host name as certificates spell it: ASCII stays, other text goes through IDNA; ``None`` if it cannot."""
    if isinstance(name, bytes):
        return name
    if name.isascii():
        return name.encode("ascii")
    try:
        return name.encode("idna")
    except UnicodeError:
        return None


def SecPolicyCreateBasicX509() -> SecPolicy:
    """Chain building alone: dates, signatures, basic constraints, weak keys and hashes; no name, no purpose."""
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


def SecPolicyCreateRevocation(revocationFlags: int) -> SecPolicy | None:
    """In addition to others: what is done with OCSP responses and CRLs (kSecRevocation flags).

    kSecRevocationRequirePositiveResponse makes a missing answer about the leaf a fault. Nothing is fetched, so the
    flag for the network changes nothing. ``None`` without a method.
    """
    if revocationFlags is None:
        return None
    flags = _args.number(revocationFlags, "the flags")
    methods = _c.kSecRevocationOCSPMethod | _c.kSecRevocationCRLMethod
    if not 0 <= flags < 1 << 32 or not flags & methods:
        return None
    return SecPolicy.revocation(flags)


#: The side an identifier names, where it names one.
_SIDES: dict[str, bool] = {
    _c.kSecPolicyAppleSSLServer: True,
    _c.kSecPolicyAppleSSLClient: False,
    _c.kSecPolicyAppleEAPServer: True,
    _c.kSecPolicyAppleEAPClient: False,
    _c.kSecPolicyAppleIPSecServer: True,
    _c.kSecPolicyAppleIPSecClient: False,
}


def _first(names: list[bytes]) -> bytes | None:
    return names[0] if names else None


_MAKERS: dict[str, Callable[[bool, list[bytes]], SecPolicy]] = {
    _c.kSecPolicyAppleX509Basic: lambda _server, _names: SecPolicy.basic(),
    _c.kSecPolicyAppleSSL: lambda server, names: SecPolicy.ssl(server, _first(names)),
    _c.kSecPolicyAppleEAP: SecPolicy.eap,
    _c.kSecPolicyAppleIPsec: lambda server, names: SecPolicy.ipsec(server, _first(names)),
    _c.kSecPolicyAppleSMIME: lambda _server, names: SecPolicy.mail(_first(names)),
    _c.kSecPolicyAppleCodeSigning: lambda _server, _names: SecPolicy.code_signing(),
    _c.kSecPolicyAppleTimeStamping: lambda _server, _names: SecPolicy.time_stamping(),
}
for _sided in _SIDES:
    _MAKERS[_sided] = _MAKERS[_sided.rpartition(".")[0]]


def _names_of(value: object, several: bool) -> list[bytes] | None:
    """The name or names of a dictionary of properties; ``None`` when they are none."""
    if value is None:
        return []
    listed = value if several and isinstance(value, list | tuple) else [value]
    names = []
    for name in listed:
        encoded = host_bytes(name) if isinstance(name, str) else None
        if encoded is None:
            return None
        names.append(encoded)
    return names


def SecPolicyCreateWithProperties(policyIdentifier: str | None, properties: Any) -> SecPolicy | None:
    """A policy by its identifier (kSecPolicyApple constants); ``None`` for one that is not known.

    ``properties``: kSecPolicyName (a ``str``, for EAP also a list), kSecPolicyClient, and for the revocation policy
    kSecPolicyRevocationFlags. Identifiers that name a side win over kSecPolicyClient.
    """
    if policyIdentifier is None:
        return None
    identifier = _args.text(policyIdentifier, "the identifier")
    given = _args.mapping(properties, "the properties")
    if identifier == _c.kSecPolicyAppleRevocation:
        flags = given.get(_c.kSecPolicyRevocationFlags)
        if isinstance(flags, int) and not isinstance(flags, bool):
            return SecPolicyCreateRevocation(flags)
        return None
    maker = _MAKERS.get(identifier)
    names = _names_of(given.get(_c.kSecPolicyName), several=identifier.startswith(_c.kSecPolicyAppleEAP))
    if maker is None or names is None:
        return None
    return maker(_SIDES.get(identifier, not given.get(_c.kSecPolicyClient)), names)


_IDENTIFIERS: dict[tuple[str, bool | None], str] = {
    ("basic", None): _c.kSecPolicyAppleX509Basic,
    ("strict", None): _c.kSecPolicyAppleX509Basic,
    ("ssl", True): _c.kSecPolicyAppleSSLServer,
    ("ssl", False): _c.kSecPolicyAppleSSLClient,
    ("qualified", True): _c.kSecPolicyAppleSSLServer,
    ("eap", True): _c.kSecPolicyAppleEAPServer,
    ("eap", False): _c.kSecPolicyAppleEAPClient,
    ("ipsec", True): _c.kSecPolicyAppleIPSecServer,
    ("ipsec", False): _c.kSecPolicyAppleIPSecClient,
    ("mail", None): _c.kSecPolicyAppleSMIME,
    ("code", None): _c.kSecPolicyAppleCodeSigning,
    ("time", None): _c.kSecPolicyAppleTimeStamping,
    ("revocation", None): _c.kSecPolicyAppleRevocation,
}


def SecPolicyCopyProperties(policyRef: SecPolicy | None) -> CFDictionary | None:
    """The identifier (kSecPolicyOid), name, client flag and revocation flags; ``None`` for ``None``."""
    if policyRef is None:
        return None
    policy = _args.of(SecPolicy, policyRef, "the policy")
    properties: dict[str, Any] = {_c.kSecPolicyOid: _IDENTIFIERS[policy.kind, policy.server]}
    names = [name.decode("utf-8", "replace") for name in policy.names]
    if names:
        properties[_c.kSecPolicyName] = names[0] if len(names) == 1 else names
    if policy.server is False:
        properties[_c.kSecPolicyClient] = True
    if policy.flags is not None:
        properties[_c.kSecPolicyRevocationFlags] = policy.flags
    return CFDictionary(properties)
