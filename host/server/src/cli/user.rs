//! `instar user`: who is known to the host, by which channels they speak, and what they may do.

use clap::{Subcommand, ValueEnum};
use instar_core::users::{Channel, User, Users};
use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::{Shown, one_line};
use super::{Context, examples};
use crate::jobs::lock;
use crate::users_file::UsersFile;

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Let the host know somebody; a running server takes it up at once
    #[command(after_help = examples(&[
        "instar user add --id ada --name \"Ada L.\" --telegram 4711 --permissions admin",
        "instar user add --id bob --email bob@example.org --channel matrix:@bob:example.org",
    ]))]
    Add(Add),
    /// Show who is known
    #[command(after_help = examples(&["instar user list", "instar user list --json"]))]
    List,
    /// Forget somebody; what was paired for them stays a stranger's
    #[command(after_help = examples(&["instar user remove bob"]))]
    Remove { id: String },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// What the host calls them
    #[arg(long)]
    id: String,
    /// What people call them; the id where absent
    #[arg(long)]
    name: Option<String>,
    /// The number of their account in Telegram
    #[arg(long, value_name = "NUMBER")]
    telegram: Option<String>,
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    #[arg(long, value_name = "MEMBER")]
    slack: Option<String>,
    /// Any other way to them, such as matrix:@ada:example.org
    #[arg(long, value_name = "KIND:NAME")]
    channel: Vec<String>,
    /// What they may do
    #[arg(long, value_enum, value_delimiter = ',', default_value = "user")]
    permissions: Vec<Permission>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Permission {
    /// Look
    Viewer,
    /// Speak with agents, too
    User,
    /// Change the host, too
    Admin,
}

impl Permission {
    fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

pub(super) fn run(context: &Context, command: &UserCommand) -> Result<Exit, Failure> {
    let project = context.project()?;
    let file = UsersFile::new(project.users_file());
    match command {
        UserCommand::List => list(context, &file),
        UserCommand::Add(add) => {
            let _lock = lock(&project.run_dir(), "users.lock")?;
            let user = user(add)?;
            file.add(&user).map_err(|error| Failure::refused(error.to_string()))?;
            said(context, &user.id, &format!("{} is known now, as {}.", user.id, user.role().as_str()))
        }
        UserCommand::Remove { id } => {
            let _lock = lock(&project.run_dir(), "users.lock")?;
            if !file.remove(id).map_err(|error| Failure::refused(error.to_string()))? {
                return Err(Failure::not_found(format!("there is no user `{}`", one_line(id))));
            }
            said(context, id, &format!("{} is known no more.", one_line(id)))
        }
    }
}

fn said(context: &Context, id: &str, sentence: &str) -> Result<Exit, Failure> {
    if context.out.json {
        context.out.value(&json!({ "ok": true, "id": id }))?;
    } else {
        context.out.line(sentence)?;
    }
    Ok(Exit::Ok)
}

fn user(add: &Add) -> Result<User, Failure> {
    let id = add.id.trim();
    if id.is_empty() || id.chars().any(char::is_control) {
        return Err(Failure::usage("`--id` must be a text that is not blank"));
    }
    let known = [("telegram", &add.telegram), ("email", &add.email), ("slack", &add.slack)];
    let mut channels: Vec<Channel> =
        known.iter().filter_map(|(kind, name)| Some(Channel::new(kind, name.as_ref()?))).collect();
    for channel in &add.channel {
        let (kind, name) = channel.split_once(':').unwrap_or((channel, ""));
        channels.push(Channel::new(kind, name));
    }
    if let Some(blank) = channels.iter().find(|channel| channel.kind().is_empty() || channel.identifier().is_empty()) {
        return Err(Failure::usage(format!("`{blank}` is no channel: it must be KIND:NAME")));
    }
    Ok(User {
        id: id.to_owned(),
        name: add.name.clone().unwrap_or_else(|| id.to_owned()),
        channels,
        permissions: add.permissions.iter().map(|permission| permission.word().to_owned()).collect(),
    })
}

fn list(context: &Context, file: &UsersFile) -> Result<Exit, Failure> {
    let (users, warnings) = file.read().map_err(|error| Failure::failed(error.to_string()))?;
    warnings.iter().for_each(|warning| context.out.note(warning));
    if context.out.json {
        let shown = |user: &User| json!({ "id": user.id, "name": user.name, "role": user.role(), "channels": user.channels, "permissions": user.permissions });
        context.out.value(&json!({ "users": users.iter().map(shown).collect::<Vec<_>>() }))?;
    } else if users.is_empty() {
        context.out.line("Nobody is known. `instar notifier pair` lets somebody in without being known.")?;
    } else {
        context.out.table(&["ID", "NAME", "ROLE", "CHANNELS"], rows(&users))?;
    }
    Ok(Exit::Ok)
}

fn rows(users: &Users) -> Vec<Vec<Shown>> {
    let row = |user: &User| {
        let channels: Vec<_> = user.channels.iter().map(Channel::to_string).collect();
        [user.id.clone(), user.name.clone(), user.role().as_str().to_owned(), channels.join(", ")]
            .map(|text| Shown::plain(one_line(&text)))
            .to_vec()
    };
    users.iter().map(row).collect()
}
