//! Hello extensions as typed bodies.
//!
//! In: the extension block of a hello. Out: [`Extension`]s in the order of the wire. Promise: a malformed
//! block or body is [`Decode::Extensions`], a repeated type [`Decode::DuplicateExtension`]; unknown types survive.

use super::codec::{Reader, Writer};
use super::ids::{ExtensionType, GroupId, SchemeId, SrtpId};
use crate::fault::{Decode, Fault};

/// Which hello an extension stands in; some bodies differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// ClientHello.
    Client,
    /// ServerHello of the classic versions.
    Server,
}

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extension {
    /// server_name (RFC 6066 section 3): the host name in a ClientHello, `None` for the empty reply.
    ServerName(Option<Vec<u8>>),
    /// status_request (RFC 6066 section 8): whether OCSP is asked for; the reply is empty.
    StatusRequest,
    /// supported_groups (RFC 8422 section 5.1.1).
    SupportedGroups(Vec<GroupId>),
    /// ec_point_formats (RFC 8422 section 5.1.2).
    EcPointFormats(Vec<u8>),
    /// signature_algorithms (RFC 5246 section 7.4.1.4.1).
    SignatureAlgorithms(Vec<SchemeId>),
    /// application_layer_protocol_negotiation (RFC 7301): the client's list, or the one selected.
    Alpn(Vec<Vec<u8>>),
    /// signed_certificate_timestamp (RFC 6962 section 3.3.1): none in a ClientHello, those of the certificate in the
    /// reply.
    Sct(Vec<Vec<u8>>),
    /// padding (RFC 7685): how many zero bytes.
    Padding(usize),
    /// extended_master_secret (RFC 7627).
    ExtendedMasterSecret,
    /// encrypt_then_mac (RFC 7366).
    EncryptThenMac,
    /// use_srtp (RFC 5764 section 4.1.1): the profiles of a client or the one selected, and a master key identifier.
    UseSrtp(Vec<SrtpId>, Vec<u8>),
    /// session_ticket (RFC 5077 section 3.2): a ticket or nothing in a ClientHello, nothing in the reply.
    SessionTicket(Vec<u8>),
    /// renegotiation_info (RFC 5746): the verify data of the connection so far.
    RenegotiationInfo(Vec<u8>),
    /// Anything else, untouched.
    Unknown(ExtensionType, Vec<u8>),
}

impl Extension {
    /// Its number.
    #[must_use]
    pub fn typ(&self) -> ExtensionType {
        match self {
            Extension::ServerName(_) => ExtensionType::SERVER_NAME,
            Extension::StatusRequest => ExtensionType::STATUS_REQUEST,
            Extension::SupportedGroups(_) => ExtensionType::SUPPORTED_GROUPS,
            Extension::EcPointFormats(_) => ExtensionType::EC_POINT_FORMATS,
            Extension::SignatureAlgorithms(_) => ExtensionType::SIGNATURE_ALGORITHMS,
            Extension::Alpn(_) => ExtensionType::ALPN,
            Extension::Sct(_) => ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP,
            Extension::Padding(_) => ExtensionType::PADDING,
            Extension::ExtendedMasterSecret => ExtensionType::EXTENDED_MASTER_SECRET,
            Extension::EncryptThenMac => ExtensionType::ENCRYPT_THEN_MAC,
            Extension::UseSrtp(_, _) => ExtensionType::USE_SRTP,
            Extension::SessionTicket(_) => ExtensionType::SESSION_TICKET,
            Extension::RenegotiationInfo(_) => ExtensionType::RENEGOTIATION_INFO,
            Extension::Unknown(typ, _) => *typ,
        }
    }

    fn parse(typ: ExtensionType, place: Place, mut body: Reader<'_>) -> Result<Extension, Fault> {
        let extension = match typ {
            ExtensionType::SERVER_NAME => Extension::ServerName(parse_server_name(place, &mut body)?),
            ExtensionType::STATUS_REQUEST => parse_status_request(place, &mut body)?,
            ExtensionType::SUPPORTED_GROUPS => {
                Extension::SupportedGroups(non_empty(body.vec16()?.u16s(GroupId)?)?)
            }
            ExtensionType::EC_POINT_FORMATS => {
                Extension::EcPointFormats(non_empty(body.vec8()?.rest().to_vec())?)
            }
            ExtensionType::SIGNATURE_ALGORITHMS => {
                Extension::SignatureAlgorithms(non_empty(body.vec16()?.u16s(SchemeId)?)?)
            }
            ExtensionType::ALPN => Extension::Alpn(parse_alpn(place, &mut body)?),
            ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP => Extension::Sct(parse_sct_list(&mut body)?),
            ExtensionType::PADDING => Extension::Padding(body.rest().len()),
            ExtensionType::EXTENDED_MASTER_SECRET => Extension::ExtendedMasterSecret,
            ExtensionType::ENCRYPT_THEN_MAC => Extension::EncryptThenMac,
            ExtensionType::USE_SRTP => parse_use_srtp(place, &mut body)?,
            ExtensionType::SESSION_TICKET => Extension::SessionTicket(match place {
                Place::Client => body.rest().to_vec(),
                Place::Server => Vec::new(), // a body is refused as trailing bytes
            }),
            ExtensionType::RENEGOTIATION_INFO => Extension::RenegotiationInfo(body.vec8()?.rest().to_vec()),
            other => Extension::Unknown(other, body.rest().to_vec()),
        };
        body.finish()?;
        Ok(extension)
    }

