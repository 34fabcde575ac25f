"""What can go wrong on the command line, as exit codes and sentences.

In: statuses, exceptions, what is known about a connection. Out: a :class:`Problem`. Promise: one sentence that
says what is wrong and, where there is something, what to try; the exit codes are those of ``docs/cli.md``.
"""

from __future__ import annotations

import enum
import errno
import socket
from typing import Any

import securetransport as st
from securetransport.constants import messages

__all__ = [
    "Exit",
    "Problem",
    "advise",
    "explain_client",
    "explain_network",
    "explain_plain",
    "is_about_the_hello",
    "status_name",
]


class Exit(enum.IntEnum):
    """Exit codes."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    FILE = 3
    NETWORK = 4
    HANDSHAKE = 5
    UNTRUSTED = 6
    BROKEN = 7
    INTERRUPTED = 130


class Problem(Exception):
    """Something the user can understand: an exit code, one sentence and details for ``--json``."""

    def __init__(self, code: Exit, sentence: str, **details: Any) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.details = details


def status_name(status: int) -> str:
    """The C name of a status, or its number."""
    return _NAMES.get(status, str(status))


_NAMES = {
    int(value): name
    for name, value in vars(st).items()
    if name.startswith(("errSSL", "errSec")) and isinstance(value, int)
}
# Three names share this number; the peer's is the general one.
_NAMES[int(st.errSSLPeerAuthCompleted)] = "errSSLPeerAuthCompleted"

#: How protocols that speak first, or answer in the clear, begin: what they are and which port has TLS.
_PLAIN = (
    (b"HTTP/", "plain HTTP", "443 is the usual port for HTTPS"),
    (b"<", "plain HTTP", "443 is the usual port for HTTPS"),
    (b"SSH-", "SSH", "use ssh there"),
    (b"220", "SMTP or FTP in the clear", "465 and 990 are the usual ports with TLS"),
    (b"+OK", "POP3 in the clear", "995 is the usual port with TLS"),
    (b"* OK", "IMAP in the clear", "993 is the usual port with TLS"),
)


def explain_plain(first: bytes) -> tuple[str, str] | None:
    """What the peer speaks instead of TLS, judged by its first bytes, and what to try; ``None`` if unknown."""
    for start, what, remedy in _PLAIN:
        if first.startswith(start):
            return what, remedy
    return None


def explain_network(error: OSError, where: str) -> Problem:
    """Why a connection to ``where`` could not be made."""
    if isinstance(error, socket.gaierror):
        host = where.rsplit(":", 1)[0]
        return Problem(Exit.NETWORK, f"There is no address for {host}; check the spelling and the network.")
    if isinstance(error, ConnectionRefusedError):
        sentence = f"{where} refuses connections; check the port, and whether a server is running there."
    elif isinstance(error, TimeoutError):
        sentence = f"{where} does not answer; check the host and port, and whether a firewall is in the way."
    elif error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        sentence = f"{where} cannot be reached from this network; check the connection."
    else:
        sentence = f"No connection to {where}: {error.strerror or error}."
    return Problem(Exit.NETWORK, sentence)


_OLDER = "--min-version tls1.0 allows older versions"
_TRIED = "older versions and every cipher suite were tried too"
_AGREE = frozenset(
    {
        st.errSSLNegotiation,
        st.errSSLPeerHandshakeFail,
        st.errSSLPeerProtocolVersion,
        st.errSSLPeerInsufficientSecurity,
    }
)
_ABOUT_OUR_CERTIFICATE = frozenset(
    {
        st.errSSLPeerBadCert,
        st.errSSLPeerUnsupportedCert,
        st.errSSLPeerCertRevoked,
        st.errSSLPeerCertExpired,
        st.errSSLPeerCertUnknown,
        st.errSSLPeerUnknownCA,
        st.errSSLPeerAccessDenied,
    }
)


def explain_client(
    status: int,
    where: str,
    report: dict[str, Any],
    versions: str,
    first: bytes = b"",
    reset: bool = False,
    asked: bool = False,
    tried: bool = False,
    remedy: str = _OLDER,
) -> Problem:
    """Why a client's handshake failed with ``status``.

    ``versions`` is what was offered, ``first`` how the peer's answer began, ``reset`` whether the transport failed
    rather than ended, ``asked`` whether the peer asked for a certificate and got none, ``tried`` whether other
    versions and suites did not help, ``remedy`` the flag for older versions.
    """
    received = report.get("alert_received")
    details = _details(status, report)
    plain = explain_plain(first)
    older = _TRIED if tried else remedy
    if status == st.errSecParam:
        return Problem(
            Exit.USAGE, f"This library speaks no protocol version in the range {versions}.", **details
        )
    if plain:
        what, remedy = plain
        sentence = f"{where} speaks {what}, not TLS; {remedy}."
    elif status == st.errSSLWouldBlock:
        sentence = (
            f"{where} accepts connections but does not answer the handshake; it may not speak TLS there."
        )
    elif status == st.errSSLClosedAbort and not first:
        how = "resets" if reset else "closes"
        sentence = f"{where} {how} the connection without an answer; it may not speak TLS there; {older}."
    elif asked and received:
        sentence = (
            f"{where} asks for a client certificate and got none{_alert(received)}; --client-cert and --client-key "
            "name one."
        )
    elif status == st.errSSLWeakPeerEphemeralDHKey:
        sentence = _weak(where, report.get("dh_bits"))
    elif status in _AGREE:
        sentence = (
            f"{where} and this side share no protocol version (here {versions}) or cipher suite"
            f"{_alert(received)}; {older if tried else f'{older}, --cipher names other suites'}."
        )
    elif status in _ABOUT_OUR_CERTIFICATE:
        sentence = (
            f"{where} does not accept this side's certificate{_alert(received)}; "
            "--client-cert and --client-key name another."
        )
    else:
        words = messages.status_sentence(status) or "The handshake failed."
        sentence = (
            f"The handshake with {where} failed with {status_name(status)}: {words[0].lower()}{words[1:]}"
        )
    return Problem(Exit.HANDSHAKE, sentence, **details)


def is_about_the_hello(status: int, report: dict[str, Any], first: bytes) -> bool:
    """Whether another hello could end better: the server has not chosen anything yet, and what it said is TLS."""
    return not (
        report.get("suite")
        or status in (st.errSecParam, st.errSecIO)
        or status in _ABOUT_OUR_CERTIFICATE
        or explain_plain(first)
        or (first and first[0] not in (0x15, 0x16))
    )


def advise(where: str, status: int, report: dict[str, Any], finding: str, remedy: str) -> Problem:
    """What is the matter with a server that was found out by asking it in other ways."""
    sentence = f"{where} {finding}{_alert(report.get('alert_received'))}: {remedy}."
    return Problem(Exit.HANDSHAKE, sentence, **_details(status, report))


def _details(status: int, report: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": int(status),
        "status_name": status_name(status),
        "alert_received": report.get("alert_received"),
        "alert_sent": report.get("alert_sent"),
    }


def _weak(where: str, bits: int | None) -> str:
    """A Diffie-Hellman group that is too small; below 512 bits nothing helps."""
    size = f" of {bits} bits" if bits else ""
    remedy = (
        f"--min-dh-bits {bits} accepts it, others can read along"
        if bits and bits >= 512
        else "no flag accepts it"
    )
    return f"{where} uses a Diffie-Hellman group{size}, which is too small; {remedy}."


def _alert(name: str | None) -> str:
    return f" (alert {name})" if name else ""
