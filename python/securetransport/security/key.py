"""Keys: made, read and written, and what they do.

In: external representations, attributes, data. Out: ``SecKey`` and results, each with an error object
beside it. Promise: private bytes leave through SecKeyCopyExternalRepresentation alone; what does not fit
together is no key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from .. import constants as _c
from .._native import SecKey as SecKey
from ..cf import CFDictionary, CFError
from ..cf.base import type_getter
from ..constants import private as _private
from . import _algorithms, _args, _key_forms, _operations, held
from ._operations import Refused

SecKeyRef = SecKey

SecKeyGetTypeID: Final = type_getter("SecKey", SecKey)

_RSA_SIZES = range(512, 8193)


def _key(value: object) -> SecKey:
    return _args.of(SecKey, value, "the key")


def _constant(value: object) -> str | None:
    """A key type or class, which may also be given as the number in its string."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    return None


def _refusal(refused: Refused) -> CFError:
    words = str(refused)
    return CFError(refused.status, f"{words[:1].upper()}{words[1:]}.")


_READERS: dict[str, tuple[Callable[[bytes], SecKey], Callable[[bytes], SecKey]]] = {
    _c.kSecAttrKeyTypeRSA: (_key_forms.rsa_public, _key_forms.rsa_private),
    _c.kSecAttrKeyTypeECSECPrimeRandom: (_key_forms.ec_public, _key_forms.ec_private),
    _private.kSecAttrKeyTypeEd25519: (_key_forms.ed25519_public, _key_forms.ed25519_private),
}


def SecKeyCreateWithData(
    keyData: bytes | None, attributes: Any, error: None = None
) -> tuple[SecKey | None, CFError | None]:
    """``(key, error)``: a key out of its external representation.

    RSA: PKCS#1 (a public key also as SubjectPublicKeyInfo). EC: ``04||X||Y``, a private key followed by
    ``K``. ``attributes`` gives kSecAttrKeyType and kSecAttrKeyClass. errSecParam for anything that makes no
    key, errSecUnimplemented for the symmetric class.
    """
    _args.out(error)
    if keyData is None or attributes is None:
        return None, _args.missing("The key data or attributes")
    data = _args.data(keyData, "the key data")
    wanted = _args.mapping(attributes, "the attributes")
    kind = _constant(wanted.get(_c.kSecAttrKeyType))
    half = _constant(wanted.get(_c.kSecAttrKeyClass))
    if half == _c.kSecAttrKeyClassSymmetric:
        return None, _args.error(_c.errSecUnimplemented, "Symmetric keys are not supported.")
    if half not in (_c.kSecAttrKeyClassPrivate, _c.kSecAttrKeyClassPublic):
        return None, _args.error(_c.errSecParam, "The attributes name no known kSecAttrKeyClass.")
    readers = _READERS.get(kind or "")
    if readers is None:
        return None, _args.error(_c.errSecParam, "The attributes name no supported kSecAttrKeyType.")
    try:
        return readers[half == _c.kSecAttrKeyClassPrivate](data), None
    except ValueError as wrong:
        return None, _args.error(_c.errSecParam, f"The bytes are no such key: {wrong}.")


def _size_of(wanted: Mapping[Any, Any]) -> int | None:
    """A size in bits, a number or decimal digits."""
    size = wanted.get(_c.kSecAttrKeySizeInBits)
    if isinstance(size, str):
        return int(size) if size.isascii() and size.isdecimal() and len(size) < 8 else None
    return size if isinstance(size, int) and not isinstance(size, bool) else None


def _generate(kind: str | None, size: int | None) -> SecKey:
    if kind == _private.kSecAttrKeyTypeEd25519:
        return _key_forms.from_private(ed25519.Ed25519PrivateKey.generate())
    if kind == _c.kSecAttrKeyTypeRSA and size is not None and size in _RSA_SIZES:
        key = SecKey.generate_rsa(size)
        if key.bits == size:
            return key
    if kind == _c.kSecAttrKeyTypeECSECPrimeRandom and size in _key_forms.CURVES:
        return _key_forms.from_private(ec.generate_private_key(_key_forms.CURVES[size]))
    raise Refused(_c.errSecParam, "the attributes name no supported kSecAttrKeyType with a size it comes in")


