//! One stay of a member, for clients that are programs (SK-1.md, sections 6 to 10).
//!
//! Owns: what goes by the book: handshakes, membership, sender keys, beats. Never does: read a clock or a socket, ask a
//! person, or judge by silence; whoever has to notice a server that hides something is the client of people
//! (`web/client`).
//!
//! `handle_*` in, [`Agreement::poll`] out.

mod handshake;
mod peers;
mod sender;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::base_key::BaseKey;
use crate::certificate::Certificate;
use crate::device::Device;
use crate::gate::To;
use crate::hello::{Hello, Stay};
use crate::link::Link;
use crate::message::{Beat, Bye, Entry, Heard, Key, Message, Parsed, Statement, Verdict};
use crate::primitives::{Secret, hash, labelled};
use crate::root::Root;
use crate::sealed::{PrivateKey, seal};

use peers::Peer;
use sender::SenderKeys;

/// How a stay begins.
#[derive(Debug)]
pub struct Joining {
    /// As the token names it.
    pub room: String,
    /// What stands on the tile.
    pub name: String,
    /// Given by the server, and signed here.
    pub sender: u16,
    /// Who it is.
    pub device: Device,
    /// The link that it came by, or, of a host, that others come by.
    pub link: Option<Link>,
    /// Makes this a host, who lets in everybody who is there.
    pub root: Option<Root>,
    /// Unix time in seconds, for its certificate.
    pub unix_seconds: u32,
}

/// What an agreement wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Pass this on.
    Say(To, String),
    /// Seal with this from now on.
    SealWith(BaseKey),
    /// Frames under this are opened from now on.
    OpenWith(BaseKey),
    /// Nothing of this sender is opened any more.
    Forget(u16),
}

/// See the module.
#[derive(Debug)]
pub struct Agreement {
    room: String,
    device: Device,
    hello: String,
    stay: Stay,
    sender: u16,
    link: Option<Link>,
    is_host: bool,
    /// What keys of this stay are sealed to; gone with it.
    ephemeral: PrivateKey,
    peers: BTreeMap<Stay, Peer>,
    map: BTreeMap<[u8; 32], Entry>,
    clock: u32,
    keys: SenderKeys,
    is_introduced: bool,
    beats: u32,
    beat_at: Option<Instant>,
    outputs: VecDeque<Output>,
}

impl Agreement {
    /// Says hello.
    pub fn join(joining: Joining) -> Self {
        let Joining { device, sender, .. } = joining;
        let ephemeral = PrivateKey::derived(&random());
        let certificate = joining.root.as_ref().map(|root| {
            root.certify(&Certificate {
                device: device.keys().id(),
                name: joining.name.clone(),
                not_before: joining.unix_seconds.into(),
                not_after: u64::from(joining.unix_seconds) + CERTIFIED_SECONDS,
            })
        });
        let hello = Message::Hello(Hello {
            room: joining.room.clone(),
            signing_key: device.keys().signing,
            agreement_key: device.keys().agreement,
            ephemeral_key: ephemeral.public_key(),
            sender,
            capabilities: 0,
            name: joining.name,
            certificate: certificate.unwrap_or_default(),
        });
        let mut agreement = Self {
            room: joining.room,
            hello: hello.write(device.sign()),
            stay: Hello::stay(&hello.body()),
            device,
            sender,
            link: joining.link,
            is_host: joining.root.is_some(),
            ephemeral,
            peers: BTreeMap::new(),
            map: BTreeMap::new(),
            clock: joining.unix_seconds,
            keys: SenderKeys::new(sender, random()),
            is_introduced: joining.root.is_some(),
            beats: 0,
            beat_at: None,
            outputs: VecDeque::new(),
        };
        agreement.say_hello(To::Everyone);
        if agreement.is_host {
            let (device, stay) = (agreement.device.keys().id().0, agreement.stay);
            agreement.decide(device, stay, sender, Verdict::Admitted);
            agreement
                .outputs
                .push_back(Output::SealWith(agreement.keys.current()));
        }
        agreement
    }

