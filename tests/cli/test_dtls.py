"""``--dtls``: ``connect``, ``serve`` and ``demo`` over datagrams."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest
from running import COMMAND, PATIENCE, Serve, complaint, environment, run

import certs
from securetransport import extensions
from securetransport.adapters import datagram

KEY = "000102030405060708090a0b0c0d0e0f"


def connect(server: Serve, *arguments: str | Path, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    authority = ["--cafile", server.authority] if server.authority else []
    return run("connect", "--dtls", f"localhost:{server.port}", *authority, *arguments, data=data)


def silent_port() -> int:
    """One where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


# --- connect and serve -----------------------------------------------------------------------------------


def test_lines_go_there_and_back_and_both_sides_report() -> None:
    with Serve("--dtls") as server:
        done = connect(server, "--wait", "0.3", data=b"one\ntwo\nand no end")
        assert done.returncode == 0, done.stderr
        assert sorted(done.stdout.replace(b"end", b"end\n").splitlines()) == [b"and no end", b"one", b"two"]
        shown = done.stderr.decode()
        for words in (
            "DTLS 1.2",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "bytes at most",
            "yes (as localhost)",
        ):
            assert words in shown
        line = server.connection()
        assert line["version"] == "DTLS 1.2"
        assert line["requests"] == 3
        assert line["bytes_in"] == line["bytes_out"] == len("one\ntwo\nand no end")
        assert line["outcome"] == "closed"
        counts = server.stop()
        assert counts["connections"] == counts["handshakes"] == 1
        assert counts["failed_handshakes"] == 0


def test_json_has_what_was_agreed() -> None:
    with Serve("--dtls", "--alpn", "coap") as server:
        facts = json.loads(connect(server, "--json", "--alpn", "coap").stdout)
    assert facts["ok"] is True
    assert facts["trusted"] is True
    assert facts["version"] == "DTLS 1.2"
    assert facts["alpn"] == "coap"
    assert facts["chain"][0]["subject"] == "CN=localhost"
    assert 1000 < facts["max_payload"] < 1400


def test_a_shared_key_takes_the_place_of_certificates() -> None:
    with Serve("--dtls", "--psk", KEY, "--psk-identity", "lamp") as server:
        done = connect(server, "--psk", KEY, "--psk-identity", "lamp", "--json")
        facts = json.loads(done.stdout)
        assert facts["suite"].startswith("TLS_ECDHE_PSK_")
        assert facts["trusted"] is True
        assert facts["chain"] == []
        assert facts["reason"] == "it has the pre-shared key"
        assert server.connection()["outcome"] == "closed"
        words = complaint(
            *("connect", "--dtls", f"localhost:{server.port}", "--psk", "00", "--timeout", "0.4"), code=4
        )
        assert "does not answer" in words
        assert KEY not in str(server.seen)


def test_the_older_version_is_spoken_when_it_is_named() -> None:
    with Serve("--dtls", "--min-version", "dtls1.0") as server:
        facts = json.loads(connect(server, "--json", "--max-version", "dtls1.0").stdout)
        assert facts["version"] == "DTLS 1.0"


def test_an_untrusted_server_is_refused_and_told_why() -> None:
    with Serve("--dtls") as server:
        words = complaint("connect", "--dtls", f"localhost:{server.port}", code=6)
        assert words.startswith(f"The certificate of localhost:{server.port} is not trusted")
        assert "--cafile" in words
        line = server.connection()
        assert line["alert_received"] in ("certificate_unknown", "bad_certificate", "unknown_ca")
        assert line["outcome"].startswith("handshake failed")
        facts = json.loads(
            run("connect", "--dtls", f"localhost:{server.port}", "--insecure", "--json").stdout
        )
        assert facts["trusted"] is False


def test_a_line_that_does_not_fit_a_datagram_is_one_sentence() -> None:
    with Serve("--dtls") as server:
        done = connect(server, data=b"x" * 3000 + b"\n")
        assert done.returncode == 2
        assert b"3001 bytes do not fit one datagram" in done.stderr
        assert b"Traceback" not in done.stderr


