//! What old equipment may be let off, one flag each.
//!
//! In: flags a caller set by name. Out: which faults they excuse. Promise: nothing is excused by accident: a fault
//! names the one allowance that excuses it, and each allowance used is reported.

/// A set of allowances; the numbers are public.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowances(pub u32);

impl Allowances {
    /// RSA keys below 2048 bits.
    pub const SMALL_RSA: Allowances = Allowances(1);
    /// Signatures over MD5.
    pub const MD5: Allowances = Allowances(2);
    /// Signatures over SHA-1.
    pub const SHA1: Allowances = Allowances(4);
    /// A host's name in the common name, where there are no alternative names for hosts.
    pub const COMMON_NAME: Allowances = Allowances(8);
    /// Authorities with certificates of version 1 or 2.
    pub const V1_AUTHORITY: Allowances = Allowances(16);
    /// Certificates that have expired.
    pub const EXPIRED: Allowances = Allowances(32);
    /// All that there are.
    pub const ALL: Allowances = Allowances(63);

    /// Whether all of `other` are among these; none never are.
    #[must_use]
    pub fn cover(self, other: Allowances) -> bool {
        other.0 != 0 && self.0 & other.0 == other.0
    }

    /// These and the others.
    #[must_use]
    pub fn with(self, other: Allowances) -> Allowances {
        Allowances(self.0 | other.0)
    }
}
