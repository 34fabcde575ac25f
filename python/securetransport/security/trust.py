"""Trust objects: certificates, what they are judged for, the verdict and its reasons.

In: certificates, policies, anchors, a moment. Out: ``SecTrust`` and its verdict. Promise: a verdict stays
until a setter changes what it rests on; nothing is ever fetched from the network; good means Proceed or
Unspecified.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from .._native import SecCertificate, SecKey, SecPolicy, system_anchors
from .._native import SecTrust as SecTrust
from ..cf import CFArray, CFDate, CFDictionary, CFError
from ..cf.base import type_getter
from ..constants import (
    SecTrustResultType,
    errSecInternal,
    errSecParam,
    errSecSuccess,
    kSecPropertyTypeError,
    kSecPropertyTypeTitle,
    kSecTrustEvaluationDate,
    kSecTrustOptionFetchIssuerFromNet,
    kSecTrustQCStatements,
    kSecTrustQWACValidation,
    kSecTrustResultInvalid,
    kSecTrustResultProceed,
    kSecTrustResultUnspecified,
    kSecTrustResultValue,
    kSecTrustRevocationChecked,
    kSecTrustRevocationValidUntilDate,
)
from . import _args

SecTrustRef = SecTrust

#: Keys of SecTrustCopyResult that are not among the published ones.
RESULT_DETAILS: Final = "TrustResultDetails"
ALLOWANCES_USED: Final = "TrustAllowancesUsed"

SecTrustGetTypeID: Final = type_getter("SecTrust", SecTrust)

_GOOD = (kSecTrustResultProceed, kSecTrustResultUnspecified)


def _trust(value: object) -> SecTrust:
    return _args.of(SecTrust, value, "the trust object")


def certificates_of(value: object, what: str) -> list[SecCertificate] | None:
    """One certificate or an array of them as a list; ``None`` when there is something else among them."""
    if isinstance(value, SecCertificate):
        return [value]
    items = _args.array(value, what)
    return items if all(isinstance(item, SecCertificate) for item in items) else None


def _policies_of(value: object) -> list[SecPolicy] | None:
    if value is None:
        return []
    if isinstance(value, SecPolicy):
        return [value]
    items = _args.array(value, "the policies")
    return items if all(isinstance(item, SecPolicy) for item in items) else None


def SecTrustCreateWithCertificates(
    certificates: Any, policies: Any, trust: None = None
) -> tuple[int, SecTrust | None]:
    """``(status, trust)``: for one certificate or several, the leaf first, the others in any order.

    ``policies``: one, several, or ``None`` for basic X.509. errSecParam for an empty or mixed list. Nothing
    is evaluated yet.
    """
    _args.out(trust)
    if certificates is None:
        return errSecParam, None
    chain = certificates_of(certificates, "the certificates")
    judged_for = _policies_of(policies)
    if not chain or judged_for is None:
        return errSecParam, None
    return errSecSuccess, SecTrust(chain, judged_for)


def SecTrustSetPolicies(trust: SecTrust | None, policies: Any) -> int:
    """Replaces the policies by one or several; errSecParam for something else."""
    if trust is None or policies is None:
        return errSecParam
    judged_for = _policies_of(policies)
    if not judged_for:
        return errSecParam
    _trust(trust).set_policies(judged_for)
    return errSecSuccess


def SecTrustCopyPolicies(
    trust: SecTrust | None, policies: None = None
) -> tuple[int, CFArray[SecPolicy] | None]:
    """``(status, policies)``: what the chain is judged for; errSecParam for ``None``."""
    _args.out(policies)
    if trust is None:
        return errSecParam, None
    return errSecSuccess, CFArray(_trust(trust).policies() or [SecPolicy.basic()])


def SecTrustSetAnchorCertificates(trust: SecTrust | None, anchorCertificates: Any) -> int:
    """Own anchors instead of the platform's; ``None`` goes back to those. errSecParam for something else."""
    if trust is None:
        return errSecParam
    target = _trust(trust)
    if anchorCertificates is None:
        target.set_anchors(None)
        return errSecSuccess
    anchors = certificates_of(anchorCertificates, "the anchors")
    if anchors is None:
        return errSecParam
    target.set_anchors(anchors)
    return errSecSuccess


