"""``securetransport serve``: an echo server, or a folder over HTTPS.

In: flags. Out: one line a connection on standard output, counters at the end. Promise: everything that can be wrong
with the flags is said before the first client is accepted; Ctrl-C ends it cleanly with exit code 0.
"""

from __future__ import annotations

import collections
import contextlib
import datetime
import errno
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

import securetransport as st
from securetransport.adapters import datagram

from . import output, throwaway
from .datagrams import DatagramSettings, Dtls, Psk, PskIdentity, read_datagram_settings
from .dtls_serve import EchoServer, until_interrupted
from .http import Folder, HttpService
from .identity import throwaway_credentials, warn_about_dates
from .keylog import KeyLogFile
from .options import (
    Alpn,
    Ciphers,
    Json,
    MaxVersion,
    MinVersion,
    load_credentials,
    new_context,
    read_settings,
)
from .problems import Exit, Problem
from .server import Echo, Limits, Server, Service

__all__ = ["serve"]


def serve(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port; 0 lets the system choose.")
    ] = 8443,
    host: Annotated[
        str | None, typer.Option("--host", help="Address or name to listen on. [default: every address]")
    ] = None,
    cert: Annotated[
        Path | None,
        typer.Option(
            "--cert",
            metavar="FILE",
            help="Certificate chain: PEM, DER or PKCS#12. [default: a throw-away one]",
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="Its key, if --cert does not hold it.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--dir", metavar="FOLDER", help="Serve this folder over HTTPS instead of echoing."),
    ] = None,
    min_version: MinVersion = "tls1.2",
    max_version: MaxVersion = None,
    cipher: Ciphers = None,
    alpn: Alpn = None,
    idle: Annotated[
        float,
        typer.Option(
            "--idle", min=0.1, metavar="SECONDS", help="End a connection after this long without data."
        ),
    ] = 60.0,
    max_clients: Annotated[
        int, typer.Option("--max-clients", min=1, metavar="N", help="Refuse clients above this number.")
    ] = 1000,
    keylog: KeyLogFile = None,
    dtls: Dtls = False,
    psk: Psk = None,
    psk_identity: PskIdentity = None,
    as_json: Json = False,
) -> None:
    """Serve many TLS clients at once: echo what they send, or hand out the files of a folder over HTTPS.

    With --dtls over UDP: each datagram is sent back.
    """
    with output.reporting(as_json):
        if key is not None and cert is None:
            raise Problem(Exit.USAGE, "--key needs the certificate it belongs to: --cert FILE.")
        if dtls:
            if folder is not None:
                raise Problem(Exit.USAGE, "--dir needs TLS: there is no HTTPS over datagrams.")
            over = read_datagram_settings(min_version, max_version, cipher, alpn, psk, psk_identity, keylog)
            limits = datagram.Limits(peers=max_clients, idle=idle)
            _serve_datagrams(over, (host, port), cert, key, limits, as_json)
            return
        if psk is not None or psk_identity is not None:
            raise Problem(Exit.USAGE, "--psk and --psk-identity need --dtls.")
        if alpn is None and folder is not None:
            alpn = ["http/1.1"]
        settings = read_settings(min_version, max_version, cipher, alpn, keylog)
        make_service = _service(folder)
        with _credentials(cert, key, host, settings.needs_rsa) as (credentials, authority):
            make_context = _contexts(settings, credentials)
            make_context()  # a wrong flag is said now, not to the first client
            _allow_descriptors(max_clients)
            listeners = _listen(host, port)
            server = Server(
                listeners, make_context, make_service, Limits(max_clients, idle=idle), _log(as_json)
            )
            server.run(lambda: _announce(listeners, folder, authority, as_json))
            _summary(server.counters, as_json)


