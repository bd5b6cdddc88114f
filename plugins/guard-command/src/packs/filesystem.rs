//! Deleting and moving away.

use crate::args::{Args, NO_VALUES, Spec};
use crate::names::{is_junk_file, is_source};
use crate::packs::{find, itself};
use crate::place::Place;
use crate::rule::{Report, rules};
use crate::scene::Cmd;

rules! { Filesystem:
    ROOT = Catastrophic "rm-root",
        "it would delete the whole file system",
        "name the one folder that should go, inside the project";
    HOME = Catastrophic "rm-home",
        "it would delete a whole home folder",
        "name the one folder that should go, inside the project";
    SYSTEM_TOP = Catastrophic "rm-system",
        "it would delete a folder that the system stands on",
        "remove software with the package manager, after asking the operator";
    SYSTEM = Risky "rm-system-file",
        "it would delete files of the system",
        "remove software with the package manager, after asking the operator";
    ABOVE = Risky "rm-above-project",
        "it would delete a parent of the project, and the project with it",
        "name the one folder that should go, inside the project";
    PROJECT = Risky "rm-project",
        "it would delete everything in the project",
        "name the build folders that should go, such as `rm -rf target`";
    GIT_DIR = Risky "rm-git-dir",
        "it would delete history of a repository that may exist nowhere else",
        "leave `.git` alone; a fresh copy is made by `git clone` into another folder";
    INSIDE = Risky "rm-tree",
        "it would delete a folder of the project that no build makes again",
        "commit it first, then `git rm -r` the folder, so that it can be brought back";
    OUTSIDE = Risky "rm-outside-project",
        "it would delete something outside of the project",
        "leave it, or ask the operator to remove it";
    UNKNOWN = Risky "rm-unknown",
        "nobody can tell what it would delete, because only run time knows the path",
        "look first with `ls`, then name the path itself";
    TEMP_ROOT = Risky "rm-temp-root",
        "it would delete the temporary files of everybody",
        "delete only your own, such as `rm -rf /tmp/my-work`";
    PROTECTED = Risky "rm-protected",
        "it would delete what the operator protects",
        "leave it, or ask the operator";
    ELSEWHERE = Risky "rm-elsewhere",
        "it would delete files on another machine or in a container",
        "look first with `ls` there, and ask the operator";
    CACHE = Advice "rm-cache",
        "it would delete a cache that other projects share",
        "use the cache's own tool, such as `npm cache verify`";
    MOVE_AWAY = Risky "move-away",
        "it would move away what must stay where it is",
        "copy it with `cp -r` instead";
    TO_NULL = Risky "move-to-null",
        "it would destroy the file by moving it onto a device",
        "use `git rm` for files that are in the history";
    SHRED = Risky "shred",
        "it would overwrite the file, so that nothing can bring it back",
        "use `git rm` for files that are in the history";
}

/// What is named so is a file, and no folder.
const FILE_ENDINGS: &[&str] = &[
    ".json", ".lock", ".txt", ".log", ".csv", ".html", ".xml", ".zip", ".gz", ".tgz", ".tar", ".png", ".jpg", ".pdf",
    ".db", ".sqlite", ".sqlite3", ".svg", ".lockb", ".yaml", ".yml", ".whl", ".wasm", ".so", ".bin", ".exe", ".img",
];

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    match cmd.name() {
        "rm" | "srm" | "grm" => remove(cmd, report),
        "unlink" | "rimraf" | "del-cli" | "trash-empty" => {
            let is_tree = cmd.name() == "rimraf";
            for index in Args::of(cmd, &NO_VALUES).operands {
                delete(cmd, index, is_tree, report);
            }
        }
        "rmdir" => {
            for index in Args::of(cmd, &NO_VALUES).operands {
                if matches!(cmd.place(index), Place::Guarded | Place::System | Place::SystemTop) {
                    delete(cmd, index, false, report);
                }
            }
        }
        "mv" | "gmv" => move_away(cmd, report),
        "shred" | "wipe" | "scrub" => shred(cmd, report),
        "rename" | "prename" | "mmv" | "zmv" | "vidir" => rename(cmd, report),
        _ => {}
    }
}

fn remove(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &NO_VALUES);
    if args.exactly("help") || args.exactly("version") {
        return;
    }
    let is_tree = args.short_is("rR") || args.long_is("recursive");
    if args.long_is("no-preserve-root") {
        report.add(&ROOT, "--no-preserve-root");
    }
    for index in &args.operands {
        delete(cmd, *index, is_tree, report);
    }
    if cmd.it.more_words {
        find::judge_fed(cmd, is_tree, report);
    }
}

/// One word that names what goes.
fn delete(cmd: &Cmd<'_>, index: usize, is_tree: bool, report: &mut Report) {
    let word = cmd.it.argv[index].as_str();
    let stands_for_found = word.contains("{}") && cmd.parent().is_some();
    if stands_for_found {
        return find::judge_fed(cmd, is_tree, report);
    }
    if find::judge_given(cmd, index, is_tree, report) {
        return;
    }
    let place = cmd.place(index);
    if matches!(place, Place::Elsewhere | Place::System | Place::SystemTop) && is_thrown_away(cmd) {
        return;
    }
    if place == Place::Temp
        && is_tree
        && let Some(before) = moved_from(cmd, index)
    {
        return delete_place(before, true, word, report);
    }
    let is_file = is_junk_file(word) || FILE_ENDINGS.iter().any(|ending| word.ends_with(ending));
    let is_pattern = cmd.it.patterns.iter().any(|known| *known as usize == index);
    if is_pattern && is_source(word) && matches!(place, Place::Inside | Place::Unknown) {
        return report.add(&find::FOUND, word);
    }
    delete_place(place, is_tree && !is_file, word, report);
}

