//! The folder of plugins on disk: the lock, and components by their digests.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use instar_core::id::PluginId;
use instar_plugin::{Installed, Kind, Source};

use super::{Component, Entry, LockFile, LockFileError};
use crate::disk::{self, Mode};
use crate::jobs::{ChangeError, lock};

/// `.instar/plugins`.
#[derive(Debug, Clone)]
pub(crate) struct PluginFolder {
    dir: PathBuf,
}

/// What a change was decided upon: what was installed then.
pub(crate) type Expected<'a> = Option<&'a Entry>;

/// Why something was not installed, changed or taken away. What was there before is there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InstallError {
    #[error("failed to {what}: {source}; nothing was changed")]
    Io { what: String, source: io::Error },
    #[error("{} cannot be read: {source}; correct it, or take it from a backup", path.display())]
    Lock { path: PathBuf, source: LockFileError },
    #[error("another command is changing the plugins of this project; wait for its end, and try again")]
    Busy,
    #[error("`{0}` was changed by another command meanwhile, so nothing was changed; look at it, and try again")]
    Changed(PluginId),
}

impl PluginFolder {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    pub(crate) fn lock_path(&self) -> PathBuf {
        self.dir.join("instar.lock")
    }

    /// Where a component lies.
    pub(crate) fn path(&self, component: &Component) -> PathBuf {
        self.path_of(component.hex())
    }

    fn path_of(&self, hex: &str) -> PathBuf {
        self.components().join(format!("{hex}.wasm"))
    }

    fn components(&self) -> PathBuf {
        self.dir.join("installed")
    }

