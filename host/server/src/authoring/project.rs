//! A new project: what an author needs to build, test and install a plugin, and nothing else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use instar_core::id::PluginId;

use super::sdk;

/// What the plugin shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ProjectKind {
    /// How a job runs
    Execute,
    /// Whom people are told by
    Notifier,
    /// What an agent must not do
    Guard,
}

/// What it is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    Rust,
    /// JavaScript, for execute types; it needs node and npm
    Js,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) folder: PathBuf,
    /// Without the SDK.
    pub(crate) files: Vec<String>,
}

/// The author's own files; the SDK comes beside them.
fn files(kind: ProjectKind, language: Language) -> Vec<(&'static str, &'static str)> {
    let (manifest, code, cases) = match kind {
        ProjectKind::Execute => (
            include_str!("templates/execute.plugin.toml"),
            include_str!("templates/execute.rs.txt"),
            include_str!("templates/execute.cases.toml"),
        ),
        ProjectKind::Notifier => (
            include_str!("templates/notifier.plugin.toml"),
            include_str!("templates/notifier.rs.txt"),
            include_str!("templates/notifier.cases.toml"),
        ),
        ProjectKind::Guard => (
            include_str!("templates/guard.plugin.toml"),
            include_str!("templates/guard.rs.txt"),
            include_str!("templates/guard.cases.toml"),
        ),
    };
    let mut files = vec![("plugin.toml", manifest)];
    files.extend(match language {
        Language::Rust => vec![("Cargo.toml", include_str!("templates/cargo.toml.txt")), ("src/lib.rs", code)],
        Language::Js => vec![
            ("package.json", include_str!("templates/package.json.txt")),
            ("src/plugin.js", include_str!("templates/execute.js.txt")),
            ("sdk/build.mjs", include_str!("templates/build.mjs.txt")),
        ],
    });
    files.extend([
        ("cases/first.toml", cases),
        ("README.md", include_str!("templates/readme.md")),
        (".gitignore", "/target\n/dist\n/node_modules\n"),
    ]);
    files
}

/// Writes the project into a folder that is not there yet. It is there as a whole or not at all.
pub(crate) fn write(folder: &Path, id: &PluginId, kind: ProjectKind, language: Language) -> io::Result<Written> {
    let partial = folder.with_file_name(format!(".{id}.{}.partial", std::process::id()));
    let own: Vec<_> = files(kind, language).iter().map(|(path, text)| ((*path).to_owned(), filled(text, id))).collect();
    let sdk = sdk::files().into_iter().filter(|(path, _)| language == Language::Rust || path.ends_with(".wit"));
    let sdk: Vec<_> = sdk.collect();
    let written = own.iter().chain(&sdk).try_for_each(|(path, text)| {
        let path = partial.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&partial))?;
        fs::write(path, text)
    });
    if let Err(error) = written.and_then(|()| fs::rename(&partial, folder)) {
        let _ = fs::remove_dir_all(&partial);
        return Err(error);
    }
    Ok(Written { folder: folder.to_owned(), files: own.into_iter().map(|(path, _)| path).collect() })
}

fn filled(text: &str, id: &PluginId) -> String {
    let id = id.as_str();
    let short = ["execute-", "notifier-", "guard-"].iter().find_map(|kind| id.strip_prefix(kind)).unwrap_or(id);
    text.replace("@ID@", id).replace("@SHORT@", short).replace("@CRATE@", &id.replace('.', "-"))
}
