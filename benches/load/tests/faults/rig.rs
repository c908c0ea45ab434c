//! A real server, and the relay before it.
//!
//! Owns: both, from beginning to end. Never does: stand in for any part of the server.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;

use rapport_config::Config;
use rapport_load::target::Target;
use rapport_load::target::rapport::Rapport;
use rapport_load::target::token::Issuer;
use rapport_signaling::Server;
use rapport_signaling::media::{self, Workers};
use tokio::runtime::Runtime;

use crate::relay::{Fault, Relay};

/// Server and relay; [`Rig::stop`] ends both.
pub(crate) struct Rig {
    pub(crate) relay: Relay,
    runtime: Runtime,
    server: Server,
    workers: Workers,
}

impl Rig {
    /// Clients are told the relay's address: the same port, on another address of loopback.
    pub(crate) fn start(fault: Fault) -> Self {
        let runtime = Runtime::new().unwrap();
        let port = free_port();
        let config = config(port);
        let (server, workers) = runtime.block_on(async {
            let (plane, workers) = media::start(&config.media).unwrap();
            let server = Server::start(config, Vec::new(), plane).await.unwrap();
            (server, workers)
        });
        let relay = Relay::start((TOLD, port).into(), (Ipv4Addr::LOCALHOST, port).into(), fault);
        Self {
            relay,
            runtime,
            server,
            workers,
        }
    }

    /// The server, as the generator joins it.
    pub(crate) fn target(&self) -> Target {
        let url = format!("http://{}", self.server.address()).parse().unwrap();
        let issuer = Issuer::new("main", SECRET.as_bytes());
        Target::Rapport(Rapport::new(url, issuer).unwrap())
    }

    /// Ends the server in order.
    pub(crate) fn stop(self) {
        self.runtime.block_on(self.server.stop()).unwrap();
        self.runtime.block_on(self.workers.stop()).unwrap();
    }
}

fn config(media: u16) -> Config {
    let text = format!(
        "server.listen = \"127.0.0.1:0\"\n\
         media.listen = [\"127.0.0.1:{media}\"]\nmedia.advertise = [\"{TOLD}\"]\nmedia.clear_rooms = true\n\
         [[auth.secrets]]\nid = \"main\"\nsecret = \"{SECRET}\"\n"
    );
    Config::parse(Path::new("test.toml"), &text, []).unwrap()
}

/// A port that is free on both addresses.
fn free_port() -> u16 {
    let is_free = |port| UdpSocket::bind(SocketAddr::from((TOLD, port))).is_ok();
    loop {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = socket.local_addr().unwrap().port();
        if is_free(port) {
            return port;
        }
    }
}

/// Where the relay listens.
const TOLD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const SECRET: &str = "an HS256 secret of 32 bytes, yes";
