//! `instar plugin replay`: a recorded run is played to another build of its execute type.

use std::io;

use instar_core::id::{PluginId, RunId};
use instar_plugin::{Executor, Grant, Installed, Kind, Plugins, PoolChoice, Source};
use serde_json::{Value, json};

use super::super::exit::{Exit, Failure};
use super::super::output::one_line;
use super::super::{Context, examples};
use super::{block_on, failed, install, site};
use crate::installed::{Candidate, Site};
use crate::steps::{self, Line, Outcome, Replayed, StepFiles};
use crate::{bundled, wiring};

/// Play a recorded run to another build of its execute type, without effect; exit code 1 if an answer differs
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar plugin replay 0192f0c1-2a3b-7c4d-8e5f-0123456789ab ../execute-hello",
    "instar plugin replay 0192f0c1-2a3b-7c4d-8e5f-0123456789ab ./execute-hello.wasm --json",
    "instar plugin replay 0192f0c1-2a3b-7c4d-8e5f-0123456789ab",
]))]
pub(crate) struct Replay {
    /// The id of a run, as `instar job runs` shows it
    run: RunId,
    /// A component, or the folder of an author with what `instar plugin build` made; else what is loaded now
    #[arg(value_name = "FILE|DIR")]
    build: Option<String>,
}

/// Who answers now.
struct Now {
    plugins: Plugins,
    by: Executor,
}

pub(super) fn run(context: &Context, replay: &Replay) -> Result<Exit, Failure> {
    let site = site(context)?;
    let lines = lines(&site, replay.run)?;
    let steps = lines.iter().find_map(|line| line.step().ok());
    let Some(first) = steps else {
        let why = lines.first().and_then(|line| line.step().err()).unwrap_or_default();
        return Err(Failure::refused(format!("no step of this run can be played: {why}")));
    };
    let Some(then) = first.by else {
        return Err(Failure::refused(format!(
            "nobody offered `{}` when it ran, so nothing answered",
            first.execute_type
        )));
    };
    let now = now(context, &site, &first.execute_type, &then, replay.build.as_deref())?;
    let replayed = block_on(steps::replay(&now.plugins, &lines))?;
    let is_alike = replayed.iter().all(|step| step.outcome == Outcome::Alike);
    if context.out.json {
        context.out.value(&json!({
            "run": replay.run, "executeType": first.execute_type, "recorded": by(&then), "now": by(&now.by),
            "alike": is_alike, "steps": replayed.iter().map(value).collect::<Vec<_>>(),
        }))?;
    } else {
        let (type_name, was, is) = (&first.execute_type, told(&then), told(&now.by));
        context.out.line(format!("Run {} of `{type_name}` was answered by {was}, and is now by {is}.", replay.run))?;
        replayed.iter().try_for_each(|step| show(context, step))?;
        context.out.line(if is_alike {
            "All steps are answered alike."
        } else {
            "Not all steps are answered alike."
        })?;
    }
    Ok(if is_alike { Exit::Ok } else { Exit::Failed })
}

fn lines(site: &Site, run: RunId) -> Result<Vec<Line>, Failure> {
    let path = StepFiles::file(&site.project.steps_dir(), run);
    let lines = steps::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::not_found(format!(
            "nothing is kept of the steps of run {run}: there is no such run here, it had none, it is older than this \
             version, or housekeeping removed it"
        )),
        _ => Failure::io(format_args!("failed to read {}", path.display()), &error),
    })?;
    if lines.is_empty() { Err(Failure::not_found(format!("no step of run {run} is kept yet"))) } else { Ok(lines) }
}

