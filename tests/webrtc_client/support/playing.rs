//! What a player got, held against what its publisher sent.
//!
//! Owns: the judgement of every packet. Never does: let a server change more than where the counting of a
//! source begins: RFC 3550 §5.1 for numbers and times, RFC 7741 §4.2 for pictures.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;

use super::client::{Client, Received, patience};
use super::media;

/// Enough to see two key frames, in less than a second.
pub(crate) const PACKETS: usize = 20;

/// The packets of both kinds, in the order of arrival.
pub(crate) struct Played {
    pub(crate) audio: Source,
    pub(crate) video: Source,
}

/// The packets of one kind.
pub(crate) struct Source {
    kind: RtpCodecKind,
    /// Ticks of the RTP clock from one packet to the next.
    step: u32,
    packets: Vec<(u64, Received)>,
}

impl Played {
    /// Receives so many of each kind, of which none may be missing.
    pub(crate) async fn receive(player: &mut Client, packets: usize) -> Result<Self> {
        let enough = |played: &Self| played.audio.len() >= packets && played.video.len() >= packets;
        let played = Self::until(player, enough).await?;
        played.audio.is_complete()?;
        played.video.is_complete()?;
        let mut counters = played.video.packets.iter().map(|(counter, _)| *counter);
        ensure!(counters.any(media::is_keyframe), "no key frame");
        Ok(played)
    }

    /// Receives until it is enough, whatever is missing.
    pub(crate) async fn until(player: &mut Client, mut enough: impl FnMut(&Self) -> bool) -> Result<Self> {
        let mut played = Self {
            audio: Source::new(RtpCodecKind::Audio, 960),
            video: Source::new(RtpCodecKind::Video, 1800),
        };
        let receive = async {
            while !enough(&played) {
                let received = player.receive().await?;
                match received.kind {
                    RtpCodecKind::Audio => played.audio.push(received)?,
                    _ => played.video.push(received)?,
                }
            }
            anyhow::Ok(())
        };
        patience("end of what is missing", receive).await??;
        Ok(played)
    }
}

impl Source {
    fn new(kind: RtpCodecKind, step: u32) -> Self {
        Self {
            kind,
            step,
            packets: Vec::new(),
        }
    }

    /// Packets received.
    pub(crate) fn len(&self) -> usize {
        self.packets.len()
    }

    /// The counters, in the order of arrival.
    pub(crate) fn counters(&self) -> Vec<u64> {
        self.packets.iter().map(|(counter, _)| *counter).collect()
    }

    /// By how much the sequence numbers differ from those sent.
    pub(crate) fn sequence_offset(&self) -> u16 {
        let (counter, received) = &self.packets[0];
        received.sequence.wrapping_sub(*counter as u16)
    }

    /// By how much the timestamps differ from those sent.
    pub(crate) fn timestamp_offset(&self) -> u32 {
        let (counter, received) = &self.packets[0];
        let sent = (*counter as u32).wrapping_mul(self.step);
        received.timestamp.wrapping_sub(sent)
    }

    /// By how much the picture ids differ from those sent.
    pub(crate) fn picture_offset(&self) -> u16 {
        let (counter, received) = &self.packets[0];
        media::picture_id_ahead(&received.payload, *counter)
    }

    fn push(&mut self, received: Received) -> Result<()> {
        let counter = media::counter(&received.payload).context("a payload without a counter")?;
        self.packets.push((counter, received.clone()));
        ensure!(
            received.payload == self.payload(counter),
            "not what was sent: {received:?}"
        );
        self.is_one_source()
    }

    /// What was sent, numbered as from the first packet on.
    fn payload(&self, counter: u64) -> Bytes {
        match self.kind {
            RtpCodecKind::Audio => media::opus(counter),
            _ => media::vp8_numbered(counter, self.picture_offset()),
        }
    }

    /// The last packet belongs to the first.
    fn is_one_source(&self) -> Result<()> {
        let ((_, first), Some((counter, last))) = (&self.packets[0], self.packets.last()) else {
            return Ok(());
        };
        let sequence = (*counter as u16).wrapping_add(self.sequence_offset());
        let timestamp = (*counter as u32)
            .wrapping_mul(self.step)
            .wrapping_add(self.timestamp_offset());
        ensure!(last.ssrc == first.ssrc, "another source: {last:?}");
        ensure!(last.sequence == sequence, "another number: {last:?}");
        ensure!(last.timestamp == timestamp, "another time: {last:?}");
        Ok(())
    }

    fn is_complete(&self) -> Result<()> {
        let counters = self.counters();
        let rising = counters.windows(2).all(|pair| pair[1] == pair[0] + 1);
        ensure!(rising, "not one after the other: {counters:?}");
        Ok(())
    }
}
