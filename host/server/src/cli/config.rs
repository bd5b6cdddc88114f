//! `instar config`: reads and sets single keys of `.instar/config.json`, and judges the whole.

use std::fs::File;
use std::io::Read as _;

use clap::Subcommand;
use instar_core::id::PluginId;
use instar_plugin::ConfigRefusal;
use serde_json::{Map, Value, json};

use super::config_edit;
use super::exit::{Exit, Failure};
use super::output::{Shown, Tone};
use super::{Context, examples, sentence};
use crate::bundled;
use crate::config::keys::{self, Key, Kind};
use crate::config::{Config, PluginConfig, Project};
use crate::disk::{self, Mode};
use crate::jobs::lock;
use crate::wiring;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show one key, or all, with the defaults; secrets only when they are asked for
    #[command(after_help = examples(&["instar config get", "instar config get port", "instar config get auth.token --show-secrets"]))]
    Get {
        /// Such as `port` or `plugins.execute-prompt.config.command`
        key: Option<String>,
        /// Show tokens and passwords, too
        #[arg(long)]
        show_secrets: bool,
    },
    /// Set one key; the rest of the file stays as it is
    #[command(after_help = examples(&[
        "instar config set port 4050",
        "instar config set sessions.passEnv 'AWS_*,EDITOR'",
        "instar config set plugins.execute-prompt.config.command ~/bin/claude",
        "instar config set auth.token - < token.txt",
    ]))]
    Set {
        key: String,
        /// The value; `-` reads it from standard input, where no other user sees it
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Say whether the settings can be loaded, and which keys have no effect
    #[command(after_help = examples(&["instar config check", "instar config check --json"]))]
    Check,
    /// Print the JSON Schema of the settings, for editors
    #[command(after_help = examples(&["instar config schema"]))]
    Schema,
}

pub(crate) fn run(context: &Context, command: ConfigCommand) -> Result<Exit, Failure> {
    match command {
        ConfigCommand::Get { key: None, show_secrets } => get_all(context, show_secrets),
        ConfigCommand::Get { key: Some(key), show_secrets } => get(context, &key, show_secrets),
        ConfigCommand::Set { key, value } => set(context, &key, &value),
        ConfigCommand::Check => check(context),
        ConfigCommand::Schema => {
            context.out.value(&keys::schema())?;
            Ok(Exit::Ok)
        }
    }
}

const HIDDEN: &str = "(hidden; --show-secrets shows it)";

/// The value of a key, and whether the file has it.
fn value_of(file: &Map<String, Value>, name: &str) -> (Value, &'static str) {
    let mut words = name.split('.');
    let first = words.next().and_then(|word| file.get(word));
    let found = first.and_then(|first| words.try_fold(first, |place, word| place.get(word)));
    match found {
        Some(value) if !value.is_null() => (value.clone(), "file"),
        _ => {
            let key = keys::find(name).filter(|key| key.kind != Kind::Object || name.ends_with(".config"));
            (key.and_then(Key::default_value).unwrap_or(Value::Null), "default")
        }
    }
}

fn get(context: &Context, name: &str, show_secrets: bool) -> Result<Exit, Failure> {
    let key = known(name)?;
    let file = read(context, &context.project()?)?;
    let (mut value, from) = value_of(&file, name);
    if !show_secrets {
        hide(key, name, &mut value);
    }
    if context.out.json {
        context.out.value(&json!({ "key": name, "value": value, "from": from }))?;
    } else {
        context.out.line(plain(&value))?;
    }
    Ok(Exit::Ok)
}

fn get_all(context: &Context, show_secrets: bool) -> Result<Exit, Failure> {
    let file = read(context, &context.project()?)?;
    let of_table = keys::KEYS.iter().map(|key| key.name.to_owned()).filter(|name| !name.contains("<id>"));
    let of_plugins = keys::known(&file).into_iter().filter(|name| name.starts_with("plugins."));
    let mut rows = Vec::new();
    for name in of_table.chain(of_plugins) {
        let (mut value, from) = value_of(&file, &name);
        if !show_secrets {
            hide(known(&name)?, &name, &mut value);
        }
        rows.push((name, value, from));
    }
    if context.out.json {
        let row = |(name, value, from): &(String, Value, _)| json!({ "key": name, "value": value, "from": from });
        context.out.value(&json!({ "keys": rows.iter().map(row).collect::<Vec<_>>() }))?;
        return Ok(Exit::Ok);
    }
    let row = |(name, value, from): &(String, Value, &str)| {
        let tone = if *from == "file" { Tone::Plain } else { Tone::Dim };
        vec![Shown::plain(name), Shown::new(plain(value), tone), Shown::new(from, tone)]
    };
    context.out.table(&["KEY", "VALUE", "FROM"], rows.iter().map(row).collect())?;
    Ok(Exit::Ok)
}

fn known(name: &str) -> Result<&'static Key, Failure> {
    keys::find(name).ok_or_else(|| {
        Failure::not_found(format!("there is no key `{name}`; `instar config get` shows those that exist"))
    })
}

