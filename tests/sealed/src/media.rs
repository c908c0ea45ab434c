//! The media of one member, without a socket: what it sends when, and what it makes of what comes.
//!
//! Owns: both sources, the seal, and the keys of the others. Never does: signaling.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rapport_client::handshake::ClientIdentity;
use rapport_seal::{BaseKey, Codec, Opener, Sealer, Trailer};
use rapport_sfu::id::{Mid, SenderIndex, Ssrc};
use rapport_sfu::parameters::IceCredentials;
use rapport_sfu::rtp::Header;
use rapport_sfu::rtp::rtcp::{self, Rtcp};

use crate::clip::Clip;
use crate::frames::{Assembler, vp8_payloads};
use crate::outbound::{Pace, Source};
use crate::random;
use crate::report::Report;
use crate::sdp::{Answer, Offer, Payload, SOUND_PT, VP8_PT};
use crate::tap::Tap;
use crate::transport::{Arrival, Transport};

/// What a member brings, before it has an answer.
pub(crate) struct Ready {
    identity: ClientIdentity,
    ice: IceCredentials,
    sound: Ssrc,
    picture: (Ssrc, Ssrc),
    clip: Clip,
    pictures: u32,
}

impl Ready {
    /// Shows `pictures` a second.
    pub(crate) fn new(identity: ClientIdentity, clip: usize, pictures: u32) -> Result<Self> {
        let ssrc = || random::bytes().map(|bytes| Ssrc(u32::from_be_bytes(bytes)));
        Ok(Self {
            identity,
            ice: IceCredentials {
                ufrag: random::hexadecimal(&random::bytes::<4>()?),
                pwd: random::hexadecimal(&random::bytes::<16>()?),
            },
            sound: ssrc()?,
            picture: (ssrc()?, ssrc()?),
            clip: Clip::of(clip)?,
            pictures,
        })
    }

    pub(crate) fn offer(&self, pairs: usize) -> String {
        let offer = Offer {
            ice: &self.ice,
            fingerprint: self.identity.fingerprint(),
            sound: self.sound,
            picture: self.picture,
            pairs,
        };
        offer.write()
    }

    /// Media towards the server that gave this answer.
    pub(crate) fn connect(
        self,
        answer: &Answer,
        (sealing, tap): (Sealing, Option<Tap>),
        now: Instant,
    ) -> Result<Media> {
        let mid = |mid| Mid::new(mid).context("a mid of one digit");
        let (picture, repair) = self.picture;
        Ok(Media {
            transport: Transport::new(self.identity, self.ice, answer.ice.clone(), self.sound, now),
            sound: Source::new(mid("0")?, SOUND_PT, self.sound, None),
            picture: Source::new(mid("1")?, VP8_PT, picture, Some(repair)),
            sound_pace: Pace::new(now, PACKET_TIME, 960),
            picture_pace: Pace::new(
                now,
                Duration::from_secs(1) / self.pictures,
                90_000 / self.pictures,
            ),
            position: 0,
            picture_id: 0,
            restarted: None,
            next_report: now,
            clip: self.clip,
            sealing,
            opener: Opener::default(),
            repairs: answer.repairs.clone(),
            assemblers: BTreeMap::new(),
            tap,
        })
    }
}

/// How frames leave.
pub(crate) enum Sealing {
    /// As they are, which no client of ours does.
    Clear,
    /// Sealed, as soon as there is a key.
    Sealed {
        sealer: Option<Sealer>,
        /// Of the first frame under each key.
        first_counter: u64,
        /// What stands where the ciphertext would is in the clear: the form is right, and nothing else.
        forges: bool,
    },
}

impl Sealing {
    /// Sends nothing before there is a key.
    pub(crate) const fn waiting(first_counter: u64) -> Self {
        Self::Sealed {
            sealer: None,
            first_counter,
            forges: false,
        }
    }

    /// Never seals anything, and looks as if.
    pub(crate) const fn forging() -> Self {
        Self::Sealed {
            sealer: None,
            first_counter: 0,
            forges: true,
        }
    }

