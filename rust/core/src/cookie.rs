//! The gate before a datagram server: who has not shown that it receives at its address costs nothing.
//!
//! In: the first datagram of somebody unknown, and the address it came from. Out: nothing, a HelloVerifyRequest to send
//! back, or the cookie that came back (RFC 6347 section 4.2.1). Promise: nothing is kept about anybody and nothing is
//! allocated; a reply is shorter than the shortest hello that causes it, so that a forged address gains nothing.
//!
//! A cookie is an HMAC over the address and the parameters of the hello that the client repeats unchanged. Its key is
//! derived from the secret and the number of the present period; cookies of this period and of the one before count.

use crate::crypto::hash::Hash;
use crate::crypto::mac::{PreparedKey, hmac};
use crate::crypto::rng::Rng;
use crate::crypto::secret::Secret;
use crate::fault::Fault;
use crate::wire::codec::Reader;
use crate::wire::ids::{ContentType, HandshakeType};
use subtle::ConstantTimeEq;

/// Bytes of a cookie: what a client of DTLS 1.0 takes at most (RFC 4347 section 4.2.1).
pub const COOKIE: usize = 32;

/// Record header, message header, version, length of the cookie, the cookie.
pub const REPLY: usize = 13 + 12 + 2 + 1 + COOKIE;

/// Bytes of the secret.
pub const SECRET: usize = 32;

/// DTLS 1.0: the version of every HelloVerifyRequest whatever will be spoken (RFC 6347 section 4.2.1). The first byte is
/// that of all versions.
const VERSION: [u8; 2] = [0xfe, 0xff];

/// What to do with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it is no ClientHello that could be answered.
    Drop,
    /// Send this back.
    Reply([u8; REPLY]),
    /// The client has shown its address. The cookie is what a fresh context is to expect; then it gets the datagram.
    Accept([u8; COOKIE]),
}

/// The keys of two periods.
struct Keys {
    period: u64,
    current: PreparedKey,
    previous: PreparedKey,
}

/// Judges first datagrams.
pub struct CookieGate {
    secret: Secret,
    seconds: u64,
    keys: Keys,
}

/// What the gate reads of a ClientHello in a datagram.
struct Hello<'a> {
    /// The record's sequence number, with its epoch.
    sequence: [u8; 8],
    /// The message's number.
    number: [u8; 2],
    cookie: &'a [u8],
    /// Version, random and session ID, with its length.
    head: &'a [u8],
    /// Suites and compression methods, with their lengths.
    choice: &'a [u8],
}

impl CookieGate {
    /// A gate with a secret of its own, a new key every so many seconds, at least one.
    pub fn new(seconds: u64, rng: &mut dyn Rng) -> Result<CookieGate, Fault> {
        let mut secret = Secret::zeroed(SECRET);
        rng.fill(secret.as_mut_bytes())?;
        Ok(CookieGate::with_secret(secret, seconds))
    }

    /// A gate that accepts the cookies of every other gate with this secret and period, in other processes too.
    #[must_use]
    pub fn with_secret(secret: Secret, seconds: u64) -> CookieGate {
        let keys = Keys::of(&secret, 0);
        CookieGate { secret, seconds: seconds.max(1), keys }
    }

    /// Judges one datagram from an address, at a time in seconds since 1970. The address is whatever tells peers apart.
    pub fn check(&mut self, datagram: &[u8], address: &[u8], wall: u64) -> Verdict {
        let Ok(hello) = Hello::parse(datagram) else { return Verdict::Drop };
        let period = wall / self.seconds;
        if period != self.keys.period {
            self.keys = Keys::of(&self.secret, period);
        }
        let fresh = hello.cookie_under(&self.keys.current, address);
        if hello.cookie.len() == COOKIE {
            let older = hello.cookie_under(&self.keys.previous, address);
            for known in [fresh, older] {
                if bool::from(known.ct_eq(hello.cookie)) {
                    return Verdict::Accept(known);
                }
            }
        }
        Verdict::Reply(hello.reply(&fresh))
    }
}

impl Keys {
    fn of(secret: &Secret, period: u64) -> Keys {
        let key = |period: u64| {
            let derived = hmac(Hash::Sha256, secret.as_bytes(), &[b"cookie", &period.to_be_bytes()]);
            PreparedKey::new(Hash::Sha256, derived.as_ref())
        };
        Keys { period, current: key(period), previous: key(period.wrapping_sub(1)) }
    }
}

