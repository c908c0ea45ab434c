//! RTCP, every item of every packet.

use rapport_sfu::rtp::rtcp::{self, ReportBlock, Rtcp, TransportFeedback};

/// A compound is walked to its end in time proportional to its length, and reports survive being written again.
pub fn rtcp(compound: &[u8]) {
    let mut parts = 0;
    for part in rtcp::parse(compound) {
        parts += 1;
        if let Ok(part) = part {
            walk(part, compound.len());
        }
    }
    assert!(parts * 4 <= compound.len().next_multiple_of(4), "{parts} parts");
}

fn walk(part: Rtcp<'_>, length: usize) {
    match part {
        Rtcp::SenderReport { ssrc, info, reports } => {
            let reports: Vec<ReportBlock> = reports.collect();
            let mut written = Vec::new();
            rtcp::sender_report(&mut written, ssrc, info, &reports, "cname");
            assert_reports(&written, &reports);
        }
        Rtcp::ReceiverReport { ssrc, reports } => {
            let reports: Vec<ReportBlock> = reports.collect();
            let mut written = Vec::new();
            rtcp::receiver_report(&mut written, ssrc, &reports);
            assert_reports(&written, &reports);
        }
        Rtcp::Goodbye { ssrcs } => assert!(ssrcs.count() * 4 <= length),
        // RFC 4585 §6.2.1: four bytes name 17 packets at most.
        Rtcp::Nack { items, .. } => assert!(items.count() * 4 <= length * 17),
        Rtcp::Fir { entries, .. } => assert!(entries.count() * 8 <= length),
        Rtcp::TransportCc(feedback) => walk_feedback(&feedback, length),
        Rtcp::SourceDescription | Rtcp::Pli { .. } | Rtcp::Other { .. } => {}
    }
}

fn assert_reports(written: &[u8], reports: &[ReportBlock]) {
    match rtcp::parse(written).next() {
        Some(Ok(Rtcp::SenderReport { reports: again, .. } | Rtcp::ReceiverReport { reports: again, .. })) => {
            assert_eq!(again.collect::<Vec<_>>(), reports);
        }
        other => panic!("a report of our own reads as {other:?}"),
    }
}

fn walk_feedback(feedback: &TransportFeedback<'_>, length: usize) {
    let received: Vec<_> = feedback.received().collect();
    assert!(received.len() <= length.min(usize::from(feedback.status_count)));
    let ahead = |&(sequence, _): &(u16, i64)| sequence.wrapping_sub(feedback.base_sequence);
    assert!(received.is_sorted_by_key(ahead), "numbers that go back");
    assert!(received.iter().all(|item| ahead(item) < feedback.status_count));
}
