//! Sealed recordings: what the server cannot read, and no crash can take.
//!
//! Owns: the file of a recording, its journal, and what is done after a crash. Never does: hold a key; frames come
//! sealed and are kept so.
//!
//! [`Capture`] is a machine without I/O: frames and gaps go in by `handle_*`, and [`Capture::poll_span`] gives what is
//! to be made durable, in the order in which that has to happen. [`Recording`] does it on files, and [`Recorder`] for all
//! recordings of a volume together. [`recover`] brings a recording of a crashed server to an end, and [`verify`] says
//! whether one is what its journal says, to the byte.
//!
//! A recording is a folder:
//!
//! | file | holds |
//! |---|---|
//! | `manifest.json` | what was recorded: [`Manifest`] |
//! | `capture-000.mkv.part`, later `capture-000.mkv` | sealed frames in Matroska; another number after a disk's error |
//! | `consent.jsonl` | who agreed to it: messages that they have signed |
//! | `keys.jsonl` | its keys, each sealed to those who may open it |
//! | `journal.log` | which bytes are durable, with a hash chained from the first to the last; gaps; the end |

mod capture;
mod chain;
mod desk;
mod ebml;
mod folder;
mod frame;
mod intake;
mod journal;
mod manifest;
mod matroska;
mod recorder;
mod recording;
mod recovery;
mod room;
mod stats;
mod storage;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod verify;
mod volume;

pub use capture::{Capture, Span};
pub use desk::{CODECS_WITHIN, Counts, Desk, DeskEvent};
pub use folder::{FolderError, Summary, is_kept_file, list, summary};
pub use frame::{Frame, Gap, Reason};
pub use intake::{Intake, Output, Source};
pub use manifest::{Manifest, NoId, RecordingId, Track};
pub use recorder::{BeginError, Event, Recorder};
pub use recording::{Beside, CommitError, Recording};
pub use recovery::{Recovered, recover};
pub use room::Limits;
pub use stats::{Durations, Stats};
pub use storage::{Disk, Storage};
pub use verify::{Fault, Verified, verify};
pub use volume::{FileSystem, Volume};
