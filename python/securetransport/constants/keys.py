"""Constants of keys: algorithms, key types and classes, attributes.

In: nothing. Out: plain ``str`` as in Apple's dictionaries; several type names share a value.
"""

# RSA signatures
kSecKeyAlgorithmRSASignatureRaw = "algid:sign:RSA:raw"
kSecKeyAlgorithmRSASignatureDigestPKCS1v15Raw = "algid:sign:RSA:digest-PKCS1v15"
kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA1 = "algid:sign:RSA:digest-PKCS1v15:SHA1"
kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA224 = "algid:sign:RSA:digest-PKCS1v15:SHA224"
kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA256 = "algid:sign:RSA:digest-PKCS1v15:SHA256"
kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA384 = "algid:sign:RSA:digest-PKCS1v15:SHA384"
kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA512 = "algid:sign:RSA:digest-PKCS1v15:SHA512"
kSecKeyAlgorithmRSASignatureDigestPSSSHA1 = "algid:sign:RSA:digest-PSS:SHA1:SHA1:20"
kSecKeyAlgorithmRSASignatureDigestPSSSHA224 = "algid:sign:RSA:digest-PSS:SHA224:SHA224:24"
kSecKeyAlgorithmRSASignatureDigestPSSSHA256 = "algid:sign:RSA:digest-PSS:SHA256:SHA256:32"
kSecKeyAlgorithmRSASignatureDigestPSSSHA384 = "algid:sign:RSA:digest-PSS:SHA384:SHA384:48"
kSecKeyAlgorithmRSASignatureDigestPSSSHA512 = "algid:sign:RSA:digest-PSS:SHA512:SHA512:64"
kSecKeyAlgorithmRSASignatureMessagePKCS1v15SHA1 = "algid:sign:RSA:message-PKCS1v15:SHA1"
kSecKeyAlgorithmRSASignatureMessagePKCS1v15SHA224 = "algid:sign:RSA:message-PKCS1v15:SHA224"
kSecKeyAlgorithmRSASignatureMessagePKCS1v15SHA256 = "algid:sign:RSA:message-PKCS1v15:SHA256"
kSecKeyAlgorithmRSASignatureMessagePKCS1v15SHA384 = "algid:sign:RSA:message-PKCS1v15:SHA384"
kSecKeyAlgorithmRSASignatureMessagePKCS1v15SHA512 = "algid:sign:RSA:message-PKCS1v15:SHA512"
kSecKeyAlgorithmRSASignatureMessagePSSSHA1 = "algid:sign:RSA:message-PSS:SHA1:SHA1:20"
kSecKeyAlgorithmRSASignatureMessagePSSSHA224 = "algid:sign:RSA:message-PSS:SHA224:SHA224:24"
kSecKeyAlgorithmRSASignatureMessagePSSSHA256 = "algid:sign:RSA:message-PSS:SHA256:SHA256:32"
kSecKeyAlgorithmRSASignatureMessagePSSSHA384 = "algid:sign:RSA:message-PSS:SHA384:SHA384:48"
kSecKeyAlgorithmRSASignatureMessagePSSSHA512 = "algid:sign:RSA:message-PSS:SHA512:SHA512:64"

