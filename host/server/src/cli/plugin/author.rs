//! `instar plugin new`, `build` and `test`: for authors, without a project and a server.

use std::path::{Path, PathBuf};
use std::time::Instant;

use instar_core::id::PluginId;
use instar_plugin_test::{Outcome, Plugin, read_cases};
use serde_json::json;

use super::super::exit::{Exit, Failure};
use super::super::output::{one_line, quoted};
use super::super::{Context, examples, person, sentence};
use super::block_on;
use crate::authoring::{self, BuildError, Language, ProjectKind};
use crate::installed::{Place, Reference, fetch, push};

/// Begin a plugin: a folder with a small one that builds, and cases that try it
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar plugin new execute-hello",
    "instar plugin new guard-release --kind guard --lang rust",
    "instar plugin new execute-hello --lang python",
    "instar plugin new guard-release --lang c",
    "instar plugin new ../plugins/notifier-mail --kind notifier",
]))]
pub(crate) struct New {
    /// The new folder; its last part is the id of the plugin
    #[arg(value_name = "NAME")]
    folder: PathBuf,
    /// What it shall be; else what its name begins with
    #[arg(long)]
    kind: Option<ProjectKind>,
    /// The language
    #[arg(long, default_value = "rust")]
    lang: Language,
}

/// Hand a built plugin over to a registry of OCI artifacts, with its signature if one lies beside it
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar plugin publish execute-hello oci://127.0.0.1:5000/ada/execute-hello:0.1.0",
    "instar plugin publish . oci://ghcr.io/ada/execute-hello:0.1.0",
]))]
pub(crate) struct Publish {
    /// A component, or the folder with plugin.toml
    #[arg(value_name = "FILE|DIR")]
    from: String,
    /// Where others will find it; `docker login` gives the password of a registry
    #[arg(value_name = "oci://HOST/NAME:TAG")]
    to: String,
}

/// Build the plugin in a folder into `dist/<id>.wasm`
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar plugin build", "instar plugin build ../execute-hello --json"]))]
pub(crate) struct Build {
    /// The folder with plugin.toml
    #[arg(default_value = ".")]
    folder: PathBuf,
}

/// Run the built plugin without a host: the cases in `cases/*.toml`, and an attack
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar plugin test", "instar plugin test ../execute-hello --json"]))]
pub(crate) struct Test {
    /// The folder with plugin.toml
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Take what was built last
    #[arg(long)]
    no_build: bool,
    /// Only the cases
    #[arg(long)]
    no_attack: bool,
}

pub(super) fn new(context: &Context, new: &New) -> Result<Exit, Failure> {
    let folder = std::path::absolute(&new.folder).map_err(|error| Failure::io("failed to find the folder", &error))?;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let id: PluginId =
        name.parse().map_err(|error| Failure::usage(format!("{name:?} is no id of a plugin: {error}")))?;
    if folder.exists() || folder.is_symlink() {
        return Err(Failure::refused(format!("{} is there already", folder.display())));
    }
    let kind = new.kind.unwrap_or_else(|| kind_of(name));
    let failed = |error| Failure::io(format_args!("failed to make {}", folder.display()), &error);
    let written = authoring::write(&folder, &id, kind, new.lang).map_err(failed)?;
    if context.out.json {
        context.out.value(&json!({ "id": id, "folder": written.folder, "files": written.files }))?;
        return Ok(Exit::Ok);
    }
    context.out.line(format!("{} is a plugin now:", written.folder.display()))?;
    for file in &written.files {
        context.out.line(format!("  {file}"))?;
    }
    context.out.note(format!("Next: cd {} && instar plugin test", quoted(&new.folder)));
    Ok(Exit::Ok)
}

fn kind_of(name: &str) -> ProjectKind {
    match name.split('-').next() {
        Some("guard") => ProjectKind::Guard,
        Some("notifier") => ProjectKind::Notifier,
        _ => ProjectKind::Execute,
    }
}

