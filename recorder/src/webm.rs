//! WebM, and Matroska where WebM does not know a codec, as it is written where seeking back is possible.
//!
//! Owns: a file with known sizes, a duration and an index. Never does: keep more than a cluster in memory, or know where
//! frames come from.

use std::io::{self, Seek, SeekFrom, Write};

use rapport_seal::Codec;

use crate::ebml::{element, float, late_element, master, text, unsigned};
use crate::frame::Frame;
use crate::matroska::*;
use crate::plain::{PRE_SKIP, PlainTrack, SOUND_MILLIS};

/// See the module.
#[derive(Debug)]
pub(crate) struct Webm<W> {
    out: W,
    tracks: Vec<PlainTrack>,
    /// How much is written.
    length: u64,
    cluster: Cluster,
    cues: Vec<Cue>,
    last_millis: u64,
}

/// The cluster that is not written yet.
#[derive(Debug, Default)]
struct Cluster {
    millis: u64,
    blocks: Vec<u8>,
    /// What it begins with, if a player can begin there.
    entry: Option<u8>,
}

#[derive(Debug)]
struct Cue {
    millis: u64,
    track: u8,
    /// From the beginning of the file, in bytes.
    cluster: u64,
}

impl<W: Write + Seek> Webm<W> {
    /// An empty file.
    pub(crate) fn begin(mut out: W, tracks: Vec<PlainTrack>) -> io::Result<Self> {
        let head = head(&tracks, Late::default());
        out.write_all(&head)?;
        Ok(Self {
            out,
            length: head.len() as u64,
            tracks,
            cluster: Cluster::default(),
            cues: Vec::new(),
            last_millis: 0,
        })
    }

    /// A frame that is not before the last one.
    pub(crate) fn write(&mut self, frame: &Frame) -> io::Result<()> {
        let millis = frame.micros / 1000;
        self.last_millis = self.last_millis.max(millis);
        if self.wants_cluster(millis, frame) {
            self.end_cluster()?;
            self.cluster.millis = millis;
            self.cluster.entry = frame.is_key.then_some(frame.track);
        }
        block(&mut self.cluster.blocks, self.cluster.millis, frame)
            .ok_or_else(|| io::Error::other("a frame is too far from its cluster"))
    }

