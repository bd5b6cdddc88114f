//! What is known of the world in which a text would run.

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
