//! Times as people read them.
//!
//! Owns: that form. Never does: know a place's own time.

/// A Unix time in seconds, such as `2026-11-27 14:00:05 UTC`.
pub(super) fn moment(seconds: u64) -> String {
    let (days, second) = (seconds / DAY, seconds % DAY);
    let (hours, minutes) = (second / 3600, second / 60 % 60);
    format!("{} {hours:02}:{minutes:02}:{:02} UTC", date(days), second % 60)
}

/// The day that is so many after 1970 began, such as `2026-11-27`.
pub(super) fn date(days: u64) -> String {
    // years that begin in March have their odd day at the end; 719,468 days before 1970 the first of them began
    let days = days.saturating_add(719_468);
    let (era, day) = (days / ERA, days % ERA);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // of five months, beginning with March, three have 31 days: 153 in all
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + next)
}

/// Seconds.
const DAY: u64 = 86_400;
/// Days of 400 years.
const ERA: u64 = 146_097;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times_are_written_as_they_are_known() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_827_696, "2000-02-29 12:34:56 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_735_689_599, "2024-12-31 23:59:59 UTC"),
            (1_795_816_800, "2026-11-27 22:00:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(moment(seconds), expected);
        }
    }
}
