"""Version rules: absurd and old versions, hellos of SSLv2's format, fallback, downgrade, peers that speak TLS 1.3."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from pipes import LIMIT, Link, Pair, Pipe, Task, client, name, ok, server, socket_callbacks, socket_link
from typing import Any

import elders
import matrix
import polyglots
import pytest
from bare_peers import openssl_client, openssl_server, tlslite_client, visited, visiting
from matrix import PROTOCOLS
from strangers import dial, trade

import certs
import securetransport as st
from securetransport import extensions

#: behaviours 9: these end at TLS 1.2.
ABSURD = (0x0304, 0x0305, 0x03FF, 0x0400, 0x0401, 0x0501, 0x1010, 0xFFFF)
#: These no server speaks: SSLv2 in both spellings, and nothing.
TOO_OLD = (0x0000, 0x0001, 0x0002, 0x0200, 0x02FF)
WIRE = {"SSLv3": 0x0300, "TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303}
RSA_AES = 0x002F
DOWNGRADED = b"DOWNGRD\0"


def bounded(ctx: Any, low: str, high: str) -> Any:
    ok(st.SSLSetProtocolVersionMin(ctx, PROTOCOLS[low]))
    ok(st.SSLSetProtocolVersionMax(ctx, PROTOCOLS[high]))
    return ctx


def vector(content: bytes, size: int) -> bytes:
    return len(content).to_bytes(size, "big") + content


def hello(version: int, suites: tuple[int, ...] = (RSA_AES,), record: int = 0x0301) -> bytes:
    """A ClientHello without extensions in a record."""
    numbers = b"".join(number.to_bytes(2, "big") for number in suites)
    body = (
        version.to_bytes(2, "big") + bytes(range(32)) + vector(b"", 1) + vector(numbers, 2) + vector(b"\0", 1)
    )
    return b"\x16" + record.to_bytes(2, "big") + vector(b"\x01" + vector(body, 3), 2)


def v2_hello(version: int, suites: tuple[int, ...] = (RSA_AES,), challenge: bytes = bytes(32)) -> bytes:
    """The same in SSLv2's format (RFC 5246 appendix E.2), with one suite of SSLv2 itself."""
    specs = b"\x01\x00\x80" + b"".join(number.to_bytes(3, "big") for number in suites)
    lengths = len(specs).to_bytes(2, "big") + b"\0\0" + len(challenge).to_bytes(2, "big")
    body = b"\x01" + version.to_bytes(2, "big") + lengths + specs + challenge
    return (0x8000 | len(body)).to_bytes(2, "big") + body


def answered(ctx: Any, sent: bytes) -> tuple[int, bytes]:
    """A server's status after these bytes, and what it wrote, its alert included."""
    up, down = Pipe(), Pipe()
    ok(st.SSLSetIOFuncs(ctx, up.read, down.write))
    up.data += sent
    status = st.SSLHandshake(ctx)
    st.SSLClose(ctx)
    return status, bytes(down.data)


def server_hello(written: bytes) -> tuple[int, bytes, int]:
    """Version, random and suite of the ServerHello at the beginning."""
    assert written[0] == 0x16, written[:10].hex()
    assert written[5] == 2
    assert written[1:3] == written[9:11], "the record has another version than the hello"
    body = written[9:]
    at = 35 + body[34]
    return int.from_bytes(body[:2], "big"), body[2:34], int.from_bytes(body[at : at + 2], "big")


# --- versions in a hello ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ABSURD, ids=hex)
def test_an_absurd_version_ends_at_tls_1_2(version: int) -> None:
    status, written = answered(server("rsa", [RSA_AES]), hello(version))
    assert status == st.errSSLWouldBlock
    assert server_hello(written)[0] == 0x0303


