"""What a context tells about its handshake to whoever asks by name: secrets, keying material, metadata, key log."""

from __future__ import annotations

import gc
import hashlib
import hmac
import pipes
import weakref
from pipes import Pair, connected, name, ok
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import certs
import securetransport as st
from securetransport import extensions, legacy, spi


def p_sha256(secret: bytes, seed: bytes, length: int) -> bytes:
    """RFC 5246 section 5, by the standard library."""
    out, a = b"", seed
    while len(out) < length:
        a = hmac.digest(secret, a, "sha256")
        out += hmac.digest(secret, a + seed, "sha256")
    return out[:length]


def metadata(ctx: Any) -> Any:
    status, found = extensions.SSLCopyProtocolMetadata(ctx, None)
    ok(status)
    return found


SHA256_SUITE = st.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256


def with_sha256() -> Pair:
    pair = Pair()
    for ctx in (pair.client, pair.server):
        ok(st.SSLSetEnabledCiphers(ctx, [SHA256_SUITE], 1))
    return pair.connected()


# --- SSLInternal* ------------------------------------------------------------------------------------------


@pytest.mark.contract(
    "SSLInternalMasterSecret errSecSuccess",
    "SSLInternalClientRandom errSecSuccess",
    "SSLInternalServerRandom errSecSuccess",
)
def test_secrets_are_zero_before_they_are_known_and_the_same_on_both_ends_after() -> None:
    pair = Pair()
    getters = (
        (spi.SSLInternalMasterSecret, 48),
        (spi.SSLInternalClientRandom, 32),
        (spi.SSLInternalServerRandom, 32),
    )
    for get, length in getters:
        assert get(pair.client, None, length) == (0, bytes(length), length)
        assert get(pair.client, None, length - 1) == (st.errSecParam, None, length - 1)
        assert get(pair.client, None, -1) == (st.errSecParam, None, -1)
        assert get(None, None, length) == (st.errSecParam, None, length)
        with pytest.raises(TypeError):
            get(pair.client, None, "48")
    pair.connected()
    for get, length in getters:
        status, value, size = get(pair.client, None, 100)
        assert (status, size, len(value)) == (0, length, length)
        assert value == get(pair.server, None, length)[1] != bytes(length)


@pytest.mark.contract("SSLInternal_PRF errSecSuccess")
def test_the_prf_is_the_one_of_the_rfc() -> None:
    pair = with_sha256()
    status, out = spi.SSLInternal_PRF(
        pair.client, b"secret", 6, b"label!", 5, bytearray(b"seed"), 4, None, 100
    )
    ok(status)
    assert out == p_sha256(b"secret", b"labelseed", 100)
    assert spi.SSLInternal_PRF(pair.client, b"secret", 6, None, 0, b"labelseed", 9, None, 100) == (0, out)
    assert spi.SSLInternal_PRF(pair.client, b"", 0, b"", 0, b"", 0, None, 0) == (0, b"")


@pytest.mark.contract("SSLInternal_PRF errSSLInternal")
def test_the_prf_says_when_it_cannot() -> None:
    fresh = pipes.client()
    assert spi.SSLInternal_PRF(fresh, b"x", 1, b"y", 1, b"z", 1, None, 4) == (st.errSSLInternal, None)
    assert spi.SSLInternal_PRF(None, b"x", 1, b"y", 1, b"z", 1, None, 4) == (st.errSecParam, None)
    pair = with_sha256()
    bad: list[tuple[Any, ...]] = [
        (None, 1, b"y", 1, b"z", 1, None, 4),
        (b"x", 2, b"y", 1, b"z", 1, None, 4),
        (b"x", 1, None, 1, b"z", 1, None, 4),
        (b"x", 1, b"y", -1, b"z", 1, None, 4),
        (b"x", 1, b"y", 1, None, 0, None, 4),
        (b"x", 1, b"y", 1, b"z", 1, None, -1),
        (b"x", 1, b"y", 1, b"z", 1, None, None),
    ]
    for arguments in bad:
        assert spi.SSLInternal_PRF(pair.client, *arguments) == (st.errSecParam, None), arguments
    huge = spi.SSLInternal_PRF(pair.client, b"x", 1, b"y", 1, b"z", 1, None, 2**40)
    assert huge == (st.errSSLInternal, None)
    with pytest.raises(TypeError):
        spi.SSLInternal_PRF(pair.client, "x", 1, b"y", 1, b"z", 1, None, 4)


