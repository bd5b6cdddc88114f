//! Programs that run another one which stands in their own words: `npx`, `uv run`, `python -m`, `busybox`.
//!
//! The host's parser takes off what belongs to the shell and the system; these belong to packages.

use crate::names::interpreter;
use crate::scene::Cmd;

/// Runner, the words that must follow, and its options that take a word.
const RUNNERS: &[(&str, &[&str], &[&str])] = &[
    ("npx", &[], &["-p", "--package", "-c", "--call"]),
    ("bunx", &[], &[]),
    ("pnpx", &[], &[]),
    ("uvx", &[], &["--from", "--with", "--python"]),
    ("busybox", &[], &[]),
    ("toybox", &[], &[]),
    ("bunx", &[], &[]),
    ("pnpm", &["dlx"], &[]),
    ("pnpm", &["exec"], &[]),
    ("yarn", &["dlx"], &[]),
    ("yarn", &["exec"], &[]),
    ("npm", &["exec"], &["-p", "--package"]),
    ("npm", &["x"], &["-p", "--package"]),
    ("bun", &["x"], &[]),
    ("bundle", &["exec"], &[]),
    ("uv", &["run"], &["--with", "--python", "-p", "--group", "--extra", "--project", "--directory"]),
    ("uv", &["tool", "run"], &["--from", "--with"]),
    ("poetry", &["run"], &[]),
    ("pipenv", &["run"], &[]),
    ("pdm", &["run"], &[]),
    ("rye", &["run"], &[]),
    ("hatch", &["run"], &[]),
    ("pipx", &["run"], &["--spec"]),
    ("conda", &["run"], &["-n", "--name", "-p", "--prefix"]),
    ("mise", &["exec"], &[]),
    ("mise", &["x"], &[]),
    ("asdf", &["exec"], &[]),
    ("rbenv", &["exec"], &[]),
    ("pyenv", &["exec"], &[]),
    ("dotenv", &[], &["-f", "-e"]),
    ("dotenvx", &["run"], &["-f"]),
    ("doppler", &["run"], &["-p", "-c", "--project", "--config"]),
    ("op", &["run"], &["--env-file"]),
    ("aws-vault", &["exec"], &[]),
    ("nix", &["run"], &[]),
    ("heroku", &["run"], &["-a", "--app"]),
    ("rtk", &[], &[]),
    ("winpty", &[], &[]),
    ("cross-env", &[], &[]),
    ("unshare", &[], &[]),
    ("bwrap", &[], &["--bind", "--ro-bind"]),
    ("firejail", &[], &[]),
    ("dbus-run-session", &[], &[]),
    ("xvfb-run", &[], &["-s", "-n"]),
    ("numactl", &[], &["-N", "-m"]),
    ("proxychains", &[], &["-f"]),
    ("proxychains4", &[], &["-f"]),
    ("torsocks", &[], &[]),
    ("systemd-inhibit", &[], &[]),
    ("caffeinate", &[], &["-t"]),
    ("daemonize", &[], &[]),
    ("ltrace", &[], &["-o", "-e"]),
    ("hyperfine", &[], &["-n", "-r", "-w"]),
    ("corepack", &[], &[]),
    ("arch", &[], &[]),
    ("fakeroot", &[], &[]),
    ("pkexec", &[], &["--user"]),
    ("please", &[], &[]),
    ("run0", &[], &[]),
];

/// The command inside, if this is a runner.
pub(crate) fn inside<'a>(cmd: &Cmd<'a>) -> Option<Cmd<'a>> {
    let name = cmd.name();
    if interpreter(name) == Some("python") {
        return module(cmd);
    }
    let words = cmd.words();
    let (_, verbs, valued) = RUNNERS.iter().find(|(runner, verbs, _)| {
        *runner == name && words.len() > verbs.len() && verbs.iter().zip(words).all(|(verb, word)| verb == word)
    })?;
    let mut at = verbs.len();
    while let Some(word) = words.get(at) {
        let takes_next = valued.contains(&word.as_str());
        let is_setting = word.contains('=') && !word.starts_with('-');
        if !word.starts_with('-') && !is_setting {
            return Some(cmd.from(cmd.from + 1 + at));
        }
        at += 1 + usize::from(takes_next);
    }
    None
}

/// `python -m twine upload` is `twine upload`.
fn module<'a>(cmd: &Cmd<'a>) -> Option<Cmd<'a>> {
    let at = cmd.words().iter().position(|word| word == "-m")?;
    let is_first = cmd.words()[..at].iter().all(|word| word.starts_with('-'));
    (is_first && cmd.words().len() > at + 1).then(|| cmd.from(cmd.from + at + 2))
}
