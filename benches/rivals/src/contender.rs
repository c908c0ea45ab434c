//! The servers that are compared.
//!
//! Owns: how each is started, where it answers, and which version it is. Never does: wait for it.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::machine::said;

/// One of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Contender {
    Rapport,
    Janus,
    Pion,
}

/// Where things are.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Of this repository.
    pub(crate) root: PathBuf,
    /// Where servers may write.
    pub(crate) work: PathBuf,
    /// Where servers listen: on this machine, and on an interface that Janus looks at.
    pub(crate) address: IpAddr,
}

impl Contender {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rapport => "rapport",
            Self::Janus => "janus",
            Self::Pion => "pion",
        }
    }

    /// As a heading.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Rapport => "Rapport",
            Self::Janus => "Janus",
            Self::Pion => "Go/Pion",
        }
    }

    /// Where it takes HTTP.
    pub(crate) fn http(self, places: &Places) -> SocketAddr {
        let port = match self {
            Self::Rapport => 8080,
            Self::Janus => 8088,
            Self::Pion => 8081,
        };
        SocketAddr::new(places.address, port)
    }

    /// The secret that tokens are signed with, where there are tokens.
    pub(crate) fn secret(self, places: &Places) -> Option<PathBuf> {
        (self == Self::Rapport).then(|| places.work.join("rapport.secret"))
    }

    /// What its process is started by. The process is the server itself, not a parent of it: what starts it is
    /// replaced by it.
    pub(crate) fn command(self, places: &Places) -> Result<Command, Error> {
        let work = places.work.join(self.name());
        let script = |name: &str| {
            let mut command = Command::new("sh");
            command.arg(places.root.join("benches/rivals").join(name));
            command
        };
        Ok(match self {
            Self::Rapport => {
                let config = configure(places)?;
                let mut command = Command::new(places.root.join(RAPPORT));
                command.arg("serve").arg("--config").arg(config);
                command
            }
            Self::Janus => {
                let mut command = script("start-janus.sh");
                let port = self.http(places).port().to_string();
                command.args([&places.address.to_string(), &port, "20000-29999"]);
                command.arg(work);
                command
            }
            Self::Pion => {
                let mut command = script("start-pion.sh");
                let media = SocketAddr::new(places.address, 5004);
                command.args([self.http(places).to_string(), media.to_string()]);
                command.arg(work);
                command
            }
        })
    }

    /// How long it may take until it answers. The forwarder on Pion is compiled at its first start.
    pub(crate) const fn patience(self) -> Duration {
        match self {
            Self::Rapport | Self::Janus => Duration::from_secs(15),
            Self::Pion => Duration::from_secs(180),
        }
    }

    /// What exactly it is.
    pub(crate) fn version(self, root: &Path) -> String {
        let said =
            |program: &str, arguments: &[&str]| said(Command::new(program).args(arguments).current_dir(root));
        let package = |name| said("dpkg-query", &["--show", "--showformat=${Version}", name]);
        match self {
            Self::Rapport => format!(
                "{}, revision {}",
                said(RAPPORT, &["--version"]),
                said("git", &["describe", "--always", "--dirty"])
            ),
            Self::Janus => format!(
                "{} (Debian's janus {}), {}",
                said("janus", &["--version"]),
                package("janus"),
                janus_threads()
            ),
            Self::Pion => format!(
                "github.com/pion/webrtc v3, Debian's {} (early 2023), {}",
                package("golang-github-pion-webrtc.v3-dev"),
                said("go", &["version"])
            ),
        }
    }
}

/// The server as it is, with rooms that WHIP may open and without bounds that a load would run into.
fn configure(places: &Places) -> Result<PathBuf, Error> {
    let address = places.address;
    let text = format!(
        "[server]\nlisten = \"{}\"\ndrain_deadline = \"0s\"\n\n\
         [media]\nlisten = [\"{}\"]\nclear_rooms = true\n\n\
         [[auth.secrets]]\nid = \"main\"\nsecret_file = \"rapport.secret\"\n\n\
         [limits]\nrooms = 10000\nparticipants_per_room = 1000\n\n\
         [log]\nlevel = \"warn\"\n",
        Contender::Rapport.http(places),
        SocketAddr::new(address, 7882),
    );
    let config = places.work.join("rapport.toml");
    fs::write(&config, text)?;
    // Of a server that nobody but this machine reaches, for minutes.
    fs::write(
        places.work.join("rapport.secret"),
        "for a comparison on this machine alone\n",
    )?;
    Ok(config)
}

/// What start-janus.sh makes of the variable.
fn janus_threads() -> String {
    match std::env::var("JANUS_EVENT_LOOPS") {
        Ok(loops) if !loops.is_empty() => format!("{loops} event loops"),
        _ => "a thread a client, its default".to_owned(),
    }
}

const RAPPORT: &str = "target/release/rapport";
