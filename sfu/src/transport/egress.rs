//! The way out of a subscription.
//!
//! Owns: the contract between what leaves and what carries it. Never does: seal or queue; the
//! participant's transport does, and a recording one stands in for it in tests.

use std::time::Instant;

use crate::drop::Drop;
use crate::id::Ssrc;
use crate::rtp::time::AbsSendTime;

/// What is known only at the moment in which a packet is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The next transport-wide sequence number; none when no payload of the transport negotiated it.
    pub transport_sequence: Option<u16>,
    /// When the packet leaves.
    pub abs_send_time: AbsSendTime,
}

/// One subscriber's transport, as its subscriptions see it.
pub trait Egress {
    /// Whether keys are there. What is sent before is refused and would leave a hole in the numbers.
    fn is_connected(&self) -> bool;

    /// Seals one packet and queues it. `write` appends header and payload to the buffer and returns the
    /// header's length; `index` is the packet's SRTP index, rollover counter and sequence number together
    /// (RFC 3711 §3.3.1). Returns the sealed bytes.
    fn send(
        &mut self,
        now: Instant,
        ssrc: Ssrc,
        index: u64,
        write: &mut dyn FnMut(&mut Vec<u8>, &Stamp) -> usize,
    ) -> Result<&[u8], Drop>;

    /// Queues bytes that are sealed already: an identical retransmission.
    fn resend(&mut self, now: Instant, sealed: &[u8]) -> Result<(), Drop>;

    /// Seals one RTCP compound packet and queues it.
    fn send_rtcp(&mut self, now: Instant, write: &mut dyn FnMut(&mut Vec<u8>)) -> Result<(), Drop>;
}
