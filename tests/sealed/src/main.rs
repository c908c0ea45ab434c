//! `sealed-client`: synthetic members for tests in other languages, and a judge of sealed frames.
//!
//! Owns: arguments in, JSON lines out. Never does: more than the library.

mod call;
mod oracle;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Synthetic members of a sealed call, one JSON line for each thing that happens.
#[derive(Debug, Parser)]
#[command(name = "sealed-client", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    oracle: Option<Oracle>,
    #[command(flatten)]
    call: Option<call::Call>,
}

/// JSON lines in, JSON lines out: `{"key","kid","codec","frame"}`, the base key in base64url, codec `opus`, `vp8`, `vp9`, `h264` or `av1`, frame in base64; answered with `{"frame"}` or `{"error"}`.
#[derive(Clone, Copy, Debug, Subcommand)]
enum Oracle {
    /// Opens each frame.
    Open,
    /// Seals each frame, with the counter `ctr` of its line (0 without).
    Seal,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match (arguments.oracle, arguments.call) {
        (Some(Oracle::Open), _) => oracle::answer(oracle::open),
        (Some(Oracle::Seal), _) => oracle::answer(oracle::seal),
        (None, Some(call)) => call::run(call),
        (None, None) => {
            use clap::CommandFactory as _;
            Ok(Arguments::command().print_help()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split(' '))
    }

    #[test]
    fn a_call_is_joined_by_a_link_or_by_tokens() {
        let link =
            parse("sealed-client --origin http://localhost:1 --link http://localhost:1/j/a#b --count 6")
                .unwrap();
        assert!(link.oracle.is_none() && link.call.is_some());
        let tokens = "sealed-client --origin http://localhost:1 --token a --token b";
        assert!(parse(&format!("{tokens} --room r --fragment s")).is_ok());
        for refused in [
            "sealed-client --origin http://localhost:1",
            tokens,
            "sealed-client --link http://localhost:1/j/a#b",
            "sealed-client open --count 6",
        ] {
            assert!(parse(refused).is_err(), "{refused}");
        }
    }
}
