//! `instar add telegram`: the bot is asked who it is, where it may write and what it may do; then it says something, and
//! only then anything is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use instar_core::id::PluginId;
use instar_core::verdict::Severity;
use instar_plugin::{Secret, Secrets};
use serde_json::{Value, json};

use super::reply_script;
use crate::cli::config::EditedConfig;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::one_line;
use crate::cli::{Context, secret, sentence};
use crate::config::Project;
use crate::notifiers::{NotTold, Notifiers, notice};
use crate::secrets_file::SecretsFile;
use crate::wiring;

#[derive(Debug, clap::Args)]
pub(crate) struct Telegram {
    /// The chat that is told what happens; a group with topics gives each job one of its own
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    chat_id: Option<String>,
    /// A topic of that chat
    #[arg(long, value_name = "NUMBER")]
    topic: Option<u64>,
    /// Send no message to try it
    #[arg(long)]
    no_test: bool,
}

const PLUGIN: &str = "notifier-telegram";
const SECRET: &str = "notifier-telegram/token";
const CONFIG: &str = "plugins.notifier-telegram.config";

/// A token that is not kept yet.
#[derive(Debug)]
struct Tried(Secret);

impl Secrets for Tried {
    fn value(&self, plugin: &PluginId, slot: &str, _: Option<&str>) -> Option<Secret> {
        (plugin.as_str() == PLUGIN && slot == "token").then(|| self.0.clone())
    }
}

/// What was found out and done.
struct Report {
    says: String,
    told: bool,
    script: PathBuf,
    script_is_new: bool,
    needs_restart: bool,
}

pub(super) fn run(context: &Context, telegram: &Telegram) -> Result<Exit, Failure> {
    let project = context.project()?;
    let token = secret::read_value(context, SECRET)?;
    check_token(&token)?;
    let edited = edited(&project, telegram)?;
    let (says, told) = try_out(&project, &edited, &token, telegram)?;
    let secrets = SecretsFile::new(project.secrets_file());
    secrets.set(SECRET, &token).map_err(|error| Failure::failed(sentence(&error.into())))?;
    edited.write()?;
    let program = std::env::current_exe().map_err(|error| Failure::io("failed to find this program", &error))?;
    let (script, script_is_new) = script(&project, &program)?;
    let needs_restart = wiring::lock::holder(&project.lock_file()).is_some();
    report(context, telegram, &Report { says, told, script, script_is_new, needs_restart })
}

/// What @BotFather gives; its value is never shown.
fn check_token(token: &str) -> Result<(), Failure> {
    let is_fine = token.split_once(':').is_some_and(|(bot, rest)| {
        !bot.is_empty()
            && bot.bytes().all(|byte| byte.is_ascii_digit())
            && rest.len() >= 20
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    });
    if is_fine {
        return Ok(());
    }
    Err(Failure::usage("standard input holds no token of a bot: it looks like 123456789:AAE…, and @BotFather gives it"))
}

/// The settings as they will be. What the plugin's configuration says of other things stays.
fn edited(project: &Project, telegram: &Telegram) -> Result<EditedConfig, Failure> {
    let mut edited = EditedConfig::begin(project)?;
    let id = PLUGIN.parse::<PluginId>().map_err(|error| Failure::failed(error.to_string()))?;
    let known = edited.config().plugins.get(&id).map(|plugin| plugin.config.clone()).unwrap_or_default();
    let number = |text: &str| text.trim().parse::<i64>().map_or_else(|_| text.trim().into(), Value::from);
    match &telegram.chat_id {
        Some(chat) => drop(edited.set(&format!("{CONFIG}.chatId"), &number(chat))?),
        None if known.is_empty() => drop(edited.set(CONFIG, &json!({}))?),
        None => {}
    }
    if let Some(topic) = telegram.topic {
        edited.set(&format!("{CONFIG}.topic"), &topic.into())?;
    }
    Ok(edited)
}

/// Where messages go, and whether one went.
fn try_out(
    project: &Project,
    edited: &EditedConfig,
    token: &str,
    telegram: &Telegram,
) -> Result<(String, bool), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("failed to start a runtime", &error))?;
    let secrets = Secret::new(token).map(Tried).ok_or_else(|| Failure::usage("the token is empty"))?;
    let failed = |error: NotTold| Failure::failed(format!("{error}; nothing was changed"));
    runtime.block_on(async {
        let notifiers = Notifiers::open_with(project, edited.config(), Arc::new(secrets)).await;
        let notifiers = notifiers.map_err(|error| Failure::failed(sentence(&error)))?;
        let Some(id) = notifiers.ids().into_iter().find(|id| id.as_str() == PLUGIN) else {
            return Err(Failure::failed(format!("the plugin `{PLUGIN}` cannot be loaded: `instar doctor` says why")));
        };
        let says = notifiers.probe(&id).await.map_err(failed)?;
        let has_chat = edited.config().conversations.chats.iter().any(|(notifier, _)| *notifier == id);
        if telegram.no_test || !has_chat {
            return Ok((says, false));
        }
        let body = format!("Agents of {} speak here from now on.", project.dir().display());
        let message = notice(Severity::Info, "instar reaches you".to_owned(), body);
        notifiers.tell(&id, &message).await.map_err(failed)?;
        Ok((says, true))
    })
}

fn script(project: &Project, program: &Path) -> Result<(PathBuf, bool), Failure> {
    reply_script::write(project, program)
        .map_err(|error| Failure::io("everything is set up, but the script for agents was not written", &error))
}

fn report(context: &Context, telegram: &Telegram, report: &Report) -> Result<Exit, Failure> {
    let out = &context.out;
    if out.json {
        out.value(&json!({
            "ok": true, "says": report.says, "chatId": telegram.chat_id, "testSent": report.told,
            "script": report.script, "scriptCreated": report.script_is_new, "needsRestart": report.needs_restart,
        }))?;
        return Ok(Exit::Ok);
    }
    out.line(format!("It works: {}.", one_line(&report.says).trim_end_matches('.')))?;
    if report.told {
        out.line("A message was sent to try it.")?;
    }
    if report.script_is_new {
        out.line(format!("Agents write by {}.", report.script.display()))?;
    }
    if report.needs_restart {
        out.note("The server takes it up when it starts again: instar server stop && instar server start");
    }
    out.note("Nobody may speak with agents yet: `instar notifier pair` lets somebody in.");
    Ok(Exit::Ok)
}
