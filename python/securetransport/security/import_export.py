"""Import and export of certificates, keys and identities.

In: PKCS#12, PEM, DER, PKCS#7. Out: objects, and the way back. Promise: nothing is stored anywhere;
certificates are not looked into on the way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from .._native import SecCertificate, SecIdentity, SecKey, SecPolicy, SecTrust
from ..cf import CFArray, CFDictionary
from ..constants import (
    errSecAuthFailed,
    errSecDecode,
    errSecParam,
    errSecSuccess,
    kSecImportExportPassphrase,
    kSecImportItemCertChain,
    kSecImportItemIdentity,
    kSecImportItemKeyID,
    kSecImportItemLabel,
    kSecImportItemTrust,
)
from . import _args, files


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
