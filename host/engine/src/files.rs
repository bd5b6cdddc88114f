//! Files that people sent, brought to where a session can read them.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use instar_core::conversation::Place;
use instar_core::id::PluginId;
use instar_core::inbound::{Happening, Inbound, OfferedFile};
use instar_core::state::Pending;
use instar_core::users::Role;
use instar_messaging::{Parsed, folder_name, parse};
use instar_plugin::{Asker, CallContext};

use crate::act::{World, chain, within};
use crate::clock;

/// More files of one message than these are not brought.
const MOST_FILES: usize = 10;
const DEADLINE: Duration = Duration::from_secs(120);
const LONGEST_NAME: usize = 100;

/// What came of the files of a message: each with its name and where it lies, or why it does not.
pub(crate) type Brought = Vec<(String, Result<PathBuf, String>)>;

impl World {
    /// One that is there already, since the message was looked at before, is not brought again.
    pub(crate) async fn bring_files(&self, place: &Place, pending: &Pending) -> Brought {
        let offered = offered(pending);
        let folder = self.desk.tmp.join(folder_name(place, &pending.inbound));
        let mut brought = Vec::new();
        for (number, file) in offered.iter().take(MOST_FILES).enumerate() {
            let name = safe_name(&file.name, number);
            let target = folder.join(&name);
            let result =
                if target.is_file() { Ok(target) } else { self.bring(&place.notifier, file, &folder, target).await };
            brought.push((name, result));
        }
        for file in offered.iter().skip(MOST_FILES) {
            brought.push((safe_name(&file.name, 0), Err(format!("more than {MOST_FILES} files are not brought"))));
        }
        brought
    }

    async fn bring(
        &self,
        notifier: &PluginId,
        file: &OfferedFile,
        folder: &Path,
        target: PathBuf,
    ) -> Result<PathBuf, String> {
        let call = CallContext::new(Asker::InboundMessage, clock::now());
        let plugins = self.plugins.now();
        let fetched = match within(DEADLINE, plugins.fetch_file(notifier, &call, &file.id)).await {
            Some(Ok(fetched)) => fetched,
            Some(Err(error)) => return Err(chain(&error)),
            None => return Err(format!("it took longer than {DEADLINE:?}")),
        };
        let (folder, place) = (folder.to_owned(), target.clone());
        let moved = tokio::task::spawn_blocking(move || keep(&fetched.path, &folder, &place)).await;
        match moved {
            Ok(Ok(())) => Ok(target),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Of what goes to an agent; nothing is brought for a command, or for those who may only look.
fn offered(pending: &Pending) -> &[OfferedFile] {
    let Inbound { happening: Happening::Said(said) | Happening::Corrected(said), .. } = &*pending.inbound else {
        return &[];
    };
    let is_talk = parse(&said.text) == Parsed::Talk && pending.speaker.role >= Role::User;
    if is_talk { &said.files } else { &[] }
}

/// For its owner only.
fn keep(from: &Path, folder: &Path, to: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    std::fs::set_permissions(from, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(from, to)
}

/// The name without what a path, a terminal or a shell would take for something else.
fn safe_name(name: &str, number: usize) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let letter =
        |letter: char| if letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_') { letter } else { '_' };
    let mut safe: String = last.trim_matches(['.', ' ']).chars().map(letter).collect();
    if let Some((cut, _)) = safe.char_indices().rev().nth(LONGEST_NAME) {
        // Its end says what kind of file it is.
        safe = safe.split_off(cut);
    }
    if safe.is_empty() { format!("file-{}", number + 1) } else { format!("{}-{safe}", number + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_no_ways_out_of_their_folder() {
        assert_eq!(safe_name("report.pdf", 0), "1-report.pdf");
        assert_eq!(safe_name("../../etc/passwd", 1), "2-passwd");
        assert_eq!(safe_name("..", 0), "file-1");
        assert_eq!(safe_name("a b;$(rm -rf x)`\u{1b}[2J.txt", 0), "1-a_b___rm_-rf_x____2J.txt");
        assert_eq!(safe_name("отчёт.docx", 0), "1-отчёт.docx");
        let long = safe_name(&format!("{}.tar.gz", "x".repeat(500)), 0);
        assert!(long.len() < 110 && long.ends_with("x.tar.gz"), "{long}");
    }
}
