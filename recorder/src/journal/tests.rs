use proptest::prelude::*;

use super::*;
use crate::frame::Reason;
use crate::manifest::RecordingId;

fn records() -> Vec<Record> {
    let chain = Chain::begin(RecordingId([7; 16]), 0);
    vec![
        Record::File(File { number: 0 }),
        Record::Cluster(Cluster {
            millis: 0,
            offset: 250,
        }),
        Record::Durable(Durable {
            from: 0,
            to: 300,
            micros: 1_000_000,
            chain,
        }),
        Record::Gap(Gap {
            track: 2,
            from: 5,
            to: 9,
            reason: Reason::Lost,
        }),
        Record::Durable(Durable {
            from: 300,
            to: 301,
            micros: 2_000_000,
            chain: chain.next(b"x"),
        }),
        Record::End(End::Stopped),
    ]
}

fn written() -> Vec<u8> {
    records().iter().flat_map(Record::write).collect()
}

#[test]
fn records_are_read_back() {
    let bytes = written();
    let journal = Journal::read(&bytes);
    assert_eq!(journal.records, records());
    assert_eq!((journal.length, journal.is_torn), (bytes.len() as u64, false));
}

#[test]
fn a_torn_tail_costs_the_record_that_it_tore() {
    let bytes = written();
    let ends: Vec<_> = records()
        .iter()
        .scan(0, |at, record| {
            *at += record.write().len();
            Some(*at)
        })
        .collect();
    for cut in 0..bytes.len() {
        let journal = Journal::read(&bytes[..cut]);
        let whole = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(journal.records, records()[..whole], "cut at {cut}");
        assert_eq!(journal.is_torn, !ends.contains(&cut) && cut > 0);
    }
}

proptest! {
    #[test]
    fn a_changed_bit_ends_it_there(at in 0..written().len(), bit in 0..8) {
        let mut bytes = written();
        bytes[at] ^= 1_u8 << bit;
        let journal = Journal::read(&bytes);
        prop_assert!(journal.records.len() < records().len());
        prop_assert_eq!(&journal.records[..], &records()[..journal.records.len()]);
    }

    #[test]
    fn noise_is_no_journal(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Journal::read(&bytes).length <= bytes.len() as u64);
    }
}
