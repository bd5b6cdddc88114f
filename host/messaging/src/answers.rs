//! What the host answers to commands, as Markdown.

use instar_core::attention::Item;
use instar_core::conversation::Place;
use instar_core::quota::QuotaReading;
use instar_core::session::Session;
use instar_core::users::Role;

use crate::commands::{COMMANDS, Row};
use crate::route::Scene;

/// More lines of a list are counted and not shown.
const MOST_LINES: usize = 40;

pub(crate) fn help(role: Role) -> String {
    let shown = COMMANDS.iter().filter(|row| row.role <= role && !row.help.1.is_empty());
    let lines = shown.map(|row| format!("/{} {}- {}", row.names[0], space_after(row.help.0), row.help.1));
    format!("{}\n\nAll else goes to the session of this conversation.", lines.collect::<Vec<_>>().join("\n"))
}

fn space_after(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{text} ") }
}

pub(crate) fn needs_role(row: Row) -> String {
    format!("`/{}` needs the role {} in `users.json`.", row.names[0], row.role.as_str())
}

pub(crate) fn sessions(scene: &Scene<'_>, rest: &str) -> String {
    let conversations = scene.state.conversations();
    let only_unclaimed = rest.contains("unclaimed");
    let lines = scene.sessions.iter().filter_map(|session: &Session| {
        let place = conversations.place_of(&session.name);
        if only_unclaimed && place.is_some() {
            return None;
        }
        let whose = place.map_or_else(|| "unclaimed".to_owned(), |place| name_of(scene, place));
        Some(format!("- `{}`: {}, {whose}", session.name, session.status.as_str()))
    });
    list(lines.collect(), "No session runs.")
}

fn name_of(scene: &Scene<'_>, place: &Place) -> String {
    match scene.state.conversations().name_of(place) {
        Some(name) => format!("{name} ({})", place.label()),
        None => place.label(),
    }
}

pub(crate) fn status(scene: &Scene<'_>) -> String {
    let conversations = scene.state.conversations();
    let minutes = scene.now.duration_since(scene.started_at).as_mins();
    format!(
        "instar {} runs for {minutes} min: {} sessions, {} jobs, {} conversations, {} of them wait for an answer.",
        scene.version,
        scene.sessions.len(),
        scene.state.jobs().count(),
        conversations.bound().count(),
        conversations.unanswered().count(),
    )
}

pub(crate) fn jobs(scene: &Scene<'_>) -> String {
    let lines = scene.state.jobs().map(|entry| {
        let job = &entry.job;
        let state = scene.state.job_state(&job.slug);
        let last = state.and_then(|state| state.last_result).map_or("never ran", |result| result.as_str());
        let next = match (job.enabled, scene.state.pause_of(&job.slug), entry.next) {
            (false, ..) => "switched off".to_owned(),
            (true, Some(_), _) => "paused".to_owned(),
            (true, None, Some(next)) => format!("next {}", next.strftime("%Y-%m-%d %H:%M UTC")),
            (true, None, None) => "never due".to_owned(),
        };
        format!("- `{}`: {last}, {next}", job.slug)
    });
    list(lines.collect(), "There are no jobs.")
}

/// The open items, the more urgent first.
pub(crate) fn attention(scene: &Scene<'_>) -> String {
    let mut items: Vec<_> = scene.state.attention_items().filter(|item| !item.status.is_closed()).collect();
    items.sort_by_key(|item| (item.wanted.priority, std::cmp::Reverse(item.created_at)));
    let line = |item: &&Item| {
        let wanted = &item.wanted;
        format!("- `{}` {} ({}): {}", wanted.id, wanted.priority.as_str(), item.status.as_str(), wanted.title)
    };
    list(items.iter().map(line).collect(), "There is nothing to look at.")
}

pub(crate) fn quota(scene: &Scene<'_>) -> String {
    let quota = match scene.state.quota_reading() {
        QuotaReading::Data(quota) => quota,
        QuotaReading::None => return "Nothing is known of the quota: no collector has written it.".into(),
        QuotaReading::Broken(why) => return format!("The quota file cannot be read: {why}"),
    };
    let hours = |percent: Option<f64>| percent.map(|percent| format!(", {percent:.0} % of five hours"));
    let rules = scene.state.limits.admission.quota.as_ref();
    let advice = rules.map(|rules| format!(": {}", rules.recommendation(quota).as_str())).unwrap_or_default();
    let mut text = format!(
        "{:.0} % of the week{}, as of {}{advice}.",
        quota.usage_percent,
        hours(quota.five_hour_percent).unwrap_or_default(),
        quota.last_updated.strftime("%Y-%m-%d %H:%M UTC"),
    );
    for account in &quota.accounts {
        let used = account.five_hour_percent;
        let active = if account.is_active { ", in use" } else { "" };
        text.push_str(&format!(
            "\n- {}: {:.0} % of the week{}{active}",
            account.email,
            account.usage_percent,
            hours(used).unwrap_or_default()
        ));
    }
    text
}

pub(crate) fn notifiers(scene: &Scene<'_>) -> String {
    let lines = scene.state.notifiers.iter().map(|notifier| format!("- `{notifier}`"));
    list(lines.collect(), "No notifier is enabled.")
}

fn list(lines: Vec<String>, if_empty: &str) -> String {
    let more = lines.len().saturating_sub(MOST_LINES);
    let mut text = lines.into_iter().take(MOST_LINES).collect::<Vec<_>>().join("\n");
    if more > 0 {
        text.push_str(&format!("\n… and {more} more"));
    }
    if text.is_empty() { if_empty.to_owned() } else { text }
}

/// The agent's account is used up: a new session would end as the last one did.
pub(crate) fn quota_is_gone(session: &str) -> String {
    format!(
        "Session `{session}` ended because the quota of the agent's account is used up, so it is not begun anew. \
         `/quota` says how much is used; `/new` begins a session all the same."
    )
}
