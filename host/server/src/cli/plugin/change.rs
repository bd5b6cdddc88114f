//! `instar plugin remove`, `rollback`, `grant`, `revoke`, `enable` and `disable`.

use instar_core::id::PluginId;
use serde_json::json;

use super::super::exit::{Exit, Failure};
use super::super::{Context, config, examples, person};
use super::install::entry_value;
use super::{failed, find_component, site};
use crate::installed::{Entry, Site, listed};

/// Take an installed plugin away
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar plugin remove execute-hello"]))]
pub(crate) struct Remove {
    id: PluginId,
}

/// Go back to what was installed before; said twice, it is as it was
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar plugin rollback execute-hello"]))]
pub(crate) struct Rollback {
    id: PluginId,
}

/// Grant an installed plugin rights that it asks for
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar plugin grant notifier-mail http secrets"]))]
pub(crate) struct Grant {
    id: PluginId,
    /// Such as `http`
    #[arg(required = true)]
    rights: Vec<String>,
}

/// Take rights away from an installed plugin; one that cannot do without is not loaded then
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar plugin revoke notifier-mail secrets"]))]
pub(crate) struct Revoke {
    id: PluginId,
    /// Such as `http`
    #[arg(required = true)]
    rights: Vec<String>,
}

/// Load a plugin again that was disabled, or is in quarantine
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar plugin enable guard-conduct"]))]
pub(crate) struct Enable {
    id: PluginId,
}

/// Leave a plugin out, also a bundled one, and keep it
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar plugin disable guard-conduct"]))]
pub(crate) struct Disable {
    id: PluginId,
}

pub(super) fn remove(context: &Context, remove: &Remove) -> Result<Exit, Failure> {
    person::must_be_one("remove a plugin")?;
    let id = &remove.id;
    let entry = site(context)?.remove(id).map_err(failed)?;
    if context.out.json {
        context.out.value(&json!({ "removed": id }))?;
        return Ok(Exit::Ok);
    }
    context.out.line(format!("Removed {id} {}.", entry.current.version))?;
    context.out.note(format!(
        "Its settings, secrets and values are kept; `instar plugin install {}` brings it back.",
        entry.current.source
    ));
    Ok(Exit::Ok)
}

pub(super) fn rollback(context: &Context, rollback: &Rollback) -> Result<Exit, Failure> {
    person::must_be_one("roll a plugin back")?;
    let entry = site(context)?.roll_back(&rollback.id).map_err(failed)?;
    let before = entry.previous.as_ref().map(|previous| previous.version.clone()).unwrap_or_default();
    said(context, &entry, format!("{} is {} again, and was {before}.", entry.id, entry.current.version))
}

pub(super) fn grant(context: &Context, grant: &Grant) -> Result<Exit, Failure> {
    person::must_be_one("grant rights")?;
    let site = site(context)?;
    let (entry, _) = site.grant(&grant.id, &grant.rights.iter().cloned().collect()).map_err(failed)?;
    granted(context, &site, &entry)
}

pub(super) fn revoke(context: &Context, revoke: &Revoke) -> Result<Exit, Failure> {
    person::must_be_one("revoke rights")?;
    let site = site(context)?;
    let (entry, _) = site.revoke(&revoke.id, &revoke.rights.iter().cloned().collect()).map_err(failed)?;
    granted(context, &site, &entry)
}

/// What it cannot do without may be missing now: the operator wanted that, and hears it.
fn granted(context: &Context, site: &Site, entry: &Entry) -> Result<Exit, Failure> {
    let Entry { id, current, .. } = entry;
    let bytes = site.component(current).map_err(failed)?;
    if let Err(error) = site.try_component(id, &bytes, current.grants.clone()) {
        context.out.note(format!("It is not loaded any more: {error}"));
    }
    said(context, entry, format!("{id} may use {}.", listed(&current.grants)))
}

pub(super) fn enable(context: &Context, enable: &Enable) -> Result<Exit, Failure> {
    person::must_be_one("enable a plugin")?;
    switch(context, &enable.id, true)
}

pub(super) fn disable(context: &Context, disable: &Disable) -> Result<Exit, Failure> {
    person::must_be_one("disable a plugin")?;
    switch(context, &disable.id, false)
}

/// It stands in the settings, where also bundled ones can be named.
fn switch(context: &Context, id: &PluginId, enabled: bool) -> Result<Exit, Failure> {
    let site = site(context)?;
    find_component(id.as_str(), Some(&site.project))?;
    config::store(&site.project, &format!("plugins.{id}.enabled"), &enabled.into())?;
    if enabled {
        site.end_quarantine(id).map_err(failed)?;
    }
    if context.out.json {
        context.out.value(&json!({ "id": id, "enabled": enabled }))?;
    } else {
        context.out.line(format!("{id} is {}.", if enabled { "enabled" } else { "disabled" }))?;
    }
    Ok(Exit::Ok)
}

fn said(context: &Context, entry: &Entry, sentence: String) -> Result<Exit, Failure> {
    if context.out.json {
        context.out.value(&entry_value(entry, true))?;
    } else {
        context.out.line(sentence)?;
    }
    Ok(Exit::Ok)
}
