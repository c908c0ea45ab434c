use super::*;
use crate::booking::{Cost, Way};
use crate::testing::measured;

fn run(round: u32, server: Contender, outcome: Outcome) -> Run {
    Run {
        round,
        server,
        outcome,
    }
}

/// Rapport at half the cost, in rounds whose machine was of unequal speed.
fn compared(factors: &[f64]) -> Compared {
    let mut compared = Compared::new(Case::Pairs);
    for (round, factor) in (0..).zip(factors) {
        let mut ours = measured(&[8, 16, 32], 32);
        let mut theirs = measured(&[8, 16, 32, 24], 16);
        for step in &mut ours.steps {
            step.server_nanos_a_packet = Some(2_000.0 * factor);
        }
        for step in &mut theirs.steps {
            step.server_nanos_a_packet = Some(4_000.0);
        }
        compared.add(run(round, Contender::Rapport, Outcome::Measured(ours)));
        compared.add(run(round, Contender::Janus, Outcome::Measured(theirs)));
    }
    compared
}

#[test]
fn ratios_are_of_pairs_and_told_with_their_spread() {
    let compared = compared(&[1.0, 1.2, 0.8, 1.1, 0.9]);
    assert_eq!(compared.equal_size, Some(16));
    let [ratio] = compared.ratios.as_slice() else {
        panic!("one rival: {:?}", compared.ratios);
    };
    assert_eq!(ratio.against, Contender::Janus);
    let cost = ratio.nanos_a_packet.unwrap();
    assert_eq!((cost.min, cost.median, cost.max, cost.runs), (0.4, 0.5, 0.6, 5));
    let knee = ratio.knee_packets_out.unwrap();
    assert_eq!((knee.min, knee.median, knee.max), (2.0, 2.0, 2.0));
    assert!(!ratio.is_lower_bound);
}

#[test]
fn a_server_that_did_not_start_has_a_reason_and_no_figures() {
    let mut compared = compared(&[1.0]);
    let failure = Failure::Start("exit status: 1: no such plugin".to_owned());
    compared.add(run(0, Contender::Pion, Outcome::Failed(failure.clone())));
    let row = compared
        .rows
        .iter()
        .find(|row| row.server == Contender::Pion)
        .unwrap();
    assert_eq!(row.failures, [failure]);
    assert_eq!((row.knee_packets_out, row.nanos_a_packet), (None, None));
    let ratio = compared
        .ratios
        .iter()
        .find(|ratio| ratio.against == Contender::Pion)
        .unwrap();
    assert_eq!((ratio.knee_packets_out, ratio.nanos_a_packet), (None, None));
    // The others have what they had.
    assert_eq!(compared.equal_size, Some(16));
}

#[test]
fn a_knee_that_the_generator_made_is_a_lower_bound_and_divides_nothing() {
    let generator = |mut run: Measured| {
        run.breach.as_mut().unwrap().reason = Reason::Generator;
        Outcome::Measured(run)
    };
    let mut compared = Compared::new(Case::Pairs);
    let plain = Outcome::Measured(measured(&[8, 16], 16));
    compared.add(run(0, Contender::Rapport, generator(measured(&[8, 16, 32], 32))));
    compared.add(run(0, Contender::Janus, plain));
    compared.add(run(0, Contender::Pion, generator(measured(&[8, 16], 16))));
    let [janus, pion] = compared.ratios.as_slice() else {
        panic!("two rivals: {:?}", compared.ratios);
    };
    assert!(janus.is_lower_bound);
    assert_eq!(janus.knee_packets_out.unwrap().median, 2.0);
    assert_eq!(pion.knee_packets_out, None);
    assert!(pion.nanos_a_packet.is_some());
}

#[test]
fn a_round_without_one_of_the_two_is_no_pair() {
    let mut compared = compared(&[1.0, 1.0]);
    let failure = Failure::Load("nobody gets in".to_owned());
    compared.add(run(2, Contender::Rapport, Outcome::Failed(failure)));
    compared.add(run(
        2,
        Contender::Janus,
        Outcome::Measured(measured(&[8, 16], 16)),
    ));
    assert_eq!(compared.ratios[0].nanos_a_packet.unwrap().runs, 2);
}

#[test]
fn results_are_read_back_as_they_were_written() {
    let compared = compared(&[1.0, 1.1]);
    let text = serde_json::to_string(&compared).unwrap();
    assert_eq!(serde_json::from_str::<Compared>(&text).unwrap(), compared);
}

#[test]
fn rounds_are_those_that_were_done() {
    let fine = || Outcome::Measured(measured(&[8, 16], 16));
    let servers = [Contender::Rapport, Contender::Janus];
    let mut compared = Compared::new(Case::Pairs);
    for round in 0..2 {
        for server in servers {
            compared.add(run(round, server, fine()));
        }
    }
    let cost = Cost {
        nanos_a_packet: Spread::of([1.0]).unwrap(),
        arrived: 1.0,
        softirq: Vec::new(),
    };
    let way = Way {
        received: cost,
        thrown_away: None,
        steered: None,
    };
    let mut results = Results {
        machine: Machine::this(),
        setting: Setting {
            rounds_asked: 5,
            seconds_watched: 1,
            seconds_settling: 1,
            server_core: 0,
            load_core: 1,
            loss: 0.001,
            delay_p99_micros: 5_000.0,
        },
        servers: servers
            .map(|server| Version {
                server,
                version: String::new(),
            })
            .to_vec(),
        booking: Booking {
            single: way.clone(),
            runs: way,
            missing: Vec::new(),
        },
        cases: vec![compared],
    };
    assert_eq!(results.rounds(), (2, 0));
    results.cases[0].add(run(2, Contender::Janus, fine()));
    assert_eq!(results.rounds(), (2, 1));
    results.cases.clear();
    assert_eq!(results.rounds(), (0, 0));
}
