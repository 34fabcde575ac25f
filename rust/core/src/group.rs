//! Named groups as rows.

use crate::crypto::ecdh::Curve;
use crate::wire::ids::GroupId;

/// A named group this engine can run.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// Its number on the wire.
    pub id: GroupId,
    /// For people.
    pub name: &'static str,
    /// The curve behind it.
    pub curve: Curve,
}

/// In the order in which a client offers them (decisions 30).
pub static GROUPS: &[Group] = &[
    Group { id: GroupId::SECP256R1, name: "P-256", curve: Curve::P256 },
    Group { id: GroupId::SECP384R1, name: "P-384", curve: Curve::P384 },
    Group { id: GroupId::SECP521R1, name: "P-521", curve: Curve::P521 },
    Group { id: GroupId::X25519, name: "X25519", curve: Curve::X25519 },
];

/// The row of a curve.
#[must_use]
pub fn by_curve(curve: Curve) -> Option<&'static Group> {
    GROUPS.iter().find(|g| g.curve == curve)
}

/// The row of a group number, if this engine runs it.
#[must_use]
pub fn by_id(id: GroupId) -> Option<&'static Group> {
    GROUPS.iter().find(|g| g.id == id)
}
