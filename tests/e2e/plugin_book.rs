//! The book for authors: its commands are run as they stand, and the tests that it names exist.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use instar_tests::{free_port, instar_bin};

use crate::plugin_languages::tries;

fn book(name: &str) -> String {
    let path = root().join("plugin-sdk/book").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_owned()
}

/// The blocks of a chapter: what stands behind the backticks, and what is in them.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(head) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push((head.to_owned(), body.join("\n") + "\n"));
    }
    blocks
}

/// A folder whose server is stopped whatever happens.
struct Desk(tempfile::TempDir);

impl Desk {
    fn run(&self, line: &str) {
        let mut shell = Command::new("sh");
        let programs = instar_bin().parent().expect("it lies in a folder").display().to_string();
        let path = format!("{programs}:{}", std::env::var("PATH").unwrap_or_default());
        shell.args(["-c", line]).current_dir(self.0.path()).env("PATH", path).env("CARGO_NET_OFFLINE", "true");
        shell.env("CARGO_TARGET_DIR", root().join("target/tests-authors"));
        shell.env("XDG_CACHE_HOME", self.0.path().join(".cache"));
        for agent in ["CLAUDECODE", "INSTAR_RUN_ID", "TMUX"] {
            shell.env_remove(agent);
        }
        let done = shell.output().expect("a shell can be run");
        assert!(done.status.success(), "{line}\n{done:?}");
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        for pid in instar_tests::processes_below(self.0.path()) {
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
        }
    }
}

/// Writes the files of a chapter and runs its commands, in their order; answers how many commands there were.
/// Blocks of `sh LANGUAGE` are run only for that language.
fn follow(chapter: &str, language: Option<&str>) -> usize {
    let desk = Desk(tempfile::tempdir().expect("a folder"));
    let mut commands = 0;
    for (head, body) in blocks(&book(chapter)) {
        let of = head.strip_prefix("sh ");
        if let Some((_, file)) = head.split_once(" file=") {
            fs::write(desk.0.path().join(file), body).expect("written");
        } else if head == "sh" || (of.is_some() && of == language) {
            for line in body.lines() {
                desk.run(line);
                commands += 1;
                // Chapters are followed side by side, and a reader's machine has one server.
                if line == "instar init my-agent" {
                    desk.run(&format!("instar --dir my-agent config set port {}", free_port()));
                }
            }
        }
    }
    commands
}

#[test]
fn first_plugin_is_made_by_the_commands_as_printed() {
    let commands = follow("first-plugin.md", None);
    assert!(commands > 10, "only {commands} commands were found");
}

#[test]
fn first_plugin_in_javascript_is_made_by_the_commands_as_printed() {
    if tries("JavaScript") {
        assert!(follow("languages.md", Some("js")) > 4);
    }
}

#[test]
fn first_plugin_in_python_is_made_by_the_commands_as_printed() {
    if tries("Python") {
        assert!(follow("languages.md", Some("python")) > 4);
    }
}

#[test]
fn first_plugin_in_c_is_made_by_the_commands_as_printed() {
    if tries("C") {
        assert!(follow("languages.md", Some("c")) > 4);
    }
}

#[test]
fn tests_of_the_book_are_run() {
    let shown: Vec<_> = blocks(&book("testing.md")).into_iter().filter(|(head, _)| head == "rust").collect();
    let run = fs::read_to_string(root().join("plugin-test/tests/first.rs")).expect("it is there");
    assert_eq!(shown, [("rust".to_owned(), run)], "the book shows what plugin-test/tests/first.rs runs");
}

#[test]
fn each_test_that_the_sandbox_table_names_is_there() {
    let mut named = 0;
    for line in book("sandbox.md").lines() {
        let Some((file, test)) = line.rsplit('`').nth(1).and_then(|name| name.split_once(".rs::")) else { continue };
        let code = fs::read_to_string(root().join(format!("{file}.rs"))).unwrap_or_else(|_| panic!("{file}.rs"));
        assert!(code.contains(&format!("fn {test}(")), "{test} does not stand in {file}.rs");
        named += 1;
    }
    assert!(named > 15, "only {named} tests are named");
}
