//! A database that cannot be written for a while: wishes are refused in a sentence, facts are recorded once it can.

use std::fs;
use std::process::Command;

use instar_tests::{Agent, Server, until_some};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::small_disk::SmallDisk;

/// `long` runs until the file `go` is there.
fn agent() -> Agent {
    let agent = Agent::new();
    agent.write_script("long.sh", "echo begun > begun; while ! [ -e go ]; do sleep 0.1; done; echo ended; exit 3");
    agent.write_jobs(&json!([
        {"slug": "long", "name": "l", "schedule": "@yearly", "execute": {"type": "script", "value": "long.sh"}},
        {"slug": "work", "name": "w", "schedule": "@yearly", "execute": {"type": "script", "value": "echo done"}}
    ]));
    agent
}

fn begun(agent: &Agent, server: &Server) -> String {
    let id = server.trigger("long");
    until_some("the long job to begin", || agent.path("begun").is_file().then_some(()));
    server.running_run(&id)["id"].as_str().expect("an id").to_owned()
}

/// The command has ended, and its wrapper too.
fn await_end(agent: &Agent) {
    agent.write("go", "");
    let sessions = agent.path(".instar/state/sessions");
    until_some("the wrapper to leave word", || {
        let mut folders = fs::read_dir(&sessions).ok()?.flatten();
        folders.any(|folder| folder.path().join("exit.json").is_file()).then_some(())
    });
}

#[track_caller]
fn check_refused(server: &Server, word: &str) {
    let answer = server.client().post("/jobs/work/trigger", &json!({}));
    let sentence = answer.json["error"].as_str().unwrap_or_default();
    assert!(answer.status == 503 && sentence.contains(word) && sentence.contains("nothing was changed"), "{answer:?}");
}

#[track_caller]
fn check_all_recorded(server: &Server, long: &str) {
    let run = server.ended_run(long);
    let tail = &run["tail"];
    assert_eq!(
        (&run["outcome"], &run["exitStatus"], tail),
        (&json!("failed"), &json!(3), &json!("ended\n")),
        "{run:#}"
    );
    let run = server.ended_run(&server.trigger("work"));
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
    let runs = server.client().get("/runs").json;
    let slugs: Vec<&Value> = runs["runs"].as_array().expect("a list").iter().map(|run| &run["slug"]).collect();
    assert_eq!(slugs, ["work", "long"], "what was refused left no trace");
}

#[tokio::test]
async fn database_that_another_program_locks_refuses_wishes_and_loses_no_result() {
    let agent = agent();
    let server = agent.start();
    let long = begun(&agent, &server);
    let path = agent.path(".instar/state/instar.db");
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.expect("a database");
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.expect("locked");
    check_refused(&server, "another program keeps its database locked");
    await_end(&agent);
    for path in ["/health", "/jobs", "/runs", "/events"] {
        assert_eq!(server.client().get(path).status, 200, "{path} while the database is locked");
    }
    assert_eq!(server.run(&long)["status"], "running", "nothing is said that is not recorded");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.expect("unlocked");
    other.close().await.expect("closed");
    check_all_recorded(&server, &long);
}

#[test]
fn full_disk_refuses_wishes_and_loses_no_result() {
    let agent = agent();
    let Some(disk) = SmallDisk::at(&agent.path(".instar/state")) else { return };
    let server = agent.start();
    let long = begun(&agent, &server);
    disk.fill();
    check_refused(&server, "no space is left on its disk");
    agent.write("go", "");
    for path in ["/health", "/jobs", "/runs", "/events"] {
        assert_eq!(server.client().get(path).status, 200, "{path} while the disk is full");
    }
    let printed = until_some("the server to say so", || {
        let output = server.output();
        output.contains("nothing can be recorded").then_some(output)
    });
    assert!(printed.contains("no space is left for the database"), "{printed}");
    disk.free();
    check_all_recorded(&server, &long);
    server.stop();
}

#[test]
fn server_that_finds_a_full_disk_says_so_and_starts_when_there_is_space() {
    let agent = agent();
    let Some(disk) = SmallDisk::at(&agent.path(".instar/state")) else { return };
    agent.start().stop();
    disk.fill();
    let done = agent.instar(&["server", "start", "--foreground"]);
    let text = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && text.contains("instar.db") && text.contains("no space is left"), "{done:?}");
    disk.free();
    let server = agent.start();
    let run = server.ended_run(&server.trigger("work"));
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
}

#[test]
fn edit_that_finds_a_full_disk_leaves_the_file_as_it_was() {
    let agent = agent();
    let whole = agent.path(".instar");
    let copy = agent.path("copy");
    fs::rename(&whole, &copy).expect("moved");
    let Some(disk) = SmallDisk::at(&whole) else { return };
    let copied = Command::new("cp").arg("-a").arg(copy.join(".")).arg(&whole).status();
    assert!(copied.is_ok_and(|copied| copied.success()));
    disk.fill();
    for (file, arguments) in [
        (".instar/config.json", &["config", "set", "projectName", "another"][..]),
        (".instar/jobs.json", &["job", "disable", "work"][..]),
    ] {
        let before = fs::read(agent.path(file)).expect("read");
        let done = agent.instar(arguments);
        let text = String::from_utf8_lossy(&done.stderr);
        assert!(!done.status.success() && text.contains("No space left") && text.contains("instar"), "{done:?}");
        assert_eq!(fs::read(agent.path(file)).expect("read"), before, "{file}");
    }
    disk.free();
    assert!(agent.instar(&["job", "disable", "work"]).status.success());
}
