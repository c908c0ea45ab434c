//! MP4 (ISO/IEC 14496-12), as it is written where seeking back is possible.
//!
//! Owns: which sample is where, and when. Never does: keep media in memory, or know where frames come from.
//!
//! Media first, and behind them the boxes that say what they are, by the crate `mp4-atom`. Of each frame twenty bytes are
//! kept until then: ten megabytes of an hour of four tracks.

use std::io::{self, Seek, SeekFrom, Write};

use mp4_atom::{
    Atom as _, Audio, Av01, Av1c, Avc1, Avcc, Co64, Codec as Entry, Dinf, Dops, Dref, Edts, Elst, ElstEntry,
    Encode as _, FourCC, Ftyp, Hdlr, Mdhd, Mdia, Minf, Moov, Mvhd, Opus, Smhd, Stbl, Stsc, StscEntry, Stsd,
    Stss, Stsz, StszSamples, Stts, SttsEntry, Tkhd, Trak, Url, Visual, Vmhd, Vp08, Vp09, VpcC,
};
use rapport_seal::Codec;

use crate::frame::Frame;
use crate::plain::{PRE_SKIP, PlainTrack, SOUND_MILLIS};

/// See the module.
#[derive(Debug)]
pub(crate) struct Mp4<W> {
    out: W,
    tracks: Vec<Track>,
    /// Where the box of media begins.
    media: u64,
    /// How much is written.
    length: u64,
}

#[derive(Debug)]
struct Track {
    plain: PlainTrack,
    entry: Entry,
    samples: Vec<Sample>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    /// Since the beginning of the file, in microseconds.
    micros: u64,
    /// In the file.
    offset: u64,
    bytes: u32,
    is_key: bool,
}

impl<W: Write + Seek> Mp4<W> {
    /// An empty file.
    pub(crate) fn begin(mut out: W, tracks: Vec<PlainTrack>) -> io::Result<Self> {
        let mut head = Vec::new();
        let brands = [b"isom", b"iso6", b"mp41"].map(FourCC::new);
        let ftyp = Ftyp {
            major_brand: brands[0],
            minor_version: 0,
            compatible_brands: brands.to_vec(),
        };
        ftyp.encode(&mut head).map_err(io::Error::other)?;
        let media = head.len() as u64;
        head.extend(media_head(0));
        out.write_all(&head)?;
        let tracks = tracks.into_iter().map(|plain| {
            Ok(Track {
                entry: entry(&plain)?,
                plain,
                samples: Vec::new(),
            })
        });
        Ok(Self {
            out,
            tracks: tracks.collect::<io::Result<_>>()?,
            media,
            length: head.len() as u64,
        })
    }

    /// A frame that is not before the last one. Of a track that is not in the file, nothing is written.
    pub(crate) fn write(&mut self, frame: &Frame) -> io::Result<()> {
        let mut tracks = self.tracks.iter_mut();
        let Some(track) = tracks.find(|track| track.plain.number == frame.track) else {
            return Ok(());
        };
        let bytes = u32::try_from(frame.bytes.len()).map_err(io::Error::other)?;
        track.samples.push(Sample {
            micros: frame.micros,
            offset: self.length,
            bytes,
            is_key: frame.is_key,
        });
        self.length += u64::from(bytes);
        self.out.write_all(&frame.bytes)
    }

    /// What the media are. Returns how long they are in milliseconds.
    pub(crate) fn end(mut self) -> io::Result<u64> {
        let numbered = self
            .tracks
            .iter()
            .zip(1..)
            .filter(|(track, _)| !track.samples.is_empty());
        let traks: Vec<_> = numbered.map(|(track, number)| track.described(number)).collect();
        let micros = self.tracks.iter().filter_map(Track::end).max().unwrap_or(0);
        let moov = Moov {
            mvhd: Mvhd {
                timescale: MICROS,
                duration: micros,
                next_track_id: self.tracks.len() as u32 + 1,
                ..Mvhd::default()
            },
            trak: traks,
            ..Moov::default()
        };
        let mut behind = Vec::new();
        moov.encode(&mut behind).map_err(io::Error::other)?;
        self.out.write_all(&behind)?;
        self.out.seek(SeekFrom::Start(self.media))?;
        self.out.write_all(&media_head(self.length - self.media))?;
        self.out.flush()?;
        Ok(micros / 1000)
    }
}

impl Track {
    const fn is_sound(&self) -> bool {
        matches!(self.plain.codec, Codec::Opus)
    }

    /// Ticks a second.
    const fn rate(&self) -> u32 {
        if self.is_sound() { 48_000 } else { 90_000 }
    }

    /// Rounded from the beginning each time, so that nothing adds up.
    fn ticks(&self, micros: u64) -> u64 {
        (micros * u64::from(self.rate()) + 500_000) / 1_000_000
    }

