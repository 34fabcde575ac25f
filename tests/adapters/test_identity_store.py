"""A store of identities picks by name and kind of key, follows its files, and survives bad ones."""

from __future__ import annotations

import logging
import os
import pipes
import shutil
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import certs
import securetransport as st
from securetransport import extensions
from securetransport.adapters import identity_store
from securetransport.adapters.identity_store import IdentityStore, IdentityStoreWarning

RSA = st.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
ECDSA = st.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256


def put(folder: Path, credential: certs.Credential, name: str) -> tuple[Path, Path]:
    """Certificate and key as files; a change is seen however coarse the clock of the file system is."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    step = 0 if not cert.exists() else cert.stat().st_mtime_ns
    shutil.copy(credential.file("cert"), cert)
    shutil.copy(credential.file("key"), key)
    if step:
        for file in (cert, key):
            os.utime(file, ns=(step + 10**9, step + 10**9))
    return cert, key


def served(credentials: Sequence[Any] | None) -> bytes:
    assert credentials is not None
    return bytes(credentials[0].certificate.der)


def leaf(name: str, hosts: Sequence[str], kind: str = "p256") -> certs.Credential:
    return certs.make_leaf(f"store-{name}", kind, certs.authority(), hosts=hosts)


WWW, API = leaf("www", ["www.example.com", "example.com"]), leaf("api", ["api.example.com"])
WILD = leaf("wild", ["*.example.com"])
WWW_RSA = leaf("www-rsa", ["www.example.com", "example.com"], "rsa")


@pytest.fixture
def store(tmp_path: Path) -> IdentityStore:
    made = IdentityStore(reload_after=0)
    for credential, name in ((WWW, "www"), (WWW_RSA, "www-rsa"), (API, "api"), (WILD, "wild")):
        made.add_files(*put(tmp_path, credential, name))
    return made


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("www.example.com", WWW),
        ("WWW.Example.COM.", WWW),
        (b"api.example.com", API),
        ("new.example.com", WILD),
        ("deep.new.example.com", WWW),
        ("elsewhere.org", WWW),
        (None, WWW),
    ],
)
def test_names_choose_exactly_then_by_wildcard_then_the_first(
    store: IdentityStore, name: Any, wanted: certs.Credential
) -> None:
    assert served(store.choose(name)) == wanted.der


def test_kinds_of_keys_choose_among_those_of_a_name(store: IdentityStore) -> None:
    assert served(store.choose("www.example.com", ["RSA"])) == WWW_RSA.der
    assert served(store.choose("www.example.com", ["P-256", "RSA"])) == WWW.der
    assert served(store.choose(None, ["RSA"])) == WWW_RSA.der
    assert served(store.choose("api.example.com", ["RSA"])) == WWW_RSA.der
    assert store.choose("www.example.com", ["Ed25519"]) is None
    assert store.choose("www.example.com", []) is None
    assert IdentityStore().choose("www.example.com") is None


def test_a_key_for_pss_alone_is_none_for_the_rsa_key_exchange(tmp_path: Path) -> None:
    """Whatever its file calls it: the certificate's word counts."""
    store = IdentityStore()
    store.add_files(*put(tmp_path, certs.leaf("pss"), "pss"))
    assert store.choose(None, ["RSA"]) is None
    assert served(store.choose(None, ["RSA-PSS"])) == certs.leaf("pss").der
    assert (
        handshake(store, client(certs.HOST, [st.TLS_RSA_WITH_AES_128_GCM_SHA256]))[1] == st.errSSLNegotiation
    )
    assert handshake(store, client(certs.HOST, [RSA]))[:2] == (0, 0)


def test_the_preference_is_the_callers(tmp_path: Path) -> None:
    store = IdentityStore(preference=["RSA", "P-256"])
    store.add_files(*put(tmp_path, WWW, "a"))
    store.add_files(*put(tmp_path, WWW_RSA, "b"))
    assert served(store.choose("www.example.com")) == WWW_RSA.der
    only = IdentityStore(preference=["P-256"])
    only.add_files(tmp_path / "b.pem", tmp_path / "b.key")
    assert only.choose(None) is None


