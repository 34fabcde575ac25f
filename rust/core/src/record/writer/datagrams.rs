//! Outgoing records that stand in datagrams (RFC 6347 section 4.1).
//!
//! In: handshake records with their epochs. Out: packets, each of which is one datagram with as many records as fit.
//! Promise: no number of an epoch is used twice, whatever is sent again; old keys stay only for what may have to be sent
//! again under them.

use super::Writer;
use crate::fault::{Fault, Internal};
use crate::record::epoch::{Sequence, epoch_of};
use crate::record::head::{ConnectionId, DATAGRAM_HEADER, DatagramHead, Head};
use crate::record::protect::Sealer;
use crate::wire::ids::ContentType;
use zeroize::Zeroize;

/// What a writer of datagrams knows beyond its buffer.
#[derive(Default)]
pub(super) struct Outgoing {
    epoch: u16,
    /// The peer's name for the association, which this epoch's records carry, and that of the next epoch.
    cid: ConnectionId,
    next_cid: ConnectionId,
    /// The epoch before this one.
    previous: Option<(Sealer, Sequence, ConnectionId)>,
    /// Content and type of a record that hides its type; key material may go through here.
    inner: Vec<u8>,
    /// The last packet that waits takes further records.
    open: bool,
}

impl Writer {
    /// The number of the epoch that is written in.
    #[must_use]
    pub fn epoch(&self) -> u16 {
        self.datagrams.as_ref().map_or(0, |d| d.epoch)
    }

    pub(super) fn enter_epoch(&mut self, sealer: Sealer) -> Result<(), Fault> {
        let Some(datagrams) = &mut self.datagrams else { return Err(Internal::State.into()) };
        datagrams.epoch = datagrams.epoch.checked_add(1).ok_or(Fault::Internal(Internal::State))?;
        let sealer = core::mem::replace(&mut self.sealer, sealer);
        let sequence = core::mem::replace(&mut self.sequence, Sequence::of_epoch(datagrams.epoch));
        let cid = core::mem::replace(&mut datagrams.cid, datagrams.next_cid);
        datagrams.previous = Some((sealer, sequence, cid));
        Ok(())
    }

    /// Leaves out numbers before that of a record of the peer, in the first epoch: who keeps no state answers under the
    /// number of the question (RFC 6347 section 4.2.1).
    pub fn echo(&mut self, number: u64) {
        if self.epoch() == 0 && epoch_of(number) == 0 {
            self.sequence.skip_to(number);
        }
    }

    /// The last packet is complete: nothing is added to it.
    pub fn close_packet(&mut self) {
        if let Some(datagrams) = &mut self.datagrams {
            datagrams.open = false;
        }
    }

    /// Bytes in the packet that takes further records.
    fn packed(&self) -> usize {
        let is_open = self.datagrams.as_ref().is_some_and(|d| d.open) && self.has_output();
        let before = self.ends.iter().rev().nth(1).copied().unwrap_or(self.start);
        if is_open { self.end - before } else { 0 }
    }

    /// Swaps the current epoch with the one before it, if that is the wanted one.
    fn swap_to(&mut self, epoch: u16) -> Result<(), Fault> {
        let lost = Fault::Internal(Internal::State);
        let datagrams = self.datagrams.as_mut().ok_or(lost)?;
        if datagrams.epoch == epoch {
            return Ok(());
        }
        if Some(epoch) != datagrams.epoch.checked_sub(1) {
            return Err(lost);
        }
        let (sealer, sequence, cid) = datagrams.previous.as_mut().ok_or(lost)?;
        core::mem::swap(&mut self.sealer, sealer);
        core::mem::swap(&mut self.sequence, sequence);
        core::mem::swap(&mut datagrams.cid, cid);
        Ok(())
    }

    /// How many bytes of content a record in this epoch can have when it goes into the last packet, and when into a new
    /// one, so that no packet is longer than `limit`.
    pub fn room(&mut self, epoch: u16, limit: usize) -> Result<(usize, usize), Fault> {
        self.swap_to(epoch)?;
        let fits = |n: usize| self.fits(n);
        let (here, fresh) = (fits(limit.saturating_sub(self.packed())), fits(limit));
        let here = if self.packed() == 0 { fresh } else { here };
        self.swap_to(epoch)?;
        Ok((here, fresh))
    }

    /// Queues a record of this epoch, in the last packet or in a new one.
    pub fn pack(&mut self, epoch: u16, typ: ContentType, plain: &[u8], fresh: bool) -> Result<(), Fault> {
        let adds = !fresh && self.packed() > 0;
        self.swap_to(epoch)?;
        let done = self.record(typ, plain);
        self.swap_to(epoch)?;
        done?;
        if adds {
            self.ends.pop_back();
        }
        self.ends.push_back(self.end);
        if let Some(datagrams) = &mut self.datagrams {
            datagrams.open = true;
        }
        Ok(())
    }

    /// Content of one record that fills a datagram of this size in the current epoch; `None` before there are keys.
    #[must_use]
    pub fn content_of(&self, size: usize) -> Option<usize> {
        let sealed = !matches!(self.sealer, Sealer::Plain);
        sealed.then(|| self.fits(size))
    }

    /// Under which name of the peer's the records of the next epoch go out; an empty one is none.
    pub fn set_cid(&mut self, cid: ConnectionId) {
        if let Some(datagrams) = &mut self.datagrams {
            datagrams.next_cid = cid;
        }
    }

    fn cid(&self) -> ConnectionId {
        self.datagrams.as_ref().map_or(ConnectionId::NONE, |d| d.cid)
    }

    /// Content of one record with at most this many bytes in all.
    fn fits(&self, size: usize) -> usize {
        let cid = self.cid();
        let body = size.checked_sub(DATAGRAM_HEADER + cid.len());
        let inner = body.map_or(0, |n| self.sealer.fits(n));
        if cid.is_empty() { inner } else { inner.saturating_sub(1) }
    }

    /// Exact length of a record with this much content.
    pub(super) fn datagram_record_len(&self, n: usize) -> usize {
        let cid = self.cid();
        DATAGRAM_HEADER + cid.len() + self.sealer.sealed_len(n + usize::from(!cid.is_empty()))
    }

    /// Seals a record behind what waits. Under a name its type goes inside, behind the content (RFC 9146 section 4).
    pub(super) fn datagram_record(&mut self, typ: ContentType, plain: &[u8]) -> Result<(), Fault> {
        let number = self.sequence.take_next()?;
        let whole = self.datagram_record_len(plain.len());
        self.grow(whole);
        let cid = self.cid();
        let skip = DATAGRAM_HEADER + cid.len();
        let len = whole - skip;
        if len > usize::from(u16::MAX) {
            return Err(Internal::TooLong.into());
        }
        let outer = if cid.is_empty() { typ } else { ContentType::TLS12_CID };
        let head = Head { skip, cid, ..Head::new(outer, self.version, len) };
        let (header, body) = self.buffer[self.end..self.end + whole].split_at_mut(skip);
        DatagramHead { head, number }.encode(header);
        match self.datagrams.as_mut().filter(|_| !cid.is_empty()) {
            None => self.sealer.seal(number, &head, plain, body)?,
            Some(datagrams) => {
                datagrams.inner.clear();
                datagrams.inner.extend_from_slice(plain);
                datagrams.inner.push(typ.0);
                let sealed = self.sealer.seal(number, &head, &datagrams.inner, body);
                datagrams.inner.zeroize();
                sealed?;
            }
        }
        self.after_data = typ == ContentType::APPLICATION_DATA;
        self.end += whole;
        Ok(())
    }
}
