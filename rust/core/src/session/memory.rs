//! Setters and getters of what is remembered between connections (`behaviours` section 13).
//!
//! In: values as the public calls take them. Out: statuses and values. Promise: without a peer ID nothing is kept in the
//! cache, without keys no ticket is issued; state is judged before values (decisions 3).

use super::Session;
use crate::config::{Memory, SessionOption};
use crate::handshake::Pause;
use crate::resumption::{SessionCache, TicketKeys};
use crate::status::{self, OsStatus};
use std::sync::Arc;

impl Session {
    fn memory_mut(&mut self) -> &mut Memory {
        &mut self.config_mut().memory
    }

    /// The cache to use, shared by all contexts of a process.
    pub fn set_cache(&mut self, cache: Option<Arc<SessionCache>>) {
        self.memory_mut().cache = cache;
    }

    /// SSLSetPeerID: not while active, except at the pause for a client's certificate.
    pub fn set_peer_id(&mut self, id: &[u8]) -> OsStatus {
        if self.may_set() != status::SEC_SUCCESS && self.paused != Some(Pause::CertRequest) {
            return status::SEC_BAD_REQ;
        }
        if id.is_empty() {
            return status::SEC_PARAM;
        }
        self.memory_mut().peer_id = Some(id.to_vec());
        status::SEC_SUCCESS
    }

    /// SSLGetPeerID.
    #[must_use]
    pub fn peer_id(&self) -> Option<&[u8]> {
        self.config.memory.peer_id.as_deref()
    }

    /// SSLSetSessionCacheTimeout, any time: seconds that the entry will live which this context stores; 0 for the
    /// default.
    pub fn set_cache_timeout(&mut self, seconds: i64) -> OsStatus {
        let Ok(seconds) = u32::try_from(seconds) else { return status::SEC_PARAM };
        self.memory_mut().lifetime = seconds;
        status::SEC_SUCCESS
    }

    /// SSLGetResumableSessionInfo: the ID of a session that was resumed; empty where a ticket alone holds it.
    #[must_use]
    pub fn resumed_session(&self) -> Option<&[u8]> {
        let facts = self.engine.facts();
        facts.resumed.then_some(facts.session_id.as_slice())
    }

    /// SSLSetSessionTicketsEnabled, any time: the same switch as the option. A server issues tickets only under keys
    /// that it was given.
    pub fn set_session_tickets(&mut self, on: bool) -> OsStatus {
        self.config_mut().options.set(SessionOption::EnableSessionTickets, on);
        status::SEC_SUCCESS
    }

    /// The keys under which a server issues tickets, any time; `None` ends that. Without effect on a client.
    pub fn set_ticket_keys(&mut self, keys: Option<Arc<TicketKeys>>) -> OsStatus {
        if !self.is_client() {
            self.memory_mut().ticket_keys = keys;
        }
        status::SEC_SUCCESS
    }

    /// Those keys.
    #[must_use]
    pub fn ticket_keys(&self) -> Option<&Arc<TicketKeys>> {
        self.config.memory.ticket_keys.as_ref()
    }
}
