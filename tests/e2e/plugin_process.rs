//! Commands of plugins on a running host: what runs, in which environment, what the guards deny, and what is left.

use instar_tests::{Agent, Server, component, processes_below, until};
use serde_json::{Value, json};

fn start_with(config: &Value, jobs: &[(&str, Value)]) -> (Agent, Server) {
    let agent = Agent::new();
    agent.configure(config);
    let path = component("tiny-process").display().to_string();
    let install = ["plugin", "install", &path, "--yes", "--grant", "process,secrets"];
    let output = agent.command_of_operator(&install).output().expect("instar can be run");
    assert!(output.status.success(), "{output:?}");
    let jobs: Vec<Value> = jobs.iter().map(|(slug, execute)| job(slug, execute)).collect();
    agent.write_jobs(&json!(jobs));
    let server = agent.start();
    (agent, server)
}

fn start(jobs: &[(&str, Value)]) -> (Agent, Server) {
    start_with(&json!({}), jobs)
}

fn job(slug: &str, execute: &Value) -> Value {
    let mut execute = execute.clone();
    execute["type"] = "tiny-process".into();
    json!({ "slug": slug, "name": slug, "schedule": "@yearly", "overlap": "allow", "execute": execute })
}

#[test]
fn command_runs_in_the_project_without_the_hosts_environment() {
    let (agent, server) = start(&[
        ("pwd", json!({ "argv": ["pwd"], "cwd": "sub" })),
        ("env", json!({ "argv": ["env"], "credentials": ["token"] })),
        ("cat", json!({ "argv": ["cat"], "stdin": "a\nb" })),
        ("missing", json!({ "argv": ["no-such-program-anywhere"] })),
        ("link", json!({ "argv": ["pwd"], "cwd": "out" })),
        ("long", json!({ "argv": ["sh", "-c", "seq 1 100000; echo bad >&2; exit 4"] })),
    ]);
    agent.write("sub/file", "");
    std::os::unix::fs::symlink("/tmp", agent.path("out")).expect("a link can be made");
    let mut set = agent.command_of_operator(&["secret", "set", "tiny-process/token"]);
    let mut child = set.stdin(std::process::Stdio::piped()).spawn().expect("instar can be run");
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), b"s3cr3t-of-the-door\n").expect("it reads");
    assert!(child.wait().expect("it ends").success());

    let told = server.message_of("pwd");
    assert_eq!(told, format!("0|{}\n|", agent.dir().canonicalize().expect("a folder").join("sub").display()));
    let env = server.message_of("env");
    let names: Vec<_> = env.trim_start_matches("0|").lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert!(names.iter().all(|name| ["PATH", "HOME", "LANG", "DOOR_TOKEN"].contains(name)), "{env}");
    assert!(env.contains("DOOR_TOKEN=***") && !env.contains("s3cr3t"), "{env}");
    assert_eq!(server.message_of("cat"), "0|a\nb|");
    assert!(server.message_of("missing").starts_with("no-such-program: "));
    assert!(server.message_of("link").starts_with("not-allowed: the folder \"out\""));
    let long = server.message_of("long");
    assert!(long.starts_with("4|1\n2\n") && long.ends_with(" (cut)|bad\n"), "{long}");
    let stats = server.client().get("/plugins/tiny-process/stats").json;
    assert_eq!(stats["denied"], 1, "the link: {stats}");
}

#[test]
fn guards_judge_each_command_and_a_person_may_allow_one_once() {
    let (agent, server) = start(&[
        ("pwd", json!({ "argv": ["pwd"] })),
        ("destroy", json!({ "argv": ["rm", "-rf", "/etc"] })),
        ("hidden", json!({ "argv": ["sh", "-c", "rm -rf /etc"] })),
        ("script", json!({ "argv": ["sh", "scripts/clean"] })),
        ("push", json!({ "argv": ["git", "push", "--force"] })),
    ]);
    agent.write("scripts/clean", "rm -rf /etc\n");
    for slug in ["destroy", "hidden", "script"] {
        let told = server.message_of(slug);
        assert!(told.starts_with("not-allowed: [guard-command/"), "{slug}: {told}");
    }
    assert!(agent.path("/etc").exists());
    let asked = server.message_of("push");
    let id = asked.split("instar guard approve ").nth(1).map(|rest| rest.trim_end_matches('`').to_owned());
    let id = id.unwrap_or_else(|| panic!("{asked}"));
    let approved = agent.command_of_operator(&["guard", "approve", &id]).output().expect("instar can be run");
    assert!(approved.status.success(), "{approved:?}");
    let ran = server.message_of("push");
    assert!(ran.starts_with("128|"), "the folder is no repository, which git says: {ran}");
    assert!(server.message_of("push").starts_with("not-allowed: "), "the yes was used up");
    server.message_of("pwd");
    let decisions = server.client().get("/guards/decisions").json;
    let newest = &decisions["decisions"][0];
    assert_eq!((&newest["event"], &newest["tool"]), (&json!("process"), &json!("plugin tiny-process")), "{newest:#}");
    assert_eq!((&newest["answer"], &newest["subject"]), (&json!("pass"), &json!("'pwd'")));
}

#[test]
fn nothing_is_left_of_a_command_that_is_late_or_whose_host_dies() {
    let sleeps = "setsid sleep 987654 & echo begun; sleep 987654";
    let (agent, server) = start(&[
        ("late", json!({ "argv": ["sh", "-c", sleeps], "timeout": 600 })),
        ("killed", json!({ "argv": ["sh", "-c", sleeps] })),
    ]);
    assert_eq!(server.message_of("late"), "timed-out|begun\n|");
    let sleeping = || processes_below(agent.dir()).into_iter().filter(|pid| is_sleep(*pid)).collect::<Vec<_>>();
    until("all of it to be gone", sleeping, Vec::is_empty);
    server.trigger("killed");
    let left = until("both to sleep", sleeping, |pids| pids.len() == 2);
    server.kill_hard();
    until("them to go with the host", || left.iter().filter(|pid| is_sleep(**pid)).count(), |count| *count == 0);
}

fn is_sleep(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"sleep\0987654"))
}
