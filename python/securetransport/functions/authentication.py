"""Client authentication: what a server asks for, what a client was asked.

In: contexts, certificates, names. Out: statuses, or tuples that begin with one. Promise: shapes only. Calls that mean
something on the other side only succeed without effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from .. import _native
from .._native import SecCertificate, SecIdentity, SSLContext
from ..cf import CFArray
from ..constants.results import errSecParam, errSecSuccess
from ..enums.ssl import SSLClientCertificateState
from . import _args
from ._args import Out

__all__ = [
    "SSLAddDistinguishedName",
    "SSLCopyCertificateAuthorities",
    "SSLCopyDistinguishedNames",
    "SSLGetClientCertificateState",
    "SSLSetCertificateAuthorities",
    "SSLSetClientSideAuthenticate",
    "SSLSetEncryptionCertificate",
    "SSLSetOCSPResponse",
]

_STATES = tuple(SSLClientCertificateState)


def SSLSetClientSideAuthenticate(context: SSLContext | None, auth: int) -> int:
    """Whether a server asks for a client's certificate: ``kNeverAuthenticate``, ``kAlwaysAuthenticate`` (none is an
    error) or ``kTryAuthenticate``.

    Only while no session is active, else ``errSecBadReq``; ``errSecParam`` for an unknown number. The verdict falls
    when the client's Finished arrives. On a client: without effect.
    """
    if _args.context(context) is None:
        return errSecParam
    number = _args.number(auth, "auth")
    assert context is not None
    if number is None:
        return context.may_set() or errSecParam
    return context.set_client_auth(_args.int64(number))


def SSLAddDistinguishedName(context: SSLContext | None, derDN: Any, derDNLen: int) -> int:
    """Add the name of an acceptable authority to a server's request: the first ``derDNLen`` bytes, a DER Name.

    Only while no session is active, else ``errSecBadReq``. May be called repeatedly. On a client: without effect.
    """
    if _args.context(context) is None:
        return errSecParam
    der, length = _args.data(derDN, "derDN"), _args.number(derDNLen, "derDNLen")
    assert context is not None
    name = _args.first(der, length)
    return (context.may_set() or errSecParam) if name is None else context.add_distinguished_name(name)


def SSLCopyDistinguishedNames(
    context: SSLContext | None, names: Out = None
) -> tuple[int, CFArray[bytes] | None]:
    """``(status, names)``: on a client those that the server listed, on a server its own; ``None`` without any."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    found = ctx.get_distinguished_names()
    return errSecSuccess, CFArray(found) if found else None


def SSLSetCertificateAuthorities(
    context: SSLContext | None,
    certificateOrArray: SecCertificate | Sequence[SecCertificate] | None,
    replaceExisting: bool,
) -> int:
    """Name the authorities of a server's request by their certificates; this is a hint and changes no trust.

    ``replaceExisting`` drops earlier certificates and names first. ``errSecParam`` on a client, while a session is
    active, and for an element that is no certificate; those in front of it are added.
    """
    if _args.context(context) is None:
        return errSecParam
    if isinstance(certificateOrArray, SecCertificate):
        certificateOrArray = [certificateOrArray]
    given = _args.sequence(certificateOrArray, "certificateOrArray")
    replace = _args.flag(replaceExisting, "replaceExisting")
    assert context is not None
    if given is None or replace is None:
        return errSecParam
    good = list(takewhile(lambda element: isinstance(element, SecCertificate), given))
    status = context.set_certificate_authorities(good, replace)
    return status if len(good) == len(given) else errSecParam


def SSLCopyCertificateAuthorities(
    context: SSLContext | None, certificates: Out = None
) -> tuple[int, CFArray[SecCertificate] | None]:
    """``(status, certificates)``: those given to SSLSetCertificateAuthorities, ``None`` when unset. Any state."""
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam, None
    found = ctx.get_certificate_authorities()
    return errSecSuccess, CFArray(found) if found else None


def SSLGetClientCertificateState(
    context: SSLContext | None, clientState: Out = None
) -> tuple[int, SSLClientCertificateState | None]:
    """``(status, state)``: ``kSSLClientCertNone`` until it was asked for, then Requested, Sent, or Rejected.

    It begins anew with each handshake, and is kept on servers too.
    """
    ctx = _args.context(context)
    return (
        (errSecParam, None) if ctx is None else (errSecSuccess, _STATES[ctx.get_client_certificate_state()])
    )


def SSLSetEncryptionCertificate(
    context: SSLContext | None, certRefs: Sequence[SecIdentity | SecCertificate] | None
) -> int:
    """Remember a list that export-grade suites once needed; without effect on any connection.

    Only while no session is active, else ``errSecBadReq``; ``errSecParam`` for ``None``, and where the first element
    is no identity or a later one no certificate.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    elements = _args.sequence(certRefs, "certRefs")
    refused = ctx.may_set()
    if refused:
        return refused
    if not elements or not isinstance(elements[0], SecIdentity):
        return errSecParam
    if not all(isinstance(element, SecCertificate) for element in elements[1:]):
        return errSecParam
    return ctx.set_encryption_certificate(certRefs)


def SSLSetOCSPResponse(context: SSLContext | None, response: Any) -> int:
    """Give a server the OCSP response (DER) to staple for clients that ask; an empty one is none.

    Any state, effective at the next ServerHello; ``errSecParam`` for ``None``. The response is sent as it is. On a
    client: without effect.
    """
    ctx = _args.context(context)
    if ctx is None:
        return errSecParam
    data = _args.data(response, "response")
    return errSecParam if data is None else _native.set_ocsp_response(ctx, data)
