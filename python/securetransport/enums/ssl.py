"""The numbers of the SSL* functions: one type for each C enum, and every member under its own name.

In: nothing. Out: ``IntEnum`` types that equal and hash as plain integers. Promise: any integer can be made
into a member, unknown ones keep their value.
"""

from . import _base


class SSLProtocol(_base.OpenIntEnum):
    """Protocol versions of the SSL* functions; the numbers have no order and are not those on the wire."""

    kSSLProtocolUnknown = 0
    kSSLProtocol2 = 1
    kSSLProtocol3 = 2
    kSSLProtocol3Only = 3
    kTLSProtocol1 = 4
    kTLSProtocol1Only = 5
    kSSLProtocolAll = 6
    kTLSProtocol11 = 7
    kTLSProtocol12 = 8
    kDTLSProtocol1 = 9
    kTLSProtocol13 = 10
    kDTLSProtocol12 = 11
    kTLSProtocolMaxSupported = 999


kSSLProtocolUnknown = SSLProtocol.kSSLProtocolUnknown
kSSLProtocol2 = SSLProtocol.kSSLProtocol2
kSSLProtocol3 = SSLProtocol.kSSLProtocol3
kSSLProtocol3Only = SSLProtocol.kSSLProtocol3Only
kTLSProtocol1 = SSLProtocol.kTLSProtocol1
kTLSProtocol1Only = SSLProtocol.kTLSProtocol1Only
kSSLProtocolAll = SSLProtocol.kSSLProtocolAll
kTLSProtocol11 = SSLProtocol.kTLSProtocol11
kTLSProtocol12 = SSLProtocol.kTLSProtocol12
kDTLSProtocol1 = SSLProtocol.kDTLSProtocol1
kTLSProtocol13 = SSLProtocol.kTLSProtocol13
kDTLSProtocol12 = SSLProtocol.kDTLSProtocol12
kTLSProtocolMaxSupported = SSLProtocol.kTLSProtocolMaxSupported


class tls_protocol_version_t(_base.OpenIntEnum):
    """Protocol versions as they stand on the wire; the ``sec_protocol_*`` functions use them."""

    tls_protocol_version_TLSv10 = 0x301
    tls_protocol_version_TLSv11 = 0x302
    tls_protocol_version_TLSv12 = 0x303
    tls_protocol_version_TLSv13 = 0x304
    tls_protocol_version_DTLSv10 = 0xFEFF
    tls_protocol_version_DTLSv12 = 0xFEFD


tls_protocol_version_TLSv10 = tls_protocol_version_t.tls_protocol_version_TLSv10
tls_protocol_version_TLSv11 = tls_protocol_version_t.tls_protocol_version_TLSv11
tls_protocol_version_TLSv12 = tls_protocol_version_t.tls_protocol_version_TLSv12
tls_protocol_version_TLSv13 = tls_protocol_version_t.tls_protocol_version_TLSv13
tls_protocol_version_DTLSv10 = tls_protocol_version_t.tls_protocol_version_DTLSv10
tls_protocol_version_DTLSv12 = tls_protocol_version_t.tls_protocol_version_DTLSv12


class SSLProtocolSide(_base.OpenIntEnum):
    """Which end of a connection a context is."""

    kSSLServerSide = 0
    kSSLClientSide = 1


kSSLServerSide = SSLProtocolSide.kSSLServerSide
kSSLClientSide = SSLProtocolSide.kSSLClientSide


class SSLConnectionType(_base.OpenIntEnum):
    """The transport below a context: a byte stream (TLS) or datagrams (DTLS)."""

    kSSLStreamType = 0
    kSSLDatagramType = 1


kSSLStreamType = SSLConnectionType.kSSLStreamType
kSSLDatagramType = SSLConnectionType.kSSLDatagramType


class SSLSessionOption(_base.OpenIntEnum):
    """The switches of ``SSLSetSessionOption`` and ``SSLGetSessionOption``."""

    kSSLSessionOptionBreakOnServerAuth = 0
    kSSLSessionOptionBreakOnCertRequested = 1
    kSSLSessionOptionBreakOnClientAuth = 2
    kSSLSessionOptionFalseStart = 3
    kSSLSessionOptionSendOneByteRecord = 4
    kSSLSessionOptionAllowServerIdentityChange = 5
    kSSLSessionOptionFallback = 6
    kSSLSessionOptionBreakOnClientHello = 7
    kSSLSessionOptionAllowRenegotiation = 8
    kSSLSessionOptionEnableSessionTickets = 9


