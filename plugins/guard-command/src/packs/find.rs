//! Deleting what a search finds: `find -delete`, `find -exec rm`, `… | xargs rm`.

use crate::args::{Args, NO_VALUES};
use crate::names::{SHELLS, is_junk, is_source};
use crate::packs::{filesystem, itself};
use crate::place::Place;
use crate::rule::{Report, rules};
use crate::scene::Cmd;

rules! { Filesystem:
    FOUND = Risky "delete-what-is-found",
        "it would delete whatever a search finds in the project",
        "print the names first with `find … -print`, then delete those";
    EVERYTHING = Risky "delete-all-found",
        "it would delete everything below a folder",
        "name the build folders that should go, such as `rm -rf target`";
}

/// How much a search leaves over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Narrowed {
    /// Everything is found.
    No,
    /// Some names or kinds.
    Somehow,
    /// Only what is made again, or what is empty.
    ToJunk,
}

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    let is_deleting = match cmd.name() {
        "find" | "gfind" | "bfs" => deletes(cmd.words()),
        _ => false,
    };
    if is_deleting {
        found_by_find(cmd, true, report);
    }
}

/// `-delete` stands there as an action, not as the value of a test or a word of what `-exec` runs.
fn deletes(words: &[String]) -> bool {
    const TAKES_WORD: &[&str] = &[
        "-name",
        "-iname",
        "-path",
        "-ipath",
        "-wholename",
        "-iwholename",
        "-regex",
        "-iregex",
        "-lname",
        "-ilname",
        "-user",
        "-uid",
        "-group",
        "-gid",
        "-inum",
        "-samefile",
        "-newer",
        "-anewer",
        "-cnewer",
        "-size",
        "-perm",
        "-type",
        "-fstype",
        "-links",
        "-mtime",
        "-mmin",
        "-atime",
        "-amin",
        "-ctime",
        "-cmin",
        "-printf",
        "-fprint",
    ];
    let mut is_inside = false;
    words.iter().enumerate().any(|(at, word)| {
        let before = at.checked_sub(1).map_or("", |before| words[before].as_str());
        match word.as_str() {
            ";" => is_inside = false,
            "+" if before == "{}" => is_inside = false,
            "-exec" | "-execdir" | "-ok" | "-okdir" => is_inside = true,
            _ => {}
        }
        word == "-delete" && !is_inside && !TAKES_WORD.contains(&before)
    })
}

/// `rm` gets its words from another command: from the `find` that carries it, or through `xargs`.
pub(crate) fn judge_fed(cmd: &Cmd<'_>, is_tree: bool, report: &mut Report) {
    let Some(parent) = cmd.parent() else { return fed_by_nobody(is_tree, report) };
    // `find -exec sh -c 'rm "$1"' _ {}`: what is given to the shell comes from the search.
    let is_shell = SHELLS.contains(&parent.name());
    let parent = if is_shell { parent.parent().unwrap_or(parent) } else { parent };
    match parent.name() {
        "find" | "gfind" | "bfs" => found_by_find(&parent, is_tree, report),
        "fd" | "fdfind" => found_by_fd(&parent, report),
        _ => {
            let mut sources = parent.sources();
            sources.extend(cmd.sources());
            fed_by(&sources, &parent, is_tree, report);
        }
    }
}

/// A variable that a search fills: in a shell that `xargs` or `find` starts, or in a loop over what is found.
/// Whether there is a search at all.
pub(crate) fn judge_given(cmd: &Cmd<'_>, index: usize, is_tree: bool, report: &mut Report) -> bool {
    let word = cmd.it.argv[index].as_str();
    if !word.starts_with('$') || !cmd.is_dynamic(index) || cmd.place(index) != Place::Unknown {
        return false;
    }
    given(cmd, is_tree, report)
}

/// The same for a variable that is known to stand for a path.
pub(crate) fn given(cmd: &Cmd<'_>, is_tree: bool, report: &mut Report) -> bool {
    let shell = cmd.parent().filter(|parent| SHELLS.contains(&parent.name()));
    let is_carried = shell.and_then(|shell| shell.parent()).is_some_and(|parent| carries_what_is_found(&parent));
    if is_carried {
        judge_fed(cmd, is_tree, report);
        return true;
    }
    let sources = cmd.sources();
    let is_search = sources.iter().any(lists);
    if is_search {
        fed_by(&sources, cmd, is_tree, report);
    }
    is_search
}

