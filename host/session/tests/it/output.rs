//! Output is there while a session runs and after, the newest of it exactly.

use instar_session::SessionError;

use crate::harness::{Project, script, session_id};

#[tokio::test]
async fn the_last_lines_are_exact_while_it_runs_and_after() {
    let project = Project::new().await;
    let (id, process) = project.start(script("seq 1 5000; while ! [ -e go ]; do sleep 0.01; done; printf end")).await;
    project.await_output(id, "5000\n").await;
    assert_eq!(project.sessions.output(id, 3).await.unwrap(), "4998\n4999\n5000\n");
    std::fs::write(project.dir.join("go"), "").unwrap();
    project.watch(process).await;
    assert_eq!(project.sessions.output(id, 2).await.unwrap(), "5000\nend");
    assert_eq!(project.sessions.output(id, 100_000).await.unwrap().lines().count(), 5001);
}

#[tokio::test]
async fn much_output_is_kept_under_the_cap_with_both_its_ends() {
    let project = Project::with("app", |settings| settings.output_cap = 1024 * 1024).await;
    let (id, end) = project.run(script("seq 1 2000000")).await;
    assert!(end.tail.ends_with("1999999\n2000000\n") && end.tail.len() <= 4096, "{}", end.tail);
    let files = std::fs::read_dir(project.folder(id)).unwrap().flatten().map(|entry| entry.metadata().unwrap().len());
    assert!(files.sum::<u64>() <= 1024 * 1024 + 8 * 1024);
    let output = project.sessions.output(id, 3_000_000).await.unwrap();
    assert!(output.starts_with("1\n2\n3\n") && output.ends_with("1999999\n2000000\n"));
    assert_eq!(output.lines().filter(|line| line.starts_with("[instar: ")).count(), 1);
}

#[tokio::test]
async fn a_session_that_never_was_has_no_output() {
    let project = Project::new().await;
    let unknown = project.sessions.output(session_id(), 1).await;
    assert!(matches!(unknown, Err(SessionError::Unknown(_))), "{unknown:?}");
}
