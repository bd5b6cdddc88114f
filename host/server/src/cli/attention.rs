//! `instar attention`: what people should look at, and how far they are with it.

use clap::{Subcommand, ValueEnum};
use hyper::Method;
use instar_api::{
    AttentionChange, AttentionItem, AttentionItems, AttentionPriority, AttentionRequest, AttentionStatus, paths,
};

use super::client::{Answer, segment};
use super::exit::{Exit, Failure};
use super::output::{Output, Shown, Tone, one_line, printable, shortened};
use super::{Context, examples};

#[derive(Debug, Subcommand)]
pub(crate) enum AttentionCommand {
    /// List what is open, the most urgent first
    #[command(after_help = examples(&["instar attention list", "instar attention list --all --json"]))]
    List {
        /// Also what is closed
        #[arg(long)]
        all: bool,
    },
    /// Show an item in full
    #[command(after_help = examples(&["instar attention show key-expires"]))]
    Show { id: String },
    /// Have people look at something; an item of this id that is there stays as it is
    #[command(after_help = examples(&[
        "instar attention add --id key-expires --title 'The mail key expires' --summary 'In two days.' --priority high",
    ]))]
    Add(Add),
    /// Say that you have seen it
    #[command(after_help = examples(&["instar attention ack key-expires"]))]
    Ack { id: String },
    /// Say that you are at it
    #[command(after_help = examples(&["instar attention start key-expires"]))]
    Start { id: String },
    /// Say that it is done
    #[command(after_help = examples(&["instar attention done key-expires"]))]
    Done { id: String },
    /// Say that it is not going to be done
    #[command(after_help = examples(&["instar attention wontdo key-expires"]))]
    Wontdo { id: String },
    /// Open it again
    #[command(after_help = examples(&["instar attention reopen key-expires"]))]
    Reopen { id: String },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// The same thing has the same id, however often it is raised
    #[arg(long)]
    id: String,
    #[arg(long)]
    title: String,
    #[arg(long, allow_hyphen_values = true)]
    summary: String,
    /// Details
    #[arg(long, allow_hyphen_values = true)]
    description: Option<String>,
    /// `general` where absent
    #[arg(long)]
    category: Option<String>,
    #[arg(long, value_enum)]
    priority: Option<Priority>,
    /// Where it comes from, in words
    #[arg(long)]
    source: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Priority {
    Urgent,
    High,
    Normal,
    Low,
}

pub(crate) fn run(context: &Context, command: AttentionCommand) -> Result<Exit, Failure> {
    match command {
        AttentionCommand::List { all } => list(context, all),
        AttentionCommand::Show { id } => {
            let answer = context.client()?.get(&path(&id))?.success()?;
            say(context, &answer, in_full)
        }
        AttentionCommand::Add(add) => raise(context, add),
        AttentionCommand::Ack { id } => turn(context, &id, AttentionStatus::Acknowledged),
        AttentionCommand::Start { id } => turn(context, &id, AttentionStatus::InProgress),
        AttentionCommand::Done { id } => turn(context, &id, AttentionStatus::Done),
        AttentionCommand::Wontdo { id } => turn(context, &id, AttentionStatus::WontDo),
        AttentionCommand::Reopen { id } => turn(context, &id, AttentionStatus::Open),
    }
}

fn list(context: &Context, all: bool) -> Result<Exit, Failure> {
    let answer = context.client()?.get(paths::ATTENTION)?.success()?;
    let mut items: AttentionItems = answer.read()?;
    items.items.retain(|item| all || !is_closed(item.status));
    items.count = items.items.len();
    if context.out.json {
        let body = serde_json::to_value(&items);
        context.out.value(&body.map_err(|error| Failure::failed(format!("failed to write JSON: {error}")))?)?;
    } else if items.items.is_empty() {
        context.out.line("Nothing waits for anybody.")?;
    } else {
        context.out.table(&HEADER, items.items.iter().map(|item| row(&context.out, item)).collect())?;
    }
    Ok(Exit::Ok)
}

fn raise(context: &Context, add: Add) -> Result<Exit, Failure> {
    let request = AttentionRequest {
        id: add.id,
        title: add.title,
        summary: add.summary,
        description: add.description,
        category: add.category,
        priority: add.priority.map(|priority| match priority {
            Priority::Urgent => AttentionPriority::Urgent,
            Priority::High => AttentionPriority::High,
            Priority::Normal => AttentionPriority::Normal,
            Priority::Low => AttentionPriority::Low,
        }),
        source_context: add.source,
    };
    let answer = context.client()?.post(paths::ATTENTION, &request)?.success()?;
    say(context, &answer, |_, item| format!("{} is {}.", one_line(&item.id), word(item.status)))
}

