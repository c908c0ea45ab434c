//! What is counted, in the Prometheus text format.
//!
//! Owns: the names and labels of all metrics. Never does: name a person or a room: every label's values are
//! a fixed set, known when the server is built or configured.

mod process;
mod recorder;
mod snapshot;

use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use prometheus::core::Collector;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};
use rapport_keys::{Refusal, Ruling};
use rapport_sfu::event::{Event, LeaveReason};

use crate::auth::Role;
use crate::http::App;
use crate::problem::{Body, Kind, Problem};
use crate::protocol::CloseReason;
use crate::room::RoomError;

/// Seconds. From an answer out of memory to a plugin's deadline.
const DURATION_BUCKETS: [f64; 8] = [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 2.5];

/// The outcome of a join that took place. Any other is a label of [`Kind`] or of [`CloseReason`].
pub(crate) const ADMITTED: &str = "admitted";

/// The counters of the control plane. Those of the media plane are read when somebody asks.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    joins: IntCounterVec,
    handshakes: IntCounterVec,
    leaves: IntCounterVec,
    resumes: IntCounterVec,
    closes: IntCounterVec,
    messages: IntCounterVec,
    key_messages: IntCounterVec,
    admissions: IntCounterVec,
}

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new();
        Self {
            requests: counters(
                &registry,
                "rapport_http_requests_total",
                "HTTP requests answered.",
                &["method", "route", "status"],
            ),
            durations: durations(&registry),
            joins: counters(
                &registry,
                "rapport_joins_total",
                "Attempts to join, by what became of them.",
                &["role", "outcome"],
            ),
            handshakes: counters(
                &registry,
                "rapport_handshakes_total",
                "DTLS handshakes of admitted participants, by what became of them.",
                &["outcome"],
            ),
            leaves: counters(
                &registry,
                "rapport_leaves_total",
                "Participants that left, by reason.",
                &["reason"],
            ),
            resumes: counters(
                &registry,
                "rapport_call_resumes_total",
                "Call sessions that went on on another socket.",
                &[],
            ),
            closes: counters(
                &registry,
                "rapport_call_closes_total",
                "Sockets of calls that ended, by the reason told; `lost` is without one.",
                &["reason"],
            ),
            messages: counters(
                &registry,
                "rapport_call_messages_total",
                "Messages on sockets of calls.",
                &["direction"],
            ),
            key_messages: counters(
                &registry,
                "rapport_key_messages_total",
                "Messages of the key protocol, by what became of them.",
                &["outcome"],
            ),
            admissions: counters(
                &registry,
                "rapport_admissions_total",
                "What hosts' clients have newly signed of guests who were there.",
                &["verdict"],
            ),
            registry,
        }
    }
}

impl Metrics {
    /// One answered request. `route` is a template.
    pub(crate) fn count_request(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let labels = [method_label(method), route, status.as_str()];
        self.requests.with_label_values(&labels).inc();
        self.durations
            .with_label_values(&[route])
            .observe(took.as_secs_f64());
    }

    /// One attempt to join.
    pub(crate) fn count_join(&self, role: Role, outcome: &'static str) {
        self.joins.with_label_values(&[role.label(), outcome]).inc();
    }

    /// One session that goes on.
    pub(crate) fn count_resume(&self) {
        self.resumes.with_label_values::<&str>(&[]).inc();
    }

    /// One socket of a call that is closed.
    pub(crate) fn count_close(&self, reason: CloseReason) {
        self.closes.with_label_values(&[reason.label()]).inc();
    }

    /// One socket of a call that is gone without a word.
    pub(crate) fn count_lost_socket(&self) {
        self.closes.with_label_values(&["lost"]).inc();
    }

    /// One message on a socket of a call.
    pub(crate) fn count_message(&self, direction: &'static str) {
        self.messages.with_label_values(&[direction]).inc();
    }

    /// One message of the key protocol, and what it says of guests.
    pub(crate) fn count_key_message(&self, relayed: &Result<Vec<Ruling>, RoomError>) {
        let outcome = key_message_label(relayed);
        self.key_messages.with_label_values(&[outcome]).inc();
        for ruling in relayed.iter().flatten() {
            self.admissions.with_label_values(&[ruling_label(*ruling)]).inc();
        }
    }

    /// What the media plane said.
    pub(crate) fn count_event(&self, event: &Event) {
        match event {
            Event::Connected { .. } => self.handshakes.with_label_values(&["completed"]).inc(),
            Event::Left { reason, .. } => self.count_leave(*reason),
            _ => {}
        }
    }

    /// One participant that left. Of a worker that is lost nobody hears: the room says so in its place.
    pub(crate) fn count_leave(&self, reason: LeaveReason) {
        let label = leave_label(reason);
        self.leaves.with_label_values(&[label]).inc();
        let handshake = [
            LeaveReason::HandshakeTimeout,
            LeaveReason::WrongFingerprint,
            LeaveReason::HandshakeRefused,
        ];
        if handshake.contains(&reason) {
            self.handshakes.with_label_values(&[label]).inc();
        }
    }
}

/// Counters for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses(
        (status = 200, description = "The text format", body = String),
        (status = 500, description = "They could not be written", body = Body, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn serve(State(app): State<App>) -> Result<Response, Problem> {
    let mut families = app.metrics.registry.gather();
    families.extend(snapshot::gather(&app));
    let text = TextEncoder::new().encode_to_string(&families);
    let text = text.map_err(|_| Problem::new(Kind::Internal, "the metrics could not be written"))?;
    let media_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(CONTENT_TYPE, media_type)], text).into_response())
}

/// Methods that nobody should send are one label: a client could make up any number of them.
fn method_label(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known
        .into_iter()
        .find(|name| *name == method.as_str())
        .unwrap_or("other")
}

fn leave_label(reason: LeaveReason) -> &'static str {
    match reason {
        LeaveReason::Ordered => "ordered",
        LeaveReason::RoomClosed => "room_closed",
        LeaveReason::Closed => "closed",
        LeaveReason::ConsentExpired => "consent_expired",
        LeaveReason::HandshakeTimeout => "handshake_timeout",
        LeaveReason::WrongFingerprint => "wrong_fingerprint",
        LeaveReason::HandshakeRefused => "handshake_refused",
        LeaveReason::WorkerLost => "worker_lost",
        _ => "other",
    }
}

fn key_message_label(relayed: &Result<Vec<Ruling>, RoomError>) -> &'static str {
    match relayed {
        Ok(_) => "relayed",
        Err(RoomError::KeyMessage(Refusal::TooLong)) => "too_long",
        Err(RoomError::KeyMessage(Refusal::Malformed)) => "malformed",
        // Its sender has just left.
        Err(_) => "other",
    }
}

fn ruling_label(ruling: Ruling) -> &'static str {
    match ruling {
        Ruling::Admitted => "admitted",
        Ruling::PutBack => "put_back",
        Ruling::Refused => "refused",
    }
}

fn counters(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    let counters = IntCounterVec::new(Opts::new(name, help), labels).expect("the names are legal");
    register(registry, counters)
}

fn durations(registry: &Registry) -> HistogramVec {
    let options = HistogramOpts::new(
        "rapport_http_request_duration_seconds",
        "Time from a request's head to its answer's head.",
    );
    let options = options.buckets(DURATION_BUCKETS.into());
    register(
        registry,
        HistogramVec::new(options, &["route"]).expect("the names are legal"),
    )
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> C {
    let registered = registry.register(Box::new(collector.clone()));
    registered.expect("every metric has a name of its own");
    collector
}
