"""The numbers Apple's engine uses inside; reached through ``securetransport.spi`` only.

In: nothing. Out: ``IntEnum`` types and their members, as in ``enums.ssl``.
"""

from . import _base


class tls_protocol_version(_base.OpenIntEnum):
    """Protocol versions on the wire, the engine's names."""

    tls_protocol_version_Undertermined = 0
    tls_protocol_version_SSL_3 = 0x300
    tls_protocol_version_TLS_1_0 = 0x301
    tls_protocol_version_TLS_1_1 = 0x302
    tls_protocol_version_TLS_1_2 = 0x303
    tls_protocol_version_TLS_1_3 = 0x304
    tls_protocol_version_TLS_1_3_DRAFT = 0x7F12
    tls_protocol_version_DTLS_1_2 = 0xFEFD
    tls_protocol_version_DTLS_1_0 = 0xFEFF


tls_protocol_version_Undertermined = tls_protocol_version.tls_protocol_version_Undertermined
tls_protocol_version_SSL_3 = tls_protocol_version.tls_protocol_version_SSL_3
tls_protocol_version_TLS_1_0 = tls_protocol_version.tls_protocol_version_TLS_1_0
tls_protocol_version_TLS_1_1 = tls_protocol_version.tls_protocol_version_TLS_1_1
tls_protocol_version_TLS_1_2 = tls_protocol_version.tls_protocol_version_TLS_1_2
tls_protocol_version_TLS_1_3 = tls_protocol_version.tls_protocol_version_TLS_1_3
tls_protocol_version_TLS_1_3_DRAFT = tls_protocol_version.tls_protocol_version_TLS_1_3_DRAFT
tls_protocol_version_DTLS_1_2 = tls_protocol_version.tls_protocol_version_DTLS_1_2
tls_protocol_version_DTLS_1_0 = tls_protocol_version.tls_protocol_version_DTLS_1_0


class tls_record_type(_base.OpenIntEnum):
    """Record types, the engine's names."""

    tls_record_type_ChangeCipher = 20
    tls_record_type_Alert = 21
    tls_record_type_Handshake = 22
    tls_record_type_AppData = 23
    tls_record_type_SSL2 = 128


tls_record_type_ChangeCipher = tls_record_type.tls_record_type_ChangeCipher
tls_record_type_Alert = tls_record_type.tls_record_type_Alert
tls_record_type_Handshake = tls_record_type.tls_record_type_Handshake
tls_record_type_AppData = tls_record_type.tls_record_type_AppData
tls_record_type_SSL2 = tls_record_type.tls_record_type_SSL2


class tls_client_auth_type(_base.OpenIntEnum):
    """Kinds of client certificate, the engine's names."""

    tls_client_auth_type_None = -1
    tls_client_auth_type_RSASign = 1
    tls_client_auth_type_DSSSign = 2
    tls_client_auth_type_RSAFixedDH = 3
    tls_client_auth_type_DSS_FixedDH = 4
    tls_client_auth_type_ECDSASign = 64
    tls_client_auth_type_RSAFixedECDH = 65
    tls_client_auth_type_ECDSAFixedECDH = 66


tls_client_auth_type_None = tls_client_auth_type.tls_client_auth_type_None
tls_client_auth_type_RSASign = tls_client_auth_type.tls_client_auth_type_RSASign
tls_client_auth_type_DSSSign = tls_client_auth_type.tls_client_auth_type_DSSSign
tls_client_auth_type_RSAFixedDH = tls_client_auth_type.tls_client_auth_type_RSAFixedDH
tls_client_auth_type_DSS_FixedDH = tls_client_auth_type.tls_client_auth_type_DSS_FixedDH
tls_client_auth_type_ECDSASign = tls_client_auth_type.tls_client_auth_type_ECDSASign
tls_client_auth_type_RSAFixedECDH = tls_client_auth_type.tls_client_auth_type_RSAFixedECDH
tls_client_auth_type_ECDSAFixedECDH = tls_client_auth_type.tls_client_auth_type_ECDSAFixedECDH


