"""Certificates of a server that change while it serves.

In: files with certificates and keys, or credentials that are in memory. Out: the credentials for a client, by the
name it asks for and by what it can verify. Promise: files are read anew when they change, also where links lead to
others (a secret mounted by Kubernetes); files that cannot be used change nothing but for one warning, and what was
good goes on serving until they can be used again, which the log says; a handshake is never held up by another store's
or thread's reload for longer than reading a file takes.

::

    store = IdentityStore()
    store.add_files("www.pem", "www.key")
    store.add_files("api-rsa.pem", "api-rsa.key", names=["api.example.com"])
    ...
    status = store.handshake(context)      # in place of SSLHandshake(context)
"""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .. import constants as _c
from .._native import SecCertificate, SecIdentity, SSLContext
from ..extensions import SSLCopyOfferedCiphers, credentials_from_files
from ..functions import (
    SSLCopyRequestedPeerName,
    SSLCopyRequestedPeerNameLength,
    SSLHandshake,
    SSLSetCertificate,
    SSLSetSessionOption,
)
from ..security import SecCertificateCopyKey

Path = str | os.PathLike[str]
Credentials = list[SecIdentity | SecCertificate]

_log = logging.getLogger(__name__)

#: How often files are read that change between one and the next.
_READS = 3

#: Kinds of keys in the order they are preferred in: the cheapest signatures first.
PREFERENCE = ("Ed25519", "P-256", "P-384", "P-521", "RSA", "RSA-PSS", "DSA")


class IdentityStoreWarning(UserWarning):
    """Changed files that cannot be used; what they held before goes on serving.

    Once for every way in which they are bad, not for every connection. When they are good again, the log says so.
    """


@dataclass
class _Entry:
    """One identity, from files or from memory."""

    credentials: Credentials
    names: tuple[str, ...]
    files: tuple[Path, ...] = ()
    password: str | bytes | None = field(default=None, repr=False)
    own_names: bool = True
    stamp: tuple[object, ...] = ()
    checked: float = 0.0
    #: What was last complained about, until the files are good again.
    trouble: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def identity(self) -> SecIdentity:
        first = self.credentials[0]
        assert isinstance(first, SecIdentity)
        return first

    @property
    def kind(self) -> str:
        """The kind of the key as the certificate says it: one for RSA-PSS alone may be plain RSA in its file."""
        key = SecCertificateCopyKey(self.identity.certificate)
        return self.identity.key.kind if key is None else key.kind

    def __str__(self) -> str:
        return self.names[0] if self.names else "an identity"


def _stamp(files: Sequence[Path]) -> tuple[object, ...]:
    """What tells whether files have changed; a missing one is different from any that is there.

    Links are followed: a link that leads to another file is a change. Rights and owners count, since a file that
    could not be read may become readable by them.
    """
    found: list[object] = []
    for file in files:
        try:
            state = os.stat(file)
            rights = (state.st_mode, state.st_uid, state.st_gid)
            found.append((state.st_mtime_ns, state.st_size, state.st_dev, state.st_ino, rights))
        except OSError as error:
            found.append(type(error).__name__)
    return tuple(found)


def _check_regular(files: Sequence[Path]) -> None:
    """ValueError for a pipe or a device, which may have a handshake wait for a writer that never comes."""
    for file in files:
        if not stat.S_ISREG(os.stat(file).st_mode):
            raise ValueError(f"{os.fspath(file)}: this is no regular file, and none other is read again")


def _normal(name: str) -> str:
    return name.rstrip(".").lower()


def _names_in(credentials: Sequence[SecIdentity | SecCertificate]) -> tuple[str, ...]:
    """The hosts a certificate is for, as it says itself; its common name where it names none."""
    first = credentials[0]
    assert isinstance(first, SecIdentity)
    leaf = first.certificate
    names = [*leaf.dns_names, *leaf.ip_addresses]
    if not names and leaf.common_name:
        names = [leaf.common_name]
    return tuple(map(_normal, names))


def _fits(pattern: str, name: str) -> int:
    """How well a name of a certificate fits: 2 exactly, 1 by a wildcard for one label, 0 not."""
    if pattern == name:
        return 2
    head, dot, rest = name.partition(".")
    return int(bool(head and dot) and pattern == f"*.{rest}")


