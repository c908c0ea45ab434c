//! The task of a room, its mailbox and the lanes of its members.

use std::sync::Arc;

use rapport_config::Config;
use rapport_sfu::Stats;
use rapport_sfu::worker::{Counters, Report};
use tokio::sync::{mpsc, oneshot, watch};

use super::*;
use crate::directory::{Directory, JoinError};
use crate::media::{Endpoint, Lane};
use crate::metrics::Metrics;
use crate::plugin::Plugins;

/// A room in a directory, opened by a listener whose number is 1.
struct Call {
    directory: Arc<Directory>,
    room: Mailbox,
    commands: mpsc::Receiver<Command>,
}

async fn call() -> Call {
    let endpoint = Endpoint {
        candidates: Vec::new(),
        fingerprint: Fingerprint([7; 32]),
        video_bitrate: 0,
    };
    let (_, reports) = watch::channel(Report {
        machine: Stats::default(),
        counters: Counters::default(),
    });
    let (lane, commands) = Lane::new(endpoint, reports);
    let metrics = Arc::new(Metrics::default());
    let directory = Directory::new(
        &Config::default(),
        vec![lane],
        Plugins::default(),
        (metrics, None),
    );
    let listen = |_: &Endpoint| {
        let listener = subscriber(1, "listener", &[]);
        let request = |reply| Request::Join(Box::new(listener), reply);
        Ok::<_, JoinError>((request, ()))
    };
    let room = directory.enter(&name(), listen).await.unwrap().room;
    Call {
        directory,
        room,
        commands,
    }
}

impl Call {
    /// Lets somebody sit whose lane holds so many notices.
    async fn sit(&self, admission: Admission, depth: usize) -> mpsc::Receiver<Notice> {
        let (lane, notices) = mpsc::channel(depth);
        let sit = |reply| Request::Sit(Box::new(admission), lane, reply);
        self.room.ask(sit).await.unwrap().unwrap();
        notices
    }

    async fn ask(&self, member: u64, ask: Ask) {
        let ask = |reply| Request::Ask(ParticipantId(member), ask, reply);
        self.room.ask(ask).await.unwrap().unwrap();
    }

    async fn members(&self) -> usize {
        self.room.ask(Request::Summary).await.unwrap().participants
    }
}

/// All that was said up to the end of the lane.
async fn heard(notices: &mut mpsc::Receiver<Notice>) -> Vec<Notice> {
    let mut heard = Vec::new();
    while let Some(notice) = notices.recv().await {
        heard.push(notice);
    }
    heard
}

#[tokio::test]
async fn a_member_hears_what_happens_until_the_last_word() {
    let call = call().await;
    let mut anna = call.sit(host(2, "anna", &FACE, 1), 16).await;
    let mut ben = call.sit(guest(3, "ben", &FACE, 1), 16).await;
    call.ask(3, Ask::Hand(true)).await;
    call.ask(2, Ask::End).await;
    let hand = |notice: &Notice| matches!(notice, Notice::Body(ServerBody::Member { member }) if member.hand);
    for notices in [&mut anna, &mut ben] {
        let heard = heard(notices).await;
        assert_eq!(heard.iter().filter(|notice| hand(notice)).count(), 1);
        assert_eq!(heard.last(), Some(&Notice::Out(CloseReason::Ended)));
    }
    call.directory.empty().await;
}

#[tokio::test]
async fn who_does_not_read_is_sent_away_and_nobody_waits() {
    let mut call = call().await;
    let mut anna = call.sit(host(2, "anna", &[], 0), 16).await;
    let mut ben = call.sit(guest(3, "ben", &[], 0), 1).await;
    call.ask(2, Ask::Hand(true)).await;
    call.ask(2, Ask::Speaking(true)).await;
    assert_eq!(
        heard(&mut ben).await.len(),
        1,
        "and nothing after what did not fit"
    );
    assert_eq!(call.members().await, 2);
    let gone = Notice::Body(ServerBody::Left { participant: 3 });
    while anna.recv().await.expect("word of it") != gone {}
    let away = Command::Leave {
        participant: ParticipantId(3),
    };
    while call.commands.recv().await.expect("an order") != away {}
}

