//! Somebody comes in.
//!
//! Owns: the order of checks of a joining, and what a new session begins with. Never does: decide for the room.

use std::mem;
use std::time::Instant;

use rapport_sfu::id::{Mid, ParticipantId};
use tokio::sync::mpsc;

use super::closing::Closing;
use super::line::Line;
use super::media::{Media, assign};
use super::outbox::Outbox;
use super::presence::Presence;
use super::reliable::Reliable;
use super::session::Session;
use super::{Arrival, json};
use crate::auth::{Bearer, Join, Role};
use crate::entry;
use crate::http::{App, in_time};
use crate::media::Endpoint;
use crate::metrics::ADMITTED;
use crate::negotiate::{Established, Permit, Terms};
use crate::protocol::{CloseReason, Joining, Sealing, Source, Welcome};
use crate::room::{Admission, Notice, Request, Seat};
use crate::session::SessionId;

/// What a room says to one member and it has not read yet. All that happens in a full room within a second
/// fits; full means that the session is stuck, and the room lets go of it.
const NOTICE_DEPTH: usize = 256;

/// The longest name, in characters: what a tile of the smallest size shows in two lines, and more.
const NAME_LENGTH: usize = 64;

/// Lets somebody in whose socket is at the other end of the line, and welcomes it there.
pub(super) async fn join(app: &App, joining: Joining, line: Line) -> Result<(), Closing> {
    let entered = enter(app, joining).await;
    let refused = entered.as_ref().err();
    let outcome = refused.map_or(ADMITTED, |closing| closing.reason().label());
    app.metrics.count_join(Role::Member, outcome);
    let (welcome, session) = entered?;
    line.outgoing.write(json(&welcome));
    tokio::spawn(session.attach(line).run());
    Ok(())
}

/// Before the room is asked: what the offer makes of somebody.
struct Ready {
    session: SessionId,
    participant: ParticipantId,
    answer: String,
    established: Established,
    sections: Vec<(Mid, Source)>,
    places: usize,
    notices: mpsc::Receiver<Notice>,
}

async fn enter(app: &App, joining: Joining) -> Result<(Welcome, Session), Closing> {
    let unavailable = |detail| Closing::because(CloseReason::Unavailable, detail);
    app.check_open()
        .map_err(|_| unavailable("the server is stopping"))?;
    // The same bound as for other joins: each holds an offer, and waits for at most one room.
    let _permit = app
        .requests()
        .try_acquire()
        .map_err(|_| unavailable("as many joins as the server can work on"))?;
    let grant = app.keys.verify(Bearer::new(joining.token.as_str()))?;
    let join = grant.sit()?;
    let name = name(&joining.name)?;
    check_sealing(&joining.sealing)?;
    let verdict = app.directory.plugins().authorise(&join).await;
    verdict.map_err(|refusal| Closing::because(CloseReason::Forbidden, refusal.0))?;
    let seat = seat(&join, name, &joining);
    let entered = app.directory.enter(join.room(), |endpoint| {
        let (admission, ready, notices) = prepare(app, &join, &joining, &seat, endpoint)?;
        let request = |reply| Request::Sit(Box::new(admission), notices, reply);
        Ok::<_, Closing>((request, ready))
    });
    let entered = in_time(entered).await??;
    let ready = entered.prepared;
    let known = entered.answer.members.iter().map(|member| member.participant);
    let known = known.collect();
    let welcome = Welcome::Joined {
        session: ready.session.as_str().to_owned().into(),
        answer: ready.answer,
        snapshot: entered.answer,
    };
    let (comers, arrivals) = mpsc::channel::<Arrival>(1);
    app.calls.add(ready.session.clone(), comers);
    let session = Session {
        app: app.clone(),
        id: ready.session,
        participant: ready.participant,
        room: entered.room,
        notices: ready.notices,
        arrivals,
        media: Media::new(ready.established, ready.sections, ready.places),
        outbox: Outbox::new(known),
        numbers: Reliable::new(),
        presence: Presence::Away {
            since: Instant::now(),
        },
        line: None,
        blocked: false,
    };
    Ok((welcome, session))
}

fn seat(join: &Join, name: String, joining: &Joining) -> Seat {
    Seat {
        name,
        host: join.is_host(),
        sealing: joining.sealing.clone(),
        media: joining.media,
        sources: Vec::new(),
    }
}

/// Answers the offer for a worker, and names all that is in it.
fn prepare(
    app: &App,
    join: &Join,
    joining: &Joining,
    seat: &Seat,
    endpoint: &Endpoint,
) -> Result<(Admission, Ready, mpsc::Sender<Notice>), Closing> {
    let mut negotiated = entry::answer(TERMS, &joining.offer, endpoint, app.directory.limits())?;
    let sections = assign(&[], &negotiated.publications, &joining.sources)?;
    let answer = mem::take(&mut negotiated.answer);
    let established = negotiated.established.clone();
    let admission = entry::admission(&app.directory, join, negotiated);
    let tracks = admission.publications.iter().map(|(track, _)| *track);
    let sources = sections.iter().map(|(_, source)| *source);
    let seat = Seat {
        sources: tracks.zip(sources).collect(),
        ..seat.clone()
    };
    let (lane, notices) = mpsc::channel(NOTICE_DEPTH);
    let ready = Ready {
        session: admission.session.clone(),
        participant: admission.participant,
        answer,
        established,
        sections,
        places: admission.subscriptions.len(),
        notices,
    };
    let admission = Admission {
        seat: Some(seat),
        ..admission
    };
    Ok((admission, ready, lane))
}

fn name(text: &str) -> Result<String, Closing> {
    let name = text.trim();
    let legal = (1..=NAME_LENGTH).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    legal
        .then(|| name.to_owned())
        .ok_or_else(|| Closing::malformed("name"))
}

fn check_sealing(sealing: &Sealing) -> Result<(), Closing> {
    let Sealing { layout, suite } = sealing;
    let wrong = [("sealing.layout", *layout == 2), ("sealing.suite", *suite == 5)];
    let wrong = wrong.into_iter().find(|(_, legal)| !legal);
    wrong.map_or(Ok(()), |(field, _)| Err(Closing::malformed(field)))
}

/// Members of a call send and receive, and nobody here can look into it.
const TERMS: Terms = Terms {
    permit: Permit {
        publish: true,
        subscribe: true,
    },
    sealed: true,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_of_a_length_that_can_be_shown() {
        assert_eq!(name("  Anna Ö. \n").unwrap(), "Anna Ö.");
        assert_eq!(name(&"ö".repeat(64)).unwrap().chars().count(), 64);
        for bad in ["", "   ", "An\u{7}na", "An\nna", &"a".repeat(65)] {
            assert_eq!(name(bad), Err(Closing::malformed("name")), "{bad:?}");
        }
    }

    #[test]
    fn sealing_is_the_one_layout_and_suite() {
        let good = Sealing { layout: 2, suite: 5 };
        assert_eq!(check_sealing(&good), Ok(()));
        for (bad, field) in [
            (Sealing { layout: 1, suite: 5 }, "sealing.layout"),
            (Sealing { layout: 2, suite: 4 }, "sealing.suite"),
        ] {
            assert_eq!(check_sealing(&bad), Err(Closing::malformed(field)));
        }
    }
}
