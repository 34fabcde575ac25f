//! Dates of certificates: from ASN.1 to unix seconds, and from those to words.
//!
//! In: the content of a UTCTime or GeneralizedTime (RFC 5280 section 4.1.2.5). Out: seconds since 1970, which
//! may be negative. Promise: the forms RFC 5280 forbids but old authorities wrote (no seconds, an offset, a
//! fraction) still load.

use super::walk::Malformed;
use der::Tag;

const DAY: i64 = 86_400;

/// Seconds since 1970 of a Time.
pub(super) fn unix(tag: Tag, value: &[u8]) -> Result<i64, Malformed> {
    let (year, rest) = match tag {
        Tag::UtcTime => {
            let (short, rest) = number(value, 2)?;
            (if short >= 50 { 1900 + short } else { 2000 + short }, rest)
        }
        Tag::GeneralizedTime => number(value, 4)?,
        _ => return Err(Malformed),
    };
    let (month, rest) = number(rest, 2)?;
    let (day, rest) = number(rest, 2)?;
    let (hour, rest) = number(rest, 2)?;
    let (minute, rest) = number(rest, 2)?;
    let (second, rest) =
        if rest.first().is_some_and(u8::is_ascii_digit) { number(rest, 2)? } else { (0, rest) };
    let rest = skip_fraction(rest);
    let days_in_month = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return Err(Malformed),
    };
    if !(1..=days_in_month).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return Err(Malformed);
    }
    Ok(days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset(rest)?)
}

fn number(bytes: &[u8], digits: usize) -> Result<(i64, &[u8]), Malformed> {
    let (head, rest) = bytes.split_at_checked(digits).ok_or(Malformed)?;
    if !head.iter().all(u8::is_ascii_digit) {
        return Err(Malformed);
    }
    Ok((head.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')), rest))
}

fn skip_fraction(rest: &[u8]) -> &[u8] {
    match rest {
        [b'.' | b',', digits @ ..] => {
            let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
            &digits[end..]
        }
        other => other,
    }
}

fn offset(rest: &[u8]) -> Result<i64, Malformed> {
    match rest {
        [b'Z'] => Ok(0),
        [sign @ (b'+' | b'-'), digits @ ..] if digits.len() == 4 => {
            let (hours, minutes) = number(digits, 2)?;
            let (minutes, _) = number(minutes, 2)?;
            let seconds = hours * 3600 + minutes * 60;
            Ok(if *sign == b'+' { seconds } else { -seconds })
        }
        _ => Err(Malformed),
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// `2024-03-01 12:30:00 UTC`.
pub(super) fn words(unix: i64) -> String {
    let days = unix.div_euclid(DAY).saturating_add(719_468);
    let second = unix.rem_euclid(DAY);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era.saturating_mul(400) + year_of_era + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_time_forms_and_their_odd_variants_give_unix_seconds() {
        for (tag, text, seconds) in [
            (Tag::UtcTime, "700101000000Z", 0),
            (Tag::UtcTime, "500101000000Z", -631_152_000),
            (Tag::UtcTime, "491231235959Z", 2_524_607_999),
            (Tag::UtcTime, "2402291200Z", 1_709_208_000),
            (Tag::UtcTime, "240229140000+0200", 1_709_208_000),
            (Tag::GeneralizedTime, "20240229120000.75Z", 1_709_208_000),
            (Tag::GeneralizedTime, "99991231235959Z", 253_402_300_799),
        ] {
            assert_eq!(unix(tag, text.as_bytes()), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in [
            "240230000000Z",
            "241301000000Z",
            "240001000000Z",
            "240101240000Z",
            "2401",
            "240101000000",
            "24010100000Z",
        ] {
            assert_eq!(unix(Tag::UtcTime, text.as_bytes()), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn dates_read_back_in_words() {
        assert_eq!(words(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(words(1_709_208_000), "2024-02-29 12:00:00 UTC");
        assert_eq!(words(-1), "1969-12-31 23:59:59 UTC");
        assert_eq!(words(253_402_300_799), "9999-12-31 23:59:59 UTC");
        let _ = (words(i64::MIN), words(i64::MAX));
    }
}
