//! `rapport recording shred`: the keys of a recording, destroyed.
//!
//! Owns: asking whether that is meant, and the words. Never does: say that copies are reached.

use std::path::Path;

use rapport_recorder::{FolderError, ShredError, shred};
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
    let receipt = shred(recording, unix_now() * 1000).map_err(failure)?;
    print(&format!(
        "{}: {} keys destroyed; the receipt is shredded.json\n\
         Copies and backups of the folder were not reached, and nothing that was exported: destroy them where they are.\n",
        receipt.recording, receipt.capsules
    ))
}

fn failure(error: ShredError) -> Failure {
    match error {
        ShredError::Folder(error @ FolderError::Manifest(_)) => Failure::usage(error),
        ShredError::Before(receipt) => Failure::running(format!(
            "its keys were destroyed before, on {}",
            moment(receipt.at / 1000)
        )),
        other => Failure::running(other),
    }
}