    /// The index, and what the beginning tells of the end. Returns how long it is in milliseconds.
    pub(crate) fn end(mut self) -> io::Result<u64> {
        self.end_cluster()?;
        let cues_at = self.length;
        let begin = segment_begin(&self.tracks);
        let mut cues = Vec::new();
        master(&mut cues, CUES, |out| {
            for cue in &self.cues {
                cue.write(out, begin);
            }
        });
        self.append(&cues)?;
        let late = Late {
            segment: self.length - begin,
            cues: cues_at - begin,
            millis: self.last_millis + SOUND_MILLIS,
        };
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&head(&self.tracks, late))?;
        self.out.flush()?;
        Ok(late.millis)
    }

    /// Clusters begin with key frames of a picture, where there are any.
    fn wants_cluster(&self, millis: u64, frame: &Frame) -> bool {
        let age = millis.saturating_sub(self.cluster.millis);
        let of_track = |track: &&PlainTrack| track.number == frame.track;
        let is_picture = self
            .tracks
            .iter()
            .find(of_track)
            .is_some_and(|track| track.codec != Codec::Opus);
        self.cluster.blocks.is_empty()
            || (is_picture && frame.is_key && age >= SHORTEST_MILLIS)
            || age >= LONGEST_MILLIS
    }

    fn end_cluster(&mut self) -> io::Result<()> {
        let Cluster {
            millis,
            blocks,
            entry,
        } = std::mem::take(&mut self.cluster);
        if blocks.is_empty() {
            return Ok(());
        }
        self.cues.extend(entry.map(|track| Cue {
            millis,
            track,
            cluster: self.length,
        }));
        let mut out = Vec::with_capacity(blocks.len() + 32);
        master(&mut out, CLUSTER, |cluster| {
            unsigned(cluster, CLUSTER_TIMESTAMP, millis);
            cluster.extend(blocks);
        });
        self.append(&out)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

impl Cue {
    fn write(&self, out: &mut Vec<u8>, segment: u64) {
        master(out, CUE_POINT, |point| {
            unsigned(point, CUE_TIME, self.millis);
            master(point, CUE_TRACK_POSITIONS, |positions| {
                unsigned(positions, CUE_TRACK, self.track.into());
                unsigned(positions, CUE_CLUSTER_POSITION, self.cluster - segment);
            });
        });
    }
}

/// What is known at the end.
#[derive(Clone, Copy, Debug, Default)]
struct Late {
    /// How long the content of the segment is.
    segment: u64,
    /// Where the index stands in it.
    cues: u64,
    millis: u64,
}

/// All before the first cluster; as long whatever is known late.
fn head(tracks: &[PlainTrack], late: Late) -> Vec<u8> {
    let mut out = ebml_header(tracks);
    late_element(&mut out, SEGMENT, late.segment);
    let (info, entries) = (info(late.millis), track_entries(tracks));
    let seek_bytes = seek_head([0; 3]).len() as u64;
    let positions = [seek_bytes, seek_bytes + info.len() as u64, late.cues];
    out.extend(seek_head(positions));
    out.extend(info);
    out.extend(entries);
    out
}

/// Where the content of the segment begins: what positions are counted from.
fn segment_begin(tracks: &[PlainTrack]) -> u64 {
    let mut out = ebml_header(tracks);
    late_element(&mut out, SEGMENT, 0);
    out.len() as u64
}

fn ebml_header(tracks: &[PlainTrack]) -> Vec<u8> {
    let is_webm = tracks.iter().all(|track| is_webm(track.codec));
    let mut out = Vec::new();
    master(&mut out, EBML, |ebml| {
        text(ebml, DOC_TYPE, if is_webm { "webm" } else { "matroska" });
        unsigned(ebml, DOC_TYPE_VERSION, 4);
        // SimpleBlock came with version 2
        unsigned(ebml, DOC_TYPE_READ_VERSION, 2);
    });
    out
}

/// Whether WebM knows it.
pub(crate) const fn is_webm(codec: Codec) -> bool {
    !matches!(codec, Codec::H264)
}

/// Of all that a player looks for; numbers of eight bytes, since the last is known late.
fn seek_head(positions: [u64; 3]) -> Vec<u8> {
    let mut out = Vec::new();
    master(&mut out, SEEK_HEAD, |head| {
        for (id, position) in [INFO, TRACKS, CUES].into_iter().zip(positions) {
            master(head, SEEK, |seek| {
                element(seek, SEEK_ID, &id.to_be_bytes());
                element(seek, SEEK_POSITION, &position.to_be_bytes());
            });
        }
    });
    out
}

fn info(millis: u64) -> Vec<u8> {
    let mut out = Vec::new();
    master(&mut out, INFO, |info| {
        unsigned(info, TIMESTAMP_SCALE, NANOS_A_MILLI);
        float(info, DURATION, millis as f64);
        text(info, MUXING_APP, "rapport");
        text(info, WRITING_APP, "rapport");
    });
    out
}

fn track_entries(tracks: &[PlainTrack]) -> Vec<u8> {
    let mut out = Vec::new();
    master(&mut out, TRACKS, |entries| {
        for track in tracks {
            master(entries, TRACK_ENTRY, |entry| track.write(entry));
        }
    });
    out
}

impl PlainTrack {
    fn write(&self, entry: &mut Vec<u8>) {
        let is_sound = self.codec == Codec::Opus;
        unsigned(entry, TRACK_NUMBER, self.number.into());
        unsigned(entry, TRACK_UID, self.number.into());
        unsigned(entry, TRACK_TYPE, if is_sound { 2 } else { 1 });
        unsigned(entry, FLAG_LACING, 0);
        text(entry, LANGUAGE, "und");
        if !self.name.is_empty() {
            text(entry, NAME, &self.name);
        }
        text(entry, CODEC_ID, codec_id(self.codec));
        if let Some(private) = &self.private {
            element(entry, CODEC_PRIVATE, private);
        }
        if is_sound {
            unsigned(entry, CODEC_DELAY, PRE_SKIP_NANOS);
            unsigned(entry, SEEK_PRE_ROLL, PRE_ROLL_NANOS);
            master(entry, AUDIO, |audio| {
                float(audio, SAMPLING_FREQUENCY, 48_000.0);
                unsigned(audio, CHANNELS, self.channels.into());
            });
        } else {
            master(entry, VIDEO, |video| {
                unsigned(video, PIXEL_WIDTH, self.width.max(1).into());
                unsigned(video, PIXEL_HEIGHT, self.height.max(1).into());
            });
        }
    }
}

/// Two people's key frames that come close to each other share a cluster.
const SHORTEST_MILLIS: u64 = 500;
/// What a player has to load before it goes on.
const LONGEST_MILLIS: u64 = 5_000;
const PRE_SKIP_NANOS: u64 = PRE_SKIP as u64 * 1_000_000_000 / 48_000;
/// RFC 7845 §4.6: 80 ms until a decoder has settled.
const PRE_ROLL_NANOS: u64 = 80_000_000;

const SEEK_HEAD: u32 = 0x114d_9b74;
const SEEK: u32 = 0x4dbb;
const SEEK_ID: u32 = 0x53ab;
const SEEK_POSITION: u32 = 0x53ac;
const DURATION: u32 = 0x4489;
const LANGUAGE: u32 = 0x0022_b59c;
const NAME: u32 = 0x536e;
const CODEC_DELAY: u32 = 0x56aa;
const SEEK_PRE_ROLL: u32 = 0x56bb;
