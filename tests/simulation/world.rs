//! One shard, a few synthetic clients, a bad network, and one clock that all of them believe.
//!
//! Owns: virtual time and the order of what happens. Never does: sleep, or read a clock after the start.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rapport_sfu::codec::MediaKind;
use rapport_sfu::command::Command;
use rapport_sfu::demux::Protocol;
use rapport_sfu::event::Event;
use rapport_sfu::id::{ParticipantId, RoomId, Ssrc, SubscriptionId, TrackId};
use rapport_sfu::parameters::IceCredentials;
use rapport_sfu::rtp::Header;
use rapport_sfu::transport::dtls::Identity;
use rapport_sfu::{Shard, ShardConfig};
use rapport_testkit::client::{Client, ClientIdentity};
use rapport_testkit::{Received, Sender, publication, subscription};

use crate::auditor::{Auditor, Expectation};
use crate::network::{Conditions, Datagram, Network};
use crate::sealing::Seals;

/// The whole server and all that is around it.
pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) shard: Shard,
    pub(crate) members: BTreeMap<ParticipantId, Member>,
    pub(crate) network: Network,
    pub(crate) random: StdRng,
    pub(crate) events: Vec<Event>,
    /// Most bytes that the shard held at any time.
    pub(crate) peak_bytes: i64,
    /// What it holds now, beyond what a new one does.
    pub(crate) held_bytes: i64,
    pub(crate) seals: Seals,
    by_address: BTreeMap<SocketAddr, ParticipantId>,
    muted: HashSet<TrackId>,
    mutes: BTreeMap<TrackId, u32>,
    /// The number of the last padding that each track has sent.
    last_padding: BTreeMap<TrackId, u64>,
    identity: ClientIdentity,
    next_id: u64,
}

/// A client and what the control plane knows of it.
pub(crate) struct Member {
    pub(crate) client: Client,
    pub(crate) tracks: Vec<(MediaKind, TrackId)>,
    pub(crate) places: BTreeMap<Ssrc, Place>,
    pub(crate) received: Vec<Received>,
    pub(crate) connected_at: Option<Instant>,
    pub(crate) room: RoomId,
    pub(crate) auditor: Auditor,
    unaudited: VecDeque<(Vec<u8>, Option<Expectation>)>,
    next_frames: Vec<Instant>,
}

impl Member {
    /// Judges what has left for this member. The server has its keys before the client has: the last flight
    /// of the handshake may still be lost.
    fn audit(&mut self, id: ParticipantId) {
        while self.client.is_connected()
            && let Some((bytes, expected)) = self.unaudited.pop_front()
        {
            if let Err(fault) = self.audit_one(&bytes, expected.as_ref()) {
                panic!("to participant {id}: {fault}");
            }
        }
    }

    fn audit_one(&mut self, sealed: &[u8], expected: Option<&Expectation>) -> Result<(), String> {
        let header = Header::parse(sealed).ok_or("no RTP header")?;
        let Some(index) = self.auditor.note(sealed, &header)? else {
            return Ok(());
        };
        let payload = self
            .client
            .audit(sealed)
            .ok_or("a packet that its addressee can't open")?;
        let expected = expected.ok_or("an SSRC that nobody negotiated")?;
        self.auditor.judge(index, &header, &payload, expected)
    }
}

/// A place in which a member receives media.
pub(crate) struct Place {
    pub(crate) subscription: SubscriptionId,
    pub(crate) kind: MediaKind,
    pub(crate) selected: Option<TrackId>,
    ever_selected: HashSet<TrackId>,
}

impl World {
    pub(crate) fn new(seed: u64, identities: &(Identity, ClientIdentity), conditions: Conditions) -> Self {
        let (server, client) = identities;
        Self {
            now: Instant::now(),
            shard: Shard::new(ShardConfig::default(), server.clone(), seed),
            members: BTreeMap::new(),
            network: Network::new(conditions, seed ^ 0x6e65_7477),
            random: StdRng::seed_from_u64(seed),
            events: Vec::new(),
            peak_bytes: 0,
            held_bytes: 0,
            seals: Seals::default(),
            by_address: BTreeMap::new(),
            muted: HashSet::new(),
            mutes: BTreeMap::new(),
            last_padding: BTreeMap::new(),
            identity: client.clone(),
            next_id: 1,
        }
    }

    /// A new participant, which publishes sound and picture and has a place for each of `slots` others.
    pub(crate) fn join(&mut self, room: RoomId, slots: usize) -> ParticipantId {
        self.admit(room, slots, true)
    }

