//! The table of processes as the system shows it: /proc on Linux, `ps` elsewhere.

use std::io;

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    /// Tells two processes with the same number apart; its unit is the system's.
    pub(crate) start_time: u64,
    /// Ended, but not yet waited for by its parent.
    pub(crate) is_zombie: bool,
}

#[cfg(target_os = "linux")]
pub(crate) use linux::{all, boot_id, entry};

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{all, boot_id, entry};

#[cfg(target_os = "linux")]
mod linux {
    use super::{Entry, io};

    pub(crate) fn boot_id() -> io::Result<String> {
        Ok(std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
    }

    /// `None` when there is no such process.
    pub(crate) fn entry(pid: i32) -> Option<Entry> {
        parse(pid, &std::fs::read(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Every process there is; one that ends while the table is read may be missing.
    pub(crate) fn all() -> io::Result<Vec<Entry>> {
        let names = std::fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        Ok(names.filter_map(|name| entry(name.parse().ok()?)).collect())
    }

    /// Fields of /proc/PID/stat: the name, in brackets, may itself hold brackets and blanks.
    fn parse(pid: i32, stat: &[u8]) -> Option<Entry> {
        let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
        let fields: Vec<&str> = std::str::from_utf8(&stat[after_name..]).ok()?.split_ascii_whitespace().collect();
        let is_zombie = matches!(*fields.first()?, "Z" | "X");
        // After the name, the third field of proc(5) comes first: the parent is field 4, the start time 22.
        Some(Entry { pid, parent: fields.get(1)?.parse().ok()?, start_time: fields.get(19)?.parse().ok()?, is_zombie })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_name_with_brackets_confuses_nobody() {
            let stat = b"7 (a) Z (b) S 3 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 1 1";
            let expected = Entry { pid: 7, parent: 3, start_time: 4242, is_zombie: false };
            assert_eq!(parse(7, stat), Some(expected));
        }

        #[test]
        fn this_process_is_in_the_table() {
            let pid = i32::try_from(std::process::id()).unwrap();
            assert!(all().unwrap().contains(&entry(pid).unwrap()));
        }
    }
}

/// Best effort for systems without /proc.
#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::{Entry, io};

    pub(crate) fn boot_id() -> io::Result<String> {
        let answer = std::process::Command::new("sysctl").args(["-n", "kern.boottime"]).output()?;
        Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
    }

    pub(crate) fn entry(pid: i32) -> Option<Entry> {
        all().ok()?.into_iter().find(|entry| entry.pid == pid)
    }

    pub(crate) fn all() -> io::Result<Vec<Entry>> {
        let answer = std::process::Command::new("ps").args(["-A", "-o", "pid=,ppid=,stat=,lstart="]).output()?;
        Ok(String::from_utf8_lossy(&answer.stdout).lines().filter_map(parse).collect())
    }

    fn parse(line: &str) -> Option<Entry> {
        let mut fields = line.split_whitespace();
        let pid = fields.next()?.parse().ok()?;
        let parent = fields.next()?.parse().ok()?;
        let is_zombie = fields.next()?.starts_with('Z');
        // The start is a date in words: any number that it alone leads to will do.
        let start_time = fields.flat_map(str::bytes).fold(0_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
        Some(Entry { pid, parent, start_time, is_zombie })
    }
}