def test_names_can_be_given_instead_of_those_in_the_certificate(tmp_path: Path) -> None:
    store = IdentityStore()
    store.add_files(*put(tmp_path, WWW, "a"), names=["one.test", "*.two.test"])
    store.add(pipes.array(API), names=["three.test"])
    assert served(store.choose("x.two.test")) == WWW.der
    assert served(store.choose("three.test")) == API.der
    assert len(store) == 2
    assert "one.test" in repr(store)
    with pytest.raises(TypeError):
        store.add([pipes.certificate(API.der)])
    with pytest.raises(FileNotFoundError):
        store.add_files(tmp_path / "missing")
    assert len(store) == 2


def test_changed_files_are_taken_over_with_their_names(tmp_path: Path) -> None:
    store = IdentityStore(reload_after=0)
    store.add_files(*put(tmp_path, WWW, "a"))
    assert store.reload() == 0
    put(tmp_path, API, "a")
    assert served(store.choose("api.example.com")) == API.der
    put(tmp_path, WWW, "a")
    assert store.reload() == 1
    assert served(store.choose(None)) == WWW.der


def test_files_are_not_looked_at_more_often_than_said(tmp_path: Path) -> None:
    store = IdentityStore(reload_after=3600)
    store.add_files(*put(tmp_path, WWW, "a"))
    put(tmp_path, API, "a")
    assert served(store.choose(None)) == WWW.der
    assert store.reload() == 1
    assert served(store.choose(None)) == API.der