def test_sslv3_has_no_prf_and_exports_nothing() -> None:
    pair = Pair("rsa")
    for ctx in (pair.client, pair.server):
        ok(st.SSLSetProtocolVersionMin(ctx, st.kSSLProtocol3))
        ok(st.SSLSetProtocolVersionMax(ctx, st.kSSLProtocol3))
    pair.connected()
    assert spi.SSLInternal_PRF(pair.client, b"x", 1, b"y", 1, b"z", 1, None, 4) == (st.errSSLInternal, None)
    assert st.sec_protocol_metadata_create_secret(metadata(pair.client), 1, b"x", 20) is None


@pytest.mark.contract("SSLInternalSetMasterSecretFunction errSecSuccess")
def test_the_function_for_master_secrets_is_accepted_and_never_called() -> None:
    ctx = pipes.client()
    ok(spi.SSLInternalSetMasterSecretFunction(ctx, lambda *_: pytest.fail("it was called"), None))
    ok(spi.SSLInternalSetMasterSecretFunction(ctx, None, None))
    assert spi.SSLInternalSetMasterSecretFunction(None, None, None) == st.errSecParam
    with pytest.raises(TypeError):
        spi.SSLInternalSetMasterSecretFunction(ctx, 5, None)


# --- sizes and raw protocols -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suite", "credential", "sizes"),
    [
        (0xC02B, "p256", (0, 16, 12)),
        (0xC02C, "p256", (0, 32, 12)),
        (0xC009, "p256", (20, 16, 16)),
        (0xC024, "p256", (48, 32, 16)),
        (0x000A, "rsa", (20, 24, 8)),
        (0xCCA8, "rsa", (0, 32, 12)),
        (0x0005, "rsa", (20, 16, 0)),
    ],
)
@pytest.mark.contract("SSLGetCipherSizes errSecSuccess")
def test_sizes_of_the_negotiated_suite(suite: int, credential: str, sizes: tuple[int, ...]) -> None:
    pair = Pair(credential)
    assert spi.SSLGetCipherSizes(pair.client, None, None, None) == (0, 0, 0, 0)
    for ctx in (pair.client, pair.server):
        ok(st.SSLSetEnabledCiphers(ctx, [suite], 1))
    pair.connected()
    assert spi.SSLGetCipherSizes(pair.client) == spi.SSLGetCipherSizes(pair.server) == (0, *sizes)
    assert spi.SSLGetCipherSizes(None) == (st.errSecParam, None, None, None)


@pytest.mark.contract("SSLSetALPNFunc void", "SSLSetALPNData errSecSuccess", "SSLGetALPNData pointer")
def test_raw_protocol_lists_and_the_function_that_hears_the_choice() -> None:
    pair, heard = Pair(), []
    raw = b"\x02h2\x08http/1.1" + bytes([40]) + b"x" * 40
    ok(spi.SSLSetALPNData(pair.client, raw + b"junk", len(raw)))
    ok(st.SSLSetALPNProtocols(pair.server, ["http/1.1"]))
    info = object()
    spi.SSLSetALPNFunc(pair.client, lambda *arguments: heard.append(arguments), info)
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionBreakOnClientHello, True))
    assert pair.handshake()[1] == st.errSSLClientHelloReceived
    assert spi.SSLGetALPNData(pair.server, None) == (raw, len(raw)), "the client's whole list"
    pair.connected()
    assert heard == [(pair.client, info, b"\x08http/1.1", 9)]
    assert spi.SSLGetALPNData(pair.client) == (b"\x08http/1.1", 9)
    spi.SSLSetALPNFunc(pair.client, None, None)  # ignored while active