impl<'a> Hello<'a> {
    /// The first record of the datagram, which must hold the beginning of a ClientHello up to its compression methods.
    /// What is behind them may be in other fragments.
    fn parse(datagram: &'a [u8]) -> Result<Hello<'a>, Fault> {
        let refused = || Fault::from(crate::fault::Decode::BadValue);
        let mut r = Reader::new(datagram);
        let typ = ContentType(r.u8()?);
        let [major, _] = r.array()?;
        let sequence: [u8; 8] = r.array()?;
        let mut record = r.vec16()?;
        let message = HandshakeType(record.u8()?);
        let length = record.u24()?;
        let number = record.array()?;
        let offset = record.u24()?;
        let fragment = record.u24()?;
        let body = record.take(fragment)?;
        let of_datagrams = major == VERSION[0];
        let begins = typ == ContentType::HANDSHAKE && message == HandshakeType::CLIENT_HELLO && offset == 0;
        // Only in the clear, epoch 0, is a hello the beginning of something.
        if !of_datagrams || !begins || fragment > length || sequence[..2] != [0, 0] {
            return Err(refused());
        }
        let mut rest = Reader::new(body);
        if rest.u8()? != major {
            return Err(refused());
        }
        rest.take(1 + 32)?;
        rest.vec8()?;
        let head = &body[..body.len() - rest.len()];
        let cookie = rest.vec8()?.rest();
        let from = body.len() - rest.len();
        let suites = rest.vec16()?;
        let compressions = rest.vec8()?;
        if suites.is_empty() || compressions.is_empty() {
            return Err(refused());
        }
        let choice = &body[from..body.len() - rest.len()];
        Ok(Hello { sequence, number, cookie, head, choice })
    }

    fn cookie_under(&self, key: &PreparedKey, address: &[u8]) -> [u8; COOKIE] {
        let length = (address.len() as u64).to_be_bytes();
        let tag = key.over(&[&length, address, self.head, self.choice]);
        let mut cookie = [0; COOKIE];
        cookie.copy_from_slice(tag.as_ref());
        cookie
    }

    /// A HelloVerifyRequest with the numbers of the hello, so that nothing has to be counted (RFC 6347 section 4.2.1).
    fn reply(&self, cookie: &[u8; COOKIE]) -> [u8; REPLY] {
        const BODY: u8 = 2 + 1 + COOKIE as u8;
        let [major, minor] = VERSION;
        let mut out = [0; REPLY];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            out[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(&[ContentType::HANDSHAKE.0, major, minor]);
        put(&self.sequence);
        put(&[0, 12 + BODY]);
        put(&[HandshakeType::HELLO_VERIFY_REQUEST.0, 0, 0, BODY]);
        put(&self.number);
        put(&[0, 0, 0, 0, 0, BODY]);
        put(&[major, minor, COOKIE as u8]);
        put(cookie);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRETS: [u8; SECRET] = [7; SECRET];

    fn gate() -> CookieGate {
        CookieGate::with_secret(Secret::copy_of(&SECRETS), 60)
    }

    /// The shortest hello there is, with a cookie.
    fn hello(cookie: &[u8], suite: u8, number: u8) -> Vec<u8> {
        let mut body = vec![0xfe, 0xfd];
        body.extend_from_slice(&[5; 32]);
        body.push(0);
        body.push(cookie.len() as u8);
        body.extend_from_slice(cookie);
        body.extend_from_slice(&[0, 2, 0xc0, suite, 1, 0]);
        let n = body.len() as u8;
        let mut message = vec![1, 0, 0, n, 0, number, 0, 0, 0, 0, 0, n];
        message.extend_from_slice(&body);
        let mut record = vec![22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, number, 0, message.len() as u8];
        record.extend_from_slice(&message);
        record
    }

    fn cookie_of(verdict: Verdict) -> Vec<u8> {
        let Verdict::Reply(reply) = verdict else { panic!("{verdict:?}") };
        reply[REPLY - COOKIE..].to_vec()
    }

    #[test]
    fn a_hello_is_answered_with_fewer_bytes_and_accepted_with_its_cookie() {
        let first = hello(b"", 0x2b, 0);
        let verdict = gate().check(&first, b"192.0.2.1:5684", 1000);
        assert!(REPLY < first.len());
        let cookie = cookie_of(verdict);
        let again = gate().check(&hello(&cookie, 0x2b, 1), b"192.0.2.1:5684", 1010);
        assert!(matches!(again, Verdict::Accept(known) if known.as_slice() == cookie));
    }

    #[test]
    fn a_reply_repeats_the_numbers_of_the_hello() {
        let Verdict::Reply(reply) = gate().check(&hello(b"stale", 0x2b, 3), b"a", 0) else { panic!() };
        assert_eq!(reply[..13], [22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 3, 0, 47]);
        assert_eq!(reply[13..25], [3, 0, 0, 35, 0, 3, 0, 0, 0, 0, 0, 35]);
        assert_eq!(reply[25..28], [0xfe, 0xff, 32]);
    }

    #[test]
    fn a_cookie_counts_for_its_address_its_hello_and_two_periods() {
        let mut gate = gate();
        let cookie = cookie_of(gate.check(&hello(b"", 0x2b, 0), b"a", 6000));
        let mut verdict = |suite, address: &[u8], wall| gate.check(&hello(&cookie, suite, 1), address, wall);
        assert!(matches!(verdict(0x2b, b"a", 6119), Verdict::Accept(_)));
        assert!(matches!(verdict(0x2b, b"a", 6120), Verdict::Reply(_)));
        assert!(matches!(verdict(0x2b, b"b", 6000), Verdict::Reply(_)));
        assert!(matches!(verdict(0x2f, b"a", 6000), Verdict::Reply(_)));
        let mut other = CookieGate::with_secret(Secret::copy_of(&[8; SECRET]), 60);
        assert!(matches!(other.check(&hello(&cookie, 0x2b, 1), b"a", 6000), Verdict::Reply(_)));
    }

    #[test]
    fn what_is_cut_short_or_no_first_hello_is_dropped() {
        let whole = hello(b"", 0x2b, 0);
        for n in 0..whole.len() {
            assert_eq!(gate().check(&whole[..n], b"a", 0), Verdict::Drop, "{n} bytes");
        }
        // Content type, version, epoch, message type, offset, length of the fragment, version of the hello.
        for at in [0, 1, 3, 4, 13, 19, 24, 25] {
            let mut changed = whole.clone();
            changed[at] ^= 0x40;
            assert_eq!(gate().check(&changed, b"a", 0), Verdict::Drop, "byte {at}");
        }
    }

    #[test]
    fn extensions_may_be_in_another_fragment() {
        let mut first = hello(b"", 0x2b, 0);
        first[15] = 9; // the message is longer than this fragment
        assert!(matches!(gate().check(&first, b"a", 0), Verdict::Reply(_)));
    }
}
