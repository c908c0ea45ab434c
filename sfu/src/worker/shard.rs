//! The machine that workers are made for.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::machine::Machine;
use crate::command::Command;
use crate::event::Event;
use crate::subscription::tap::TapPacket;
use crate::{Shard, Stats, Transmit};

impl Machine for Shard {
    type Command = Command;
    type Event = Event;
    type Tap = TapPacket;
    type Stats = Stats;

    fn handle_datagram(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: Option<IpAddr>,
        datagram: &mut [u8],
    ) {
        self.handle_datagram(now, source, destination, datagram);
    }

    fn handle_command(&mut self, now: Instant, command: Command) {
        self.handle_command(now, command);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.handle_timeout(now);
    }

    fn poll_transmit(&mut self, now: Instant) -> Option<Transmit<'_>> {
        self.poll_transmit(now)
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.poll_event()
    }

    fn poll_tap(&mut self) -> Option<TapPacket> {
        self.poll_tap()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.poll_timeout()
    }

    fn stats(&self) -> Stats {
        self.stats()
    }
}