class tls_hash_algorithm(_base.OpenIntEnum):
    """Hashes, the engine's names."""

    tls_hash_algorithm_None = 0
    tls_hash_algorithm_MD5 = 1
    tls_hash_algorithm_SHA1 = 2
    tls_hash_algorithm_SHA224 = 3
    tls_hash_algorithm_SHA256 = 4
    tls_hash_algorithm_SHA384 = 5
    tls_hash_algorithm_SHA512 = 6


tls_hash_algorithm_None = tls_hash_algorithm.tls_hash_algorithm_None
tls_hash_algorithm_MD5 = tls_hash_algorithm.tls_hash_algorithm_MD5
tls_hash_algorithm_SHA1 = tls_hash_algorithm.tls_hash_algorithm_SHA1
tls_hash_algorithm_SHA224 = tls_hash_algorithm.tls_hash_algorithm_SHA224
tls_hash_algorithm_SHA256 = tls_hash_algorithm.tls_hash_algorithm_SHA256
tls_hash_algorithm_SHA384 = tls_hash_algorithm.tls_hash_algorithm_SHA384
tls_hash_algorithm_SHA512 = tls_hash_algorithm.tls_hash_algorithm_SHA512


class tls_signature_algorithm(_base.OpenIntEnum):
    """Signatures, the engine's names."""

    tls_signature_algorithm_Anonymous = 0
    tls_signature_algorithm_RSA = 1
    tls_signature_algorithm_DSA = 2
    tls_signature_algorithm_ECDSA = 3


tls_signature_algorithm_Anonymous = tls_signature_algorithm.tls_signature_algorithm_Anonymous
tls_signature_algorithm_RSA = tls_signature_algorithm.tls_signature_algorithm_RSA
tls_signature_algorithm_DSA = tls_signature_algorithm.tls_signature_algorithm_DSA
tls_signature_algorithm_ECDSA = tls_signature_algorithm.tls_signature_algorithm_ECDSA


class tls_named_curve(_base.OpenIntEnum):
    """Elliptic curves, the engine's names."""

    tls_curve_none = -1
    tls_curve_sect163k1 = 1
    tls_curve_sect163r1 = 2
    tls_curve_sect163r2 = 3
    tls_curve_sect193r1 = 4
    tls_curve_sect193r2 = 5
    tls_curve_sect233k1 = 6
    tls_curve_sect233r1 = 7
    tls_curve_sect239k1 = 8
    tls_curve_sect283k1 = 9
    tls_curve_sect283r1 = 10
    tls_curve_sect409k1 = 11
    tls_curve_sect409r1 = 12
    tls_curve_sect571k1 = 13
    tls_curve_sect571r1 = 14
    tls_curve_secp160k1 = 15
    tls_curve_secp160r1 = 16
    tls_curve_secp160r2 = 17
    tls_curve_secp192k1 = 18
    tls_curve_secp192r1 = 19
    tls_curve_secp224k1 = 20
    tls_curve_secp224r1 = 21
    tls_curve_secp256k1 = 22
    tls_curve_secp256r1 = 23
    tls_curve_secp384r1 = 24
    tls_curve_secp521r1 = 25


