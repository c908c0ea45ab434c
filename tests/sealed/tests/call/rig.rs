//! The real server in this process.
//!
//! Owns: the server and its workers. Never does: stand in for any part.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use rapport_config::Config;
use rapport_keys::{Link, Secret};
use rapport_sealed_client::{Client, ClientIdentity, Options};
use rapport_signaling::auth::{Claims, Keys, unix_now};
use rapport_signaling::media::{self, Workers};
use rapport_signaling::{Server, load_keys};

/// Where everybody meets.
pub(crate) const ROOM: &str = "practice";

/// What those have who are invited: the first of them lets the others in.
pub(crate) fn link() -> Link {
    Link::of_demonstration([1; 16], Secret([2; 32]))
}

/// The server in this process, on ports that the system chooses.
pub(crate) struct Rig {
    server: Server,
    workers: Workers,
    keys: Keys,
}

impl Rig {
    pub(crate) async fn start() -> Result<Self> {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let text = format!(
            "server.listen = \"{listen}\"\nmedia.listen = [\"{listen}\"]\n\
             [[auth.secrets]]\nid = \"main\"\nsecret = \"an HS256 secret of 32 bytes, yes\"\n"
        );
        let config = Config::parse(Path::new("test.toml"), &text, [])?;
        let keys = load_keys(&config)?;
        let (plane, workers) = media::start(&config.media)?;
        let server = Server::start(config, Vec::new(), plane).await?;
        Ok(Self {
            server,
            workers,
            keys,
        })
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.server.stop().await?;
        Ok(self.workers.stop().await?)
    }

    /// Somebody who is connected.
    pub(crate) async fn join(&self, options: Options) -> Result<Client> {
        static IDENTITY: OnceLock<ClientIdentity> = OnceLock::new();
        let identity = IDENTITY.get_or_init(ClientIdentity::generate);
        let client = Client::join(identity, options).await?;
        client.until("connection", |report| report.connected).await?;
        Ok(client)
    }

    /// An ordinary member.
    pub(crate) fn options(&self, at: usize) -> Result<Options> {
        // Whoever is first is the host: a guest can only be let in by one.
        let is_host = at == 0;
        let claims = Claims {
            publish: true,
            subscribe: true,
            admin: is_host,
            ..Claims::new(ROOM, &format!("member-{at}"), unix_now() + TOKEN_SECONDS)
        };
        Ok(Options {
            origin: format!("http://{}", self.server.address()),
            token: self.keys.issue(claims).context("a token")?,
            room: ROOM.to_owned(),
            link: if is_host { link() } else { link().handed_over() },
            name: format!("Member {at}"),
            clip: at,
            pairs: 4,
            pictures: 15,
            first_counter: 0,
            clear: false,
            forge: false,
            tap: None,
        })
    }
}

/// Longer than any test takes.
const TOKEN_SECONDS: u64 = 60;