def SecKeyCreateRandomKey(parameters: Any, error: None = None) -> tuple[SecKey | None, CFError | None]:
    """``(private key, error)``: a fresh key pair.

    ``parameters``: kSecAttrKeyType and kSecAttrKeySizeInBits (RSA 512 to 8192, EC 192, 224, 256, 384, 521);
    those in kSecPrivateKeyAttrs win. errSecParam for anything else; errSecUnimplemented for keys that are
    to be stored (kSecAttrIsPermanent) or made in a token, as there is neither a keychain nor a token here.
    """
    _args.out(error)
    if parameters is None:
        return None, _args.missing("The parameters")
    wanted = dict(_args.mapping(parameters, "the parameters"))
    for name in (_c.kSecPublicKeyAttrs, _c.kSecPrivateKeyAttrs):
        wanted.update(_args.mapping(wanted.get(name), name))
    if wanted.get(_c.kSecAttrIsPermanent) or wanted.get(_c.kSecAttrTokenID) is not None:
        return None, _args.error(_c.errSecUnimplemented, "There is no keychain or token to keep the key in.")
    try:
        return _generate(_constant(wanted.get(_c.kSecAttrKeyType)), _size_of(wanted)), None
    except (Refused, ValueError) as refused:
        words = str(refused)
        return None, CFError(_c.errSecParam, f"{words[:1].upper()}{words[1:]}.")


def SecKeyGeneratePair(
    parameters: Any, publicKey: None = None, privateKey: None = None
) -> tuple[int, SecKey | None, SecKey | None]:
    """``(status, public, private)``: the older form of SecKeyCreateRandomKey."""
    _args.out(publicKey, privateKey)
    key, error = SecKeyCreateRandomKey(parameters)
    if key is None:
        return (_c.errSecParam if error is None else error.code), None, None
    return _c.errSecSuccess, key.public(), key


def SecKeyCopyExternalRepresentation(
    key: SecKey | None, error: None = None
) -> tuple[bytes | None, CFError | None]:
    """``(bytes, error)``: PKCS#1 or X9.63, as SecKeyCreateWithData takes them.

    errSecUnimplemented for a key that somebody else holds.
    """
    _args.out(error)
    if key is None:
        return None, _args.missing("The key")
    try:
        return _key_forms.external(_key(key)), None
    except Refused as refused:
        return None, _refusal(refused)


def SecKeyCopyPublicKey(key: SecKey | None) -> SecKey | None:
    """The public half; of a public key, an equal one."""
    return None if key is None else _key(key).public()


def SecKeyGetBlockSize(key: SecKey | None) -> int:
    """Bytes of the modulus (RSA) or the field (EC: 32, 48, 66); 0 when there is no such size."""
    return 0 if key is None else _operations.block_size(_key(key))


_TYPES = {
    "RSA": _c.kSecAttrKeyTypeRSA,
    "EC": _c.kSecAttrKeyTypeECSECPrimeRandom,
    "Ed25519": _private.kSecAttrKeyTypeEd25519,
    "DSA": _c.kSecAttrKeyTypeDSA,
}