@pytest.mark.contract("SSLSetALPNData errSecParam")
def test_what_is_no_raw_protocol_list_is_refused() -> None:
    ctx = pipes.client()
    for data in (b"", b"\x00", b"\x03h2", b"\x02h2\x00", bytes([255]) + b"x" * 255):
        assert spi.SSLSetALPNData(ctx, data, len(data)) == st.errSecParam, data
    ok(spi.SSLSetALPNData(ctx, bytes([254]) + b"x" * 254, 255))
    assert spi.SSLSetALPNData(ctx, None, 0) == spi.SSLSetALPNData(ctx, b"\x01x", 3) == st.errSecParam
    assert spi.SSLSetALPNData(None, b"\x01x", 2) == st.errSecParam
    assert spi.SSLGetALPNData(ctx) == spi.SSLGetALPNData(None) == (None, 0)
    with pytest.raises(TypeError):
        spi.SSLSetALPNFunc(ctx, "f", None)


def test_an_exception_of_the_protocol_function_comes_out_and_the_handshake_goes_on() -> None:
    pair = Pair()
    for ctx in (pair.client, pair.server):
        ok(st.SSLSetALPNProtocols(ctx, ["h2"]))

    def refuse(*_: Any) -> None:
        raise RuntimeError("not today")

    spi.SSLSetALPNFunc(pair.client, refuse, None)
    assert st.SSLHandshake(pair.client) == st.errSSLWouldBlock
    assert st.SSLHandshake(pair.server) == st.errSSLWouldBlock
    with pytest.raises(RuntimeError, match="not today"):
        st.SSLHandshake(pair.client)
    assert pair.handshake() == (0, 0)


# --- metadata ----------------------------------------------------------------------------------------------


@pytest.mark.contract("SSLSetOCSPResponse errSecSuccess")
@pytest.mark.contract(
    "SecKeyCopyExternalRepresentation",
    "sec_protocol_metadata_access_distinguished_names",
    "sec_protocol_metadata_access_ocsp_response",
    "sec_protocol_metadata_access_peer_certificate_chain",
    "sec_protocol_metadata_access_pre_shared_keys",
    "sec_protocol_metadata_access_supported_signature_algorithms",
    "sec_protocol_metadata_copy_negotiated_protocol",
    "sec_protocol_metadata_copy_peer_public_key",
    "sec_protocol_metadata_copy_server_name",
    "sec_protocol_metadata_get_early_data_accepted",
    "sec_protocol_metadata_get_negotiated_ciphersuite",
    "sec_protocol_metadata_get_negotiated_protocol",
    "sec_protocol_metadata_get_negotiated_protocol_version",
    "sec_protocol_metadata_get_negotiated_tls_ciphersuite",
    "sec_protocol_metadata_get_negotiated_tls_protocol_version",
    "sec_protocol_metadata_get_server_name",
)
def test_metadata_says_what_the_handshake_found_out() -> None:
    pair = Pair("rsa")
    assert extensions.SSLCopyProtocolMetadata(pair.client, None) == (st.errSecBadReq, None)
    assert extensions.SSLCopyProtocolMetadata(None) == (st.errSecParam, None)
    for ctx in (pair.client, pair.server):
        ok(st.SSLSetALPNProtocols(ctx, ["h2", "http/1.1"]))
        ok(st.SSLSetEnabledCiphers(ctx, [st.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384], 1))
    ok(st.SSLSetOCSPResponse(pair.server, b"a response"))
    ok(st.SSLSetClientSideAuthenticate(pair.server, st.kAlwaysAuthenticate))
    ok(legacy.SSLSetTrustedRoots(pair.server, [pipes.certificate(certs.authority().der)], True))
    authority = certs.authority().certificate.subject.public_bytes()
    ok(st.SSLAddDistinguishedName(pair.server, authority, len(authority)))
    ok(st.SSLSetCertificate(pair.client, pipes.array(certs.leaf("p256"))))
    pair.connected()
    ours, theirs = metadata(pair.client), metadata(pair.server)
    for md in (ours, theirs):
        assert st.sec_protocol_metadata_get_negotiated_protocol(md) == b"h2"
        assert st.sec_protocol_metadata_copy_negotiated_protocol(md) == b"h2"
        assert st.sec_protocol_metadata_get_server_name(md) == b"localhost"
        assert st.sec_protocol_metadata_copy_server_name(md) == b"localhost"
        assert st.sec_protocol_metadata_get_negotiated_tls_protocol_version(md) == 0x0303
        assert st.sec_protocol_metadata_get_negotiated_protocol_version(md) is st.kTLSProtocol12
        assert st.sec_protocol_metadata_get_negotiated_tls_ciphersuite(md) == 0xC030
        assert st.sec_protocol_metadata_get_negotiated_ciphersuite(md) == 0xC030
        assert st.sec_protocol_metadata_get_early_data_accepted(md) is False
        assert md.resumed is False
    assert chain_of(ours) == certs.leaf("rsa").chain_der
    assert chain_of(theirs) == certs.leaf("p256").chain_der
    assert st.sec_protocol_metadata_copy_peer_public_key(ours) == public_key("rsa")
    assert st.sec_protocol_metadata_copy_peer_public_key(theirs) == public_key("p256")
    assert each(st.sec_protocol_metadata_access_ocsp_response, ours) == (True, [b"a response"])
    assert each(st.sec_protocol_metadata_access_ocsp_response, theirs) == (False, [])
    assert each(st.sec_protocol_metadata_access_distinguished_names, ours) == (True, [authority])
    for md in (ours, theirs):
        found, numbers = each(st.sec_protocol_metadata_access_supported_signature_algorithms, md)
        assert found
        assert numbers[:3] == [0x0401, 0x0201, 0x0501]
    assert each(st.sec_protocol_metadata_access_pre_shared_keys, ours) == (False, [])
    assert "rsa" not in repr(ours).lower() or "localhost" in repr(ours)