    /// One that does not seal, wherever it is.
    pub(crate) fn intrude(&mut self, room: RoomId, slots: usize) -> ParticipantId {
        self.admit(room, slots, false)
    }

    fn admit(&mut self, room: RoomId, slots: usize, seals: bool) -> ParticipantId {
        let id = ParticipantId(self.id());
        self.seals.enter(id, room, seals);
        let address = SocketAddr::from(([10, 1, (id.0 >> 8) as u8, id.0 as u8], 40_000));
        let client = Client::new(
            &self.identity,
            address,
            credentials("client", id),
            credentials("server", id),
            self.now,
        );
        self.command(Command::Join {
            room,
            participant: id,
            transport: client.transport(),
        });
        self.by_address.insert(address, id);
        let member = Member {
            client,
            tracks: Vec::new(),
            places: BTreeMap::new(),
            received: Vec::new(),
            connected_at: None,
            room,
            auditor: Auditor::default(),
            unaudited: VecDeque::new(),
            next_frames: Vec::new(),
        };
        self.members.insert(id, member);
        for kind in [MediaKind::Audio, MediaKind::Video] {
            self.publish(id, kind);
            (0..slots).for_each(|slot| self.subscribe(id, kind, slot));
        }
        id
    }

    /// All that somebody publishes, anew.
    pub(crate) fn republish(&mut self, id: ParticipantId) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        member.client.senders.clear();
        member.next_frames.clear();
        for (kind, track) in std::mem::take(&mut member.tracks) {
            self.command(Command::Unpublish { track });
            self.publish(id, kind);
        }
    }

    pub(crate) fn leave(&mut self, id: ParticipantId) {
        self.command(Command::Leave { participant: id });
        let Some(gone) = self.members.remove(&id) else {
            return;
        };
        let gone: Vec<_> = gone.tracks.iter().map(|&(_, track)| track).collect();
        let places = self
            .members
            .values_mut()
            .flat_map(|member| member.places.values_mut());
        for place in places {
            place.selected = place.selected.filter(|track| !gone.contains(track));
        }
    }

    /// Shows the tracks of all others in the places of a member, in order.
    pub(crate) fn select_all(&mut self, id: ParticipantId) {
        for kind in [MediaKind::Audio, MediaKind::Video] {
            let tracks = self.tracks_of_others(id, kind);
            let places: Vec<_> = self.places(id, kind);
            for (at, ssrc) in places.into_iter().enumerate() {
                self.select(id, ssrc, tracks.get(at).copied());
            }
        }
    }

    pub(crate) fn select(&mut self, id: ParticipantId, ssrc: Ssrc, track: Option<TrackId>) {
        // A track that is not in the room leaves the place empty, and so does one that is refused.
        let in_room = |track: &TrackId| self.in_room(self.members[&id].room).any(|one| one == *track);
        let mapped = track.filter(|track| in_room(track) && !self.seals.is_clear(*track));
        let Some(place) = self
            .members
            .get_mut(&id)
            .and_then(|member| member.places.get_mut(&ssrc))
        else {
            return;
        };
        place.selected = mapped;
        place.ever_selected.extend(mapped);
        let subscription = place.subscription;
        self.command(Command::Select { subscription, track });
    }

    pub(crate) fn mute(&mut self, track: TrackId, muted: bool) {
        let changed = if muted {
            self.muted.insert(track)
        } else {
            self.muted.remove(&track)
        };
        *self.mutes.entry(track).or_default() += u32::from(changed);
        self.command(Command::Mute { track, muted });
    }

    /// Both sides take new credentials.
    pub(crate) fn restart_ice(&mut self, id: ParticipantId) {
        let name = ParticipantId(self.id());
        let (local, remote) = (credentials("server", name), credentials("client", name));
        let now = self.now;
        if let Some(member) = self.members.get_mut(&id) {
            member.client.restart_ice(remote.clone(), local.clone(), now);
            self.command(Command::RestartIce {
                participant: id,
                local,
                remote,
            });
        }
    }

    pub(crate) fn places(&self, id: ParticipantId, kind: MediaKind) -> Vec<Ssrc> {
        let places = self.members[&id].places.iter();
        places
            .filter(|(_, place)| place.kind == kind)
            .map(|(&ssrc, _)| ssrc)
            .collect()
    }

    pub(crate) fn tracks_of_others(&self, id: ParticipantId, kind: MediaKind) -> Vec<TrackId> {
        let room = self.members[&id].room;
        let others = self.members.iter();
        others
            .filter(|&(&other, member)| other != id && member.room == room)
            .flat_map(|(_, member)| &member.tracks)
            .filter(|(other, _)| *other == kind)
            .map(|&(_, track)| track)
            .collect()
    }

    /// Every track that somebody of this room publishes.
    pub(crate) fn in_room(&self, room: RoomId) -> impl Iterator<Item = TrackId> + '_ {
        let members = self.members.values().filter(move |member| member.room == room);
        members.flat_map(|member| member.tracks.iter().map(|&(_, track)| track))
    }

    pub(crate) fn command(&mut self, command: Command) {
        let now = self.now;
        // A copy that is made inside, for the shard keeps parts of it and drops them later.
        self.with_shard(|shard| shard.handle_command(now, command.clone()));
        self.drain_shard();
    }

    /// Lets everything happen that happens until then.
    pub(crate) fn run_until(&mut self, end: Instant) {
        let mut steps = 0;
        while let Some(next) = self.next().filter(|&next| next <= end) {
            steps = if next > self.now { 0 } else { steps + 1 };
            assert!(
                steps < STANDSTILL,
                "somebody is due for ever, and time stands still"
            );
            self.now = self.now.max(next);
            self.step();
        }
        self.now = end;
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn publish(&mut self, id: ParticipantId, kind: MediaKind) {
        let track = TrackId(self.id());
        let (mid, ssrc) = (format!("p{}", track.0), Ssrc(0x1000_0000 + track.0 as u32 * 2));
        let (parameters, kept) = self.seals.publish(id, track, publication(kind, &mid, ssrc));
        // Near the wrap, so that every run crosses it.
        let first = self.random.random_range(65_000..=u16::MAX) & 0x7fff | 0x7e00;
        let sender = Sender::new(track, &kept, first, u32::MAX - 90_000);
        let start = self.now + Duration::from_millis(self.random.random_range(0..20));
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        member.client.senders.push(sender);
        member.tracks.push((kind, track));
        member.next_frames.push(start);
        self.command(Command::Publish {
            participant: id,
            track,
            parameters,
        });
    }

    fn subscribe(&mut self, id: ParticipantId, kind: MediaKind, slot: usize) {
        let name = SubscriptionId(self.id());
        let ssrc = Ssrc(0x2000_0000 + name.0 as u32 * 2);
        let mid = format!("{}{slot}", if kind == MediaKind::Audio { "a" } else { "v" });
        let parameters = subscription(kind, &mid, ssrc);
        let place = Place {
            subscription: name,
            kind,
            selected: None,
            ever_selected: HashSet::new(),
        };
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        member.places.insert(ssrc, place);
        self.command(Command::Subscribe {
            participant: id,
            subscription: name,
            parameters,
        });
    }

    fn next(&self) -> Option<Instant> {
        let clients = self.members.values().map(|member| member.client.poll_timeout());
        let frames = self
            .members
            .values()
            .flat_map(|member| member.tracks.iter().zip(member.next_frames.iter().copied()))
            .map(|(_, at)| at);
        let others = [self.network.next(), self.shard.poll_timeout()];
        others.into_iter().flatten().chain(clients).chain(frames).min()
    }

    fn step(&mut self) {
        let now = self.now;
        while let Some(datagram) = self.network.poll(now) {
            self.deliver(datagram);
        }
        if self.shard.poll_timeout().is_some_and(|at| at <= now) {
            self.with_shard(|shard| shard.handle_timeout(now));
            self.drain_shard();
        }
        let ids: Vec<_> = self.members.keys().copied().collect();
        for id in ids {
            self.turn_client(id);
        }
    }

    fn deliver(&mut self, mut datagram: Datagram) {
        let now = self.now;
        if datagram.destination == SERVER {
            let Datagram { source, bytes, .. } = &mut datagram;
            self.with_shard(|shard| shard.handle_datagram(now, *source, None, bytes));
            self.drain_shard();
        } else if let Some(member) = self
            .by_address
            .get(&datagram.destination)
            .and_then(|id| self.members.get_mut(id))
        {
            member.client.handle_datagram(now, &mut datagram.bytes);
            member.received.extend(member.client.take_received());
            if member.client.is_connected() {
                member.connected_at.get_or_insert(now);
            }
        }
    }

    fn turn_client(&mut self, id: ParticipantId) {
        let Self {
            now,
            members,
            network,
            random,
            last_padding,
            ..
        } = self;
        let Some(member) = members.get_mut(&id) else {
            return;
        };
        if member.client.poll_timeout() <= *now {
            member.client.handle_timeout(*now);
        }
        for (at, &(kind, track)) in member.tracks.iter().enumerate() {
            if member.next_frames[at] <= *now {
                member.client.send_frame(at, &frame_sizes(kind, random));
                if kind == MediaKind::Video && random.random_bool(PADDING) {
                    last_padding.insert(track, member.client.senders[at].next_sequence());
                    member.client.send_padding(at);
                }
                member.next_frames[at] = *now + frame_interval(kind);
            }
        }
        while let Some(bytes) = member.client.poll_transmit() {
            let source = member.client.address;
            network.send(
                *now,
                Datagram {
                    source,
                    destination: SERVER,
                    bytes,
                },
            );
        }
    }

    fn drain_shard(&mut self) {
        let now = self.now;
        while let Some((destination, segment_size, contents)) = self.poll_shard() {
            for bytes in contents.chunks(segment_size.unwrap_or(contents.len())) {
                self.audit(destination, bytes);
                let bytes = bytes.to_vec();
                self.network.send(
                    now,
                    Datagram {
                        source: SERVER,
                        destination,
                        bytes,
                    },
                );
            }
        }
        while let Some(event) = self.shard.poll_event() {
            self.events.push(event);
        }
    }

    fn poll_shard(&mut self) -> Option<(SocketAddr, Option<usize>, Vec<u8>)> {
        let now = self.now;
        let mut copy = Vec::with_capacity(64 * 1500);
        let (destination, segment_size) = self.with_shard(|shard| {
            let transmit = shard.poll_transmit(now)?;
            copy.extend_from_slice(transmit.contents);
            Some((transmit.destination, transmit.segment_size))
        })?;
        Some((destination, segment_size, copy))
    }

    /// Every invariant of what leaves, on every datagram that does.
    fn audit(&mut self, destination: SocketAddr, bytes: &[u8]) {
        if Protocol::of(bytes) != Some(Protocol::Srtp) {
            return;
        }
        let id = self
            .by_address
            .get(&destination)
            .expect("the server answers only who spoke to it");
        let Some(member) = self.members.get_mut(id) else {
            panic!("media to participant {id}, who has left");
        };
        let header = Header::parse(bytes).expect("a header in clear");
        // The kit's retransmission streams have the SSRC next to their media's.
        let place = [header.ssrc, Ssrc(header.ssrc.0.wrapping_sub(1))];
        let place = place.iter().find_map(|ssrc| member.places.get_key_value(ssrc));
        let expected = place.map(|(&media, place)| Expectation {
            kind: place.kind,
            media,
            selected: place.selected.filter(|track| !self.muted.contains(track)),
            mutes: place
                .selected
                .and_then(|track| self.mutes.get(&track).copied())
                .unwrap_or_default(),
            ever_selected: place
                .ever_selected
                .iter()
                .map(|track| (*track, self.last_padding.get(track).copied()))
                .collect(),
        });
        member.unaudited.push_back((bytes.to_vec(), expected));
        member.audit(*id);
    }

    /// Every call into the shard goes through here, so that what it holds is known to the byte.
    fn with_shard<T>(&mut self, call: impl FnOnce(&mut Shard) -> T) -> T {
        let mut result = None;
        let info = allocation_counter::measure(|| result = Some(call(&mut self.shard)));
        self.held_bytes += info.bytes_current;
        self.peak_bytes = self.peak_bytes.max(self.held_bytes);
        result.expect("the call was made")
    }
}

/// A frame of sound is one packet; one of picture is two to five, nearly equal as a packetiser makes them.
fn frame_sizes(kind: MediaKind, random: &mut StdRng) -> Vec<usize> {
    match kind {
        MediaKind::Audio => vec![random.random_range(60..90)],
        MediaKind::Video => {
            let size = random.random_range(200..1_100);
            (0..random.random_range(2..=5)).map(|at| size + at % 2).collect()
        }
    }
}

fn frame_interval(kind: MediaKind) -> Duration {
    match kind {
        MediaKind::Audio => Duration::from_millis(20),
        MediaKind::Video => Duration::from_millis(66),
    }
}

fn credentials(side: &str, id: ParticipantId) -> IceCredentials {
    IceCredentials {
        ufrag: format!("{side}{id}"),
        pwd: format!("{side}-password-of-{id:022}"),
    }
}

/// Steps at one moment: far more than there are timers and datagrams in any.
const STANDSTILL: usize = 10_000;

/// How often a frame of picture is followed by padding.
const PADDING: f64 = 0.03;

const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), 7882);
