//! `instar notifier list | test`: which notifiers there are, and whether they work; no server is needed.

use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::{Shown, Tone, one_line};
use super::{Context, sentence};
use crate::config::Project;
use crate::notifiers::{NotTold, Notifiers, notice};
use instar_core::id::PluginId;
use instar_core::verdict::Severity;
use tokio::runtime::Runtime;

/// The notifiers, and the runtime on which they are called.
struct Desk {
    runtime: Runtime,
    notifiers: Notifiers,
}

impl Desk {
    fn open(context: &Context, project: &Project) -> Result<Self, Failure> {
        let config = context.config(project)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::io("failed to start a runtime", &error))?;
        let notifiers = runtime.block_on(Notifiers::open(project, &config));
        Ok(Self { notifiers: notifiers.map_err(|error| Failure::failed(sentence(&error)))?, runtime })
    }

    fn probe(&self, notifier: &PluginId) -> Result<String, NotTold> {
        self.runtime.block_on(self.notifiers.probe(notifier))
    }
}

pub(super) fn list(context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &context.project()?)?;
    let mut rows = Vec::new();
    for notifier in desk.notifiers.ids() {
        let (works, says) = match desk.probe(&notifier) {
            Ok(sentence) => (true, sentence),
            Err(error) => (false, error.to_string()),
        };
        rows.push((desk.notifiers.hears(&notifier), notifier, works, says));
    }
    if context.out.json {
        let row = |(hears, id, works, says): &(bool, PluginId, bool, String)| json!({ "id": id, "hears": hears, "works": works, "says": says });
        context.out.value(&json!({ "notifiers": rows.iter().map(row).collect::<Vec<_>>() }))?;
    } else if rows.is_empty() {
        context.out.line("There are no notifiers, so nobody is told anything.")?;
    } else {
        let rows = rows.iter().map(|(hears, id, works, says)| {
            let works = if *works { Shown::new("yes", Tone::Good) } else { Shown::new("no", Tone::Bad) };
            vec![Shown::plain(id.as_str()), works, Shown::plain(if *hears { "yes" } else { "no" }), Shown::plain(says)]
        });
        context.out.table(&["NOTIFIER", "WORKS", "HEARS", "SAYS"], rows.collect())?;
    }
    Ok(Exit::Ok)
}

/// Looks whether it works, and then tells it something.
pub(super) fn test(context: &Context, name: &str) -> Result<Exit, Failure> {
    let project = context.project()?;
    let desk = Desk::open(context, &project)?;
    let all = desk.notifiers.ids();
    let Some(notifier) = all.iter().find(|id| id.as_str() == name) else {
        let names = all.iter().map(PluginId::as_str).collect::<Vec<_>>().join(", ");
        let known = if names.is_empty() { "there is none".to_owned() } else { format!("there are {names}") };
        return Err(Failure::not_found(format!("there is no notifier `{}`; {known}", one_line(name))));
    };
    let failed = |error: NotTold| Failure::failed(error.to_string());
    let goes_to = desk.probe(notifier).map_err(failed)?;
    let body = format!("Somebody called `instar notifier test {notifier}` in {}.", project.dir().display());
    let message = notice(Severity::Info, "instar reaches you".to_owned(), body);
    desk.runtime.block_on(desk.notifiers.tell(notifier, &message)).map_err(failed)?;
    if context.out.json {
        context.out.value(&json!({ "id": notifier, "works": true, "says": goes_to }))?;
    } else {
        context.out.line(format!("{notifier} took the test message: {}.", one_line(&goes_to).trim_end_matches('.')))?;
    }
    Ok(Exit::Ok)
}
