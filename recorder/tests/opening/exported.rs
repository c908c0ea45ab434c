use std::collections::BTreeMap;
use std::io::Cursor;

use matroska_demuxer::TrackType;
use rapport_recorded::{Call, Clear, Span};
use rapport_recorder::{Disk, Form, LeftOut, Opening, RecordingId, export};
use rapport_seal::Codec;

use crate::support::{Temporary, clinic, elements, exported, number, read};

const CLUSTER: u32 = 0x1f43_b675;
const CUES: u32 = 0x1c53_bb6b;
const SEEK_HEAD: u32 = 0x114d_9b74;

/// What has to be in the file, track by track.
fn open(clear: &[Clear], track: u8) -> impl Iterator<Item = &Clear> {
    clear
        .iter()
        .filter(move |frame| frame.track == track && frame.span.is_open)
}

#[test]
fn every_frame_comes_back_as_it_was_encoded_to_every_recipient() {
    let call = Call::default();
    let (folder, clear) = Temporary::of(&call);
    let closed = clear.iter().filter(|frame| !frame.span.is_open).count() as u64;
    for key in [clinic(), call.dana.key(), call.ben.key()] {
        let (said, bytes) = exported(folder.path(), &key);
        let read = read(bytes);
        assert_eq!((said.tracks, said.is_matroska), (5, false));
        assert_eq!(said.frames as usize, read.frames.len());
        assert_eq!(
            said.left_out,
            LeftOut {
                no_capsule: closed,
                ..LeftOut::default()
            }
        );
        for track in 1..=5 {
            let found = read.frames.iter().filter(|frame| frame.0 == u64::from(track));
            let found: Vec<_> = found.map(|frame| (frame.2, &frame.3)).collect();
            let expected: Vec<_> = open(&clear, track)
                .map(|frame| (frame.is_key, &frame.bytes))
                .collect();
            assert!(!expected.is_empty() && found == expected, "track {track}");
        }
    }
}

#[test]
fn sound_and_picture_of_a_sender_are_as_far_apart_as_they_were_captured() {
    let call = Call::default();
    let (folder, clear) = Temporary::of(&call);
    let read = read(exported(folder.path(), &clinic()).1);
    let begin = |sender: u16| {
        let of_sender = clear.iter().filter(|frame| frame.sender == sender);
        of_sender.map(|frame| frame.capture_micros).min().unwrap()
    };
    let mut last = 0;
    for track in 1..=5 {
        let found = read.frames.iter().filter(|frame| frame.0 == u64::from(track));
        for (found, clear) in found.zip(open(&clear, track)) {
            let millis = (clear.capture_micros - begin(clear.sender)) / 1000;
            // all senders began at once, and the fastest of each needed as long
            assert_eq!(found.1, millis, "track {track}");
            last = last.max(millis);
        }
    }
    assert!(read.frames.is_sorted_by_key(|frame| frame.1));
    assert_eq!(read.file.info().duration(), Some((last + 20) as f64));
}

#[test]
fn the_file_says_what_players_want_to_know() {
    let call = Call::default();
    let (folder, _) = Temporary::of(&call);
    let file = read(exported(folder.path(), &clinic()).1).file;
    assert_eq!(file.ebml_header().doc_type(), "webm");
    assert_eq!(file.ebml_header().doc_type_version(), 4);
    let tracks = file.tracks();
    let codecs: Vec<_> = tracks.iter().map(|track| track.codec_id()).collect();
    assert_eq!(codecs, ["A_OPUS", "V_VP8", "A_OPUS", "V_VP9", "V_AV1"]);
    let names: Vec<_> = tracks.iter().map(|track| track.name().unwrap()).collect();
    assert_eq!(names, ["Dana Práce", "Dana Práce", "Ben", "Ben", "Ben"]);
    for track in tracks {
        assert!(track.content_encodings().is_none(), "plain");
        assert!(!track.flag_lacing());
        match track.track_type() {
            TrackType::Audio => {
                let head = track.codec_private().unwrap();
                // RFC 7845 §5.1
                assert_eq!(
                    (&head[..8], head[8], head[9], head.len()),
                    (&b"OpusHead"[..], 1, 2, 19)
                );
                assert_eq!(track.codec_delay(), Some(6_500_000));
                assert_eq!(track.seek_pre_roll(), Some(80_000_000));
            }
            _ => {
                let video = track.video().unwrap();
                assert_eq!(
                    (video.pixel_width().get(), video.pixel_height().get()),
                    (320, 180)
                );
            }
        }
    }
    assert_eq!(tracks[4].codec_private().unwrap()[..4], [0x81, 0, 0b1100, 0]);
}

