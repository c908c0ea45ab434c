//! Numbers that somebody else keeps: the media workers', the directory's, the kernel's.
//!
//! Owns: their names. Never does: keep them; a registry is made for each scrape and filled with what is so
//! now, which is why a counter here can't drift from its source.

use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use rapport_sfu::Stats;
use rapport_sfu::worker::{Counters, Report};

use super::{counters, process, register};
use crate::auth::Role;
use crate::call::Calls;
use crate::directory::Directory;
use crate::http::App;
use crate::media::Lane;

pub(super) fn gather(app: &App) -> Vec<MetricFamily> {
    let registry = Registry::new();
    let directory = &app.directory;
    rooms(&registry, directory);
    calls(&registry, &app.calls);
    plugins(&registry, directory);
    let reports: Vec<_> = directory.lanes().iter().map(Lane::report).collect();
    let (stats, sockets): (Vec<_>, Vec<_>) = reports.into_iter().map(parts).unzip();
    taps(&registry, app.taps.lost(), &sockets);
    lost_datagrams(&registry, &sockets);
    traffic(&registry, &stats);
    feedback(&registry, &stats);
    drops(&registry, &stats);
    machine(&registry);
    let Some(recorder) = directory.recorder() else {
        return registry.gather();
    };
    super::recorder::recorder(&registry, recorder);
    let mut families = registry.gather();
    families.push(super::recorder::syncs(recorder));
    families
}

fn parts(report: Report<Stats>) -> (Stats, Counters) {
    (report.machine, report.counters)
}

fn rooms(registry: &Registry, directory: &Directory) {
    gauge(
        registry,
        "rapport_rooms",
        "Open rooms.",
        directory.room_count() as u64,
    );
    let options = Opts::new("rapport_participants", "Participants in rooms, by role.");
    let sessions = IntGaugeVec::new(options, &["role"]).expect("the names are legal");
    for role in [Role::Publisher, Role::Subscriber, Role::Member] {
        let count = directory.session_count(role);
        sessions
            .with_label_values(&[role.label()])
            .set(signed(count as u64));
    }
    register(registry, sessions);
    gauge(
        registry,
        "rapport_waiting_guests",
        "Guests in rooms who are not admitted: no host's client has let them in, or it has put them back.",
        directory.waiting_count() as u64,
    );
    let alive = directory.lanes().iter().filter(|lane| lane.is_alive()).count();
    gauge(
        registry,
        "rapport_workers",
        "Media workers that run.",
        alive as u64,
    );
}

fn calls(registry: &Registry, calls: &Calls) {
    let sockets = calls.socket_count() as u64;
    gauge(
        registry,
        "rapport_call_sockets",
        "Open sockets of calls.",
        sockets,
    );
    let sessions = calls.session_count() as u64;
    gauge(
        registry,
        "rapport_call_sessions",
        "Sessions of calls that can be resumed, if only to hear why they are over.",
        sessions,
    );
}

fn plugins(registry: &Registry, directory: &Directory) {
    let lost = counters(
        registry,
        "rapport_plugin_events_lost_total",
        "Room events that a plugin was too slow for.",
        &["plugin"],
    );
    for (plugin, count) in directory.plugins().lost() {
        lost.with_label_values(&[plugin]).inc_by(count);
    }
}

/// Lost before the readers' own lanes or in them: whoever listens misses both alike.
fn taps(registry: &Registry, unread: u64, workers: &[Counters]) {
    let undelivered: u64 = workers.iter().map(|counters| counters.taps_lost).sum();
    let help = "Packets of taps that a plugin, or the way to it, was too slow for.";
    let lost = counters(registry, "rapport_tap_packets_lost_total", help, &[]);
    lost.with_label_values::<&str>(&[]).inc_by(unread + undelivered);
}

/// What went missing between the workers and the network, as far as the kernel says so.
fn lost_datagrams(registry: &Registry, workers: &[Counters]) {
    let dropped = counters(
        registry,
        "rapport_socket_dropped_datagrams_total",
        "Datagrams lost at the media sockets; of failed receive calls, one each.",
        &["direction", "reason"],
    );
    let add = |direction, reason, field: fn(&Counters) -> u64| {
        let lost = workers.iter().map(field).sum();
        dropped.with_label_values(&[direction, reason]).inc_by(lost);
    };
    add("inbound", "receive_failed", |counters| counters.receive_failed);
    add("inbound", "unanswerable", |counters| counters.unanswerable);
    add("outbound", "send_buffer_full", |counters| {
        counters.send_buffer_full
    });
    add("outbound", "send_failed", |counters| counters.send_failed);
}

