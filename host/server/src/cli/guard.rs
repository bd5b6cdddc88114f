//! `instar guard`: what the guards say, why, and what they said before.

use std::collections::BTreeMap;
use std::io::Write as _;

use clap::{Args, Subcommand};
use instar_api::{GuardDecision, GuardDecisions};
use instar_core::command::{Command, SimpleCommand};
use instar_core::verdict::Answer;
use instar_plugin::Kind;
use jiff::Timestamp;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::{Shown, Tone, one_line, shortened};
use super::{Context, examples};
use crate::guards::{Approvals, Decision, DecisionLog, Guards, Home, ToolUse, answer_word, record, severity_word};

#[derive(Debug, Subcommand)]
pub(crate) enum GuardCommand {
    /// Say what the guards would answer to a shell command; nothing is run
    #[command(after_help = examples(&["instar guard test 'rm -rf build'", "instar guard test --unattended 'git push -f' --json"]))]
    Test(Asked),
    /// The same, with what the parser made of the command and how long each guard took
    #[command(after_help = examples(&["instar guard explain 'sudo env A=1 rm -rf build'"]))]
    Explain(Asked),
    /// Show the guards, and the rules that have spoken so far
    #[command(after_help = examples(&["instar guard rules", "instar guard rules --json"]))]
    Rules,
    /// Show the newest decisions
    #[command(after_help = examples(&["instar guard log", "instar guard log --lines 100 --json"]))]
    Log(Newest),
    /// Count decisions and rules
    #[command(after_help = examples(&["instar guard stats", "instar guard stats --json"]))]
    Stats,
    /// Say yes, once, to a question that nobody was there to answer; without an id, show those that wait
    #[command(after_help = examples(&["instar guard approve", "instar guard approve 3f2a91c07b"]))]
    Approve(Approve),
}

#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The shell command, as one argument
    command: String,
    /// As in a run of a job, where nobody can answer
    #[arg(long)]
    unattended: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Newest {
    /// How many
    #[arg(short = 'n', long, default_value_t = 20)]
    lines: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// As the denial named it
    id: Option<String>,
}

/// More of the log is not looked at.
const MOST: usize = 100_000;

pub(crate) fn run(context: &Context, command: &GuardCommand) -> Result<Exit, Failure> {
    let home = Home::of(&context.project()?);
    match command {
        GuardCommand::Test(asked) => test(context, home, asked),
        GuardCommand::Explain(asked) => explain(context, home, asked),
        GuardCommand::Rules => rules(context, home),
        GuardCommand::Log(newest) => log(context, &home, newest.lines),
        GuardCommand::Stats => stats(context, &home),
        GuardCommand::Approve(Approve { id: None }) => questions(context, &home),
        GuardCommand::Approve(Approve { id: Some(id) }) => approve(context, &home, id),
    }
}

/// A pass ends with 0, a question or a denial with 1, so that scripts can ask.
fn test(context: &Context, home: Home, asked: &Asked) -> Result<Exit, Failure> {
    let decision = decide(home, asked)?;
    if context.out.json {
        context.out.value(&json!(record(&decision, "check", Timestamp::now())))?;
    } else {
        say(context, &decision)?;
    }
    Ok(if decision.answer == Answer::Pass { Exit::Ok } else { Exit::Failed })
}

