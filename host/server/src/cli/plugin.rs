//! `instar plugin`: what is installed, and what could not be loaded.

mod author;
mod change;
mod consent;
mod dev;
mod inspect;
mod install;
mod sync;

use clap::Subcommand;
use instar_api::{Plugin, PluginStats, Plugins, paths};
use instar_core::id::PluginId;

use super::exit::{Exit, Failure};
use super::output::{Shown, Tone, one_line};
use super::{Context, examples};
use crate::config::{Config, Project};
use crate::installed::{Entry, Expected, LockFile, PluginFolder, SharedComponents};
use crate::wiring;
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
    Sync(sync::Sync),
    Verify(sync::Verify),
    /// Print the JSON Schema of plugin.toml, for editors
    #[command(after_help = examples(&["instar plugin schema > plugin.schema.json"]))]
    Schema,
    New(author::New),
    Build(author::Build),
    Test(author::Test),
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
        PluginCommand::Sync(sync) => sync::sync(context, sync),
        PluginCommand::Verify(verify) => sync::verify(context, verify),
        PluginCommand::Schema => schema(context),
        PluginCommand::New(new) => author::new(context, new),
        PluginCommand::Build(build) => author::build(context, build),
        PluginCommand::Test(test) => author::test(context, test),
        PluginCommand::Dev(dev) => dev::run(context, dev),
        PluginCommand::Publish(publish) => author::publish(context, publish),
    }
}

/// What commands that change plugins work on. They need no server.
struct Workplace {
    project: Project,
    config: Config,
    folder: PluginFolder,
    shared: SharedComponents,
}

impl Workplace {
    fn open(context: &Context) -> Result<Self, Failure> {
        let project = context.project()?;
        let config = context.config(&project)?;
        let folder = PluginFolder::new(project.plugins_dir());
        Ok(Self { project, config, folder, shared: SharedComponents::of_user() })
    }

    fn lock(&self) -> Result<LockFile, Failure> {
        self.folder.read().map_err(install::failed)
    }

    fn entry<'a>(&self, installed: &'a LockFile, id: &PluginId) -> Result<&'a Entry, Failure> {
        installed.entry(id).ok_or_else(|| Failure::not_found(format!("no plugin `{id}` was installed here")))
    }

    fn component(&self, entry: &Entry) -> Result<Vec<u8>, Failure> {
        self.folder.component(&entry.current).ok_or_else(|| {
            let path = self.folder.path(&entry.current);
            Failure::failed(format!(
                "{} is not what was installed: `instar plugin sync` fetches it again",
                path.display()
            ))
        })
    }

    fn settings(&self) -> instar_plugin::Settings {
        wiring::plugin_settings(self.project.cache_dir().join("plugins"), &self.config, &self.project.plugins_dir())
    }

    fn change(
        &self,
        id: &PluginId,
        expected: Expected<'_>,
        entry: Option<Entry>,
        bytes: Option<&[u8]>,
    ) -> Result<(), Failure> {
        self.folder.change(&self.project.run_dir(), id, expected, entry, bytes).map_err(install::failed)
    }
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
