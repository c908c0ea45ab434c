//! The thread that gives a machine its sockets and its time.
//!
//! Owns: sockets, threads and the clock of the media plane; nothing outside this folder has any of them.
//! Never does: look into a packet, wait for the control plane, or keep a datagram for later.
//!
//! A worker turns: it takes a bounded batch of datagrams, then a bounded batch of commands, then what
//! time has made due; sends what came of it, and reports. When there is nothing more it sleeps until a
//! datagram, a command or the machine's next timeout wakes it.
//!
//! A thread is not pinned to a core: with the default of one worker the scheduler does better, and there
//! is no safe call for it in the libraries at hand.

mod address;
mod counters;
mod machine;
mod mailbox;
mod pool;
mod shard;
mod socket;
mod thread;

use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

pub use self::address::candidates;
pub use self::counters::{Counters, Report};
pub use self::machine::Machine;
use self::mailbox::{COMMANDS_PER_TURN, Mailbox, Order};
pub use self::mailbox::{Commands, Gone, Refused};
pub use self::pool::{Load, spawn_pool};
use self::socket::{Arena, Socket};
pub use self::thread::{Lost, Thread, Worker, WorkerConfig};

/// Datagrams that a machine takes before what came of them is sent. It bounds what a machine has to hold
/// and how long the first of them waits; a burst of one video frame, which GSO wants whole, is shorter.
const DATAGRAMS_PER_DRAIN: usize = 64;

/// Readiness of this many sources is told at once. A worker has a socket or two and its doorbell.
const READY_DEPTH: usize = 16;

/// The doorbell's; the sockets have their index.
const DOORBELL: Token = Token(usize::MAX);

/// One worker's thread from inside.
struct Driver<M: Machine> {
    machine: M,
    poll: Poll,
    ready: Events,
    sockets: Vec<Socket>,
    arena: Arena,
    mailbox: Mailbox<M>,
    counters: Counters,
}

impl<M: Machine> Driver<M> {
    fn new(machine: M, poll: Poll, sockets: Vec<Socket>, mailbox: Mailbox<M>) -> Self {
        Self {
            machine,
            poll,
            ready: Events::with_capacity(READY_DEPTH),
            sockets,
            arena: Arena::new(),
            mailbox,
            counters: Counters::default(),
        }
    }

    /// Turns until somebody says stop.
    fn run(mut self) -> Result<(), Lost> {
        let mut now = clock();
        while !self.mailbox.is_stopped() {
            self.sleep(now)?;
            now = clock();
            self.turn(now)?;
        }
        self.finish(now)
    }

    /// What was ordered before the stop is obeyed, so that farewells get out.
    fn finish(&mut self, now: Instant) -> Result<(), Lost> {
        self.mailbox.close();
        while self.mailbox.has_more() {
            self.obey(now);
            self.transmit(now);
            self.report()?;
        }
        Ok(())
    }

    fn turn(&mut self, now: Instant) -> Result<(), Lost> {
        self.counters.turns += 1;
        (0..self.sockets.len()).for_each(|index| self.receive(now, index));
        self.obey(now);
        if self.machine.poll_timeout().is_some_and(|due| due <= now) {
            self.machine.handle_timeout(now);
        }
        self.transmit(now);
        self.report()
    }

    /// Waits until there is something to do.
    fn sleep(&mut self, now: Instant) -> Result<(), Lost> {
        let patience = self.patience(now);
        match self.poll.poll(&mut self.ready, patience) {
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => return Err(Lost::Poll(error)),
            _ => {}
        }
        for event in &self.ready {
            if let Some(socket) = self.sockets.get_mut(event.token().0) {
                socket.readable = true;
            }
        }
        Ok(())
    }

    fn patience(&self, now: Instant) -> Option<Duration> {
        if self.mailbox.has_more() || self.sockets.iter().any(|socket| socket.readable) {
            return Some(Duration::ZERO);
        }
        let due = self.machine.poll_timeout()?;
        Some(due.saturating_duration_since(now))
    }

    /// One batch of one socket.
    fn receive(&mut self, now: Instant, index: usize) {
        let Self {
            machine,
            sockets,
            arena,
            counters,
            ..
        } = self;
        let Some(socket) = sockets.get_mut(index).filter(|socket| socket.readable) else {
            return;
        };
        let mut undrained = 0;
        for received in socket.receive(arena, counters) {
            counters.receives += 1;
            let (source, destination) = (received.source, received.destination);
            for datagram in received.datagrams() {
                counters.received += 1;
                if socket::is_sendable(source) {
                    machine.handle_datagram(now, source, destination, datagram);
                } else {
                    counters.unanswerable += 1;
                }
                undrained += 1;
                if undrained == DATAGRAMS_PER_DRAIN {
                    transmit(machine, sockets, now, counters);
                    undrained = 0;
                }
            }
        }
    }

    fn obey(&mut self, now: Instant) {
        for _ in 0..COMMANDS_PER_TURN {
            match self.mailbox.next() {
                Some(Order::Command(command)) => self.machine.handle_command(now, command),
                // Who asked may have gone: then nobody misses the answer.
                Some(Order::Report(reply)) => drop(reply.try_send(self.snapshot())),
                None => break,
            }
        }
    }

    fn snapshot(&self) -> Report<M::Stats> {
        Report {
            machine: self.machine.stats(),
            counters: self.counters,
        }
    }

    fn transmit(&mut self, now: Instant) {
        transmit(&mut self.machine, &mut self.sockets, now, &mut self.counters);
    }

    fn report(&mut self) -> Result<(), Lost> {
        while let Some(packet) = self.machine.poll_tap() {
            self.counters.taps_lost += u64::from(!self.mailbox.tap(packet));
        }
        while let Some(event) = self.machine.poll_event() {
            self.mailbox.event(event)?;
        }
        Ok(())
    }
}

/// Sends all that a machine has.
fn transmit<M: Machine>(machine: &mut M, sockets: &mut [Socket], now: Instant, counters: &mut Counters) {
    while let Some(transmit) = machine.poll_transmit(now) {
        let route = socket::route(sockets, transmit.destination, transmit.source);
        match route.filter(|_| socket::is_sendable(transmit.destination)) {
            Some(socket) => socket.send(now, &transmit, counters),
            None => counters.send_failed += transmit.datagrams(),
        }
    }
}

/// Read once a turn.
#[expect(
    clippy::disallowed_methods,
    reason = "the one clock of the media plane; all else is told the time"
)]
fn clock() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
