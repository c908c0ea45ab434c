//! What can be typed.
//!
//! Owns: the subcommands, their options and their help. Never does: act on them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use rapport_config::Level;
use rapport_config::units::TimeSpan;
use rapport_keys::RootHash;
use rapport_load::Options;

/// Video sessions between therapists and clients, on a server of your own.
///
/// For a first look, run `rapport demo` and open the two links that it prints.
///
/// For a server that stays: make a secret, write a configuration (config/examples has two), see that it is
/// right by `rapport check-config`, then `rapport serve`.
#[derive(Debug, Parser)]
#[command(
    name = "rapport",
    version,
    after_help = "Exit codes: 0 done, 1 failed while running, 2 wrong arguments or configuration, \
                  3 an address can't be listened on, 4 the certificate can't be used."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Try it out: start a server on this machine and print two links into one call.
    ///
    /// Nothing has to be set up before. One link is for the therapist, the other one for the client: open
    /// them in two browsers. They work for 12 hours, while the server runs; Ctrl-C ends it.
    ///
    /// The demonstration makes the links' secrets itself, so this server has seen what seals the call. Do not
    /// use it with real clients.
    Demo(Demo),
    /// Run a server with your configuration until it is told to stop.
    ///
    /// SIGTERM or SIGINT (Ctrl-C) ends it: nobody new comes in, and sessions have
    /// server.drain_deadline to end. A second signal ends it at once.
    Serve(ConfigFile),
    /// See whether a configuration is right, without starting anything.
    ///
    /// Reads the file and every file that it names. What is wrong is told with its line.
    CheckConfig(ConfigFile),
    /// Make a token, which lets one person or program into a room.
    ///
    /// It is printed alone, and sent as `Authorization: Bearer TOKEN`. Without any of --publish, --subscribe
    /// and --admin it permits nothing.
    Token(Token),
    /// Make a key pair that signs tokens, as lines for the configuration.
    ///
    /// Ed25519: a server needs the public half alone, so tokens can be made on another machine.
    Key(Key),
    /// Make the clinic's own key, which says whose devices are therapists', and use it.
    ///
    /// Run it on another machine than the server: nothing of it is needed there, and whoever has the recovery words
    /// can make therapists. It sends nothing and writes no file. The page /clinic of any server does the same in a
    /// browser.
    #[command(subcommand)]
    Root(RootCommand),
    /// Look after recordings, and open them, without a server.
    ///
    /// Works on a folder that was copied, too. What is in a recording is sealed: all but export do without a key.
    #[command(subcommand)]
    Recording(RecordingCommand),
    /// See whether a server sends the pages of this release, or of another one.
    ///
    /// Every file is asked for by the headers of a browser, and compared by its SHA-256; so are the addresses of
    /// people, that of the link that was given among them, and the content policy that keeps a page from loading
    /// scripts from elsewhere. Exit code 0: all is as in the release; 1: it is not.
    ///
    /// A server that knows this command can still send it other pages than it sends a browser, or than it sends one
    /// person. What stands behind a link's # is not sent.
    VerifyClient(VerifyClient),
    /// See how much this machine carries: start a server on it, let synthetic people in, count what arrives.
    ///
    /// Server and people have a processor each, where there are two. With --up-to the largest number is looked for
    /// that goes well. Nothing is sent but to this machine itself, and everything ends by itself.
    Load(Load),
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where to serve the pages. An address that others can reach, such as 0.0.0.0:8080, is served by HTTPS
    /// with a certificate made at the start, of which browsers warn.
    #[arg(long, value_name = "ADDR", default_value_t = FIRST_LOOK, value_parser = address)]
    pub(crate) listen: SocketAddr,
    /// Keep the links' secrets in this folder, so that the same links work after another start. Without it
    /// they are in memory alone, and each start makes new links.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Let in as the therapist only whose device this clinic has certified, instead of whoever has the link. The number
    /// is that of the pages /clinic and /device, and of `rapport root show`.
    #[arg(long, value_name = "NUMBER", value_parser = clinic)]
    pub(crate) clinic: Option<RootHash>,
    /// Try AV1: sharper pictures at the same bit rate, for more of each processor. Everybody needs Chromium.
    #[arg(long)]
    pub(crate) av1: bool,
    /// What is logged: error, warn, info, debug or trace. More of it scrolls the links away.
    #[arg(long, value_name = "LEVEL", default_value = "warn", value_parser = level)]
    pub(crate) log: Level,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// The configuration, a TOML file. Variables such as RAPPORT_SERVER__LISTEN override its keys.
    #[arg(long, value_name = "FILE", env = "RAPPORT_CONFIG")]
    pub(crate) config: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Token {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// The room: letters, digits, '-', '.', '_' and '~'. '*' with --admin means all rooms.
    #[arg(long)]
    pub(crate) room: String,
    /// Who this is to the others in the room.
    #[arg(long)]
    pub(crate) identity: String,
    /// Allow sending sound and picture.
    #[arg(long)]
    pub(crate) publish: bool,
    /// Allow receiving them.
    #[arg(long)]
    pub(crate) subscribe: bool,
    /// Allow listing, muting, removing and closing.
    #[arg(long)]
    pub(crate) admin: bool,
    /// How long it is valid, such as 30min or 2h; at most auth.max_ttl.
    #[arg(long, default_value = "1h")]
    pub(crate) ttl: TimeSpan,
}