    /// When the last sample is over, in microseconds.
    fn end(&self) -> Option<u64> {
        let last = self.samples.last()?;
        let lasts = if self.is_sound() {
            SOUND_MILLIS * 1000
        } else {
            PICTURE_MICROS
        };
        Some(last.micros + lasts)
    }

    fn described(&self, number: u32) -> Trak {
        let begin = self.samples.first().map_or(0, |first| first.micros);
        let end = self.end().unwrap_or(begin);
        let duration = self.ticks(end) - self.ticks(begin);
        let is_sound = self.is_sound();
        Trak {
            tkhd: Tkhd {
                track_id: number,
                duration: end,
                enabled: true,
                in_movie: true,
                volume: u8::from(is_sound).into(),
                width: self.plain.width.into(),
                height: self.plain.height.into(),
                ..Tkhd::default()
            },
            edts: Some(Edts {
                elst: Some(self.edits(begin, end)),
            }),
            mdia: Mdia {
                mdhd: Mdhd {
                    timescale: self.rate(),
                    duration,
                    language: "und".into(),
                    ..Mdhd::default()
                },
                hdlr: Hdlr {
                    handler: FourCC::new(if is_sound { b"soun" } else { b"vide" }),
                    // C strings end at the first zero
                    name: self.plain.name.replace('\0', ""),
                },
                minf: Minf {
                    smhd: is_sound.then(Smhd::default),
                    vmhd: (!is_sound).then(Vmhd::default),
                    // ISO/IEC 14496-12 §8.7.2: an entry without an address means this file
                    dinf: Dinf {
                        dref: Dref {
                            entries: vec![Url::default().into()],
                        },
                    },
                    stbl: self.table(),
                    ..Minf::default()
                },
            },
            ..Trak::default()
        }
    }

    /// Nothing up to the first sample; and of sound not what the decoder needs to settle (Opus in ISOBMFF §4.4).
    fn edits(&self, begin: u64, end: u64) -> Elst {
        let skipped = if self.is_sound() { u64::from(PRE_SKIP) } else { 0 };
        let dwell = ElstEntry {
            segment_duration: begin,
            media_time: None,
            media_rate: 1.into(),
        };
        let media = ElstEntry {
            segment_duration: end - begin,
            media_time: Some(skipped),
            media_rate: 1.into(),
        };
        let dwell = (begin > 0).then_some(dwell);
        Elst {
            entries: dwell.into_iter().chain([media]).collect(),
        }
    }

    fn table(&self) -> Stbl {
        let keys = (1..).zip(&self.samples).filter(|(_, sample)| sample.is_key);
        let keys = keys.map(|(number, _)| number).collect();
        Stbl {
            stsd: Stsd {
                codecs: vec![self.entry.clone()],
            },
            stts: self.times(),
            // each sample is a chunk of its own
            stsc: Stsc {
                entries: vec![StscEntry {
                    first_chunk: 1,
                    samples_per_chunk: 1,
                    sample_description_index: 1,
                }],
            },
            stsz: Stsz {
                samples: StszSamples::Different {
                    sizes: self.samples.iter().map(|sample| sample.bytes).collect(),
                },
            },
            co64: Some(Co64 {
                entries: self.samples.iter().map(|sample| sample.offset).collect(),
            }),
            stss: (!self.is_sound()).then_some(Stss { entries: keys }),
            ..Stbl::default()
        }
    }

    /// For how long each sample is shown, those that are alike together.
    fn times(&self) -> Stts {
        let ends = self
            .samples
            .iter()
            .skip(1)
            .map(|next| next.micros)
            .chain(self.end());
        let mut entries: Vec<SttsEntry> = Vec::new();
        for (sample, end) in self.samples.iter().zip(ends) {
            let lasts = self.ticks(end).saturating_sub(self.ticks(sample.micros));
            // half a day of one picture
            let sample_delta = u32::try_from(lasts).unwrap_or(u32::MAX);
            match entries
                .last_mut()
                .filter(|last| last.sample_delta == sample_delta)
            {
                Some(last) => last.sample_count += 1,
                None => entries.push(SttsEntry {
                    sample_count: 1,
                    sample_delta,
                }),
            }
        }
        Stts { entries }
    }
}

/// ISO/IEC 14496-12 §4.2.2: a box with a size of 64 bits.
fn media_head(size: u64) -> [u8; 16] {
    let mut head = [0; 16];
    head[..8].copy_from_slice(b"\0\0\0\x01mdat");
    head[8..].copy_from_slice(&size.to_be_bytes());
    head
}