fn turn(context: &Context, id: &str, status: AttentionStatus) -> Result<Exit, Failure> {
    let body = serde_json::to_vec(&AttentionChange { status });
    let body = body.map_err(|error| Failure::failed(format!("failed to write JSON: {error}")))?;
    let answer = context.client()?.send(&Method::PATCH, &path(id), Some(body))?.success()?;
    say(context, &answer, |_, item| format!("{} is {}.", one_line(&item.id), word(item.status)))
}

fn say(context: &Context, answer: &Answer, words: impl Fn(&Output, &AttentionItem) -> String) -> Result<Exit, Failure> {
    if context.out.json {
        context.out.line(answer.text())?;
    } else {
        context.out.line(words(&context.out, &answer.read()?))?;
    }
    Ok(Exit::Ok)
}

fn path(id: &str) -> String {
    format!("{}/{}", paths::ATTENTION, segment(id))
}

fn is_closed(status: AttentionStatus) -> bool {
    matches!(status, AttentionStatus::Done | AttentionStatus::WontDo)
}

fn word(status: AttentionStatus) -> &'static str {
    match status {
        AttentionStatus::Open => "open",
        AttentionStatus::Acknowledged => "acknowledged",
        AttentionStatus::InProgress => "in progress",
        AttentionStatus::Done => "done",
        AttentionStatus::WontDo => "not going to be done",
    }
}

const HEADER: [&str; 5] = ["ID", "PRIORITY", "STATUS", "SINCE", "TITLE"];

fn row(out: &Output, item: &AttentionItem) -> Vec<Shown> {
    vec![
        Shown::plain(shortened(&one_line(&item.id), 40)),
        priority(item.priority),
        Shown::plain(word(item.status)),
        Shown::plain(time(out, &item.created_at)),
        Shown::plain(shortened(&one_line(&item.title), 60)),
    ]
}

fn priority(priority: AttentionPriority) -> Shown {
    match priority {
        AttentionPriority::Urgent => Shown::new("urgent", Tone::Bad),
        AttentionPriority::High => Shown::new("high", Tone::Warn),
        AttentionPriority::Normal => Shown::plain("normal"),
        AttentionPriority::Low => Shown::new("low", Tone::Dim),
    }
}

fn time(out: &Output, text: &str) -> String {
    text.parse().map_or_else(|_| one_line(text), |at| out.time(at))
}

/// All of an item, what is long below.
fn in_full(out: &Output, item: &AttentionItem) -> String {
    let mut lines = vec![
        format!("id        {}", one_line(&item.id)),
        format!("title     {}", one_line(&item.title)),
        format!("status    {}", word(item.status)),
        format!("category  {}", one_line(&item.category)),
        format!("since     {}", time(out, &item.created_at)),
        format!("changed   {}", time(out, &item.updated_at)),
    ];
    lines.extend(item.source_context.iter().map(|source| format!("source    {}", one_line(source))));
    lines.push(format!("\n{}", printable(&item.summary).trim_end()));
    lines.extend(item.description.iter().map(|text| format!("\n{}", printable(text).trim_end())));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output;

    fn item() -> AttentionItem {
        AttentionItem {
            id: "key/1".into(),
            title: "The key\nexpires".into(),
            summary: "In two days.".into(),
            description: Some("Renew it.\u{1b}[2J".into()),
            category: "general".into(),
            priority: AttentionPriority::High,
            status: AttentionStatus::InProgress,
            topic_id: None,
            source_context: None,
            created_at: "2026-01-01T12:00:00.000Z".into(),
            updated_at: "2026-01-01T12:10:00.000Z".into(),
        }
    }

    #[test]
    fn an_item_is_a_line_of_the_list_and_shown_in_full_and_harmless() {
        let out = output::for_tests("2026-01-01T12:30:00Z");
        insta::assert_snapshot!(out.render(&HEADER, vec![row(&out, &item())]), @r"
        ID     PRIORITY  STATUS       SINCE                          TITLE
        key/1  high      in progress  2026-01-01 12:00:00 (30m ago)  The key expires
        ");
        let shown = in_full(&out, &item());
        assert!(shown.contains("\nIn two days.\n\nRenew it.") && !shown.contains('\u{1b}'), "{shown}");
    }

    #[test]
    fn an_id_stays_one_part_of_the_path() {
        assert_eq!(path("a/b c"), "/attention/a%2Fb%20c");
    }
}
