"""Every version and suite over datagrams, both roles, against six strangers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import datagram_peers
import elders
import matrix
import pytest
from matrix import KEYS, Cell, Peer, Suite

import certs

CERTIFIED = tuple(kx for kx in KEYS if not kx.endswith("PSK"))
WIRE = {"DTLSv1": "feff", "DTLSv1.2": "fefd"}


def _blocks() -> list[bytes]:
    return [bytes([n % 256]) * n for n in datagram_peers.BLOCKS]


def _number(program: str) -> matrix.Spelling:
    """For peers that call suites by numbers."""

    def spelling(version: str, suite: Suite) -> str | None:
        number = f"{suite.number:04x}"
        return number if number in getattr(datagram_peers, program)().suites else None

    return spelling


def _jsse(_version: str, suite: Suite) -> str | None:
    wanted = {*suite.names, *(n.replace("TLS_", "SSL_", 1) for n in suite.names)}
    return next(iter(sorted(wanted & datagram_peers.java().suites)), None)


def _openssl(_version: str, suite: Suite) -> str | None:
    return elders.openssl_suites().get(suite.number)


def _wolfssl(version: str, suite: Suite) -> str | None:
    """It names one suite that its server never chooses."""
    names = datagram_peers.wolfssl().suites - {"EDH-RSA-DES-CBC3-SHA"}
    return next((n for n in (_openssl(version, suite), suite.openssl) if n in names), None)


def _gnutls(_version: str, suite: Suite) -> str | None:
    return elders.gnutls_suites().get(suite.number)


def _pion(version: str, suite: Suite) -> str | None:
    return _number("pion")(version, suite) if version == "DTLSv1.2" else None


def _crashes(cell: Cell) -> str | None:
    if cell.role == "server" and cell.suite.exchange in ("DHE_PSK", "ECDHE_PSK"):
        return "gnutls-cli 3.7 crashes while it describes such a session, one with its own server too"
    return None


CELLS = [
    *matrix.cells(
        "mbedtls-udp",
        Peer(
            *(
                "mbedTLS over UDP",
                lambda form: datagram_peers.Forms(datagram_peers.mbedtls(), form),
                _number("mbedtls"),
            ),
            *(lambda version: WIRE[version],),
            **{"forms": True, "datagrams": True, "blocks": _blocks},
        ),
    ),
    *matrix.cells(
        "wolfssl-udp",
        Peer(
            *(
                "wolfSSL over UDP",
                lambda form: datagram_peers.Forms(datagram_peers.wolfssl(), form),
                _wolfssl,
            ),
            **{"forms": True, "datagrams": True, "blocks": _blocks},
        ),
    ),
    *matrix.cells(
        "java-udp",
        Peer(
            *("Java JSSE over UDP", lambda _: datagram_peers.java(), _jsse),
            *(lambda version: {"DTLSv1": "DTLSv1.0"}.get(version, version),),
            **{"exchanges": CERTIFIED, "datagrams": True, "blocks": _blocks},
        ),
    ),
    *matrix.cells(
        "pion-udp",
        Peer(
            *("Pion (Go) over UDP", lambda _: datagram_peers.pion(), _pion, lambda version: WIRE[version]),
            **{"datagrams": True, "blocks": _blocks},
        ),
    ),
    *matrix.cells(
        "openssl3-udp",
        Peer(
            *("OpenSSL 3 over UDP", datagram_peers.Openssl, _openssl),
            **{"forms": True, "datagrams": True, "blocks": datagram_peers.lines},
        ),
    ),
    *matrix.cells(
        "gnutls-udp",
        Peer(
            *("GnuTLS over UDP", datagram_peers.Gnutls, _gnutls),
            **{"forms": True, "datagrams": True, "blocks": datagram_peers.lines, "handshake_only": _crashes},
        ),
    ),
]


#: Its programs sleep between two looks at the network; so cells with servers of their own are tried at a time.
SLEEPY = "gnutls-udp"


def _group(cell: Cell) -> tuple[str | None, ...]:
    """Cells that meet the same server."""
    form = "mte" if cell.form == "mte" else ""
    return cell.role, cell.version, form, matrix.key_for(cell.version, cell.suite) or "rsa"


def _attempt_all(cells: list[Cell], record: dict[Cell, str]) -> dict[Cell, BaseException | None]:
    outcomes: dict[Cell, BaseException | None] = {}
    for cell in cells:
        try:
            matrix.attempt(cell, record)
        except BaseException as error:
            outcomes[cell] = error
        else:
            outcomes[cell] = None
    return outcomes


@pytest.fixture(scope="module")
def ahead(
    request: pytest.FixtureRequest, record: dict[Cell, str]
) -> Iterator[dict[Cell, Future[dict[Cell, BaseException | None]]]]:
    """What becomes of the sleepy one's cells that were asked for."""
    groups: dict[Any, list[Cell]] = {}
    for item in request.session.items:
        cell = (
            item.callspec.params.get("cell")
            if isinstance(item, pytest.Function) and item.module is request.module
            else None
        )
        if isinstance(cell, Cell) and cell.peer == SLEEPY:
            groups.setdefault(_group(cell), []).append(cell)
            certs.leaf(matrix.key_for(cell.version, cell.suite) or "rsa").file("key")
    certs.authority().file("cert")
    with ThreadPoolExecutor(8) as pool:
        futures = {id(cells): pool.submit(_attempt_all, cells, record) for cells in groups.values()}
        yield {cell: futures[id(cells)] for cells in groups.values() for cell in cells}


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_suite_works_over_datagrams_with_a_stranger(
    cell: Cell, record: dict[Cell, str], ahead: dict[Cell, Future[dict[Cell, BaseException | None]]]
) -> None:
    if cell.peer != SLEEPY:
        matrix.attempt(cell, record)
    elif error := ahead[cell].result()[cell]:
        raise error
