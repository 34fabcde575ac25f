"""OpenSSL 3, GnuTLS and tlslite-ng with everything switched on that they still have, as peers of the matrix.

In: a version, a suite, a key. Out: a connection to or from our end, echoed both ways. Promise: as ``strangers``; the
servers serve one connection after the other and end with the test run.
"""

from __future__ import annotations

import atexit
import functools
import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from pipes import LIMIT, Task
from typing import Any

from matrix import IDENTITY, SECRET, Suite
from strangers import GnutlsClient, OpensslClient, Process, Program, absent, dial, free_port, tool

import certs

#: Lines that read the same backwards and that no program takes for a command.
LINE = b"@" * 999 + b"\n"


def lines() -> list[bytes]:
    return [LINE, LINE * 40]


def credentials(key: str) -> tuple[Path, Path]:
    return certs.leaf(key).file("cert"), certs.leaf(key).file("key")


class Elder:
    """A program in both roles: one server for each key, one client for each connection."""

    def __init__(self, form: str) -> None:
        self.form = form
        self._servers: dict[str, tuple[Process, int]] = {}
        self._answer: Callable[[], list[str]] = lambda: ["nothing was asked"]

    def start(self, key: str) -> tuple[Process, int]:
        """A server that listens."""
        raise NotImplementedError

    def client(self, port: int, version: str, suite: str) -> Program:
        raise NotImplementedError

    def complaint(self, process: Process, since: int) -> bytes:
        """What a server complained of since its standard error had that length."""
        raise NotImplementedError

    def serve(self, _version: str, _suite: str, key: str) -> socket.socket:
        if key not in self._servers:
            self._servers[key] = self.start(key)
            atexit.register(self._servers[key][0].kill)
        process, port = self._servers[key]
        since = len(process.err)

        def answer() -> list[str]:
            said = self.complaint(process, since)
            return ["fail", repr(said)] if said else ["done"]

        self._answer = answer
        return dial(port)

    def connect(self, listener: socket.socket, version: str, suite: str, _key: str) -> socket.socket:
        peer = self.client(listener.getsockname()[1], version, suite)
        sock = listener.accept()[0]

        def drive() -> None:
            try:
                peer.established()
                for block in lines():
                    peer.send(block)
                    assert peer.receive(len(block)) == block
                peer.close()
                ended = peer.ended()
                assert ended == "orderly", ended
            finally:
                peer.process.kill()

        task = Task(drive)

        def answer() -> list[str]:
            try:
                task.result()
            except AssertionError as error:
                return ["fail", str(error)]
            return ["done"]

        self._answer = answer
        return sock

    def answer(self) -> list[str]:
        return self._answer()


# --- OpenSSL 3 ---------------------------------------------------------------------------------------------

OPENSSL_ALL = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
_OPENSSL_VERSIONS = {"TLSv1": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2"}
_OPENSSL_PSK = ("-psk", SECRET.hex(), "-psk_identity", IDENTITY.decode())


@functools.cache
def openssl_suites() -> dict[int, str]:
    """What this build has, by numbers."""
    command = [tool("openssl"), "ciphers", "-V", OPENSSL_ALL]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT).stdout
    rows = re.findall(r"0x(..),0x(..) - (\S+)", said)
    return {int(high + low, 16): name for high, low, name in rows}


