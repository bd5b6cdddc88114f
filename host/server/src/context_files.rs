//! The files that a job's `grounding` names, as far as they may be put before an agent.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::config::Project;

/// More of one file is not read; it is said that it was cut.
const MOST_BYTES: u64 = 64 << 10;

/// What is in `.instar` and is nobody's to read: the token, and what the host keeps for itself.
const CLOSED: [&str; 5] = ["config.json", "state", "run", "cache", "tmp"];

/// What a file says, by its path from `.instar`; or why it is not given, in a few words.
pub(crate) fn read(project: &Project, name: &str) -> Result<String, String> {
    let path = allowed(project, name)?;
    let mut bytes = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| why(&error))?;
    let is_whole = bytes.len() as u64 <= MOST_BYTES;
    bytes.truncate(usize::try_from(MOST_BYTES).unwrap_or(usize::MAX));
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if !is_whole {
        text.push_str("\n[The file is longer, and is cut here.]");
    }
    Ok(text)
}

/// The true path of a file inside the project, all links followed.
fn allowed(project: &Project, name: &str) -> Result<PathBuf, String> {
    let found = |path: &Path| path.canonicalize().map_err(|error| why(&error));
    let (dir, instar_dir) = (found(project.dir())?, found(&project.instar_dir())?);
    let path = found(&project.instar_dir().join(name))?;
    if !path.starts_with(&dir) {
        return Err("it is outside of the project".to_owned());
    }
    let is_closed = path.strip_prefix(&instar_dir).is_ok_and(|inner| CLOSED.iter().any(|part| inner.starts_with(part)));
    if is_closed {
        return Err("it is the host's own".to_owned());
    }
    if !path.is_file() {
        return Err("it is not a file".to_owned());
    }
    Ok(path)
}

fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it is not there".to_owned(),
        io::ErrorKind::PermissionDenied => "its rights forbid it".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn project() -> (tempfile::TempDir, Project) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("project");
        std::fs::create_dir_all(root.join(".instar/notes")).unwrap();
        let project = Project::at(&root).unwrap();
        (dir, project)
    }

    #[test]
    fn files_of_the_project_are_given_by_their_path_from_instar() {
        let (_dir, project) = project();
        std::fs::write(project.instar_dir().join("notes/plan.md"), "first").unwrap();
        std::fs::write(project.dir().join("README.md"), "second").unwrap();
        symlink(project.dir().join("README.md"), project.instar_dir().join("link.md")).unwrap();
        for (name, text) in [("notes/plan.md", "first"), ("../README.md", "second"), ("link.md", "second")] {
            assert_eq!(read(&project, name).as_deref(), Ok(text), "{name}");
        }
    }

    #[test]
    fn what_lies_outside_or_is_the_hosts_own_is_not_given() {
        let (dir, project) = project();
        std::fs::write(dir.path().join("secret"), "x").unwrap();
        std::fs::write(project.config_file(), "{}").unwrap();
        std::fs::create_dir(project.state_dir()).unwrap();
        std::fs::write(project.database(), "x").unwrap();
        symlink(dir.path().join("secret"), project.instar_dir().join("link.md")).unwrap();
        symlink(project.config_file(), project.instar_dir().join("notes/c")).unwrap();
        let outside = dir.path().join("secret").display().to_string();
        for (name, why) in [
            ("../../secret", "outside"),
            (outside.as_str(), "outside"),
            ("link.md", "outside"),
            ("config.json", "the host's own"),
            ("notes/c", "the host's own"),
            ("state/instar.db", "the host's own"),
            ("notes", "not a file"),
            ("nothing.md", "not there"),
        ] {
            let refused = read(&project, name).expect_err(name);
            assert!(refused.contains(why), "{name}: {refused}");
        }
    }

    #[test]
    fn a_long_file_is_cut_and_says_so() {
        let (_dir, project) = project();
        std::fs::write(project.instar_dir().join("long"), "x".repeat(100_000)).unwrap();
        let text = read(&project, "long").unwrap();
        assert!(text.len() < 70_000 && text.ends_with("cut here.]"), "{}", text.len());
    }
}
