//! Programs that run their arguments as a command and change little about it. They are taken off.

use crate::field::{Field, program};
use crate::guess;

/// A wrapper: its name (with the subcommand, if it has one), the options that take a value, and how many
/// operands stand before the command.
struct Wrapper(&'static str, &'static str, usize);

/// `-P` is that of the BSDs.
const ENV: &str = "-u -C -P --unset --chdir";

/// Those whose command runs in the same place, with the same files.
static WRAPPERS: &[Wrapper] = &[
    Wrapper(
        "sudo",
        "-u -g -h -p -C -r -t -T -U -R -D --user --group --host --prompt --close-from --role --type --chroot --chdir --command-timeout --other-user",
        0,
    ),
    Wrapper("doas", "-u -C", 0),
    Wrapper("pkexec", "--user", 0),
    Wrapper("run0", "-u --user -g --group -D --chdir --nice --unit --property --setenv --slice", 0),
    Wrapper("env", ENV, 0),
    Wrapper("nice", "-n --adjustment", 0),
    Wrapper("ionice", "-c -n --class --classdata", 0),
    Wrapper("chrt", "-T -P -D --sched-runtime --sched-period --sched-deadline", 1),
    Wrapper("taskset", "", 1),
    Wrapper("nohup", "", 0),
    Wrapper("setsid", "", 0),
    Wrapper("stdbuf", "-i -o -e --input --output --error", 0),
    Wrapper("unbuffer", "", 0),
    Wrapper("timeout", "-k -s --kill-after --signal", 1),
    Wrapper("gtimeout", "-k -s --kill-after --signal", 1),
    Wrapper("time", "-f -o --format --output", 0),
    Wrapper("gtime", "-f -o --format --output", 0),
    Wrapper("command", "", 0),
    Wrapper("builtin", "", 0),
    Wrapper("exec", "-a", 0),
    Wrapper("noglob", "", 0),
    Wrapper("nocorrect", "", 0),
    Wrapper("busybox", "", 0),
    Wrapper("toybox", "", 0),
    Wrapper("strace", "-e -o -p -s -u -E -a -b -I -O -P -S -U -X --trace --output --user", 0),
    Wrapper("ltrace", "-e -o -p -s -u -a -A -D -F -l -n -w -x", 0),
    Wrapper("valgrind", "", 0),
    Wrapper("catchsegv", "", 0),
    Wrapper("setarch", "", 1),
    Wrapper("linux32", "", 0),
    Wrapper("linux64", "", 0),
    Wrapper("numactl", "-i -m -N -C -l -p", 0),
    Wrapper("prlimit", "", 0),
    Wrapper("setpriv", "--reuid --regid --groups --inh-caps --ambient-caps --bounding-set", 0),
    Wrapper("unshare", "-S -G -R -w --setuid --setgid --root --wd --map-user --map-group", 0),
    Wrapper("nsenter", "-t -S -G --target --setuid --setgid", 0),
    Wrapper("firejail", "", 0),
    Wrapper("fakeroot", "-l -s -i -b --lib --faked -u", 0),
    Wrapper("faketime", "-f", 1),
    Wrapper("proxychains", "-f", 0),
    Wrapper("proxychains4", "-f", 0),
    Wrapper("torsocks", "", 0),
    Wrapper("torify", "", 0),
    Wrapper("caffeinate", "-t -w", 0),
    Wrapper("arch", "", 0),
    Wrapper("rlwrap", "-a -b -C -D -e -f -g -H -l -L -m -M -O -p -P -q -s -S -t -w -z", 0),
    Wrapper("chpst", "-u -U -b -/ -n -l -L -e -d -o -p -f -c -r -t -m", 0),
    Wrapper("softlimit", "-a -c -d -f -l -m -o -p -r -s -t", 0),
    Wrapper("setuidgid", "", 1),
    Wrapper("envuidgid", "", 1),
    Wrapper("envdir", "", 1),
    Wrapper("gosu", "", 1),
    Wrapper("su-exec", "", 1),
    Wrapper("tini", "-p -e", 0),
    Wrapper("dumb-init", "-r --rewrite", 0),
    Wrapper("daemonize", "-a -e -o -p -l -u -E -c", 0),
    Wrapper("cgexec", "-g", 0),
    Wrapper(
        "bwrap",
        "--chdir --unsetenv --dev --proc --tmpfs --mqueue --dir --uid --gid --hostname --seccomp --args --remount-ro --exec-label --lock-file --sync-fd --cap-add --cap-drop",
        0,
    ),
    Wrapper("chronic", "", 0),
    Wrapper("ifne", "", 0),
    Wrapper("dbus-run-session", "--config-file --dbus-daemon", 0),
    Wrapper("xvfb-run", "-e -f -n -p -s -w --server-args --server-num --error-file", 0),
    Wrapper(
        "systemd-run",
        "-p -u -E -H -M -t -d --property --unit --setenv --host --machine --working-directory --uid --gid --nice --slice --description --on-active --on-calendar",
        0,
    ),
    Wrapper("systemd-inhibit", "--what --who --why --mode", 0),
    Wrapper("sem", "-j --jobs --id", 0),
    Wrapper("ts", "-L -N -D", 0),
    Wrapper("rtk", "", 0),
    Wrapper("ssh-agent", "-a -t -P -O", 0),
    Wrapper("retry", "-t -d -s -m --times --delay --tries --until --while", 0),
    Wrapper("cpulimit", "-l -e -p -P -c --limit --exe --pid --cpu", 0),
    Wrapper("eatmydata", "", 0),
    Wrapper("perf stat", "-e -o -r -p --event --output --repeat", 0),
    Wrapper("perf record", "-e -o -F -p --event --output", 0),
    Wrapper("heaptrack", "-o", 0),
    Wrapper("watchexec", "-w -e -f -i -d --watch --exts --filter --ignore --delay-run", 0),
    Wrapper("trickle", "-d -u -t -l -w", 0),
    Wrapper("systemd-cat", "-t -p --identifier --priority", 0),
    Wrapper("logsave", "", 1),
    Wrapper("npx", "-p --package -c --call -w --workspace", 0),
    Wrapper("bunx", "-p --package", 0),
    Wrapper("pnpx", "-p --package", 0),
    Wrapper("uvx", "--from --with -p --python", 0),
    Wrapper("uv run", "--with --python -p --extra --group --env-file --project --directory", 0),
    Wrapper("uv tool run", "--from --with -p --python", 0),
    Wrapper("npm exec", "-p --package -w --workspace", 0),
    Wrapper("npm x", "-p --package -w --workspace", 0),
    Wrapper("pnpm exec", "", 0),
    Wrapper("pnpm dlx", "--package", 0),
    Wrapper("yarn exec", "", 0),
    Wrapper("yarn dlx", "-p --package", 0),
    Wrapper("bun x", "-p --package", 0),
    Wrapper("poetry run", "", 0),
    Wrapper("pipenv run", "", 0),
    Wrapper("pdm run", "", 0),
    Wrapper("hatch run", "", 0),
    Wrapper("rye run", "", 0),
    Wrapper("pipx run", "--spec --python", 0),
    Wrapper("conda run", "-n -p --name --prefix --cwd", 0),
    Wrapper("mamba run", "-n -p --name --prefix --cwd", 0),
    Wrapper("bundle exec", "", 0),
    Wrapper("rbenv exec", "", 0),
    Wrapper("pyenv exec", "", 0),
    Wrapper("asdf exec", "", 0),
    Wrapper("mise exec", "-C -j", 0),
    Wrapper("mise x", "-C -j", 0),
    Wrapper("direnv exec", "", 1),
    Wrapper("dotenv", "-f -e --file", 0),
    Wrapper("op run", "--env-file", 0),
    Wrapper("doppler run", "-p -c --project --config --token", 0),
    Wrapper("aws-vault exec", "-d --duration --region", 1),
    Wrapper("chamber exec", "", 1),
    Wrapper("nix develop", "", 0),
];

