//! `instar job skips`: what was not started, and why.

use instar_api::{SkipEvent, SkipLedger, paths};
use jiff::Timestamp;

use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Output, Shown, one_line, shortened};
use crate::cli::{Context, examples};

/// Show what was not started, and why
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar job skips",
    "instar job skips check-email --since-hours 168",
    "instar job skips --json",
]))]
pub(crate) struct Skips {
    /// A job's slug, to see its skips one by one
    slug: Option<String>,
    /// How far to look back
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=8760))]
    since_hours: u32,
}

const LONGEST_REASON: usize = 100;

pub(super) fn run(context: &Context, skips: &Skips) -> Result<Exit, Failure> {
    let mut path = format!("{}?sinceHours={}", paths::SKIP_LEDGER, skips.since_hours);
    if let Some(slug) = &skips.slug {
        path.push_str(&format!("&slug={}", super::parsed(slug)?));
    }
    let answer = context.client()?.get(&path)?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    let ledger: SkipLedger = answer.read()?;
    if ledger.total_skips == 0 {
        context.out.line(format!("Nothing was skipped in the last {} hours.", ledger.since_hours))?;
    } else if let Some(events) = &ledger.events {
        let rows = events.iter().map(|event| event_row(&context.out, event)).collect();
        context.out.table(&["WHEN", "DUE", "REASON"], rows)?;
    } else {
        context.out.table(&["SLUG", "SKIPS", "REASONS"], summary_rows(&ledger))?;
    }
    Ok(Exit::Ok)
}

fn summary_rows(ledger: &SkipLedger) -> Vec<Vec<Shown>> {
    let row = |(slug, summary): (&String, &instar_api::SkipSummary)| {
        let reasons: Vec<_> = summary.by_reason.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        vec![Shown::plain(one_line(slug)), Shown::plain(summary.total.to_string()), Shown::plain(reasons.join(", "))]
    };
    ledger.summary.iter().map(row).collect()
}

fn event_row(out: &Output, event: &SkipEvent) -> Vec<Shown> {
    let time = |text: &String| text.parse::<Timestamp>().map_or_else(|_| one_line(text), |at| out.time(at));
    let reason = match &event.detail {
        Some(detail) => format!("{}: {}", event.reason, one_line(detail)),
        None => event.reason.clone(),
    };
    vec![
        Shown::plain(time(&event.timestamp)),
        Shown::plain(event.scheduled_at.as_ref().map_or_else(|| "-".to_owned(), time)),
        Shown::plain(shortened(&reason, LONGEST_REASON)),
    ]
}
