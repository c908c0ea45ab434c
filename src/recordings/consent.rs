//! `rapport recording consent`: who agreed to a recording.
//!
//! Owns: the words. Never does: say that something is right which was not looked at.

use std::path::Path;

use rapport_keys::{DeviceId, Purpose, Recipient, Role, Sources, Subject};
use rapport_recorder::{Agreed, Answer, Disk, Kept, Keys, Person, Proposed};

use super::moment::{date, moment};
use super::print;
use crate::failure::Failure;

pub(super) fn show(recording: &Path) -> Result<(), Failure> {
    let kept = Kept::read(&mut Disk::of(recording)).map_err(Failure::usage)?;
    let mut text = format!("Recording {}\n", kept.manifest.id);
    match &kept.agreed.proposed {
        Some(proposed) => text += &proposal(proposed, &kept.agreed),
        None => text += "Nobody is known to have asked for it.\n",
    }
    text += "\nAnswers, by the server's clock:\n";
    text += &kept.agreed.answers.iter().map(answer).collect::<String>();
    text += &keys(&kept);
    let flaws: Vec<_> = kept.flaws().collect();
    text += &flaws.iter().map(|flaw| format!("{flaw}\n")).collect::<String>();
    if flaws.is_empty() {
        text += "Every signature is right.\n";
    }
    print(&text)?;
    if flaws.is_empty() {
        return Ok(());
    }
    Err(Failure::running(format!(
        "{}: what is kept of it is not in order in {} places",
        recording.display(),
        flaws.len()
    )))
}

fn proposal(Proposed { proposal, author, .. }: &Proposed, agreed: &Agreed) -> String {
    let until = date(proposal.at / DAY + u64::from(proposal.days));
    let mut text = format!(
        "Asked for by {} on {}, by their own clock\n",
        person(author),
        moment(proposal.at)
    );
    if let Some(clinic) = author.clinic {
        text += &format!("  certified by the clinic {}\n", clinic.spelt());
    }
    text += &format!(
        "For {}; sentences of version {}; kept for {} days, until {until}\n",
        purpose(proposal.purpose),
        proposal.text,
        proposal.days
    );
    text += "\nRecorded:\n";
    text += &proposal
        .subjects
        .iter()
        .map(|one| subject(one, agreed))
        .collect::<String>();
    text += "\nCan open it:\n";
    text += &proposal
        .recipients
        .iter()
        .map(|one| recipient(one, agreed))
        .collect::<String>();
    text
}

fn subject(Subject { device, sources }: &Subject, agreed: &Agreed) -> String {
    let named = [
        (Sources::MICROPHONE, "microphone"),
        (Sources::CAMERA, "camera"),
        (Sources::SCREEN, "screen"),
    ];
    let named = named.iter().filter(|(bit, _)| sources.has(*bit));
    let named: Vec<_> = named.map(|(_, name)| *name).collect();
    let device = DeviceId(*device);
    let who = agreed.person(device).map_or_else(
        || format!("somebody who was not there, device {}", device.spelt()),
        person,
    );
    format!("  {who}: {}\n", named.join(", "))
}

fn recipient(Recipient { role, key }: &Recipient, agreed: &Agreed) -> String {
    let of_key = agreed.owner(key);
    match (role, of_key) {
        (Role::Clinic, _) => "  the clinic, by its 25 words\n".to_owned(),
        (Role::Therapist, Some(who)) => format!("  the therapist who asked for it: {}\n", person(who)),
        (Role::Subject, Some(who)) => format!("  a person who is recorded: {}\n", person(who)),
        (_, None) => "  somebody who is not known\n".to_owned(),
    }
}

fn answer(
    Answer {
        at,
        person: who,
        agrees,
    }: &Answer,
) -> String {
    let said = if *agrees { "yes" } else { "no " };
    format!("  {}  {said}  {}\n", moment(at / 1000), person(who))
}

fn keys(kept: &Kept) -> String {
    let mut text = match &kept.keys {
        Keys::There(capsules) => format!("\nKeys: {}\n", capsules.count()),
        Keys::Destroyed(receipt) => format!(
            "\nKeys: {} were destroyed on {}. Nobody can open it any more.\n",
            receipt.capsules,
            moment(receipt.at / 1000)
        ),
    };
    if kept.agreed.is_torn {
        text += "The last line of consent.jsonl was cut off by a crash, and is left out.\n";
    }
    if matches!(&kept.keys, Keys::There(capsules) if capsules.is_torn) {
        text += "The last line of keys.jsonl was cut off by a crash, and is left out.\n";
    }
    text
}

fn person(person: &Person) -> String {
    let name = if person.name.is_empty() {
        "somebody without a name"
    } else {
        &person.name
    };
    format!("{name}, device {}", person.device.spelt())
}

const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Calm => "a relaxing activity of the client's",
        Purpose::Meditation => "a guided meditation",
        Purpose::RolePlay => "a role-play that is looked at together",
        Purpose::Supervision => "supervision",
    }
}

/// Seconds.
const DAY: u64 = 86_400;