kSSLSessionOptionBreakOnServerAuth = SSLSessionOption.kSSLSessionOptionBreakOnServerAuth
kSSLSessionOptionBreakOnCertRequested = SSLSessionOption.kSSLSessionOptionBreakOnCertRequested
kSSLSessionOptionBreakOnClientAuth = SSLSessionOption.kSSLSessionOptionBreakOnClientAuth
kSSLSessionOptionFalseStart = SSLSessionOption.kSSLSessionOptionFalseStart
kSSLSessionOptionSendOneByteRecord = SSLSessionOption.kSSLSessionOptionSendOneByteRecord
kSSLSessionOptionAllowServerIdentityChange = SSLSessionOption.kSSLSessionOptionAllowServerIdentityChange
kSSLSessionOptionFallback = SSLSessionOption.kSSLSessionOptionFallback
kSSLSessionOptionBreakOnClientHello = SSLSessionOption.kSSLSessionOptionBreakOnClientHello
kSSLSessionOptionAllowRenegotiation = SSLSessionOption.kSSLSessionOptionAllowRenegotiation
kSSLSessionOptionEnableSessionTickets = SSLSessionOption.kSSLSessionOptionEnableSessionTickets


class SSLSessionState(_base.OpenIntEnum):
    """What ``SSLGetSessionState`` answers."""

    kSSLIdle = 0
    kSSLHandshake = 1
    kSSLConnected = 2
    kSSLClosed = 3
    kSSLAborted = 4


kSSLIdle = SSLSessionState.kSSLIdle
kSSLHandshake = SSLSessionState.kSSLHandshake
kSSLConnected = SSLSessionState.kSSLConnected
kSSLClosed = SSLSessionState.kSSLClosed
kSSLAborted = SSLSessionState.kSSLAborted


class SSLClientCertificateState(_base.OpenIntEnum):
    """What became of the client certificate, for ``SSLGetClientCertificateState``."""

    kSSLClientCertNone = 0
    kSSLClientCertRequested = 1
    kSSLClientCertSent = 2
    kSSLClientCertRejected = 3


kSSLClientCertNone = SSLClientCertificateState.kSSLClientCertNone
kSSLClientCertRequested = SSLClientCertificateState.kSSLClientCertRequested
kSSLClientCertSent = SSLClientCertificateState.kSSLClientCertSent
kSSLClientCertRejected = SSLClientCertificateState.kSSLClientCertRejected


class SSLAuthenticate(_base.OpenIntEnum):
    """Whether a server asks its clients for a certificate."""

    kNeverAuthenticate = 0
    kAlwaysAuthenticate = 1
    kTryAuthenticate = 2


kNeverAuthenticate = SSLAuthenticate.kNeverAuthenticate
kAlwaysAuthenticate = SSLAuthenticate.kAlwaysAuthenticate
kTryAuthenticate = SSLAuthenticate.kTryAuthenticate


class SSLCiphersuiteGroup(_base.OpenIntEnum):
    """Named bundles of cipher suites."""

    kSSLCiphersuiteGroupDefault = 0
    kSSLCiphersuiteGroupCompatibility = 1
    kSSLCiphersuiteGroupLegacy = 2
    kSSLCiphersuiteGroupATS = 3
    kSSLCiphersuiteGroupATSCompatibility = 4


kSSLCiphersuiteGroupDefault = SSLCiphersuiteGroup.kSSLCiphersuiteGroupDefault
kSSLCiphersuiteGroupCompatibility = SSLCiphersuiteGroup.kSSLCiphersuiteGroupCompatibility
kSSLCiphersuiteGroupLegacy = SSLCiphersuiteGroup.kSSLCiphersuiteGroupLegacy
kSSLCiphersuiteGroupATS = SSLCiphersuiteGroup.kSSLCiphersuiteGroupATS
kSSLCiphersuiteGroupATSCompatibility = SSLCiphersuiteGroup.kSSLCiphersuiteGroupATSCompatibility


class tls_ciphersuite_group_t(_base.OpenIntEnum):
    """The same bundles under the names of the ``sec_protocol_*`` functions."""

    tls_ciphersuite_group_default = 0
    tls_ciphersuite_group_compatibility = 1
    tls_ciphersuite_group_legacy = 2
    tls_ciphersuite_group_ats = 3
    tls_ciphersuite_group_ats_compatibility = 4


tls_ciphersuite_group_default = tls_ciphersuite_group_t.tls_ciphersuite_group_default
tls_ciphersuite_group_compatibility = tls_ciphersuite_group_t.tls_ciphersuite_group_compatibility
tls_ciphersuite_group_legacy = tls_ciphersuite_group_t.tls_ciphersuite_group_legacy
tls_ciphersuite_group_ats = tls_ciphersuite_group_t.tls_ciphersuite_group_ats
tls_ciphersuite_group_ats_compatibility = tls_ciphersuite_group_t.tls_ciphersuite_group_ats_compatibility


