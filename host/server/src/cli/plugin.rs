//! `instar plugin`: what is installed, and what could not be loaded.

mod inspect;

use clap::Subcommand;
use instar_api::{Plugin, Plugins, paths};

use super::exit::{Exit, Failure};
use super::output::{Shown, Tone, one_line};
use super::{Context, examples};

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Show the plugins that are loaded, and those that could not be
    #[command(after_help = examples(&["instar plugin list", "instar plugin list --json"]))]
    List,
    Inspect(inspect::Inspect),
}

pub(crate) fn run(context: &Context, command: &PluginCommand) -> Result<Exit, Failure> {
    match command {
        PluginCommand::List => list(context),
        PluginCommand::Inspect(inspect) => inspect::run(context, inspect),
    }
}

fn list(context: &Context) -> Result<Exit, Failure> {
    let answer = context.client()?.get(paths::PLUGINS)?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    let Plugins { plugins, problems } = answer.read()?;
    if plugins.is_empty() {
        context.out.line("No plugins are loaded.")?;
    } else {
        context.out.table(&HEADER, plugins.iter().map(row).collect())?;
    }
    for plugin in &plugins {
        if let Some(fault) = &plugin.listening_fault {
            let (id, code, message) = (&plugin.id, &fault.code, one_line(&fault.message));
            context.out.line(format!("\n{id} hears nobody [{code}]: {message}"))?;
        }
    }
    if !problems.is_empty() {
        context.out.line("\nNot loaded:")?;
    }
    for problem in &problems {
        context.out.line(format!(
            "  {} [{}]: {}",
            one_line(&problem.plugin),
            problem.code,
            one_line(&problem.message)
        ))?;
    }
    Ok(Exit::Ok)
}

const HEADER: [&str; 6] = ["PLUGIN", "VERSION", "KINDS", "EXECUTES", "ENABLED", "DESCRIPTION"];

fn row(plugin: &Plugin) -> Vec<Shown> {
    vec![
        Shown::plain(&plugin.id),
        Shown::plain(&plugin.version),
        Shown::plain(plugin.kinds.join(", ")),
        Shown::plain(plugin.execute_type.as_deref().unwrap_or("-")),
        if plugin.enabled { Shown::new("yes", Tone::Good) } else { Shown::new("no", Tone::Dim) },
        Shown::plain(&plugin.description),
    ]
}