# ECDSA signatures
kSecKeyAlgorithmECDSASignatureRFC4754 = "algid:sign:ECDSA:RFC4754"
kSecKeyAlgorithmECDSASignatureDigestRFC4754 = "algid:sign:ECDSA:digest-RFC4754"
kSecKeyAlgorithmECDSASignatureDigestRFC4754SHA1 = "algid:sign:ECDSA:digest-RFC4754:SHA1"
kSecKeyAlgorithmECDSASignatureDigestRFC4754SHA224 = "algid:sign:ECDSA:digest-RFC4754:SHA224"
kSecKeyAlgorithmECDSASignatureDigestRFC4754SHA256 = "algid:sign:ECDSA:digest-RFC4754:SHA256"
kSecKeyAlgorithmECDSASignatureDigestRFC4754SHA384 = "algid:sign:ECDSA:digest-RFC4754:SHA384"
kSecKeyAlgorithmECDSASignatureDigestRFC4754SHA512 = "algid:sign:ECDSA:digest-RFC4754:SHA512"
kSecKeyAlgorithmECDSASignatureMessageRFC4754SHA1 = "algid:sign:ECDSA:message-RFC4754:SHA1"
kSecKeyAlgorithmECDSASignatureMessageRFC4754SHA224 = "algid:sign:ECDSA:message-RFC4754:SHA224"
kSecKeyAlgorithmECDSASignatureMessageRFC4754SHA256 = "algid:sign:ECDSA:message-RFC4754:SHA256"
kSecKeyAlgorithmECDSASignatureMessageRFC4754SHA384 = "algid:sign:ECDSA:message-RFC4754:SHA384"
kSecKeyAlgorithmECDSASignatureMessageRFC4754SHA512 = "algid:sign:ECDSA:message-RFC4754:SHA512"
kSecKeyAlgorithmECDSASignatureDigestX962 = "algid:sign:ECDSA:digest-X962"
kSecKeyAlgorithmECDSASignatureDigestX962SHA1 = "algid:sign:ECDSA:digest-X962:SHA1"
kSecKeyAlgorithmECDSASignatureDigestX962SHA224 = "algid:sign:ECDSA:digest-X962:SHA224"
kSecKeyAlgorithmECDSASignatureDigestX962SHA256 = "algid:sign:ECDSA:digest-X962:SHA256"
kSecKeyAlgorithmECDSASignatureDigestX962SHA384 = "algid:sign:ECDSA:digest-X962:SHA384"
kSecKeyAlgorithmECDSASignatureDigestX962SHA512 = "algid:sign:ECDSA:digest-X962:SHA512"
kSecKeyAlgorithmECDSASignatureMessageX962SHA1 = "algid:sign:ECDSA:message-X962:SHA1"
kSecKeyAlgorithmECDSASignatureMessageX962SHA224 = "algid:sign:ECDSA:message-X962:SHA224"
kSecKeyAlgorithmECDSASignatureMessageX962SHA256 = "algid:sign:ECDSA:message-X962:SHA256"
kSecKeyAlgorithmECDSASignatureMessageX962SHA384 = "algid:sign:ECDSA:message-X962:SHA384"
kSecKeyAlgorithmECDSASignatureMessageX962SHA512 = "algid:sign:ECDSA:message-X962:SHA512"

# RSA encryption
kSecKeyAlgorithmRSAEncryptionRaw = "algid:encrypt:RSA:raw"
kSecKeyAlgorithmRSAEncryptionPKCS1 = "algid:encrypt:RSA:PKCS1"
kSecKeyAlgorithmRSAEncryptionOAEPSHA1 = "algid:encrypt:RSA:OAEP:SHA1"
kSecKeyAlgorithmRSAEncryptionOAEPSHA224 = "algid:encrypt:RSA:OAEP:SHA224"
kSecKeyAlgorithmRSAEncryptionOAEPSHA256 = "algid:encrypt:RSA:OAEP:SHA256"
kSecKeyAlgorithmRSAEncryptionOAEPSHA384 = "algid:encrypt:RSA:OAEP:SHA384"
kSecKeyAlgorithmRSAEncryptionOAEPSHA512 = "algid:encrypt:RSA:OAEP:SHA512"
kSecKeyAlgorithmRSAEncryptionOAEPSHA1AESGCM = "algid:encrypt:RSA:OAEP:SHA1:AESGCM"
kSecKeyAlgorithmRSAEncryptionOAEPSHA224AESGCM = "algid:encrypt:RSA:OAEP:SHA224:AESGCM"
kSecKeyAlgorithmRSAEncryptionOAEPSHA256AESGCM = "algid:encrypt:RSA:OAEP:SHA256:AESGCM"
kSecKeyAlgorithmRSAEncryptionOAEPSHA384AESGCM = "algid:encrypt:RSA:OAEP:SHA384:AESGCM"
kSecKeyAlgorithmRSAEncryptionOAEPSHA512AESGCM = "algid:encrypt:RSA:OAEP:SHA512:AESGCM"

