"""Certificates that promise a stapled response (RFC 7633), in handshakes with our server and OpenSSL's."""

from __future__ import annotations

import datetime
from pathlib import Path
from pipes import Pair, client, ok, server, socket_link

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from strangers import dial, process, tool

import certs
import securetransport as st
from securetransport import cf

PROMISE = x509.TLSFeature([x509.TLSFeatureType.status_request])
LEAF = certs.make_leaf("must-staple", "p256", certs.authority(), extensions=[PROMISE])


def response(fresh: bool = True) -> bytes:
    now = certs.now()
    hour = datetime.timedelta(hours=1)
    start = now - hour if fresh else now - 3 * hour
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=LEAF.certificate,
        issuer=certs.authority().certificate,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=start,
        next_update=start + 2 * hour,
        revocation_time=None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, certs.authority().certificate)
    signed = builder.sign(certs.authority().key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def staple(which: str) -> bytes | None:
    return {"fresh": response(), "stale": response(False), "none": None}[which]


WAYS = [("fresh", 0), ("stale", st.errSSLXCertChainInvalid), ("none", st.errSSLXCertChainInvalid)]


def reason(ctx: object) -> int:
    """The number of the fault that the trust object found."""
    good, error = st.SecTrustEvaluateWithError(st.SSLCopyPeerTrust(ctx)[1], None)
    return 0 if good else cf.CFErrorGetCode(error)


@pytest.mark.parametrize(("which", "status"), WAYS)
def test_our_client_wants_of_our_server_what_its_certificate_promises(which: str, status: int) -> None:
    pair = Pair(client=client(), server=server(LEAF))
    data = staple(which)
    if data is not None:
        ok(st.SSLSetOCSPResponse(pair.server, data))
    assert pair.handshake()[0] == status
    assert reason(pair.client) == (st.errSecIncompleteCertRevocationCheck if status else 0)


@pytest.mark.parametrize(("which", "status"), WAYS)
def test_our_client_wants_of_openssl_what_the_certificate_promises(
    tmp_path: Path, which: str, status: int
) -> None:
    data = staple(which)
    (tmp_path / "response.der").write_bytes(data or b"")
    with process(
        *(tool("openssl"), "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-tls1_2"),
        *("-cert", LEAF.file("cert"), "-key", LEAF.file("key")),
        *(("-status_file", tmp_path / "response.der") if data is not None else ()),
    ) as running:
        port = running.search(rb"ACCEPT 127\.0\.0\.1:(\d+)\n")
        with dial(int(port[1])) as sock:
            ctx = client()
            link = socket_link(ctx, sock)
            assert link.handshake() == status
            assert reason(ctx) == (st.errSecIncompleteCertRevocationCheck if status else 0)
