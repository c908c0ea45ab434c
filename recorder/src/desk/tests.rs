mod codecs;

use rapport_seal::Codec;
use rapport_sfu::codec::Codec as Sent;
use rapport_sfu::id::TapId;

use super::*;
use crate::intake::testing::{Sender, key};
use crate::manifest::Track;
use crate::room::Limits;
use crate::testing::{Faulty, Shared, blocks};

const LIMITS: Limits = Limits {
    floor_bytes: 1000,
    reserve_bytes: 1000,
    quota_bytes: None,
};

const ID: RecordingId = RecordingId([9; 16]);
const SOUND: TapId = TapId(1);
const PICTURE: TapId = TapId(2);
const STEP: Duration = Duration::from_millis(20);
const SECOND: Duration = Duration::from_secs(1);

/// One person's sound and picture on their way to a disk.
struct Scene {
    desk: Desk<Shared>,
    volume: Shared,
    began: Instant,
    now: Instant,
    sound: Sender,
    picture: Sender,
    told: Vec<DeskEvent>,
}

fn manifest() -> Manifest {
    let track = |codec| Track {
        codec,
        sender: 16,
        device: None,
        spare_of: None,
        width: 0,
        height: 0,
    };
    Manifest {
        id: ID,
        // the picture turns out to be another
        tracks: vec![track(Codec::Opus), track(Codec::Vp9)],
        ..crate::testing::manifest()
    }
}

impl Scene {
    /// Everybody agrees for long, and the key has a capsule.
    fn new() -> Self {
        Self::with(LIMITS)
    }

    fn with(limits: Limits) -> Self {
        let mut scene = Self::begin(limits);
        scene
            .desk
            .handle_capsule(ID, key().kid().0, r#"{"message":"key"}"#.to_owned());
        scene
    }

    fn without_capsule() -> Self {
        Self::begin(LIMITS)
    }

    fn begin(limits: Limits) -> Self {
        let volume = Shared::of(Faulty::of_size(10_000_000));
        let now = Instant::now();
        let recorder = Recorder::open(volume.clone(), limits, now).unwrap();
        let mut scene = Self {
            desk: Desk::new(recorder),
            volume,
            began: now,
            now,
            sound: Sender::new(Sent::Opus, 0),
            picture: Sender::new(Sent::Vp8, 0),
            told: Vec::new(),
        };
        let consents = vec![r#"{"message":"yes"}"#.to_owned()];
        let feeds = [(SOUND, 1), (PICTURE, 1)];
        let until = now + 60 * SECOND;
        scene
            .desk
            .handle_begin(now, manifest(), &feeds, (until, consents));
        scene.settle();
        scene
    }

    /// Both send, a key frame each second.
    fn run(&mut self, span: Duration) {
        let steps = span.as_millis() / STEP.as_millis();
        for step in 0..steps {
            self.now += STEP;
            self.sound.skip(STEP);
            self.picture.skip(STEP);
            let sent = [
                (SOUND, self.sound.send(true)),
                (PICTURE, self.picture.send(step % 50 == 0)),
            ];
            for (tap, sent) in sent {
                for packet in sent.packets {
                    let packet = TapPacket {
                        tap,
                        arrived: self.now,
                        ..packet
                    };
                    self.desk.handle_packet(self.now, packet);
                }
            }
            self.settle();
        }
    }

    /// One packet of the picture's next frame, which is lost but for that.
    fn picture_packet(&mut self, is_key: bool) -> TapPacket {
        self.picture.skip(STEP);
        let packet = self.picture.send(is_key).packets.swap_remove(0);
        TapPacket {
            tap: PICTURE,
            arrived: self.now,
            ..packet
        }
    }

    /// Since the beginning.
    fn millis(&self, moment: Instant) -> u64 {
        moment.duration_since(self.began).as_millis() as u64
    }

    /// What the sound sends in a span, in which nobody takes it in.
    fn packets(&mut self, span: Duration) -> Vec<TapPacket> {
        let steps = span.as_millis() / STEP.as_millis();
        let mut sent = Vec::new();
        for _ in 0..steps {
            self.now += STEP;
            self.sound.skip(STEP);
            let arrived = self.now;
            let packets = self.sound.send(true).packets.into_iter();
            sent.extend(packets.map(|packet| TapPacket {
                tap: SOUND,
                arrived,
                ..packet
            }));
        }
        sent
    }

    fn settle(&mut self) {
        self.desk.handle_timeout(self.now);
        while let Some((id, event)) = self.desk.poll_event() {
            assert_eq!(id, ID);
            self.told.push(event);
        }
    }

    /// Nothing comes, and time goes on.
    fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            self.now += STEP;
            self.settle();
        }
    }

    /// Everybody agrees for so long from now on, or not.
    fn agree(&mut self, span: Option<Duration>) {
        let until = span.map(|span| self.now + span);
        self.desk.handle_consented(self.now, ID, self.now, until);
    }

    fn end(&mut self) -> u64 {
        self.desk.handle_end(self.now, ID);
        self.settle();
        let ended = self.told.iter().find_map(|event| match event {
            DeskEvent::Ended(micros) => Some(*micros),
            _ => None,
        });
        ended.unwrap()
    }