/// What a decoder wants to know of a track.
fn entry(track: &PlainTrack) -> io::Result<Entry> {
    let visual = Visual {
        data_reference_index: 1,
        width: track.width,
        height: track.height,
        ..Visual::default()
    };
    let private = || {
        let private = track.private.as_deref();
        private.ok_or_else(|| io::Error::other("a picture has no key frame that says how it is coded"))
    };
    Ok(match track.codec {
        Codec::Opus => Entry::Opus(Opus {
            audio: Audio {
                data_reference_index: 1,
                channel_count: track.channels.into(),
                sample_size: 16,
                sample_rate: 48_000.into(),
            },
            dops: Dops {
                output_channel_count: track.channels,
                pre_skip: PRE_SKIP,
                input_sample_rate: 48_000,
                output_gain: 0,
                channel_mapping: None,
            },
            btrt: None,
        }),
        Codec::Vp8 => Entry::Vp08(Vp08 {
            visual,
            vpcc: vpcc(track),
            btrt: None,
            colr: None,
            pasp: None,
            spatial: None,
        }),
        Codec::Vp9 => Entry::Vp09(Vp09 {
            visual,
            vpcc: vpcc(track),
            btrt: None,
            colr: None,
            pasp: None,
            spatial: None,
        }),
        Codec::H264 => Entry::Avc1(Avc1 {
            visual,
            avcc: Avcc::decode_body(&mut private()?).map_err(io::Error::other)?,
            btrt: None,
            colr: None,
            pasp: None,
            taic: None,
            fiel: None,
            spatial: None,
        }),
        Codec::Av1 => Entry::Av01(Av01 {
            visual,
            av1c: Av1c::decode_body(&mut private()?).map_err(io::Error::other)?,
            btrt: None,
            ccst: None,
            colr: None,
            pasp: None,
            taic: None,
            spatial: None,
        }),
    })
}

/// VP Codec ISO Media File Format Binding §2: profile 0, 8 bits, 4:2:0, colours as they come.
fn vpcc(track: &PlainTrack) -> VpcC {
    let pixels = u32::from(track.width) * u32::from(track.height);
    let levels = VP9_LEVELS.iter().find(|(most, _)| pixels <= *most);
    VpcC {
        profile: 0,
        level: levels.map_or(VP9_LARGEST, |(_, level)| *level),
        bit_depth: 8,
        chroma_subsampling: 1,
        video_full_range_flag: false,
        color_primaries: UNSPECIFIED,
        transfer_characteristics: UNSPECIFIED,
        matrix_coefficients: UNSPECIFIED,
        codec_initialization_data: Vec::new(),
    }
}

/// VP9 levels: luma samples of a picture at most, and the level in tenths; enough for 30 pictures a second.
const VP9_LEVELS: [(u32, u8); 4] = [(122_880, 20), (245_760, 21), (983_040, 31), (2_228_224, 40)];
const VP9_LARGEST: u8 = 50;
/// ISO/IEC 23001-8: the stream itself may say.
const UNSPECIFIED: u8 = 2;
/// Ticks a second of the whole.
const MICROS: u32 = 1_000_000;
/// How long the last picture is shown.
const PICTURE_MICROS: u64 = 33_333;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use mp4_atom::{Decode as _, Header};

    use super::*;

    #[test]
    fn a_track_that_begins_later_does_so_in_the_file_and_nothing_adds_up() {
        const EVERY: u64 = 33_337;
        let begin = 1_500_007;
        let track = |number, codec| PlainTrack {
            number,
            codec,
            name: String::new(),
            private: None,
            channels: 1,
            width: 640,
            height: 360,
        };
        let tracks = vec![track(3, Codec::Opus), track(7, Codec::Vp9)];
        let mut out = Cursor::new(Vec::new());
        let mut mp4 = Mp4::begin(&mut out, tracks).unwrap();
        let frame = |track, micros| Frame {
            track,
            micros,
            is_key: true,
            bytes: vec![9; 5],
        };
        mp4.write(&frame(3, 0)).unwrap();
        for at in 0..10_000 {
            mp4.write(&frame(7, begin + at * EVERY)).unwrap();
        }
        let millis = mp4.end().unwrap();
        assert_eq!(millis, (begin + 9_999 * EVERY + PICTURE_MICROS) / 1000);
        let bytes = out.into_inner();
        let mut rest = &bytes[..];
        Ftyp::decode(&mut rest).unwrap();
        let media = Header::decode(&mut rest).unwrap().size.unwrap();
        let moov = Moov::decode(&mut &rest[media..]).unwrap();
        let picture = &moov.trak[1];
        let edits = picture.edts.clone().unwrap().elst.unwrap().entries;
        let first = (edits[0].segment_duration, edits[0].media_time);
        assert_eq!(first, (begin, None));
        let entries = &picture.mdia.minf.stbl.stts.entries;
        let ticks: u64 = entries
            .iter()
            .map(|entry| u64::from(entry.sample_count) * u64::from(entry.sample_delta))
            .sum();
        let expected = (9_999 * EVERY + PICTURE_MICROS) * 90_000 / 1_000_000;
        assert!(ticks.abs_diff(expected) <= 1, "{ticks} of {expected}");
    }
}
