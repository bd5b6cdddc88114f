//! `instar init`: the folders and files that a project needs. Adds what lacks and overwrites nothing.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use instar_core::job::fields;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::output::quoted;
use super::{Context, examples, hook, sentence};
use crate::config::{Config, Project, Token};
use crate::disk::{self, Mode};

/// Where the first free port is looked for.
const PORTS: std::ops::RangeInclusive<u16> = 4040..=4099;

const LONGEST_NAME: usize = 100;

/// Set up a project: settings, jobs and folders in `.instar`
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar init",
    "instar init my-agent",
    "instar init --dir ~/work/site --port 4050",
]))]
pub(crate) struct Init {
    /// The project's name; without `--dir` also the name of the new folder
    name: Option<String>,
    /// The port of the server; else the first free one from 4040 to 4099
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
}

/// Where to set up what; checked, and nothing written yet.
#[derive(Debug)]
struct Plan {
    dir: PathBuf,
    name: String,
    port: Option<u16>,
}

/// One folder or file, by its path from the project, and whether it was made now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Made {
    path: &'static str,
    created: bool,
}

const FOLDERS: [(&str, Mode); 7] = [
    (".instar", Mode::Usual),
    (".instar/state", Mode::Private),
    (".instar/run", Mode::Private),
    (".instar/logs", Mode::Private),
    (".instar/tmp", Mode::Private),
    (".instar/plugins", Mode::Usual),
    (".instar/cache", Mode::Private),
];

const CONFIG: &str = ".instar/config.json";
const JOBS: &str = ".instar/jobs.json";
/// For editors, which cannot be told of a schema by a file that is an array.
const SCHEMA: &str = ".instar/jobs.schema.json";
const AGENT_SETTINGS: &str = ".claude/settings.json";

pub(crate) fn run(context: &Context, init: Init) -> Result<Exit, Failure> {
    let plan = plan(init, context.dir.as_deref())?;
    let made = set_up(&plan)?;
    let project = Project::at(&plan.dir).map_err(|error| Failure::failed(sentence(&error.into())))?;
    let config = Config::load(&project);
    let made = with_hooks(context, &project, made);
    if context.out.json {
        context.out.value(&report(&project, config.as_ref().ok(), &made))?;
    } else {
        for item in &made {
            context.out.line(format!("{}  {}", if item.created { "created" } else { "kept   " }, item.path))?;
        }
    }
    let config = config.map_err(|error| Failure::failed(sentence(&error.into())))?;
    advise(context, &plan, &project, &config, &made)?;
    Ok(Exit::Ok)
}

/// Registers the hooks; a settings file that cannot be edited is left alone, and the user is told.
fn with_hooks(context: &Context, project: &Project, mut made: Vec<Made>) -> Vec<Made> {
    match hook::install_into(&hook::Scope::Project(project.clone())) {
        Ok(installed) => made.push(Made { path: AGENT_SETTINGS, created: installed.changed }),
        Err(failure) => context.out.note(format!("the hooks were not registered: {}", failure.sentence())),
    }
    made
}

fn plan(init: Init, dir: Option<&Path>) -> Result<Plan, Failure> {
    let given = init.name.map(checked_name).transpose()?;
    let current =
        || std::env::current_dir().map_err(|error| Failure::io("failed to find the working directory", &error));
    let dir = match (&given, dir) {
        (_, Some(dir)) => std::path::absolute(dir).map_err(|error| Failure::io("failed to find the folder", &error))?,
        (Some(name), None) => new_folder(current()?.join(name))?,
        (None, None) => current()?,
    };
    if dir.exists() && !dir.is_dir() {
        return Err(Failure::refused(format!("{} is not a folder", dir.display())));
    }
    let name = given.unwrap_or_else(|| name_of(&dir));
    Ok(Plan { dir, name, port: init.port })
}

/// The name becomes a folder, so that nothing of anybody may be in it.
fn new_folder(dir: PathBuf) -> Result<PathBuf, Failure> {
    let is_free = match fs::read_dir(&dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => !dir.exists(),
    };
    if is_free {
        return Ok(dir);
    }
    let (name, dir) = (dir.display(), quoted(&dir));
    Err(Failure::refused(format!("{name} is not empty; to set up a project in it: instar init --dir {dir}")))
}

