"""Keys are made, read, written and used by the rules of their algorithms."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import pki
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from hypothesis import given, settings
from hypothesis import strategies as st

from securetransport import cf, spi
from securetransport import constants as c
from securetransport import security as s

DER, SPKI = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
PUBLIC = {c.kSecAttrKeyClass: c.kSecAttrKeyClassPublic}
PRIVATE = {c.kSecAttrKeyClass: c.kSecAttrKeyClassPrivate}
RSA = {c.kSecAttrKeyType: c.kSecAttrKeyTypeRSA}
EC = {c.kSecAttrKeyType: c.kSecAttrKeyTypeECSECPrimeRandom}
ALGORITHMS = {name: value for name, value in vars(c).items() if name.startswith("kSecKeyAlgorithm")}
SIGN, VERIFY, ENCRYPT, DECRYPT, EXCHANGE = range(5)


@cache
def made(kind: str, size: int) -> s.SecKey:
    key, error = s.SecKeyCreateRandomKey({c.kSecAttrKeyType: kind, c.kSecAttrKeySizeInBits: size}, None)
    assert error is None
    assert key is not None
    return key


def rsa_key(size: int = 2048) -> s.SecKey:
    return made(c.kSecAttrKeyTypeRSA, size)


def ec_key(size: int = 256) -> s.SecKey:
    return made(c.kSecAttrKeyTypeECSECPrimeRandom, size)


def loaded(key: s.SecKey) -> Any:
    """The key as ``cryptography`` reads its external representation."""
    data, error = s.SecKeyCopyExternalRepresentation(key, None)
    assert error is None
    assert data is not None
    if key.kind.startswith("P-"):
        curve = {192: ec.SECP192R1(), 224: ec.SECP224R1(), 256: ec.SECP256R1(), 384: ec.SECP384R1()}
        chosen = curve.get(key.bits, ec.SECP521R1())
        if not key.is_private:
            return ec.EllipticCurvePublicKey.from_encoded_point(chosen, data)
        return ec.derive_private_key(int.from_bytes(data[-((key.bits + 7) // 8) :], "big"), chosen)
    if key.is_private:
        return serialization.load_der_private_key(data, None)
    return pki.rsa_public_from_pkcs1(data)


def status(answer: tuple[Any, cf.CFError | None]) -> int:
    assert not answer[0]
    assert answer[1] is not None
    assert str(answer[1]).endswith(".")
    return answer[1].code


def digest(name: str, data: bytes) -> bytes:
    return hashlib.new(name.lower(), data).digest()


@pytest.mark.parametrize("size", [512, 1024, 2048])
@pytest.mark.contract("CFEqual", "SecKeyCreateRandomKey", "SecKeyCreateWithData", "SecKeyGetBlockSize")
def test_rsa_keys_go_out_and_in_as_pkcs1(size: int) -> None:
    key = rsa_key(size)
    assert loaded(key).key_size == size == key.bits
    for half, attributes in ((key, PRIVATE), (s.SecKeyCopyPublicKey(key), PUBLIC)):
        data, _ = s.SecKeyCopyExternalRepresentation(half, None)
        again, error = s.SecKeyCreateWithData(data, RSA | attributes, None)
        assert error is None
        assert again == half
        assert cf.CFEqual(again, half)
        assert s.SecKeyCopyExternalRepresentation(again, None) == (data, None)
        assert s.SecKeyGetBlockSize(again) == size // 8
    spki = loaded(key).public_key().public_bytes(DER, SPKI)
    assert s.SecKeyCreateWithData(spki, RSA | PUBLIC, None) == (key.public(), None)


@pytest.mark.parametrize(
    ("size", "lengths"),
    [(192, (49, 73)), (224, (57, 85)), (256, (65, 97)), (384, (97, 145)), (521, (133, 199))],
)
def test_ec_keys_go_out_and_in_as_points(size: int, lengths: tuple[int, int]) -> None:
    key = ec_key(size)
    assert s.SecKeyGetBlockSize(key) == (size + 7) // 8
    public = s.SecKeyCopyPublicKey(key)
    for half, attributes, length in ((public, PUBLIC, lengths[0]), (key, PRIVATE, lengths[1])):
        data, _ = s.SecKeyCopyExternalRepresentation(half, None)
        assert data is not None
        assert len(data) == length
        again, error = s.SecKeyCreateWithData(data, EC | attributes, None)
        assert error is None
        assert again == half
        numbers = {c.kSecAttrKeyType: 73, c.kSecAttrKeyClass: int(attributes[c.kSecAttrKeyClass])}
        assert s.SecKeyCreateWithData(data, numbers, None) == (half, None)


def test_what_makes_no_key_is_a_parameter_error() -> None:
    point, _ = s.SecKeyCopyExternalRepresentation(ec_key().public())
    private, _ = s.SecKeyCopyExternalRepresentation(ec_key())
    assert point is not None
    assert private is not None
    off_curve = point[:-1] + bytes([point[-1] ^ 1])
    foreign = point + (7).to_bytes(32, "big")
    for data, attributes in [
        (b"", RSA | PUBLIC),
        (b"junk", RSA | PRIVATE),
        (off_curve, EC | PUBLIC),
        (point[:-1], EC | PUBLIC),
        (foreign, EC | PRIVATE),
        (point + bytes(32), EC | PRIVATE),
        (private, RSA | PRIVATE),
        (private, PRIVATE),
        (private, EC),
        (private, EC | {c.kSecAttrKeyClass: "9"}),
        (private, {c.kSecAttrKeyType: "9"} | PRIVATE),
    ]:
        assert status(s.SecKeyCreateWithData(data, attributes)) == c.errSecParam
    symmetric = {c.kSecAttrKeyClass: c.kSecAttrKeyClassSymmetric, c.kSecAttrKeyType: c.kSecAttrKeyTypeAES}
    assert status(s.SecKeyCreateWithData(bytes(16), symmetric)) == c.errSecUnimplemented


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        RSA,
        RSA | {c.kSecAttrKeySizeInBits: 511},
        RSA | {c.kSecAttrKeySizeInBits: 8193},
        RSA | {c.kSecAttrKeySizeInBits: "many"},
        EC | {c.kSecAttrKeySizeInBits: 255},
        {c.kSecAttrKeyType: c.kSecAttrKeyTypeDSA, c.kSecAttrKeySizeInBits: 2048},
    ],
)
def test_impossible_keys_are_not_generated(parameters: dict[str, Any]) -> None:
    assert status(s.SecKeyCreateRandomKey(parameters)) == c.errSecParam
    assert s.SecKeyGeneratePair(parameters) == (c.errSecParam, None, None)


@pytest.mark.contract("SecKeyGeneratePair")
def test_generation_takes_strings_and_the_attributes_of_the_halves() -> None:
    private = {c.kSecAttrKeySizeInBits: "384"}
    key, error = s.SecKeyCreateRandomKey(EC | {c.kSecAttrKeySizeInBits: 256, c.kSecPrivateKeyAttrs: private})
    assert error is None
    assert key is not None
    assert key.bits == 384
    code, public, other = s.SecKeyGeneratePair(EC | private, None, None)
    assert code == 0
    assert s.SecKeyCopyPublicKey(other) == public
    stored = {c.kSecPrivateKeyAttrs: {c.kSecAttrIsPermanent: True}}
    assert status(s.SecKeyCreateRandomKey(EC | private | stored)) == c.errSecUnimplemented


def test_attributes_describe_a_key_and_never_hold_private_bytes() -> None:
    key = rsa_key()
    attributes = s.SecKeyCopyAttributes(key)
    assert attributes is not None
    external, _ = s.SecKeyCopyExternalRepresentation(key.public())
    assert external is not None
    assert attributes[c.kSecAttrApplicationLabel] == hashlib.sha1(external).digest()
    assert attributes[c.kSecAttrKeyClass] == c.kSecAttrKeyClassPrivate
    assert attributes[c.kSecAttrKeySizeInBits] == 2048
    assert attributes[c.kSecAttrCanSign] is True
    assert c.kSecValueData not in attributes
    public = s.SecKeyCopyAttributes(key.public())
    assert public is not None
    assert public[c.kSecValueData] == external
    assert public[c.kSecAttrApplicationLabel] == attributes[c.kSecAttrApplicationLabel]
    assert s.SecKeyCopyAttributes(ec_key(521))[c.kSecAttrKeySizeInBits] == 521  # type: ignore[index]
    number = loaded(key).private_numbers().d.to_bytes(256, "big")
    assert number not in repr(attributes).encode() + repr(key).encode()


def hash_of(name: str) -> str | None:
    return next((h for h in ("SHA512", "SHA384", "SHA256", "SHA224", "SHA1") if h in name), None)


RSA_SIGNATURES = [name for name in ALGORITHMS if "RSASignature" in name]
EC_SIGNATURES = [name for name in ALGORITHMS if "ECDSASignature" in name]


def to_be_signed(name: str, message: bytes) -> bytes:
    """What the algorithm takes for a message: the message, its digest, or any digest."""
    found = hash_of(name)
    if "Message" in name:
        return message
    if "SignatureRaw" in name:
        return b"\x01" + message[:32].ljust(32, b"x")
    return digest(found or "SHA256", message)


def stranger_verifies(name: str, public: Any, message: bytes, signature: bytes) -> None:
    """``cryptography`` finds the signature good."""
    found = hash_of(name)
    chosen: Any = getattr(hashes, found or "SHA256")()
    if "ECDSA" in name:
        if "RFC4754" in name:
            half = len(signature) // 2
            numbers = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
            signature = utils.encode_dss_signature(*numbers)
        public.verify(signature, message, ec.ECDSA(chosen))
    elif "PSS" in name:
        public.verify(signature, message, padding.PSS(padding.MGF1(chosen), chosen.digest_size), chosen)
    elif "PKCS1v15Raw" in name:
        recovered = public.recover_data_from_signature(signature, padding.PKCS1v15(), None)
        assert recovered == to_be_signed(name, message)
    elif "SignatureRaw" in name:
        numbers = public.public_numbers()
        assert pow(int.from_bytes(signature, "big"), numbers.e, numbers.n) == int.from_bytes(
            to_be_signed(name, message), "big"
        )
    else:
        public.verify(signature, message, padding.PKCS1v15(), chosen)


def sign_and_verify(name: str, key: s.SecKey, message: bytes) -> None:
    algorithm, data = ALGORITHMS[name], to_be_signed(name, message)
    public = key.public()
    assert s.SecKeyIsAlgorithmSupported(key, SIGN, algorithm)
    assert s.SecKeyIsAlgorithmSupported(public, VERIFY, algorithm)
    assert not s.SecKeyIsAlgorithmSupported(public, SIGN, algorithm)
    assert not s.SecKeyIsAlgorithmSupported(key, VERIFY, algorithm)
    signature, error = s.SecKeyCreateSignature(key, algorithm, data, None)
    assert error is None
    assert signature is not None
    stranger_verifies(name, loaded(public), message, signature)
    assert s.SecKeyVerifySignature(public, algorithm, data, signature, None) == (True, None)
    wrong = bytes([signature[0] ^ 0x40]) + signature[1:]
    assert status(s.SecKeyVerifySignature(public, algorithm, data, wrong)) == c.errSecVerifyFailed
    other = bytes([data[0] ^ 2]) + data[1:]
    assert status(s.SecKeyVerifySignature(public, algorithm, other, signature)) == c.errSecVerifyFailed
    assert status(s.SecKeyCreateSignature(public, algorithm, data)) == c.errSecParam
    assert status(s.SecKeyVerifySignature(key, algorithm, data, signature)) == c.errSecParam


@pytest.mark.parametrize("name", RSA_SIGNATURES)
def test_rsa_signatures_are_good_to_strangers(name: str) -> None:
    sign_and_verify(name, rsa_key(), b"attack at dawn, or a little later")


@pytest.mark.parametrize("size", [224, 256, 384, 521])
@pytest.mark.parametrize("name", EC_SIGNATURES)
def test_ecdsa_signatures_are_good_to_strangers(name: str, size: int) -> None:
    sign_and_verify(name, ec_key(size), b"attack at dawn, or a little later")


def test_every_public_signature_algorithm_is_among_those_tried() -> None:
    assert len(RSA_SIGNATURES) == 22
    assert len(EC_SIGNATURES) == 23


@given(st.binary(min_size=1, max_size=100), st.sampled_from([192, 224, 256, 384, 521]))
@settings(max_examples=40)
def test_ecdsa_takes_digests_of_any_length(data: bytes, size: int) -> None:
    key = ec_key(size)
    algorithm = c.kSecKeyAlgorithmECDSASignatureDigestX962
    signature, error = s.SecKeyCreateSignature(key, algorithm, data)
    assert error is None
    assert signature is not None
    assert s.SecKeyVerifySignature(key.public(), algorithm, data, signature) == (True, None)
    # By the definition: u1 G + u2 Q has r as its x coordinate; checked with the integer a digest stands for.
    bits = 8 * len(data)
    number = int.from_bytes(data, "big") >> max(0, bits - size)
    same = number.to_bytes((size + 7) // 8, "big")
    if size % 8 == 0:
        assert s.SecKeyVerifySignature(key.public(), algorithm, same, signature) == (True, None)


def test_signatures_of_wrong_lengths_and_digests_of_wrong_lengths_are_told_apart() -> None:
    key, public = ec_key(), ec_key().public()
    data = digest("SHA256", b"x")
    algorithm = c.kSecKeyAlgorithmECDSASignatureDigestRFC4754SHA256
    signature, _ = s.SecKeyCreateSignature(key, algorithm, data)
    assert signature is not None
    assert len(signature) == 64
    for bad in (b"", signature[:-1], signature + b"\0"):
        assert status(s.SecKeyVerifySignature(public, algorithm, data, bad)) == c.errSecVerifyFailed
    for short in (b"", data[:-1], data + b"\0"):
        assert status(s.SecKeyCreateSignature(key, algorithm, short)) == c.errSecParam
        assert status(s.SecKeyVerifySignature(public, algorithm, short, signature)) == c.errSecParam
    pkcs1 = c.kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA256
    made_by_rsa, _ = s.SecKeyCreateSignature(rsa_key(), pkcs1, data)
    assert made_by_rsa is not None
    check = s.SecKeyVerifySignature
    assert status(check(rsa_key().public(), pkcs1, data, b"\0" + made_by_rsa)) == c.errSecParam
    assert status(check(rsa_key().public(), pkcs1, data, made_by_rsa[1:])) == c.errSecVerifyFailed
    assert status(check(rsa_key().public(), pkcs1, data, b"\xff" * 256)) == c.errSecVerifyFailed


def test_small_rsa_keys_do_not_do_what_does_not_fit() -> None:
    small = rsa_key(512)
    supported = s.SecKeyIsAlgorithmSupported
    assert supported(small, SIGN, c.kSecKeyAlgorithmRSASignatureDigestPSSSHA1)
    assert not supported(small, SIGN, c.kSecKeyAlgorithmRSASignatureDigestPSSSHA256)
    assert not supported(small.public(), ENCRYPT, c.kSecKeyAlgorithmRSAEncryptionOAEPSHA256)
    data = digest("SHA512", b"x")
    sign = s.SecKeyCreateSignature
    assert status(sign(small, c.kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA512, data)) == c.errSecParam
    assert status(sign(small, c.kSecKeyAlgorithmRSASignatureRaw, b"\xff" * 64)) == c.errSecParam
    assert status(sign(small, c.kSecKeyAlgorithmRSASignatureRaw, b"\1" * 65)) == c.errSecParam
    signature, error = sign(small, c.kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA256, digest("SHA256", b"x"))
    assert error is None
    assert signature is not None
    assert len(signature) == 64


def test_raw_verification_never_finds_data_that_begin_with_zero() -> None:
    raw = c.kSecKeyAlgorithmRSASignatureRaw
    signature, _ = s.SecKeyCreateSignature(rsa_key(), raw, b"\0abc")
    assert signature is not None
    assert s.SecKeyVerifySignature(rsa_key().public(), raw, b"abc", signature) == (True, None)
    assert (
        status(s.SecKeyVerifySignature(rsa_key().public(), raw, b"\0abc", signature)) == c.errSecVerifyFailed
    )


RSA_BLOCKS = [name for name in ALGORITHMS if "RSAEncryption" in name and "AESGCM" not in name]


@pytest.mark.parametrize("name", RSA_BLOCKS)
@pytest.mark.contract("SecKeyCreateDecryptedData", "SecKeyCreateEncryptedData")
def test_rsa_encryption_goes_to_strangers_and_back(name: str) -> None:
    key, algorithm = rsa_key(), ALGORITHMS[name]
    public, private = key.public(), loaded(key)
    message = b"\1" + b"secret" * 3
    found = hash_of(name)
    scheme: Any = padding.PKCS1v15()
    if found is not None:
        chosen = getattr(hashes, found)()
        scheme = padding.OAEP(padding.MGF1(chosen), chosen, None)
    ciphertext, error = s.SecKeyCreateEncryptedData(public, algorithm, message, None)
    assert error is None
    assert ciphertext is not None
    assert len(ciphertext) == 256
    if "Raw" in name:
        numbers = private.private_numbers()
        assert pow(int.from_bytes(ciphertext, "big"), numbers.d, private.public_key().public_numbers().n) == (
            int.from_bytes(message, "big")
        )
        assert s.SecKeyCreateDecryptedData(key, algorithm, ciphertext) == (message.rjust(256, b"\0"), None)
        return
    assert private.decrypt(ciphertext, scheme) == message
    theirs = private.public_key().encrypt(message, scheme)
    assert s.SecKeyCreateDecryptedData(key, algorithm, theirs, None) == (message, None)
    overhead = 11 if found is None else 2 * getattr(hashes, found).digest_size + 2
    longest, error = s.SecKeyCreateEncryptedData(public, algorithm, b"x" * (256 - overhead))
    assert error is None
    assert s.SecKeyCreateDecryptedData(key, algorithm, longest) == (b"x" * (256 - overhead), None)
    assert status(s.SecKeyCreateEncryptedData(public, algorithm, b"x" * (257 - overhead))) == c.errSecParam
    assert status(s.SecKeyCreateDecryptedData(key, algorithm, theirs[:-1])) == c.errSecParam
    if found is not None:
        changed = bytes([theirs[0] ^ 1]) + theirs[1:]
        assert status(s.SecKeyCreateDecryptedData(key, algorithm, changed)) == c.errSecParam


def test_bad_pkcs1_padding_gives_the_same_made_up_bytes_again_and_no_error() -> None:
    key, algorithm = rsa_key(), c.kSecKeyAlgorithmRSAEncryptionPKCS1
    ciphertexts = [i.to_bytes(256, "big") for i in range(2, 20)]
    plaintexts = [s.SecKeyCreateDecryptedData(key, algorithm, ciphertext) for ciphertext in ciphertexts]
    assert all(error is None and plaintext is not None for plaintext, error in plaintexts)
    assert len({plaintext for plaintext, _ in plaintexts}) > 10
    assert plaintexts == [s.SecKeyCreateDecryptedData(key, algorithm, text) for text in ciphertexts]


def test_rsa_public_keys_open_raw_blocks() -> None:
    raw = c.kSecKeyAlgorithmRSAEncryptionRaw
    public = rsa_key().public()
    assert s.SecKeyIsAlgorithmSupported(public, DECRYPT, raw)
    signature, _ = s.SecKeyCreateSignature(rsa_key(), c.kSecKeyAlgorithmRSASignatureRaw, b"\1abc")
    opened, error = s.SecKeyCreateDecryptedData(public, raw, signature)
    assert error is None
    assert opened is not None
    assert opened.lstrip(b"\0") == b"\1abc"


@pytest.mark.parametrize("size", [2048, 4096])
@pytest.mark.parametrize("name", [name for name in ALGORITHMS if "OAEP" in name and "AESGCM" in name])
def test_long_data_go_under_rsa_with_a_wrapped_aes_key(name: str, size: int) -> None:
    key, algorithm = rsa_key(size), ALGORITHMS[name]
    message = b"long" * 1000
    ciphertext, error = s.SecKeyCreateEncryptedData(key.public(), algorithm, message)
    assert error is None
    assert ciphertext is not None
    assert s.SecKeyCreateDecryptedData(key, algorithm, ciphertext) == (message, None)
    chosen = getattr(hashes, hash_of(name) or "")()
    block = size // 8
    session = loaded(key).decrypt(ciphertext[:block], padding.OAEP(padding.MGF1(chosen), chosen, None))
    assert len(session) == (32 if size >= 4096 else 16)
    public, _ = s.SecKeyCopyExternalRepresentation(key.public())
    assert AESGCM(session).decrypt(bytes(16), ciphertext[block:], public) == message
    for bad in (ciphertext[:-1], ciphertext[:block], ciphertext[:-1] + bytes([ciphertext[-1] ^ 1])):
        assert status(s.SecKeyCreateDecryptedData(key, algorithm, bad)) == c.errSecParam


@pytest.mark.parametrize("size", [224, 256, 384, 521])
@pytest.mark.parametrize("name", [name for name in ALGORITHMS if "ECIES" in name])
def test_long_data_go_under_an_ec_key(name: str, size: int) -> None:
    key, algorithm = ec_key(size), ALGORITHMS[name]
    message = b"long" * 1000
    ciphertext, error = s.SecKeyCreateEncryptedData(key.public(), algorithm, message)
    assert error is None
    assert ciphertext is not None
    assert s.SecKeyCreateDecryptedData(key, algorithm, ciphertext) == (message, None)
    private = loaded(key)
    end = 1 + 2 * ((size + 7) // 8)
    point, body = ciphertext[:end], ciphertext[end:]
    secret = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(private.curve, point))
    length = 16 if size <= 256 else 32
    variable = 16 if "VariableIV" in name else 0
    derived = X963KDF(getattr(hashes, hash_of(name) or "")(), length + variable, point).derive(secret)
    iv = derived[length:] or bytes(16)
    assert AESGCM(derived[:length]).decrypt(iv, body, None) == message
    for bad in (
        b"",
        ciphertext[:end],
        b"\x05" + ciphertext[1:],
        ciphertext[:-1] + bytes([ciphertext[-1] ^ 1]),
    ):
        assert status(s.SecKeyCreateDecryptedData(key, algorithm, bad)) == c.errSecParam


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if "KeyExchange" in name])
@pytest.mark.contract("SecKeyCopyKeyExchangeResult")
def test_two_keys_share_a_secret(name: str) -> None:
    algorithm = ALGORITHMS[name]
    for size in (224, 256, 384, 521):
        own, other = ec_key(size), s.SecKeyCreateRandomKey(EC | {c.kSecAttrKeySizeInBits: size})[0]
        assert other is not None
        parameters = {
            c.kSecKeyKeyExchangeParameterRequestedSize: 77,
            c.kSecKeyKeyExchangeParameterSharedInfo: b"info",
        }
        if hash_of(name) is None:
            parameters = {}
        mine, error = s.SecKeyCopyKeyExchangeResult(own, algorithm, other.public(), parameters, None)
        assert error is None
        assert s.SecKeyCopyKeyExchangeResult(other, algorithm, own.public(), parameters)[0] == mine
        secret = loaded(own).exchange(ec.ECDH(), loaded(other.public()))
        if hash_of(name) is not None:
            secret = X963KDF(getattr(hashes, hash_of(name) or "")(), 77, b"info").derive(secret)
        assert mine == secret
        assert s.SecKeyIsAlgorithmSupported(own, EXCHANGE, algorithm)


def test_exchanges_that_cannot_be_are_parameter_errors() -> None:
    plain, derived = (
        c.kSecKeyAlgorithmECDHKeyExchangeStandard,
        c.kSecKeyAlgorithmECDHKeyExchangeStandardX963SHA256,
    )
    own, exchange = ec_key(), s.SecKeyCopyKeyExchangeResult
    size = c.kSecKeyKeyExchangeParameterRequestedSize
    info = c.kSecKeyKeyExchangeParameterSharedInfo
    for answer in (
        exchange(own, plain, ec_key(384).public(), {}),
        exchange(own, plain, rsa_key().public(), {}),
        exchange(rsa_key(), plain, own.public(), {}),
        exchange(own.public(), plain, own.public(), {}),
        exchange(own, derived, own.public(), {}),
        exchange(own, derived, own.public(), {size: "32"}),
        exchange(own, derived, own.public(), {size: 0}),
        exchange(own, derived, own.public(), {size: True}),
        exchange(own, derived, own.public(), {size: 32, info: "text"}),
        exchange(own, "algid:keyexchange:NONE", own.public(), {}),
        exchange(own, plain, own.public(), None),
    ):
        assert status(answer) == c.errSecParam


def test_ed25519_keys_sign_by_the_private_constant() -> None:
    key = s.SecKeyCreateRandomKey({c.kSecAttrKeyType: spi.kSecAttrKeyTypeEd25519})[0]
    assert key is not None
    algorithm = spi.kSecKeyAlgorithmEdDSASignatureMessageCurve25519SHA512
    signature, error = s.SecKeyCreateSignature(key, algorithm, b"message")
    assert error is None
    assert signature is not None
    assert s.SecKeyVerifySignature(key.public(), algorithm, b"message", signature) == (True, None)
    assert (
        status(s.SecKeyVerifySignature(key.public(), algorithm, b"other", signature)) == c.errSecVerifyFailed
    )
    seed, _ = s.SecKeyCopyExternalRepresentation(key)
    attributes = {c.kSecAttrKeyType: spi.kSecAttrKeyTypeEd25519}
    assert s.SecKeyCreateWithData(seed, attributes | PRIVATE) == (key, None)


def test_none_gives_parameter_errors_none_zero_or_false() -> None:
    key = ec_key()
    for answer in (
        s.SecKeyCreateWithData(None, {}),
        s.SecKeyCreateWithData(b"", None),
        s.SecKeyCreateRandomKey(None),
        s.SecKeyCopyExternalRepresentation(None),
        s.SecKeyCreateSignature(None, "x", b""),
        s.SecKeyCreateSignature(key, None, b""),
        s.SecKeyCreateSignature(key, "x", None),
        s.SecKeyVerifySignature(key, "x", b"", None),
        s.SecKeyCreateEncryptedData(None, "x", b""),
        s.SecKeyCreateDecryptedData(None, "x", b""),
        s.SecKeyCreateSignature(key, "x", b""),
    ):
        assert status(answer) == c.errSecParam
    assert s.SecKeyCopyPublicKey(None) is s.SecKeyCopyAttributes(None) is None
    assert s.SecKeyGetBlockSize(None) == 0
    assert s.SecKeyIsAlgorithmSupported(None, 0, "x") is False
    assert s.SecKeyIsAlgorithmSupported(key, None, "x") is False  # type: ignore[arg-type]
    assert s.SecKeyIsAlgorithmSupported(key, 99, c.kSecKeyAlgorithmECDSASignatureDigestX962) is False
    for call in (
        lambda: s.SecKeyCopyPublicKey("x"),  # type: ignore[arg-type]
        lambda: s.SecKeyCreateSignature(key, b"x", b""),  # type: ignore[arg-type]
        lambda: s.SecKeyCreateSignature(key, "x", "x"),  # type: ignore[arg-type]
        lambda: s.SecKeyCreateWithData("x", {}),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError):
            call()


def test_rsa_numbers_above_the_largest_size_are_not_imported() -> None:
    numbers = rsa.RSAPublicNumbers(65537, (1 << 8199) + 1)
    try:
        spki = numbers.public_key().public_bytes(DER, SPKI)
    except ValueError:
        pytest.fail("the stranger makes no such key")
    assert status(s.SecKeyCreateWithData(spki, RSA | PUBLIC)) == c.errSecParam
