//! What the generator asks of the system for itself.
//!
//! Owns: the limit of open files, and the processor that it runs on. Never does: touch another process.

use std::io;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;

use crate::error::Error;

/// Raises this process's limit of open files as far as it may go: each transport has a socket.
///
/// # Errors
///
/// [`Error::System`] when the system does not allow it.
pub fn allow_sockets() -> Result<(), Error> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(io::Error::from)?;
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_err(io::Error::from)?;
    }
    Ok(())
}

/// Keeps this thread, and those that it starts, on one processor.
///
/// # Errors
///
/// [`Error::Refused`] when there is no such processor, or it is not this process's to use.
pub fn pin(processor: usize) -> Result<(), Error> {
    let refused = |error| Error::Refused(format!("processor {processor}: {error}"));
    let mut set = CpuSet::new();
    set.set(processor).map_err(refused)?;
    sched_setaffinity(Pid::from_raw(0), &set).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_that_is_not_there_is_refused() {
        let refused = pin(1_000).unwrap_err().to_string();
        assert!(refused.starts_with("processor 1000: "), "{refused}");
    }

    #[test]
    fn sockets_are_allowed_up_to_the_hard_limit() {
        allow_sockets().unwrap();
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(soft, hard);
    }
}
