//! What stands between the network and the DTLS library, because plain `rtc-dtls` hangs for ever when one
//! of its datagrams is lost, and keeps whatever unauthenticated fragments it is given.
//!
//! Owns: reassembly of the client's handshake messages, so that the library sees each once, whole and in
//! order; the last flight, sent again when the client repeats itself or stays silent; and a bound on every
//! byte it keeps. Never does: decrypt, or know what a message means. Bytes in, bytes out.
//!
//! What passes: the five messages that a client with a certificate sends in the clear, one
//! ChangeCipherSpec after them, then protected records; once the handshake is complete, protected alerts
//! and application data only. A handshake record after that is a repeated Finished and is answered here.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use super::flight::Flight;
pub use super::reassembly::Message;
use super::reassembly::Reassembly;
use super::record::{self, Fragment, Record};
use crate::drop::Drop;

/// Something for the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A handshake message of epoch 0, and the record to feed.
    Message(Message, Vec<u8>),
    /// Another record to feed: the ChangeCipherSpec, or a protected one.
    Record(Vec<u8>),
    /// The client gave up: a fatal alert in the clear. Not authentic, but whoever can forge it at the
    /// client's own address can spoil the handshake in a dozen other ways.
    FatalAlert,
}

/// The machine. Feed it datagrams, poll it for what the library may see and for what goes out.
#[derive(Debug, Default)]
pub struct Guard {
    reassembly: Reassembly,
    /// Records of epoch 0 are numbered anew, so that the library's replay window never refuses one.
    next_record: u64,
    cipher_spec: CipherSpec,
    protected: VecDeque<Vec<u8>>,
    alerted: bool,
    established: bool,
    flight: Flight,
    transmits: VecDeque<Bytes>,
}

/// The library queues a ChangeCipherSpec that comes too early, without a bound: so it gets one, in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CipherSpec {
    #[default]
    Awaited,
    Arrived,
    Passed,
}

