"""``securetransport serve`` for strangers: many at once, none delayed by another, stopped cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import COMMAND, PATIENCE, Serve, complaint, environment, run

import certs
import securetransport as st
from securetransport import extensions
from securetransport.cli.http import Folder, HttpService
from securetransport.cli.server import Limits, Server


def strangers_context(server: Serve) -> ssl.SSLContext:
    """Python's own TLS, trusting the throw-away authority."""
    return ssl.create_default_context(cafile=server.authority)


@contextlib.contextmanager
def stranger(server: Serve, context: ssl.SSLContext | None = None) -> Iterator[ssl.SSLSocket]:
    with (
        server.connect() as plain,
        (context or strangers_context(server)).wrap_socket(plain, server_hostname="localhost") as sock,
    ):
        yield sock


def curl(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    command = shutil.which("curl")
    assert command, "curl is not installed; it is one of the strangers that must be served"
    return subprocess.run([command, "-sS", *map(str, arguments)], capture_output=True, timeout=PATIENCE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "public"
    place.mkdir()
    (place / "small.txt").write_bytes(b"hello\n")
    (place / "big.bin").write_bytes(os.urandom(10_000_000))
    (tmp_path / "outside").write_bytes(b"outside")
    return place


# --- files -----------------------------------------------------------------------------------------------


def test_curl_fetches_a_file_twice_on_one_connection(folder: Path, tmp_path: Path) -> None:
    with Serve("--dir", folder) as server:
        url = f"https://localhost:{server.port}"
        one, two = tmp_path / "one", tmp_path / "two"
        done = curl(
            "-v",
            "--cacert",
            str(server.authority),
            f"{url}/big.bin",
            "-o",
            one,
            f"{url}/small.txt",
            "-o",
            two,
        )
        assert done.returncode == 0, done.stderr
        assert one.read_bytes() == (folder / "big.bin").read_bytes()
        assert two.read_bytes() == b"hello\n"
        assert b"Re-using existing" in done.stderr
        line = server.connection()
        assert line["requests"] == 2
        assert line["alpn"] == "http/1.1"
        assert line["outcome"] == "closed by the client in good order"
        assert line["bytes_out"] > 10_000_000
        counts = server.stop()
        assert (counts["connections"], counts["handshakes"], counts["failed_handshakes"]) == (1, 1, 0)


def test_curl_continues_a_file_and_cannot_leave_the_folder(folder: Path) -> None:
    with Serve("--dir", folder) as server:
        trust = ("--cacert", str(server.authority), "--path-as-is")
        url = f"https://localhost:{server.port}"
        part = curl(*trust, "-r", "9999000-", f"{url}/big.bin")
        assert part.stdout == (folder / "big.bin").read_bytes()[9999000:]
        for path in ("/../outside", "/%2e%2e/outside", "/..%2foutside"):
            assert b"404" in curl(*trust, "-i", url + path).stdout


def test_ipv4_and_ipv6_are_served_on_one_port(folder: Path) -> None:
    with Serve("--dir", folder) as server:
        assert "0.0.0.0" in server.addresses
        for host in ("127.0.0.1", "[::1]") if "::" in server.addresses else ("127.0.0.1",):
            done = curl("--cacert", str(server.authority), f"https://{host}:{server.port}/small.txt")
            assert done.stdout == b"hello\n", done.stderr


def test_the_given_certificate_is_the_one_that_is_shown() -> None:
    mine = certs.leaf("chained")
    for arguments in (
        ("--cert", mine.file("cert"), "--key", mine.file("key")),
        ("--cert", mine.file("both")),
    ):
        with Serve(*arguments) as server:
            context = ssl.create_default_context(cafile=str(certs.authority().file("cert")))
            with stranger(server, context) as sock:
                assert sock.getpeercert(binary_form=True) == mine.der


# --- echo and the log ------------------------------------------------------------------------------------


def test_an_echo_comes_back_and_the_log_says_everything() -> None:
    with Serve() as server:
        with stranger(server) as sock:
            name = sock.getsockname()
            sock.sendall(b"hello")
            assert sock.recv(10) == b"hello"
            sock.unwrap()
        line = server.connection(name)
        assert line["version"] == "TLS 1.2"
        assert line["suite"].startswith("TLS_ECDHE_ECDSA_")
        assert line["handshake_ms"] > 0
        assert line["status_name"] == "errSSLClosedGraceful"
        assert line["outcome"] == "closed by the client in good order"


def test_the_log_for_people_is_one_line_a_connection(tmp_path: Path) -> None:
    command = ["serve", "--port", "0"]
    with subprocess.Popen(
        [*COMMAND, *command], stdout=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert process.stdout
        first = process.stdout.readline()
        port = int(first.split("0.0.0.0:")[1].split(",")[0].split(";")[0])
        assert "authority" in process.stdout.readline()
        assert "Try: securetransport connect" in process.stdout.readline()
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            answer = b""
            while data := sock.recv(4096):
                answer += data
        assert answer.startswith(b"HTTP/1.1 400")
        line = process.stdout.readline()
        assert "the client speaks plain HTTP, not TLS" in line
        assert "status errSSLProtocol" in line
        process.send_signal(signal.SIGTERM)
        last = process.stdout.read()
        assert last.startswith("Stopped: 1 connections, 0 handshakes, 1 failed")
        assert process.wait() == 0
    assert "\x1b" not in first + line + last


def test_alerts_are_in_the_log_in_words() -> None:
    with Serve() as server:
        context = ssl.create_default_context()  # trusts no throw-away authority
        with server.connect() as plain, plain.dup() as kept:
            with pytest.raises(ssl.SSLCertVerificationError):
                context.wrap_socket(plain, server_hostname="localhost")
            while kept.recv(
                4096
            ):  # closing with the rest unread would reset the connection and take the alert along
                pass
        line = server.connection()
        assert line["alert_received"] == "unknown_ca"
        assert line["status_name"] == "errSSLPeerUnknownCA"
        assert line["outcome"].startswith("handshake failed: ")
        assert server.stop()["failed_handshakes"] == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_version_that_is_too_old_gets_its_alert() -> None:
    with Serve() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"), stranger(server, context):
            pass
        assert server.connection()["alert_sent"] == "protocol_version"


# --- many, slow and hostile ------------------------------------------------------------------------------


def test_500_clients_are_served_at_once() -> None:
    count = 500
    with Serve() as server:
        context = strangers_context(server)

        async def everyone() -> list[bytes]:
            links = await asyncio.gather(
                *(
                    asyncio.open_connection(
                        "127.0.0.1", server.port, ssl=context, server_hostname="localhost"
                    )
                    for _ in range(count)
                )
            )
            answers = []
            for number, (_, writer) in enumerate(links):  # all are connected now
                writer.write(f"client {number}\n".encode())
            for reader, _ in links:
                answers.append(await reader.readline())
            for _, writer in links:
                writer.close()
            return answers

        answers = asyncio.run(asyncio.wait_for(everyone(), PATIENCE))
        assert answers == [f"client {number}\n".encode() for number in range(count)]
        outcomes = [server.connection() for _ in range(count)]
        assert all(line["handshake_ms"] is not None for line in outcomes)
        counts = server.stop()
        assert (counts["connections"], counts["handshakes"], counts["refused"]) == (count, count, 0)


def test_stalled_and_slow_clients_delay_nobody_and_are_ended(folder: Path) -> None:
    with Serve("--dir", folder, "--idle", "3") as server, contextlib.ExitStack() as stack:
        silent = [stack.enter_context(server.connect()) for _ in range(20)]
        half = stack.enter_context(server.connect())
        half.sendall(bytes.fromhex("16030100c8010000c40303"))  # the beginning of a ClientHello
        greedy = stack.enter_context(stranger(server))
        greedy.sendall(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n" * 20)  # and never reads
        slow = stack.enter_context(stranger(server))
        slow.sendall(b"GET /small.txt HTTP/1.1\r\nHost:")
        for _ in range(5):
            done = curl("--cacert", str(server.authority), f"https://localhost:{server.port}/big.bin")
            assert done.stdout == (folder / "big.bin").read_bytes()
        for sock in (*silent, half):
            sock.settimeout(PATIENCE)
            assert sock.recv(100) in (b"", bytes.fromhex("15030100020250"))
        seen = [server.connection() for _ in range(5 + len(silent) + 3)]
        outcomes = [line["outcome"] for line in seen]
        assert outcomes.count("handshake not finished after 10 s") == len(silent) + 1
        assert outcomes.count("idle for 3 s") == 2


def test_clients_above_the_limit_are_refused_and_room_is_made_again() -> None:
    with Serve("--max-clients", "2") as server:
        with stranger(server) as one, stranger(server) as two:
            with server.connect() as third:
                third.settimeout(PATIENCE)
                assert third.recv(1) == b""
            line = server.wait_for(lambda line: line["event"] == "refused")
            assert "2 clients" in line["reason"]
            for sock in (one, two):
                sock.sendall(b"still here")
                assert sock.recv(100) == b"still here"
        server.connection()
        server.connection()
        with stranger(server) as again:
            again.sendall(b"room")
            assert again.recv(10) == b"room"
        server.connection()
        assert server.stop()["refused"] == 1


def test_running_out_of_descriptors_makes_clients_wait_and_not_the_server_fail() -> None:
    with (
        Serve(before=["sh", "-c", 'ulimit -n 40; exec "$@"', "sh"]) as server,
        contextlib.ExitStack() as stack,
    ):
        socks = [stack.enter_context(server.connect()) for _ in range(60)]
        socks[0].sendall(b"noise that is no hello")
        assert server.connection()["handshake_ms"] is None
        for sock in socks:
            sock.close()
        with stranger(server) as sock:
            sock.sendall(b"fine")
            assert sock.recv(10) == b"fine"


def test_crumbs_of_a_record_do_not_keep_a_connection_alive() -> None:
    with Serve("--idle", "1") as server, stranger(server) as sock:
        sock.sendall(b"x")
        assert sock.recv(10) == b"x"
        plain = socket.socket(fileno=os.dup(sock.fileno()))
        with plain, contextlib.suppress(OSError):
            plain.sendall(bytes.fromhex("1703034000"))
            while True:
                plain.sendall(b"\0")
                time.sleep(0.05)
        assert server.connection()["outcome"] == "idle for 1 s"


@contextlib.contextmanager
def impatient(root: Path, limits: Limits) -> Iterator[tuple[int, queue.Queue[dict[str, Any]]]]:
    """A server for a folder with limits that no flag sets: its port and its log."""
    listener = socket.create_server(("127.0.0.1", 0))
    log: queue.Queue[dict[str, Any]] = queue.Queue()

    def make() -> st.SSLContext:
        context = st.SSLCreateContext(None, st.kSSLServerSide, st.kSSLStreamType)
        assert context is not None
        st.SSLSetCertificate(context, extensions.credentials_from_files(certs.leaf("p256").file("both")))
        return context

    server = Server([listener], make, lambda: HttpService(Folder(root)), limits, log.put)
    ready = threading.Event()
    thread = threading.Thread(target=server.run, args=(ready.set,), daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield listener.getsockname()[1], log
    finally:
        server.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def drip(sock: socket.socket, data: bytes) -> None:
    """Byte after byte until the other end has had enough."""
    with contextlib.suppress(OSError):
        for _ in range(10_000):
            for byte in data:
                sock.sendall(bytes([byte]))
                time.sleep(0.02)


def test_a_handshake_that_only_drips_is_ended_however_often_bytes_come(folder: Path) -> None:
    with (
        impatient(folder, Limits(handshake=1, idle=PATIENCE, request=PATIENCE)) as (port, log),
        socket.create_connection(("127.0.0.1", port)) as sock,
    ):
        drip(sock, bytes.fromhex("16030140000100") + bytes(200))
        assert log.get(timeout=PATIENCE)["outcome"] == "handshake not finished after 1 s"


@pytest.mark.parametrize(
    "crumbs", [b"GET /small.txt HTTP/1.1\r\nX: " + b"x" * 60_000, b"\r\n"], ids=["head", "lines"]
)
def test_a_request_that_only_drips_is_ended_however_often_bytes_come(folder: Path, crumbs: bytes) -> None:
    context = ssl.create_default_context(cafile=certs.authority().file("cert"))
    with (
        impatient(folder, Limits(handshake=PATIENCE, idle=PATIENCE, request=1)) as (port, log),
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as sock,
    ):
        drip(sock, crumbs)
        assert log.get(timeout=PATIENCE)["outcome"] == "request not finished after 1 s"


def test_a_server_whose_log_nobody_reads_any_more_stops() -> None:
    command = [*COMMAND, "serve", "--port", "0", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout
        assert process.stderr
        port = json.loads(process.stdout.readline())["port"]
        process.stdout.close()
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE) == 0


def test_noise_and_resets_do_the_server_no_harm() -> None:
    with Serve() as server:
        for noise in (
            b"\x80\x2e\x01\x00\x02",
            b"\x16\x03\x01\xff\xff" + b"x" * 5000,
            b"\0" * 100,
            b"GET / HTTP/1.1\r\n\r\n",
        ):
            with server.connect() as sock:
                sock.sendall(noise)
                sock.shutdown(socket.SHUT_WR)
                sock.settimeout(PATIENCE)
                with contextlib.suppress(ConnectionResetError):
                    while sock.recv(4096):
                        pass
            assert server.connection()["handshake_ms"] is None
        with stranger(server) as sock:
            name = sock.getsockname()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        assert server.connection(name)["outcome"] in (
            "reset by the client",
            "cut off by the client without close_notify",
        )
        with stranger(server) as sock:
            sock.sendall(b"fine")
            assert sock.recv(10) == b"fine"


def test_a_client_that_wants_to_renegotiate_is_refused_and_others_go_on() -> None:
    with Serve() as server:
        where = f"127.0.0.1:{server.port}"
        command = ["openssl", "s_client", "-connect", where, "-CAfile", str(server.authority), "-tls1_2"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.write(b"one\n")
            process.stdin.flush()
            while process.stdout.readline() != b"one\n":
                pass
            process.stdin.write(b"R\n")  # a command of s_client: renegotiate
            process.stdin.flush()
            text = process.stdout.read()
        assert b"no renegotiation" in text
        assert server.connection()["handshake_ms"] is not None
        with stranger(server) as sock:
            sock.sendall(b"fine")
            assert sock.recv(10) == b"fine"


def test_a_stop_says_goodbye_to_everybody() -> None:
    with Serve() as server:
        with stranger(server) as sock:
            sock.sendall(b"x")
            assert sock.recv(10) == b"x"
            server.process.send_signal(signal.SIGINT)
            sock.settimeout(PATIENCE)
            assert sock.recv(10) == b""  # close_notify: Python's ssl raises for a connection that is cut
        assert server.connection()["outcome"] == "server stopped"
        assert server.wait_for(lambda line: line["event"] == "stopped")["connections"] == 1
        assert server.process.wait(PATIENCE) == 0


def test_an_echo_that_is_not_read_stops_taking_and_loses_nothing() -> None:
    data = os.urandom(20_000_000)
    with Serve() as server, stranger(server) as sock:
        sock.setblocking(False)
        sent, received = 0, bytearray()
        while len(received) < len(data):
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                while sent < len(data):
                    sent += sock.send(data[sent : sent + 65536])
            time.sleep(0.001)
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                while len(received) < len(data):
                    received += sock.recv(65536)
        assert received == data


# --- what the user can get wrong -------------------------------------------------------------------------


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        words = complaint("serve", "--port", str(port), code=4)
    assert words == f"Port {port} is in use; stop the other server or choose another with --port."


def test_keys_and_certificates_that_do_not_fit_are_one_sentence(tmp_path: Path) -> None:
    mine, other = certs.leaf("p256"), certs.leaf("rsa")
    missing, noise = tmp_path / "missing.pem", tmp_path / "noise.pem"
    noise.write_bytes(b"-----BEGIN nothing-----\n")
    assert "key" in complaint("serve", "--cert", mine.file("cert"), "--key", other.file("key"), code=3)
    assert str(missing) in complaint("serve", "--cert", missing, code=3)
    assert str(missing) in complaint("serve", "--cert", mine.file("cert"), "--key", missing, code=3)
    complaint("serve", "--cert", noise, code=3)
    complaint("serve", "--cert", mine.file("cert"), "--key", noise, code=3)
    complaint("serve", "--cert", mine.file("cert"), code=3)
    assert "--cert FILE" in complaint("serve", "--key", mine.file("key"), code=2)


def test_a_folder_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    assert (
        complaint("serve", "--dir", tmp_path / "none", code=3) == f"There is no folder {tmp_path / 'none'}."
    )
    assert complaint("serve", "--dir", file, code=3) == f"{file} is no folder."


def test_flags_that_make_no_sense_are_one_sentence() -> None:
    assert "is no cipher suite" in complaint("serve", "--cipher", "AES", code=2)
    assert "There is no address" in complaint("serve", "--host", "nowhere.invalid", code=4)
    assert run("serve", "--port", "70000").returncode == 2
    assert run("serve", "--nonsense").returncode == 2


def test_an_expired_certificate_of_ones_own_is_a_warning() -> None:
    with Serve("--cert", certs.leaf("expired").file("both")) as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(PATIENCE) == 0
        assert "warning: The certificate expired on" in server.errors()
