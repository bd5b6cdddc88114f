//! Is the launch of a guest one that can be carried out? Checked before anybody acts on it.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use crate::error::Cause;
use crate::wit::exports::execute::{Action, Launch, Marks, Stdin, StepResult};

const ARGV_BYTES: usize = 1 << 20;
const STDIN_BYTES: usize = 1 << 20;
const ENV_ENTRIES: usize = 256;
const ENV_BYTES: usize = 256 << 10;
const ACTIONS: usize = 64;
const MARKS: usize = 64;
const MARK_BYTES: usize = 256;

/// A step may name many actions, and each launch among them must be sound.
pub(crate) fn check_step(result: &StepResult) -> Result<(), Cause> {
    if result.actions.len() > ACTIONS {
        return invalid(format!("{} actions in one step, and {ACTIONS} are allowed", result.actions.len()));
    }
    result.actions.iter().try_for_each(|action| match action {
        Action::Launch(launch) => check(launch),
        // What a delegate begins with is checked once it is known.
        Action::Delegate(_) | Action::Progress(_) | Action::NoteUsage(_) | Action::Finish(_) | Action::Wait(_) => {
            Ok(())
        }
        Action::SendText(text) => check_text(text),
    })
}

pub(crate) fn check(launch: &Launch) -> Result<(), Cause> {
    check_argv(&launch.argv)?;
    check_env(&launch.env)?;
    check_cwd(launch.cwd.as_deref())?;
    match &launch.stdin {
        Stdin::Bytes(bytes) if bytes.len() > STDIN_BYTES => {
            invalid(format!("{} bytes of standard input, and {STDIN_BYTES} are allowed", bytes.len()))
        }
        Stdin::Bytes(_) | Stdin::Typed => Ok(()),
        Stdin::Terminal(marks) => check_marks(marks),
    }
}

/// Whether they are regular expressions is for the one to say who looks for them.
fn check_marks(marks: &Marks) -> Result<(), Cause> {
    let all = || [&marks.ready, &marks.busy, &marks.asking].into_iter().flatten();
    if all().count() > MARKS || all().any(|mark| mark.len() > MARK_BYTES) {
        return invalid(format!("more than {MARKS} marks, or one of more than {MARK_BYTES} bytes"));
    }
    Ok(())
}

/// The host types it as it is: a control character could press a key that nobody meant.
fn check_text(text: &str) -> Result<(), Cause> {
    if text.len() > STDIN_BYTES {
        return invalid(format!("a message of {} bytes, and {STDIN_BYTES} are allowed", text.len()));
    }
    if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\t' | '\n')) {
        return invalid("a message with a control character".to_owned());
    }
    Ok(())
}

fn check_argv(argv: &[String]) -> Result<(), Cause> {
    let bytes: usize = argv.iter().map(|word| word.len() + 1).sum();
    match argv.first() {
        None => invalid("a launch without a command".to_owned()),
        Some(program) if program.is_empty() => invalid("a launch of a command without a name".to_owned()),
        Some(_) if argv.iter().any(|word| word.contains('\0')) => invalid("a NUL byte in an argument".to_owned()),
        Some(_) if bytes > ARGV_BYTES => invalid(format!("{bytes} bytes of arguments, and {ARGV_BYTES} are allowed")),
        Some(_) => Ok(()),
    }
}

fn check_env(env: &[(String, String)]) -> Result<(), Cause> {
    let bytes: usize = env.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    if env.len() > ENV_ENTRIES || bytes > ENV_BYTES {
        return invalid(format!("{} variables of {bytes} bytes; {ENV_ENTRIES} of {ENV_BYTES} are allowed", env.len()));
    }
    let mut names = BTreeSet::new();
    for (name, value) in env {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            return invalid(format!("the variable {name:?} cannot stand in an environment"));
        }
        if !names.insert(name) {
            return invalid(format!("the variable {name:?} is given twice"));
        }
    }
    Ok(())
}

/// A relative path that stays inside the project, as far as its words tell; links are the host's to follow.
fn check_cwd(cwd: Option<&str>) -> Result<(), Cause> {
    let Some(cwd) = cwd else { return Ok(()) };
    let stays_inside = Path::new(cwd).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if cwd.is_empty() || cwd.contains('\0') || !stays_inside {
        return invalid(format!("the directory {cwd:?} is not a path inside the project"));
    }
    Ok(())
}

fn invalid(what: String) -> Result<(), Cause> {
    Err(Cause::InvalidOutput(crate::text::clean(&what)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(argv: &[&str]) -> Launch {
        let argv = argv.iter().map(|word| (*word).to_owned()).collect();
        Launch { argv, env: Vec::new(), cwd: None, stdin: Stdin::Typed, shown: None }
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[track_caller]
    fn check_invalid(launch: &Launch) {
        assert_eq!(check(launch).expect_err("it was taken").code(), "invalid-output");
    }

    #[test]
    fn a_sound_launch_is_taken() {
        let mut sound = launch(&["sh", "-c", "", "ünïcode"]);
        sound.env = vec![pair("A", ""), pair("B", "x=y")];
        sound.cwd = Some("./sub/dir".to_owned());
        assert!(check(&sound).is_ok());
    }

    #[test]
    fn a_launch_that_cannot_be_carried_out_is_refused() {
        check_invalid(&launch(&[]));
        check_invalid(&launch(&[""]));
        check_invalid(&launch(&["sh", "a\0b"]));
        check_invalid(&launch(&["sh", &"x".repeat(ARGV_BYTES)]));
        check_invalid(&Launch { stdin: Stdin::Bytes(vec![0; STDIN_BYTES + 1]), ..launch(&["sh"]) });
        for cwd in ["", "/etc", "..", "a/../../b", "a\0"] {
            check_invalid(&Launch { cwd: Some(cwd.to_owned()), ..launch(&["sh"]) });
        }
    }

    #[test]
    fn an_environment_that_cannot_be_had_is_refused() {
        let with = |env: Vec<(String, String)>| Launch { env, ..launch(&["sh"]) };
        check_invalid(&with(vec![pair("", "x")]));
        check_invalid(&with(vec![pair("A=B", "x")]));
        check_invalid(&with(vec![pair("A", "x\0")]));
        check_invalid(&with(vec![pair("A", "1"), pair("A", "2")]));
        check_invalid(&with((0..=ENV_ENTRIES).map(|n| pair(&format!("V{n}"), "")).collect()));
    }

    #[test]
    fn a_step_with_too_many_actions_is_refused() {
        let actions = (0..=ACTIONS).map(|_| Action::Progress(String::new())).collect();
        assert!(check_step(&StepResult { state: Vec::new(), actions }).is_err());
    }
}
