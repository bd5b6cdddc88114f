//! `instar plugin install` and `upgrade`: fetch, look, try, ask, and put it into its place.

use std::time::Instant;

use instar_core::id::PluginId;
use instar_plugin::PluginError;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::exit::{Exit, Failure};
use super::super::output::one_line;
use super::super::{Context, examples, person, sentence};
use super::consent::{self, Answer};
use super::{Workplace, block_on};
use crate::bundled;
use crate::installed::{
    Candidate, Claims, Component, Entry, InstallError, LockFile, Place, Unfit, examine, fetch, judge, kept, lines,
    neighbours, try_out,
};

/// Install a plugin from a file, the folder of an author, a URL or a registry; shows what it asks for first
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar plugin install ./execute-hello.wasm",
    "instar plugin install ../execute-hello --yes",
    "instar plugin install https://example.org/notifier-mail.wasm --yes --grant http,secrets",
    "instar plugin install oci://ghcr.io/ada/execute-hello:0.1.0",
]))]
pub(crate) struct Install {
    /// A component, a folder with what `instar plugin build` made, or what begins with https:// or oci://
    #[arg(value_name = "FILE|DIR|URL")]
    from: String,
    #[command(flatten)]
    answer: Answer,
    /// Also an older version than the installed one
    #[arg(long)]
    downgrade: bool,
    /// The public key that it must be signed with, as minisign prints it
    #[arg(long, value_name = "KEY")]
    signer: Option<String>,
}

/// Fetch installed plugins again from where they came from, and take what is newer
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar plugin upgrade execute-hello", "instar plugin upgrade --all --yes"]))]
pub(crate) struct Upgrade {
    /// The plugin
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    id: Option<PluginId>,
    /// All that are installed
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    answer: Answer,
}

/// How it is to be installed.
pub(super) struct Wishes<'a> {
    pub(super) answer: &'a Answer,
    pub(super) downgrade: bool,
    pub(super) signer: Option<String>,
}

/// What became of one wish.
pub(super) enum Outcome {
    Installed(Box<Entry>),
    UpToDate(Box<Entry>),
}

pub(super) fn install(context: &Context, install: &Install) -> Result<Exit, Failure> {
    person::must_be_one("install a plugin")?;
    let work = Workplace::open(context)?;
    let place = Place::parse(&install.from).map_err(|error| Failure::refused(sentence(&error.into())))?;
    let wishes = Wishes { answer: &install.answer, downgrade: install.downgrade, signer: install.signer.clone() };
    let outcome = bring(context, &work, &place, None, &wishes)?;
    told(context, &[outcome])
}

pub(super) fn upgrade(context: &Context, upgrade: &Upgrade) -> Result<Exit, Failure> {
    person::must_be_one("upgrade a plugin")?;
    let work = Workplace::open(context)?;
    let installed = work.lock()?;
    let wanted: Vec<Entry> = match &upgrade.id {
        Some(id) => vec![work.entry(&installed, id)?.clone()],
        None => installed.plugins.clone(),
    };
    let wishes = Wishes { answer: &upgrade.answer, downgrade: false, signer: None };
    let (mut outcomes, mut failures) = (Vec::new(), Vec::new());
    for entry in &wanted {
        let place = Place::parse(&entry.current.source).map_err(|error| Failure::refused(sentence(&error.into())));
        let outcome = place.and_then(|place| bring(context, &work, &place, Some(&entry.id), &wishes));
        match outcome {
            Ok(outcome) => outcomes.push(outcome),
            Err(failure) if wanted.len() > 1 => {
                context.out.note(format!("{}: {}", entry.id, failure.sentence()));
                failures.push(failure);
            }
            Err(failure) => return Err(failure),
        }
    }
    told(context, &outcomes)?;
    match failures.len() {
        0 => Ok(Exit::Ok),
        count => Err(Failure::failed(format!("{count} of {} plugins were not upgraded", wanted.len()))),
    }
}

/// Everything until the rename of the lock only looks.
pub(super) fn bring(
    context: &Context,
    work: &Workplace,
    place: &Place,
    only: Option<&PluginId>,
    wishes: &Wishes<'_>,
) -> Result<Outcome, Failure> {
    let (candidate, signature) = candidate(context, place)?;
    if let Some(id) = only.filter(|id| **id != candidate.id) {
        let (other, place) = (&candidate.id, place.text());
        return Err(Failure::refused(format!(
            "{place} is a plugin `{other}` now, and not `{id}`; nothing was changed"
        )));
    }
    let installed = work.lock()?;
    let before = installed.entry(&candidate.id);
    if let Some(entry) = before.filter(|entry| entry.current.digest == candidate.digest()) {
        return Ok(Outcome::UpToDate(Box::new(entry.clone())));
    }
    check(work, &candidate, &installed, wishes.downgrade).map_err(unfit)?;
    let signer = signer(work, &candidate, signature.as_deref(), before, wishes.signer.as_deref())?;
    try_component(context, work, &candidate)?;
    // Of one that is lost nobody knows what it did, so that all is new.
    let former = before.map(|entry| work.folder.component(&entry.current).unwrap_or_default());
    let former = former.map(|bytes| instar_plugin::inspect("", &bytes).wishes);
    let lines = lines(former.as_deref(), &candidate.seen.wishes);
    consent::show(context, &candidate, before, signer.as_deref(), &lines)?;
    let granted_before = before.map(|entry| entry.current.grants.clone()).unwrap_or_default();
    let grants = consent::ask(&candidate, &kept(&granted_before, &lines), wishes.answer)?;
    let current = candidate.component(grants, signer, Timestamp::now());
    let previous = before.map(|entry| entry.current.clone());
    let entry = Entry { id: candidate.id.clone(), current, previous };
    work.change(&candidate.id, before, Some(entry.clone()), Some(&candidate.bytes))?;
    work.shared.keep(&entry.current, &candidate.bytes);
    Ok(Outcome::Installed(Box::new(entry)))
}