def SecTrustSetAnchorCertificatesOnly(trust: SecTrust | None, anchorCertificatesOnly: bool) -> int:
    """False after SecTrustSetAnchorCertificates re-admits the platform's anchors beside the own ones."""
    if trust is None or anchorCertificatesOnly is None:
        return errSecParam
    _trust(trust).set_anchors_only(_args.flag(anchorCertificatesOnly, "anchorCertificatesOnly"))
    return errSecSuccess


def SecTrustCopyCustomAnchorCertificates(
    trust: SecTrust | None, anchors: None = None
) -> tuple[int, CFArray[Any] | None]:
    """``(status, anchors)``: those set above, ``None`` if none were."""
    _args.out(anchors)
    if trust is None:
        return errSecParam, None
    custom = _trust(trust).anchors()
    return errSecSuccess, None if custom is None else CFArray(custom)


def SecTrustCopyAnchorCertificates(anchors: None = None) -> tuple[int, CFArray[Any] | None]:
    """``(status, anchors)``: those of the platform, which count where no own ones are given."""
    _args.out(anchors)
    return errSecSuccess, CFArray(system_anchors())


def SecTrustSetVerifyDate(trust: SecTrust | None, verifyDate: CFDate | datetime | None) -> int:
    """The moment to judge for instead of now; errSecParam when it is no date.

    A ``datetime`` without a time zone is in local time.
    """
    if trust is None:
        return errSecParam
    target = _trust(trust)
    if isinstance(verifyDate, datetime):
        verifyDate = CFDate.from_datetime(verifyDate)
    if not isinstance(verifyDate, CFDate) or not abs(verifyDate.absolute) < 1 << 60:
        return errSecParam
    target.set_verify_time(int(verifyDate.unix() // 1))
    return errSecSuccess


def SecTrustGetVerifyTime(trust: SecTrust | None) -> float:
    """The moment in use, seconds since 2001. Where none was set, that is now, which thereby becomes fixed."""
    if trust is None:
        return 0.0
    return CFDate.from_unix(_trust(trust).pin_verify_time()).absolute


def SecTrustEvaluate(trust: SecTrust | None, result: None = None) -> tuple[int, SecTrustResultType]:
    """``(status, result)``. Status 0 says that there is a result; it is good when Proceed or Unspecified."""
    _args.out(result)
    if trust is None:
        return errSecParam, kSecTrustResultInvalid
    return errSecSuccess, SecTrustResultType(_trust(trust).evaluate())


def _error_of(trust: SecTrust) -> CFError | None:
    """``None`` for a good verdict, else an error with the gravest reason above and all of them below."""
    result, reasons = trust.reasons()
    if result in _GOOD:
        return None
    if not reasons:
        return _args.error(errSecInternal)
    _, _, words, status, _ = reasons[0]
    detail = "; ".join(_placed(depth, sentence) for depth, _, sentence, _, _ in reasons)
    return CFError(status, _sentence(words), CFError(status, _sentence(detail)))


def _placed(depth: int, words: str) -> str:
    return words if depth == 0 else f"certificate {depth}: {words}"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def SecTrustEvaluateWithError(trust: SecTrust | None, error: None = None) -> tuple[bool, CFError | None]:
    """``(True, None)``, or ``(False, error)`` with the OSStatus of the gravest reason and a sentence.

    The underlying error lists every reason, each with the certificate it is about.
    """
    _args.out(error)
    if trust is None:
        return False, _args.missing("The trust object")
    found = _error_of(_trust(trust))
    return found is None, found


def SecTrustEvaluateAsync(
    trust: SecTrust | None, queue: Any, result: Callable[[SecTrust, SecTrustResultType], object] | None
) -> int:
    """The older asynchronous form: ``result(trust, verdict)``. See SecTrustEvaluateAsyncWithError."""
    if trust is None or result is None:
        return errSecParam
    target, callback = _trust(trust), _callback(result)
    return _submit(queue, lambda: callback(target, SecTrustResultType(target.evaluate())))


def SecTrustEvaluateAsyncWithError(
    trust: SecTrust | None, queue: Any, result: Callable[[SecTrust, bool, CFError | None], object] | None
) -> int:
    """Evaluates on the queue, then calls ``result(trust, ok, error)`` there.

    ``queue``: something with ``submit`` (a ``concurrent.futures.Executor``), or a function that runs the
    function given to it; ``None`` runs it before this call returns.
    """
    if trust is None or result is None:
        return errSecParam
    target, callback = _trust(trust), _callback(result)

    def run() -> None:
        error = _error_of(target)
        callback(target, error is None, error)

    return _submit(queue, run)


def _callback(value: Any) -> Callable[..., object]:
    if not callable(value):
        raise TypeError(f"the callback must be callable, not {type(value).__name__}")
    return value  # type: ignore[no-any-return]  # callable() has just said so


def _submit(queue: Any, work: Callable[[], object]) -> int:
    if queue is None:
        work()
    elif hasattr(queue, "submit"):
        queue.submit(work)
    else:
        _callback(queue)(work)
    return errSecSuccess


def SecTrustGetTrustResult(trust: SecTrust | None, result: None = None) -> tuple[int, SecTrustResultType]:
    """``(status, result)``: the last verdict; evaluates if there is none."""
    return SecTrustEvaluate(trust, result)


def SecTrustGetCertificateCount(trust: SecTrust | None) -> int:
    """The length of the built chain, at least 1; evaluates if necessary. 0 for ``None``."""
    return 0 if trust is None else max(1, len(_trust(trust).chain()))


def SecTrustGetCertificateAtIndex(trust: SecTrust | None, ix: int) -> SecCertificate | None:
    """One certificate of the built chain, 0 being the leaf; ``None`` outside of it."""
    if trust is None or ix is None:
        return None
    index = _args.number(ix, "the index")
    target = _trust(trust)
    if index == 0:
        return target.certificates()[0]
    chain = target.chain()
    return chain[index] if 0 < index < len(chain) else None


def SecTrustCopyCertificateChain(trust: SecTrust | None) -> CFArray[Any] | None:
    """The built chain, leaf first; evaluates if necessary; ``None`` when there is none."""
    if trust is None:
        return None
    return CFArray(_trust(trust).chain()) or None


def SecTrustCopyKey(trust: SecTrust | None) -> SecKey | None:
    """The leaf's public key, whether trusted or not; ``None`` when its algorithm is not supported."""
    return None if trust is None else _trust(trust).certificates()[0].key()


def SecTrustCopyPublicKey(trust: SecTrust | None) -> SecKey | None:
    """The older name of SecTrustCopyKey."""
    return SecTrustCopyKey(trust)


def SecTrustCopyProperties(trust: SecTrust | None) -> CFArray[Any] | None:
    """For display: a dictionary per certificate, with its name ("title") and what is wrong ("error")."""
    if trust is None:
        return None
    target = _trust(trust)
    _, reasons = target.reasons()
    properties = []
    for depth, certificate in enumerate(target.chain()):
        entry = {kSecPropertyTypeTitle: certificate.subject_summary}
        wrong = [_sentence(words) for place, _, words, _, _ in reasons if place == depth]
        if wrong:
            entry[kSecPropertyTypeError] = " ".join(wrong)
        properties.append(CFDictionary(entry))
    return CFArray(properties)


def SecTrustCopyResult(trust: SecTrust | None) -> CFDictionary | None:
    """What an evaluation found, under the kSecTrust keys; evaluates if necessary.

    kSecTrustEvaluationDate, kSecTrustResultValue, kSecTrustQCStatements (identifiers of the leaf's qualified
    statements) and kSecTrustQWACValidation always; kSecTrustRevocationChecked and kSecTrustRevocationValidUntilDate
    where a response or list spoke of the leaf; ``extensions.kSecTrustAllowancesUsed`` where something was let off;
    "TrustResultDetails", a dictionary for each certificate with the checks that failed as ``False``.
    """
    if trust is None:
        return None
    target = _trust(trust)
    result, reasons = target.reasons()
    at, used, checked, until, qualified = target.findings()
    details = []
    for depth in range(len(target.chain())):
        details.append(CFDictionary({name: False for place, name, *_ in reasons if place == depth}))
    found: dict[str, Any] = {
        kSecTrustEvaluationDate: CFDate.from_unix(at),
        kSecTrustResultValue: SecTrustResultType(result),
        kSecTrustQCStatements: CFArray(target.certificates()[0].qualified_statements),
        kSecTrustQWACValidation: qualified,
        RESULT_DETAILS: CFArray(details),
    }
    if checked:
        found[kSecTrustRevocationChecked] = True
        if until is not None:
            found[kSecTrustRevocationValidUntilDate] = CFDate.from_unix(until)
    if used:
        found[ALLOWANCES_USED] = used
    return CFDictionary(found)


def SecTrustCopyExceptions(trust: SecTrust | None) -> bytes | None:
    """A record of the faults that a user may decide to live with; also for a good chain. Fatal ones never are."""
    return None if trust is None else _trust(trust).exceptions()


def SecTrustSetExceptions(trust: SecTrust | None, exceptions: bytes | None) -> bool:
    """Takes faults for decided that SecTrustCopyExceptions recorded, at the very certificates it found them at.

    True when the record is for this leaf; the verdict is then kSecTrustResultProceed if nothing else is wrong.
    ``None`` removes an earlier record and gives False.
    """
    if trust is None:
        return False
    return _trust(trust).set_exceptions(
        None if exceptions is None else _args.data(exceptions, "the exceptions")
    )


def SecTrustSetOptions(trustRef: SecTrust | None, options: int) -> int:
    """The old switches (kSecTrustOption flags).

    AllowExpired and AllowExpiredRoot let expiry pass, RequireRevPerCert asks for an answer about every certificate's
    revocation, ImplicitAnchors takes self-signed certificates among those given for anchors, FetchIssuerFromNet
    is remembered; the others change nothing. Replaces what was set before.
    """
    if trustRef is None or options is None:
        return errSecParam
    target, flags = _trust(trustRef), _args.number(options, "the options")
    if not 0 <= flags < 1 << 32:
        return errSecParam
    target.set_options(flags)
    if flags & kSecTrustOptionFetchIssuerFromNet:
        target.set_network_allowed(True)
    return errSecSuccess


def SecTrustSetOCSPResponse(trust: SecTrust | None, responseData: Any) -> int:
    """Stapled OCSP responses in DER, one or several; ``None`` clears them."""
    if trust is None:
        return errSecParam
    target = _trust(trust)
    if responseData is None:
        target.set_ocsp([])
    elif isinstance(responseData, list | tuple):
        target.set_ocsp([_args.data(item, "an OCSP response") for item in responseData])
    else:
        target.set_ocsp([_args.data(responseData, "the OCSP response")])
    return errSecSuccess


def SecTrustSetSignedCertificateTimestamps(trust: SecTrust | None, sctArray: Any) -> int:
    """Signed certificate timestamps from outside the certificate; ``None`` clears them."""
    if trust is None:
        return errSecParam
    target = _trust(trust)
    timestamps = [] if sctArray is None else _args.array(sctArray, "the timestamps")
    target.set_scts([_args.data(item, "a timestamp") for item in timestamps])
    return errSecSuccess


def SecTrustSetNetworkFetchAllowed(trust: SecTrust | None, allowFetch: bool) -> int:
    """Remembers a permission to use the network; nothing ever does."""
    if trust is None or allowFetch is None:
        return errSecParam
    _trust(trust).set_network_allowed(_args.flag(allowFetch, "allowFetch"))
    return errSecSuccess


def SecTrustGetNetworkFetchAllowed(
    trust: SecTrust | None, allowFetch: None = None
) -> tuple[int, bool | None]:
    """``(status, allowed)``: the flag of SecTrustSetNetworkFetchAllowed; nothing is fetched whatever it says."""
    _args.out(allowFetch)
    if trust is None:
        return errSecParam, None
    return errSecSuccess, _trust(trust).network_allowed()