def SecKeyCopyAttributes(key: SecKey | None) -> CFDictionary | None:
    """Type, class, size, capabilities and lookup value; never the bytes of a private key."""
    if key is None:
        return None
    found = _key(key)
    private, family, here = found.is_private, _operations.family(found), found.holder is None
    attributes: dict[str, Any] = {
        _c.kSecClass: _c.kSecClassKey,
        _c.kSecAttrKeyClass: _c.kSecAttrKeyClassPrivate if private else _c.kSecAttrKeyClassPublic,
        _c.kSecAttrIsPermanent: True,
        _private.kSecAttrIsPrivate: True,
        _private.kSecAttrIsModifiable: True,
        _c.kSecAttrKeyType: _TYPES.get(family, family),
        _c.kSecAttrKeySizeInBits: found.bits,
        _c.kSecAttrEffectiveKeySize: found.bits,
        _c.kSecAttrIsSensitive: not here,
        _private.kSecAttrWasAlwaysSensitive: not here,
        _c.kSecAttrIsExtractable: here,
        _private.kSecAttrWasNeverExtractable: not here,
        _c.kSecAttrCanEncrypt: not private,
        _c.kSecAttrCanDecrypt: private or family == "RSA",
        _c.kSecAttrCanDerive: private and family == "EC",
        _c.kSecAttrCanSign: private,
        _c.kSecAttrCanVerify: not private,
        _private.kSecAttrCanSignRecover: False,
        _private.kSecAttrCanVerifyRecover: False,
        _c.kSecAttrCanWrap: not private,
        _c.kSecAttrCanUnwrap: private,
    }
    public, _ = SecKeyCopyExternalRepresentation(found.public())
    attributes[_c.kSecAttrApplicationLabel] = hashlib.sha1(found.spki if public is None else public).digest()
    if not private and public is not None:
        attributes[_c.kSecValueData] = public
    return CFDictionary(attributes)


_SIGN, _VERIFY, _ENCRYPT, _DECRYPT, _EXCHANGE = (
    _c.kSecKeyOperationTypeSign,
    _c.kSecKeyOperationTypeVerify,
    _c.kSecKeyOperationTypeEncrypt,
    _c.kSecKeyOperationTypeDecrypt,
    _c.kSecKeyOperationTypeKeyExchange,
)
_USES: dict[int, str] = {
    _SIGN: "sign",
    _VERIFY: "sign",
    _ENCRYPT: "encrypt",
    _DECRYPT: "encrypt",
    _EXCHANGE: "exchange",
}


def _supported(key: SecKey, operation: int, text: object) -> _algorithms.Algorithm | None:
    """The algorithm, if the key does this operation with it."""
    algorithm = _algorithms.find(text)
    if algorithm is None or algorithm.key != _operations.family(key) or algorithm.use != _USES.get(operation):
        return None
    if key.kind == "RSA-PSS" and algorithm.scheme != "PSS":
        return None
    private = operation in (_SIGN, _DECRYPT, _EXCHANGE)
    raw = operation == _DECRYPT and algorithm.key == "RSA" and algorithm.scheme == "raw"
    if key.is_private != private and not raw:
        return None
    if key.holder is not None and text not in key.holder.algorithms:
        return None
    return algorithm if _operations.large_enough(key, algorithm) else None


def SecKeyIsAlgorithmSupported(key: SecKey | None, operation: int, algorithm: str | None) -> bool:
    """Whether the key can do an operation (SecKeyOperationType) with an algorithm; nothing is computed."""
    if key is None or operation is None or algorithm is None:
        return False
    number, text = _args.number(operation, "the operation"), _args.text(algorithm, "the algorithm")
    return _supported(_key(key), number, text) is not None


def _needed(key: SecKey, operation: int, text: str) -> _algorithms.Algorithm:
    algorithm = _supported(key, operation, _args.text(text, "the algorithm"))
    if algorithm is None:
        raise Refused(_c.errSecParam, f"this {key.kind} key does not do {text} in this operation")
    return algorithm


def SecKeyCreateSignature(
    key: SecKey | None, algorithm: str | None, dataToSign: bytes | None, error: None = None
) -> tuple[bytes | None, CFError | None]:
    """``(signature, error)``. Digest algorithms take a finished hash, Message algorithms hash the data."""
    _args.out(error)
    if key is None or algorithm is None or dataToSign is None:
        return None, _args.missing("The key, algorithm or data")
    signer, data = _key(key), _args.data(dataToSign, "the data")
    try:
        chosen = _needed(signer, _SIGN, algorithm)
        if signer.holder is not None:
            return held.operate(signer, "sign", algorithm, data), None
        return _operations.sign(signer, chosen, data), None
    except Refused as refused:
        return None, _refusal(refused)


