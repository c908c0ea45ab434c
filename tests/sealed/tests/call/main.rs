//! Synthetic members in a call through the real server.

mod binary;
mod rig;

use anyhow::{Context, Result, ensure};
use rapport_keys::{Link, Secret};
use rapport_sealed_client::{Options, Report};
use rapport_signaling::protocol::ClientBody;

use rig::Rig;

#[tokio::test]
async fn three_members_hear_and_see_each_other_whatever_their_counters() -> Result<()> {
    let rig = Rig::start().await?;
    let mut members = Vec::new();
    for (at, first_counter) in [0, 300, 70_000].into_iter().enumerate() {
        let options = rig.options(at)?;
        members.push(
            rig.join(Options {
                first_counter,
                ..options
            })
            .await?,
        );
    }
    let senders: Vec<u16> = members.iter().map(|member| member.report().sender).collect();
    for member in &members {
        let own = member.report().sender;
        let others: Vec<u16> = senders.iter().copied().filter(|sender| *sender != own).collect();
        let all = |report: &Report| others.iter().all(|&other| plays(report, other, 1));
        let report = member.until("media of the others", all).await?;
        assert_eq!(report.members.len(), 3, "{report:?}");
        is_clean(&report)?;
    }
    let last = members.pop().context("three members")?;
    let gone = last.report().participant;
    assert_eq!(last.leave().await?, "left");
    for member in members {
        member
            .until("farewell", |report| !report.members.contains_key(&gone))
            .await?;
        assert_eq!(member.leave().await?, "left");
    }
    rig.stop().await
}

#[tokio::test]
async fn who_comes_by_another_link_is_not_let_in_and_gets_nothing() -> Result<()> {
    let rig = Rig::start().await?;
    let (one, other) = (rig.join(rig.options(0)?).await?, rig.join(rig.options(1)?).await?);
    // Another secret, and another clinic.
    for link in [
        Link::new([9; 16], rig::link().root()),
        Link::of_demonstration([1; 16], Secret([9; 32])).handed_over(),
    ] {
        let stranger = rig
            .join(Options {
                link,
                ..rig.options(2)?
            })
            .await?;
        let (sender, known) = (other.report().sender, one.report().sender);
        // While the others have heard a second of each other, the stranger has heard nothing, and is not heard.
        let before = other
            .report()
            .senders
            .get(&known)
            .map_or(0, |received| received.sound);
        let more = |report: &Report| {
            report
                .senders
                .get(&known)
                .is_some_and(|one| one.sound > before + 50)
        };
        other.until("more sound", more).await?;
        one.until("sound", |report| plays(report, sender, 1)).await?;
        let report = stranger.report();
        assert!(report.senders.is_empty() && report.sent == 0, "{report:?}");
        let strange = stranger.report().sender;
        assert!(
            !one.report().senders.contains_key(&strange) && !other.report().senders.contains_key(&strange)
        );
        assert_eq!(stranger.leave().await?, "left");
    }
    for member in [one, other] {
        assert_eq!(member.leave().await?, "left");
    }
    rig.stop().await
}

#[tokio::test]
async fn clear_frames_reach_nobody_and_their_sender_is_told() -> Result<()> {
    let rig = Rig::start().await?;
    let (one, other) = (rig.join(rig.options(0)?).await?, rig.join(rig.options(1)?).await?);
    let clear = rig
        .join(Options {
            clear: true,
            tap: None,
            ..rig.options(2)?
        })
        .await?;
    let told = clear
        .until("word of both sections", |report| report.unsealed.len() == 2)
        .await?;
    let mut sections = told.unsealed.clone();
    sections.sort();
    assert_eq!(sections, ["0", "1"]);
    // What was on its way when the server spoke has come by the time that more of the other has.
    let (sender, known) = (told.sender, other.report().sender);
    let heard = one
        .report()
        .senders
        .get(&known)
        .map_or(0, |received| received.sound);
    let more = |report: &Report| {
        report
            .senders
            .get(&known)
            .is_some_and(|received| received.sound > heard + 50)
    };
    let report = one.until("more sound", more).await?;
    assert!(!report.senders.contains_key(&sender), "{report:?}");
    is_clean(&report)?;
    for member in [one, other, clear] {
        assert_eq!(member.leave().await?, "left");
    }
    rig.stop().await
}

#[tokio::test]
async fn a_member_whose_socket_breaks_comes_back_and_nobody_misses_it() -> Result<()> {
    let rig = Rig::start().await?;
    let (one, other) = (rig.join(rig.options(0)?).await?, rig.join(rig.options(1)?).await?);
    let (sender, participant) = (one.report().sender, one.report().participant);
    other.until("sound", |report| plays(report, sender, 1)).await?;
    for times in 1..=3 {
        one.lose_socket().await?;
        let raised = times % 2 == 1;
        one.say(ClientBody::Hand { raised }).await?;
        one.until("return", |report| report.resumed == times).await?;
        let seen = |report: &Report| {
            report
                .members
                .get(&participant)
                .is_some_and(|one| one.hand == raised)
        };
        other.until("hand", seen).await?;
    }
    let heard = other.report().senders[&sender].sound;
    let more = |report: &Report| report.senders[&sender].sound > heard + 25;
    is_clean(&other.until("more sound", more).await?)?;
    is_clean(&one.report())?;
    assert_eq!(one.leave().await?, "left");
    assert_eq!(other.leave().await?, "left");
    rig.stop().await
}

/// Sound and picture of this sender have come for so many seconds.
fn plays(report: &Report, sender: u16, seconds: u64) -> bool {
    let received = report.senders.get(&sender);
    received.is_some_and(|received| received.sound > 45 * seconds && received.picture > 13 * seconds)
}

/// Nothing came that did not open.
fn is_clean(report: &Report) -> Result<()> {
    let failed = report
        .senders
        .values()
        .map(|received| received.failed)
        .sum::<u64>();
    ensure!(report.clear + failed == 0, "{report:?}");
    Ok(())
}
