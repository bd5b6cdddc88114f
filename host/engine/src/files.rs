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
use instar_messaging::{BroughtFile, Parsed, folder_name, parse};
use instar_plugin::{Asker, CallContext, LONGEST_TRANSFER};

use crate::act::{World, chain, within};
use crate::clock;
use crate::helper::Helper;

/// More files of one message than these are not brought.
const MOST_FILES: usize = 10;
const DEADLINE: Duration = LONGEST_TRANSFER.saturating_add(Duration::from_secs(15));
const LONGEST_NAME: usize = 100;

/// What came of the files of a message.
pub(crate) type Brought = Vec<BroughtFile>;

impl World {
    /// One that is there already, since the message was looked at before, is not brought again.
    pub(crate) async fn bring_files(&self, place: &Place, pending: &Pending) -> Brought {
        let offered = offered(pending);
        let folder = self.desk.tmp.join(folder_name(place, &pending.inbound));
        let mut brought = Vec::new();
        for (number, file) in offered.iter().take(MOST_FILES).enumerate() {
            let name = safe_name(&file.name, number);
            let target = folder.join(&name);
            let path =
                if target.is_file() { Ok(target) } else { self.bring(&place.notifier, file, &folder, target).await };
            let heard = match (&path, &self.desk.transcriber) {
                (Ok(path), Some(transcriber)) if file.is_voice => Some(listen(transcriber, path).await),
                (Ok(_) | Err(_), Some(_) | None) => None,
            };
            brought.push(BroughtFile { name, path, heard });
        }
        for file in offered.iter().skip(MOST_FILES) {
            let path = Err(format!("more than {MOST_FILES} files are not brought"));
            brought.push(BroughtFile { name: safe_name(&file.name, 0), path, heard: None });
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

/// What is said in a voice message. It is kept beside it, since a message may be looked at more than once.
async fn listen(transcriber: &Helper, path: &Path) -> Result<String, String> {
    let mut kept = path.as_os_str().to_owned();
    kept.push(".txt");
    if let Ok(heard) = tokio::fs::read_to_string(&kept).await {
        return Ok(heard);
    }
    let path = path.to_str().ok_or("its path is not UTF-8")?;
    let heard = transcriber.ask(path.to_owned()).await?.trim().to_owned();
    if heard.is_empty() {
        return Err("it seems to be silent".to_owned());
    }
    // Where it cannot be kept, the program is asked once more.
    let _ = tokio::fs::write(&kept, &heard).await;
    Ok(heard)
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