fn carries_what_is_found(cmd: &Cmd<'_>) -> bool {
    matches!(cmd.name(), "find" | "gfind" | "bfs" | "fd" | "fdfind" | "xargs" | "gxargs" | "parallel")
}

/// It prints names of files.
fn lists(source: &Cmd<'_>) -> bool {
    match source.name() {
        "find" | "gfind" | "bfs" | "fd" | "fdfind" | "ls" | "dir" | "tree" | "locate" | "plocate" => true,
        "git" => source.has_word("ls-files") || source.has_word("ls-tree"),
        "rg" | "grep" | "ag" | "ack" => Args::of(source, &NO_VALUES).short_is("lL"),
        _ => false,
    }
}

fn fed_by_nobody(is_tree: bool, report: &mut Report) {
    if is_tree {
        report.add(&filesystem::UNKNOWN, "");
    }
}

fn fed_by(sources: &[Cmd<'_>], parent: &Cmd<'_>, is_tree: bool, report: &mut Report) {
    let narrows = |source: &Cmd<'_>| {
        let is_filter = matches!(source.name(), "grep" | "egrep" | "rg" | "awk" | "sed");
        is_filter && !source.has_word("-v") && source.words().iter().any(|word| names_junk(word))
    };
    if sources.iter().any(narrows) {
        return;
    }
    for source in sources {
        match source.name() {
            "find" | "gfind" | "bfs" => return found_by_find(source, is_tree, report),
            "fd" | "fdfind" => return found_by_fd(source, report),
            "ls" | "echo" | "printf" | "dir" => return listed(source, is_tree, report),
            "mktemp" => return,
            _ => {}
        }
    }
    let about = sources.first().unwrap_or(parent).name();
    report.add(if is_tree { &filesystem::UNKNOWN } else { &FOUND }, about);
}

/// A filter such as `\.log$` leaves only what is made again.
fn names_junk(word: &str) -> bool {
    let plain = word.replace(['\\', '$', '^'], "");
    plain.split(['|', ' ']).all(|part| is_junk(part.trim_matches('/')))
}

/// The words of `ls` and `echo` are what goes.
fn listed(source: &Cmd<'_>, is_tree: bool, report: &mut Report) {
    let first = source.from + 1;
    let named: Vec<usize> = (first..source.it.argv.len()).filter(|at| !source.it.argv[*at].starts_with('-')).collect();
    if named.is_empty() {
        return filesystem::delete_place(source.place_of(".", false, false), is_tree, "ls", report);
    }
    for index in named {
        let word = &source.it.argv[index];
        if word.contains('*') && is_source(word) {
            report.add(&FOUND, word);
        } else if !is_junk(word) {
            filesystem::delete_place(source.place(index), is_tree, word, report);
        }
    }
}

fn found_by_fd(source: &Cmd<'_>, report: &mut Report) {
    let words = source.words();
    let is_ending = |at: usize| at > 0 && matches!(words[at - 1].as_str(), "-e" | "--extension");
    let junk =
        words.iter().enumerate().any(|(at, word)| names_junk(word) || (is_ending(at) && is_junk(&format!("x.{word}"))));
    // `fd PATTERN FOLDER …`: what lies outside is somebody else's.
    let end = words
        .iter()
        .position(|word| matches!(word.as_str(), "-x" | "-X" | "--exec" | "--exec-batch"))
        .unwrap_or(words.len());
    let is_value = |at: usize| {
        at > 0
            && matches!(
                words[at - 1].as_str(),
                "-e" | "-t" | "-d" | "-E" | "-S" | "--extension" | "--type" | "--exclude"
            )
    };
    let outside =
        (0..end).filter(|at| !is_value(*at) && words[*at].starts_with(['/', '~'])).map(|at| source.from + 1 + at);
    for index in outside {
        found_below(source.place(index), Narrowed::Somehow, false, &source.it.argv[index], report);
    }
    if !junk {
        report.add(&FOUND, &words.join(" "));
    }
}

