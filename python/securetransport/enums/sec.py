"""The numbers of the Sec* functions: one type for each C enum, and every member under its own name.

In: nothing. Out: ``IntEnum`` and ``IntFlag`` types that equal and hash as plain integers. Promise: any
integer can be made into a member, unknown ones keep their value.
"""

from . import _base


class SecTrustResultType(_base.OpenIntEnum):
    """The verdict of a trust evaluation; Proceed and Unspecified are the good ones."""

    kSecTrustResultInvalid = 0
    kSecTrustResultProceed = 1
    kSecTrustResultConfirm = 2
    kSecTrustResultDeny = 3
    kSecTrustResultUnspecified = 4
    kSecTrustResultRecoverableTrustFailure = 5
    kSecTrustResultFatalTrustFailure = 6
    kSecTrustResultOtherError = 7


kSecTrustResultInvalid = SecTrustResultType.kSecTrustResultInvalid
kSecTrustResultProceed = SecTrustResultType.kSecTrustResultProceed
kSecTrustResultConfirm = SecTrustResultType.kSecTrustResultConfirm
kSecTrustResultDeny = SecTrustResultType.kSecTrustResultDeny
kSecTrustResultUnspecified = SecTrustResultType.kSecTrustResultUnspecified
kSecTrustResultRecoverableTrustFailure = SecTrustResultType.kSecTrustResultRecoverableTrustFailure
kSecTrustResultFatalTrustFailure = SecTrustResultType.kSecTrustResultFatalTrustFailure
kSecTrustResultOtherError = SecTrustResultType.kSecTrustResultOtherError


class SecTrustOptionFlags(_base.OpenIntFlag):
    """Flags of ``SecTrustSetOptions``."""

    kSecTrustOptionAllowExpired = 1
    kSecTrustOptionLeafIsCA = 2
    kSecTrustOptionFetchIssuerFromNet = 4
    kSecTrustOptionAllowExpiredRoot = 8
    kSecTrustOptionRequireRevPerCert = 16
    kSecTrustOptionUseTrustSettings = 32
    kSecTrustOptionImplicitAnchors = 64


kSecTrustOptionAllowExpired = SecTrustOptionFlags.kSecTrustOptionAllowExpired
kSecTrustOptionLeafIsCA = SecTrustOptionFlags.kSecTrustOptionLeafIsCA
kSecTrustOptionFetchIssuerFromNet = SecTrustOptionFlags.kSecTrustOptionFetchIssuerFromNet
kSecTrustOptionAllowExpiredRoot = SecTrustOptionFlags.kSecTrustOptionAllowExpiredRoot
kSecTrustOptionRequireRevPerCert = SecTrustOptionFlags.kSecTrustOptionRequireRevPerCert
kSecTrustOptionUseTrustSettings = SecTrustOptionFlags.kSecTrustOptionUseTrustSettings
kSecTrustOptionImplicitAnchors = SecTrustOptionFlags.kSecTrustOptionImplicitAnchors


class SecRevocationPolicyFlags(_base.OpenIntFlag):
    """Flags of ``SecPolicyCreateRevocation`` (in C an enum without a name)."""

    kSecRevocationOCSPMethod = 1
    kSecRevocationCRLMethod = 2
    kSecRevocationPreferCRL = 4
    kSecRevocationRequirePositiveResponse = 8
    kSecRevocationNetworkAccessDisabled = 16
    kSecRevocationUseAnyAvailableMethod = 3


kSecRevocationOCSPMethod = SecRevocationPolicyFlags.kSecRevocationOCSPMethod
kSecRevocationCRLMethod = SecRevocationPolicyFlags.kSecRevocationCRLMethod
kSecRevocationPreferCRL = SecRevocationPolicyFlags.kSecRevocationPreferCRL
kSecRevocationRequirePositiveResponse = SecRevocationPolicyFlags.kSecRevocationRequirePositiveResponse
kSecRevocationNetworkAccessDisabled = SecRevocationPolicyFlags.kSecRevocationNetworkAccessDisabled
kSecRevocationUseAnyAvailableMethod = SecRevocationPolicyFlags.kSecRevocationUseAnyAvailableMethod


class SecExternalFormat(_base.OpenIntEnum):
    """Formats of keys and certificates outside the process."""

    kSecFormatUnknown = 0
    kSecFormatOpenSSL = 1
    kSecFormatSSH = 2
    kSecFormatBSAFE = 3
    kSecFormatRawKey = 4
    kSecFormatWrappedPKCS8 = 5
    kSecFormatWrappedOpenSSL = 6
    kSecFormatWrappedSSH = 7
    kSecFormatWrappedLSH = 8
    kSecFormatX509Cert = 9
    kSecFormatPEMSequence = 10
    kSecFormatPKCS7 = 11
    kSecFormatPKCS12 = 12
    kSecFormatNetscapeCertSequence = 13
    kSecFormatSSHv2 = 14


