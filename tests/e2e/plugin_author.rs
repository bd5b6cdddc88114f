//! `instar plugin new`, `build`, `test` and `install`: from an empty folder to a job that uses the plugin.

use std::fs;
use std::path::Path;
use std::process::Output;

use instar_tests::Agent;
use serde_json::{Value, json};

/// What all of them need is built once.
fn shared_target() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tests-authors")
}

/// In a folder of the author, which is no project.
fn author(agent: &Agent, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = agent.command_of_operator(&[]);
    let program = command.get_program().to_owned();
    command = std::process::Command::new(program);
    command.args(arguments).current_dir(folder).env_remove("CLAUDECODE").env_remove("INSTAR_RUN_ID");
    command.env("CARGO_TARGET_DIR", shared_target());
    command.output().expect("instar can be run")
}

/// A plugin of this kind that builds with the crates that this machine has.
fn begun(agent: &Agent, name: &str) -> std::path::PathBuf {
    let folder = agent.path("author");
    fs::create_dir_all(&folder).expect("a folder");
    let done = author(agent, &folder, &["plugin", "new", name, "--json"]);
    assert!(done.status.success(), "{done:?}");
    let project = folder.join(name);
    // The versions that are here already: a test asks no registry.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    fs::copy(lock, project.join("Cargo.lock")).expect("copied");
    project
}

#[track_caller]
fn tested(agent: &Agent, project: &Path, more: &[&str]) -> Value {
    let arguments = [&["plugin", "test", "--json"], more].concat();
    let done = author(agent, project, &arguments);
    serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{done:?}"))
}

#[track_caller]
fn check_fine(report: &Value, cases: usize) {
    let all = report["cases"].as_array().expect("cases");
    assert_eq!(all.len(), cases, "{report:#}");
    assert!(all.iter().all(|case| case["problems"] == json!([])), "{report:#}");
    assert_eq!(report["faults"], json!([]), "{report:#}");
    assert!(report["attacks"].as_u64() > Some(10), "{report:#}");
}

