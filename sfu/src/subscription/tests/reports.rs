//! What the subscriber is told of time, and what it tells of its reception.

use super::*;
use crate::rtp::rtcp::Rtcp;
use crate::rtp::time::{NtpTime, short_ntp};

const EPOCH: u64 = 0x1122 << 32;

/// An audio subscription that has forwarded one packet, captured at the epoch.
fn playing(now: Instant) -> (Subscription, Recording) {
    let (mut egress, mut subscription) = (Recording::default(), audio());
    let mut clock = clock(Codec::Opus);
    clock.handle_sender_report(NtpTime(EPOCH), 960);
    let packet = arrival(now, 10, 960, Codec::Opus, b"sound");
    subscription.forward(now, &packet, &clock, &mut egress).unwrap();
    (subscription, egress)
}

fn block(last_sender_report: u32, delay_since: u32) -> ReportBlock {
    ReportBlock {
        ssrc: Ssrc(100),
        fraction_lost: 25,
        cumulative_lost: 3,
        highest_sequence: 0,
        jitter: 7,
        last_sender_report,
        delay_since,
    }
}

#[test]
fn a_sender_report_tells_when_by_the_publishers_clock() {
    let start = Instant::now();
    let (mut subscription, mut egress) = playing(start);
    let now = start + 250 * MS;
    subscription.poll_rtcp(now, &mut egress).unwrap();
    let packets: Vec<_> = rtcp::parse(&egress.rtcp[0]).collect();
    let Ok(Rtcp::SenderReport { ssrc, info, .. }) = &packets[0] else {
        panic!("{packets:?}")
    };
    assert_eq!(*ssrc, Ssrc(100));
    assert_eq!(
        (info.ntp, info.rtp),
        (NtpTime(EPOCH + (1 << 30)), FIRST_TIMESTAMP + 12_000)
    );
    assert_eq!((info.packets, info.octets), (1, 5));
    assert!(matches!(packets[1], Ok(Rtcp::SourceDescription)));
}

#[test]
fn sender_reports_leave_every_second_once_the_clock_is_known() {
    let start = Instant::now();
    let (mut egress, mut subscription) = (Recording::default(), audio());
    subscription.poll_rtcp(start, &mut egress).unwrap();
    let packet = arrival(start, 10, 960, Codec::Opus, b"sound");
    forward(&mut subscription, start, &packet, &mut egress).unwrap();
    subscription.poll_rtcp(start, &mut egress).unwrap();
    assert!(egress.rtcp.is_empty(), "no clock, no report");
    let mut clock = clock(Codec::Opus);
    clock.handle_sender_report(NtpTime(EPOCH), 960);
    let packet = arrival(start, 11, 1920, Codec::Opus, b"sound");
    subscription.forward(start, &packet, &clock, &mut egress).unwrap();
    let mut times = Vec::new();
    while times.len() < 3 {
        let now = subscription.poll_timeout(start).unwrap();
        let before = egress.rtcp.len();
        subscription.poll_rtcp(now, &mut egress).unwrap();
        times.extend((egress.rtcp.len() > before).then_some(now - start));
    }
    assert_eq!(times, [100 * MS, 1100 * MS, 2100 * MS]);
}

#[test]
fn a_report_block_tells_loss_and_round_trip() {
    let start = Instant::now();
    let (mut subscription, mut egress) = playing(start);
    subscription.poll_rtcp(start, &mut egress).unwrap();
    let answer = block(NtpTime(EPOCH).middle(), short_ntp(40 * MS));
    let rtt = subscription.handle_report(start + 100 * MS, &answer).unwrap();
    assert!(rtt.abs_diff(60 * MS) < MS);
    let reception = *subscription.reception().unwrap();
    assert_eq!((reception.fraction_lost, reception.cumulative_lost), (25, 3));
    assert_eq!(reception.rtt, Some(rtt));
    // One that answers no report of ours, or claims to have waited longer than it took, tells none.
    assert_eq!(subscription.handle_report(start + 100 * MS, &block(5, 0)), None);
    let of_another = ReportBlock {
        ssrc: Ssrc(101),
        fraction_lost: 255,
        ..answer
    };
    assert_eq!(subscription.handle_report(start + 100 * MS, &of_another), None);
    assert_eq!(subscription.reception().unwrap().fraction_lost, 25);
    let forged = block(NtpTime(EPOCH).middle(), short_ntp(200 * MS));
    assert_eq!(subscription.handle_report(start + 100 * MS, &forged), None);
    assert_eq!(
        subscription.reception().unwrap().rtt,
        Some(rtt),
        "the last one stands"
    );
}
