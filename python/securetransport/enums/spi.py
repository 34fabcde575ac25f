"""The numbers of the private SSL* and sec_protocol_* functions; reached through ``securetransport.spi`` only.

In: nothing. Out: ``IntEnum`` types and their members, as in ``enums.ssl``.
"""

from . import _base


class SSLConnectionStrength(_base.OpenIntEnum):
    """A verdict on the negotiated parameters."""

    SSLConnectionStrengthStrong = 0
    SSLConnectionStrengthWeak = 1
    SSLConnectionStrengthNonsecure = 2


SSLConnectionStrengthStrong = SSLConnectionStrength.SSLConnectionStrengthStrong
SSLConnectionStrengthWeak = SSLConnectionStrength.SSLConnectionStrengthWeak
SSLConnectionStrengthNonsecure = SSLConnectionStrength.SSLConnectionStrengthNonsecure


class SSLKeyExchangeGroup(_base.OpenIntEnum):
    """Groups for key exchange; the numbers are those on the wire."""

    SSLKeyExchangeGroupSecp256r1 = 23
    SSLKeyExchangeGroupSecp384r1 = 24
    SSLKeyExchangeGroupSecp521r1 = 25
    SSLKeyExchangeGroupX25519 = 29
    SSLKeyExchangeGroupX448 = 30
    SSLKeyExchangeGroupFFDHE2048 = 0x100
    SSLKeyExchangeGroupFFDHE3072 = 0x101
    SSLKeyExchangeGroupFFDHE4096 = 0x102
    SSLKeyExchangeGroupFFDHE6144 = 0x103
    SSLKeyExchangeGroupFFDHE8192 = 0x104


SSLKeyExchangeGroupSecp256r1 = SSLKeyExchangeGroup.SSLKeyExchangeGroupSecp256r1
SSLKeyExchangeGroupSecp384r1 = SSLKeyExchangeGroup.SSLKeyExchangeGroupSecp384r1
SSLKeyExchangeGroupSecp521r1 = SSLKeyExchangeGroup.SSLKeyExchangeGroupSecp521r1
SSLKeyExchangeGroupX25519 = SSLKeyExchangeGroup.SSLKeyExchangeGroupX25519
SSLKeyExchangeGroupX448 = SSLKeyExchangeGroup.SSLKeyExchangeGroupX448
SSLKeyExchangeGroupFFDHE2048 = SSLKeyExchangeGroup.SSLKeyExchangeGroupFFDHE2048
SSLKeyExchangeGroupFFDHE3072 = SSLKeyExchangeGroup.SSLKeyExchangeGroupFFDHE3072
SSLKeyExchangeGroupFFDHE4096 = SSLKeyExchangeGroup.SSLKeyExchangeGroupFFDHE4096
SSLKeyExchangeGroupFFDHE6144 = SSLKeyExchangeGroup.SSLKeyExchangeGroupFFDHE6144
SSLKeyExchangeGroupFFDHE8192 = SSLKeyExchangeGroup.SSLKeyExchangeGroupFFDHE8192


class SSLKeyExchangeGroupSet(_base.OpenIntEnum):
    """Named bundles of key exchange groups."""

    kSSLKeyExchangeGroupSetDefault = 0
    kSSLKeyExchangeGroupSetCompatibility = 1
    kSSLKeyExchangeGroupSetLegacy = 2


kSSLKeyExchangeGroupSetDefault = SSLKeyExchangeGroupSet.kSSLKeyExchangeGroupSetDefault
kSSLKeyExchangeGroupSetCompatibility = SSLKeyExchangeGroupSet.kSSLKeyExchangeGroupSetCompatibility
kSSLKeyExchangeGroupSetLegacy = SSLKeyExchangeGroupSet.kSSLKeyExchangeGroupSetLegacy


class SSL_ECDSA_NamedCurve(_base.OpenIntEnum):
    """Elliptic curves by their number on the wire (RFC 4492)."""

    SSL_Curve_None = -1
    SSL_Curve_sect163k1 = 1
    SSL_Curve_sect163r1 = 2
    SSL_Curve_sect163r2 = 3
    SSL_Curve_sect193r1 = 4
    SSL_Curve_sect193r2 = 5
    SSL_Curve_sect233k1 = 6
    SSL_Curve_sect233r1 = 7
    SSL_Curve_sect239k1 = 8
    SSL_Curve_sect283k1 = 9
    SSL_Curve_sect283r1 = 10
    SSL_Curve_sect409k1 = 11
    SSL_Curve_sect409r1 = 12
    SSL_Curve_sect571k1 = 13
    SSL_Curve_sect571r1 = 14
    SSL_Curve_secp160k1 = 15
    SSL_Curve_secp160r1 = 16
    SSL_Curve_secp160r2 = 17
    SSL_Curve_secp192k1 = 18
    SSL_Curve_secp192r1 = 19
    SSL_Curve_secp224k1 = 20
    SSL_Curve_secp224r1 = 21
    SSL_Curve_secp256k1 = 22
    SSL_Curve_secp256r1 = 23
    SSL_Curve_secp384r1 = 24
    SSL_Curve_secp521r1 = 25


