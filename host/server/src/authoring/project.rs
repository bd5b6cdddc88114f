//! A new project: what an author needs to build, test and install a plugin, and nothing else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use instar_core::id::PluginId;

use super::sdk;

const CODE_RUST: &str = "src/lib.rs";

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
    /// JavaScript; it needs node and npm
    Js,
    /// Python; it needs python3 with venv and pip
    Python,
    /// C; it needs clang, lld, wasi-libc and the builtins of compiler-rt for wasm32
    C,
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
    let mut files = code(kind, language);
    let (manifest, world, cases) = match kind {
        ProjectKind::Execute => (
            include_str!("templates/execute.plugin.toml"),
            include_str!("templates/execute.wit.txt"),
            include_str!("templates/execute.cases.toml"),
        ),
        ProjectKind::Notifier => (
            include_str!("templates/notifier.plugin.toml"),
            include_str!("templates/notifier.wit.txt"),
            include_str!("templates/notifier.cases.toml"),
        ),
        ProjectKind::Guard => (
            include_str!("templates/guard.plugin.toml"),
            include_str!("templates/guard.wit.txt"),
            include_str!("templates/guard.cases.toml"),
        ),
    };
    if language != Language::Rust {
        files.push(("wit/plugin.wit", world));
    }
    files.extend([
        ("plugin.toml", manifest),
        ("cases/first.toml", cases),
        ("README.md", include_str!("templates/readme.md")),
        (".gitignore", "/target\n/dist\n/node_modules\n/.venv\n__pycache__\n"),
    ]);
    files
}

/// The plugin itself, and what its language needs to build it.
fn code(kind: ProjectKind, language: Language) -> Vec<(&'static str, &'static str)> {
    let text = match (language, kind) {
        (Language::Rust, ProjectKind::Execute) => include_str!("templates/execute.rs.txt"),
        (Language::Rust, ProjectKind::Notifier) => include_str!("templates/notifier.rs.txt"),
        (Language::Rust, ProjectKind::Guard) => include_str!("templates/guard.rs.txt"),
        (Language::Js, ProjectKind::Execute) => include_str!("templates/execute.js.txt"),
        (Language::Js, ProjectKind::Notifier) => include_str!("templates/notifier.js.txt"),
        (Language::Js, ProjectKind::Guard) => include_str!("templates/guard.js.txt"),
        (Language::Python, ProjectKind::Execute) => include_str!("templates/execute.py.txt"),
        (Language::Python, ProjectKind::Notifier) => include_str!("templates/notifier.py.txt"),
        (Language::Python, ProjectKind::Guard) => include_str!("templates/guard.py.txt"),
        (Language::C, ProjectKind::Execute) => include_str!("templates/execute.c.txt"),
        (Language::C, ProjectKind::Notifier) => include_str!("templates/notifier.c.txt"),
        (Language::C, ProjectKind::Guard) => include_str!("templates/guard.c.txt"),
    };
    match language {
        Language::Rust => vec![(CODE_RUST, text), ("Cargo.toml", include_str!("templates/cargo.toml.txt"))],
        Language::Js => vec![
            ("src/plugin.js", text),
            ("package.json", include_str!("templates/package.json.txt")),
            ("sdk/build.mjs", include_str!("templates/build.mjs.txt")),
        ],
        Language::Python => {
            vec![("src/plugin.py", text), ("requirements.txt", include_str!("templates/requirements.txt"))]
        }
        Language::C => vec![
            ("src/plugin.c", text),
            ("sdk/text.h", include_str!("templates/text.h.txt")),
            ("sdk/text.c", include_str!("templates/text.c.txt")),
            ("sdk/inert.c", include_str!("templates/inert.c.txt")),
        ],
    }
}

/// What the first line of plugin.toml names, for editors.
const SCHEMA: &str = "sdk/plugin.schema.json";

/// Where the SDK's files lie in a project. Other languages than Rust read the contract as a dependency of their world.
fn sdk_files(language: Language) -> Vec<(String, String)> {
    let mut files = sdk::files();
    if language != Language::Rust {
        files.retain(|(path, _)| path.ends_with(".wit"));
        for (path, _) in &mut files {
            *path = path.replacen("sdk/wit/", "wit/deps/instar/", 1);
        }
    }
    files.push((SCHEMA.to_owned(), format!("{:#}\n", instar_plugin::manifest_schema())));
    files
}

/// Writes the project into a folder that is not there yet. It is there as a whole or not at all.
pub(crate) fn write(folder: &Path, id: &PluginId, kind: ProjectKind, language: Language) -> io::Result<Written> {
    let partial = folder.with_file_name(format!(".{id}.{}.partial", std::process::id()));
    let own: Vec<_> =
        files(kind, language).iter().map(|(path, text)| ((*path).to_owned(), filled(text, id, language))).collect();
    let sdk = sdk_files(language);
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

fn filled(text: &str, id: &PluginId, language: Language) -> String {
    let id = id.as_str();
    let short = ["execute-", "notifier-", "guard-"].iter().find_map(|kind| id.strip_prefix(kind)).unwrap_or(id);
    let (code, contract) = match language {
        Language::Rust => (CODE_RUST, "sdk/"),
        Language::Js => ("src/plugin.js", "wit/deps/"),
        Language::Python => ("src/plugin.py", "wit/deps/"),
        Language::C => ("src/plugin.c", "wit/deps/"),
    };
    let text = text.replace("@ID@", id).replace("@SHORT@", short).replace("@CRATE@", &id.replace('.', "-"));
    let version = sdk::contract_version();
    let range = version.rsplit_once('.').map_or(version, |(range, _)| range);
    text.replace("@VERSION@", version).replace("@RANGE@", range).replace("@CODE@", code).replace("@CONTRACT@", contract)
}
