//! What data channels are to those who use them.

use rapport_sfu::command::{Command, Message};
use rapport_sfu::drop::Drop;
use rapport_sfu::event::Event;

use crate::hall::{Hall, NEXT_DOOR, ROOM, millis, seconds};

fn text(words: &str) -> Message {
    Message::Text(words.to_owned())
}

#[test]
fn a_message_reaches_everybody_in_the_room_and_nobody_next_door() {
    let mut hall = Hall::new();
    let (speaker, listener) = (hall.join(ROOM, &["chat"]), hall.join(ROOM, &["chat"]));
    let (deaf, stranger) = (hall.join(ROOM, &["pen"]), hall.join(NEXT_DOOR, &["chat"]));
    let now = hall.now;
    hall.client(speaker).send_message(now, "chat", &text("hello"));
    hall.run(millis(300));
    let heard = vec![("chat".to_owned(), text("hello"))];
    assert_eq!(hall.client(listener).take_messages(), heard);
    for silent in [speaker, deaf, stranger] {
        assert_eq!(hall.client(silent).take_messages(), []);
    }
    let told = Event::Message {
        participant: speaker,
        label: "chat".to_owned(),
        message: text("hello"),
    };
    assert!(hall.events.contains(&told));
}

#[test]
fn a_message_to_a_channel_that_is_not_there_is_dropped_and_counted() {
    let mut hall = Hall::new();
    let (with, without) = (hall.join(ROOM, &["chat"]), hall.join(ROOM, &[]));
    for participant in [with, without] {
        hall.command(Command::SendMessage {
            participant,
            label: "whiteboard".to_owned(),
            message: text("lost"),
        });
    }
    assert_eq!(hall.drops(Drop::NoSuchChannel), 2);
    hall.command(Command::SendMessage {
        participant: with,
        label: "chat".to_owned(),
        message: text("found"),
    });
    hall.run(millis(300));
    assert_eq!(
        hall.client(with).take_messages(),
        [("chat".to_owned(), text("found"))]
    );
}

#[test]
fn who_floods_a_channel_fills_nobodys_lane() {
    const FLOOD: usize = 5_000;
    let mut hall = Hall::new();
    let (speaker, listener) = (hall.join(ROOM, &["chat"]), hall.join(ROOM, &["chat"]));
    let now = hall.now;
    for at in 0..FLOOD {
        hall.client(speaker)
            .send_message(now, "chat", &text(&at.to_string()));
    }
    hall.run(seconds(1));
    let events = hall
        .events
        .iter()
        .filter(|event| matches!(event, Event::Message { .. }));
    let events = events.count();
    let heard = hall.client(listener).take_messages();
    // A burst of 200, and 100 a second.
    assert!((200..=300).contains(&events), "{events}");
    assert_eq!(heard.len(), events);
    assert_eq!(hall.drops(Drop::MessageThrottled) as usize + events, FLOOD);
    // Who waits is heard again.
    hall.run(seconds(1));
    let now = hall.now;
    hall.client(speaker).send_message(now, "chat", &text("sorry"));
    hall.run(millis(300));
    assert_eq!(
        hall.client(listener).take_messages(),
        [("chat".to_owned(), text("sorry"))]
    );
}
