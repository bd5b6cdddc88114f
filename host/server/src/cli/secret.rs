//! `instar secret`: values that plugins use and never see. They come from standard input, never from an argument.

use std::io::{self, IsTerminal as _, Read as _};

use clap::Subcommand;
use rustix::termios::{LocalModes, OptionalActions};
use serde_json::json;

use super::exit::{Exit, Failure};
use super::{Context, examples, sentence};
use crate::secrets_file::{SecretsError, SecretsFile};

const LONGEST_VALUE: u64 = 64 << 10;

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Give a secret a value, which is read from standard input
    #[command(after_help = examples(&[
        "instar secret set notifier-telegram/token",
        "pass show telegram | instar secret set notifier-telegram/token",
        "instar secret set notifier-telegram/token --keyring",
    ]))]
    Set {
        /// The plugin's id, a slash, and what the plugin calls the secret
        #[arg(value_name = "PLUGIN/SLOT")]
        name: String,
        /// The keyring of the system keeps it, and not `.instar/secrets.json`
        #[arg(long)]
        keyring: bool,
    },
    /// Show which secrets have a value
    #[command(after_help = examples(&["instar secret list", "instar secret list --json"]))]
    List,
    /// Take the value of a secret away
    #[command(after_help = examples(&["instar secret remove notifier-telegram/token"]))]
    Remove {
        #[arg(value_name = "PLUGIN/SLOT")]
        name: String,
    },
}

pub(crate) fn run(context: &Context, command: &SecretCommand) -> Result<Exit, Failure> {
    let file = SecretsFile::new(context.project()?.secrets_file());
    match command {
        SecretCommand::Set { name, keyring } => set(context, &file, name, *keyring),
        SecretCommand::List => list(context, &file),
        SecretCommand::Remove { name } => remove(context, &file, name),
    }
}

fn set(context: &Context, file: &SecretsFile, name: &str, keyring: bool) -> Result<Exit, Failure> {
    check_name(name)?;
    let value = read_value(context, name)?;
    if value.is_empty() {
        return Err(Failure::usage("there is no value on standard input"));
    }
    let set = if keyring { file.set_in_keyring(name, &value) } else { file.set(name, &value) };
    set.map_err(failed)?;
    context.out.line(format!("{name} has a value now{}.", if keyring { ", in the keyring" } else { "" }))?;
    Ok(Exit::Ok)
}

fn list(context: &Context, file: &SecretsFile) -> Result<Exit, Failure> {
    let names = file.names().map_err(failed)?;
    let in_keyring = file.in_keyring().map_err(failed)?;
    if context.out.json {
        context.out.value(&json!({ "secrets": names, "inKeyring": in_keyring }))?;
    } else if names.is_empty() {
        context.out.line("No secrets have a value.")?;
    } else {
        for name in names {
            let place = if in_keyring.contains(&name) { "  (in the keyring)" } else { "" };
            context.out.line(format!("{name}{place}"))?;
        }
    }
    Ok(Exit::Ok)
}

fn remove(context: &Context, file: &SecretsFile, name: &str) -> Result<Exit, Failure> {
    check_name(name)?;
    if !file.remove(name).map_err(failed)? {
        return Err(Failure::not_found(format!("`{name}` has no value")));
    }
    context.out.line(format!("{name} has no value any more."))?;
    Ok(Exit::Ok)
}

fn check_name(name: &str) -> Result<(), Failure> {
    let is_slot = |slot: &str| {
        (1..=50).contains(&slot.len())
            && slot.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let is_fine = name
        .split_once('/')
        .is_some_and(|(plugin, slot)| plugin.parse::<instar_core::id::PluginId>().is_ok() && is_slot(slot));
    if is_fine { Ok(()) } else { Err(Failure::usage(format!("`{name}` is not of the form PLUGIN/SLOT"))) }
}

/// From a terminal it is read without being shown.
pub(super) fn read_value(context: &Context, name: &str) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::io("failed to read the value", &error);
    let mut value = String::new();
    if io::stdin().is_terminal() {
        context.out.note(format!("The value of {name} (it is not shown):"));
        let _quiet = Quiet::begin().map_err(failed)?;
        io::stdin().read_line(&mut value).map_err(failed)?;
    } else {
        io::stdin().take(LONGEST_VALUE).read_to_string(&mut value).map_err(failed)?;
    }
    Ok(value.trim_end_matches(['\r', '\n']).to_owned())
}

/// While it lives, the terminal shows nothing of what is typed.
struct Quiet(rustix::termios::Termios);

impl Quiet {
    fn begin() -> io::Result<Self> {
        let before = rustix::termios::tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        rustix::termios::tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that is gone needs no mending.
        let _ = rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

fn failed(error: SecretsError) -> Failure {
    Failure::failed(sentence(&error.into()))
}