def test_a_server_that_says_goodbye_ends_connect() -> None:
    with Serve("--dtls", "--idle", "0.3") as server:
        authority = ["--cafile", server.authority or ""]
        command = [*COMMAND, "connect", "--dtls", f"localhost:{server.port}", *authority]
        reading, writing = os.pipe()
        done = subprocess.run(
            command, stdin=reading, capture_output=True, timeout=PATIENCE, env=environment()
        )
        os.close(reading)
        os.close(writing)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["rsa", "p256"])
def test_a_library_s_client_is_echoed_with_a_certificate_of_the_user_s(name: str) -> None:
    leaf = certs.leaf(name)
    with Serve(
        "--dtls", "--cert", leaf.file("cert"), "--key", leaf.file("key"), "--host", "127.0.0.1"
    ) as server:
        trusted = [extensions.identity_from_files(certs.authority().file("both")).certificate]
        with datagram.connect(("127.0.0.1", server.port), trusted=trusted, server_name="localhost") as peer:
            peer.send(b"\x00binary\xff")
            assert peer.receive(PATIENCE) == b"\x00binary\xff"


def test_mistakes_are_one_sentence() -> None:
    port = silent_port()
    assert "refuses connections" in complaint("connect", "--dtls", f"127.0.0.1:{port}", code=4)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        words = complaint("connect", "--dtls", place, "--timeout", "0.2", code=4)
        assert words == (
            f"{place} does not answer; check the host and port, and whether a DTLS server is running there."
        )
        taken = complaint("serve", "--dtls", "--host", "127.0.0.1", "--port", place.partition(":")[2], code=4)
        assert "is in use" in taken
    assert "no address" in complaint("connect", "--dtls", "no-such-host.invalid:5684", code=4)
    assert "in hexadecimal" in complaint("connect", "--dtls", "localhost:1", "--psk", "xyz", code=2)
    assert "--psk HEX" in complaint("connect", "--dtls", "localhost:1", "--psk-identity", "me", code=2)
    assert "need --dtls" in complaint("connect", "localhost:1", "--psk", "00", code=2)
    assert "need --dtls" in complaint("serve", "--psk", "00", code=2)
    assert "no version of DTLS" in complaint("serve", "--dtls", "--min-version", "tls1.0", code=2)
    assert "is above" in complaint(
        *("serve", "--dtls", "--min-version", "dtls1.2", "--max-version", "dtls1.0"), code=2
    )
    assert "no HTTPS over datagrams" in complaint("serve", "--dtls", "--dir", ".", code=2)


def test_no_version_in_common_names_the_flag() -> None:
    with Serve("--dtls") as server:
        place = f"localhost:{server.port}"
        words = complaint("connect", "--dtls", place, "--max-version", "dtls1.0", code=5)
        assert "share no protocol version (here dtls1.0)" in words
        assert "--min-version dtls1.0 allows the older version" in words


# --- demo ------------------------------------------------------------------------------------------------


def test_the_demo_shows_what_was_lost_and_sent_again() -> None:
    arguments = ("demo", "--dtls", "--loss", "20%", "--seed", "3", "--seconds", "0.1")
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    for words in (
        "DTLS 1.2",
        "20% of all datagrams",
        "datagrams sent",
        " lost, ",
        "sent again",
        "Round trips",
    ):
        assert words in text
    facts = json.loads(run(*arguments, "--json").stdout)
    assert facts["seed"] == 3
    assert facts["datagrams_lost"] > 0
    assert facts["datagrams_resent"] > 0
    assert facts["datagrams_sent"] >= 6 + facts["datagrams_lost"]
    assert facts["lossy_handshake_ms"] > 900  # a time-out of a second at least
    assert facts["handshake_ms"] < facts["lossy_handshake_ms"]
    assert 0 < facts["payloads_returned"] < facts["payloads_sent"]


def test_without_loss_nothing_is_lost() -> None:
    facts = json.loads(run("demo", "--dtls", "--seconds", "0.1", "--json").stdout)
    assert facts["datagrams_lost"] == facts["datagrams_resent"] == 0
    assert facts["payloads_returned"] == facts["payloads_sent"]


def test_a_loss_that_cannot_be_is_one_sentence() -> None:
    for loss in ("much", "60%", "-1", "nan"):
        assert "is no loss that can be simulated" in complaint("demo", "--dtls", f"--loss={loss}", code=2)
    assert "need --dtls" in complaint("demo", "--loss", "20%", code=2)
