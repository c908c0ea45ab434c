//! Pictures that come later, or by another codec.

use super::*;

#[test]
fn who_is_silent_from_the_start_is_recorded_when_they_speak() {
    let mut scene = Scene::new();
    scene.desk.handle_silent(scene.now, ID, 2, true);
    scene.wait(2 * SECOND);
    assert!(
        !scene.has(|event| matches!(event, DeskEvent::Begun)),
        "nothing is safe yet"
    );
    scene.desk.handle_silent(scene.now, ID, 2, false);
    scene.run(2 * SECOND);
    assert!(scene.has(|event| matches!(event, DeskEvent::Begun)));
    scene.end();
    assert!(scene.written(1).len() > 90);
    // its codec was not known when the file was made, and is another than was thought
    assert!(scene.written(2).is_empty());
    let [of_vp8] = scene.tracks(Codec::Vp8)[..] else {
        panic!("no track of VP8, or more than one");
    };
    assert!(scene.written(of_vp8).len() > 90);
    assert_eq!(scene.desk.counts(), Counts::default());
}

#[test]
fn a_picture_that_changes_its_codec_goes_on_at_the_next_key_frame() {
    let mut scene = Scene::new();
    scene.run(2 * SECOND + 10 * STEP);
    for (sent, codec) in [
        (Sent::Vp9 { profile: 0 }, Codec::Vp9),
        (Sent::Av1 { profile: 0 }, Codec::Av1),
        (Sent::Vp8, Codec::Vp8),
    ] {
        let changed = scene.now;
        scene.change_codec(sent);
        let millis = scene.millis(changed);
        // not a key frame: one is asked for
        scene.told.clear();
        let packet = scene.picture_packet(false);
        scene.desk.handle_packet(scene.now, packet);
        scene.settle();
        assert!(scene.has(|event| matches!(event, DeskEvent::WantsKeyframe(tap) if *tap == PICTURE)));
        scene.run(2 * SECOND);
        scene.wait(SECOND);
        let of_codec: Vec<_> = scene
            .tracks(codec)
            .iter()
            .flat_map(|track| scene.written(*track))
            .collect();
        let since: Vec<_> = of_codec.iter().filter(|at| **at >= millis).collect();
        assert!(since.len() > 90, "{codec:?}: {since:?}");
        assert!(*since[0] < millis + 100, "{codec:?}: {since:?} after {millis}");
    }
    scene.end();
    assert_eq!(
        scene.desk.counts().foreign_packets,
        3,
        "each before its key frame"
    );
    assert_eq!(scene.desk.counts().unconsented_frames, 0);
    assert_eq!(scene.desk.counts().gap_millis, 0, "nothing was lost");
}

#[test]
fn a_late_packet_of_the_codec_before_changes_nothing() {
    let mut scene = Scene::new();
    scene.run(2 * SECOND);
    let late = scene.picture_packet(false);
    scene.change_codec(Sent::Vp9 { profile: 0 });
    scene.run(SECOND);
    let arrived = scene.now;
    scene.desk.handle_packet(scene.now, TapPacket { arrived, ..late });
    scene.run(SECOND);
    scene.end();
    let [of_vp9] = scene.tracks(Codec::Vp9)[..] else {
        panic!("no track of VP9, or more than one");
    };
    let written = scene.written(of_vp9);
    assert!(written.len() > 95, "{written:?}");
    let steps = written.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(steps.max().unwrap() < 60, "{written:?}");
}

#[test]
fn a_source_that_is_off_while_its_codec_changes_stays_off() {
    let mut scene = Scene::new();
    scene.run(2 * SECOND);
    scene.desk.handle_silent(scene.now, ID, 2, true);
    scene.change_codec(Sent::Vp9 { profile: 0 });
    scene.run(SECOND);
    scene.agree(None);
    scene.agree(Some(60 * SECOND));
    scene.run(SECOND);
    let [of_vp9] = scene.tracks(Codec::Vp9)[..] else {
        panic!("no track of VP9, or more than one");
    };
    scene.wait(SECOND);
    assert!(scene.written(of_vp9).is_empty());
    scene.desk.handle_silent(scene.now, ID, 2, false);
    scene.run(SECOND);
    scene.end();
    assert!(scene.written(of_vp9).len() > 45);
}

#[test]
fn tracks_run_out_before_their_numbers_do() {
    let volume = Shared::of(Faulty::of_size(10_000_000));
    let now = Instant::now();
    let mut desk = Desk::new(Recorder::open(volume.clone(), LIMITS, now).unwrap());
    let one = manifest();
    let pictures = Manifest {
        tracks: vec![one.tracks[1].clone(); 48],
        ..one
    };
    let feeds: Vec<_> = (1..=48).map(|number| (TapId(number), number as u32)).collect();
    desk.handle_begin(now, pictures, &feeds, (now + SECOND, Vec::new()));
    desk.handle_timeout(now + CODECS_WITHIN);
    let bytes = volume
        .clone()
        .borrow_mut()
        .bytes(&format!("{ID}/manifest.json"))
        .to_vec();
    let manifest: Manifest = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(manifest.tracks.len(), 126);
    // of VP9 they are; of VP8 each has a spare, and of the next codec the first ones
    let spares: Vec<_> = manifest.tracks[48..]
        .iter()
        .map(|track| (track.codec, track.spare_of.unwrap()))
        .collect();
    let vp8 = (1..=48).map(|feed| (Codec::Vp8, feed));
    let h264 = (1..=30).map(|feed| (Codec::H264, feed));
    assert_eq!(spares, vp8.chain(h264).collect::<Vec<_>>());
}