SSL_Curve_None = SSL_ECDSA_NamedCurve.SSL_Curve_None
SSL_Curve_sect163k1 = SSL_ECDSA_NamedCurve.SSL_Curve_sect163k1
SSL_Curve_sect163r1 = SSL_ECDSA_NamedCurve.SSL_Curve_sect163r1
SSL_Curve_sect163r2 = SSL_ECDSA_NamedCurve.SSL_Curve_sect163r2
SSL_Curve_sect193r1 = SSL_ECDSA_NamedCurve.SSL_Curve_sect193r1
SSL_Curve_sect193r2 = SSL_ECDSA_NamedCurve.SSL_Curve_sect193r2
SSL_Curve_sect233k1 = SSL_ECDSA_NamedCurve.SSL_Curve_sect233k1
SSL_Curve_sect233r1 = SSL_ECDSA_NamedCurve.SSL_Curve_sect233r1
SSL_Curve_sect239k1 = SSL_ECDSA_NamedCurve.SSL_Curve_sect239k1
SSL_Curve_sect283k1 = SSL_ECDSA_NamedCurve.SSL_Curve_sect283k1
SSL_Curve_sect283r1 = SSL_ECDSA_NamedCurve.SSL_Curve_sect283r1
SSL_Curve_sect409k1 = SSL_ECDSA_NamedCurve.SSL_Curve_sect409k1
SSL_Curve_sect409r1 = SSL_ECDSA_NamedCurve.SSL_Curve_sect409r1
SSL_Curve_sect571k1 = SSL_ECDSA_NamedCurve.SSL_Curve_sect571k1
SSL_Curve_sect571r1 = SSL_ECDSA_NamedCurve.SSL_Curve_sect571r1
SSL_Curve_secp160k1 = SSL_ECDSA_NamedCurve.SSL_Curve_secp160k1
SSL_Curve_secp160r1 = SSL_ECDSA_NamedCurve.SSL_Curve_secp160r1
SSL_Curve_secp160r2 = SSL_ECDSA_NamedCurve.SSL_Curve_secp160r2
SSL_Curve_secp192k1 = SSL_ECDSA_NamedCurve.SSL_Curve_secp192k1
SSL_Curve_secp192r1 = SSL_ECDSA_NamedCurve.SSL_Curve_secp192r1
SSL_Curve_secp224k1 = SSL_ECDSA_NamedCurve.SSL_Curve_secp224k1
SSL_Curve_secp224r1 = SSL_ECDSA_NamedCurve.SSL_Curve_secp224r1
SSL_Curve_secp256k1 = SSL_ECDSA_NamedCurve.SSL_Curve_secp256k1
SSL_Curve_secp256r1 = SSL_ECDSA_NamedCurve.SSL_Curve_secp256r1
SSL_Curve_secp384r1 = SSL_ECDSA_NamedCurve.SSL_Curve_secp384r1
SSL_Curve_secp521r1 = SSL_ECDSA_NamedCurve.SSL_Curve_secp521r1


class SSLClientAuthenticationType(_base.OpenIntEnum):
    """Kinds of client certificate a server may ask for."""

    SSLClientAuthNone = -1
    SSLClientAuth_RSASign = 1
    SSLClientAuth_DSSSign = 2
    SSLClientAuth_RSAFixedDH = 3
    SSLClientAuth_DSS_FixedDH = 4
    SSLClientAuth_ECDSASign = 64
    SSLClientAuth_RSAFixedECDH = 65
    SSLClientAuth_ECDSAFixedECDH = 66


SSLClientAuthNone = SSLClientAuthenticationType.SSLClientAuthNone
SSLClientAuth_RSASign = SSLClientAuthenticationType.SSLClientAuth_RSASign
SSLClientAuth_DSSSign = SSLClientAuthenticationType.SSLClientAuth_DSSSign
SSLClientAuth_RSAFixedDH = SSLClientAuthenticationType.SSLClientAuth_RSAFixedDH
SSLClientAuth_DSS_FixedDH = SSLClientAuthenticationType.SSLClientAuth_DSS_FixedDH
SSLClientAuth_ECDSASign = SSLClientAuthenticationType.SSLClientAuth_ECDSASign
SSLClientAuth_RSAFixedECDH = SSLClientAuthenticationType.SSLClientAuth_RSAFixedECDH
SSLClientAuth_ECDSAFixedECDH = SSLClientAuthenticationType.SSLClientAuth_ECDSAFixedECDH


