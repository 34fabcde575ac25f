"""``securetransport connect`` against strangers, and every way to fail in one clear sentence."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import COMMAND, PATIENCE, Serve, SServer, answering, complaint, environment, on_terminal, run

import certs


def s_server(name: str, *arguments: str) -> SServer:
    credential = certs.leaf(name)
    return SServer(credential.file("cert"), credential.file("key"), *arguments)


def trusting() -> list[str]:
    return ["--cafile", str(certs.authority().file("cert"))]


@contextlib.contextmanager
def plain_http() -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


# --- what works ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rsa", "p256", "chained"])
def test_openssl_is_shown_and_trusted(name: str) -> None:
    with s_server(name, "-alpn", "acme,http/1.1", "-tls1_2") as server:
        done = run("connect", f"localhost:{server.port}", *trusting(), "--alpn", "h2,http/1.1", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["ok"] is True
    assert facts["version"] == "TLS 1.2"
    assert facts["suite"].startswith("TLS_ECDHE_")
    assert facts["alpn"] == "http/1.1"
    assert facts["trusted"] is True
    assert facts["servername"] == "localhost"
    leaf = facts["chain"][0]
    assert leaf["names"] == list(certs.HOSTS)
    assert leaf["not_before"] < leaf["not_after"]
    assert leaf["issuer"].startswith("CN=intermediate" if name == "chained" else "CN=authority")
    assert len(facts["chain"]) == (3 if name == "chained" else 2)


def test_the_table_names_everything_that_was_promised() -> None:
    with s_server("p256", "-alpn", "http/1.1") as server:
        done = run("connect", "localhost", "--port", str(server.port), *trusting(), "--alpn", "http/1.1")
    assert done.returncode == 0, done.stderr
    text = done.stderr.decode()
    for word in (
        "Version",
        "Suite",
        "ALPN",
        "http/1.1",
        "Trusted",
        "yes",
        "Certificate 0",
        "CN=authority",
        "valid",
    ):
        assert word in text
    assert "\x1b" not in text
    assert done.stdout == b""


def test_standard_input_and_output_are_piped() -> None:
    with s_server("p256", "-rev") as server:  # sends each line back reversed
        done = run("connect", f"localhost:{server.port}", *trusting(), "--wait", "1", data=b"stressed\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"desserts\n"


def test_a_large_input_comes_back_from_our_own_server(tmp_path: Path) -> None:
    data = bytes(range(256)) * 16384
    with Serve() as server:
        done = run("connect", f"localhost:{server.port}", "--cafile", str(server.authority), data=data)
        assert done.returncode == 0, done.stderr
        assert done.stdout == data
        line = server.connection()
        assert line["status_name"] == "errSSLClosedGraceful"
        assert line["bytes_in"] > len(data)


def test_a_bar_shows_how_much_of_a_file_was_sent(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(8_000_000))
    with Serve() as server:
        where = f"localhost:{server.port}"
        code, shown = on_terminal(
            "connect", where, "--cafile", str(server.authority), "--wait", "0.5", stdin=source
        )
        assert code == 0, shown
        assert "Sending" in shown
        assert "8.0 MB" in shown or "7.6 MiB" in shown or "7.6/7.6" in shown
        assert server.connection()["bytes_in"] > 8_000_000


def test_a_reader_who_leaves_early_is_no_fault() -> None:
    with s_server("rsa", "-www") as server:
        command = [*COMMAND, "connect", f"localhost:{server.port}", *trusting(), "--wait", "1"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
        ) as process:
            assert process.stdin
            assert process.stdout
            assert process.stderr
            process.stdout.close()
            process.stdin.write(b"GET / HTTP/1.0\r\n\r\n")
            process.stdin.close()
            text = process.stderr.read()
            assert process.wait(PATIENCE) == 0
    assert b"Traceback" not in text
    assert b"error" not in text


def test_a_web_server_is_asked_by_hand() -> None:
    # This server closes when it has answered. On a busy machine that may be later than connect waits by itself.
    waiting = ("--wait", str(PATIENCE))
    with s_server("rsa", "-www") as server:
        where = f"localhost:{server.port}"
        done = run("connect", where, *trusting(), *waiting, data=b"GET / HTTP/1.0\r\n\r\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"HTTP/1.0 200 ok")


def test_insecure_goes_on_and_says_so() -> None:
    with s_server("expired") as server:
        done = run("connect", f"localhost:{server.port}", *trusting(), "--insecure", "--json")
        shown = run("connect", f"localhost:{server.port}", *trusting(), "--insecure").stderr.decode()
    facts = json.loads(done.stdout)
    assert done.returncode == 0
    assert (facts["ok"], facts["trusted"]) == (True, False)
    assert "expired" in facts["reason"]
    assert "NO, " in shown


def test_another_server_name_is_asked_for_and_verified() -> None:
    with s_server("wrong_host") as server:
        where = f"localhost:{server.port}"
        done = run("connect", where, *trusting(), "--servername", "elsewhere.example", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["servername"] == "elsewhere.example"


def test_a_client_certificate_is_shown_to_who_asks() -> None:
    mine = certs.leaf("p256")
    root = certs.authority().file("cert")
    with s_server("rsa", "-Verify", "2", "-verify_return_error", "-CAfile", str(root), "-tls1_2") as server:
        where = f"localhost:{server.port}"
        one = run("connect", where, *trusting(), "--client-cert", mine.file("both"), "--json")
        other = run(
            "connect",
            where,
            *trusting(),
            "--client-cert",
            mine.file("cert"),
            "--client-key",
            mine.file("key"),
            "--json",
        )
        words = complaint("connect", where, *trusting(), code=5)
    assert one.returncode == other.returncode == 0, one.stderr + other.stderr
    assert words.startswith(f"localhost:{server.port} asks for a client certificate and got none")
    assert "--client-cert" in words


# --- what does not ---------------------------------------------------------------------------------------

REASONS = {
    "expired": ("expired",),
    "not_yet_valid": ("not valid", "not yet valid"),
    "wrong_host": ("localhost",),
    "unknown_authority": ("stranger", "authority", "issuer", "root", "anchor"),
    "self_signed": ("self-signed", "authority", "issuer", "root", "anchor"),
}


@pytest.mark.parametrize("name", certs.BAD)
def test_a_certificate_that_is_not_trusted_is_one_sentence_with_the_reason(name: str) -> None:
    with s_server(name) as server:
        words = complaint("connect", f"localhost:{server.port}", *trusting(), code=6)
        done = run("connect", f"localhost:{server.port}", *trusting(), "--json")
    assert words.startswith(f"The certificate of localhost:{server.port} is not trusted: ")
    assert any(reason in words for reason in REASONS[name]), words
    assert "--cafile" in words
    document = json.loads(done.stdout)
    assert (done.returncode, document["ok"], document["exit_code"], document["trusted"]) == (
        6,
        False,
        6,
        False,
    )
    assert document["chain"][0]["not_after"]
    assert document["status"] != 0


def test_the_systems_authorities_are_asked_where_none_are_named() -> None:
    with s_server("p256") as server:
        words = complaint("connect", f"localhost:{server.port}", code=6)
    assert "is not trusted" in words


def test_plain_http_on_the_other_side_is_recognised() -> None:
    with plain_http() as port:
        words = complaint("connect", f"127.0.0.1:{port}", code=5)
    assert words.startswith(f"127.0.0.1:{port} speaks plain HTTP, not TLS; ")


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH"),
        (b"220 mail ESMTP\r\n", "SMTP or FTP"),
        (b"* OK IMAP4rev1\r\n", "IMAP"),
    ],
)
def test_other_protocols_in_the_clear_are_recognised(reply: bytes, what: str) -> None:
    for port in answering(reply):
        assert f"speaks {what}" in complaint("connect", f"127.0.0.1:{port}", code=5)


def test_a_server_that_just_closes_is_one_sentence() -> None:
    for port in answering():
        words = complaint("connect", f"127.0.0.1:{port}", code=5)
        assert "the connection without an answer; it may not speak TLS there" in words


def test_noise_is_one_sentence() -> None:
    for port in answering(bytes(range(7, 107))):
        assert "The handshake with" in complaint("connect", f"127.0.0.1:{port}", code=5)


def test_a_server_that_never_answers_is_given_up() -> None:
    for port in answering(close=False):
        words = complaint("connect", f"127.0.0.1:{port}", "--timeout", "1", code=5)
        assert "does not answer the handshake" in words


def test_a_refused_connection_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    words = complaint("connect", f"127.0.0.1:{port}", code=4)
    assert (
        words
        == f"127.0.0.1:{port} refuses connections; check the port, and whether a server is running there."
    )


def test_an_unknown_host_is_one_sentence() -> None:
    words = complaint("connect", "nowhere.invalid", code=4)
    assert words == "There is no address for nowhere.invalid; check the spelling and the network."
    assert "There is no address" in complaint("connect", "a..b", code=4)


def test_no_common_version_or_suite_is_one_sentence() -> None:
    with s_server("rsa", "-cipher", "ECDHE-RSA-AES128-SHA", "-tls1_2") as server:
        words = complaint("connect", f"localhost:{server.port}", *trusting(), code=5)
    assert "accepts none of the cipher suites offered (alert handshake_failure)" in words
    assert words.endswith(": add --cipher TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA.")


def test_files_that_are_missing_or_wrong_are_one_sentence(tmp_path: Path) -> None:
    missing, noise = tmp_path / "missing.pem", tmp_path / "noise.pem"
    noise.write_bytes(b"no certificate at all")
    mine, other = certs.leaf("p256"), certs.leaf("rsa")
    words = complaint("connect", "localhost:1", "--cafile", missing, code=3)
    assert words == f"There is no file {missing}."
    assert "holds no certificate" in complaint("connect", "localhost:1", "--cafile", noise, code=3)
    assert str(missing) in complaint("connect", "localhost:1", "--client-cert", missing, code=3)
    complaint("connect", "localhost:1", "--client-cert", noise, code=3)
    words = complaint(
        "connect",
        "localhost:1",
        "--client-cert",
        mine.file("cert"),
        "--client-key",
        other.file("key"),
        code=3,
    )
    assert "key" in words
    complaint("connect", "localhost:1", "--client-cert", mine.file("cert"), code=3)
    assert "--client-cert FILE" in complaint(
        "connect", "localhost:1", "--client-key", mine.file("key"), code=2
    )


def test_places_and_flags_that_make_no_sense_are_one_sentence() -> None:
    assert "is no port" in complaint("connect", "localhost:http", code=2)
    assert "is no cipher suite" in complaint("connect", "localhost", "--cipher", "AES", code=2)
    assert "is no protocol version" in complaint("connect", "localhost", "--max-version", "2", code=2)
    assert run("connect").returncode == 2


def test_a_connection_that_is_cut_off_is_not_taken_for_its_end() -> None:
    """A relay in between forwards the handshake and an echo, then drops the connection without close_notify."""
    with Serve() as server, socket.create_server(("127.0.0.1", 0)) as listener:

        def relay() -> None:
            near, _ = listener.accept()
            far = server.connect()
            with near, far:
                near.settimeout(0.02)
                far.settimeout(0.02)
                echoed = False
                while not echoed:
                    for source, target in ((near, far), (far, near)):
                        with contextlib.suppress(TimeoutError):
                            data = source.recv(65536)
                            target.sendall(data)
                            echoed = source is far and data[:1] == b"\x17"

        thread = threading.Thread(target=relay)
        thread.start()
        port = listener.getsockname()[1]
        words = complaint_after(f"localhost:{port}", str(server.authority))
        thread.join()
    assert "may be cut short" in words


def complaint_after(where: str, authority: str) -> str:
    done = run("connect", where, "--cafile", authority, "--wait", "30", data=b"ping")
    assert done.returncode == 7, done.stderr
    assert done.stdout == b"ping"
    return done.stderr.decode().splitlines()[-1]