fn traffic(registry: &Registry, stats: &[Stats]) {
    let sum = |field: fn(&Stats) -> u64| stats.iter().map(field).sum();
    let directed = |name, help, inbound, outbound| {
        let counter = counters(registry, name, help, &["direction"]);
        fill(&counter, inbound, outbound);
    };
    directed(
        "rapport_media_bytes_total",
        "UDP payload of the media ports.",
        sum(|stats| stats.inbound_bytes),
        sum(|stats| stats.outbound_bytes),
    );
    directed(
        "rapport_rtp_packets_total",
        "RTP packets that authenticated, or were sealed and queued.",
        sum(|stats| stats.inbound_packets),
        sum(|stats| stats.outbound_packets),
    );
    directed(
        "rapport_media_batches_total",
        "Datagrams received, and runs of datagrams handed to the kernel.",
        sum(|stats| stats.inbound_datagrams),
        sum(|stats| stats.outbound_runs),
    );
    let publications = sum(|stats| stats.publications);
    gauge(registry, "rapport_publications", "Tracks received.", publications);
    let subscriptions = sum(|stats| stats.subscriptions);
    gauge(
        registry,
        "rapport_subscriptions",
        "Places in which tracks are sent.",
        subscriptions,
    );
}

fn feedback(registry: &Registry, stats: &[Stats]) {
    let sum = |field: fn(&Stats) -> u64| stats.iter().map(field).sum();
    let nacks = counters(
        registry,
        "rapport_nacked_packets_total",
        "Sequence numbers asked for again, by subscribers (inbound) and of publishers (outbound).",
        &["direction"],
    );
    fill(
        &nacks,
        sum(|stats| stats.inbound_nacks),
        sum(|stats| stats.outbound_nacks),
    );
    let keyframes = counters(
        registry,
        "rapport_keyframe_requests_total",
        "Key frame requests of subscribers (inbound), and merged ones to publishers (outbound).",
        &["direction"],
    );
    fill(
        &keyframes,
        sum(|stats| stats.inbound_keyframe_requests),
        sum(|stats| stats.outbound_keyframe_requests),
    );
    let relayed = counters(
        registry,
        "rapport_data_channel_messages_total",
        "Data channel messages relayed to one receiver each.",
        &[],
    );
    relayed
        .with_label_values::<&str>(&[])
        .inc_by(sum(|stats| stats.relayed_messages));
}

fn drops(registry: &Registry, stats: &[Stats]) {
    let dropped = counters(
        registry,
        "rapport_dropped_packets_total",
        "Packets and data channel messages that went no further, and commands about what was gone, by reason.",
        &["reason"],
    );
    for (reason, count) in stats.iter().flat_map(|stats| stats.drops.iter()) {
        dropped.with_label_values(&[reason.label()]).inc_by(count);
    }
}

fn machine(registry: &Registry) {
    let usage = process::usage();
    let options = Opts::new(
        "rapport_process_cpu_seconds_total",
        "Processor time of the process.",
    );
    let seconds = Counter::with_opts(options).expect("the name is legal");
    seconds.inc_by(usage.cpu_seconds);
    register(registry, seconds);
    let options = Opts::new(
        "rapport_process_resident_memory_bytes",
        "Memory that the process has in use.",
    );
    let memory = Gauge::with_opts(options).expect("the name is legal");
    memory.set(usage.resident_bytes as f64);
    register(registry, memory);
}

fn fill(counter: &IntCounterVec, inbound: u64, outbound: u64) {
    counter.with_label_values(&["inbound"]).inc_by(inbound);
    counter.with_label_values(&["outbound"]).inc_by(outbound);
}

pub(super) fn gauge(registry: &Registry, name: &str, help: &str, value: u64) {
    let gauge = IntGauge::new(name, help).expect("the name is legal");
    gauge.set(signed(value));
    register(registry, gauge);
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use prometheus::TextEncoder;

    use super::*;

    #[test]
    fn what_the_sockets_and_tap_lanes_of_all_workers_lose_is_shown() {
        let worker = Counters {
            unanswerable: 1,
            receive_failed: 2,
            send_buffer_full: 3,
            send_failed: 4,
            taps_lost: 5,
            ..Counters::default()
        };
        let registry = Registry::new();
        lost_datagrams(&registry, &[worker, worker]);
        taps(&registry, 100, &[worker, worker]);
        let text = TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let expected = [
            r#"rapport_socket_dropped_datagrams_total{direction="inbound",reason="receive_failed"} 4"#,
            r#"rapport_socket_dropped_datagrams_total{direction="inbound",reason="unanswerable"} 2"#,
            r#"rapport_socket_dropped_datagrams_total{direction="outbound",reason="send_buffer_full"} 6"#,
            r#"rapport_socket_dropped_datagrams_total{direction="outbound",reason="send_failed"} 8"#,
            "rapport_tap_packets_lost_total 110",
        ];
        assert_eq!(samples, expected);
    }
}