#[test]
fn execute_type_goes_from_nothing_to_a_job_that_uses_it() {
    let agent = Agent::new();
    let project = begun(&agent, "execute-hello");
    check_fine(&tested(&agent, &project, &[]), 3);
    let again = author(&agent, &agent.path("author"), &["plugin", "new", "execute-hello"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"), "{again:?}");

    agent.write_jobs(&json!([{
        "slug": "greet", "name": "Greet", "schedule": "@yearly", "execute": {"type": "hello", "value": "Ada"}
    }]));
    let server = agent.start();
    let installed =
        agent.command_of_operator(&["plugin", "install", project.to_str().expect("text"), "--yes"]).output();
    assert!(installed.as_ref().is_ok_and(|done| done.status.success()), "{installed:?}");
    instar_tests::until("it to be there", || server.client().get("/plugins").text, |all| all.contains("execute-hello"));
    let run = server.ended_run(&server.trigger("greet"));
    assert_eq!((&run["outcome"], &run["tail"]), (&json!("succeeded"), &json!("Hello, Ada\n")), "{run:#}");

    // A case that is not kept is told with what came instead; a plugin that traps is caught by the attack.
    let cases = project.join("cases/first.toml");
    let text = fs::read_to_string(&cases).expect("cases").replace("Hello, Ada\"]", "Bye, Ada\"]");
    fs::write(&cases, text).expect("written");
    let code = project.join("src/lib.rs");
    let trapping = fs::read_to_string(&code)
        .expect("code")
        .replace("let greeting = config", "assert!(execute.value.len() < 100_000);\n        let greeting = config");
    fs::write(&code, trapping).expect("written");
    let report = tested(&agent, &project, &[]);
    let problem = report["cases"][0]["problems"][0].as_str().expect("a problem");
    assert!(problem.contains("Hello, Ada") && problem.contains("Bye, Ada"), "{problem}");
    let faults = report["faults"].to_string();
    assert!(faults.contains("a long word: trap"), "{report:#}");
}

#[test]
fn guard_and_notifier_build_and_keep_their_cases() {
    let agent = Agent::new();
    check_fine(&tested(&agent, &begun(&agent, "guard-release"), &[]), 3);
    check_fine(&tested(&agent, &begun(&agent, "notifier-mail"), &[]), 2);
}

#[test]
fn manifest_for_another_contract_is_not_built() {
    let agent = Agent::new();
    let project = begun(&agent, "guard-release");
    let path = project.join("plugin.toml");
    let manifest = fs::read_to_string(&path).expect("a manifest");
    assert!(manifest.contains("contract = \"0.1\"\n"), "{manifest}");
    fs::write(&path, manifest.replace("contract = \"0.1\"", "contract = \">=0.2, <0.4\"")).expect("written");
    let done = author(&agent, &project, &["plugin", "build"]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let words = ["`contract = \">=0.2, <0.4\"`", "instar:plugin/", "@0.1.0"];
    assert!(!done.status.success() && words.iter().all(|word| said.contains(word)), "{said}");
    assert!(!project.join("dist").exists(), "nothing was laid there");
}

#[test]
fn editors_find_the_schema_of_a_new_manifest() {
    let agent = Agent::new();
    let project = begun(&agent, "notifier-mail");
    let manifest = fs::read_to_string(project.join("plugin.toml")).expect("a manifest");
    let place =
        manifest.lines().next().and_then(|line| line.strip_prefix("#:schema ")).expect("its first line names it");
    let schema: Value = serde_json::from_slice(&fs::read(project.join(place)).expect("it is there")).expect("JSON");
    let printed = author(&agent, &project, &["plugin", "schema"]);
    assert_eq!(serde_json::from_slice::<Value>(&printed.stdout).expect("JSON"), schema);
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin-sdk/plugin.schema.json");
    assert_eq!(fs::read(published).expect("it is there"), printed.stdout);
}

#[test]
fn what_is_no_project_is_said() {
    let agent = Agent::new();
    let folder = agent.path("author");
    fs::create_dir_all(&folder).expect("a folder");
    for (arguments, words) in [
        (&["plugin", "build"][..], "no plugin.toml"),
        (&["plugin", "new", "Not An Id"], "no id of a plugin"),
        (&["plugin", "test", "nowhere"], "nowhere"),
    ] {
        let done = author(&agent, &folder, arguments);
        assert!(!done.status.success() && String::from_utf8_lossy(&done.stderr).contains(words), "{done:?}");
    }
    assert_eq!(fs::read_dir(&folder).expect("it is there").count(), 0, "nothing was left");
}

/// Ends what it started.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_an_author_saves_is_built_and_taken_up() {
    let agent = Agent::new();
    let project = begun(&agent, "execute-hello");
    // A first build of all its crates takes longer than anything else here.
    let built = author(&agent, &project, &["plugin", "build"]);
    assert!(built.status.success(), "{built:?}");
    let server = agent.start();
    let mut dev = agent.command_of_operator(&["plugin", "dev", project.to_str().expect("text"), "--yes"]);
    dev.env("CARGO_TARGET_DIR", shared_target()).stdout(std::process::Stdio::null());
    let _dev = Ended(dev.stderr(std::process::Stdio::null()).spawn().expect("instar can be run"));
    let version = || -> Option<Value> {
        let plugins = server.client().get("/plugins").json;
        let all = plugins["plugins"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|plugin| plugin["id"] == "execute-hello").map(|plugin| plugin["version"].clone())
    };
    let await_version = |wanted: &str| {
        instar_tests::until("it to be taken up", version, |seen| *seen == Some(json!(wanted)));
    };
    await_version("0.1.0");
    let manifest = project.join("plugin.toml");
    let text = fs::read_to_string(&manifest).expect("a manifest").replace("\"0.1.0\"", "\"0.1.1\"");
    fs::write(&manifest, text).expect("written");
    await_version("0.1.1");
}