tls_curve_none = tls_named_curve.tls_curve_none
tls_curve_sect163k1 = tls_named_curve.tls_curve_sect163k1
tls_curve_sect163r1 = tls_named_curve.tls_curve_sect163r1
tls_curve_sect163r2 = tls_named_curve.tls_curve_sect163r2
tls_curve_sect193r1 = tls_named_curve.tls_curve_sect193r1
tls_curve_sect193r2 = tls_named_curve.tls_curve_sect193r2
tls_curve_sect233k1 = tls_named_curve.tls_curve_sect233k1
tls_curve_sect233r1 = tls_named_curve.tls_curve_sect233r1
tls_curve_sect239k1 = tls_named_curve.tls_curve_sect239k1
tls_curve_sect283k1 = tls_named_curve.tls_curve_sect283k1
tls_curve_sect283r1 = tls_named_curve.tls_curve_sect283r1
tls_curve_sect409k1 = tls_named_curve.tls_curve_sect409k1
tls_curve_sect409r1 = tls_named_curve.tls_curve_sect409r1
tls_curve_sect571k1 = tls_named_curve.tls_curve_sect571k1
tls_curve_sect571r1 = tls_named_curve.tls_curve_sect571r1
tls_curve_secp160k1 = tls_named_curve.tls_curve_secp160k1
tls_curve_secp160r1 = tls_named_curve.tls_curve_secp160r1
tls_curve_secp160r2 = tls_named_curve.tls_curve_secp160r2
tls_curve_secp192k1 = tls_named_curve.tls_curve_secp192k1
tls_curve_secp192r1 = tls_named_curve.tls_curve_secp192r1
tls_curve_secp224k1 = tls_named_curve.tls_curve_secp224k1
tls_curve_secp224r1 = tls_named_curve.tls_curve_secp224r1
tls_curve_secp256k1 = tls_named_curve.tls_curve_secp256k1
tls_curve_secp256r1 = tls_named_curve.tls_curve_secp256r1
tls_curve_secp384r1 = tls_named_curve.tls_curve_secp384r1
tls_curve_secp521r1 = tls_named_curve.tls_curve_secp521r1


class tls_handshake_message_t(_base.OpenIntEnum):
    """Handshake messages."""

    tls_handshake_message_client_hello_request = 0
    tls_handshake_message_client_hello = 1
    tls_handshake_message_server_hello = 2
    tls_handshake_message_hello_verify_request = 3
    tls_handshake_message_certificate = 11
    tls_handshake_message_server_key_exchange = 12
    tls_handshake_message_certificate_request = 13
    tls_handshake_message_server_hello_done = 14
    tls_handshake_message_certificate_verify = 15
    tls_handshake_message_client_key_exchange = 16
    tls_handshake_message_finished = 20
    tls_handshake_message_certificate_status = 22
    tls_handshake_message_NPN_encrypted_extension = 67


tls_handshake_message_client_hello_request = (
    tls_handshake_message_t.tls_handshake_message_client_hello_request
)
tls_handshake_message_client_hello = tls_handshake_message_t.tls_handshake_message_client_hello
tls_handshake_message_server_hello = tls_handshake_message_t.tls_handshake_message_server_hello
tls_handshake_message_hello_verify_request = (
    tls_handshake_message_t.tls_handshake_message_hello_verify_request
)
tls_handshake_message_certificate = tls_handshake_message_t.tls_handshake_message_certificate
tls_handshake_message_server_key_exchange = tls_handshake_message_t.tls_handshake_message_server_key_exchange
tls_handshake_message_certificate_request = tls_handshake_message_t.tls_handshake_message_certificate_request
tls_handshake_message_server_hello_done = tls_handshake_message_t.tls_handshake_message_server_hello_done
tls_handshake_message_certificate_verify = tls_handshake_message_t.tls_handshake_message_certificate_verify
tls_handshake_message_client_key_exchange = tls_handshake_message_t.tls_handshake_message_client_key_exchange
tls_handshake_message_finished = tls_handshake_message_t.tls_handshake_message_finished
tls_handshake_message_certificate_status = tls_handshake_message_t.tls_handshake_message_certificate_status
tls_handshake_message_NPN_encrypted_extension = (
    tls_handshake_message_t.tls_handshake_message_NPN_encrypted_extension
)


class tls_handshake_trust_t(_base.OpenIntEnum):
    """What a caller of the engine thinks of the peer."""

    tls_handshake_trust_ok = 0
    tls_handshake_trust_unknown = 1
    tls_handshake_trust_unknown_root = 2
    tls_handshake_trust_cert_expired = 3
    tls_handshake_trust_cert_invalid = 4