pub(super) fn build(context: &Context, build: &Build) -> Result<Exit, Failure> {
    let begun = Instant::now();
    let built = authoring::build(&found(&build.folder)?).map_err(failed)?;
    let kinds: Vec<_> = built.seen.kinds.iter().map(ToString::to_string).collect();
    if context.out.json {
        context.out.value(&json!({
            "id": built.id, "component": built.path, "bytes": built.seen.bytes, "digest": built.seen.digest,
            "kinds": kinds, "asks": built.seen.asks,
        }))?;
        return Ok(Exit::Ok);
    }
    let (path, bytes) = (built.path.display(), built.seen.bytes);
    context.out.line(format!(
        "{path}: {}, {bytes} bytes, in {:.1} s",
        kinds.join(", "),
        begun.elapsed().as_secs_f64()
    ))?;
    Ok(Exit::Ok)
}

pub(super) fn publish(context: &Context, publish: &Publish) -> Result<Exit, Failure> {
    person::must_be_one("publish a plugin")?;
    let refused = |error: anyhow::Error| Failure::refused(sentence(&error));
    let to = Reference::parse(&publish.to).map_err(|error| Failure::usage(error.to_string()))?;
    let place = Place::parse(&publish.from).map_err(|error| refused(error.into()))?;
    let fetched = block_on(fetch(&place))?.map_err(|error| refused(error.into()))?;
    let seen = instar_plugin::inspect(&place.name(), &fetched.bytes);
    if let Some(problem) = &seen.problem {
        return Err(Failure::refused(one_line(&problem.to_string())));
    }
    let digest = block_on(push(&to, &fetched, &seen))?.map_err(|error| Failure::failed(sentence(&error.into())))?;
    let is_signed = fetched.signature.is_some();
    if context.out.json {
        context.out.value(&json!({ "reference": to.to_string(), "digest": digest, "signed": is_signed }))?;
        return Ok(Exit::Ok);
    }
    let signed = if is_signed { "with its signature" } else { "without a signature" };
    context.out.line(format!("Published {to} {signed}; its manifest is {digest}."))?;
    Ok(Exit::Ok)
}

pub(super) fn test(context: &Context, test: &Test) -> Result<Exit, Failure> {
    let folder = found(&test.folder)?;
    if !test.no_build {
        authoring::build(&folder).map_err(failed)?;
    }
    let plugin = Plugin::built(&folder).map_err(|error| Failure::refused(sentence(&error.into())))?;
    let cases = read_cases(&folder.join("cases")).map_err(|error| Failure::failed(sentence(&error.into())))?;
    let outcomes: Vec<_> = cases.iter().map(|case| plugin.try_case(case)).collect();
    if !context.out.json {
        outcomes.iter().try_for_each(|outcome| show(context, outcome))?;
    }
    let example = cases.first().map_or_else(|| plugin.clone(), |case| plugin.as_found_by(case));
    let attacked = match test.no_attack {
        true => None,
        false => Some(example.attack().map_err(|failure| Failure::failed(failure.to_string()))?),
    };
    let faults = attacked.as_ref().map_or(&[][..], |attacked| attacked.faults.as_slice());
    let (tries, bad) =
        (attacked.as_ref().map_or(0, |it| it.tries), outcomes.iter().filter(|it| !it.problems.is_empty()).count());
    if context.out.json {
        let value = |it: &Outcome| json!({ "name": it.name, "problems": it.problems });
        context.out.value(&json!({
            "cases": outcomes.iter().map(value).collect::<Vec<_>>(), "attacks": tries, "faults": faults,
        }))?;
    } else {
        for fault in faults {
            context.out.line(format!("FAULT   {}", one_line(fault)))?;
        }
        let (all, faults) = (outcomes.len(), faults.len());
        context.out.line(format!("{} of {all} cases as expected; {faults} faults under {tries} attacks", all - bad))?;
    }
    Ok(if bad == 0 && faults.is_empty() { Exit::Ok } else { Exit::Failed })
}

fn show(context: &Context, outcome: &Outcome) -> Result<(), Failure> {
    let word = if outcome.problems.is_empty() { "ok    " } else { "FAILED" };
    context.out.line(format!("{word}  {}", one_line(&outcome.name)))?;
    for problem in &outcome.problems {
        context.out.line(format!("        {}", one_line(problem)))?;
    }
    Ok(())
}

fn found(folder: &Path) -> Result<PathBuf, Failure> {
    folder.canonicalize().map_err(|error| Failure::io(format_args!("failed to find {}", folder.display()), &error))
}

fn failed(error: BuildError) -> Failure {
    match error {
        BuildError::NoProject { .. } => Failure::not_found(sentence(&error.into())),
        _ => Failure::failed(sentence(&error.into())),
    }
}
