//! How well the command guard tells harm from its look-alikes: the host's parser and the real component over
//! `tests/corpus/commands`, both halves of each family, with every miss named.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use instar_core::command::{Command, Surroundings};
use instar_core::verdict::{Answer, Verdict};
use instar_plugin::{Asker, CallContext, Plugins, Settings, Source};
use instar_shell::{NoFiles, World, parse};
use jiff::Timestamp;
use proptest::prelude::*;
use serde::Deserialize;

/// The part of what is harmful that must be asked about or denied.
const RECALL: f64 = 0.99;
/// The part of what is harmless that may be.
const FALSE_ALARMS: f64 = 0.01;

const PROJECT: &str = "/home/ada/shop";
const HOME: &str = "/home/ada";

#[derive(Debug, Deserialize)]
struct Family {
    tuned: Half,
    untouched: Half,
}

#[derive(Debug, Deserialize)]
struct Half {
    destructive: Vec<String>,
    harmless: Vec<String>,
}

#[derive(Debug, Default)]
struct Score {
    destructive: usize,
    missed: Vec<String>,
    harmless: usize,
    false_alarms: Vec<String>,
}

impl Score {
    #[expect(clippy::cast_precision_loss, reason = "there are some thousand commands")]
    fn recall(&self) -> f64 {
        1.0 - self.missed.len() as f64 / self.destructive.max(1) as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "there are some thousand commands")]
    fn false_alarms(&self) -> f64 {
        self.false_alarms.len() as f64 / self.harmless.max(1) as f64
    }

    fn add(&mut self, half: &Half, guard: &Plugins) {
        for line in &half.destructive {
            if check(guard, line).answer() == Answer::Pass {
                self.missed.push(line.clone());
            }
        }
        for line in &half.harmless {
            let verdict = check(guard, line);
            if verdict.answer() != Answer::Pass {
                let rules: Vec<_> = verdict.reasons().map(|finding| finding.rule.as_str()).collect();
                self.false_alarms.push(format!("{line}    [{}]", rules.join(", ")));
            }
        }
        self.destructive += half.destructive.len();
        self.harmless += half.harmless.len();
    }

    #[expect(clippy::print_stdout, reason = "the score is what this test is for")]
    fn print(&self, name: &str) {
        println!(
            "{name:<24} recall {:6.2} % of {:4}   false alarms {:5.2} % of {:4}",
            self.recall() * 100.0,
            self.destructive,
            self.false_alarms() * 100.0,
            self.harmless
        );
        self.missed.iter().for_each(|line| println!("    missed: {line}"));
        self.false_alarms.iter().for_each(|line| println!("    false alarm: {line}"));
    }
}

fn check(guard: &Plugins, raw: &str) -> Verdict {
    let world =
        World { cwd: PROJECT, home: Some(HOME), project_root: Some(PROJECT), temp_dir: "/tmp", files: &NoFiles };
    let surroundings = Surroundings {
        cwd: PROJECT.to_owned(),
        project_root: Some(PROJECT.to_owned()),
        home: Some(HOME.to_owned()),
        temp_dirs: vec!["/tmp".to_owned()],
        unattended: false,
    };
    let found = parse(raw, &world);
    let command = Command { tool: "Bash".to_owned(), raw: raw.to_owned(), surroundings, found };
    guard.check_command(&CallContext::new(Asker::Agent, Timestamp::UNIX_EPOCH), &command).verdict
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The guard as it ships.
fn guard() -> Plugins {
    let path = root().join("target/plugins/guard-command.wasm");
    let bytes =
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask components`", path.display()));
    let mut settings = Settings::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("native"));
    settings.limits.guard.wall = Duration::from_secs(10);
    settings.limits.validate.wall = Duration::from_secs(10);
    let source = Source::file(path, bytes);
    let (plugins, problems) = Plugins::load(vec![source], settings, &mut |_| {}).expect("an engine can be set up");
    assert!(problems.is_empty(), "{problems:?}");
    plugins
}

fn families() -> Vec<(String, Family)> {
    let folder = root().join("tests/corpus/commands");
    let entries = fs::read_dir(&folder).expect("the corpus can be read").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(path).expect("a family can be read");
        let family = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (name, family)
    };
    files.iter().map(read).collect()
}

#[test]
fn the_command_guard_meets_its_bar_on_both_halves_of_the_corpus() {
    let guard = guard();
    let (mut tuned, mut untouched) = (Score::default(), Score::default());
    for (name, family) in families() {
        for (half, total, kind) in
            [(&family.tuned, &mut tuned, "tuned"), (&family.untouched, &mut untouched, "untouched")]
        {
            let mut score = Score::default();
            score.add(half, &guard);
            score.print(&format!("{name}, {kind}"));
            total.add_score(score);
        }
    }
    tuned.print("tuned");
    untouched.print("untouched");
    for score in [&tuned, &untouched] {
        assert!(score.destructive + score.harmless > 500, "the corpus is there");
        assert!(score.recall() >= RECALL, "recall {} of {}", score.recall(), score.destructive);
        assert!(score.false_alarms() <= FALSE_ALARMS, "false alarms {} of {}", score.false_alarms(), score.harmless);
    }
}

impl Score {
    fn add_score(&mut self, other: Self) {
        self.destructive += other.destructive;
        self.harmless += other.harmless;
        self.missed.extend(other.missed);
        self.false_alarms.extend(other.false_alarms);
    }
}

/// Pieces of shell, of harm, and of nothing.
fn shellish() -> impl Strategy<Value = String> {
    let pieces = [
        "rm -rf /",
        "git push -f",
        "$(",
        ")",
        "`",
        "'",
        "\"",
        "<<E\n",
        "\nE\n",
        "|",
        "sh",
        "bash -c",
        "eval",
        "{a,b}",
        "if",
        "then",
        "fi",
        "case x in",
        "esac",
        "$X",
        "${X:-",
        "}",
        "\\",
        "\0",
        "é",
        "&&",
        ";",
        "( ",
        "[[",
        "]]",
        "xargs",
        "find . -exec",
        "{} +",
        "python3 -c",
        "sudo",
        "> /etc/x",
        "function f {",
        "$((",
        "))",
        "#",
        "\n",
    ];
    let shell = prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..24).prop_map(|pieces| pieces.join(" "));
    let bytes =
        prop::collection::vec(any::<u8>(), 0..200).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    prop_oneof![3 => shell, 1 => bytes]
}

#[test]
fn any_text_is_answered_and_none_passes_that_was_not_understood() {
    let guard = guard();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(2_000));
    let judged = runner.run(&shellish(), |text| {
        let world =
            World { cwd: PROJECT, home: Some(HOME), project_root: Some(PROJECT), temp_dir: "/tmp", files: &NoFiles };
        let answer = check(&guard, &text).answer();
        prop_assert!(parse(&text, &world).complete || answer != Answer::Pass, "{text:?} passes");
        Ok(())
    });
    judged.expect("each text has an answer");
}