def _serve_datagrams(
    over: DatagramSettings,
    place: tuple[str | None, int],
    cert: Path | None,
    key: Path | None,
    limits: datagram.Limits,
    as_json: bool,
) -> None:
    options = over.options()
    with contextlib.ExitStack() as stack:
        authority = None
        if over.psk is not None:
            options["psk"] = dict([over.psk])
        if over.psk is None or cert is not None:
            options["credentials"], authority = stack.enter_context(
                _credentials(cert, key, place[0], over.needs_rsa)
            )
        try:
            server = EchoServer.listening(place, limits, options, _log(as_json))
        except socket.gaierror:
            raise Problem(Exit.NETWORK, f"There is no address for {place[0]}; check the spelling.") from None
        except OSError as error:
            raise _cannot_listen(error, *place) from None
        except ValueError as error:
            raise Problem(Exit.USAGE, str(error)) from None
        until_interrupted(server, lambda: _announce(server.sockets, None, authority, as_json, dtls=True))
        _summary(server.counters, as_json)


def _service(folder: Path | None) -> Callable[[], Service]:
    if folder is None:
        return Echo
    if not folder.is_dir():
        raise Problem(
            Exit.FILE, f"{folder} is no folder." if folder.exists() else f"There is no folder {folder}."
        )
    root = Folder(folder)
    return lambda: HttpService(root)


@contextlib.contextmanager
def _credentials(
    cert: Path | None, key: Path | None, host: str | None, rsa_key: bool
) -> Iterator[tuple[list[Any], Path | None]]:
    """The server's credentials, and the file of the throw-away authority if they come from one."""
    if cert is not None:
        credentials = load_credentials(cert, key)
        warn_about_dates(credentials[0])
        yield credentials, None
        return
    names = ["localhost", "127.0.0.1", "::1"]
    names += [name for name in (host, socket.gethostname()) if name and name not in names]
    made = throwaway.make([name for name in names if name.isascii()], rsa_key)
    with tempfile.TemporaryDirectory(prefix="securetransport-") as place:
        authority = Path(place, "authority.pem")
        authority.write_bytes(made.authority)
        yield throwaway_credentials(made), authority


def _contexts(settings: Any, credentials: list[Any]) -> Callable[[], st.SSLContext]:
    def make() -> st.SSLContext:
        context = new_context(st.kSSLServerSide, settings)
        status = st.SSLSetCertificate(context, credentials)
        if status != st.errSecSuccess:
            raise Problem(Exit.FILE, "The certificate and key cannot be used by a TLS server.")
        return context

    return make


def _allow_descriptors(clients: int) -> None:
    """A socket and a file each: raise the soft limit of open files if it is lower than that."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * clients + 64
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def _listen(host: str | None, port: int) -> list[socket.socket]:
    """Listening sockets for IPv4 and IPv6, all on one port."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror:
        raise Problem(Exit.NETWORK, f"There is no address for {host}; check the spelling.") from None
    listeners: list[socket.socket] = []
    failure: OSError | None = None
    for family, _, _, _, address in dict.fromkeys(found):
        if family not in (socket.AF_INET, socket.AF_INET6):
            continue
        taken = listeners[0].getsockname()[1] if listeners else port
        try:
            listeners.append(_listener(family, (address[0], taken, *address[2:])))
        except OSError as error:
            if error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL) and len(found) > 1:
                continue  # a system without IPv6, or without IPv4
            failure = error
            break
    if failure is None and listeners:
        return listeners
    for listener in listeners:
        listener.close()
    raise _cannot_listen(failure, host, port)


