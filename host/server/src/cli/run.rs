//! `instar run`: the whole story of one attempt at a job, and its end on demand.

use clap::Subcommand;
use instar_api::{Event, Run, RunSession, RunStopped, RunStory, SessionOutput, Usage, paths};
use instar_core::id::RunId;
use jiff::SignedDuration;

use super::exit::{Exit, Failure};
use super::output::{Output, Shown, duration, one_line, printable};
use super::{Context, examples};

#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// Show a run in full: what happened, what its agent was told, what it printed, took and left
    #[command(after_help = examples(&[
        "instar run show 0197e8a0-0000-7000-8000-000000000000",
        "instar run show 0197e8a0-0000-7000-8000-000000000000 --lines 500",
    ]))]
    Show {
        /// The run's id, as `instar job runs` shows it
        id: String,
        /// How many lines of the output
        #[arg(short = 'n', long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        lines: u32,
    },
    /// End a run: what it launched is stopped, and one that waits waits no more
    #[command(after_help = examples(&[
        "instar run stop 0197e8a0-0000-7000-8000-000000000000",
        "instar run stop 0197e8a0-0000-7000-8000-000000000000 --json",
    ]))]
    Stop {
        /// The run's id, as `instar job runs` shows it
        id: String,
    },
}

pub(crate) fn run(context: &Context, command: RunCommand) -> Result<Exit, Failure> {
    match command {
        RunCommand::Show { id, lines } => show(context, &id, lines),
        RunCommand::Stop { id } => stop(context, &id),
    }
}

fn stop(context: &Context, id: &str) -> Result<Exit, Failure> {
    let id: RunId = id.parse().map_err(|error| Failure::usage(format!("{error}")))?;
    let answer = context.client()?.delete(&paths::run(&id.to_string()))?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    let stopped: RunStopped = answer.read()?;
    let words = if stopped.stopping { "is being stopped" } else { "had ended before" };
    context.out.line(format!("run {} {words}", stopped.run_id))?;
    Ok(Exit::Ok)
}

fn show(context: &Context, id: &str, lines: u32) -> Result<Exit, Failure> {
    let id: RunId = id.parse().map_err(|error| Failure::usage(format!("{error}")))?;
    let client = context.client()?;
    let answer = client.get(&paths::run(&id.to_string()))?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    let story: RunStory = answer.read()?;
    context.out.line(told(&context.out, &story))?;
    for session in &story.sessions {
        let path = format!("{}?lines={lines}", paths::session_output(&session.id));
        let output = match client.get(&path)?.success() {
            Ok(answer) => answer.read::<SessionOutput>()?.output,
            // Output is kept for a shorter time than runs.
            Err(failure) => format!("({})", failure.sentence()),
        };
        context.out.line(section(&format!("output of {}", session.name), &output))?;
    }
    Ok(Exit::Ok)
}

/// All but the output.
fn told(out: &Output, story: &RunStory) -> String {
    let mut facts = facts(out, &story.run);
    facts.extend(story.supervision.as_ref().map(|opinion| {
        let reason = opinion.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        fact("supervision", &format!("{}{reason}", opinion.verdict))
    }));
    let mut parts = vec![facts.join("\n"), timeline(out, &story.timeline)];
    let prompts = story.sessions.iter().filter_map(|session: &RunSession| Some((session, session.prompt.as_ref()?)));
    parts.extend(prompts.map(|(session, prompt)| section(&format!("prompt of {}", session.name), prompt)));
    parts.extend(story.handoff.as_ref().map(|notes| section("notes for the next run", notes)));
    parts.join("\n")
}

