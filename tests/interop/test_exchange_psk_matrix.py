"""Every suite with a pre-shared key that a stranger has, in every version that has the suite."""

from __future__ import annotations

from pathlib import Path
from pipes import client, ok, server
from typing import Any, NamedTuple

import pytest
from bare_peers import (
    gnutls_client,
    gnutls_server,
    openssl_client,
    openssl_server,
    visited,
    visiting,
)
from strangers import trade

import certs
import securetransport as st
from securetransport import spi

SECRET, IDENTITY = b"\x07" * 24, b"someone"
PROTOCOLS = {"1.0": st.kTLSProtocol1, "1.1": st.kTLSProtocol11, "1.2": st.kTLSProtocol12}

#: Ciphers as OpenSSL's suites end, as GnuTLS calls them with their MACs, and where they exist.
OLD, NEW = ("1.0", "1.1", "1.2"), ("1.2",)
CIPHERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "NULL_SHA": ("NULL-SHA", "NULL:-MAC-ALL:+SHA1", OLD),
    "RC4": ("", "ARCFOUR-128:-MAC-ALL:+SHA1", OLD),
    "3DES": ("", "3DES-CBC:-MAC-ALL:+SHA1", OLD),
    "AES128_SHA": ("AES128-CBC-SHA", "AES-128-CBC:-MAC-ALL:+SHA1", OLD),
    "AES256_SHA": ("AES256-CBC-SHA", "AES-256-CBC:-MAC-ALL:+SHA1", OLD),
    "AES128_SHA256": ("AES128-CBC-SHA256", "AES-128-CBC:-MAC-ALL:+SHA256", NEW),
    "AES256_SHA384": ("AES256-CBC-SHA384", "AES-256-CBC:-MAC-ALL:+SHA384", NEW),
    "NULL_SHA256": ("NULL-SHA256", "NULL:-MAC-ALL:+SHA256", NEW),
    "NULL_SHA384": ("NULL-SHA384", "NULL:-MAC-ALL:+SHA384", NEW),
    "CCM128": ("AES128-CCM", "AES-128-CCM", NEW),
    "CCM256": ("AES256-CCM", "AES-256-CCM", NEW),
    "CCM128_8": ("AES128-CCM8", "AES-128-CCM-8", NEW),
    "CCM256_8": ("AES256-CCM8", "AES-256-CCM-8", NEW),
}


def _numbers(*numbers: int) -> dict[str, int]:
    """Numbers in the order of the ciphers, as far as there are any."""
    return dict(zip(CIPHERS, numbers, strict=False))


NUMBERS: dict[str, dict[str, int]] = {
    "PSK": _numbers(0x2C, *range(0x8A, 0x8E), *range(0xAE, 0xB2), 0xC0A4, 0xC0A5, 0xC0A8, 0xC0A9),
    "DHE-PSK": _numbers(0x2D, *range(0x8E, 0x92), *range(0xB2, 0xB6), 0xC0A6, 0xC0A7, 0xC0AA, 0xC0AB),
    "RSA-PSK": _numbers(0x2E, *range(0x92, 0x96), *range(0xB6, 0xBA)),
    "ECDHE-PSK": {"AES128_SHA": 0xC035, "AES256_SHA": 0xC036},
}
#: gnutls-cli 3.7 crashes after the handshake while it describes a session of these, with its own server too.
CRASHES = ("DHE-PSK", "ECDHE-PSK")


class Cell(NamedTuple):
    peer: str
    role: str
    exchange: str
    cipher: str
    version: str

    def __str__(self) -> str:
        return "-".join(self)


def _cells() -> list[Cell]:
    out = []
    for exchange, numbers in NUMBERS.items():
        for cipher in numbers:
            openssl, _, versions = CIPHERS[cipher]
            for role in ("client", "server"):
                for version in versions:
                    if openssl:
                        out.append(Cell("openssl", role, exchange, cipher, version))
                    elif version != "1.1":  # what GnuTLS alone has, in the oldest and the newest version
                        out.append(Cell("gnutls", role, exchange, cipher, version))
    return out


