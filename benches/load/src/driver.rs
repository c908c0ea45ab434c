//! The thread that gives clients their sockets and their time.
//!
//! Owns: all clients of a run, the poll, the clock. Never does: decide how many there should be.

mod seats;

use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token, Waker};
use rapport_client::handshake::ClientIdentity;

use crate::client::{Client, Role};
use crate::error::Error;
use crate::joiner::Joiner;
use crate::media::Media;
use crate::plan::Plan;
use crate::socket::Arena;
use crate::subscriber::Subscriber;
use crate::tally::Tally;
use crate::target::Target;
use crate::timers::Timers;
use seats::Seats;

/// All clients of a run.
pub(crate) struct Driver {
    poll: Poll,
    ready: Events,
    /// Clients whose sockets are readable, so that the list above can be filled anew.
    readable: Vec<usize>,
    joiner: Joiner,
    identity: ClientIdentity,
    media: Media,
    seats: Seats,
    clients: Vec<Option<Client>>,
    timers: Timers,
    arena: Arena,
    packet: Vec<u8>,
    tally: Tally,
}

/// What a span of time brought.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) length: Duration,
    pub(crate) tally: Tally,
    /// Media packets that left publishers.
    pub(crate) sent: u64,
    /// Media packets that watchers should have got; absent where servers choose among encodings.
    pub(crate) due: Option<u64>,
    /// Streams that should flow, and those that did.
    pub(crate) streams: (usize, usize),
    /// Transports that are up, of those that should be.
    pub(crate) connected: (usize, usize),
    /// The SRTP profiles in use, as they are called in RFC 5764 and 7714.
    pub(crate) profiles: Vec<String>,
}

impl Driver {
    pub(crate) fn new(target: Target, media: Media) -> Result<Self, Error> {
        let poll = Poll::new()?;
        let joiner = Joiner::start(target, Waker::new(poll.registry(), DOORBELL)?)?;
        Ok(Self {
            poll,
            ready: Events::with_capacity(READY_DEPTH),
            readable: Vec::with_capacity(READY_DEPTH),
            joiner,
            identity: ClientIdentity::generate(),
            media,
            seats: Seats::default(),
            clients: Vec::new(),
            timers: Timers::default(),
            arena: Arena::new(),
            packet: Vec::with_capacity(PACKET_BYTES),
            tally: Tally::default(),
        })
    }

    /// Lets media flow for a while, and tells what came of it.
    pub(crate) fn measure(&mut self, length: Duration) -> Result<Span, Error> {
        self.begin_span();
        let sent_before = self.sent_by_publisher();
        let begun = Instant::now();
        self.run_until(begun + length)?;
        let length = begun.elapsed();
        let tally = std::mem::take(&mut self.tally);
        let sent: Vec<_> = self
            .sent_by_publisher()
            .into_iter()
            .map(|(client, sent)| {
                let before = sent_before.iter().find(|(known, _)| *known == client);
                (client, sent - before.map_or(0, |(_, before)| *before))
            })
            .collect();
        let watched = sent
            .iter()
            .map(|(client, sent)| sent * self.seats.watchers(*client));
        Ok(Span {
            length,
            tally,
            sent: sent.iter().map(|(_, sent)| sent).sum(),
            due: self.media.is_single().then(|| watched.sum()),
            streams: self.streams(),
            connected: self.connected(),
            profiles: self.profiles(),
        })
    }

    /// Lets media flow, and forgets what came of it.
    pub(crate) fn run_for(&mut self, length: Duration) -> Result<(), Error> {
        self.run_until(Instant::now() + length)
    }

    fn run_until(&mut self, end: Instant) -> Result<(), Error> {
        while Instant::now() < end {
            self.turn(end)?;
        }
        Ok(())
    }

    /// Turns until something is so; `false` when it never was in time.
    fn wait(&mut self, patience: Duration, mut is_so: impl FnMut(&mut Self) -> bool) -> Result<bool, Error> {
        let end = Instant::now() + patience;
        while !is_so(self) {
            if Instant::now() >= end {
                return Ok(false);
            }
            self.turn(end)?;
        }
        Ok(true)
    }

    fn turn(&mut self, end: Instant) -> Result<(), Error> {
        let now = Instant::now();
        let due = self.timers.next().map_or(end, |next| next.min(end));
        let patience = due.saturating_duration_since(now);
        match self.poll.poll(&mut self.ready, Some(patience)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        self.readable.clear();
        let tokens = self.ready.iter().map(|event| event.token());
        self.readable.extend(
            tokens
                .filter(|token| *token != DOORBELL)
                .map(|Token(client)| client),
        );
        for at in 0..self.readable.len() {
            // So that packets leave in time however many arrive.
            if at % READS_PER_CHECK == 0 {
                self.fire(Instant::now());
            }
            self.receive(self.readable[at]);
        }
        self.fire(Instant::now());
        self.settle_errands()
    }

    fn receive(&mut self, index: usize) {
        let Some(Some(client)) = self.clients.get_mut(index) else {
            return;
        };
        client.receive(&mut self.arena, &mut self.tally);
        self.timers.set(index, client.poll_timeout());
    }

    fn fire(&mut self, now: Instant) {
        while let Some(index) = self.timers.pop_due(now) {
            let Some(Some(client)) = self.clients.get_mut(index) else {
                continue;
            };
            client.handle_timeout(now, &mut self.packet, &mut self.tally);
            self.timers.set(index, client.poll_timeout());
        }
    }

    fn begin_span(&mut self) {
        self.tally = Tally::default();
        for subscriber in self.subscribers() {
            subscriber.take_flowing();
            subscriber.forget_pauses();
        }
    }

    fn subscribers(&mut self) -> impl Iterator<Item = &mut Subscriber> {
        self.clients
            .iter_mut()
            .flatten()
            .filter_map(|client| match &mut client.role {
                Role::Subscriber(subscriber) => Some(&mut **subscriber),
                Role::Publisher(_) => None,
            })
    }

    fn sent_by_publisher(&self) -> Vec<(usize, u64)> {
        let publishers = self.clients.iter().enumerate().filter_map(|(index, client)| {
            let client = client.as_ref()?;
            matches!(client.role, Role::Publisher(_)).then_some((index, client.sent))
        });
        publishers.collect()
    }

    fn streams(&mut self) -> (usize, usize) {
        let wanted = self.seats.streams(self.media.recordings.len());
        let flowing = self
            .subscribers()
            .map(|subscriber| subscriber.take_flowing())
            .sum();
        (wanted, flowing)
    }

    fn connected(&self) -> (usize, usize) {
        let up = self
            .clients
            .iter()
            .flatten()
            .filter(|client| client.is_connected())
            .count();
        (self.seats.transports(), up)
    }

    fn profiles(&self) -> Vec<String> {
        let connections = self.clients.iter().flatten().map(Client::connection);
        let mut names: Vec<_> = connections
            .filter_map(|connection| Some(connection.profile()?.name().to_owned()))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

const DOORBELL: Token = Token(usize::MAX);
/// Sockets whose readiness one poll tells.
const READY_DEPTH: usize = 1_024;
/// Sockets that are read before the clock is looked at again: about half a millisecond of work.
const READS_PER_CHECK: usize = 32;
/// The longest packet that is sent, sealed.
const PACKET_BYTES: usize = 1_500;