/// Those whose command sees other files.
static ELSEWHERE: &[Wrapper] = &[Wrapper("chroot", "", 1), Wrapper("proot", "-r -b -w -q", 0)];

/// Options of `bwrap` that take two words.
const BWRAP_PAIRS: &str = "--bind --bind-try --dev-bind --dev-bind-try --ro-bind --ro-bind-try --symlink --setenv --file --bind-data --ro-bind-data";

/// Nobody means more of them.
const MOST_WRAPPERS: usize = 32;

/// A command without its wrappers.
#[derive(Debug, Default)]
pub(crate) struct Unwrapped {
    pub words: Vec<Field>,
    /// The outermost first.
    pub wrappers: Vec<String>,
    pub assignments: Vec<(String, String)>,
    /// The folder that a wrapper changes into.
    pub folder: Option<Field>,
    pub elsewhere: Option<String>,
}

pub(crate) fn unwrap(words: Vec<Field>) -> Unwrapped {
    let mut all = Unwrapped { words, ..Unwrapped::default() };
    // `time -- x`: the grammar takes `time` for its own and leaves the dashes.
    if all.words.len() > 1 && all.words[0].text == "--" && !all.words[0].dynamic {
        all.words.remove(0);
    }
    while all.wrappers.len() < MOST_WRAPPERS
        && let Some((wrapper, is_elsewhere)) = find(&all.words)
    {
        let Some(rest) = take_off(wrapper, &mut all) else { break };
        let taken: Vec<Field> = all.words.drain(..rest).collect();
        if is_elsewhere {
            let of = taken.last().map_or("", |word| &word.text);
            all.elsewhere = Some(format!("{} {of}", wrapper.0));
        }
        all.wrappers.push(wrapper.0.split(' ').next().unwrap_or(wrapper.0).to_owned());
    }
    all
}

