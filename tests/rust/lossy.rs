//! Two sessions over a network that loses, doubles, delays, reorders and damages datagrams, by seed and in a time of its
//! own: every handshake ends, in a bounded number of sends, complete or with the documented time-out.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;
mod net;

use net::Net;

#[test]
fn a_quiet_network_takes_one_flight_after_the_other() {
    for version in [9, 11] {
        let mut net = Net::quiet(version);
        assert_eq!(net.handshake(), (0, 0), "{version}");
        assert_eq!(net.client.end.session.negotiated_version(), version as i32);
        assert_eq!(net.exchange(&[7; 1000]), Ok(()));
    }
}
