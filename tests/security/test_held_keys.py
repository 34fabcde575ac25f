"""Private keys that somebody else holds serve handshakes, and fail them cleanly."""

from __future__ import annotations

import gc
import os
import pipes
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

import certs
import securetransport as st
from securetransport import extensions, spi

ECDHE_RSA, RSA_KX = st.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, st.TLS_RSA_WITH_AES_128_GCM_SHA256
ECDHE_ECDSA = st.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256


def hash_of(algorithm: str) -> Any:
    return next(
        getattr(hashes, name)() for name in ("SHA512", "SHA384", "SHA256", "SHA1") if name in algorithm
    )


class Elsewhere:
    """Holds a key and writes down what it was asked."""

    def __init__(self, name: str) -> None:
        self.credential = certs.leaf(name)
        self.key: Any = self.credential.key
        self.asked: list[str] = []
        self.wrong: Callable[[], bytes] | None = None

    def sign(self, data: bytes, algorithm: str) -> bytes:
        self.asked.append(algorithm)
        if self.wrong is not None:
            return self.wrong()
        if "EdDSA" in algorithm:
            return bytes(self.key.sign(data))
        if algorithm == st.kSecKeyAlgorithmRSASignatureDigestPKCS1v15Raw:
            assert data[0] == 0x30
            return bytes(self.key.sign(data, padding.PKCS1v15(), utils.NoDigestInfo()))
        chosen = hash_of(algorithm) if "SHA" in algorithm else hashes.SHA256()
        form: Any = chosen if ":message" in algorithm else utils.Prehashed(chosen)
        if "ECDSA" in algorithm:
            signature = self.key.sign(data, ec.ECDSA(form))
            if "RFC4754" in algorithm:
                size = (self.key.key_size + 7) // 8
                parts = utils.decode_dss_signature(signature)
                return b"".join(part.to_bytes(size, "big") for part in parts)
            return bytes(signature)
        if "PSS" in algorithm:
            return bytes(self.key.sign(data, padding.PSS(padding.MGF1(chosen), chosen.digest_size), form))
        return bytes(self.key.sign(data, padding.PKCS1v15(), form))

    def decrypt(self, ciphertext: bytes, algorithm: str) -> bytes:
        self.asked.append(algorithm)
        if self.wrong is not None:
            return self.wrong()
        if algorithm == st.kSecKeyAlgorithmRSAEncryptionRaw:
            numbers = self.key.private_numbers()
            opened = pow(int.from_bytes(ciphertext, "big"), numbers.d, numbers.public_numbers.n)
            return opened.to_bytes(self.key.key_size // 8, "big")
        return bytes(self.key.decrypt(ciphertext, padding.PKCS1v15()))

    def server(self, algorithms: list[str] | None = None, suite: int | None = None, **only: Any) -> Any:
        functions = only or {"sign": self.sign, "decrypt": self.decrypt}
        leaf, *rest = (pipes.certificate(der) for der in self.credential.chain_der)
        key = extensions.SecKeyCreateWithCallbacks(leaf, algorithms=algorithms, **functions)
        identity = st.SecIdentityCreate(None, leaf, key)
        assert identity is not None
        ctx = pipes.server(None, None if suite is None else [suite])
        pipes.ok(st.SSLSetCertificate(ctx, [identity, *rest]))
        return ctx


def handshake(server: Any, suite: int | None = None, wanted: int = 0) -> None:
    client = pipes.client(suites=None if suite is None else [suite])
    pair = pipes.Pair(client=client, server=server)
    codes = pair.handshake()
    assert codes[1] == wanted, tuple(map(pipes.name, codes))
    if wanted == 0:
        assert pair.transfer(client, b"up") == b"up"
        assert pair.transfer(server, b"down") == b"down"


@pytest.mark.parametrize("name", ["rsa", "p256", "p384", "p521", "ed25519", "pss"])
def test_a_key_held_elsewhere_serves_a_handshake(name: str) -> None:
    elsewhere = Elsewhere(name)
    handshake(elsewhere.server())
    assert len(elsewhere.asked) == 1


EC_FORMS = [
    st.kSecKeyAlgorithmECDSASignatureDigestX962SHA256,
    st.kSecKeyAlgorithmECDSASignatureMessageX962SHA256,
    st.kSecKeyAlgorithmECDSASignatureDigestX962,
    st.kSecKeyAlgorithmECDSASignatureDigestRFC4754SHA256,
    st.kSecKeyAlgorithmECDSASignatureMessageRFC4754SHA256,
    st.kSecKeyAlgorithmECDSASignatureDigestRFC4754,
    st.kSecKeyAlgorithmECDSASignatureRFC4754,
]
RSA_FORMS = [
    st.kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA256,
    st.kSecKeyAlgorithmRSASignatureMessagePKCS1v15SHA256,
    st.kSecKeyAlgorithmRSASignatureDigestPKCS1v15Raw,
    st.kSecKeyAlgorithmRSASignatureDigestPSSSHA256,
    st.kSecKeyAlgorithmRSASignatureMessagePSSSHA256,
]


@pytest.mark.parametrize("algorithm", EC_FORMS + RSA_FORMS)
def test_the_holder_is_asked_in_the_form_it_understands(algorithm: str) -> None:
    elsewhere = Elsewhere("p256" if "ECDSA" in algorithm else "rsa")
    handshake(elsewhere.server([algorithm]))
    assert elsewhere.asked == [algorithm]


@pytest.mark.parametrize(
    "algorithm", [st.kSecKeyAlgorithmRSAEncryptionPKCS1, st.kSecKeyAlgorithmRSAEncryptionRaw]
)
def test_the_holder_opens_the_rsa_key_exchange(algorithm: str) -> None:
    elsewhere = Elsewhere("rsa")
    handshake(elsewhere.server([algorithm], RSA_KX), RSA_KX)
    assert elsewhere.asked == [algorithm]


def test_a_key_that_only_signs_is_not_chosen_for_the_rsa_key_exchange() -> None:
    elsewhere = Elsewhere("rsa")
    handshake(elsewhere.server(sign=elsewhere.sign), RSA_KX, st.errSSLNegotiation)
    assert elsewhere.asked == []
    handshake(elsewhere.server(decrypt=elsewhere.decrypt), ECDHE_RSA, st.errSSLNegotiation)
    assert elsewhere.asked == []


def test_a_client_can_show_a_certificate_whose_key_is_elsewhere() -> None:
    elsewhere = Elsewhere("p256")
    leaf, *rest = (pipes.certificate(der) for der in elsewhere.credential.chain_der)
    key = extensions.SecKeyCreateWithCallbacks(leaf, elsewhere.sign)
    client, server = pipes.client(), pipes.server()
    pipes.ok(st.SSLSetCertificate(client, [st.SecIdentity(leaf, key), *rest]))
    pipes.ok(st.SSLSetClientSideAuthenticate(server, st.kAlwaysAuthenticate))
    pipes.ok(st.SSLSetSessionOption(server, st.kSSLSessionOptionBreakOnClientAuth, True))
    pair = pipes.Pair(client=client, server=server)
    codes = pair.turns()
    assert codes[1][-1] == st.errSSLPeerAuthCompleted
    assert len(elsewhere.asked) <= 1
    assert pair.handshake() == (0, 0)
    assert len(elsewhere.asked) == 1


@pytest.fixture
def unraised() -> Iterator[list[Any]]:
    """What the interpreter was told of exceptions that nobody could be given."""
    seen: list[Any] = []
    kept, sys.unraisablehook = sys.unraisablehook, lambda event: seen.append(event.exc_value)
    yield seen
    sys.unraisablehook = kept


def boom() -> bytes:
    raise RuntimeError("the token was pulled out")


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [(boom, RuntimeError), (lambda: b"", None), (lambda: b"x" * 256, None), (lambda: "text", TypeError)],
)
@pytest.mark.parametrize("suite", [ECDHE_RSA, RSA_KX])
def test_a_holder_that_fails_or_lies_fails_the_handshake_and_nothing_else(
    unraised: list[Any], wrong: Callable[[], Any], kind: type | None, suite: int
) -> None:
    elsewhere = Elsewhere("rsa")
    elsewhere.wrong = wrong
    server = elsewhere.server(None, suite)
    client = pipes.client(suites=[suite])
    pair = pipes.Pair(client=client, server=server)
    ours, theirs = pair.handshake()
    assert theirs not in (0, st.errSSLWouldBlock), pipes.name(theirs)
    assert ours not in (0, st.errSSLWouldBlock), pipes.name(ours)
    if suite == RSA_KX:
        # As after any wrong premaster, so that nothing is learnt about the ciphertext.
        assert theirs == st.errSSLDecryptionFail, pipes.name(theirs)
    assert len(elsewhere.asked) == 1
    assert [type(error) for error in unraised] == ([] if kind is None else [kind])
    elsewhere.wrong = None
    handshake(elsewhere.server(None, suite), suite)


