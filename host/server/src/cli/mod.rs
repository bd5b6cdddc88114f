//! The command line: one file per noun, one function per command.
//!
//! Commands say what happened; the server does it. Only `init`, `doctor`, `backup`, `restore` and the edits of jobs and
//! settings work on files, so that they need no server. What a command prints and how it ends: `output` and `exit`.

mod add;
mod api_call;
mod attention;
mod autostart;
mod backup;
mod client;
mod config;
mod config_edit;

mod doctor;
mod events;
mod exit;
mod guard;
mod hook;
mod init;
mod job;
mod lifeline;
mod logs;
mod manual;
mod notifier;
mod notifier_look;
mod output;
mod person;
mod plugin;
mod quota;
mod run;
mod scheduler;
mod secret;
mod send;
mod server;
mod session;
mod status;
mod stream;
#[cfg(test)]
mod tests;
mod user;

pub(crate) use self::config::store as store_setting;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind as ClapErrorKind;
use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError, Project};
use client::Client;
use exit::{Exit, Failure};
use output::Output;

/// A host that gives coding agents a life of their own: jobs by cron, each in tmux, with WASM plugins
#[derive(Debug, Parser)]
#[command(name = "instar", version, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = overview())]
pub(crate) struct Cli {
    /// Print JSON: the API's own answer where there is one, `{"error": …}` on failure
    #[arg(long, global = true)]
    json: bool,
    /// The project's folder; else the nearest one with `.instar` around the working directory
    #[arg(short, long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    /// Start, stop and look at the server of this project
    #[command(subcommand, after_help = examples(&["instar server start", "instar server stop"]))]
    Server(server::ServerCommand),
    /// Keep the server running: a small process beside it that starts it again when it dies
    #[command(subcommand, after_help = examples(&["instar lifeline start", "instar lifeline status"]))]
    Lifeline(lifeline::LifelineCommand),
    /// Start the lifeline with the machine
    #[command(subcommand, after_help = examples(&["instar autostart install", "instar autostart status"]))]
    Autostart(autostart::AutostartCommand),
    /// Show the project, its server, sessions, jobs and recent events
    #[command(after_help = examples(&["instar status", "instar status --json", "instar --dir ~/agent status"]))]
    Status,
    Doctor(doctor::Doctor),
    /// Show, set and check the settings of the project
    #[command(subcommand, after_help = examples(&["instar config get", "instar config set port 4050"]))]
    Config(config::ConfigCommand),
    /// List, change, trigger and look into jobs
    #[command(subcommand, after_help = examples(&["instar job list", "instar job trigger check-email --wait"]))]
    Job(job::JobCommand),
    /// Pause and resume all jobs
    #[command(subcommand, after_help = examples(&["instar scheduler status", "instar scheduler pause"]))]
    Scheduler(scheduler::SchedulerCommand),
    /// What people should look at: list it, raise it, and say how far you are
    #[command(subcommand, after_help = examples(&["instar attention list", "instar attention done key-expires"]))]
    Attention(attention::AttentionCommand),
    /// Look into single runs of jobs
    #[command(subcommand, after_help = examples(&["instar run show 0197e8a0-0000-7000-8000-000000000000"]))]
    Run(run::RunCommand),
    /// Watch, feed and end sessions
    #[command(subcommand, after_help = examples(&["instar session list", "instar session output research-task"]))]
    Session(session::SessionCommand),
    Quota(quota::Quota),
    Send(send::Send),
    /// Look at who tells people, try it, and let people in who speak with sessions
    #[command(subcommand, after_help = examples(&["instar notifier list", "instar notifier pair telegram --user ada"]))]
    Notifier(notifier::NotifierCommand),
    /// Set up what a project can have beside its jobs
    #[command(subcommand, after_help = examples(&["instar add telegram --chat-id -1001234567890 < token.txt"]))]
    Add(add::AddCommand),
    /// Say who people are, by which channels they speak, and what they may do
    #[command(subcommand, after_help = examples(&["instar user list", "instar user add --id ada --telegram 4711"]))]
    User(user::UserCommand),
    Events(events::Events),
    Logs(logs::Logs),
    /// Install, grant and look at plugins
    #[command(subcommand, after_help = examples(&["instar plugin list", "instar plugin install ./execute-hello.wasm"]))]
    Plugin(plugin::PluginCommand),
    /// Give plugins secrets that they use and never see
    #[command(subcommand, after_help = examples(&["instar secret list", "instar secret set notifier-telegram/token"]))]
    Secret(secret::SecretCommand),
    /// Called by an agent CLI at its events; and how it comes to do so
    #[command(subcommand, after_help = examples(&["instar hook install", "instar hook uninstall"]))]
    Hook(hook::HookCommand),
    /// Ask the guards, and look at what they decided
    #[command(subcommand, after_help = examples(&["instar guard test 'rm -rf build'", "instar guard log"]))]
    Guard(guard::GuardCommand),
    Backup(backup::Backup),
    Restore(backup::Restore),
    /// Call any route of the API
    Api(api_call::ApiCall),
    Completions(manual::Completions),
    Man(manual::Man),
}

/// What every command gets.
#[derive(Debug)]
pub(crate) struct Context {
    dir: Option<PathBuf>,
    pub(crate) out: Output,
}

