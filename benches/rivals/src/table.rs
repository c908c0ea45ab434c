//! The results as tables in Markdown.
//!
//! Owns: which figures stand in them, and how they are spelt. Never does: calculate.

use std::collections::BTreeSet;
use std::fmt::Write;

use rapport_load::ramp::Reason;

use crate::results::{Compared, Ratio, Row};
use crate::spread::Spread;

/// One case: the servers, and below them the ratios.
pub(crate) fn case(compared: &Compared) -> String {
    let unit = compared.case.shape().unit();
    let equal = compared
        .equal_size
        .map_or_else(|| "no equal load".to_owned(), |size| format!("{size} {unit}"));
    let packets = compared.rows.iter().find_map(|row| row.equal_packets_out);
    let packets = packets.map_or_else(String::new, |spread| {
        format!(", {} packets/s out", thousands(spread.median))
    });
    let mut text = format!(
        "### {}\n\nAt equal load: {equal}{packets}.\n\n\
         | | knee: packets/s on one core | knee: {unit} | what was too much then | at equal load: CPU a packet, µs | \
         delay p50, ms | delay p99, ms | memory a participant, KiB | SRTP |\n|---|---|---|---|---|---|---|---|---|\n",
        compared.case
    );
    for row in &compared.rows {
        text += &server(row);
    }
    text += &others(compared.others_busy);
    let has_ratios = |ratio: &&Ratio| ratio.nanos_a_packet.is_some();
    if compared.ratios.iter().any(|ratio| has_ratios(&ratio)) {
        text += "\n| Rapport divided by | packets/s at the knee | CPU a packet | delay p99 | memory a participant |\n\
                 |---|---|---|---|---|\n";
    }
    for ratio in compared.ratios.iter().filter(has_ratios) {
        text += &divided(ratio);
    }
    text
}

fn server(row: &Row) -> String {
    let name = row.server.title();
    let failures: BTreeSet<_> = row.failures.iter().map(ToString::to_string).collect();
    let failures = failures
        .into_iter()
        .collect::<Vec<_>>()
        .join("; ")
        .replace('|', "/");
    if row.ended_by.is_empty() {
        return format!("| {name} | {failures} | – | – | – | – | – | – | – |\n");
    }
    let mut end = ends(&row.ended_by);
    if !failures.is_empty() {
        let _ = write!(end, "; {} times: {failures}", row.failures.len());
    }
    let is_bound = row.ended_by.iter().any(|end| is_lower_bound(*end));
    let at_least = match is_bound && row.knee_size.is_some() {
        true => "≥ ",
        false => "",
    };
    format!(
        "| {name} | {at_least}{} | {} | {end} | {} | {} | {} | {} | {} |\n",
        cell(row.knee_packets_out, thousands),
        cell(row.knee_size, thousands),
        cell(row.nanos_a_packet.map(|nanos| nanos.times(1e-3)), two_places),
        cell(row.delay_p50_micros.map(|micros| micros.times(1e-3)), two_places),
        cell(row.delay_p99_micros.map(|micros| micros.times(1e-3)), two_places),
        cell(
            row.bytes_a_participant.map(|bytes| bytes.times(1.0 / 1_024.0)),
            thousands
        ),
        row.srtp.iter().cloned().collect::<Vec<_>>().join(", "),
    )
}

fn divided(ratio: &Ratio) -> String {
    let at_least = match ratio.is_lower_bound && ratio.knee_packets_out.is_some() {
        true => "≥ ",
        false => "",
    };
    format!(
        "| {} | {at_least}{} | {} | {} | {} |\n",
        ratio.against.title(),
        cell(ratio.knee_packets_out, two_places),
        cell(ratio.nanos_a_packet, two_places),
        cell(ratio.delay_p99_micros, two_places),
        cell(ratio.bytes_a_participant, two_places),
    )
}

/// A figure that was taken while others worked is one to be taken again.
fn others(busy: Option<Spread>) -> String {
    let Some(busy) = busy.map(|busy| busy.times(100.0)) else {
        return String::new();
    };
    let told = format!(
        "Meanwhile everything else on the machine took {} % of a core",
        cell(Some(busy), |percent| format!("{percent:.1}"))
    );
    match busy.max > DISTURBED_PERCENT {
        true => format!("\n**{told}: not a quiet machine.**\n"),
        false => format!("\n{told}.\n"),
    }
}

