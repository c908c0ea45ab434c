//! The guard before the DTLS library.

use std::time::Instant;

use bytes::Bytes;
use rapport_sfu::transport::dtls::guard::{Guard, Input, MAX_BYTES};

use crate::script::{Step, steps};
use crate::stun::START;

/// The guard keeps no more than it says; passes each message once, in order, and what is protected after them; and
/// sends a flight a bounded number of times.
///
/// The library is played by rule: it answers each message with a flight, or is done when a step says so.
pub fn dtls_guard(script: &[u8]) {
    let mut now = *START;
    let mut trial = Trial::default();
    for step in steps(script) {
        now += step.pause();
        trial.handle_timeout(now);
        trial.handle_step(now, &step);
        trial.settle();
    }
}

#[derive(Default)]
struct Trial {
    guard: Guard,
    messages: u16,
    cipher_specs: usize,
    established: bool,
    flights: usize,
    sent: usize,
}

impl Trial {
    fn handle_timeout(&mut self, now: Instant) {
        self.guard.handle_timeout(now);
        let next = self.guard.poll_timeout();
        assert!(next.is_none_or(|next| next > now), "a timer that never rests");
    }

    fn handle_step(&mut self, now: Instant, step: &Step<'_>) {
        let _ = self.guard.handle_datagram(now, step.bytes);
        assert!(self.guard.bytes() <= MAX_BYTES, "{} bytes", self.guard.bytes());
        if step.is(STALL) {
            return;
        }
        while let Some(input) = self.guard.poll_input() {
            self.handle_input(now, input);
        }
        if step.is(ESTABLISH) && self.cipher_specs == 1 {
            self.established = true;
            self.guard.handle_established();
        }
    }

    fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Message(message, record) => {
                assert_eq!(message.sequence, self.messages, "out of order");
                assert!(record.len() <= message.body.len() + 25);
                self.messages += 1;
                self.flights += 1;
                self.guard.handle_flight(now, vec![FLIGHT]);
                assert!(self.guard.has_answered());
            }
            Input::Record(record) if record[0] == CHANGE_CIPHER_SPEC => {
                assert_eq!(self.messages, MESSAGES, "before the messages");
                self.cipher_specs += 1;
            }
            Input::Record(record) => {
                assert_eq!((self.cipher_specs, record[4]), (1, 1), "epoch 1 has not begun");
                assert!(
                    !self.established || record[0] != HANDSHAKE,
                    "a handshake after its end"
                );
            }
            Input::FatalAlert => assert!(!self.established, "a forged alert"),
        }
        assert!(self.messages <= MESSAGES && self.cipher_specs <= 1);
    }

    /// Each flight goes out once and at most sixteen times more.
    fn settle(&mut self) {
        self.sent += std::iter::from_fn(|| self.guard.poll_transmit()).count();
        assert!(
            self.sent <= self.flights * 17,
            "{} of {}",
            self.sent,
            self.flights
        );
    }
}

const FLIGHT: Bytes = Bytes::from_static(&[22; 900]);

/// Two ClientHellos, Certificate, ClientKeyExchange, CertificateVerify.
const MESSAGES: u16 = 5;

// RFC 5246 §6.2.1.
const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;

/// The library does not read what has come, yet.
pub(crate) const STALL: u8 = 1;
/// The library has completed the handshake, if it can have.
pub(crate) const ESTABLISH: u8 = 2;
