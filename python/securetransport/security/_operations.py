"""What keys do: sign, verify, encrypt, decrypt, agree on secrets.

In: a key, an algorithm, data. Out: bytes, or ``Refused`` with a status and a sentence. Promise: RSA's private
operation is AWS-LC's or OpenSSL's alone, never Python arithmetic; layouts are those of Apple's framework.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Any
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

from .._native import SecKey
from ..constants import errSecDecode, errSecParam, errSecVerifyFailed
from ._algorithms import HASHES, Algorithm

_DER = serialization.Encoding.DER
_TAG = 16
#: DigestInfo up to the digest (RFC 8017 section 9.2, note 1).
_DIGEST_INFO = {
    "MD5": "3020300c06082a864886f70d020505000410",
    "SHA1": "3021300906052b0e03021a05000414",
    "SHA224": "302d300d06096086480165030402040500041c",
    "SHA256": "3031300d060960864801650304020105000420",
    "SHA384": "3041300d060960864801650304020205000430",
    "SHA512": "3051300d060960864801650304020305000440",
}

_loaded: WeakKeyDictionary[SecKey, Any] = WeakKeyDictionary()


class Refused(Exception):
    """An operation that is not done; with a status."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def load(key: SecKey) -> Any:
    """The key as an object of ``cryptography``, made once."""
    found = _loaded.get(key)
    if found is None:
        exported = key._export()
        if exported is not None:
            found = serialization.load_der_private_key(exported[1], None, unsafe_skip_rsa_key_validation=True)
        elif key.is_private:
            raise Refused(errSecParam, "the private key is not here")
        else:
            found = serialization.load_der_public_key(key.spki)
        _loaded[key] = found
    return found


def family(key: SecKey) -> str:
    """RSA, EC, Ed25519 or what else the key calls itself."""
    if key.kind.startswith("RSA"):
        return "RSA"
    return "EC" if key.kind.startswith("P-") else key.kind


def digest_info(hash_name: str) -> bytes:
    """What stands before a digest in a PKCS#1 v1.5 signature."""
    return bytes.fromhex(_DIGEST_INFO[hash_name])


def large_enough(key: SecKey, algorithm: Algorithm) -> bool:
    """Whether an RSA modulus has room for what the algorithm puts into it at the least."""
    digest = algorithm.hash_length or 0
    if algorithm.scheme == "PSS":
        return key.bits >= 16 * digest + 9
    if algorithm.scheme == "OAEP":
        return block_size(key) >= 2 * digest + 2
    return True


def block_size(key: SecKey) -> int:
    """Bytes of the modulus or field; 0 for other kinds."""
    return (key.bits + 7) // 8 if family(key) in ("RSA", "EC", "Ed25519") else 0


def _too_long() -> Refused:
    return Refused(errSecParam, "the data are too long for the key")


def _modulus(key: SecKey) -> tuple[int, int]:
    numbers: rsa.RSAPublicNumbers = load(key.public()).public_numbers()
    return numbers.n, numbers.e


def _public_rsa(key: SecKey, block: bytes) -> bytes:
    """The bare public operation: a number below the modulus in, a block out."""
    modulus, exponent = _modulus(key)
    number = int.from_bytes(block, "big")
    if number >= modulus:
        raise Refused(errSecParam, "the data are a number above the modulus")
    return pow(number, exponent, modulus).to_bytes(block_size(key), "big")


def _private_rsa(key: SecKey, data: bytes) -> bytes:
    size = block_size(key)
    if len(data.lstrip(b"\0")) > size:
        raise _too_long()
    try:
        return key.rsa_raw(data.lstrip(b"\0").rjust(size, b"\0"))
    except ValueError:
        raise Refused(errSecParam, "the data are a number above the modulus") from None


