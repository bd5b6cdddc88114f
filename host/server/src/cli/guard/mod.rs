//! `instar guard`: what the guards say, why, and what they said before.

mod log;
mod rules;

use std::io::Write as _;

use clap::{Args, Subcommand};
use instar_core::command::{Command, SimpleCommand};
use instar_core::verdict::Answer;
use instar_plugin::Kind;
use jiff::Timestamp;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::{Shown, one_line, shortened};
use super::{Context, examples, person};
use crate::guards::{Approvals, Decision, Guards, Home, ToolUse, answer_word, record, severity_word};

#[derive(Debug, Subcommand)]
pub(crate) enum GuardCommand {
    /// Say what the guards would answer to a shell command; nothing is run
    #[command(after_help = examples(&["instar guard test 'rm -rf build'", "instar guard test --unattended 'git push -f' --json"]))]
    Test(Asked),
    /// The same, with what the parser made of the command and how long each guard took
    #[command(after_help = examples(&["instar guard explain 'sudo env A=1 rm -rf build'"]))]
    Explain(Asked),
    /// Show all rules of the guards, what each calls for, and how often it spoke
    #[command(after_help = examples(&["instar guard rules", "instar guard rules --json"]))]
    Rules,
    /// Show the newest decisions
    #[command(after_help = examples(&["instar guard log", "instar guard log --lines 100 --json", "instar guard log --follow"]))]
    Log(log::Newest),
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
pub(crate) struct Approve {
    /// As the denial named it
    id: Option<String>,
}

pub(crate) fn run(context: &Context, command: &GuardCommand) -> Result<Exit, Failure> {
    let home = Home::of(&context.project()?);
    match command {
        GuardCommand::Test(asked) => test(context, home, asked),
        GuardCommand::Explain(asked) => explain(context, home, asked),
        GuardCommand::Rules => rules::rules(context, home),
        GuardCommand::Log(newest) => log::log(context, &home, newest),
        GuardCommand::Stats => log::stats(context, &home),
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
    let guards = Guards::open(home, &[Kind::CommandGuard, Kind::OutputGuard], None)
        .map_err(|error| Failure::failed(super::sentence(&error.into())))?;
    let using = ToolUse {
        tool: "Bash".to_owned(),
        input: json!({ "command": asked.command }),
        cwd: cwd.to_string_lossy().into_owned(),
        session: None,
        job: None,
        within: None,
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

/// Only a person may say yes.
fn approve(context: &Context, home: &Home, id: &str) -> Result<Exit, Failure> {
    person::must_be_one("approve its own question")?;
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
