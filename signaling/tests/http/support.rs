//! A server on a port of its own, and what the tests say to it.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;
use std::sync::Once;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rapport_config::Config;
use rapport_sfu::Stats;
use rapport_sfu::codec::Codec;
use rapport_sfu::command::Command;
use rapport_sfu::event::Event;
use rapport_sfu::id::{ParticipantId, TapId, TrackId};
use rapport_sfu::parameters::Fingerprint;
use rapport_sfu::publication::arrival::EncodingIndex;
use rapport_sfu::subscription::tap::TapPacket;
use rapport_sfu::worker::{Counters, Report};
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
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The configuration of most tests; a test puts its own lines before it.
const CONFIG: &str = r#"
[[auth.secrets]]
id = "main"
secret = "an HS256 secret of 32 bytes, yes"
"#;

/// A server, and the far ends of its media plane.
pub(crate) struct Rig {
    pub(crate) server: Server,
    pub(crate) client: Client,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) taps: mpsc::Sender<TapPacket>,
}

impl Deref for Rig {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

pub(crate) async fn rig() -> Rig {
    rig_with("", Vec::new()).await
}

pub(crate) async fn rig_with(extra: &str, plugins: Vec<Box<dyn Plugin>>) -> Rig {
    let config = config(extra);
    let keys = load_keys(&config).unwrap();
    let (lane, commands) = lane();
    let (events, event_lane) = mpsc::channel(64);
    let (taps, tap_lane) = mpsc::channel(64);
    let plane = Plane {
        lanes: vec![lane],
        events: vec![event_lane],
        taps: tap_lane,
    };
    let server = Server::start(config, plugins, plane).await.unwrap();
    let client = client(server.address(), keys);
    Rig {
        server,
        client,
        commands,
        events,
        taps,
    }
}

/// The way to a worker, and the worker's end.
pub(crate) fn lane() -> (Lane, mpsc::Receiver<Command>) {
    let endpoint = Endpoint {
        candidates: vec!["192.0.2.1:7882".parse().unwrap()],
        fingerprint: Fingerprint([7; 32]),
        video_bitrate: 2_500_000,
    };
    let (_, reports) = watch::channel(Report {
        machine: Stats::default(),
        counters: Counters::default(),
    });
    Lane::new(endpoint, reports)
}

/// The configuration of the tests, with a test's own lines before it.
pub(crate) fn config(extra: &str) -> Config {
    let text = format!("server.listen = \"127.0.0.1:0\"\nmedia.clear_rooms = true\n{extra}\n{CONFIG}");
    Config::parse(Path::new("test.toml"), &text, []).unwrap()
}

/// Somebody who talks to a server, and can mint tokens for it.
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) keys: Keys,
    address: SocketAddr,
}

pub(crate) fn client(address: SocketAddr, keys: Keys) -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .unwrap();
    });
    let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy();
    Client {
        http: http.build().unwrap(),
        keys,
        address,
    }
}

impl Client {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
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
        let request = self.http.request(method, self.url(path));
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

    /// Asks until it is not there any more.
    pub(crate) async fn until_gone(&self, path: &str, token: &str) {
        let gone = async { while self.get(path, token).await.status() != StatusCode::NOT_FOUND {} };
        timeout(PATIENCE, gone).await.expect("its end");
    }

    pub(crate) async fn scrape(&self) -> String {
        let response = self.http.get(self.url("/metrics")).send().await.unwrap();
        assert!(
            response.headers()[CONTENT_TYPE]
                .to_str()
                .unwrap()
                .starts_with("text/plain")
        );
        response.text().await.unwrap()
    }

    /// Reads the metrics until they show what is waited for.
    pub(crate) async fn scrape_until(&self, mut done: impl FnMut(&str) -> bool) {
        let found = async { while !done(&self.scrape().await) {} };
        timeout(PATIENCE, found).await.expect("such metrics")
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

impl Rig {
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
    TapPacket {
        tap,
        track,
        encoding: EncodingIndex(0),
        sequence: 7,
        timestamp: 960,
        marker: false,
        codec: Codec::Opus,
        keyframe: true,
        ntp: None,
        payload,
        arrived: Instant::now(),
    }
}

/// Name, labels and value of a sample.
pub(crate) type Sample<'a> = (&'a str, Vec<(&'a str, &'a str)>, f64);

pub(crate) fn samples(text: &str) -> Vec<Sample<'_>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(sample).collect()
}

fn sample(line: &str) -> Sample<'_> {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let labels = labels
        .trim_end_matches('}')
        .split(',')
        .filter(|label| !label.is_empty());
    let labels = labels.map(|label| {
        let (key, value) = label.split_once('=').unwrap();
        (key, value.trim_matches('"'))
    });
    (name, labels.collect(), value.parse().unwrap())
}

pub(crate) fn value(text: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let all = samples(text);
    let found = all
        .iter()
        .find(|(other, has, _)| *other == name && labels.iter().all(|label| has.contains(label)));
    found.map(|(_, _, value)| *value)
}