#[derive(Debug, Args)]
pub(crate) struct Key {
    /// The key's name in the configuration and in tokens.
    #[arg(long, default_value = "main")]
    pub(crate) id: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RecordingCommand {
    /// Print the recordings in a folder, the oldest first.
    List {
        /// That holds a folder for each.
        folder: PathBuf,
    },
    /// See whether a recording is what its journal says, to the byte; the first fault is named with its place.
    ///
    /// Prints the head of its chain of hashes: whoever has that from elsewhere sees that nothing was cut off.
    Verify {
        /// Its folder.
        recording: PathBuf,
    },
    /// Print who asked for a recording, what for, who is recorded, who can open it, and each yes and no.
    ///
    /// Every signature is checked, of consents and of keys. Exit code 0: all are right; 1: not all, and each fault is
    /// named with its line.
    Consent {
        /// Its folder.
        recording: PathBuf,
    },
    /// Open a recording, and write it as a WebM file that any player plays, with a track for each sound and picture; or
    /// as MP4, if the file is called so.
    ///
    /// Everything is checked before: all bytes by the journal, and all signatures. What was not agreed to is left out,
    /// and so is what does not open; how much that is is printed. Where H.264 is in it, a file that is not called .mp4 is
    /// Matroska.
    ///
    /// The file is not encrypted: keep it where you may.
    Export(Export),
    /// Destroy the keys of a recording, so that nobody can open it any more. There is no way back.
    ///
    /// The keys in its folder are overwritten and taken away; a receipt stays, and so does who agreed. That reaches no
    /// copy: of a backup or another copy of the folder the keys have to be destroyed there, and what was exported has
    /// to be deleted. Nor does it reach what the disk itself keeps of bytes that were overwritten, such as a snapshot or
    /// the spare cells of an SSD. What is held is not destroyed.
    Shred {
        /// Its folder.
        recording: PathBuf,
        /// Really.
        #[arg(long)]
        yes: bool,
    },
    /// Keep a recording beyond the time that everybody agreed to, because it must not be destroyed now.
    ///
    /// A server destroys recordings when their time is over: their keys, and then what is sealed with them. It leaves
    /// alone what is held, and so does `rapport recording shred`.
    Hold {
        /// Its folder.
        recording: PathBuf,
        /// Not any more.
        #[arg(long)]
        release: bool,
    },
    /// Bring a recording to its end whose server crashed, as the server's next start does. Nothing that was safe is lost.
    Recover {
        /// Its folder.
        recording: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Its folder.
    pub(crate) recording: PathBuf,
    /// A file with 25 words: those of the clinic's recovery kit, or with --backup those of a device's backup.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The backup of a therapist's device who can open it.
    #[arg(long, value_name = "FILE")]
    pub(crate) backup: Option<PathBuf>,
    /// The file to write: MP4 if its name ends so, and WebM otherwise.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Replace that file if it is there.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RootCommand {
    /// Make a root, and print the 25 recovery words that it comes back from.
    New,
    /// Read recovery words, and print the number that the clinic is known by.
    Show,
    /// Read recovery words, and print a certificate for a therapist's device.
    Certify(Certify),
}

#[derive(Debug, Args)]
pub(crate) struct VerifyClient {
    /// The server's address, such as `https://clinic.example`, or a link of a session; http for this machine alone.
    pub(crate) url: String,
    /// The release's manifest.sha256. Without it, that of the pages which are in this program.
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
    /// A PEM file with certificates to trust, for a server whose own is known to nobody else.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Certify {
    /// What the therapist's page /device shows as its request: the text, or the whole link.
    #[arg(value_name = "REQUEST")]
    pub(crate) device: String,
    /// The therapist's name, as clients see it.
    #[arg(long)]
    pub(crate) name: String,
    /// How long it is valid.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=1_100))]
    pub(crate) days: u16,
}

#[derive(Debug, Args)]
pub(crate) struct Load {
    #[command(flatten)]
    pub(crate) options: Options,
    /// Load the server that runs already with this configuration, instead of one started for the purpose. It has
    /// to allow clear rooms, and to take media on loopback.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// That server's process, to tell what it spends.
    #[arg(long, value_name = "PID", requires = "config")]
    pub(crate) server_pid: Option<u32>,
}

/// This machine alone, on the port that `rapport serve` has too.
const FIRST_LOOK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

fn clinic(text: &str) -> Result<RootHash, String> {
    let example = "expected 32 hexadecimal digits, such as \"f8be ce04 4012 2c27 7ed3 0d73 1e3a 6012\"";
    RootHash::read(text).ok_or_else(|| example.to_owned())
}

fn level(text: &str) -> Result<Level, String> {
    let found = Level::ALL.into_iter().find(|level| level.as_str() == text);
    found.ok_or_else(|| "expected error, warn, info, debug or trace".to_owned())
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let example = "expected an address and a port, such as 127.0.0.1:8081 or 0.0.0.0:8080";
    text.parse().map_err(|_| example.to_owned())
}
