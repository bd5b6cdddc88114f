//! `instar backup` and `instar restore`: the whole of a project's records as one folder, and back.
//!
//! A backup is made beside its place and gets its name last; a restore exchanges what is there for what comes and
//! keeps the former in a folder of its own. Nothing is deleted but what was made halfway.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use instar_store::{back_up, check_backup};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::json;

use super::exit::{Exit, Failure};
use super::{Context, examples, sentence};
use crate::config::Project;
use crate::disk::{self, Mode};
use crate::wiring::{self, VERSION};

/// Save settings, jobs, plugins and the database in a new folder, also while the server runs
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar backup ../agent-backup", "instar backup /srv/backup --with-output 100"]))]
pub(crate) struct Backup {
    /// The folder to make; it must not exist
    to: PathBuf,
    /// What the newest N sessions printed as well
    #[arg(long, value_name = "N", default_value_t = 0)]
    with_output: usize,
}

/// Put a backup in the place of what is here; what was here is kept in a folder beside
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar restore ../agent-backup", "instar restore /srv/backup --dir ~/work/site"]))]
pub(crate) struct Restore {
    /// The folder that `instar backup` made
    from: PathBuf,
}

/// What a backup holds, by its way from `.instar` as from the backup. The database's folder goes last.
const PARTS: [&str; 4] = ["config.json", "jobs.json", "plugins", "state"];
const DATABASE: &str = "state/instar.db";
const SESSIONS: &str = "state/sessions";
const LABEL: &str = "backup.json";
const FORMAT: u64 = 1;

pub(crate) fn backup(context: &Context, backup: &Backup) -> Result<Exit, Failure> {
    let project = context.project()?;
    let to = std::path::absolute(&backup.to).map_err(|error| Failure::io("failed to find the folder", &error))?;
    if to.exists() || to.is_symlink() {
        return Err(Failure::refused(format!("{} is there already; a backup overwrites nothing", to.display())));
    }
    if !project.database().is_file() {
        return Err(Failure::refused("there is no database yet: start the server once"));
    }
    let partial = beside(&to, &format!("partial-{}", std::process::id()))?;
    let written = context.out.during("copying", || write_backup(&project, &partial, backup.with_output));
    let made = written.and_then(|()| {
        // Unlike a plain rename, this one refuses to take the place of an empty folder.
        let renamed = renameat_with(CWD, &partial, CWD, &to, RenameFlags::NOREPLACE);
        renamed.map_err(|error| Failure::io(format_args!("failed to make {}", to.display()), &error.into()))
    });
    if let Err(failure) = made {
        fs::remove_dir_all(&partial).ok();
        return Err(failure);
    }
    if context.out.json {
        context.out.value(&json!({ "backup": to }))?;
    } else {
        context.out.line(format!("The backup is in {}; it holds the token and must stay private.", to.display()))?;
    }
    Ok(Exit::Ok)
}

fn write_backup(project: &Project, to: &Path, with_output: usize) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::io(format_args!("failed to write {}", to.display()), &error);
    disk::create_folder(to, Mode::Private).map_err(failed)?;
    disk::create_folder(&to.join("state"), Mode::Private).map_err(failed)?;
    wait_for(back_up(&project.database(), &to.join(DATABASE)))?;
    for part in PARTS.iter().filter(|part| **part != "state") {
        copy(&project.instar_dir().join(part), &to.join(part)).map_err(failed)?;
    }
    copy_state(&project.state_dir(), &to.join("state")).map_err(failed)?;
    copy_sessions(&project.instar_dir().join(SESSIONS), &to.join(SESSIONS), with_output).map_err(failed)?;
    let label = json!({ "format": FORMAT, "version": VERSION, "createdAt": jiff::Timestamp::now() });
    disk::write(&to.join(LABEL), format!("{label:#}\n").as_bytes(), Mode::Private).map_err(failed)
}