@pytest.mark.parametrize("damage", ["missing", "empty", "half", "other key"])
def test_a_bad_change_warns_once_and_what_was_good_goes_on(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = IdentityStore(reload_after=0)
    cert, key = put(tmp_path, WWW, "a")
    store.add_files(cert, key)
    whole = cert.read_bytes()
    if damage == "missing":
        cert.unlink()
    elif damage == "other key":
        key.write_bytes(API.file("key").read_bytes() + b"\n")
    else:
        cert.write_bytes(b"" if damage == "empty" else whole[: len(whole) // 3])
    with caplog.at_level(logging.WARNING), pytest.warns(IdentityStoreWarning, match="keeps its certificate"):
        assert served(store.choose("www.example.com")) == WWW.der
    assert "www.example.com keeps its certificate" in caplog.text
    assert str(tmp_path) in caplog.text
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert served(store.choose("www.example.com")) == WWW.der
    put(tmp_path, API, "a")
    assert served(store.choose("api.example.com")) == API.der


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
@pytest.mark.parametrize("which", ["pipe", "directory", "loop", "huge", "device"])
def test_what_stands_in_a_files_place_holds_no_handshake_up(tmp_path: Path, which: str) -> None:
    store = IdentityStore(reload_after=0)
    cert, key = put(tmp_path, WWW, "a")
    store.add_files(cert, key)
    cert.unlink()
    said = "no regular file"
    if which == "pipe":
        os.mkfifo(cert)  # nobody will ever write to it
    elif which == "directory":
        cert.mkdir()
    elif which == "device":
        cert.symlink_to("/dev/zero")
    elif which == "loop":
        cert.symlink_to(cert)
        said = "ymbolic link"
    else:
        with cert.open("wb") as file:
            file.truncate(1 << 40)
        said = "larger than 16 MiB"
    with pytest.warns(IdentityStoreWarning, match=said):
        assert served(store.choose("www.example.com")) == WWW.der
    unheard(store, WWW)
    if which == "directory":
        cert.rmdir()
    else:
        cert.unlink()
    put(tmp_path, API, "a")
    assert served(store.choose("api.example.com")) == API.der


def unheard(store: IdentityStore, wanted: certs.Credential) -> None:
    """Many connections without another word."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(20):
            assert served(store.choose("www.example.com")) == wanted.der


def test_every_way_of_being_bad_is_warned_of_once_and_recovery_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    store = IdentityStore(reload_after=0)
    cert, key = put(tmp_path, WWW, "a")
    store.add_files(cert, key)
    cert.write_bytes(b"")
    with pytest.warns(IdentityStoreWarning, match="neither PEM"):
        assert served(store.choose("www.example.com")) == WWW.der
    os.utime(cert, ns=(10**18, 10**18))  # touched, and as bad as it was
    unheard(store, WWW)
    cert.write_bytes(WWW.file("cert").read_bytes()[:200])
    with pytest.warns(IdentityStoreWarning, match="cut off"):
        assert served(store.choose("www.example.com")) == WWW.der
    unheard(store, WWW)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    caplog.clear()
    put(tmp_path, WWW, "a")
    assert store.reload() == 0, "they hold what they held before"
    assert [record.getMessage() for record in caplog.records] == [
        "www.example.com is served from its files again"
    ]
    assert caplog.records[0].levelno == logging.WARNING
    put(tmp_path, API, "a")
    assert store.reload() == 1
    assert caplog.records[-1].getMessage() == "api.example.com has a new certificate"
    cert.write_bytes(b"")
    with pytest.warns(IdentityStoreWarning, match="api.example.com keeps"):
        store.reload()


def test_what_could_not_be_read_for_a_moment_is_read_though_the_files_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = IdentityStore(reload_after=0)
    store.add_files(*put(tmp_path, WWW, "a"))
    put(tmp_path, API, "a")

    def refuse(*_: object) -> Any:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(identity_store, "credentials_from_files", refuse)
        with pytest.warns(IdentityStoreWarning, match="Too many open files"):
            assert served(store.choose(None)) == WWW.der
        unheard(store, WWW)
    assert served(store.choose(None)) == API.der
    assert "api.example.com is served from its files again" in caplog.text


@pytest.mark.skipif(os.name == "nt", reason="making links needs a privilege")
def test_links_are_followed_to_where_they_lead_now(tmp_path: Path) -> None:
    """As Kubernetes updates a mounted secret: the files are links through ..data, which is replaced at once."""

    def write(version: str, credential: certs.Credential) -> None:
        folder = tmp_path / version
        folder.mkdir()
        for part in ("cert", "key"):
            shutil.copy(credential.file(part), folder / part)
            # Neither date nor, among certificates of one kind, size need tell two versions apart.
            os.utime(folder / part, ns=(10**18, 10**18))

    def swap(version: str) -> None:
        (tmp_path / "..new").symlink_to(version)
        (tmp_path / "..new").replace(tmp_path / "..data")

    write("..1", WWW)
    swap("..1")
    for part in ("cert", "key"):
        (tmp_path / part).symlink_to(Path("..data") / part)
    store = IdentityStore(reload_after=0)
    store.add_files(tmp_path / "cert", tmp_path / "key")
    write("..2", API)
    unheard(store, WWW)
    swap("..2")
    assert served(store.choose(None)) == API.der
    shutil.rmtree(tmp_path / "..1")
    unheard(store, API)
    (tmp_path / "..3").mkdir()
    swap("..3")
    with pytest.warns(IdentityStoreWarning, match="No such file"):
        assert served(store.choose(None)) == API.der
    unheard(store, API)
    swap("..2")
    unheard(store, API)
    write("..4", WWW)
    swap("..4")
    assert served(store.choose(None)) == WWW.der


def test_files_that_are_replaced_between_the_two_reads_are_read_again_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = IdentityStore(reload_after=0)
    cert, key = put(tmp_path, WWW, "a")
    store.add_files(cert, key)
    turns: list[int] = []

    def read(*arguments: Any) -> Any:
        turns.append(1)
        try:
            return extensions.credentials_from_files(*arguments)
        finally:
            if len(turns) == 1:
                shutil.copy(API.file("key"), key)

    shutil.copy(API.file("cert"), cert)  # and the key not yet
    monkeypatch.setattr(identity_store, "credentials_from_files", read)
    unheard(store, API)
    assert len(turns) == 2


def test_files_that_never_stop_changing_are_read_a_few_times_and_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = IdentityStore(reload_after=0)
    cert, key = put(tmp_path, WWW, "a")
    store.add_files(cert, key)
    turns: list[int] = []

    def read(*_: Any) -> Any:
        turns.append(1)
        cert.write_bytes(b"x" * len(turns))
        raise ValueError("half written")

    cert.write_bytes(b"")
    monkeypatch.setattr(identity_store, "credentials_from_files", read)
    with pytest.warns(IdentityStoreWarning, match="half written"):
        assert served(store.choose(None)) == WWW.der
    assert 1 < len(turns) <= 5


def client(name: str | None, suites: Sequence[int] | None = None) -> Any:
    ctx = pipes.client(name, suites=suites)
    return ctx


def handshake(store: IdentityStore, ctx: Any) -> tuple[int, int, Any]:
    """Both ends' statuses and the client's trust object."""
    server = st.SSLCreateContext(None, st.kSSLServerSide, st.kSSLStreamType)
    pair = pipes.Pair(client=ctx, server=server)
    ours = theirs = st.errSSLWouldBlock
    for _ in range(50):
        if ours == st.errSSLWouldBlock:
            ours = st.SSLHandshake(ctx)
        if theirs == st.errSSLWouldBlock:
            theirs = store.handshake(server)
    assert pair.server is server
    return ours, theirs, st.SSLCopyPeerTrust(ctx)[1]


@pytest.mark.parametrize(
    ("name", "suites", "wanted"),
    [
        ("www.example.com", [ECDSA, RSA], WWW),
        ("www.example.com", [RSA], WWW_RSA),
        ("api.example.com", [ECDSA], API),
        ("new.example.com", [ECDSA, RSA], WILD),
    ],
)
def test_a_handshake_gets_the_identity_of_its_name_and_suites(
    store: IdentityStore, name: str, suites: list[int], wanted: certs.Credential
) -> None:
    ours, theirs, trust = handshake(store, client(name, suites))
    assert (ours, theirs) == (0, 0)
    assert st.SecTrustGetCertificateAtIndex(trust, 0).der == wanted.der


def test_a_client_no_identity_is_for_is_told_so(tmp_path: Path) -> None:
    store = IdentityStore()
    store.add_files(*put(tmp_path, WWW, "a"))
    ours, theirs, _ = handshake(store, client("www.example.com", [RSA]))
    assert theirs == st.errSSLNegotiation
    assert ours == st.errSSLPeerHandshakeFail


def test_identities_change_between_handshakes(tmp_path: Path) -> None:
    store = IdentityStore(reload_after=0)
    store.add_files(*put(tmp_path, WWW, "a"))
    assert handshake(store, client("www.example.com"))[:2] == (0, 0)
    renewed = leaf("www-new", ["www.example.com"])
    put(tmp_path, renewed, "a")
    ours, theirs, trust = handshake(store, client("www.example.com"))
    assert (ours, theirs) == (0, 0)
    assert st.SecTrustGetCertificateAtIndex(trust, 0).der == renewed.der


def test_many_threads_choose_while_files_change(tmp_path: Path) -> None:
    store = IdentityStore(reload_after=0)
    store.add_files(*put(tmp_path, WWW, "a"))
    wrong: list[bytes] = []

    def work() -> None:
        for _ in range(100):
            got = served(store.choose(None))
            if got not in (WWW.der, API.der):
                wrong.append(got)

    threads = [threading.Thread(target=work) for _ in range(4)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for thread in threads:
            thread.start()
        for turn in range(10):
            put(tmp_path, (API, WWW)[turn % 2], "a")
        for thread in threads:
            thread.join()
    assert wrong == []
    store.reload()
    assert served(store.choose(None)) == WWW.der


def test_the_suites_a_client_offers_can_be_asked_for() -> None:
    server = pipes.server()
    assert extensions.SSLCopyOfferedCiphers(server) == (0, ())
    st.SSLSetSessionOption(server, st.kSSLSessionOptionBreakOnClientHello, True)
    ctx = client(certs.HOST, [RSA, ECDSA])
    pair = pipes.Pair(client=ctx, server=server)
    codes = pair.turns()
    assert codes[1][-1] == st.errSSLClientHelloReceived
    status, suites = extensions.SSLCopyOfferedCiphers(server, None)
    assert status == 0
    assert suites is not None
    assert [number for number in suites if number in (RSA, ECDSA)] == [RSA, ECDSA]
    assert extensions.SSLCopyOfferedCiphers(ctx) == (0, ())
    assert extensions.SSLCopyOfferedCiphers(None) == (st.errSecParam, None)
