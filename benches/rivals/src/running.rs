//! A process that was started here, and ends here.
//!
//! Owns: its start, waiting for it with a bound, and its end. Never does: touch a process of somebody else.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::error::{Error, Failure};

/// One process. It is ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts it on one core; what it says goes into a file.
    pub(crate) fn start(command: &Command, core: usize, log: &Path) -> Result<Self, Error> {
        let out = File::create(log)?;
        let mut pinned = Command::new("taskset");
        pinned.args(["--cpu-list", &core.to_string()]);
        pinned.arg(command.get_program()).args(command.get_args());
        let child = pinned
            .stdin(Stdio::null())
            .stderr(out.try_clone()?)
            .stdout(out)
            .spawn()?;
        let log = log.to_owned();
        Ok(Self { child, log })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Until somebody takes a connection there, or the process is gone, or time is up.
    pub(crate) fn await_answer(&mut self, at: SocketAddr, patience: Duration) -> Result<(), Failure> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(end) = self.ended() {
                return Err(Failure::Start(end));
            }
            if TcpStream::connect_timeout(&at, GLANCE).is_ok() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let seconds = patience.as_secs();
                return Err(Failure::Start(format!("no answer at {at} within {seconds} s")));
            }
            thread::sleep(GLANCE);
        }
    }

    /// Until it ends by itself; nothing when it had to be ended.
    pub(crate) fn await_end(mut self, patience: Duration) -> Result<Option<ExitStatus>, Error> {
        self.wait(patience)
    }

    /// How it ended and what it said last, when it did.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok()??;
        let said = self.last_words();
        Some(format!("{status}: {said}"))
    }

    /// The last line of what it said.
    pub(crate) fn last_words(&self) -> String {
        last_line(&self.log)
    }

    /// Asks it to end; one that does not is ended.
    pub(crate) fn stop(mut self) -> Result<(), Error> {
        // A process that is gone already has nothing to be told.
        let _ = kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM);
        self.wait(FAREWELL)?;
        Ok(())
    }

    fn wait(&mut self, patience: Duration) -> Result<Option<ExitStatus>, Error> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            thread::sleep(GLANCE);
        }
        Ok(None)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only for a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Of a log; empty when there is none.
pub(crate) fn last_line(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    last.unwrap_or("it said nothing").trim().to_owned()
}

/// Between two looks at a process.
const GLANCE: Duration = Duration::from_millis(20);

/// Longer than any of the servers takes to close its sessions.
const FAREWELL: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::testing::Folder;

    const NOBODY: &str = "127.0.0.1:1";

    fn shell(script: &str, folder: &Folder) -> Running {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Running::start(&command, 0, &folder.path().join("log")).unwrap()
    }

    #[test]
    fn a_server_that_ends_at_once_did_not_start_and_says_why() {
        let folder = Folder::new("ends");
        let mut running = shell("echo the port is taken >&2; exit 1", &folder);
        let failure = running.await_answer(NOBODY.parse().unwrap(), Duration::from_secs(60));
        let reason = "exit status: 1: the port is taken".to_owned();
        assert_eq!(failure, Err(Failure::Start(reason)));
    }

    #[test]
    fn a_server_that_does_not_answer_is_not_waited_for_longer_than_said() {
        let folder = Folder::new("silent");
        let mut running = shell("exec sleep 60", &folder);
        let failure = running.await_answer(NOBODY.parse().unwrap(), Duration::from_millis(50));
        assert!(matches!(failure, Err(Failure::Start(_))), "{failure:?}");
    }

    #[test]
    fn a_server_that_answers_has_started_and_is_gone_after_its_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let folder = Folder::new("answers");
        let mut running = shell("exec sleep 60", &folder);
        let pid = running.pid();
        let answer = running.await_answer(listener.local_addr().unwrap(), Duration::from_secs(60));
        assert_eq!(answer, Ok(()));
        running.stop().unwrap();
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn what_takes_too_long_is_ended() {
        let folder = Folder::new("long");
        let running = shell("exec sleep 60", &folder);
        let pid = running.pid();
        assert_eq!(running.await_end(Duration::from_millis(50)).unwrap(), None);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }
}
