//! What the recorder counts.
//!
//! Owns: the names. Never does: ask the recorder's thread, which may wait for its disk: it has told of some moments ago.

use prometheus::proto::{Bucket, Histogram, Metric, MetricFamily, MetricType};
use prometheus::{Counter, Gauge, IntCounter, Registry};
use rapport_recorder::{Durations, Stats, Uploads};

use super::register;
use super::snapshot::gauge;
use crate::recorder::{RecorderHandle, Report};

pub(super) fn recorder(registry: &Registry, recorder: &RecorderHandle) {
    let report = recorder.report();
    disk(registry, &report.stats);
    frames(registry, &report);
    if let Some(uploaded) = &report.uploads {
        uploads(registry, uploaded);
    }
    if let Some(at) = report.at {
        let help = "Since the recorder's thread has told anything. Once a second while something is recorded; more means that its disk does not answer.";
        seconds(
            registry,
            "rapport_recorder_report_age_seconds",
            help,
            at.elapsed().as_secs_f64(),
        );
    }
}

fn disk(registry: &Registry, stats: &Stats) {
    gauge(
        registry,
        "rapport_recordings",
        "Recordings that are being made.",
        stats.recordings as u64,
    );
    let help = "How much of the worst recording was not on the disk when the last commit began: what a loss of power would have cost.";
    seconds(
        registry,
        "rapport_recorder_durable_lag_seconds",
        help,
        stats.lag.as_secs_f64(),
    );
    gauge(
        registry,
        "rapport_recorder_disk_free_bytes",
        "Room on the volume of recordings, as of the last commit.",
        stats.free_bytes,
    );
    if let Some(left) = stats.seconds_left {
        let help = "When the volume is full, if as much is written as now.";
        gauge(registry, "rapport_recorder_disk_left_seconds", help, left);
    }
    let help = "What all recordings take, as it was when the last one began, with what was written since.";
    gauge(
        registry,
        "rapport_recorder_stored_bytes",
        help,
        stats.stored_bytes,
    );
    if let Some(quota) = stats.quota_bytes {
        let help = "What all recordings together may take: beyond it none begins.";
        gauge(registry, "rapport_recorder_quota_bytes", help, quota);
    }
    let help =
        "1 while so little room is left, of the volume or of the quota, that soon no recording will begin.";
    gauge(
        registry,
        "rapport_recorder_room_low",
        help,
        u64::from(stats.is_low),
    );
    let help = "1 while room is so short that sound alone is recorded.";
    gauge(
        registry,
        "rapport_recorder_disk_short",
        help,
        u64::from(stats.is_short),
    );
    for (name, help, value) in [
        (
            "rapport_recorder_written_bytes_total",
            "Appended to recordings and their journals.",
            stats.bytes_written,
        ),
        (
            "rapport_recorder_files_failed_total",
            "Files that failed, and went on as another.",
            stats.files_failed,
        ),
        (
            "rapport_recorder_journals_renewed_total",
            "Journals that failed, and were written anew.",
            stats.journals_renewed,
        ),
        (
            "rapport_recorder_recordings_lost_total",
            "Recordings that could not go on.",
            stats.recordings_lost,
        ),
        (
            "rapport_recorder_disk_full_total",
            "How often a recording found no room.",
            stats.full,
        ),
    ] {
        count(registry, name, help, value);
    }
}

fn frames(registry: &Registry, report: &Report) {
    let counts = report.counts;
    for (name, help, value) in [
        (
            "rapport_recorder_unconsented_packets_total",
            "Frames of moments in which not everybody agreed, and that had come as far as the last check: a fault if there ever is one. None is written.",
            counts.unconsented_frames,
        ),
        (
            "rapport_recorder_withheld_packets_total",
            "Packets that came while not everybody agreed, and went no further.",
            counts.withheld_packets,
        ),
        (
            "rapport_recorder_keyless_frames_total",
            "Frames of keys without a capsule, which are not written.",
            counts.keyless_frames,
        ),
        (
            "rapport_recorder_foreign_packets_total",
            "Packets of a codec that no track of a recording has, or up to the key frame by which one begins; they are not written.",
            counts.foreign_packets,
        ),
        (
            "rapport_recorder_packets_lost_total",
            "Packets that the recorder was too slow for.",
            report.lost_packets,
        ),
        (
            "rapport_recorder_recovered_total",
            "Recordings of a crash that the start brought to an end.",
            report.recovered,
        ),
    ] {
        count(registry, name, help, value);
    }
    if let Some(skew) = report.skew {
        let help = "How far sound and picture of the worst person are apart from where their sender put them, at present.";
        seconds(
            registry,
            "rapport_recorder_av_skew_seconds",
            help,
            skew.as_secs_f64(),
        );
    }
    let help = "Time that is missing of recorded tracks, all together.";
    let gaps = Counter::new("rapport_recorder_gap_seconds_total", help).expect("the name is legal");
    gaps.inc_by(counts.gap_millis as f64 / 1000.0);
    register(registry, gaps);
}

fn uploads(registry: &Registry, uploads: &Uploads) {
    gauge(
        registry,
        "rapport_recorder_uploads_pending",
        "Pieces of recordings that the bucket is not proven to have, and recordings that it is to lose and may have. Falls to 0 some time after a recording ends.",
        uploads.pending,
    );
    for (name, help, value) in [
        (
            "rapport_recorder_upload_failures_total",
            "Whatever failed between folder and bucket. It is tried again.",
            uploads.failures,
        ),
        (
            "rapport_recorder_uploads_lost_total",
            "Objects that the bucket took, and that were not there or others when they were read back: a bucket to leave if there ever is one.",
            uploads.lost,
        ),
    ] {
        count(registry, name, help, value);
    }
}

/// As a histogram: the recorder, which does not know Prometheus, has counted by the same bounds.
pub(super) fn syncs(recorder: &RecorderHandle) -> MetricFamily {
    let Durations {
        count, sum, within, ..
    } = recorder.report().stats.syncs;
    let buckets = Durations::BOUNDS.iter().zip(within).map(|(bound, count)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(bound.as_secs_f64());
        bucket.set_cumulative_count(count);
        bucket
    });
    let mut histogram = Histogram::default();
    histogram.set_sample_count(count);
    histogram.set_sample_sum(sum.as_secs_f64());
    histogram.set_bucket(buckets.collect());
    let mut metric = Metric::default();
    metric.set_histogram(histogram);
    let mut family = MetricFamily::default();
    family.set_name("rapport_recorder_sync_seconds".to_owned());
    family
        .set_help("How long the disk took to make recordings durable, each time for all of them.".to_owned());
    family.set_field_type(MetricType::HISTOGRAM);
    family.set_metric(vec![metric]);
    family
}

fn seconds(registry: &Registry, name: &str, help: &str, value: f64) {
    let gauge = Gauge::new(name, help).expect("the name is legal");
    gauge.set(value);
    register(registry, gauge);
}

fn count(registry: &Registry, name: &str, help: &str, value: u64) {
    let counter = IntCounter::new(name, help).expect("the name is legal");
    counter.inc_by(value);
    register(registry, counter);
}
