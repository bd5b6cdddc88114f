//! Lines of the host's log that belong to one plugin.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Older lines are looked for by hand.
const LOOKED_AT: u64 = 4 << 20;

/// The last lines with this field, oldest first; none where there is no log.
pub(super) fn tail(path: &Path, field: &str, lines: usize) -> io::Result<Vec<String>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOOKED_AT)))?;
    let mut bytes = Vec::new();
    file.take(LOOKED_AT).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let found: Vec<_> = text.lines().filter(|line| is_of(line, field)).map(str::to_owned).collect();
    Ok(found[found.len().saturating_sub(lines)..].to_vec())
}

/// `plugin=a` is no line of `plugin=a-b`.
fn is_of(line: &str, field: &str) -> bool {
    let in_id = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
    line.match_indices(field).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + field.len()..].chars().next();
        before.is_none_or(char::is_whitespace) && !after.is_some_and(in_id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_plugin_alone_are_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.log");
        assert!(tail(&path, "plugin=a", 9).unwrap().is_empty());
        let log = "1 INFO plugin: x plugin=a trace=1\n2 INFO y plugin=a-b\n3 WARN z plugin=a\n4 myplugin=a\n";
        std::fs::write(&path, log).unwrap();
        assert_eq!(tail(&path, "plugin=a", 9).unwrap().len(), 2);
        assert_eq!(tail(&path, "plugin=a", 1).unwrap(), ["3 WARN z plugin=a"]);
    }
}
