//! `instar plugin dev`: builds and installs a plugin again whenever its author saves.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use notify::{EventKind, RecursiveMode, Watcher as _};

use super::super::exit::{Exit, Failure};
use super::super::output::one_line;
use super::super::{Context, examples, person, sentence};
use super::consent::Answer;
use super::install::{self, Outcome};
use super::site;
use crate::authoring;
use crate::installed::{Place, Wish};

/// Build and install a plugin again whenever something in its folder is saved; a running server takes it up
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar plugin dev ../execute-hello --yes", "instar plugin dev ../notifier-mail"]))]
pub(crate) struct Dev {
    /// The folder with plugin.toml
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// For the first time; later versions keep these rights, and get no more
    #[command(flatten)]
    answer: Answer,
}

/// Editors save in several steps.
const SETTLE: Duration = Duration::from_millis(200);
/// What is made, and not written.
const MADE: [&str; 6] = ["target", "dist", "node_modules", ".venv", "__pycache__", ".git"];

pub(super) fn run(context: &Context, dev: &Dev) -> Result<Exit, Failure> {
    person::must_be_one("install a plugin")?;
    let failed = |error| Failure::io(format_args!("failed to find {}", dev.folder.display()), &error);
    let folder = dev.folder.canonicalize().map_err(failed)?;
    // Before the first build, so that nothing that is saved meanwhile is missed.
    let (saved, _watcher) = watch(&folder)?;
    let mut answer = dev.answer.clone();
    loop {
        match once(context, &folder, &answer) {
            Ok(sentence) => {
                context.out.line(sentence)?;
                answer = Answer::kept();
            }
            Err(Failure::BrokenPipe) => return Ok(Exit::Ok),
            Err(failure) => context.out.note(format!("instar: {}", one_line(failure.sentence()))),
        }
        context.out.note("Waiting for the next change; Ctrl-C ends it.");
        if saved.recv().is_err() {
            return Ok(Exit::Ok);
        }
        while saved.recv_timeout(SETTLE).is_ok() {}
    }
}

fn once(context: &Context, folder: &Path, answer: &Answer) -> Result<String, Failure> {
    authoring::build(folder).map_err(|error| Failure::failed(sentence(&error.into())))?;
    let wish = Wish { downgrade: true, ..Wish::default() };
    let outcome = install::bring(context, &site(context)?, &Place::Folder(folder.to_owned()), &wish, answer)?;
    Ok(match outcome {
        Outcome::Installed(entry) => format!("Installed {} {}.", entry.id, entry.current.version),
        Outcome::UpToDate(entry) => format!("{} {} did not change.", entry.id, entry.current.version),
    })
}

fn watch(folder: &Path) -> Result<(Receiver<()>, notify::RecommendedWatcher), Failure> {
    let (tell, saved) = mpsc::channel();
    let root = folder.to_owned();
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let is_change = !matches!(event.kind, EventKind::Access(_));
        if is_change && event.paths.iter().any(|path| is_written(&root, path)) {
            // Whoever listened has ended.
            let _ = tell.send(());
        }
    });
    let mut watcher = watcher.map_err(|error| unwatched(folder, &error))?;
    watcher.watch(folder, RecursiveMode::Recursive).map_err(|error| unwatched(folder, &error))?;
    Ok((saved, watcher))
}

fn unwatched(folder: &Path, error: &notify::Error) -> Failure {
    Failure::failed(format!("{} cannot be watched: {error}", folder.display()))
}

/// Whether a path is an author's own, and not what is made of it.
fn is_written(folder: &Path, path: &Path) -> bool {
    let Ok(inner) = path.strip_prefix(folder) else { return false };
    let first = inner.components().next().map(|part| part.as_os_str().to_string_lossy().into_owned());
    first.is_some_and(|first| !MADE.contains(&first.as_str()) && first != "Cargo.lock" && first != "package-lock.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_of_a_plugin_is_no_change_of_it() {
        let is_written = |path: &str| is_written(Path::new("/p"), Path::new(path));
        assert!(is_written("/p/src/lib.rs") && is_written("/p/plugin.toml") && is_written("/p/cases/a.toml"));
        for made in ["/p/target/x", "/p/dist/a.wasm", "/p/node_modules/a/b", "/p/Cargo.lock", "/p", "/q/src"] {
            assert!(!is_written(made), "{made}");
        }
    }
}
