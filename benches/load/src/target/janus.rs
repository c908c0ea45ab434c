//! Janus 1.1 with its video room, by JSON over HTTP.
//!
//! Owns: sessions, handles, rooms and what is asked of them. Never does: trickle; a lite server learns where a
//! client is from its first check.
//!
//! Each client has a session of its own. Janus answers a request by an acknowledgement and sends what comes of
//! it as an event, which a long poll of the session fetches. Events of later are left to lie: nobody waits for
//! them, and `benches/rivals/janus` tells Janus not to end a session that is not polled.

use std::time::Duration;

use rapport_sfu::codec::Codec;
use rapport_sfu::parameters::MediaParameters;
use reqwest::{Client, Url};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{TargetError, http};
use crate::sdp::{ClientDescription, ServerDescription, Setup};
use crate::session::{Publish, Session, Source, Subscribe};

/// A Janus.
#[derive(Clone, Debug)]
pub struct Janus {
    client: Client,
    base: Url,
}

impl Janus {
    /// The Janus whose HTTP transport is at this URL, below which is `/janus`.
    pub fn new(base: Url) -> Result<Self, TargetError> {
        Ok(Self {
            client: http::client()?,
            base: http::below(&http::on_this_machine(base)?, &["janus"]),
        })
    }

    /// By `joinandconfigure`, into a room that is made when it is not there.
    pub async fn publish(&self, wanted: &Publish) -> Result<Session, TargetError> {
        // Seen with 1.1.2: it forwards all of them as one stream, and a figure of that would mean nothing.
        let is_vp9 = |source: &Source| matches!(source.codec, Codec::Vp9 { .. });
        if wanted
            .sources
            .iter()
            .any(|source| is_vp9(source) && source.encodings.len() > 1)
        {
            return Err(TargetError::Refused("Janus has no simulcast of VP9".to_owned()));
        }
        // Janus would choose to be the DTLS client.
        let offer = ClientDescription::offer_to_publish(wanted, Setup::Active)?;
        let handle = self.attach().await?;
        let joined = handle.publish(wanted, &offer).await;
        handle.settle(joined).await
    }

    /// By `join` and `start`: Janus offers, the client answers.
    pub async fn subscribe(&self, wanted: &Subscribe) -> Result<Session, TargetError> {
        let handle = self.attach().await?;
        let joined = handle.subscribe(wanted).await;
        handle.settle(joined).await
    }

    /// By the end of the client's session with Janus.
    pub async fn leave(&self, session: &Session) -> Result<(), TargetError> {
        let url = Url::parse(&session.handle);
        let url = url.map_err(|_| TargetError::Malformed("a session of another server".to_owned()))?;
        post(&self.client, url, destroy()).await.map(drop)
    }

    async fn attach(&self) -> Result<Handle, TargetError> {
        let create = json!({"janus": "create", "transaction": "create"});
        let session = http::below(
            &self.base,
            &[&post_for_id(&self.client, self.base.clone(), create).await?],
        );
        let attach = json!({"janus": "attach", "transaction": "attach", "plugin": PLUGIN});
        let id = post_for_id(&self.client, session.clone(), attach).await?;
        Ok(Handle {
            client: self.client.clone(),
            url: http::below(&session, &[&id]),
            session,
        })
    }
}

/// One client's line to the video room.
struct Handle {
    client: Client,
    /// For events.
    session: Url,
    /// For requests.
    url: Url,
}

impl Handle {
    async fn publish(&self, wanted: &Publish, offer: &ClientDescription<'_>) -> Result<Session, TargetError> {
        self.make_room(&wanted.room).await?;
        let join = json!({
            "request": "joinandconfigure", "ptype": "publisher", "room": wanted.room, "id": wanted.identity,
        });
        // The rids of an offer are the smallest first.
        let jsep = json!({"type": "offer", "sdp": offer.to_string(), "trickle": false, "rid_order": "lmh"});
        let answer = described(&self.ask(join, Some(jsep)).await?)?;
        Ok(self.joined(offer.agree(&answer)?, answer))
    }

    async fn subscribe(&self, wanted: &Subscribe) -> Result<Session, TargetError> {
        let feeds: Vec<_> = wanted.from.iter().map(|feed| json!({"feed": feed})).collect();
        let join = json!({"request": "join", "ptype": "subscriber", "room": wanted.room, "streams": feeds});
        let offer = described(&self.ask_for_feeds(join).await?)?;
        let answer = ClientDescription::answer(&wanted.local, &offer);
        let media = answer.taken()?;
        let jsep = json!({"type": "answer", "sdp": answer.to_string(), "trickle": false});
        self.ask(json!({"request": "start"}), Some(jsep)).await?;
        Ok(self.joined(media, offer))
    }

    fn joined(&self, media: Vec<MediaParameters>, server: ServerDescription) -> Session {
        Session {
            remote: server.ice,
            server: server.candidate,
            media,
            handle: self.session.to_string(),
        }
    }

