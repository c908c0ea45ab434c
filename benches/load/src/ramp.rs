//! How much a server carries: the size up to which everything arrives in time.
//!
//! Owns: the search and what counts as too much. Never does: measure by itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::report::Report;
use crate::run::Load;

/// From where to where, and how finely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first size that is tried.
    pub from: u32,
    /// No size above this is tried.
    pub to: u32,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ramp {
    /// The largest size that went well, if any did.
    pub knee: Option<Report>,
    /// The smallest size that did not, and why; absent when the range's end went well.
    pub breach: Option<Breach>,
    /// All that was tried, in order.
    pub steps: Vec<Report>,
}

/// A size that was too much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Breach {
    /// Which.
    pub size: u32,
    /// Why.
    pub reason: Reason,
    /// In words.
    pub detail: String,
}

/// What was too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// More than [`LOSS`] did not arrive.
    Loss,
    /// One in a hundred took longer than [`DELAY_MICROS`].
    Delay,
    /// Somebody could not join, or did not see everybody.
    Joining,
    /// The generator could not keep up: this says nothing of the server.
    Generator,
}

impl Ramp {
    /// Doubles the size until it is too much, then halves the gap until it is below one part in twelve.
    ///
    /// # Errors
    ///
    /// When the machine or the arguments are at fault; a server that can't keep up is a result.
    pub fn search(load: &mut Load, range: Range, mut told: impl FnMut(&Report)) -> Result<Self, Error> {
        let mut ramp = Self {
            knee: None,
            breach: None,
            steps: Vec::new(),
        };
        let mut size = range.from.max(1);
        loop {
            match attempt(load, size, &mut ramp.steps, &mut told)? {
                Ok(report) => ramp.knee = Some(report),
                Err(breach) => ramp.breach = Some(breach),
            }
            let Some(next) = ramp.next(range) else {
                return Ok(ramp);
            };
            size = next;
        }
    }

    fn next(&self, range: Range) -> Option<u32> {
        let good = self.knee.as_ref().map_or(0, |report| report.size);
        let Some(breach) = &self.breach else {
            return (good < range.to).then(|| good.saturating_mul(2).min(range.to));
        };
        let gap = breach.size.saturating_sub(good);
        (gap > 1 && gap > breach.size / FINENESS).then(|| good + gap / 2)
    }
}

/// A breach is believed when it is seen twice: the machine itself has hiccups.
fn attempt(
    load: &mut Load,
    size: u32,
    steps: &mut Vec<Report>,
    told: &mut impl FnMut(&Report),
) -> Result<Result<Report, Breach>, Error> {
    let mut report = match load.measure(size) {
        Ok(report) => report,
        Err(error @ (Error::Join { .. } | Error::NotConnected { .. } | Error::NoStream { .. })) => {
            let (reason, detail) = (Reason::Joining, error.to_string());
            return Ok(Err(Breach { size, reason, detail }));
        }
        Err(error) => return Err(error),
    };
    told(&report);
    steps.push(report.clone());
    if judge(&report).is_some() {
        report = load.watch(size)?;
        told(&report);
        steps.push(report.clone());
    }
    Ok(match judge(&report) {
        None => Ok(report),
        Some((reason, detail)) => Err(Breach { size, reason, detail }),
    })
}

/// What is wrong with a span. Where something is, a generator that did not keep up is to blame before the server is.
fn judge(report: &Report) -> Option<(Reason, String)> {
    let wrong = fault(report)?;
    let generator = &report.generator;
    if generator.lateness.p99 > LATENESS_MICROS || generator.busy > BUSY {
        let busy = generator.busy * 100.0;
        return Some((
            Reason::Generator,
            format!("{busy:.0} % of a core, late by {}", generator.lateness),
        ));
    }
    Some(wrong)
}

fn fault(report: &Report) -> Option<(Reason, String)> {
    if report.connected.is < report.connected.should || report.streams.is < report.streams.should {
        let streams = report.streams;
        return Some((
            Reason::Joining,
            format!("{} of {} streams", streams.is, streams.should),
        ));
    }
    if report.loss() > LOSS {
        return Some((Reason::Loss, format!("{:.3} %", report.loss() * 100.0)));
    }
    (report.delay.p99 > DELAY_MICROS).then(|| (Reason::Delay, report.delay.to_string()))
}

