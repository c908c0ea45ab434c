//! On what and of what the figures are.
//!
//! Owns: the description beside every result. Never does: name a user, a host or a path.

use std::fmt;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// What a figure depends on beside the code.
#[derive(Serialize, Deserialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    kernel: String,
    rustc: String,
    /// UTC.
    date: String,
    revision: String,
    profile: String,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cpu,
            cores,
            kernel,
            rustc,
            date,
            revision,
            profile,
        } = self;
        write!(
            f,
            "{cpu}, {cores} cores, Linux {kernel}, {rustc}, {profile}, {date}, {revision}"
        )
    }
}

/// This machine; what can't be found out is left empty.
pub(crate) fn describe(full: bool) -> Machine {
    let profile = match (cfg!(debug_assertions), full) {
        (true, _) => "dev",
        (false, true) => "release",
        (false, false) => "release, brief",
    };
    Machine {
        cpu: cpu().unwrap_or_default(),
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        kernel: output("uname", &["-r"]),
        rustc: output("rustc", &["--version"]),
        date: output("date", &["-u", "+%F"]),
        revision: output("git", &["describe", "--always", "--dirty", "--abbrev=10"]),
        profile: profile.to_owned(),
    }
}

/// The model's name, and what tells apart machines that hide it.
fn cpu() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let field = |name: &str| {
        let line = text
            .lines()
            .find(|line| line.split(':').next().map(str::trim_end) == Some(name))?;
        line.split(':').nth(1).map(str::trim)
    };
    let (name, family, model) = (field("model name")?, field("cpu family")?, field("model")?);
    Some(format!("{name} (family {family}, model {model})"))
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    text.unwrap_or_default().trim().to_owned()
}
