//! A stop ends everything that belongs to a session, and says so.

use std::time::Duration;

use instar_core::plan::EndCause;
use instar_session::Found;
use rustix::process::Signal;

use crate::harness::{Project, await_that, exit, is_alive, kill, pid_of, script, session_id};

#[tokio::test]
async fn a_stop_lets_a_command_clean_up() {
    let project = Project::new().await;
    let (id, process) =
        project.start(script("trap 'echo cleaned; exit 0' TERM; echo ready; while :; do sleep 0.01; done")).await;
    project.await_output(id, "ready").await;
    project.sessions.stop(id).await.unwrap();
    let end = project.watch(process).await;
    assert_eq!(end.cause, EndCause::Killed);
    assert!(end.tail.ends_with("cleaned\n"), "{}", end.tail);
}

#[tokio::test]
async fn a_stop_reaches_every_descendant_in_whatever_group_or_session() {
    let project = Project::with("app", |settings| settings.stop_grace = Duration::from_millis(300)).await;
    // A child, an orphan in a session of its own, and one that ignores what it is asked.
    let text = "sleep 300 & echo $! > child
        (setsid nohup sh -c 'echo $$ > orphan; exec sleep 300' &)
        (setsid sh -c \"trap '' TERM; echo \\$\\$ > deaf; while :; do sleep 0.05; done\" &)
        trap '' TERM
        echo $$ > main
        wait; while :; do sleep 0.05; done";
    let (id, process) = project.start(script(text)).await;
    let mut pids = Vec::new();
    for file in ["child", "orphan", "deaf", "main"] {
        pids.push(project.await_pid(file).await);
    }
    assert!(pids.iter().all(|pid| is_alive(*pid)), "{pids:?}");
    project.sessions.stop(id).await.unwrap();
    assert_eq!(project.watch(process).await.cause, EndCause::Killed);
    assert!(!pids.iter().any(|pid| is_alive(*pid)), "{pids:?}");
}

#[tokio::test]
async fn a_stop_reaches_stopped_processes() {
    let project = Project::new().await;
    let text = "trap 'echo cleaned; exit 0' TERM; echo $$ > pid; while :; do sleep 0.01; done";
    let (id, process) = project.start(script(text)).await;
    kill(project.await_pid("pid").await, Signal::STOP);
    project.sessions.stop(id).await.unwrap();
    let tail = project.watch(process).await.tail;
    assert!(tail.ends_with("cleaned\n"), "it was killed, not asked: {tail:?}");
}

#[tokio::test]
async fn a_wrapper_that_does_not_answer_is_killed_with_all_below_it() {
    let project = Project::with("app", |settings| settings.stop_grace = Duration::ZERO).await;
    let (id, process) = project.start(script("echo $$ > pid; exec sleep 300")).await;
    let pid = project.await_pid("pid").await;
    kill(i32::try_from(process.pid().unwrap()).unwrap(), Signal::STOP);
    project.sessions.stop(id).await.unwrap();
    assert!(!is_alive(pid));
    assert_eq!(project.watch(process).await.cause, EndCause::Killed);
}

#[tokio::test]
async fn a_stop_of_what_has_ended_or_never_was_is_fine() {
    let project = Project::new().await;
    let (id, end) = project.run(script("exit 5")).await;
    project.sessions.stop(id).await.unwrap();
    assert!(matches!(project.sessions.survey(id).await, Found::Ended(same) if same == end));

    let unknown = session_id();
    project.sessions.stop(unknown).await.unwrap();
    assert!(matches!(project.sessions.survey(unknown).await, Found::NotStarted));
}

#[tokio::test]
async fn a_stop_before_the_wrapper_began_keeps_it_from_beginning() {
    let project = Project::new().await;
    let id = session_id();
    std::fs::create_dir_all(project.folder(id)).unwrap();
    project.sessions.stop(id).await.unwrap();
    assert!(matches!(project.sessions.survey(id).await, Found::Ended(end) if end.cause == EndCause::Killed));

    // The wrapper that tmux starts late all the same.
    let runner = env!("CARGO_BIN_EXE_instar-session-test-runner");
    let status = std::process::Command::new(runner).arg("__run").arg(project.folder(id)).status().unwrap();
    assert_eq!(status.code(), Some(143));
    assert!(matches!(project.sessions.survey(id).await, Found::Ended(end) if end.cause == EndCause::Killed));
}

#[tokio::test]
async fn a_signal_that_the_host_did_not_send_is_no_kill() {
    let project = Project::new().await;
    let (id, process) = project.start(script("echo $$ > pid; exec sleep 300")).await;
    let pid = project.await_pid("pid").await;
    kill(i32::try_from(pid_of(&project.sessions.survey(id).await)).unwrap(), Signal::TERM);
    assert_eq!(project.watch(process).await.cause, EndCause::Signal("SIGTERM".to_owned()));
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn keys_of_the_terminal_reach_the_command_and_not_the_wrapper() {
    let project = Project::new().await;
    let text = "trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 0.01; done";
    let (id, process) = project.start(crate::harness::talk(text)).await;
    project.await_output(id, "ready").await;
    project.tmux(&["send-keys", "-t", "=my-app-work:", "C-c"]);
    let end = project.watch(process).await;
    assert_eq!((end.cause, end.tail.as_str()), (exit(9), "ready\n^Cinterrupted\n"));
    await_that("tmux has no session", || project.tmux(&["list-sessions"]).is_empty()).await;
}
