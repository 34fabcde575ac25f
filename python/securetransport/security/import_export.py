"""Import and export of certificates, keys and identities.

In: PKCS#12, PEM, DER, PKCS#7. Out: objects, and the way back. Promise: nothing is stored anywhere;
certificates are not looked into on the way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .._native import SecCertificate, SecIdentity, SecKey, SecPolicy, SecTrust, is_pkcs12, open_pkcs7
from ..cf import CFArray, CFDictionary
from ..constants import (
    SecExternalFormat,
    SecExternalItemType,
    errSecAuthFailed,
    errSecDecode,
    errSecParam,
    errSecPassphraseRequired,
    errSecSuccess,
    errSecUnknownFormat,
    errSecUnsupportedFormat,
    kSecFormatOpenSSL,
    kSecFormatPEMSequence,
    kSecFormatPKCS7,
    kSecFormatPKCS12,
    kSecFormatUnknown,
    kSecFormatWrappedPKCS8,
    kSecFormatX509Cert,
    kSecImportExportPassphrase,
    kSecImportItemCertChain,
    kSecImportItemIdentity,
    kSecImportItemKeyID,
    kSecImportItemLabel,
    kSecImportItemTrust,
    kSecItemPemArmour,
    kSecItemTypeAggregate,
    kSecItemTypeCertificate,
    kSecItemTypePrivateKey,
    kSecItemTypePublicKey,
    kSecItemTypeUnknown,
)
from . import _args, _write, files
from ._operations import Refused


def _passphrase(value: object) -> str | bytes | None:
    if value is None or isinstance(value, str | bytes):
        return value
    raise TypeError(f"the passphrase must be a str, not {type(value).__name__}")


def chain_of(leaf: SecCertificate, others: Sequence[SecCertificate]) -> list[SecCertificate]:
    """The leaf and, one above the other, the certificates that issued it as far as they are at hand."""
    chain = [leaf]
    while chain[-1].normalized_issuer != chain[-1].normalized_subject:
        issuer = chain[-1].normalized_issuer
        above = next((c for c in others if c.normalized_subject == issuer and c not in chain), None)
        if above is None:
            break
        chain.append(above)
    return chain


def _entry(
    chain: list[SecCertificate], named: files.Named | None, identity: SecIdentity | None
) -> CFDictionary:
    entry: dict[str, object] = {
        kSecImportItemCertChain: CFArray(chain),
        kSecImportItemTrust: SecTrust(chain, [SecPolicy.basic()]),
    }
    if identity is not None and named is not None:
        entry[kSecImportItemIdentity] = identity
        entry[kSecImportItemLabel] = named.name or identity.certificate.subject_summary
        entry[kSecImportItemKeyID] = named.id or hashlib.sha1(identity.key.spki).digest()
    return CFDictionary(entry)


def SecPKCS12Import(
    pkcs12_data: bytes | None, options: Any, items: None = None
) -> tuple[int, CFArray[CFDictionary] | None]:
    """``(status, items)``: what a PKCS#12 file holds, a dictionary for each identity.

    ``options``: kSecImportExportPassphrase, a missing one counts as empty. The keys of the dictionaries are
    the kSecImportItem constants. Certificates that belong to no identity come in a last dictionary that has
    only their chain and trust. errSecAuthFailed for a wrong passphrase, errSecDecode for a damaged file.
    """
    _args.out(items)
    if pkcs12_data is None:
        return errSecParam, None
    data = _args.data(pkcs12_data, "the data")
    passphrase = _passphrase(_args.mapping(options, "the options").get(kSecImportExportPassphrase))
    try:
        found = files.pkcs12_items(data, passphrase)
    except ValueError:
        return errSecDecode, None
    if found is None:
        return errSecAuthFailed, None
    keys = [named.item for named in found if isinstance(named.item, SecKey)]
    certificates = [named.item for named in found if isinstance(named.item, SecCertificate)]
    entries, used = [], []
    for named in found:
        if isinstance(named.item, SecCertificate):
            identity = files.identity(named.item, keys)
            if identity is not None:
                chain = chain_of(named.item, certificates)
                used += chain
                entries.append(_entry(chain, named, identity))
    rest = [certificate for certificate in certificates if certificate not in used]
    if rest:
        entries.append(_entry(rest, None, None))
    return errSecSuccess, CFArray(entries)


class SecItemImportExportKeyParameters(NamedTuple):
    """The parameters of SecItemImport and SecItemExport; only the passphrase has an effect here."""

    version: int = 0
    flags: int = 0
    passphrase: str | bytes | None = None
    alertTitle: str | None = None
    alertPrompt: str | None = None
    accessRef: object = None
    keyUsage: object = None
    keyAttributes: object = None

    def __repr__(self) -> str:
        # Without the passphrase.
        return f"SecItemImportExportKeyParameters(version={self.version}, flags={self.flags}, ...)"


def _passphrase_of(parameters: object) -> str | bytes | None:
    """The passphrase of parameters: the named tuple, a tuple like it, or a dictionary."""
    if parameters is None:
        return None
    if isinstance(parameters, Mapping):
        return _passphrase(parameters.get(kSecImportExportPassphrase))
    if isinstance(parameters, tuple | list) and len(parameters) == 8:
        return _passphrase(parameters[2])
    raise TypeError("the key parameters must be SecItemImportExportKeyParameters or None")


class _Imported(NamedTuple):
    format: SecExternalFormat
    items: list[Any]


def _bundle(data: bytes) -> _Imported | None:
    """A PKCS#7 bundle, also in PEM."""
    if files.is_pem(data):
        label, block = next(files.pem_blocks(data))
        if label not in ("PKCS7", "CMS"):
            return None
        data = files.pem_body(block)
    found = open_pkcs7(data)
    return None if found is None else _Imported(kSecFormatPKCS7, [SecCertificate(der) for der in found])


