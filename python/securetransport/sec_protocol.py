"""The getters of sec_protocol_metadata_t: what a complete handshake found out.

In: the object of ``extensions.SSLCopyProtocolMetadata``, handlers. Out: plain values, ``None`` where there is
nothing. Promise: ``None`` as object gives ``None``, ``False``, 0 or 0xFFFF, never an exception; handlers run in this
call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ._native import SecCertificate, sec_protocol_metadata_t
from .enums.ssl import SSLProtocol
from .functions import _args
from .security.key import SecKeyCopyExternalRepresentation

__all__ = [
    "sec_protocol_metadata_access_distinguished_names",
    "sec_protocol_metadata_access_ocsp_response",
    "sec_protocol_metadata_access_peer_certificate_chain",
    "sec_protocol_metadata_access_pre_shared_keys",
    "sec_protocol_metadata_access_supported_signature_algorithms",
    "sec_protocol_metadata_challenge_parameters_are_equal",
    "sec_protocol_metadata_copy_negotiated_protocol",
    "sec_protocol_metadata_copy_peer_public_key",
    "sec_protocol_metadata_copy_server_name",
    "sec_protocol_metadata_create_secret",
    "sec_protocol_metadata_create_secret_with_context",
    "sec_protocol_metadata_get_early_data_accepted",
    "sec_protocol_metadata_get_negotiated_ciphersuite",
    "sec_protocol_metadata_get_negotiated_protocol",
    "sec_protocol_metadata_get_negotiated_protocol_version",
    "sec_protocol_metadata_get_negotiated_tls_ciphersuite",
    "sec_protocol_metadata_get_negotiated_tls_protocol_version",
    "sec_protocol_metadata_get_server_name",
    "sec_protocol_metadata_peers_are_equal",
    "sec_protocol_metadata_t",
]

Metadata = sec_protocol_metadata_t | None
_NO_SUITE = 0xFFFF
_PROTOCOLS = {int(member): member for member in SSLProtocol}
_Value = TypeVar("_Value")


def _known(metadata: object) -> sec_protocol_metadata_t | None:
    if metadata is None or isinstance(metadata, sec_protocol_metadata_t):
        return metadata
    raise TypeError(f"the metadata must be a sec_protocol_metadata_t or None, not {type(metadata).__name__}")


def _each(values: Iterable[_Value], handler: Callable[[_Value], Any] | None) -> bool:
    if handler is not None and not callable(handler):
        raise TypeError(f"the handler must be callable, not {type(handler).__name__}")
    found = list(values)
    if handler is None or not found:
        return False
    for value in found:
        handler(value)
    return True


# --- what was negotiated ---------------------------------------------------------------------------------


def sec_protocol_metadata_get_negotiated_protocol(metadata: Metadata) -> bytes | None:
    """The application protocol that was selected by ALPN; ``None`` when there was none."""
    md = _known(metadata)
    return None if md is None else md.alpn


def sec_protocol_metadata_copy_negotiated_protocol(metadata: Metadata) -> bytes | None:
    """The application protocol that was selected by ALPN; ``None`` when there was none."""
    return sec_protocol_metadata_get_negotiated_protocol(metadata)


def sec_protocol_metadata_get_server_name(metadata: Metadata) -> bytes | None:
    """The server name: on a client the one sent, on a server the one received."""
    md = _known(metadata)
    return None if md is None else md.server_name


def sec_protocol_metadata_copy_server_name(metadata: Metadata) -> bytes | None:
    """The server name: on a client the one sent, on a server the one received."""
    return sec_protocol_metadata_get_server_name(metadata)


def sec_protocol_metadata_get_negotiated_tls_protocol_version(metadata: Metadata) -> int:
    """The version on the wire, 0x0303 for TLS 1.2; 0 for ``None``."""
    md = _known(metadata)
    return 0 if md is None else md.wire_version


def sec_protocol_metadata_get_negotiated_protocol_version(metadata: Metadata) -> SSLProtocol:
    """The version as an ``SSLProtocol``; ``kSSLProtocolUnknown`` for ``None``."""
    md = _known(metadata)
    return _PROTOCOLS[0 if md is None else md.public_version]


def sec_protocol_metadata_get_negotiated_tls_ciphersuite(metadata: Metadata) -> int:
    """The number of the cipher suite, as the ``TLS_`` constants have it; 0xFFFF for ``None``."""
    md = _known(metadata)
    return _NO_SUITE if md is None else md.suite


def sec_protocol_metadata_get_negotiated_ciphersuite(metadata: Metadata) -> int:
    """The older name of sec_protocol_metadata_get_negotiated_tls_ciphersuite."""
    return sec_protocol_metadata_get_negotiated_tls_ciphersuite(metadata)


def sec_protocol_metadata_get_early_data_accepted(metadata: Metadata) -> bool:
    """Whether data was accepted before the handshake was complete, which exists in TLS 1.3 only: ``False``."""
    _known(metadata)
    return False


# --- the peer --------------------------------------------------------------------------------------------


def sec_protocol_metadata_copy_peer_public_key(metadata: Metadata) -> bytes | None:
    """The key in the peer's certificate: PKCS#1 for RSA, an X9.63 point for EC, the raw key for Ed25519."""
    md = _known(metadata)
    key = md.peer_chain[0].key() if md is not None and md.peer_chain else None
    return None if key is None else SecKeyCopyExternalRepresentation(key, None)[0]


