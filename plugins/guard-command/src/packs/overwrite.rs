//! Writing over files: redirections, copies, links, archives, and tools that edit in place.

use crate::args::{Args, NO_VALUES, Spec};
use crate::guess;
use crate::names::is_source;
use crate::packs::{credentials, disks, filesystem, find, itself, system};
use crate::place::Place;
use crate::rule::{Report, rules};
use crate::scene::Cmd;
use crate::secret_file::opens_a_door;

rules! { Filesystem:
    SYSTEM_FILE = Risky "overwrite-system-file",
        "it would write over a file of the system",
        "write it into the project, and let the operator put it in place";
    GIT_FILE = Risky "overwrite-git-dir",
        "it would write into the inner files of a repository",
        "use git's own commands, such as `git config`";
    STARTUP = Risky "overwrite-startup-file",
        "it would replace a file that each of your shells reads at its start",
        "append to it with `>>`, or write a file of the project";
    STARTUP_MORE = Advice "append-startup-file",
        "it would change each shell that starts from now on",
        "set it for this project only, such as in a script";
    PROTECTED = Risky "overwrite-protected",
        "it would write over what the operator protects",
        "write beside it, or ask the operator";
    EMPTIED = Risky "empty-source-file",
        "it would empty a source file",
        "edit the file, or `git rm` it";
    MIRROR = Risky "mirror-delete",
        "it would delete everything in the target that the source does not have",
        "look first with `rsync -n`, or leave `--delete` out";
    SOURCE_REMOVED = Risky "archive-and-remove",
        "it would remove the files that it archives or copies",
        "archive without removing, and look at the archive first";
    WHOLE_SYSTEM = Risky "unpack-over-system",
        "it would unpack over files of the system",
        "unpack into a folder of the project";
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Replace,
    Append,
}

pub(crate) fn judge(cmd: &Cmd<'_>, report: &mut Report) {
    if cmd.from == 0 {
        redirects(cmd, report);
    }
    match cmd.name() {
        "cp" | "gcp" | "install" | "ditto" | "mv" | "gmv" | "ln" => copy(cmd, report),
        "tee" | "sponge" => tee(cmd, report),
        "truncate" => {
            let args = Args::of(cmd, &Spec { short: "sr", long: &["size", "reference"] });
            each(cmd, &args.operands, How::Replace, report);
            emptied(cmd, &args.operands, report);
        }
        "sed" | "gsed" | "perl" | "ruby" | "awk" | "gawk" => in_place(cmd, report),
        "dd" => {
            for (index, word) in cmd.it.argv.iter().enumerate() {
                if let Some(target) = word.strip_prefix("of=") {
                    let place = cmd.place_of(target, cmd.is_dynamic(index), false);
                    write(cmd, target, place, How::Replace, report);
                    let fills = cmd.words().iter().any(|word| word.strip_prefix("if=").is_some_and(is_filler));
                    if fills && is_source_here(target, place) {
                        report.add(&EMPTIED, target);
                    } else if fills && target.contains("{}") && cmd.parent().is_some() {
                        find::judge_fed(cmd, false, report);
                    }
                }
            }
        }
        "vi" | "vim" | "nvim" | "nano" | "emacs" | "ed" | "pico" | "micro" => {
            let edits = Args::of(cmd, &Spec { short: "cS", long: &["cmd"] });
            each(cmd, &edits.operands, How::Append, report);
        }
        "ex" if cmd.words().iter().any(|word| word.starts_with("%d") || word.starts_with("1,$d")) => {
            let script = Args::of(cmd, &Spec { short: "c", long: &[] });
            let file = &script.operands[script.operands.len().saturating_sub(1)..];
            each(cmd, file, How::Replace, report);
            emptied(cmd, file, report);
        }
        "gzip" | "bzip2" | "xz" | "zstd" if !Args::of(cmd, &NO_VALUES).short_is("ckdlt") => {
            each(cmd, &Args::of(cmd, &NO_VALUES).operands, How::Replace, report);
        }
        "sort" => {
            for target in Args::of(cmd, &Spec { short: "oktST", long: &["output"] }).values('o', "output") {
                write(cmd, target, cmd.place_of(target, false, false), How::Replace, report);
            }
        }
        "qemu-img" if matches!(cmd.words().first().map(String::as_str), Some("create" | "convert")) => {
            each(cmd, &Args::of(cmd, &Spec { short: "fobBOFS", long: &[] }).operands[1..], How::Replace, report);
        }
        "unison" if cmd.words().iter().any(|word| matches!(word.as_str(), "-force" | "--force" | "-forcepartial")) => {
            report.add(&MIRROR, "-force");
        }
        "rsync" => mirror(cmd, report),
        "tar" | "gtar" | "bsdtar" | "unzip" | "7z" | "cpio" | "zip" => archive(cmd, report),
        "curl" | "wget" | "aria2c" => download(cmd, report),
        _ => {}
    }
}