CELLS = _cells()


def _stranger(cell: Cell) -> Any:
    openssl, gnutls, _ = CIPHERS[cell.cipher]
    suite = f"{cell.exchange}-{openssl}"
    rsa, anchor = certs.leaf("rsa"), certs.authority().file("cert")
    certified = cell.exchange == "RSA-PSK"
    known = ("-psk", SECRET.hex(), "-psk_identity", IDENTITY.decode())
    arguments: list[str | Path]
    if cell.peer == "openssl" and cell.role == "client":
        proof = ("-cert", rsa.file("cert"), "-key", rsa.file("key")) if certified else ("-nocert",)
        return openssl_server(suite, *known, *proof, version=cell.version)
    if cell.peer == "openssl":
        judging = ("-CAfile", anchor, "-verify_return_error") if certified else ()
        return openssl_client(suite, *known, *judging, version=cell.version)
    if cell.role == "client":
        passwords = certs.directory() / "passwords-matrix"
        passwords.write_text(f"{IDENTITY.decode()}:{SECRET.hex()}\n", encoding="ascii")
        arguments = ["--disable-client-cert", "--pskpasswd", passwords]
        arguments += (
            ["--x509certfile", rsa.file("cert"), "--x509keyfile", rsa.file("key")] if certified else []
        )
        return gnutls_server(cell.exchange, *arguments, cipher=gnutls, version=cell.version)
    arguments = [f"--pskusername={IDENTITY.decode()}", f"--pskkey={SECRET.hex()}"]
    arguments += [f"--x509cafile={anchor}", f"--verify-hostname={certs.HOST}"] if certified else []
    return gnutls_client(cell.exchange, *arguments, cipher=gnutls, version=cell.version)


def _ours(cell: Cell, number: int) -> Any:
    ctx = client(suites=[number]) if cell.role == "client" else server("rsa", [number])
    ok(st.SSLSetProtocolVersionMin(ctx, PROTOCOLS[cell.version]))
    ok(st.SSLSetProtocolVersionMax(ctx, PROTOCOLS[cell.version]))
    ok(spi.SSLSetPSKSharedSecret(ctx, SECRET, len(SECRET)))
    if cell.role == "client":
        ok(spi.SSLSetPSKIdentity(ctx, IDENTITY, len(IDENTITY)))
    return ctx


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_suite_with_a_pre_shared_key_works_with_a_stranger(cell: Cell) -> None:
    number = NUMBERS[cell.exchange][cell.cipher]
    ctx, stranger = _ours(cell, number), _stranger(cell)
    with visiting(ctx, stranger) if cell.role == "client" else visited(ctx, stranger) as (link, peer):
        assert link.handshake() == 0
        assert st.SSLGetNegotiatedCipher(ctx) == (0, number)
        assert st.SSLGetNegotiatedProtocolVersion(ctx) == (0, PROTOCOLS[cell.version])
        if cell.peer == "gnutls" and cell.role == "server" and cell.exchange in CRASHES:
            return
        peer.established()
        for size in (1, 2000):
            trade(link, peer, size)
        assert link.close() == 0
        assert peer.ended() == "orderly"


def test_every_suite_with_a_pre_shared_key_is_in_one_of_the_matrices() -> None:
    ctx = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    numbers = st.SSLGetSupportedCiphers(ctx, None, 1000)[1]
    named = {number for number in numbers if "_PSK_" in (spi.SSLCiphersuiteGetName(number) or "")}
    here = {number for row in NUMBERS.values() for number in row.values()}
    from test_exchange_psk import SUITES

    assert named <= here | set(SUITES)
    # RFC 8442: nobody here speaks ECDHE_PSK with GCM or CCM; two of our own ends do, in tests/rust/pair.rs.
    assert {n for n in numbers if 0xD001 <= n <= 0xD005} == {0xD001, 0xD002, 0xD003, 0xD005}
    assert not here & set(SUITES)