#[tokio::test]
async fn who_hung_up_before_is_not_let_in() {
    let call = call().await;
    let (reply, answer) = oneshot::channel();
    drop(answer);
    let (lane, mut notices) = mpsc::channel(1);
    let sit = Request::Sit(Box::new(host(2, "anna", &[], 0)), lane, reply);
    call.room.send(sit).await.unwrap();
    assert_eq!(call.members().await, 1);
    assert_eq!(notices.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn who_comes_time_and_again_has_to_wait_and_the_others_do_not() {
    let call = call().await;
    let sit = async |admission| {
        let (lane, notices) = mpsc::channel(64);
        let sit = |reply| Request::Sit(Box::new(admission), lane, reply);
        call.room.ask(sit).await.unwrap().map(|_| notices)
    };
    for participant in 2..12 {
        sit(guest(participant, "anna", &[], 0)).await.unwrap();
    }
    let refused = sit(guest(12, "anna", &[], 0)).await;
    assert_eq!(refused.unwrap_err(), RoomError::TooOften);
    let _ben = sit(guest(13, "ben", &[], 0)).await.unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    let _anna = sit(guest(14, "anna", &[], 0)).await.unwrap();
}

#[tokio::test]
async fn an_extension_is_answered_with_every_place() {
    let call = call().await;
    let _anna = call.sit(host(2, "anna", &FACE, 1), 16).await;
    let _ben = call.sit(host(3, "ben", &[], 0), 16).await;
    let more = Extension {
        subscriptions: pairs_of(3, 0..1),
        ..Extension::default()
    };
    let extend = |reply| Request::Extend(ParticipantId(3), Box::new(more), reply);
    let slots = call.room.ask(extend).await.unwrap().unwrap();
    assert_eq!(
        shown(&slots),
        [("a0", 2, Source::Microphone), ("v0", 2, Source::Camera)]
    );
}

#[tokio::test]
async fn the_media_planes_word_on_an_unsealed_track_finds_its_publisher() {
    let call = call().await;
    let mut anna = call.sit(host(2, "anna", &FACE, 1), 16).await;
    let (events, lane) = mpsc::channel(1);
    let dispatch = tokio::spawn(Arc::clone(&call.directory).dispatch(lane));
    let track = track(2, 0);
    events.send(Event::Unsealed { track }).await.unwrap();
    let told = Notice::Body(ServerBody::Unsealed {
        mid: "Microphone".into(),
    });
    assert_eq!(anna.recv().await, Some(told));
    drop(events);
    dispatch.await.unwrap();
}

#[tokio::test]
async fn who_removes_whom_decides_what_is_said() {
    let call = call().await;
    let mut anna = call.sit(host(2, "anna", &[], 0), 16).await;
    let mut ben = call.sit(guest(3, "ben", &[], 0), 16).await;
    let remove = |reply| Request::Remove(ParticipantId(2), reply);
    call.room.ask(remove).await.unwrap().unwrap();
    let leave = |reply| Request::Leave(ParticipantId(3), reply);
    call.room.ask(leave).await.unwrap().unwrap();
    for (notices, why) in [(&mut anna, CloseReason::Removed), (&mut ben, CloseReason::Left)] {
        assert_eq!(heard(notices).await.last(), Some(&Notice::Out(why)));
    }
}

#[tokio::test]
async fn a_lost_worker_and_a_stopping_server_are_unavailable() {
    for stopping in [true, false] {
        let call = call().await;
        let mut anna = call.sit(host(2, "anna", &[], 0), 16).await;
        if stopping {
            call.directory.close_all().await;
        } else {
            call.room.send(Request::LoseWorker).await.unwrap();
        }
        let out = Notice::Out(CloseReason::Unavailable);
        assert_eq!(heard(&mut anna).await, [out], "stopping: {stopping}");
    }
}
