//! Data channels: SCTP over DTLS (RFC 8831, RFC 8261) and their opening (RFC 8832).
//!
//! Owns: one client's association, which the client starts, and the channels that it opens: they are
//! accepted, messages come out as events, and messages go in by label. Never does: open a channel, or know
//! who else is in the room.
//!
//! `rtc-sctp` and `rtc-datachannel` do the protocol. `window` stands before them, because they would keep
//! more than a server may, and panic on some of what `packet` refuses. The serial numbers of `rtc-sctp` wrap
//! by plain addition, so it is built without overflow checks (see Cargo.toml). A repeated INIT is answered
//! here: the library would make a second association of it, and the client, who holds the cookie of the
//! first, could never complete either.

mod association;
mod channel;
mod message;
mod packet;
mod window;

use std::collections::VecDeque;
use std::fmt;
use std::time::Instant;

use bytes::Bytes;
use rtc_datachannel::data_channel::DataChannel;
use rtc_datachannel::message::Message as Control;
use rtc_datachannel::message::message_channel_ack::DataChannelAck;
use rtc_datachannel::message::message_channel_open::DataChannelOpen;
use rtc_sctp::{Chunks, Event, PayloadProtocolIdentifier as Protocol, StreamEvent};
use rtc_shared::marshal::{Marshal, Unmarshal};

use self::association::Open;
use self::channel::Channels;
use self::message::{decode, encode};
use self::packet::Chunk;
use self::window::Verdict;
use crate::command::Message;
use crate::drop::Drop;
use crate::parameters::DataChannelParameters;

/// What happened on the channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SctpEvent {
    /// The client opened a channel.
    Opened {
        /// Its name, unique among the client's open channels.
        label: String,
    },
    /// A message arrived.
    Message {
        /// On which channel.
        label: String,
        /// What.
        message: Message,
    },
    /// A channel is gone: the client closed it, broke a rule, or lost the association.
    Closed {
        /// Which.
        label: String,
    },
}

/// One client's data channels.
pub struct Sctp {
    max_message_bytes: usize,
    phase: Phase,
    channels: Channels,
    transmits: VecDeque<Bytes>,
    events: VecDeque<SctpEvent>,
}

enum Phase {
    /// No INIT yet.
    Idle,
    Open(Box<Open>),
    /// Aborted or shut down. Browsers start anew with a new transport only.
    Ended,
}