def _listener(family: int, address: tuple[Any, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name != "nt":  # there it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def _cannot_listen(error: OSError | None, host: str | None, port: int) -> Problem:
    if error is not None and error.errno == errno.EADDRINUSE:
        return Problem(
            Exit.NETWORK, f"Port {port} is in use; stop the other server or choose another with --port."
        )
    if error is not None and error.errno == errno.EACCES:
        return Problem(
            Exit.NETWORK, f"Port {port} needs more rights than this user has; choose one above 1023."
        )
    if error is None or error.errno == errno.EADDRNOTAVAIL:
        return Problem(Exit.NETWORK, f"{host or 'This machine'} has no address here to listen on.")
    return Problem(Exit.NETWORK, f"Port {port} cannot be listened on: {error.strerror or error}.")


# --- what is printed -------------------------------------------------------------------------------------


def _announce(
    listeners: list[socket.socket],
    folder: Path | None,
    authority: Path | None,
    as_json: bool,
    dtls: bool = False,
) -> None:
    places = [listener.getsockname() for listener in listeners]
    port = places[0][1]
    if as_json:
        output.print_json(
            {
                "event": "listening",
                "port": port,
                "addresses": [place[0] for place in places],
                "dir": str(folder) if folder else None,
                "authority": str(authority) if authority else None,
            }
        )
        return
    to = output.console()
    shown = ", ".join(f"[{p[0]}]:{p[1]}" if ":" in p[0] else f"{p[0]}:{p[1]}" for p in places)
    what = f"Serving {output.clean(str(folder))} over HTTPS" if folder else "Echoing"
    what += " datagrams" if dtls else ""
    to.print(Text(f"{what} on {shown}; Ctrl-C stops.", style="bold"), soft_wrap=True)
    if authority is not None:
        to.print(Text(f"Throw-away certificate; its authority for now: {authority}"), soft_wrap=True)
        if folder is not None:
            to.print(Text(f"Try: curl --cacert {authority} https://localhost:{port}/"), soft_wrap=True)
        else:
            flag = "--dtls " if dtls else ""
            words = f"Try: securetransport connect {flag}localhost:{port} --cafile {authority}"
            to.print(Text(words), soft_wrap=True)
    to.file.flush()


def _log(as_json: bool) -> Callable[[dict[str, Any]], None]:
    to = output.console()

    def log(facts: dict[str, Any]) -> None:
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if as_json:
            output.print_json({"time": now, **facts})
        else:
            good = facts.get("status_name") in ("ok", "errSSLClosedGraceful")
            to.print(Text(now, style="dim"), output.verdict(good, log_line(facts)), soft_wrap=True)
            to.file.flush()

    return log


def log_line(facts: dict[str, Any]) -> str:
    """What happened to one connection, in one line."""
    if facts["event"] == "refused":
        return f"{facts['client']} refused: {facts['reason']}"
    parts = [facts["client"]]
    if facts["handshake_ms"] is not None:
        parts += [facts["version"], facts["suite"], f"handshake {facts['handshake_ms']} ms"]
    if facts["alpn"]:
        parts.append(f"alpn {facts['alpn']}")
    parts += [f"in {facts['bytes_in']}", f"out {facts['bytes_out']}"]
    if facts["requests"]:
        parts.append(f"requests {facts['requests']}")
    parts += [f"{facts['seconds']:.3f} s", f"status {facts['status_name']}", facts["outcome"]]
    if facts["alert_received"] and facts["alert_received"] != "close_notify":
        parts.append(f"received alert {facts['alert_received']}")
    if facts["alert_sent"] and facts["alert_sent"] != "close_notify":
        parts.append(f"sent alert {facts['alert_sent']}")
    return ", ".join(str(part) for part in parts)


def _summary(counts: collections.Counter[str], as_json: bool) -> None:
    names = ("connections", "handshakes", "failed handshakes", "refused", "bytes in", "bytes out")
    if as_json:
        output.print_json({"event": "stopped", **{name.replace(" ", "_"): counts[name] for name in names}})
        return
    words = [
        f"{counts['connections']} connections",
        f"{counts['handshakes']} handshakes",
        f"{counts['failed handshakes']} failed",
        f"{counts['refused']} refused",
        f"{output.size(counts['bytes in'])} in",
        f"{output.size(counts['bytes out'])} out",
    ]
    to = output.console()
    to.print(Text(f"Stopped: {', '.join(words)}.", style="bold"), soft_wrap=True)
