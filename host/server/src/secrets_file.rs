//! `.instar/secrets.json`: the values of secrets, by `<plugin>/<slot>`. Only its owner may read it.
//!
//! It is read anew for each use, so that a change needs no restart. A file that others can read is not used.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use instar_core::id::PluginId;
use instar_plugin::{Secret, Secrets};

const LARGEST_FILE: u64 = 1 << 20;

#[derive(Debug, Clone)]
pub(crate) struct SecretsFile {
    path: PathBuf,
}

/// Why the secrets cannot be read or changed. No value stands in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretsError {
    #[error("failed to read or write {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("others can read {} (mode {mode:03o}); `chmod 600 {}` closes it", path.display(), path.display())]
    Open { path: PathBuf, mode: u32 },
    #[error("{} is not a JSON object of texts; correct it by hand", path.display())]
    Form { path: PathBuf },
}

impl SecretsFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// All values by their names; none where there is no file.
    fn read(&self) -> Result<BTreeMap<String, String>, SecretsError> {
        let failed = |source| SecretsError::Io { path: self.path.clone(), source };
        let file = match fs::File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            opened => opened.map_err(failed)?,
        };
        let mode = file.metadata().map_err(failed)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SecretsError::Open { path: self.path.clone(), mode });
        }
        let mut text = String::new();
        file.take(LARGEST_FILE).read_to_string(&mut text).map_err(failed)?;
        serde_json::from_str(&text).map_err(|_| SecretsError::Form { path: self.path.clone() })
    }

    /// The names that have a value.
    pub(crate) fn names(&self) -> Result<Vec<String>, SecretsError> {
        Ok(self.read()?.into_keys().collect())
    }

    pub(crate) fn set(&self, name: &str, value: &str) -> Result<(), SecretsError> {
        let mut values = self.read()?;
        values.insert(name.to_owned(), value.to_owned());
        self.write(&values)
    }

    /// Whether there was one.
    pub(crate) fn remove(&self, name: &str) -> Result<bool, SecretsError> {
        let mut values = self.read()?;
        let was_there = values.remove(name).is_some();
        if was_there {
            self.write(&values)?;
        }
        Ok(was_there)
    }

    /// Another file takes its place, so that a crash leaves the old one or the new one.
    fn write(&self, values: &BTreeMap<String, String>) -> Result<(), SecretsError> {
        let failed = |source| SecretsError::Io { path: self.path.clone(), source };
        let text = serde_json::to_string_pretty(values).map_err(|error| failed(error.into()))?;
        let fresh = self.path.with_extension(format!("new-{}", std::process::id()));
        let write = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&fresh, &self.path)
        };
        write().map_err(failed)
    }
}

impl Secrets for SecretsFile {
    fn value(&self, plugin: &PluginId, slot: &str, env: Option<&str>) -> Option<Secret> {
        let kept = match self.read() {
            Ok(mut values) => values.remove(&format!("{plugin}/{slot}")),
            Err(error) => {
                tracing::warn!("the secret {plugin}/{slot} is not used: {error}");
                None
            }
        };
        let value = kept.or_else(|| std::env::var(env?).ok());
        value.and_then(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file() -> (tempfile::TempDir, SecretsFile) {
        let dir = tempfile::tempdir().unwrap();
        let file = SecretsFile::new(dir.path().join("secrets.json"));
        (dir, file)
    }

    #[test]
    fn what_is_set_is_there_for_its_owner_alone() {
        let (_dir, file) = file();
        let plugin: PluginId = "mail".parse().unwrap();
        assert!(file.value(&plugin, "token", None).is_none());
        file.set("mail/token", "s3cr3t").unwrap();
        assert_eq!(file.value(&plugin, "token", None), Secret::new("s3cr3t"));
        assert_eq!(file.names().unwrap(), ["mail/token"]);
        assert_eq!(fs::metadata(file.path()).unwrap().mode() & 0o777, 0o600);
        assert!(file.remove("mail/token").unwrap() && !file.remove("mail/token").unwrap());
        assert!(file.value(&plugin, "token", None).is_none());
    }

    #[test]
    fn a_file_that_others_can_read_is_not_used() {
        let (_dir, file) = file();
        file.set("mail/token", "s3cr3t").unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(file.value(&"mail".parse().unwrap(), "token", None).is_none());
        let error = file.names().unwrap_err().to_string();
        assert!(error.contains("640") && error.contains("chmod 600"), "{error}");
        assert!(file.set("mail/other", "x").is_err());
    }

    #[test]
    fn a_variable_stands_in_where_no_value_was_set() {
        let (_dir, file) = file();
        let found = file.value(&"mail".parse().unwrap(), "home", Some("PATH"));
        assert_eq!(found, Secret::new(std::env::var("PATH").unwrap()));
        fs::write(file.path(), "[1]").unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(file.names(), Err(SecretsError::Form { .. })));
    }
}
