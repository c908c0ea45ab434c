//! Who has to agree, and what the recorder is told.

use std::time::Instant;

use rapport_keys::{
    Capsule, Consent, Message, Parsed, Proposal, ProposalHash, Purpose, Recipient, Role as Opens, Sources,
    Subject, Verdict,
};
use rapport_recorder::RecordingId;

use super::waiting::{Keys, device, device_id, stay};
use super::*;
use crate::protocol::{Audience, RecordingEnd, RecordingPhase};

const ANNA: ParticipantId = ParticipantId(1);
const BEN: ParticipantId = ParticipantId(2);
const CARL: ParticipantId = ParticipantId(3);
const ID: RecordingId = RecordingId([7; 16]);

/// A host, a guest in the call, and one who waits; and a proposal to record the guest.
struct Scene {
    room: Room,
    keys: Keys,
    now: Instant,
    proposal: String,
    counter: u32,
}

impl Scene {
    fn new() -> Self {
        Self::with(RULES)
    }

    fn with(rules: Rules) -> Self {
        let mut room = Room::new(RoomId(1), name(), rules);
        room.sit(host(1, "anna", &FACE, 2)).unwrap();
        room.sit(guest(2, "ben", &FACE, 2)).unwrap();
        room.sit(guest(3, "carl", &FACE, 2)).unwrap();
        Self::over(room)
    }

    fn over(mut room: Room) -> Self {
        let mut keys = Keys::default();
        keys.state(&mut room, ANNA, BEN, Verdict::Admitted).unwrap();
        effects(&mut room);
        let mut scene = Self {
            room,
            keys,
            now: Instant::now(),
            proposal: proposal(ID),
            counter: 0,
        };
        let proposal = scene.proposal.clone();
        scene.say(ANNA, &proposal);
        scene
    }

    fn say(&mut self, from: ParticipantId, text: &str) {
        self.room.relay(from, Audience::Members, text, self.now).unwrap();
    }

    /// By a message, and a lease where it is a yes.
    fn answer(&mut self, from: ParticipantId, agrees: bool) {
        self.counter += 1;
        let consent = Consent {
            from: stay(from),
            proposal: hash_of(&self.proposal),
            counter: self.counter,
            agrees,
        };
        self.say(from, &Message::Consent(consent).write(device(from).sign()));
        if agrees {
            self.room.lease(from, &ID.to_string(), self.now).unwrap();
        }
    }

    fn all_agree(&mut self) {
        self.answer(ANNA, true);
        self.answer(BEN, true);
    }

    fn orders(&mut self) -> Vec<RecordOrder> {
        let recorded = effects(&mut self.room).into_iter();
        recorded
            .filter_map(|effect| match effect {
                Effect::Record(order) => Some(order),
                _ => None,
            })
            .collect()
    }

    fn state(&self) -> crate::protocol::Recording {
        self.room.snapshot(BEN).room.recording.unwrap()
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.room.review(self.now);
    }
}

fn proposal(id: RecordingId) -> String {
    let proposal = Proposal {
        from: stay(ANNA),
        recording: id.0,
        at: 1,
        purpose: Purpose::Calm,
        text: 1,
        days: 14,
        subjects: vec![Subject {
            device: device_id(BEN).0,
            sources: Sources::of(Sources::MICROPHONE | Sources::CAMERA).unwrap(),
        }],
        recipients: vec![Recipient {
            role: Opens::Therapist,
            key: [5; 32],
        }],
    };
    Message::Proposal(proposal).write(device(ANNA).sign())
}

fn hash_of(proposal: &str) -> ProposalHash {
    Proposal::hash(&Parsed::read(proposal).unwrap().body)
}

fn capsule(of: ParticipantId, proposal: &str) -> String {
    let capsule = Capsule {
        from: stay(of),
        proposal: hash_of(proposal),
        kid: 17 << 20,
        boxes: vec![([0; 32], [0; 48])],
    };
    Message::Capsule(capsule).write(device(of).sign())
}

