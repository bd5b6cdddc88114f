//! `instar plugin sync` and `verify`: what the lock says, and what is there.

use instar_core::id::PluginId;
use serde_json::{Value, json};

use super::super::exit::{Exit, Failure};
use super::super::output::{Shown, Tone, one_line};
use super::super::{Context, examples, person, sentence};
use super::{block_on, failed, site};
use crate::installed::{Entry, Place, Site, SiteFault, fetch};

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

/// One plugin, and what is to be said of it.
struct Told {
    id: PluginId,
    version: String,
    word: &'static str,
    problem: Option<String>,
}

pub(super) fn sync(context: &Context, sync: &Sync) -> Result<Exit, Failure> {
    person::must_be_one("fetch plugins")?;
    let site = site(context)?;
    let installed = site.lock().map_err(failed)?;
    let bring =
        |entry: &Entry| context.out.during(&format!("fetching {}", entry.id), || bring(&site, entry, sync.offline));
    let all: Vec<Told> = installed.plugins.iter().map(bring).collect();
    report(context, &all)
}

fn bring(site: &Site, entry: &Entry, offline: bool) -> Told {
    let told = |word, problem| Told { id: entry.id.clone(), version: entry.current.version.clone(), word, problem };
    if site.folder.component(&entry.current).is_some() {
        return told("there", None);
    }
    let found = match site.shared.find(&entry.current) {
        Some(bytes) => Ok(bytes),
        None if offline => Err("it was never fetched on this machine, and `--offline` asks nobody".to_owned()),
        None => fetched(entry),
    };
    let restored = found.and_then(|bytes| {
        let restored = site.folder.restore(&site.project.run_dir(), &entry.current, &bytes);
        restored.map(|()| site.shared.keep(&entry.current, &bytes)).map_err(|error| error.to_string())
    });
    match restored {
        Ok(()) => told("fetched", None),
        Err(problem) => told("missing", Some(problem)),
    }
}

/// The bytes that the lock names, and no others.
fn fetched(entry: &Entry) -> Result<Vec<u8>, String> {
    let said = |error: crate::installed::FetchError| sentence(&error.into());
    let place = Place::parse(&entry.current.source).map_err(said)?;
    let fetched = block_on(fetch(&place)).map_err(|failure| failure.sentence().to_owned())?.map_err(said)?;
    let bytes = fetched.bytes;
    if blake3::hash(&bytes).to_hex().as_str() == entry.current.hex() {
        return Ok(bytes);
    }
    let id = &entry.id;
    Err(format!("{} holds another component now; `instar plugin upgrade {id}` looks at it", place.text()))
}

pub(super) fn verify(context: &Context, verify: &Verify) -> Result<Exit, Failure> {
    let site = site(context)?;
    let installed = site.lock().map_err(failed)?;
    if let Some(id) = &verify.id {
        site.entry(id).map_err(failed)?;
    }
    let wanted = installed.plugins.iter().filter(|entry| verify.id.as_ref().is_none_or(|id| *id == entry.id));
    let look = |entry: &Entry| context.out.during(&format!("looking at {}", entry.id), || look(&site, entry));
    let all: Vec<Told> = wanted.map(look).collect();
    report(context, &all)
}

fn look(site: &Site, entry: &Entry) -> Told {
    let told = |word, problem| Told { id: entry.id.clone(), version: entry.current.version.clone(), word, problem };
    let Some(bytes) = site.folder.component(&entry.current) else {
        let path = site.folder.path(&entry.current);
        let what = if path.exists() { "is not what was installed" } else { "is missing" };
        return told("broken", Some(format!("{} {what}: `instar plugin sync` fetches it again", path.display())));
    };
    match site.try_component(&entry.id, &bytes, entry.current.grants.clone()) {
        Ok(None) => told("whole", None),
        Ok(Some(note)) => told("whole", Some(note.cause.to_string())),
        Err(SiteFault::Unloadable(error)) => told("broken", Some(error.cause.to_string())),
        Err(fault) => told("broken", Some(fault.to_string())),
    }
}

fn report(context: &Context, all: &[Told]) -> Result<Exit, Failure> {
    let is_bad = |told: &Told| matches!(told.word, "missing" | "broken");
    if context.out.json {
        let value = |told: &Told| -> Value {
            json!({ "id": told.id, "version": told.version, "state": told.word, "problem": told.problem })
        };
        context.out.value(&json!({ "plugins": all.iter().map(value).collect::<Vec<_>>() }))?;
    } else if all.is_empty() {
        context.out.line("Nothing is installed.")?;
    } else {
        let row = |told: &Told| {
            let tone = if is_bad(told) { Tone::Bad } else { Tone::Good };
            let problem = told.problem.as_deref().map_or("-".to_owned(), one_line);
            vec![
                Shown::plain(told.id.as_str()),
                Shown::plain(&told.version),
                Shown::new(told.word, tone),
                Shown::plain(problem),
            ]
        };
        context.out.table(&["PLUGIN", "VERSION", "STATE", "WHY"], all.iter().map(row).collect())?;
    }
    Ok(if all.iter().any(is_bad) { Exit::Failed } else { Exit::Ok })
}
