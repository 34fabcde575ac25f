//! ServerKeyExchange and ClientKeyExchange bodies (RFC 5246 section 7.4.3, RFC 8422 section 5.4).

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
}

/// A signed ServerKeyExchange of ECDHE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEcdhe {
    /// The share.
    pub params: EcdheParams,
    /// The share's bytes as they were sent, for the signature.
    pub raw: Vec<u8>,
    /// The server's signature.
    pub signed: Signed,
}

impl ServerEcdhe {
    /// Parses the body of the message.
    pub fn parse(body: &[u8]) -> Result<ServerEcdhe, Fault> {
        let mut r = Reader::new(body);
        if r.u8()? != NAMED_CURVE {
            return Err(Decode::BadValue.into());
        }
        let group = GroupId(r.u16()?);
        let point = r.vec8()?.rest().to_vec();
        let raw = body[..body.len() - r.len()].to_vec();
        let signed = Signed::read(&mut r)?;
        r.finish()?;
        Ok(ServerEcdhe { params: EcdheParams { group, point }, raw, signed })
    }

    /// The body of the message: the share's bytes, then the signature over them.
    pub fn body(params: &[u8], signed: &Signed) -> Result<Vec<u8>, Fault> {
        let mut w = Writer::new();
        w.bytes(params);
        signed.write(&mut w)?;
        Ok(w.into_bytes())
    }
}

/// The single vector of a ClientKeyExchange: a point behind one byte of length, or an encrypted premaster
/// behind two.
pub fn client_vector(width: usize, body: &[u8]) -> Result<&[u8], Fault> {
    let mut r = Reader::new(body);
    let bytes = if width == 1 { r.vec8()?.rest() } else { r.vec16()?.rest() };
    r.finish()?;
    Ok(bytes)
}

/// Writes such a vector.
pub fn encode_client_vector(width: usize, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut w = Writer::new();
    w.vector(width, bytes)?;
    Ok(w.into_bytes())
}
