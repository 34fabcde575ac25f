//! Incoming records that stand in datagrams (RFC 6347 section 4.1).
//!
//! In: datagrams, or their records one after the other. Out: records that opened. Promise: whatever does not open, is not
//! of the current epoch or was seen before vanishes without a trace; the window moves for authentic records only.

use super::{AHEAD, Reader};
use crate::record::epoch::{Window, epoch_of};
use crate::record::head::{ConnectionId, DATAGRAM_HEADER, DatagramHead, MAX_PLAIN};
use crate::record::protect::Opener;
use crate::wire::ids::ContentType;
use core::ops::Range;

/// Records of the next epoch that are kept until its keys are there, and their bytes: a flight overtakes itself.
const MAX_EARLY: usize = 16;
const MAX_EARLY_BYTES: usize = 16 * 1024;

/// What a reader of datagrams knows beyond its buffer.
#[derive(Default)]
pub(super) struct Incoming {
    epoch: u16,
    window: Window,
    /// The number of the current record.
    number: u64,
    /// Our name for the association, once there is one: the length of it is part of the header of a record that
    /// carries it.
    cid: ConnectionId,
    /// Whether records of this epoch carry it, and those of the next one.
    named: bool,
    next_named: bool,
    /// Records of the next epoch.
    early: Vec<Vec<u8>>,
}

impl Incoming {
    fn keep(&mut self, record: &[u8]) {
        let held: usize = self.early.iter().map(Vec::len).sum();
        if self.early.len() < MAX_EARLY && held + record.len() <= MAX_EARLY_BYTES {
            self.early.push(record.to_vec());
        }
    }
}

impl Reader {
    /// Epoch and sequence number of the current record.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.datagrams.as_ref().map_or(0, |d| d.number)
    }

    /// Whether what is read is authenticated.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        !matches!(self.opener, Opener::Plain)
    }

    /// Forgets a record that came only in part.
    pub(super) fn abandon(&mut self) {
        self.end = self.start;
        self.head = None;
    }

    /// The next epoch begins; what of it came early is read now.
    pub(super) fn enter_epoch(&mut self) {
        let Some(datagrams) = &mut self.datagrams else { return };
        datagrams.epoch = datagrams.epoch.saturating_add(1);
        datagrams.window = Window::default();
        datagrams.named = datagrams.next_named;
        let early = core::mem::take(&mut datagrams.early);
        if self.head.is_none() {
            early.iter().for_each(|record| {
                self.take_in(record);
            });
        }
    }

    fn take_in(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.buffer[self.end..self.end + bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
    }

    /// Takes one datagram: its whole records, if there is room for them. It never waits for a rest.
    pub(super) fn feed_datagram(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while let Some(DatagramHead { head, .. }) = DatagramHead::parse(rest, self.cid().len()) {
            let whole = head.skip + head.len;
            let Some(record) = rest.get(..whole) else { break };
            if self.end - self.start + whole > AHEAD {
                break;
            }
            self.take_in(record);
            rest = &rest[whole..];
        }
        bytes.len()
    }

    /// Under which name of ours the peer's records of the next epoch come; an empty one is none.
    pub fn set_cid(&mut self, cid: ConnectionId) {
        if let Some(datagrams) = &mut self.datagrams {
            datagrams.next_named = !cid.is_empty();
            if datagrams.next_named {
                datagrams.cid = cid; // it does not change in a renegotiation
            }
        }
    }

    fn cid(&self) -> ConnectionId {
        self.datagrams.as_ref().map_or(ConnectionId::NONE, |d| d.cid)
    }

    /// Length of the header at the front, as far as can be told.
    pub(super) fn datagram_header(&self) -> usize {
        let first = self.buffer.get(self.start..self.end).filter(|held| held.len() >= DATAGRAM_HEADER);
        DatagramHead::len_of(first.and_then(<[u8]>::first), self.cid().len())
    }

    /// The header at the front, as soon as it is in.
    fn datagram_head(&mut self) -> Option<DatagramHead> {
        let head = DatagramHead::parse(self.buffer.get(self.start..self.end)?, self.cid().len())?;
        self.head = Some(head.head);
        Some(head)
    }

    /// Opens the next record that can be opened and makes it current; `None` when more bytes are needed.
    pub(super) fn next_of_datagrams(&mut self) -> Option<ContentType> {
        loop {
            let head = self.datagram_head()?;
            let body = self.start + head.head.skip..self.start + head.head.skip + head.head.len;
            if body.end > self.end {
                return None;
            }
            let opened = self.open_one(&head, body.clone());
            self.start = body.end;
            self.head = None;
            self.plain = 0..0;
            if let Some((typ, plain)) = opened {
                self.plain = plain;
                return Some(typ);
            }
        }
    }

    /// Type of this record and where its plaintext is; nothing for one that is to be dropped.
    fn open_one(&mut self, head: &DatagramHead, body: Range<usize>) -> Option<(ContentType, Range<usize>)> {
        let datagrams = self.datagrams.as_mut()?;
        if !head.is_usable() {
            return None;
        }
        let epoch = epoch_of(head.number);
        if Some(epoch) == datagrams.epoch.checked_add(1) {
            datagrams.keep(self.buffer.get(self.start..body.end)?);
        }
        // Without a MAC anybody could move the window past the peer's records.
        let guarded = !matches!(self.opener, Opener::Plain);
        let counted = head.number & ((1 << 48) - 1);
        if epoch != datagrams.epoch || (guarded && !datagrams.window.is_new(counted)) {
            return None;
        }
        // Where a name was agreed on nothing comes without it (RFC 9146 section 6).
        let named = head.head.content_type == ContentType::TLS12_CID;
        if named != datagrams.named || (named && head.head.cid != datagrams.cid) {
            return None;
        }
        let sealed = self.buffer.get_mut(body.clone())?;
        let mut opened = self.opener.open(head.number, &head.head, sealed).ok()?;
        let mut typ = head.head.content_type;
        if named {
            let (inner, length) = unwrapped(sealed.get(opened.clone())?)?;
            (typ, opened.end) = (inner, opened.start + length);
        }
        if opened.len() > MAX_PLAIN {
            return None;
        }
        if guarded {
            datagrams.window.mark(counted);
        }
        datagrams.number = head.number;
        Some((typ, body.start + opened.start..body.start + opened.end))
    }
}

/// The type that stands behind the content and before zeros, and the length of the content (RFC 9146 section 4).
fn unwrapped(inner: &[u8]) -> Option<(ContentType, usize)> {
    let at = inner.iter().rposition(|byte| *byte != 0)?;
    let typ = ContentType(*inner.get(at)?);
    let known = (ContentType::CHANGE_CIPHER_SPEC.0..=ContentType::APPLICATION_DATA.0).contains(&typ.0);
    known.then_some((typ, at))
}