fn candidate(context: &Context, place: &Place) -> Result<(Candidate, Option<String>), Failure> {
    let begun = Instant::now();
    let fetched = context.out.during(&format!("reading {}", place.text()), || block_on(fetch(place)));
    let fetched = fetched?.map_err(|error| Failure::refused(sentence(&error.into())))?;
    context.out.note(format!("read {} bytes of {} in {:?}", fetched.bytes.len(), place.text(), begun.elapsed()));
    let candidate = examine(&place.name(), place.text(), fetched.bytes).map_err(unfit)?;
    Ok((candidate, fetched.signature))
}

/// Whose it is, if it may be anybody's.
fn signer(
    work: &Workplace,
    candidate: &Candidate,
    signature: Option<&str>,
    before: Option<&Entry>,
    named: Option<&str>,
) -> Result<Option<String>, Failure> {
    let claims = Claims {
        signature,
        publisher: candidate.about.publisher.as_deref(),
        pinned: before.and_then(|entry| entry.current.signer.as_deref()),
        named,
        trusted: &work.config.plugin_trust.keys,
        required: work.config.plugin_trust.required,
    };
    judge(&candidate.bytes, &claims)
        .map_err(|error| Failure::refused(format!("`{}`: {error}; nothing was changed", candidate.id)))
}

fn check(work: &Workplace, candidate: &Candidate, installed: &LockFile, downgrade: bool) -> Result<(), Unfit> {
    candidate.check_place(&neighbours(&bundled::plugins(), &work.project.plugins_dir(), installed))?;
    if downgrade { Ok(()) } else { candidate.check_version(installed.entry(&candidate.id)) }
}

/// With all that it asks for: what it is granted is decided behind it.
fn try_component(context: &Context, work: &Workplace, candidate: &Candidate) -> Result<(), Failure> {
    let begun = Instant::now();
    let tried = context.out.during(&format!("compiling {} and trying it out", candidate.id), || {
        try_out(&candidate.id, &candidate.bytes, candidate.asks(), work.settings())
    });
    let note = tried.map_err(|error| Failure::refused(not_loadable(&error)))?;
    if let Some(note) = note {
        context.out.note(sentence(&note.into()));
    }
    context.out.note(format!("compiled, linked and tried out in {:?}", begun.elapsed()));
    Ok(())
}

/// A plugin that does not accept its settings says which it wants.
pub(super) fn not_loadable(error: &PluginError) -> String {
    let id = &error.plugin;
    let way = match error.code() {
        "bad-config" => {
            format!("; set what it wants by `instar config set plugins.{id}.config.KEY VALUE`, and install it then")
        }
        _ => String::new(),
    };
    format!("{}{way}; nothing was changed", one_line(&error.to_string()))
}

fn unfit(error: Unfit) -> Failure {
    Failure::refused(format!("{}; nothing was changed", one_line(&error.to_string())))
}

pub(super) fn failed(error: InstallError) -> Failure {
    match error {
        InstallError::Io { what, source } => {
            Failure::io(format_args!("failed to {what}, so nothing was changed"), &source)
        }
        InstallError::Busy | InstallError::Changed(_) | InstallError::Lock { .. } => Failure::failed(error.to_string()),
    }
}

/// The receipt.
fn told(context: &Context, outcomes: &[Outcome]) -> Result<Exit, Failure> {
    if context.out.json {
        let all: Vec<_> = outcomes.iter().map(Outcome::value).collect();
        context.out.value(&json!({ "plugins": all }))?;
        return Ok(Exit::Ok);
    }
    for outcome in outcomes {
        match outcome {
            Outcome::UpToDate(entry) => {
                context.out.line(format!("{} {} is what is installed already.", entry.id, entry.current.version))?;
            }
            Outcome::Installed(entry) => receipt(context, entry)?,
        }
    }
    Ok(Exit::Ok)
}

fn receipt(context: &Context, entry: &Entry) -> Result<(), Failure> {
    let Entry { id, current, previous } = entry;
    context.out.line(format!("Installed {id} {} ({}).", current.version, current.digest))?;
    context.out.line(format!("  may use  {}", consent::listed(&current.grants)))?;
    context.out.line(format!("  signed   {}", current.signer.as_deref().unwrap_or("by nobody")))?;
    if let Some(previous) = previous {
        context.out.line(format!("  before   {}; `instar plugin rollback {id}` goes back to it", previous.version))?;
    }
    Ok(())
}

impl Outcome {
    fn value(&self) -> Value {
        match self {
            Self::Installed(entry) => entry_value(entry, true),
            Self::UpToDate(entry) => entry_value(entry, false),
        }
    }
}

pub(super) fn entry_value(entry: &Entry, changed: bool) -> Value {
    let component = |component: &Component| {
        json!({
            "version": component.version, "source": component.source, "digest": component.digest,
            "bytes": component.bytes, "kinds": component.kinds, "grants": component.grants,
            "signer": component.signer, "installedAt": component.installed_at,
        })
    };
    let mut value = component(&entry.current);
    value["id"] = entry.id.as_str().into();
    value["changed"] = changed.into();
    value["previous"] = entry.previous.as_ref().map_or(Value::Null, component);
    value
}
