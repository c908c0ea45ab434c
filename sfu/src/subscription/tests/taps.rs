//! What a tap's owner gets.

use super::tap::Tap;
use super::*;
use crate::id::TapId;
use crate::rtp::time::NtpTime;

#[test]
fn a_tap_gets_every_encoding_as_it_arrived() {
    let now = Instant::now();
    let tap = Tap::new(TapId(5), TRACK);
    let mut clock = clock(H264);
    let packet = of(TRACK, 2, keyframe(arrival(now, 70_000, 90_000, H264, b"picture")));
    assert_eq!(tap.forward(&packet, &clock).unwrap().ntp, None);
    clock.handle_sender_report(NtpTime(7 << 32), 0);
    let tapped = tap.forward(&packet, &clock).unwrap();
    assert_eq!(
        (tapped.tap, tapped.track, tapped.encoding),
        (TapId(5), TRACK, EncodingIndex(2))
    );
    assert_eq!(
        (tapped.sequence, tapped.timestamp, tapped.keyframe),
        (70_000, 90_000, true)
    );
    assert_eq!(
        (&tapped.payload[..], tapped.ntp),
        (&b"picture"[..], Some(NtpTime(8 << 32)))
    );
}

#[test]
fn a_tap_gets_neither_padding_nor_what_is_not_its_track() {
    let now = Instant::now();
    let tap = Tap::new(TapId(5), TRACK);
    let padding = arrival(now, 1, 0, H264, b"");
    assert_eq!(tap.forward(&padding, &clock(H264)), Err(Drop::Padding));
    let other = of(OTHER, 0, arrival(now, 1, 0, H264, b"x"));
    assert_eq!(tap.forward(&other, &clock(H264)), Err(Drop::NotSelected));
}