#[test]
fn the_index_leads_to_clusters_that_begin_with_a_key_frame_of_a_picture() {
    let call = Call::default();
    let (folder, _) = Temporary::of(&call);
    let (_, bytes) = exported(folder.path(), &clinic());
    let [(0x1a45_dfa3, _, header), (0x1853_8067, segment, whole)] = elements(&bytes)[..] else {
        panic!("a header and a segment")
    };
    assert_eq!(header + whole, bytes.len(), "sizes are known");
    let parts = elements(segment);
    let offset = |found: &[u8]| found.as_ptr() as usize - segment.as_ptr() as usize;
    let mut clusters = BTreeMap::new();
    for (_, content, length) in parts.iter().filter(|part| part.0 == CLUSTER) {
        let inner = elements(content);
        assert_eq!(inner[0].0, 0xe7, "its time");
        let times: Vec<_> = inner[1..]
            .iter()
            .map(|(_, block, _)| i16::from_be_bytes([block[1], block[2]]))
            .collect();
        assert!(times.iter().all(|time| (0..5000).contains(time)));
        clusters.insert(
            offset(content) + content.len() - length,
            (number(inner[0].1), inner[1].1),
        );
    }
    let of_kind = |kind| parts.iter().find(|part| part.0 == kind).unwrap();
    let cues = elements(of_kind(CUES).1);
    assert!(cues.len() > 5);
    for (_, point, _) in cues {
        let point = elements(point);
        let positions = elements(point[1].1);
        let (time, block) = clusters[&(number(positions[1].1) as usize)];
        assert_eq!(time, number(point[0].1));
        assert_eq!(u64::from(block[0] & 0x7f), number(positions[0].1));
        assert_eq!(block[3], 0x80, "a key frame");
        assert!(time == 0 || [2, 4, 5].contains(&(block[0] & 0x7f)), "at {time}");
    }
    for (_, seek, _) in elements(of_kind(SEEK_HEAD).1) {
        let seek = elements(seek);
        let at = number(seek[1].1) as usize;
        assert!(segment[at..].starts_with(seek[0].1));
    }
}

#[test]
fn h264_goes_into_matroska_as_files_have_it() {
    let mut call = Call::default();
    call.manifest.tracks[1].codec = Codec::H264;
    let (folder, clear) = Temporary::of(&call);
    let (said, bytes) = exported(folder.path(), &clinic());
    let read = read(bytes);
    assert!(said.is_matroska);
    assert_eq!(read.file.ebml_header().doc_type(), "matroska");
    assert_eq!(
        read.file.tracks()[1].codec_private().unwrap()[..4],
        [1, 0x42, 0xe0, 0x1f]
    );
    let found = read.frames.iter().filter(|frame| frame.0 == 2);
    for (found, clear) in found.zip(open(&clear, 2)) {
        // every start code of these frames has four bytes, as a length has
        let mut rest = &found.3[..];
        let mut units = Vec::new();
        while let Some((length, behind)) = rest.split_first_chunk() {
            let (unit, behind) = behind.split_at(u32::from_be_bytes(*length) as usize);
            units.extend([&[0, 0, 0, 1], unit].concat());
            rest = behind;
        }
        assert_eq!(units, clear.bytes);
    }
}

