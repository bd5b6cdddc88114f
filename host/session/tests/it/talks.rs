//! Messages for a program on a terminal: typed when it waits, in order, exactly, and once.

use instar_core::plan::{EndCause, Launch, Marks, Stdin};
use instar_session::{Activity, Doing, SessionError};

use crate::harness::{Project, await_that, exit, script, session_id, session_name, talk, tui};

impl Project {
    fn messages(&self) -> String {
        std::fs::read_to_string(self.dir.join("messages")).unwrap_or_default()
    }

    async fn tell(&self, id: instar_core::id::SessionId, number: u64, text: &str) {
        self.sessions.tell(id, number, text).await.unwrap();
    }
}

/// Waits again, after so many messages.
fn ready_after(typed: u64) -> impl Fn(&Activity) -> bool {
    move |activity| activity.state == Doing::Ready && activity.typed == typed
}

#[tokio::test]
async fn messages_before_it_is_ready_arrive_in_order_and_exactly() {
    let project = Project::new().await;
    let (id, process) = project.start(tui(&[])).await;
    let texts = ["-x --help;", "one\n\ntwo\n", "$(touch pwned) `id` 'a' \"b\" \\n #{pane_pid} ~", "\té 漢 🙂", ""];
    for (number, text) in (1..).zip(texts) {
        project.tell(id, number, text).await;
    }
    project.await_activity(id, ready_after(5)).await;
    assert_eq!(project.messages(), texts.map(|text| format!("<{text}>")).concat());
    assert!(!project.dir.join("pwned").exists());
    project.tell(id, 6, "/exit").await;
    assert_eq!(project.watch(process).await.cause, exit(0));
}

#[tokio::test]
async fn a_program_is_ready_then_busy_and_ready_again() {
    for options in [&[][..], &["--slow"]] {
        let project = Project::new().await;
        let (id, _) = project.start(tui(options)).await;
        let first = project.await_activity(id, ready_after(0)).await;
        project.tell(id, 1, "work").await;
        let second = project.sessions.activity(id, first.number).await.unwrap();
        let third = project.sessions.activity(id, second.number).await.unwrap();
        let seen = [&second, &third].map(|activity| (activity.state, activity.typed));
        assert_eq!(seen, [(Doing::Busy, 1), (Doing::Ready, 1)], "{options:?}");
        assert!(first.number < second.number && second.number < third.number);
        assert_eq!(project.messages(), "<work>");
    }
}

#[tokio::test]
async fn a_question_holds_messages_back_until_a_person_answers() {
    let project = Project::new().await;
    let (id, _) = project.start(tui(&["--trust"])).await;
    project.tell(id, 1, "hello").await;
    let asking = project.await_activity(id, |activity| activity.state == Doing::Asking).await;
    assert_eq!(asking.question.as_deref(), Some("Do you trust the files in this folder?"));
    project.tell(id, 2, "hello again").await;
    assert_eq!(asking.typed, 0);
    project.sessions.send_key(&session_name("work"), &"1".parse().unwrap()).await.unwrap();
    let ready = project.await_activity(id, ready_after(2)).await;
    assert_eq!((project.messages().as_str(), ready.question), ("<hello><hello again>", None));
}

#[tokio::test]
async fn the_enter_of_a_message_answers_no_question() {
    let project = Project::new().await;
    let (id, _) = project.start(tui(&["--doubt"])).await;
    project.tell(id, 1, "hello").await;
    let asking = project.await_activity(id, |activity| activity.state == Doing::Asking).await;
    assert_eq!((asking.question.as_deref(), asking.typed), (Some("Do you trust this text?"), 1));
    project.sessions.send_key(&session_name("work"), &"1".parse().unwrap()).await.unwrap();
    let is_over = |activity: &Activity| activity.number > asking.number && activity.state == Doing::Ready;
    project.await_activity(id, is_over).await;
    assert_eq!(project.messages(), "<hello>");
}

#[tokio::test]
async fn a_long_message_arrives_whole() {
    let project = Project::new().await;
    let (id, _) = project.start(tui(&[])).await;
    let text = "0123456789 é;\n".repeat(7_200);
    assert!(text.chars().count() > 100_000);
    project.tell(id, 1, &text).await;
    project.tell(id, 2, "after").await;
    project.await_activity(id, ready_after(2)).await;
    assert!(project.messages() == format!("<{text}><after>"), "{} bytes", project.messages().len());
}

#[tokio::test]
async fn a_program_that_prints_before_it_reads_a_long_message_is_no_trap() {
    let project = Project::new().await;
    let text = "x".repeat(100_000);
    let act =
        "stty raw -echo; printf ready; while ! [ -e go ]; do sleep 0.01; done; seq 1 100000; head -c 100001 > got";
    let (id, process) = project.start(talk(act)).await;
    project.tell(id, 1, &text).await;
    project.await_activity(id, |activity| activity.typed == 1).await;
    std::fs::write(project.dir.join("go"), "").unwrap();
    assert_eq!(project.watch(process).await.cause, exit(0));
    assert!(std::fs::read_to_string(project.dir.join("got")).unwrap() == text + "\r");
}