def _kinds_of(suites: Iterable[int]) -> set[str]:
    """The kinds of keys that some of the suites can use."""
    kinds: set[str] = set()
    for number in suites:
        name = _SUITES.get(number, "")
        if "_ECDHE_ECDSA_" in name or "_ECDH_ECDSA_" in name or "_ECDH_RSA_" in name:
            kinds.update(("P-256", "P-384", "P-521"))
            if "_ECDHE_ECDSA_" in name:
                kinds.add("Ed25519")
        elif "_DSS_" in name:
            kinds.add("DSA")
        elif name.startswith(("TLS_RSA_WITH", "SSL_RSA_WITH", "TLS_RSA_PSK")):
            kinds.add("RSA")
        elif "_RSA_" in name:
            kinds.update(("RSA", "RSA-PSS"))
    return kinds


_SUITES = {
    value: name
    for name, value in vars(_c).items()
    if name.startswith(("TLS_", "SSL_")) and isinstance(value, int)
}


class IdentityStore:
    """The identities of a server. Safe to use from several threads.

    ``reload_after``: seconds for which files are taken to be unchanged before they are looked at again; 0 looks at
    every choice. ``preference``: kinds of keys ("RSA", "RSA-PSS", "P-256", "P-384", "P-521", "Ed25519", "DSA"), the
    preferred first; one that is not listed is never chosen.
    """

    def __init__(self, *, reload_after: float = 1.0, preference: Sequence[str] = PREFERENCE) -> None:
        self._entries: list[_Entry] = []
        self._lock = threading.Lock()
        self._reload_after = reload_after
        self._preference = {kind: place for place, kind in enumerate(preference)}

    def add_files(
        self,
        cert: Path,
        key: Path | None = None,
        password: str | bytes | None = None,
        *,
        names: Iterable[str] | None = None,
    ) -> None:
        """An identity out of files (PEM, DER, PKCS#12), which are read anew when they change, or links to them do.

        ``names``: hosts to serve, "*." standing for one label; without them those the certificate names itself, also
        after a change. The first identity added serves clients that ask for no name or an unknown one. OSError or
        ValueError, with one sentence, when the files cannot be used.
        """
        files = (cert,) if key is None else (cert, key)
        stamp = _stamp(files)
        credentials = credentials_from_files(cert, key, password)
        chosen = _names_in(credentials) if names is None else tuple(map(_normal, names))
        entry = _Entry(credentials, chosen, files, password, names is None, stamp, time.monotonic())
        with self._lock:
            self._entries.append(entry)

    def add(
        self, credentials: Sequence[SecIdentity | SecCertificate], *, names: Iterable[str] | None = None
    ) -> None:
        """An identity and the certificates above it, from memory: a key in a token, say.

        ``names`` as of add_files. TypeError when the first element is no identity.
        """
        listed = list(credentials)
        if not listed or not isinstance(listed[0], SecIdentity):
            raise TypeError("the first of the credentials must be a SecIdentity")
        chosen = _names_in(listed) if names is None else tuple(map(_normal, names))
        with self._lock:
            self._entries.append(_Entry(listed, chosen))

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        with self._lock:
            names = [name for entry in self._entries for name in entry.names]
        return f"<IdentityStore of {len(self)}: {', '.join(names)}>"

    def reload(self) -> int:
        """Looks at all files now; how many identities changed."""
        with self._lock:
            entries = list(self._entries)
        return sum(self._refresh(entry, now=True) for entry in entries)

    def _refresh(self, entry: _Entry, *, now: bool = False) -> bool:
        """Reads an entry's files anew if they have changed; whether it took over something."""
        moment = time.monotonic()
        if not entry.files or (not now and moment - entry.checked < self._reload_after):
            return False
        if not entry.lock.acquire(blocking=now):
            return False  # another thread is at it; what was good until now will do
        try:
            entry.checked = moment
            if _stamp(entry.files) == entry.stamp:
                return False
            return self._replace(entry)
        finally:
            entry.lock.release()

    def _replace(self, entry: _Entry) -> bool:
        try:
            credentials = self._read(entry)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError):
                entry.stamp = ()  # it may pass without a change to the files: too many open ones, say
            self._complain(entry, f"{entry} keeps its certificate: {error}")
            return False
        names = _names_in(credentials) if entry.own_names else entry.names
        changed = credentials != entry.credentials
        with self._lock:
            entry.credentials, entry.names = credentials, names
        if entry.trouble is not None:
            entry.trouble = None
            # As loud as the complaint: whoever read that one wants to know.
            _log.warning("%s is served from its files again", entry)
        elif changed:
            _log.info("%s has a new certificate", entry)
        return changed

    def _read(self, entry: _Entry) -> Credentials:
        """What the files hold now. Certificate and key are two reads, between which both may be replaced: what
        cannot be used is read again if it has changed meanwhile.
        """
        cert, key = entry.files[0], entry.files[1] if len(entry.files) > 1 else None
        for turn in range(_READS):
            entry.stamp = _stamp(entry.files)
            try:
                _check_regular(entry.files)
                return credentials_from_files(cert, key, entry.password)
            except (OSError, ValueError):
                if turn == _READS - 1 or _stamp(entry.files) == entry.stamp:
                    raise
        raise AssertionError("unreachable")

    def _complain(self, entry: _Entry, words: str) -> None:
        """Once for every way in which the files are bad, however many connections come meanwhile."""
        if words == entry.trouble:
            return
        entry.trouble = words
        _log.warning("%s", words)
        warnings.warn(words, IdentityStoreWarning, stacklevel=5)

    def choose(
        self, name: str | bytes | None = None, kinds: Iterable[str] | None = None
    ) -> Credentials | None:
        """The credentials for a client, as SSLSetCertificate takes them; ``None`` when there are none.

        ``name``: the host it asks for; an exact name goes before a wildcard, and a name nobody has gets what the
        first identity has. ``kinds``: kinds of keys it can use, ``None`` for any.
        """
        with self._lock:
            entries = list(self._entries)
        for entry in entries:
            self._refresh(entry)
        text = name.decode("ascii", "replace") if isinstance(name, bytes) else name
        usable = None if kinds is None else set(kinds)
        with self._lock:
            listed = [entry for entry in entries if self._is_usable(entry, usable)]
            if not listed:
                return None
            best = self._by_name(listed, None if text is None else _normal(text), entries[0].names)
            best.sort(key=lambda entry: self._preference[entry.kind])
            return list(best[0].credentials)

    def _is_usable(self, entry: _Entry, usable: set[str] | None) -> bool:
        kind = entry.kind
        return kind in self._preference and (usable is None or kind in usable)

    def _by_name(self, entries: list[_Entry], name: str | None, first: tuple[str, ...]) -> list[_Entry]:
        """The entries that fit a name best; those that share names with the first identity where none does."""
        if name is not None:
            fit = [max((_fits(pattern, name) for pattern in entry.names), default=0) for entry in entries]
            if max(fit) > 0:
                return [entry for entry, quality in zip(entries, fit, strict=True) if quality == max(fit)]
        return [entry for entry in entries if set(entry.names) & set(first)] or entries[:1]

    def answer(self, context: SSLContext) -> int:
        """Gives a context its certificate, at the pause after the ClientHello (errSSLClientHelloReceived).

        By the name the client asks for and the kinds of keys its suites can use. errSSLNegotiation when there is no
        identity that it could use.
        """
        status, length = SSLCopyRequestedPeerNameLength(context)
        asked: bytes | None = None
        if status == _c.errSecSuccess and length:
            status, asked, _ = SSLCopyRequestedPeerName(context, None, length)
        name = asked.rstrip(b"\0") if asked else None
        _, suites = SSLCopyOfferedCiphers(context)
        credentials = self.choose(name or None, _kinds_of(suites or ()))
        if credentials is None:
            return int(_c.errSSLNegotiation)
        return SSLSetCertificate(context, credentials)

    def handshake(self, context: SSLContext) -> int:
        """SSLHandshake, with the pause after the ClientHello answered; every other status comes back.

        Sets kSSLSessionOptionBreakOnClientHello. When no identity will do, the handshake goes on without one and ends
        in errSSLNegotiation, so that the client is told.
        """
        SSLSetSessionOption(context, _c.kSSLSessionOptionBreakOnClientHello, True)
        status = SSLHandshake(context)
        if status == _c.errSSLClientHelloReceived:
            self.answer(context)
            status = SSLHandshake(context)
        return status
