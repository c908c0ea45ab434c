//! Two sides, and sockets that break in between.

use proptest::prelude::*;

use super::*;

/// One side, and what its application has heard.
struct Side {
    numbers: Reliable<u32>,
    said: u32,
    heard: Vec<u32>,
}

/// Two sides, and the frames under way on the present socket.
struct Pair {
    now: Instant,
    sides: [Side; 2],
    lines: Option<[VecDeque<Frame<u32>>; 2]>,
}

/// What can happen. The bit says on which side.
#[derive(Clone, Copy, Debug)]
enum Step {
    Say(bool),
    Write(bool),
    Arrive(bool),
    /// All that is under way is lost.
    Break,
    Resume,
    /// Seconds pass.
    Wait(u8),
}

impl Side {
    fn new() -> Self {
        Self {
            numbers: Reliable::new(),
            said: 0,
            heard: Vec::new(),
        }
    }

    fn say(&mut self) {
        match self.numbers.send(self.said + 1) {
            Ok(number) => {
                self.said += 1;
                assert_eq!(number, u64::from(self.said));
            }
            Err(Overflow) => assert_eq!(self.numbers.kept.len(), WINDOW),
        }
    }
}

impl Pair {
    fn new() -> Self {
        let mut pair = Self {
            now: Instant::now(),
            sides: [Side::new(), Side::new()],
            lines: None,
        };
        pair.resume();
        pair
    }