tls_handshake_trust_ok = tls_handshake_trust_t.tls_handshake_trust_ok
tls_handshake_trust_unknown = tls_handshake_trust_t.tls_handshake_trust_unknown
tls_handshake_trust_unknown_root = tls_handshake_trust_t.tls_handshake_trust_unknown_root
tls_handshake_trust_cert_expired = tls_handshake_trust_t.tls_handshake_trust_cert_expired
tls_handshake_trust_cert_invalid = tls_handshake_trust_t.tls_handshake_trust_cert_invalid


class tls_alert_level_t(_base.OpenIntEnum):
    """Levels of alerts."""

    tls_handshake_alert_level_warning = 1
    tls_handshake_alert_level_fatal = 2


tls_handshake_alert_level_warning = tls_alert_level_t.tls_handshake_alert_level_warning
tls_handshake_alert_level_fatal = tls_alert_level_t.tls_handshake_alert_level_fatal


class tls_alert_t(_base.OpenIntEnum):
    """Alerts."""

    tls_handshake_alert_CloseNotify = 0
    tls_handshake_alert_UnexpectedMsg = 10
    tls_handshake_alert_BadRecordMac = 20
    tls_handshake_alert_DecryptionFail_RESERVED = 21
    tls_handshake_alert_RecordOverflow = 22
    tls_handshake_alert_DecompressFail = 30
    tls_handshake_alert_HandshakeFail = 40
    tls_handshake_alert_NoCert_RESERVED = 41
    tls_handshake_alert_BadCert = 42
    tls_handshake_alert_UnsupportedCert = 43
    tls_handshake_alert_CertRevoked = 44
    tls_handshake_alert_CertExpired = 45
    tls_handshake_alert_CertUnknown = 46
    tls_handshake_alert_IllegalParam = 47
    tls_handshake_alert_UnknownCA = 48
    tls_handshake_alert_AccessDenied = 49
    tls_handshake_alert_DecodeError = 50
    tls_handshake_alert_DecryptError = 51
    tls_handshake_alert_ExportRestriction_RESERVED = 60
    tls_handshake_alert_ProtocolVersion = 70
    tls_handshake_alert_InsufficientSecurity = 71
    tls_handshake_alert_InternalError = 80
    tls_handshake_alert_InappropriateFallback = 86
    tls_handshake_alert_UserCancelled = 90
    tls_handshake_alert_NoRenegotiation = 100
    tls_handshake_alert_UnsupportedExtension = 110


tls_handshake_alert_CloseNotify = tls_alert_t.tls_handshake_alert_CloseNotify
tls_handshake_alert_UnexpectedMsg = tls_alert_t.tls_handshake_alert_UnexpectedMsg
tls_handshake_alert_BadRecordMac = tls_alert_t.tls_handshake_alert_BadRecordMac
tls_handshake_alert_DecryptionFail_RESERVED = tls_alert_t.tls_handshake_alert_DecryptionFail_RESERVED
tls_handshake_alert_RecordOverflow = tls_alert_t.tls_handshake_alert_RecordOverflow
tls_handshake_alert_DecompressFail = tls_alert_t.tls_handshake_alert_DecompressFail
tls_handshake_alert_HandshakeFail = tls_alert_t.tls_handshake_alert_HandshakeFail
tls_handshake_alert_NoCert_RESERVED = tls_alert_t.tls_handshake_alert_NoCert_RESERVED
tls_handshake_alert_BadCert = tls_alert_t.tls_handshake_alert_BadCert
tls_handshake_alert_UnsupportedCert = tls_alert_t.tls_handshake_alert_UnsupportedCert
tls_handshake_alert_CertRevoked = tls_alert_t.tls_handshake_alert_CertRevoked
tls_handshake_alert_CertExpired = tls_alert_t.tls_handshake_alert_CertExpired
tls_handshake_alert_CertUnknown = tls_alert_t.tls_handshake_alert_CertUnknown
tls_handshake_alert_IllegalParam = tls_alert_t.tls_handshake_alert_IllegalParam
tls_handshake_alert_UnknownCA = tls_alert_t.tls_handshake_alert_UnknownCA
tls_handshake_alert_AccessDenied = tls_alert_t.tls_handshake_alert_AccessDenied
tls_handshake_alert_DecodeError = tls_alert_t.tls_handshake_alert_DecodeError
tls_handshake_alert_DecryptError = tls_alert_t.tls_handshake_alert_DecryptError
tls_handshake_alert_ExportRestriction_RESERVED = tls_alert_t.tls_handshake_alert_ExportRestriction_RESERVED
tls_handshake_alert_ProtocolVersion = tls_alert_t.tls_handshake_alert_ProtocolVersion
tls_handshake_alert_InsufficientSecurity = tls_alert_t.tls_handshake_alert_InsufficientSecurity
tls_handshake_alert_InternalError = tls_alert_t.tls_handshake_alert_InternalError
tls_handshake_alert_InappropriateFallback = tls_alert_t.tls_handshake_alert_InappropriateFallback
tls_handshake_alert_UserCancelled = tls_alert_t.tls_handshake_alert_UserCancelled
tls_handshake_alert_NoRenegotiation = tls_alert_t.tls_handshake_alert_NoRenegotiation
tls_handshake_alert_UnsupportedExtension = tls_alert_t.tls_handshake_alert_UnsupportedExtension