class tls_ciphersuite_t(_base.OpenIntEnum):
    """Cipher suites under the names of the ``sec_protocol_*`` functions; the numbers are those of TLS."""

    tls_ciphersuite_RSA_WITH_3DES_EDE_CBC_SHA = 10
    tls_ciphersuite_RSA_WITH_AES_128_CBC_SHA = 47
    tls_ciphersuite_RSA_WITH_AES_256_CBC_SHA = 53
    tls_ciphersuite_RSA_WITH_AES_128_GCM_SHA256 = 156
    tls_ciphersuite_RSA_WITH_AES_256_GCM_SHA384 = 157
    tls_ciphersuite_RSA_WITH_AES_128_CBC_SHA256 = 60
    tls_ciphersuite_RSA_WITH_AES_256_CBC_SHA256 = 61
    tls_ciphersuite_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA = 0xC008
    tls_ciphersuite_ECDHE_ECDSA_WITH_AES_128_CBC_SHA = 0xC009
    tls_ciphersuite_ECDHE_ECDSA_WITH_AES_256_CBC_SHA = 0xC00A
    tls_ciphersuite_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA = 0xC012
    tls_ciphersuite_ECDHE_RSA_WITH_AES_128_CBC_SHA = 0xC013
    tls_ciphersuite_ECDHE_RSA_WITH_AES_256_CBC_SHA = 0xC014
    tls_ciphersuite_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 = 0xC023
    tls_ciphersuite_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 = 0xC024
    tls_ciphersuite_ECDHE_RSA_WITH_AES_128_CBC_SHA256 = 0xC027
    tls_ciphersuite_ECDHE_RSA_WITH_AES_256_CBC_SHA384 = 0xC028
    tls_ciphersuite_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 = 0xC02B
    tls_ciphersuite_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 = 0xC02C
    tls_ciphersuite_ECDHE_RSA_WITH_AES_128_GCM_SHA256 = 0xC02F
    tls_ciphersuite_ECDHE_RSA_WITH_AES_256_GCM_SHA384 = 0xC030
    tls_ciphersuite_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 = 0xCCA8
    tls_ciphersuite_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 = 0xCCA9
    tls_ciphersuite_AES_128_GCM_SHA256 = 0x1301
    tls_ciphersuite_AES_256_GCM_SHA384 = 0x1302
    tls_ciphersuite_CHACHA20_POLY1305_SHA256 = 0x1303


tls_ciphersuite_RSA_WITH_3DES_EDE_CBC_SHA = tls_ciphersuite_t.tls_ciphersuite_RSA_WITH_3DES_EDE_CBC_SHA
tls_ciphersuite_RSA_WITH_AES_128_CBC_SHA = tls_ciphersuite_t.tls_ciphersuite_RSA_WITH_AES_128_CBC_SHA
tls_ciphersuite_RSA_WITH_AES_256_CBC_SHA = tls_ciphersuite_t.tls_ciphersuite_RSA_WITH_AES_256_CBC_SHA
tls_ciphersuite_RSA_WITH_AES_128_GCM_SHA256 = tls_ciphersuite_t.tls_ciphersuite_RSA_WITH_AES_128_GCM_SHA256
tls_ciphersuite_RSA_WITH_AES_256_GCM_SHA384 = tls_ciphersuite_t.tls_ciphersuite_RSA_WITH_AES_256_GCM_SHA384
tls_ciphersuite_RSA_WITH_AES_128_CBC_SHA256 = tls_ciphersuite_t.tls_ciphersuite_RSA_WITH_AES_128_CBC_SHA256
tls_ciphersuite_RSA_WITH_AES_256_CBC_SHA256 = tls_ciphersuite_t.tls_ciphersuite_RSA_WITH_AES_256_CBC_SHA256
tls_ciphersuite_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA
)
tls_ciphersuite_ECDHE_ECDSA_WITH_AES_128_CBC_SHA = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_ECDSA_WITH_AES_128_CBC_SHA
)
tls_ciphersuite_ECDHE_ECDSA_WITH_AES_256_CBC_SHA = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_ECDSA_WITH_AES_256_CBC_SHA
)
tls_ciphersuite_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA
)
tls_ciphersuite_ECDHE_RSA_WITH_AES_128_CBC_SHA = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_RSA_WITH_AES_128_CBC_SHA
)
tls_ciphersuite_ECDHE_RSA_WITH_AES_256_CBC_SHA = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_RSA_WITH_AES_256_CBC_SHA
)
tls_ciphersuite_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256
)
tls_ciphersuite_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384
)
tls_ciphersuite_ECDHE_RSA_WITH_AES_128_CBC_SHA256 = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_RSA_WITH_AES_128_CBC_SHA256
)
tls_ciphersuite_ECDHE_RSA_WITH_AES_256_CBC_SHA384 = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_RSA_WITH_AES_256_CBC_SHA384
)
tls_ciphersuite_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
)
tls_ciphersuite_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
)
tls_ciphersuite_ECDHE_RSA_WITH_AES_128_GCM_SHA256 = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_RSA_WITH_AES_128_GCM_SHA256
)
tls_ciphersuite_ECDHE_RSA_WITH_AES_256_GCM_SHA384 = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_RSA_WITH_AES_256_GCM_SHA384
)
tls_ciphersuite_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
)
tls_ciphersuite_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 = (
    tls_ciphersuite_t.tls_ciphersuite_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
)
tls_ciphersuite_AES_128_GCM_SHA256 = tls_ciphersuite_t.tls_ciphersuite_AES_128_GCM_SHA256
tls_ciphersuite_AES_256_GCM_SHA384 = tls_ciphersuite_t.tls_ciphersuite_AES_256_GCM_SHA384
tls_ciphersuite_CHACHA20_POLY1305_SHA256 = tls_ciphersuite_t.tls_ciphersuite_CHACHA20_POLY1305_SHA256
