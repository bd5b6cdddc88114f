//! Commands, run for a plugin. Who runs them, and puts them before the guards, is the wiring's: this file checks the
//! grant and the words, how many run at once and how often, and puts secrets in and takes them out again.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path};
use std::time::Duration;

use instar_core::id::PluginId;
use instar_core::program::{Program, ProgramEnd, ProgramHow};
use tokio::sync::OwnedSemaphorePermit;

use super::secrets::unknown;
use super::{Answered, failure, no_server, take_turn};
use crate::capability::rights::Rights;
use crate::manifest::{AskedProcess, Place};
use crate::secret::{Secret, scrub_bytes};
use crate::state::CallState;
use crate::text;
use crate::wit::imports::process;
use crate::wit::imports::types::Failure;

const MOST_WORDS: usize = 1000;
const LARGEST_ARGV: usize = 128 << 10;
const LARGEST_STDIN: usize = 1 << 20;
const MOST_CREDENTIALS: usize = 16;

/// What is left of a call once its command has to be over, so that the plugin can still answer.
const MARGIN: Duration = Duration::from_millis(300);

/// Who runs commands.
pub trait Processes: fmt::Debug + Send + Sync {
    /// Puts what a plugin was granted before the guards, and runs it to its end. One that is dropped leaves nothing of it.
    fn run(&self, plugin: PluginId, program: Program) -> Answered<'_, ProgramEnd>;
}

impl process::Host for CallState {
    async fn run(&mut self, command: process::Command) -> Result<process::Output, Failure> {
        let left = self.left();
        let Some((rights, asked)) = self.commands() else {
            return Err(failure("not-allowed", "commands are not this plugin's business"));
        };
        check_words(&command)?;
        if let Err(why) = check_allowed(asked, &command) {
            rights.counter.note_denied();
            return Err(failure("not-allowed", why));
        }
        let (env, secrets) = credentials(rights, &command)?;
        let processes = rights.means.processes.as_deref().ok_or_else(|| no_server("commands"))?;
        take_turn(&rights.process_bucket)?;
        let _place = place(rights, asked)?;
        let longest = secrets.iter().map(|secret| secret.expose().len()).max().unwrap_or(0);
        let keep = usize::try_from(asked.output_bytes).unwrap_or(usize::MAX);
        let program = Program {
            argv: command.argv,
            cwd: command.cwd,
            stdin: command.stdin,
            env,
            limit: limit(command.timeout_ms, left),
            keep: keep.saturating_add(longest),
        };
        let end = processes.run(rights.plugin.clone(), program).await.inspect_err(|refused| {
            if refused.code == "not-allowed" {
                rights.counter.note_denied();
            }
        })?;
        let (stdout, stdout_cut) = shown(end.stdout, end.stdout_cut, keep, longest, &secrets);
        let (stderr, stderr_cut) = shown(end.stderr, end.stderr_cut, keep, longest, &secrets);
        let ending = match end.how {
            ProgramHow::Exit(status) => process::Ending::Exit(status),
            ProgramHow::Signal(name) => process::Ending::Signal(name),
            ProgramHow::TimedOut => process::Ending::TimedOut,
        };
        let duration_ms = u64::try_from(end.duration.as_millis()).unwrap_or(u64::MAX);
        Ok(process::Output { ending, stdout, stdout_cut, stderr, stderr_cut, duration_ms })
    }
}

impl CallState {
    fn commands(&self) -> Option<(&Rights, &AskedProcess)> {
        let rights = self.rights.as_deref()?;
        Some((rights, rights.grants.process.as_ref()?))
    }
}

/// Whether any program can get it, whatever the manifest says.
fn check_words(command: &process::Command) -> Result<(), Failure> {
    let argv = &command.argv;
    if argv.first().is_none_or(String::is_empty) || argv.iter().any(|word| word.contains('\0')) {
        return Err(failure("bad-command", "a command has a program, and no word with a NUL"));
    }
    let bytes: usize = argv.iter().map(|word| word.len() + 1).sum();
    if argv.len() > MOST_WORDS || bytes > LARGEST_ARGV || command.stdin.len() > LARGEST_STDIN {
        let most =
            format!("{MOST_WORDS} words of {LARGEST_ARGV} bytes and {LARGEST_STDIN} bytes of input are the most");
        return Err(failure("too-large", most));
    }
    match command.credentials.len() > MOST_CREDENTIALS {
        true => Err(failure("too-large", format!("more than {MOST_CREDENTIALS} credentials"))),
        false => Ok(()),
    }
}

