//! `rapport recording shred`: the keys of a recording, destroyed.
//!
//! Owns: asking whether that is meant, and the words. Never does: say that copies are reached.

use std::path::Path;

use rapport_recorder::{FolderError, ShredError, remotes, shred};
use rapport_signaling::auth::unix_now;

use super::moment::moment;
use super::print;
use crate::failure::Failure;

pub(super) fn run(recording: &Path, is_meant: bool) -> Result<(), Failure> {
    if !is_meant {
        return Err(Failure::usage(
            "nobody can open a recording whose keys are destroyed, and there is no way back: --yes says that you mean it",
        ));
    }
    let receipt = shred(recording, unix_now() * 1000).map_err(|error| failure(recording, error))?;
    print(&format!(
        "{}: {} keys destroyed; the receipt is shredded.json\n\
         Copies and backups of the folder were not reached, and nothing that was exported: destroy them where they are.\n{}",
        receipt.recording,
        receipt.capsules,
        buckets(recording)
            .into_iter()
            .map(|line| line + "\n")
            .collect::<String>()
    ))
}

/// What each bucket has that the recording was copied to.
fn buckets(recording: &Path) -> Vec<String> {
    let Ok(remotes) = remotes(recording) else {
        return vec!["Whether a bucket has a copy can't be read from upload.jsonl.".to_owned()];
    };
    let mut lines: Vec<_> = remotes
        .into_iter()
        .map(|(bucket, remote)| match remote.is_erased {
            true => format!("{bucket} has no copy any more."),
            false => format!(
                "{bucket} may have a copy still: a server that has it configured erases it there, and upload.jsonl says when that is done."
            ),
        })
        .collect();
    lines.sort();
    lines
}

fn failure(recording: &Path, error: ShredError) -> Failure {
    match error {
        ShredError::Folder(error @ FolderError::Manifest(_)) => Failure::usage(error),
        ShredError::Before(receipt) => {
            let before = format!("its keys were destroyed before, on {}", moment(receipt.at / 1000));
            let said = std::iter::once(before).chain(buckets(recording));
            Failure::running(said.collect::<Vec<_>>().join("; "))
        }
        other => Failure::running(other),
    }
}
