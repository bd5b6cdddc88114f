//! What is sent to a session arrives as it was given.

use instar_session::{InputError, SessionError};

use crate::harness::{Project, await_that, exit, session_name, talk};

#[tokio::test]
async fn text_arrives_exactly_as_given() {
    let project = Project::new().await;
    let text = "-l leading dash\n$(touch pwned) `id` \"quoted\" 'too' #{pane_pid}\n\ttab\né 漢 🙂\n~ ^ \\ \\n;";
    let long = "0123456789".repeat(400);
    let whole = format!("{text}\n{}{text}", format!("{long}\n").repeat(24));
    assert!(whole.len() > 95_000);
    let bytes = whole.len() + 1;
    // A tab would be completed, and a line cut at 4096 bytes, by some shells; `head` just reads.
    let (id, process) = project.start(talk(&format!("echo ready; head -c {bytes} > got; echo got it"))).await;
    project.await_output(id, "ready").await;
    project.sessions.send_text(&session_name("work"), &whole).await.unwrap();
    assert_eq!(project.watch(process).await.cause, exit(0));
    let got = std::fs::read_to_string(project.dir.join("got")).unwrap();
    assert!(got == format!("{whole}\n"), "{} of {bytes} bytes, ending {:?}", got.len(), got.chars().rev().take(50));
}

#[tokio::test]
async fn a_raw_program_gets_one_bracketed_paste_and_then_enter() {
    let project = Project::new().await;
    let text = "-x one\ntwo;";
    let expected = format!("\x1b[200~{text}\x1b[201~\r");
    let ask = "printf '\\033[?2004hready' > /dev/tty";
    let (_, process) = project.start(talk(&format!("stty raw -echo; {ask}; head -c {} > got", expected.len()))).await;
    await_that("the pane has read that brackets are wanted", || {
        project.tmux(&["capture-pane", "-p", "-t", "=my-app-work:"]).contains("ready")
    })
    .await;
    project.sessions.send_text(&session_name("work"), text).await.unwrap();
    project.watch(process).await;
    assert_eq!(std::fs::read_to_string(project.dir.join("got")).unwrap(), expected);
}

#[tokio::test]
async fn a_question_can_be_answered_and_the_command_has_a_terminal() {
    let project = Project::new().await;
    let text = "test -t 0 && test -t 1 && test -t 2 && stty size <&1; read answer; echo \"got $answer\"";
    let (id, process) = project.start(talk(text)).await;
    project.await_output(id, "50 200\n").await;
    project.sessions.send_text(&session_name("work"), "yes").await.unwrap();
    let end = project.watch(process).await;
    assert_eq!((end.cause, end.tail.as_str()), (exit(0), "50 200\nyes\ngot yes\n"));
}

#[tokio::test]
async fn sends_at_once_do_not_mix() {
    let project = Project::new().await;
    let (id, process) = project.start(talk("echo ready; head -n 40 > got")).await;
    project.await_output(id, "ready").await;
    let sends = (0..20).map(|number| {
        let sessions = project.sessions.clone();
        tokio::spawn(async move {
            let text = format!("{number} first\n{number} second");
            sessions.send_text(&session_name("work"), &text).await.unwrap();
        })
    });
    for send in sends.collect::<Vec<_>>() {
        send.await.unwrap();
    }
    project.watch(process).await;
    let got = std::fs::read_to_string(project.dir.join("got")).unwrap();
    let lines: Vec<_> = got.lines().collect();
    for pair in lines.chunks(2) {
        assert_eq!(pair[0].split(' ').next(), pair[1].split(' ').next(), "{got}");
    }
    assert_eq!(lines.len(), 40);
}

#[tokio::test]
async fn what_cannot_be_typed_is_refused_before_anything_is_sent() {
    let project = Project::new().await;
    let (id, process) = project.start(talk("echo ready; head -n 1 > got")).await;
    project.await_output(id, "ready").await;
    let refused = project.sessions.send_text(&session_name("work"), "half\x1b[201~evil").await;
    let expected = InputError::ControlCharacter { letter: '\x1b', position: 4 };
    assert!(matches!(&refused, Err(SessionError::Input(error)) if *error == expected), "{refused:?}");
    project.sessions.send_text(&session_name("work"), "whole").await.unwrap();
    project.watch(process).await;
    assert_eq!(std::fs::read_to_string(project.dir.join("got")).unwrap(), "whole\n");

    let gone = project.sessions.send_text(&session_name("work"), "late").await;
    assert!(matches!(&gone, Err(SessionError::NotRunning(_))), "{gone:?}");
    assert_eq!(project.tmux(&["list-buffers"]), "", "a buffer was left");
}

#[tokio::test]
async fn sending_where_no_server_runs_is_an_error_too() {
    let project = Project::new().await;
    let gone = project.sessions.send_text(&session_name("work"), "hello").await;
    assert!(matches!(&gone, Err(SessionError::NotRunning(_))), "{gone:?}");
}