    fn seal(&mut self, codec: Codec, frame: &[u8], captured: Duration) -> Result<Option<Vec<u8>>> {
        Ok(match self {
            Self::Clear => Some(frame.to_vec()),
            Self::Sealed { sealer: None, .. } => None,
            Self::Sealed {
                sealer: Some(sealer),
                forges,
                ..
            } => {
                let trailer = Trailer {
                    capture_micros: (BEGINNING + captured).as_micros() as u64,
                    ..Trailer::default()
                };
                let sealed = sealer.seal(codec, frame, &trailer)?;
                Some(if *forges {
                    forged(codec, frame, sealed)
                } else {
                    sealed
                })
            }
        })
    }
}

/// Media that flows, or is about to.
pub(crate) struct Media {
    transport: Transport,
    sound: Source,
    picture: Source,
    sound_pace: Pace,
    picture_pace: Pace,
    /// Of the clip's picture: which frame is next.
    position: usize,
    /// Of RFC 7741: 15 bits, of which the packetiser takes care.
    picture_id: u16,
    /// When the picture began anew at somebody's wish.
    restarted: Option<Instant>,
    next_report: Instant,
    clip: Clip,
    sealing: Sealing,
    opener: Opener,
    repairs: BTreeMap<Ssrc, Ssrc>,
    assemblers: BTreeMap<Ssrc, Assembler>,
    tap: Option<Tap>,
}

impl Media {
    /// Frames are sealed with this from now on, beginning with a key frame.
    pub(crate) fn seal_with(&mut self, key: &BaseKey) -> Result<()> {
        if let Sealing::Sealed {
            sealer,
            first_counter,
            ..
        } = &mut self.sealing
        {
            *sealer = Some(Sealer::new(key, *first_counter)?);
            self.position = 0;
        }
        Ok(())
    }

    /// Frames under this are opened from now on.
    pub(crate) fn open_with(&mut self, key: &BaseKey) -> Result<()> {
        Ok(self.opener.add(key)?)
    }

    /// Nothing of this sender is opened any more.
    pub(crate) fn forget(&mut self, sender: SenderIndex) {
        self.opener.forget(sender);
    }

    /// A datagram came. Returns a sender of whom nothing was opened before; fails when the tap's file does.
    pub(crate) fn handle_datagram(
        &mut self,
        now: Instant,
        datagram: &mut [u8],
        report: &mut Report,
    ) -> Result<Option<u16>> {
        let arrival = self.transport.handle_datagram(now, datagram);
        report.connected = self.transport.is_connected();
        if let (Some(tap), Some(arrival)) = (&mut self.tap, &arrival) {
            let (Arrival::Rtp(_, opened) | Arrival::Rtcp(opened)) = arrival;
            tap.keep(opened)?;
        }
        Ok(match arrival {
            Some(Arrival::Rtp(header, payload)) => self.handle_rtp(now, &header, &payload, report),
            Some(Arrival::Rtcp(packet)) => {
                self.handle_rtcp(now, &packet);
                None
            }
            None => None,
        })
    }

    /// Time has passed: sends what is due.
    pub(crate) fn handle_timeout(&mut self, now: Instant, report: &mut Report) -> Result<()> {
        self.transport.handle_timeout(now);
        if !self.transport.is_connected() {
            return Ok(());
        }
        while let Some(timestamp) = self.sound_pace.poll(now) {
            let at = (timestamp / 960) as usize % self.clip.sound.len();
            let Some(frame) =
                self.sealing
                    .seal(Codec::Opus, self.clip.sound[at], at_rate(timestamp, 48_000))?
            else {
                continue;
            };
            self.sound.send(&mut self.transport, timestamp, vec![frame]);
            report.sent += 1;
        }
        while let Some(timestamp) = self.picture_pace.poll(now) {
            let sealed = self.sealing.seal(
                Codec::Vp8,
                self.clip.picture[self.position],
                at_rate(timestamp, 90_000),
            )?;
            let Some(frame) = sealed else {
                continue;
            };
            let payloads = vp8_payloads(self.picture_id, &frame);
            self.picture.send(&mut self.transport, timestamp, payloads);
            self.picture_id = self.picture_id.wrapping_add(1);
            self.position = (self.position + 1) % self.clip.picture.len();
            report.sent += 1;
        }
        if self.next_report <= now {
            self.next_report = now + REPORT_INTERVAL;
            self.send_reports(now)?;
        }
        Ok(())
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub(crate) fn poll_timeout(&self) -> Instant {
        let transport = self.transport.poll_timeout();
        if !self.transport.is_connected() {
            return transport;
        }
        let media = self.sound_pace.due().min(self.picture_pace.due());
        media.min(self.next_report).min(transport)
    }

    /// The next datagram for the server.
    pub(crate) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.transport.poll_transmit()
    }