# ECIES encryption
kSecKeyAlgorithmECIESEncryptionStandardX963SHA1AESGCM = "algid:encrypt:ECIES:ECDH:KDFX963:SHA1:AESGCM"
kSecKeyAlgorithmECIESEncryptionStandardX963SHA224AESGCM = "algid:encrypt:ECIES:ECDH:KDFX963:SHA224:AESGCM"
kSecKeyAlgorithmECIESEncryptionStandardX963SHA256AESGCM = "algid:encrypt:ECIES:ECDH:KDFX963:SHA256:AESGCM"
kSecKeyAlgorithmECIESEncryptionStandardX963SHA384AESGCM = "algid:encrypt:ECIES:ECDH:KDFX963:SHA384:AESGCM"
kSecKeyAlgorithmECIESEncryptionStandardX963SHA512AESGCM = "algid:encrypt:ECIES:ECDH:KDFX963:SHA512:AESGCM"
kSecKeyAlgorithmECIESEncryptionCofactorX963SHA1AESGCM = "algid:encrypt:ECIES:ECDHC:KDFX963:SHA1:AESGCM"
kSecKeyAlgorithmECIESEncryptionCofactorX963SHA224AESGCM = "algid:encrypt:ECIES:ECDHC:KDFX963:SHA224:AESGCM"
kSecKeyAlgorithmECIESEncryptionCofactorX963SHA256AESGCM = "algid:encrypt:ECIES:ECDHC:KDFX963:SHA256:AESGCM"
kSecKeyAlgorithmECIESEncryptionCofactorX963SHA384AESGCM = "algid:encrypt:ECIES:ECDHC:KDFX963:SHA384:AESGCM"
kSecKeyAlgorithmECIESEncryptionCofactorX963SHA512AESGCM = "algid:encrypt:ECIES:ECDHC:KDFX963:SHA512:AESGCM"
kSecKeyAlgorithmECIESEncryptionStandardVariableIVX963SHA224AESGCM = (
    "algid:encrypt:ECIES:ECDH:KDFX963:SHA224:AESGCM-KDFIV"
)
kSecKeyAlgorithmECIESEncryptionStandardVariableIVX963SHA256AESGCM = (
    "algid:encrypt:ECIES:ECDH:KDFX963:SHA256:AESGCM-KDFIV"
)
kSecKeyAlgorithmECIESEncryptionStandardVariableIVX963SHA384AESGCM = (
    "algid:encrypt:ECIES:ECDH:KDFX963:SHA384:AESGCM-KDFIV"
)
kSecKeyAlgorithmECIESEncryptionStandardVariableIVX963SHA512AESGCM = (
    "algid:encrypt:ECIES:ECDH:KDFX963:SHA512:AESGCM-KDFIV"
)
kSecKeyAlgorithmECIESEncryptionCofactorVariableIVX963SHA224AESGCM = (
    "algid:encrypt:ECIES:ECDHC:KDFX963:SHA224:AESGCM-KDFIV"
)
kSecKeyAlgorithmECIESEncryptionCofactorVariableIVX963SHA256AESGCM = (
    "algid:encrypt:ECIES:ECDHC:KDFX963:SHA256:AESGCM-KDFIV"
)
kSecKeyAlgorithmECIESEncryptionCofactorVariableIVX963SHA384AESGCM = (
    "algid:encrypt:ECIES:ECDHC:KDFX963:SHA384:AESGCM-KDFIV"
)
kSecKeyAlgorithmECIESEncryptionCofactorVariableIVX963SHA512AESGCM = (
    "algid:encrypt:ECIES:ECDHC:KDFX963:SHA512:AESGCM-KDFIV"
)