fn tee(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &NO_VALUES);
    let how = if args.short_is("a") || args.long_is("append") { How::Append } else { How::Replace };
    each(cmd, &args.operands, how, report);
    let told = cmd.it.stdin.as_deref().unwrap_or_default();
    for index in args.operands.iter().filter(|index| runs_later(&cmd.path(**index)) && !cmd.scene.is_guess) {
        later(cmd, told, &cmd.it.argv[*index], report);
    }
}

fn redirects(cmd: &Cmd<'_>, report: &mut Report) {
    for redirect in &cmd.it.redirects {
        let how = match redirect.operator.as_str() {
            ">" | ">|" | "&>" | "<>" | ">&" => How::Replace,
            ">>" | "&>>" => How::Append,
            _ => continue,
        };
        let is_descriptor = redirect.target == "-" || redirect.target.bytes().all(|byte| byte.is_ascii_digit());
        if is_descriptor {
            continue;
        }
        let place = cmd.place_of(&redirect.target, redirect.dynamic, false);
        write(cmd, &redirect.target, place, how, report);
        if runs_later(&cmd.path_of(&redirect.target)) && !cmd.scene.is_guess {
            // What is written there runs at the next start, so it counts as if it ran.
            let told = if matches!(cmd.name(), "echo" | "printf") {
                cmd.words().join(" ").replace("\\n", "\n")
            } else {
                String::new()
            };
            let text = cmd.it.stdin.as_deref().unwrap_or(&told);
            later(cmd, text, &redirect.target, report);
        }
        if how == How::Replace && writes_nothing(cmd) {
            if is_source_here(&redirect.target, place) {
                report.add(&EMPTIED, &redirect.target);
            } else if redirect.target.contains("{}") && cmd.parent().is_some() {
                find::judge_fed(cmd, false, report);
            } else if redirect.dynamic && redirect.target.starts_with('$') && place == Place::Unknown {
                find::given(cmd, false, report);
            }
        }
    }
}

/// A word that names what is written.
pub(crate) fn write(cmd: &Cmd<'_>, word: &str, place: Place, how: How, report: &mut Report) {
    let path = cmd.path_of(word);
    if path == "/proc/sysrq-trigger" {
        return report.add(&system::POWER, word);
    }
    if place != Place::Temp && opens_a_door(&path) {
        report.add(&credentials::DOOR, word);
    }
    match place {
        Place::Device => report.add(&disks::DEVICE, word),
        Place::Guarded => report.add(&itself::SETTINGS, word),
        Place::Protected => report.add(&PROTECTED, word),
        Place::System | Place::SystemTop | Place::Root => report.add(&SYSTEM_FILE, word),
        Place::GitDir if !["/hooks/", "/info/", "/COMMIT_EDITMSG"].iter().any(|open| path.contains(open)) => {
            report.add(&GIT_FILE, word);
        }
        Place::Outside | Place::Home if is_own_program(&path) => {
            report.add(if is_everyday_program(&path) { &STARTUP } else { &STARTUP_MORE }, word);
        }
        Place::Outside | Place::Home if is_startup_file(&path) => {
            report.add(if how == How::Append { &STARTUP_MORE } else { &STARTUP }, word);
        }
        _ => {}
    }
}

fn each(cmd: &Cmd<'_>, indices: &[usize], how: How, report: &mut Report) {
    for index in indices {
        write(cmd, &cmd.it.argv[*index], cmd.place(*index), how, report);
    }
}

fn emptied(cmd: &Cmd<'_>, indices: &[usize], report: &mut Report) {
    for index in indices {
        let word = cmd.it.argv[*index].as_str();
        if word.contains("{}") && cmd.parent().is_some() {
            find::judge_fed(cmd, false, report);
        } else if is_source_here(word, cmd.place(*index)) {
            report.add(&EMPTIED, word);
        } else {
            find::judge_given(cmd, *index, false, report);
        }
    }
    if cmd.it.more_words {
        find::judge_fed(cmd, false, report);
    }
}

/// `> f`, `: > f`, `cat /dev/null > f`.
fn writes_nothing(cmd: &Cmd<'_>) -> bool {
    let words = cmd.words();
    match cmd.name() {
        "" => cmd.it.argv.is_empty() && cmd.it.assignments.is_empty(),
        ":" | "true" => true,
        "cat" => words == ["/dev/null"],
        "echo" | "printf" => words.iter().all(|word| word.is_empty() || word == "-n"),
        _ => false,
    }
}

