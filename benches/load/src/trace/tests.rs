//! Recordings: what is refused, what is read, and the ones that come with the program.

use proptest::collection::vec;
use proptest::prelude::*;
use rapport_sfu::codec::MediaKind;

use super::*;

const HEAD: &str = "trace 1 codec=vp8 encodings=320x180,640x360 clock=90000 length=100000";

fn problem(frames: &str) -> (usize, Problem) {
    let error = Trace::parse(&format!("{HEAD}\n# a note\n{frames}")).unwrap_err();
    (error.line, error.problem)
}

fn head_problem(head: &str) -> Problem {
    Trace::parse(head).unwrap_err().problem
}

#[test]
fn frames_and_their_packets_are_read() {
    let trace = Trace::parse(&format!(
        "{HEAD}\n0 0 K 0 900 200+31\n10 1 K 0 1250\n33000 0 D 2970 70\n"
    ))
    .unwrap();
    let packet = |micros, bytes| Packet {
        at: Duration::from_micros(micros),
        bytes,
    };
    assert_eq!(trace.codec, Codec::Vp8);
    assert_eq!((trace.encodings, trace.length), (2, Duration::from_millis(100)));
    assert_eq!(
        trace.frames[0],
        Frame {
            encoding: 0,
            keyframe: true,
            timestamp: 0,
            packets: vec![packet(0, 900), packet(31, 200)]
        }
    );
    assert_eq!(
        trace.frames[2],
        Frame {
            encoding: 0,
            keyframe: false,
            timestamp: 2970,
            packets: vec![packet(33_000, 70)]
        }
    );
    assert_eq!(trace.first_keyframe(1).unwrap().packets, [packet(10, 1250)]);
    assert_eq!(trace.first_keyframe(2), None);
}

#[test]
fn packets_of_different_encodings_are_played_in_the_order_of_their_times() {
    let trace = Trace::parse(&format!("{HEAD}\n0 0 K 0 900 200+31\n10 1 K 0 1250\n")).unwrap();
    let sizes: Vec<u16> = trace
        .schedule()
        .iter()
        .map(|(frame, index)| frame.packets[*index].bytes)
        .collect();
    assert_eq!(sizes, [900, 1250, 200]);
    assert_eq!(trace.packets(), 3);
    assert_eq!(trace.bitrate(), 2_350.0 * 8.0 * 10.0);
}

#[test]
fn a_line_that_cannot_be_played_is_named() {
    let key = "0 0 K 0 900\n5 1 K 0 900\n";
    assert_eq!(problem("0 0 D 0 900"), (3, Problem::NoKeyframe));
    assert_eq!(problem("0 0 K 5 900"), (3, Problem::Timestamp));
    assert_eq!(problem(&format!("{key}6 0 D 0 900")), (5, Problem::Timestamp));
    assert_eq!(problem(&format!("{key}4 0 D 9 900")), (5, Problem::Order));
    assert_eq!(problem("0 2 K 0 900"), (3, Problem::UnknownEncoding(2)));
    assert_eq!(problem("0 0 K 0 1251"), (3, Problem::Size(1251)));
    assert_eq!(problem("0 0 K 0 0"), (3, Problem::Size(0)));
    assert_eq!(problem("0 0 K 0 900 900+100000"), (3, Problem::AfterEnd));
    assert_eq!(problem("0 0 K 0 900 900+4294967295 9+1"), (3, Problem::AfterEnd));
    assert_eq!(problem("0 0 K 0 900\n"), (1, Problem::Silent(1)));
    for line in [
        " ",
        "0",
        "x 0 K 0 9",
        "0 0 X 0 9",
        "0 0 K 0",
        "0 0 K 0 9 9",
        "0 0 K 0 9 9++1",
        "0 0 K 0 9 9+",
    ] {
        assert!(matches!(problem(line), (3, Problem::Column(_))), "{line:?}");
    }
}

#[test]
fn a_head_that_is_not_understood_is_refused() {
    assert_eq!(head_problem(""), Problem::Head);
    assert_eq!(head_problem(&HEAD.replace("trace 1", "trace 2")), Problem::Head);
    assert_eq!(head_problem(&format!("{HEAD} more=1")), Problem::Head);
    assert_eq!(
        head_problem(&HEAD.replace("vp8", "theora")),
        Problem::Codec("theora".to_owned())
    );
    assert_eq!(
        head_problem(&HEAD.replace("90000", "48000")),
        Problem::Clock(90_000)
    );
    assert_eq!(
        head_problem(&HEAD.replace("320x180", "1,2,3")),
        Problem::Encodings
    );
    assert_eq!(
        head_problem(&HEAD.replace("100000", "-1")),
        Problem::Column("length")
    );
    let error = Trace::parse(&format!("{HEAD}\n0 7 K 0 9")).unwrap_err();
    assert_eq!(error.to_string(), "line 2: there is no encoding 7");
}

/// What is expected of a recording that comes with the program.
struct Expected {
    recording: Recording,
    codec: Codec,
    /// Kilobits a second, encoding by encoding.
    kbits: &'static [std::ops::Range<f64>],
    /// Frames a second of each encoding.
    rate: std::ops::Range<f64>,
}

