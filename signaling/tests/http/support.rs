//! A server on a port of its own, and what the tests say to it.

use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use bytes::Bytes;
use rapport_config::Config;
use rapport_sfu::command::Command;
use rapport_sfu::event::Event;
use rapport_sfu::id::{ParticipantId, TapId, TrackId};
use rapport_sfu::parameters::Fingerprint;
use rapport_sfu::subscription::tap::TapPacket;
use rapport_signaling::auth::{Claims, Keys, unix_now};
use rapport_signaling::media::{Endpoint, Lane, Plane};
use rapport_signaling::plugin::Plugin;
use rapport_signaling::{Server, load_keys};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

pub(crate) const PUBLISH: &str = include_str!("../../src/sdp/offers/chromium-publish.sdp");
pub(crate) const PLAY: &str = include_str!("../../src/sdp/offers/chromium-play.sdp");
pub(crate) const SDP: &str = "application/sdp";
pub(crate) const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// Long enough for a machine that does much else at the same time.
const PATIENCE: Duration = Duration::from_secs(20);

/// The configuration of most tests; a test puts its own lines before it.
const CONFIG: &str = r#"
[[auth.secrets]]
id = "main"
secret = "an HS256 secret of 32 bytes, yes"
"#;

/// A server, and the far ends of its media plane.
pub(crate) struct Rig {
    pub server: Server,
    pub client: reqwest::Client,
    pub keys: Keys,
    pub commands: mpsc::Receiver<Command>,
    pub events: mpsc::Sender<Event>,
    pub taps: mpsc::Sender<TapPacket>,
}

pub(crate) async fn rig() -> Rig {
    rig_with("", Vec::new()).await
}

pub(crate) async fn rig_with(extra: &str, plugins: Vec<Box<dyn Plugin>>) -> Rig {
    let text = format!("server.listen = \"127.0.0.1:0\"\n{extra}\n{CONFIG}");
    let config = Config::parse(Path::new("test.toml"), &text, []).unwrap();
    let keys = load_keys(&config).unwrap();
    let endpoint = Endpoint {
        candidates: vec!["192.0.2.1:7882".parse().unwrap()],
        fingerprint: Fingerprint([7; 32]),
    };
    let (_, stats) = watch::channel(Default::default());
    let (lane, commands) = Lane::new(endpoint, stats);
    let (events, event_lane) = mpsc::channel(64);
    let (taps, tap_lane) = mpsc::channel(64);
    let plane = Plane {
        lanes: vec![lane],
        events: event_lane,
        taps: tap_lane,
    };
    Rig {
        server: Server::start(config, plugins, plane).await.unwrap(),
        client: client(),
        keys,
        commands,
        events,
        taps,
    }
}

fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .unwrap();
    });
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        .build()
        .unwrap()
}

impl Rig {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    /// A token whose permissions are letters: `p`ublish, `s`ubscribe, `a`dmin.
    pub(crate) fn token(&self, room: &str, identity: &str, permissions: &str) -> String {
        let claims = Claims {
            publish: permissions.contains('p'),
            subscribe: permissions.contains('s'),
            admin: permissions.contains('a'),
            ..Claims::new(room, identity, unix_now() + 60)
        };
        self.keys.issue(claims).unwrap()
    }

    pub(crate) fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        let request = self.client.request(method, self.url(path));
        request.header(AUTHORIZATION, format!("Bearer {token}"))
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Response {
        self.request(Method::GET, path, token).send().await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) -> Response {
        self.request(Method::DELETE, path, token).send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, token: &str, offer: &str) -> Response {
        let request = self.request(Method::POST, path, token).header(CONTENT_TYPE, SDP);
        request.body(offer.to_owned()).send().await.unwrap()
    }

    pub(crate) async fn publish(&self, room: &str, identity: &str) -> Session {
        let token = self.token(room, identity, "p");
        let response = self.post(&format!("/whip/{room}"), &token, PUBLISH).await;
        Session::of(response, token)
    }

    pub(crate) async fn play(&self, room: &str, identity: &str) -> Session {
        let token = self.token(room, identity, "s");
        let response = self.post(&format!("/whep/{room}"), &token, PLAY).await;
        Session::of(response, token)
    }

    /// The next order to the media plane that this picks.
    pub(crate) async fn command<T>(&mut self, mut pick: impl FnMut(Command) -> Option<T>) -> T {
        let found = async {
            loop {
                let command = self.commands.recv().await.expect("the lane is open");
                if let Some(found) = pick(command) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, found).await.expect("such a command")
    }

    /// Whose `Join` comes next.
    pub(crate) async fn joined(&mut self) -> ParticipantId {
        self.command(|command| match command {
            Command::Join { participant, .. } => Some(participant),
            _ => None,
        })
        .await
    }

    /// Asks until the answer is what is waited for.
    pub(crate) async fn until(&self, path: &str, token: &str, mut done: impl FnMut(&Value) -> bool) -> Value {
        let found = async {
            loop {
                let value = self.get(path, token).await.json().await.unwrap();
                if done(&value) {
                    return value;
                }
            }
        };
        timeout(PATIENCE, found).await.expect("such an answer")
    }
}

/// A session as its client knows it.
pub(crate) struct Session {
    pub path: String,
    pub tag: String,
    pub token: String,
    pub answer_type: String,
}

impl Session {
    fn of(response: Response, token: String) -> Self {
        assert_eq!(response.status(), StatusCode::CREATED);
        let header = |name| response.headers()[name].to_str().unwrap().to_owned();
        Self {
            path: header(LOCATION),
            tag: header(ETAG),
            answer_type: header(CONTENT_TYPE),
            token,
        }
    }
}

/// The status and the body of a refusal, whose media type and status are checked.
pub(crate) async fn problem(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["status"], status.as_u16());
    for member in ["type", "title", "detail"] {
        assert!(body[member].is_string(), "{member} of {body}");
    }
    (status, body)
}

/// A packet as the media plane hands it to taps.
pub(crate) fn tap_packet(tap: TapId, track: TrackId, payload: Bytes) -> TapPacket {
    TapPacket { tap, track, payload }
}