fn is_source_here(word: &str, place: Place) -> bool {
    is_source(word) && matches!(place, Place::Inside | Place::Outside)
}

/// Devices that give nothing, or nothing of use.
fn is_filler(path: &str) -> bool {
    matches!(path, "/dev/null" | "/dev/zero" | "/dev/urandom" | "/dev/random")
}

/// A text that runs some day. `eval "$(zoxide init bash)"` and its like are how tools are set up.
fn later(cmd: &Cmd<'_>, text: &str, target: &str, report: &mut Report) {
    let sets_up = |line: &&str| {
        let tools = ["init", "hook", "shellenv", "completion", "activate", "env", "dircolors"];
        let line = line.trim_start();
        let is_eval = line.starts_with("eval \"$(") || line.starts_with("eval $(") || line.starts_with("source <(");
        is_eval && !line.contains("curl") && !line.contains(['|', ';']) && tools.iter().any(|tool| line.contains(tool))
    };
    let rest: Vec<&str> = text.lines().filter(|line| !sets_up(line)).collect();
    guess::judge_string(&rest.join("\n"), cmd.scene.places, report);
    if at_start(text) {
        report.add(&STARTUP, target);
    }
}

/// A line for a shell's start that runs, or finds first, what anybody may have put into a folder for everybody, or
/// that takes the place of what asks for a password.
fn at_start(text: &str) -> bool {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with('#')).any(|line| {
        let is_open = |word: &str| {
            ["/tmp/", "/var/tmp/", "/dev/shm/"]
                .iter()
                .any(|folder| word.trim_start_matches(['"', '\'']).starts_with(folder))
        };
        let names = ["alias sudo=", "alias ssh=", "alias su=", "alias git=", "function sudo", "sudo()", "ssh()"];
        let path = line.strip_prefix("export PATH=").or_else(|| line.strip_prefix("PATH="));
        names.iter().any(|name| line.starts_with(name))
            || path.is_some_and(is_open)
            || line.contains("LD_PRELOAD=")
            || line.split([';', '&', '|']).any(|part| {
                let mut words = part.split_whitespace().skip_while(|word| {
                    matches!(*word, "nohup" | "setsid" | "exec" | "source" | "." | "sh" | "bash" | "python3")
                });
                words.next().is_some_and(is_open)
            })
    })
}

/// A file that a shell or git runs some day.
fn runs_later(path: &str) -> bool {
    is_startup_file(path) || path.contains("/.git/hooks/") || path.contains("/.husky/")
}

fn is_startup_file(path: &str) -> bool {
    const FILES: &[&str] = &[
        "/.bashrc",
        "/.bash_profile",
        "/.profile",
        "/.zshrc",
        "/.zprofile",
        "/.zshenv",
        "/.bash_login",
        "/.zlogin",
        "/.config/fish/config.fish",
        "/.gitconfig",
        "/.vimrc",
        "/.tmux.conf",
        "/.inputrc",
        "/.bash_aliases",
    ];
    let folders = ["/.config/autostart", "/.config/systemd", "/LaunchAgents", "/LaunchDaemons", "/Startup"];
    let is_in = |folder: &&str| {
        path.find(*folder).is_some_and(|at| matches!(path[at + folder.len()..].bytes().next(), None | Some(b'/')))
    };
    FILES.iter().any(|file| path.ends_with(file)) || folders.iter().any(is_in)
}

/// Where a user keeps programs of their own.
fn is_own_program(path: &str) -> bool {
    path.contains("/.local/bin/")
        || path.contains("/home/") && path.rsplit_once("/bin/").is_some_and(|(_, name)| !name.contains('/'))
}

/// A name under which everybody expects another program.
fn is_everyday_program(path: &str) -> bool {
    const NAMES: &[&str] = &[
        "sudo", "git", "ssh", "ls", "cat", "cd", "python", "python3", "node", "npm", "docker", "su", "curl", "bash",
        "sh",
    ];
    path.rsplit('/').next().is_some_and(|name| NAMES.contains(&name))
}

const COPY: Spec = Spec { short: "tSmog", long: &["target-directory", "suffix", "mode", "owner", "group"] };