pub(crate) fn restore(context: &Context, restore: &Restore) -> Result<Exit, Failure> {
    let project = match &context.dir {
        Some(dir) => Project::at(dir).map_err(|error| Failure::not_found(sentence(&error.into())))?,
        None => context.project()?,
    };
    context.out.during("checking the backup", || check(&restore.from))?;
    let _lock = wiring::claim(&project).map_err(|error| Failure::refused(sentence(&error)))?;
    let former = project.instar_dir().join(format!("state.before-restore-{}", jiff::Timestamp::now().as_millisecond()));
    let staged = beside(&former, "partial")?;
    if let Err(error) = context.out.during("copying the backup", || stage(&restore.from, &staged)) {
        fs::remove_dir_all(&staged).ok();
        return Err(Failure::io(format_args!("failed to copy {}", restore.from.display()), &error));
    }
    let exchanged = exchange(&staged, &project.instar_dir()).and_then(|()| fs::rename(&staged, &former));
    exchanged.map_err(|error| {
        let staged = staged.display();
        Failure::io(format_args!("the restore stopped halfway; what is not in its place is in {staged}"), &error)
    })?;
    if context.out.json {
        context.out.value(&json!({ "restored": restore.from, "former": former }))?;
    } else {
        context.out.line(format!("Restored {}.", restore.from.display()))?;
        context.out.line(format!("What was here before is in {}.", former.display()))?;
    }
    Ok(Exit::Ok)
}

/// Looks at a backup before anything is changed for it.
fn check(from: &Path) -> Result<(), Failure> {
    let label = fs::read(from.join(LABEL)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let label: serde_json::Value =
        label.ok_or_else(|| Failure::refused(format!("{} is no backup: it has no {LABEL}", from.display())))?;
    if label["format"] != FORMAT {
        return Err(Failure::refused(format!("{} was made by a newer instar", from.display())));
    }
    wait_for(check_backup(&from.join(DATABASE)))
}

fn stage(from: &Path, to: &Path) -> io::Result<()> {
    disk::create_folder(to, Mode::Private)?;
    PARTS.iter().try_for_each(|part| copy(&from.join(part), &to.join(part)))?;
    disk::create_folder(&to.join(SESSIONS), Mode::Private).map(|_| ())
}

/// Each part comes in one step, and what it takes the place of goes to where it came from.
fn exchange(staged: &Path, instar_dir: &Path) -> io::Result<()> {
    for part in PARTS.iter().filter(|part| staged.join(part).exists()) {
        let (new, old) = (staged.join(part), instar_dir.join(part));
        if old.exists() || old.is_symlink() {
            renameat_with(CWD, &new, CWD, &old, RenameFlags::EXCHANGE)?;
        } else {
            fs::rename(&new, &old)?;
        }
    }
    fs::File::open(instar_dir)?.sync_all()
}

/// Copies a file or a folder for its owner alone and makes it durable; what is not there is left out.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let kind = match fs::metadata(from) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if kind.is_file() {
        let mut reader = fs::File::open(from)?;
        let mut writer = disk::create_private(to)?;
        io::copy(&mut reader, &mut writer)?;
        return writer.sync_all();
    }
    // Sockets and devices mean nothing elsewhere.
    if !kind.is_dir() {
        return Ok(());
    }
    disk::create_folder(to, Mode::Private)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    fs::File::open(to)?.sync_all()
}

/// What else lies beside the database, such as the files of a predecessor.
fn copy_state(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        let is_database = name.to_string_lossy().starts_with("instar.db");
        if !is_database && name != "sessions" {
            copy(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}

/// The folders of the newest sessions, whose ids begin with their time, and the files of a predecessor beside them.
fn copy_sessions(from: &Path, to: &Path, most: usize) -> io::Result<()> {
    disk::create_folder(to, Mode::Private)?;
    let entries: Vec<_> = match fs::read_dir(from) {
        Ok(entries) => entries.collect::<io::Result<_>>()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let (folders, files): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.path().is_dir());
    let mut names: Vec<_> = folders.iter().map(|entry| entry.file_name()).collect();
    names.sort();
    let newest = names.into_iter().rev().take(most);
    newest
        .chain(files.iter().map(|entry| entry.file_name()))
        .try_for_each(|name| copy(&from.join(&name), &to.join(&name)))
}

/// A rename cannot leave a file system, so that what is made halfway lies beside its place.
fn beside(path: &Path, suffix: &str) -> Result<PathBuf, Failure> {
    let name = path.file_name().ok_or_else(|| Failure::usage(format!("{} names no folder", path.display())))?;
    Ok(path.with_file_name(format!(".{}.{suffix}", name.to_string_lossy())))
}

fn wait_for(work: impl Future<Output = Result<(), instar_store::StoreError>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("failed to start", &error))?;
    runtime.block_on(work).map_err(|error| Failure::failed(sentence(&error.into())))
}
