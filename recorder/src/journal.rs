//! What is durable of a recording, record by record.
//!
//! Owns: the form of records. Never does: I/O.
//!
//! `u32 length | type | content | u32 CRC-32C of type and content`, integers big-endian. A record that is cut off or does
//! not have its CRC is the end: what was appended last may be torn by a crash, and only that.

use serde::{Deserialize, Serialize};

use crate::chain::Chain;
use crate::frame::Gap;

/// One.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// A file begins.
    File(File),
    /// The bytes of a file up to here are durable.
    Durable(Durable),
    /// A cluster begins in what the next [`Self::Durable`] makes durable: where seeking may lead to.
    Cluster(Cluster),
    /// Something is missing.
    Gap(Gap),
    /// Nothing follows.
    End(End),
}

/// The file with this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) number: u16,
}

/// A span of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Durable {
    /// Where it begins and ends, in bytes from the beginning of the file.
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// The last time in it, in microseconds since the beginning of the recording.
    pub(crate) micros: u64,
    /// Of all bytes up to its end.
    pub(crate) chain: Chain,
}

/// A cluster of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cluster {
    /// In milliseconds since the beginning of the recording.
    pub(crate) millis: u64,
    /// In bytes from the beginning of the file.
    pub(crate) offset: u64,
}

/// How it came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// As it was meant to.
    Stopped,
    /// By a start after a crash.
    Recovered,
}

impl Record {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut body = Vec::new();
        match self {
            Self::File(file) => {
                body.push(FILE);
                body.extend(file.number.to_be_bytes());
            }
            Self::Durable(durable) => {
                body.push(DURABLE);
                for number in [durable.from, durable.to, durable.micros] {
                    body.extend(number.to_be_bytes());
                }
                body.extend(durable.chain.0);
            }
            Self::Cluster(cluster) => {
                body.push(CLUSTER);
                body.extend(cluster.millis.to_be_bytes());
                body.extend(cluster.offset.to_be_bytes());
            }
            Self::Gap(gap) => json(&mut body, GAP, gap),
            Self::End(end) => json(&mut body, END, end),
        }
        let length = (body.len() as u32).to_be_bytes();
        [&length[..], &body, &crc32c::crc32c(&body).to_be_bytes()].concat()
    }

    fn read(body: &[u8]) -> Option<Self> {
        let (&kind, content) = body.split_first()?;
        match kind {
            FILE => Some(Self::File(File {
                number: u16::from_be_bytes(content.try_into().ok()?),
            })),
            DURABLE => Durable::read(content).map(Self::Durable),
            CLUSTER => Some(Self::Cluster(Cluster {
                millis: u64::from_be_bytes(content.get(..8)?.try_into().ok()?),
                offset: u64::from_be_bytes(content.get(8..)?.try_into().ok()?),
            })),
            GAP => serde_json::from_slice(content).ok().map(Self::Gap),
            END => serde_json::from_slice(content).ok().map(Self::End),
            _ => None,
        }
    }
}

impl Durable {
    fn read(content: &[u8]) -> Option<Self> {
        let (numbers, chain) = content.split_at_checked(24)?;
        let number = |at: usize| u64::from_be_bytes(std::array::from_fn(|byte| numbers[at * 8 + byte]));
        Some(Self {
            from: number(0),
            to: number(1),
            micros: number(2),
            chain: Chain(chain.try_into().ok()?),
        })
    }
}

fn json(body: &mut Vec<u8>, kind: u8, content: &impl Serialize) {
    body.push(kind);
    serde_json::to_writer(body, content).expect("numbers and names are JSON");
}

/// A journal as it was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Journal {
    pub(crate) records: Vec<Record>,
    /// How many bytes they take; what stands behind is torn.
    pub(crate) length: u64,
    /// Something stands behind them.
    pub(crate) is_torn: bool,
}

impl Journal {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut records = Vec::new();
        let mut rest = bytes;
        while let Some((record, behind)) = next(rest) {
            records.push(record);
            rest = behind;
        }
        Self {
            records,
            length: (bytes.len() - rest.len()) as u64,
            is_torn: !rest.is_empty(),
        }
    }
}

fn next(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    (length <= LONGEST).then_some(())?;
    let (body, rest) = rest.split_at_checked(length)?;
    let (crc, rest) = rest.split_first_chunk()?;
    (crc32c::crc32c(body) == u32::from_be_bytes(*crc)).then_some(())?;
    Some((Record::read(body)?, rest))
}

const FILE: u8 = 1;
const DURABLE: u8 = 2;
const GAP: u8 = 3;
const END: u8 = 4;
const CLUSTER: u8 = 5;

/// Bytes; far above any record.
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests;