# Key exchange
kSecKeyAlgorithmECDHKeyExchangeStandard = "algid:keyexchange:ECDH"
kSecKeyAlgorithmECDHKeyExchangeStandardX963SHA1 = "algid:keyexchange:ECDH:KDFX963:SHA1"
kSecKeyAlgorithmECDHKeyExchangeStandardX963SHA224 = "algid:keyexchange:ECDH:KDFX963:SHA224"
kSecKeyAlgorithmECDHKeyExchangeStandardX963SHA256 = "algid:keyexchange:ECDH:KDFX963:SHA256"
kSecKeyAlgorithmECDHKeyExchangeStandardX963SHA384 = "algid:keyexchange:ECDH:KDFX963:SHA384"
kSecKeyAlgorithmECDHKeyExchangeStandardX963SHA512 = "algid:keyexchange:ECDH:KDFX963:SHA512"
kSecKeyAlgorithmECDHKeyExchangeCofactor = "algid:keyexchange:ECDHC"
kSecKeyAlgorithmECDHKeyExchangeCofactorX963SHA1 = "algid:keyexchange:ECDHC:KDFX963:SHA1"
kSecKeyAlgorithmECDHKeyExchangeCofactorX963SHA224 = "algid:keyexchange:ECDHC:KDFX963:SHA224"
kSecKeyAlgorithmECDHKeyExchangeCofactorX963SHA256 = "algid:keyexchange:ECDHC:KDFX963:SHA256"
kSecKeyAlgorithmECDHKeyExchangeCofactorX963SHA384 = "algid:keyexchange:ECDHC:KDFX963:SHA384"
kSecKeyAlgorithmECDHKeyExchangeCofactorX963SHA512 = "algid:keyexchange:ECDHC:KDFX963:SHA512"

# Parameters of SecKeyCopyKeyExchangeResult
kSecKeyKeyExchangeParameterRequestedSize = "requestedSize"
kSecKeyKeyExchangeParameterSharedInfo = "sharedInfo"

# Key types
kSecAttrKeyTypeRSA = "42"
kSecAttrKeyTypeECSECPrimeRandom = "73"
kSecAttrKeyTypeEC = "73"
kSecAttrKeyTypeECDSA = "73"
kSecAttrKeyTypeDSA = "43"
kSecAttrKeyTypeAES = "2147483649"
kSecAttrKeyTypeDES = "14"
kSecAttrKeyType3DES = "17"
kSecAttrKeyTypeRC4 = "25"
kSecAttrKeyTypeRC2 = "23"
kSecAttrKeyTypeCAST = "56"

# Key classes
kSecAttrKeyClassPublic = "0"
kSecAttrKeyClassPrivate = "1"
kSecAttrKeyClassSymmetric = "2"

# Attributes
kSecAttrKeyType = "type"
kSecAttrKeyClass = "kcls"
kSecAttrKeySizeInBits = "bsiz"
kSecAttrEffectiveKeySize = "esiz"
kSecAttrIsPermanent = "perm"
kSecAttrLabel = "labl"
kSecAttrApplicationTag = "atag"
kSecAttrApplicationLabel = "klbl"
kSecAttrCanEncrypt = "encr"
kSecAttrCanDecrypt = "decr"
kSecAttrCanDerive = "drve"
kSecAttrCanSign = "sign"
kSecAttrCanVerify = "vrfy"
kSecAttrCanWrap = "wrap"
kSecAttrCanUnwrap = "unwp"
kSecAttrIsSensitive = "sens"
kSecAttrIsExtractable = "extr"
kSecAttrTokenID = "tkid"
kSecAttrTokenIDSecureEnclave = "com.apple.setoken"
kSecAttrAccess = "acls"
kSecAttrAccessControl = "accc"
kSecPrivateKeyAttrs = "private"
kSecPublicKeyAttrs = "public"
kSecClass = "class"
kSecClassKey = "keys"
kSecValueData = "v_Data"
kSecUseKeychain = "u_Keychain"
kSecUseDataProtectionKeychain = "nleg"