    fn handle_rtp(
        &mut self,
        now: Instant,
        header: &Header,
        payload: &[u8],
        report: &mut Report,
    ) -> Option<u16> {
        let (codec, ssrc, sequence, payload) = match Payload::of(header.payload_type)? {
            Payload::Media(codec) => (codec, header.ssrc, header.sequence, payload),
            Payload::Repair(codec) => {
                // RFC 4588 §4: the original sequence number, then the original payload.
                let (sequence, payload) = payload.split_first_chunk()?;
                let ssrc = *self.repairs.get(&header.ssrc)?;
                (codec, ssrc, u16::from_be_bytes(*sequence), payload)
            }
        };
        let index = self.transport.number(now, ssrc, sequence)?;
        let assembler = self.assemblers.entry(ssrc).or_default();
        let frame = assembler.handle_packet(index, codec, header.marker, payload)?;
        let opened = self
            .opener
            .open(codec, &frame)
            .map(|opened| opened.kid.sender().0);
        let sender = opened.as_ref().ok().copied();
        report.count(codec, opened).then_some(sender).flatten()
    }

    fn handle_rtcp(&mut self, now: Instant, packet: &[u8]) {
        for report in rtcp::parse(packet).flatten() {
            match report {
                Rtcp::Pli { media, .. } => self.restart(now, media),
                Rtcp::Fir { entries, .. } => entries.for_each(|(media, _)| self.restart(now, media)),
                Rtcp::Nack { media, items, .. } => {
                    let sources = [&mut self.sound, &mut self.picture];
                    let Some(source) = sources.into_iter().find(|source| source.ssrc == media) else {
                        continue;
                    };
                    items.for_each(|sequence| source.repair(&mut self.transport, sequence));
                }
                _ => {}
            }
        }
    }

    /// The clip's only key frame is its first.
    fn restart(&mut self, now: Instant, media: Ssrc) {
        let rested = self
            .restarted
            .is_none_or(|at| now.duration_since(at) > RESTART_INTERVAL);
        if media == self.picture.ssrc && rested {
            (self.position, self.restarted) = (0, Some(now));
        }
    }

    fn send_reports(&mut self, now: Instant) -> Result<()> {
        let unix = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        for (source, pace) in [
            (&self.sound, &self.sound_pace),
            (&self.picture, &self.picture_pace),
        ] {
            let mut packet = Vec::new();
            let info = source.report(unix, pace.clock(now));
            rtcp::sender_report(&mut packet, source.ssrc, info, &[], "synthetic");
            self.transport.send_rtcp(packet);
        }
        Ok(())
    }
}

/// Of each packet of sound.
const PACKET_TIME: Duration = Duration::from_millis(20);

/// Browsers report about once a second.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// So that the picture goes on, however many ask for a new one.
const RESTART_INTERVAL: Duration = Duration::from_millis(300);

/// A sealed frame with its ciphertext replaced by what a decoder would show.
fn forged(codec: Codec, frame: &[u8], mut sealed: Vec<u8>) -> Vec<u8> {
    let prefix = match codec {
        Codec::Opus => 1,
        _ if frame[0] & 1 == 0 => 10,
        _ => 3,
    };
    // RFC 9605 §4.3: X KKK Y CCC, and the numbers that do not fit there
    let long = |nibble: u8| {
        if nibble & 8 == 0 {
            0
        } else {
            usize::from(nibble & 7) + 1
        }
    };
    let config = sealed[prefix];
    let body = prefix + 1 + long(config >> 4) + long(config & 0x0f);
    let shown = &frame[prefix..];
    let fits = shown.len().min(sealed.len() - body);
    sealed[body..body + fits].copy_from_slice(&shown[..fits]);
    sealed
}

/// Where the clock of these members stands when their media begins, since 1970: they have no other.
const BEGINNING: Duration = Duration::from_secs(1_700_000_000);

/// How long after the beginning a timestamp is.
fn at_rate(timestamp: u32, ticks_per_second: u32) -> Duration {
    Duration::from_secs(timestamp.into()) / ticks_per_second
}

#[cfg(test)]
mod tests;
