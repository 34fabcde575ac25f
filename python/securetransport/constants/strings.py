"""Strings and other constants: the presets of a session, the keys of Sec* dictionaries, policy identifiers.

In: nothing. Out: plain ``str``, ``int`` and ``None``, equal to what Apple's constants hold.
"""

# Presets for SSLSetSessionConfig
kSSLSessionConfig_default = "default"
kSSLSessionConfig_ATSv1 = "ATSv1"
kSSLSessionConfig_ATSv1_noPFS = "ATSv1_noPFS"
kSSLSessionConfig_standard = "standard"
kSSLSessionConfig_RC4_fallback = "RC4_fallback"
kSSLSessionConfig_TLSv1_fallback = "TLSv1_fallback"
kSSLSessionConfig_TLSv1_RC4_fallback = "TLSv1_RC4_fallback"
kSSLSessionConfig_legacy = "legacy"
kSSLSessionConfig_legacy_DHE = "legacy_DHE"
kSSLSessionConfig_anonymous = "anonymous"
kSSLSessionConfig_3DES_fallback = "3DES_fallback"
kSSLSessionConfig_TLSv1_3DES_fallback = "TLSv1_3DES_fallback"

# Policies
kSecPolicyAppleX509Basic = "1.2.840.113635.100.1.2"
kSecPolicyAppleSSL = "1.2.840.113635.100.1.3"
kSecPolicyAppleSSLServer = "1.2.840.113635.100.1.3.1"
kSecPolicyAppleSSLClient = "1.2.840.113635.100.1.3.2"
kSecPolicyAppleSMIME = "1.2.840.113635.100.1.8"
kSecPolicyAppleEAP = "1.2.840.113635.100.1.9"
kSecPolicyAppleEAPServer = "1.2.840.113635.100.1.9.1"
kSecPolicyAppleEAPClient = "1.2.840.113635.100.1.9.2"
kSecPolicyAppleIPsec = "1.2.840.113635.100.1.11"
kSecPolicyAppleIPSecServer = "1.2.840.113635.100.1.11.1"
kSecPolicyAppleIPSecClient = "1.2.840.113635.100.1.11.2"
kSecPolicyAppleCodeSigning = "1.2.840.113635.100.1.16"
kSecPolicyAppleTimeStamping = "1.2.840.113635.100.1.20"
kSecPolicyAppleRevocation = "1.2.840.113635.100.1.21"

# Keys of SecPolicyCopyProperties and SecPolicyCreateWithProperties
kSecPolicyOid = "SecPolicyOid"
kSecPolicyName = "SecPolicyName"
kSecPolicyClient = "SecPolicyClient"
kSecPolicyRevocationFlags = "SecPolicyRevocationFlags"
kSecPolicyTeamIdentifier = "SecPolicyTeamIdentifier"

# Keys of SecTrustCopyResult
kSecTrustEvaluationDate = "TrustEvaluationDate"
kSecTrustExtendedValidation = "TrustExtendedValidation"
kSecTrustOrganizationName = "Organization"
kSecTrustResultValue = "TrustResultValue"
kSecTrustRevocationChecked = "TrustRevocationChecked"
kSecTrustRevocationValidUntilDate = "TrustExpirationDate"
kSecTrustCertificateTransparency = "TrustCertificateTransparency"
kSecTrustCertificateTransparencyWhiteList = "TrustCertificateTransparencyWhiteList"
kSecTrustQCStatements = "TrustQCStatements"
kSecTrustQWACValidation = "TrustQWACValidation"

# Keys of SecTrustCopyProperties
kSecPropertyTypeTitle = "title"
kSecPropertyTypeError = "error"

# Keys of SecPKCS12Import, in and out
kSecImportExportPassphrase = "passphrase"
kSecImportExportKeychain = "keychain"
kSecImportExportAccess = "access"
kSecImportToMemoryOnly = "memory"
kSecImportItemLabel = "label"
kSecImportItemKeyID = "keyid"
kSecImportItemTrust = "trust"
kSecImportItemCertChain = "chain"
kSecImportItemIdentity = "identity"

# Numbers and defaults
SEC_KEY_IMPORT_EXPORT_PARAMS_VERSION = 0
kSecRandomDefault = None
