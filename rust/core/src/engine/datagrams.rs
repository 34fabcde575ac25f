//! The engine over datagrams (RFC 6347): what is different below and around the same handshake.
//!
//! In: records that opened, flights, the time. Out: inputs of the handshake in their order, packets, flights sent again.
//! Promise: what is lost, doubled, late or forged costs time and nothing else; the flows above never see it.

use super::{Engine, Progress};
use crate::config::{Config, Now};
use crate::crypto::secret::Secret;
use crate::fault::Fault;
use crate::handshake::{
    Due, Expected, Flight, Handshake, Input, Item, Kept, Message, Reassembler, Retransmit, Step,
};
use crate::record::head::{ConnectionId, MAX_PLAIN};
use crate::record::writer::Writer;
use crate::wire::fragment::{self, HEADER};
use crate::wire::ids::{ContentType, HandshakeType};
use core::time::Duration;

/// A fragment that would hold less than this goes into a new datagram instead.
const PIECE: usize = 32;

/// Where not even this much of a message fits, datagrams are longer than was set.
const LEAST: usize = 16;

/// What an engine over datagrams knows beyond one over a stream.
#[derive(Default)]
pub(super) struct Datagrams {
    reassembler: Reassembler,
    retransmit: Retransmit,
    /// The number of our next message.
    number: u16,
    /// The peer's ChangeCipherSpec has come; it is looked at in its turn.
    change_cipher: bool,
    /// The peer sent something again.
    repeated: bool,
}

impl Datagrams {
    pub(super) fn holds_message(&self) -> bool {
        self.reassembler.holds_message()
    }

    /// The handshake made a step.
    pub(super) fn stepped(&mut self, step: &Step, sent: bool, between_keys: bool, now: Now) {
        match step {
            Step::More => self.retransmit.go_on(now),
            Step::Need(_) => self.retransmit.rest(),
            Step::Established(_, _) => {
                self.retransmit.complete(sent, now);
                self.reassembler.restart();
                (self.number, self.change_cipher) = (0, false);
            }
        }
        if between_keys && self.change_cipher {
            self.change_cipher = false;
            self.reassembler.clear(); // what came under the old keys is not read under the new ones
        }
    }
}

impl Engine {
    /// An empty flight whose messages are numbered where they have to be.
    pub(super) fn new_flight(&self) -> Flight {
        self.datagrams.as_ref().map_or_else(Flight::default, |datagrams| Flight::numbered(datagrams.number))
    }

    /// Processes at most one message, or records up to one of data.
    pub(super) fn process_datagrams(&mut self, config: &Config, now: Now) -> Result<Progress, Fault> {
        loop {
            if let Some(progress) = self.handshake_input(config, now) {
                return progress;
            }
            if !self.reader.payload().is_empty() {
                return Ok(Progress::Data);
            }
            match self.reader.next_record()? {
                None => return self.answer_repeats(config, now),
                Some(ContentType::HANDSHAKE) => self.collect(config),
                Some(ContentType::CHANGE_CIPHER_SPEC) => self.on_change_cipher(),
                Some(ContentType::ALERT) if self.is_alert() => return self.on_alerts(config, now),
                Some(ContentType::APPLICATION_DATA) if self.takes_data() => {
                    self.refusals = 0;
                    return Ok(Progress::Data);
                }
                Some(_) => self.reader.consume(usize::MAX), // out of turn, or nobody's
            }
        }
    }

    /// What of the handshake is complete and in its turn.
    fn handshake_input(&mut self, config: &Config, now: Now) -> Option<Result<Progress, Fault>> {
        let waits = self.handshake.as_ref().is_some_and(Handshake::awaits_change_cipher);
        let datagrams = self.datagrams.as_mut()?;
        if waits {
            return datagrams.change_cipher.then(|| self.step(Input::ChangeCipher, config, now));
        }
        let (typ, seq, raw) = datagrams.reassembler.next_message()?;
        datagrams.retransmit.advance(now);
        if typ == HandshakeType::CLIENT_HELLO && !self.established {
            // Who may have asked for a cookie and forgotten it answers under the number of the question (RFC 6347
            // sections 4.2.1 and 4.2.2).
            datagrams.number = seq;
            self.writer.echo(self.reader.number());
        }
        Some(self.on_message(Message { typ, raw: &raw, header: HEADER }, config, now))
    }

    fn collect(&mut self, config: &Config) {
        let Some(datagrams) = self.datagrams.as_mut() else { return };
        let openers = self.handshake.as_ref().map_or(&[][..], |handshake| handshake.openers(config.role));
        let expected = Expected { openers, finished: self.between_keys };
        datagrams.repeated |= datagrams.reassembler.push(self.reader.payload(), expected);
        self.reader.consume(usize::MAX);
    }

    /// Remembered until the messages before it are all there.
    fn on_change_cipher(&mut self) {
        let good = self.reader.payload() == [1];
        let open = self.is_open() || self.between_keys;
        if let Some(datagrams) = self.datagrams.as_mut() {
            datagrams.change_cipher |= good && !open;
        }
        self.reader.consume(usize::MAX);
    }

    /// Whether the current record holds alerts. One that nothing protects and that does not is not worth a fault.
    fn is_alert(&self) -> bool {
        let payload = self.reader.payload();
        self.reader.is_protected() || (!payload.is_empty() && payload.len().is_multiple_of(2))
    }

