//! What a subscriber missed, it can have again.

use proptest::prelude::*;

use super::rtx::BURST;
use super::*;
use crate::publication::testing::arrival;

fn nothing<'a>(_: TrackId, _: EncodingIndex, _: SeqNo) -> Option<Arrival<'a>> {
    panic!("not to be looked up")
}

#[test]
fn a_lost_picture_comes_again_in_the_retransmission_stream() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), video());
    let packets = [
        keyframe(arrival(now, 10, 500, H264, b"first")),
        arrival(now, 11, 500, H264, b"second"),
    ];
    for packet in &packets {
        forward(&mut subscription, now, packet, &mut egress).unwrap();
    }
    let original = egress.last().clone();
    let mut asked = None;
    subscription
        .handle_nack(
            now,
            FIRST + 1,
            |track, encoding, sequence| {
                asked = Some((track, encoding, sequence));
                Some(packets[1])
            },
            &mut egress,
        )
        .unwrap();
    assert_eq!(asked, Some((TRACK, EncodingIndex(0), SeqNo(11))));
    let rtx = egress.last();
    assert_eq!((rtx.ssrc, rtx.header().payload_type.0), (Ssrc(101), 103));
    assert_eq!(rtx.header().timestamp, original.header().timestamp);
    // RFC 4588 §4: the original sequence number, then the original payload.
    let [osn, payload] = [&rtx.payload()[..2], &rtx.payload()[2..]];
    assert_eq!(
        (osn, payload),
        (&original.header().sequence.to_be_bytes()[..], original.payload())
    );
    subscription
        .handle_nack(now, FIRST, |_, _, _| Some(packets[0]), &mut egress)
        .unwrap();
    assert_eq!(
        egress.last().index,
        egress.sent[2].index + 1,
        "numbers of its own"
    );
}

#[test]
fn a_lost_sound_comes_again_as_the_identical_bytes() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), audio());
    for sequence in 10..15 {
        let arrival = arrival(now, sequence, 0, Codec::Opus, b"sound");
        forward(&mut subscription, now, &arrival, &mut egress).unwrap();
    }
    subscription
        .handle_nack(now, FIRST + 2, nothing, &mut egress)
        .unwrap();
    assert_eq!(egress.resent, [egress.sent[2].bytes.clone()]);
    assert_eq!(egress.sent.len(), 5, "nothing was sealed again");
    let late = now + 501 * MS;
    assert_eq!(
        subscription.handle_nack(late, FIRST + 3, nothing, &mut egress),
        Err(Drop::CacheMiss)
    );
}

#[test]
fn what_was_never_sent_or_is_forgotten_is_a_miss() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), video());
    let miss = Err(Drop::CacheMiss);
    assert_eq!(subscription.handle_nack(now, FIRST, nothing, &mut egress), miss);
    let key = keyframe(arrival(now, 10, 500, H264, b"first"));
    forward(&mut subscription, now, &key, &mut egress).unwrap();
    assert_eq!(
        subscription.handle_nack(now, FIRST + 1, nothing, &mut egress),
        miss
    );
    assert_eq!(
        subscription.handle_nack(now, FIRST - 1, nothing, &mut egress),
        miss
    );
    assert_eq!(
        subscription.handle_nack(now, FIRST, |_, _, _| None, &mut egress),
        miss
    );
}

#[test]
fn asking_again_too_soon_is_refused() {
    let (now, mut egress, mut subscription) = (Instant::now(), Recording::default(), video());
    let key = keyframe(arrival(now, 10, 500, H264, b"first"));
    forward(&mut subscription, now, &key, &mut egress).unwrap();
    let mut ask = |after| subscription.handle_nack(now + after, FIRST, |_, _, _| Some(key), &mut egress);
    assert_eq!(ask(Duration::ZERO), Ok(()));
    assert_eq!(ask(19 * MS), Err(Drop::NackThrottled));
    assert_eq!(ask(20 * MS), Ok(()));
    let granted = (3..100).filter(|&turn| ask(turn * 20 * MS).is_ok()).count();
    assert_eq!(granted, 8, "ten times in all");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// However much is asked for, what is sent again is bounded by what was sent, and each number leads to
    /// the packet that was sent under it.
    #[test]
    fn asking_amplifies_nothing(
        asks in prop::collection::vec((0u16..600, 0u64..30), 1..1500),
        payload in 100usize..1200,
    ) {
        let start = Instant::now();
        let (mut egress, mut subscription) = (Recording::default(), video());
        let bytes = vec![7; payload];
        for sequence in 0..400u64 {
            let packet = keyframe(arrival(start, 70_000 + sequence, 0, H264, &bytes));
            forward(&mut subscription, start, &packet, &mut egress).unwrap();
        }
        let sent: usize = egress.sent.iter().map(|sent| sent.bytes.len()).sum();
        let mut again = 0;
        let mut now = start;
        for (number, pause) in asks {
            now += Duration::from_millis(pause);
            egress.sent.clear();
            let cached = |_, _, sequence: SeqNo| {
                assert_eq!(sequence.0, 70_000 + u64::from(number));
                Some(arrival(start, sequence.0, 0, H264, &bytes))
            };
            let result = subscription.handle_nack(now, FIRST + number, cached, &mut egress);
            prop_assert_eq!(result.is_ok(), egress.sent.len() == 1);
            again += egress.sent.iter().map(|sent| sent.bytes.len()).sum::<usize>();
        }
        prop_assert!(again <= BURST + sent / 2, "{} after {}", again, sent);
    }
}
