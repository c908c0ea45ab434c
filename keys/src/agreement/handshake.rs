//! Who is there, by hello, knock, answer and open (SK-1.md, section 6).
//!
//! Owns: the handshake of a guest with each host. Never does: let anybody in; a statement does.

use crate::certificate::Certificate;
use crate::gate::To;
use crate::hello::{Hello, Stay};
use crate::link::Link;
use crate::message::{Answer, Knock, Message, Open, Parsed, Verdict};
use crate::primitives::hash;

use super::Agreement;
use super::peers::Peer;

impl Agreement {
    /// A right hello: ours goes back, and a guest knocks at a host.
    pub(super) fn meet(&mut self, from: u64, hello: Hello, stay: Stay) {
        if stay == self.stay || self.peers.contains_key(&stay) {
            return;
        }
        let certificate = Certificate::read(&hello.certificate, hello.device());
        if certificate.is_none() && !hello.certificate.is_empty() {
            return;
        }
        let is_ours = |link: &Link| certificate.as_ref().is_none_or(|(_, root)| *root == link.root());
        if !self.link.as_ref().is_none_or(is_ours) {
            return;
        }
        let mut peer = Peer::new(hello, from, certificate.is_some());
        self.say_hello(To::Participant(from));
        if peer.is_host && !self.is_host {
            let knock = self.knock(&mut peer, stay);
            self.say(To::Participant(from), &knock);
        }
        self.peers.insert(stay, peer);
    }

    fn knock(&self, peer: &mut Peer, to: Stay) -> Message {
        let mut knock = Knock {
            from: self.stay,
            to,
            commitment: hash("commit", &[&peer.nonce, &self.stay, &to]),
            link: None,
        };
        if let Some(link) = &self.link {
            knock.prove(link);
        }
        let knock = Message::Knock(knock);
        peer.knock = Some(hash("knock hash", &[&knock.body()]));
        knock
    }

    pub(super) fn read_knock(&mut self, author: Stay, knock: &Knock, parsed: Parsed) {
        let (from, is_host) = (self.stay, self.is_host);
        let proven = self
            .link
            .as_ref()
            .is_none_or(|link| knock.link.is_none() || knock.proves(link));
        let Some(peer) = self
            .peers
            .get_mut(&author)
            .filter(|peer| is_host && proven && !peer.is_host)
        else {
            return;
        };
        let knocked = hash("knock hash", &[&parsed.body]);
        if peer.knock.is_some_and(|known| known != knocked) {
            return;
        }
        peer.knock = Some(knocked);
        peer.commitment = Some(knock.commitment);
        let (nonce, participant) = (peer.nonce, peer.participant);
        let answer = Message::Answer(Answer {
            from,
            to: author,
            knock: knocked,
            nonce,
        });
        peer.answer = Some(hash("answer hash", &[&answer.body()]));
        self.say(To::Participant(participant), &answer);
    }

    pub(super) fn read_answer(&mut self, author: Stay, answer: &Answer, parsed: &Parsed) {
        let from = self.stay;
        let Some(peer) = self.peers.get_mut(&author).filter(|peer| peer.is_host) else {
            return;
        };
        let answered = hash("answer hash", &[&parsed.body]);
        if peer.knock != Some(answer.knock) || peer.answer.is_some_and(|known| known != answered) {
            return;
        }
        peer.answer = Some(answered);
        peer.is_present = true;
        let open = Message::Open(Open {
            from,
            to: author,
            answer: answered,
            nonce: peer.nonce,
        });
        let participant = peer.participant;
        self.say(To::Participant(participant), &open);
    }

    pub(super) fn read_open(&mut self, author: Stay, open: &Open) {
        let own = self.stay;
        let Some(peer) = self.peers.get_mut(&author) else {
            return;
        };
        let commitment = hash("commit", &[&open.nonce, &author, &own]);
        if peer.answer != Some(open.answer) || peer.commitment != Some(commitment) || peer.is_present {
            return;
        }
        peer.is_present = true;
        let (device, sender, participant) = (peer.hello.device().0, peer.hello.sender, peer.participant);
        self.decide(device, author, sender, Verdict::Admitted);
        let whole = self.statement();
        self.say(To::Participant(participant), &whole);
    }
}