class SSL_HashAlgorithm(_base.OpenIntEnum):
    """Hashes of signature algorithms as TLS 1.2 numbers them."""

    SSL_HashAlgorithmNone = 0
    SSL_HashAlgorithmMD5 = 1
    SSL_HashAlgorithmSHA1 = 2
    SSL_HashAlgorithmSHA224 = 3
    SSL_HashAlgorithmSHA256 = 4
    SSL_HashAlgorithmSHA384 = 5
    SSL_HashAlgorithmSHA512 = 6


SSL_HashAlgorithmNone = SSL_HashAlgorithm.SSL_HashAlgorithmNone
SSL_HashAlgorithmMD5 = SSL_HashAlgorithm.SSL_HashAlgorithmMD5
SSL_HashAlgorithmSHA1 = SSL_HashAlgorithm.SSL_HashAlgorithmSHA1
SSL_HashAlgorithmSHA224 = SSL_HashAlgorithm.SSL_HashAlgorithmSHA224
SSL_HashAlgorithmSHA256 = SSL_HashAlgorithm.SSL_HashAlgorithmSHA256
SSL_HashAlgorithmSHA384 = SSL_HashAlgorithm.SSL_HashAlgorithmSHA384
SSL_HashAlgorithmSHA512 = SSL_HashAlgorithm.SSL_HashAlgorithmSHA512


class SSL_SignatureAlgorithm(_base.OpenIntEnum):
    """Signatures of signature algorithms as TLS 1.2 numbers them."""

    SSL_SignatureAlgorithmAnonymous = 0
    SSL_SignatureAlgorithmRSA = 1
    SSL_SignatureAlgorithmDSA = 2
    SSL_SignatureAlgorithmECDSA = 3


SSL_SignatureAlgorithmAnonymous = SSL_SignatureAlgorithm.SSL_SignatureAlgorithmAnonymous
SSL_SignatureAlgorithmRSA = SSL_SignatureAlgorithm.SSL_SignatureAlgorithmRSA
SSL_SignatureAlgorithmDSA = SSL_SignatureAlgorithm.SSL_SignatureAlgorithmDSA
SSL_SignatureAlgorithmECDSA = SSL_SignatureAlgorithm.SSL_SignatureAlgorithmECDSA


class tls_key_exchange_group_t(_base.OpenIntEnum):
    """Groups for key exchange under the names of the ``sec_protocol_*`` functions."""

    tls_key_exchange_group_Secp256r1 = 23
    tls_key_exchange_group_Secp384r1 = 24
    tls_key_exchange_group_Secp521r1 = 25
    tls_key_exchange_group_X25519 = 29
    tls_key_exchange_group_X448 = 30
    tls_key_exchange_group_FFDHE2048 = 0x100
    tls_key_exchange_group_FFDHE3072 = 0x101
    tls_key_exchange_group_FFDHE4096 = 0x102
    tls_key_exchange_group_FFDHE6144 = 0x103
    tls_key_exchange_group_FFDHE8192 = 0x104


tls_key_exchange_group_Secp256r1 = tls_key_exchange_group_t.tls_key_exchange_group_Secp256r1
tls_key_exchange_group_Secp384r1 = tls_key_exchange_group_t.tls_key_exchange_group_Secp384r1
tls_key_exchange_group_Secp521r1 = tls_key_exchange_group_t.tls_key_exchange_group_Secp521r1
tls_key_exchange_group_X25519 = tls_key_exchange_group_t.tls_key_exchange_group_X25519
tls_key_exchange_group_X448 = tls_key_exchange_group_t.tls_key_exchange_group_X448
tls_key_exchange_group_FFDHE2048 = tls_key_exchange_group_t.tls_key_exchange_group_FFDHE2048
tls_key_exchange_group_FFDHE3072 = tls_key_exchange_group_t.tls_key_exchange_group_FFDHE3072
tls_key_exchange_group_FFDHE4096 = tls_key_exchange_group_t.tls_key_exchange_group_FFDHE4096
tls_key_exchange_group_FFDHE6144 = tls_key_exchange_group_t.tls_key_exchange_group_FFDHE6144
tls_key_exchange_group_FFDHE8192 = tls_key_exchange_group_t.tls_key_exchange_group_FFDHE8192


