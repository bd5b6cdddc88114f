//! Reading the output from its end, while it is being written or long after.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use super::{HEAD, NEW, OLD};

/// Stands for what the cap left out, as a line of its own.
const MARKER: &[u8] = b"[instar: part of the output was left out here]\n";

const BLOCK: u64 = 64 * 1024;

/// The last `lines` lines as they were printed; a last line without its end counts.
pub(crate) fn last_lines(dir: &Path, lines: usize) -> io::Result<Vec<u8>> {
    if lines == 0 {
        return Ok(Vec::new());
    }
    let mut bytes = Files::open(dir)?.read_back(Want::Lines(lines))?;
    if let Some(start) = start_of_last(&bytes, lines) {
        bytes.drain(..start);
    }
    Ok(bytes)
}

/// The last bytes, and no more than `count` of them.
pub(crate) fn last_bytes(dir: &Path, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Files::open(dir)?.read_back(Want::Bytes(count))?;
    bytes.drain(..bytes.len().saturating_sub(count));
    Ok(bytes)
}

/// Where the last `lines` lines begin, if more than these are there.
fn start_of_last(bytes: &[u8], lines: usize) -> Option<usize> {
    // The end of the last line closes it and opens none.
    let inner = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let newlines = inner.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    newlines.map(|(at, _)| at + 1).nth(lines - 1)
}

/// The files of one output, opened at one moment.
struct Files {
    head: Option<File>,
    old: Option<File>,
    new: Option<File>,
}

impl Files {
    /// The writer may turn to a new segment between two of our opens: then we begin again.
    fn open(dir: &Path) -> io::Result<Self> {
        loop {
            let new = open(&dir.join(NEW))?;
            let files = Self { head: open(&dir.join(HEAD))?, old: open(&dir.join(OLD))?, new };
            let same = match (&files.new, dir.join(NEW).metadata()) {
                (Some(opened), Ok(named)) => is_same(&opened.metadata()?, &named),
                (None, Err(error)) => error.kind() == io::ErrorKind::NotFound,
                _ => false,
            };
            if same {
                return Ok(files);
            }
        }
    }

    /// Reads block by block towards the beginning until it is enough or all.
    fn read_back(&self, want: Want) -> io::Result<Vec<u8>> {
        let mut back = Back { want, blocks: Vec::new(), newlines: 0, bytes: 0 };
        for file in [&self.new, &self.old].into_iter().flatten() {
            back.read(file)?;
        }
        let is_all = self.head.is_none();
        if is_all || back.is_enough() {
            return Ok(back.in_order());
        }
        // What stands before the gap ends somewhere in a line, what stands after it begins so.
        let mut after = back.in_order();
        let first_whole = after.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let mut bytes = Vec::new();
        for mut head in self.head.iter() {
            head.read_to_end(&mut bytes)?;
        }
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
        bytes.extend_from_slice(MARKER);
        bytes.extend(after.drain(first_whole..));
        Ok(bytes)
    }
}

/// How much is to be read.
#[derive(Clone, Copy)]
enum Want {
    Lines(usize),
    Bytes(usize),
}

/// Blocks in the order they are read: the last one first.
struct Back {
    want: Want,
    blocks: Vec<Vec<u8>>,
    newlines: usize,
    bytes: usize,
}

impl Back {
    fn is_enough(&self) -> bool {
        match self.want {
            // One more, because the end of the last line opens no line.
            Want::Lines(lines) => self.newlines > lines,
            Want::Bytes(bytes) => self.bytes >= bytes,
        }
    }

    fn read(&mut self, file: &File) -> io::Result<()> {
        let mut end = file.metadata()?.len();
        while end > 0 && !self.is_enough() {
            let start = end.saturating_sub(BLOCK);
            let mut block = vec![0; usize::try_from(end - start).unwrap_or_default()];
            file.read_exact_at(&mut block, start)?;
            self.newlines += block.iter().filter(|byte| **byte == b'\n').count();
            self.bytes += block.len();
            self.blocks.push(block);
            end = start;
        }
        Ok(())
    }

    fn in_order(self) -> Vec<u8> {
        self.blocks.into_iter().rev().flatten().collect()
    }
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Log;

    fn written(text: &[u8], cap: u64) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::create(dir.path(), cap);
        text.chunks(1000).for_each(|chunk| log.write(chunk));
        assert_eq!(log.fault(), None);
        dir
    }

    #[track_caller]
    fn check(text: &str, lines: usize, expected: &str) {
        let dir = written(text.as_bytes(), 1 << 20);
        assert_eq!(String::from_utf8(last_lines(dir.path(), lines).unwrap()).unwrap(), expected);
    }

    #[test]
    fn exactly_the_last_lines_are_read() {
        check("a\nb\nc\n", 2, "b\nc\n");
        check("a\nb\nc", 2, "b\nc");
        check("a\n\n\n", 2, "\n\n");
        check("a\nb\n", 2, "a\nb\n");
        check("a\n", 5, "a\n");
        check("a\n", 0, "");
        check("", 3, "");
    }

    #[test]
    fn lines_are_counted_across_blocks_and_segments() {
        let all: Vec<_> = (0..60_000).map(|line| format!("line {line}\n")).collect();
        let dir = written(all.concat().as_bytes(), 1 << 20);
        for lines in [1, 100, 10_000, 50_000] {
            let read = String::from_utf8(last_lines(dir.path(), lines).unwrap()).unwrap();
            assert!(read == all[all.len() - lines..].concat(), "the last {lines} lines differ");
        }
    }

    #[test]
    fn what_the_cap_left_out_is_one_line() {
        let all: Vec<_> = (0..10_000).map(|line| format!("line {line}\n")).collect();
        let dir = written(all.concat().as_bytes(), 8 * 1024);
        let read = String::from_utf8(last_lines(dir.path(), 100_000).unwrap()).unwrap();
        assert!(read.starts_with("line 0\n") && read.ends_with("line 9999\n"), "{read}");
        assert_eq!(read.matches("left out here").count(), 1);
        let is_whole = |line: &str| line.starts_with("[instar: ") || all.contains(&format!("{line}\n"));
        assert!(read.lines().all(is_whole), "{read}");
    }

    #[test]
    fn reading_while_it_is_written_never_repeats_or_skips() {
        let dir = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut log = Log::create(dir.path(), 64 * 1024);
                (0..50_000).for_each(|line| log.write(format!("{line}\n").as_bytes()));
            });
            while !writer.is_finished() {
                let read = String::from_utf8(last_lines(dir.path(), 1000).unwrap()).unwrap();
                let whole = &read[..read.rfind('\n').map_or(0, |at| at + 1)];
                let numbers: Vec<u32> = whole.lines().filter_map(|line| line.parse().ok()).collect();
                assert!(numbers.is_sorted_by(|one, next| one + 1 == *next), "{numbers:?}");
            }
        });
    }
}