impl Context {
    /// The project, which must have been set up.
    pub(crate) fn project(&self) -> Result<Project, Failure> {
        let project =
            Project::find(self.dir.as_deref()).map_err(|error| Failure::not_found(sentence(&error.into())))?;
        if project.instar_dir().is_dir() {
            return Ok(project);
        }
        let dir = project.dir().display();
        Err(Failure::not_found(format!("there is no instar project in {dir}; `instar init` makes one")))
    }

    pub(crate) fn config(&self, project: &Project) -> Result<Config, Failure> {
        Config::load(project).map_err(|error| {
            let exit = match &error {
                ConfigError::Read { source, .. } if source.kind() == ErrorKind::PermissionDenied => Exit::Refused,
                ConfigError::Read { .. }
                | ConfigError::TooLarge { .. }
                | ConfigError::Json { .. }
                | ConfigError::Key { .. } => Exit::Failed,
            };
            Failure::new(exit, sentence(&error.into()))
        })
    }

    pub(crate) fn client(&self) -> Result<Client, Failure> {
        client_of(&self.project()?)
    }
}

pub(crate) fn client_of(project: &Project) -> Result<Client, Failure> {
    Client::new(crate::serve::recorded_socket(project), project.dir())
}

/// Everything behind `fn main`: reads the arguments, does the command, gives its exit code.
pub(crate) fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match Cli::try_parse_from(&arguments) {
        Ok(cli) => run(cli).into(),
        Err(error) => unparsed(&error, &arguments).into(),
    }
}

/// The hook that this process was called as, if it is one.
pub(crate) fn hook_event() -> Option<hook::HookCall> {
    hook::called(std::env::args_os().skip(1))
}

pub(crate) fn hook(call: hook::HookCall) -> ExitCode {
    hook::main(call)
}

fn run(cli: Cli) -> Exit {
    let context = Context { dir: cli.dir, out: Output::of_process(cli.json) };
    match dispatch(&context, cli.command) {
        Ok(exit) => exit,
        Err(failure) => {
            context.out.failure(&failure);
            failure.exit()
        }
    }
}

fn dispatch(context: &Context, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Init(init) => init::run(context, init),
        Command::Server(command) => server::run(context, command),
        Command::Lifeline(command) => lifeline::run(context, &command),
        Command::Autostart(command) => autostart::run(context, &command),
        Command::Status => status::run(context),
        Command::Doctor(doctor) => doctor::run(context, &doctor),
        Command::Config(command) => config::run(context, command),
        Command::Job(command) => job::run(context, command),
        Command::Scheduler(command) => scheduler::run(context, command),
        Command::Attention(command) => attention::run(context, command),
        Command::Run(command) => run::run(context, command),
        Command::Session(command) => session::run(context, command),
        Command::Quota(quota) => quota::run(context, &quota),
        Command::Send(send) => send::run(context, &send),
        Command::Notifier(command) => notifier::run(context, command),
        Command::Add(command) => add::run(context, &command),
        Command::User(command) => user::run(context, &command),
        Command::Events(events) => events::run(context, &events),
        Command::Logs(logs) => logs::run(context, &logs),
        Command::Plugin(command) => plugin::run(context, &command),
        Command::Secret(command) => secret::run(context, &command),
        Command::Hook(command) => hook::run(context, &command),
        Command::Guard(command) => guard::run(context, &command),
        Command::Backup(to) => backup::backup(context, &to),
        Command::Restore(from) => backup::restore(context, &from),
        Command::Api(call) => api_call::run(context, call),
        Command::Completions(completions) => manual::completions(context, &completions),
        Command::Man(man) => manual::man(context, &man),
    }
}

/// Says what clap has to say; that nobody reads it is fine.
fn unparsed(error: &clap::Error, arguments: &[OsString]) -> Exit {
    let wants_json = arguments.iter().skip(1).take_while(|word| *word != "--").any(|word| word == "--json");
    let exit = exit_of(error);
    if error.kind() == ClapErrorKind::DisplayVersion {
        // The bare version, for scripts.
        let _ = Output::of_process(false).line(env!("CARGO_PKG_VERSION"));
    } else if exit == Exit::Usage && wants_json {
        let text = error.to_string();
        let first = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
        Output::of_process(true).failure(&Failure::usage(first.split_whitespace().collect::<Vec<_>>().join(" ")));
    } else {
        let _ = error.print();
    }
    exit
}

/// Help and version are answers; everything else is an error of usage.
fn exit_of(error: &clap::Error) -> Exit {
    if error.use_stderr() { Exit::Usage } else { Exit::Ok }
}

/// What went wrong and why, as one sentence.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    format!("{error:#}")
}

/// The examples below a command's help. A test parses every one of them.
fn examples(commands: &[&str]) -> String {
    format!("Examples:\n  {}", commands.join("\n  "))
}

fn overview() -> String {
    let examples = examples(&[
        "instar init my-agent",
        "instar server start",
        "instar job add --slug tidy --name \"Tidy up\" \\\n    --schedule \"0 3 * * *\" --execute \"Tidy the notes.\"",
        "instar job trigger tidy --wait",
        "instar status",
    ]);
    format!("{examples}\n\n{}", exit::table())
}
