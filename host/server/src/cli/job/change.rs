//! Changing the jobs file, with or without a server; a running one has taken the change when we return.

use instar_api::{ReloadAnswer, paths};
use instar_core::id::JobSlug;
use instar_core::schedule::Schedule;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::show;
use crate::cli::client::ClientError;
use crate::cli::exit::{Exit, Failure};
use crate::cli::jobs_disk::JobsFolder;
use crate::cli::jobs_edit::{Edit, Edited};
use crate::cli::{Context, client_of, examples};
use crate::config::Project;

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
    /// The job's unique name: lower-case letters, digits and hyphens
    #[arg(long)]
    slug: String,
    /// The name that people read
    #[arg(long)]
    name: String,
    /// Cron with five fields (minute hour day month weekday), or @hourly, @daily, @weekly and their kin
    #[arg(long, value_name = "CRON", allow_hyphen_values = true)]
    schedule: String,
    /// The IANA name of the zone that the schedule is read in; the host's when left out
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// What the job does
    #[arg(long, allow_hyphen_values = true)]
    description: Option<String>,
    /// critical, high, normal or low
    #[arg(long, default_value = "normal")]
    priority: String,
    /// opus, sonnet or haiku
    #[arg(long, default_value = "sonnet")]
    model: String,
    /// prompt, script, or what another installed execute type is called
    #[arg(long = "type", value_name = "TYPE", default_value = "prompt")]
    execute_type: String,
    /// The prompt or the script's path; for a prompt, the description or else the name when left out
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    execute: Option<String>,
    /// Arguments for a script, or for the agent CLI
    #[arg(long, allow_hyphen_values = true)]
    args: Option<String>,
    /// The hard limit of a run
    #[arg(long, value_name = "MINUTES")]
    timeout_minutes: Option<f64>,
    /// A shell command that is asked before each run: 0 goes, 1 says that there is nothing to do
    #[arg(long, value_name = "COMMAND", allow_hyphen_values = true)]
    gate: Option<String>,
    /// How long the gate may take
    #[arg(long, value_name = "SECONDS", requires = "gate")]
    gate_timeout_seconds: Option<f64>,
    /// Do not let it run by its schedule yet
    #[arg(long)]
    disabled: bool,
}

pub(super) fn add(context: &Context, add: Add) -> Result<Exit, Failure> {
    let (slug, schedule) = (add.slug.clone(), add.schedule.clone());
    let edited = change(context, &Edit::Add(definition(add)?))?;
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

/// The job as it is written; checked when it is added.
fn definition(add: Add) -> Result<Map<String, Value>, Failure> {
    let value = match (add.execute, add.execute_type.as_str()) {
        (Some(value), _) => value,
        (None, "prompt") => add.description.clone().unwrap_or_else(|| add.name.clone()),
        (None, other) => {
            return Err(Failure::usage(format!("a job of type `{other}` needs --execute: what it is to run")));
        }
    };
    let mut job = Map::new();
    job.insert("slug".into(), add.slug.into());
    job.insert("name".into(), add.name.into());
    if let Some(description) = add.description {
        job.insert("description".into(), description.into());
    }
    job.insert("schedule".into(), add.schedule.into());
    if let Some(timezone) = add.timezone {
        job.insert("timezone".into(), timezone.into());
    }
    job.insert("priority".into(), add.priority.into());
    job.insert("model".into(), add.model.into());
    job.insert("enabled".into(), (!add.disabled).into());
    if let Some(minutes) = add.timeout_minutes {
        job.insert("timeoutMinutes".into(), number(minutes));
    }
    if let Some(gate) = add.gate {
        job.insert("gate".into(), gate.into());
    }
    if let Some(seconds) = add.gate_timeout_seconds {
        job.insert("gateTimeoutSeconds".into(), number(seconds));
    }
    let mut execute = json!({ "type": add.execute_type, "value": value });
    if let Some(args) = add.args {
        execute["args"] = args.into();
    }
    job.insert("execute".into(), execute);
    Ok(job)
}

/// 5, not 5.0: that is how people write it.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    let whole = (value.fract() == 0.0 && value.abs() < 1e9).then_some(value as i64);
    whole.map_or_else(|| value.into(), Into::into)
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
        definition(*add)
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
    fn a_script_job_must_say_which_script() {
        assert_eq!(parsed(&["--type", "script"]).unwrap_err().exit(), Exit::Usage);
    }
}