fn explain(context: &Context, home: Home, asked: &Asked) -> Result<Exit, Failure> {
    let decision = decide(home, asked)?;
    let empty = Command::default();
    let parsed = &decision.command.as_ref().unwrap_or(&empty).found;
    let commands: Vec<_> = parsed.commands.iter().map(as_json).collect();
    if context.out.json {
        let parse = json!({ "complete": parsed.complete, "commands": commands });
        context.out.value(&json!({ "parse": parse, "decision": record(&decision, "check", Timestamp::now()) }))?;
        return Ok(Exit::Ok);
    }
    let understood = if parsed.complete { "understood" } else { "not fully understood, partly guessed" };
    context.out.line(format!("The command is {understood}. It would run:"))?;
    for (index, command) in parsed.commands.iter().enumerate() {
        context.out.line(format!("  {index}  {}", explained(command)))?;
    }
    for code in &parsed.code {
        let origin = code.path.as_deref().unwrap_or("in the command");
        context
            .out
            .line(format!("  code for {}: {origin}", if code.language.is_empty() { "?" } else { &code.language }))?;
    }
    say(context, &decision)?;
    for (guard, took) in &decision.times {
        context.out.line(format!("  {guard} took {} µs", took.as_micros()))?;
    }
    Ok(Exit::Ok)
}

fn decide(home: Home, asked: &Asked) -> Result<Decision, Failure> {
    let cwd = std::env::current_dir().map_err(|error| Failure::io("failed to find the working directory", &error))?;
    let guards = Guards::open(home, &[Kind::CommandGuard, Kind::OutputGuard])
        .map_err(|error| Failure::failed(super::sentence(&error.into())))?;
    let using = ToolUse {
        tool: "Bash".to_owned(),
        input: json!({ "command": asked.command }),
        cwd: cwd.to_string_lossy().into_owned(),
        session: None,
        unattended: asked.unattended,
        only_asks: true,
    };
    Ok(guards.judge(using, Timestamp::now()))
}

fn say(context: &Context, decision: &Decision) -> Result<(), Failure> {
    context.out.line(format!("Answer: {}", answer_word(decision.answer)))?;
    for judged in &decision.findings {
        let finding = &judged.finding;
        let (answer, severity) = (answer_word(finding.answer), severity_word(finding.severity));
        context.out.line(format!(
            "  {answer} ({severity}, {:?}) [{}] {}",
            judged.fate,
            finding.rule,
            one_line(&finding.detail)
        ))?;
        if let Some(remedy) = &finding.remedy {
            context.out.line(format!("    safer: {}", one_line(remedy)))?;
        }
    }
    Ok(())
}

fn explained(command: &SimpleCommand) -> String {
    let mut text = command.argv.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" ");
    let mut add = |what: &str, value: String| {
        if !value.is_empty() {
            text.push_str(&format!("  {what} {value}"));
        }
    };
    add("in", command.cwd.clone().unwrap_or_else(|| "an unknown folder".to_owned()));
    add("on", command.elsewhere.clone().unwrap_or_default());
    add("under", command.wrappers.join(" "));
    add("carried by", command.parent.map(|parent| parent.to_string()).unwrap_or_default());
    add("reads from", command.reads_from.iter().map(u32::to_string).collect::<Vec<_>>().join(" "));
    add("unknown words", command.dynamic.iter().map(u32::to_string).collect::<Vec<_>>().join(" "));
    text
}

fn as_json(command: &SimpleCommand) -> serde_json::Value {
    let redirects: Vec<_> = command.redirects.iter().map(|each| json!([each.operator, each.target])).collect();
    json!({
        "argv": command.argv, "dynamic": command.dynamic, "patterns": command.patterns, "wrappers": command.wrappers,
        "redirects": redirects, "readsFrom": command.reads_from, "parent": command.parent, "cwd": command.cwd,
        "elsewhere": command.elsewhere, "via": format!("{:?}", command.via), "depth": command.depth,
        "start": command.span.start, "end": command.span.end,
    })
}

