//! The frames of a recording as they stand in its files.
//!
//! Owns: the way through the files, in little memory. Never does: believe more of them than the journal does, or open a
//! frame.

use std::io;

use crate::ebml::Head;
use crate::folder::{FolderError, read_journal};
use crate::frame::Frame;
use crate::matroska::{CLUSTER, CLUSTER_TIMESTAMP, KEY_FRAME, SEGMENT, SIMPLE_BLOCK};
use crate::recovery::{name_of, spans};
use crate::storage::Storage;

/// One frame after the other, of one file after the other.
#[derive(Debug)]
pub(crate) struct Blocks<S> {
    storage: S,
    /// Those that follow, the last one first.
    files: Vec<File>,
    file: File,
    /// Where reading goes on in the file.
    at: u64,
    /// When the cluster began.
    millis: u64,
    window: Window,
}

/// How much of it is durable.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct File {
    number: u16,
    length: u64,
}

impl File {
    /// Those that the journal knows, in their order.
    pub(crate) fn all(storage: &mut impl Storage) -> Result<Vec<Self>, FolderError> {
        let mut files: Vec<Self> = Vec::new();
        for (number, durable) in spans(&read_journal(storage)?) {
            let length = durable.to;
            match files.last_mut().filter(|last| last.number == number) {
                Some(last) => last.length = length,
                None => files.push(Self { number, length }),
            }
        }
        Ok(files)
    }
}

/// A part of a file.
#[derive(Debug, Default)]
struct Window {
    from: u64,
    bytes: Vec<u8>,
}

/// Why there is no frame.
#[derive(Debug)]
pub(crate) enum BlockError {
    Folder(FolderError),
    /// Here stands what no recorder of ours writes.
    Form {
        file: u16,
        at: u64,
    },
}

impl<S: Storage> Blocks<S> {
    pub(crate) fn new(storage: S, files: &[File]) -> Self {
        Self {
            storage,
            files: files.iter().rev().copied().collect(),
            file: File::default(),
            at: 0,
            millis: 0,
            window: Window::default(),
        }
    }

    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame>, BlockError> {
        loop {
            if self.at == self.file.length && !self.next_file() {
                return Ok(None);
            }
            let begin = self.at;
            let head = Head::read(self.bytes(begin, Head::MOST as u64)?);
            let head = head.ok_or_else(|| self.form(begin))?;
            self.at += head.length as u64;
            // what these hold stands there as elements of their own
            if matches!(head.id, SEGMENT | CLUSTER) {
                continue;
            }
            let content = self.at;
            self.at = self.end_of(&head).ok_or_else(|| self.form(begin))?;
            if let Some(frame) = self.read_element(head.id, content, self.at - content)? {
                return Ok(Some(frame));
            }
        }
    }

    /// Where an element ends whose content begins here: within the file, and not farther than one of ours.
    fn end_of(&self, head: &Head) -> Option<u64> {
        let size = head.size?;
        let is_bounded = head.id != SIMPLE_BLOCK || size <= LONGEST_BLOCK;
        let end = self.at.checked_add(size)?;
        (is_bounded && end <= self.file.length).then_some(end)
    }

    fn next_file(&mut self) -> bool {
        let Some(file) = self.files.pop() else {
            return false;
        };
        (self.file, self.at) = (file, 0);
        self.window = Window::default();
        true
    }

