//! Changing the jobs file, with or without a server; a running one has taken the change when we return.

use instar_api::{ReloadAnswer, paths};
use instar_core::id::JobSlug;
use instar_core::job::fields;
use instar_core::schedule::Schedule;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::options::{self, Changes, NewJob};
use super::show;
use crate::cli::client::ClientError;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{Context, client_of, examples};
use crate::config::Project;
use crate::jobs::JobsFolder;
use crate::jobs::{Edit, Edited};

/// Add a job to the jobs file
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar job add --slug check-email --name \"Email Check\" --schedule \"0 */2 * * *\" \\\n    \
     --description \"Check for urgent emails and relay to Telegram\" \\\n    --priority high --model sonnet",
    "instar job add --slug backup --name Backup --schedule @daily \\\n    \
     --type script --execute .claude/scripts/backup.sh --args \"--full\"",
    "instar job add --slug reflect --name Reflect --schedule \"0 9 * * 1\" \\\n    \
     --type skill --execute reflect --disabled",
]))]
pub(crate) struct Add {
    #[command(flatten)]
    fields: NewJob,
    /// Do not let it run by its schedule yet
    #[arg(long)]
    disabled: bool,
    /// Any other key, with dots, as JSON or text: execute.steps='[…]'
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

/// Change a job of the jobs file; what is not named stays as it is
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar job edit check-email --schedule '0 7 * * 1-5' --priority high",
    "instar job edit check-email --execute 'Check the mail of today.' --unset timezone",
    "instar job edit release --set execute.steps='[{\"type\": \"script\", \"value\": \"make\"}]'",
]))]
pub(crate) struct Change {
    /// The job's slug
    slug: String,
    #[command(flatten)]
    fields: Changes,
    /// Any other key, with dots, as JSON or text
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Take this key out, so that its default counts
    #[arg(long, value_name = "KEY")]
    unset: Vec<String>,
}

pub(super) fn add(context: &Context, add: Add) -> Result<Exit, Failure> {
    let definition = definition(add)?;
    let [slug, schedule] = ["slug", "schedule"].map(|key| definition[key].as_str().unwrap_or_default().to_owned());
    let edited = change(context, &Edit::Add(definition))?;
    let exit = edited.say(context, &format!("Added {slug}, to run at `{schedule}`."))?;
    // Whether a date comes at all does not depend on the zone.
    let never = Schedule::parse(&schedule).is_ok_and(|schedule| schedule.is_dormant(context.out.now, &TimeZone::UTC));
    if never {
        context.out.note(format!("instar: `{schedule}` has no date in the next five years."));
    }
    Ok(exit)
}

pub(super) fn set_enabled(context: &Context, slug: JobSlug, enabled: bool) -> Result<Exit, Failure> {
    let word = if enabled { "enabled" } else { "disabled" };
    let changed = change(context, &Edit::SetEnabled { slug: slug.clone(), enabled })?;
    let already = if changed.edited.changed { "" } else { "already " };
    changed.say(context, &format!("{slug} is {already}{word}."))
}

pub(super) fn remove(context: &Context, slug: JobSlug) -> Result<Exit, Failure> {
    let changed = change(context, &Edit::Remove(slug.clone()))?;
    changed.say(context, &format!("Removed {slug}."))
}

pub(super) fn edit(context: &Context, change_of: Change) -> Result<Exit, Failure> {
    let slug = super::parsed(&change_of.slug)?;
    let patch = patch(change_of)?;
    let changed = change(context, &Edit::Change { slug: slug.clone(), patch })?;
    let sentence = if changed.edited.changed { format!("Changed {slug}.") } else { format!("{slug} is so already.") };
    changed.say(context, &sentence)
}

fn patch(change_of: Change) -> Result<Map<String, Value>, Failure> {
    let Changes(mut patch) = change_of.fields;
    for setting in &change_of.settings {
        options::put_setting(&mut patch, setting)?;
    }
    for key in &change_of.unset {
        options::put(&mut patch, key, Value::Null)?;
    }
    if patch.is_empty() {
        return Err(Failure::usage("say what to change; `instar job edit --help` lists the options"));
    }
    Ok(patch)
}

/// The job as it is written; checked when it is added.
fn definition(add: Add) -> Result<Map<String, Value>, Failure> {
    let NewJob(mut given) = add.fields;
    for setting in &add.settings {
        options::put_setting(&mut given, setting)?;
    }
    if add.disabled {
        given.insert("enabled".into(), false.into());
    }
    let mut execute = Map::from_iter([("type".to_owned(), Value::from("prompt"))]);
    if let Some(Value::Object(parts)) = given.shift_remove("execute") {
        execute.extend(parts);
    }
    if execute.len() == 1 {
        let Some("prompt") = execute["type"].as_str() else {
            let name = &execute["type"];
            return Err(Failure::usage(format!("a job of type {name} needs --execute: what it is to run")));
        };
        let text = given.get("description").or(given.get("name")).cloned();
        execute.extend(text.map(|text| ("value".to_owned(), text)));
    }
    // What most people want to see in the file stands there even when it is the default.
    for key in ["priority", "model", "enabled"] {
        let default = fields::find(key).and_then(fields::Field::default_value);
        if let (None, Some(default)) = (given.get(key), default) {
            given.insert(key.into(), default);
        }
    }
    let mut job = Map::new();
    let order = fields::FIELDS.iter().map(|field| field.name.split('.').next().unwrap_or_default());
    for key in order {
        job.extend(given.shift_remove(key).map(|value| (key.to_owned(), value)));
    }
    job.extend(given);
    job.insert("execute".into(), execute.into());
    Ok(job)
}

/// An edit that is on disk, and what the server said to it.
struct Changed {
    edited: Edited,
    server: Server,
}