const EXPECTED: [Expected; 3] = [
    Expected {
        recording: Recording::Vp9,
        codec: Codec::Vp9 { profile: 0 },
        kbits: &[1_500.0..2_500.0],
        rate: 28.0..30.5,
    },
    Expected {
        recording: Recording::Vp8Simulcast,
        codec: Codec::Vp8,
        kbits: &[80.0..250.0, 300.0..700.0, 1_200.0..2_500.0],
        rate: 28.0..30.5,
    },
    Expected {
        recording: Recording::Opus,
        codec: Codec::Opus,
        kbits: &[16.0..40.0],
        rate: 49.5..50.5,
    },
];

#[test]
fn the_recordings_are_what_a_call_sends() {
    for Expected {
        recording,
        codec,
        kbits,
        rate,
    } in &EXPECTED
    {
        let trace = Trace::builtin(*recording);
        let seconds = trace.length.as_secs_f64();
        assert_eq!(
            (trace.codec, usize::from(trace.encodings)),
            (*codec, kbits.len()),
            "{}",
            recording.name()
        );
        assert!(
            (19.0..22.0).contains(&seconds),
            "{}: {seconds} s",
            recording.name()
        );
        for (encoding, expected) in (0..).zip(*kbits) {
            let bytes: u64 = trace.encoding(encoding).map(Frame::bytes).sum();
            let kbit = bytes as f64 * 0.008 / seconds;
            assert!(
                expected.contains(&kbit),
                "{} {encoding}: {kbit} kbit/s",
                recording.name()
            );
            let frames = trace.encoding(encoding).count() as f64 / seconds;
            assert!(
                rate.contains(&frames),
                "{} {encoding}: {frames} frames/s",
                recording.name()
            );
        }
    }
}

#[test]
fn the_recordings_can_be_played_again_without_a_gap() {
    for recording in Recording::ALL {
        let trace = Trace::builtin(recording);
        for encoding in 0..trace.encodings {
            let last = trace.encoding(encoding).last().unwrap().timestamp;
            let end = trace.length.as_secs_f64() * f64::from(trace.codec.clock_rate());
            let step = f64::from(trace.codec.clock_rate())
                / if trace.codec.kind() == MediaKind::Audio {
                    50.0
                } else {
                    30.0
                };
            let gap = (end - f64::from(last)) / step;
            assert!(
                (0.5..2.5).contains(&gap),
                "{} {encoding}: {gap} frames",
                recording.name()
            );
        }
    }
}

/// The form, written: only tests write it in Rust.
fn text(trace: &Trace) -> String {
    let name = if trace.codec == Codec::Opus { "opus" } else { "vp8" };
    let encodings = vec!["1x1"; usize::from(trace.encodings)].join(",");
    let (clock, length) = (trace.codec.clock_rate(), trace.length.as_micros());
    let head = format!("trace 1 codec={name} encodings={encodings} clock={clock} length={length}\n");
    trace.frames.iter().fold(head, |text, frame| text + &line(frame))
}

fn line(frame: &Frame) -> String {
    let first = frame.packets[0];
    let kind = if frame.keyframe { 'K' } else { 'D' };
    let head = format!(
        "{} {} {kind} {} {}",
        first.at.as_micros(),
        frame.encoding,
        frame.timestamp,
        first.bytes
    );
    let line = frame.packets.windows(2).fold(head, |line, pair| {
        line + &format!(" {}+{}", pair[1].bytes, (pair[1].at - pair[0].at).as_micros())
    });
    line + "\n"
}

prop_compose! {
    /// A recording whose frames take turns among its encodings.
    fn traces()(
        encodings in 1u8..=3,
        is_opus: bool,
        frames in vec((any::<bool>(), vec((0u64..2_000, 1u16..=1_250), 1..6)), 3..20),
    ) -> Trace {
        let codec = if is_opus { Codec::Opus } else { Codec::Vp8 };
        let mut start = 0;
        let frames: Vec<Frame> = (0u32..).zip(frames).map(|(index, (keyframe, sizes))| {
            start += sizes[0].0;
            let mut at = start;
            let packets = sizes.iter().enumerate().map(|(place, (delta, bytes))| {
                at += if place == 0 { 0 } else { *delta };
                Packet { at: Duration::from_micros(at), bytes: *bytes }
            });
            let packets = packets.collect();
            let round = index / u32::from(encodings);
            let encoding = u8::try_from(index % u32::from(encodings)).unwrap();
            Frame { encoding, keyframe: keyframe || round == 0, timestamp: round * 3_000, packets }
        }).collect();
        Trace { codec, encodings, length: Duration::from_secs(1), frames }
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(trace in traces()) {
        prop_assert_eq!(Trace::parse(&text(&trace)), Ok(trace));
    }

    #[test]
    fn no_text_causes_a_panic(text: String, lines in vec("[0-9KDx+# ]{0,24}", 0..6)) {
        let _ = Trace::parse(&text);
        let _ = Trace::parse(&format!("{HEAD}\n{}", lines.join("\n")));
    }
}
