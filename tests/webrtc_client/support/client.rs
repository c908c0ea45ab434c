//! A WHIP and WHEP client on the `webrtc` crate: a full stack that shares nothing with ours but SDP on the wire.
//!
//! Owns: one peer connection, its synthetic media and its HTTP session. Never does: trickle; it gathers first
//! and offers once.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_OPUS, MIME_TYPE_VP8};
use rtc::rtp;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use tokio::sync::{mpsc, watch};
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState,
    RTCPeerConnectionState, RTCSessionDescription, Registry, register_default_interceptors,
};

use super::media;

/// A packet that a client received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Sound or picture.
    pub(crate) kind: RtpCodecKind,
    /// From its header.
    pub(crate) ssrc: u32,
    /// From its header.
    pub(crate) sequence: u16,
    /// From its header.
    pub(crate) timestamp: u32,
    /// What [`media`] made, if it is that.
    pub(crate) payload: Bytes,
}

/// One peer connection, either way.
pub(crate) struct Client {
    peer: Arc<dyn PeerConnection>,
    observer: Observer,
    received: mpsc::Receiver<Received>,
    session: Option<Session>,
}

/// A client that publishes VP8 and Opus.
pub(crate) struct Publisher {
    client: Client,
    audio: Sender,
    video: Sender,
}

/// A WHIP or WHEP session, as its endpoint named it.
#[derive(Clone, Debug)]
struct Session {
    url: reqwest::Url,
    token: String,
}

impl Client {
    /// A client on an address of this machine.
    pub(crate) async fn new(address: IpAddr) -> Result<Self> {
        let mut engine = MediaEngine::default();
        engine.register_default_codecs()?;
        let registry = register_default_interceptors(Registry::new(), &mut engine)?;
        let (packets, received) = mpsc::channel(RECEIVED_PACKETS);
        let observer = Observer::new(packets);
        let peer = PeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_interceptor_registry(registry)
            .with_handler(Arc::new(observer.clone()))
            .with_udp_addrs(vec![(address, 0)])
            .build()
            .await?;
        Ok(Self {
            peer: Arc::new(peer),
            observer,
            received,
            session: None,
        })
    }

    /// A client with one place for sound and one for picture.
    pub(crate) async fn player(address: IpAddr) -> Result<Self> {
        let client = Self::new(address).await?;
        for kind in [RtpCodecKind::Audio, RtpCodecKind::Video] {
            let init = direction(RTCRtpTransceiverDirection::Recvonly);
            client.peer.add_transceiver_from_kind(kind, Some(init)).await?;
        }
        Ok(client)
    }

    /// Offers at a WHIP or WHEP endpoint (RFC 9725 §4.2) and takes its answer.
    pub(crate) async fn join(&mut self, endpoint: &str, token: &str) -> Result<()> {
        let offer = self.offer().await?;
        let response = http()?
            .post(endpoint)
            .bearer_auth(token)
            .header("content-type", "application/sdp")
            .body(offer)
            .send()
            .await?;
        let (status, at) = (response.status(), response.url().clone());
        let location = response.headers().get("location").cloned();
        let body = response.text().await?;
        if status != reqwest::StatusCode::CREATED {
            bail!("{status}: {body}");
        }
        let location = location.context("201 without a Location")?;
        self.session = Some(Session {
            url: at.join(location.to_str()?)?,
            token: token.to_owned(),
        });
        self.take_answer(body).await
    }

    /// Ends the HTTP session, if there is one, and the connection.
    pub(crate) async fn leave(self) -> Result<()> {
        if let Some(Session { url, token }) = &self.session {
            let response = http()?.delete(url.clone()).bearer_auth(token).send().await?;
            response.error_for_status()?;
        }
        Ok(self.peer.close().await?)
    }

    /// An offer with every candidate in it.
    pub(crate) async fn offer(&self) -> Result<String> {
        let offer = self.peer.create_offer(None).await?;
        self.describe(offer).await
    }

    /// Takes an answer.
    pub(crate) async fn take_answer(&self, answer: String) -> Result<()> {
        Ok(self
            .peer
            .set_remote_description(RTCSessionDescription::answer(answer)?)
            .await?)
    }

