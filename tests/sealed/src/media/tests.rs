//! Members around a real shard, in virtual time.

use std::net::SocketAddr;

use rapport_sfu::command::Command;
use rapport_sfu::demux::Protocol;
use rapport_sfu::id::{ParticipantId, RoomId, SubscriptionId, TrackId};
use rapport_sfu::parameters::Fingerprint;
use rapport_sfu::transport::dtls::Identity;
use rapport_sfu::{Shard, ShardConfig};
use rapport_signaling::negotiate::{Negotiated, Ours, Permit, Terms, negotiate};

use super::*;
use rapport_seal::Kid;

/// What all but strangers have.
const KEY: u8 = 1;

/// How a member differs from an ordinary one.
#[derive(Clone, Copy)]
struct Habit {
    /// Every byte of the keys that it seals and opens with.
    key: u8,
    first_counter: u64,
    sealed: bool,
}

const ORDINARY: Habit = Habit {
    key: KEY,
    first_counter: 0,
    sealed: true,
};

/// Everybody's media and the shard between them.
struct Table {
    now: Instant,
    shard: Shard,
    members: Vec<(Media, Report)>,
    /// Packets of media to members that were lost on purpose, and how many of them each is.
    lost: usize,
    lose_every: usize,
    carried: usize,
}

impl Table {
    /// A member for each habit; everybody gets everything of all others.
    fn of(habits: &[Habit]) -> Self {
        let mut table = Self {
            now: Instant::now(),
            shard: Shard::new(ShardConfig::default(), Identity::generate().unwrap(), 7),
            members: Vec::new(),
            lost: 0,
            lose_every: usize::MAX,
            carried: 0,
        };
        let identity = ClientIdentity::generate();
        for (at, habit) in habits.iter().enumerate() {
            table.sit(&identity, at, *habit, habits.len());
        }
        for to in 0..habits.len() {
            let others = (0..habits.len()).filter(|from| *from != to);
            for (place, from) in others.enumerate() {
                for kind in 0..2 {
                    table.order(Command::Select {
                        subscription: SubscriptionId((to * 100 + place * 2 + kind) as u64),
                        track: Some(TrackId((from * 2 + kind) as u64)),
                    });
                }
            }
        }
        table
    }

    fn sit(&mut self, identity: &ClientIdentity, at: usize, habit: Habit, count: usize) {
        let ready = Ready::new(identity.clone(), at, 15).unwrap();
        let answer = self.admit(at, &ready.offer(count - 1), habit.sealed);
        let sealing = match habit.sealed {
            true => Sealing::waiting(habit.first_counter),
            false => Sealing::Clear,
        };
        let mut media = ready.connect(&answer, (sealing, None), self.now).unwrap();
        let base = |sender| BaseKey::new(Kid::first_of(index(sender)), [habit.key; 32]);
        media.seal_with(&base(at)).unwrap();
        (0..count).for_each(|sender| media.open_with(&base(sender)).unwrap());
        self.members.push((media, Report::default()));
    }

    fn admit(&mut self, at: usize, offer: &str, sealed: bool) -> Answer {
        let ice = IceCredentials {
            ufrag: format!("server{at}"),
            pwd: format!("server-password-{at:016}"),
        };
        let candidates = ["10.0.0.1:3478".parse().unwrap()];
        let ours = Ours {
            session: 1,
            ice: &ice,
            fingerprint: Fingerprint([0; 32]),
            candidates: &candidates,
            video_bitrate: 1_500_000,
        };
        let permit = Permit {
            publish: true,
            subscribe: true,
        };
        let terms = Terms { permit, sealed: true };
        let mut ssrc = 0x1000_0000 * (at as u32 + 1);
        let mut random = || {
            ssrc += 1;
            ssrc
        };
        let Negotiated {
            answer,
            transport,
            publications,
            subscriptions,
            ..
        } = negotiate(offer, &ours, terms, &mut random).unwrap();
        let participant = ParticipantId(at as u64);
        self.order(Command::Join {
            room: RoomId(1),
            participant,
            transport,
        });
        for (kind, mut parameters) in publications.into_iter().enumerate() {
            parameters.sealed = sealed.then_some(index(at));
            self.order(Command::Publish {
                participant,
                track: TrackId((at * 2 + kind) as u64),
                parameters,
            });
        }
        for (place, parameters) in subscriptions.into_iter().enumerate() {
            self.order(Command::Subscribe {
                participant,
                subscription: SubscriptionId((at * 100 + place) as u64),
                parameters,
            });
        }
        Answer::read(&answer).unwrap()
    }

