//! A command that prints one object: people see a text of it, and the rest is its report.

use instar_core::plan::{EndCause, Launch};

use instar_session::Found;

use crate::harness::{Project, exit, script};

fn object(text: &str) -> Launch {
    Launch { shown: Some("result".to_owned()), ..script(text) }
}

#[tokio::test]
async fn people_see_the_text_and_the_end_has_the_report() {
    let project = Project::new().await;
    let text = r#"printf '{"result":"all is well",'; echo warning >&2; printf '"cost":3}\n'; exit 4"#;
    let (id, end) = project.run(object(text)).await;
    assert_eq!((end.cause, end.report.as_deref()), (exit(4), Some(r#"{"cost":3}"#)));
    assert_eq!(end.tail, "warning\nall is well\n");
    assert_eq!(project.output(id).await, "warning\nall is well\n");
    let Found::Ended(found) = project.reopen(|_| {}).await.unwrap().survey(id).await else { panic!("it has ended") };
    assert_eq!(found.report.as_deref(), Some(r#"{"cost":3}"#), "another host finds it too");
}

#[tokio::test]
async fn other_output_is_shown_while_it_comes() {
    let project = Project::new().await;
    let (id, process) = project.start(object("echo begun; while ! [ -e go ]; do sleep 0.01; done; echo '{}'")).await;
    project.await_output(id, "begun\n").await;
    std::fs::write(project.dir.join("go"), "").unwrap();
    let end = project.watch(process).await;
    assert_eq!((end.tail.as_str(), end.report), ("begun\n{}\n", None));
}

#[tokio::test]
async fn half_an_object_of_a_stopped_command_is_shown_as_it_is() {
    let project = Project::new().await;
    let (id, process) = project.start(object("printf '{\"result\":'; echo ready >&2; exec sleep 300")).await;
    project.await_output(id, "ready").await;
    project.sessions.stop(id).await.unwrap();
    let end = project.watch(process).await;
    assert_eq!((end.cause, end.tail.as_str(), end.report), (EndCause::Killed, "ready\n{\"result\":", None));
}

#[tokio::test]
async fn what_holds_on_to_the_output_holds_up_no_report() {
    let project = Project::new().await;
    let (_, end) = project.run(object("echo '{\"result\":\"x\"}'; setsid sleep 300 & echo $! > left")).await;
    assert_eq!((end.tail.as_str(), end.report.as_deref()), ("x\n", Some("{}")));
    crate::harness::kill(project.await_pid("left").await, rustix::process::Signal::KILL);
}
