//! Distinguished names and general names: for comparison and for people.
//!
//! In: the DER of a Name or GeneralNames (RFC 5280 sections 4.1.2.4 and 4.2.1.6). Out: keys to compare with,
//! strings to read. Promise: linear in the input; strings hold no control characters.

use super::walk::{self, Items, Malformed, context_number, dotted};
use der::Tag;

/// One attribute of a distinguished name.
#[derive(Clone, Copy)]
pub(super) struct Attribute<'a> {
    /// Which relative name it belongs to; several attributes may share one.
    pub rdn: usize,
    pub oid: &'a [u8],
    pub tag: Tag,
    pub value: &'a [u8],
}

pub(super) const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANISATION: &[u8] = &[0x55, 4, 10];
const UNIT: &[u8] = &[0x55, 4, 11];
const DESCRIPTION: &[u8] = &[0x55, 4, 13];
pub(super) const EMAIL: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];

/// All attributes of a Name, in order.
pub(super) fn attributes(name: &[u8]) -> Result<Vec<Attribute<'_>>, Malformed> {
    let mut found = Vec::new();
    let mut relatives = Items::new(walk::only(name, Tag::Sequence)?.value);
    let mut rdn = 0;
    while let Some(relative) = relatives.next()? {
        if relative.tag != Tag::Set {
            return Err(Malformed);
        }
        let mut pairs = Items::new(relative.value);
        while let Some(pair) = pairs.next()? {
            if pair.tag != Tag::Sequence {
                return Err(Malformed);
            }
            let mut pair = Items::new(pair.value);
            let oid = pair.expect(Tag::ObjectIdentifier)?.value;
            let value = pair.need()?;
            found.push(Attribute { rdn, oid, tag: value.tag, value: value.value });
        }
        rdn += 1;
    }
    Ok(found)
}

/// Whether a Name has no attributes at all.
pub(super) fn is_empty(name: &[u8]) -> bool {
    walk::only(name, Tag::Sequence).is_ok_and(|item| item.value.is_empty())
}

impl Attribute<'_> {
    /// The value as text, if it is one of the string types.
    pub fn text(&self) -> Option<String> {
        match self.tag {
            Tag::Utf8String
            | Tag::PrintableString
            | Tag::Ia5String
            | Tag::NumericString
            | Tag::VisibleString => Some(String::from_utf8_lossy(self.value).into_owned()),
            Tag::TeletexString | Tag::VideotexString | Tag::GeneralString => {
                Some(self.value.iter().map(|byte| char::from(*byte)).collect())
            }
            Tag::BmpString => {
                let units = self.value.chunks(2).map(|pair| match pair {
                    [high, low] => u16::from_be_bytes([*high, *low]),
                    _ => 0xfffd,
                });
                Some(char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect())
            }
            _ => None,
        }
    }

    /// A type-independent form of the value: strings without regard to case, space and string type
    /// (RFC 5280 section 7.1), anything else as it is.
    fn comparable(&self) -> Vec<u8> {
        match self.text() {
            Some(text) => {
                let mut folded = String::with_capacity(text.len() + 1);
                folded.push('s');
                for word in text.split_whitespace() {
                    if folded.len() > 1 {
                        folded.push(' ');
                    }
                    folded.extend(word.chars().flat_map(char::to_lowercase));
                }
                folded.into_bytes()
            }
            None => [b"r", self.value].concat(),
        }
    }
}

/// A key that is equal for equal names, and whose prefixes at relative names are those of the name.
pub(super) fn normalise(name: &[u8]) -> Box<[u8]> {
    let Ok(attributes) = attributes(name) else {
        return [&[0xff], name].concat().into();
    };
    let mut key = Vec::with_capacity(name.len());
    for relative in attributes.chunk_by(|one, other| one.rdn == other.rdn) {
        let mut parts: Vec<Vec<u8>> = relative
            .iter()
            .map(|attribute| {
                let value = attribute.comparable();
                let mut part = Vec::with_capacity(attribute.oid.len() + value.len() + 8);
                part.extend_from_slice(&(attribute.oid.len() as u32).to_be_bytes());
                part.extend_from_slice(attribute.oid);
                part.extend_from_slice(&(value.len() as u32).to_be_bytes());
                part.extend_from_slice(&value);
                part
            })
            .collect();
        parts.sort_unstable();
        key.extend_from_slice(&(parts.len() as u32).to_be_bytes());
        parts.iter().for_each(|part| key.extend_from_slice(part));
    }
    key.into()
}

/// Short names of the usual attributes (RFC 4514 section 3 and custom).
fn short_name(oid: &[u8]) -> Option<&'static str> {
    Some(match oid {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 4] => "SN",
        [0x55, 4, 5] => "serialNumber",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 9] => "STREET",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        [0x55, 4, 12] => "title",
        [0x55, 4, 42] => "GN",
        [0x55, 4, 97] => "organizationIdentifier",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => "UID",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        oid if oid == EMAIL => "emailAddress",
        _ => return None,
    })
}