fn copy(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &COPY);
    for target in args.values('t', "target-directory") {
        write(cmd, target, cmd.place_of(target, false, false), How::Replace, report);
    }
    let Some((target, sources)) = args.operands.split_last() else { return };
    let name = cmd.name();
    if sources.is_empty() {
        // `xargs cp /dev/null`: the targets come from what is read.
        if is_filler(&cmd.path(*target)) && cmd.it.more_words && name != "ln" {
            find::judge_fed(cmd, false, report);
        }
        return;
    }
    let place = cmd.place(*target);
    // What a link points at is not written; where it lies is.
    write(cmd, &cmd.it.argv[*target], place, How::Replace, report);
    let from_null = sources.iter().any(|source| is_filler(&cmd.path(*source)));
    if from_null && name != "ln" {
        emptied(cmd, &[*target], report);
    }
    let is_folder = place == Place::Home || cmd.path(*target).ends_with("/.git");
    let over_folder = is_folder && name == "ln" && args.short_is("f");
    if over_folder {
        report.add(&filesystem::MOVE_AWAY, &cmd.it.argv[*target]);
    }
}

fn in_place(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &Spec { short: "efEl", long: &["expression", "file"] });
    let is_in_place = match cmd.name() {
        "awk" | "gawk" => cmd.words().windows(2).any(|pair| pair[0] == "-i" && pair[1] == "inplace"),
        _ => args.short_is("i") || args.long_is("in-place"),
    };
    if is_in_place {
        each(cmd, &args.operands, How::Replace, report);
        // A script that keeps no line.
        let empties =
            cmd.words().iter().any(|word| matches!(word.as_str(), "d" | "1,$d" | "$!d;d" | "$_=\"\"" | "$_=''"));
        if empties {
            emptied(cmd, &args.operands, report);
        }
    }
}

const RSYNC: Spec = Spec {
    short: "efTB",
    long: &["rsh", "exclude", "include", "filter", "files-from", "exclude-from", "max-delete", "bwlimit", "port"],
};

fn mirror(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &RSYNC);
    if args.short_is("n") || args.is_rehearsal() {
        return;
    }
    let Some(target) = args.operands.last() else { return };
    let word = cmd.it.argv[*target].as_str();
    let is_remote = word.contains(':') && !word.starts_with(['/', '.']);
    let place = cmd.place(*target);
    let deletes =
        ["delete", "del", "delete-before", "delete-after", "delete-during", "delete-delay", "delete-excluded"];
    if args.any_long(&deletes) && (is_remote || !matches!(place, Place::Temp | Place::Build)) {
        report.add(&MIRROR, word);
    }
    if args.exactly("remove-source-files") {
        report.add(&SOURCE_REMOVED, "--remove-source-files");
    }
    if !is_remote {
        write(cmd, word, place, How::Replace, report);
    }
}

fn archive(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &Spec { short: "Cd", long: &["directory"] });
    if args.exactly("remove-files") || (cmd.name() == "zip" && args.short_is("m")) {
        report.add(&SOURCE_REMOVED, "--remove-files");
    }
    let first = cmd.words().first().map_or("", String::as_str);
    let is_bundled = !first.starts_with('-') && first.bytes().all(|byte| b"xvfzjJpkCmUaZ".contains(&byte));
    let unpacks = match cmd.name() {
        "unzip" | "7z" => !args.short_is("ltp"),
        "cpio" => args.short_is("i"),
        "zip" => false,
        _ => args.short_is("x") || args.any_long(&["extract", "get"]) || (is_bundled && first.contains('x')),
    };
    if !unpacks {
        return;
    }
    let of_cpio = Args::of(cmd, &Spec { short: "DFHIMOE", long: &["directory"] });
    let (args, letter) = match cmd.name() {
        "unzip" => (args, 'd'),
        "cpio" => (of_cpio, 'D'),
        _ => (args, 'C'),
    };
    for target in args.values(letter, "directory") {
        let place = cmd.place_of(target, target.contains('$'), false);
        match place {
            Place::Root | Place::SystemTop | Place::System => report.add(&WHOLE_SYSTEM, target),
            Place::Guarded | Place::GitDir | Place::Protected => write(cmd, target, place, How::Replace, report),
            Place::Home => report.add(&WHOLE_SYSTEM, target),
            _ => {}
        }
    }
    if args.short_is("P") || args.exactly("absolute-names") {
        report.add(&WHOLE_SYSTEM, "-P");
    }
}

const CURL: Spec = Spec { short: "oOTdFHuAebXP", long: &["output", "output-document", "data", "header", "user"] };

fn download(cmd: &Cmd<'_>, report: &mut Report) {
    let args = Args::of(cmd, &CURL);
    let letter = if cmd.name() == "wget" { 'O' } else { 'o' };
    let long = if cmd.name() == "wget" { "output-document" } else { "output" };
    for target in args.values(letter, long).filter(|target| *target != "-") {
        write(cmd, target, cmd.place_of(target, target.contains('$'), false), How::Replace, report);
    }
}
