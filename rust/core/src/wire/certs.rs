//! Certificate, CertificateRequest, CertificateStatus and CertificateVerify.

use super::codec::{Reader, Writer};
use super::ids::{CertificateType, SchemeId};
use crate::fault::{Decode, Fault};

/// A chain, leaf first, each certificate in DER.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateMessage {
    /// The certificates; an empty list means "none".
    pub chain: Vec<Vec<u8>>,
}

impl CertificateMessage {
    /// Parses the body of the message.
    pub fn parse(body: &[u8]) -> Result<CertificateMessage, Fault> {
        let mut r = Reader::new(body);
        let mut list = r.vec24()?;
        r.finish()?;
        let mut chain = Vec::new();
        while !list.is_empty() {
            let der = list.vec24()?.rest();
            if der.is_empty() {
                return Err(Decode::BadValue.into());
            }
            chain.push(der.to_vec());
        }
        Ok(CertificateMessage { chain })
    }

    /// The body of the message for `chain`.
    pub fn encode(chain: &[Vec<u8>]) -> Result<Vec<u8>, Fault> {
        let mut w = Writer::new();
        w.scope(3, |w| chain.iter().try_for_each(|der| w.vector(3, der)))?;
        Ok(w.into_bytes())
    }
}

/// What a server wants of a client's certificate (RFC 5246 section 7.4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    /// Kinds of certificate, in order of preference.
    pub types: Vec<CertificateType>,
    /// Signature schemes for CertificateVerify; `None` in the forms before TLS 1.2, which have no list.
    pub schemes: Option<Vec<SchemeId>>,
    /// Distinguished names of acceptable authorities, in DER; empty for any.
    pub names: Vec<Vec<u8>>,
}

impl CertificateRequest {
    /// Parses the body of the message; `listed` where the version has a list of schemes.
    pub fn parse(body: &[u8], listed: bool) -> Result<CertificateRequest, Fault> {
        let mut r = Reader::new(body);
        let types: Vec<_> = r.vec8()?.rest().iter().map(|t| CertificateType(*t)).collect();
        let schemes = if listed { Some(r.vec16()?.u16s(SchemeId)?) } else { None };
        let mut list = r.vec16()?;
        r.finish()?;
        if types.is_empty() || schemes.as_ref().is_some_and(Vec::is_empty) {
            return Err(Decode::BadValue.into());
        }
        let mut names = Vec::new();
        while !list.is_empty() {
            names.push(list.vec16()?.rest().to_vec());
        }
        Ok(CertificateRequest { types, schemes, names })
    }

    /// The body of the message, in the form that has a list of schemes if there is one.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        let mut w = Writer::new();
        w.scope(1, |w| {
            self.types.iter().for_each(|t| w.u8(t.0));
            Ok(())
        })?;
        if let Some(schemes) = &self.schemes {
            w.scope(2, |w| {
                schemes.iter().for_each(|s| w.u16(s.0));
                Ok(())
            })?;
        }
        w.scope(2, |w| self.names.iter().try_for_each(|name| w.vector(2, name)))?;
        Ok(w.into_bytes())
    }
}

/// A stapled OCSP response (RFC 6066 section 8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateStatus {
    /// The response in DER, not looked into here.
    pub response: Vec<u8>,
}

impl CertificateStatus {
    /// Parses the body of the message.
    pub fn parse(body: &[u8]) -> Result<CertificateStatus, Fault> {
        let mut r = Reader::new(body);
        if r.u8()? != 1 {
            return Err(Decode::BadValue.into()); // only ocsp(1) was asked for
        }
        let response = r.vec24()?.rest().to_vec();
        r.finish()?;
        Ok(CertificateStatus { response })
    }

    /// The body of the message.
    pub fn encode(response: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut w = Writer::new();
        w.u8(1);
        w.vector(3, response)?;
        Ok(w.into_bytes())
    }
}

/// A signature with its scheme: CertificateVerify, and the end of a signed ServerKeyExchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The scheme the signer used; `None` in the forms before TLS 1.2, which do not say.
    pub scheme: Option<SchemeId>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl Signed {
    /// Reads the fields; `listed` where the version says the scheme.
    pub fn read(r: &mut Reader<'_>, listed: bool) -> Result<Signed, Fault> {
        let scheme = if listed { Some(SchemeId(r.u16()?)) } else { None };
        let signature = r.vec16()?.rest().to_vec();
        Ok(Signed { scheme, signature })
    }

    /// Parses a CertificateVerify.
    pub fn parse(body: &[u8], listed: bool) -> Result<Signed, Fault> {
        let mut r = Reader::new(body);
        let signed = Signed::read(&mut r, listed)?;
        r.finish()?;
        Ok(signed)
    }

    /// Appends both fields.
    pub fn write(&self, w: &mut Writer) -> Result<(), Fault> {
        if let Some(scheme) = self.scheme {
            w.u16(scheme.0);
        }
        w.vector(2, &self.signature)
    }

    /// The body of a CertificateVerify.
    pub fn encode(&self) -> Result<Vec<u8>, Fault> {
        let mut w = Writer::new();
        self.write(&mut w)?;
        Ok(w.into_bytes())
    }
}
