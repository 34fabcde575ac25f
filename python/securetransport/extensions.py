"""Calls that Apple never had.

In: contexts and plain values. Out: as the SSL* functions, status first. Promise: nothing here changes what a
program written for Secure Transport sees.
"""

from __future__ import annotations

from typing import Any

from ._native import SSLContext
from .constants.results import errSecParam, errSecSuccess
from .functions import _args
from .functions._args import Out

__all__ = ["SSLCopyConnectionReport"]


def SSLCopyConnectionReport(
    context: SSLContext | None, report: Out = None
) -> tuple[int, dict[str, Any] | None]:
    """``(status, report)``: what is known about a connection, in words, for people and logs. Any state.

    Keys: ``version``, ``suite``, ``group``, ``scheme`` (names or ``None``), ``fault`` (why it ended), ``alert_sent``
    and ``alert_received`` (the alert that ended it), ``extended_master_secret`` and ``secure_renegotiation`` (bools).
    Never a secret.
    """
    ctx = _args.context(context)
    return (errSecParam, None) if ctx is None else (errSecSuccess, ctx.report())
