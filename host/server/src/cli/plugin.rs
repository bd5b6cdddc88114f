//! `instar plugin`: what is installed, and what could not be loaded.

mod author;
mod change;
mod consent;
mod dev;
mod inspect;
mod install;
mod replay;
mod shadow;
mod sync;

use clap::Subcommand;
use instar_api::{Plugin, PluginStats, Plugins, paths};
use instar_core::id::PluginId;
use instar_plugin::PluginError;

use super::exit::{Exit, Failure};
use super::output::{Shown, Tone, one_line};
use super::{Context, examples};
use crate::bundled;
use crate::installed::{InstallError, NoShadow, Site, SiteFault};
use inspect::find as find_component;

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Show the plugins that are loaded, and those that could not be
    #[command(after_help = examples(&["instar plugin list", "instar plugin list --json"]))]
    List,
    Inspect(inspect::Inspect),
    /// Show what a plugin has been doing since the server started
    #[command(after_help = examples(&["instar plugin stats guard-command", "instar plugin stats notifier-telegram --json"]))]
    Stats {
        id: PluginId,
    },
    Install(install::Install),
    Upgrade(install::Upgrade),
    Remove(change::Remove),
    Rollback(change::Rollback),
    Grant(change::Grant),
    Revoke(change::Revoke),
    Enable(change::Enable),
    Disable(change::Disable),
    Shadow(shadow::Shadow),
    Sync(sync::Sync),
    Verify(sync::Verify),
    /// Print the JSON Schema of plugin.toml, for editors
    #[command(after_help = examples(&["instar plugin schema > plugin.schema.json"]))]
    Schema,
    New(author::New),
    Build(author::Build),
    Test(author::Test),
    Replay(replay::Replay),
    Dev(dev::Dev),
    Publish(author::Publish),
}

pub(crate) fn run(context: &Context, command: &PluginCommand) -> Result<Exit, Failure> {
    match command {
        PluginCommand::List => list(context),
        PluginCommand::Inspect(inspect) => inspect::run(context, inspect),
        PluginCommand::Stats { id } => stats(context, id),
        PluginCommand::Install(install) => install::install(context, install),
        PluginCommand::Upgrade(upgrade) => install::upgrade(context, upgrade),
        PluginCommand::Remove(remove) => change::remove(context, remove),
        PluginCommand::Rollback(rollback) => change::rollback(context, rollback),
        PluginCommand::Grant(grant) => change::grant(context, grant),
        PluginCommand::Revoke(revoke) => change::revoke(context, revoke),
        PluginCommand::Enable(enable) => change::enable(context, enable),
        PluginCommand::Disable(disable) => change::disable(context, disable),
        PluginCommand::Shadow(shadow) => shadow::run(context, shadow),
        PluginCommand::Sync(sync) => sync::sync(context, sync),
        PluginCommand::Verify(verify) => sync::verify(context, verify),
        PluginCommand::Schema => schema(context),
        PluginCommand::New(new) => author::new(context, new),
        PluginCommand::Build(build) => author::build(context, build),
        PluginCommand::Test(test) => author::test(context, test),
        PluginCommand::Replay(replay) => replay::run(context, replay),
        PluginCommand::Dev(dev) => dev::run(context, dev),
        PluginCommand::Publish(publish) => author::publish(context, publish),
    }
}

/// What commands that change plugins work on. They need no server.
fn site(context: &Context) -> Result<Site, Failure> {
    let project = context.project()?;
    let config = context.config(&project)?;
    Ok(Site::new(project, config, bundled::plugins()))
}

fn failed(fault: SiteFault) -> Failure {
    let sentence = one_line(&fault.to_string());
    match fault {
        SiteFault::Unknown(_)
        | SiteFault::NotHeld { .. }
        | SiteFault::NoShadow(NoShadow::Unknown(_) | NoShadow::Nobody(_)) => Failure::not_found(sentence),
        SiteFault::Unasked { .. } => Failure::usage(sentence),
        SiteFault::NothingBefore(_) => Failure::refused(sentence),
        SiteFault::Unloadable(error) => Failure::refused(not_loadable(&error)),
        SiteFault::Unfit(_)
        | SiteFault::Untrusted { .. }
        | SiteFault::AnotherPlugin { .. }
        | SiteFault::NoShadow(_) => Failure::refused(format!("{sentence}; nothing was changed")),
        SiteFault::Folder(InstallError::Io { what, source }) => {
            Failure::io(format_args!("failed to {what}, so nothing was changed"), &source)
        }
        SiteFault::Lost { .. } | SiteFault::Altered(_) | SiteFault::Folder(_) => Failure::failed(sentence),
    }
}

/// A plugin that does not accept its settings says which it wants.
fn not_loadable(error: &PluginError) -> String {
    let id = &error.plugin;
    let way = match error.code() {
        "bad-config" => {
            format!("; set what it wants by `instar config set plugins.{id}.config.KEY VALUE`, and install it then")
        }
        _ => String::new(),
    };
    format!("{}{way}; nothing was changed", one_line(&error.to_string()))
}

/// For a command that has nothing else to do meanwhile.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("failed to start", &error))?;
    Ok(runtime.block_on(work))
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

fn schema(context: &Context) -> Result<Exit, Failure> {
    context.out.line(format!("{:#}", instar_plugin::manifest_schema()))?;
    Ok(Exit::Ok)
}

fn stats(context: &Context, id: &PluginId) -> Result<Exit, Failure> {
    let answer = context.client()?.get(&paths::PLUGIN_STATS.replace("{plugin}", id.as_str()))?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    let stats: PluginStats = answer.read()?;
    let faults: Vec<_> = stats.faults.iter().map(|(code, count)| format!("{count} {code}")).collect();
    let out = &context.out;
    out.line(format!("calls     {}", stats.calls))?;
    out.line(format!("faults    {}", if faults.is_empty() { "none".to_owned() } else { faults.join(", ") }))?;
    out.line(format!(
        "took      p50 {} µs, p99 {} µs, at most {} µs",
        stats.p50_micros, stats.p99_micros, stats.longest_micros
    ))?;
    out.line(format!("requests  {}, and {} were denied", stats.requests, stats.denied))?;
    out.line(format!("bytes     {} sent, {} received", stats.bytes_out, stats.bytes_in))?;
    Ok(Exit::Ok)
}

const HEADER: [&str; 6] = ["PLUGIN", "VERSION", "KINDS", "EXECUTES", "ENABLED", "DESCRIPTION"];

fn row(plugin: &Plugin) -> Vec<Shown> {
    vec![
        Shown::plain(&plugin.id),
        Shown::plain(&plugin.version),
        Shown::plain(plugin.kinds.join(", ")),
        Shown::plain(plugin.execute_type.as_deref().unwrap_or("-")),
        match (&plugin.quarantine, plugin.enabled) {
            (Some(_), _) => Shown::new("quarantine", Tone::Bad),
            (None, true) => Shown::new("yes", Tone::Good),
            (None, false) => Shown::new("no", Tone::Dim),
        },
        Shown::plain(&plugin.description),
    ]
}
