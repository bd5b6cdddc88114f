//! Commands that plugins run: put before the command guards, as an agent's are, and then run in the project.
//!
//! What a plugin may run at all was checked before. Nobody is there to answer a guard that asks, so that it denies; a
//! person can allow exactly this command once.

use instar_core::id::PluginId;
use instar_core::program::{Program, ProgramEnd};
use instar_core::verdict::Answer;
use instar_plugin::{Answered, Processes, Refused};
use instar_session::ProgramError;
use jiff::Timestamp;
use serde_json::json;

use crate::guards::{Decision, Fate, GuardDesk, ToolUse, record, shown};
use crate::plugin_reach::{Reach, refused};

/// Longer input is data: a program that takes it for code gets no more than this.
const LONGEST_CODE: usize = 64 << 10;

/// Closes what a command reads, where that is judged.
const END_OF_INPUT: &str = "END_OF_INPUT";

impl Processes for Reach {
    fn run(&self, plugin: PluginId, program: Program) -> Answered<'_, ProgramEnd> {
        Box::pin(async move {
            let sessions = self.engine()?.sessions();
            let cwd = sessions.folder_of(program.cwd.as_deref()).map_err(|error| unrun(&error))?;
            self.judge(&plugin, &program, cwd.to_string_lossy().into_owned()).await?;
            let name = program.argv.first().cloned().unwrap_or_default();
            let end = sessions.run_program(program).await.map_err(|error| unrun(&error))?;
            tracing::info!(%plugin, program = name, how = ?end.how, "a plugin ran a command");
            Ok(end)
        })
    }
}

impl Reach {
    /// Each command stands in the log of decisions, whatever is decided.
    async fn judge(&self, plugin: &PluginId, program: &Program, cwd: String) -> Result<(), Refused> {
        let (desk, text, plugin) = (self.guards()?.clone(), typed(program), plugin.clone());
        let judged = tokio::task::spawn_blocking(move || decide(&desk, &text, cwd, &plugin.to_string())).await;
        let decision = judged.map_err(|_| refused("unavailable", "the guards could not be asked", true))?;
        match decision.answer {
            Answer::Pass => Ok(()),
            Answer::Ask | Answer::Deny => Err(refused("not-allowed", why(&decision), false)),
        }
    }
}

fn decide(desk: &GuardDesk, text: &str, cwd: String, plugin: &str) -> Decision {
    let using = ToolUse {
        tool: "Bash".to_owned(),
        input: json!({ "command": text }),
        cwd,
        session: None,
        job: None,
        within: None,
        unattended: true,
        only_asks: false,
    };
    let now = Timestamp::now();
    let mut decision = desk.open().judge(using, now);
    decision.tool = format!("plugin {plugin}");
    if let Err(error) = desk.decisions().append(&record(&decision, "process", now)) {
        tracing::warn!(%error, "a decision of the guards could not be written down");
    }
    decision
}

fn why(decision: &Decision) -> String {
    let counts = |answer: Answer| {
        decision.findings.iter().filter(move |it| it.fate == Fate::Stands && it.finding.answer == answer)
    };
    let reason = shown(counts(Answer::Deny).chain(counts(Answer::Ask)));
    match &decision.approval {
        Some(id) => format!("{reason} A person can allow exactly this once: `instar guard approve {id}`"),
        None => reason,
    }
}

/// The command as a person would type it: every word quoted, so that a shell would get exactly these; and its input
/// behind it, where it may be code.
fn typed(program: &Program) -> String {
    let words: Vec<_> = program.argv.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
    let line = words.join(" ");
    let input = std::str::from_utf8(&program.stdin).ok().filter(|it| !it.is_empty() && it.len() <= LONGEST_CODE);
    let Some(input) = input else { return line };
    let mut end = END_OF_INPUT.to_owned();
    while input.contains(&end) {
        end.push('_');
    }
    format!("{line} <<'{end}'\n{}\n{end}\n", input.trim_end_matches('\n'))
}

fn unrun(error: &ProgramError) -> Refused {
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    let message = format!("{error}{}", source.unwrap_or_default());
    match error {
        ProgramError::Unknown(_) => refused("no-such-program", message, false),
        ProgramError::Outside { .. } => refused("not-allowed", message, false),
        ProgramError::Start(_) => refused("unavailable", message, true),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use instar_shell::{NoFiles, World};

    use super::*;

    fn program(argv: &[&str], stdin: &str) -> Program {
        Program {
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            cwd: None,
            stdin: stdin.as_bytes().to_vec(),
            env: BTreeMap::new(),
            limit: Duration::ZERO,
            keep: 0,
        }
    }

    fn seen(argv: &[&str], stdin: &str) -> Vec<Vec<String>> {
        let world = World { cwd: "/p", home: None, project_root: None, temp_dir: "/tmp", files: &NoFiles };
        let found = instar_shell::parse(&typed(&program(argv, stdin)), &world);
        assert!(found.complete, "{argv:?}");
        found.commands.into_iter().map(|command| command.argv).collect()
    }

    #[test]
    fn guards_see_exactly_the_words() {
        for argv in [
            &["git", "log"][..],
            &["echo", "a b", "$(rm -rf /)", "`x`", "it's", "; rm -rf /", "&&", "|", ">", "a\nb", "*", "~", "", "\\"],
            &["echo", "<<EOF", "#", "$HOME", "!!", "{a,b}", "ä\u{202e}"],
        ] {
            assert_eq!(seen(argv, ""), [argv], "{argv:?}");
        }
    }

    #[test]
    fn code_is_seen_wherever_it_comes_in() {
        let runs = |argv: &[&str], stdin: &str| seen(argv, stdin).iter().any(|argv| *argv == ["rm", "-rf", "/x"]);
        assert!(runs(&["sh", "-c", "rm -rf /x"], ""));
        assert!(runs(&["env", "A=1", "rm", "-rf", "/x"], ""));
        assert!(runs(&["bash"], "true\nrm -rf /x\n"));
        assert!(runs(&["bash", "-s"], "END_OF_INPUT\nrm -rf /x"));
        assert!(!runs(&["cat"], "rm -rf /x"));
    }
}
