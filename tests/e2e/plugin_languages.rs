//! The examples for authors, each in another language and of another kind: built, held to their cases, attacked.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use instar_tests::Agent;
use serde_json::{Value, json};

/// Asks for the tests of other languages than Rust, which need their tools and a registry and take minutes; `all` also
/// for a new plugin of each kind in JavaScript and Python. CI sets it.
const FLAG: &str = "INSTAR_TEST_LANGUAGES";

/// Whether plugins in this language are to be tried.
pub(crate) fn tries(language: &str) -> bool {
    let is_wanted = std::env::var_os(FLAG).is_some();
    is_wanted || not_tried(&format!("a plugin in {language}; {FLAG}=1 tries it, with the tools that the book names"))
}

/// The same for what takes so long that not even CI tries it.
fn tries_all(what: &str) -> bool {
    let is_wanted = std::env::var_os(FLAG).is_some_and(|flag| flag == "all");
    is_wanted || not_tried(&format!("{what}; {FLAG}=all tries it"))
}

#[expect(clippy::print_stderr, reason = "who runs the tests must see what was not tried")]
fn not_tried(what: &str) -> bool {
    eprintln!("NOT TRIED: {what}");
    false
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_owned()
}

fn author(agent: &Agent, folder: &Path, arguments: &[&str]) -> Output {
    let program = agent.command_of_operator(&[]).get_program().to_owned();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_remove("CLAUDECODE").env_remove("INSTAR_RUN_ID");
    command.env("CARGO_TARGET_DIR", root().join("target/tests-authors"));
    command.output().expect("instar can be run")
}

/// A copy of an example, as an author would have it: with the contract in it, and not in this repository.
fn copied(agent: &Agent, name: &str) -> PathBuf {
    let folder = agent.path("author");
    std::fs::create_dir_all(&folder).expect("a folder");
    let source = root().join("plugins/examples").join(name);
    let done = Command::new("cp").arg("-rL").arg(&source).arg(&folder).output().expect("cp can be run");
    assert!(done.status.success(), "{done:?}");
    folder.join(name)
}

#[track_caller]
fn check(agent: &Agent, project: &Path, cases: usize) {
    let done = author(agent, project, &["plugin", "test", "--json"]);
    let report: Value = serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{done:?}"));
    let all = report["cases"].as_array().expect("cases");
    assert_eq!(all.len(), cases, "{report:#}");
    assert!(all.iter().all(|case| case["problems"] == json!([])), "{report:#}");
    assert_eq!(report["faults"], json!([]), "{report:#}");
    assert!(report["attacks"].as_u64() > Some(5), "{report:#}");
}

#[track_caller]
fn check_example(name: &str, cases: usize) {
    let agent = Agent::new();
    let project = copied(&agent, name);
    check(&agent, &project, cases);
}

#[test]
fn guard_of_runs_in_rust_keeps_its_cases() {
    let agent = Agent::new();
    let project = copied(&agent, "guard-after-failure");
    let manifest = project.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    std::fs::write(&manifest, text.replace("../../..", &root().display().to_string())).expect("written");
    // The versions that are here already: a test asks no registry.
    std::fs::copy(root().join("Cargo.lock"), project.join("Cargo.lock")).expect("copied");
    check(&agent, &project, 4);
    // Its tests in Rust bring the host's crates along, which takes minutes and gigabytes the first time.
    if tries_all("Rust, with instar-plugin-test") {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args(["test", "--offline"])
            .current_dir(&project)
            .env("CARGO_TARGET_DIR", root().join("target/tests-authors"));
        // Nobody debugs the engine here, and its tables take gigabytes.
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "0");
        let done = cargo.output().expect("cargo can be run");
        assert!(done.status.success() && String::from_utf8_lossy(&done.stdout).contains("2 passed"), "{done:?}");
    }
}

#[test]
fn execute_type_in_javascript_keeps_its_cases() {
    if tries("JavaScript") {
        check_example("execute-npm", 4);
    }
}

#[test]
fn notifier_in_python_keeps_its_cases() {
    if tries("Python") {
        check_example("notifier-matrix", 3);
    }
}

#[test]
fn guard_of_texts_in_c_keeps_its_cases() {
    if tries("C") {
        check_example("guard-shouting", 4);
    }
}

/// A new plugin of each kind, and how many cases it comes with.
const KINDS: [(&str, usize); 3] = [("execute-hello", 3), ("notifier-mail", 2), ("guard-release", 3)];

#[test]
fn each_kind_in_c_begins_with_a_plugin_that_keeps_its_cases() {
    if !tries("C") {
        return;
    }
    let agent = Agent::new();
    let folder = agent.path("author");
    std::fs::create_dir_all(&folder).expect("a folder");
    for (name, cases) in KINDS {
        let made = author(&agent, &folder, &["plugin", "new", name, "--lang", "c"]);
        assert!(made.status.success(), "{made:?}");
        check(&agent, &folder.join(name), cases);
    }
    // What C makes of JSON by itself.
    let strange = "[[case]]\nname = \"strange signs\"\nconfig = { greeting = \"\\t\\\"Ho\\\\\" }\n\
        execute = { nothing = [{ value = \"no\" }, -1.5e3], value = \"A\\u0001\\u00e9\\U0001F600\" }\n\
        expect = [{ launch = { argv = [\"echo\", \"\\t\\\"Ho\\\\, A\\u0001\\u00e9\\U0001F600\"] } }]\n";
    std::fs::write(folder.join("execute-hello/cases/second.toml"), strange).expect("written");
    check(&agent, &folder.join("execute-hello"), 4);
    let strange = "[[case]]\nname = \"strange signs\"\nsecrets = { token = \"t\" }\nconfig = { channel = \"\\\"\\\\\\u0001\\u00e9\" }\n\
        message = { title = \"\\t\", body = \"\\n\\U0001F600\" }\nexpect = { parts = 1 }\n\
        [[case.http]]\njson = { channel = \"\\\"\\\\\\u0001\\u00e9\", title = \"\\t\", text = \"\\n\\U0001F600\" }\n\
        answer = { status = 204 }\n";
    std::fs::write(folder.join("notifier-mail/cases/second.toml"), strange).expect("written");
    check(&agent, &folder.join("notifier-mail"), 3);
}

#[test]
fn each_kind_in_each_language_begins_with_a_plugin_that_keeps_its_cases() {
    if !tries_all("each kind in each language") {
        return;
    }
    let agent = Agent::new();
    let folder = agent.path("author");
    std::fs::create_dir_all(&folder).expect("a folder");
    for language in ["js", "python"] {
        for (name, cases) in KINDS {
            let made = author(&agent, &folder, &["plugin", "new", name, "--lang", language]);
            assert!(made.status.success(), "{made:?}");
            check(&agent, &folder.join(name), cases);
            std::fs::remove_dir_all(folder.join(name)).expect("removed");
        }
    }
}

#[test]
fn what_cannot_be_built_is_said() {
    let agent = Agent::new();
    let folder = agent.path("author");
    std::fs::create_dir_all(folder.join("empty")).expect("a folder");
    std::fs::write(folder.join("empty/plugin.toml"), "manifest = 1\nid = \"empty\"\nversion = \"1\"\n")
        .expect("written");
    let refused = author(&agent, &folder, &["plugin", "build", "empty"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("holds no sources"), "{said}");
}