def each(access: Any, md: Any) -> tuple[bool, list[Any]]:
    found: list[Any] = []
    return access(md, found.append), found


def chain_of(md: Any) -> list[bytes]:
    found, chain = each(st.sec_protocol_metadata_access_peer_certificate_chain, md)
    assert found
    return [certificate.der for certificate in chain]


def public_key(kind: str) -> bytes:
    key = x509.load_der_x509_certificate(certs.leaf(kind).der).public_key()
    if kind == "rsa":
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def test_metadata_of_a_pre_shared_key() -> None:
    pair = Pair(None)
    suite = st.TLS_PSK_WITH_AES_128_CBC_SHA
    for ctx in (pair.client, pair.server):
        ok(st.SSLSetEnabledCiphers(ctx, [suite], 1))
        ok(spi.SSLSetPSKSharedSecret(ctx, b"swordfish", 9))
    ok(spi.SSLSetPSKIdentity(pair.client, b"me", 2))
    pair.connected()
    for ctx in (pair.client, pair.server):
        seen: list[Any] = []
        md = metadata(ctx)
        assert st.sec_protocol_metadata_access_pre_shared_keys(md, lambda *pair, seen=seen: seen.append(pair))
        assert seen == [(b"swordfish", b"me")]
        assert "swordfish" not in repr(md)
        assert st.sec_protocol_metadata_copy_peer_public_key(md) is None
        assert each(st.sec_protocol_metadata_access_peer_certificate_chain, md) == (False, [])


@pytest.mark.contract(
    "sec_protocol_metadata_challenge_parameters_are_equal",
    "sec_protocol_metadata_create_secret",
    "sec_protocol_metadata_peers_are_equal",
)
def test_metadata_can_be_compared_and_outlives_its_context() -> None:
    first, second, other = connected(), connected(), connected("rsa")
    a, b, c = metadata(first.client), metadata(second.client), metadata(other.client)
    assert st.sec_protocol_metadata_peers_are_equal(a, b)
    assert not st.sec_protocol_metadata_peers_are_equal(a, c)
    assert st.sec_protocol_metadata_challenge_parameters_are_equal(a, c)
    for pair in ((None, a), (a, None), (None, None)):
        assert not st.sec_protocol_metadata_peers_are_equal(*pair)
        assert not st.sec_protocol_metadata_challenge_parameters_are_equal(*pair)
    secret = st.sec_protocol_metadata_create_secret(a, 4, b"test", 32)
    ok(st.SSLClose(first.client))
    del first
    gc.collect()
    assert st.sec_protocol_metadata_create_secret(a, 4, b"test", 32) == secret