def test_the_holder_may_look_at_the_context_but_not_move_its_data() -> None:
    elsewhere = Elsewhere("p256")
    answers: list[Any] = []
    server: Any = None

    def sign(data: bytes, algorithm: str) -> bytes:
        answers.append(st.SSLGetSessionState(server))
        answers.append(st.SSLHandshake(server))
        return elsewhere.sign(data, algorithm)

    server = elsewhere.server(sign=sign)
    handshake(server)
    assert answers == [(0, st.kSSLHandshake), st.errSecBadReq]


@pytest.mark.contract(
    "CFErrorGetCode",
    "SecKeyCopyAttributes",
    "SecKeyCopyPublicKey",
    "SecKeyCreateSignature",
    "SecKeyIsAlgorithmSupported",
    "SecKeyVerifySignature",
)
def test_such_a_key_signs_for_python_too_and_cannot_be_exported() -> None:
    elsewhere = Elsewhere("p256")
    public = st.SecCertificateCopyKey(pipes.certificate(elsewhere.credential.der))
    key = extensions.SecKeyCreateWithCallbacks(public, elsewhere.sign)
    algorithm = st.kSecKeyAlgorithmECDSASignatureDigestX962SHA256
    signature, error = st.SecKeyCreateSignature(key, algorithm, bytes(32), None)
    assert error is None
    assert st.SecKeyVerifySignature(public, algorithm, bytes(32), signature, None) == (True, None)
    other = st.kSecKeyAlgorithmECDSASignatureMessageX962SHA256
    assert not st.SecKeyIsAlgorithmSupported(key, st.kSecKeyOperationTypeSign, other)
    assert st.SecKeyIsAlgorithmSupported(key, st.kSecKeyOperationTypeSign, algorithm)
    data, error = st.SecKeyCopyExternalRepresentation(key, None)
    assert data is None
    assert st.CFErrorGetCode(error) == st.errSecUnimplemented
    assert st.SecKeyCopyPublicKey(key) == public
    attributes = st.SecKeyCopyAttributes(key)
    assert attributes[st.kSecAttrIsExtractable] is False
    assert attributes[st.kSecAttrIsSensitive] is True
    elsewhere.wrong = boom
    data, error = st.SecKeyCreateSignature(key, algorithm, bytes(32), None)
    assert data is None
    assert "the token was pulled out" in str(error)


