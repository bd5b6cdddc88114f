//! `instar autostart`: the lifeline begins with the machine, when a person says so.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::quoted;
use super::{Context, examples};
use crate::autostart::{Manager, ManagerError, Service, ServiceError, lingers};
use crate::config::Project;
use crate::disk;
use crate::wiring::lock;

#[derive(Debug, Subcommand)]
pub(crate) enum AutostartCommand {
    /// Have this user's service manager start the lifeline, and with it the server, from now on
    #[command(after_help = examples(&["instar autostart install --dry-run", "instar autostart install"]))]
    Install(Install),
    /// Show whether the lifeline begins with the machine
    #[command(after_help = examples(&["instar autostart status", "instar autostart status --json"]))]
    Status,
    /// Take the service away; what runs goes on until it is stopped
    #[command(after_help = examples(&["instar autostart uninstall", "instar autostart uninstall --dry-run"]))]
    Uninstall(Uninstall),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Install {
    /// Print what would be written and done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Let agents become root by sudo; the service keeps them from it otherwise
    #[arg(long)]
    allow_sudo: bool,
    /// Begin with the next start of the machine, not now
    #[arg(long)]
    no_start: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Uninstall {
    /// Print what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(context: &Context, command: &AutostartCommand) -> Result<Exit, Failure> {
    let project = context.project()?;
    match command {
        AutostartCommand::Install(options) => install(context, &project, options),
        AutostartCommand::Status => status(context, &project),
        AutostartCommand::Uninstall(options) => uninstall(context, &project, options),
    }
}

fn service(project: &Project, allow_sudo: bool) -> Result<Service, Failure> {
    let program = std::env::current_exe();
    let program = program.map_err(|error| Failure::io("failed to find out which program this is", &error))?;
    Ok(Service::of(project, program, std::env::var("PATH").unwrap_or_default(), allow_sudo))
}

fn install(context: &Context, project: &Project, options: &Install) -> Result<Exit, Failure> {
    let (manager, service) = (Manager::of_system(), service(project, options.allow_sudo)?);
    let (file, text) = (manager.file(&service)?, manager.text(&service)?);
    // The one that runs keeps its lock, so that another one would end at once.
    let runs = lock::holder(&project.lifeline_lock()).map(|holder| holder.pid);
    let start = !options.no_start && runs.is_none();
    let commands = manager.install(&service, &file, start);
    if options.dry_run {
        return dry(context, &file, Some(&text), &commands);
    }
    manager.check()?;
    write(&file, &text)?;
    commands.iter().try_for_each(|words| manager.carry_out(words))?;
    if context.out.json {
        context.out.value(&json!({ "installed": true, "started": start, "file": file }))?;
        return Ok(Exit::Ok);
    }
    context.out.line(format!("{} starts the lifeline from now on, as {} says.", manager.name(), file.display()))?;
    if let Some(pid) = runs {
        context.out.line(format!(
            "The lifeline that runs, process {pid}, goes on; the service begins with the next start of the machine."
        ))?;
    }
    if let Some(hint) = linger_hint(manager) {
        context.out.line(hint)?;
    }
    Ok(Exit::Ok)
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io(format_args!("failed to write {}", file.display()), &error);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    disk::write(file, text.as_bytes(), disk::Mode::Private).map_err(failed)
}

fn uninstall(context: &Context, project: &Project, options: &Uninstall) -> Result<Exit, Failure> {
    let (manager, service) = (Manager::of_system(), service(project, false)?);
    let file = manager.file(&service)?;
    let commands = manager.uninstall(&service);
    if options.dry_run {
        return dry(context, &file, None, &commands);
    }
    let was_there = file.exists();
    // A manager that is not there has nothing to forget; the file goes all the same.
    let asked = if was_there { commands.iter().try_for_each(|words| manager.carry_out(words)) } else { Ok(()) };
    if was_there {
        let removed = std::fs::remove_file(&file);
        removed.map_err(|error| Failure::io(format_args!("failed to remove {}", file.display()), &error))?;
    }
    if context.out.json {
        let said = asked.err().map(|error| error.to_string());
        context.out.value(&json!({ "uninstalled": was_there, "file": file, "note": said }))?;
    } else if was_there {
        context.out.line(format!("{} is gone; what runs goes on until `instar lifeline stop`.", file.display()))?;
        if let Err(error) = asked {
            context.out.note(format!("{} was not told: {error}", manager.name()));
        }
    } else {
        context.out.line("Nothing was installed.")?;
    }
    Ok(Exit::Ok)
}

fn dry(context: &Context, file: &Path, text: Option<&str>, commands: &[Vec<String>]) -> Result<Exit, Failure> {
    if context.out.json {
        context.out.value(&json!({ "dryRun": true, "file": file, "text": text, "commands": commands }))?;
        return Ok(Exit::Ok);
    }
    match text {
        Some(text) => context.out.line(format!("would write {}:\n\n{text}", file.display()))?,
        None => context.out.line(format!("would remove {}", file.display()))?,
    }
    for words in commands {
        let words: Vec<String> = words.iter().map(|word| quoted(Path::new(word))).collect();
        context.out.line(format!("would run {}", words.join(" ")))?;
    }
    Ok(Exit::Ok)
}

fn status(context: &Context, project: &Project) -> Result<Exit, Failure> {
    let (manager, service) = (Manager::of_system(), service(project, false)?);
    let file = manager.file(&service)?;
    let installed = file.exists();
    let (enabled, active) = if installed { manager.standing(&service) } else { (Some(false), Some(false)) };
    let lingers = (manager == Manager::Systemd).then(lingers).flatten();
    let hint = installed.then(|| linger_hint(manager)).flatten();
    if context.out.json {
        context.out.value(&json!({
            "manager": manager.name(),
            "file": file,
            "installed": installed,
            "enabled": enabled,
            "active": active,
            "lingers": lingers,
            "wayOut": hint.is_some().then(linger_line),
        }))?;
        return Ok(Exit::Ok);
    }
    if !installed {
        context.out.line("The lifeline does not begin with the machine; `instar autostart install` has it do so.")?;
        return Ok(Exit::Ok);
    }
    let said = |is: Option<bool>, yes, no| {
        is.map_or("unknown: the service manager does not answer", |is| if is { yes } else { no })
    };
    context.out.line(format!("Service   {} ({})", file.display(), manager.name()))?;
    context
        .out
        .line(format!("At start  {}", said(enabled, "enabled", "disabled; `instar autostart install` enables it")))?;
    context.out.line(format!(
        "Now       {}",
        said(active, "active", "not active; `instar lifeline status` says whether one runs otherwise")
    ))?;
    match hint {
        Some(hint) => context.out.line(hint),
        None => Ok(()),
    }?;
    Ok(Exit::Ok)
}

/// What is missing for a start without a login, if something is.
fn linger_hint(manager: Manager) -> Option<String> {
    let needs_login = manager == Manager::Systemd && lingers() == Some(false);
    needs_login.then(|| format!("It begins with the login of this user; with the machine after `{}`.", linger_line()))
}

/// The exact command after which services of this user run without a login.
pub(super) fn linger_line() -> String {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    let user = user.unwrap_or_else(|| rustix::process::getuid().as_raw().to_string());
    format!("loginctl enable-linger {}", quoted(Path::new(&user)))
}

/// The service of a project that begins with a login only, for the doctor.
pub(super) fn waits_for_login(project: &Project) -> Option<PathBuf> {
    let (manager, service) = (Manager::of_system(), service(project, false).ok()?);
    let file = manager.file(&service).ok()?;
    (file.exists() && linger_hint(manager).is_some()).then_some(file)
}

impl From<ManagerError> for Failure {
    fn from(error: ManagerError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self::refused(error.to_string())
    }
}
