use std::io::Cursor;

use mp4_atom::{Codec as Entry, Decode as _, Ftyp, Header, Moov, Stbl, StszSamples, Trak};
use rapport_recorded::{Call, Clear};
use rapport_recorder::{Exported, Form};
use rapport_seal::Codec;

use crate::support::{Temporary, clinic, export_to};

/// Of a track of the file: in its own ticks, from the beginning of the whole.
struct Sample {
    ticks: u64,
    is_key: bool,
    bytes: Vec<u8>,
}

struct Read {
    said: Exported,
    moov: Moov,
    tracks: Vec<Vec<Sample>>,
}

/// The boxes side by side, each with its size; and of what they say, each sample.
fn read(call: &Call) -> (Read, Vec<Clear>) {
    let (folder, clear) = Temporary::of(call);
    let mut out = Cursor::new(Vec::new());
    let said = export_to(folder.path(), &clinic(), Form::Mp4, &mut out).unwrap();
    let bytes = out.into_inner();
    let mut rest = &bytes[..];
    let ftyp = Ftyp::decode(&mut rest).unwrap();
    assert_eq!(ftyp.major_brand.to_string(), "isom");
    let media = Header::decode(&mut rest).unwrap();
    assert_eq!(media.kind.to_string(), "mdat");
    rest = &rest[media.size.unwrap()..];
    let moov = Moov::decode(&mut rest).unwrap();
    assert!(rest.is_empty(), "nothing stands behind");
    let tracks = moov
        .trak
        .iter()
        .map(|trak| samples(trak, &moov, &bytes))
        .collect();
    (Read { said, moov, tracks }, clear)
}

fn samples(trak: &Trak, moov: &Moov, bytes: &[u8]) -> Vec<Sample> {
    let Stbl {
        stts,
        stsz,
        stss,
        co64,
        stsc,
        ..
    } = &trak.mdia.minf.stbl;
    assert_eq!(stsc.entries.len(), 1, "a chunk each");
    let StszSamples::Different { sizes } = &stsz.samples else {
        panic!("sizes of samples differ");
    };
    let lasts = stts
        .entries
        .iter()
        .flat_map(|entry| std::iter::repeat_n(entry.sample_delta, entry.sample_count as usize));
    let edits = &trak.edts.as_ref().unwrap().elst.as_ref().unwrap().entries;
    let dwell = edits.iter().find(|edit| edit.media_time.is_none());
    let dwell = dwell.map_or(0, |edit| edit.segment_duration);
    let mut ticks = dwell * u64::from(trak.mdia.mdhd.timescale) / u64::from(moov.mvhd.timescale);
    let offsets = &co64.as_ref().unwrap().entries;
    assert_eq!(offsets.len(), sizes.len());
    let numbered = (1u32..).zip(offsets).zip(sizes).zip(lasts);
    let samples: Vec<_> = numbered
        .map(|(((number, offset), size), lasts)| {
            let at = *offset as usize;
            let sample = Sample {
                ticks,
                is_key: stss.as_ref().is_none_or(|keys| keys.entries.contains(&number)),
                bytes: bytes[at..at + *size as usize].to_vec(),
            };
            ticks += u64::from(lasts);
            sample
        })
        .collect();
    assert_eq!(samples.len(), offsets.len());
    samples
}

fn open(clear: &[Clear], track: u8) -> impl Iterator<Item = &Clear> {
    clear
        .iter()
        .filter(move |frame| frame.track == track && frame.span.is_open)
}

#[test]
fn every_frame_is_where_and_when_the_file_says() {
    let (read, clear) = read(&Call::default());
    assert_eq!((read.said.tracks, read.tracks.len()), (5, 5));
    assert!(read.said.has_vp8 && !read.said.is_matroska);
    assert_eq!(
        read.moov.mvhd.duration,
        read.said.millis * 1000 + read.moov.mvhd.duration % 1000
    );
    let begin = |sender: u16| {
        let of_sender = clear.iter().filter(|frame| frame.sender == sender);
        of_sender.map(|frame| frame.capture_micros).min().unwrap()
    };
    for (track, samples) in (1..).zip(&read.tracks) {
        let expected: Vec<_> = open(&clear, track).collect();
        assert_eq!(samples.len(), expected.len(), "track {track}");
        let rate = read.moov.trak[usize::from(track) - 1].mdia.mdhd.timescale;
        for (sample, clear) in samples.iter().zip(expected) {
            assert_eq!(
                (sample.is_key, &sample.bytes),
                (clear.is_key, &clear.bytes),
                "track {track}"
            );
            let micros = sample.ticks * 1_000_000 / u64::from(rate);
            let captured = clear.capture_micros - begin(clear.sender);
            // ticks of pictures are 11 µs long, and the first one is rounded, too
            assert!(
                micros.abs_diff(captured) <= 23,
                "track {track}: {micros} of {captured}"
            );
        }
    }
}

#[test]
fn the_file_says_what_players_want_to_know() {
    let (read, _) = read(&Call::default());
    let names: Vec<_> = read
        .moov
        .trak
        .iter()
        .map(|trak| trak.mdia.hdlr.name.as_str())
        .collect();
    assert_eq!(names, ["Dana Práce", "Dana Práce", "Ben", "Ben", "Ben"]);
    for trak in &read.moov.trak {
        let size = match &trak.mdia.minf.stbl.stsd.codecs[..] {
            [Entry::Opus(opus)] => {
                assert_eq!((opus.dops.pre_skip, opus.dops.output_channel_count), (312, 2));
                let edits = trak.edts.clone().unwrap().elst.unwrap().entries;
                assert_eq!(
                    edits.last().unwrap().media_time,
                    Some(312),
                    "the decoder settles unheard"
                );
                continue;
            }
            [Entry::Vp08(vp8)] => (vp8.visual.width, vp8.visual.height, vp8.vpcc.level),
            [Entry::Vp09(vp9)] => (vp9.visual.width, vp9.visual.height, vp9.vpcc.level),
            [Entry::Av01(av1)] => (av1.visual.width, av1.visual.height, 21 + av1.av1c.seq_profile),
            other => panic!("{other:?}"),
        };
        let plain = (trak.tkhd.width.integer(), trak.tkhd.height.integer());
        assert_eq!((size.0, size.1), plain);
        assert!(size.0 > 0 && size.1 > 0 && size.2 >= 20, "{size:?}");
    }
}

#[test]
fn h264_stands_in_it_as_files_have_it() {
    let mut call = Call::default();
    call.manifest.tracks[1].codec = Codec::H264;
    let (read, clear) = read(&call);
    assert!(!read.said.has_vp8);
    let [Entry::Avc1(avc)] = &read.moov.trak[1].mdia.minf.stbl.stsd.codecs[..] else {
        panic!("no H.264");
    };
    assert_eq!(
        (avc.avcc.avc_profile_indication, avc.avcc.avc_level_indication),
        (0x42, 0x1f)
    );
    assert_eq!(avc.avcc.length_size, 4);
    for (sample, clear) in read.tracks[1].iter().zip(open(&clear, 2)) {
        // every start code of these frames has four bytes, as a length has
        assert_eq!(sample.bytes.len(), clear.bytes.len());
        let first = u32::from_be_bytes(*sample.bytes.first_chunk().unwrap()) as usize;
        assert_eq!(sample.bytes[4..4 + first], clear.bytes[4..4 + first]);
    }
}
