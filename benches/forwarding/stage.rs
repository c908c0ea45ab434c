//! A shard with clients, all connected, and who of them sends when.
//!
//! Owns: the shard, its clients and virtual time. Never does: deliver what the shard sends; who receives is
//! connected once, and its keys are used, but what comes after is only counted.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rapport_sfu::codec::{Codec, MediaKind};
use rapport_sfu::command::Command;
use rapport_sfu::id::{ParticipantId, RoomId, Ssrc, SubscriptionId, TrackId};
use rapport_sfu::parameters::IceCredentials;
use rapport_sfu::rtp::NtpTime;
use rapport_sfu::rtp::rtcp::SenderInfo;
use rapport_sfu::transport::dtls::Identity;
use rapport_sfu::{Shard, ShardConfig, Transmit};
use rapport_testkit::client::{Client, ClientIdentity};
use rapport_testkit::{Sender, publication, subscription};

/// A shard and its clients.
pub(crate) struct Stage {
    pub(crate) now: Instant,
    pub(crate) shard: Shard,
    pub(crate) clients: Vec<Client>,
    identity: ClientIdentity,
    begun: Instant,
    kept_up: Instant,
    tracks: u64,
    subscriptions: u64,
    pub(crate) turns: Vec<Turn>,
}

/// What one turn of a worker receives.
pub(crate) struct Turn {
    now: Instant,
    from: SocketAddr,
    datagrams: Vec<Vec<u8>>,
}

/// One client sends a frame.
#[derive(Clone, Copy)]
pub(crate) struct Beat {
    pub(crate) client: usize,
    pub(crate) sender: usize,
    pub(crate) sizes: &'static [usize],
}

