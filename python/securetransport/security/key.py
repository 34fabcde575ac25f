"""Keys: DER and raw forms in and out.

In: external representations. Out: ``SecKey``. Promise: private bytes leave through
SecKeyCopyExternalRepresentation alone; what does not fit together is no key.
"""

from __future__ import annotations

from typing import Any, Final

from .._native import SecKey as SecKey
from ..cf import CFError
from ..cf.base import type_getter
from ..constants import (
    errSecParam,
    errSecUnimplemented,
    kSecAttrKeyClass,
    kSecAttrKeyClassPrivate,
    kSecAttrKeyClassPublic,
    kSecAttrKeyClassSymmetric,
    kSecAttrKeyType,
    kSecAttrKeyTypeECSECPrimeRandom,
    kSecAttrKeyTypeRSA,
)
from . import _args, _key_forms

SecKeyRef = SecKey

SecKeyGetTypeID: Final = type_getter("SecKey", SecKey)


def _key(value: object) -> SecKey:
    return _args.of(SecKey, value, "the key")


def _constant(value: object) -> str | None:
    """A key type or class, which may also be given as the number in its string."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    return None


def SecKeyCreateWithData(
    keyData: bytes | None, attributes: Any, error: None = None
) -> tuple[SecKey | None, CFError | None]:
    """``(key, error)``: a key out of its external representation.

    RSA: PKCS#1 (a public key also as SubjectPublicKeyInfo). EC: ``04||X||Y``, a private key followed by
    ``K``. ``attributes`` gives kSecAttrKeyType and kSecAttrKeyClass. errSecParam for anything that makes no
    key.
    """
    _args.out(error)
    if keyData is None or attributes is None:
        return None, _args.missing("The key data or attributes")
    data = _args.data(keyData, "the key data")
    wanted = _args.mapping(attributes, "the attributes")
    kind, half = _constant(wanted.get(kSecAttrKeyType)), _constant(wanted.get(kSecAttrKeyClass))
    if half == kSecAttrKeyClassSymmetric:
        return None, _args.error(errSecUnimplemented, "Symmetric keys are not supported.")
    if half not in (kSecAttrKeyClassPrivate, kSecAttrKeyClassPublic):
        return None, _args.error(errSecParam, "The attributes name no known kSecAttrKeyClass.")
    readers = {
        kSecAttrKeyTypeRSA: (_key_forms.rsa_public, _key_forms.rsa_private),
        kSecAttrKeyTypeECSECPrimeRandom: (_key_forms.ec_public, _key_forms.ec_private),
    }.get(kind or "")
    if readers is None:
        return None, _args.error(errSecParam, "The attributes name no supported kSecAttrKeyType.")
    try:
        return readers[half == kSecAttrKeyClassPrivate](data), None
    except ValueError as wrong:
        return None, _args.error(errSecParam, f"The bytes are no such key: {wrong}.")


def SecKeyCopyPublicKey(key: SecKey | None) -> SecKey | None:
    """The public half; of a public key, an equal one."""
    return None if key is None else _key(key).public()
