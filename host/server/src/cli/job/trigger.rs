//! `instar job trigger`: asks for a run now, and with `--wait` stays until it has ended.

use std::time::{Duration, Instant};

use instar_api::{Run, TriggerAnswer, TriggerRequest, TriggerResult, paths};

use crate::cli::client::{Answer, Client, ClientError};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{one_line, printable};
use crate::cli::stream::{EventStream, Streamed};
use crate::cli::{Context, examples};

const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A stream that is well says something more often.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// A run outlives its server, so that one who waits bears a restart of it.
const RESTART: Duration = Duration::from_secs(15);

/// Run a job now
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar job trigger check-email",
    "instar job trigger check-email --wait",
    "instar job trigger check-email --force --reason \"after the outage\"",
]))]
pub(crate) struct Trigger {
    /// The job's slug
    slug: String,
    /// Also when the job is disabled or paused
    #[arg(long)]
    force: bool,
    /// Why; shown with the run
    #[arg(long, allow_hyphen_values = true)]
    reason: Option<String>,
    /// Wait for the end of the run; the exit code is 0 only when it succeeded
    #[arg(long)]
    wait: bool,
}

pub(super) fn run(context: &Context, trigger: &Trigger) -> Result<Exit, Failure> {
    let slug = super::parsed(&trigger.slug)?;
    let client = context.client()?;
    let request = TriggerRequest { reason: trigger.reason.clone(), force: trigger.force.then_some(true) };
    let answer = client.post(&paths::job_trigger(slug.as_str()), &request)?.success()?;
    let triggered: TriggerAnswer = answer.read()?;
    if triggered.result == TriggerResult::Skipped || !trigger.wait {
        return say(context, &answer, &triggered);
    }
    let (answer, run) = wait(&client, &triggered.run_id)?;
    say_end(context, &answer, &run)
}

fn say(context: &Context, answer: &Answer, triggered: &TriggerAnswer) -> Result<Exit, Failure> {
    let skipped = triggered.result == TriggerResult::Skipped;
    let exit = if skipped { Exit::Failed } else { Exit::Ok };
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(exit);
    }
    let TriggerAnswer { slug, run_id, .. } = triggered;
    match triggered.result {
        TriggerResult::Triggered => context.out.line(format!("{slug} was triggered; run {run_id}."))?,
        TriggerResult::Queued => context.out.line(format!("{slug} waits for a free place; run {run_id}."))?,
        TriggerResult::Skipped => {
            let reason = one_line(triggered.reason.as_deref().unwrap_or("no reason was given"));
            let advice = if reason == "disabled" || reason == "paused" { "; --force runs it all the same" } else { "" };
            return Err(Failure::failed(format!("{slug} was skipped: {reason}{advice}")));
        }
    }
    Ok(exit)
}

/// Until the run has ended, however long that takes.
///
/// The stream of events only says when to look again: what counts is the run itself.
fn wait(client: &Client, run_id: &str) -> Result<(Answer, Run), Failure> {
    let mut pause = SHORTEST_WAIT;
    let mut away_since = None;
    let mut stream = None;
    loop {
        // Before the look, so that an end between the two is told.
        if stream.is_none() {
            stream = EventStream::open(client, None, None).ok();
        }
        match client.get(&paths::run(run_id)) {
            Ok(answer) => {
                away_since = None;
                let answer = answer.success()?;
                let run: Run = answer.read()?;
                if matches!(run.status.as_str(), "finished" | "skipped") {
                    return Ok((answer, run));
                }
            }
            Err(error @ ClientError::Invalid(_)) => return Err(error.into()),
            Err(error) => {
                let since: Instant = *away_since.get_or_insert_with(Instant::now);
                if since.elapsed() > RESTART {
                    return Err(error.into());
                }
            }
        }
        let told = stream.as_mut().is_some_and(|stream| tells_of_its_end(stream, run_id));
        if !told {
            // Without a stream, as during a restart, it is asked again and again.
            stream = None;
            std::thread::sleep(pause);
            pause = (pause * 3 / 2).min(LONGEST_WAIT);
        }
    }
}

