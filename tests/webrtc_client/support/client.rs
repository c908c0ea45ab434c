//! A WHIP and WHEP client on the `webrtc` crate: a full stack that shares nothing with ours but SDP on the wire.
//!
//! Owns: one peer connection and its HTTP session. Never does: trickle; it gathers first
//! and offers once.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use rtc::rtp;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use tokio::sync::{mpsc, watch};
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState,
    RTCPeerConnectionState, RTCSessionDescription, Registry, register_default_interceptors,
};

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
    /// What [`super::media`] made, if it is that.
    pub(crate) payload: Bytes,
}

/// One peer connection, either way.
pub(crate) struct Client {
    peer: Arc<dyn PeerConnection>,
    observer: Observer,
    received: mpsc::Receiver<Received>,
    session: Option<Session>,
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
        let answer = self.post(endpoint, token).await?;
        self.take_answer(answer).await
    }

    /// Offers at an endpoint; what to make of its answer is the caller's.
    pub(crate) async fn post(&mut self, endpoint: &str, token: &str) -> Result<String> {
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
        Ok(body)
    }

    /// Ends the HTTP session, if there is one, and the connection.
    pub(crate) async fn leave(mut self) -> Result<()> {
        self.end().await?;
        self.hang_up().await
    }

    /// Ends the HTTP session, if there is one. The connection is not told.
    pub(crate) async fn end(&mut self) -> Result<()> {
        if let Some(Session { url, token }) = self.session.take() {
            let response = http()?.delete(url).bearer_auth(token).send().await?;
            response.error_for_status()?;
        }
        Ok(())
    }

    /// Ends the connection. The HTTP session is not told.
    pub(crate) async fn hang_up(self) -> Result<()> {
        Ok(self.peer.close().await?)
    }

    /// Adds a track to send.
    pub(crate) async fn add_track(&self, track: Arc<dyn TrackLocal>) -> Result<()> {
        let init = direction(RTCRtpTransceiverDirection::Sendonly);
        self.peer.add_transceiver_from_track(track, Some(init)).await?;
        Ok(())
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

    /// A packet that has come already.
    pub(crate) fn received(&mut self) -> Option<Received> {
        self.received.try_recv().ok()
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

/// For requests of a test's own; no proxy of the machine is asked.
pub(crate) fn http() -> Result<reqwest::Client> {
    // reqwest is built without a provider of its own; an error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

/// What takes longer than [`PATIENCE`] has failed.
pub(crate) async fn patience<T>(what: &'static str, future: impl Future<Output = T>) -> Result<T> {
    let waited = tokio::time::timeout(PATIENCE, future).await;
    waited.with_context(|| format!("no {what} after {PATIENCE:?}"))
}

/// Far above what anything here takes, below what a person waits for a test that hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Packets kept for a test that is busy: ten seconds of sound and picture.
const RECEIVED_PACKETS: usize = 1000;
