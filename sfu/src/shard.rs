//! The sans-IO root that one worker drives.
//!
//! Owns: the rooms of one worker, and the tables that lead a datagram to one of them. Never does: read a
//! clock, touch a socket, or wait.
//!
//! The one contract of the loop: **mutate, then drain; mutate, then drain.** After one or more `handle_*`
//! calls, call [`Shard::poll_transmit`] until it has nothing more, then [`Shard::poll_event`] and
//! [`Shard::poll_tap`] likewise, then ask [`Shard::poll_timeout`] how long to sleep.

mod orders;

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rustc_hash::FxHashMap;

use crate::demux::{Demux, Protocol};
use crate::drop::Drop;
use crate::event::Event;
use crate::id::{ParticipantId, RoomId, SubscriptionId, TapId, TrackId};
use crate::loose::Loose;
use crate::output::Output;
use crate::publication::cache::CacheLimits;
use crate::room::Room;
use crate::stats::Stats;
use crate::subscription::tap::TapPacket;
use crate::timers::Timers;
use crate::transmit::Transmit;
use crate::transport::dtls::Identity;
use crate::transport::ice;

/// What a shard is told once.
#[derive(Clone, Debug, Default)]
pub struct ShardConfig {
    /// How much of a publication is kept for retransmission.
    pub cache: CacheLimits,
}

/// All the rooms of one worker.
pub struct Shard {
    config: ShardConfig,
    identity: Identity,
    random: StdRng,
    demux: Demux,
    rooms: FxHashMap<RoomId, Room>,
    /// Where each thing lives, so that a command finds its room.
    homes: Homes,
    timers: Timers,
    loose: Loose,
    output: Output,
}

/// Which room a name belongs to.
#[derive(Debug, Default)]
struct Homes {
    participants: FxHashMap<ParticipantId, RoomId>,
    tracks: FxHashMap<TrackId, RoomId>,
    subscriptions: FxHashMap<SubscriptionId, RoomId>,
    taps: FxHashMap<TapId, RoomId>,
}

impl Shard {
    /// A shard without rooms. The same seed and the same calls give the same output.
    pub fn new(config: ShardConfig, identity: Identity, seed: u64) -> Self {
        Self {
            config,
            identity,
            random: StdRng::seed_from_u64(seed),
            demux: Demux::default(),
            rooms: FxHashMap::default(),
            homes: Homes::default(),
            timers: Timers::default(),
            loose: Loose::default(),
            output: Output::default(),
        }
    }

    /// A datagram came. `destination` is the address of ours that it came to, if the socket tells. The
    /// contents are opened in place.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: Option<IpAddr>,
        datagram: &mut [u8],
    ) {
        self.output.stats.inbound_datagrams += 1;
        self.output.stats.inbound_bytes += datagram.len() as u64;
        let handled = match Protocol::of(datagram) {
            Some(Protocol::Stun) => self.handle_stun(now, source, destination, datagram),
            Some(protocol) => self.handle_sealed(now, protocol, source, datagram),
            None => Err(Drop::Unrecognised),
        };
        self.output.settle(handled);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(id) = self.timers.pop_due(now) {
            if let Some(room) = home(&self.homes, &mut self.rooms, id) {
                room.handle_timeout(now, id, &mut self.output);
            }
        }
    }

    /// The next thing to send.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit<'_>> {
        let ready = self.next_ready(now);
        if !self.loose.is_empty() {
            return self.loose.poll_transmit();
        }
        let room = home(&self.homes, &mut self.rooms, ready?)?;
        let (path, contents, segment_size) = room.participants.get_mut(&ready?)?.transport.poll_run()?;
        self.output.stats.outbound_runs += 1;
        self.output.stats.outbound_bytes += contents.len() as u64;
        Some(Transmit {
            destination: path.remote,
            source: path.local,
            segment_size,
            contents,
        })
    }

    /// The next thing that the control plane has to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.output.events.pop_front()
    }

    /// The next packet of a tap.
    pub fn poll_tap(&mut self) -> Option<TapPacket> {
        self.output.poll_tap()
    }

    /// When [`Self::handle_timeout`] wants to be called. Drain transmits first: what they settle counts.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// What has been counted so far, and the gauges of now.
    pub fn stats(&self) -> Stats {
        let census = self.rooms.values().map(Room::census);
        let (publications, subscriptions) = census.fold((0, 0), |sum, room| (sum.0 + room.0, sum.1 + room.1));
        Stats {
            rooms: self.rooms.len() as u64,
            participants: self.homes.participants.len() as u64,
            publications: publications as u64,
            subscriptions: subscriptions as u64,
            ..self.output.stats.clone()
        }
    }

    fn handle_stun(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: Option<IpAddr>,
        message: &[u8],
    ) -> Result<(), Drop> {
        let (local, _) = ice::username(message).ok_or(Drop::MalformedStun)?;
        let id = self.demux.by_ufrag(local).ok_or(Drop::UnknownPeer)?;
        let Self {
            homes,
            rooms,
            loose,
            output,
            demux,
            ..
        } = self;
        let room = home(homes, rooms, id).ok_or(Drop::UnknownPeer)?;
        let binding = loose.push(source, destination, |reply| {
            room.handle_stun(now, id, (source, destination), message, reply, output)
        })?;
        if binding.valid {
            demux.insert_address(source, id);
        }
        Ok(())
    }

    #[inline]
    fn handle_sealed(
        &mut self,
        now: Instant,
        protocol: Protocol,
        source: SocketAddr,
        datagram: &mut [u8],
    ) -> Result<(), Drop> {
        if datagram.len() > MAX_MEDIA_DATAGRAM && protocol != Protocol::Dtls {
            return Err(Drop::TooLong);
        }
        let id = self.demux.by_address(&source).ok_or(Drop::UnknownPeer)?;
        let room = home(&self.homes, &mut self.rooms, id).ok_or(Drop::UnknownPeer)?;
        match protocol {
            Protocol::Srtp => room.handle_rtp(now, id, datagram, &mut self.output),
            Protocol::Srtcp => room.handle_rtcp(now, id, datagram, &mut self.output),
            _ => room.handle_dtls(now, id, source, datagram, &mut self.output),
        }
    }

    /// Settles those that were touched until one of them has something to send.
    fn next_ready(&mut self, now: Instant) -> Option<ParticipantId> {
        while let Some(id) = self.output.touched.pop() {
            let over = home(&self.homes, &mut self.rooms, id)
                .and_then(|room| room.settle(now, id, &mut self.output));
            if let Some(reason) = over {
                self.leave(now, id, reason);
            }
            let Some(room) = home(&self.homes, &mut self.rooms, id) else {
                continue;
            };
            if room.has_run(id) {
                self.output.touched.push(id);
                return Some(id);
            }
            self.timers.arm(id, room.drained(now, id));
        }
        None
    }
}

/// The room of a participant.
#[inline]
fn home<'a>(
    homes: &Homes,
    rooms: &'a mut FxHashMap<RoomId, Room>,
    participant: ParticipantId,
) -> Option<&'a mut Room> {
    rooms.get_mut(homes.participants.get(&participant)?)
}

/// No client sends longer media: it would not pass an Ethernet unfragmented. What is longer could only be
/// meant to keep us busy, as a compound of thousands of NACKs.
const MAX_MEDIA_DATAGRAM: usize = 2_048;
