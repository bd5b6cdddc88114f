//! `instar plugin inspect`: what a component is and may do, read from its bytes, with or without a server.

use std::path::{Path, PathBuf};

use instar_api::{Plugins, paths};
use instar_plugin::{Inspection, Origin};
use serde_json::{Value, json};

use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Shown, Tone, one_line};
use crate::cli::{Context, client_of, examples};
use crate::config::Project;
use crate::{bundled, wiring};

/// Say what a plugin is and may do, from its bytes; exit code 1 if it would not be loaded
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar plugin inspect execute-prompt",
    "instar plugin inspect ./my-plugin.wasm --json",
]))]
pub(crate) struct Inspect {
    /// The id of a plugin of this project, or the path of a component
    #[arg(value_name = "ID|FILE")]
    plugin: String,
}

/// A component and where it comes from.
struct Found {
    origin: String,
    seen: Inspection,
    /// What the running server says of it.
    state: &'static str,
}

pub(super) fn run(context: &Context, inspect: &Inspect) -> Result<Exit, Failure> {
    let project = context.project().ok();
    let (origin, seen) = find(&inspect.plugin, project.as_ref())?;
    let state = project.as_ref().map_or("no project here", |project| state(project, &seen.digest));
    let found = Found { origin, seen, state };
    if context.out.json {
        context.out.value(&value(&found))?;
    } else {
        show(context, &found)?;
    }
    Ok(if found.seen.problem.is_some() { Exit::Failed } else { Exit::Ok })
}

pub(super) fn find(plugin: &str, project: Option<&Project>) -> Result<(String, Inspection), Failure> {
    let path = Path::new(plugin);
    let is_path = plugin.contains('/') || path.extension().is_some_and(|extension| extension == "wasm");
    if is_path || (path.is_file() && !is_id(plugin)) {
        let bytes = wiring::read_component(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::not_found(format!("there is no file {}", path.display())),
            _ => Failure::io(format_args!("failed to read {}", path.display()), &error),
        })?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        return Ok((path.display().to_string(), instar_plugin::inspect(&name, &bytes)));
    }
    // Without a project there are the bundled ones.
    let folder = project.map_or_else(PathBuf::new, Project::plugins_dir);
    for source in wiring::plugin_sources(bundled::plugins(), &folder) {
        let name = match &source.origin {
            Origin::Bundled { name } => name.clone(),
            Origin::Installed(what) => what.id.to_string(),
            Origin::File(path) => path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        };
        let seen = instar_plugin::inspect(&name, &source.bytes);
        if seen.about.as_ref().map_or(&name, |about| &about.id) == plugin {
            return Ok((source.origin.to_string(), seen));
        }
    }
    Err(Failure::not_found(format!("there is no plugin `{plugin}`; `instar plugin list` shows those that exist")))
}

fn is_id(text: &str) -> bool {
    text.parse::<instar_core::id::PluginId>().is_ok()
}

/// The digest tells whether the server has this very component.
fn state(project: &Project, digest: &str) -> &'static str {
    let answer = client_of(project).ok().and_then(|client| client.get(paths::PLUGINS).ok()?.success().ok());
    let Some(plugins) = answer.and_then(|answer| answer.read::<Plugins>().ok()) else { return "server not running" };
    match plugins.plugins.iter().find(|plugin| plugin.digest == digest) {
        Some(plugin) if plugin.quarantine.is_some() => "in quarantine",
        Some(plugin) if plugin.enabled => "loaded",
        Some(_) => "disabled",
        None => "not loaded by the running server",
    }
}

fn value(found: &Found) -> Value {
    let (seen, about) = (&found.seen, found.seen.about.as_ref());
    let import = |import: &instar_plugin::Import| json!({ "name": import.name, "meaning": import.meaning, "allowed": import.allowed });
    let limit =
        |limit: &instar_plugin::AskedLimit| json!({ "key": limit.key, "asked": limit.asked, "usual": limit.usual });
    json!({
        "id": about.map(|about| &about.id),
        "version": about.map(|about| &about.version),
        "description": about.map(|about| &about.description),
        "contract": about.and_then(|about| about.contract.as_ref()),
        "executeType": about.and_then(|about| about.execute_type.as_ref()),
        "kinds": seen.kinds.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "digest": seen.digest,
        "bytes": seen.bytes,
        "origin": found.origin,
        "state": found.state,
        "imports": seen.imports.iter().map(import).collect::<Vec<_>>(),
        "exports": seen.exports,
        "asks": seen.asks,
        "configSchema": seen.config_schema,
        "limits": seen.limits.iter().map(limit).collect::<Vec<_>>(),
        "problem": seen.problem.as_ref().map(|problem| json!({ "code": problem.code(), "message": problem.cause.to_string() })),
    })
}

