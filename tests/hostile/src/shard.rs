//! The shard as the network sees it: one participant that is admitted and has not proved its certificate.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Instant;

use rapport_sfu::codec::MediaKind;
use rapport_sfu::command::Command;
use rapport_sfu::id::{ParticipantId, RoomId, Ssrc, SubscriptionId, TrackId};
use rapport_sfu::parameters::{DataChannelParameters, Fingerprint, TransportParameters};
use rapport_sfu::transport::dtls::Identity;
use rapport_sfu::transport::ice::MAX_GROWTH;
use rapport_sfu::{Shard, ShardConfig};
use rapport_testkit::{publication, subscription};

use crate::check;
use crate::script::{Step, steps};
use crate::stun::START;

/// Nothing is sent to an address that no valid check came from, and never much more than came.
///
/// A step comes from an address that has checked, or from one that has not; as it is, or signed as a check.
pub fn shard(script: &[u8]) {
    let mut trial = Trial::new();
    trial.feed(FRIEND.into(), &check::signed(CHECK));
    for step in steps(script) {
        trial.now += step.pause();
        trial.shard.handle_timeout(trial.now);
        trial.settle(0);
        trial.handle_step(&step);
    }
}

struct Trial {
    now: Instant,
    shard: Shard,
    /// Those from which a check came that knows the password.
    checked: BTreeSet<SocketAddr>,
    events: usize,
}

impl Trial {
    fn new() -> Self {
        let mut trial = Self {
            now: *START,
            shard: Shard::new(ShardConfig::default(), IDENTITY.clone(), 1),
            checked: BTreeSet::new(),
            events: 0,
        };
        for command in admission() {
            trial.shard.handle_command(trial.now, command);
        }
        trial.settle(0);
        trial
    }

    fn handle_step(&mut self, step: &Step<'_>) {
        let source = if step.is(KNOWN) { FRIEND } else { STRANGER };
        if step.is(SIGN) {
            self.feed(source.into(), &check::signed(step.bytes));
        } else {
            self.feed(source.into(), step.bytes);
        }
    }

    fn feed(&mut self, source: SocketAddr, datagram: &[u8]) {
        if check::is_valid(datagram) {
            self.checked.insert(source);
        }
        let mut datagram = datagram.to_vec();
        self.shard.handle_datagram(self.now, source, None, &mut datagram);
        self.settle(datagram.len());
    }

    fn settle(&mut self, length: usize) {
        let mut bytes = 0;
        while let Some(transmit) = self.shard.poll_transmit(self.now) {
            let to = transmit.destination;
            assert!(self.checked.contains(&to), "{to} never asked");
            bytes += transmit.contents.len();
        }
        assert!(
            bytes <= MAX_FACTOR * length + MAX_GROWTH,
            "{bytes} for {length} bytes"
        );
        while self.shard.poll_event().is_some() {
            self.events += 1;
        }
        assert!(self.shard.poll_tap().is_none(), "nobody taps");
        assert!(self.events <= MAX_EVENTS);
        let next = self.shard.poll_timeout();
        assert!(
            next.is_none_or(|next| next > self.now),
            "a timer that never rests"
        );
    }
}

/// A participant that publishes and receives sound and picture, and may open data channels.
fn admission() -> impl Iterator<Item = Command> {
    let participant = ParticipantId(1);
    let join = Command::Join {
        room: RoomId(1),
        participant,
        transport: TransportParameters {
            local: check::local(),
            remote: check::remote(),
            fingerprint: Fingerprint([7; 32]),
            data_channel: Some(DataChannelParameters { max_message_bytes: 0 }),
        },
    };
    let media = [(MediaKind::Audio, 1), (MediaKind::Video, 2)];
    let media = media.into_iter().flat_map(move |(kind, number)| {
        let mid = number.to_string();
        let publish = Command::Publish {
            participant,
            track: TrackId(number),
            parameters: publication(kind, &mid, Ssrc(number as u32 * 100)),
        };
        let subscribe = Command::Subscribe {
            participant,
            subscription: SubscriptionId(number),
            parameters: subscription(kind, &mid, Ssrc(number as u32 * 1000)),
        };
        [publish, subscribe]
    });
    std::iter::once(join).chain(media)
}

/// Making a key takes longer than a thousand scripts.
static IDENTITY: LazyLock<Identity> =
    LazyLock::new(|| Identity::generate().expect("a key and a certificate"));

/// A Binding request with its USERNAME and ICE-CONTROLLING, but not signed yet.
pub(crate) const CHECK: &[u8] = b"\x00\x01\x00\x00\x21\x12\xa4\x42transaction1\
    \x00\x06\x00\x09srvr:clnt\x00\x00\x00\x80\x2a\x00\x08tiebreak";

const FRIEND: ([u8; 4], u16) = ([192, 0, 2, 1], 40_000);
const STRANGER: ([u8; 4], u16) = ([198, 51, 100, 1], 50_000);

/// From the address that has checked.
pub(crate) const KNOWN: u8 = 1;
/// With the two attributes that prove the password.
pub(crate) const SIGN: u8 = 2;

/// What RFC 9000 §8.1 allows a server that has not validated an address, and more than ours needs.
const MAX_FACTOR: usize = 3;

/// It leaves, at most.
const MAX_EVENTS: usize = 1;
