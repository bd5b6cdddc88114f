//! `instar guard log` and `stats`: what was decided.

use std::collections::BTreeMap;

use clap::Args;
use instar_api::{GuardDecision, GuardDecisions};
use serde_json::json;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::logs::{Growing, LOOK};
use crate::cli::output::{Shown, Tone, one_line, shortened};
use crate::guards::{DecisionLog, Home};

#[derive(Debug, Args)]
pub(crate) struct Newest {
    /// How many
    #[arg(short = 'n', long, default_value_t = 20)]
    lines: usize,
    /// Go on printing what is decided from now on
    #[arg(short, long)]
    follow: bool,
}

/// More of the log is not looked at.
pub(super) const MOST: usize = 100_000;

pub(super) fn log(context: &Context, home: &Home, newest: &Newest) -> Result<Exit, Failure> {
    let kept = decisions(home, newest.lines.min(MOST))?;
    if newest.follow {
        return follow(context, home, &kept);
    }
    if context.out.json {
        context.out.value(&json!(GuardDecisions { decisions: kept }))?;
        return Ok(Exit::Ok);
    }
    context.out.table(&["AT", "ANSWER", "TOOL", "RULES", "WHAT"], kept.iter().map(row).collect())?;
    Ok(Exit::Ok)
}

/// The oldest first, as they will go on to come.
fn follow(context: &Context, home: &Home, kept: &[GuardDecision]) -> Result<Exit, Failure> {
    let path = home.decisions();
    let failed = |error: std::io::Error| Failure::io(format_args!("failed to read {}", path.display()), &error);
    let mut file = Growing::open(&path);
    // What is there already was just read.
    file.new_text().map_err(failed)?;
    kept.iter().rev().try_for_each(|decision| say(context, decision))?;
    loop {
        std::thread::sleep(LOOK);
        let text = file.new_text().map_err(failed)?;
        let new = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        new.into_iter().try_for_each(|decision| say(context, &decision))?;
    }
}

fn say(context: &Context, decision: &GuardDecision) -> Result<(), Failure> {
    if context.out.json {
        return context.out.line(json!(decision).to_string());
    }
    let rules: Vec<&str> = decision.findings.iter().map(|finding| finding.rule.as_str()).collect();
    let what = shortened(&one_line(&decision.subject), 80);
    context.out.line(format!("{}  {}  {}  {}  {what}", decision.at, decision.answer, decision.tool, rules.join(", ")))
}

fn row(decision: &GuardDecision) -> Vec<Shown> {
    let tone = if decision.answer == "pass" { Tone::Good } else { Tone::Bad };
    let rules: Vec<&str> = decision.findings.iter().map(|finding| finding.rule.as_str()).collect();
    vec![
        Shown::plain(&decision.at),
        Shown::new(&decision.answer, tone),
        Shown::plain(&decision.tool),
        Shown::plain(rules.join(", ")),
        Shown::plain(shortened(&one_line(&decision.subject), 80)),
    ]
}

pub(super) fn stats(context: &Context, home: &Home) -> Result<Exit, Failure> {
    let decisions = decisions(home, MOST)?;
    let mut answers: BTreeMap<&str, usize> = BTreeMap::new();
    for decision in &decisions {
        *answers.entry(decision.answer.as_str()).or_default() += 1;
    }
    let rules = counted(&decisions);
    let mut times: Vec<u64> = decisions.iter().map(|decision| decision.took_us).collect();
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or(0);
    if context.out.json {
        context
            .out
            .value(&json!({ "decisions": decisions.len(), "answers": answers, "rules": rules, "medianUs": median }))?;
        return Ok(Exit::Ok);
    }
    context.out.line(format!("{} decisions, half of them within {median} µs", decisions.len()))?;
    let rows = answers.iter().map(|(answer, count)| (answer.to_string(), *count)).chain(rules);
    let rows = rows.map(|(what, count)| vec![Shown::plain(what), Shown::plain(count.to_string())]);
    context.out.table(&["WHAT", "COUNT"], rows.collect())?;
    Ok(Exit::Ok)
}

pub(super) fn counted(decisions: &[GuardDecision]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in decisions.iter().flat_map(|decision| &decision.findings) {
        *counts.entry(finding.rule.clone()).or_default() += 1;
    }
    counts
}

pub(super) fn decisions(home: &Home, most: usize) -> Result<Vec<GuardDecision>, Failure> {
    let log = DecisionLog::new(home.decisions());
    let failed = |error: std::io::Error| Failure::io(format_args!("failed to read {}", log.path().display()), &error);
    log.newest(most).map_err(failed)
}