/// All execute types of the project, since one may begin with another; the one of the run as it is to be tried.
fn now(
    context: &Context,
    site: &Site,
    execute_type: &str,
    then: &Executor,
    build: Option<&str>,
) -> Result<Now, Failure> {
    let mut sources = wiring::plugin_sources_of(bundled::plugins(), &site.project.plugins_dir(), &[Kind::Execute]);
    let mut settings = site.settings();
    settings.pool = PoolChoice::OnDemand;
    settings.only = vec![Kind::Execute];
    let mut id = then.id.clone();
    if let Some(build) = build {
        let candidate = candidate(context, build, execute_type)?;
        sources.retain(|source| !is_of(source, &then.id) && !is_of(source, &candidate.id));
        id = candidate.id.clone();
        let grant = Grant { digest: candidate.digest(), allow: candidate.asks() };
        settings.operator.entry(id.clone()).or_default().grant = Some(grant);
        let (digest, kinds) = (candidate.seen.digest.clone(), candidate.seen.kinds.clone());
        let what = Installed { id: id.clone(), kinds, digest, path: build.into() };
        sources.push(Source::installed(what, Some(candidate.bytes)));
    }
    settings.disabled.remove(&id);
    settings.quarantined.remove(&id);
    settings.configs.insert(id, serde_json::from_str(&then.config_json).unwrap_or_else(|_| json!({})));
    let (plugins, problems) =
        Plugins::load(sources, settings, &mut |_| {}).map_err(|error| Failure::failed(one_line(&error.to_string())))?;
    match plugins.executor(execute_type) {
        Some(by) => Ok(Now { plugins, by }),
        None => Err(Failure::refused(match problems.iter().find(|problem| problem.plugin == then.id.as_str()) {
            Some(problem) => one_line(&problem.to_string()),
            None => format!("no plugin here offers `{execute_type}` now: name a build of it"),
        })),
    }
}

fn candidate(context: &Context, build: &str, execute_type: &str) -> Result<Candidate, Failure> {
    let place = install::place(build)?;
    let candidate = Candidate::of(&place, install::fetched(context, &place)?).map_err(|error| failed(error.into()))?;
    match &candidate.about.execute_type {
        Some(offered) if offered == execute_type => Ok(candidate),
        Some(offered) => Err(Failure::refused(format!(
            "{} is the execute type `{offered}`, and the run is one of `{execute_type}`",
            place.text()
        ))),
        None => Err(Failure::refused(format!("{} is no execute type", place.text()))),
    }
}

fn is_of(source: &Source, id: &PluginId) -> bool {
    instar_plugin::inspect("", &source.bytes).about.is_some_and(|about| about.id == id.as_str())
}

fn told(by: &Executor) -> String {
    format!("{} {} ({})", by.id, by.version, &by.digest[..by.digest.len().min(12)])
}

fn by(by: &Executor) -> Value {
    json!({ "id": by.id, "version": by.version, "digest": by.digest })
}

fn value(step: &Replayed) -> Value {
    let (problem, differences) = match &step.outcome {
        Outcome::Alike => (None, &[][..]),
        Outcome::Differs(differences) => (None, differences.as_slice()),
        Outcome::Impossible(why) => (Some(why), &[][..]),
    };
    let differences = differences.iter();
    let differences: Vec<Value> =
        differences.map(|it| json!({ "what": it.what, "recorded": it.recorded, "now": it.now })).collect();
    json!({
        "number": step.number, "event": step.event, "redacted": step.redacted, "problem": problem,
        "alike": step.outcome == Outcome::Alike, "differences": differences,
    })
}

fn show(context: &Context, step: &Replayed) -> Result<(), Failure> {
    let Replayed { number, event, redacted, outcome } = step;
    let note = if *redacted { ", with secrets taken out" } else { "" };
    let out = &context.out;
    match outcome {
        Outcome::Alike => out.line(format!("step {number} ({event}{note}) is alike")),
        Outcome::Impossible(why) => out.line(format!("step {number} ({event}) cannot be played: {}", one_line(why))),
        Outcome::Differs(differences) => {
            out.line(format!("step {number} ({event}{note}) differs"))?;
            for difference in differences {
                out.line(format!("  {}", difference.what))?;
                let shown = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
                out.line(format!("    was  {}", one_line(&shown(&difference.recorded))))?;
                out.line(format!("    is   {}", one_line(&shown(&difference.now))))?;
            }
            Ok(())
        }
    }
}