def _pkcs1_block(key: SecKey, algorithm: Algorithm, digest: bytes) -> bytes:
    """The padded block that is signed (RFC 8017 section 9.2)."""
    info = b"" if algorithm.hash is None else digest_info(algorithm.hash)
    _named_length(algorithm, digest)
    filling = block_size(key) - len(info) - len(digest) - 3
    if filling < 8:
        raise _too_long()
    return b"\0\1" + b"\xff" * filling + b"\0" + info + digest


def _named_length(algorithm: Algorithm, digest: bytes) -> None:
    if algorithm.hash_length is not None and len(digest) != algorithm.hash_length:
        raise Refused(errSecParam, f"a {algorithm.hash} digest has {algorithm.hash_length} bytes")


def _pss(algorithm: Algorithm) -> tuple[padding.PSS, utils.Prehashed]:
    chosen = HASHES[str(algorithm.hash)]
    return padding.PSS(padding.MGF1(chosen), chosen.digest_size), utils.Prehashed(chosen)


def _point_to_der(signature: bytes, size: int) -> bytes | None:
    if len(signature) != 2 * size:
        return None
    r, s = signature[:size], signature[size:]
    return utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


def der_to_point(signature: bytes, size: int) -> bytes:
    """r and s, each as long as the field, out of their DER."""
    return b"".join(part.to_bytes(size, "big") for part in utils.decode_dss_signature(signature))


