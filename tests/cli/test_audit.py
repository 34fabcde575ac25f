"""``securetransport audit``: what it lists is what the server was set to, and it is polite."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from choking import listening, on_hello, relay, s_server, tlslite
from running import complaint, run

import certs


def audited(port: int, *flags: str) -> dict[str, Any]:
    done = run("audit", f"localhost:{port}", *flags, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["ok"] is True
    return document


def suites(document: dict[str, Any]) -> dict[str, list[str]]:
    return {one["version"]: [row["suite"] for row in one["suites"]] for one in document["versions"]}


FULL = [
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
]
OLD = FULL[1:]
CIPHER = "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-SHA:AES128-SHA"


def test_every_version_and_suite_of_openssl_is_found_in_its_order() -> None:
    with s_server("-no_tls1_3", "-serverpref", cipher=CIPHER) as server:
        document = audited(server.port)
    assert suites(document) == {"tls1.2": FULL, "tls1.1": OLD, "tls1.0": OLD, "ssl3": []}
    assert [one["own_order"] for one in document["versions"]] == [True, True, True, None]
    # One for each suite, one that ends each version, one for the order.
    assert document["connections"] == sum(map(len, (FULL, OLD, OLD))) + 4 + 3


def test_a_server_that_takes_the_clients_order_is_told_apart() -> None:
    with s_server("-tls1_2", cipher=CIPHER) as server:
        (found,) = audited(server.port, "--min-version", "tls1.2")["versions"]
    assert found["own_order"] is False
    assert sorted(row["suite"] for row in found["suites"]) == sorted(FULL)
    facts = {row["suite"]: row for row in found["suites"]}
    assert facts[FULL[0]]["group"]
    assert facts[FULL[0]]["remarks"] == []
    assert facts[FULL[1]]["dh_bits"] >= 2048
    assert facts[FULL[1]]["encrypt_then_mac"] is True
    assert facts[FULL[2]]["remarks"] == ["no forward secrecy"]


def test_what_protects_little_is_marked() -> None:
    with s_server("-tls1_2", "-psk", "0011", cipher="ADH-AES128-SHA:NULL-SHA:PSK-AES128-CBC-SHA") as server:
        (found,) = audited(server.port, "--min-version", "tls1.2")["versions"]
    remarks = {row["suite"]: row["remarks"] for row in found["suites"]}
    assert "nobody proves anything" in remarks["TLS_DH_anon_WITH_AES_128_CBC_SHA"]
    assert remarks["TLS_RSA_WITH_NULL_SHA"] == ["no encryption", "no forward secrecy"]
    assert remarks["TLS_PSK_WITH_AES_128_CBC_SHA"] == ["pre-shared key", "no forward secrecy"]


def test_sslv3_and_rc4_are_found() -> None:
    with tlslite((3, 0), (3, 1), "rc4", "3des") as port:
        document = audited(port)
    weak = {"TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"}
    assert {version: set(found) for version, found in suites(document).items()} == {
        "tls1.2": set(),
        "tls1.1": set(),
        "tls1.0": weak,
        "ssl3": weak,
    }


def test_a_server_that_chokes_on_long_hellos_is_asked_in_pieces() -> None:
    chokes = on_hello(lambda hello: hello.length > 255)
    with s_server("-tls1_2", cipher=CIPHER) as server, relay(server.port, chokes) as port:
        document = audited(port, "--min-version", "tls1.2")
    assert sorted(suites(document)["tls1.2"]) == sorted(FULL)


def test_versions_are_limited_by_flags() -> None:
    with s_server("-no_tls1_3", cipher=CIPHER) as server:
        document = audited(server.port, "--min-version", "tls1.0", "--max-version", "tls1.1")
    assert list(suites(document)) == ["tls1.1", "tls1.0"]


def test_the_table_marks_versions_that_are_not_accepted() -> None:
    with s_server("-tls1_2", cipher=CIPHER) as server:
        done = run("audit", f"localhost:{server.port}")
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    for words in (*FULL, "no forward secrecy", "not accepted (", "ssl3", "3 suites, the client's order"):
        assert words in text
    assert "\x1b" not in text


def test_a_client_certificate_is_shown_to_who_asks() -> None:
    root, mine = str(certs.authority().file("cert")), str(certs.leaf("p256").file("both"))
    demanding = ("-tls1_2", "-Verify", "2", "-verify_return_error", "-CAfile", root)
    with s_server(*demanding, cipher="AES128-SHA") as server:
        for flags in ((), ("--client-cert", mine)):
            document = audited(server.port, "--min-version", "tls1.2", *flags)
            assert suites(document) == {"tls1.2": ["TLS_RSA_WITH_AES_128_CBC_SHA"]}


def test_only_one_connection_is_open_at_a_time_and_each_ends_in_good_order() -> None:
    """A server that serves one after the other would hang otherwise; the ends are counted by a relay."""
    ends: list[int] = []

    def chokes(record: bytes) -> bool:
        if record[0] == 0x15:
            ends.append(len(record))
        return False

    with s_server("-tls1_2", cipher=CIPHER) as server, relay(server.port, chokes) as port:
        document = audited(port, "--min-version", "tls1.2")
    assert document["connections"] == len(FULL) + 2
    assert len(ends) == len(FULL) + 1  # the one that was refused ended with the server's alert


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_server_without_tls_is_one_sentence(says: bytes) -> None:
    asked: list[int] = []

    def serve(sock: socket.socket) -> None:
        with sock:
            asked.append(len(sock.recv(4096)))
            sock.sendall(says)

    with listening(serve) as port:
        complaint("audit", f"localhost:{port}", code=5)
    assert len(asked) < 60


def test_a_refused_connection_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "refuses connections" in complaint("audit", f"127.0.0.1:{port}", code=4)
