//! `rapport recording`: what can be done with recordings without a server.
//!
//! Owns: what is printed of those that stay closed. Never does: open a frame; [`export`] has that done.

mod consent;
mod export;
mod moment;
mod shred;

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use rapport_recorder::{Disk, Recovered, hold, list, recover, summary, verify};

use crate::arguments::RecordingCommand;
use crate::failure::Failure;

pub(crate) fn run(command: &RecordingCommand) -> Result<(), Failure> {
    match command {
        RecordingCommand::List { folder } => show_all(folder),
        RecordingCommand::Verify { recording } => check(recording),
        RecordingCommand::Consent { recording } => consent::show(recording),
        RecordingCommand::Export(arguments) => export::run(arguments),
        RecordingCommand::Shred { recording, yes } => shred::run(recording, *yes),
        RecordingCommand::Hold { recording, release } => keep(recording, !release),
        RecordingCommand::Recover { recording } => bring_to_end(recording),
    }
}

fn show_all(folder: &Path) -> Result<(), Failure> {
    let found = list(folder).map_err(|error| Failure::usage(format!("{}: {error}", folder.display())))?;
    let lines = found.iter().map(|one| {
        let state = match (one.is_ended, one.is_recovered) {
            (false, _) => "not ended",
            (true, true) => "recovered",
            (true, false) => "complete",
        };
        let keys = match (one.is_shredded, one.is_held) {
            (true, _) => ", keys destroyed",
            (false, true) => ", held",
            (false, false) => "",
        };
        format!(
            "{}  {}  {state}{keys}  {} gaps  {}\n",
            one.id,
            length(one.safe_micros),
            one.gaps,
            one.folder.display()
        )
    });
    print(&lines.collect::<String>())
}

fn check(recording: &Path) -> Result<(), Failure> {
    let verified = verify(&mut Disk::of(recording)).map_err(Failure::usage)?;
    let verified = verified.map_err(|fault| Failure::running(format!("{}: {fault}", recording.display())))?;
    let head = verified.head.iter().map(|byte| format!("{byte:02x}"));
    let mut text = format!(
        "{}: {} safe, {} bytes, {} gaps\nhead {}\n",
        verified.manifest.id,
        length(verified.safe_micros),
        verified.bytes,
        verified.gaps.len(),
        head.collect::<String>()
    );
    for gap in &verified.gaps {
        let (from, to) = (length(gap.from), length(gap.to));
        text += &format!("gap  track {}  {from} to {to}  {:?}\n", gap.track, gap.reason);
    }
    if !verified.is_ended {
        text += "it has not ended: it is being made, or its server crashed. `rapport recording recover` ends it\n";
    }
    print(&text)
}

fn bring_to_end(recording: &Path) -> Result<(), Failure> {
    match recover(&mut Disk::of(recording)).map_err(Failure::running)? {
        Recovered::Nothing => print("it had come to its end: nothing was to be done\n"),
        Recovered::UpTo(micros) => print(&format!("complete up to {}\n", length(micros))),
    }
}

fn keep(recording: &Path, held: bool) -> Result<(), Failure> {
    let found = summary(recording);
    let found =
        found.ok_or_else(|| Failure::usage(format!("{}: this is no recording", recording.display())))?;
    hold(recording, held).map_err(Failure::running)?;
    print(match (held, found.is_shredded) {
        (true, true) => "held; but its keys were destroyed before, and nothing opens it\n",
        (true, false) => "held: it is not destroyed when its time is over\n",
        (false, _) => "not held any more\n",
    })
}

/// Hours, minutes and seconds.
fn length(micros: u64) -> String {
    let seconds = Duration::from_micros(micros).as_secs();
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn print(text: &str) -> Result<(), Failure> {
    io::stdout().write_all(text.as_bytes()).map_err(Failure::running)
}