/// What ended the ramps, and how often.
fn ends(reasons: &[Option<Reason>]) -> String {
    let mut words: Vec<(&str, usize)> = Vec::new();
    for reason in reasons {
        let word = match reason {
            Some(Reason::Loss) => "loss",
            Some(Reason::Delay) => "delay",
            Some(Reason::Joining) => "joining",
            Some(Reason::Generator) => "the generator",
            None => "nothing",
        };
        match words.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => words.push((word, 1)),
        }
    }
    let words: Vec<_> = words
        .iter()
        .map(|(word, count)| format!("{word} {count}×"))
        .collect();
    words.join(", ")
}

fn is_lower_bound(end: Option<Reason>) -> bool {
    matches!(end, None | Some(Reason::Generator))
}

/// The median, and from where to where it went.
fn cell(spread: Option<Spread>, spell: fn(f64) -> String) -> String {
    match spread {
        None => "–".to_owned(),
        Some(one) if one.runs == 1 => spell(one.median),
        Some(Spread { min, median, max, .. }) => format!("{} ({}–{})", spell(median), spell(min), spell(max)),
    }
}

fn two_places(value: f64) -> String {
    format!("{value:.2}")
}

/// Whole numbers with a comma at every third place.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Above what the kernel's own work and its counting in ticks come to in the shortest span: a second has a hundred
/// ticks of each processor, and up to three on either side of it are booked wrongly.
const DISTURBED_PERCENT: f64 = 10.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Case;
    use crate::contender::Contender;
    use crate::error::Failure;
    use crate::results::{Outcome, Run};
    use crate::testing::measured;

    #[test]
    fn a_table_tells_figures_ratios_and_what_did_not_start() {
        let mut compared = Compared::new(Case::Pairs);
        for round in 0..2 {
            let mut ours = measured(&[8, 16, 32], 32);
            ours.breach.as_mut().unwrap().reason = Reason::Generator;
            ours.steps[2].others_busy = Some(0.25);
            ours.steps[1].server_nanos_a_packet = Some(2_508.0 + f64::from(round) * 502.0);
            let outcomes = [
                (Contender::Rapport, Outcome::Measured(ours)),
                (
                    Contender::Janus,
                    Outcome::Measured(measured(&[8, 16, 32, 24], 16)),
                ),
                (
                    Contender::Pion,
                    Outcome::Failed(Failure::Start("no | package".to_owned())),
                ),
            ];
            for (server, outcome) in outcomes {
                compared.add(Run {
                    round,
                    server,
                    outcome,
                });
            }
        }
        let expected = "\
### Rooms of two (VP9 720p and sound)

At equal load: 16 rooms of 2, 6,400 packets/s out.

| | knee: packets/s on one core | knee: rooms of 2 | what was too much then | at equal load: CPU a packet, µs | \
delay p50, ms | delay p99, ms | memory a participant, KiB | SRTP |
|---|---|---|---|---|---|---|---|---|
| Rapport | ≥ 12,800 (12,800–12,800) | 32 (32–32) | the generator 2× | 2.76 (2.51–3.01) | 0.12 (0.12–0.12) | \
1.02 (1.02–1.02) | 200 (200–200) | AEAD_AES_128_GCM |
| Janus | 6,400 (6,400–6,400) | 16 (16–16) | delay 2× | 5.02 (5.02–5.02) | 0.12 (0.12–0.12) | \
1.02 (1.02–1.02) | 200 (200–200) | AEAD_AES_128_GCM |
| Go/Pion | did not start: no / package | – | – | – | – | – | – | – |

**Meanwhile everything else on the machine took 13.3 (1.6–25.0) % of a core: not a quiet machine.**

| Rapport divided by | packets/s at the knee | CPU a packet | delay p99 | memory a participant |
|---|---|---|---|---|
| Janus | ≥ 2.00 (2.00–2.00) | 0.55 (0.50–0.60) | 1.00 (1.00–1.00) | 1.00 (1.00–1.00) |
";
        assert_eq!(case(&compared), expected);
    }

    #[test]
    fn a_quiet_machine_is_not_shouted_about() {
        let told = others(Spread::of([0.01, 0.02, 0.05]));
        assert_eq!(
            told,
            "\nMeanwhile everything else on the machine took 2.0 (1.0–5.0) % of a core.\n"
        );
        assert_eq!(others(None), "");
    }

    #[test]
    fn numbers_are_readable() {
        let spelt = [0.0, 999.4, 1_000.0, 12_345.0, 1_234_567.0].map(thousands);
        assert_eq!(spelt, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }
}
