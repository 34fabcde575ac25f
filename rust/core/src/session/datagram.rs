//! What only datagram contexts have (`behaviours` section 8): sizes, the cookie, the clock.
//!
//! In: values as the public calls take them. Out: statuses and values. Promise: a context over a stream answers
//! errSecParam to all of it; getters tell what is in force.

use super::Session;
use crate::config::Now;
use crate::handshake::ConnectionIds;
use crate::profile::Framing;
use crate::record::head::DATAGRAM_HEADER;
use crate::status::{self, OsStatus};
use crate::wire::ids::MAX_CID;
use core::time::Duration;

/// The smallest size that is not ignored.
const LEAST: usize = 64;

/// The longest cookie that a server sets.
const COOKIE: usize = 32;

/// The most that any suite known when the call was published adds: a vector, the length of a padding, a MAC.
const BLOCK: usize = 16;
const WORST: usize = BLOCK + 1 + 32;

impl Session {
    /// Whether datagrams carry the records.
    #[must_use]
    pub fn is_datagram(&self) -> bool {
        self.config.framing == Framing::Datagram
    }

    fn demand_datagram(&self) -> Result<(), OsStatus> {
        if self.is_datagram() { Ok(()) } else { Err(status::SEC_PARAM) }
    }

    /// Whether the bytes wanted next belong to a record whose beginning is here: if they do not come, none of them will.
    #[must_use]
    pub fn is_in_datagram(&self) -> bool {
        self.is_datagram() && self.engine.is_in_record()
    }

    /// SSLSetMaxDatagramRecordSize, any time: what is too small is ignored.
    pub fn set_datagram_size(&mut self, size: usize) -> OsStatus {
        if let Err(code) = self.demand_datagram() {
            return code;
        }
        if size >= LEAST {
            self.config_mut().datagram.record_size = size;
        }
        status::SEC_SUCCESS
    }

    /// SSLGetMaxDatagramRecordSize: the size in force.
    pub fn datagram_size(&self) -> Result<usize, OsStatus> {
        self.demand_datagram()?;
        Ok(self.config.datagram.record_size)
    }

    /// SSLGetDatagramWriteSize: application data for one datagram, in the worst case before there are keys and exactly
    /// with them (decisions 32).
    pub fn datagram_write_size(&self) -> Result<usize, OsStatus> {
        self.demand_datagram()?;
        let exact = self.engine.datagram_content(&self.config);
        let blocks = self.config.datagram.record_size.saturating_sub(DATAGRAM_HEADER) / BLOCK;
        Ok(exact.unwrap_or((blocks * BLOCK).saturating_sub(WORST)))
    }

    /// SSLSetDatagramHelloCookie; an empty one takes the cookie away. A client sends none of its own.
    pub fn set_datagram_cookie(&mut self, cookie: &[u8]) -> OsStatus {
        self.idle(|s| {
            if !s.is_datagram() || cookie.len() > COOKIE {
                return status::SEC_PARAM;
            }
            s.config_mut().datagram.cookie = (!cookie.is_empty()).then(|| cookie.to_vec());
            status::SEC_SUCCESS
        })
    }

    /// How the peer's records are to name this association (RFC 9146): an empty name where they need not, `None` where
    /// nobody is to name any. Only while no session is active.
    pub fn set_connection_id(&mut self, name: Option<&[u8]>) -> OsStatus {
        self.idle(|s| {
            if !s.is_datagram() || name.is_some_and(|name| name.len() > MAX_CID) {
                return status::SEC_PARAM;
            }
            s.config_mut().datagram.connection_id = name.map(<[u8]>::to_vec);
            status::SEC_SUCCESS
        })
    }

    /// Our name and the peer's, as the latest hellos agreed on; `None` where they did not.
    pub fn connection_ids(&self) -> Result<Option<&ConnectionIds>, OsStatus> {
        self.demand_datagram()?;
        Ok(self.engine.facts().connection_ids.as_ref())
    }

    /// How long until a flight is sent again unless the peer answers; `None` while nothing waits for an answer.
    pub fn datagram_deadline(&self, now: Now) -> Result<Option<Duration>, OsStatus> {
        self.demand_datagram()?;
        let deadline = self.engine.deadline().filter(|_| self.is_active());
        Ok(deadline.map(|deadline| deadline.saturating_sub(now.mono)))
    }
}
