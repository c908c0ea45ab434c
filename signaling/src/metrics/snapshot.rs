//! Numbers that somebody else keeps: the media workers', the directory's, the kernel's.
//!
//! Owns: their names. Never does: keep them; a registry is made for each scrape and filled with what is so
//! now, which is why a counter here can't drift from its source.

use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use rapport_sfu::Stats;

use super::{counters, process, register};
use crate::auth::Role;
use crate::directory::Directory;
use crate::http::App;
use crate::media::Lane;
use crate::plugin::Taps;

pub(super) fn gather(app: &App) -> Vec<MetricFamily> {
    let registry = Registry::new();
    let directory = &app.directory;
    rooms(&registry, directory);
    plugins(&registry, directory);
    taps(&registry, &app.taps);
    let stats: Vec<_> = directory.lanes().iter().map(Lane::stats).collect();
    traffic(&registry, &stats);
    feedback(&registry, &stats);
    drops(&registry, &stats);
    machine(&registry);
    registry.gather()
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
    for role in [Role::Publisher, Role::Subscriber] {
        let count = directory.session_count(role);
        sessions
            .with_label_values(&[role.label()])
            .set(signed(count as u64));
    }
    register(registry, sessions);
    let alive = directory.lanes().iter().filter(|lane| lane.is_alive()).count();
    gauge(
        registry,
        "rapport_workers",
        "Media workers that run.",
        alive as u64,
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

fn taps(registry: &Registry, taps: &Taps) {
    let help = "Packets of taps that a plugin was too slow for.";
    let lost = counters(registry, "rapport_tap_packets_lost_total", help, &[]);
    lost.with_label_values::<&str>(&[]).inc_by(taps.lost());
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
        "Packets that went no further, by reason.",
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

fn gauge(registry: &Registry, name: &str, help: &str, value: u64) {
    let gauge = IntGauge::new(name, help).expect("the name is legal");
    gauge.set(signed(value));
    register(registry, gauge);
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