    fn has(&self, is_it: impl Fn(&DeskEvent) -> bool) -> bool {
        self.told.iter().any(is_it)
    }

    /// Times in milliseconds of what stands in the file, of one track.
    fn written(&self, track: u8) -> Vec<u64> {
        let disk = self.volume.folder(&ID.to_string());
        let complete = format!("{ID}/capture-000.mkv");
        let name = if disk.borrow_mut().has(&complete) {
            complete
        } else {
            format!("{complete}.part")
        };
        let file = disk.borrow_mut().bytes(&name).to_vec();
        let of_track = blocks(&file).into_iter().filter(|frame| frame.track == track);
        of_track.map(|frame| frame.micros / 1000).collect()
    }

    /// The picture comes by another codec from now on, of somebody else's browser or of another encoder.
    fn change_codec(&mut self, codec: Sent) {
        self.picture = Sender::new(codec, 0);
    }

    /// The numbers of the tracks that have this codec.
    fn tracks(&self, codec: Codec) -> Vec<u8> {
        let manifest: Manifest = serde_json::from_str(&self.text("manifest.json")).unwrap();
        let numbered = (1..).zip(&manifest.tracks);
        let of_codec = numbered.filter(|(_, track)| track.codec == codec);
        of_codec.map(|(number, _)| number).collect()
    }

    fn text(&self, name: &str) -> String {
        let disk = self.volume.clone();
        let bytes = disk.borrow_mut().bytes(&format!("{ID}/{name}")).to_vec();
        drop(disk);
        String::from_utf8(bytes).unwrap()
    }
}

#[test]
fn what_is_agreed_to_is_written_with_all_that_belongs_to_it() {
    let mut scene = Scene::new();
    scene.run(5 * SECOND);
    assert!(scene.has(|event| matches!(event, DeskEvent::Begun)));
    assert!(scene.has(|event| matches!(event, DeskEvent::Safe(micros) if *micros > 2_000_000)));
    assert!(scene.has(|event| matches!(event, DeskEvent::WantsKeyframe(tap) if *tap == PICTURE)));
    assert!(scene.end() > 4_500_000);
    assert!(scene.written(1).len() > 200, "{}", scene.written(1).len());
    assert!(scene.written(2).len() > 200, "{}", scene.written(2).len());
    let manifest: Manifest = serde_json::from_str(&scene.text("manifest.json")).unwrap();
    assert_eq!(
        manifest.tracks[1].codec,
        Codec::Vp8,
        "what came, not what was negotiated first"
    );
    assert_eq!(scene.text("consent.jsonl"), "{\"message\":\"yes\"}\n");
    assert_eq!(scene.text("keys.jsonl"), "{\"message\":\"key\"}\n");
    assert_eq!(scene.desk.counts(), Counts::default());
    assert!(scene.desk.is_idle());
}

#[test]
fn a_lease_that_runs_out_stops_the_recording_by_itself() {
    let mut scene = Scene::new();
    scene.run(2 * SECOND);
    scene.agree(Some(SECOND));
    scene.run(4 * SECOND);
    assert!(scene.desk.counts().withheld_packets > 200);
    scene.agree(Some(60 * SECOND));
    scene.run(3 * SECOND);
    scene.end();
    for track in [1, 2] {
        let written = scene.written(track);
        assert!(written.iter().any(|millis| *millis > 2_500));
        assert!(
            !written.iter().any(|millis| (3_050..5_950).contains(millis)),
            "{written:?}"
        );
        assert!(
            written.iter().any(|millis| *millis > 8_000),
            "it goes on: {written:?}"
        );
    }
    assert_eq!(scene.desk.counts().unconsented_frames, 0);
}

#[test]
fn a_yes_that_is_taken_back_stops_it_at_once() {
    let mut scene = Scene::new();
    scene.run(2 * SECOND);
    scene.agree(None);
    scene.run(2 * SECOND);
    scene.end();
    let written = scene.written(1);
    assert!(
        written.len() > 80 && written.iter().all(|millis| *millis <= 2_050),
        "{written:?}"
    );
}

#[test]
fn a_frame_whose_key_has_no_capsule_is_not_written() {
    let mut scene = Scene::without_capsule();
    scene.run(2 * SECOND);
    assert!(scene.desk.counts().keyless_frames > 100);
    // of another generation
    scene
        .desk
        .handle_capsule(ID, key().kid().0 + 256, "{}".to_owned());
    scene.run(SECOND);
    scene
        .desk
        .handle_capsule(ID, key().kid().0 & !255, "{}".to_owned());
    scene.run(2 * SECOND);
    scene.end();
    let written = scene.written(1);
    assert!(
        written.first().is_some_and(|millis| *millis > 2_900),
        "{written:?}"
    );
    assert!(written.len() > 90, "{}", written.len());
}