kSecFormatUnknown = SecExternalFormat.kSecFormatUnknown
kSecFormatOpenSSL = SecExternalFormat.kSecFormatOpenSSL
kSecFormatSSH = SecExternalFormat.kSecFormatSSH
kSecFormatBSAFE = SecExternalFormat.kSecFormatBSAFE
kSecFormatRawKey = SecExternalFormat.kSecFormatRawKey
kSecFormatWrappedPKCS8 = SecExternalFormat.kSecFormatWrappedPKCS8
kSecFormatWrappedOpenSSL = SecExternalFormat.kSecFormatWrappedOpenSSL
kSecFormatWrappedSSH = SecExternalFormat.kSecFormatWrappedSSH
kSecFormatWrappedLSH = SecExternalFormat.kSecFormatWrappedLSH
kSecFormatX509Cert = SecExternalFormat.kSecFormatX509Cert
kSecFormatPEMSequence = SecExternalFormat.kSecFormatPEMSequence
kSecFormatPKCS7 = SecExternalFormat.kSecFormatPKCS7
kSecFormatPKCS12 = SecExternalFormat.kSecFormatPKCS12
kSecFormatNetscapeCertSequence = SecExternalFormat.kSecFormatNetscapeCertSequence
kSecFormatSSHv2 = SecExternalFormat.kSecFormatSSHv2


class SecExternalItemType(_base.OpenIntEnum):
    """What kind of item an import found."""

    kSecItemTypeUnknown = 0
    kSecItemTypePrivateKey = 1
    kSecItemTypePublicKey = 2
    kSecItemTypeSessionKey = 3
    kSecItemTypeCertificate = 4
    kSecItemTypeAggregate = 5


kSecItemTypeUnknown = SecExternalItemType.kSecItemTypeUnknown
kSecItemTypePrivateKey = SecExternalItemType.kSecItemTypePrivateKey
kSecItemTypePublicKey = SecExternalItemType.kSecItemTypePublicKey
kSecItemTypeSessionKey = SecExternalItemType.kSecItemTypeSessionKey
kSecItemTypeCertificate = SecExternalItemType.kSecItemTypeCertificate
kSecItemTypeAggregate = SecExternalItemType.kSecItemTypeAggregate


class SecItemImportExportFlags(_base.OpenIntFlag):
    """Flags of ``SecItemImport`` and ``SecItemExport``."""

    kSecItemPemArmour = 1


kSecItemPemArmour = SecItemImportExportFlags.kSecItemPemArmour


class SecKeyImportExportFlags(_base.OpenIntFlag):
    """Flags among the key parameters of an import or export."""

    kSecKeyImportOnlyOne = 1
    kSecKeySecurePassphrase = 2
    kSecKeyNoAccessControl = 4


kSecKeyImportOnlyOne = SecKeyImportExportFlags.kSecKeyImportOnlyOne
kSecKeySecurePassphrase = SecKeyImportExportFlags.kSecKeySecurePassphrase
kSecKeyNoAccessControl = SecKeyImportExportFlags.kSecKeyNoAccessControl


class SecPadding(_base.OpenIntEnum):
    """Paddings of the older key operations."""

    kSecPaddingNone = 0
    kSecPaddingPKCS1 = 1
    kSecPaddingOAEP = 2
    kSecPaddingSigRaw = 0x4000
    kSecPaddingPKCS1MD2 = 0x8000
    kSecPaddingPKCS1MD5 = 0x8001
    kSecPaddingPKCS1SHA1 = 0x8002
    kSecPaddingPKCS1SHA224 = 0x8003
    kSecPaddingPKCS1SHA256 = 0x8004
    kSecPaddingPKCS1SHA384 = 0x8005
    kSecPaddingPKCS1SHA512 = 0x8006


kSecPaddingNone = SecPadding.kSecPaddingNone
kSecPaddingPKCS1 = SecPadding.kSecPaddingPKCS1
kSecPaddingOAEP = SecPadding.kSecPaddingOAEP
kSecPaddingSigRaw = SecPadding.kSecPaddingSigRaw
kSecPaddingPKCS1MD2 = SecPadding.kSecPaddingPKCS1MD2
kSecPaddingPKCS1MD5 = SecPadding.kSecPaddingPKCS1MD5
kSecPaddingPKCS1SHA1 = SecPadding.kSecPaddingPKCS1SHA1
kSecPaddingPKCS1SHA224 = SecPadding.kSecPaddingPKCS1SHA224
kSecPaddingPKCS1SHA256 = SecPadding.kSecPaddingPKCS1SHA256
kSecPaddingPKCS1SHA384 = SecPadding.kSecPaddingPKCS1SHA384
kSecPaddingPKCS1SHA512 = SecPadding.kSecPaddingPKCS1SHA512