def _single(item: Any, data: bytes) -> SecExternalFormat:
    """The format of a file with one thing in it."""
    if isinstance(item, SecCertificate):
        return kSecFormatX509Cert
    encrypted = b"BEGIN ENCRYPTED PRIVATE KEY" in data
    return kSecFormatWrappedPKCS8 if encrypted else kSecFormatOpenSSL


def _import(data: bytes, passphrase: str | bytes | None) -> _Imported:
    """Whatever the data are. ValueError when they are nothing of use."""
    bundle = _bundle(data)
    if bundle is not None:
        return bundle
    if is_pkcs12(data):
        contents = files.read_pkcs12(data, passphrase)
        made = [files.identity(certificate, contents.keys) for certificate in contents.certificates]
        return _Imported(kSecFormatPKCS12, [a or b for a, b in zip(made, contents.certificates, strict=True)])
    contents = files.read(data, passphrase)
    items: list[Any] = [*contents.certificates, *contents.keys, *contents.public_keys]
    if not items:
        raise ValueError("there is nothing in the file")
    return _Imported(_single(items[0], data) if len(items) == 1 else kSecFormatPEMSequence, items)


def _kind(items: list[Any]) -> SecExternalItemType:
    if len(items) != 1 or isinstance(items[0], SecIdentity):
        return kSecItemTypeAggregate
    if isinstance(items[0], SecCertificate):
        return kSecItemTypeCertificate
    return kSecItemTypePrivateKey if items[0].is_private else kSecItemTypePublicKey


def _import_status(error: ValueError) -> int:
    words = str(error)
    if "needs a password" in words:
        return errSecPassphraseRequired
    if "password" in words:
        return errSecAuthFailed
    return errSecUnknownFormat if "neither" in words or "nothing in" in words else errSecDecode


def SecItemImport(
    importedData: bytes | None,
    fileNameOrExtension: str | None = None,
    inputFormat: int | None = None,
    itemType: int | None = None,
    flags: int | None = 0,
    keyParams: Any = None,
    importKeychain: None = None,
    outItems: None = None,
) -> tuple[int, SecExternalFormat, SecExternalItemType, CFArray[Any] | None]:
    """``(status, format, type, items)``: certificates, keys and identities out of PEM, DER, PKCS#7, PKCS#8 or
    PKCS#12.

    What the data are is found out from themselves; format and type say what was found, and the hints, file name,
    flags and keychain change nothing. ``keyParams``: SecItemImportExportKeyParameters or a dictionary with
    kSecImportExportPassphrase. errSecPassphraseRequired without a passphrase that is needed, errSecAuthFailed for a
    wrong one, errSecUnknownFormat for what is none of these, errSecDecode for damaged data.
    """
    _args.out(importKeychain, outItems)
    nothing = (kSecFormatUnknown, kSecItemTypeUnknown, None)
    if importedData is None:
        return errSecParam, *nothing
    if fileNameOrExtension is not None:
        _args.text(fileNameOrExtension, "the file name or extension")
    data = _args.data(importedData, "the data")
    try:
        found = _import(data, _passphrase_of(keyParams))
    except ValueError as error:
        return _import_status(error), *nothing
    return errSecSuccess, found.format, _kind(found.items), CFArray(found.items)


