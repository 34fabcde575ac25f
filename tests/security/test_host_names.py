"""Host names, wildcards, addresses and international names: the same verdict from SecTrust and in a handshake."""

from __future__ import annotations

import pipes
from functools import cache

import pki
import pytest

import securetransport as st

CASES: list[tuple[str, tuple[str, ...], bool]] = [
    ("www.example.com", ("www.example.com",), True),
    ("WWW.Example.COM", ("www.example.com",), True),
    ("www.example.com.", ("www.example.com",), True),
    ("www.example.com", ("example.com", "www.example.org"), False),
    ("www.example.com", ("*.example.com",), True),
    ("a.b.example.com", ("*.example.com",), False),
    ("example.com", ("*.example.com",), False),
    ("example.com", ("*.com",), False),
    ("example.co.uk", ("*.co.uk",), False),
    ("www.example.com", ("w*.example.com",), False),
    ("www.example.com", ("www.*.com",), False),
    ("127.0.0.1", ("127.0.0.1",), True),
    ("127.0.0.2", ("127.0.0.1",), False),
    ("127.0.0.1", ("localhost",), False),
    ("::1", ("::1",), True),
    ("[::1]", ("::1",), True),
    ("0:0:0:0:0:0:0:1", ("::1",), True),
    ("::ffff:127.0.0.1", ("127.0.0.1",), False),
    ("localhost", ("127.0.0.1",), False),
    ("b\u00fccher.example", ("xn--bcher-kva.example",), True),
    ("B\u00dcCHER.example", ("xn--bcher-kva.example",), True),
    ("bu\u0308cher.example", ("xn--bcher-kva.example",), True),
    ("xn--bcher-kva.example", ("xn--bcher-kva.example",), True),
    ("b\u00fccher.example", ("bucher.example",), False),
    ("b\u00fccher.example", ("*.example",), False),
    ("shop.b\u00fccher.example", ("*.xn--bcher-kva.example",), True),
    ("b\u00fccher\u3002example", ("xn--bcher-kva.example",), True),
]


@cache
def leaf(names: tuple[str, ...]) -> pki.Made:
    return pki.make("host", pki.root(), index=815, hosts=names)


@pytest.mark.parametrize(("host", "names", "fits"), CASES)
def test_a_host_is_one_of_the_names_or_is_not(host: str, names: tuple[str, ...], fits: bool) -> None:
    root = st.SecCertificate(pki.root().der)
    _, trust = st.SecTrustCreateWithCertificates(
        [st.SecCertificate(leaf(names).der)], st.SecPolicyCreateSSL(True, host), None
    )
    st.SecTrustSetAnchorCertificates(trust, [root])
    good, error = st.SecTrustEvaluateWithError(trust, None)
    assert good is fits
    if error is not None:
        assert st.CFErrorGetCode(error) == st.errSecHostNameMismatch
        assert "it has to be issued anew" in str(error) or "not for" in str(error)


@pytest.mark.parametrize(("host", "names", "fits"), CASES)
def test_a_handshake_ends_as_the_name_says(host: str, names: tuple[str, ...], fits: bool) -> None:
    made = leaf(names)
    client, server = pipes.client(None, anchors=[]), pipes.server(None)
    pipes.ok(pipes.legacy.SSLSetTrustedRoots(client, [st.SecCertificate(pki.root().der)], True))
    pipes.ok(st.SSLSetPeerDomainName(client, host, len(host)))
    key = st.SecKey.from_pkcs8(pki.key_bytes(made.key, pem=False))
    pipes.ok(st.SSLSetCertificate(server, [st.SecIdentityCreate(None, st.SecCertificate(made.der), key)]))
    status = pipes.Pair(client=client, server=server).handshake()[0]
    assert status == (0 if fits else st.errSSLXCertChainInvalid)