impl Stage {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let identity = Identity::generate().expect("a server certificate");
        Self {
            now,
            shard: Shard::new(ShardConfig::default(), identity, 1),
            clients: Vec::new(),
            identity: ClientIdentity::generate(),
            begun: now,
            kept_up: now,
            tracks: 0,
            subscriptions: 0,
            turns: Vec::new(),
        }
    }

    /// A client that goes through ICE and DTLS, over a network that loses nothing.
    pub(crate) fn join(&mut self, room: u64) -> usize {
        let number = self.clients.len() as u64;
        let credentials = |side: &str| IceCredentials {
            ufrag: format!("{side}{number}"),
            pwd: format!("{side}-password-{number:022}"),
        };
        let address = SocketAddr::from(([10, 0, (number >> 8) as u8, number as u8], 40_000));
        let (local, remote) = (credentials("client"), credentials("server"));
        let client = Client::new(&self.identity, address, local, remote, self.now);
        let transport = client.transport();
        self.clients.push(client);
        self.command(Command::Join {
            room: RoomId(room),
            participant: ParticipantId(number),
            transport,
        });
        let client = number as usize;
        while !self.clients[client].is_connected() {
            self.clients[client].handle_timeout(self.now);
            self.deliver(client);
            self.drain_to_clients();
        }
        self.deliver(client);
        self.drain_to_clients();
        client
    }

    /// A new track of a client's.
    pub(crate) fn publish(&mut self, client: usize, codec: Codec) -> TrackId {
        self.tracks += 1;
        let track = TrackId(self.tracks);
        let ssrc = Ssrc(1_000 + 2 * self.tracks as u32);
        let mid = format!("{}", self.clients[client].senders.len());
        let mut parameters = publication(codec.kind(), &mid, ssrc);
        parameters.media.payloads[0].codec = codec;
        self.clients[client]
            .senders
            .push(Sender::new(track, &parameters, 1, 1));
        self.command(Command::Publish {
            participant: ParticipantId(client as u64),
            track,
            parameters,
        });
        track
    }

    /// A client gets a track.
    pub(crate) fn subscribe(&mut self, client: usize, track: TrackId, codec: Codec) {
        self.subscriptions += 1;
        let subscription_id = SubscriptionId(self.subscriptions);
        let ssrc = Ssrc(1_000_000 + 2 * self.subscriptions as u32);
        let mut parameters = subscription(codec.kind(), &format!("s{}", self.subscriptions % 100), ssrc);
        parameters.media.payloads[0].codec = codec;
        self.command(Command::Subscribe {
            participant: ParticipantId(client as u64),
            subscription: subscription_id,
            parameters,
        });
        self.command(Command::Select {
            subscription: subscription_id,
            track: Some(track),
        });
    }

    /// Queues one turn, and lets time pass.
    pub(crate) fn queue(&mut self, beat: Beat, pace: Duration) {
        self.now += pace;
        if self.now.saturating_duration_since(self.kept_up) >= UPKEEP {
            self.keep_up();
        }
        let client = &mut self.clients[beat.client];
        client.send_frame(beat.sender, beat.sizes);
        let turn = Turn {
            now: self.now,
            from: client.address,
            datagrams: std::iter::from_fn(|| client.poll_transmit()).collect(),
        };
        self.turns.push(turn);
    }

    /// Queues what a client has to say already.
    pub(crate) fn queue_raw(&mut self, client: usize) {
        let client = &mut self.clients[client];
        self.turns.push(Turn {
            now: self.now,
            from: client.address,
            datagrams: std::iter::from_fn(|| client.poll_transmit()).collect(),
        });
    }

    /// Plays what is queued, each turn as a worker would: a receive batch, timers, and everything that it
    /// leads to. Returns how many datagrams came, and how many left.
    pub(crate) fn play(&mut self, sink: &mut dyn FnMut(&Transmit<'_>)) -> (u64, u64) {
        let (mut inbound, mut outbound) = (0, 0);
        for turn in &mut self.turns {
            for datagram in &mut turn.datagrams {
                self.shard.handle_datagram(turn.now, turn.from, None, datagram);
            }
            if self.shard.poll_timeout().is_some_and(|due| due <= turn.now) {
                self.shard.handle_timeout(turn.now);
            }
            while let Some(transmit) = self.shard.poll_transmit(turn.now) {
                outbound += transmit.datagrams();
                sink(black_box(&transmit));
            }
            while self.shard.poll_event().is_some() {}
            black_box(self.shard.poll_timeout());
            inbound += turn.datagrams.len() as u64;
        }
        (inbound, outbound)
    }

    /// Sends what a client has to say, and nothing else.
    pub(crate) fn deliver(&mut self, client: usize) {
        let client = &mut self.clients[client];
        while let Some(mut datagram) = client.poll_transmit() {
            self.shard
                .handle_datagram(self.now, client.address, None, &mut datagram);
        }
    }

    fn command(&mut self, command: Command) {
        self.shard.handle_command(self.now, command);
    }

    fn drain_to_clients(&mut self) {
        while let Some(transmit) = self.shard.poll_transmit(self.now) {
            let size = transmit.segment_size.unwrap_or(transmit.contents.len());
            let to = self
                .clients
                .iter_mut()
                .find(|client| client.address == transmit.destination);
            let Some(client) = to else { continue };
            for datagram in transmit.contents.chunks(size) {
                client.handle_datagram(self.now, &mut datagram.to_vec());
            }
        }
        while self.shard.poll_event().is_some() {}
    }

    /// Consent and clocks, as browsers keep them up.
    pub(crate) fn keep_up(&mut self) {
        self.kept_up = self.now;
        for at in 0..self.clients.len() {
            self.clients[at].handle_timeout(self.now);
            self.report(at);
            self.deliver(at);
        }
        while self.shard.poll_transmit(self.now).is_some() {}
        while self.shard.poll_event().is_some() {}
    }

    /// A client reports on all that it sends.
    pub(crate) fn report(&mut self, client: usize) {
        let since = self.now.saturating_duration_since(self.begun);
        let client = &mut self.clients[client];
        for sender in 0..client.senders.len() {
            let ticks_a_millisecond = match client.senders[sender].kind() {
                MediaKind::Audio => 48,
                MediaKind::Video => 90,
            };
            let info = SenderInfo {
                ntp: NtpTime::from_unix(since),
                rtp: (since.as_millis() * ticks_a_millisecond) as u32,
                packets: 1,
                octets: 1,
            };
            client.send_report(sender, info);
        }
    }
}

/// Libwebrtc checks consent about every 2.5 s, and reports a little more often.
const UPKEEP: Duration = Duration::from_millis(2_500);