/// It runs in a container of its own that nothing of this machine is mounted into: `docker run --rm alpine rm -rf /x`.
fn is_thrown_away(cmd: &Cmd<'_>) -> bool {
    if !cmd.is_elsewhere() {
        return false;
    }
    let mut at = cmd.parent();
    while let Some(parent) = at.filter(|parent| !matches!(parent.name(), "docker" | "podman" | "nerdctl")) {
        at = parent.parent();
    }
    let mounts = |docker: &Cmd<'_>, at: usize| {
        let word = docker.it.argv[at].as_str();
        let value = match word {
            "-v" | "--volume" => docker.it.argv.get(at + 1).map_or("", String::as_str),
            _ => word.strip_prefix("--volume=").or_else(|| word.strip_prefix("-v")).unwrap_or_default(),
        };
        let source = value.split(':').next().unwrap_or_default();
        let is_made_again = source.contains('/')
            && matches!(docker.place_of(source, source.contains('$'), false), Place::Build | Place::Temp);
        let is_mount = word.starts_with("-v")
            || ["--volume", "--mount", "--privileged"].iter().any(|option| word.starts_with(option));
        is_mount && !is_made_again
    };
    let has_mounts = |docker: &Cmd<'_>| (docker.from + 1..docker.it.argv.len()).any(|at| mounts(docker, at));
    at.is_some_and(|docker| docker.has_word("run") && !docker.has_word("compose") && !has_mounts(&docker))
}

/// Where the text itself moved it from: `mv src /tmp/x && rm -rf /tmp/x`.
fn moved_from(cmd: &Cmd<'_>, index: usize) -> Option<Place> {
    let path = cmd.path(index);
    let moves = |at: &usize| cmd.scene.commands[*at].argv.first().is_some_and(|name| name == "mv");
    (0..cmd.index).filter(moves).find_map(|at| {
        let mover = cmd.scene.cmd(at);
        let args = Args::of(&mover, &MV);
        let [source, target] = args.operands.as_slice() else { return None };
        let is_it = mover.path(*target) == path && mover.place(*source) != Place::Temp;
        is_it.then(|| mover.place(*source))
    })
}

/// What it means to delete there.
pub(crate) fn delete_place(place: Place, is_tree: bool, about: &str, report: &mut Report) {
    let rule = match place {
        Place::Sink | Place::Temp | Place::Build => return,
        // The only record of what runs in the cloud.
        Place::Inside if about.ends_with(".tfstate") => &INSIDE,
        Place::Inside | Place::Unknown | Place::Elsewhere | Place::TempRoot | Place::Cache if !is_tree => return,
        Place::Root => &ROOT,
        Place::Home => &HOME,
        Place::SystemTop => &SYSTEM_TOP,
        Place::System | Place::Device => &SYSTEM,
        Place::AboveProject => &ABOVE,
        Place::Project => &PROJECT,
        Place::GitDir if about.ends_with(".lock") => return,
        Place::GitDir => &GIT_DIR,
        Place::Guarded => &itself::SETTINGS,
        Place::Protected => &PROTECTED,
        Place::Inside => &INSIDE,
        Place::TempRoot => &TEMP_ROOT,
        Place::Cache => &CACHE,
        Place::Elsewhere => &ELSEWHERE,
        Place::Outside => &OUTSIDE,
        Place::Unknown => &UNKNOWN,
    };
    report.add(rule, about);
}

const MV: Spec = Spec { short: "tS", long: &["target-directory", "suffix"] };

fn move_away(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &MV);
    let has_target = args.values('t', "target-directory").next().is_some();
    let (sources, target) = match args.operands.split_last() {
        Some((target, sources)) if !has_target => (sources, Some(*target)),
        _ => (args.operands.as_slice(), None),
    };
    if target.is_some_and(|target| cmd.path(target).starts_with("/dev/")) && !sources.is_empty() {
        report.add(&TO_NULL, &cmd.it.argv[sources[0]]);
    }
    for source in sources {
        let word = cmd.it.argv[*source].as_str();
        match cmd.place(*source) {
            Place::Guarded => report.add(&itself::SETTINGS, word),
            Place::Root | Place::Home | Place::SystemTop | Place::System | Place::Device | Place::AboveProject => {
                report.add(&MOVE_AWAY, word);
            }
            Place::Project | Place::Protected => report.add(&MOVE_AWAY, word),
            Place::GitDir if !word.ends_with(".sample") => report.add(&MOVE_AWAY, word),
            _ => {}
        }
    }
}

/// Many files get other names at once.
fn rename(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &NO_VALUES);
    if args.short_is("n") || args.is_rehearsal() {
        return;
    }
    for index in &args.operands {
        if matches!(cmd.place(*index), Place::Root | Place::Home | Place::SystemTop | Place::System | Place::GitDir) {
            report.add(&MOVE_AWAY, &cmd.it.argv[*index]);
        }
    }
}

const SHRED_SPEC: Spec = Spec { short: "ns", long: &["iterations", "size", "random-source"] };

fn shred(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &SHRED_SPEC);
    if args.is_rehearsal() {
        return;
    }
    for index in &args.operands {
        match cmd.place(*index) {
            Place::Device => report.add(&super::disks::DEVICE, &cmd.it.argv[*index]),
            Place::Temp | Place::Build | Place::Sink => {}
            place => {
                delete_place(place, true, &cmd.it.argv[*index], report);
                report.add(&SHRED, &cmd.it.argv[*index]);
            }
        }
    }
    if args.operands.is_empty() && cmd.it.more_words {
        report.add(&SHRED, "");
    }
}
