//! The older encoding rules, brought into DER's form.
//!
//! In: BER as PKCS#12 files of Windows, macOS and NSS have it. Out: the same elements with definite, shortest
//! lengths and strings in one piece. Promise: depth and output are bounded; each byte is looked at once a level.

use super::walk::Malformed;

/// No file nests deeper.
const DEEPEST: usize = 24;

const OCTET_STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;

/// `bytes`, one element and nothing behind it, in DER's form. Sets keep their order.
pub(super) fn to_der(bytes: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::with_capacity(bytes.len());
    match element(bytes, DEEPEST, &mut out)? {
        [] => Ok(out),
        _ => Err(Malformed),
    }
}

/// One element; returns what follows it.
fn element<'a>(bytes: &'a [u8], depth: usize, out: &mut Vec<u8>) -> Result<&'a [u8], Malformed> {
    let depth = depth.checked_sub(1).ok_or(Malformed)?;
    let (tag, rest) = bytes.split_first().ok_or(Malformed)?;
    // Tag numbers above 30 stand nowhere in these files; a zero tag only ends something.
    if tag & 0x1f == 0x1f || *tag == 0 {
        return Err(Malformed);
    }
    let constructed = tag & CONSTRUCTED != 0;
    let (length, body) = length(rest)?;
    let Some(length) = length else {
        if !constructed {
            return Err(Malformed);
        }
        let mut children = Vec::new();
        let mut rest = body;
        loop {
            match rest {
                [0, 0, after @ ..] => {
                    put(*tag, &children, out)?;
                    return Ok(after);
                }
                _ => rest = element(rest, depth, &mut children)?,
            }
        }
    };
    let (content, after) = body.split_at_checked(length).ok_or(Malformed)?;
    if !constructed {
        put(*tag, content, out)?;
        return Ok(after);
    }
    let mut children = Vec::new();
    let mut rest = content;
    while !rest.is_empty() {
        rest = element(rest, depth, &mut children)?;
    }
    put(*tag, &children, out)?;
    Ok(after)
}

/// The length and what follows it; `None` for an indefinite one.
fn length(bytes: &[u8]) -> Result<(Option<usize>, &[u8]), Malformed> {
    match bytes {
        [0x80, rest @ ..] => Ok((None, rest)),
        [short @ 0..0x80, rest @ ..] => Ok((Some(usize::from(*short)), rest)),
        [long, rest @ ..] => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f)).ok_or(Malformed)?;
            let significant = digits.iter().position(|digit| *digit != 0).unwrap_or(digits.len());
            if digits.len() - significant > 4 {
                return Err(Malformed);
            }
            let number = digits.iter().fold(0usize, |sum, digit| sum << 8 | usize::from(*digit));
            Ok((Some(number), rest))
        }
        [] => Err(Malformed),
    }
}

/// Writes an element; the parts of a constructed OCTET STRING become one.
fn put(tag: u8, content: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    if tag == OCTET_STRING | CONSTRUCTED {
        let whole = joined(content)?;
        header(OCTET_STRING, whole.len(), out);
        out.extend_from_slice(&whole);
    } else {
        header(tag, content.len(), out);
        out.extend_from_slice(content);
    }
    Ok(())
}

/// The contents of the OCTET STRINGs, already in DER's form, that make up a constructed one.
pub(super) fn joined(parts: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut items = super::walk::Items::new(parts);
    let mut whole = Vec::with_capacity(parts.len());
    while let Some(item) = items.next()? {
        if item.tag != der::Tag::OctetString {
            return Err(Malformed);
        }
        whole.extend_from_slice(item.value);
    }
    Ok(whole)
}

fn header(tag: u8, length: usize, out: &mut Vec<u8>) {
    out.push(tag);
    if length < 0x80 {
        out.push(length as u8);
        return;
    }
    let digits = length.to_be_bytes();
    let first = digits.iter().position(|digit| *digit != 0).unwrap_or(0);
    out.push(0x80 | (digits.len() - first) as u8);
    out.extend_from_slice(&digits[first..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indefinite_lengths_long_lengths_and_strings_in_pieces_become_der() {
        let ber = [0x30, 0x80, 0x24, 0x80, 4, 1, 7, 4, 0x81, 2, 8, 9, 0, 0, 2, 0x82, 0, 1, 5, 0, 0];
        assert_eq!(to_der(&ber), Ok(vec![0x30, 8, 4, 3, 7, 8, 9, 2, 1, 5]));
    }

    #[test]
    fn der_stays_as_it_is() {
        let long = [vec![0x30, 0x81, 0x83, 4, 0x81, 0x80], vec![1; 128]].concat();
        for der in [&[0x30, 0][..], &[0x30, 3, 2, 1, 5], &long] {
            assert_eq!(to_der(der), Ok(der.to_vec()));
        }
    }

    #[test]
    fn what_is_cut_off_goes_on_or_nests_too_deep_is_refused() {
        let deep = [0x30, 0x80].repeat(100);
        for bad in [&[][..], &[0x30], &[0x30, 1], &[0x30, 0x80], &[0x30, 0, 0], &[4, 0x80, 0, 0], &deep] {
            assert_eq!(to_der(bad), Err(Malformed), "{bad:02x?}");
        }
        assert_eq!(to_der(&[0x30, 0x85, 1, 0, 0, 0, 0]), Err(Malformed));
    }
}
