//! The generator sees what a server does wrong.
//!
//! A real server in this process, real sockets, and between them a [`relay`] that drops, reorders, repeats,
//! damages or delays packets as a bad server would. Without a fault nothing may be reported; with one, just that.

mod relay;
mod rig;

use std::sync::atomic::Ordering;
use std::time::Duration;

use rapport_load::{Load, Picture, Report, Settings, Shape};
use relay::Fault;
use rig::Rig;

/// Loads a server of two rooms of two for a second and a half, and tells how often a fault was committed.
fn watch(fault: Fault) -> (Report, u64) {
    let rig = Rig::start(fault);
    let settings = Settings {
        shape: Shape::Pairs,
        picture: Picture::Vp9,
        warm_up: Duration::from_millis(300),
        span: Duration::from_millis(1_500),
        server: Some(std::process::id()),
    };
    let mut load = Load::new(rig.target(), settings).unwrap();
    let report = load.measure(2).unwrap();
    load.disperse().unwrap();
    let committed = rig.relay.committed.load(Ordering::Relaxed);
    rig.stop();
    println!("{fault:?}: {report}");
    (report, committed)
}

/// What holds whatever is done to packets: all streams flow, and most of them arrives.
fn assert_alive(report: &Report) {
    assert_eq!(report.connected.is, 8, "two transports for each of four people");
    assert_eq!(report.streams.is, 8, "sound and picture of one another");
    assert_eq!(report.srtp, ["AEAD_AES_128_GCM"]);
    assert!(report.received > 500, "{}", report.received);
    assert!(report.opened > 40, "{}", report.opened);
}

#[test]
fn a_good_server_is_found_good() {
    let (report, _) = watch(Fault::None);
    assert_alive(&report);
    let faults = [
        report.lost,
        report.skipped,
        report.duplicates,
        report.reordered,
        report.unreadable,
    ];
    assert_eq!(faults, [0; 5]);
    let due = report.due.expect("nothing chooses among encodings");
    assert!(
        report.received.abs_diff(due) < due / 20,
        "{} of {due}",
        report.received
    );
    assert!(report.server.expect("its process is known").busy > 0.0);
    assert!(report.delay.p50 > 1.0, "a packet takes time: {}", report.delay);
}

#[test]
fn a_server_that_drops_is_found_out() {
    let (report, committed) = watch(Fault::Drop(100));
    assert_alive(&report);
    assert!(committed > 10);
    assert!((0.005..0.02).contains(&report.loss()), "{}", report.loss());
    assert_eq!((report.duplicates, report.unreadable), (0, 0));
}

#[test]
fn a_server_that_reorders_is_found_out() {
    let (report, committed) = watch(Fault::Overtake(50));
    assert_alive(&report);
    assert!(committed > 10);
    let share = report.reordered as f64 / report.received as f64;
    assert!((0.005..0.03).contains(&share), "{share}");
    // The last of a span may be overtaken by the first of the next one.
    assert!(report.lost <= 8, "late is not lost: {}", report.lost);
}

#[test]
fn a_server_that_repeats_is_found_out() {
    let (report, committed) = watch(Fault::Repeat(50));
    assert_alive(&report);
    assert!(committed > 10);
    let share = report.duplicates as f64 / report.received as f64;
    assert!((0.01..0.03).contains(&share), "{share}");
    assert_eq!(report.lost, 0);
}

#[test]
fn a_server_that_damages_is_found_out() {
    let (report, committed) = watch(Fault::Turn(4));
    assert!(committed > 10);
    let share = report.unreadable as f64 / report.opened as f64;
    assert!(
        (0.1..0.4).contains(&share),
        "one in sixteen is opened, one in four of these is damaged: {share}"
    );
    assert_eq!(report.lost, 0);
}

#[test]
fn a_slow_server_is_found_out() {
    let (report, _) = watch(Fault::Late(Duration::from_millis(20)));
    assert_alive(&report);
    assert!(
        (20_000.0..60_000.0).contains(&report.delay.p50),
        "{}",
        report.delay
    );
    assert_eq!((report.lost, report.reordered), (0, 0));
}