/// False when the stream broke before it told anything.
fn tells_of_its_end(stream: &mut EventStream<'_>, run_id: &str) -> bool {
    loop {
        match stream.next(LONGEST_SILENCE) {
            Streamed::Event(event) => {
                let is_end = matches!(event.kind.as_str(), "job_completed" | "job_skipped");
                if is_end && event.metadata["runId"] == run_id {
                    return true;
                }
            }
            Streamed::Nothing | Streamed::Ended => return false,
        }
    }
}

fn say_end(context: &Context, answer: &Answer, run: &Run) -> Result<Exit, Failure> {
    let exit = if run.outcome.as_deref() == Some("succeeded") { Exit::Ok } else { Exit::Failed };
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(exit);
    }
    if let Some(tail) = run.tail.as_deref().map(printable).filter(|tail| !tail.trim().is_empty()) {
        context.out.line(tail.trim_end())?;
    }
    let sentence = end(run);
    if exit != Exit::Ok {
        return Err(Failure::failed(sentence));
    }
    context.out.line(sentence)?;
    Ok(exit)
}

/// How a run ended, in one sentence.
fn end(run: &Run) -> String {
    let mut facts = Vec::new();
    // A cause tells the status in words.
    if let (Some(status), None) = (run.exit_status, &run.cause) {
        facts.push(format!("exit status {status}"));
    }
    if let Some(signal) = &run.signal {
        facts.push(format!("signal {}", one_line(signal)));
    }
    if let Some(millis) = run.duration_ms {
        let tenths = millis / 100;
        facts.push(format!("{}.{} s", tenths / 10, tenths % 10));
    }
    facts.push(format!("run {}", run.id));
    format!("{} {} ({})", run.slug.as_deref().unwrap_or("the session"), outcome(run), facts.join(", "))
}

fn outcome(run: &Run) -> String {
    let cause = run.cause.as_deref().map(one_line);
    let with_cause = |words: &str| cause.as_ref().map_or_else(|| words.to_owned(), |cause| format!("{words}: {cause}"));
    match (run.outcome.as_deref(), &run.skipped) {
        (Some("needs-attention"), _) => with_cause("needs attention"),
        // Here the cause is the whole sentence: stopped at its time limit, stopped by somebody, lost.
        (Some("timed-out" | "stopped" | "lost"), _) => {
            format!("was {}", cause.unwrap_or_else(|| "stopped".to_owned()))
        }
        (Some(outcome), _) => with_cause(&one_line(outcome)),
        (None, Some(reason)) => format!("was skipped: {}", one_line(run.detail.as_ref().unwrap_or(reason))),
        (None, None) => "ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[track_caller]
    fn check(more: Value, expected: &str) {
        let mut run = json!({
            "id": "0197", "slug": "tidy", "status": "finished", "trigger": {"kind": "manual", "reason": "cli", "force": false},
            "requestedAt": "2026-01-01T12:00:00.000Z", "executeType": "script", "model": "sonnet", "priority": "normal"
        });
        for (key, value) in more.as_object().unwrap() {
            run[key] = value.clone();
        }
        assert_eq!(end(&serde_json::from_value(run).unwrap()), expected);
    }

    #[test]
    fn the_end_of_a_run_is_one_sentence() {
        check(
            json!({"outcome": "succeeded", "exitStatus": 0, "durationMs": 3456}),
            "tidy succeeded (exit status 0, 3.4 s, run 0197)",
        );
        check(
            json!({"outcome": "failed", "cause": "exit status 7", "exitStatus": 7}),
            "tidy failed: exit status 7 (run 0197)",
        );
        check(
            json!({"outcome": "timed-out", "cause": "stopped at its time limit", "signal": "SIGKILL", "durationMs": 60000}),
            "tidy was stopped at its time limit (signal SIGKILL, 60.0 s, run 0197)",
        );
        check(
            json!({"status": "skipped", "skipped": "denied", "detail": "guard x: no\u{1b}[31m"}),
            "tidy was skipped: guard x: no (run 0197)",
        );
        check(json!({"outcome": "stopped", "cause": "stopped by api"}), "tidy was stopped by api (run 0197)");
    }
}
