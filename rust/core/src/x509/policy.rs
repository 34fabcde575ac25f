//! Policies: what a chain is judged for.
//!
//! In: a purpose, names, flags. Out: a [`Policy`]. Promise: it does not change; what a purpose asks of a
//! certificate stands in `purposes`.

/// What a chain is judged for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy(pub(super) Purpose);

/// The purposes there are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    Basic,
    Ssl { server: bool, host: Option<Vec<u8>>, qualified: bool },
    Eap { server: bool, names: Vec<Vec<u8>> },
    Ipsec { server: bool, name: Option<Vec<u8>> },
    Mail { address: Option<Vec<u8>> },
    CodeSigning,
    TimeStamping,
    Revocation { flags: u32 },
}

/// Flags of a revocation policy, as SecRevocationPolicyFlags has them.
pub mod revocation_flags {
    /// OCSP responses count.
    pub const OCSP: u32 = 1;
    /// CRLs count.
    pub const CRL: u32 = 2;
    /// CRLs first.
    pub const PREFER_CRL: u32 = 4;
    /// No answer is a fault.
    pub const REQUIRE_POSITIVE: u32 = 8;
}

impl Policy {
    /// Chain building alone: dates, signatures, basic constraints, weak keys and hashes.
    #[must_use]
    pub fn basic() -> Policy {
        Policy(Purpose::Basic)
    }

    /// A TLS server's certificate (`server`, what a client needs) or a client's; a name is checked if given.
    #[must_use]
    pub fn ssl(server: bool, host: Option<Vec<u8>>) -> Policy {
        Policy(Purpose::Ssl { server, host, qualified: false })
    }

    /// A TLS server's certificate that has to be a qualified one for websites (eIDAS, ETSI EN 319 412).
    #[must_use]
    pub fn qualified(host: Option<Vec<u8>>) -> Policy {
        Policy(Purpose::Ssl { server: true, host, qualified: true })
    }

    /// EAP-TLS and its kin; one of the names has to fit if there are any.
    #[must_use]
    pub fn eap(server: bool, names: Vec<Vec<u8>>) -> Policy {
        Policy(Purpose::Eap { server, names })
    }

    /// IKE (RFC 4945).
    #[must_use]
    pub fn ipsec(server: bool, name: Option<Vec<u8>>) -> Policy {
        Policy(Purpose::Ipsec { server, name })
    }

    /// Signed or encrypted mail, of an address if given.
    #[must_use]
    pub fn mail(address: Option<Vec<u8>>) -> Policy {
        Policy(Purpose::Mail { address })
    }

    /// Signatures over programs.
    #[must_use]
    pub fn code_signing() -> Policy {
        Policy(Purpose::CodeSigning)
    }

    /// Time stamps.
    #[must_use]
    pub fn time_stamping() -> Policy {
        Policy(Purpose::TimeStamping)
    }

    /// In addition to others: what is done with OCSP responses and CRLs; see [`revocation_flags`].
    #[must_use]
    pub fn revocation(flags: u32) -> Policy {
        Policy(Purpose::Revocation { flags })
    }

    /// A word for the purpose.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.0 {
            Purpose::Basic => "basic",
            Purpose::Ssl { qualified: false, .. } => "ssl",
            Purpose::Ssl { qualified: true, .. } => "qualified",
            Purpose::Eap { .. } => "eap",
            Purpose::Ipsec { .. } => "ipsec",
            Purpose::Mail { .. } => "mail",
            Purpose::CodeSigning => "code",
            Purpose::TimeStamping => "time",
            Purpose::Revocation { .. } => "revocation",
        }
    }

    /// Whether servers are judged, or clients, where there are such sides.
    #[must_use]
    pub fn side(&self) -> Option<bool> {
        match self.0 {
            Purpose::Ssl { server, .. } | Purpose::Eap { server, .. } | Purpose::Ipsec { server, .. } => {
                Some(server)
            }
            _ => None,
        }
    }

    /// The names asked for; one of them has to fit.
    #[must_use]
    pub fn names(&self) -> Vec<&[u8]> {
        match &self.0 {
            Purpose::Ssl { host: name, .. }
            | Purpose::Ipsec { name, .. }
            | Purpose::Mail { address: name } => name.iter().map(Vec::as_slice).collect(),
            Purpose::Eap { names, .. } => names.iter().map(Vec::as_slice).collect(),
            _ => Vec::new(),
        }
    }

    /// The flags of a revocation policy.
    #[must_use]
    pub fn revocation_flags(&self) -> Option<u32> {
        match self.0 {
            Purpose::Revocation { flags } => Some(flags),
            _ => None,
        }
    }

    /// Whether it holds the whole chain to the form that the standards give to those of TLS servers.
    pub(super) fn wants_form(&self) -> bool {
        matches!(self.0, Purpose::Ssl { server: true, .. })
    }

    /// Whether it asks for keys and hashes of today: TLS and EAP servers, qualified ones among them.
    pub(super) fn wants_strength(&self) -> bool {
        matches!(self.0, Purpose::Ssl { server: true, .. } | Purpose::Eap { server: true, .. })
    }
}