fn find(words: &[Field]) -> Option<(&'static Wrapper, bool)> {
    let name = program(words.first().filter(|word| !word.dynamic)?.text.as_str());
    let is = |wrapper: &&Wrapper| {
        let mut parts = wrapper.0.split(' ');
        parts.next() == Some(name)
            && parts.enumerate().all(|(at, part)| words.get(at + 1).is_some_and(|w| w.text == part))
    };
    let here = WRAPPERS.iter().find(is).map(|wrapper| (wrapper, false));
    here.or_else(|| ELSEWHERE.iter().find(is).map(|wrapper| (wrapper, true)))
}

/// How many words belong to the wrapper; none if it runs nothing.
fn take_off(wrapper: &Wrapper, all: &mut Unwrapped) -> Option<usize> {
    let Wrapper(name, values, operands) = wrapper;
    let mut at = name.split(' ').count();
    if *name == "command" && all.words.get(at).is_some_and(|word| matches!(word.text.as_str(), "-v" | "-V")) {
        return None;
    }
    // What runs later, and again and again, is no mere wrapper.
    let is_timed = |word: &Field| word.text.starts_with("--on-") || word.text.starts_with("--timer-property");
    if *name == "systemd-run" && all.words.iter().any(is_timed) {
        return None;
    }
    let mut assignments = Vec::new();
    let mut folder = None;
    let mut operands = *operands;
    while let Some(word) = all.words.get(at) {
        let text = word.text.as_str();
        if text == "--" || (text == "-" && *name == "env") {
            at += 1;
        } else if *name == "bwrap" && BWRAP_PAIRS.split(' ').any(|option| option == text) {
            at += 3;
        } else if is_option(text) {
            if *name == "env" && (text.starts_with("-S") || text.starts_with("--split-string")) {
                return split_string(all, at);
            }
            let takes_next = takes_next(text, values);
            let value = if takes_next { all.words.get(at + 1).cloned() } else { attached(text) };
            if is_folder(name, text) {
                folder = value;
            }
            at += if takes_next { 2 } else { 1 };
        } else if let Some(pair) = assignment(word).filter(|_| matches!(*name, "env" | "sudo" | "doas")) {
            assignments.push(pair);
            at += 1;
        } else if *name == "env" && word.dynamic && text.starts_with(['$', '`']) && text.contains(".env") {
            // `env $(cat .env | xargs) program`: more assignments.
            at += 1;
        } else if operands > 0 {
            operands -= 1;
            at += 1;
        } else {
            break;
        }
    }
    // Without a command behind it, it is a command itself: `env` prints, `sudo -l` lists.
    all.words.get(at)?;
    all.assignments.extend(assignments);
    all.folder = folder.or(all.folder.take());
    Some(at)
}

pub(crate) fn is_option(text: &str) -> bool {
    text.len() > 1 && text.starts_with('-')
}

/// Whether the value of this option is the next word.
pub(crate) fn takes_next(text: &str, values: &str) -> bool {
    let takes = |option: &str| values.split(' ').any(|value| value == option);
    if text.starts_with("--") {
        return takes(text);
    }
    // In `-Eu` the last letter takes the next word; in `-uroot` the first has its value with it.
    let letters: Vec<char> = text.chars().skip(1).collect();
    let first = letters.iter().position(|letter| takes(&format!("-{letter}")));
    first.is_some_and(|first| first + 1 == letters.len())
}