#[test]
fn what_of_somebody_was_not_agreed_to_is_left_out() {
    let mut call = Call::default();
    let microphone = rapport_keys::Sources::of(rapport_keys::Sources::MICROPHONE).unwrap();
    let ben = call.ben.device.keys().id().0;
    let subjects = &mut call.proposal.subjects;
    subjects
        .iter_mut()
        .find(|subject| subject.device == ben)
        .unwrap()
        .sources = microphone;
    let (folder, clear) = Temporary::of(&call);
    let (said, bytes) = exported(folder.path(), &clinic());
    let pictures = open(&clear, 4).count() + open(&clear, 5).count();
    assert_eq!((said.tracks, said.left_out.not_agreed as usize), (3, pictures));
    assert!(read(bytes).frames.iter().all(|frame| frame.0 < 4));
}

#[test]
fn frames_in_the_track_of_another_sender_are_left_out() {
    let mut call = Call::default();
    let (folder, clear) = Temporary::of(&call);
    // the manifest is the server's word
    call.manifest.tracks[0].sender = 17;
    let manifest = serde_json::to_vec(&call.manifest).unwrap();
    std::fs::write(folder.file("manifest.json"), manifest).unwrap();
    let (said, bytes) = exported(folder.path(), &clinic());
    let sounds = clear.iter().filter(|frame| frame.track == 1).count() as u64;
    assert_eq!((said.tracks, said.left_out.unauthentic), (4, sounds));
    assert!(read(bytes).frames.iter().all(|frame| frame.0 != 1));
}

#[test]
fn a_recording_whose_server_crashed_is_opened_up_to_there() {
    let call = Call::default();
    let (folder, clear) = Temporary::of(&call);
    // as a crash leaves it: no end in the journal, no index, and the file not named yet
    let journal = folder.file("journal.log");
    let bytes = std::fs::read(&journal).unwrap();
    let end = bytes
        .windows(9)
        .rposition(|window| window == b"\"stopped\"")
        .unwrap();
    std::fs::write(&journal, &bytes[..end - 5]).unwrap();
    std::fs::rename(
        folder.file("capture-000.mkv"),
        folder.file("capture-000.mkv.part"),
    )
    .unwrap();
    let (said, _) = exported(folder.path(), &clinic());
    assert_eq!(
        said.frames as usize,
        clear.iter().filter(|frame| frame.span.is_open).count()
    );
}

#[test]
fn of_a_recording_that_grows_it_opens_what_it_has_checked() {
    let call = Call::default();
    let (folder, clear) = Temporary::of(&call);
    let journal = folder.file("journal.log");
    let bytes = std::fs::read(&journal).unwrap();
    // up to a record with a span in the middle: a length, the record and its CRC
    let mut ends = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let is_span = bytes[at + 4] == 2;
        at += 8 + number(&bytes[at..at + 4]) as usize;
        ends.extend(is_span.then_some(at));
    }
    std::fs::write(&journal, &bytes[..ends[ends.len() / 2]]).unwrap();
    let mut opening = Opening::begin(Disk::of(folder.path()), &clinic()).unwrap();
    std::fs::write(&journal, &bytes).unwrap();
    let safe = opening.verified().safe_micros;
    let said = export(&mut opening, Form::Webm, Cursor::new(Vec::new())).unwrap();
    let expected = clear
        .iter()
        .filter(|frame| frame.span.is_open && frame.had_micros <= safe);
    assert_eq!(said.frames as usize, expected.count());
}

#[test]
fn a_step_before_that_of_the_capsule_stays_closed() {
    let mut call = Call::default();
    let span = |second, step, has_capsule, is_open| Span {
        second,
        generation: 9,
        step,
        has_capsule,
        is_open,
    };
    call.spans = vec![
        span(0, 1, false, false),
        span(4, 2, true, true),
        span(6, 200, false, true),
    ];
    call.manifest.id = RecordingId(call.proposal.recording);
    let (folder, clear) = Temporary::of(&call);
    let (said, _) = exported(folder.path(), &clinic());
    let open = clear.iter().filter(|frame| frame.span.is_open).count();
    assert_eq!(said.frames as usize, open);
    assert_eq!(said.left_out.no_capsule as usize, clear.len() - open);
}
