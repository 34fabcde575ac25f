"""SecTrust: the judgement of a chain.

In: certificates, policies, anchors, a moment. Out: verdicts and why. Promise: the rules are the engine's; here are
PyObjC's shapes.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from .. import cf
from .._native import SecCertificate, SecPolicy, SecTrust
from ..cf import CFArray
from ..constants.results import errSecParam, errSecSuccess
from ..enums.sec import SecTrustResultType
from ..functions import _args
from ..functions._args import Out

__all__ = [
    "SecTrust",
    "SecTrustCopyCertificateChain",
    "SecTrustCreateWithCertificates",
    "SecTrustEvaluate",
    "SecTrustEvaluateWithError",
    "SecTrustGetCertificateAtIndex",
    "SecTrustGetCertificateCount",
    "SecTrustGetTrustResult",
    "SecTrustGetTypeID",
    "SecTrustRef",
    "SecTrustSetAnchorCertificates",
    "SecTrustSetAnchorCertificatesOnly",
    "SecTrustSetVerifyDate",
]

SecTrustRef = SecTrust
_TYPE_ID = cf.register_type(SecTrust, "SecTrust")


def trust(value: object) -> SecTrust | None:
    """The trust object, or ``None`` for ``None``."""
    if value is None or isinstance(value, SecTrust):
        return value
    raise TypeError(f"the trust object must be a SecTrust or None, not {type(value).__name__}")


def _several(value: object, kind: type, name: str) -> list[Any] | None:
    """One object or a sequence of them; ``None`` where an element is of another kind."""
    if isinstance(value, kind):
        return [value]
    elements = _args.sequence(value, name)
    if elements is None or not all(isinstance(element, kind) for element in elements):
        return None
    return elements


def SecTrustGetTypeID() -> int:
    """The type number of trust objects; it differs from process to process."""
    return _TYPE_ID


def SecTrustCreateWithCertificates(
    certificates: SecCertificate | Sequence[SecCertificate] | None,
    policies: SecPolicy | Sequence[SecPolicy] | None,
    trust_: Out = None,
) -> tuple[int, SecTrust | None]:
    """``(status, trust)``: leaf first, the rest in any order; no policy means basic X.509. Nothing is evaluated yet.

    ``errSecParam`` for an empty list or one with other things in it.
    """
    chain = _several(certificates, SecCertificate, "certificates")
    rules = [] if policies is None else _several(policies, SecPolicy, "policies")
    if not chain or rules is None:
        return errSecParam, None
    return errSecSuccess, SecTrust(chain, rules)


def SecTrustSetAnchorCertificates(
    trust_: SecTrust | None, anchorCertificates: Sequence[SecCertificate] | None
) -> int:
    """Trust these anchors and no longer the platform's; ``None`` goes back to the platform's."""
    found = trust(trust_)
    anchors = None if anchorCertificates is None else _several(anchorCertificates, SecCertificate, "anchors")
    if found is None or (anchors is None and anchorCertificates is not None):
        return errSecParam
    found.set_anchors(anchors)
    return errSecSuccess


def SecTrustSetAnchorCertificatesOnly(trust_: SecTrust | None, anchorCertificatesOnly: bool) -> int:
    """Whether only the custom anchors count, or the platform's as well."""
    found = trust(trust_)
    only = _args.flag(anchorCertificatesOnly, "anchorCertificatesOnly")
    if found is None or only is None:
        return errSecParam
    found.set_anchors_only(only)
    return errSecSuccess


def SecTrustSetVerifyDate(trust_: SecTrust | None, verifyDate: datetime.datetime | None) -> int:
    """Judge for this moment; a ``datetime`` without a zone is UTC. ``errSecParam`` for ``None``."""
    found = trust(trust_)
    if verifyDate is not None and not isinstance(verifyDate, datetime.datetime):
        return errSecParam
    if found is None or verifyDate is None:
        return errSecParam
    moment = verifyDate if verifyDate.tzinfo else verifyDate.replace(tzinfo=datetime.UTC)
    found.set_verify_time(int(moment.timestamp()))
    return errSecSuccess


def SecTrustEvaluate(trust_: SecTrust | None, result: Out = None) -> tuple[int, SecTrustResultType | None]:
    """``(status, result)``: status 0 says that it was judged; good are Proceed and Unspecified."""
    found = trust(trust_)
    return (errSecParam, None) if found is None else (errSecSuccess, SecTrustResultType(found.evaluate()))


def SecTrustGetTrustResult(
    trust_: SecTrust | None, result: Out = None
) -> tuple[int, SecTrustResultType | None]:
    """``(status, result)``: the last verdict, ``kSecTrustResultInvalid`` when nothing was judged yet."""
    found = trust(trust_)
    if found is None:
        return errSecParam, None
    known = found.result()
    return errSecSuccess, SecTrustResultType(0 if known is None else known)


def SecTrustEvaluateWithError(trust_: SecTrust | None, error: Out = None) -> tuple[bool, cf.CFError | None]:
    """``(good, error)``: the error's code is that of the gravest broken rule, its text says what is wrong."""
    found = trust(trust_)
    if found is None:
        return False, cf.CFError("NSOSStatusErrorDomain", errSecParam, "no trust object was given")
    result, reasons = found.reasons()
    if result in (SecTrustResultType.kSecTrustResultProceed, SecTrustResultType.kSecTrustResultUnspecified):
        return True, None
    _depth, _name, words, status, _fatal = reasons[0]
    return False, cf.CFError("NSOSStatusErrorDomain", status, words)


def SecTrustGetCertificateCount(trust_: SecTrust | None) -> int:
    """How many certificates the chain has; judges where that is still to do."""
    found = trust(trust_)
    return 0 if found is None else len(found.chain())


def SecTrustGetCertificateAtIndex(trust_: SecTrust | None, ix: int) -> SecCertificate | None:
    """One certificate of the chain, 0 the leaf; ``None`` beyond its end."""
    found = trust(trust_)
    index = _args.number(ix, "ix")
    if found is None or index is None:
        return None
    chain = found.chain()
    return chain[index] if 0 <= index < len(chain) else None


def SecTrustCopyCertificateChain(trust_: SecTrust | None) -> CFArray[SecCertificate] | None:
    """The chain that was judged, leaf first."""
    found = trust(trust_)
    return None if found is None else CFArray(found.chain())
