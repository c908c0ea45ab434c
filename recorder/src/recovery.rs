//! A recording whose server crashed.
//!
//! Owns: bringing it to an end. Never does: lose what was acknowledged, or keep what was not.

use crate::folder::{FolderError, JOURNAL, capture_name, part_name, read_journal, read_manifest};
use crate::journal::{Cluster, Durable, End, File, Journal, Record};
use crate::matroska;
use crate::storage::{Storage, append_all};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// It had come to its end, with its files.
    Nothing,
    /// It is complete up to this time, in microseconds.
    UpTo(u64),
}

/// Cuts files and journal back to what is durable, writes the index of the last file, and ends the recording. It may be
/// interrupted at any point, and done again.
pub fn recover(storage: &mut impl Storage) -> Result<Recovered, FolderError> {
    let manifest = read_manifest(storage)?;
    let journal = read_journal(storage)?;
    if journal.is_torn {
        storage
            .truncate(JOURNAL, journal.length)
            .map_err(FolderError::io(JOURNAL))?;
        storage.sync(JOURNAL).map_err(FolderError::io(JOURNAL))?;
    }
    let spans = spans(&journal);
    let has_ended = journal
        .records
        .iter()
        .any(|record| matches!(record, Record::End(_)));
    if !has_ended {
        cut_back(storage, &spans)?;
        let header = matroska::header(&manifest);
        let segment = matroska::segment_offset(&header);
        end(storage, &journal, spans.last().copied(), segment)?;
    }
    if has_ended && parts(storage, &spans).is_empty() {
        return Ok(Recovered::Nothing);
    }
    finish(storage)?;
    let safe = spans.iter().map(|(_, durable)| durable.micros).max();
    Ok(Recovered::UpTo(safe.unwrap_or(0)))
}

/// Every span with the number of its file.
pub(crate) fn spans(journal: &Journal) -> Vec<(u16, Durable)> {
    let mut file = 0;
    let mut found = Vec::new();
    for record in &journal.records {
        match record {
            Record::File(begun) => file = begun.number,
            Record::Durable(durable) => found.push((file, *durable)),
            _ => {}
        }
    }
    found
}

/// Files that are complete are cut to what the journal knows of them, and get the name of such. What a failed disk left
/// behind that goes here at the latest.
pub(crate) fn finish(storage: &mut impl Storage) -> Result<(), FolderError> {
    name_files(storage)?;
    storage.sync_folder().map_err(FolderError::io(JOURNAL))
}

/// The same, where somebody else syncs.
pub(crate) fn name_files(storage: &mut impl Storage) -> Result<(), FolderError> {
    let spans = spans(&read_journal(storage)?);
    cut_back(storage, &spans)?;
    for number in parts(storage, &spans) {
        let part = part_name(number);
        storage
            .rename(&part, &capture_name(number))
            .map_err(FolderError::io(&part))?;
    }
    Ok(())
}

fn cut_back(storage: &mut impl Storage, spans: &[(u16, Durable)]) -> Result<(), FolderError> {
    for number in parts(storage, spans) {
        let name = part_name(number);
        let length = storage.length(&name).map_err(FolderError::io(&name))?;
        let ends = spans
            .iter()
            .filter(|(file, _)| *file == number)
            .map(|(_, durable)| durable.to);
        let durable = ends.max().unwrap_or(0);
        if length > durable {
            storage.truncate(&name, durable).map_err(FolderError::io(&name))?;
            storage.sync(&name).map_err(FolderError::io(&name))?;
        }
    }
    Ok(())
}

/// The files that are not complete: those that the journal knows, and one that was begun and nothing of it durable.
fn parts(storage: &mut impl Storage, spans: &[(u16, Durable)]) -> Vec<u16> {
    let last = spans.iter().map(|(file, _)| *file).max().unwrap_or(0);
    let all = 0..=last.saturating_add(1);
    all.filter(|number| storage.length(&part_name(*number)).is_ok())
        .collect()
}

/// The index of the last file, and the record that nothing follows.
fn end(
    storage: &mut impl Storage,
    journal: &Journal,
    last: Option<(u16, Durable)>,
    segment: u64,
) -> Result<(), FolderError> {
    let mut records = Vec::new();
    if let Some((file, durable)) = last {
        let mut clusters = clusters(journal, file);
        // of a commit that a crash tore the journal may have the cluster, and not the span
        clusters.retain(|cluster| cluster.offset < durable.to);
        let cues = matroska::cues(&clusters, segment);
        let name = part_name(file);
        append_all(storage, &name, &cues).map_err(FolderError::io(&name))?;
        storage.sync(&name).map_err(FolderError::io(&name))?;
        let closing = Durable {
            from: durable.to,
            to: durable.to + cues.len() as u64,
            chain: durable.chain.next(&cues),
            ..durable
        };
        // another file may have been begun, and nothing of it be durable
        records.extend(Record::File(File { number: file }).write());
        records.extend(Record::Durable(closing).write());
    }
    records.extend(Record::End(End::Recovered).write());
    append_all(storage, JOURNAL, &records).map_err(FolderError::io(JOURNAL))?;
    storage.sync(JOURNAL).map_err(FolderError::io(JOURNAL))
}

/// Those of a file. A cluster stands in the journal before the span that it begins in.
fn clusters(journal: &Journal, file: u16) -> Vec<Cluster> {
    let mut current = 0;
    let mut found = Vec::new();
    for record in &journal.records {
        match record {
            Record::File(begun) => current = begun.number,
            Record::Cluster(cluster) if current == file => found.push(*cluster),
            _ => {}
        }
    }
    found
}

/// A file by whichever of its names it has.
pub(crate) fn name_of(storage: &mut impl Storage, number: u16) -> String {
    let complete = capture_name(number);
    if storage.length(&complete).is_ok() {
        complete
    } else {
        part_name(number)
    }
}
