//! Is a recording what its journal says?
//!
//! Owns: the comparison, byte by byte. Never does: change anything, or need a key.

use std::fmt;
use std::io;

use crate::chain::Chain;
use crate::folder::{FolderError, read_journal, read_manifest};
use crate::frame::Gap;
use crate::journal::{Durable, Record};
use crate::manifest::Manifest;
use crate::recovery::{name_of, spans};
use crate::storage::Storage;

/// What was found to be in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Of the recording.
    pub manifest: Manifest,
    /// Bytes of its files.
    pub bytes: u64,
    /// How much of it is safe, in microseconds.
    pub safe_micros: u64,
    /// What is missing, and known to be.
    pub gaps: Vec<Gap>,
    /// The link of the last byte: whoever has it from elsewhere can see that nothing was cut off.
    pub head: [u8; 32],
    /// It came to an end.
    pub is_ended: bool,
}

/// The first thing that is not in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The journal ends in the middle of a record, or in one that was changed.
    Journal {
        /// How many bytes of it are in order.
        length: u64,
    },
    /// The journal says of a span what can't follow what it said before.
    Order {
        /// How many spans are in order.
        spans: usize,
    },
    /// These bytes are not those that were written, or not at their place.
    Bytes {
        /// The number of the file.
        file: u16,
        /// From here…
        from: u64,
        /// …to here, in bytes.
        to: u64,
    },
    /// The file ends too early.
    Short {
        /// The number of the file.
        file: u16,
        /// How long it is.
        length: u64,
        /// How long it has to be.
        wanted: u64,
    },
    /// Something stands behind what the journal knows.
    Long {
        /// The number of the file.
        file: u16,
        /// From here on.
        from: u64,
    },
}

/// Reads every byte. `Ok(Err(…))` names the first fault.
pub fn verify(storage: &mut impl Storage) -> Result<Result<Verified, Fault>, FolderError> {
    let manifest = read_manifest(storage)?;
    let journal = read_journal(storage)?;
    let spans = spans(&journal);
    let mut place = Place::before(&manifest);
    for (at, (file, durable)) in spans.iter().enumerate() {
        if !place.move_to(&manifest, *file, durable.from, durable.to) {
            return Ok(Err(Fault::Order { spans: at }));
        }
        let name = name_of(storage, *file);
        let link = chain_of(storage, &name, place.chain, durable.from, durable.to);
        match link.map_err(FolderError::io(&name))? {
            Ok(link) if link == durable.chain => place.chain = link,
            Ok(_) => {
                return Ok(Err(Fault::Bytes {
                    file: *file,
                    from: durable.from,
                    to: durable.to,
                }));
            }
            Err(length) => {
                return Ok(Err(Fault::Short {
                    file: *file,
                    length,
                    wanted: durable.to,
                }));
            }
        }
    }
    if journal.is_torn {
        return Ok(Err(Fault::Journal {
            length: journal.length,
        }));
    }
    let is_ended = journal
        .records
        .iter()
        .any(|record| matches!(record, Record::End(_)));
    if let Some((file, from)) = surplus(storage, &spans).filter(|_| is_ended) {
        return Ok(Err(Fault::Long { file, from }));
    }
    Ok(Ok(Verified {
        manifest,
        bytes: spans.iter().map(|(_, durable)| durable.to - durable.from).sum(),
        safe_micros: spans.iter().map(|(_, durable)| durable.micros).max().unwrap_or(0),
        gaps: gaps(&journal.records),
        head: place.chain.0,
        is_ended,
    }))
}

struct Place {
    file: u16,
    length: u64,
    chain: Chain,
    is_first: bool,
}

impl Place {
    fn before(manifest: &Manifest) -> Self {
        Self {
            file: 0,
            length: 0,
            chain: Chain::begin(manifest.id, 0),
            is_first: true,
        }
    }

    /// Whether such a span can follow: in the same file without a hole, or at the beginning of a later one.
    fn move_to(&mut self, manifest: &Manifest, file: u16, from: u64, to: u64) -> bool {
        let is_next_file = file > self.file || (self.is_first && file == 0);
        if is_next_file && from == 0 {
            (self.file, self.length, self.chain) = (file, 0, Chain::begin(manifest.id, file));
        }
        self.is_first = false;
        let follows = file == self.file && from == self.length && to >= from && to - from <= LONGEST_SPAN;
        self.length = to;
        follows
    }
}

/// The link behind a span; how long the file is if it ends before.
fn chain_of(
    storage: &mut impl Storage,
    name: &str,
    chain: Chain,
    from: u64,
    to: u64,
) -> io::Result<Result<Chain, u64>> {
    // bounded by the caller
    let mut bytes = vec![0; (to - from) as usize];
    let mut read = 0;
    while read < bytes.len() {
        match storage.read_at(name, from + read as u64, &mut bytes[read..])? {
            0 => return Ok(Err(from + read as u64)),
            more => read += more,
        }
    }
    Ok(Ok(chain.next(&bytes)))
}

/// A file that is longer than the journal knows, or that it does not know.
fn surplus(storage: &mut impl Storage, spans: &[(u16, Durable)]) -> Option<(u16, u64)> {
    let last = spans.iter().map(|(file, _)| *file).max().unwrap_or(0);
    for number in 0..=last.saturating_add(1) {
        let name = name_of(storage, number);
        // of a disk that failed there may be nothing
        let Ok(length) = storage.length(&name) else {
            continue;
        };
        let known = spans
            .iter()
            .filter(|(file, _)| *file == number)
            .map(|(_, durable)| durable.to);
        let known = known.max().unwrap_or(0);
        if length > known {
            return Some((number, known));
        }
    }
    None
}

fn gaps(records: &[Record]) -> Vec<Gap> {
    let gaps = records.iter().filter_map(|record| match record {
        Record::Gap(gap) => Some(*gap),
        _ => None,
    });
    gaps.collect()
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal { length } => write!(
                f,
                "journal.log: what follows byte {length} was changed or cut off"
            ),
            Self::Order { spans } => write!(
                f,
                "journal.log: what follows its span {spans} is of another place"
            ),
            Self::Bytes { file, from, to } => {
                write!(
                    f,
                    "capture-{file:03}.mkv: bytes {from} to {to} are not those that were recorded there"
                )
            }
            Self::Short { file, length, wanted } => {
                write!(
                    f,
                    "capture-{file:03}.mkv: it ends at byte {length}, and should at {wanted}"
                )
            }
            Self::Long { file, from } => {
                write!(
                    f,
                    "capture-{file:03}.mkv: what follows byte {from} was not recorded"
                )
            }
        }
    }
}

/// Bytes. A second of recording is far shorter; a journal that says otherwise asks for memory.
const LONGEST_SPAN: u64 = 256 << 20;
