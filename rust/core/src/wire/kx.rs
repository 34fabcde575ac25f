//! ServerKeyExchange and ClientKeyExchange bodies (RFC 5246 section 7.4.3 and 7.4.7, RFC 8422 section 5.4, RFC 4279,
//! RFC 5489).
//!
//! In: the body of a message and the shape that the suite gives it. Out: its fields. Promise: nothing is left over,
//! and no field that must hold something is empty.

use super::certs::Signed;
use super::codec::{Reader, Writer};
use super::ids::GroupId;
use crate::fault::{Decode, Fault};

/// `named_curve` of ECCurveType; explicit curves are not supported (RFC 8422).
const NAMED_CURVE: u8 = 3;

/// The server's ephemeral elliptic-curve share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcdheParams {
    /// The group it chose.
    pub group: GroupId,
    /// Its public point.
    pub point: Vec<u8>,
}

impl EcdheParams {
    /// The bytes that are sent and signed.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        let mut w = Writer::new();
        w.u8(NAMED_CURVE);
        w.u16(self.group.0);
        w.vector(1, &self.point)?;
        Ok(w.into_bytes())
    }

    fn read(r: &mut Reader<'_>) -> Result<EcdheParams, Fault> {
        if r.u8()? != NAMED_CURVE {
            return Err(Decode::BadValue.into());
        }
        Ok(EcdheParams { group: GroupId(r.u16()?), point: r.vec8()?.rest().to_vec() })
    }
}

/// The server's ephemeral share over a finite field, with the group it chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DheParams {
    /// The prime.
    pub p: Vec<u8>,
    /// The generator.
    pub g: Vec<u8>,
    /// Its public value.
    pub share: Vec<u8>,
}

impl DheParams {
    /// The bytes that are sent and signed.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        let mut w = Writer::new();
        for number in [&self.p, &self.g, &self.share] {
            w.vector(2, number)?;
        }
        Ok(w.into_bytes())
    }

    fn read(r: &mut Reader<'_>) -> Result<DheParams, Fault> {
        let mut next = || match r.vec16()?.rest() {
            [] => Err(Fault::Decode(Decode::BadValue)),
            number => Ok(number.to_vec()),
        };
        Ok(DheParams { p: next()?, g: next()?, share: next()? })
    }
}

/// The server's ephemeral share of either kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Params {
    /// Over a curve.
    Ecdhe(EcdheParams),
    /// Over a finite field.
    Dhe(DheParams),
}

/// Which kind of share a ServerKeyExchange holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamsKind {
    /// None: it holds a hint only.
    None,
    /// A group and a point.
    Ecdhe,
    /// A prime, a generator and a public value.
    Dhe,
}

/// What a suite puts into a ServerKeyExchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerShape {
    /// A PSK identity hint first (RFC 4279 section 2).
    pub hint: bool,
    /// Which share.
    pub params: ParamsKind,
    /// A signature over the share last.
    pub signed: bool,
    /// The signature names its scheme.
    pub listed: bool,
}

/// A ServerKeyExchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerKeyExchange {
    /// The PSK identity hint.
    pub hint: Option<Vec<u8>>,
    /// The share.
    pub params: Option<Params>,
    /// The share's bytes as they were sent, for the signature.
    pub raw: Vec<u8>,
    /// The server's signature over them.
    pub signed: Option<Signed>,
}

impl ServerKeyExchange {
    /// Parses the body of the message.
    pub fn parse(body: &[u8], shape: ServerShape) -> Result<ServerKeyExchange, Fault> {
        let mut r = Reader::new(body);
        let hint = if shape.hint { Some(r.vec16()?.rest().to_vec()) } else { None };
        let start = body.len() - r.len();
        let params = match shape.params {
            ParamsKind::None => None,
            ParamsKind::Ecdhe => Some(Params::Ecdhe(EcdheParams::read(&mut r)?)),
            ParamsKind::Dhe => Some(Params::Dhe(DheParams::read(&mut r)?)),
        };
        let raw = body[start..body.len() - r.len()].to_vec();
        let signed = if shape.signed { Some(Signed::read(&mut r, shape.listed)?) } else { None };
        r.finish()?;
        Ok(ServerKeyExchange { hint, params, raw, signed })
    }

    /// The body of the message: hint, the share's bytes, the signature over them.
    pub fn encode(hint: Option<&[u8]>, params: &[u8], signed: Option<&Signed>) -> Result<Vec<u8>, Fault> {
        let mut w = Writer::new();
        if let Some(hint) = hint {
            w.vector(2, hint)?;
        }
        w.bytes(params);
        if let Some(signed) = signed {
            signed.write(&mut w)?;
        }
        Ok(w.into_bytes())
    }
}

/// How a client's share, or its encrypted premaster, is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareForm {
    /// There is none.
    None,
    /// Behind so many bytes of length: one for a point, two for a number or a premaster.
    Vector(usize),
    /// All that is left of the message.
    Bare,
}

/// What a suite puts into a ClientKeyExchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientShape {
    /// A PSK identity first (RFC 4279 section 2).
    pub identity: bool,
    /// The share behind it.
    pub share: ShareForm,
}

/// A ClientKeyExchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientKeyExchange {
    /// The PSK identity.
    pub identity: Option<Vec<u8>>,
    /// A share, or an encrypted premaster; empty where the suite has neither.
    pub share: Vec<u8>,
}

impl ClientKeyExchange {
    /// Parses the body of the message.
    pub fn parse(body: &[u8], shape: ClientShape) -> Result<ClientKeyExchange, Fault> {
        let mut r = Reader::new(body);
        let identity = if shape.identity { Some(r.vec16()?.rest().to_vec()) } else { None };
        let share = match shape.share {
            ShareForm::None => Vec::new(),
            ShareForm::Vector(1) => r.vec8()?.rest().to_vec(),
            ShareForm::Vector(_) => r.vec16()?.rest().to_vec(),
            ShareForm::Bare => r.rest().to_vec(),
        };
        r.finish()?;
        Ok(ClientKeyExchange { identity, share })
    }

    /// The body of the message.
    pub fn encode(&self, shape: ClientShape) -> Result<Vec<u8>, Fault> {
        let mut w = Writer::new();
        if let Some(identity) = &self.identity {
            w.vector(2, identity)?;
        }
        match shape.share {
            ShareForm::None => {}
            ShareForm::Vector(width) => w.vector(width, &self.share)?,
            ShareForm::Bare => w.bytes(&self.share),
        }
        Ok(w.into_bytes())
    }
}
