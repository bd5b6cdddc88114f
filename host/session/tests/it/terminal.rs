//! A session for talking has one terminal, and its command is at home there.

use instar_core::plan::EndCause;
use rustix::process::Signal;

use crate::harness::{Project, await_that, exit, is_alive, kill, talk};

#[tokio::test]
async fn a_command_controls_the_terminal_it_reads_and_writes() {
    let project = Project::new().await;
    // All four are one terminal; the command leads the session of it, and so is in its foreground.
    let text = "for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done | sort -u | wc -l
        echo hello > /dev/tty
        cut -d ')' -f 2 /proc/$$/stat | awk -v pid=$$ '{ print ($3 == pid && $4 == pid && $6 == pid) }'";
    let (_, end) = project.run(talk(text)).await;
    let words: Vec<_> = end.tail.split_whitespace().collect();
    assert_eq!((end.cause, words), (exit(0), vec!["1", "hello", "1"]));
}

#[tokio::test]
async fn a_program_that_sets_the_terminal_gets_keys_as_they_are_pressed() {
    let project = Project::new().await;
    let text = "old=$(stty -g); stty raw -echo < /dev/tty; echo ready; head -c 3 > got; stty $old; stty size";
    let (id, process) = project.start(talk(text)).await;
    project.await_output(id, "ready").await;
    project.tmux(&["send-keys", "-t", "=my-app-work:", "C-c", "C-d", "Enter"]);
    let end = project.watch(process).await;
    assert_eq!((end.cause, end.tail.as_str()), (exit(0), "ready\n50 200\n"));
    assert_eq!(std::fs::read(project.dir.join("got")).unwrap(), b"\x03\x04\r");
}

#[tokio::test]
async fn a_command_hears_of_a_new_size() {
    let project = Project::new().await;
    let text = "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.01; done";
    let (id, process) = project.start(talk(text)).await;
    project.await_output(id, "ready").await;
    project.tmux(&["resize-window", "-t", "=my-app-work:", "-x", "77", "-y", "33"]);
    let end = project.watch(process).await;
    assert_eq!((end.cause, end.tail.as_str()), (exit(0), "ready\n33 77\n"));
}

#[tokio::test]
async fn the_end_of_the_pane_is_not_the_end_of_the_session() {
    let project = Project::new().await;
    let text = "echo $$ > pid; while ! [ -e go ]; do sleep 0.01; done; stty size; echo more > /dev/tty; exit 6";
    let (_, process) = project.start(talk(text)).await;
    let command = project.await_pid("pid").await;
    project.tmux(&["kill-session", "-t", "=my-app-work"]);
    await_that("the pane is gone", || project.tmux(&["list-sessions"]).is_empty()).await;
    assert!(is_alive(command));
    std::fs::write(project.dir.join("go"), "").unwrap();
    let end = project.watch(process).await;
    assert_eq!((end.cause, end.tail.as_str()), (exit(6), "50 200\nmore\n"));
}

#[tokio::test]
async fn a_command_goes_with_its_terminal() {
    let project = Project::new().await;
    let (_, process) = project.start(talk("echo $$ > pid; exec sleep 300")).await;
    let command = project.await_pid("pid").await;
    kill(i32::try_from(process.pid().unwrap()).unwrap(), Signal::KILL);
    assert_eq!(project.watch(process).await.cause, EndCause::Lost);
    await_that("the command is gone", || !is_alive(command)).await;
}

#[tokio::test]
async fn a_stop_reaches_what_left_the_terminal() {
    let project = Project::new().await;
    let text = "(setsid nohup sh -c 'echo $$ > orphan; exec sleep 300' &) ; echo $$ > main; exec sleep 300";
    let (id, process) = project.start(talk(text)).await;
    let pids = [project.await_pid("main").await, project.await_pid("orphan").await];
    project.sessions.stop(id).await.unwrap();
    assert_eq!(project.watch(process).await.cause, EndCause::Killed);
    assert!(!pids.iter().any(|pid| is_alive(*pid)), "{pids:?}");
}

#[tokio::test]
async fn the_last_words_on_a_terminal_are_not_lost() {
    let project = Project::new().await;
    for _ in 0..20 {
        let (_, end) = project.run(talk("seq 1 20000; exit 3")).await;
        assert_eq!(end.cause, exit(3));
        assert!(end.tail.ends_with("\n19999\n20000\n"), "{}", end.tail);
    }
}