    /// A session that came to nothing is not left behind.
    async fn settle(&self, joined: Result<Session, TargetError>) -> Result<Session, TargetError> {
        if joined.is_err() {
            // The first error is the one to be told.
            let _ = post(&self.client, self.session.clone(), destroy()).await;
        }
        joined
    }

    /// Without bounds that a load generator would run into, and without what the others do not do either.
    async fn make_room(&self, room: &str) -> Result<(), TargetError> {
        let create = json!({
            "request": "create", "room": room, "permanent": false, "publishers": 1000, "bitrate": 0,
            "audiocodec": "opus", "videocodec": "vp9,vp8", "transport_wide_cc_ext": true, "fir_freq": 0,
            "audiolevel_event": false, "record": false,
        });
        let reply = self.exchange(create, None).await?;
        match data(&reply)["error_code"].as_u64() {
            None | Some(ROOM_EXISTS) => Ok(()),
            Some(_) => checked(reply).map(drop),
        }
    }

    /// Janus counts a publisher among the feeds when a thread of its own has seen the handshake done, and that may be
    /// a little after the client has.
    async fn ask_for_feeds(&self, join: Value) -> Result<Value, TargetError> {
        for _ in 0..LOOKS_FOR_FEEDS {
            let reply = self.exchange(join.clone(), None).await?;
            if data(&reply)["error_code"].as_u64() != Some(NO_SUCH_FEED) {
                return checked(reply);
            }
            sleep(BETWEEN_LOOKS).await;
        }
        self.ask(join, None).await
    }

    /// A request and what comes of it.
    async fn ask(&self, body: Value, jsep: Option<Value>) -> Result<Value, TargetError> {
        checked(self.exchange(body, jsep).await?)
    }

    async fn exchange(&self, body: Value, jsep: Option<Value>) -> Result<Value, TargetError> {
        // A client asks for one thing after the other, and for each once.
        let transaction = body["request"].clone();
        let mut message = json!({"janus": "message", "transaction": transaction, "body": body});
        if let Some(jsep) = jsep {
            message["jsep"] = jsep;
        }
        let reply = post(&self.client, self.url.clone(), message).await?;
        match reply["janus"].as_str() {
            Some("ack") => self.event(&transaction).await,
            _ => Ok(reply),
        }
    }

    /// The event that belongs to a request; others are passed over.
    async fn event(&self, transaction: &Value) -> Result<Value, TargetError> {
        for _ in 0..MOST_EVENTS {
            let reply = self.client.get(self.session.clone()).send().await?;
            let event: Value = http::accepted(reply).await?.json().await?;
            if event["transaction"] == *transaction && event["janus"] == "event" {
                return Ok(event);
            }
        }
        Err(TargetError::Malformed(format!(
            "no answer to {transaction} among {MOST_EVENTS} events"
        )))
    }
}

/// What the plugin says, be it in a reply or in an event.
fn data(reply: &Value) -> &Value {
    &reply["plugindata"]["data"]
}

/// The plugin's errors are successes of HTTP.
fn checked(reply: Value) -> Result<Value, TargetError> {
    match data(&reply)["error"].as_str() {
        Some(error) => Err(TargetError::Refused(error.to_owned())),
        None => Ok(reply),
    }
}

fn described(event: &Value) -> Result<ServerDescription, TargetError> {
    let text = event["jsep"]["sdp"].as_str();
    let text = text.ok_or_else(|| TargetError::Malformed("no description".to_owned()))?;
    Ok(ServerDescription::read(text)?)
}

async fn post(client: &Client, url: Url, body: Value) -> Result<Value, TargetError> {
    let response = client.post(url).json(&body).send().await?;
    let reply: Value = http::accepted(response).await?.json().await?;
    match reply["janus"].as_str() {
        Some("error") => Err(TargetError::Refused(reply["error"]["reason"].to_string())),
        _ => Ok(reply),
    }
}

async fn post_for_id(client: &Client, url: Url, body: Value) -> Result<String, TargetError> {
    let reply = post(client, url, body).await?;
    let id = reply["data"]["id"].as_u64();
    id.map(|id| id.to_string())
        .ok_or_else(|| TargetError::Malformed("no id".to_owned()))
}

fn destroy() -> Value {
    json!({"janus": "destroy", "transaction": "destroy"})
}

const PLUGIN: &str = "janus.plugin.videoroom";

/// `JANUS_VIDEOROOM_ERROR_ROOM_EXISTS`.
const ROOM_EXISTS: u64 = 427;

/// `JANUS_VIDEOROOM_ERROR_NO_SUCH_FEED`.
const NO_SUCH_FEED: u64 = 428;

/// Together 2 s: far longer than a thread waits for its turn on a core that is not full.
const LOOKS_FOR_FEEDS: usize = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A client that joins hears of itself, and of some who came at the same time.
const MOST_EVENTS: usize = 64;
