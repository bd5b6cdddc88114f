//! What is known of the world in which a text would run.

use crate::code::sha256;

/// Where a text would run. Paths are absolute.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub cwd: &'a str,
    pub home: Option<&'a str>,
    pub project_root: Option<&'a str>,
    /// Where `mktemp` makes files.
    pub temp_dir: &'a str,
    pub files: &'a (dyn Files + Sync),
}

/// The files that a text may run. Whoever implements it says which may be read and how much of them.
pub trait Files {
    /// The text of a file by its absolute path; none if there is no such file, or it is no text.
    fn read(&self, path: &str) -> Option<File>;

    /// Whether there is such a folder; none if nobody can tell.
    fn has_folder(&self, path: &str) -> Option<bool>;
}

/// A file that would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub text: String,
    /// SHA-256 of the whole file, in hexadecimal.
    pub sha256: String,
    /// The text is all of it.
    pub complete: bool,
}

impl File {
    /// The file with this content, its text cut at `longest` bytes; none if it is no text.
    pub fn of(content: &[u8], longest: usize) -> Option<Self> {
        let whole = std::str::from_utf8(content).ok().filter(|text| !text.contains('\0'))?;
        let text = &whole[..whole.floor_char_boundary(longest)];
        Some(Self { text: text.to_owned(), sha256: sha256(whole), complete: text.len() == whole.len() })
    }
}

/// Nothing can be read.
#[derive(Debug, Clone, Copy)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Option<File> {
        None
    }

    fn has_folder(&self, _: &str) -> Option<bool> {
        None
    }
}

impl std::fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("cwd", &self.cwd).field("home", &self.home).finish_non_exhaustive()
    }
}
