//! Incoming records that stand in datagrams (RFC 6347 section 4.1).
//!
//! In: datagrams, or their records one after the other. Out: records that opened. Promise: whatever does not open, is not
//! of the current epoch or was seen before vanishes without a trace; the window moves for authentic records only.

use super::{AHEAD, Reader};
use crate::record::epoch::{Window, epoch_of};
use crate::record::head::{DATAGRAM_HEADER, DatagramHead, MAX_PLAIN};
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
        while let Some(header) = rest.first_chunk::<DATAGRAM_HEADER>() {
            let whole = DATAGRAM_HEADER + DatagramHead::parse(header).head.len;
            let Some(record) = rest.get(..whole) else { break };
            if self.end - self.start + whole > AHEAD {
                break;
            }
            self.take_in(record);
            rest = &rest[whole..];
        }
        bytes.len()
    }

    /// The header at the front, as soon as it is in.
    fn datagram_head(&mut self) -> Option<DatagramHead> {
        let bytes = self.buffer.get(self.start..self.end)?.first_chunk()?;
        let head = DatagramHead::parse(bytes);
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
            self.plain = opened.clone().unwrap_or(0..0);
            if opened.is_some() {
                return Some(head.head.content_type);
            }
        }
    }

    /// Where the plaintext of this record is; nothing for one that is to be dropped.
    fn open_one(&mut self, head: &DatagramHead, body: Range<usize>) -> Option<Range<usize>> {
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
        let sealed = self.buffer.get_mut(body.clone())?;
        let opened =
            self.opener.open(head.number, &head.head, sealed).ok().filter(|o| o.len() <= MAX_PLAIN)?;
        if guarded {
            datagrams.window.mark(counted);
        }
        datagrams.number = head.number;
        Some(body.start + opened.start..body.start + opened.end)
    }
}