    /// Answers another client, with every candidate in it.
    pub(crate) async fn answer(&self, offer: String) -> Result<String> {
        self.peer
            .set_remote_description(RTCSessionDescription::offer(offer)?)
            .await?;
        let answer = self.peer.create_answer(None).await?;
        self.describe(answer).await
    }

    /// Returns once ICE and DTLS are up.
    pub(crate) async fn connected(&self) -> Result<()> {
        let mut state = self.observer.state.subscribe();
        let settled = |state: &RTCPeerConnectionState| {
            matches!(
                state,
                RTCPeerConnectionState::Connected | RTCPeerConnectionState::Failed
            )
        };
        let reached = *patience("a connection", state.wait_for(settled)).await??;
        match reached {
            RTCPeerConnectionState::Connected => Ok(()),
            other => Err(anyhow!("the connection is {other}")),
        }
    }

    /// The next packet, of any track, in the order of arrival.
    pub(crate) async fn receive(&mut self) -> Result<Received> {
        patience("a packet", self.received.recv())
            .await?
            .context("the connection is gone")
    }

    async fn describe(&self, description: RTCSessionDescription) -> Result<String> {
        let mut gathered = self.observer.gathered.subscribe();
        self.peer.set_local_description(description).await?;
        patience("candidates", gathered.wait_for(|gathered| *gathered)).await??;
        let local = self
            .peer
            .local_description()
            .await
            .context("no local description")?;
        Ok(local.sdp)
    }
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

    /// Sends a sound and a picture every 20 ms for as long as it is polled.
    pub(crate) async fn publish(&mut self) -> Result<()> {
        let mut clock = tokio::time::interval(PACKET_TIME);
        loop {
            clock.tick().await;
            self.audio.send(media::opus).await?;
            self.video.send(media::vp8).await?;
        }
    }

    /// See [`Client::leave`].
    pub(crate) async fn leave(self) -> Result<()> {
        self.client.leave().await
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
        let init = direction(RTCRtpTransceiverDirection::Sendonly);
        client
            .peer
            .add_transceiver_from_track(Arc::clone(&track) as Arc<dyn TrackLocal>, Some(init))
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

/// What the connection tells, turned into values that can be waited for.
#[derive(Clone)]
struct Observer {
    state: Arc<watch::Sender<RTCPeerConnectionState>>,
    gathered: Arc<watch::Sender<bool>>,
    packets: mpsc::Sender<Received>,
}

impl Observer {
    fn new(packets: mpsc::Sender<Received>) -> Self {
        Self {
            state: Arc::new(watch::Sender::new(RTCPeerConnectionState::New)),
            gathered: Arc::new(watch::Sender::new(false)),
            packets,
        }
    }
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Observer {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.gathered
            .send_replace(state == RTCIceGatheringState::Complete);
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.state.send_replace(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        tokio::spawn(collect(track, self.packets.clone()));
    }
}

/// Hands the packets of one track over; what nobody reads in time is dropped, as UDP would.
async fn collect(track: Arc<dyn TrackRemote>, packets: mpsc::Sender<Received>) {
    let kind = track.kind().await;
    while let Some(event) = track.poll().await {
        if let TrackRemoteEvent::OnRtpPacket(rtp::Packet { header, payload }) = event {
            let received = Received {
                kind,
                ssrc: header.ssrc,
                sequence: header.sequence_number,
                timestamp: header.timestamp,
                payload,
            };
            let _ = packets.try_send(received);
        }
    }
}

fn direction(direction: RTCRtpTransceiverDirection) -> RTCRtpTransceiverInit {
    RTCRtpTransceiverInit {
        direction,
        streams: vec![],
        send_encodings: vec![],
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

fn http() -> Result<reqwest::Client> {
    // reqwest is built without a provider of its own; an error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

async fn patience<T>(what: &'static str, future: impl Future<Output = T>) -> Result<T> {
    let waited = tokio::time::timeout(PATIENCE, future).await;
    waited.with_context(|| format!("no {what} after {PATIENCE:?}"))
}

/// The packet time of Opus in every browser, and a frame rate that makes as many pictures.
const PACKET_TIME: Duration = Duration::from_millis(20);

/// [`PACKET_TIME`] the other way round.
const PACKETS_A_SECOND: u32 = 50;

/// Far above what anything here takes, below what a person waits for a test that hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Packets kept for a test that is busy: ten seconds of sound and picture.
const RECEIVED_PACKETS: usize = 1000;