class Openssl(Elder):
    def _form(self) -> tuple[str, ...]:
        return ("-no_etm",) if self.form == "mte" else ()

    def start(self, key: str) -> tuple[Process, int]:
        certificate, private = credentials(key)
        process = Process(
            *(tool("openssl"), "s_server", "-accept", "127.0.0.1:0", "-rev", "-cipher", OPENSSL_ALL),
            *("-cert", certificate, "-key", private, "-cert_chain", certificate),
            *(*_OPENSSL_PSK, *self._form()),
        )
        port = process.search(rb"ACCEPT 127\.0\.0\.1:(\d+)\n")
        return process, int(port[1])

    def complaint(self, process: Process, since: int) -> bytes:
        said = process.search(
            rb"\A.{%d}.*?(CONNECTION ESTABLISHED.*?Ciphersuite: \S+\n|FAILURE\n.*)" % since, errors=True
        )
        text = said[0][since:]
        return text if b"rror" in text or b"FAILURE" in text else b""

    def client(self, port: int, version: str, suite: str) -> Program:
        return OpensslClient(
            Process(
                *(tool("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", _OPENSSL_VERSIONS[version]),
                *("-cipher", f"{suite}:@SECLEVEL=0", "-no-CApath", "-no-CAstore"),
                *("-CAfile", certs.authority().file("cert"), "-verify_return_error"),
                *(*_OPENSSL_PSK, *self._form()),
            )
        )


@functools.cache
def openssl(form: str) -> Openssl:
    return Openssl(form)


# --- GnuTLS ------------------------------------------------------------------------------------------------

_GNUTLS_ALL = (
    "NORMAL:+VERS-TLS1.0:+VERS-TLS1.1:+CIPHER-ALL:+AES-128-CCM-8:+AES-256-CCM-8:+ARCFOUR-128:+3DES-CBC:+NULL:+MAC-ALL"
    ":+MD5:+SHA256:+SHA384:+KX-ALL:+DHE-DSS:+ANON-DH:+ANON-ECDH:+PSK:+RSA-PSK:+DHE-PSK:+ECDHE-PSK:+SIGN-ALL:+SIGN-DSA-SHA1:+SIGN-DSA-SHA256"
    ":+SIGN-RSA-SHA1:+GROUP-ALL:%VERIFY_ALLOW_BROKEN"
)
_GNUTLS_VERSIONS = {"TLSv1": "1.0", "TLSv1.1": "1.1", "TLSv1.2": "1.2"}


@functools.cache
def gnutls_suites() -> dict[int, str]:
    """What this build has, by numbers."""
    command = [tool("gnutls-cli"), "--list"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT).stdout
    rows = re.findall(r"^TLS_(\S+)\s+0x(..), 0x(..)", said, re.M)
    return {int(high + low, 16): name for name, high, low in rows}


class QuietGnutlsClient(GnutlsClient):
    """Its description of the connection is not read: it has another form for each key exchange."""

    def established(self) -> Any:
        self.process.drop_until(self.process.search(rb"- Simple Client Mode:\n\n").end())


class Gnutls(Elder):
    def _priority(self, version: str = "") -> str:
        form = ":%NO_ETM" if self.form == "mte" else ""
        return f"{_GNUTLS_ALL}:-VERS-ALL:+VERS-TLS{version}{form}" if version else _GNUTLS_ALL + form

    def start(self, key: str) -> tuple[Process, int]:
        certificate, private = credentials(key)
        passwords = certs.directory() / "passwords"
        passwords.write_text(f"{IDENTITY.decode()}:{SECRET.hex()}\n", encoding="ascii")
        port = free_port()
        process = Process(
            *(tool("gnutls-serv"), "--port", str(port), "--echo", "--crlf", "--disable-client-cert"),
            *("--x509certfile", certificate, "--x509keyfile", private, "--pskpasswd", passwords),
            *("--nodb", "--priority", self._priority()),
        )
        process.search(rb"port %d\.\.\.done\n" % port, errors=True)
        return process, port

    def complaint(self, process: Process, since: int) -> bytes:
        """It repeats all commands there, and that an anonymous session has no certificate to bind channels to."""
        return b"".join(re.findall(rb"Error in [^\n]*", bytes(process.err[since:])))

    def client(self, port: int, version: str, suite: str) -> Program:
        return QuietGnutlsClient(
            Process(
                *(tool("gnutls-cli"), "--port", str(port), "127.0.0.1", f"--verify-hostname={certs.HOST}"),
                *(f"--x509cafile={certs.authority().file('cert')}", f"--pskkey={SECRET.hex()}"),
                *(
                    f"--pskusername={IDENTITY.decode()}",
                    "--priority",
                    self._priority(_GNUTLS_VERSIONS[version]),
                ),
            )
        )


@functools.cache
def gnutls(form: str) -> Gnutls:
    return Gnutls(form)


# --- tlslite-ng --------------------------------------------------------------------------------------------

TLSLITE_VERSIONS = {"SSLv3": (3, 0), "TLSv1": (3, 1), "TLSv1.1": (3, 2), "TLSv1.2": (3, 3)}


def tlslite_blocks() -> list[bytes]:
    """It is all Python: smaller ones."""
    return [b"@" * 100, b"@" * 2000]


def tlslite_settings(version: str, form: str = "etm") -> Any:
    """Everything that it has, at one version."""
    try:
        import tlslite.handshakesettings as names
    except ImportError:
        absent("tlslite-ng")
    settings = names.HandshakeSettings()
    settings.minVersion = settings.maxVersion = TLSLITE_VERSIONS[version]
    settings.cipherNames = [name for name in names.ALL_CIPHER_NAMES if "draft" not in name]
    settings.macNames = list(names.ALL_MAC_NAMES)
    settings.keyExchangeNames = list(names.KEY_EXCHANGE_NAMES)
    settings.useEncryptThenMAC = form == "etm"
    settings.minKeySize = 1023
    settings.keyShares = []
    return settings


@functools.cache
def tlslite_suites(version: str) -> frozenset[int]:
    settings = tlslite_settings(version)
    from tlslite.constants import CipherSuite as C

    wire = TLSLITE_VERSIONS[version]
    groups = (
        *(C.getCertSuites, C.getDheCertSuites, C.getDheDsaSuites, C.getEcdheCertSuites, C.getEcdsaSuites),
        *(C.getAnonSuites, C.getEcdhAnonSuites),
    )
    return frozenset(number for get in groups for number in get(settings, wire))


def tlslite_credential(key: str) -> tuple[Any, Any]:
    from tlslite.api import X509CertChain, parsePEMKey

    certificate, private = credentials(key)
    chain = X509CertChain()
    chain.parsePemList(certificate.read_text())
    return chain, parsePEMKey(private.read_text(), private=True)


class Tlslite:
    """tlslite-ng on a thread of this process."""

    def __init__(self, form: str) -> None:
        self.form = form
        self._task: Task | None = None

    def _settings(self, version: str) -> Any:
        return tlslite_settings(version, self.form or "etm")

    def serve(self, version: str, suite: Suite, key: str) -> socket.socket:
        settings = self._settings(version)
        chain, private = tlslite_credential(key)
        ours, theirs = socket.socketpair()

        def run(connection: Any) -> None:
            if suite.anonymous:
                connection.handshakeServer(anon=True, settings=settings)
            else:
                connection.handshakeServer(certChain=chain, privateKey=private, settings=settings)
            while part := connection.read(min=1, max=16_384):
                connection.write(part)

        self._task = Task(self._run, theirs, run)
        return ours

    def connect(self, _listener: socket.socket, version: str, suite: Suite, _key: str) -> socket.socket:
        settings = self._settings(version)
        ours, theirs = socket.socketpair()

        def run(connection: Any) -> None:
            if suite.anonymous:
                connection.handshakeClientAnonymous(settings=settings)
            else:
                connection.handshakeClientCert(settings=settings)
            for block in tlslite_blocks():
                connection.write(block)
                assert bytes(connection.read(min=len(block), max=len(block))) == block
            connection.close()

        self._task = Task(self._run, theirs, run)
        return ours

    def _run(self, sock: socket.socket, run: Callable[[Any], None]) -> None:
        from tlslite.api import TLSConnection

        with sock:
            sock.settimeout(LIMIT)
            connection = TLSConnection(sock)
            connection.ignoreAbruptClose = False
            connection.closeSocket = False
            run(connection)

    def answer(self) -> list[str]:
        assert self._task is not None
        try:
            self._task.result()
        except Exception as error:
            return ["fail", repr(error)]
        return ["done"]


@functools.cache
def tlslite(form: str) -> Tlslite:
    return Tlslite(form)
