"""``securetransport connect`` with old servers and with such that choke: it says which flags to add, and they help.

The choking ones are strangers behind a relay; see ``choking``.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import socket
from typing import Any

import pytest
from choking import listening, on_hello, relay, s_server, tlslite, trusting
from running import PATIENCE, complaint, run

from securetransport.cli.options import SUITE_NAMES

VERSIONS = {
    "tls1.0": ("-tls1", "TLS 1.0"),
    "tls1.1": ("-tls1_1", "TLS 1.1"),
    "tls1.2": ("-tls1_2", "TLS 1.2"),
}


def flags_of(sentence: str) -> list[str]:
    """The flags that a sentence tells to add."""
    assert ": add --" in sentence, sentence
    return shlex.split(sentence.rpartition(": add ")[2].removesuffix("."))


def helped(port: int, *given: str, code: int = 5) -> tuple[str, dict[str, Any]]:
    """The complaint of a connection that fails, and the facts of the one with the flags that it told to add."""
    where = f"localhost:{port}"
    words = complaint("connect", where, *trusting(), *given, code=code)
    flags = flags_of(words)
    kept = [one for one in given if not any(flag in flags for flag in given[:1])]
    done = run("connect", where, *trusting(), *kept, *flags, "--json")
    assert done.returncode == 0, (words, done.stderr)
    return words, json.loads(done.stdout)


# --- versions and suites -----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["tls1.0", "tls1.1"])
def test_an_old_version_is_named_with_the_flag_that_allows_it(version: str) -> None:
    flag, name = VERSIONS[version]
    with s_server(flag) as server:
        words, facts = helped(server.port)
        alert = "(alert handshake_failure)"
        assert words == f"localhost:{server.port} speaks only {name} {alert}: add --min-version {version}."
    assert facts["version"] == name


def test_sslv3_is_named_with_the_flag_that_allows_it() -> None:
    with tlslite((3, 0), (3, 0)) as port:
        words, facts = helped(port)
    assert f"localhost:{port} speaks only SSLv3" in words
    assert words.endswith("add --min-version ssl3.")
    assert facts["version"] == "SSLv3"


@pytest.mark.parametrize(
    ("cipher", "suite"),
    [
        ("ECDHE-RSA-AES128-SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
        ("AES256-GCM-SHA384", "TLS_RSA_WITH_AES_256_GCM_SHA384"),
        ("DHE-RSA-AES128-CCM8", "TLS_DHE_RSA_WITH_AES_128_CCM_8"),
        ("NULL-SHA256", "TLS_RSA_WITH_NULL_SHA256"),
    ],
)
def test_a_suite_that_is_not_offered_is_named(cipher: str, suite: str) -> None:
    with s_server("-tls1_2", cipher=cipher) as server:
        words, facts = helped(server.port)
        assert words == (
            f"localhost:{server.port} accepts none of the cipher suites offered (alert handshake_failure): "
            f"add --cipher {suite}."
        )
    assert facts["suite"] == suite


def test_an_old_version_and_a_weak_suite_are_named_together() -> None:
    with tlslite((3, 0), (3, 1), "rc4") as port:
        words, facts = helped(port)
    assert words.endswith("add --min-version tls1.0 --cipher TLS_RSA_WITH_RC4_128_SHA.")
    assert (facts["version"], facts["suite"]) == ("TLS 1.0", "TLS_RSA_WITH_RC4_128_SHA")


def test_a_version_that_is_too_new_for_the_flags_is_named() -> None:
    with s_server("-tls1_2") as server:
        where = f"localhost:{server.port}"
        words = complaint(
            "connect", where, *trusting(), "--min-version", "tls1.0", "--max-version", "tls1.1", code=5
        )
    assert words == f"{where} speaks only TLS 1.2 (alert protocol_version): add --max-version tls1.2."


def test_an_anonymous_server_is_trusted_by_nobody_without_a_word() -> None:
    with s_server("-tls1_2", cipher="ADH-AES128-GCM-SHA256") as server:
        words, facts = helped(server.port)
        assert words.endswith("add --cipher TLS_DH_anon_WITH_AES_128_GCM_SHA256 --insecure.")
        assert facts["trusted"] is False
        where = f"localhost:{server.port}"
        words = complaint("connect", where, "--cipher", "DH_anon_WITH_AES_128_GCM_SHA256", code=6)
    assert words.startswith(f"{where} proves nothing with TLS_DH_anon_WITH_AES_128_GCM_SHA256")


def test_a_server_with_a_pre_shared_key_is_recognised() -> None:
    with s_server("-tls1_2", "-psk", "00112233", "-nocert", cipher="PSK-AES128-GCM-SHA256") as server:
        words = complaint("connect", f"localhost:{server.port}", *trusting(), code=5)
    assert "wants a pre-shared key (TLS_PSK_WITH_AES_128_GCM_SHA256)" in words


def test_the_document_of_a_failure_has_the_advice_in_its_sentence() -> None:
    with s_server("-tls1") as server:
        done = run("connect", f"localhost:{server.port}", *trusting(), "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["ok"], document["status_name"]) == (5, False, "errSSLPeerHandshakeFail")
    assert document["error"].endswith("add --min-version tls1.0.")


# --- servers that choke ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "reset", "hang"])
def test_a_server_that_chokes_on_new_versions_is_spoken_to_in_an_old_one(how: str) -> None:
    patience = ("--timeout", "1")  # what hangs is given up then
    with s_server("-tls1") as server, relay(server.port, on_hello(lambda h: h.version > 0x0301), how) as port:
        words, facts = helped(port, *patience)
    assert (
        "answers no hello of newer versions than TLS 1.0: add --min-version tls1.0 --max-version tls1.0"
        in words
    )
    assert facts["version"] == "TLS 1.0"


def test_a_server_that_chokes_on_tls_1_2_is_spoken_to_in_tls_1_1() -> None:
    chokes = on_hello(lambda h: h.version > 0x0302)
    with s_server("-no_tls1_3") as server, relay(server.port, chokes) as port:
        words, facts = helped(port)
    assert "add --min-version tls1.1 --max-version tls1.1" in words
    assert facts["version"] == "TLS 1.1"


def test_a_server_that_chokes_on_extensions_is_spoken_to_in_sslv3() -> None:
    """Hellos of SSLv3 have none."""
    with tlslite((3, 0), (3, 1)) as behind, relay(behind, on_hello(lambda h: h.has_extensions)) as port:
        words, facts = helped(port)
    assert "answers no hello with extensions or of newer versions than SSLv3" in words
    assert "--min-version ssl3 --max-version ssl3" in words
    assert facts["version"] == "SSLv3"


def test_a_server_that_chokes_on_long_hellos_gets_a_short_one() -> None:
    chokes = on_hello(lambda h: h.length > 255)
    many = ("--cipher", ",".join(name for name in SUITE_NAMES if "_AES_" in name and "_PSK" not in name))
    with s_server("-no_tls1_3") as server, relay(server.port, chokes) as port:
        where = f"localhost:{port}"
        words = complaint("connect", where, *trusting(), *many, code=5)
        start, end = f"{where} answers no hello that is long: offer ", " and no other suite."
        assert words.startswith(start)
        assert words.endswith(end)
        fewer = shlex.split(words.removeprefix(start).removesuffix(end))
        done = run("connect", where, *trusting(), *fewer, "--json")
    assert done.returncode == 0, done.stderr


def is_one_byte(record: bytes) -> bool:
    """A record of a CBC suite with SHA-1 in TLS 1.0 that can hold one byte only, or a few."""
    return record[0] == 0x17 and len(record) - 5 <= 36


def test_a_server_that_chokes_on_split_records_gets_whole_ones() -> None:
    flags = ("--min-version", "tls1.0", "--cipher", "TLS_RSA_WITH_AES_128_CBC_SHA", "--wait", "1")
    data = (b"x" * 99 + b"\n") * 2000  # more than one write
    with s_server("-tls1", "-rev") as server, relay(server.port, is_one_byte, "reset") as port:
        where = f"localhost:{port}"
        done = run("connect", where, *trusting(), *flags, data=data)
        assert done.returncode == 7, done.stderr
        assert b"--no-record-splitting" in done.stderr.splitlines()[-1]
        done = run("connect", where, *trusting(), *flags, "--no-record-splitting", data=data)
        assert done.returncode == 0, done.stderr


def test_a_server_that_closes_without_a_word_may_be_taken_to_have_ended() -> None:
    """What a relay that ends the stream before close_notify does to the one behind it."""

    def serve(near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", server.port), PATIENCE) as far:
            near.settimeout(0.02)
            far.settimeout(0.02)
            echoed = False
            while not echoed:
                for source, target in ((near, far), (far, near)):
                    with contextlib.suppress(TimeoutError):
                        part = source.recv(65_536)
                        if not part:
                            return
                        target.sendall(part)
                        echoed = source is far and part[:1] == b"\x17"

    with s_server("-tls1_2", "-rev") as server, listening(serve) as port:
        where, flags = f"localhost:{port}", ("--wait", "30", "--cipher", "TLS_RSA_WITH_AES_128_GCM_SHA256")
        done = run("connect", where, *trusting(), *flags, data=b"stressed\n")
        assert (done.returncode, done.stdout) == (7, b"desserts\n")
        assert b"--accept-unclean-close takes that for the end" in done.stderr
        done = run("connect", where, *trusting(), *flags, "--accept-unclean-close", data=b"stressed\n")
        assert (done.returncode, done.stdout) == (0, b"desserts\n")


def test_a_weak_group_is_named_with_the_flag_that_accepts_it() -> None:
    given = ("--cipher", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA")
    with tlslite((3, 3), (3, 3), kx="dhe_rsa") as port:
        where = f"localhost:{port}"
        words = complaint("connect", where, *trusting(), *given, code=5)
        assert (
            f"{where} uses a Diffie-Hellman group of 768 bits, which is too small; --min-dh-bits 768" in words
        )
        done = run("connect", where, *trusting(), *given, "--min-dh-bits", "768", "--json")
    assert done.returncode == 0, done.stderr


def test_a_server_that_answers_nothing_at_all_is_asked_a_few_times_and_left_alone() -> None:
    asked: list[int] = []

    def serve(sock: socket.socket) -> None:
        with sock:
            asked.append(len(sock.recv(4096)))

    with listening(serve) as port:
        words = complaint("connect", f"localhost:{port}", *trusting(), code=5)
    assert "may not speak TLS there; older versions and every cipher suite were tried too" in words
    assert 2 <= len(asked) <= 7


def test_what_is_no_tls_is_asked_nothing_more() -> None:
    asked: list[int] = []

    def serve(sock: socket.socket) -> None:
        with sock:
            asked.append(len(sock.recv(4096)))
            sock.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

    with listening(serve) as port:
        complaint("connect", f"localhost:{port}", *trusting(), code=5)
    assert len(asked) == 1
