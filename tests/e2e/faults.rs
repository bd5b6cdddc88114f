//! What stands in the way of a start: one sentence that names it, and a status that is not zero.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use instar_tests::Agent;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

fn start(agent: &Agent) -> Output {
    agent.instar(&["server", "start", "--foreground"])
}

#[track_caller]
fn check_refused(done: &Output, word: &str) {
    let text = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && text.contains(word), "{done:?} lacks {word:?}");
    assert!(!text.contains("panicked") && text.lines().filter(|line| line.contains("error")).count() <= 2, "{text}");
}

#[test]
fn port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let agent = Agent::new();
    agent.configure(&json!({"port": port}));
    check_refused(&start(&agent), &port.to_string());
}

#[test]
fn second_server_on_the_same_folder_is_refused_with_the_id_of_the_first() {
    let agent = Agent::new();
    let server = agent.start();
    check_refused(&start(&agent), &server.pid().to_string());
    assert_eq!(server.client().get("/health").status, 200, "the first goes on");
}

#[test]
fn tmux_that_is_missing_or_too_old_is_said_so() {
    let agent = Agent::new();
    agent.configure(&json!({"sessions": {"tmuxPath": "/nowhere/tmux"}}));
    check_refused(&start(&agent), "tmux");
    agent.write_script("old-tmux", "echo tmux 3.1c");
    agent.configure(&json!({"sessions": {"tmuxPath": agent.path("old-tmux")}}));
    check_refused(&start(&agent), "3.2");
}

#[test]
fn corrupt_config_is_refused_with_its_path_and_never_overwritten() {
    let agent = Agent::new();
    agent.write(".instar/config.json", "{\"port\": ");
    check_refused(&start(&agent), "config.json");
    assert_eq!(fs::read_to_string(agent.path(".instar/config.json")).expect("read"), "{\"port\": ");
    agent.write(".instar/config.json", "{\"port\": \"many\"}");
    check_refused(&start(&agent), "port");
}

#[test]
fn corrupt_database_is_refused_with_its_path_and_never_overwritten() {
    let agent = Agent::new();
    agent.write(".instar/state/instar.db", &"this is no database ".repeat(500));
    check_refused(&start(&agent), "instar.db");
    assert!(fs::read_to_string(agent.path(".instar/state/instar.db")).expect("read").starts_with("this is no"));
}

#[tokio::test]
async fn database_of_a_newer_version_is_refused_with_both_versions_and_stays_as_it_is() {
    let agent = Agent::new();
    agent.start().stop();
    let path = agent.path(".instar/state/instar.db");
    let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.expect("a database");
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (99, 'later', TRUE, X'00', 0)";
    sqlx::raw_sql(newer).execute(&mut connection).await.expect("inserted");
    connection.close().await.expect("closed");
    let before = fs::read(&path).expect("read");
    let done = start(&agent);
    check_refused(&done, "instar.db has version 99, and this program knows versions up to");
    check_refused(&done, "use the newer program");
    assert_eq!(fs::read(&path).expect("read"), before);
}

#[test]
fn folder_that_cannot_be_written_is_named() {
    let agent = Agent::new();
    let state = agent.path(".instar/state");
    fs::remove_dir_all(&state).expect("removed");
    fs::write(&state, "a file where a folder must be").expect("written");
    check_refused(&start(&agent), "state");
    fs::remove_file(&state).expect("removed");
    fs::create_dir(&state).expect("made");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).expect("set");
}

#[test]
fn address_beyond_loopback_without_a_token_is_refused() {
    let agent = Agent::new();
    agent.write(".instar/config.json", &json!({"host": "0.0.0.0", "port": 0}).to_string());
    check_refused(&start(&agent), "token");
}