def test_algorithms_that_do_not_fit_are_refused_at_once() -> None:
    leaf = pipes.certificate(certs.leaf("p256").der)
    for algorithm in ("nonsense", st.kSecKeyAlgorithmECDHKeyExchangeStandard, RSA_FORMS[0]):
        with pytest.raises(ValueError, match=r"algid|nonsense"):
            extensions.SecKeyCreateWithCallbacks(leaf, Elsewhere("p256").sign, algorithms=[algorithm])


def test_a_held_key_lets_go_of_its_functions() -> None:
    elsewhere = Elsewhere("p256")
    key = extensions.SecKeyCreateWithCallbacks(pipes.certificate(elsewhere.credential.der), elsewhere.sign)
    gone = weakref.ref(elsewhere)
    del elsewhere, key
    gc.collect()
    assert gone() is None


# --- a PKCS#11 token ----------------------------------------------------------------------------------------


def softhsm() -> str:
    places = ("/usr/lib/softhsm", "/usr/lib/x86_64-linux-gnu/softhsm", "/usr/lib/aarch64-linux-gnu/softhsm")
    found = [Path(place) / "libsofthsm2.so" for place in places]
    library = next((path for path in found if path.exists()), None)
    assert library is not None, "SoftHSM is missing: apt-get install softhsm2"
    return str(library)


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A session with a fresh token."""
    import PyKCS11

    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path}/tokens\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    command = [
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        "tests",
        "--pin",
        "1234",
        "--so-pin",
        "1234",
    ]
    subprocess.run(command, check=True, capture_output=True, env=os.environ)
    library = PyKCS11.PyKCS11Lib()
    library.load(softhsm())
    session = library.openSession(library.getSlotList(tokenPresent=True)[0], PyKCS11.CKF_RW_SESSION)
    session.login("1234")
    yield session
    session.logout()
    session.closeSession()
    del library


def put_into(session: Any, credential: certs.Credential, folder: Path) -> Any:
    """The private key in the token; the handle."""
    import PyKCS11

    (folder / "key.p8").write_bytes(credential.file("key").read_bytes())
    command = ["softhsm2-util", "--import", str(folder / "key.p8"), "--token", "tests", "--label", "key"]
    subprocess.run([*command, "--id", "01", "--pin", "1234"], check=True, capture_output=True, env=os.environ)
    return session.findObjects([(PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY)])[0]


@pytest.mark.parametrize(
    ("name", "suite"), [("rsa", ECDHE_RSA), ("rsa", RSA_KX), ("p256", ECDHE_ECDSA), ("p384", ECDHE_ECDSA)]
)
def test_a_key_in_a_pkcs11_token_serves_handshakes(token: Any, tmp_path: Path, name: str, suite: int) -> None:
    import PyKCS11

    handle = put_into(token, certs.leaf(name), tmp_path)
    mechanisms = {
        st.kSecKeyAlgorithmRSASignatureDigestPKCS1v15Raw: PyKCS11.CKM_RSA_PKCS,
        st.kSecKeyAlgorithmECDSASignatureDigestRFC4754: PyKCS11.CKM_ECDSA,
        st.kSecKeyAlgorithmRSAEncryptionRaw: PyKCS11.CKM_RSA_X_509,
    }

    def sign(data: bytes, algorithm: str) -> bytes:
        return bytes(token.sign(handle, data, PyKCS11.Mechanism(mechanisms[algorithm], None)))

    def decrypt(data: bytes, algorithm: str) -> bytes:
        return bytes(token.decrypt(handle, data, PyKCS11.Mechanism(mechanisms[algorithm], None)))

    usable = [text for text in mechanisms if ("ECDSA" in text) == name.startswith("p")]
    server = Elsewhere(name).server(usable, suite, sign=sign, decrypt=decrypt)
    handshake(server, suite)


def test_the_private_names_of_edwards_curves_are_what_holders_are_asked_by() -> None:
    elsewhere = Elsewhere("ed25519")
    handshake(elsewhere.server())
    assert elsewhere.asked == [spi.kSecKeyAlgorithmEdDSASignatureMessageCurve25519SHA512]
