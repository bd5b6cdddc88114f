//! Files that a guest may name in one call: those that came with it, and those that it downloaded.
//!
//! A guest sees handles, never paths. What it downloaded is removed with the call, unless the caller takes it over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

#[derive(Debug, Default)]
pub(crate) struct Blobs {
    by_handle: BTreeMap<String, Blob>,
}

#[derive(Debug)]
enum Blob {
    /// It belongs to somebody else.
    Lent(PathBuf),
    /// It is removed with this value.
    Own(TempPath),
}

impl Blobs {
    /// A handle for a file that stays where it is.
    pub(crate) fn lend(&mut self, path: &Path) -> String {
        self.add("attachment", Blob::Lent(path.to_owned()))
    }

    /// A handle for a file that ends with the call.
    pub(crate) fn own(&mut self, path: TempPath) -> String {
        self.add("download", Blob::Own(path))
    }

    fn add(&mut self, kind: &str, blob: Blob) -> String {
        let handle = format!("{kind}-{}", self.by_handle.len());
        self.by_handle.insert(handle.clone(), blob);
        handle
    }

    pub(crate) fn path(&self, handle: &str) -> Option<&Path> {
        self.by_handle.get(handle).map(|blob| match blob {
            Blob::Lent(path) => path.as_path(),
            Blob::Own(path) => path,
        })
    }

    /// What was downloaded under this handle; it outlives the call.
    pub(crate) fn take(&mut self, handle: &str) -> Option<TempPath> {
        match self.by_handle.remove(handle)? {
            Blob::Own(path) => Some(path),
            Blob::Lent(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_downloaded_ends_with_the_call_unless_it_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let file = || tempfile::NamedTempFile::new_in(folder.path()).unwrap().into_temp_path();
        let (kept, gone, lent) = (file(), file(), file());
        let paths = [kept.to_path_buf(), gone.to_path_buf(), lent.to_path_buf()];
        let mut blobs = Blobs::default();
        let (kept, _) = (blobs.own(kept), blobs.own(gone));
        let handle = blobs.lend(&paths[2]);
        assert_eq!(blobs.path(&handle), Some(paths[2].as_path()));
        assert!(blobs.take(&handle).is_none(), "somebody else's file was given away");
        let taken = blobs.take(&kept).unwrap();
        drop(blobs);
        assert_eq!(paths.map(|path| path.exists()), [true, false, true]);
        drop((taken, lent));
    }
}
