//! `instar plugin sync` and `verify`: what the lock says, and what is there.

use instar_core::id::PluginId;
use serde_json::{Value, json};

use super::super::exit::{Exit, Failure};
use super::super::output::{Shown, Tone, one_line};
use super::super::{Context, examples, person, sentence};
use super::{block_on, failed, site};
use crate::installed::{Component, LockFile, Place, Site, SiteFault, fetch};

/// Fetch what the lock names and what is not there, by its digest; nothing else is taken
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar plugin sync", "instar plugin sync --offline"]))]
pub(crate) struct Sync {
    /// Only from what this user fetched before
    #[arg(long)]
    offline: bool,
}

/// Say whether what is installed is whole and can be loaded; exit code 1 if something is not
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar plugin verify", "instar plugin verify execute-hello --json"]))]
pub(crate) struct Verify {
    /// Only this one
    id: Option<PluginId>,
}

/// A component that the lock names.
struct Named<'a> {
    id: &'a PluginId,
    component: &'a Component,
    /// It judges beside a guard, without effect.
    shadow: bool,
}

/// One plugin, and what is to be said of it.
struct Told {
    id: PluginId,
    shadow: bool,
    version: String,
    word: &'static str,
    problem: Option<String>,
}

pub(super) fn sync(context: &Context, sync: &Sync) -> Result<Exit, Failure> {
    person::must_be_one("fetch plugins")?;
    let site = site(context)?;
    let installed = site.lock().map_err(failed)?;
    let bring =
        |named: Named<'_>| context.out.during(&format!("fetching {}", named.id), || bring(&site, &named, sync.offline));
    let all: Vec<Told> = named(&installed).map(bring).collect();
    report(context, &all)
}

fn named(installed: &LockFile) -> impl Iterator<Item = Named<'_>> {
    let plugins =
        installed.plugins.iter().map(|entry| Named { id: &entry.id, component: &entry.current, shadow: false });
    plugins.chain(installed.shadows.iter().map(|it| Named { id: &it.id, component: &it.component, shadow: true }))
}

fn bring(site: &Site, named: &Named<'_>, offline: bool) -> Told {
    let component = named.component;
    let told = |word, problem| named.told(word, problem);
    if site.folder.component(component).is_some() {
        return told("there", None);
    }
    let found = match site.shared.find(component) {
        Some(bytes) => Ok(bytes),
        None if offline => Err("it was never fetched on this machine, and `--offline` asks nobody".to_owned()),
        None => fetched(named),
    };
    let restored = found.and_then(|bytes| {
        let restored = site.folder.restore(&site.project.run_dir(), component, &bytes);
        restored.map(|()| site.shared.keep(component, &bytes)).map_err(|error| error.to_string())
    });
    match restored {
        Ok(()) => told("fetched", None),
        Err(problem) => told("missing", Some(problem)),
    }
}

/// The bytes that the lock names, and no others.
fn fetched(named: &Named<'_>) -> Result<Vec<u8>, String> {
    let said = |error: crate::installed::FetchError| sentence(&error.into());
    let place = Place::parse(&named.component.source).map_err(said)?;
    let fetched = block_on(fetch(&place)).map_err(|failure| failure.sentence().to_owned())?.map_err(said)?;
    let bytes = fetched.bytes;
    if blake3::hash(&bytes).to_hex().as_str() == named.component.hex() {
        return Ok(bytes);
    }
    let (id, place) = (named.id, place.text());
    Err(match named.shadow {
        true => format!("{place} holds another component now; `instar plugin shadow {id} {place}` takes that"),
        false => format!("{place} holds another component now; `instar plugin upgrade {id}` looks at it"),
    })
}

pub(super) fn verify(context: &Context, verify: &Verify) -> Result<Exit, Failure> {
    let site = site(context)?;
    let installed = site.lock().map_err(failed)?;
    if let Some(id) = &verify.id {
        site.entry(id).map_err(failed)?;
    }
    let wanted = named(&installed).filter(|named| verify.id.as_ref().is_none_or(|id| id == named.id));
    let look = |named: Named<'_>| context.out.during(&format!("looking at {}", named.id), || look(&site, &named));
    let all: Vec<Told> = wanted.map(look).collect();
    report(context, &all)
}

fn look(site: &Site, named: &Named<'_>) -> Told {
    let told = |word, problem| named.told(word, problem);
    let Some(bytes) = site.folder.component(named.component) else {
        let path = site.folder.path(named.component);
        let what = if path.exists() { "is not what was installed" } else { "is missing" };
        return told("broken", Some(format!("{} {what}: `instar plugin sync` fetches it again", path.display())));
    };
    match site.try_component(named.id, &bytes, named.component.grants.clone()) {
        Ok(None) => told("whole", None),
        Ok(Some(note)) => told("whole", Some(note.cause.to_string())),
        Err(SiteFault::Unloadable(error)) => told("broken", Some(error.cause.to_string())),
        Err(fault) => told("broken", Some(fault.to_string())),
    }
}

impl Named<'_> {
    fn told(&self, word: &'static str, problem: Option<String>) -> Told {
        let (id, version) = (self.id.clone(), self.component.version.clone());
        Told { id, shadow: self.shadow, version, word, problem }
    }
}

fn report(context: &Context, all: &[Told]) -> Result<Exit, Failure> {
    let is_bad = |told: &Told| matches!(told.word, "missing" | "broken");
    if context.out.json {
        let value = |told: &Told| -> Value {
            json!({
                "id": told.id, "version": told.version, "shadow": told.shadow, "state": told.word,
                "problem": told.problem,
            })
        };
        context.out.value(&json!({ "plugins": all.iter().map(value).collect::<Vec<_>>() }))?;
    } else if all.is_empty() {
        context.out.line("Nothing is installed.")?;
    } else {
        let row = |told: &Told| {
            let tone = if is_bad(told) { Tone::Bad } else { Tone::Good };
            let problem = told.problem.as_deref().map_or("-".to_owned(), one_line);
            vec![
                Shown::plain(if told.shadow { format!("{} (shadow)", told.id) } else { told.id.to_string() }),
                Shown::plain(&told.version),
                Shown::new(told.word, tone),
                Shown::plain(problem),
            ]
        };
        context.out.table(&["PLUGIN", "VERSION", "STATE", "WHY"], all.iter().map(row).collect())?;
    }
    Ok(if all.iter().any(is_bad) { Exit::Failed } else { Exit::Ok })
}