    fn resume(&mut self) {
        let received = [0, 1].map(|side| self.sides[side].numbers.received());
        self.sides[0].numbers.attach(self.now, received[1]).unwrap();
        self.sides[1].numbers.attach(self.now, received[0]).unwrap();
        self.lines = Some(Default::default());
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Say(side) => self.sides[usize::from(side)].say(),
            Step::Write(side) => self.write(usize::from(side)),
            Step::Arrive(side) => self.arrive(usize::from(side)),
            Step::Break => {
                self.lines = None;
                self.sides.iter_mut().for_each(|side| side.numbers.detach());
            }
            Step::Resume => self.resume(),
            Step::Wait(seconds) => self.now += Duration::from_secs(seconds.into()),
        }
    }

    fn write(&mut self, side: usize) {
        let frame = self.sides[side].numbers.poll_frame(self.now);
        assert!(
            frame.is_none() || self.lines.is_some(),
            "written without a socket"
        );
        if let (Some(frame), Some(lines)) = (frame, &mut self.lines) {
            lines[side].push_back(frame);
        }
    }

    fn arrive(&mut self, from: usize) {
        let frame = self.lines.as_mut().and_then(|lines| lines[from].pop_front());
        let to = &mut self.sides[1 - from];
        let heard = frame.and_then(|frame| to.numbers.handle_frame(self.now, frame).unwrap());
        to.heard.extend(heard.map(|(_, body)| body));
    }

    /// Until nothing moves any more.
    fn settle(&mut self) {
        self.resume();
        for _ in 0..=2 * WINDOW {
            for side in [0, 1] {
                self.write(side);
                self.arrive(side);
            }
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any::<bool>().prop_map(Step::Say),
        8 => any::<bool>().prop_map(Step::Write),
        8 => any::<bool>().prop_map(Step::Arrive),
        1 => Just(Step::Break),
        2 => Just(Step::Resume),
        1 => (0..15u8).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn every_body_arrives_once_and_in_order(steps in prop::collection::vec(step(), 0..400)) {
        let mut pair = Pair::new();
        for step in steps {
            pair.step(step);
            for side in [0, 1] {
                let heard = &pair.sides[1 - side].heard;
                prop_assert!(heard.iter().copied().eq(1..=heard.len() as u32));
                prop_assert!(heard.len() as u32 <= pair.sides[side].said);
                prop_assert!(pair.sides[side].numbers.kept.len() <= WINDOW);
            }
        }
        pair.settle();
        for side in [0, 1] {
            prop_assert_eq!(pair.sides[1 - side].heard.len() as u32, pair.sides[side].said);
        }
    }
}

fn frame(seq: Option<u64>, ack: u64, body: Option<u32>) -> Frame<u32> {
    Frame { seq, ack, body }
}

/// One that has a socket, and a moment.
fn attached() -> (Reliable<u32>, Instant) {
    let (mut numbers, now) = (Reliable::new(), Instant::now());
    numbers.attach(now, 0).unwrap();
    (numbers, now)
}

#[test]
fn a_duplicate_is_acknowledged_and_not_heard_again() {
    let (mut numbers, now) = attached();
    let body = || frame(Some(1), 0, Some(7));
    assert_eq!(numbers.handle_frame(now, body()), Ok(Some((1, 7))));
    assert_eq!(numbers.poll_frame(now + ACK_DELAY), Some(frame(None, 1, None)));
    assert_eq!(numbers.handle_frame(now, body()), Ok(None));
    assert_eq!(numbers.poll_frame(now + ACK_DELAY), Some(frame(None, 1, None)));
}

#[test]
fn what_no_correct_side_sends_is_a_fault_and_changes_nothing() {
    let (mut numbers, now) = attached();
    numbers.send(1).unwrap();
    for (bad, fault) in [
        (frame(Some(2), 0, Some(7)), Fault::Gap),
        (frame(Some(0), 0, Some(7)), Fault::Gap),
        (frame(Some(u64::MAX), 0, Some(7)), Fault::Gap),
        (frame(Some(2), 1, Some(7)), Fault::Gap),
        (frame(Some(1), 0, None), Fault::Halved),
        (frame(None, 0, Some(7)), Fault::Halved),
        (frame(Some(1), 2, Some(7)), Fault::Ack),
        (frame(None, u64::MAX, None), Fault::Ack),
    ] {
        assert_eq!(numbers.handle_frame(now, bad), Err(fault));
        assert_eq!((numbers.received(), numbers.acked()), (0, 0));
    }
}

#[test]
fn a_resumption_can_not_go_behind_what_was_acknowledged_nor_before_what_was_said() {
    let (mut numbers, now) = attached();
    numbers.send(1).unwrap();
    numbers.send(2).unwrap();
    numbers.handle_frame(now, frame(None, 1, None)).unwrap();
    numbers.detach();
    assert_eq!(numbers.attach(now, 0), Err(Fault::Ack));
    assert_eq!(numbers.attach(now, 3), Err(Fault::Ack));
    assert_eq!(numbers.poll_frame(now), None, "no socket yet");
    numbers.attach(now, 1).unwrap();
    assert_eq!(numbers.poll_frame(now), Some(frame(Some(2), 0, Some(2))));
}

#[test]
fn the_window_is_bounded_and_opens_with_an_acknowledgement() {
    let (mut numbers, now) = attached();
    for body in 0..WINDOW as u32 {
        numbers.send(body).unwrap();
    }
    assert_eq!(numbers.send(0), Err(Overflow));
    numbers.handle_frame(now, frame(None, 1, None)).unwrap();
    assert_eq!(numbers.send(0), Ok(WINDOW as u64 + 1));
}

#[test]
fn an_acknowledgement_travels_with_a_body_or_alone_after_a_second() {
    let (mut numbers, now) = attached();
    numbers.handle_frame(now, frame(Some(1), 0, Some(7))).unwrap();
    assert_eq!(numbers.poll_timeout(), Some(now + ACK_DELAY));
    assert_eq!(numbers.poll_frame(now), None);
    numbers.send(9).unwrap();
    assert_eq!(numbers.poll_frame(now), Some(frame(Some(1), 1, Some(9))));
    assert_eq!(numbers.poll_frame(now + ACK_DELAY), None);
    numbers.handle_frame(now, frame(Some(2), 0, Some(8))).unwrap();
    assert_eq!(numbers.poll_frame(now + ACK_DELAY), Some(frame(None, 2, None)));
}

#[test]
fn a_silent_side_is_heard_of_every_ten_seconds() {
    let (mut numbers, now) = attached();
    assert_eq!(numbers.poll_timeout(), Some(now + HEARTBEAT));
    assert_eq!(numbers.poll_frame(now + HEARTBEAT), Some(frame(None, 0, None)));
    assert_eq!(numbers.poll_timeout(), Some(now + 2 * HEARTBEAT));
}

#[test]
fn a_body_that_is_never_acknowledged_stalls_the_socket_and_any_progress_helps() {
    let (mut numbers, now) = attached();
    numbers.send(1).unwrap();
    numbers.send(2).unwrap();
    while numbers.poll_frame(now).is_some() {}
    let later = now + STALLED_AFTER;
    assert!(!numbers.is_stalled(later - ACK_DELAY));
    assert!(numbers.is_stalled(later));
    numbers
        .handle_frame(now + ACK_DELAY, frame(None, 1, None))
        .unwrap();
    assert!(!numbers.is_stalled(later));
    assert!(numbers.is_stalled(later + ACK_DELAY));
    numbers.handle_frame(later, frame(None, 2, None)).unwrap();
    assert!(!numbers.is_stalled(later + STALLED_AFTER));
}
