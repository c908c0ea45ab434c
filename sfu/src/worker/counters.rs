//! What a worker counted at its sockets and lanes.
//!
//! Owns: plain numbers. Never does: log; a hostile sender can make most of these happen at will.

use std::io;

use crate::Transmit;

/// Counters of one worker since it began; what its machine counts stands beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Times that the worker woke and worked.
    pub turns: u64,
    /// Messages received: GRO runs of one datagram or more.
    pub receives: u64,
    /// Datagrams received.
    pub received: u64,
    /// Datagrams whose sender can't be answered, such as one with port zero.
    pub unanswerable: u64,
    /// Receive calls that failed.
    pub receive_failed: u64,
    /// Send calls that succeeded: GSO runs of one datagram or more.
    pub sends: u64,
    /// Datagrams sent.
    pub sent: u64,
    /// Datagrams lost because the socket's send buffer was full.
    pub send_buffer_full: u64,
    /// Datagrams that the kernel refused otherwise, or that no socket could take.
    pub send_failed: u64,
    /// Times that segmentation was turned off for a while because the kernel refused a run.
    pub segmentation_paused: u64,
    /// Packets that the tap lane had no room for.
    pub taps_lost: u64,
}

impl Counters {
    /// Counts what became of one send call.
    pub(super) fn sent(&mut self, transmit: &Transmit<'_>, result: io::Result<()>) {
        let datagrams = transmit.datagrams();
        match result {
            Ok(()) => {
                self.sends += 1;
                self.sent += datagrams;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.send_buffer_full += datagrams,
            Err(_) => self.send_failed += datagrams,
        }
    }
}

/// One snapshot of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report<S> {
    /// What its machine counted.
    pub machine: S,
    /// What it counted itself.
    pub counters: Counters,
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn a_run_counts_each_of_its_datagrams() {
        let mut counters = Counters::default();
        let run = Transmit {
            destination: ([127, 0, 0, 1], 9).into(),
            source: None,
            segment_size: Some(2),
            contents: &[0; 5],
        };
        counters.sent(&run, Ok(()));
        counters.sent(&run, Err(ErrorKind::WouldBlock.into()));
        counters.sent(&run, Err(ErrorKind::NetworkUnreachable.into()));
        counters.sent(
            &Transmit {
                segment_size: None,
                ..run
            },
            Ok(()),
        );
        let expected = Counters {
            sends: 2,
            sent: 4,
            send_buffer_full: 3,
            send_failed: 3,
            ..Counters::default()
        };
        assert_eq!(counters, expected);
    }
}
