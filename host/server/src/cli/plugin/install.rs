//! `instar plugin install` and `upgrade`: fetch, look, try, ask, and put it into its place.

use std::time::Instant;

use instar_core::id::PluginId;
use serde_json::{Value, json};

use super::super::exit::{Exit, Failure};
use super::super::{Context, examples, person, sentence};
use super::consent::{self, Answer};
use super::{block_on, failed, site};
use crate::installed::{Component, Entry, Fetched, Offer, Offered, Place, Site, Wish, fetch, listed};

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

/// What became of one wish.
pub(super) enum Outcome {
    Installed(Box<Entry>),
    UpToDate(Box<Entry>),
}

pub(super) fn install(context: &Context, install: &Install) -> Result<Exit, Failure> {
    person::must_be_one("install a plugin")?;
    let wish = Wish { only: None, downgrade: install.downgrade, signer: install.signer.clone() };
    let outcome = bring(context, &site(context)?, &place(&install.from)?, &wish, &install.answer)?;
    told(context, &[outcome])
}

pub(super) fn upgrade(context: &Context, upgrade: &Upgrade) -> Result<Exit, Failure> {
    person::must_be_one("upgrade a plugin")?;
    let site = site(context)?;
    let wanted: Vec<Entry> = match &upgrade.id {
        Some(id) => vec![site.entry(id).map_err(failed)?],
        None => site.lock().map_err(failed)?.plugins,
    };
    let (mut outcomes, mut failures) = (Vec::new(), Vec::new());
    for entry in &wanted {
        let wish = Wish { only: Some(entry.id.clone()), downgrade: false, signer: None };
        let outcome =
            place(&entry.current.source).and_then(|place| bring(context, &site, &place, &wish, &upgrade.answer));
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

pub(super) fn place(from: &str) -> Result<Place, Failure> {
    Place::parse(from).map_err(|error| Failure::refused(sentence(&error.into())))
}

pub(super) fn fetched(context: &Context, place: &Place) -> Result<Fetched, Failure> {
    let begun = Instant::now();
    let fetched = context.out.during(&format!("reading {}", place.text()), || block_on(fetch(place)));
    let fetched = fetched?.map_err(|error| Failure::refused(sentence(&error.into())))?;
    context.out.note(format!("read {} bytes of {} in {:?}", fetched.bytes.len(), place.text(), begun.elapsed()));
    Ok(fetched)
}

/// Everything until the yes only looks.
pub(super) fn bring(
    context: &Context,
    site: &Site,
    place: &Place,
    wish: &Wish,
    answer: &Answer,
) -> Result<Outcome, Failure> {
    let offer = match site.look_at(place, fetched(context, place)?, wish).map_err(failed)? {
        Offered::UpToDate(entry) => return Ok(Outcome::UpToDate(entry)),
        Offered::New(offer) => offer,
    };
    try_offer(context, site, &offer)?;
    consent::show(context, &offer)?;
    consent::ask(&offer, answer)?;
    Ok(Outcome::Installed(Box::new(site.accept(*offer).map_err(failed)?)))
}

fn try_offer(context: &Context, site: &Site, offer: &Offer) -> Result<(), Failure> {
    let begun = Instant::now();
    let what = format!("compiling {} and trying it out", offer.candidate.id);
    let tried = context.out.during(&what, || site.try_offer(offer));
    if let Some(note) = tried.map_err(failed)? {
        context.out.note(sentence(&note.into()));
    }
    context.out.note(format!("compiled, linked and tried out in {:?}", begun.elapsed()));
    Ok(())
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
    context.out.line(format!("  may use  {}", listed(&current.grants)))?;
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
