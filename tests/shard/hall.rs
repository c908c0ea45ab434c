//! A shard and its clients on a perfect network in virtual time.
//!
//! Owns: time, and the way of each datagram. Never does: lose, delay or judge one.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rapport_sfu::codec::MediaKind;
use rapport_sfu::command::Command;
use rapport_sfu::demux::Protocol;
use rapport_sfu::drop::Drop;
use rapport_sfu::event::{Event, LeaveReason};
use rapport_sfu::id::{ParticipantId, RoomId, Ssrc, SubscriptionId, TrackId};
use rapport_sfu::parameters::{IceCredentials, PublicationParameters, SubscriptionParameters};
use rapport_sfu::subscription::tap::TapPacket;
use rapport_sfu::transport::dtls::Identity;
use rapport_sfu::{Shard, ShardConfig};
use rapport_testkit::client::ClientIdentity;
use rapport_testkit::{Client, Received, Sender, publication, subscription};

pub(crate) const ROOM: RoomId = RoomId(1);
pub(crate) const NEXT_DOOR: RoomId = RoomId(2);

pub(crate) struct Hall {
    pub(crate) now: Instant,
    pub(crate) shard: Shard,
    pub(crate) clients: BTreeMap<ParticipantId, Client>,
    pub(crate) events: Vec<Event>,
    pub(crate) taps: Vec<TapPacket>,
    /// What the shard sent to addresses that no client has: how many datagrams of each protocol.
    pub(crate) astray: Vec<Protocol>,
    pub(crate) rtp_sent: usize,
    next_id: u64,
}

impl Hall {
    pub(crate) fn new() -> Self {
        Self {
            now: Instant::now(),
            shard: Shard::new(ShardConfig::default(), identities().0.clone(), 7),
            clients: BTreeMap::new(),
            events: Vec::new(),
            taps: Vec::new(),
            astray: Vec::new(),
            rtp_sent: 0,
            next_id: 0,
        }
    }

    pub(crate) fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// A client that is through its handshake.
    pub(crate) fn join(&mut self, room: RoomId, labels: &[&str]) -> ParticipantId {
        let id = self.enter(room, labels, |_| {});
        self.run(Duration::from_millis(500));
        assert!(self.clients[&id].is_connected());
        id
    }

    /// A client that is about to check, with what signaling says of it.
    pub(crate) fn enter(
        &mut self,
        room: RoomId,
        labels: &[&str],
        change: impl FnOnce(&mut rapport_sfu::parameters::TransportParameters),
    ) -> ParticipantId {
        let id = ParticipantId(self.id());
        let address = SocketAddr::from(([10, 1, 0, id.0 as u8], 40_000));
        let mut client = Client::new(
            &identities().1,
            address,
            credentials("client", id.0),
            credentials("server", id.0),
            self.now,
        );
        if !labels.is_empty() {
            client = client.with_channels(labels);
        }
        let mut transport = client.transport();
        change(&mut transport);
        self.clients.insert(id, client);
        self.command(Command::Join {
            room,
            participant: id,
            transport,
        });
        id
    }

    /// A new source of a client's; its frames are sent by [`Self::run`].
    pub(crate) fn publish(&mut self, id: ParticipantId, kind: MediaKind) -> TrackId {
        let name = self.id();
        let parameters = publication(kind, &format!("p{name}"), Ssrc(0x1000_0000 + name as u32 * 8));
        self.publish_as(id, parameters)
    }

    pub(crate) fn publish_as(&mut self, id: ParticipantId, parameters: PublicationParameters) -> TrackId {
        let track = TrackId(self.id());
        let senders = parameters.encodings.iter().map(|encoding| {
            let one = PublicationParameters {
                media: parameters.media.clone(),
                encodings: vec![*encoding],
                sealed: None,
            };
            Sender::new(track, &one, 1_000, 50_000)
        });
        let senders: Vec<_> = senders.collect();
        self.client(id).senders.extend(senders);
        self.command(Command::Publish {
            participant: id,
            track,
            parameters,
        });
        track
    }

    /// A new place that shows a track.
    pub(crate) fn show(&mut self, id: ParticipantId, kind: MediaKind, track: TrackId) -> Place {
        let name = self.id();
        let parameters = subscription(kind, &format!("s{name}"), Ssrc(0x2000_0000 + name as u32 * 8));
        self.show_as(id, parameters, track)
    }

    pub(crate) fn show_as(
        &mut self,
        id: ParticipantId,
        parameters: SubscriptionParameters,
        track: TrackId,
    ) -> Place {
        let (subscription, ssrc) = (SubscriptionId(self.id()), parameters.ssrc);
        self.command(Command::Subscribe {
            participant: id,
            subscription,
            parameters,
        });
        self.command(Command::Select {
            subscription,
            track: Some(track),
        });
        Place { subscription, ssrc }
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.shard.handle_command(self.now, command);
        self.exchange();
    }