def _for_hash(digest: bytes, bits: int) -> tuple[bytes, utils.Prehashed]:
    """A digest of any length in the length of a hash, so that ECDSA makes the same number of it.

    ECDSA takes the left-most bits, as many as the curve has: what is longer may grow on the right, what is
    shorter on the left up to that size.
    """
    wanted = digest.rjust(bits // 8, b"\0")[: (bits + 7) // 8]
    chosen = next(h for h in HASHES.values() if h.digest_size >= len(wanted))
    return wanted.ljust(chosen.digest_size, b"\0"), utils.Prehashed(chosen)


def _sign_ecdsa(key: SecKey, digest: bytes) -> bytes:
    if key.kind in ("P-256", "P-384", "P-521"):
        return key.ecdsa_sign(digest)
    private: ec.EllipticCurvePrivateKey = load(key)
    data, hashed = _for_hash(digest, key.bits)
    return private.sign(data, ec.ECDSA(hashed))


def _verify_ecdsa(key: SecKey, digest: bytes, signature: bytes) -> bool:
    if key.kind in ("P-256", "P-384", "P-521"):
        return key.ecdsa_verify(digest, signature)
    public: ec.EllipticCurvePublicKey = load(key)
    data, hashed = _for_hash(digest, key.bits)
    try:
        public.verify(signature, data, ec.ECDSA(hashed))
    except InvalidSignature:
        return False
    return True


def sign(key: SecKey, algorithm: Algorithm, data: bytes) -> bytes:
    """A signature. What the key can do at all has been checked."""
    digest = algorithm.digest(data)
    if algorithm.scheme == "EdDSA":
        private: ed25519.Ed25519PrivateKey = load(key)
        return private.sign(data)
    if algorithm.key == "EC":
        _named_length(algorithm, digest)
        signature = _sign_ecdsa(key, digest)
        return signature if algorithm.scheme == "X962" else der_to_point(signature, block_size(key))
    if algorithm.scheme == "raw":
        return _private_rsa(key, digest)
    if algorithm.scheme == "PSS":
        _named_length(algorithm, digest)
        salted, hashed = _pss(algorithm)
        try:
            return bytes(load(key).sign(digest, salted, hashed))
        except ValueError:
            raise _too_long() from None
    return _private_rsa(key, _pkcs1_block(key, algorithm, digest))


def verify(key: SecKey, algorithm: Algorithm, data: bytes, signature: bytes) -> None:
    """Nothing when the signature is good, else ``Refused``."""
    if not _is_good(key, algorithm, data, signature):
        raise Refused(errSecVerifyFailed, "the signature does not match the data and the key")


def _is_good(key: SecKey, algorithm: Algorithm, data: bytes, signature: bytes) -> bool:
    digest = algorithm.digest(data)
    if algorithm.scheme == "EdDSA":
        try:
            load(key).verify(signature, data)
        except InvalidSignature:
            return False
        return True
    if algorithm.key == "EC":
        _named_length(algorithm, digest)
        der = signature if algorithm.scheme == "X962" else _point_to_der(signature, block_size(key))
        return der is not None and _verify_ecdsa(key, digest, der)
    if len(signature) > block_size(key):
        raise Refused(errSecParam, "the signature is longer than the key's block")
    # A shorter one would be a number all the same; RFC 8017 section 8.2.2 wants exactly a block.
    if len(signature) != block_size(key):
        return False
    if algorithm.scheme == "PSS":
        _named_length(algorithm, digest)
        salted, hashed = _pss(algorithm)
        try:
            load(key).verify(signature, digest, salted, hashed)
        except (InvalidSignature, ValueError):
            return False
        return True
    try:
        block = _public_rsa(key, signature)
    except Refused:
        return False
    if algorithm.scheme == "raw":
        return hmac.compare_digest(block.lstrip(b"\0"), digest)
    return hmac.compare_digest(block, _pkcs1_block(key, algorithm, digest))


def _oaep(algorithm: Algorithm) -> padding.OAEP:
    chosen = HASHES[str(algorithm.hash)]
    return padding.OAEP(padding.MGF1(chosen), chosen, None)


def _session_key_length(key: SecKey) -> int:
    return 32 if key.bits >= 4096 else 16


def _public_pkcs1(key: SecKey) -> bytes:
    encoded: bytes = load(key.public()).public_bytes(_DER, serialization.PublicFormat.PKCS1)
    return encoded


def _derived(algorithm: Algorithm, secret: bytes, length: int, shared_info: bytes | None) -> bytes:
    return X963KDF(HASHES[str(algorithm.hash)], length, shared_info).derive(secret)


def _ecies_key(key: SecKey, algorithm: Algorithm, secret: bytes, point: bytes) -> tuple[AESGCM, bytes]:
    length = 16 if key.bits <= 256 else 32
    if not algorithm.derived_iv:
        return AESGCM(_derived(algorithm, secret, length, point)), bytes(16)
    both = _derived(algorithm, secret, length + 16, point)
    return AESGCM(both[:length]), both[length:]


def _point(public: ec.EllipticCurvePublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def encrypt(key: SecKey, algorithm: Algorithm, plaintext: bytes) -> bytes:
    """A ciphertext. What the key can do at all has been checked."""
    if algorithm.scheme == "ECIES":
        public: ec.EllipticCurvePublicKey = load(key)
        ephemeral = ec.generate_private_key(public.curve)
        point = _point(ephemeral.public_key())
        cipher, iv = _ecies_key(key, algorithm, ephemeral.exchange(ec.ECDH(), public), point)
        return point + cipher.encrypt(iv, plaintext, None)
    if algorithm.scheme == "raw":
        if len(plaintext) > block_size(key):
            raise _too_long()
        return _public_rsa(key, plaintext)
    if algorithm.gcm:
        session = os.urandom(_session_key_length(key))
        wrapped = load(key).encrypt(session, _oaep(algorithm))
        return bytes(wrapped + AESGCM(session).encrypt(bytes(16), plaintext, _public_pkcs1(key)))
    scheme = padding.PKCS1v15() if algorithm.scheme == "PKCS1" else _oaep(algorithm)
    try:
        return bytes(load(key).encrypt(plaintext, scheme))
    except ValueError:
        raise _too_long() from None


def decrypt(key: SecKey, algorithm: Algorithm, ciphertext: bytes) -> bytes:
    """A plaintext. What the key can do at all has been checked."""
    if algorithm.scheme == "ECIES":
        return _decrypt_ecies(key, algorithm, ciphertext)
    size = block_size(key)
    if algorithm.scheme == "raw":
        if len(ciphertext) > size:
            raise _too_long()
        return _private_rsa(key, ciphertext) if key.is_private else _public_rsa(key, ciphertext)
    if algorithm.gcm:
        return _decrypt_gcm(key, algorithm, ciphertext)
    if len(ciphertext) != size:
        raise Refused(errSecParam, f"the ciphertext has to be of {size} bytes")
    if algorithm.scheme == "PKCS1":
        return _decrypt_pkcs1(key, ciphertext)
    return _decrypt_oaep(key, algorithm, ciphertext)


def _undecryptable() -> Refused:
    return Refused(errSecParam, "the ciphertext was not made for this key and algorithm, or was changed")


def _decrypt_oaep(key: SecKey, algorithm: Algorithm, ciphertext: bytes) -> bytes:
    try:
        return bytes(load(key).decrypt(ciphertext, _oaep(algorithm)))
    except ValueError:
        raise _undecryptable() from None


def _decrypt_pkcs1(key: SecKey, ciphertext: bytes) -> bytes:
    """Bad padding gives bytes made up from the ciphertext instead of an error, which would be an oracle.

    OpenSSL does so by itself since 3.2; where ``cryptography`` rests on something else, it is done here.
    """
    try:
        return bytes(load(key).decrypt(ciphertext, padding.PKCS1v15()))
    except ValueError:
        if int.from_bytes(ciphertext, "big") >= _modulus(key)[0]:
            raise _undecryptable() from None
        exported = key._export()
        secret = hashlib.sha256(exported[1] if exported else b"").digest()
        stream = hashlib.shake_256(secret + ciphertext).digest(2 + block_size(key))
        return stream[2 : 2 + int.from_bytes(stream[:2], "big") % (block_size(key) - 10)]


def _decrypt_gcm(key: SecKey, algorithm: Algorithm, ciphertext: bytes) -> bytes:
    size = block_size(key)
    if len(ciphertext) < size + _TAG:
        raise Refused(errSecParam, "the ciphertext is too short")
    session = _decrypt_oaep(key, algorithm, ciphertext[:size])
    if len(session) != _session_key_length(key):
        raise _undecryptable()
    try:
        return AESGCM(session).decrypt(bytes(16), ciphertext[size:], _public_pkcs1(key))
    except InvalidTag:
        raise _undecryptable() from None


def _decrypt_ecies(key: SecKey, algorithm: Algorithm, ciphertext: bytes) -> bytes:
    private: ec.EllipticCurvePrivateKey = load(key)
    length = 1 + 2 * block_size(key)
    if len(ciphertext) < length + _TAG:
        raise Refused(errSecParam, "the ciphertext is too short")
    point, rest = ciphertext[:length], ciphertext[length:]
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(private.curve, point)
        cipher, iv = _ecies_key(key, algorithm, private.exchange(ec.ECDH(), public), point)
        return cipher.decrypt(iv, rest, None)
    except (ValueError, InvalidTag):
        raise _undecryptable() from None


def exchange(
    key: SecKey, algorithm: Algorithm, peer: SecKey, size: int | None, shared_info: bytes | None
) -> bytes:
    """The shared secret of two EC keys; with a hash in the algorithm what is derived from it."""
    private, public = load(key), load(peer.public())
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != private.curve.name:
        raise Refused(errSecParam, "the other key is not on the same curve")
    try:
        secret: bytes = private.exchange(ec.ECDH(), public)
    except ValueError:
        raise Refused(errSecDecode, "the keys share no secret") from None
    if algorithm.hash is None:
        return secret
    if size is None or not 0 < size < 1 << 20:
        raise Refused(errSecParam, "kSecKeyKeyExchangeParameterRequestedSize has to be a length in bytes")
    return _derived(algorithm, secret, size, shared_info)
