//! The names and hashes of a release's pages, in the form of `sha256sum`.
//!
//! Owns: reading it, and where each file is to be had. Never does: ask for one.

use rapport_keys::spelt;
use ring::digest::{SHA256, digest};

/// A release.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    entries: Vec<Entry>,
    number: String,
}

/// One file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    hash: String,
    name: String,
}

impl Manifest {
    /// None if it is not of the form, or names no page.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let lines = std::str::from_utf8(text).ok()?.lines();
        let mut entries = lines.map(Entry::read).collect::<Option<Vec<_>>>()?;
        let hash = digest(&SHA256, text);
        let number = spelt(hash.as_ref());
        // the list that the server shows is one of its files, and the only one that it can't name
        entries.push(Entry {
            hash: hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
            name: OWN_NAME.to_owned(),
        });
        entries
            .iter()
            .any(Entry::is_index)
            .then_some(Self { entries, number })
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What two people compare instead of all lines: the first 16 bytes of its own hash.
    pub(super) fn number(&self) -> &str {
        &self.number
    }

    /// The hash of a file in the form of a content coding.
    pub(super) fn find(&self, name: &str, coding: Option<&str>) -> Option<&String> {
        let is_it = |entry: &&Entry| entry.plain_name() == name && entry.coding() == coding;
        self.entries.iter().find(is_it).map(|entry| &entry.hash)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name == name)
    }
}

impl Entry {
    fn read(line: &str) -> Option<Self> {
        let (hash, name) = line.split_once("  ")?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
        let is_name = !name.is_empty() && !name.starts_with('/') && !name.contains(['?', '#', '\\']);
        (is_hash && is_name && !name.split('/').any(|part| part == "..")).then(|| Self {
            hash: hash.to_ascii_lowercase(),
            name: name.to_owned(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The page that all addresses of people lead to, in any form.
    pub(super) fn is_index(&self) -> bool {
        self.plain_name() == "index.html"
    }

    pub(super) fn address(&self) -> String {
        format!("/{}", self.plain_name())
    }

    /// The content coding by which a browser gets this file in place of the plain one.
    pub(super) fn coding(&self) -> Option<&'static str> {
        let known = CODINGS.iter().find(|(suffix, _)| self.name.ends_with(suffix));
        known.map(|(_, coding)| *coding)
    }

    fn plain_name(&self) -> &str {
        let suffixes = CODINGS
            .iter()
            .find_map(|(suffix, _)| self.name.strip_suffix(suffix));
        suffixes.unwrap_or(&self.name)
    }
}

pub(super) const OWN_NAME: &str = "manifest.sha256";

/// Of compressed forms.
const CODINGS: [(&str, &str); 2] = [(".br", "br"), (".gz", "gzip")];

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "9F86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn files_and_their_compressed_forms_are_told_apart() {
        let text = format!("{HASH}  assets/main.js.br\n{HASH}  index.html\n{HASH}  index.html.gz\n");
        let manifest = Manifest::read(text.as_bytes()).unwrap();
        let [script, index, compressed, own] = manifest.entries() else {
            panic!("{manifest:?}")
        };
        assert_eq!(
            (script.address().as_str(), script.coding()),
            ("/assets/main.js", Some("br"))
        );
        assert_eq!((index.is_index(), index.coding()), (true, None));
        assert_eq!((compressed.is_index(), compressed.coding()), (true, Some("gzip")));
        assert_eq!(
            manifest.find("assets/main.js", Some("br")),
            Some(&HASH.to_ascii_lowercase())
        );
        assert_eq!(manifest.find("assets/main.js", None), None);
        assert_eq!(index.name(), "index.html");
        assert_eq!(own.address(), "/manifest.sha256");
        assert_eq!(manifest.number().len(), 39);
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let index = format!("{HASH}  index.html");
        for bad in [
            String::new(),
            "<!doctype html>".to_owned(),
            format!("{HASH}  assets/main.js"),
            format!("{index}\n{HASH} one-blank.js"),
            format!("{index}\n{}  short.js", &HASH[1..]),
            format!("{index}\n{HASH}  ../secret"),
            format!("{index}\n{HASH}  /etc/passwd"),
            format!("{index}\n{HASH}  a?b"),
        ] {
            assert_eq!(Manifest::read(bad.as_bytes()), None, "{bad}");
        }
    }
}