#[tokio::test]
async fn a_program_that_reads_lines_gets_lines() {
    let project = Project::new().await;
    let act = "while read -r line; do echo \"$line\" >> got; done";
    let (id, _) = project.start(talk(act)).await;
    project.tell(id, 1, "one\n two; \\").await;
    project.tell(id, 2, "three").await;
    project.await_activity(id, ready_after(2)).await;
    let got = || std::fs::read_to_string(project.dir.join("got")).unwrap_or_default();
    await_that("all lines are there", || got().lines().count() == 3).await;
    assert_eq!(got(), "one\ntwo; \\\nthree\n");
}

#[tokio::test]
async fn a_number_is_one_message_also_for_a_restarted_host() {
    let project = Project::new().await;
    let (id, process) = project.start(tui(&[])).await;
    project.tell(id, 1, "once").await;
    project.tell(id, 1, "once").await;
    let restarted = project.reopen(|_| {}).await.unwrap();
    restarted.tell(id, 1, "once").await.unwrap();
    let ready = project.await_activity(id, ready_after(1)).await;
    restarted.tell(id, 1, "once").await.unwrap();
    assert_eq!(restarted.activity(id, ready.number - 1).await.unwrap(), ready);
    restarted.tell(id, 2, "/exit").await.unwrap();
    assert_eq!(project.watch(process).await.cause, exit(0));
    assert_eq!(project.messages(), "<once>");
}

#[tokio::test]
async fn a_person_may_type_at_any_time() {
    let project = Project::new().await;
    let (id, _) = project.start(tui(&[])).await;
    let ready = project.await_activity(id, ready_after(0)).await;
    project.tmux(&["send-keys", "-t", "=my-app-work:", "-l", "by hand"]);
    project.await_output(id, "7 bytes").await;
    project.sessions.send_key(&session_name("work"), &"Enter".parse().unwrap()).await.unwrap();
    project.await_activity(id, |activity| activity.state == Doing::Busy).await;
    project.await_activity(id, |activity| activity.number > ready.number && activity.state == Doing::Ready).await;
    assert_eq!(project.messages(), "<by hand>");
}

#[tokio::test]
async fn the_end_of_a_session_is_told_to_those_who_wait() {
    let project = Project::new().await;
    let (id, process) = project.start(tui(&[])).await;
    let ready = project.await_activity(id, ready_after(0)).await;
    let sessions = project.sessions.clone();
    let waiting = tokio::spawn(async move { sessions.activity(id, ready.number).await });
    project.sessions.stop(id).await.unwrap();
    assert_eq!(project.watch(process).await.cause, EndCause::Killed);
    let told = waiting.await.unwrap();
    assert!(matches!(&told, Err(SessionError::NotLive(same)) if *same == id), "{told:?}");
    assert_eq!(project.sessions.activity(id, 0).await.unwrap().state, Doing::Ready, "what was last known stays");
    let late = project.sessions.tell(id, 1, "late").await;
    assert!(matches!(&late, Err(SessionError::NotLive(_))), "{late:?}");
}

#[tokio::test]
async fn only_a_terminal_takes_messages_and_only_what_can_be_typed() {
    let project = Project::new().await;
    let unknown = project.sessions.tell(session_id(), 1, "text").await;
    assert!(matches!(&unknown, Err(SessionError::Unknown(_))), "{unknown:?}");
    let (id, _) = project.start(script("sleep 300")).await;
    let piped = project.sessions.tell(id, 1, "text").await;
    assert!(matches!(&piped, Err(SessionError::NoTerminal(_))), "{piped:?}");
    let piped = project.sessions.activity(id, 0).await;
    assert!(matches!(&piped, Err(SessionError::NoTerminal(_))), "{piped:?}");

    let id = session_id();
    project.start_as(id, "talk", &talk("sleep 300")).await.unwrap();
    let refused = project.sessions.tell(id, 1, "half\x1b[201~").await;
    assert!(matches!(&refused, Err(SessionError::Input(_))), "{refused:?}");
}

#[tokio::test]
async fn a_mark_that_cannot_be_used_is_a_reason_not_to_start() {
    let project = Project::new().await;
    let marks = Marks { asking: vec!["trust(".to_owned()], ..Marks::default() };
    let (_, end) = project.run(Launch { stdin: Stdin::Terminal(marks), ..script("touch ran") }).await;
    let reason = "the asking mark \"trust(\" is no regular expression that can be used: unclosed group";
    assert_eq!(end.cause, EndCause::NotStarted(reason.to_owned()));
    assert!(!project.dir.join("ran").exists());
}