impl Guard {
    /// A guard before the first ClientHello.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one datagram apart. What of it may go on is polled by [`Self::poll_input`].
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) -> Result<(), Drop> {
        let mut result = Ok(());
        for record in record::records(datagram) {
            let handled = record.and_then(|record| self.handle_record(now, &record));
            result = result.and(handled);
        }
        result
    }

    /// The next thing that the library may see.
    pub fn poll_input(&mut self) -> Option<Input> {
        if std::mem::take(&mut self.alerted) {
            return Some(Input::FatalAlert);
        }
        if let Some(message) = self.reassembly.pop() {
            let sequence = self.next_record();
            let record = record::write_message(message.kind, message.sequence, sequence, &message.body);
            return Some(Input::Message(message, record));
        }
        if self.cipher_spec == CipherSpec::Arrived && self.reassembly.is_done() {
            self.cipher_spec = CipherSpec::Passed;
            let sequence = self.next_record();
            return Some(Input::Record(record::write_record(
                record::CHANGE_CIPHER_SPEC,
                sequence,
                &[1],
            )));
        }
        let may_pass = self.cipher_spec == CipherSpec::Passed;
        may_pass
            .then(|| self.protected.pop_front())
            .flatten()
            .map(Input::Record)
    }

    /// Takes the flight with which the library answered the messages so far: sent now, and kept.
    pub fn handle_flight(&mut self, now: Instant, datagrams: Vec<Bytes>) {
        self.transmits.extend(datagrams.iter().cloned());
        let answers = self.flight.end()..self.reassembly.next();
        // RFC 6347 §4.2.4: the HelloVerifyRequest and the last flight have no timer of ours; the client,
        // who waits for them, repeats what they answer.
        let timed = answers.start > 0 && !self.reassembly.is_done();
        self.flight = Flight::new(now, datagrams, answers);
        if timed {
            self.flight.arm(now);
        }
    }

    /// Whether every message that passed has been answered by a flight.
    pub fn has_answered(&self) -> bool {
        self.flight.end() == self.reassembly.next()
    }

    /// The library reports the handshake complete: from here on only protected data passes.
    pub fn handle_established(&mut self) {
        self.established = true;
        self.protected.clear();
        self.flight.disarm();
    }

    /// Sends a datagram that is no flight.
    pub fn transmit(&mut self, datagram: Bytes) {
        self.transmits.push_back(datagram);
    }

    /// The next datagram for the client.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.transmits.pop_front()
    }

    /// Sends the last flight again if it is time.
    pub fn handle_timeout(&mut self, now: Instant) {
        let datagrams = self.flight.handle_timeout(now);
        self.transmits.extend(datagrams.iter().cloned());
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.flight.poll_timeout()
    }

    /// The memory that the client's bytes take here; never more than [`MAX_BYTES`].
    pub fn bytes(&self) -> usize {
        self.reassembly.bytes() + self.protected.iter().map(Vec::len).sum::<usize>()
    }

    fn handle_record(&mut self, now: Instant, record: &Record<'_>) -> Result<(), Drop> {
        match (record.epoch, record.content) {
            (0, record::HANDSHAKE) => self.handle_plain(now, record.body),
            (0, record::CHANGE_CIPHER_SPEC) => self.handle_cipher_spec(),
            (0, record::ALERT) if !self.established => self.handle_alert(record.body),
            (1, record::HANDSHAKE) if self.established => self.handle_repeated_finished(now),
            (1, record::HANDSHAKE) => self.hold(record.bytes, MAX_FINISHED_BYTES),
            (1, record::ALERT | record::APPLICATION_DATA) if self.established => {
                self.hold(record.bytes, MAX_RECORD_BYTES)
            }
            (1, record::APPLICATION_DATA) => Err(Drop::NotConnected),
            // RFC 6347 §4.1: a record of an epoch that is not current is dropped. There is no third.
            _ => Err(Drop::MalformedDtls),
        }
    }

    fn handle_plain(&mut self, now: Instant, body: &[u8]) -> Result<(), Drop> {
        for fragment in record::fragments(body) {
            self.handle_fragment(now, &fragment?)?;
        }
        Ok(())
    }

    fn handle_fragment(&mut self, now: Instant, fragment: &Fragment<'_>) -> Result<(), Drop> {
        if fragment.sequence < self.reassembly.next() {
            let datagrams = self.flight.handle_repeat(now, fragment.sequence);
            self.transmits.extend(datagrams.iter().cloned());
            return Ok(());
        }
        self.reassembly.insert(fragment)?;
        self.flight.disarm();
        Ok(())
    }

    fn handle_cipher_spec(&mut self) -> Result<(), Drop> {
        if self.cipher_spec == CipherSpec::Awaited {
            self.cipher_spec = CipherSpec::Arrived;
        }
        Ok(())
    }

    fn handle_alert(&mut self, body: &[u8]) -> Result<(), Drop> {
        self.alerted |= body.first() == Some(&record::FATAL);
        Ok(())
    }

    /// Our last flight was lost. (Not checked for authenticity: it costs a datagram, sixteen times.)
    fn handle_repeated_finished(&mut self, now: Instant) -> Result<(), Drop> {
        let datagrams = self.flight.resend(now);
        self.transmits.extend(datagrams.iter().cloned());
        Ok(())
    }

    fn hold(&mut self, record: &[u8], limit: usize) -> Result<(), Drop> {
        if record.len() > limit || self.protected.len() == MAX_RECORDS {
            return Err(Drop::MalformedDtls);
        }
        self.protected.push_back(record.to_vec());
        Ok(())
    }

    fn next_record(&mut self) -> u64 {
        self.next_record += 1;
        self.next_record
    }
}

/// The longest protected Finished, in bytes: 61 with AES-GCM; clients may pad with the explicit nonce and MAC
/// of other suites.
const MAX_FINISHED_BYTES: usize = 256;

/// The longest protected record, in bytes: no datagram is longer than the path, and paths are Ethernet's.
const MAX_RECORD_BYTES: usize = 2048;

/// Records that wait: those of one datagram, or Finished messages that overtook what comes before them.
const MAX_RECORDS: usize = 8;

/// The bound of [`Guard::bytes`].
pub const MAX_BYTES: usize = super::reassembly::MAX_BYTES + MAX_RECORDS * MAX_RECORD_BYTES;

#[cfg(test)]
mod tests;