class tls_key_exchange_group_set_t(_base.OpenIntEnum):
    """Bundles of groups under the names of the ``sec_protocol_*`` functions."""

    tls_key_exchange_group_set_default = 0
    tls_key_exchange_group_set_compatibility = 1
    tls_key_exchange_group_set_legacy = 2


tls_key_exchange_group_set_default = tls_key_exchange_group_set_t.tls_key_exchange_group_set_default
tls_key_exchange_group_set_compatibility = (
    tls_key_exchange_group_set_t.tls_key_exchange_group_set_compatibility
)
tls_key_exchange_group_set_legacy = tls_key_exchange_group_set_t.tls_key_exchange_group_set_legacy


class pqtls_mode_t(_base.OpenIntEnum):
    """Whether post-quantum key exchange is wanted."""

    no_pqtls = 0
    try_pqtls = 1
    force_pqtls = 2


no_pqtls = pqtls_mode_t.no_pqtls
try_pqtls = pqtls_mode_t.try_pqtls
force_pqtls = pqtls_mode_t.force_pqtls


class sec_protocol_transport_t(_base.OpenIntEnum):
    """The transport below a connection."""

    sec_protocol_transport_any = 0
    sec_protocol_transport_tcp = 1
    sec_protocol_transport_quic = 2


sec_protocol_transport_any = sec_protocol_transport_t.sec_protocol_transport_any
sec_protocol_transport_tcp = sec_protocol_transport_t.sec_protocol_transport_tcp
sec_protocol_transport_quic = sec_protocol_transport_t.sec_protocol_transport_quic


class sec_protocol_tls_encryption_level_t(_base.OpenIntEnum):
    """Which keys protect a piece of the connection."""

    sec_protocol_tls_encryption_level_initial = 0
    sec_protocol_tls_encryption_level_early_data = 1
    sec_protocol_tls_encryption_level_handshake = 2
    sec_protocol_tls_encryption_level_application = 3


sec_protocol_tls_encryption_level_initial = (
    sec_protocol_tls_encryption_level_t.sec_protocol_tls_encryption_level_initial
)
sec_protocol_tls_encryption_level_early_data = (
    sec_protocol_tls_encryption_level_t.sec_protocol_tls_encryption_level_early_data
)
sec_protocol_tls_encryption_level_handshake = (
    sec_protocol_tls_encryption_level_t.sec_protocol_tls_encryption_level_handshake
)
sec_protocol_tls_encryption_level_application = (
    sec_protocol_tls_encryption_level_t.sec_protocol_tls_encryption_level_application
)


class SSLProtocolVersion(_base.OpenIntEnum):
    """Protocol versions on the wire under their oldest names."""

    SSL_Version_Undetermined = 0
    SSL_Version_2_0 = 2
    SSL_Version_3_0 = 0x300
    TLS_Version_1_0 = 0x301
    TLS_Version_1_1 = 0x302
    TLS_Version_1_2 = 0x303
    DTLS_Version_1_0 = 0xFEFF


SSL_Version_Undetermined = SSLProtocolVersion.SSL_Version_Undetermined
SSL_Version_2_0 = SSLProtocolVersion.SSL_Version_2_0
SSL_Version_3_0 = SSLProtocolVersion.SSL_Version_3_0
TLS_Version_1_0 = SSLProtocolVersion.TLS_Version_1_0
TLS_Version_1_1 = SSLProtocolVersion.TLS_Version_1_1
TLS_Version_1_2 = SSLProtocolVersion.TLS_Version_1_2
DTLS_Version_1_0 = SSLProtocolVersion.DTLS_Version_1_0


class SSLRecordType(_base.OpenIntEnum):
    """Record types."""

    SSL_RecordTypeV2_0 = 0
    SSL_RecordTypeChangeCipher = 20
    SSL_RecordTypeAlert = 21
    SSL_RecordTypeHandshake = 22
    SSL_RecordTypeAppData = 23
    SSL_RecordTypeV3_Smallest = 20
    SSL_RecordTypeV3_Largest = 23


SSL_RecordTypeV2_0 = SSLRecordType.SSL_RecordTypeV2_0
SSL_RecordTypeChangeCipher = SSLRecordType.SSL_RecordTypeChangeCipher
SSL_RecordTypeAlert = SSLRecordType.SSL_RecordTypeAlert
SSL_RecordTypeHandshake = SSLRecordType.SSL_RecordTypeHandshake
SSL_RecordTypeAppData = SSLRecordType.SSL_RecordTypeAppData
SSL_RecordTypeV3_Smallest = SSLRecordType.SSL_RecordTypeV3_Smallest
SSL_RecordTypeV3_Largest = SSLRecordType.SSL_RecordTypeV3_Largest