fn attached(text: &str) -> Option<Field> {
    let value = text.split_once('=').map(|(_, value)| value);
    value.or_else(|| text.strip_prefix("-C")).or_else(|| text.strip_prefix("-D")).map(Field::known)
}

fn is_folder(wrapper: &str, option: &str) -> bool {
    let short = if wrapper == "sudo" || wrapper == "run0" { "-D" } else { "-C" };
    let is_short = option.starts_with(short) && matches!(wrapper, "sudo" | "run0" | "env" | "mise");
    is_short || ["--chdir", "--working-directory", "--wd", "--cwd"].iter().any(|name| option.starts_with(name))
}

fn assignment(word: &Field) -> Option<(String, String)> {
    let (name, value) = word.text.split_once('=')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| (name.to_owned(), value.to_owned()))
}

/// `env -S 'A=b cmd arg'`: the words in one text.
fn split_string(all: &mut Unwrapped, at: usize) -> Option<usize> {
    let option = all.words[at].text.clone();
    let attached =
        option.strip_prefix("--split-string=").or_else(|| option.strip_prefix("-S").filter(|s| !s.is_empty()));
    let (text, width) = match attached {
        Some(text) => (text.to_owned(), 1),
        None => (all.words.get(at + 1)?.text.clone(), 2),
    };
    let words = guess::commands(&text.replace(';', "")).into_iter().next()?;
    all.words.splice(at..at + width, words);
    // What was split may begin with options and assignments again.
    take_off(&Wrapper("env", ENV, 0), all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::joined;

    #[track_caller]
    fn check(text: &str, wanted: &str, wrappers: &[&str]) {
        let unwrapped = unwrap(text.split(' ').map(Field::known).collect());
        assert_eq!(joined(&unwrapped.words), wanted, "{text}");
        assert_eq!(unwrapped.wrappers, wrappers, "{text}");
    }

    #[test]
    fn wrappers_are_taken_off_with_their_options() {
        check("sudo rm x", "rm x", &["sudo"]);
        check("sudo -u root -E -- rm x", "rm x", &["sudo"]);
        check("sudo -Eu root rm x", "rm x", &["sudo"]);
        check("/usr/bin/sudo -uroot A=1 env -i B=2 nice -n 5 rm x", "rm x", &["sudo", "env", "nice"]);
        check("doas -u op rm x", "rm x", &["doas"]);
        check("nice -10 rm x", "rm x", &["nice"]);
        check("ionice -c2 -n 7 rm x", "rm x", &["ionice"]);
        check("timeout -k 5 -s KILL 10s rm x", "rm x", &["timeout"]);
        check("timeout --signal=KILL 10 rm x", "rm x", &["timeout"]);
        check("nohup setsid -f stdbuf -oL rm x", "rm x", &["nohup", "setsid", "stdbuf"]);
        check("time -p rm x", "rm x", &["time"]);
        check("command -p rm x", "rm x", &["command"]);
        check("exec -a name rm x", "rm x", &["exec"]);
        check("builtin cd x", "cd x", &["builtin"]);
        check("busybox rm x", "rm x", &["busybox"]);
        check("strace -f -e trace=file -o log rm x", "rm x", &["strace"]);
        check("npx -y rimraf x", "rimraf x", &["npx"]);
        check("poetry run python x", "python x", &["poetry"]);
        check("chroot /mnt rm x", "rm x", &["chroot"]);
        check("env - rm x", "rm x", &["env"]);
        check("env -P /bin -u A rm x", "rm x", &["env"]);
        check("bwrap --dev-bind / / --setenv A b --unshare-all rm x", "rm x", &["bwrap"]);
        check("-- rm x", "rm x", &[]);
    }

    #[test]
    fn what_runs_nothing_stays() {
        check("env", "env", &[]);
        check("sudo -l", "sudo -l", &[]);
        check("command -v rm", "command -v rm", &[]);
        check("poetry install", "poetry install", &[]);
    }

    #[test]
    fn assignments_and_folders_of_wrappers_are_kept() {
        let unwrapped = unwrap(["env", "-C", "/x", "A=b", "rm", "y"].map(Field::known).to_vec());
        assert_eq!(unwrapped.assignments, [("A".to_owned(), "b".to_owned())]);
        assert_eq!(unwrapped.folder, Some(Field::known("/x")));
        let split = unwrap(["env", "-S", "A=b rm x"].map(Field::known).to_vec());
        assert_eq!(joined(&split.words), "rm x");
    }
}