    fn takes_data(&self) -> bool {
        self.established && !self.between_keys && !self.reader.payload().is_empty()
    }

    /// A peer that sends again what was complete has not got our last flight.
    fn answer_repeats(&mut self, config: &Config, now: Now) -> Result<Progress, Fault> {
        let Some(datagrams) = self.datagrams.as_mut() else { return Ok(Progress::NeedInput) };
        if !core::mem::take(&mut datagrams.repeated)
            || self.writer.has_output()
            || !datagrams.retransmit.answers(now)
        {
            return Ok(Progress::NeedInput);
        }
        self.resend(config)?;
        Ok(Progress::More)
    }

    /// Looks at the clock: sends the last flight again when its time has come.
    pub fn tick(&mut self, config: &Config, now: Now) -> Result<(), Fault> {
        let Some(datagrams) = self.datagrams.as_mut().filter(|_| self.fault.is_none()) else { return Ok(()) };
        match datagrams.retransmit.at(now) {
            Due::Nothing => Ok(()),
            Due::Resend if self.writer.has_output() => Ok(()), // the transport is stuck, and this flight with it
            Due::Resend => self.resend(config),
            // Nobody has to answer a HelloRequest.
            Due::Lost if self.is_open() => {
                if let Some(datagrams) = self.datagrams.as_mut() {
                    datagrams.retransmit.clear();
                }
                Ok(())
            }
            Due::Lost => Err(self.fail(Fault::NoAnswer)),
        }
    }

    /// When [`Engine::tick`] will have something to do, on the clock of [`Now::mono`].
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.datagrams.as_ref().filter(|_| self.fault.is_none())?.retransmit.deadline()
    }

    fn resend(&mut self, config: &Config) -> Result<(), Fault> {
        let Some(datagrams) = self.datagrams.as_ref() else { return Ok(()) };
        let limit = datagrams.retransmit.size(config.datagram.record_size);
        self.writer.close_packet();
        for (epoch, item) in datagrams.retransmit.items() {
            pack(&mut self.writer, *epoch, item, limit)?;
        }
        self.writer.close_packet();
        Ok(())
    }

    /// Packs what a step sends, and keeps it.
    pub(super) fn send_datagrams(
        &mut self,
        mut flight: Flight,
        config: &Config,
        now: Now,
    ) -> Result<(), Fault> {
        let Some(datagrams) = self.datagrams.as_mut() else { return Ok(()) };
        datagrams.number = flight.number().unwrap_or(datagrams.number);
        let limit = datagrams.retransmit.size(config.datagram.record_size);
        let mut kept = false;
        for item in flight.drain() {
            let epoch = self.writer.epoch();
            let item = match item {
                Item::Message(raw) => Kept::Message(raw),
                Item::ChangeCipher => Kept::ChangeCipher,
                Item::HelloVerify(raw) => {
                    self.writer.pack(epoch, ContentType::HANDSHAKE, &raw, true)?;
                    continue;
                }
                Item::WriteKeys(sealer) => {
                    self.writer.set_sealer(sealer)?;
                    self.waiting.get_or_insert_with(|| Secret::zeroed(0));
                    continue;
                }
                Item::NoCertificate => continue, // SSLv3's, which has no datagrams
            };
            pack(&mut self.writer, epoch, &item, limit)?;
            datagrams.retransmit.keep(epoch, item);
            kept = true;
        }
        if kept {
            datagrams.retransmit.sent(now);
        }
        Ok(())
    }

    /// The records of the next epoch carry the connection IDs that this handshake agreed on.
    pub(super) fn name_records(&mut self) {
        let none = (Vec::new(), Vec::new());
        let (ours, theirs) = self.facts.connection_ids.as_ref().unwrap_or(&none);
        self.reader.set_cid(ConnectionId::new(ours).unwrap_or_default());
        self.writer.set_cid(ConnectionId::new(theirs).unwrap_or_default());
    }

    /// Application data that one datagram of the size set holds under the keys in use; `None` before there are keys.
    #[must_use]
    pub fn datagram_content(&self, config: &Config) -> Option<usize> {
        self.writer.content_of(config.datagram.record_size).map(|n| n.min(MAX_PLAIN))
    }
}

/// Puts an item into the waiting datagram and as many new ones as it takes, none longer than `limit`.
fn pack(writer: &mut Writer, epoch: u16, item: &Kept, limit: usize) -> Result<(), Fault> {
    let raw = match item {
        Kept::Message(raw) => raw,
        Kept::ChangeCipher => {
            let (here, _) = writer.room(epoch, limit)?;
            return writer.pack(epoch, ContentType::CHANGE_CIPHER_SPEC, &[1], here == 0);
        }
    };
    let (total, mut offset) = (raw.len() - HEADER, 0);
    loop {
        let left = total - offset;
        let (here, fresh) = writer.room(epoch, limit)?;
        let here = here.checked_sub(HEADER).filter(|here| *here >= left.min(PIECE));
        let n = here.unwrap_or(fresh.saturating_sub(HEADER).max(LEAST)).min(MAX_PLAIN - HEADER).min(left);
        let piece = fragment::cut(raw, offset, n)?;
        writer.pack(epoch, ContentType::HANDSHAKE, &piece, here.is_none())?;
        offset += n;
        if offset >= total {
            return Ok(());
        }
    }
}