def sec_protocol_metadata_access_peer_certificate_chain(
    metadata: Metadata, handler: Callable[[SecCertificate], Any] | None
) -> bool:
    """Call ``handler(certificate)`` for each certificate of the peer, leaf first; ``False`` when there is none."""
    md = _known(metadata)
    return _each(() if md is None else md.peer_chain, handler)


def sec_protocol_metadata_access_ocsp_response(
    metadata: Metadata, handler: Callable[[bytes], Any] | None
) -> bool:
    """Call ``handler(response)`` for the stapled OCSP response; ``False`` when there is none."""
    md = _known(metadata)
    return _each(() if md is None or md.ocsp is None else (md.ocsp,), handler)


def sec_protocol_metadata_access_supported_signature_algorithms(
    metadata: Metadata, handler: Callable[[int], Any] | None
) -> bool:
    """Call ``handler(number)`` for each signature algorithm that the peer announced; ``False`` when unknown."""
    md = _known(metadata)
    return _each(() if md is None else md.peer_schemes, handler)


def sec_protocol_metadata_access_distinguished_names(
    metadata: Metadata, handler: Callable[[bytes], Any] | None
) -> bool:
    """Call ``handler(name)`` for each authority, in DER, of a certificate request; ``False`` when there is none."""
    md = _known(metadata)
    return _each(() if md is None else md.distinguished_names, handler)


def sec_protocol_metadata_access_pre_shared_keys(
    metadata: Metadata, handler: Callable[[bytes, bytes], Any] | None
) -> bool:
    """Call ``handler(secret, identity)`` for the pre-shared key in use; ``False`` when there is none."""
    md = _known(metadata)
    if handler is not None and not callable(handler):
        raise TypeError(f"the handler must be callable, not {type(handler).__name__}")
    if md is None or md.psk is None or handler is None:
        return False
    handler(*md.psk)
    return True


def sec_protocol_metadata_peers_are_equal(metadataA: Metadata, metadataB: Metadata) -> bool:
    """Whether chain, key, signature algorithms, OCSP response and authorities agree; ``False`` with ``None``."""
    a, b = _known(metadataA), _known(metadataB)
    if a is None or b is None:
        return False
    return _peer(a) == _peer(b)


def _peer(md: sec_protocol_metadata_t) -> tuple[Any, ...]:
    return md.peer_chain, md.peer_schemes, md.ocsp, md.distinguished_names


def sec_protocol_metadata_challenge_parameters_are_equal(metadataA: Metadata, metadataB: Metadata) -> bool:
    """Whether both certificate requests ask for the same: algorithms, authorities, kinds; ``False`` with ``None``."""
    a, b = _known(metadataA), _known(metadataB)
    if a is None or b is None:
        return False
    return _challenge(a) == _challenge(b)


def _challenge(md: sec_protocol_metadata_t) -> tuple[Any, ...]:
    return md.peer_schemes, md.distinguished_names, md.certificate_types


# --- secrets ---------------------------------------------------------------------------------------------


def _label(label: object, length: object) -> bytes | None:
    try:
        text = label.encode() if isinstance(label, str) else _args.data(label, "label")
    except UnicodeEncodeError:  # a lone surrogate: a wrong value, as a number out of range is one
        text = None
    return _args.first(text, _args.number(length, "label_len"))


def sec_protocol_metadata_create_secret(
    metadata: Metadata, label_len: int, label: str | bytes, exporter_length: int
) -> bytes | None:
    """Keying material of ``exporter_length`` bytes for the first ``label_len`` bytes of a label (RFC 5705).

    ``None`` when a length is 0 or out of range, for the protocol's own labels, and with SSLv3.
    """
    md, name = _known(metadata), _label(label, label_len)
    return _export(md, name, None, exporter_length)


def sec_protocol_metadata_create_secret_with_context(
    metadata: Metadata,
    label_len: int,
    label: str | bytes,
    context_len: int,
    context: Any,
    exporter_length: int,
) -> bytes | None:
    """The same with the first ``context_len`` bytes of a context; an empty one differs from none."""
    md, name = _known(metadata), _label(label, label_len)
    value = _args.first(_args.data(context, "context"), _args.number(context_len, "context_len"))
    return None if value is None else _export(md, name, value, exporter_length)


def _export(
    md: sec_protocol_metadata_t | None, label: bytes | None, context: bytes | None, length: object
) -> bytes | None:
    size = _args.room(length, "exporter_length")
    if md is None or not label or not size:
        return None
    return md.export(label, context, size)
