//! `instar plugin remove`, `rollback`, `grant`, `revoke`, `enable` and `disable`.

use std::collections::BTreeSet;

use instar_core::id::PluginId;
use instar_plugin::Inspection;
use jiff::Timestamp;
use serde_json::json;

use super::super::exit::{Exit, Failure};
use super::super::{Context, config, examples, person};
use super::consent::listed;
use super::install::{entry_value, not_loadable};
use super::{Workplace, find_component};
use crate::installed::{Component, Entry, try_out};

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
    let (work, id) = (Workplace::open(context)?, &remove.id);
    let installed = work.lock()?;
    let entry = work.entry(&installed, id)?;
    work.change(id, Some(entry), None, None)?;
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
    let (work, id) = (Workplace::open(context)?, &rollback.id);
    let installed = work.lock()?;
    let entry = work.entry(&installed, id)?;
    let Some(previous) = entry.previous.clone() else {
        return Err(Failure::refused(format!("`{id}` was installed once only, so there is nothing to go back to")));
    };
    let bytes = work.folder.component(&previous).or_else(|| work.shared.find(&previous));
    let bytes = bytes.ok_or_else(|| {
        Failure::failed(format!(
            "the component of {id} {} is lost; install it again from {}",
            previous.version, previous.source
        ))
    })?;
    let tried = try_out(id, &bytes, previous.grants.clone(), work.settings());
    tried.map_err(|error| Failure::refused(not_loadable(&error)))?;
    let current = Component { installed_at: Timestamp::now(), ..previous };
    let new = Entry { id: id.clone(), current, previous: Some(entry.current.clone()) };
    work.change(id, Some(entry), Some(new.clone()), Some(&bytes))?;
    said(context, &new, format!("{id} is {} again, and was {}.", new.current.version, entry.current.version))
}

pub(super) fn grant(context: &Context, grant: &Grant) -> Result<Exit, Failure> {
    person::must_be_one("grant rights")?;
    regrant(context, &grant.id, |grants, seen| {
        let asks: BTreeSet<String> = seen.asks.iter().cloned().collect();
        if let Some(unasked) = grant.rights.iter().find(|right| !asks.contains(*right)) {
            let (id, asks) = (&grant.id, listed(&asks));
            return Err(Failure::usage(format!("`{id}` does not ask for `{unasked}`; it asks for {asks}")));
        }
        grants.extend(grant.rights.iter().cloned());
        Ok(())
    })
}

pub(super) fn revoke(context: &Context, revoke: &Revoke) -> Result<Exit, Failure> {
    person::must_be_one("revoke rights")?;
    regrant(context, &revoke.id, |grants, _| match revoke.rights.iter().find(|right| !grants.remove(*right)) {
        None => Ok(()),
        Some(right) => Err(Failure::not_found(format!("`{}` has no right `{right}`", revoke.id))),
    })
}

fn regrant(
    context: &Context,
    id: &PluginId,
    change: impl FnOnce(&mut BTreeSet<String>, &Inspection) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let work = Workplace::open(context)?;
    let installed = work.lock()?;
    let entry = work.entry(&installed, id)?;
    let bytes = work.component(entry)?;
    let mut new = entry.clone();
    change(&mut new.current.grants, &instar_plugin::inspect(id.as_str(), &bytes))?;
    work.change(id, Some(entry), Some(new.clone()), None)?;
    // What it cannot do without may be missing now: the operator wanted that, and hears it.
    let tried = try_out(id, &bytes, new.current.grants.clone(), work.settings());
    if let Err(error) = tried {
        context.out.note(format!("It is not loaded any more: {error}"));
    }
    said(context, &new, format!("{id} may use {}.", listed(&new.current.grants)))
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
    let work = Workplace::open(context)?;
    find_component(id.as_str(), Some(&work.project))?;
    config::store(&work.project, &format!("plugins.{id}.enabled"), &enabled.into())?;
    if enabled {
        let freed = work.folder.quarantine(&work.project.run_dir(), id, None);
        freed.map_err(|error| Failure::failed(error.to_string()))?;
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