class SecKeySizes(_base.OpenIntEnum):
    """Key sizes in bits; several names share a number."""

    kSecDefaultKeySize = 0
    kSec3DES192 = 192
    kSecAES128 = 128
    kSecAES192 = 192
    kSecAES256 = 256
    kSecp192r1 = 192
    kSecp256r1 = 256
    kSecp384r1 = 384
    kSecp521r1 = 521
    kSecRSAMin = 1024
    kSecRSAMax = 4096


kSecDefaultKeySize = SecKeySizes.kSecDefaultKeySize
kSec3DES192 = SecKeySizes.kSec3DES192
kSecAES128 = SecKeySizes.kSecAES128
kSecAES192 = SecKeySizes.kSecAES192
kSecAES256 = SecKeySizes.kSecAES256
kSecp192r1 = SecKeySizes.kSecp192r1
kSecp256r1 = SecKeySizes.kSecp256r1
kSecp384r1 = SecKeySizes.kSecp384r1
kSecp521r1 = SecKeySizes.kSecp521r1
kSecRSAMin = SecKeySizes.kSecRSAMin
kSecRSAMax = SecKeySizes.kSecRSAMax


class SecKeyOperationType(_base.OpenIntEnum):
    """Operations that ``SecKeyIsAlgorithmSupported`` is asked about."""

    kSecKeyOperationTypeSign = 0
    kSecKeyOperationTypeVerify = 1
    kSecKeyOperationTypeEncrypt = 2
    kSecKeyOperationTypeDecrypt = 3
    kSecKeyOperationTypeKeyExchange = 4


kSecKeyOperationTypeSign = SecKeyOperationType.kSecKeyOperationTypeSign
kSecKeyOperationTypeVerify = SecKeyOperationType.kSecKeyOperationTypeVerify
kSecKeyOperationTypeEncrypt = SecKeyOperationType.kSecKeyOperationTypeEncrypt
kSecKeyOperationTypeDecrypt = SecKeyOperationType.kSecKeyOperationTypeDecrypt
kSecKeyOperationTypeKeyExchange = SecKeyOperationType.kSecKeyOperationTypeKeyExchange


class SecCredentialType(_base.OpenIntEnum):
    """Whether a key may ask its user before it works."""

    kSecCredentialTypeDefault = 0
    kSecCredentialTypeWithUI = 1
    kSecCredentialTypeNoUI = 2


kSecCredentialTypeDefault = SecCredentialType.kSecCredentialTypeDefault
kSecCredentialTypeWithUI = SecCredentialType.kSecCredentialTypeWithUI
kSecCredentialTypeNoUI = SecCredentialType.kSecCredentialTypeNoUI


class SecKeyUsage(_base.OpenIntFlag):
    """Bits of the key usage extension of a certificate."""

    kSecKeyUsageUnspecified = 0
    kSecKeyUsageDigitalSignature = 1
    kSecKeyUsageNonRepudiation = 2
    kSecKeyUsageContentCommitment = 2
    kSecKeyUsageKeyEncipherment = 4
    kSecKeyUsageDataEncipherment = 8
    kSecKeyUsageKeyAgreement = 16
    kSecKeyUsageKeyCertSign = 32
    kSecKeyUsageCRLSign = 64
    kSecKeyUsageEncipherOnly = 128
    kSecKeyUsageDecipherOnly = 0x100
    kSecKeyUsageCritical = 0x80000000
    kSecKeyUsageAll = 0x7FFFFFFF


kSecKeyUsageUnspecified = SecKeyUsage.kSecKeyUsageUnspecified
kSecKeyUsageDigitalSignature = SecKeyUsage.kSecKeyUsageDigitalSignature
kSecKeyUsageNonRepudiation = SecKeyUsage.kSecKeyUsageNonRepudiation
kSecKeyUsageContentCommitment = SecKeyUsage.kSecKeyUsageContentCommitment
kSecKeyUsageKeyEncipherment = SecKeyUsage.kSecKeyUsageKeyEncipherment
kSecKeyUsageDataEncipherment = SecKeyUsage.kSecKeyUsageDataEncipherment
kSecKeyUsageKeyAgreement = SecKeyUsage.kSecKeyUsageKeyAgreement
kSecKeyUsageKeyCertSign = SecKeyUsage.kSecKeyUsageKeyCertSign
kSecKeyUsageCRLSign = SecKeyUsage.kSecKeyUsageCRLSign
kSecKeyUsageEncipherOnly = SecKeyUsage.kSecKeyUsageEncipherOnly
kSecKeyUsageDecipherOnly = SecKeyUsage.kSecKeyUsageDecipherOnly
kSecKeyUsageCritical = SecKeyUsage.kSecKeyUsageCritical
kSecKeyUsageAll = SecKeyUsage.kSecKeyUsageAll
