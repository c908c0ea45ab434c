//! `rapport recording export`: a recording in the hands of somebody who may open it.
//!
//! Owns: whose key that is, the file, and what is said of it. Never does: leave half a file behind, or write over one.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rapport_keys::{Backup, BackupError, Kit, RecipientKey};
use rapport_recorder::{Disk, ExportError, Exported, Form, OpenError, Opening, export};

use super::moment::moment;
use super::{length, print};
use crate::arguments::Export;
use crate::failure::Failure;

pub(super) fn run(arguments: &Export) -> Result<(), Failure> {
    let Export { recording, out, .. } = arguments;
    check_out(out, arguments.force)?;
    let key = read_key(&arguments.key, arguments.backup.as_deref())?;
    let is_device = arguments.backup.is_some();
    let mut opening =
        Opening::begin(Disk::of(recording), &key).map_err(|error| not_opened(recording, error, is_device))?;
    let mut part = Part::beside(out)?;
    let exported = export(&mut opening, form_of(out), &mut part.file).map_err(|error| match error {
        ExportError::Open(error) => not_opened(recording, error, is_device),
        ExportError::Io(error) => part.failure(error),
        other => Failure::running(format!("{}: {other}", recording.display())),
    })?;
    check_out(out, arguments.force)?;
    part.finish(out)?;
    let mut text = said(out, &exported);
    if !opening.verified().is_ended {
        text += "it has not ended: what was safe by now is in the file, and more may follow\n";
    }
    print(&text)
}

/// What the name says.
fn form_of(out: &Path) -> Form {
    if is_called(out, "mp4") {
        Form::Mp4
    } else {
        Form::Webm
    }
}

fn is_called(out: &Path, extension: &str) -> bool {
    out.extension()
        .is_some_and(|own| own.eq_ignore_ascii_case(extension))
}

/// A file that is there is somebody's.
fn check_out(out: &Path, is_replaced: bool) -> Result<(), Failure> {
    match out.symlink_metadata() {
        Ok(found) if !found.is_file() => Err(Failure::usage(format!("{}: this is no file", out.display()))),
        Ok(_) if !is_replaced => Err(Failure::usage(format!(
            "{}: this file is there already; --force replaces it",
            out.display()
        ))),
        _ => Ok(()),
    }
}

fn read_key(words: &Path, backup: Option<&Path>) -> Result<RecipientKey, Failure> {
    let of_file = |file: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let seed = Kit::seed(&read(words)?).map_err(|error| Failure::usage(of_file(words, &error)))?;
    let Some(file) = backup else {
        return Ok(RecipientKey::of_clinic(&seed));
    };
    match Backup::open(&seed, &read(file)?) {
        Ok(backup) => Ok(backup.key),
        Err(error @ BackupError::Words) => Err(Failure::running(of_file(file, &error))),
        Err(error) => Err(Failure::usage(of_file(file, &error))),
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))
}

fn not_opened(recording: &Path, error: OpenError, is_device: bool) -> Failure {
    let recording = recording.display();
    match error {
        OpenError::Folder(error) => Failure::usage(format!("{recording}: {error}")),
        OpenError::OtherKey if is_device => Failure::running(format!(
            "{recording}: this device is none of those that can open it"
        )),
        OpenError::OtherKey => Failure::running(format!(
            "{recording}: these words are not those of a clinic that can open it; words of a device want its --backup"
        )),
        OpenError::Shredded(receipt) => Failure::running(format!(
            "{recording}: its keys were destroyed on {}: nobody can open it any more",
            moment(receipt.at / 1000)
        )),
        other => Failure::running(format!("{recording}: {other}")),
    }
}

fn said(out: &Path, exported: &Exported) -> String {
    let left_out = exported.left_out;
    let mut text = format!(
        "{}: {}, {} tracks, {} frames\n",
        out.display(),
        length(exported.millis * 1000),
        exported.tracks,
        exported.frames
    );
    for (count, why) in [
        (left_out.no_capsule, "that this key does not open"),
        (left_out.unauthentic, "that are not as their sender sealed them"),
        (left_out.not_agreed, "of what nobody agreed to"),
    ] {
        if count > 0 {
            text += &format!("left out: {count} frames {why}\n");
        }
    }
    if exported.has_vp8 && form_of(out) == Form::Mp4 {
        text += "few players play VP8 in MP4: a .webm of the same is better\n";
    }
    if exported.is_matroska && !is_called(out, "mkv") {
        text += "WebM does not know H.264: the file is Matroska, and better called .mkv\n";
    }
    text
}

/// The file while it is written, beside where it is to stand. Gone if it does not come to its end.
struct Part {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Part {
    fn beside(out: &Path) -> Result<Self, Failure> {
        let mut name = OsString::from(".");
        let own = out.file_name();
        name.push(own.ok_or_else(|| Failure::usage(format!("{}: this names no file", out.display())))?);
        name.push(format!(".{}.part", std::process::id()));
        let path = out.with_file_name(name);
        // what is said in a therapy is for nobody else on this machine
        let options = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        let file = options.map_err(|error| Failure::usage(format!("{}: {error}", out.display())))?;
        Ok(Self {
            path,
            file: BufWriter::new(file),
        })
    }

    fn finish(mut self, out: &Path) -> Result<(), Failure> {
        let flushed = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        let named = flushed.and_then(|()| fs::rename(&self.path, out));
        named.map_err(|error| self.failure(error))
    }

    fn failure(&self, error: impl std::fmt::Display) -> Failure {
        Failure::running(format!("{}: {error}", self.path.display()))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // of one that has its name now, there is nothing
        let _ = fs::remove_file(&self.path);
    }
}
