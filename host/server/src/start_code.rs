//! The code that only a start needs. The kernel maps it in large pieces around whatever is used, and keeps it mapped:
//! more than half of a server's memory at rest.

use std::io;

/// Unmaps the code of this program; what runs afterwards is mapped again from the file, page by page. On Linux only.
#[cfg(target_os = "linux")]
pub(crate) fn give_back() -> io::Result<()> {
    let program = std::fs::read_link("/proc/self/exe")?;
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    maps.lines().filter_map(|line| code_of(line, &program.to_string_lossy())).try_for_each(unmap)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn give_back() -> io::Result<()> {
    Ok(())
}

/// The addresses of a line of `/proc/self/maps`, if it is code of this program that nobody can have changed.
#[cfg(target_os = "linux")]
fn code_of(line: &str, program: &str) -> Option<std::ops::Range<usize>> {
    let (addresses, rest) = line.split_once(' ')?;
    if !rest.starts_with("r-xp ") || !rest.ends_with(&format!(" {program}")) {
        return None;
    }
    let (start, end) = addresses.split_once('-')?;
    Some(usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?)
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the kernel's call takes addresses")]
fn unmap(code: std::ops::Range<usize>) -> io::Result<()> {
    use rustix::mm::{Advice, madvise};

    let start = std::ptr::with_exposed_provenance_mut(code.start);
    // SAFETY: the pages are read-only and come from a file that nobody writes to, so the next use of one brings back
    // the very bytes that stood there.
    unsafe { madvise(start, code.len(), Advice::LinuxDontNeed) }.map_err(io::Error::from)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_the_program_is_unmapped() {
        let code = |line| code_of(line, "/opt/instar");
        assert_eq!(code("01bdf000-03ecd000 r-xp 019de000 fe:00 675 /opt/instar"), Some(0x01bd_f000..0x03ec_d000));
        assert_eq!(code("03ecd000-03ff4000 r--p 03ccb000 fe:00 675 /opt/instar"), None);
        assert_eq!(code("03ff4000-03ffe000 rw-p 03df1000 fe:00 675 /opt/instar"), None);
        assert_eq!(code("7f0000000000-7f0000001000 r-xp 00000000 fe:00 8 /lib/libc.so.6"), None);
        assert_eq!(code("7f0000000000-7f0000001000 r-xp 00000000 00:00 0"), None);
    }

    #[test]
    fn a_program_goes_on_without_it() {
        give_back().unwrap();
        assert_eq!("still here".len(), 10);
    }
}