impl fmt::Display for Ramp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.knee {
            Some(report) => write!(
                f,
                "carried: {} {}, {:.0} packets/s out",
                report.size,
                report.shape.unit(),
                report.packets_out
            )?,
            None => write!(f, "carried: nothing")?,
        }
        match &self.breach {
            Some(breach) => write!(f, "; {breach}"),
            None => write!(f, "; no more was tried"),
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            Reason::Loss => "packets are lost",
            Reason::Delay => "packets are late",
            Reason::Joining => "not everybody gets in",
            Reason::Generator => "the generator can't keep up",
        };
        write!(f, "too much at {}: {reason} ({})", self.size, self.detail)
    }
}

/// One packet in a thousand: sound is concealed, pictures are not yet frozen.
pub const LOSS: f64 = 0.001;
/// What a server may add; see the targets of teletherapy.
pub const DELAY_MICROS: f64 = 5_000.0;
/// Delay is counted from the moment of sending, so that a late packet does not look slow. But a generator that is
/// later than half a frame sends pictures in bursts that no browser makes.
const LATENESS_MICROS: f64 = 16_000.0;
/// Above this, waiting for the generator's core shows as delay.
const BUSY: f64 = 0.97;
/// The knee is told to one part in so many.
const FINENESS: u32 = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Shape;
    use crate::report::{Distribution, Generator, Of};

    const FULL: Of = Of { is: 4, should: 4 };

    fn micros(p99: f64) -> Distribution {
        Distribution {
            count: 1_000,
            p50: p99 / 2.0,
            p99,
            max: p99,
        }
    }

    /// All well, in a span of a second.
    fn report() -> Report {
        Report {
            shape: Shape::Pairs,
            size: 2,
            picture: None,
            seconds: 1.0,
            connected: FULL,
            streams: FULL,
            srtp: Vec::new(),
            packets_in: 1_000.0,
            packets_out: 1_000.0,
            megabits_out: 1.0,
            due: Some(1_000),
            received: 1_000,
            lost: 0,
            skipped: 0,
            duplicates: 0,
            reordered: 0,
            opened: 0,
            unreadable: 0,
            other: 0,
            delay: micros(500.0),
            freezes: 0,
            longest_pause_ms: 0.0,
            keyframe_requests: 0,
            nacked: 0,
            generator: Generator {
                busy: 0.5,
                lateness: micros(500.0),
                send_failed: 0,
            },
            server: None,
            processors: Vec::new(),
        }
    }

    fn reason(report: &Report) -> Option<Reason> {
        judge(report).map(|(reason, _)| reason)
    }

    #[test]
    fn each_fault_has_its_reason() {
        assert_eq!(reason(&report()), None);
        let missing = Report {
            streams: Of { is: 3, should: 4 },
            ..report()
        };
        assert_eq!(reason(&missing), Some(Reason::Joining));
        let lossy = Report { lost: 2, ..report() };
        assert_eq!(reason(&lossy), Some(Reason::Loss));
        let slow = Report {
            delay: micros(5_001.0),
            ..report()
        };
        assert_eq!(reason(&slow), Some(Reason::Delay));
    }

    #[test]
    fn a_late_generator_is_blamed_for_what_went_wrong_and_for_nothing_else() {
        let late = |report: Report| Report {
            generator: Generator {
                lateness: micros(LATENESS_MICROS + 1.0),
                ..report.generator
            },
            ..report
        };
        assert_eq!(reason(&late(report())), None);
        let slow = late(Report {
            delay: micros(5_001.0),
            ..report()
        });
        assert_eq!(reason(&slow), Some(Reason::Generator));
        let mut full = Report { lost: 2, ..report() };
        full.generator.busy = 0.98;
        assert_eq!(reason(&full), Some(Reason::Generator));
    }
}