    /// What is installed; nothing where there is no lock.
    pub(crate) fn read(&self) -> Result<LockFile, InstallError> {
        let path = self.lock_path();
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(LockFile::default()),
            Err(source) => return Err(InstallError::Io { what: format!("read {}", path.display()), source }),
            Ok(text) => text,
        };
        LockFile::parse(&text).map_err(|source| InstallError::Lock { path, source })
    }

    /// All components that the lock names, as they are to be loaded.
    ///
    /// Only those are read whose kinds are wanted.
    pub(crate) fn sources(&self, lock: &LockFile, wants: &dyn Fn(&[Kind]) -> bool) -> Vec<Source> {
        let source = |entry: &Entry| wants(&entry.current.kinds()).then(|| self.source(&entry.id, &entry.current));
        lock.plugins.iter().filter_map(source).collect()
    }

    /// One component, as it is to be loaded.
    pub(super) fn source(&self, id: &PluginId, component: &Component) -> Source {
        let path = self.path(component);
        let bytes = crate::wiring::read_component(&path).ok();
        let (kinds, digest) = (component.kinds(), component.hex().to_owned());
        Source::installed(Installed { id: id.clone(), kinds, digest, path }, bytes)
    }

    /// The bytes of a component, if they are what was installed.
    pub(crate) fn component(&self, component: &Component) -> Option<Vec<u8>> {
        let bytes = crate::wiring::read_component(&self.path(component)).ok()?;
        (blake3::hash(&bytes).to_hex().as_str() == component.hex()).then_some(bytes)
    }

    /// Puts this entry in the place of the expected one, with the bytes of its component where they lack. All or
    /// nothing: the rename of the lock is the change.
    pub(crate) fn change(
        &self,
        run_dir: &Path,
        id: &PluginId,
        expected: Expected<'_>,
        entry: Option<Entry>,
        bytes: Option<&[u8]>,
    ) -> Result<(), InstallError> {
        let new = entry.as_ref().map(|entry| entry.current.clone());
        let is_expected = |installed: &LockFile| installed.entry(id) == expected;
        self.edit(run_dir, id, is_expected, new.as_ref().zip(bytes), |installed| installed.set(id, entry))
    }

    /// The same for what judges beside a guard.
    pub(crate) fn change_shadow(
        &self,
        run_dir: &Path,
        id: &PluginId,
        expected: Option<&Component>,
        shadow: Option<(&Component, &[u8])>,
    ) -> Result<(), InstallError> {
        let is_expected = |installed: &LockFile| installed.shadow(id) == expected;
        let component = shadow.map(|(component, _)| component.clone());
        self.edit(run_dir, id, is_expected, shadow, |installed| installed.set_shadow(id, component))
    }

    fn edit(
        &self,
        run_dir: &Path,
        id: &PluginId,
        is_expected: impl FnOnce(&LockFile) -> bool,
        new: Option<(&Component, &[u8])>,
        edit: impl FnOnce(&mut LockFile),
    ) -> Result<(), InstallError> {
        let _held = self.hold(run_dir)?;
        let mut installed = self.read()?;
        if !is_expected(&installed) {
            return Err(InstallError::Changed(id.clone()));
        }
        disk::create_folder(&self.dir, Mode::Usual).map_err(|source| self.failed(&self.dir, source))?;
        if let Some((component, bytes)) = new {
            self.keep(component, bytes)?;
        }
        edit(&mut installed);
        let path = self.lock_path();
        disk::write(&path, installed.text().as_bytes(), Mode::Usual).map_err(|source| self.failed(&path, source))?;
        self.sweep(&installed);
        Ok(())
    }

    /// Puts the bytes of a component that the lock names back into their place.
    pub(crate) fn restore(&self, run_dir: &Path, component: &Component, bytes: &[u8]) -> Result<(), InstallError> {
        let _held = self.hold(run_dir)?;
        self.keep(component, bytes)
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn hold(&self, run_dir: &Path) -> Result<File, InstallError> {
        lock(run_dir, "plugins.lock").map_err(|error| match error {
            ChangeError::Io { what, source } => InstallError::Io { what, source },
            _ => InstallError::Busy,
        })
    }

    /// What is there and whole is not written again.
    fn keep(&self, component: &Component, bytes: &[u8]) -> Result<(), InstallError> {
        if self.component(component).is_some() {
            return Ok(());
        }
        let (folder, path) = (self.components(), self.path(component));
        disk::create_folder(&folder, Mode::Usual).map_err(|source| self.failed(&folder, source))?;
        disk::write(&path, bytes, Mode::Usual).map_err(|source| self.failed(&path, source))
    }

    /// Takes away what no entry names, and what a command that was killed left. What stays is only in the way.
    fn sweep(&self, installed: &LockFile) {
        let named = installed.digests();
        for entry in fs::read_dir(self.components()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_named =
                name.to_str().and_then(|name| name.strip_suffix(".wasm")).is_some_and(|it| named.contains(it));
            if !is_named && let Err(error) = fs::remove_file(entry.path()) {
                tracing::warn!(%error, "{} could not be removed", entry.path().display());
            }
        }
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_left = name.to_str().is_some_and(|name| name.starts_with(".instar.lock.") && name.ends_with(".tmp"));
            if is_left {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn failed(&self, path: &Path, source: io::Error) -> InstallError {
        InstallError::Io { what: format!("write {}", path.display()), source }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lock_file::component;
    use super::*;

    struct Scratch {
        dir: tempfile::TempDir,
        folder: PluginFolder,
        id: PluginId,
    }

    impl Scratch {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let folder = PluginFolder::new(dir.path().join("plugins"));
            Self { dir, folder, id: "a".parse().unwrap() }
        }

        fn change(&self, expected: Expected<'_>, entry: Option<Entry>, bytes: &[u8]) -> Result<(), InstallError> {
            self.folder.change(&self.dir.path().join("run"), &self.id, expected, entry, Some(bytes))
        }

        fn components(&self) -> usize {
            fs::read_dir(self.folder.components()).unwrap().count()
        }
    }

    fn of(bytes: &[u8], previous: Option<Component>) -> Entry {
        let digest = format!("blake3:{}", blake3::hash(bytes).to_hex());
        Entry { id: "a".parse().unwrap(), current: Component { digest, ..component("0.1.0", 'a') }, previous }
    }

    #[test]
    fn what_is_installed_is_there_and_what_nobody_names_is_taken_away() {
        let scratch = Scratch::new();
        let one = of(b"one", None);
        scratch.change(None, Some(one.clone()), b"one").unwrap();
        assert_eq!(scratch.folder.component(&one.current).as_deref(), Some(b"one".as_slice()));
        fs::write(scratch.folder.components().join(".x.wasm.1-2.tmp"), "left").unwrap();
        let two = of(b"two", Some(one.current.clone()));
        scratch.change(Some(&one), Some(two.clone()), b"two").unwrap();
        assert_eq!(scratch.components(), 2, "the one before is kept for a way back");
        let three = of(b"three", Some(two.current.clone()));
        scratch.change(Some(&two), Some(three.clone()), b"three").unwrap();
        assert_eq!(scratch.components(), 2);
        scratch.change(Some(&three), None, b"").unwrap();
        assert_eq!((scratch.components(), scratch.folder.read().unwrap().plugins.len()), (0, 0));
    }

    #[test]
    fn a_change_that_was_decided_upon_something_else_is_refused() {
        let scratch = Scratch::new();
        let one = of(b"one", None);
        scratch.change(None, Some(one.clone()), b"one").unwrap();
        let error = scratch.change(None, Some(of(b"two", None)), b"two").unwrap_err();
        assert!(matches!(error, InstallError::Changed(_)), "{error}");
        assert_eq!(scratch.folder.read().unwrap().entry(&scratch.id), Some(&one));
        assert_eq!(scratch.components(), 1);
    }

    #[test]
    fn a_lock_that_cannot_be_read_is_left_as_it_is() {
        let scratch = Scratch::new();
        fs::create_dir(scratch.dir.path().join("plugins")).unwrap();
        fs::write(scratch.folder.lock_path(), "version = 1\n[[plugin]]\nid = 3\n").unwrap();
        let error = scratch.change(None, Some(of(b"one", None)), b"one").unwrap_err().to_string();
        assert!(error.contains("instar.lock") && error.contains("backup"), "{error}");
        assert!(fs::read_to_string(scratch.folder.lock_path()).unwrap().ends_with("id = 3\n"));
    }

    #[test]
    fn components_that_were_changed_or_lost_are_not_what_was_installed() {
        let scratch = Scratch::new();
        let one = of(b"one", None);
        scratch.change(None, Some(one.clone()), b"one").unwrap();
        let path = scratch.folder.path(&one.current);
        fs::write(&path, "other").unwrap();
        assert_eq!(scratch.folder.component(&one.current), None);
        scratch.folder.restore(&scratch.dir.path().join("run"), &one.current, b"one").unwrap();
        assert!(scratch.folder.component(&one.current).is_some());
        fs::remove_file(&path).unwrap();
        assert_eq!(scratch.folder.component(&one.current), None);
    }
}
