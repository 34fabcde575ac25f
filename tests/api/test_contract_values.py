"""What setters keep and getters tell, one row of the published table after the other.

Rows that other files show (states, transfers, secrets, versions) carry their marks there.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pipes import Pair, array, certificate, client, connected, ok, server, state
from typing import Any

import pytest

import certs
import securetransport as st
from contract_report import ROWS, named
from securetransport import legacy, spi

contract = pytest.mark.contract
MODULES = (st, legacy, spi)


def fresh(side: int = st.kSSLClientSide) -> Any:
    return st.SSLCreateContext(None, side, st.kSSLStreamType)


# --- contexts ------------------------------------------------------------------------------------------------


@contract(
    "SSLCreateContext context object", "SSLContextGetTypeID CFTypeID", "SSLGetSessionState errSecSuccess"
)
def test_ssl_create_context_gives_an_idle_context_of_its_type() -> None:
    for side in (st.kSSLClientSide, st.kSSLServerSide):
        context = fresh(side)
        assert isinstance(context, st.SSLContext)
        assert st.CFGetTypeID(context) == st.SSLContextGetTypeID()
        assert st.SSLGetSessionState(context, None) == (0, st.kSSLIdle)


@contract(
    "SSLNewContext errSecSuccess",
    "SSLNewContext errSecParam",
    "SSLDisposeContext errSecSuccess",
)
def test_ssl_new_context_makes_either_side_and_dispose_leaves_it_alone() -> None:
    for is_server in (True, False):
        status, context = legacy.SSLNewContext(is_server, None)
        ok(status)
        assert ("server" if is_server else "client") in repr(context)
        ok(legacy.SSLDisposeContext(context))
        assert st.SSLGetSessionState(context) == (0, st.kSSLIdle)
    assert legacy.SSLNewContext(None, None) == (st.errSecParam, None)


@contract("SSLNewDatagramContext errSecParam")
def test_ssl_new_datagram_context_wants_a_side() -> None:
    assert spi.SSLNewDatagramContext(None, None) == (st.errSecParam, None)


LEFT_OUT = (
    *("SSLCreateContextWithRecordFuncs", "SSLSetRecordContext"),
    *("SSLSetNPNFunc", "SSLSetNPNData", "SSLGetNPNData", "SSLInternalSetSessionTicket"),
)


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(name, id=name, marks=contract(*(row for row in ROWS if ROWS[row].function == name)))
        for name in LEFT_OUT
    ],
)
def test_private_functions_that_make_no_sense_here_are_left_out(function: str) -> None:
    assert not any(hasattr(module, function) for module in MODULES)


@contract(
    named("SSLSetIOFuncs", "errSecBadReq", "context was made with an external record layer"),
    named("SSLSetConnection", "errSecBadReq", "external record layer in use"),
)
def test_there_is_no_other_record_layer_and_only_a_running_session_refuses_the_transport() -> None:
    assert not any(hasattr(module, "SSLCreateContextWithRecordFuncs") for module in MODULES)
    pair = Pair()
    for refused in (False, True):
        assert st.SSLSetIOFuncs(pair.client, pair.down.read, pair.up.write) == (
            st.errSecBadReq if refused else 0
        )
        assert st.SSLSetConnection(pair.client, pair) == (st.errSecBadReq if refused else 0)
        st.SSLHandshake(pair.client)


# --- setters whose getter tells the same ------------------------------------------------------------------------

#: Setter, its getter, values in the order they are set, the value before.
KEPT: list[tuple[str, str, list[Any], Any]] = [
    ("SSLSetConnection", "SSLGetConnection", [object(), "x", None], None),
    (
        "SSLSetProtocolVersionMin",
        "SSLGetProtocolVersionMin",
        [st.kTLSProtocol11, st.kSSLProtocol3],
        st.kTLSProtocol1,
    ),
    (
        "SSLSetProtocolVersionMax",
        "SSLGetProtocolVersionMax",
        [st.kTLSProtocol11, st.kTLSProtocol12],
        st.kTLSProtocol12,
    ),
    ("SSLSetEnableCertVerify", "SSLGetEnableCertVerify", [False, True], True),
    ("SSLSetAllowsAnyRoot", "SSLGetAllowsAnyRoot", [True, False], False),
    ("SSLSetRsaBlinding", "SSLGetRsaBlinding", [False, True], True),
    ("SSLSetMinimumDHGroupSize", "SSLGetMinimumDHGroupSize", [512, 2048], 1024),
    ("SSLSetDHEEnabled", "SSLGetDHEEnabled", [True, False], False),
    ("SSLSetCertificate", "SSLGetCertificate", [array(certs.leaf("chained")), None], None),
]


def find(name: str) -> Callable[..., Any]:
    return next(getattr(module, name) for module in MODULES if hasattr(module, name))


@pytest.mark.parametrize(
    ("setter", "getter", "values", "before"),
    [
        pytest.param(*row, id=row[0], marks=contract(f"{row[0]} errSecSuccess", f"{row[1]} errSecSuccess"))
        for row in KEPT
    ],
)
def test_what_is_set_is_what_the_getter_tells(
    setter: str, getter: str, values: list[Any], before: Any
) -> None:
    for side in (st.kSSLClientSide, st.kSSLServerSide):
        context = fresh(side)
        assert find(getter)(context, None) == (0, before)
        for value in values:
            assert find(setter)(context, value) == 0
            assert find(getter)(context, None) == (0, value)


@contract("SSLSetClientSideAuthenticate errSecSuccess", "SSLGetClientSideAuthenticate errSecSuccess")
def test_ssl_set_client_side_authenticate_counts_on_servers() -> None:
    for side, effect in ((st.kSSLServerSide, True), (st.kSSLClientSide, False)):
        context = fresh(side)
        for value in (st.kAlwaysAuthenticate, st.kTryAuthenticate, st.kNeverAuthenticate):
            ok(st.SSLSetClientSideAuthenticate(context, value))
            told = value if effect else st.kNeverAuthenticate
            assert spi.SSLGetClientSideAuthenticate(context, None) == (0, told)


@contract("SSLSetCertificate errSecSuccess", "SSLGetCertificate errSecSuccess")
def test_ssl_get_certificate_gives_the_very_list() -> None:
    context, given = fresh(), array(certs.leaf("chained"))
    ok(st.SSLSetCertificate(context, given))
    assert spi.SSLGetCertificate(context, None)[1] is given


@contract(
    "SSLSetCertificate errSSLBadCert",
    named("SSLSetCertificate", "errSecParam", "first element is not a SecIdentity"),
)
def test_ssl_set_certificate_wants_an_identity_and_certificates() -> None:
    context, (identity, intermediate) = fresh(), array(certs.leaf("chained"))
    assert st.SSLSetCertificate(context, []) == st.errSSLBadCert
    for wrong in ([intermediate], [identity, identity], [object()], [identity, None]):
        assert st.SSLSetCertificate(context, wrong) == st.errSecParam
    assert spi.SSLGetCertificate(context) == (0, None)


@contract("SSLSetEncryptionCertificate errSecSuccess", "SSLGetEncryptionCertificate errSecSuccess")
def test_ssl_set_encryption_certificate_is_remembered() -> None:
    context, given = fresh(st.kSSLServerSide), array(certs.leaf("rsa"))
    assert spi.SSLGetEncryptionCertificate(context, None) == (0, None)
    ok(st.SSLSetEncryptionCertificate(context, given))
    assert spi.SSLGetEncryptionCertificate(context, None)[1] is given


@contract(
    "SSLSetSessionOption errSecSuccess",
    named("SSLSetSessionOption", "errSecParam", "option number not 0..9"),
    "SSLGetSessionOption errSecSuccess",
    named("SSLGetSessionOption", "errSecParam", "option is Fallback"),  # all ten can be read here
)
def test_ssl_set_session_option_knows_ten_and_each_can_be_read() -> None:
    context = fresh()
    for option, value in itertools.product(range(10), (True, False)):
        ok(st.SSLSetSessionOption(context, option, value))
        assert st.SSLGetSessionOption(context, option, None) == (0, value)
    for option in (-1, 10, 2**31):
        assert st.SSLSetSessionOption(context, option, True) == st.errSecParam
        assert st.SSLGetSessionOption(context, option, None) == (st.errSecParam, None)


@contract("SSLSetSessionTicketsEnabled errSecSuccess")
def test_ssl_set_session_tickets_enabled_is_the_ninth_option() -> None:
    context = fresh()
    for value in (True, False):
        ok(st.SSLSetSessionTicketsEnabled(context, value))
        assert st.SSLGetSessionOption(context, st.kSSLSessionOptionEnableSessionTickets) == (0, value)


@contract("SSLSetSessionConfig errSecSuccess", "SSLSetSessionConfig errSecParam")
def test_ssl_set_session_config_knows_twelve_names() -> None:
    context = fresh()
    names = [value for key, value in vars(st).items() if key.startswith("kSSLSessionConfig_")]
    assert len(names) == 12
    for name in names:
        ok(st.SSLSetSessionConfig(context, name))
    for wrong in ("", "Default", "default ", "ATSv2", None):
        assert st.SSLSetSessionConfig(context, wrong) == st.errSecParam


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(name, id=name, marks=contract(f"{name} errSecSuccess"))
        for name in ("SSLSetAllowsExpiredCerts", "SSLSetAllowsExpiredRoots", "SSLSetAllowAnonymousCiphers")
    ],
)
def test_switches_without_effect_succeed(function: str) -> None:
    pair = Pair("expired")
    for value in (True, False, True):
        ok(find(function)(pair.client, value))
    assert pair.handshake() == (st.errSSLXCertChainInvalid, st.errSSLPeerCertUnknown)


@pytest.mark.parametrize(
    ("function", "status"),
    [
        pytest.param(name, status, id=name, marks=contract(f"{name} {status}"))
        for name, status in [
            ("SSLGetAllowsExpiredCerts", "errSecUnimplemented"),
            ("SSLGetAllowsExpiredRoots", "errSecUnimplemented"),
            ("SSLGetPeerCertificates", "errSecUnimplemented"),
            ("SSLGetNegotiatedClientAuthType", "errSecUnimplemented"),
            ("SSLGetAllowAnonymousCiphers", "errSecSuccess"),
        ]
    ],
)
def test_getters_without_an_answer_give_none(function: str, status: str) -> None:
    for context in (fresh(), connected().client):
        assert find(function)(context, None) == (getattr(st, status), None)


@contract("SSLSetSessionCacheTimeout errSecSuccess")
def test_ssl_set_session_cache_timeout_takes_any_number_of_seconds() -> None:
    for seconds in (0, 1, 600, 2**32 - 1):
        ok(spi.SSLSetSessionCacheTimeout(fresh(), seconds))


@contract("SSLSetPeerID errSecSuccess", "SSLGetPeerID errSecSuccess")
def test_ssl_get_peer_id_tells_what_was_set() -> None:
    context = fresh()
    assert st.SSLGetPeerID(context, None, None) == (0, None, 0)
    ok(st.SSLSetPeerID(context, b"a peer, and more", 6))
    assert st.SSLGetPeerID(context, None, None) == (0, b"a peer", 6)


@contract(
    "SSLSetPSKSharedSecret errSecSuccess",
    "SSLSetPSKIdentity errSecSuccess",
    "SSLGetPSKIdentity errSecSuccess",
)
def test_ssl_get_psk_identity_tells_the_last_on_a_client_and_the_peers_on_a_server() -> None:
    suite = [st.TLS_PSK_WITH_AES_128_CBC_SHA]
    pair = Pair(client=client(suites=suite), server=server(None, suite))
    assert spi.SSLGetPSKIdentity(pair.client, None, None) == (0, None, 0)
    for identity in (b"somebody", b"me"):
        ok(spi.SSLSetPSKIdentity(pair.client, identity, len(identity)))
    for context in (pair.client, pair.server):
        ok(spi.SSLSetPSKSharedSecret(context, b"secret and more", 6))
    assert spi.SSLGetPSKIdentity(pair.client, None, None) == (0, b"me", 2)
    pair.connected()
    assert spi.SSLGetPSKIdentity(pair.server, None, None) == (0, b"me", 2)


# --- names -------------------------------------------------------------------------------------------------------


@contract(
    "SSLSetPeerDomainName errSecSuccess",
    "SSLGetPeerDomainName errSecSuccess",
    "SSLGetPeerDomainName errSSLBufferOverflow",
    "SSLGetPeerDomainNameLength errSecSuccess",
)
def test_ssl_set_peer_domain_name_counts_on_clients() -> None:
    for side, kept in ((st.kSSLClientSide, b"localhost"), (st.kSSLServerSide, b"")):
        context = fresh(side)
        ok(st.SSLSetPeerDomainName(context, "localhost and more", 9))
        assert st.SSLGetPeerDomainNameLength(context, None) == (0, len(kept))
        assert st.SSLGetPeerDomainName(context, None, len(kept)) == (0, kept, len(kept))
        if kept:
            assert st.SSLGetPeerDomainName(context, None, 8) == (st.errSSLBufferOverflow, None, 8)


@contract(
    "SSLCopyRequestedPeerName errSecSuccess",
    "SSLCopyRequestedPeerName errSSLBufferOverflow",
    "SSLCopyRequestedPeerNameLength errSecSuccess",
)
def test_ssl_copy_requested_peer_name_counts_the_nul() -> None:
    pair = Pair()
    assert st.SSLCopyRequestedPeerNameLength(pair.server, None) == (0, 0)
    assert st.SSLCopyRequestedPeerName(pair.server, None, 0) == (0, b"", 0)
    pair.connected()
    assert st.SSLCopyRequestedPeerNameLength(pair.server, None) == (0, 10)
    assert st.SSLCopyRequestedPeerName(pair.server, None, 10) == (0, b"localhost\0", 10)
    assert st.SSLCopyRequestedPeerName(pair.server, None, 9) == (st.errSSLBufferOverflow, None, 9)


@contract("SSLSetALPNProtocols errSecSuccess", "SSLCopyALPNProtocols errSecSuccess")
def test_ssl_copy_alpn_protocols_tells_what_the_server_chose() -> None:
    pair = Pair()
    ok(st.SSLSetALPNProtocols(pair.client, ["h2", "http/1.1"]))
    ok(st.SSLSetALPNProtocols(pair.server, ["http/1.1", "h2"]))
    pair.connected()
    assert st.SSLCopyALPNProtocols(pair.client, None) == (0, ["http/1.1"])
    assert st.SSLCopyALPNProtocols(pair.server, None) == (0, ["http/1.1"])


@contract(named("SSLCopyALPNProtocols", "errSecParam"), named("SSLSetALPNProtocols", "errSecParam"))
def test_without_protocols_there_is_nothing_to_set_or_tell() -> None:
    pair = connected()
    for context in (pair.client, pair.server, fresh()):
        assert st.SSLCopyALPNProtocols(context, None) == (st.errSecParam, None)
    for wrong in ([], None, ["x" * 31] * 8):
        assert st.SSLSetALPNProtocols(pair.client, wrong) == st.errSecParam


# --- versions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(name, id=name, marks=contract(f"{name} errSSLIllegalParam"))
        for name in ("SSLSetProtocolVersionMin", "SSLSetProtocolVersionMax")
    ],
)
def test_versions_that_a_stream_does_not_speak_are_illegal(function: str) -> None:
    context = fresh()
    refused = [st.kSSLProtocolUnknown, st.kSSLProtocol2, st.kSSLProtocol3Only, st.kTLSProtocol1Only]
    refused += [st.kSSLProtocolAll, st.kDTLSProtocol1, st.kDTLSProtocol12, 12, -1, 2**40]
    if function.endswith("Min"):
        refused.append(st.kTLSProtocolMaxSupported)  # which the other setter takes for the highest there is
    for version in refused:
        assert find(function)(context, version) == st.errSSLIllegalParam


@contract(named("SSLGetProtocolVersionEnabled", "errSecParam", "protocol is not"))
def test_ssl_get_protocol_version_enabled_knows_no_other_versions() -> None:
    for version in (st.kTLSProtocol13, st.kDTLSProtocol1, st.kTLSProtocol1Only, 99, -1):
        assert legacy.SSLGetProtocolVersionEnabled(fresh(), version, None) == (st.errSecParam, None)


@contract("SSLGetNegotiatedProtocolVersion errSecSuccess")
def test_ssl_get_negotiated_protocol_version_is_unknown_before_the_hellos() -> None:
    pair = Pair()
    assert st.SSLGetNegotiatedProtocolVersion(pair.client, None) == (0, st.kSSLProtocolUnknown)
    pair.connected()
    assert st.SSLGetNegotiatedProtocolVersion(pair.client, None) == (0, st.kTLSProtocol12)


# --- suites ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(
            kind,
            id=kind,
            marks=contract(
                f"SSLGetNumber{kind}Ciphers errSecSuccess",
                f"SSLGet{kind}Ciphers errSecSuccess",
                f"SSLGet{kind}Ciphers errSSLBufferOverflow",
            ),
        )
        for kind in ("Supported", "Enabled")
    ],
)
def test_suites_are_listed_where_there_is_room_for_all(kind: str) -> None:
    context = fresh()
    status, count = find(f"SSLGetNumber{kind}Ciphers")(context, None)
    ok(status)
    assert count == 21 if kind == "Enabled" else count >= 67
    for room in (count, count + 1, 10_000):
        status, suites, n = find(f"SSLGet{kind}Ciphers")(context, None, room)
        ok(status)
        assert (len(suites), len(set(suites)), n) == (count, count, count)
    for room in (0, count - 1):
        assert find(f"SSLGet{kind}Ciphers")(context, None, room) == (st.errSSLBufferOverflow, None, room)


@contract("SSLSetEnabledCiphers errSecSuccess", named("SSLSetEnabledCiphers", "errSecParam"))
def test_ssl_set_enabled_ciphers_keeps_the_order_and_what_is_known() -> None:
    context = fresh()
    ok(st.SSLSetEnabledCiphers(context, [0x0006, 0x002F, 0xFFFF, 0xC02B, 0xC030], 4))
    assert st.SSLGetEnabledCiphers(context, None, 9) == (0, (0x002F, 0xC02B), 2)
    for suites, n in (([], 0), ([0x002F], 0), ([0xFFFF, 0x1301], 2), (None, 1), ([0x002F], 2)):
        assert st.SSLSetEnabledCiphers(context, suites, n) == st.errSecParam
    assert st.SSLGetEnabledCiphers(context, None, 9) == (0, (0x002F, 0xC02B), 2)


# --- Diffie-Hellman and curves -----------------------------------------------------------------------------------


@contract(
    "SSLSetDiffieHellmanParams errSecSuccess",
    named("SSLSetDiffieHellmanParams", "errSecParam", "not decodable"),
    "SSLGetDiffieHellmanParams errSecSuccess",
)
def test_ssl_get_diffie_hellman_params_tells_the_same_bytes() -> None:
    context, group = fresh(st.kSSLServerSide), certs.dh_group(certs.PRIME_1024)
    assert st.SSLGetDiffieHellmanParams(context, None, None) == (0, None, 0)
    ok(st.SSLSetDiffieHellmanParams(context, group + b"more", len(group)))
    assert st.SSLGetDiffieHellmanParams(context, None, None) == (0, group, len(group))
    for wrong in (b"", b"nothing", group[:-1], group + b"x"):
        assert st.SSLSetDiffieHellmanParams(context, wrong, len(wrong)) == st.errSecParam
    assert st.SSLGetDiffieHellmanParams(context, None, None) == (0, group, len(group))


def through_dhe(prime: int | None) -> Pair:
    suites = [st.TLS_DHE_RSA_WITH_AES_128_CBC_SHA]
    pair = Pair(client=client(suites=suites), server=server("rsa", suites))
    if prime is not None:
        group = certs.dh_group(prime)
        ok(st.SSLSetDiffieHellmanParams(pair.server, group, len(group)))
    return pair


@contract("SSLHandshake errSSLWeakPeerEphemeralDHKey", "SSLHandshake errSSLPeerInsufficientSecurity")
def test_a_group_below_the_minimum_is_weak() -> None:
    pair = through_dhe(certs.PRIME_1024)
    ok(spi.SSLSetMinimumDHGroupSize(pair.client, 1025))
    assert pair.handshake() == (st.errSSLWeakPeerEphemeralDHKey, st.errSSLPeerInsufficientSecurity)


@contract("SSLIsSessionNegotiatedWithUnsafeDH bool")
def test_ssl_is_session_negotiated_with_unsafe_dh_looks_at_the_prime() -> None:
    assert spi.SSLIsSessionNegotiatedWithUnsafeDH(None) is False
    assert spi.SSLIsSessionNegotiatedWithUnsafeDH(connected().client) is False
    assert spi.SSLIsSessionNegotiatedWithUnsafeDH(through_dhe(certs.PRIME_1024).connected().client) is False
    # The built-in group is over a prime with a subgroup of 256 bits, not a safe one.
    assert spi.SSLIsSessionNegotiatedWithUnsafeDH(through_dhe(None).connected().client) is True


@contract(
    "SSLSetECDSACurves errSecSuccess",
    "SSLGetECDSACurves errSecSuccess",
    "SSLGetNumberOfECDSACurves errSecSuccess",
    "SSLGetNegotiatedCurve errSecSuccess",
    named("SSLGetECDSACurves", "errSecParam"),
    named("SSLSetECDSACurves", "errSecParam"),
    named("SSLGetNegotiatedCurve", "errSecParam"),
)
def test_ssl_set_ecdsa_curves_is_kept_and_used() -> None:
    pair = Pair()
    assert spi.SSLGetNumberOfECDSACurves(pair.client, None) == (0, 0)
    for wrong, n in (([], 0), ([23], 0), (None, 0), ([23], 2)):
        assert spi.SSLSetECDSACurves(pair.client, wrong, n) == st.errSecParam
    ok(spi.SSLSetECDSACurves(pair.client, [24, 23, 25], 2))
    assert spi.SSLGetNumberOfECDSACurves(pair.client, None) == (0, 2)
    assert spi.SSLGetECDSACurves(pair.client, None, 9) == (0, (24, 23), 2)
    assert spi.SSLGetECDSACurves(pair.client, None, 1) == (st.errSecParam, None, 1)
    assert spi.SSLGetNegotiatedCurve(pair.client, None) == (st.errSecParam, None)
    ok(spi.SSLSetECDSACurves(pair.client, [24], 1))
    pair.connected()
    for context in (pair.client, pair.server):
        assert spi.SSLGetNegotiatedCurve(context, None) == (0, 24)
    plain = Pair(client=client(suites=[0x002F]), server=server("rsa", [0x002F])).connected()
    assert spi.SSLGetNegotiatedCurve(plain.client, None) == (st.errSecParam, None)


# --- client authentication -----------------------------------------------------------------------------------------


def asked(authority: certs.Credential) -> Pair:
    """A client at the pause for its certificate."""
    pair = Pair()
    ok(st.SSLSetClientSideAuthenticate(pair.server, st.kAlwaysAuthenticate))
    ok(legacy.SSLSetTrustedRoots(pair.server, [certificate(certs.authority().der)], True))
    name = authority.certificate.subject.public_bytes()
    ok(st.SSLAddDistinguishedName(pair.server, name, len(name)))
    ok(st.SSLSetSessionOption(pair.client, st.kSSLSessionOptionBreakOnCertRequested, True))
    return pair


@contract(
    "SSLHandshake errSSLClientCertRequested",
    "SSLAddDistinguishedName errSecSuccess",
    "SSLCopyDistinguishedNames errSecSuccess",
    "SSLGetClientCertificateState errSecSuccess",
    "SSLGetNumberOfClientAuthTypes errSecSuccess",
    named("SSLGetNumberOfClientAuthTypes", "errSecParam"),
    "SSLGetClientAuthTypes errSecSuccess",
    named("SSLGetClientAuthTypes", "errSecParam"),
    "SSLGetNumberOfSignatureAlgorithms errSecSuccess",
    "SSLGetSignatureAlgorithms errSecSuccess",
)
def test_at_the_pause_for_a_certificate_the_request_can_be_read() -> None:
    pair = asked(certs.authority())
    name = certs.authority().certificate.subject.public_bytes()
    assert st.SSLCopyDistinguishedNames(pair.client, None) == (0, None)
    assert st.SSLCopyDistinguishedNames(pair.server, None) == (0, [name])
    assert st.SSLGetClientCertificateState(pair.client, None) == (0, st.kSSLClientCertNone)
    assert spi.SSLGetNumberOfClientAuthTypes(pair.client, None) == (st.errSecParam, None)
    assert spi.SSLGetClientAuthTypes(pair.client, None, 9) == (st.errSecParam, None, 9)
    assert pair.turns()[0][-1] == st.errSSLClientCertRequested
    assert st.SSLCopyDistinguishedNames(pair.client, None) == (0, [name])
    assert st.SSLGetClientCertificateState(pair.client, None) == (0, st.kSSLClientCertRequested)
    types = spi.SSLGetClientAuthTypes(pair.client, None, 9)
    assert types[0::2] == spi.SSLGetNumberOfClientAuthTypes(pair.client, None)
    assert {1, 64} <= set(types[1])
    status, algorithms, n = spi.SSLGetSignatureAlgorithms(pair.client, None, 99)
    assert (status, n) == spi.SSLGetNumberOfSignatureAlgorithms(pair.client, None)
    assert {(4, 1), (4, 3)} <= set(algorithms)
    ok(st.SSLSetCertificate(pair.client, array(certs.leaf("rsa"))))
    assert pair.handshake() == (0, 0)
    assert st.SSLGetClientCertificateState(pair.client, None) == (0, st.kSSLClientCertSent)
    assert st.SSLGetClientCertificateState(pair.server, None) == (0, st.kSSLClientCertSent)


@contract("SSLSetCertificateAuthorities errSecSuccess", "SSLCopyCertificateAuthorities errSecSuccess")
def test_ssl_set_certificate_authorities_adds_and_replaces() -> None:
    context = fresh(st.kSSLServerSide)
    one, two = (certificate(authority.der) for authority in (certs.authority(), certs.stranger()))
    assert st.SSLCopyCertificateAuthorities(context, None) == (0, None)
    for given, replace, kept in (([one], False, [one]), (two, False, [one, two]), ([two], True, [two])):
        ok(st.SSLSetCertificateAuthorities(context, given, replace))
        assert st.SSLCopyCertificateAuthorities(context, None) == (0, kept)


# --- trust -------------------------------------------------------------------------------------------------------


@contract("SSLSetTrustedRoots errSecSuccess", "SSLCopyTrustedRoots errSecSuccess")
def test_ssl_copy_trusted_roots_tells_what_was_set() -> None:
    context, roots = fresh(), [certificate(certs.authority().der)]
    assert legacy.SSLCopyTrustedRoots(context, None) == (0, st.SecTrustCopyAnchorCertificates(None)[1])
    ok(legacy.SSLSetTrustedRoots(context, roots, True))
    assert legacy.SSLCopyTrustedRoots(context, None) == (0, roots)


@contract("SSLSetTrustedLeafCertificates errSecSuccess", "SSLCopyTrustedLeafCertificates errSecSuccess")
def test_a_trusted_leaf_is_accepted_whatever_its_chain() -> None:
    pair = Pair("unknown_authority")
    leafs = [certificate(certs.leaf("unknown_authority").der)]
    assert spi.SSLCopyTrustedLeafCertificates(pair.client, None) == (0, None)
    ok(spi.SSLSetTrustedLeafCertificates(pair.client, leafs))
    assert spi.SSLCopyTrustedLeafCertificates(pair.client, None) == (0, leafs)
    assert pair.handshake() == (0, 0)


@contract(
    "SSLCopyPeerTrust errSecSuccess",
    "SSLGetPeerSecTrust errSecSuccess",
    "SSLCopyPeerCertificates errSecSuccess",
    "SSLCopyPeerCertificates errSecBadReq",
)
def test_the_trust_object_comes_with_the_peers_certificate() -> None:
    pair = Pair()
    assert st.SSLCopyPeerTrust(pair.client, None) == spi.SSLGetPeerSecTrust(pair.client, None) == (0, None)
    assert legacy.SSLCopyPeerCertificates(pair.client, None) == (st.errSecBadReq, None)
    pair.connected()
    status, trust = st.SSLCopyPeerTrust(pair.client, None)
    ok(status)
    assert isinstance(trust, st.SecTrust)
    assert spi.SSLGetPeerSecTrust(pair.client, None)[1] is trust
    assert legacy.SSLCopyPeerCertificates(pair.client, None) == (0, st.SecTrustCopyCertificateChain(trust))
    assert st.SSLCopyPeerTrust(pair.server, None) == (0, None)


@contract("SSLGetNegotiatedCipher errSecSuccess", "SSLGetNegotiatedCipher errSecBadReq")
def test_ssl_get_negotiated_cipher_answers_while_a_session_is_active() -> None:
    pair = Pair()
    assert st.SSLGetNegotiatedCipher(pair.client, None) == (st.errSecBadReq, None)
    st.SSLHandshake(pair.client)
    assert st.SSLGetNegotiatedCipher(pair.client, None) == (0, 0)
    pair.connected()
    assert st.SSLGetNegotiatedCipher(pair.client, None) == (0, 0xC02C)
    ok(st.SSLClose(pair.client))
    assert st.SSLGetNegotiatedCipher(pair.client, None) == (st.errSecBadReq, None)
    assert state(pair.client) == st.kSSLClosed
