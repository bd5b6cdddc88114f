//! The file of users, `users.json`: read when it changed.

use std::io;
use std::path::{Path, PathBuf};

use instar_core::users::Users;
use instar_engine::{AskError, Engine};

use crate::watch_file;

/// Far more than people need: what is larger is another file.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;

/// Follows the file until it is dropped or aborted. One that cannot be read changes nothing.
pub(crate) async fn watch(path: PathBuf, engine: Engine) {
    watch_file::watch(&path, || hand_over(&path, &engine)).await;
}

/// At the start of a server. Of a file that cannot be read nobody is known.
pub(crate) fn first(path: &Path) -> Users {
    read(path).map(|(users, _)| users).unwrap_or_else(|reason| {
        tracing::warn!("{} is left out, and nobody is known by it: {reason}", path.display());
        Users::default()
    })
}

async fn hand_over(path: &Path, engine: &Engine) -> Result<(), AskError> {
    let found = path.to_owned();
    let read = tokio::task::spawn_blocking(move || read(&found)).await;
    match read.unwrap_or_else(|error| Err(error.to_string())) {
        Ok((users, warnings)) => {
            warnings.iter().for_each(|warning| tracing::warn!("{}: {warning}", path.display()));
            engine.read_users(users).await
        }
        Err(reason) => {
            tracing::warn!("{} is left out, and the users of before stay: {reason}", path.display());
            Ok(())
        }
    }
}

/// No file is no users.
pub(crate) fn read(path: &Path) -> Result<(Users, Vec<String>), String> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Users::default(), Vec::new())),
        Err(error) => return Err(error.to_string()),
        Ok(found) if !found.is_file() || found.len() > LARGEST_FILE => {
            return Err("it is no file of a usual size".into());
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    Users::parse(text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())
}