fn check_allowed(asked: &AskedProcess, command: &process::Command) -> Result<(), String> {
    if !asked.allow.iter().any(|pattern| pattern.fits(&command.argv)) {
        let words = text::clean_up_to(&format!("{:?}", command.argv), 300);
        return Err(format!("no command of its manifest is {words}"));
    }
    let Some(cwd) = &command.cwd else { return Ok(()) };
    let stays_inside = Path::new(cwd).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if cwd.is_empty() || cwd.contains('\0') || !stays_inside {
        let cwd = text::clean_up_to(cwd, 100);
        return Err(format!("the folder {cwd:?} is not a path within the project"));
    }
    Ok(())
}

/// The secrets that the plugin wants put in, each of them for this very program.
fn credentials(
    rights: &Rights,
    command: &process::Command,
) -> Result<(BTreeMap<String, String>, Vec<Secret>), Failure> {
    let (mut env, mut secrets) = (BTreeMap::new(), Vec::new());
    for name in &command.credentials {
        let slot = rights.slot(name).ok_or_else(|| unknown(name))?;
        let inject = slot
            .inject
            .as_ref()
            .filter(|inject| inject.place == Place::Environment && inject.program.as_ref() == command.argv.first());
        let variable = inject.and_then(|inject| inject.name.clone()).ok_or_else(|| unknown(name))?;
        let secret = rights.secret(slot)?;
        if secret.expose().contains('\0') {
            return Err(failure(
                "not-set",
                format!("the secret `{}` has a NUL, which no environment takes", slot.name),
            ));
        }
        env.insert(variable, secret.expose().to_owned());
        secrets.push(secret);
    }
    // A secret within another one would leave the rest of that one standing.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
    Ok((env, secrets))
}

/// Given back when the call is over, whatever became of it.
fn place(rights: &Rights, asked: &AskedProcess) -> Result<OwnedSemaphorePermit, Failure> {
    rights.process_places.clone().try_acquire_owned().map_err(|_| Failure {
        retryable: true,
        ..failure("too-many", format!("{} commands of this plugin run already, and no more may at once", asked.at_once))
    })
}

fn limit(asked: Option<u32>, left: Duration) -> Duration {
    let most = left.saturating_sub(MARGIN);
    asked.map_or(most, |asked| most.min(Duration::from_millis(asked.into())))
}

/// Without secrets, and without the part at a cut where the beginning of one may stand.
fn shown(bytes: Vec<u8>, is_cut: bool, keep: usize, longest: usize, secrets: &[Secret]) -> (Vec<u8>, bool) {
    let mut clean = scrub_bytes(bytes, secrets);
    if is_cut {
        clean.truncate(clean.len().saturating_sub(longest));
    }
    let is_cut = is_cut || clean.len() > keep;
    clean.truncate(keep);
    (clean, is_cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_shows_no_half_of_a_secret() {
        let secrets = [Secret::new("s3cr3t").unwrap()];
        let check = |text: &str, is_cut: bool| shown(text.as_bytes().to_vec(), is_cut, 10, 6, &secrets);
        assert_eq!(check("a s3cr3t", false), (b"a ***".to_vec(), false));
        assert_eq!(check("0123456789s3cr3", true), (b"012345678".to_vec(), true));
        assert_eq!(check("0123456s3cr3t", false), (b"0123456***".to_vec(), false));
        assert_eq!(check("01234567s3cr3t", false), (b"01234567**".to_vec(), true));
    }

    #[test]
    fn a_command_ends_before_its_call() {
        let left = Duration::from_secs(2);
        assert_eq!(limit(None, left), Duration::from_millis(1700));
        assert_eq!(limit(Some(5), left), Duration::from_millis(5));
        assert_eq!(limit(Some(u32::MAX), Duration::from_millis(100)), Duration::ZERO);
    }
}