    fn read_element(&mut self, id: u32, at: u64, size: u64) -> Result<Option<Frame>, BlockError> {
        match id {
            CLUSTER_TIMESTAMP if size <= 8 => {
                let bytes = self.bytes(at, size)?;
                self.millis = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
                Ok(None)
            }
            SIMPLE_BLOCK => {
                let millis = self.millis;
                let frame = frame(self.bytes(at, size)?, millis);
                frame.ok_or_else(|| self.form(at)).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// So many bytes from here on; less at the end of the file.
    fn bytes(&mut self, at: u64, count: u64) -> Result<&[u8], BlockError> {
        let end = at.saturating_add(count).min(self.file.length);
        let known = self.window.from..=self.window.from + self.window.bytes.len() as u64;
        if !(known.contains(&at) && known.contains(&end)) {
            let until = end.max(at + READ_AHEAD).min(self.file.length);
            self.window = self.read(at, until)?;
        }
        // within the window now, which is in memory
        let (from, to) = (at - self.window.from, end - self.window.from);
        Ok(&self.window.bytes[from as usize..to as usize])
    }

    fn read(&mut self, from: u64, to: u64) -> Result<Window, BlockError> {
        let name = name_of(&mut self.storage, self.file.number);
        let mut bytes = vec![0; (to - from) as usize];
        let mut read = 0;
        while read < bytes.len() {
            let more = match self
                .storage
                .read_at(&name, from + read as u64, &mut bytes[read..])
            {
                Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                more => more,
            };
            read += more.map_err(|error| BlockError::Folder(FolderError::io(&name)(error)))?;
        }
        Ok(Window { from, bytes })
    }

    const fn form(&self, at: u64) -> BlockError {
        BlockError::Form {
            file: self.file.number,
            at,
        }
    }
}

/// The content of a block in a cluster that began then.
fn frame(block: &[u8], millis: u64) -> Option<Frame> {
    let [track, high, low, flags, bytes @ ..] = block else {
        return None;
    };
    let millis = millis.checked_add_signed(i16::from_be_bytes([*high, *low]).into())?;
    Some(Frame {
        // RFC 9559 §10.1: the track number is coded like a size
        track: (track & 0x80 != 0).then_some(track & 0x7f)?,
        micros: millis.checked_mul(1000)?,
        is_key: flags & KEY_FRAME != 0,
        bytes: bytes.to_vec(),
    })
}

/// Bytes: some seconds of a recording.
const READ_AHEAD: u64 = 1 << 20;
/// Bytes; far above any frame. A file that says otherwise asks for memory.
const LONGEST_BLOCK: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recording;
    use crate::testing::{Faulty, Trouble, blocks, manifest, second};

    /// Whatever went wrong while it was recorded.
    fn recorded(mut disk: Faulty) -> Faulty {
        let mut recording = Recording::begin(&mut disk, manifest()).unwrap();
        for number in 0..6 {
            second(number)
                .into_iter()
                .for_each(|frame| recording.handle_frame(frame));
            let _ = recording.commit();
        }
        recording.end().unwrap();
        disk
    }

    fn all(disk: &mut Faulty) -> Result<Vec<Frame>, BlockError> {
        let files = File::all(disk).unwrap();
        let mut blocks = Blocks::new(disk, &files);
        std::iter::from_fn(|| blocks.next_frame().transpose()).collect()
    }

    #[test]
    fn frames_are_those_of_all_files_in_their_order() {
        let mut whole = recorded(Faulty::default());
        let expected = blocks(whole.bytes("capture-000.mkv"));
        assert_eq!(all(&mut whole).unwrap(), expected);
        // a sync that fails in the middle, after which there is another file
        let at = whole.operations / 2;
        let failed = (at..at + 8).map(|at| recorded(Faulty::with(at, Trouble::Failed)));
        let mut failed = failed.filter(|disk| disk.has("capture-001.mkv")).peekable();
        assert!(failed.peek().is_some());
        for mut disk in failed {
            let files = ["capture-000.mkv", "capture-001.mkv"];
            let expected: Vec<_> = files.iter().flat_map(|name| blocks(disk.bytes(name))).collect();
            assert_eq!(all(&mut disk).unwrap(), expected);
        }
    }

    #[test]
    fn what_no_recorder_writes_is_an_error_and_asks_for_no_memory() {
        let whole = recorded(Faulty::default());
        let bytes = whole.bytes("capture-000.mkv").to_vec();
        let block = bytes
            .windows(2)
            .position(|window| window == [0xa3, 0x42])
            .unwrap();
        for (at, changed) in [
            (0, &[0][..]),
            (block + 1, &[0x11, 0xff, 0xff, 0xff]),
            (block + 1, &[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            (block + 1, &[0x01, 0, 0, 0, 0x7f, 0, 0, 0]),
            (block + 1, &[0x81]),
        ] {
            let mut disk = whole.clone();
            disk.change("capture-000.mkv", |bytes| {
                bytes[at..at + changed.len()].copy_from_slice(changed)
            });
            let error = all(&mut disk).unwrap_err();
            assert!(
                matches!(error, BlockError::Form { file: 0, .. }),
                "{changed:x?}: {error:?}"
            );
        }
    }
}
