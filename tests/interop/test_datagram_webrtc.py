"""aiortc's DTLS transport over loopback, both roles: bytes of a data channel, media under keys of the handshake.

WebRTC believes fingerprints that came another way (RFC 8827), so both ends show certificates that they made
themselves.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
from pipes import LIMIT, TICK, DatagramLink, Task, array, client, datagram_link, ok, server
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from datagram_peers import missing, udp

import certs
import securetransport as st
from securetransport import extensions, legacy

#: Our numbers of profiles and pylibsrtp's names, the dearest first.
PROFILES = {
    extensions.SRTP_AEAD_AES_256_GCM: "SRTP_PROFILE_AEAD_AES_256_GCM",
    extensions.SRTP_AEAD_AES_128_GCM: "SRTP_PROFILE_AEAD_AES_128_GCM",
    extensions.SRTP_AES128_CM_HMAC_SHA1_80: "SRTP_PROFILE_AES128_CM_SHA1_80",
}
SOURCE, PAYLOAD_TYPE = 0x01020304, 96
FRAME = b"a frame of nothing"
#: A packet of RTP (RFC 3550): version 2, payload type, number, time, source.
PACKET = bytes([0x80, PAYLOAD_TYPE, 0, 1, 0, 0, 0, 9]) + SOURCE.to_bytes(4, "big") + FRAME


class Ice:
    """What aiortc asks of the transport below: a socket that is connected, and a role in the talks."""

    def __init__(self, sock: socket.socket, role: str) -> None:
        self.sock, self.role = sock, role
        sock.setblocking(False)

    async def _recv(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.sock, 65_536)

    async def _send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.sock, data)


class Inbox:
    """Takes what aiortc hands on: bytes of the data channel, packets of media."""

    def __init__(self) -> None:
        self.data: asyncio.Queue[bytes] = asyncio.Queue()
        self.media: asyncio.Queue[Any] = asyncio.Queue()

    async def _handle_data(self, data: bytes) -> None:
        await self.data.put(data)

    async def _handle_rtp_packet(self, packet: Any, arrival_time_ms: int) -> None:
        await self.media.put(packet)

    def _handle_disconnect(self) -> None:
        pass


def _receive_parameters() -> Any:
    from aiortc import rtcrtpparameters as p

    codec = p.RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90_000, payloadType=PAYLOAD_TYPE)
    encoding = p.RTCRtpDecodingParameters(ssrc=SOURCE, payloadType=PAYLOAD_TYPE)
    return p.RTCRtpReceiveParameters(codecs=[codec], encodings=[encoding])


async def _theirs(sock: socket.socket, certificate: Any, role: str, ours: str) -> None:
    """aiortc's whole connection; it speaks first and ends first."""
    from aiortc import rtcdtlstransport as dtls

    transport: Any = dtls.RTCDtlsTransport(
        Ice(sock, "controlling" if role == "server" else "controlled"),  # type: ignore[arg-type]
        [certificate],
    )
    inbox = Inbox()
    transport._register_data_receiver(inbox)
    transport._register_rtp_receiver(inbox, _receive_parameters())
    await transport.start(dtls.RTCDtlsParameters(fingerprints=[dtls.RTCDtlsFingerprint("sha-256", ours)]))
    assert transport.state == "connected"
    await transport._send_data(b"from aiortc")
    assert await asyncio.wait_for(inbox.data.get(), LIMIT) == b"from us"
    await transport._send_rtp(PACKET)
    packet = await asyncio.wait_for(inbox.media.get(), LIMIT)
    assert (packet.ssrc, packet.payload) == (SOURCE, FRAME)
    await transport.stop()


def _fingerprint(der: bytes) -> str:
    return hashlib.sha256(der).digest().hex(":").upper()


def _ours(role: str, profile: int) -> Any:
    """Our end, which shows a certificate of its own and judges the other by its fingerprint."""
    if role == "client":
        ctx = client(host=None, kind=st.kSSLDatagramType)
        ok(st.SSLSetCertificate(ctx, array(certs.leaf("self_signed"))))
        ok(st.SSLSetSessionOption(ctx, st.kSSLSessionOptionBreakOnServerAuth, True))
    else:
        ctx = server("self_signed", kind=st.kSSLDatagramType)
        ok(st.SSLSetClientSideAuthenticate(ctx, st.kAlwaysAuthenticate))
        ok(st.SSLSetSessionOption(ctx, st.kSSLSessionOptionBreakOnClientAuth, True))
    ok(st.SSLSetProtocolVersionMax(ctx, st.kDTLSProtocol12))
    ok(st.SSLSetProtocolVersionMin(ctx, st.kDTLSProtocol12))
    ok(extensions.SSLSetSRTPProfiles(ctx, [profile]))
    return ctx


def _agree(link: DatagramLink, theirs: str) -> None:
    """The handshake, with the pause at which the fingerprint is compared."""
    assert link.handshake() == st.errSSLPeerAuthCompleted
    status, chain = legacy.SSLCopyPeerCertificates(link.ctx)
    ok(status)
    assert _fingerprint(chain[0].der) == theirs
    ok(link.handshake())


def _sessions(keys: Any, role: str, profile: int) -> tuple[Any, Any]:
    """libsrtp's sessions for what comes and what goes, by our keys."""
    from pylibsrtp import Policy, Session

    client_key, server_key = keys.client_key + keys.client_salt, keys.server_key + keys.server_salt
    coming, going = (server_key, client_key) if role == "client" else (client_key, server_key)
    number = getattr(Policy, PROFILES[profile])
    return (
        Session(Policy(key=coming, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=number)),
        Session(Policy(key=going, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=number)),
    )


@pytest.mark.parametrize("role", ["client", "server"])
@pytest.mark.parametrize(
    "profile", PROFILES, ids=lambda number: PROFILES[number].removeprefix("SRTP_PROFILE_")
)
def test_media_of_aiortc_opens_with_our_keys_and_ours_with_its(role: str, profile: int) -> None:
    try:
        from aiortc.rtcdtlstransport import RTCCertificate
    except ImportError:
        missing("aiortc")
    ctx, certificate = _ours(role, profile), RTCCertificate.generateCertificate()
    with udp() as sock, udp() as other:
        sock.connect(other.getsockname())
        other.connect(sock.getsockname())
        mine = _fingerprint(certs.leaf("self_signed").der)
        their_role = "server" if role == "client" else "client"
        work = Task(asyncio.run, _theirs(other, certificate, their_role, mine))
        link = datagram_link(ctx, sock)
        _agree(link, _fingerprint(certificate._cert.public_bytes(Encoding.DER)))
        assert extensions.SSLGetSRTPProfile(ctx) == (0, profile)
        assert link.receive(len(b"from aiortc")) == b"from aiortc"
        coming, going = _sessions(extensions.SSLCopySRTPKeys(ctx)[1], role, profile)
        ok(link.send(b"from us"))
        sock.settimeout(LIMIT)
        assert coming.unprotect(sock.recv(2000)) == PACKET
        sock.send(going.protect(PACKET))
        sock.settimeout(TICK)
        assert link.rest() == (st.errSSLClosedGraceful, b"")
        ok(link.close())
        work.result()
