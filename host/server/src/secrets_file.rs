//! `.instar/secrets.json`: the values of secrets, by `<plugin>/<slot>`, or where in the keyring of the system they are.
//! Only its owner may read it.
//!
//! It is read anew for each use, so that a change needs no restart. A file that others can read is not used.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use instar_core::id::PluginId;
use instar_plugin::{Secret, Secrets};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::keyring::{self, KeyringError};

const LARGEST_FILE: u64 = 1 << 20;
/// So long a value that the keyring gave is used without another question. One that was set by us is new at once.
const FRESH: Duration = Duration::from_secs(300);
/// So long a keyring that gave none is left alone.
const PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub(crate) struct SecretsFile {
    path: PathBuf,
    looked_up: Arc<Mutex<LookedUp>>,
}

/// Where a value is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Kept {
    Here(String),
    Keyring(InKeyring),
}

/// `set` changes with the value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct InKeyring {
    keyring: String,
    set: Timestamp,
}

/// What the keyring said, and until when that is good.
type LookedUp = BTreeMap<InKeyring, (Instant, Option<Secret>)>;

/// Why the secrets cannot be read or changed. No value stands in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretsError {
    #[error("failed to read or write {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("others can read {} (mode {mode:03o}); `chmod 600 {}` closes it", path.display(), path.display())]
    Open { path: PathBuf, mode: u32 },
    #[error("{} is not a JSON object of texts; correct it by hand", path.display())]
    Form { path: PathBuf },
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error("{name} was changed, and the keyring still has its former value")]
    LeftInKeyring { name: String, source: KeyringError },
}

impl SecretsFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, looked_up: Arc::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// All values by their names; none where there is no file.
    fn read(&self) -> Result<BTreeMap<String, Kept>, SecretsError> {
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

    /// Those whose value the keyring has.
    pub(crate) fn in_keyring(&self) -> Result<Vec<String>, SecretsError> {
        let all = self.read()?.into_iter();
        Ok(all.filter(|(_, kept)| matches!(kept, Kept::Keyring(_))).map(|(name, _)| name).collect())
    }

    /// The values that are known here, for one who takes them out of what is kept: those of the file, and what the
    /// keyring gave lately.
    pub(crate) fn known(&self) -> Vec<Secret> {
        let here = self.read().unwrap_or_default().into_values().filter_map(|kept| match kept {
            Kept::Here(value) => Secret::new(value),
            Kept::Keyring(_) => None,
        });
        let looked_up = self.looked_up.lock().unwrap_or_else(PoisonError::into_inner);
        here.chain(looked_up.values().filter_map(|(_, secret)| secret.clone())).collect()
    }

    pub(crate) fn set(&self, name: &str, value: &str) -> Result<(), SecretsError> {
        let mut values = self.read()?;
        let before = values.insert(name.to_owned(), Kept::Here(value.to_owned()));
        self.write(&values)?;
        forget(name, before)
    }

    /// The keyring gets the value, and the file says that it has it.
    pub(crate) fn set_in_keyring(&self, name: &str, value: &str) -> Result<(), SecretsError> {
        let mut values = self.read()?;
        let keyring = format!("{}#{name}", self.path.display());
        keyring::store(&keyring, value)?;
        values.insert(name.to_owned(), Kept::Keyring(InKeyring { keyring, set: Timestamp::now() }));
        self.write(&values)
    }

    /// Whether there was one.
    pub(crate) fn remove(&self, name: &str) -> Result<bool, SecretsError> {
        let mut values = self.read()?;
        let Some(before) = values.remove(name) else { return Ok(false) };
        self.write(&values)?;
        forget(name, Some(before))?;
        Ok(true)
    }

    /// Asks the keyring for what it has of this name; an error says what is in the way.
    pub(crate) fn check(&self, name: &str) -> Result<(), SecretsError> {
        match self.read()?.get(name) {
            Some(Kept::Keyring(place)) if keyring::look_up(&place.keyring)?.is_none() => {
                Err(KeyringError::Refused("it has no such value".to_owned()).into())
            }
            _ => Ok(()),
        }
    }

    /// Asks the keyring for all that it has, so that nobody waits for it later.
    pub(crate) fn warm(&self) {
        // Who needs a value of a file that cannot be read says so.
        for (name, kept) in self.read().unwrap_or_default() {
            if let Kept::Keyring(place) = kept {
                self.look_up(&name, &place);
            }
        }
    }

    fn look_up(&self, name: &str, place: &InKeyring) -> Option<Secret> {
        let lock = || self.looked_up.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = |(until, _): &(Instant, Option<Secret>)| *until > Instant::now();
        if let Some((_, secret)) = lock().get(place).filter(|said| is_good(said)) {
            return secret.clone();
        }
        let answer = aside(|| keyring::look_up(&place.keyring)).unwrap_or_else(|error| {
            tracing::warn!("the secret {name} is not used: {error}");
            None
        });
        let secret = answer.and_then(Secret::new);
        let good_for = if secret.is_some() { FRESH } else { PAUSE };
        let mut looked_up = lock();
        looked_up.retain(|_, said| is_good(said));
        looked_up.insert(place.clone(), (Instant::now() + good_for, secret.clone()));
        secret
    }

    /// Another file takes its place, so that a crash leaves the old one or the new one.
    fn write(&self, values: &BTreeMap<String, Kept>) -> Result<(), SecretsError> {
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
        let name = format!("{plugin}/{slot}");
        let kept = match self.read() {
            Ok(mut values) => values.remove(&name),
            Err(error) => {
                tracing::warn!("the secret {name} is not used: {error}");
                None
            }
        };
        match kept {
            Some(Kept::Here(value)) => Secret::new(value),
            Some(Kept::Keyring(place)) => self.look_up(&name, &place),
            None => std::env::var(env?).ok().and_then(Secret::new),
        }
    }
}

/// What the file says no longer, the keyring keeps no longer.
fn forget(name: &str, before: Option<Kept>) -> Result<(), SecretsError> {
    let Some(Kept::Keyring(place)) = before else { return Ok(()) };
    keyring::clear(&place.keyring).map_err(|source| SecretsError::LeftInKeyring { name: name.to_owned(), source })
}

/// Waiting for a program keeps no other task of the runtime waiting.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
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