fn checked_name(name: String) -> Result<String, Failure> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    let fits = name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.len() <= LONGEST_NAME
        && name.chars().all(allowed);
    if fits {
        return Ok(name);
    }
    Err(Failure::usage(format!(
        "the name {name:?} does not fit: it must be 1 to {LONGEST_NAME} letters, digits, `.`, `_` or `-`, and begin with a letter or digit"
    )))
}

/// A folder may be called anything; what does not fit into a name becomes `-`.
fn name_of(dir: &Path) -> String {
    let folder = dir.file_name().unwrap_or_default().to_string_lossy();
    let fitting =
        |letter: char| if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_') { letter } else { '-' };
    let name: String = folder.chars().map(fitting).take(LONGEST_NAME).collect();
    let name = name.trim_matches(['-', '.', '_']);
    if name.is_empty() { "project".to_owned() } else { name.to_owned() }
}

fn set_up(plan: &Plan) -> Result<Vec<Made>, Failure> {
    let config_is_there = plan.dir.join(CONFIG).exists();
    let port = match plan.port {
        Some(port) => port,
        None if config_is_there => Config::DEFAULT_PORT,
        None => free_port(|port| TcpListener::bind(("127.0.0.1", port)).is_ok())?,
    };
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| Failure::io(format_args!("failed to create {path}"), &error)
    };
    fs::create_dir_all(&plan.dir).map_err(failed(&plan.dir))?;
    let mut made = Vec::new();
    for (path, mode) in FOLDERS {
        let folder = plan.dir.join(path);
        made.push(Made { path, created: disk::create_folder(&folder, mode).map_err(failed(&folder))? });
    }
    let config = format!("{:#}\n", settings(&plan.name, port, &Token::generate()));
    let schema = format!("{:#}\n", fields::schema());
    let files =
        [(CONFIG, config.as_str(), Mode::Private), (JOBS, "[]\n", Mode::Usual), (SCHEMA, schema.as_str(), Mode::Usual)];
    for (path, text, mode) in files {
        let file = plan.dir.join(path);
        // A link that leads nowhere is somebody's, too.
        let created = !file.exists() && !file.is_symlink();
        if created {
            disk::write(&file, text.as_bytes(), mode).map_err(failed(&file))?;
        }
        made.push(Made { path, created });
    }
    Ok(made)
}

fn settings(name: &str, port: u16, token: &Token) -> Value {
    json!({
        "projectName": name,
        "port": port,
        "host": "127.0.0.1",
        "auth": { "token": token.reveal() },
        "sessions": { "maxSessions": 3 },
        "scheduler": { "enabled": true, "maxParallelJobs": 2 },
    })
}

fn free_port(is_free: impl Fn(u16) -> bool) -> Result<u16, Failure> {
    PORTS.into_iter().find(|port| is_free(*port)).ok_or_else(|| {
        Failure::failed(format!("no port from {} to {} is free; name one with --port", PORTS.start(), PORTS.end()))
    })
}

fn report(project: &Project, config: Option<&Config>, made: &[Made]) -> Value {
    let file = |item: &Made| json!({ "path": item.path, "state": if item.created { "created" } else { "kept" } });
    json!({
        "project": config.map(|config| &config.project_name),
        "dir": project.dir(),
        "port": config.map(|config| config.port),
        "files": made.iter().map(file).collect::<Vec<_>>(),
    })
}