/// As a shell takes it: a text without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn hide(key: &Key, name: &str, value: &mut Value) {
    let word = name.rsplit('.').next().unwrap_or(name);
    if key.kind == Kind::Secret || (key.kind == Kind::Object && sounds_secret(word)) {
        if !value.is_null() {
            *value = HIDDEN.into();
        }
        return;
    }
    hide_below(value);
}

/// Plugins have secrets of their own, and we know them by their names only.
fn hide_below(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (word, value) in map {
                if sounds_secret(word) && !value.is_null() {
                    *value = HIDDEN.into();
                } else {
                    hide_below(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(hide_below),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn sounds_secret(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["token", "secret", "password", "key", "credential"].iter().any(|part| word.contains(part))
}

/// The file as it stands, once it is known to make settings.
fn read(context: &Context, project: &Project) -> Result<Map<String, Value>, Failure> {
    context.config(project)?;
    let text = text_of(project)?;
    let value = serde_json::from_str(text.trim_start_matches('\u{feff}'));
    value.map_err(|error| Failure::failed(format!("{} is not valid JSON: {error}", project.config_file().display())))
}

fn text_of(project: &Project) -> Result<String, Failure> {
    let path = project.config_file();
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok("{}\n".to_owned()),
        Err(error) => Err(Failure::io(format_args!("failed to read {}", path.display()), &error)),
        Ok(text) => Ok(text),
    }
}

fn set(context: &Context, name: &str, value: &str) -> Result<Exit, Failure> {
    let key = known(name)?;
    let value = if value == "-" { from_input()? } else { value.to_owned() };
    let value = parsed(key, &value);
    let project = context.project()?;
    let lacks = store(&project, name, &value)?;
    let exit = said(context, &project, key, name, value)?;
    for lack in lacks {
        context.out.note(format!("The plugin is not loaded yet: {lack}"));
    }
    Ok(exit)
}

/// Writes one key; what would be no settings is not written. What the configuration of its plugin still lacks comes back.
pub(crate) fn store(project: &Project, name: &str, value: &Value) -> Result<Vec<ConfigRefusal>, Failure> {
    let mut edited = EditedConfig::begin(project)?;
    let lacks = edited.set(name, value)?;
    edited.write()?;
    Ok(lacks)
}

/// The settings as they will be. Nobody else edits them while it lives, and nothing is written before it is asked for.
#[derive(Debug)]
pub(super) struct EditedConfig {
    project: Project,
    before: String,
    text: String,
    config: Config,
    _lock: File,
}

impl EditedConfig {
    pub(super) fn begin(project: &Project) -> Result<Self, Failure> {
        let lock = lock(&project.run_dir(), "config.lock")?;
        let before = text_of(project)?;
        let config = match Config::of_text(project, &before) {
            Ok(config) => config,
            // A key that is wrong may be the one to be set.
            Err(_) => Config::of_text(project, "{}").map_err(|_| Failure::failed("no settings can be made"))?,
        };
        Ok(Self { project: project.clone(), text: before.clone(), before, config, _lock: lock })
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// What the configuration of the key's plugin still lacks: it is set key by key.
    pub(super) fn set(&mut self, name: &str, value: &Value) -> Result<Vec<ConfigRefusal>, Failure> {
        let text = config_edit::set(&self.text, name, value).map_err(|error| Failure::refused(error.to_string()))?;
        let refused = |error: crate::config::ConfigError| {
            Failure::refused(format!("{}; nothing was changed", sentence(&error.into())))
        };
        let config = Config::of_text(&self.project, &text).map_err(refused)?;
        let lacks = check_plugin(&self.project, name, &self.config, &config)?;
        (self.config, self.text) = (config, text);
        Ok(lacks)
    }

    pub(super) fn write(&self) -> Result<(), Failure> {
        let path = self.project.config_file();
        if text_of(&self.project)? != self.before {
            return Err(Failure::failed(format!("{} was changed meanwhile; try again", path.display())));
        }
        if self.text != self.before {
            let failed = |error| Failure::io(format_args!("failed to write {}", path.display()), &error);
            disk::write(&path, self.text.as_bytes(), Mode::Private).map_err(failed)?;
        }
        Ok(())
    }
}

/// A plugin's schema refuses what it would not load with, unless it was so before.
fn check_plugin(project: &Project, name: &str, before: &Config, after: &Config) -> Result<Vec<ConfigRefusal>, Failure> {
    let is_its_own = |id: &&PluginId| {
        let own = format!("plugins.{id}.config");
        name.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let Some(id) = after.plugins.keys().find(is_its_own) else { return Ok(Vec::new()) };
    let refusals = |config: &Config| {
        let config = config.plugins.get(id).map(|plugin| plugin.config.clone()).unwrap_or_default();
        wiring::config_refusals(bundled::plugins(), &project.plugins_dir(), id, &config)
    };
    // A schema that is none is the plugin's fault, which its loading tells.
    let (Ok(known), Ok(found)) = (refusals(before), refusals(after)) else { return Ok(Vec::new()) };
    let (lacks, faults): (Vec<_>, Vec<_>) = found.into_iter().partition(|refusal| refusal.is_lack);
    let new: Vec<_> = faults.iter().filter(|fault| !known.contains(fault)).map(ToString::to_string).collect();
    match new.is_empty() {
        true => Ok(lacks),
        false => Err(Failure::refused(format!("`{id}` does not take that: {}; nothing was changed", new.join("; ")))),
    }
}

fn said(context: &Context, project: &Project, key: &Key, name: &str, mut value: Value) -> Result<Exit, Failure> {
    hide(key, name, &mut value);
    // Plugins are set up anew at once; where people may speak is read at the start.
    let is_live = name.starts_with("plugins.") && !name.ends_with(".chatId");
    let needs_restart = !is_live && wiring::lock::holder(&project.lock_file()).is_some();
    if context.out.json {
        context.out.value(&json!({ "key": name, "value": value, "needsRestart": needs_restart }))?;
        return Ok(Exit::Ok);
    }
    context.out.line(format!("{name} = {}", plain(&value)))?;
    if needs_restart {
        context.out.note("The server takes it up when it starts again: instar server stop && instar server start");
    }
    Ok(Exit::Ok)
}

/// A text is taken as it is; anything else is JSON, and a list may be written with commas.
fn parsed(key: &Key, text: &str) -> Value {
    let json = serde_json::from_str::<Value>(text).ok();
    match (key.kind, json) {
        (Kind::Text | Kind::Secret | Kind::Zone, Some(Value::String(quoted))) => quoted.into(),
        (Kind::Text | Kind::Secret | Kind::Zone, _) => text.into(),
        (Kind::Texts, Some(Value::Array(list))) => list.into(),
        (Kind::Texts, _) => text.split(',').map(str::trim).collect::<Vec<_>>().into(),
        (_, Some(value)) => value,
        (_, None) => text.into(),
    }
}

fn from_input() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().take(1024 * 1024).read_to_string(&mut text);
    read.map_err(|error| Failure::io("failed to read the value from standard input", &error))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

fn check(context: &Context) -> Result<Exit, Failure> {
    let project = context.project()?;
    let config = context.config(&project)?;
    let faults = faults_of_plugins(&project, &config);
    let exit = if faults.is_empty() { Exit::Ok } else { Exit::Failed };
    if context.out.json {
        let fault = |(id, fault): &(&PluginId, ConfigRefusal)| json!({ "plugin": id, "path": fault.path, "message": fault.to_string() });
        context.out.value(&json!({
            "ok": faults.is_empty(), "unknownKeys": config.unknown_keys(),
            "plugins": faults.iter().map(fault).collect::<Vec<_>>(),
        }))?;
        return Ok(exit);
    }
    for key in config.unknown_keys() {
        context.out.line(format!("warning: `{key}` has no effect in this version"))?;
    }
    for (id, fault) in &faults {
        context.out.line(format!("plugins.{id}.config: {fault}"))?;
    }
    if faults.is_empty() {
        context.out.line(format!("{} can be loaded.", project.config_file().display()))?;
    }
    Ok(exit)
}

/// What their schemas have against the configurations of plugins.
fn faults_of_plugins<'a>(project: &Project, config: &'a Config) -> Vec<(&'a PluginId, ConfigRefusal)> {
    let of_plugin = |(id, plugin): (&'a PluginId, &PluginConfig)| {
        let refusals = wiring::config_refusals(bundled::plugins(), &project.plugins_dir(), id, &plugin.config);
        refusals.unwrap_or_default().into_iter().map(move |refusal| (id, refusal))
    };
    config.plugins.iter().filter(|(_, plugin)| plugin.enabled).flat_map(of_plugin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, expected: &Value) {
        assert_eq!(&parsed(keys::find(name).unwrap(), text), expected, "{name} {text}");
    }

    #[test]
    fn words_become_values_by_the_kind_of_the_key() {
        check("port", "4050", &json!(4050));
        check("projectName", "4050", &json!("4050"));
        check("projectName", "\"quoted\"", &json!("quoted"));
        check("auth.trustLoopback", "true", &json!(true));
        check("sessions.passEnv", "A_*, B", &json!(["A_*", "B"]));
        check("sessions.passEnv", "[\"A\"]", &json!(["A"]));
        check("plugins.a.config.args", "[\"-x\"]", &json!(["-x"]));
        check("plugins.a.config.command", "/bin/c", &json!("/bin/c"));
    }

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        let hidden = |name: &str, mut value: Value| {
            hide(keys::find(name).unwrap(), name, &mut value);
            value.to_string()
        };
        for (name, value) in [
            ("auth.token", json!("s3cret")),
            ("authToken", json!("s3cret")),
            ("plugins.a.config", json!({"bot": {"apiToken": "s3cret", "list": [{"password": "s3cret"}]}})),
            ("plugins.a.config.botToken", json!("s3cret")),
        ] {
            assert!(!hidden(name, value).contains("s3cret"), "{name}");
        }
        assert_eq!(hidden("port", json!(4040)), "4040");
        assert_eq!(hidden("auth.token", Value::Null), "null");
    }
}