def _exported_list(value: object) -> list[Any] | None:
    kinds = SecCertificate | SecKey | SecIdentity
    items = [value] if isinstance(value, kinds) else _args.array(value, "the items")
    return items if items and all(isinstance(item, kinds) for item in items) else None


def _default_format(items: list[Any]) -> SecExternalFormat:
    if any(isinstance(item, SecIdentity) for item in items):
        return kSecFormatPKCS12
    if len(items) > 1:
        return kSecFormatPEMSequence
    return kSecFormatX509Cert if isinstance(items[0], SecCertificate) else kSecFormatOpenSSL


def _apart(items: list[Any]) -> tuple[list[SecCertificate], list[SecKey]]:
    """The certificates and keys, identities taken apart."""
    certificates = [
        i.certificate if isinstance(i, SecIdentity) else i for i in items if not isinstance(i, SecKey)
    ]
    keys = [i.key if isinstance(i, SecIdentity) else i for i in items if not isinstance(i, SecCertificate)]
    return certificates, keys


def _export_pkcs12(items: list[Any], passphrase: str | bytes | None) -> bytes | int:
    if passphrase is None:
        return errSecPassphraseRequired
    certificates, keys = _apart(items)
    pairs = []
    for certificate in certificates:
        identity = files.identity(certificate, keys)
        if identity is not None:
            pairs.append((certificate, identity.key))
    paired = [certificate for certificate, _ in pairs]
    others = [certificate for certificate in certificates if certificate not in paired]
    text = passphrase if isinstance(passphrase, str) else passphrase.decode("utf-8")
    return _write.pkcs12(pairs, others, text)


def _export_one(item: Any, format_: int, armoured: bool, passphrase: str | bytes | None) -> bytes | int:
    if isinstance(item, SecIdentity):
        return errSecUnsupportedFormat
    if isinstance(item, SecCertificate):
        if format_ != kSecFormatX509Cert:
            return errSecUnsupportedFormat
        return _write.pem("CERTIFICATE", item.der) if armoured else item.der
    if format_ == kSecFormatOpenSSL:
        label, der = _write.traditional(item)
        return _write.pem(label, der) if armoured else der
    if format_ != kSecFormatWrappedPKCS8 or not item.is_private:
        return errSecUnsupportedFormat
    secret = files.password_bytes(passphrase)
    if not secret:
        return errSecPassphraseRequired
    der = _write.encrypted_pkcs8(item, secret)
    return _write.pem("ENCRYPTED PRIVATE KEY", der) if armoured else der


def _export(items: list[Any], format_: int, armoured: bool, passphrase: str | bytes | None) -> bytes | int:
    certificates, keys = _apart(items)
    if format_ == kSecFormatPKCS12:
        return _export_pkcs12(items, passphrase)
    if format_ == kSecFormatPKCS7:
        if keys:
            return errSecUnsupportedFormat
        bundle = _write.pkcs7(certificates)
        return _write.pem("PKCS7", bundle) if armoured else bundle
    if format_ == kSecFormatPEMSequence:
        blocks = [_write.pem("CERTIFICATE", certificate.der) for certificate in certificates]
        return b"".join(blocks + [_write.pem(*_write.traditional(key)) for key in keys])
    if len(items) != 1:
        return errSecUnsupportedFormat
    return _export_one(items[0], format_, armoured, passphrase)


def SecItemExport(
    secItemOrArray: Any,
    outputFormat: int | None = 0,
    flags: int | None = 0,
    keyParams: Any = None,
    exportedData: None = None,
) -> tuple[int, bytes | None]:
    """``(status, bytes)``: one certificate, key or identity, or several.

    Formats: X509Cert, PEMSequence, PKCS7 (certificates), PKCS12 (certificates and identities, with a passphrase),
    OpenSSL (a key by itself, without encryption), WrappedPKCS8 (a private key, with a passphrase), Unknown (the usual
    one for the items). kSecItemPemArmour among the flags gives PEM. errSecUnsupportedFormat for other pairings and
    for keys that somebody else holds; errSecPassphraseRequired without a passphrase that is needed.
    """
    _args.out(exportedData)
    if secItemOrArray is None or outputFormat is None or flags is None:
        return errSecParam, None
    items = _exported_list(secItemOrArray)
    if items is None:
        return errSecParam, None
    wanted = _args.number(outputFormat, "the format") or _default_format(items)
    armoured = bool(_args.number(flags, "the flags") & kSecItemPemArmour)
    try:
        exported = _export(items, wanted, armoured, _passphrase_of(keyParams))
    except Refused:
        return errSecUnsupportedFormat, None
    return (exported, None) if isinstance(exported, int) else (errSecSuccess, exported)
