//! `instar hook install` and `uninstall`: our hooks in the settings of an agent CLI.

use std::path::{Path, PathBuf};

use clap::Args;
use instar_plugin::Kind;
use serde_json::json;

use super::dialect::Dialect;
use super::settings_edit::{self, SettingsError};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::quoted;
use crate::cli::{Context, examples};
use crate::config::Project;
use crate::disk::{self, Mode};
use crate::guards::{Guards, Home};

/// Register instar's hooks with an agent CLI
#[derive(Debug, Args)]
#[command(after_help = examples(&["instar hook install", "instar hook install --user", "instar hook install --for codex"]))]
pub(crate) struct Install {
    /// For all projects of this user, in ~/.claude/settings.json
    #[arg(long)]
    user: bool,
    /// The agent CLI that shall call them
    #[arg(long = "for", value_enum, default_value_t)]
    dialect: Dialect,
}

/// Take instar's hooks out again
#[derive(Debug, Args)]
#[command(after_help = examples(&["instar hook uninstall", "instar hook uninstall --user"]))]
pub(crate) struct Uninstall {
    /// Out of ~/.claude/settings.json
    #[arg(long)]
    user: bool,
    /// The agent CLI that calls them
    #[arg(long = "for", value_enum, default_value_t)]
    dialect: Dialect,
}

/// For whom hooks are registered.
#[derive(Debug, Clone)]
pub(crate) enum Scope {
    Project(Project),
    User(PathBuf),
}

/// What was done to the settings of the agent CLI.
#[derive(Debug)]
pub(crate) struct Installed {
    pub(crate) file: PathBuf,
    pub(crate) changed: bool,
}

pub(super) fn install(context: &Context, install: &Install) -> Result<Exit, Failure> {
    let scope = scope(context, install.user)?;
    let installed = install_into(&scope, install.dialect)?;
    // The first hook should not have to compile.
    let home = match &scope {
        Scope::Project(project) => Home::of(project),
        Scope::User(_) => Home::find(None, None),
    };
    if let Err(error) = Guards::open(home, &Kind::GUARDS, None) {
        context.out.note(format!("the guards could not be set up ({}); instar doctor says more", error.code()));
    }
    let said = if installed.changed { "registered in" } else { "stand already in" };
    report(context, &installed, &format!("The hooks {said} {}.", installed.file.display()))
}

pub(super) fn uninstall(context: &Context, uninstall: &Uninstall) -> Result<Exit, Failure> {
    let installed = edit(&scope(context, uninstall.user)?, uninstall.dialect, |text| {
        settings_edit::without_hooks(text, uninstall.dialect)
    })?;
    let said = if installed.changed { "were taken out of" } else { "are not in" };
    report(context, &installed, &format!("The hooks {said} {}.", installed.file.display()))
}

/// Registers the hooks; the program is the one that runs now.
pub(crate) fn install_into(scope: &Scope, dialect: Dialect) -> Result<Installed, Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::io("failed to find this program", &error))?;
    let dir = match scope {
        Scope::Project(project) => format!(" --dir {}", quoted(project.dir())),
        Scope::User(_) => String::new(),
    };
    let (program, option) = (quoted(&program), dialect.option());
    let command = |event: &str| format!("{program} hook {event}{option}{dir}");
    edit(scope, dialect, |text| settings_edit::with_hooks(text, dialect, command))
}

fn scope(context: &Context, user: bool) -> Result<Scope, Failure> {
    if !user {
        return context.project().map(Scope::Project);
    }
    let home = Home::find(None, None).user_home;
    home.map(Scope::User).ok_or_else(|| Failure::refused("HOME is not set, so there is no file of the user"))
}

fn edit(
    scope: &Scope,
    dialect: Dialect,
    change: impl Fn(&str) -> Result<String, SettingsError>,
) -> Result<Installed, Failure> {
    let (folder, name) = dialect.file();
    let folder = match scope {
        Scope::Project(project) => project.dir().join(folder),
        Scope::User(home) => home.join(folder),
    };
    let file = folder.join(name);
    let shown = file.display().to_string();
    let before = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Failure::io(format_args!("failed to read {shown}"), &error)),
    };
    let after = change(&before)
        .map_err(|error| Failure::refused(format!("{shown} was not changed: {error}; correct it and try again")))?;
    let changed = after != before;
    if changed {
        write(&folder, &file, &after).map_err(|error| Failure::io(format_args!("failed to write {shown}"), &error))?;
    }
    Ok(Installed { file, changed })
}

fn write(folder: &Path, file: &Path, text: &str) -> std::io::Result<()> {
    disk::create_folder(folder, Mode::Usual)?;
    disk::write(file, text.as_bytes(), Mode::Usual)
}

fn report(context: &Context, installed: &Installed, sentence: &str) -> Result<Exit, Failure> {
    if context.out.json {
        context.out.value(&json!({ "file": installed.file, "changed": installed.changed }))?;
    } else {
        context.out.line(sentence)?;
    }
    Ok(Exit::Ok)
}