    fn order(&mut self, command: Command) {
        self.shard.handle_command(self.now, command);
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now += Duration::from_millis(5);
            for (media, report) in &mut self.members {
                media.handle_timeout(self.now, report).unwrap();
            }
            self.shard.handle_timeout(self.now);
            while self.exchange() {}
        }
    }

    /// Carries what there is both ways; false when there was nothing.
    fn exchange(&mut self) -> bool {
        for (at, (media, _)) in self.members.iter_mut().enumerate() {
            while let Some(mut datagram) = media.poll_transmit() {
                self.shard
                    .handle_datagram(self.now, address(at), None, &mut datagram);
            }
        }
        let mut inbound = Vec::new();
        while let Some(transmit) = self.shard.poll_transmit(self.now) {
            let size = transmit.segment_size.unwrap_or(transmit.contents.len());
            let datagrams = transmit.contents.chunks(size).map(<[u8]>::to_vec);
            inbound.extend(datagrams.map(|datagram| (transmit.destination, datagram)));
        }
        let any = !inbound.is_empty();
        for (destination, datagram) in inbound {
            self.deliver(destination, datagram);
        }
        any
    }

    fn deliver(&mut self, destination: SocketAddr, mut datagram: Vec<u8>) {
        if Protocol::of(&datagram) == Some(Protocol::Srtp) {
            self.carried += 1;
            if self.carried.is_multiple_of(self.lose_every) {
                self.lost += 1;
                return;
            }
        }
        let at = (0..self.members.len()).find(|at| address(*at) == destination);
        let (media, report) = &mut self.members[at.unwrap()];
        media.handle_datagram(self.now, &mut datagram, report).unwrap();
    }
}

fn index(at: usize) -> SenderIndex {
    SenderIndex(at as u16 + 1)
}

fn address(at: usize) -> SocketAddr {
    SocketAddr::from(([10, 1, 0, at as u8], 40_000))
}

/// What is sent in five seconds, without the first moments of connecting.
const SOUND: std::ops::RangeInclusive<u64> = 230..=251;
const PICTURE: std::ops::RangeInclusive<u64> = 65..=76;

#[test]
fn everybody_opens_sound_and_picture_of_everybody_whatever_the_counter() {
    let counting_from = |first_counter| Habit {
        first_counter,
        ..ORDINARY
    };
    let mut table = Table::of(&[ORDINARY, counting_from(300), counting_from(70_000)]);
    table.run(Duration::from_secs(5));
    for (at, (_, report)) in table.members.iter().enumerate() {
        assert!(report.connected && report.clear == 0, "{report:?}");
        let others: Vec<u16> = (1..=3).filter(|sender| *sender != index(at).0).collect();
        assert!(report.senders.keys().eq(&others), "{report:?}");
        for received in report.senders.values() {
            assert!(SOUND.contains(&received.sound), "{received:?}");
            assert!(PICTURE.contains(&received.picture), "{received:?}");
            assert_eq!((received.failed, received.replayed, received.early), (0, 0, 0));
        }
    }
}

#[test]
fn what_the_network_loses_is_repaired() {
    let mut table = Table::of(&[ORDINARY, ORDINARY]);
    table.run(Duration::from_secs(1));
    table.lose_every = 10;
    table.run(Duration::from_secs(5));
    table.lose_every = usize::MAX;
    table.run(Duration::from_secs(1));
    assert!(table.lost > 50, "{}", table.lost);
    for (_, report) in &table.members {
        let received = report.senders.values().next().unwrap();
        assert!((340..=351).contains(&received.sound), "{received:?}");
        assert!((96..=106).contains(&received.picture), "{received:?}");
        assert_eq!((received.failed, report.clear), (0, 0));
    }
}

#[test]
fn who_has_other_keys_opens_nothing_and_is_opened_by_nobody() {
    let stranger = Habit { key: 9, ..ORDINARY };
    let mut table = Table::of(&[ORDINARY, ORDINARY, stranger]);
    table.run(Duration::from_secs(2));
    let reports: Vec<&Report> = table.members.iter().map(|(_, report)| report).collect();
    let opened = |at: usize, sender: u16| reports[at].senders[&sender].sound > 50;
    assert!(opened(0, 2) && opened(1, 1));
    for (at, sender) in [(0, 3), (1, 3), (2, 1), (2, 2)] {
        let received = &reports[at].senders[&sender];
        assert_eq!((received.sound, received.picture), (0, 0));
        assert!(received.failed > 50, "{received:?}");
    }
}

#[test]
fn a_clear_frame_is_known_as_one() {
    let clear = Habit {
        sealed: false,
        ..ORDINARY
    };
    let mut table = Table::of(&[ORDINARY, clear]);
    table.run(Duration::from_secs(2));
    let (_, report) = &table.members[0];
    let opened: u64 = report
        .senders
        .values()
        .map(|received| received.sound + received.picture)
        .sum();
    assert_eq!(opened, 0);
    assert!(report.clear > 60, "{report:?}");
}