    pub(crate) fn client(&mut self, id: ParticipantId) -> &mut Client {
        self.clients.get_mut(&id).expect("a client that joined")
    }

    /// Time passes, and every source sends fifty frames a second.
    pub(crate) fn run(&mut self, time: Duration) {
        self.run_with(time, |_| true);
    }

    /// The same, with a choice of those sources that send.
    pub(crate) fn run_with(&mut self, time: Duration, sends: impl Fn(&Sender) -> bool) {
        let end = self.now + time;
        while self.now < end {
            self.now += TICK;
            for client in self.clients.values_mut() {
                for at in 0..client.senders.len() {
                    if sends(&client.senders[at]) {
                        let sizes: &[usize] = match client.senders[at].kind() {
                            MediaKind::Audio => &[80],
                            MediaKind::Video => &[700, 700],
                        };
                        client.send_frame(at, sizes);
                    }
                }
                client.handle_timeout(self.now);
            }
            self.shard.handle_timeout(self.now);
            self.exchange();
        }
    }

    /// Delivers until nobody has anything more to say.
    pub(crate) fn exchange(&mut self) {
        loop {
            let outbound = self.clients.values_mut().flat_map(|client| {
                let source = client.address;
                std::iter::from_fn(move || client.poll_transmit()).map(move |bytes| (source, bytes))
            });
            let outbound: Vec<_> = outbound.collect();
            for (source, mut bytes) in outbound {
                self.shard.handle_datagram(self.now, source, None, &mut bytes);
            }
            let inbound = self.drain();
            if inbound.is_empty() {
                return;
            }
            for (destination, bytes) in inbound {
                self.deliver(destination, bytes);
            }
        }
    }

    /// What somebody sends who is no client.
    pub(crate) fn inject(&mut self, source: SocketAddr, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        self.shard.handle_datagram(self.now, source, None, &mut bytes);
        self.exchange();
    }

    pub(crate) fn received(&mut self, id: ParticipantId) -> Vec<Received> {
        self.client(id).take_received()
    }

    pub(crate) fn drops(&self, reason: Drop) -> u64 {
        self.shard.stats().drops.get(reason)
    }

    pub(crate) fn left(&self) -> Vec<(ParticipantId, LeaveReason)> {
        let left = self.events.iter().filter_map(|event| match event {
            Event::Left {
                participant, reason, ..
            } => Some((*participant, *reason)),
            _ => None,
        });
        left.collect()
    }

    fn drain(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut inbound = Vec::new();
        while let Some(transmit) = self.shard.poll_transmit(self.now) {
            let size = transmit.segment_size.unwrap_or(transmit.contents.len());
            for bytes in transmit.contents.chunks(size) {
                inbound.push((transmit.destination, bytes.to_vec()));
            }
        }
        self.events.extend(std::iter::from_fn(|| self.shard.poll_event()));
        self.taps.extend(std::iter::from_fn(|| self.shard.poll_tap()));
        inbound
    }

    fn deliver(&mut self, destination: SocketAddr, mut bytes: Vec<u8>) {
        let protocol = Protocol::of(&bytes).expect("the shard speaks four protocols");
        self.rtp_sent += usize::from(protocol == Protocol::Srtp);
        let client = self
            .clients
            .values_mut()
            .find(|client| client.address == destination);
        match client {
            Some(client) => client.handle_datagram(self.now, &mut bytes),
            None => self.astray.push(protocol),
        }
    }
}

/// A place in which a client receives.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) subscription: SubscriptionId,
    pub(crate) ssrc: Ssrc,
}

pub(crate) fn credentials(side: &str, number: u64) -> IceCredentials {
    IceCredentials {
        ufrag: format!("{side}{number}"),
        pwd: format!("{side}-password-{number:022}"),
    }
}

/// Numbers without a hole.
pub(crate) fn is_unbroken(received: &[Received]) -> bool {
    let pairs = received.iter().zip(received.iter().skip(1));
    pairs.clone().count() > 0 && pairs.into_iter().all(|(one, next)| next.index == one.index + 1)
}

pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(crate) const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn identities() -> &'static (Identity, ClientIdentity) {
    static IDENTITIES: OnceLock<(Identity, ClientIdentity)> = OnceLock::new();
    IDENTITIES.get_or_init(|| {
        (
            Identity::generate().expect("a server certificate"),
            ClientIdentity::generate(),
        )
    })
}

/// A packet of sound; pictures come as fast, which makes tests short.
const TICK: Duration = Duration::from_millis(20);
