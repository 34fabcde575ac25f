"""Private constants, reached through ``securetransport.spi`` only.

In: nothing. Out: sizes, engine names of result codes, the fallback mark, private kinds of key.
"""

# Sizes
SSL_MASTER_SECRET_SIZE = 48
SSL_RSA_PREMASTER_SECRET_SIZE = 48
SSL_CLIENT_SRVR_RAND_SIZE = 32
MAX_SESSION_ID_LENGTH = 32
TLS_RECORD_HEADER_SIZE = 5
DTLS_RECORD_HEADER_SIZE = 13
TLS_MAX_FRAGMENT_SIZE = 16384

# A signalling suite that a client adds when it retries with a lower version (RFC 7507)
TLS_FALLBACK_SCSV = 0x5600

# What the engine calls common results
errSSLSuccess = 0
errSSLParam = -50
errSSLAllocate = -108
errSSLUnimplemented = -4

# Key types
kSecAttrKeyTypeECSECPrimeRandomPKA = "2147483678"
kSecAttrKeyTypeSecureEnclaveAttestation = "2147483679"
kSecAttrKeyTypeSecureEnclaveAnonymousAttestation = "2147483680"
kSecAttrKeyTypeEd25519 = "105"
kSecAttrKeyTypeX25519 = "106"
kSecAttrKeyTypeEd448 = "107"
kSecAttrKeyTypeX448 = "108"
kSecAttrKeyTypeKyber = "109"
kSecAttrKeyTypeMLKEM = "110"
kSecAttrKeyTypeMLDSA = "111"

# Key attributes
kSecAttrCanSignRecover = "snrc"
kSecAttrCanVerifyRecover = "vyrc"
kSecAttrWasAlwaysSensitive = "asen"
kSecAttrWasNeverExtractable = "next"
kSecAttrIsPrivate = "priv"
kSecAttrIsModifiable = "modi"

# Key algorithms
kSecKeyAlgorithmRSASignatureRawCCUnit = "algid:sign:RSA:raw-cc"
kSecKeyAlgorithmRSASignatureDigestPKCS1v15MD5 = "algid:sign:RSA:digest-PKCS1v15:MD5"
kSecKeyAlgorithmRSASignatureMessagePKCS1v15MD5 = "algid:sign:RSA:message-PKCS1v15:MD5"
kSecKeyAlgorithmRSAEncryptionRawCCUnit = "algid:encrypt:RSA:raw-cc"
kSecKeyAlgorithmECIESEncryptionAKSSmartCard = "algid:encrypt:ECIES:ECDH:SHA256:2PubKeys"
kSecKeyAlgorithmEdDSASignatureMessageCurve25519SHA512 = "algid:sign:EdDSA:message-Curve25519:SHA512"
kSecKeyAlgorithmEdDSASignatureMessageCurve448SHAKE256 = "algid:sign:EdDSA:message-Curve448:SHAKE256"
kSecKeyAlgorithmKEMKyber = "algid:kem:kyber"
kSecKeyAlgorithmKEMMLKEM = "algid:kem:ML-KEM"
kSecKeyAlgorithmMLDSASignatureMessage = "algid:sign:ML-DSA:message"
