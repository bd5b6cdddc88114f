//! The machine: space on the disk, the clock, the time zone, and whether services begin with it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::fault::{self, Finding};
use crate::cli::autostart;
use crate::config::Project;

const LEAST_SPACE: u64 = 100 * 1000 * 1000;

/// 2026-01-01: this program did not exist before.
const EARLIEST: i64 = 1_767_225_600;

pub(super) fn examine(project: &Project) -> Vec<Finding> {
    let zone = TimeZone::try_system().map_err(|error| error.to_string());
    let findings = [
        autostart_after_login(project),
        space(project),
        clock(Timestamp::now()),
        zone.err().map(|error| no_zone(&error)),
    ];
    findings.into_iter().flatten().collect()
}

fn autostart_after_login(project: &Project) -> Option<Finding> {
    let file = autostart::waits_for_login(project)?;
    let cause = format!("{} begins when this user logs in, and not with the machine", file.display());
    Some(Finding::new(fault::AUTOSTART_NEEDS_LOGIN, cause, format!("`{}`", autostart::linger_line())))
}

fn space(project: &Project) -> Option<Finding> {
    let found = rustix::fs::statvfs(project.dir()).ok()?;
    low_space(found.f_bavail.saturating_mul(found.f_frsize), project)
}

fn low_space(free: u64, project: &Project) -> Option<Finding> {
    let dir = project.dir().display();
    let cause = || format!("the file system of {dir} has {} MB left, and runs may not be recorded", free / 1_000_000);
    let fix = || format!("make room on it: `du -xhd1 {dir}/.instar` shows what instar takes");
    (free < LEAST_SPACE).then(|| Finding::new(fault::DISK_LOW, cause(), fix()))
}

fn clock(now: Timestamp) -> Option<Finding> {
    let cause = || format!("the clock says {now}, which is before this program was made");
    let fix = "set the clock: `timedatectl set-ntp true`";
    (now.as_second() < EARLIEST).then(|| Finding::new(fault::CLOCK_WRONG, cause(), fix))
}

fn no_zone(error: &str) -> Finding {
    let cause = format!("the time zone is not known, so that schedules are taken as UTC: {error}");
    Finding::new(
        fault::ZONE_UNKNOWN,
        cause,
        "`timedatectl set-timezone Europe/Berlin`, or TZ=Europe/Berlin for the server",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_space_is_said_with_how_much_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let project = Project::at(dir.path()).unwrap();
        assert!(low_space(LEAST_SPACE, &project).is_none());
        let finding = low_space(LEAST_SPACE - 1, &project).unwrap();
        assert!(finding.cause.contains("has 99 MB left"), "{}", finding.cause);
    }

    #[test]
    fn a_clock_that_was_never_set_is_named() {
        assert!(clock("2026-01-01T00:00:00Z".parse().unwrap()).is_none());
        assert!(clock(Timestamp::UNIX_EPOCH).is_some());
    }
}