@pytest.mark.parametrize("version", ABSURD, ids=hex)
def test_a_client_with_an_absurd_version_finishes_its_handshake(
    version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tlslite-ng, made to ask for it: the premaster holds the version asked for (RFC 5246 section 7.4.7.1)."""
    from tlslite.messages import ClientHello

    honest = ClientHello.create

    def create(self: Any, wanted: Any, *arguments: Any, **named: Any) -> Any:
        return honest(self, divmod(version, 256), *arguments, **named)

    monkeypatch.setattr(ClientHello, "create", create)
    settings = elders.tlslite_settings("TLSv1.2")
    ctx = server("rsa", [RSA_AES])
    connect = tlslite_client(lambda connection: connection.handshakeClientCert(settings=settings))
    with visited(ctx, connect) as (link, peer):
        assert link.handshake() == 0
        assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, st.kTLSProtocol12)
        peer.established()
        trade(link, peer, 100)
        assert link.close() == 0


@pytest.mark.parametrize("highest", WIRE)
@pytest.mark.parametrize("asked", [*WIRE.values(), 0x0304], ids=hex)
def test_the_lower_of_both_highest_versions_is_spoken(asked: int, highest: str) -> None:
    ctx = bounded(server("rsa", [RSA_AES]), "SSLv3", highest)
    status, written = answered(ctx, hello(asked))
    assert status == st.errSSLWouldBlock
    assert server_hello(written)[0] == min(asked, WIRE[highest])


@pytest.mark.parametrize("version", [*TOO_OLD, 0x0300], ids=hex)
def test_a_version_below_the_lowest_is_refused_with_an_alert(version: int) -> None:
    ctx = server("rsa", [RSA_AES])  # TLS 1.0 at least unless something else is asked for
    status, written = answered(ctx, hello(version))
    assert status == st.errSSLNegotiation
    # The record's version is the lower of the hello's and our highest (decisions 25).
    assert written[:1] + written[3:7] == b"\x15\x00\x02\x02\x46"


# --- hellos in SSLv2's format ------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [16, 24, 32])
@pytest.mark.parametrize("highest", WIRE)
def test_a_hello_in_the_format_of_sslv2_is_answered(highest: str, length: int) -> None:
    ctx = bounded(server("rsa", [RSA_AES]), "SSLv3", "TLSv1.2")
    status, written = answered(ctx, v2_hello(WIRE[highest], challenge=bytes(length)))
    assert status == st.errSSLWouldBlock
    version, _, suite = server_hello(written)
    assert (version, suite) == (WIRE[highest], RSA_AES)


def test_a_hello_that_speaks_sslv2_alone_is_refused() -> None:
    ctx = bounded(server("rsa", [RSA_AES]), "SSLv3", "TLSv1.2")
    status, written = answered(ctx, v2_hello(0x0002))
    assert status == st.errSSLProtocol  # no protocol of this family
    assert written[:1] != b"\x16"


@pytest.mark.parametrize("high", WIRE)
def test_the_openssl_of_2013_begins_in_the_format_of_sslv2(high: str) -> None:
    """With a suite of SSLv2 in its list it sends such a hello."""
    old = polyglots.old_openssl()
    ctx = bounded(server("rsa", [RSA_AES]), "SSLv3", high)
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT)
        with old.connect(listener, "any", "AES128-SHA:SSLv2", "rsa") as sock:
            seen.append(sock.recv(5, socket.MSG_PEEK | socket.MSG_WAITALL))
            link = socket_link(ctx, sock)
            status = link.handshake()
            assert status == 0, f"{name(status)}; the peer says {old.answer()}"
            matrix.echo(link)
    assert seen[0][0] & 0x80
    assert seen[0][2] == 1, "the hello has the format of SSLv2"
    assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, PROTOCOLS[high])
    assert old.answer() == ["done", "any", "AES128-SHA"]


# --- fallback (RFC 7507) -----------------------------------------------------------------------------------


def falling_back(high: str) -> Any:
    ctx = bounded(client(suites=[RSA_AES]), "SSLv3", high)
    ok(st.SSLSetSessionOption(ctx, st.kSSLSessionOptionFallback, True))
    return ctx


OPENSSL_FLAGS = {"TLSv1": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2"}


def certified() -> tuple[Any, ...]:
    return "-cert", certs.leaf("rsa").file("cert"), "-key", certs.leaf("rsa").file("key")


@pytest.mark.parametrize("high", ["TLSv1", "TLSv1.1"])
def test_openssl_refuses_our_fallback_that_was_not_needed(high: str) -> None:
    ctx = falling_back(high)
    with visiting(ctx, openssl_server("AES128-SHA", *certified(), version="-no_tls1_3")) as (link, peer):
        assert link.handshake() == st.errSSLFatalAlert
        assert extensions.SSLCopyConnectionReport(ctx, None)[1]["alert_received"] == "inappropriate_fallback"
        assert link.close() == 0
        assert "inappropriate fallback" in peer.refused()


@pytest.mark.parametrize("high", OPENSSL_FLAGS)
def test_openssl_accepts_our_fallback_to_what_it_speaks_at_most(high: str) -> None:
    ctx = falling_back(high)
    with visiting(ctx, openssl_server("AES128-SHA", *certified(), version=OPENSSL_FLAGS[high])) as (
        link,
        peer,
    ):
        assert link.handshake() == 0
        assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, PROTOCOLS[high])
        peer.established()
        assert link.close() == 0


def fallback_of_openssl(high: str) -> Any:
    return openssl_client("AES128-SHA", "-fallback_scsv", version=OPENSSL_FLAGS[high])


@pytest.mark.parametrize("high", ["TLSv1", "TLSv1.1"])
def test_we_refuse_a_fallback_of_openssl_that_was_not_needed(high: str) -> None:
    ctx = server("rsa", [RSA_AES])
    with visited(ctx, fallback_of_openssl(high)) as (link, peer):
        assert link.handshake() == st.errSSLPeerProtocolVersion
        assert link.close() == 0
        assert "inappropriate fallback" in peer.refused()


@pytest.mark.parametrize("high", OPENSSL_FLAGS)
def test_we_accept_a_fallback_of_openssl_to_what_we_speak_at_most(high: str) -> None:
    ctx = bounded(server("rsa", [RSA_AES]), "TLSv1", high)
    with visited(ctx, fallback_of_openssl(high)) as (link, peer):
        assert link.handshake() == 0
        assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, PROTOCOLS[high])
        peer.established()
        assert link.close() == 0


# --- downgrade (RFC 8446 section 4.1.3) --------------------------------------------------------------------


@pytest.mark.parametrize("asked", WIRE)
@pytest.mark.parametrize("highest", WIRE)
def test_a_server_marks_its_random_when_it_agrees_on_less_than_tls_1_2(highest: str, asked: str) -> None:
    ctx = bounded(server("rsa", [RSA_AES]), "SSLv3", highest)
    _, written = answered(ctx, hello(WIRE[asked]))
    marked = server_hello(written)[1].endswith(DOWNGRADED)
    assert marked is (highest == "TLSv1.2" and asked != "TLSv1.2")


def lowering(callbacks: Any, version: int) -> Any:
    """Our client's callbacks with someone between: the version in its hello becomes a lower one."""
    read, write = callbacks
    done: list[bool] = []

    def attacked(connection: Any, data: memoryview, length: int) -> Any:
        if done:
            return write(connection, data, length)
        done.append(True)
        changed = bytearray(data)
        changed[9:11] = version.to_bytes(2, "big")
        return write(connection, memoryview(changed), length)

    return read, attacked


def attacked_by(sock: socket.socket, ctx: Any, version: int) -> Link:
    sock.settimeout(LIMIT)
    return Link(ctx, lowering(socket_callbacks(sock), version))


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1.1"])
def test_a_client_sees_that_somebody_lowered_its_version(version: str) -> None:
    """OpenSSL, which would have spoken TLS 1.2 and more, says so in its random."""
    ctx = bounded(client(suites=[RSA_AES]), "TLSv1", "TLSv1.2")
    cipher = elders.OPENSSL_ALL.removesuffix(":@SECLEVEL=0")
    with openssl_server(cipher, *certified(), version="-bugs") as (port, _peer), dial(port) as sock:
        link = attacked_by(sock, ctx, WIRE[version])
        assert link.handshake() == st.errSSLProtocol
        report = extensions.SSLCopyConnectionReport(ctx, None)[1]
        assert report["fault"] == "Incompatible(Downgraded)"
        assert report["alert_sent"] == "illegal_parameter"


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1.1"])
def test_both_ends_of_this_library_see_it_too(version: str) -> None:
    ours = bounded(client(suites=[RSA_AES]), "TLSv1", "TLSv1.2")
    pair = Pair(client=ours, server=server("rsa", [RSA_AES]))
    ok(st.SSLSetIOFuncs(ours, *lowering((pair.down.read, pair.up.write), WIRE[version])))
    assert pair.handshake()[0] == st.errSSLProtocol
    assert extensions.SSLCopyConnectionReport(ours, None)[1]["fault"] == "Incompatible(Downgraded)"


# --- peers that speak TLS 1.3 ------------------------------------------------------------------------------


def python_context(side: int) -> ssl.SSLContext:
    context = ssl.SSLContext(side)
    assert context.maximum_version == ssl.TLSVersion.MAXIMUM_SUPPORTED
    return context


def python_pair(ctx: Any, wrap: Callable[[socket.socket], ssl.SSLSocket]) -> Iterator[tuple[Link, Task]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(LIMIT)
        yield socket_link(ctx, ours), Task(wrap, theirs)


def test_pythons_ssl_as_server_agrees_on_tls_1_2() -> None:
    context = python_context(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs.leaf("rsa").file("cert"), certs.leaf("rsa").file("key"))
    ctx = client()
    for link, task in python_pair(ctx, lambda sock: context.wrap_socket(sock, server_side=True)):
        assert link.handshake() == 0
        assert task.result().version() == "TLSv1.2"
        assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, st.kTLSProtocol12)


def test_pythons_ssl_as_client_agrees_on_tls_1_2() -> None:
    context = python_context(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certs.authority().file("cert"))
    ctx = server("rsa")
    for link, task in python_pair(ctx, lambda sock: context.wrap_socket(sock, server_hostname=certs.HOST)):
        assert link.handshake() == 0
        assert task.result().version() == "TLSv1.2"


def test_openssl_that_speaks_tls_1_3_agrees_on_tls_1_2_in_both_roles() -> None:
    ctx = client()
    with visiting(ctx, openssl_server("ALL", *certified(), version="-no_ticket")) as (link, peer):
        assert link.handshake() == 0
        assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, st.kTLSProtocol12)
        peer.established()
        trade(link, peer, 100)
        assert link.close() == 0
    ctx = server("rsa")
    with visited(ctx, openssl_client("ALL", version="-no_ticket")) as (link, peer):
        assert link.handshake() == 0
        assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, st.kTLSProtocol12)
        peer.established()
        assert link.close() == 0


# --- bounds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ours", [("SSLv3", "TLSv1"), ("TLSv1.1", "TLSv1.1"), ("TLSv1.2", "TLSv1.2")])
@pytest.mark.parametrize("theirs", [("SSLv3", "SSLv3"), ("TLSv1", "TLSv1.1"), ("SSLv3", "TLSv1.2")])
def test_two_ranges_meet_in_their_highest_common_version_or_not_at_all(
    ours: tuple[str, str], theirs: tuple[str, str]
) -> None:
    order = list(WIRE)
    shared = [
        v for v in order if all(order.index(a) <= order.index(v) <= order.index(b) for a, b in (ours, theirs))
    ]
    pair = Pair(
        client=bounded(client(suites=[RSA_AES]), *ours), server=bounded(server("rsa", [RSA_AES]), *theirs)
    )
    codes = pair.handshake()
    if shared:
        assert codes == (0, 0)
        for ctx in (pair.client, pair.server):
            assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, PROTOCOLS[shared[-1]])
    else:
        assert st.errSSLNegotiation in codes, tuple(map(name, codes))
        assert 0 not in codes