fn show(context: &Context, found: &Found) -> Result<(), Failure> {
    let (out, seen) = (&context.out, &found.seen);
    if let Some(about) = &seen.about {
        out.line(format!("Plugin    {} {}: {}", about.id, about.version, one_line(&about.description)))?;
        if let Some(execute_type) = &about.execute_type {
            out.line(format!("Executes  {execute_type}"))?;
        }
        if let Some(contract) = &about.contract {
            out.line(format!("Contract  {contract}; this host speaks {}", instar_plugin::CONTRACT))?;
        }
    }
    let kinds: Vec<_> = seen.kinds.iter().map(ToString::to_string).collect();
    out.line(format!("Kinds     {}", if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") }))?;
    out.line(format!("Origin    {}", one_line(&found.origin)))?;
    out.line(format!("Size      {} bytes, BLAKE3 {}", seen.bytes, seen.digest))?;
    out.line(format!("State     {}", found.state))?;
    out.line(format!("May       {}", rights(seen)))?;
    if !seen.asks.is_empty() {
        let digest = &seen.digest;
        out.line(format!("Asks for  {}; a file gets it by `grants` with `blake3:{digest}`", seen.asks.join(", ")))?;
    }
    for limit in &seen.limits {
        out.line(format!("Limit     {} = {}, where {} is usual", limit.key, limit.asked, limit.usual))?;
    }
    if let Some(about) = &seen.about {
        let schema = if seen.config_schema.is_some() { "fits the keys below" } else { "has no schema" };
        out.line(format!("Config    `plugins.{}.config` {schema}", about.id))?;
    }
    if !seen.config_keys.is_empty() {
        out.line("")?;
        out.table(&["CONFIG", "FORM", "DEFAULT", "WHAT IT IS"], seen.config_keys.iter().map(key).collect())?;
    }
    if !seen.imports.is_empty() {
        let row = |import: &instar_plugin::Import| {
            let tone = if import.allowed { Tone::Plain } else { Tone::Bad };
            vec![Shown::plain(format!("  {}", import.name)), Shown::new(meaning(import), tone)]
        };
        out.line("")?;
        out.table(&["IMPORTS", "WHAT IT GETS"], seen.imports.iter().map(row).collect())?;
    }
    if !seen.exports.is_empty() {
        out.line("")?;
        out.table(&["EXPORTS"], seen.exports.iter().map(|name| vec![Shown::plain(name)]).collect())?;
    }
    match &seen.problem {
        Some(problem) => {
            out.line(format!("\nNot loadable [{}]: {}", problem.code(), one_line(&problem.cause.to_string())))
        }
        None => Ok(()),
    }
}

fn key(key: &instar_plugin::ConfigKey) -> Vec<Shown> {
    let form = match (key.kind.as_str(), key.is_required) {
        ("", true) => "required".to_owned(),
        ("", false) => "-".to_owned(),
        (kind, true) => format!("{kind}, required"),
        (kind, false) => kind.to_owned(),
    };
    let default = key.default.as_deref().map_or("-".to_owned(), one_line);
    vec![
        Shown::plain(format!("  {}", one_line(&key.key))),
        Shown::plain(one_line(&form)),
        Shown::plain(default),
        Shown::plain(one_line(&key.about)),
    ]
}

fn meaning(import: &instar_plugin::Import) -> String {
    if import.allowed { import.meaning.to_owned() } else { format!("refused: {}", import.meaning) }
}

/// What is left of its imports once those without effect are taken away.
fn rights(seen: &Inspection) -> String {
    if seen.imports.iter().any(|import| !import.allowed) {
        return "nothing: it asks for more than its kind may, and is refused".to_owned();
    }
    let words = [
        ("log", "write to its log"),
        ("config", "read its own configuration"),
        ("clock", "read the clock"),
        ("kv", "keep values"),
        ("secrets", "work with secrets that it never sees"),
        ("http", "ask the hosts that its manifest names"),
        ("jobs", "read the jobs, and start those that its manifest names"),
        ("sessions", "read what sessions print, and type into them if it was granted"),
        ("events", "read events of the types that its manifest names, and note its own"),
        ("process", "run the commands that its manifest names"),
    ];
    let has = |interface: &str| {
        let name = format!("instar:plugin/{interface}@");
        seen.imports.iter().any(|import| import.name.starts_with(&name))
    };
    let mut may = vec!["answer the host's calls"];
    may.extend(words.into_iter().filter(|(interface, _)| has(interface)).map(|(_, meaning)| meaning));
    let last = may.pop().unwrap_or_default();
    let all = if may.is_empty() { last.to_owned() } else { format!("{} and {last}", may.join(", ")) };
    format!("{all}; nothing else")
}