    /// Whether this very stay is a member.
    pub fn is_admitted(&self) -> bool {
        self.names(&self.device.keys().id().0, &self.stay, Verdict::Admitted)
    }

    /// Of somebody, by the server's number.
    pub fn handle_message(&mut self, from: u64, text: &str, now: Instant) {
        let Some(parsed) = Parsed::read(text) else {
            return;
        };
        if let Some((hello, stay)) = Hello::checked(&parsed, &self.room) {
            return self.meet(from, hello.clone(), stay);
        }
        let Some(author) = author(&parsed.message) else {
            return;
        };
        let is_signed = |peer: &&mut Peer| parsed.is_signed_by(&peer.hello.signing_key);
        let Some(peer) = self.peers.get_mut(&author).filter(is_signed) else {
            return;
        };
        peer.participant = from;
        self.read(author, parsed, now);
        self.settle(now);
    }

    /// The server says that somebody left.
    pub fn handle_left(&mut self, participant: u64, now: Instant) {
        let gone = self
            .peers
            .iter()
            .find(|(_, peer)| peer.participant == participant);
        if let Some(stay) = gone.map(|(stay, _)| *stay) {
            self.part(stay);
            self.settle(now);
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.beat_at.is_none_or(|at| at <= now) {
            self.beat(now);
        }
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.beat_at
    }

    /// What to do next.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// This stay is over.
    pub fn handle_bye(&mut self) {
        let bye = Message::Bye(Bye { from: self.stay });
        self.say(To::Everyone, &bye);
    }

    fn read(&mut self, author: Stay, parsed: Parsed, now: Instant) {
        match parsed.message.clone() {
            Message::Knock(knock) if knock.to == self.stay => self.read_knock(author, &knock, parsed),
            Message::Answer(answer) if answer.to == self.stay => self.read_answer(author, &answer, &parsed),
            Message::Open(open) if open.to == self.stay => self.read_open(author, &open),
            Message::Statement(statement) => self.read_statement(author, statement),
            Message::Key(key) if key.to == self.stay => self.read_key(author, &key),
            Message::Beat(beat) => self.read_beat(author, &beat, now),
            Message::Bye(_) => self.part(author),
            _ => {}
        }
    }

    fn read_statement(&mut self, author: Stay, statement: Statement) {
        let is_entitled = self
            .peers
            .get(&author)
            .is_some_and(|peer| peer.is_host && peer.is_present);
        if !is_entitled {
            return;
        }
        for entry in statement.entries {
            let known = self.map.get(&entry.device);
            if known.is_none_or(|known| (known.clock, known.verdict) < (entry.clock, entry.verdict)) {
                self.map.insert(entry.device, entry);
            }
        }
    }

    fn read_key(&mut self, author: Stay, key: &Key) {
        let Some(bytes) = open(&self.ephemeral, key) else {
            return;
        };
        let Some(peer) = self.peers.get_mut(&author) else {
            return;
        };
        let install = peer.take_key(BaseKey { kid: key.kid, bytes });
        self.outputs.extend(install.into_iter().map(Output::OpenWith));
        self.beat_soon();
    }

    fn read_beat(&mut self, author: Stay, beat: &Beat, now: Instant) {
        let own: [u8; 8] = short(&self.stay);
        let latest = self.keys.current().kid;
        let membership = self.membership();
        let Some(peer) = self
            .peers
            .get_mut(&author)
            .filter(|peer| peer.beat < beat.counter)
        else {
            return;
        };
        peer.beat = beat.counter;
        let install = peer.advance(beat.kid);
        let ours = beat.heard.iter().find(|heard| heard.stay == own);
        let lacks = ours.is_none_or(|heard| generation(heard.kid) != generation(latest) || heard.kid == 0);
        let is_told = ours.is_some();
        let may_repeat = peer.may_repeat(now);
        let (participant, is_member) = (peer.participant, peer.is_member);
        self.outputs.extend(install.into_iter().map(Output::OpenWith));
        if !may_repeat {
            return;
        }
        if !is_told {
            self.say_hello(To::Participant(participant));
        }
        if lacks && is_member {
            self.say_key(author);
        }
        if self.is_host && beat.membership != membership {
            let whole = self.statement();
            self.say(To::Participant(participant), &whole);
        }
    }

    fn part(&mut self, stay: Stay) {
        let Some(peer) = self.peers.remove(&stay) else {
            return;
        };
        if peer.is_member {
            self.outputs.push_back(Output::Forget(peer.hello.sender));
            self.renew();
        }
        let device = peer.hello.device().0;
        if self.is_host && self.names(&device, &stay, Verdict::Admitted) {
            self.decide(device, stay, peer.hello.sender, Verdict::Away);
        }
    }

    /// Who is a member by the map, and was none, gets a key; who was one loses all.
    fn settle(&mut self, now: Instant) {
        let is_in = self.is_admitted();
        if is_in && !self.is_introduced {
            self.is_introduced = true;
            self.say_hello(To::Members);
            self.outputs.push_back(Output::SealWith(self.keys.current()));
        }
        let belongs = |agreement: &Self, stay: &Stay, peer: &Peer| {
            is_in && agreement.names(&peer.hello.device().0, stay, Verdict::Admitted)
        };
        let peers = self.peers.iter();
        let changed: Vec<_> = peers
            .map(|(stay, peer)| (*stay, belongs(self, stay, peer), peer.is_member))
            .filter(|(_, belongs, is_member)| belongs != is_member)
            .collect();
        for (stay, ..) in changed.iter().filter(|(_, belongs, _)| !belongs) {
            self.dismiss(*stay);
        }
        if changed.iter().any(|(_, belongs, _)| !belongs) {
            self.renew();
        }
        let come: Vec<Stay> = changed
            .iter()
            .filter(|(_, belongs, _)| *belongs)
            .map(|(stay, ..)| *stay)
            .collect();
        if !come.is_empty() {
            self.keys.step();
            self.outputs.push_back(Output::SealWith(self.keys.current()));
        }
        for stay in come {
            self.welcome(stay);
        }
        if !changed.is_empty() {
            self.beat(now);
        }
    }

    fn welcome(&mut self, stay: Stay) {
        let Some(peer) = self.peers.get_mut(&stay) else {
            return;
        };
        peer.is_member = true;
        let participant = peer.participant;
        self.say_hello(To::Participant(participant));
        self.say_key(stay);
    }

    fn dismiss(&mut self, stay: Stay) {
        if let Some(peer) = self.peers.get_mut(&stay) {
            peer.is_member = false;
            peer.forget_keys();
            self.outputs.push_back(Output::Forget(peer.hello.sender));
        }
    }

    /// Random bytes that nobody before has had, to all who are left.
    fn renew(&mut self) {
        self.keys.renew(random());
        let members = self.peers.iter().filter(|(_, peer)| peer.is_member);
        for stay in members.map(|(stay, _)| *stay).collect::<Vec<_>>() {
            self.say_key(stay);
        }
        self.outputs.push_back(Output::SealWith(self.keys.current()));
    }

    fn say_key(&mut self, to: Stay) {
        let BaseKey { kid, bytes } = self.keys.current();
        let Some(peer) = self.peers.get(&to) else {
            return;
        };
        let participant = peer.participant;
        let sealed = seal(
            &peer.hello.ephemeral_key,
            &bytes,
            &info(&self.stay, &to),
            &kid.to_be_bytes(),
        );
        if let Some((enc, ct)) = sealed {
            let from = self.stay;
            self.say(
                To::Participant(participant),
                &Message::Key(Key {
                    from,
                    to,
                    kid,
                    enc,
                    ct,
                }),
            );
        }
    }

    /// A host's own decision.
    fn decide(&mut self, device: [u8; 32], stay: Stay, sender: u16, verdict: Verdict) {
        self.clock += 1;
        let clock = self.clock;
        self.map.insert(
            device,
            Entry {
                device,
                stay,
                sender,
                verdict,
                clock,
            },
        );
        let whole = self.statement();
        self.say(To::Members, &whole);
    }

    fn statement(&self) -> Message {
        Message::Statement(Statement {
            from: self.stay,
            entries: self.map.values().copied().collect(),
        })
    }

    fn beat(&mut self, now: Instant) {
        self.beat_at = Some(now + BEAT);
        if !self.is_admitted() {
            return;
        }
        self.beats += 1;
        let heard = self.peers.iter().filter(|(_, peer)| peer.is_member);
        let heard = heard.map(|(stay, peer)| Heard {
            stay: short(stay),
            counter: peer.beat,
            kid: peer.received(),
        });
        let beat = Message::Beat(Beat {
            from: self.stay,
            counter: self.beats,
            membership: self.membership(),
            kid: self.keys.current().kid,
            heard: heard.collect(),
        });
        self.say(To::Members, &beat);
    }

    fn beat_soon(&mut self) {
        // At once: the next timeout is due already.
        self.beat_at = None;
    }

    fn membership(&self) -> [u8; 32] {
        let length = u16::try_from(self.room.len()).unwrap_or(u16::MAX);
        let mut input = length.to_be_bytes().to_vec();
        input.extend(self.room.as_bytes());
        let admitted = self
            .map
            .values()
            .filter(|entry| entry.verdict == Verdict::Admitted);
        for entry in admitted {
            input.extend([&entry.device[..], &entry.stay, &entry.sender.to_be_bytes()].concat());
        }
        hash("membership", &[&input])
    }

    fn names(&self, device: &[u8; 32], stay: &Stay, verdict: Verdict) -> bool {
        let entry = self.map.get(device);
        entry.is_some_and(|entry| entry.stay == *stay && entry.verdict == verdict)
    }

    fn say_hello(&mut self, to: To) {
        self.outputs.push_back(Output::Say(to, self.hello.clone()));
    }

    fn say(&mut self, to: To, message: &Message) {
        let text = message.write(self.device.sign());
        self.outputs.push_back(Output::Say(to, text));
    }

    /// The upper 12 bits of all its KIDs.
    pub const fn sender(&self) -> u16 {
        self.sender
    }
}

fn author(message: &Message) -> Option<Stay> {
    Some(match message {
        Message::Hello(_) => return None,
        Message::Knock(knock) => knock.from,
        Message::Answer(answer) => answer.from,
        Message::Open(open) => open.from,
        Message::Statement(statement) => statement.from,
        Message::Key(key) => key.from,
        Message::Beat(beat) => beat.from,
        Message::Bye(bye) => bye.from,
        // programs take no part in recordings
        Message::Proposal(_) | Message::Consent(_) | Message::Capsule(_) => return None,
    })
}

fn short(stay: &Stay) -> [u8; 8] {
    std::array::from_fn(|at| stay[at])
}

const fn generation(kid: u32) -> u32 {
    kid >> 8 & 0xfff
}

fn open(ephemeral: &PrivateKey, key: &Key) -> Option<[u8; 32]> {
    let info = info(&key.from, &key.to);
    ephemeral.open(&(key.enc, key.ct), &info, &key.kid.to_be_bytes())
}

/// Keys are bound to both stays (SK-1.md, section 9).
fn info(from: &Stay, to: &Stay) -> Vec<u8> {
    labelled("sender key", &[from, to])
}

fn random() -> Secret {
    let mut bytes = [0; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the system gives random bytes");
    Secret(bytes)
}

const BEAT: Duration = Duration::from_secs(4);
const CERTIFIED_SECONDS: u64 = 24 * 3_600;

#[cfg(test)]
mod tests;
