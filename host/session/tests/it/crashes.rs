//! Whoever dies, the truth about a session survives, and nothing is started twice.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use instar_core::plan::EndCause;
use instar_session::{Found, SessionError, TmuxError};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::harness::{Project, await_that, exit, is_alive, kill, pid_of, script, session_id, talk};

const UNTIL_GO: &str = "echo begun; while ! [ -e go ]; do sleep 0.01; done; echo after; exit 6";

#[tokio::test]
async fn the_death_of_tmux_changes_nothing_about_the_end() {
    let project = Project::new().await;
    let (id, process) = project.start(script(UNTIL_GO)).await;
    project.await_output(id, "begun").await;
    let server = project.server_pid();
    kill(server, Signal::KILL);
    await_that("the server is gone", || !is_alive(server)).await;
    assert_eq!(project.sessions.list_tmux().await.unwrap(), Vec::<String>::new());
    assert_eq!(Some(pid_of(&project.sessions.survey(id).await)), process.pid());
    std::fs::write(project.dir.join("go"), "").unwrap();
    let end = project.watch(process).await;
    assert_eq!((end.cause, end.tail.as_str()), (exit(6), "begun\nafter\n"));

    let (_, end) = project.run(script("exit 0")).await;
    assert_eq!(end.cause, exit(0), "a new server takes the next session");
}

#[tokio::test]
async fn a_terminal_session_outlives_tmux_too() {
    let project = Project::new().await;
    let (id, process) = project.start(talk(UNTIL_GO)).await;
    project.await_output(id, "begun").await;
    kill(project.server_pid(), Signal::KILL);
    std::fs::write(project.dir.join("go"), "").unwrap();
    assert_eq!(project.watch(process).await.cause, exit(6));
}

#[tokio::test]
async fn a_killed_pane_or_server_ends_no_command() {
    let project = Project::new().await;
    let (id, process) = project.start(script(UNTIL_GO)).await;
    project.await_output(id, "begun").await;
    project.tmux(&["kill-session", "-t", "=my-app-work"]);
    project.tmux(&["kill-server"]);
    std::fs::write(project.dir.join("go"), "").unwrap();
    assert_eq!(project.watch(process).await.cause, exit(6));
}

#[tokio::test]
async fn the_death_of_the_wrapper_is_a_loss_with_what_was_printed() {
    let project = Project::new().await;
    let (id, process) = project.start(script("echo some output; echo $$ > pid; exec sleep 300")).await;
    project.await_output(id, "some output").await;
    let command = project.await_pid("pid").await;
    kill(i32::try_from(process.pid().unwrap()).unwrap(), Signal::KILL);
    let end = project.watch(process).await;
    assert_eq!((end.cause, end.tail.as_str()), (EndCause::Lost, "some output\n"));
    let process = project.start_as(id, "work", &script("echo again")).await.unwrap();
    assert_eq!(project.watch(process).await.cause, EndCause::Lost, "a lost session is not started again");
    await_that("the command goes with its terminal", || !is_alive(command)).await;
}

#[tokio::test]
async fn a_second_start_finds_the_first() {
    let project = Project::new().await;
    let id = session_id();
    let launch = script("echo run >> runs; while ! [ -e go ]; do sleep 0.01; done");
    let (one, two) = tokio::join!(project.start_as(id, "work", &launch), project.start_as(id, "work", &launch));
    let three = project.start_as(id, "work", &launch).await;
    let processes = [one.unwrap(), two.unwrap(), three.unwrap()];
    std::fs::write(project.dir.join("go"), "").unwrap();
    for process in processes {
        assert_eq!(project.watch(process).await.cause, exit(0));
    }
    let after = project.start_as(id, "work", &launch).await.unwrap();
    assert_eq!(project.watch(after).await.cause, exit(0));
    assert_eq!(std::fs::read_to_string(project.dir.join("runs")).unwrap(), "run\n");
}

#[tokio::test]
async fn a_second_wrapper_steps_back() {
    let project = Project::new().await;
    let (id, process) = project.start(script(&format!("echo run >> runs; {UNTIL_GO}"))).await;
    project.await_output(id, "begun").await;
    let runner = env!("CARGO_BIN_EXE_instar-session-test-runner");
    let second = std::process::Command::new(runner).arg("__run").arg(project.folder(id)).output().unwrap();
    assert_eq!(second.status.code(), Some(125), "{second:?}");
    std::fs::write(project.dir.join("go"), "").unwrap();
    assert_eq!(project.watch(process).await.cause, exit(6));
    assert_eq!(std::fs::read_to_string(project.dir.join("runs")).unwrap(), "run\n");
}

