//! What the process costs, as Linux tells it.
//!
//! Owns: reading two files of `/proc/self`. Never does: fail; where they are missing the numbers are 0.

use std::fs;

/// Processor time and memory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Usage {
    pub(super) cpu_seconds: f64,
    pub(super) resident_bytes: u64,
}

/// proc_pid_stat(5) counts in clock ticks; the kernel shows 100 a second on every architecture that we run
/// on (`USER_HZ`).
const TICKS_A_SECOND: f64 = 100.0;

pub(super) fn usage() -> Usage {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    Usage {
        cpu_seconds: ticks(&stat).unwrap_or(0) as f64 / TICKS_A_SECOND,
        resident_bytes: resident_kib(&status).unwrap_or(0) * 1024,
    }
}

/// `utime` and `stime`: the 14th and 15th fields, counted from behind the command name, which may have
/// spaces and parentheses in it.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn resident_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_parenthesis_does_not_shift_the_fields() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 100 1000 200";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks(""), None);
    }

    #[test]
    fn memory_is_read_from_its_line() {
        assert_eq!(resident_kib("VmPeak:\t 9 kB\nVmRSS:\t    1234 kB\n"), Some(1234));
    }

    #[test]
    fn this_process_uses_memory() {
        assert!(usage().resident_bytes > 0);
    }
}