/// A name as people read it, most specific part first: `CN=www.example.com, O=Example, C=DE`.
pub(super) fn display(name: &[u8]) -> String {
    let Ok(attributes) = attributes(name) else { return "(a name that does not parse)".into() };
    let relatives: Vec<String> = attributes
        .chunk_by(|one, other| one.rdn == other.rdn)
        .rev()
        .map(|relative| {
            let pairs: Vec<String> = relative
                .iter()
                .map(|attribute| {
                    let key = short_name(attribute.oid).map_or_else(|| dotted(attribute.oid), Into::into);
                    format!("{key}={}", escape(&value_text(attribute)))
                })
                .collect();
            pairs.join(" + ")
        })
        .collect();
    relatives.join(", ")
}

fn value_text(attribute: &Attribute<'_>) -> String {
    attribute.text().unwrap_or_else(|| {
        attribute.value.iter().take(64).fold(String::from("#"), |text, byte| text + &format!("{byte:02x}"))
    })
}

/// Every attribute: its type in dotted notation and its value as text.
pub(super) fn texts(name: &[u8]) -> Vec<(String, String)> {
    let attributes = attributes(name).unwrap_or_default();
    attributes.iter().map(|attribute| (dotted(attribute.oid), value_text(attribute))).collect()
}

/// The separators of [`display`] with a backslash before them (RFC 4514 section 2.4), control characters out.
fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in printable(value).chars() {
        if matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The text without what could steer a terminal or turn the reading direction.
pub(super) fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// In quotes, printable and of bearable length, for sentences.
pub(super) fn quoted(text: &str) -> String {
    let clean = printable(text);
    if clean.chars().count() > 100 {
        let head: String = clean.chars().take(100).collect();
        return format!("\"{head}...\"");
    }
    format!("\"{clean}\"")
}

/// The last common name.
pub(super) fn common_name(name: &[u8]) -> Option<String> {
    attributes(name)
        .ok()?
        .iter()
        .rev()
        .find(|attribute| attribute.oid == COMMON_NAME)
        .and_then(Attribute::text)
}

/// The e-mail attributes of a name.
pub(super) fn email_attributes(name: &[u8]) -> Vec<String> {
    let attributes = attributes(name).unwrap_or_default();
    attributes.iter().filter(|attribute| attribute.oid == EMAIL).filter_map(Attribute::text).collect()
}

/// A display name from the subject as `SecCertificateCopySubjectSummary` picks it, and whether it rests on a
/// common name; several values of the chosen attribute come newest first, a description goes in brackets.
pub(super) fn summary(name: &[u8]) -> (Option<String>, bool) {
    let attributes = attributes(name).unwrap_or_default();
    let joined = |wanted: &dyn Fn(&[u8]) -> bool| {
        let values: Vec<String> =
            attributes.iter().rev().filter(|a| wanted(a.oid)).filter_map(Attribute::text).collect();
        (!values.is_empty()).then(|| printable(&values.join(", ")))
    };
    if let Some(common) = joined(&|oid| oid == COMMON_NAME) {
        let described = joined(&|oid| oid == DESCRIPTION).map(|more| format!("{common} ({more})"));
        return (Some(described.unwrap_or(common)), true);
    }
    let other = joined(&|oid| oid == UNIT)
        .or_else(|| joined(&|oid| oid == ORGANISATION))
        .or_else(|| joined(&|_| true));
    (other, false)
}

/// One name of a subject alternative name or a name constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GeneralName<'a> {
    Email(&'a [u8]),
    Dns(&'a [u8]),
    /// The whole encoding of a Name.
    Directory(&'a [u8]),
    Uri(&'a [u8]),
    Ip(&'a [u8]),
    /// A form without meaning here, by its tag number.
    Other(u32),
}

impl<'a> GeneralName<'a> {
    /// Reads one GeneralName; a string that is not IA5 does not parse.
    pub fn read(item: &walk::Item<'a>) -> Result<GeneralName<'a>, Malformed> {
        let text = |value: &'a [u8]| if value.is_ascii() { Ok(value) } else { Err(Malformed) };
        Ok(match context_number(item.tag).ok_or(Malformed)? {
            1 => GeneralName::Email(text(item.value)?),
            2 => GeneralName::Dns(text(item.value)?),
            4 => GeneralName::Directory(walk::only(item.value, Tag::Sequence)?.whole),
            6 => GeneralName::Uri(text(item.value)?),
            7 => GeneralName::Ip(item.value),
            number @ (0 | 3 | 5 | 8) => GeneralName::Other(number),
            _ => return Err(Malformed),
        })
    }

    /// A number per form, so that constraints compare like with like.
    pub fn form(&self) -> u32 {
        match self {
            GeneralName::Email(_) => 1,
            GeneralName::Dns(_) => 2,
            GeneralName::Directory(_) => 4,
            GeneralName::Uri(_) => 6,
            GeneralName::Ip(_) => 7,
            GeneralName::Other(number) => *number,
        }
    }
}

/// Every name of a GeneralNames value.
pub(super) fn general_names(value: &[u8]) -> Result<Vec<GeneralName<'_>>, Malformed> {
    listed(walk::only(value, Tag::Sequence)?.value)
}

/// Every name of the content of a GeneralNames.
pub(super) fn listed(content: &[u8]) -> Result<Vec<GeneralName<'_>>, Malformed> {
    let mut items = Items::new(content);
    let mut names = Vec::new();
    while let Some(item) = items.next()? {
        names.push(GeneralName::read(&item)?);
    }
    Ok(names)
}