class tls_handshake_config_t(_base.OpenIntEnum):
    """The session presets by number."""

    tls_handshake_config_none = -1
    tls_handshake_config_default = 0
    tls_handshake_config_legacy = 1
    tls_handshake_config_standard = 2
    tls_handshake_config_RC4_fallback = 3
    tls_handshake_config_TLSv1_fallback = 4
    tls_handshake_config_TLSv1_RC4_fallback = 5
    tls_handshake_config_ATSv1 = 6
    tls_handshake_config_ATSv1_noPFS = 7
    tls_handshake_config_legacy_DHE = 8
    tls_handshake_config_anonymous = 9
    tls_handshake_config_3DES_fallback = 10
    tls_handshake_config_TLSv1_3DES_fallback = 11
    tls_handshake_config_standard_TLSv3 = 12
    tls_handshake_config_ATSv2 = 13


tls_handshake_config_none = tls_handshake_config_t.tls_handshake_config_none
tls_handshake_config_default = tls_handshake_config_t.tls_handshake_config_default
tls_handshake_config_legacy = tls_handshake_config_t.tls_handshake_config_legacy
tls_handshake_config_standard = tls_handshake_config_t.tls_handshake_config_standard
tls_handshake_config_RC4_fallback = tls_handshake_config_t.tls_handshake_config_RC4_fallback
tls_handshake_config_TLSv1_fallback = tls_handshake_config_t.tls_handshake_config_TLSv1_fallback
tls_handshake_config_TLSv1_RC4_fallback = tls_handshake_config_t.tls_handshake_config_TLSv1_RC4_fallback
tls_handshake_config_ATSv1 = tls_handshake_config_t.tls_handshake_config_ATSv1
tls_handshake_config_ATSv1_noPFS = tls_handshake_config_t.tls_handshake_config_ATSv1_noPFS
tls_handshake_config_legacy_DHE = tls_handshake_config_t.tls_handshake_config_legacy_DHE
tls_handshake_config_anonymous = tls_handshake_config_t.tls_handshake_config_anonymous
tls_handshake_config_3DES_fallback = tls_handshake_config_t.tls_handshake_config_3DES_fallback
tls_handshake_config_TLSv1_3DES_fallback = tls_handshake_config_t.tls_handshake_config_TLSv1_3DES_fallback
tls_handshake_config_standard_TLSv3 = tls_handshake_config_t.tls_handshake_config_standard_TLSv3
tls_handshake_config_ATSv2 = tls_handshake_config_t.tls_handshake_config_ATSv2


class tls_private_key_type_t(_base.OpenIntEnum):
    """Kinds of private key."""

    tls_private_key_type_rsa = 0
    tls_private_key_type_ecdsa = 1


tls_private_key_type_rsa = tls_private_key_type_t.tls_private_key_type_rsa
tls_private_key_type_ecdsa = tls_private_key_type_t.tls_private_key_type_ecdsa