#[tokio::test]
async fn a_name_in_use_by_another_session_is_refused() {
    let project = Project::new().await;
    let (_, _running) = project.start(script("sleep 300")).await;
    let refused = project.start_as(session_id(), "work", &script("true")).await;
    assert!(matches!(&refused, Err(SessionError::NameTaken(name)) if name.as_str() == "work"), "{refused:?}");
}

#[tokio::test]
async fn a_restarted_host_finds_a_session_and_sees_its_end() {
    let project = Project::new().await;
    let (id, _) = project.start(script(UNTIL_GO)).await;
    let restarted = project.reopen(|_| {}).await.unwrap();
    assert_eq!(restarted.list_tmux().await.unwrap(), ["my-app-work"]);
    let Found::Running(process) = restarted.survey(id).await else { panic!("not found") };
    std::fs::write(project.dir.join("go"), "").unwrap();
    assert_eq!(restarted.watch(process).await.cause, exit(6));
}

#[tokio::test]
async fn a_stopped_tmux_holds_up_no_command() {
    let project = Project::new().await;
    let text = "echo begun; while ! [ -e go ]; do sleep 0.01; done; seq 1 1000000; exit 6";
    for (name, launch) in [("piped", script(text)), ("talking", talk(text))] {
        let id = session_id();
        let process = project.start_as(id, name, &launch).await.unwrap();
        project.await_output(id, "begun").await;
        let server = project.server_pid();
        kill(server, Signal::STOP);
        std::fs::write(project.dir.join("go"), "").unwrap();
        let end = project.watch(process).await;
        kill(server, Signal::CONT);
        std::fs::remove_file(project.dir.join("go")).unwrap();
        assert_eq!(end.cause, exit(6));
        assert!(end.tail.ends_with("\n999999\n1000000\n"), "{}", end.tail);
        assert_eq!(project.output(id).await.lines().count(), 100_000);
    }
}

#[tokio::test]
async fn a_slow_tmux_is_no_dead_session() {
    let real = Project::new().await.sessions.tmux_path().display().to_string();
    let (_bin, tmux) = fake_tmux(&format!("{real} \"$@\"\ncase \"$*\" in *new-session*) exec sleep 30;; esac"));
    let project = Project::with("app", |settings| settings.tmux = Some(tmux)).await;
    let (id, process) = project.start(script(&format!("echo run >> runs; {UNTIL_GO}"))).await;
    assert_eq!(pid_of(&project.sessions.survey(id).await), process.pid().unwrap());
    std::fs::write(project.dir.join("go"), "").unwrap();
    assert_eq!(project.watch(process).await.cause, exit(6));
    assert_eq!(std::fs::read_to_string(project.dir.join("runs")).unwrap(), "run\n");
}

#[tokio::test]
async fn a_tmux_that_will_not_do_is_said_to_be_so() {
    let (_bin, tmux) = fake_tmux("echo tmux 3.1c");
    let project = Project::new().await;
    let refused = project.reopen(|settings| settings.tmux = Some(tmux)).await.unwrap_err();
    assert!(matches!(&refused, SessionError::Tmux(TmuxError::Version { .. })), "{refused:?}");
    let missing = project.reopen(|settings| settings.tmux = Some("/no/such/tmux".into())).await.unwrap_err();
    assert!(matches!(&missing, SessionError::Tmux(TmuxError::Run { .. })), "{missing:?}");
}

fn fake_tmux(text: &str) -> (TempDir, PathBuf) {
    let bin = tempfile::tempdir().unwrap();
    let tmux = bin.path().join("tmux");
    std::fs::write(&tmux, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&tmux, std::fs::Permissions::from_mode(0o755)).unwrap();
    (bin, tmux)
}

#[tokio::test]
async fn a_start_that_was_withdrawn_never_begins_and_one_that_has_begun_is_not_withdrawn() {
    let project = Project::new().await;
    let id = session_id();
    std::fs::create_dir_all(project.folder(id)).unwrap();
    assert!(project.sessions.withdraw(id, "tmux was slow".to_owned()).await.unwrap());
    let process = project.start_as(id, "late", &script("touch ran")).await.unwrap();
    assert_eq!(project.watch(process).await.cause, EndCause::NotStarted("tmux was slow".to_owned()));
    // A wrapper that tmux runs late finds the session taken.
    let runner = std::process::Command::new(env!("CARGO_BIN_EXE_instar-session-test-runner"))
        .arg("__run")
        .arg(project.folder(id))
        .output()
        .unwrap();
    assert_eq!((runner.status.code(), project.dir.join("ran").exists()), (Some(125), false), "{runner:?}");

    let (id, process) = project.start(script(UNTIL_GO)).await;
    assert!(!project.sessions.withdraw(id, "too late".to_owned()).await.unwrap());
    std::fs::write(project.dir.join("go"), "").unwrap();
    assert_eq!(project.watch(process).await.cause, exit(6));
}