def SecKeyVerifySignature(
    key: SecKey | None,
    algorithm: str | None,
    signedData: bytes | None,
    signature: bytes | None,
    error: None = None,
) -> tuple[bool, CFError | None]:
    """``(True, None)`` when the public key made the signature; errSecVerifyFailed when not."""
    _args.out(error)
    if key is None or algorithm is None or signedData is None or signature is None:
        return False, _args.missing("The key, algorithm, data or signature")
    public, data = _key(key), _args.data(signedData, "the data")
    try:
        chosen = _needed(public, _VERIFY, algorithm)
        _operations.verify(public, chosen, data, _args.data(signature, "the signature"))
    except Refused as refused:
        return False, _refusal(refused)
    return True, None


def SecKeyCreateEncryptedData(
    key: SecKey | None, algorithm: str | None, plaintext: bytes | None, error: None = None
) -> tuple[bytes | None, CFError | None]:
    """``(ciphertext, error)``, with a public key: RSA raw, PKCS#1, OAEP, OAEP with AES-GCM, or ECIES."""
    _args.out(error)
    if key is None or algorithm is None or plaintext is None:
        return None, _args.missing("The key, algorithm or plaintext")
    public, data = _key(key), _args.data(plaintext, "the plaintext")
    try:
        return _operations.encrypt(public, _needed(public, _ENCRYPT, algorithm), data), None
    except Refused as refused:
        return None, _refusal(refused)


def SecKeyCreateDecryptedData(
    key: SecKey | None, algorithm: str | None, ciphertext: bytes | None, error: None = None
) -> tuple[bytes | None, CFError | None]:
    """``(plaintext, error)``, with a private key; RSA public keys take the raw algorithm too.

    PKCS#1 v1.5 answers bad padding with made-up bytes, so that success proves nothing there.
    """
    _args.out(error)
    if key is None or algorithm is None or ciphertext is None:
        return None, _args.missing("The key, algorithm or ciphertext")
    private, data = _key(key), _args.data(ciphertext, "the ciphertext")
    try:
        chosen = _needed(private, _DECRYPT, algorithm)
        if private.holder is not None:
            return held.operate(private, "encrypt", algorithm, data), None
        return _operations.decrypt(private, chosen, data), None
    except Refused as refused:
        return None, _refusal(refused)


def SecKeyCopyKeyExchangeResult(
    privateKey: SecKey | None,
    algorithm: str | None,
    publicKey: SecKey | None,
    parameters: Any,
    error: None = None,
) -> tuple[bytes | None, CFError | None]:
    """``(secret, error)``: Diffie-Hellman over one's own private and the peer's public EC key.

    Plain algorithms give the x coordinate; the X963 ones derive kSecKeyKeyExchangeParameterRequestedSize
    bytes, with kSecKeyKeyExchangeParameterSharedInfo where given.
    """
    _args.out(error)
    if privateKey is None or algorithm is None or publicKey is None or parameters is None:
        return None, _args.missing("A key, the algorithm or the parameters")
    own, peer = _key(privateKey), _key(publicKey)
    given = _args.mapping(parameters, "the parameters")
    size = given.get(_c.kSecKeyKeyExchangeParameterRequestedSize)
    info = given.get(_c.kSecKeyKeyExchangeParameterSharedInfo)
    try:
        chosen = _needed(own, _EXCHANGE, algorithm)
        if isinstance(size, bool) or not isinstance(size, int | None):
            raise Refused(_c.errSecParam, "the requested size has to be a number")
        if not isinstance(info, bytes | bytearray | memoryview | None):
            raise Refused(_c.errSecParam, "the shared info has to be bytes")
        shared = None if info is None else bytes(info)
        return _operations.exchange(own, chosen, peer, size, shared), None
    except Refused as refused:
        return None, _refusal(refused)