def test_getters_answer_for_none_and_refuse_what_is_no_metadata() -> None:
    for getter in (
        st.sec_protocol_metadata_get_negotiated_protocol,
        st.sec_protocol_metadata_copy_negotiated_protocol,
        st.sec_protocol_metadata_get_server_name,
        st.sec_protocol_metadata_copy_server_name,
        st.sec_protocol_metadata_copy_peer_public_key,
    ):
        assert getter(None) is None
        with pytest.raises(TypeError):
            getter("metadata")
    assert st.sec_protocol_metadata_get_negotiated_tls_protocol_version(None) == 0
    assert st.sec_protocol_metadata_get_negotiated_protocol_version(None) == st.kSSLProtocolUnknown
    assert st.sec_protocol_metadata_get_negotiated_tls_ciphersuite(None) == 0xFFFF
    assert st.sec_protocol_metadata_get_early_data_accepted(None) is False
    for access in (
        st.sec_protocol_metadata_access_peer_certificate_chain,
        st.sec_protocol_metadata_access_ocsp_response,
        st.sec_protocol_metadata_access_supported_signature_algorithms,
        st.sec_protocol_metadata_access_distinguished_names,
        st.sec_protocol_metadata_access_pre_shared_keys,
    ):
        assert access(None, print) is False
        assert access(None, None) is False
        with pytest.raises(TypeError):
            access(None, "handler")
    assert st.sec_protocol_metadata_create_secret(None, 1, b"x", 20) is None
    assert st.sec_protocol_metadata_create_secret_with_context(None, 1, b"x", 0, b"", 20) is None


@pytest.mark.contract("sec_protocol_metadata_create_secret_with_context")
def test_keying_material_is_that_of_rfc_5705() -> None:
    pair = with_sha256()
    master = spi.SSLInternalMasterSecret(pair.client, None, 48)[1]
    randoms = (
        spi.SSLInternalClientRandom(pair.client, None, 32)[1]
        + spi.SSLInternalServerRandom(pair.client, None, 32)[1]
    )
    ours, theirs = metadata(pair.client), metadata(pair.server)
    for label in ("EXPORTER-test", b"EXPORTER-test"):
        secret = st.sec_protocol_metadata_create_secret(ours, 13, label, 40)
        assert secret == p_sha256(master, b"EXPORTER-test" + randoms, 40)
    assert secret == st.sec_protocol_metadata_create_secret(theirs, 13, b"EXPORTER-test", 40)
    bound = st.sec_protocol_metadata_create_secret_with_context(
        theirs, 13, "EXPORTER-testing", 3, b"abcd", 40
    )
    assert bound == p_sha256(master, b"EXPORTER-test" + randoms + b"\0\3abc", 40)
    empty = st.sec_protocol_metadata_create_secret_with_context(theirs, 13, b"EXPORTER-test", 0, b"", 40)
    assert empty == p_sha256(master, b"EXPORTER-test" + randoms + b"\0\0", 40)
    for label, length in (("x", 0), ("", 20), ("x", -1), ("x", 2**70), ("x", 2**21)):
        assert st.sec_protocol_metadata_create_secret(ours, len(label), label, length) is None
    for reserved in ("key expansion", "master secret", "client finished", "extended master secret"):
        assert st.sec_protocol_metadata_create_secret(ours, len(reserved), reserved, 20) is None
    assert st.sec_protocol_metadata_create_secret(ours, 2, b"x", 20) is None
    assert st.sec_protocol_metadata_create_secret_with_context(ours, 1, b"x", 1, b"", 20) is None
    assert st.sec_protocol_metadata_create_secret_with_context(ours, 1, b"x", 0, None, 20) is None


# --- key log -----------------------------------------------------------------------------------------------