fn facts(out: &Output, run: &Run) -> Vec<String> {
    let mut lines = vec![fact("run", &run.id)];
    lines.extend(run.slug.as_ref().map(|slug| fact("job", slug)));
    let result = run.outcome.as_ref().or(run.skipped.as_ref()).unwrap_or(&run.status);
    lines.push(fact("result", result));
    lines.extend(run.cause.as_ref().or(run.detail.as_ref()).map(|cause| fact("cause", cause)));
    lines.push(fact("execute type", &format!("{}, {}, {} priority", run.execute_type, run.model, run.priority)));
    let times = [
        ("due", &run.scheduled_at),
        ("requested", &Some(run.requested_at.clone())),
        ("started", &run.started_at),
        ("ended", &run.ended_at),
    ];
    let shown = |text: &String| text.parse().map_or_else(|_| one_line(text), |at| out.time(at));
    lines.extend(times.iter().filter_map(|(name, at)| Some(fact(name, &shown(at.as_ref()?)))));
    let took = run.duration_ms.and_then(|millis| i64::try_from(millis).ok()).map(SignedDuration::from_millis);
    lines.extend(took.map(|took| fact("took", &duration(took))));
    lines.extend(run.usage.as_ref().map(|usage| fact("used", &used(usage))));
    lines
}

fn fact(name: &str, text: &str) -> String {
    format!("{name:<14} {}", one_line(text))
}

fn used(usage: &Usage) -> String {
    let tokens = |count: Option<u64>, word: &str| count.map(|count| format!("{count} tokens {word}"));
    let parts = [
        usage.model.clone(),
        tokens(usage.input_tokens, "read"),
        tokens(usage.output_tokens, "written"),
        usage.cost_usd.map(|cost| format!("${cost:.4}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn timeline(out: &Output, events: &[Event]) -> String {
    let row = |event: &Event| {
        let at = event.timestamp.parse().map_or_else(|_| one_line(&event.timestamp), |at| out.time(at));
        vec![Shown::plain(at), Shown::plain(&event.kind), Shown::plain(&event.summary)]
    };
    out.render(&["TIME", "EVENT", "WHAT HAPPENED"], events.iter().map(row).collect())
}

/// A text of somebody else, set off from ours.
fn section(name: &str, text: &str) -> String {
    format!("\n{}:\n  {}", one_line(name), printable(text).trim_end().replace('\n', "\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output;
    use serde_json::json;

    #[test]
    fn a_run_is_told_from_its_request_to_what_it_left() {
        let out = output::for_tests("2026-01-01T12:30:00Z");
        let story: RunStory = serde_json::from_value(json!({
            "id": "0197", "slug": "tidy", "status": "finished", "trigger": {"kind": "scheduled", "at": "x"},
            "scheduledAt": "2026-01-01T12:00:00.000Z", "requestedAt": "2026-01-01T12:00:00.000Z",
            "outcome": "failed", "cause": "exit status 7", "durationMs": 61_500,
            "executeType": "prompt", "model": "sonnet", "priority": "normal",
            "usage": {"inputTokens": 7, "costUsd": 0.25},
            "timeline": [{"seq": 1, "type": "job_requested", "summary": "Run of tidy requested",
                "timestamp": "2026-01-01T12:00:00.000Z", "metadata": {}}],
            "sessions": [{"id": "a", "name": "job-tidy-1", "status": "error", "startedAt": "x",
                "prompt": "Tidy up.\u{1b}[2J\nAll of it."}],
            "handoff": "Half is done.", "supervision": {"verdict": "bad", "reason": "half is not all"},
        }))
        .unwrap();
        insta::assert_snapshot!(told(&out, &story), @r"
        run            0197
        job            tidy
        result         failed
        cause          exit status 7
        execute type   prompt, sonnet, normal priority
        due            2026-01-01 12:00:00 (30m ago)
        requested      2026-01-01 12:00:00 (30m ago)
        took           1m 1s
        used           7 tokens read, $0.2500
        supervision    bad: half is not all
        TIME                           EVENT          WHAT HAPPENED
        2026-01-01 12:00:00 (30m ago)  job_requested  Run of tidy requested

        prompt of job-tidy-1:
          Tidy up.
          All of it.

        notes for the next run:
          Half is done.
        ");
    }
}
