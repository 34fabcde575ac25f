"""``securetransport connect``: open a TLS connection, show it, and pipe standard input and output through it.

In: a host and flags. Out: facts on standard error (or JSON on standard output), the peer's data on standard output.
Promise: the peer is verified unless ``--insecure`` says otherwise; whatever fails is explained in one sentence that
says what to try.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import threading
import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.text import Text

import securetransport as st
from securetransport import extensions, spi
from securetransport.adapters.callbacks import SocketCallbacks
from securetransport.constants import messages

from . import output, probing
from .asking import Place, dial
from .datagrams import Dtls, Psk, PskIdentity, read_datagram_settings
from .dtls_connect import DatagramConnection, carry
from .facts import Judgement, certificate_facts, connection_facts, judge_peer
from .keylog import KeyLogFile
from .options import (
    Alpn,
    CaFile,
    Ciphers,
    ClientCert,
    ClientKey,
    HostPort,
    Json,
    MaxVersion,
    MinVersion,
    Port,
    ServerName,
    TlsSettings,
    load_authorities,
    load_credentials,
    new_context,
    read_settings,
)
from .problems import Exit, Problem, advise, explain_client, is_about_the_hello, status_name

__all__ = ["connect", "parse_place"]

#: Seconds to connect and, again, to shake hands.
_PATIENCE = 10.0
#: How often the reading side looks whether it is time to end, in seconds.
_TICK = 0.2
#: How long to wait for more after standard input has ended, in seconds.
_WAIT = 3.0
#: How long the end waits for a write that is under way, in seconds.
_GOODBYE = 2.0
_BLOCK = 64 * 1024


Insecure = Annotated[bool, typer.Option("--insecure", help="Go on although the server is not trusted.")]
Wait = Annotated[
    float | None,
    typer.Option(
        "--wait", min=0, metavar="SECONDS", help="After the end of input, wait this long for more output."
    ),
]
Timeout = Annotated[
    float,
    typer.Option("--timeout", min=0.1, metavar="SECONDS", help="To connect and, again, to shake hands."),
]
MinDhBits = Annotated[
    int | None,
    typer.Option(
        "--min-dh-bits",
        min=512,
        max=2048,
        metavar="BITS",
        help="Smallest Diffie-Hellman group. [default: 1024]",
    ),
]
NoRecordSplitting = Annotated[
    bool,
    typer.Option("--no-record-splitting", help="For servers that choke on records of one byte (TLS 1.0)."),
]
AcceptUncleanClose = Annotated[
    bool,
    typer.Option(
        "--accept-unclean-close", help="Take the bare end of the connection for the end of the data."
    ),
]


def connect(
    place: HostPort,
    port: Port = None,
    servername: ServerName = None,
    cafile: CaFile = None,
    client_cert: ClientCert = None,
    client_key: ClientKey = None,
    insecure: Insecure = False,
    min_version: MinVersion = "tls1.2",
    max_version: MaxVersion = None,
    cipher: Ciphers = None,
    alpn: Alpn = None,
    wait: Wait = None,
    timeout: Timeout = _PATIENCE,
    min_dh_bits: MinDhBits = None,
    no_record_splitting: NoRecordSplitting = False,
    accept_unclean_close: AcceptUncleanClose = False,
    keylog: KeyLogFile = None,
    dtls: Dtls = False,
    psk: Psk = None,
    psk_identity: PskIdentity = None,
    as_json: Json = False,
) -> None:
    """Connect to a TLS server, show what was agreed and whether it is trusted, then pipe stdin and stdout.

    With --dtls over UDP: each line of input is a datagram.
    """
    with output.reporting(as_json):
        host, number = parse_place(place, port)
        if client_key is not None and client_cert is None:
            raise Problem(Exit.USAGE, "--client-key needs the certificate it belongs to: --client-cert FILE.")
        authorities = load_authorities(cafile) if cafile else None
        credentials = load_credentials(client_cert, client_key) if client_cert else None
        asked = Place(host, number, servername or host)
        if dtls:
            over = read_datagram_settings(min_version, max_version, cipher, alpn, psk, psk_identity, keylog)
            _over_datagrams(
                DatagramConnection(asked, over, authorities, credentials, insecure), timeout, wait, as_json
            )
            return
        if psk is not None or psk_identity is not None:
            raise Problem(Exit.USAGE, "--psk and --psk-identity need --dtls.")
        settings = read_settings(min_version, max_version, cipher, alpn, keylog)
        client = _Client(asked, settings, authorities, credentials, insecure)
        client.tolerate(min_dh_bits, no_record_splitting, timeout)
        with client.open():
            facts = client.facts()
            if as_json:
                output.print_json({"ok": True, **facts})
                st.SSLClose(client.context)
                return
            _show(facts, output.console(stderr=True))
            _Pipe(client, accept_unclean_close).run(wait)


def _over_datagrams(
    connection: DatagramConnection, timeout: float, wait: float | None, as_json: bool
) -> None:
    with connection.open(timeout):
        facts = connection.facts()
        if as_json:
            output.print_json({"ok": True, **facts})
            return
        _show(facts, output.console(stderr=True))
        carry(connection, wait)


def parse_place(text: str, port: int | None = None) -> tuple[str, int]:
    """``HOST``, ``HOST:PORT``, ``ADDRESS``, ``[ADDRESS]`` or ``[ADDRESS]:PORT``; also out of an https URL.

    A URL may hold secrets: what could be one, before an ``@`` or behind the host, is in no complaint.
    """
    bare = text.removeprefix("https://").partition("/")[0] if text.startswith("https://") else text
    if "@" in bare:
        raise Problem(Exit.USAGE, "A user has no meaning here; leave out the @ and everything before it.")
    secret = "@" in text  # a slash in a password, perhaps
    host, given = bare, None
    if bare.startswith("["):
        host, closed, rest = bare[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise _no_place(bare, secret, "[ADDRESS]:PORT for IPv6")
        given = rest[1:] if rest else None
    elif bare.count(":") == 1:
        host, _, given = bare.partition(":")
    if not host or "/" in host or any(c.isspace() for c in host):
        raise _no_place(bare, secret, "HOST or HOST:PORT")
    if given is None:
        return host, port or 443
    if not given.isascii() or not given.isdigit() or not 0 < int(given) < 65536:
        shown = "That" if secret else repr(given)
        raise Problem(Exit.USAGE, f"{shown} is no port; ports are numbers from 1 to 65535.")
    if port is not None and port != int(given):
        raise Problem(Exit.USAGE, f"Two ports are given, {given} and {port}; leave one out.")
    return host, int(given)


def _no_place(bare: str, secret: bool, form: str) -> Problem:
    shown = "That" if secret else repr(bare)
    return Problem(Exit.USAGE, f"{shown} is no place to connect to; write {form}.")


class _Transport(SocketCallbacks):
    """The socket's callbacks, which also keep how the peer's answer began."""

    first = b""

    def read(self, connection: object, data: memoryview, length: int) -> tuple[int, int]:
        status, count = super().read(connection, data, length)
        if len(self.first) < 5:
            self.first = (self.first + bytes(data[:count]))[:5]
        return status, count


class _Client:
    """A connection and what was found out about it."""

    def __init__(
        self,
        place: Place,
        settings: TlsSettings,
        authorities: list[st.SecCertificate] | None,
        credentials: list[Any] | None,
        insecure: bool,
    ) -> None:
        self.place, self.where = place, place.where
        self.settings = settings
        self.authorities = authorities
        self.credentials = credentials
        self.insecure = insecure
        self.asked_in_vain = False
        self.judgement: Judgement | None = None
        self.address = ""
        self.handshake_time = 0.0
        self.patience = _PATIENCE
        self.context = new_context(st.kSSLClientSide, settings)
        if st.SSLSetPeerDomainName(self.context, place.name, len(place.name)) != st.errSecSuccess:
            raise Problem(Exit.USAGE, f"{place.name!r} cannot be the name of a server.")
        if credentials and st.SSLSetCertificate(self.context, credentials) != st.errSecSuccess:
            raise Problem(Exit.FILE, "The client certificate and key cannot be used.")
        st.SSLSetSessionOption(self.context, st.kSSLSessionOptionBreakOnServerAuth, True)
        # This pause comes only when there is no certificate to show; it goes on without one.
        st.SSLSetSessionOption(self.context, st.kSSLSessionOptionBreakOnCertRequested, True)

    def tolerate(self, min_dh_bits: int | None, no_record_splitting: bool, timeout: float) -> None:
        """What old and slow servers need."""
        self.patience = timeout
        if min_dh_bits is not None:
            spi.SSLSetMinimumDHGroupSize(self.context, min_dh_bits)
        if no_record_splitting:
            st.SSLSetSessionOption(self.context, st.kSSLSessionOptionSendOneByteRecord, False)

    @contextlib.contextmanager
    def open(self) -> Any:
        """Connect and shake hands; closed in good order at the end."""
        self.socket, self.address = dial(self.place, self.patience)
        with self.socket:
            self.transport = _Transport(self.socket)
            st.SSLSetIOFuncs(self.context, *self.transport)
            try:
                self._shake()
                yield
            finally:
                self._close()

    def _close(self) -> None:
        with contextlib.suppress(OSError):  # it may be closed already
            self.socket.settimeout(1.0)
        st.SSLClose(self.context)

    def _shake(self) -> None:
        started = time.monotonic()
        deadline = started + self.patience
        while True:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            status = st.SSLHandshake(self.context)
            if status == st.errSSLPeerAuthCompleted:
                self.judgement = judge_peer(self.context, self.authorities)
                if not self.judgement.trusted and not self.insecure:
                    self._reject(self.judgement)
            elif status == st.errSSLClientCertRequested:
                self.asked_in_vain = True
            elif status != st.errSSLWouldBlock or time.monotonic() >= deadline:
                break
        self.handshake_time = time.monotonic() - started
        if status != st.errSecSuccess:
            self._fail(status)
        if self.judgement is None and not self.insecure:
            self._reject_anonymous()

    def _reject_anonymous(self) -> None:
        st.SSLClose(self.context)
        suite = connection_facts(self.context)["suite"]
        raise Problem(
            Exit.UNTRUSTED,
            f"{self.where} proves nothing with {suite}: anyone could be on the other side; --insecure goes on all "
            "the same.",
            trusted=False,
            reason="the server has no certificate",
            chain=[],
        )

    def _reject(self, judgement: Judgement) -> None:
        """Tell the peer why, and the user."""
        st.SSLSetError(self.context, judgement.status)
        st.SSLHandshake(self.context)
        chain = [certificate_facts(certificate) for certificate in judgement.chain]
        raise Problem(
            Exit.UNTRUSTED,
            f"The certificate of {self.where} is not trusted: {judgement.reason}; "
            "--cafile names an authority to trust, --insecure goes on all the same.",
            status=judgement.status,
            status_name=status_name(judgement.status),
            trusted=False,
            reason=judgement.reason,
            chain=chain,
        )

    def _fail(self, status: int) -> None:
        """Say what went wrong and, where another hello could help, which."""
        _, report = extensions.SSLCopyConnectionReport(self.context, None)
        report = report or {}
        tried = False
        if is_about_the_hello(status, report, self.transport.first):
            self._close()
            self.socket.close()  # some serve one connection at a time
            tried = True
            with output.waiting("Asking what the server speaks"):
                advice = probing.find(
                    self.place,
                    self.settings,
                    self.credentials,
                    self.patience,
                    spoke=bool(self.transport.first),
                )
            if advice is not None:
                raise advise(self.where, status, report, advice.finding, advice.remedy)
        raise explain_client(
            status,
            self.where,
            report,
            self.settings.versions,
            first=self.transport.first,
            reset=self.transport.failure is not None,
            asked=self.asked_in_vain,
            tried=tried,
        )

    def facts(self) -> dict[str, Any]:
        """Everything worth showing."""
        judgement = self.judgement
        return {
            "host": self.place.host,
            "port": self.place.port,
            "address": self.address,
            "servername": self.place.name,
            **connection_facts(self.context),
            "handshake_ms": round(self.handshake_time * 1000, 1),
            "trusted": bool(judgement and judgement.trusted),
            "reason": judgement.reason if judgement else "the server has no certificate",
            "chain": [certificate_facts(one) for one in judgement.chain] if judgement else [],
        }


def _show(facts: dict[str, Any], to: Console) -> None:
    reason = "yes" if facts["trusted"] else f"NO, {facts['reason']}"
    shown: list[tuple[str, str | Text]] = [
        ("Address", f"{facts['address']} port {facts['port']}"),
        ("Version", facts["version"]),
        ("Suite", facts["suite"]),
        ("Group", facts["group"] or "none"),
        ("ALPN", facts["alpn"] or "none"),
        *([("Datagram", f"{facts['max_payload']} bytes at most")] if "max_payload" in facts else []),
        ("Handshake", f"{facts['handshake_ms']:.1f} ms"),
        ("Trusted", output.verdict(facts["trusted"], f"{reason} (as {facts['servername']})")),
    ]
    for depth, one in enumerate(facts["chain"]):
        shown.append((f"Certificate {depth}", one["subject"]))
        if one["names"]:
            more = len(one["names"]) - 8
            shown.append(("  names", ", ".join(one["names"][:8]) + (f" and {more} more" if more > 0 else "")))
        shown.append(("  issued by", one["issuer"]))
        shown.append(("  valid", f"{one['not_before'] or 'unknown'} to {one['not_after'] or 'unknown'}"))
        shown.append(("  key", one["key"]))
    output.rows(f"Connected to {output.clean(facts['host'])}", shown, to)


class _Pipe:
    """Standard input to the peer in one thread, the peer to standard output in another."""

    def __init__(self, client: _Client, accept_unclean_close: bool = False) -> None:
        self.client = client
        self.context = client.context
        self.accept_unclean_close = accept_unclean_close
        self.input_ended = threading.Event()
        #: Held while input is being written; kept for good at the end.
        self.turn = threading.Lock()
        self.ending = False
        self.sent = 0
        self.writes = 0
        self.failure: int | None = None
        self.progress: Progress | None = None
        self.task: TaskID | None = None

    def run(self, wait: float | None) -> None:
        """Until the peer closes, or input has ended and nothing has come for a while."""
        self.client.socket.settimeout(_TICK)
        with self._bar() as self.progress:
            sender = threading.Thread(target=self._send_input, name="stdin", daemon=True)
            sender.start()
            try:
                status = self._receive(wait)
            finally:
                # A thread that comes back from native code while the interpreter goes down would end the process
                # badly: from here on there is none.
                self.ending = True
                self.turn.acquire(timeout=_GOODBYE)
        self._end(status)

    def _bar(self) -> Progress:
        """A bar for a file on standard input, where nothing else is written to the terminal."""
        about = os.fstat(sys.stdin.fileno()) if sys.stdin is not None else None
        quiet = about is not None and not sys.stdout.isatty() and stat.S_ISREG(about.st_mode)
        bar = output.progress(output.console(stderr=True), enabled=quiet)
        if quiet and about is not None:
            self.task = bar.add_task("Sending", total=about.st_size)
        return bar

    def _send_input(self) -> None:
        if sys.stdin is None:  # started without one
            self.input_ended.set()
            return
        descriptor = sys.stdin.fileno()
        try:
            while data := os.read(descriptor, _BLOCK):
                with self.turn:
                    if not self._write(data):
                        return
                if self.progress is not None and self.task is not None:
                    self.progress.update(self.task, completed=self.sent)
        except OSError:
            pass  # standard input is gone: that is its end
        finally:
            self.input_ended.set()

    def _write(self, data: bytes) -> bool:
        """All of it; whether that went well."""
        status, taken = st.SSLWrite(self.context, data, len(data))
        while status == st.errSSLWouldBlock and not self.ending:
            rest = data[taken:]  # either everything was taken, or nothing
            status, more = st.SSLWrite(self.context, rest or None, len(rest))
            taken += more
        if status != st.errSecSuccess:
            self.failure = status
            return False
        self.sent += len(data)
        self.writes += 1
        return True

    def _receive(self, wait: float | None) -> int:
        quiet_since = time.monotonic()
        target = sys.stdout.buffer
        ended = False
        while True:
            status, data, _ = st.SSLRead(self.context, None, _BLOCK)
            if data:
                target.write(data)
                target.flush()
                quiet_since = time.monotonic()
            if status not in (st.errSecSuccess, st.errSSLWouldBlock):
                return status
            if self.input_ended.is_set():
                if not ended:
                    ended, quiet_since = True, time.monotonic()
                patience = wait if wait is not None else (_WAIT if self.sent else 0.0)
                if time.monotonic() - quiet_since >= patience:
                    return st.errSecSuccess

    def _end(self, status: int) -> None:
        where = self.client.where
        if status in (st.errSecSuccess, st.errSSLClosedGraceful):
            return
        splits = self.writes > 1 and self._splits_records()  # the first write goes out whole
        hint = "; if it chokes on records of one byte, --no-record-splitting sends none" if splits else ""
        if status == st.errSSLClosedAbort and not self.client.transport.failure:
            if self.accept_unclean_close:
                return
            raise Problem(
                Exit.BROKEN,
                f"The connection to {where} ended without a proper close; what was received may be cut short; "
                f"--accept-unclean-close takes that for the end{hint}.",
                status=int(status),
            )
        if status == st.errSSLClosedAbort:
            raise Problem(
                Exit.BROKEN,
                f"The connection to {where} was reset; what was received may be cut short{hint}.",
                status=int(status),
            )
        words = messages.status_sentence(status) or status_name(status)
        raise Problem(
            Exit.BROKEN, f"The connection to {where} failed: {words.rstrip('.')}{hint}.", status=int(status)
        )

    def _splits_records(self) -> bool:
        """Whether data went out in records of one byte and the rest: CBC below TLS 1.1."""
        facts = connection_facts(self.context)
        _, on = st.SSLGetSessionOption(self.context, st.kSSLSessionOptionSendOneByteRecord, None)
        return bool(on) and facts["version"] in ("SSLv3", "TLS 1.0") and "_CBC_" in (facts["suite"] or "")