enum Server {
    NotRunning,
    Took,
    /// It goes on with the jobs that it had, for this reason.
    Refused(String),
}

fn change(context: &Context, edit: &Edit) -> Result<Changed, Failure> {
    let project = context.project()?;
    let config = context.config(&project)?;
    let jobs = JobsFolder::of(&config, &project);
    let edited = jobs.edit(edit)?;
    let server = reload(&project)?;
    Ok(Changed { edited, server })
}

fn reload(project: &Project) -> Result<Server, Failure> {
    match client_of(project)?.post(paths::JOBS_RELOAD, &json!({})) {
        Ok(answer) if answer.status.is_success() => {
            let answer: ReloadAnswer = answer.read()?;
            if !answer.refused {
                return Ok(Server::Took);
            }
            let problems: Vec<String> = answer.problems.iter().map(show::problem).collect();
            Ok(Server::Refused(problems.join("; ")))
        }
        Ok(answer) => Ok(Server::Refused(format!("the server answered {}", answer.status))),
        Err(ClientError::NotRunning { .. }) => Ok(Server::NotRunning),
        Err(error) => Ok(Server::Refused(error.to_string())),
    }
}

impl Changed {
    fn say(&self, context: &Context, sentence: &str) -> Result<Exit, Failure> {
        let Edited { changed, definition, .. } = &self.edited;
        let live = matches!(self.server, Server::Took);
        if context.out.json {
            let mut body = json!({ "ok": true, "changed": changed, "live": live, "job": definition });
            if let Server::Refused(reason) = &self.server {
                body["ok"] = false.into();
                body["error"] = reason.as_str().into();
            }
            context.out.value(&body)?;
        } else {
            context.out.line(sentence)?;
        }
        match &self.server {
            Server::Took => Ok(Exit::Ok),
            Server::NotRunning => {
                context.out.note("The server is not running; `instar server start` makes it live.");
                Ok(Exit::Ok)
            }
            Server::Refused(reason) => {
                context
                    .out
                    .note(format!("instar: the change is in the file, but the server did not take it: {reason}"));
                Ok(Exit::Failed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::job::JobCommand;
    use crate::cli::{Cli, Command};
    use clap::Parser as _;

    fn parsed(arguments: &[&str]) -> Result<Map<String, Value>, Failure> {
        let required = ["instar", "job", "add", "--slug", "s", "--name", "N", "--schedule", "@daily"];
        let cli = Cli::try_parse_from(required.iter().chain(arguments)).unwrap();
        let Command::Job(JobCommand::Add(add)) = cli.command else { panic!("{cli:?}") };
        definition(add)
    }

    #[test]
    fn a_job_gets_the_documented_defaults() {
        let expected = json!({"slug": "s", "name": "N", "schedule": "@daily", "priority": "normal",
            "model": "sonnet", "enabled": true, "execute": {"type": "prompt", "value": "N"}});
        assert_eq!(Value::Object(parsed(&[]).unwrap()), expected);
    }

    #[test]
    fn the_description_is_the_prompt_of_a_prompt_job() {
        let job = parsed(&["--description", "Check the mail"]).unwrap();
        assert_eq!(
            (&job["description"], &job["execute"]["value"]),
            (&json!("Check the mail"), &json!("Check the mail"))
        );
    }

    #[test]
    fn every_flag_finds_its_key() {
        let job = parsed(&[
            "--type",
            "script",
            "--execute",
            "./x.sh",
            "--args",
            "-a 'b c'",
            "--timeout-minutes",
            "5",
            "--disabled",
            "--gate",
            "test -s inbox",
            "--gate-timeout-seconds",
            "30",
            "--timezone",
            "Asia/Tokyo",
            "--priority",
            "low",
            "--model",
            "opus",
        ])
        .unwrap();
        assert_eq!(job["execute"], json!({"type": "script", "value": "./x.sh", "args": "-a 'b c'"}));
        assert_eq!((&job["timeoutMinutes"], &job["enabled"]), (&json!(5), &json!(false)));
        assert_eq!((&job["gate"], &job["gateTimeoutSeconds"]), (&json!("test -s inbox"), &json!(30)));
        assert_eq!(job["timezone"], json!("Asia/Tokyo"));
        assert_eq!((&job["priority"], &job["model"]), (&json!("low"), &json!("opus")));
        assert_eq!(parsed(&["--timeout-minutes", "0.5"]).unwrap()["timeoutMinutes"], json!(0.5));
    }

    #[test]
    fn a_script_job_must_say_which_script_and_a_pipeline_its_steps() {
        assert_eq!(parsed(&["--type", "script"]).unwrap_err().exit(), Exit::Usage);
        let steps = r#"execute.steps=[{"type": "script", "value": "make"}]"#;
        let job = parsed(&["--type", "pipeline", "--set", steps]).unwrap();
        assert_eq!(job["execute"], json!({"type": "pipeline", "steps": [{"type": "script", "value": "make"}]}));
    }

    #[test]
    fn an_edit_says_what_to_set_and_what_to_take_away() {
        let parsed = |arguments: &[&str]| {
            let cli = Cli::try_parse_from(["instar", "job", "edit", "s"].iter().chain(arguments)).unwrap();
            let Command::Job(JobCommand::Edit(change)) = cli.command else { panic!("{cli:?}") };
            patch(change)
        };
        let changed = parsed(&["--execute", "new", "--unset", "timezone", "--unset", "execute.args"]).unwrap();
        let expected = json!({"execute": {"value": "new", "args": null}, "timezone": null});
        assert_eq!(Value::Object(changed), expected);
        assert_eq!(parsed(&[]).unwrap_err().exit(), Exit::Usage);
    }
}
