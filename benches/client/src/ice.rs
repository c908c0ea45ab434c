//! The controlling side of ICE: one check, repeated until it is answered and then for consent.
//!
//! Not every lite server leaves it at answering: Pion checks back when it is nominated, and goes on when that
//! is answered, too.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rapport_sfu::parameters::IceCredentials;
use rapport_sfu::transport::ice::stun;
use rtc_dtls::crypto_provider::RTCCrypto;
use rtc_stun::attributes::{ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter, TransactionId};
use rtc_stun::textattrs::TextAttribute;
use rtc_stun::xoraddr::XorMappedAddress;

/// A controlling agent with one candidate pair.
pub struct Checker {
    local: IceCredentials,
    remote: IceCredentials,
    next_check: Instant,
    /// The server answered once: it is reachable, and knows the password.
    pub answered: bool,
    checks: u64,
}

impl Checker {
    /// An agent that begins at once.
    pub fn new(local: IceCredentials, remote: IceCredentials, now: Instant) -> Self {
        Self {
            local,
            remote,
            next_check: now,
            answered: false,
            checks: 0,
        }
    }

    /// Goes on with new credentials.
    pub fn restart(&mut self, local: IceCredentials, remote: IceCredentials, now: Instant) {
        (self.local, self.remote, self.next_check) = (local, remote, now);
    }

    /// A STUN message of the server's came.
    pub fn handle_reply(&mut self, message: &[u8]) {
        // RFC 8489 §5: class success, method binding.
        self.answered |= message.starts_with(&[0x01, 0x01]);
    }

    /// Answers a check that came from the server's address; nothing else is answered.
    pub fn answer(&self, message: &[u8], server: SocketAddr, crypto: &dyn RTCCrypto) -> Option<Vec<u8>> {
        let check = stun::parse(message).filter(stun::Message::is_binding_request)?;
        if !check.is_authentic(&stun::Key::new(&self.local.pwd)) {
            return None;
        }
        let mapped = XorMappedAddress {
            ip: server.ip(),
            port: server.port(),
        };
        let id = TransactionId(*check.transaction());
        Some(signed(
            &[Box::new(id), Box::new(BINDING_SUCCESS), Box::new(mapped)],
            &self.local.pwd,
            crypto,
        ))
    }

    /// When [`Self::poll_check`] wants to be called.
    pub fn poll_timeout(&self) -> Instant {
        self.next_check
    }

    /// The next check, when it is time.
    pub fn poll_check(&mut self, now: Instant, crypto: &dyn RTCCrypto) -> Option<Vec<u8>> {
        if now < self.next_check {
            return None;
        }
        self.next_check = now + if self.answered { CONSENT } else { RETRY };
        self.checks += 1;
        Some(self.request(crypto))
    }

    fn request(&self, crypto: &dyn RTCCrypto) -> Vec<u8> {
        let username = format!("{}:{}", self.remote.ufrag, self.local.ufrag);
        let mut id = TransactionId::default();
        id.0[..8].copy_from_slice(&self.checks.to_be_bytes());
        let setters: [Box<dyn Setter + '_>; 4] = [
            Box::new(id),
            Box::new(BINDING_REQUEST),
            Box::new(TextAttribute::new(ATTR_USERNAME, username)),
            Box::new(Priorities),
        ];
        signed(&setters, &self.remote.pwd, crypto)
    }
}

/// A message of these attributes, which proves to the other side that its writer knows the password.
fn signed(setters: &[Box<dyn Setter + '_>], password: &str, crypto: &dyn RTCCrypto) -> Vec<u8> {
    let integrity = MessageIntegrity::new_short_term_integrity_with_provider(password.to_owned(), crypto);
    let mut message = Message::new();
    message.build(setters).expect("a message of known attributes");
    integrity
        .add_to(&mut message)
        .expect("integrity comes before the fingerprint");
    FINGERPRINT.add_to(&mut message).expect("a fingerprint fits");
    message.raw
}

/// What the controlling agent says of its only pair.
struct Priorities;

impl Setter for Priorities {
    fn add_to(&self, message: &mut Message) -> rtc_shared::error::Result<()> {
        message.add(ATTR_PRIORITY, &0x6e00_1eff_u32.to_be_bytes());
        message.add(ATTR_ICE_CONTROLLING, &[7; 8]);
        message.add(ATTR_USE_CANDIDATE, &[]);
        Ok(())
    }
}

/// Libwebrtc checks consent about every 2.5 s.
const CONSENT: Duration = Duration::from_millis(2_500);

/// RFC 8445 §14.3: half a second is the retransmission timeout of a single pair.
const RETRY: Duration = Duration::from_millis(100);