impl Sctp {
    /// Waits for a client with these parameters.
    pub fn new(parameters: DataChannelParameters) -> Self {
        // RFC 8841 §6.1: zero means that the client takes messages of any size.
        let theirs = match parameters.max_message_bytes {
            0 => usize::MAX,
            bytes => usize::try_from(bytes).unwrap_or(usize::MAX),
        };
        Self {
            max_message_bytes: theirs.min(MAX_MESSAGE_BYTES),
            phase: Phase::Idle,
            channels: Channels::default(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Takes one packet out of DTLS.
    pub fn handle_datagram(&mut self, now: Instant, packet: &[u8]) -> Result<(), Drop> {
        let mut chunks = packet::chunks(packet)?;
        match chunks.clone().next() {
            Some(first) if first.kind == packet::INIT => self.handle_init(now, packet, &first),
            Some(_) => self.handle_packet(now, packet, &mut chunks),
            None => Err(Drop::MalformedSctp),
        }
    }

    /// The next packet, to be sent by DTLS.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Bytes> {
        if self.transmits.is_empty()
            && let Phase::Open(open) = &mut self.phase
        {
            self.transmits.extend(open.transmits(now));
            // Abandoning what is too old to send, the library reports here as well.
            let _ = self.handle_events(now);
        }
        self.transmits.pop_front()
    }

    /// What happened.
    pub fn poll_event(&mut self) -> Option<SctpEvent> {
        self.events.pop_front()
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Open(open) => open.association.poll_timeout(),
            Phase::Idle | Phase::Ended => None,
        }
    }

    /// Lets what is due happen: retransmissions, late acknowledgements.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Phase::Open(open) = &mut self.phase {
            open.association.handle_timeout(now);
            let _ = self.handle_events(now);
        }
    }

    /// The client has a channel of this name open.
    pub fn is_open(&self, label: &str) -> bool {
        self.channels.stream(label).is_some()
    }

    /// Sends a message on the client's channel of this label.
    pub fn send(&mut self, now: Instant, label: &str, message: &Message) -> Result<(), Drop> {
        let stream = self.channels.stream(label).ok_or(Drop::NoSuchChannel)?;
        let (protocol, bytes) = encode(message);
        if bytes.len() > self.max_message_bytes {
            return Err(Drop::TooLong);
        }
        if !self.channels.has_room(bytes.len()) {
            return Err(Drop::ChannelFull);
        }
        self.write(now, stream, &bytes, protocol)
    }

    fn handle_init(&mut self, now: Instant, packet: &[u8], init: &Chunk<'_>) -> Result<(), Drop> {
        let tag = init.long(0).ok_or(Drop::MalformedSctp)?;
        match &self.phase {
            Phase::Open(open) if open.initiate_tag == tag && !open.established => {
                self.transmits.extend(open.init_ack.iter().cloned());
                Ok(())
            }
            // RFC 9260 §5.2.2 would let a peer restart. No browser does, and a stray INIT must not.
            Phase::Open(open) if open.established => Err(Drop::MalformedSctp),
            Phase::Ended => Err(Drop::NotConnected),
            Phase::Idle | Phase::Open(_) => self.open(now, packet, init),
        }
    }

    fn open(&mut self, now: Instant, packet: &[u8], init: &Chunk<'_>) -> Result<(), Drop> {
        let mut open = Open::new(now, packet, init).ok_or(Drop::MalformedSctp)?;
        open.init_ack = open.transmits(now);
        self.transmits.extend(open.init_ack.iter().cloned());
        self.phase = Phase::Open(Box::new(open));
        Ok(())
    }

    fn handle_packet<'a>(
        &mut self,
        now: Instant,
        packet: &[u8],
        chunks: &mut (impl Iterator<Item = Chunk<'a>> + Clone),
    ) -> Result<(), Drop> {
        let Phase::Open(open) = &mut self.phase else {
            return Err(Drop::NotConnected);
        };
        let handled = match open.window.check(chunks) {
            Ok(()) => open.handle(now, packet),
            Err(Verdict::Refuse) => return Err(Drop::MalformedSctp),
            Err(Verdict::Abort) => open.abort(),
            Err(Verdict::Aborted) => open.close(),
        };
        let reported = self.handle_events(now);
        handled.and(reported)
    }

    /// Applies what the library reports; the first thing wrong with it is the answer.
    fn handle_events(&mut self, now: Instant) -> Result<(), Drop> {
        let mut result = Ok(());
        while let Some(event) = self.poll_association() {
            let handled = self.handle_event(now, &event);
            result = result.and(handled);
        }
        self.end_if_closed(now);
        result
    }

    fn poll_association(&mut self) -> Option<Event> {
        match &mut self.phase {
            Phase::Open(open) => open.association.poll(),
            Phase::Idle | Phase::Ended => None,
        }
    }

    fn handle_event(&mut self, now: Instant, event: &Event) -> Result<(), Drop> {
        match event {
            Event::Connected => self.handle_established(),
            Event::Stream(StreamEvent::Readable { id }) => return self.read(now, *id),
            Event::Stream(StreamEvent::BufferedAmountReleased { id, n_bytes }) => {
                self.channels.handle_released(*id, *n_bytes);
            }
            Event::AssociationLost { id, .. } => self.handle_closed(*id),
            _ => {}
        }
        Ok(())
    }

    fn handle_established(&mut self) {
        if let Phase::Open(open) = &mut self.phase {
            open.established = true;
        }
    }

    fn handle_closed(&mut self, stream: u16) {
        if let Some(label) = self.channels.close(stream) {
            self.events.push_back(SctpEvent::Closed { label });
        }
    }

    /// Before it is established an association counts as closed as well.
    fn end_if_closed(&mut self, now: Instant) {
        if let Phase::Open(open) = &mut self.phase
            && open.established
            && open.association.is_closed()
        {
            self.transmits.extend(open.transmits(now));
            self.phase = Phase::Ended;
        }
    }

    fn read(&mut self, now: Instant, stream: u16) -> Result<(), Drop> {
        let mut result = Ok(());
        while let Some(chunks) = self.read_message(stream) {
            let handled = self.handle_message(now, stream, &chunks);
            if handled.is_err() {
                self.close_stream(now, stream);
            }
            result = result.and(handled);
        }
        result
    }

    fn read_message(&mut self, stream: u16) -> Option<Chunks> {
        let Phase::Open(open) = &mut self.phase else {
            return None;
        };
        open.read(stream)
    }

    fn handle_message(&mut self, now: Instant, stream: u16, chunks: &Chunks) -> Result<(), Drop> {
        let bytes = chunks
            .to_payload(MAX_MESSAGE_BYTES)
            .map_err(|_| Drop::TooLong)?
            .freeze();
        if chunks.ppi == Protocol::Dcep {
            return self.handle_control(now, stream, &bytes);
        }
        let label = self.channels.label(stream).ok_or(Drop::NoSuchChannel)?.to_owned();
        let message = decode(chunks.ppi, bytes)?;
        self.events.push_back(SctpEvent::Message { label, message });
        Ok(())
    }

    fn handle_control(&mut self, now: Instant, stream: u16, mut bytes: &[u8]) -> Result<(), Drop> {
        // RFC 8832 §8.2.1 assigns two types. The library reads 0 and 1 as well, for itself, and panics on a short 0.
        if !matches!(bytes.first(), Some(&(DCEP_ACK | DCEP_OPEN))) {
            return Err(Drop::MalformedSctp);
        }
        match Control::unmarshal(&mut bytes) {
            Ok(Control::DataChannelOpen(open)) => self.handle_open(now, stream, &open),
            // RFC 8832 §5.2: an acknowledgement answers an OPEN, and we send none. Harmless.
            Ok(Control::DataChannelAck(_)) => Ok(()),
            _ => Err(Drop::MalformedSctp),
        }
    }

    fn handle_open(&mut self, now: Instant, stream: u16, open: &DataChannelOpen) -> Result<(), Drop> {
        let label = std::str::from_utf8(&open.label).map_err(|_| Drop::MalformedSctp)?;
        if label.len() > MAX_LABEL_BYTES || !self.channels.open(stream, label) {
            return Err(Drop::MalformedSctp);
        }
        self.set_reliability(stream, open);
        // Before the acknowledgement, which fails where the client is leaving: what is closed then was open.
        self.events.push_back(SctpEvent::Opened {
            label: label.to_owned(),
        });
        self.acknowledge(now, stream)
    }

    /// RFC 8832 §5.1: both directions of a channel have the same reliability.
    fn set_reliability(&mut self, stream: u16, open: &DataChannelOpen) {
        let (unordered, reliability) = DataChannel::get_reliability_params(open.channel_type);
        if let Phase::Open(association) = &mut self.phase
            && let Ok(mut stream) = association.association.stream(stream)
        {
            let _ = stream.set_reliability_params(unordered, reliability, open.reliability_parameter);
        }
    }

    fn acknowledge(&mut self, now: Instant, stream: u16) -> Result<(), Drop> {
        let ack = Control::DataChannelAck(DataChannelAck)
            .marshal()
            .map_err(|_| Drop::MalformedSctp)?;
        self.write(now, stream, &ack.freeze(), Protocol::Dcep)
    }

    fn write(&mut self, now: Instant, stream: u16, bytes: &Bytes, protocol: Protocol) -> Result<(), Drop> {
        let Phase::Open(open) = &mut self.phase else {
            return Err(Drop::NotConnected);
        };
        let written = open
            .association
            .stream(stream)
            .and_then(|mut stream| stream.write_chunk_with_ppi(now, bytes, protocol));
        written.map_err(|_| Drop::NoSuchChannel)?;
        self.channels.handle_sent(stream, bytes.len());
        Ok(())
    }

    /// RFC 8831 §6.7: a channel is closed by resetting its stream; the client then resets its own.
    fn close_stream(&mut self, now: Instant, stream: u16) {
        if let Phase::Open(open) = &mut self.phase
            && let Ok(mut stream) = open.association.stream(stream)
        {
            let _ = stream.close(now);
        }
        self.handle_closed(stream);
    }
}

impl fmt::Debug for Sctp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sctp")
            .field("channels", &self.channels)
            .finish_non_exhaustive()
    }
}

/// The largest message either way, in bytes: what RFC 8841 §6.1 has a client expect when nothing is said.
pub const MAX_MESSAGE_BYTES: usize = 64 << 10;

/// DATA_CHANNEL_ACK and DATA_CHANNEL_OPEN (RFC 8832 §8.2.1).
const DCEP_ACK: u8 = 2;
const DCEP_OPEN: u8 = 3;

/// The longest label, in bytes. Labels are names, not messages.
const MAX_LABEL_BYTES: usize = 256;

#[cfg(test)]
mod tests;
