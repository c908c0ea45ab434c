//! The machine that a comparison ran on.
//!
//! Owns: its description. Never does: measure it.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// What a reader has to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_mib: u64,
    pub(crate) kernel: String,
    pub(crate) system: String,
    /// In UTC.
    pub(crate) date: String,
}

impl Machine {
    pub(crate) fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let processors = read("/proc/cpuinfo");
        let kilobytes = field(&read("/proc/meminfo"), "MemTotal", ':');
        let kilobytes: u64 = kilobytes.trim_end_matches(" kB").parse().unwrap_or_default();
        Self {
            processor: field(&processors, "model name", ':'),
            cores: processors
                .lines()
                .filter(|line| line.starts_with("processor"))
                .count(),
            memory_mib: kilobytes / 1_024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            system: field(&read("/etc/os-release"), "PRETTY_NAME", '='),
            date: said(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M"])),
        }
    }
}

/// The first line that a program prints; a program that is not there is no reason to stop.
pub(crate) fn said(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&output);
    match text.lines().next() {
        Some(line) => line.trim().to_owned(),
        None => "unknown".to_owned(),
    }
}

fn field(text: &str, name: &str, sign: char) -> String {
    let mut values = text.lines().filter_map(|line| line.split_once(sign));
    let found = values.find(|(found, _)| found.trim() == name);
    found.map_or_else(
        || "unknown".to_owned(),
        |(_, value)| value.trim().trim_matches('"').to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_is_unknown() {
        let text = "model name\t: AMD EPYC\nmodel name\t: another\nPRETTY_NAME=\"Debian\"";
        assert_eq!(field(text, "model name", ':'), "AMD EPYC");
        assert_eq!(field(text, "PRETTY_NAME", '='), "Debian");
        assert_eq!(field(text, "cache size", ':'), "unknown");
        assert_eq!(said(&mut Command::new("no-such-program-here")), "unknown");
        assert_eq!(said(Command::new("printf").arg("one\ntwo")), "one");
    }
}