#[test]
fn it_begins_when_all_who_are_in_the_call_have_said_yes_and_not_before() {
    let mut scene = Scene::new();
    assert_eq!(scene.state().phase, RecordingPhase::Proposed);
    assert_eq!(scene.state().missing, [1, 2], "and not who waits");
    scene.answer(ANNA, true);
    assert_eq!(scene.orders(), []);
    assert_eq!(scene.state().missing, [2]);
    scene.answer(BEN, true);
    let orders = scene.orders();
    let [RecordOrder::Begin(beginning)] = orders.as_slice() else {
        panic!("{orders:?}")
    };
    assert_eq!(
        (beginning.id, beginning.days, beginning.purpose),
        (ID, 14, "calm")
    );
    let tracks: Vec<_> = beginning
        .feeds
        .iter()
        .map(|feed| (feed.track, feed.kind))
        .collect();
    assert_eq!(
        tracks,
        [(Some(track(2, 0)), Audio), (Some(track(2, 1)), Video)],
        "of the guest alone"
    );
    assert_eq!(beginning.until, scene.now + LEASE);
    // hello and proposal of the host, hello and yes of the guest, yes of the host
    assert_eq!(beginning.record.len(), 5);
    assert_eq!(scene.state().phase, RecordingPhase::Starting);
    scene.room.handle_recorded(ID, Recorded::Begun);
    scene.room.handle_recorded(ID, Recorded::Safe(1200));
    assert_eq!(
        (scene.state().phase, scene.state().safe_ms),
        (RecordingPhase::Recording, 1200)
    );
}

#[test]
fn a_yes_without_a_lease_is_not_enough_and_a_lease_without_a_yes_is_refused() {
    let mut scene = Scene::new();
    scene.answer(ANNA, true);
    let lease = |scene: &mut Scene, id: RecordingId| scene.room.lease(BEN, &id.to_string(), scene.now);
    let missing = |result| match result {
        Err(RoomError::NoConsent(missing)) => missing,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(lease(&mut scene, ID)), MissingConsent::Yes);
    let consent = Consent {
        from: stay(BEN),
        proposal: hash_of(&scene.proposal),
        counter: 1,
        agrees: true,
    };
    scene.say(BEN, &Message::Consent(consent).write(device(BEN).sign()));
    assert_eq!(scene.orders(), []);
    let other = RecordingId([8; 16]);
    assert_eq!(missing(lease(&mut scene, other)), MissingConsent::OtherProposal);
    assert!(lease(&mut scene, ID).is_ok());
    assert!(matches!(scene.orders().as_slice(), [RecordOrder::Begin(_)]));
}

#[test]
fn a_lease_that_is_not_renewed_pauses_it() {
    let mut scene = Scene::new();
    scene.all_agree();
    scene.orders();
    scene.pass(Duration::from_secs(4));
    scene.room.lease(ANNA, &ID.to_string(), scene.now).unwrap();
    assert_eq!(scene.orders(), [], "the guest's lasts as long as before");
    assert_eq!(
        scene.room.poll_timeout(),
        Some(scene.now + Duration::from_secs(2))
    );
    scene.pass(Duration::from_secs(2));
    assert_eq!(scene.orders(), [RecordOrder::Consented(ID, scene.now, None)]);
    assert_eq!(
        (scene.state().phase, scene.state().missing),
        (RecordingPhase::Paused, vec![2])
    );
    scene.room.lease(BEN, &ID.to_string(), scene.now).unwrap();
    let until = scene.now + Duration::from_secs(4);
    assert_eq!(
        scene.orders(),
        [RecordOrder::Consented(ID, scene.now, Some(until))]
    );
}

#[test]
fn a_no_of_anybody_ends_it_at_once() {
    for whose in [ANNA, BEN] {
        let mut scene = Scene::new();
        scene.all_agree();
        scene.orders();
        scene.answer(whose, false);
        let orders = scene.orders();
        assert!(
            matches!(orders.as_slice(), [RecordOrder::Keep(..), RecordOrder::End(ID)]),
            "{orders:?}"
        );
        assert_eq!(
            (scene.state().phase, scene.state().end),
            (RecordingPhase::Ended, Some(RecordingEnd::Stopped))
        );
        // said once more by somebody who has not heard of it
        let again = scene.proposal.clone();
        scene.say(ANNA, &again);
        assert_eq!(scene.state().phase, RecordingPhase::Ended);
        scene.room.handle_recorded(ID, Recorded::Ended(4_000));
        assert_eq!(scene.state().safe_ms, 4_000);
    }
}

