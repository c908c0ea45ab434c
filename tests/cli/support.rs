//! The command, and folders to run it in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder with a configuration in it; gone at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn with(config: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("rapport-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("rapport.toml"), config).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.0.join("rapport.toml")
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        rapport(arguments)
            .arg("--config")
            .arg(self.config())
            .output()
            .unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn rapport(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(arguments).env_clear();
    command
}

pub(crate) fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

/// The one line of a failure, after checking its exit code and that nothing else is said.
pub(crate) fn failure(output: &Output, code: i32) -> String {
    let line = std::str::from_utf8(&output.stderr).unwrap().trim_end().to_owned();
    assert_eq!(output.status.code(), Some(code), "{line}");
    assert_eq!(stdout(output), "");
    assert_eq!(line.lines().count(), 1, "{line}");
    line
}