/// What the user should know beside; nothing of it is done for them.
fn advise(context: &Context, plan: &Plan, project: &Project, config: &Config, made: &[Made]) -> Result<(), Failure> {
    let out = &context.out;
    let is_new = made.iter().any(|item| item.path == CONFIG && item.created);
    if plan.port.is_some_and(|port| port != config.port) {
        out.note(format!("{CONFIG} was kept, with port {}; change it there.", config.port));
    }
    if config.token.is_none() {
        out.note(format!("{CONFIG} has no auth.token, so the API answers on the socket only."));
    }
    let mode = fs::metadata(project.config_file()).map_or(0o600, |found| found.permissions().mode());
    if mode & 0o077 != 0 {
        out.note(format!("{CONFIG} can be read by others; chmod 600 {}", quoted(&project.config_file())));
    }
    if out.json || !is_new {
        return Ok(());
    }
    out.line(format!("\n{} is set up in {}, port {}.", config.project_name, project.dir().display(), config.port))?;
    out.line(
        "The token is in .instar/config.json: keep .instar/config.json, state, run, logs, tmp and cache out of git.",
    )?;
    let here = std::env::current_dir().is_ok_and(|current| current == project.dir());
    let next = if here { String::new() } else { format!("cd {} && ", quoted(project.dir())) };
    out.line(format!("Next: {next}instar server start"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn init(name: Option<&str>, port: Option<u16>) -> Init {
        Init { name: name.map(str::to_owned), port }
    }

    fn mode_of(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_fresh_project_gets_its_files_with_their_modes() {
        let root = tempfile::tempdir().unwrap();
        let plan = plan(init(Some("demo"), Some(4077)), Some(root.path())).unwrap();
        let made = set_up(&plan).unwrap();
        assert_eq!(made.iter().filter(|item| item.created).count(), FOLDERS.len() + 3);
        for (path, expected) in
            [(CONFIG, 0o600), (".instar/run", 0o700), (".instar/tmp", 0o700), (".instar/cache", 0o700)]
        {
            assert_eq!(mode_of(&root.path().join(path)), expected, "{path}");
        }
        let config: Value = serde_json::from_slice(&fs::read(root.path().join(CONFIG)).unwrap()).unwrap();
        let token = config["auth"]["token"].as_str().unwrap();
        assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
        assert_eq!((&config["port"], &config["projectName"]), (&json!(4077), &json!("demo")));
        assert_eq!(fs::read_to_string(root.path().join(JOBS)).unwrap(), "[]\n");
    }

    #[test]
    fn a_second_init_adds_what_lacks_and_changes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let plan = plan(init(None, Some(4077)), Some(root.path())).unwrap();
        set_up(&plan).unwrap();
        let config = root.path().join(CONFIG);
        fs::write(&config, "{ \"mine\": 1 }").unwrap();
        fs::set_permissions(&config, fs::Permissions::from_mode(0o640)).unwrap();
        fs::remove_file(root.path().join(JOBS)).unwrap();
        let made = set_up(&plan).unwrap();
        assert_eq!(made.into_iter().filter(|item| item.created).map(|item| item.path).collect::<Vec<_>>(), [JOBS]);
        assert_eq!((fs::read_to_string(&config).unwrap().as_str(), mode_of(&config)), ("{ \"mine\": 1 }", 0o640));
    }

    #[test]
    fn a_bad_name_is_a_usage_error_and_nothing_is_written() {
        let root = tempfile::tempdir().unwrap();
        for name in ["", "..", "a/b", "-x", "a b", "é", &"x".repeat(101)] {
            let failure = plan(init(Some(name), None), Some(root.path())).unwrap_err();
            assert_eq!(failure.exit(), Exit::Usage, "{name:?}");
        }
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_with_something_in_it_is_not_taken_for_a_new_project() {
        let root = tempfile::tempdir().unwrap();
        assert!(new_folder(root.path().join("new")).is_ok());
        assert!(new_folder(root.path().to_owned()).is_ok());
        fs::write(root.path().join("notes"), "").unwrap();
        assert_eq!(new_folder(root.path().to_owned()).unwrap_err().exit(), Exit::Refused);
        assert_eq!(new_folder(root.path().join("notes")).unwrap_err().exit(), Exit::Refused);
    }

    #[test]
    fn the_first_free_port_is_taken() {
        assert_eq!(free_port(|port| port >= 4042).unwrap(), 4042);
        assert_eq!(free_port(|_| false).unwrap_err().exit(), Exit::Failed);
    }

    #[test]
    fn folders_of_any_name_give_a_project_name() {
        for (folder, name) in [("my.app", "my.app"), ("my project", "my-project"), ("проект", "project"), ("_x_", "x")]
        {
            assert_eq!(name_of(Path::new("/srv").join(folder).as_path()), name);
        }
    }
}