#[test]
fn who_comes_in_pauses_it_until_they_have_said_yes() {
    let mut scene = Scene::new();
    scene.all_agree();
    scene.orders();
    scene
        .keys
        .state(&mut scene.room, ANNA, CARL, Verdict::Admitted)
        .unwrap();
    assert!(matches!(
        scene.orders().as_slice(),
        [RecordOrder::Consented(ID, _, None)]
    ));
    assert_eq!(scene.state().missing, [3]);
    scene.answer(CARL, true);
    let orders = scene.orders();
    assert!(
        orders
            .iter()
            .any(|order| matches!(order, RecordOrder::Consented(ID, _, Some(_)))),
        "{orders:?}"
    );
    assert!(
        orders
            .iter()
            .any(|order| matches!(order, RecordOrder::Keep(ID, record) if record.len() == 2))
    );
    scene
        .keys
        .state(&mut scene.room, ANNA, CARL, Verdict::Waiting)
        .unwrap();
    assert!(
        scene.state().missing.is_empty(),
        "whoever is out again is not asked"
    );
}

#[test]
fn it_is_over_when_who_proposed_it_goes_and_goes_on_when_another_does() {
    let mut scene = Scene::new();
    scene
        .keys
        .state(&mut scene.room, ANNA, CARL, Verdict::Admitted)
        .unwrap();
    scene.all_agree();
    scene.answer(CARL, true);
    scene.orders();
    scene.room.leave(CARL).unwrap();
    scene.room.review(scene.now);
    assert!(
        scene
            .orders()
            .iter()
            .all(|order| matches!(order, RecordOrder::Consented(_, _, Some(_))))
    );
    scene.room.leave(ANNA).unwrap();
    assert_eq!(scene.orders(), [RecordOrder::End(ID)]);
    assert_eq!(scene.state().end, Some(RecordingEnd::Gone));
}

#[test]
fn what_its_publisher_switches_off_is_not_missing() {
    let mut scene = Scene::new();
    scene.all_agree();
    scene.orders();
    for (camera, silent) in [(false, true), (true, false)] {
        let media = MediaState { camera, ..ON };
        scene.room.ask(BEN, Ask::Media(media)).unwrap();
        scene.room.review(scene.now);
        assert_eq!(scene.orders(), [RecordOrder::Silent(ID, 2, silent)]);
    }
}

#[test]
fn what_is_switched_on_later_has_its_place_from_the_start() {
    let mut room = Room::new(RoomId(1), name(), RULES);
    room.sit(host(1, "anna", &FACE, 2)).unwrap();
    room.sit(guest(2, "ben", &[Source::Microphone], 2)).unwrap();
    let mut scene = Scene::over(room);
    scene.all_agree();
    let orders = scene.orders();
    let [RecordOrder::Begin(beginning)] = orders.as_slice() else {
        panic!("{orders:?}")
    };
    let feeds: Vec<_> = beginning
        .feeds
        .iter()
        .map(|feed| (feed.track, feed.silent))
        .collect();
    assert_eq!(feeds, [(Some(track(2, 0)), false), (None, true)]);
    let camera = track(2, 9);
    let extension = Extension {
        publications: vec![(camera, Source::Camera, publication(Video, "s"))],
        ..Extension::default()
    };
    scene.room.extend(BEN, extension).unwrap();
    scene.room.review(scene.now);
    let expected = [
        RecordOrder::Feed(ID, 2, camera),
        RecordOrder::Silent(ID, 2, false),
    ];
    assert_eq!(scene.orders(), expected);
}

#[test]
fn a_capsule_goes_to_the_recorder_if_its_author_agrees() {
    let mut scene = Scene::new();
    let of_guest = capsule(BEN, &scene.proposal);
    assert!(matches!(
        scene.room.capsule(BEN, of_guest.clone()),
        Err(RoomError::Capsule(_))
    ));
    scene.all_agree();
    scene.orders();
    scene.room.capsule(BEN, of_guest.clone()).unwrap();
    let orders = scene.orders();
    assert!(matches!(orders.as_slice(), [RecordOrder::Capsule(ID, _, text)] if *text == of_guest));
    let elsewhere = capsule(BEN, &proposal(RecordingId([8; 16])));
    assert!(matches!(
        scene.room.capsule(BEN, elsewhere),
        Err(RoomError::Capsule(_))
    ));
}

