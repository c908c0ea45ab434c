use rapport_seal::{Codec, Trailer};

use super::*;

const TRACK: Track = Track {
    codec: Codec::Vp8,
    sender: 16,
    device: None,
    spare_of: None,
    width: 0,
    height: 0,
};

/// Of a track, when the server had it and when it was captured, in milliseconds.
fn frame(track: u8, had: u64, captured: u64) -> OpenFrame {
    OpenFrame {
        frame: Frame {
            track,
            micros: had * 1000,
            is_key: true,
            bytes: had.to_be_bytes().to_vec(),
        },
        trailer: Trailer {
            capture_micros: captured * 1000,
            ..Trailer::default()
        },
    }
}

/// What comes out: track, when the server had it, and when it is shown.
fn shown(clock: i64, frames: impl IntoIterator<Item = OpenFrame>) -> Vec<(u8, u64, u64)> {
    let mut timeline = Timeline::new(BTreeMap::from([(16, clock * 1000)]));
    let mut out = Vec::new();
    for frame in frames {
        timeline.handle_frame(frame, &TRACK);
        out.extend(std::iter::from_fn(|| timeline.poll_frame()));
    }
    timeline.handle_end();
    out.extend(std::iter::from_fn(|| timeline.poll_frame()));
    let had = |frame: &Frame| u64::from_be_bytes(frame.bytes[..].try_into().unwrap());
    out.iter()
        .map(|frame| (frame.track, had(frame), frame.micros / 1000))
        .collect()
}

#[test]
fn what_was_captured_earlier_is_shown_earlier_however_long_it_was_on_its_way() {
    let frames = [
        frame(1, 1_000, 980),
        frame(1, 1_100, 1_080),
        frame(2, 4_900, 1_030),
    ];
    assert_eq!(
        shown(20, frames),
        [(1, 1_000, 0), (2, 4_900, 50), (1, 1_100, 100)]
    );
}

#[test]
fn nothing_waits_for_longer_than_a_frame_may_be_on_its_way() {
    let mut timeline = Timeline::new(BTreeMap::from([(16, 0)]));
    for at in 0..100 {
        timeline.handle_frame(frame(1, at * 1000, at * 1000), &TRACK);
        while timeline.poll_frame().is_some() {}
        assert!(timeline.waiting.len() <= 6);
    }
}

#[test]
fn a_track_keeps_its_order_whatever_its_sender_says() {
    let frames = [frame(1, 1_000, 990), frame(1, 1_100, 900), frame(1, 1_200, 1_190)];
    assert_eq!(shown(10, frames), [(1, 1_000, 0), (1, 1_100, 0), (1, 1_200, 200)]);
}

#[test]
fn a_clock_that_was_set_meanwhile_leaves_the_servers_time() {
    let frames = [
        frame(1, 1_000, 1_000),
        // of before, then eight seconds back, then far ahead of all years
        frame(1, 2_000, 0),
        frame(1, 9_000, 1_000),
        frame(1, 9_500, u64::MAX / 1000),
    ];
    assert_eq!(
        shown(0, frames),
        [(1, 1_000, 0), (1, 2_000, 0), (1, 9_000, 8_000), (1, 9_500, 8_500)]
    );
}

#[test]
fn what_comes_too_late_to_be_in_its_place_goes_last() {
    // the server's times are not in order: another file after a disk's error
    let frames = [
        frame(1, 1_000, 1_000),
        frame(1, 20_000, 20_000),
        frame(2, 2_000, 2_000),
        frame(1, 30_000, 30_000),
    ];
    let shown = shown(0, frames);
    assert!(shown.is_sorted_by_key(|one| one.2), "{shown:?}");
    assert_eq!(shown.len(), 4);
}