fn rules(context: &Context, home: Home) -> Result<Exit, Failure> {
    let counts = counted(&decisions(&home, MOST)?);
    let guards = Guards::open(home, &Kind::GUARDS).map_err(|error| Failure::failed(super::sentence(&error.into())))?;
    let list = guards.plugins().list();
    if context.out.json {
        let guards: Vec<_> = list.iter().map(|info| json!({ "id": info.id.as_str(), "version": info.version, "kinds": info.kinds.iter().map(|kind| kind.to_string()).collect::<Vec<_>>() })).collect();
        context.out.value(&json!({ "guards": guards, "spoken": counts }))?;
        return Ok(Exit::Ok);
    }
    for info in &list {
        context.out.line(format!("{} {}: {}", info.id, info.version, info.description))?;
    }
    let rows = counts.iter().map(|(rule, count)| vec![Shown::plain(rule), Shown::plain(count.to_string())]);
    context.out.table(&["RULE", "SPOKE"], rows.collect())?;
    Ok(Exit::Ok)
}

fn log(context: &Context, home: &Home, lines: usize) -> Result<Exit, Failure> {
    let decisions = decisions(home, lines.min(MOST))?;
    if context.out.json {
        context.out.value(&json!(GuardDecisions { decisions }))?;
        return Ok(Exit::Ok);
    }
    let row = |decision: &GuardDecision| {
        let tone = if decision.answer == "pass" { Tone::Good } else { Tone::Bad };
        let rules: Vec<&str> = decision.findings.iter().map(|finding| finding.rule.as_str()).collect();
        vec![
            Shown::plain(&decision.at),
            Shown::new(&decision.answer, tone),
            Shown::plain(&decision.tool),
            Shown::plain(rules.join(", ")),
            Shown::plain(shortened(&one_line(&decision.subject), 80)),
        ]
    };
    context.out.table(&["AT", "ANSWER", "TOOL", "RULES", "WHAT"], decisions.iter().map(row).collect())?;
    Ok(Exit::Ok)
}

fn stats(context: &Context, home: &Home) -> Result<Exit, Failure> {
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

fn counted(decisions: &[GuardDecision]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in decisions.iter().flat_map(|decision| &decision.findings) {
        *counts.entry(finding.rule.clone()).or_default() += 1;
    }
    counts
}

fn questions(context: &Context, home: &Home) -> Result<Exit, Failure> {
    let waiting = Approvals::new(home.approvals()).list();
    if context.out.json {
        context.out.value(&json!({ "approvals": waiting }))?;
        return Ok(Exit::Ok);
    }
    let row = |approval: &crate::guards::Approval| {
        let state = if approval.approved_at.is_some() { "approved" } else { "waits" };
        let what = shortened(&one_line(&approval.subject), 80);
        vec![
            Shown::plain(&approval.id),
            Shown::plain(state),
            Shown::plain(approval.rules.join(", ")),
            Shown::plain(what),
        ]
    };
    context.out.table(&["ID", "STATE", "RULES", "WHAT"], waiting.iter().map(row).collect())?;
    Ok(Exit::Ok)
}

/// Only a person may say yes: an agent's own shell is not one.
fn approve(context: &Context, home: &Home, id: &str) -> Result<Exit, Failure> {
    let is_agent = ["CLAUDECODE", "INSTAR_RUN_ID"].iter().any(|name| std::env::var_os(name).is_some());
    if is_agent {
        return Err(Failure::refused("an agent cannot approve its own question; do it from a terminal of your own"));
    }
    let approval =
        Approvals::new(home.approvals()).approve(id, Timestamp::now()).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Failure::not_found(format!("no question `{id}` waits; instar guard approve shows those that do"))
            }
            _ => Failure::io("failed to keep the approval", &error),
        })?;
    if context.out.json {
        context.out.value(&json!(approval))?;
    } else {
        context.out.line(format!(
            "Approved once, within a day: {} in {}",
            one_line(&approval.subject),
            approval.cwd
        ))?;
    }
    std::io::stdout().flush().map_err(Failure::from)?;
    Ok(Exit::Ok)
}

fn decisions(home: &Home, most: usize) -> Result<Vec<GuardDecision>, Failure> {
    let log = DecisionLog::new(home.decisions());
    let failed = |error: std::io::Error| Failure::io(format_args!("failed to read {}", log.path().display()), &error);
    log.newest(most).map_err(failed)
}
