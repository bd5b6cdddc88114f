//! The file of users, `users.json`: read when it changed, and edited with all that an edit is not about as it was.

use std::io;
use std::path::{Path, PathBuf};

use instar_core::users::{User, Users, UsersError};
use instar_engine::{AskError, Engine};
use serde_json::{Value, json};

use crate::disk::{self, Mode};
use crate::watch_file;

/// Far more than people need: what is larger is another file.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;

#[derive(Debug, Clone)]
pub(crate) struct UsersFile {
    path: PathBuf,
}

/// Why users cannot be read or changed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("failed to read or write {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is no list of users: {source}; correct it by hand", path.display())]
    Form { path: PathBuf, source: UsersError },
    #[error("there is a user `{0}` already")]
    Known(String),
    #[error("{channel} is `{owner}`'s")]
    Taken { channel: String, owner: String },
}

impl UsersFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The users, and a warning for each entry that is not as it should be. No file is no users.
    pub(crate) fn read(&self) -> Result<(Users, Vec<String>), FileError> {
        Users::parse(&self.text()?).map_err(|source| FileError::Form { path: self.path.clone(), source })
    }

    pub(crate) fn add(&self, user: &User) -> Result<(), FileError> {
        let (users, _) = self.read()?;
        let mut entries = self.entries()?;
        if entries.iter().any(|entry| id_of(entry) == Some(user.id.as_str())) {
            return Err(FileError::Known(user.id.clone()));
        }
        for channel in &user.channels {
            if let Some(owner) = users.resolve(channel.kind(), channel.identifier()) {
                return Err(FileError::Taken { channel: channel.to_string(), owner: owner.id.clone() });
            }
        }
        entries.push(json!({
            "id": user.id, "name": user.name, "channels": user.channels, "permissions": user.permissions,
            "preferences": {},
        }));
        self.write(&entries)
    }

    /// Whether there was one.
    pub(crate) fn remove(&self, id: &str) -> Result<bool, FileError> {
        let mut entries = self.entries()?;
        let before = entries.len();
        entries.retain(|entry| id_of(entry) != Some(id));
        let was_there = entries.len() < before;
        if was_there {
            self.write(&entries)?;
        }
        Ok(was_there)
    }

    fn entries(&self) -> Result<Vec<Value>, FileError> {
        let form = |source| FileError::Form { path: self.path.clone(), source };
        let value: Value =
            serde_json::from_str(&self.text()?).map_err(|error| form(UsersError::Json(error.to_string())))?;
        match value {
            Value::Array(entries) => Ok(entries),
            _ => Err(form(UsersError::NoArray)),
        }
    }

    fn text(&self) -> Result<String, FileError> {
        let failed = |source| FileError::Io { path: self.path.clone(), source };
        match std::fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok("[]".to_owned()),
            Err(error) => return Err(failed(error)),
            Ok(found) if !found.is_file() || found.len() > LARGEST_FILE => {
                return Err(failed(io::Error::other("it is no file of a usual size")));
            }
            Ok(_) => {}
        }
        let text = std::fs::read_to_string(&self.path).map_err(failed)?;
        Ok(text.trim_start_matches('\u{feff}').to_owned())
    }

    fn write(&self, entries: &[Value]) -> Result<(), FileError> {
        let text = format!("{:#}\n", Value::from(entries));
        let failed = |source| FileError::Io { path: self.path.clone(), source };
        disk::write(&self.path, text.as_bytes(), Mode::Private).map_err(failed)
    }
}

fn id_of(entry: &Value) -> Option<&str> {
    entry.get("id").and_then(Value::as_str).map(str::trim)
}

/// Follows the file until it is dropped or aborted. One that cannot be read changes nothing.
pub(crate) async fn watch(path: PathBuf, engine: Engine) {
    watch_file::watch(&path, || hand_over(&path, &engine)).await;
}

/// At the start of a server. Of a file that cannot be read nobody is known.
pub(crate) fn first(path: &Path) -> Users {
    UsersFile::new(path.to_owned()).read().map(|(users, _)| users).unwrap_or_else(|reason| {
        tracing::warn!("{} is left out, and nobody is known by it: {reason}", path.display());
        Users::default()
    })
}

async fn hand_over(path: &Path, engine: &Engine) -> Result<(), AskError> {
    let file = UsersFile::new(path.to_owned());
    let read = tokio::task::spawn_blocking(move || file.read().map_err(|error| error.to_string())).await;
    match read.unwrap_or_else(|error| Err(error.to_string())) {
        Ok((users, warnings)) => {
            warnings.iter().for_each(|warning| tracing::warn!("{}: {warning}", path.display()));
            engine.read_users(users).await
        }
        Err(reason) => {
            tracing::warn!("the users of before stay: {reason}");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use instar_core::users::Channel;

    use super::*;

    fn user(id: &str, telegram: &str) -> User {
        let channels = vec![Channel::new("telegram", telegram)];
        User { id: id.into(), name: id.into(), channels, permissions: vec!["user".into()] }
    }

    #[test]
    fn an_edit_keeps_all_that_it_is_not_about() {
        let dir = tempfile::tempdir().unwrap();
        let file = UsersFile::new(dir.path().join("users.json"));
        file.add(&user("ada", "1")).unwrap();
        let text = r#"[{"id": "ada", "channels": [{"type": "telegram", "identifier": "1"}], "permissions": ["admin"],
                        "preferences": {"style": "short"}, "mine": 1}, {"note": "no user"}]"#;
        std::fs::write(&file.path, text).unwrap();
        assert!(matches!(file.add(&user("ada", "2")), Err(FileError::Known(_))));
        assert!(matches!(file.add(&user("bob", "1")), Err(FileError::Taken { .. })));
        file.add(&user("bob", "2")).unwrap();
        let kept = file.entries().unwrap();
        assert_eq!((kept.len(), &kept[0]["mine"], &kept[1]["note"]), (3, &json!(1), &json!("no user")));
        assert!(file.remove("bob").unwrap() && !file.remove("bob").unwrap());
        assert_eq!(file.entries().unwrap().len(), 2);
    }

    #[test]
    fn a_corrupt_file_is_named_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let file = UsersFile::new(dir.path().join("users.json"));
        for text in ["[{", "{}", "not json"] {
            std::fs::write(&file.path, text).unwrap();
            let error = file.add(&user("ada", "1")).unwrap_err().to_string();
            assert!(error.contains("users.json") && error.contains("by hand"), "{error}");
            assert!(file.remove("ada").is_err());
            assert_eq!(std::fs::read_to_string(&file.path).unwrap(), text);
        }
    }
}