fn found_by_find(find: &Cmd<'_>, is_tree: bool, report: &mut Report) {
    let first = find.from + 1;
    let argv = &find.it.argv;
    let is_expression = |word: &String| word.starts_with('-') || word == "(" || word == "!";
    let is_option = |word: &String| matches!(word.as_str(), "-H" | "-L" | "-P" | "-O3" | "-E" | "-X");
    let mut start = first;
    while argv.get(start).is_some_and(is_option) {
        start += 1;
    }
    let end = (start..argv.len()).find(|at| is_expression(&argv[*at])).unwrap_or(argv.len());
    let narrowed = narrowed(&argv[end..]);
    if start == end {
        return found_below(find.place_of(".", false, false), narrowed, is_tree, ".", report);
    }
    for (index, word) in argv.iter().enumerate().take(end).skip(start) {
        found_below(find.place(index), narrowed, is_tree, word, report);
    }
}

fn found_below(place: Place, narrowed: Narrowed, is_tree: bool, about: &str, report: &mut Report) {
    match (place, narrowed) {
        (Place::Temp | Place::Build | Place::Sink, _) => {}
        (Place::Inside | Place::Project | Place::AboveProject | Place::Cache | Place::Unknown, Narrowed::ToJunk) => {}
        (Place::TempRoot | Place::Cache, Narrowed::Somehow | Narrowed::ToJunk) => {}
        (Place::Guarded, _) => report.add(&itself::SETTINGS, about),
        (Place::Root | Place::SystemTop | Place::System, Narrowed::Somehow | Narrowed::ToJunk) => {
            report.add(&filesystem::SYSTEM, about);
        }
        (Place::Home | Place::AboveProject, Narrowed::Somehow) => report.add(&filesystem::OUTSIDE, about),
        (Place::Inside | Place::Project, Narrowed::Somehow) => report.add(&FOUND, about),
        (Place::Inside | Place::Project, Narrowed::No) => report.add(&EVERYTHING, about),
        (Place::Unknown, _) => report.add(&filesystem::UNKNOWN, about),
        (place, _) => filesystem::delete_place(place, is_tree || place == Place::TempRoot, about, report),
    }
}

/// What the tests of the alternative leave over that ends in the action.
fn narrowed(expression: &[String]) -> Narrowed {
    let is_action = |word: &String| word == "-delete" || word.starts_with("-exec") || word.starts_with("-ok");
    let end = expression.iter().position(is_action).unwrap_or(expression.len());
    let is_or = |word: &String| word == "-o" || word == "-or";
    let has_group = expression[..end].iter().any(|word| word == "(");
    let start = expression[..end].iter().rposition(is_or).filter(|_| !has_group).map_or(0, |at| at + 1);
    let tests = &expression[start..end];
    let mut best = Narrowed::No;
    let mut all_names_are_junk = true;
    let mut names = 0;
    for (at, test) in tests.iter().enumerate() {
        let is_negated = at > 0 && matches!(tests[at - 1].as_str(), "!" | "-not");
        let value = tests.get(at + 1).map_or("", String::as_str);
        match test.as_str() {
            _ if is_negated => {}
            "-empty" => return Narrowed::ToJunk,
            "-name" | "-iname" | "-path" | "-ipath" | "-wholename" | "-regex" | "-iregex" => {
                if value.chars().all(|letter| "*?.".contains(letter)) {
                    continue;
                }
                names += 1;
                let last = value.trim_end_matches("/*").rsplit('/').next().unwrap_or(value);
                all_names_are_junk &= is_junk(value.trim_end_matches('*')) || is_junk(last) || names_junk(value);
                best = Narrowed::Somehow;
            }
            "-mtime" | "-mmin" | "-size" | "-newer" | "-user" | "-atime" | "-ctime" | "-perm" | "-cmin" | "-amin" => {
                best = Narrowed::Somehow;
            }
            "-type" if value == "l" => best = Narrowed::Somehow,
            _ => {}
        }
    }
    if names > 0 && all_names_are_junk { Narrowed::ToJunk } else { best }
}