def test_the_key_log_gets_a_line_for_each_handshake() -> None:
    pair, lines = Pair(), []
    ok(extensions.SSLSetKeyLogFunc(pair.client, lines.append))
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionAllowRenegotiation, True))
    assert pair.handshake() == (0, 0)
    random = spi.SSLInternalClientRandom(pair.client, None, 32)[1]
    master = spi.SSLInternalMasterSecret(pair.client, None, 48)[1]
    assert lines == [f"CLIENT_RANDOM {random.hex()} {master.hex()}"]
    ok(extensions.SSLSetKeyLogFunc(pair.server, lines.append))
    ok(st.SSLReHandshake(pair.client))
    assert pair.handshake() == (0, 0)
    assert len(lines) == 3
    assert lines[1] == lines[2] != lines[0]
    ok(extensions.SSLSetKeyLogFunc(pair.client, None))
    ok(extensions.SSLSetKeyLogFunc(pair.server, None))
    ok(st.SSLReHandshake(pair.client))
    assert pair.handshake() == (0, 0)
    assert len(lines) == 3


def test_the_key_log_function_is_checked_and_may_raise() -> None:
    pair = Pair()
    assert extensions.SSLSetKeyLogFunc(None, print) == st.errSecParam
    with pytest.raises(TypeError):
        extensions.SSLSetKeyLogFunc(pair.client, "log.txt")

    def full(_line: str) -> None:
        raise OSError(28, "No space left on device")

    ok(extensions.SSLSetKeyLogFunc(pair.client, full))
    assert st.SSLHandshake(pair.client) == st.errSSLWouldBlock
    assert st.SSLHandshake(pair.server) == st.errSSLWouldBlock
    with pytest.raises(OSError, match="No space left"):
        st.SSLHandshake(pair.client)
    codes = pair.handshake()
    assert codes == (0, 0), tuple(map(name, codes))


def test_functions_that_hold_their_context_do_not_keep_it_alive() -> None:
    ctx = pipes.client()
    ok(extensions.SSLSetKeyLogFunc(ctx, lambda line, ctx=ctx: None))
    spi.SSLSetALPNFunc(ctx, lambda *_: None, ctx)
    gone = weakref.ref(ctx)
    del ctx
    gc.collect()
    assert gone() is None


def test_the_log_may_ask_the_context_but_not_move_it() -> None:
    pair, seen = Pair(), []

    def look(_line: str) -> None:
        seen.append((st.SSLGetSessionState(pair.client)[1], st.SSLHandshake(pair.client)))

    ok(extensions.SSLSetKeyLogFunc(pair.client, look))
    assert pair.handshake() == (0, 0)
    assert seen == [(st.kSSLHandshake, st.errSecBadReq)]


# --- stapling ----------------------------------------------------------------------------------------------


def test_a_stapled_response_reaches_the_trust_object() -> None:
    pair = Pair()
    assert st.SSLSetOCSPResponse(pair.server, None) == st.SSLSetOCSPResponse(None, b"x") == st.errSecParam
    with pytest.raises(TypeError):
        st.SSLSetOCSPResponse(pair.server, "x")
    ok(st.SSLSetOCSPResponse(pair.client, b"without effect"))
    ok(st.SSLSetOCSPResponse(pair.server, hashlib.sha512(b"x").digest() * 300))
    ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnServerAuth, True))
    assert pair.handshake()[0] == st.errSSLPeerAuthCompleted
    trust = st.SSLCopyPeerTrust(pair.client)[1]
    assert trust is not None
    assert trust.ocsp() == [hashlib.sha512(b"x").digest() * 300]
    assert pair.handshake() == (0, 0)


def test_a_response_may_be_given_at_the_pause_for_the_hello() -> None:
    pair = Pair()
    ok(st.SSLSetSessionOption(pair.server, st.kSSLSessionOptionBreakOnClientHello, True))
    assert pair.handshake()[1] == st.errSSLClientHelloReceived
    ok(st.SSLSetOCSPResponse(pair.server, b"late"))
    assert pair.handshake() == (0, 0)
    assert metadata(pair.client).ocsp == b"late"
    assert metadata(pair.client).scts == []
