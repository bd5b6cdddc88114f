//! `instar plugin shadow`: another build of a guard judges beside it, and its word never counts.

use instar_api::{PluginShadow, PluginShadowDifference, PluginShadowSaid, paths};
use instar_core::id::PluginId;
use serde_json::json;

use super::super::client::ClientError;
use super::super::exit::{Exit, Failure};
use super::super::output::{Shown, Tone, one_line};
use super::super::{Context, examples, person};
use super::{failed, install, site};
use crate::installed::SiteFault;
use crate::shadow;

/// Let another build of a guard judge beside it, without effect, and see where both differ
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar plugin shadow guard-release ../guard-release",
    "instar plugin shadow guard-command oci://ghcr.io/ada/guard-command:0.2.0",
    "instar plugin shadow guard-release",
    "instar plugin shadow guard-release --last 50 --json",
    "instar plugin shadow guard-release --off",
]))]
pub(crate) struct Shadow {
    /// The guard that judges, installed or bundled
    #[arg(value_name = "GUARD")]
    id: PluginId,
    /// The other build, with the same id: a component, the folder of an author, or what begins with https:// or oci://
    #[arg(value_name = "FILE|DIR|URL", conflicts_with_all = ["off", "last"])]
    from: Option<String>,
    /// End it
    #[arg(long, conflicts_with = "last")]
    off: bool,
    /// Show so many differences, from 1 to 100
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u8).range(1..=100))]
    last: u8,
}

pub(super) fn run(context: &Context, shadow: &Shadow) -> Result<Exit, Failure> {
    match &shadow.from {
        Some(from) => put(context, &shadow.id, from),
        None if shadow.off => end(context, &shadow.id),
        None => show(context, &shadow.id, shadow.last.into()),
    }
}

fn put(context: &Context, id: &PluginId, from: &str) -> Result<Exit, Failure> {
    person::must_be_one("put a guard into shadow")?;
    let (site, place) = (site(context)?, install::place(from)?);
    let fetched = install::fetched(context, &place)?;
    let trying = format!("compiling {} and trying it out", place.text());
    let put = context.out.during(&trying, || site.put_shadow(id, &place, fetched));
    let (component, judging) = put.map_err(failed)?;
    if context.out.json {
        context.out.value(&json!({
            "id": id, "version": component.version, "source": component.source, "digest": component.digest,
            "signer": component.signer, "putAt": component.installed_at, "judgingVersion": judging.version,
        }))?;
        return Ok(Exit::Ok);
    }
    let (version, judges) = (&component.version, &judging.version);
    context.out.line(format!("{id} {version} judges beside {judges} now, and its word does not count."))?;
    context.out.note(format!("`instar plugin shadow {id}` shows where both differ, `--off` ends it."));
    Ok(Exit::Ok)
}

fn end(context: &Context, id: &PluginId) -> Result<Exit, Failure> {
    person::must_be_one("end the shadow of a guard")?;
    let component = site(context)?.end_shadow(id).map_err(failed)?;
    if context.out.json {
        context.out.value(&json!({ "ended": id, "version": component.version }))?;
    } else {
        context.out.line(format!("{id} {} judges no longer beside it.", component.version))?;
    }
    Ok(Exit::Ok)
}

fn show(context: &Context, id: &PluginId, last: usize) -> Result<Exit, Failure> {
    let told = told(context, id, last)?;
    if context.out.json {
        context.out.value(&serde_json::to_value(&told).expect("it has text keys and no failing parts"))?;
        return Ok(Exit::Ok);
    }
    let out = &context.out;
    let judges = told.judging_version.as_deref().unwrap_or("nobody");
    out.line(format!("{id} {} judges beside {judges}, without effect, since {}.", told.version, told.since))?;
    if let Some(problem) = &told.problem {
        out.line(format!("Nothing is compared [{}]: {}", problem.code, one_line(&problem.message)))?;
    } else if !told.comparing {
        out.line("Nothing is compared now, since no server runs.")?;
    }
    let faults: Vec<_> = told.faults.iter().map(|(code, count)| format!("{count} {code}")).collect();
    out.line(format!("asked   {}", told.asked))?;
    out.line(format!("alike   {}", told.alike))?;
    out.line(format!("differ  {}", told.different))?;
    out.line(format!("faults  {}", if faults.is_empty() { "none".to_owned() } else { faults.join(", ") }))?;
    if told.missed > 0 {
        out.line(format!("missed  {}, since too many questions came at once", told.missed))?;
    }
    if !told.differences.is_empty() {
        out.line("")?;
        out.table(&["AT", "HOOK", "QUESTION", "JUDGED", "SHADOW"], told.differences.iter().map(row).collect())?;
    }
    Ok(Exit::Ok)
}

/// From the server, which knows what is compared; without one, what it wrote down.
fn told(context: &Context, id: &PluginId, last: usize) -> Result<PluginShadow, Failure> {
    let path = format!("{}?limit={last}", paths::PLUGIN_SHADOW.replace("{plugin}", id.as_str()));
    match context.client()?.get(&path) {
        Ok(answer) => answer.success()?.read(),
        Err(ClientError::NotRunning { .. }) => {
            let site = site(context)?;
            let component = site.shadow(id).map_err(failed)?;
            let judging = match site.judging(id) {
                Err(SiteFault::NoShadow(nobody)) => Err(nobody),
                judging => Ok(judging.map_err(failed)?),
            };
            let (folder, most_faults) = (site.project.shadows_dir(), site.config.quarantine_after);
            Ok(shadow::report(&folder, id, &judging, &component, most_faults, last))
        }
        Err(error) => Err(error.into()),
    }
}

fn row(difference: &PluginShadowDifference) -> Vec<Shown> {
    vec![
        Shown::new(&difference.at, Tone::Dim),
        Shown::plain(&difference.hook),
        Shown::plain(one_line(&difference.question)),
        Shown::plain(said(&difference.judging)),
        Shown::plain(said(&difference.shadow)),
    ]
}

fn said(said: &PluginShadowSaid) -> String {
    let rules: Vec<_> = said.findings.iter().map(|finding| one_line(&finding.rule)).collect();
    if rules.is_empty() { said.answer.clone() } else { format!("{} ({})", said.answer, rules.join(", ")) }
}