#[test]
fn a_capsule_that_comes_before_the_last_lease_is_kept_until_it_begins() {
    let mut scene = Scene::new();
    scene.answer(BEN, true);
    let of_guest = capsule(BEN, &scene.proposal);
    scene.room.capsule(BEN, of_guest).unwrap();
    assert_eq!(scene.orders(), []);
    scene.answer(ANNA, true);
    let orders = scene.orders();
    assert!(
        matches!(
            orders.as_slice(),
            [RecordOrder::Begin(_), RecordOrder::Capsule(..)]
        ),
        "{orders:?}"
    );
}

#[test]
fn a_generation_has_one_capsule_and_it_is_kept_once() {
    let mut scene = Scene::new();
    scene.all_agree();
    scene.orders();
    let first = capsule(BEN, &scene.proposal);
    scene.room.capsule(BEN, first.clone()).unwrap();
    scene.room.capsule(BEN, first).unwrap();
    assert_eq!(scene.orders().len(), 1);
    let other = Message::Capsule(Capsule {
        from: stay(BEN),
        proposal: hash_of(&scene.proposal),
        kid: 17 << 20,
        boxes: vec![([1; 32], [0; 48])],
    });
    let refused = scene.room.capsule(BEN, other.write(device(BEN).sign()));
    assert!(matches!(
        refused,
        Err(RoomError::NoConsent(MissingConsent::OtherKey))
    ));
    assert_eq!(scene.orders(), []);
}

#[test]
fn nothing_is_agreed_to_where_nothing_is_proposed_any_more() {
    let mut scene = Scene::new();
    scene.all_agree();
    scene.answer(BEN, false);
    let lease = scene.room.lease(ANNA, &ID.to_string(), scene.now);
    let given = scene.room.capsule(BEN, capsule(BEN, &scene.proposal));
    assert!(matches!(
        lease,
        Err(RoomError::NoConsent(MissingConsent::Proposal))
    ));
    assert!(given.is_err(), "{given:?}");
}

#[test]
fn a_disk_that_is_too_full_or_fails_ends_it_with_a_reason() {
    for (recorded, end) in [
        (Recorded::Full(3), RecordingEnd::Full),
        (Recorded::Lost, RecordingEnd::Failed),
    ] {
        let mut scene = Scene::new();
        scene.all_agree();
        scene.orders();
        scene.room.handle_recorded(RecordingId([8; 16]), recorded.clone());
        assert_eq!(scene.state().phase, RecordingPhase::Starting, "of another one");
        scene.room.handle_recorded(ID, recorded);
        assert_eq!(scene.orders(), [RecordOrder::End(ID)]);
        assert_eq!(
            (scene.state().end, scene.state().hours_left.is_some()),
            (Some(end), end == RecordingEnd::Full)
        );
    }
}

#[test]
fn that_room_is_getting_short_is_told_until_the_end() {
    let mut scene = Scene::new();
    scene.all_agree();
    scene.room.handle_recorded(ID, Recorded::Begun);
    scene.room.handle_recorded(ID, Recorded::Low(3));
    assert_eq!(
        (scene.state().phase, scene.state().hours_left),
        (RecordingPhase::Recording, Some(3))
    );
    scene.room.handle_recorded(ID, Recorded::Safe(2000));
    assert_eq!((scene.state().safe_ms, scene.state().hours_left), (2000, Some(3)));
}

#[test]
fn that_only_sound_is_recorded_is_told_until_pictures_are_again() {
    let mut scene = Scene::new();
    scene.all_agree();
    scene.room.handle_recorded(ID, Recorded::Begun);
    for is_so in [true, false] {
        scene.room.handle_recorded(ID, Recorded::SoundOnly(is_so));
        scene.room.handle_recorded(ID, Recorded::Safe(1000));
        assert_eq!(scene.state().sound_only, is_so);
    }
}

#[test]
fn a_picture_that_waits_has_its_publisher_asked() {
    let mut scene = Scene::new();
    scene.all_agree();
    effects(&mut scene.room);
    scene
        .room
        .handle_recorded(ID, Recorded::WantsKeyframe(track(2, 1)));
    let ask = Effect::Command(Command::RequestKeyframes { track: track(2, 1) });
    assert_eq!(effects(&mut scene.room), [ask]);
}

#[test]
fn nobody_is_asked_where_nothing_can_be_recorded() {
    let scene = Scene::with(Rules {
        records: false,
        ..RULES
    });
    let state = scene.room.snapshot(BEN).room;
    assert_eq!((state.records, state.recording), (false, None));
}