    fn encode(&self, place: Place, w: &mut Writer) -> Result<(), Fault> {
        match self {
            Extension::ServerName(Some(name)) => w.scope(2, |w| {
                w.u8(0); // host_name
                w.vector(2, name)
            }),
            Extension::ServerName(None) | Extension::ExtendedMasterSecret | Extension::EncryptThenMac => {
                Ok(())
            }
            Extension::StatusRequest => {
                if place == Place::Client {
                    w.bytes(&[1, 0, 0, 0, 0]); // ocsp, no responders, no extensions
                }
                Ok(())
            }
            Extension::SupportedGroups(groups) => w.scope(2, |w| {
                groups.iter().for_each(|g| w.u16(g.0));
                Ok(())
            }),
            Extension::EcPointFormats(formats) => w.vector(1, formats),
            Extension::SignatureAlgorithms(schemes) => w.scope(2, |w| {
                schemes.iter().for_each(|s| w.u16(s.0));
                Ok(())
            }),
            Extension::Alpn(names) => w.scope(2, |w| names.iter().try_for_each(|name| w.vector(1, name))),
            Extension::Sct(list) if list.is_empty() => Ok(()),
            Extension::Sct(list) => w.scope(2, |w| list.iter().try_for_each(|sct| w.vector(2, sct))),
            Extension::UseSrtp(profiles, key_id) => {
                w.scope(2, |w| {
                    profiles.iter().for_each(|profile| w.u16(profile.0));
                    Ok(())
                })?;
                w.vector(1, key_id)
            }
            Extension::SessionTicket(list) | Extension::Unknown(_, list) => {
                w.bytes(list);
                Ok(())
            }
            Extension::Padding(n) => {
                w.bytes(&vec![0; *n]);
                Ok(())
            }
            Extension::RenegotiationInfo(data) => w.vector(1, data),
        }
    }
}

fn non_empty<T>(list: Vec<T>) -> Result<Vec<T>, Fault> {
    if list.is_empty() { Err(Decode::Extensions.into()) } else { Ok(list) }
}

fn parse_server_name(place: Place, body: &mut Reader<'_>) -> Result<Option<Vec<u8>>, Fault> {
    if place == Place::Server {
        return Ok(None); // the reply is empty (RFC 6066 section 3); a body is refused as trailing bytes
    }
    let mut list = body.vec16()?;
    let mut host = None;
    while !list.is_empty() {
        let kind = list.u8()?;
        let name = list.vec16()?.rest();
        if kind == 0 {
            if host.is_some() || name.is_empty() {
                return Err(Decode::Extensions.into());
            }
            host = Some(name.to_vec());
        }
    }
    Ok(host)
}

fn parse_status_request(place: Place, body: &mut Reader<'_>) -> Result<Extension, Fault> {
    if place == Place::Client {
        let kept = *body;
        // Only OCSP (1) has a known shape; a request of another type is like an unknown extension.
        if body.u8()? != 1 {
            *body = kept;
            return Ok(Extension::Unknown(ExtensionType::STATUS_REQUEST, body.rest().to_vec()));
        }
        body.vec16()?;
        body.vec16()?;
    }
    Ok(Extension::StatusRequest)
}

fn parse_use_srtp(place: Place, body: &mut Reader<'_>) -> Result<Extension, Fault> {
    let profiles = non_empty(body.vec16()?.u16s(SrtpId)?)?;
    if place == Place::Server && profiles.len() != 1 {
        return Err(Decode::Extensions.into());
    }
    Ok(Extension::UseSrtp(profiles, body.vec8()?.rest().to_vec()))
}

fn parse_sct_list(body: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, Fault> {
    let mut out = Vec::new();
    if body.is_empty() {
        return Ok(out); // as a client sends it
    }
    let mut list = body.vec16()?;
    while !list.is_empty() {
        out.push(non_empty(list.vec16()?.rest().to_vec())?);
    }
    non_empty(out)
}

fn parse_alpn(place: Place, body: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, Fault> {
    let mut list = body.vec16()?;
    let mut names = Vec::new();
    while !list.is_empty() {
        names.push(non_empty(list.vec8()?.rest().to_vec())?);
    }
    if names.is_empty() || (place == Place::Server && names.len() != 1) {
        return Err(Decode::Extensions.into());
    }
    Ok(names)
}

/// The extension block at the end of a hello: absent, or a two-byte length and extensions.
pub fn parse_block(place: Place, body: &mut Reader<'_>) -> Result<Option<Vec<Extension>>, Fault> {
    if body.is_empty() {
        return Ok(None);
    }
    let malformed = |fault| match fault {
        Fault::Decode(Decode::DuplicateExtension) => fault,
        _ => Fault::Decode(Decode::Extensions),
    };
    let mut block = body.vec16().map_err(malformed)?;
    let mut out: Vec<Extension> = Vec::new();
    let mut seen: Vec<u16> = Vec::new();
    while !block.is_empty() {
        let typ = ExtensionType(block.u16().map_err(malformed)?);
        let body = block.vec16().map_err(malformed)?;
        seen.push(typ.0);
        out.push(Extension::parse(typ, place, body).map_err(malformed)?);
    }
    // Sorting keeps a hello with thousands of empty extensions from costing quadratic time.
    seen.sort_unstable();
    if seen.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Decode::DuplicateExtension.into());
    }
    Ok(Some(out))
}

/// Writes the block; an empty list writes nothing at all.
pub fn encode_block(place: Place, extensions: &[Extension], w: &mut Writer) -> Result<(), Fault> {
    if extensions.is_empty() {
        return Ok(());
    }
    w.scope(2, |w| {
        extensions.iter().try_for_each(|extension| {
            w.u16(extension.typ().0);
            w.scope(2, |w| extension.encode(place, w))
        })
    })
}
