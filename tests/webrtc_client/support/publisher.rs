//! A client that sends: synthetic media at the pace of real media.
//!
//! Owns: the tracks and their counters. Never does: react to feedback; the stack below resends, and a key
//! frame is never far.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_OPUS, MIME_TYPE_VP8};
use rtc::rtp;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;

use super::client::Client;
use super::media;

/// A client that publishes VP8 and Opus.
pub(crate) struct Publisher {
    client: Client,
    audio: Sender,
    video: Sender,
}

impl Publisher {
    /// A client with one source of sound and one of picture.
    pub(crate) async fn new(address: IpAddr) -> Result<Self> {
        let client = Client::new(address).await?;
        let audio = Sender::add(&client, RtpCodecKind::Audio).await?;
        let video = Sender::add(&client, RtpCodecKind::Video).await?;
        Ok(Self { client, audio, video })
    }

    /// The connection below.
    pub(crate) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Sends a sound and a picture every 20 ms until something else is done.
    pub(crate) async fn publish_until<T>(&mut self, done: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            ended = self.publish() => match ended? {},
            done = done => done,
        }
    }

    /// Sends so many more of each.
    pub(crate) async fn publish_some(&mut self, packets: usize) -> Result<()> {
        let mut clock = tokio::time::interval(PACKET_TIME);
        for _ in 0..packets {
            clock.tick().await;
            self.send().await?;
        }
        Ok(())
    }

    /// How many of each were sent, which is the counter of the next.
    pub(crate) fn sent(&self) -> u64 {
        self.audio.counter.max(self.video.counter)
    }

    /// See [`Client::leave`].
    pub(crate) async fn leave(self) -> Result<()> {
        self.client.leave().await
    }

    async fn publish(&mut self) -> Result<Infallible> {
        let mut clock = tokio::time::interval(PACKET_TIME);
        loop {
            clock.tick().await;
            self.send().await?;
        }
    }

    async fn send(&mut self) -> Result<()> {
        self.audio.send(media::opus).await?;
        self.video.send(media::vp8).await
    }
}

/// One local track and what comes next on it.
struct Sender {
    track: Arc<TrackLocalStaticRTP>,
    ssrc: u32,
    payload_type: u8,
    /// Ticks of the RTP clock in [`PACKET_TIME`].
    step: u32,
    counter: u64,
}

impl Sender {
    async fn add(client: &Client, kind: RtpCodecKind) -> Result<Self> {
        let (codec, ssrc) = (codec(kind), rand::random());
        let step = codec.clock_rate / PACKETS_A_SECOND;
        let coding = RTCRtpCodingParameters {
            ssrc: Some(ssrc),
            ..Default::default()
        };
        let encoding = RTCRtpEncodingParameters {
            rtp_coding_parameters: coding,
            codec,
            ..Default::default()
        };
        let name = kind.to_string();
        let track = MediaStreamTrack::new("stream".to_owned(), name.clone(), name, kind, vec![encoding]);
        let track = Arc::new(TrackLocalStaticRTP::new(track));
        client
            .add_track(Arc::clone(&track) as Arc<dyn TrackLocal>)
            .await?;
        Ok(Self {
            track,
            ssrc,
            payload_type: payload_type(kind),
            step,
            counter: 0,
        })
    }

    async fn send(&mut self, payload: fn(u64) -> Bytes) -> Result<()> {
        let header = rtp::Header {
            version: 2,
            marker: true,
            payload_type: self.payload_type,
            sequence_number: self.counter as u16,
            timestamp: (self.counter as u32).wrapping_mul(self.step),
            ssrc: self.ssrc,
            ..Default::default()
        };
        let payload = payload(self.counter);
        self.counter += 1;
        Ok(self.track.write_rtp(rtp::Packet { header, payload }).await?)
    }
}

fn codec(kind: RtpCodecKind) -> RTCRtpCodec {
    let (mime_type, clock_rate, channels) = match kind {
        RtpCodecKind::Audio => (MIME_TYPE_OPUS, 48_000, 2),
        _ => (MIME_TYPE_VP8, 90_000, 0),
    };
    RTCRtpCodec {
        mime_type: mime_type.to_owned(),
        clock_rate,
        channels,
        ..Default::default()
    }
}

/// Those of the default codecs, which the answerer has to keep: the number is the offerer's (RFC 3264 §6.1).
const fn payload_type(kind: RtpCodecKind) -> u8 {
    match kind {
        RtpCodecKind::Audio => 111,
        _ => 96,
    }
}

/// The packet time of Opus in every browser, and a frame rate that makes as many pictures.
const PACKET_TIME: Duration = Duration::from_millis(20);

/// [`PACKET_TIME`] the other way round.
const PACKETS_A_SECOND: u32 = 50;
