//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use rapport_config::units::TimeSpan;

/// A self-hosted media server for video sessions: publish by WHIP, play by WHEP.
///
/// Start with `rapport key` or a shared secret, write a configuration, then `rapport serve`.
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
    /// Run the server until SIGTERM or SIGINT, then let sessions end and stop.
    Serve(ConfigFile),
    /// Read the configuration and every file it names, and say what it means.
    CheckConfig(ConfigFile),
    /// Print a token that lets somebody into a room.
    Token(Token),
    /// Print a new Ed25519 key pair, as lines for the configuration.
    Key(Key),
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
