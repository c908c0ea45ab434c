//! What a reader of the results is told, and where.
//!
//! Owns: the text between the marks in `benches/README.md`. Never does: touch what stands around it.

use std::fmt::Write;

use crate::booking::{Booking, Cost, RUN, Way};
use crate::error::Error;
use crate::results::Results;
use crate::table;

/// All that follows from the results alone.
pub(crate) fn text(results: &Results) -> String {
    let (machine, setting) = (&results.machine, &results.setting);
    let rounds = match results.rounds() {
        (rounds, 0) => rounds.to_string(),
        (rounds, rest) => format!("{rounds}, and {rest} runs of another"),
    };
    let mut text = format!(
        "{} UTC; {} ({} cores, {} MiB), {}, Linux {}. Server on core {}, generator on core {}. Rounds: {}; each size \
         watched for {} s after {} s. Figures are medians, with the least and the most of all rounds behind them. \
         The knee is the largest load with at most {} % lost and one packet in a hundred later than {:.0} ms.\n\n",
        machine.date,
        machine.processor,
        machine.cores,
        machine.memory_mib,
        machine.system,
        machine.kernel,
        setting.server_core,
        setting.load_core,
        rounds,
        setting.seconds_watched,
        setting.seconds_settling,
        setting.loss * 100.0,
        setting.delay_p99_micros / 1e3,
    );
    for server in &results.servers {
        let _ = writeln!(text, "- **{}**: {}", server.server.title(), server.version);
    }
    for case in &results.cases {
        let _ = write!(text, "\n{}", table::case(case));
    }
    let _ = write!(
        text,
        "\n### Where the kernel books receiving\n\n{}",
        booking(&results.booking)
    );
    text
}

/// The page with a new text between its marks.
///
/// # Errors
///
/// [`Error::Refused`] for a page without them.
pub(crate) fn with(page: &str, text: &str) -> Result<String, Error> {
    let parts = page
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) =
        parts.ok_or_else(|| Error::Refused(format!("the page has no place marked {BEGIN} … {END}")))?;
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", text.trim_end()))
}

fn booking(booking: &Booking) -> String {
    let mut text = String::from(
        "On loopback a packet is received inside of the sender's call: the sending core finds the route and the \
         socket, queues and wakes up. So the CPU a packet above holds that half of what the server's clients cost, \
         for every server alike; reading from the socket is on the generator's core. A server that sends in runs \
         (GSO) pays it once a run. Likewise, the generator pays for what the server receives.\n\n\
         Measured with two sockets and no server, packets of 1,200 bytes; µs of the sending thread's processor time a \
         packet, and in brackets the share of software interrupts on each core:\n\n\
         | | received by the other core | thrown away | receiving steered to the other core (RPS) | \
         the receiver's half, booked on the sender |\n|---|---|---|---|---|\n",
    );
    text += &way("one packet a call", &booking.single);
    text += &way(&format!("runs of {RUN} (GSO)"), &booking.runs);
    text += "\nThe last column is the first one less the second one. Nothing is steered while servers are measured, \
             since waking up another core for each packet may cost the sender as much as it saves; and nothing is \
             subtracted from their figures.\n";
    for reason in &booking.missing {
        let _ = write!(text, "\nNot measured: {reason}\n");
    }
    text
}

fn way(name: &str, way: &Way) -> String {
    let optional = |found: &Option<Cost>| found.as_ref().map_or_else(|| "–".to_owned(), cost);
    let booked = way
        .booked_on_the_sender()
        .map_or_else(|| "–".to_owned(), |nanos| format!("{:.2}", nanos / 1e3));
    format!(
        "| {name} | {} | {} | {} | {booked} |\n",
        cost(&way.received),
        optional(&way.thrown_away),
        optional(&way.steered),
    )
}

fn cost(cost: &Cost) -> String {
    let micros = cost.nanos_a_packet.times(1e-3);
    let softirq: Vec<_> = cost
        .softirq
        .iter()
        .map(|share| format!("{:.0}", share * 100.0))
        .collect();
    format!(
        "{:.2} ({:.2}–{:.2}) [{} %]",
        micros.median,
        micros.min,
        micros.max,
        softirq.join(" / ")
    )
}

const BEGIN: &str = "<!-- rivals:begin -->";
const END: &str = "<!-- rivals:end -->";

/// A page that holds nothing else.
pub(crate) const EMPTY: &str = "<!-- rivals:begin --><!-- rivals:end -->\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spread::Spread;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let first = with(&page, "new\n").unwrap();
        assert_eq!(first, format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert_eq!(with(&first, "new\n").unwrap(), first);
    }

    #[test]
    fn a_page_without_marks_is_left_alone() {
        for page in ["", BEGIN, END, "<!-- rivals:end --> <!-- rivals:begin -->"] {
            assert!(matches!(with(page, "new"), Err(Error::Refused(_))), "{page}");
        }
    }

    #[test]
    fn the_receivers_half_is_told_and_what_was_not_measured() {
        let cost = |nanos: f64| Cost {
            nanos_a_packet: Spread::of([nanos]).unwrap(),
            arrived: 1.0,
            softirq: vec![0.25, 0.0],
        };
        let single = Way {
            received: cost(5_000.0),
            thrown_away: Some(cost(3_000.0)),
            steered: None,
        };
        let runs = Way {
            received: cost(1_500.0),
            thrown_away: None,
            steered: Some(cost(1_400.0)),
        };
        let found = booking(&Booking {
            single,
            runs,
            missing: vec!["not permitted".to_owned()],
        });
        let single =
            "| one packet a call | 5.00 (5.00–5.00) [25 / 0 %] | 3.00 (3.00–3.00) [25 / 0 %] | – | 2.00 |";
        assert!(found.contains(single), "{found}");
        assert!(
            found.contains(" | – | 1.40 (1.40–1.40) [25 / 0 %] | – |"),
            "{found}"
        );
        assert!(found.contains("Not measured: not permitted"), "{found}");
    }
}
