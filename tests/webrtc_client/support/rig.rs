//! The real server in this process, on ports that the system chooses.
//!
//! Owns: the server, its workers, and an administrator's view of it. Never does: stand in for any part.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rapport_config::Config;
use rapport_signaling::auth::{Claims, Keys, unix_now};
use rapport_signaling::media::{self, Workers};
use rapport_signaling::plugin::Plugin;
use rapport_signaling::{Server, load_keys};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use super::client::{Client, http, patience};
use super::publisher::Publisher;

/// A running server. `stop` ends it in order, and says if anything went wrong inside.
pub(crate) struct Rig {
    server: Server,
    workers: Workers,
    keys: Keys,
    address: IpAddr,
}

impl Rig {
    /// A server on an address of this machine.
    pub(crate) async fn start(address: IpAddr, plugins: Vec<Box<dyn Plugin>>) -> Result<Self> {
        let config = config(address)?;
        let keys = load_keys(&config)?;
        let (plane, workers) = media::start(&config.media)?;
        let server = Server::start(config, plugins, plane).await?;
        Ok(Self {
            server,
            workers,
            keys,
            address,
        })
    }

    /// Ends the server, then its workers, as the daemon does.
    pub(crate) async fn stop(self) -> Result<()> {
        self.server.stop().await?;
        Ok(self.workers.stop().await?)
    }

    /// Somebody who publishes, connected.
    pub(crate) async fn publisher(&self, room: &str, identity: &str) -> Result<Publisher> {
        let mut publisher = Publisher::new(self.address).await?;
        let client = publisher.client();
        client
            .join(&self.whip(room), &self.token(room, identity)?)
            .await?;
        client.connected().await?;
        Ok(publisher)
    }

    /// Somebody who plays, connected.
    pub(crate) async fn player(&self, room: &str, identity: &str) -> Result<Client> {
        let mut player = Client::player(self.address).await?;
        player
            .join(&self.whep(room), &self.token(room, identity)?)
            .await?;
        player.connected().await?;
        Ok(player)
    }

    /// Where to publish.
    pub(crate) fn whip(&self, room: &str) -> String {
        self.url(&format!("/whip/{room}"))
    }

    /// Where to play.
    pub(crate) fn whep(&self, room: &str) -> String {
        self.url(&format!("/whep/{room}"))
    }

    /// Permits everything in one room.
    pub(crate) fn token(&self, room: &str, identity: &str) -> Result<String> {
        let claims = Claims {
            publish: true,
            subscribe: true,
            admin: true,
            ..Claims::new(room, identity, unix_now() + TOKEN_SECONDS)
        };
        self.keys.issue(claims).context("a token")
    }

    /// What the room API shows; none when the room is not open.
    pub(crate) async fn room(&self, room: &str) -> Result<Option<Value>> {
        let response = self.administer(Method::GET, room).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(response.error_for_status()?.json().await?))
    }

    /// Closes a room.
    pub(crate) async fn close(&self, room: &str) -> Result<()> {
        let response = self.administer(Method::DELETE, room).await?;
        ensure!(
            response.status() == StatusCode::NO_CONTENT,
            "{}",
            response.status()
        );
        Ok(())
    }

    /// Reads the metrics until they show what is waited for.
    pub(crate) async fn metrics(&self, mut shown: impl FnMut(&str) -> bool) -> Result<String> {
        let read = async {
            loop {
                let response = http()?.get(self.url("/metrics")).send().await?;
                let text = response.error_for_status()?.text().await?;
                if shown(&text) {
                    return Ok(text);
                }
            }
        };
        patience("such metrics", read).await?
    }

    async fn administer(&self, method: Method, room: &str) -> Result<Response> {
        let url = self.url(&format!("/api/v1/rooms/{room}"));
        let token = self.token(room, "administrator")?;
        Ok(http()?.request(method, url).bearer_auth(token).send().await?)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }
}

/// The value of a metric without labels, or with these.
pub(crate) fn value(metrics: &str, series: &str) -> Option<f64> {
    let mut samples = metrics.lines().filter_map(|line| line.rsplit_once(' '));
    let (_, value) = samples.find(|(name, _)| *name == series)?;
    value.parse().ok()
}

fn config(address: IpAddr) -> Result<Config> {
    let listen = SocketAddr::from((address, 0));
    let text = format!(
        "server.listen = \"{listen}\"\nmedia.listen = [\"{listen}\"]\nmedia.clear_rooms = true\n\
         [[auth.secrets]]\nid = \"main\"\nsecret = \"an HS256 secret of 32 bytes, yes\"\n"
    );
    Ok(Config::parse(Path::new("test.toml"), &text, [])?)
}

/// Longer than any test takes.
const TOKEN_SECONDS: u64 = 60;
