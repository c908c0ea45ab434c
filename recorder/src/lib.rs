//! Sealed recordings: what the server cannot read, and no crash can take.
//!
//! Owns: the file of a recording, its journal, what is done after a crash, and how it is opened elsewhere. Never does:
//! hold a key where it records; frames come sealed and are kept so.
//!
//! [`Capture`] is a machine without I/O: frames and gaps go in by `handle_*`, and [`Capture::poll_span`] gives what is
//! to be made durable, in the order in which that has to happen. [`Recording`] does it on files, and [`Recorder`] for all
//! recordings of a volume together. [`recover`] brings a recording of a crashed server to an end, and [`verify`] says
//! whether one is what its journal says, to the byte.
//!
//! [`Ledger`] is a machine, too: what of all recordings is to be copied to a bucket, read back, or destroyed there.
//!
//! Without a server, [`Kept`] says who agreed, [`Opening`] is a recording in the hands of somebody who has a key,
//! [`export`] makes of that a file that any player plays, and [`shred`] sees to it that nobody can any more.
//!
//! A recording is a folder:
//!
//! | file | holds |
//! |---|---|
//! | `manifest.json` | what was recorded: [`Manifest`] |
//! | `capture-000.mkv.part`, later `capture-000.mkv` | sealed frames in Matroska; another number after a disk's error |
//! | `journal.log` | which bytes are durable, with a hash chained from the first to the last; gaps; the end |
//! | `consent.jsonl` | who proposed it and who agreed, signed: [`Agreed`] |
//! | `keys.jsonl` | the keys of its frames, sealed to those who may open it: [`Capsules`] |
//! | `upload.jsonl` | which buckets may have a copy, and what of it was proven: [`RemoteLine`] |
//! | `hold` | nothing: while it is there, the recording is kept beyond its time |
//! | `shredded.json` | in place of the keys, that they were destroyed: [`Shredded`] |

mod agreed;
mod beside;
mod blocks;
mod capsules;
mod capture;
mod chain;
mod configuration;
mod desk;
mod ebml;
mod export;
mod folder;
mod frame;
mod intake;
mod journal;
mod kept;
mod ledger;
mod manifest;
mod matroska;
mod mp4;
mod opening;
mod plain;
mod progress;
mod recorder;
mod recording;
mod recovery;
mod remote;
mod retention;
mod room;
mod shred;
mod stats;
mod storage;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod verify;
mod volume;
mod webm;

pub use agreed::{Agreed, Answer, Flaw, Person, Proposed, Wrong};
pub use beside::Beside;
pub use capsules::Capsules;
pub use capture::{Capture, Span};
pub use desk::{CODECS_WITHIN, Counts, Desk, DeskEvent};
pub use export::{ExportError, Exported, LeftOut, export};
pub use folder::{FolderError, KEYS, Summary, is_kept_file, list, summary};
pub use frame::{Frame, Gap, Reason};
pub use intake::{Intake, Output, Source};
pub use kept::{Kept, Keys};
pub use ledger::{CHECK_AFTER, Ledger, PIECE_BYTES, Piece, Uploads, Work};
pub use manifest::{Manifest, NoId, RecordingId, Track};
pub use opening::{Closed, Frames, OpenError, OpenFrame, Opening, Why};
pub use plain::Form;
pub use progress::{Progress, is_destroyed, progress, read_piece, remove_media};
pub use recorder::{BeginError, Event, Recorder};
pub use recording::{CommitError, Recording};
pub use recovery::{Recovered, recover};
pub use remote::{Remote, RemoteLine, Sum, append_remote, begin_remote, remotes};
pub use retention::{Expired, expire, hold};
pub use room::Limits;
pub use shred::{ShredError, Shredded, shred};
pub use stats::{Durations, Stats};
pub use storage::{Disk, Storage};
pub use verify::{Fault, Verified, verify};
pub use volume::{FileSystem, Volume};