#[test]
fn who_comes_in_again_is_recorded_on_the_same_track() {
    let mut scene = Scene::new();
    scene.run(2 * SECOND);
    let again = TapId(3);
    scene.desk.handle_feed(scene.now, ID, 1, again);
    scene.sound.sequence = 17;
    for _ in 0..100 {
        scene.now += STEP;
        scene.sound.skip(STEP);
        for packet in scene.sound.send(true).packets {
            let arrived = scene.now;
            let packet = TapPacket {
                tap: again,
                arrived,
                ..packet
            };
            scene.desk.handle_packet(scene.now, packet);
        }
        scene.settle();
    }
    scene.end();
    let written = scene.written(1);
    assert!(
        written.iter().filter(|millis| **millis > 2_200).count() > 70,
        "{written:?}"
    );
    assert_eq!(scene.desk.counts().gap_millis, 0);
}

#[test]
fn a_full_disk_refuses_a_recording_and_says_for_how_long_it_would_last() {
    let volume = Shared::of(Faulty::of_size(1_500));
    let now = Instant::now();
    let recorder = Recorder::open(volume, LIMITS, now).unwrap();
    let mut desk = Desk::new(recorder);
    desk.handle_begin(
        now,
        manifest(),
        &[(SOUND, 1), (PICTURE, 1)],
        (now + SECOND, Vec::new()),
    );
    desk.handle_timeout(now + CODECS_WITHIN);
    let refused = std::iter::from_fn(|| desk.poll_event())
        .any(|(_, event)| matches!(event, DeskEvent::Refused(BeginError::NoRoom { .. })));
    assert!(refused && desk.is_idle());
}

#[test]
fn a_quota_refuses_what_would_go_beyond_it_and_ends_nothing() {
    let mut scene = Scene::with(Limits {
        quota_bytes: Some(40_000),
        ..LIMITS
    });
    scene.run(8 * SECOND);
    let is_low = |event: &DeskEvent| matches!(event, DeskEvent::Low(hours) if *hours < 1.0);
    assert!(!scene.has(is_low), "there was enough when it began");
    let stats = scene.desk.stats();
    assert!(
        stats.stored_bytes > 40_000 && stats.left_bytes == 0 && stats.is_low,
        "{stats:?}"
    );
    assert!(!stats.is_short, "pictures go on");
    let other = Manifest {
        id: RecordingId([8; 16]),
        ..manifest()
    };
    let agreed = (scene.now + SECOND, Vec::new());
    scene
        .desk
        .handle_begin(scene.now, other, &[(TapId(7), 1), (TapId(8), 1)], agreed);
    scene.desk.handle_timeout(scene.now + CODECS_WITHIN);
    let refused = std::iter::from_fn(|| scene.desk.poll_event())
        .any(|(_, event)| matches!(event, DeskEvent::Refused(BeginError::NoRoom { bytes: 0, .. })));
    assert!(refused);
    scene.run(SECOND);
    assert!(scene.end() > 8_500_000);
}

#[test]
fn what_begins_with_little_room_left_says_for_how_long_it_would_do() {
    // of five floors, four and some
    let mut scene = Scene::with(Limits {
        quota_bytes: Some(5 * LIMITS.floor_bytes),
        ..LIMITS
    });
    scene.run(2 * SECOND);
    let hours = scene.told.iter().find_map(|event| match event {
        DeskEvent::Low(hours) => Some(*hours),
        _ => None,
    });
    assert!(hours.is_some_and(|hours| hours < 0.01), "{hours:?}");
}

#[test]
fn a_lapse_that_is_told_late_counts_and_what_came_in_it_is_not_written() {
    let mut scene = Scene::new();
    scene.run(2 * SECOND);
    scene.agree(Some(SECOND));
    let (lapsed, back) = (scene.now + SECOND, scene.now + 2 * SECOND);
    let sent: Vec<_> = scene.packets(3 * SECOND);
    // the disk has held up everything until now
    scene.desk.handle_consented(scene.now, ID, lapsed, None);
    scene
        .desk
        .handle_consented(scene.now, ID, back, Some(scene.now + 60 * SECOND));
    for packet in sent {
        scene.desk.handle_packet(scene.now, packet);
    }
    scene.settle();
    scene.run(2 * SECOND);
    scene.end();
    let written = scene.written(1);
    // what came before the lapse, and was not taken in before it was told of, goes with it
    assert!(
        !written.iter().any(|millis| (2_050..3_950).contains(millis)),
        "{written:?}"
    );
    assert!(
        written.iter().any(|millis| *millis > 6_000),
        "it goes on: {written:?}"
    );
    assert_eq!(scene.desk.counts().unconsented_frames, 0);
}

#[test]
fn an_order_at_the_very_moment_of_a_lapse_pauses_it_all_the_same() {
    let mut scene = Scene::new();
    scene.run(2 * SECOND);
    scene.agree(Some(SECOND));
    scene.wait(SECOND - STEP);
    scene.now += STEP;
    scene.agree(None);
    scene.agree(Some(60 * SECOND));
    scene.agree(None);
    scene.run(2 * SECOND);
    scene.end();
    assert!(scene.written(1).iter().all(|millis| *millis <= 3_050));
    assert_eq!(scene.desk.counts().unconsented_frames, 0);
}
