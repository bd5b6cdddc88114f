//! Sessions are told apart by their names, whatever the project is called.

use crate::harness::{Project, exit, pause, script, session_id, session_name, talk};

#[tokio::test]
async fn odd_project_names_work() {
    for name in ["my.app", "my project; #{pid}", "a:b", "проект 漢字", "-l"] {
        let project = Project::with(name, |_| {}).await;
        let (id, process) = project.start(talk("pwd; read line; echo \"got $line\"")).await;
        project.await_output(id, "\n").await;
        project.sessions.send_text(&session_name("work"), "text").await.unwrap();
        let end = project.watch(process).await;
        let expected = format!("{}\ntext\ngot text\n", project.dir.display());
        assert_eq!((end.cause, end.tail), (exit(0), expected), "{name:?}");
    }
}

#[tokio::test]
async fn one_name_at_the_start_of_another_is_not_taken_for_it() {
    let project = Project::new().await;
    let launch = talk("echo ready; read line; echo \"got $line\"");
    let (short, long) = (session_id(), session_id());
    let long_process = project.start_as(long, "check-emails", &launch).await.unwrap();
    assert!(project.sessions.send_text(&session_name("check"), "lost").await.is_err());
    let short_process = project.start_as(short, "check", &launch).await.unwrap();
    project.await_output(short, "ready").await;
    project.await_output(long, "ready").await;
    project.sessions.send_text(&session_name("check"), "short").await.unwrap();
    assert_eq!(project.watch(short_process).await.tail, "ready\nshort\ngot short\n");
    assert!(project.sessions.send_text(&session_name("check"), "lost").await.is_err());
    project.sessions.send_text(&session_name("check-emails"), "long").await.unwrap();
    assert_eq!(project.watch(long_process).await.tail, "ready\nlong\ngot long\n");
}

#[tokio::test]
async fn protection_goes_by_name_or_tmux_name() {
    let entries = ["lifeline", "my-app-server", "my.app-raw"].map(str::to_owned);
    let project = Project::with("my.app", |settings| settings.protected = entries.to_vec()).await;
    let is_protected = |name: &str| project.sessions.is_protected(&session_name(name));
    assert!(is_protected("lifeline") && is_protected("server") && is_protected("raw"));
    assert!(!is_protected("lifelines") && !is_protected("work"));
}

#[tokio::test]
async fn twenty_sessions_at_once_each_have_their_own_end() {
    let project = Project::new().await;
    let started = (0..20).map(|number| {
        let (project, id) = (&project, session_id());
        async move {
            let launch = script(&format!("echo {number}; while ! [ -e go ]; do sleep 0.05; done; exit {number}"));
            (id, number, project.start_as(id, &format!("n-{number}"), &launch).await.unwrap())
        }
    });
    let mut running = Vec::new();
    let starts: Vec<_> = started.map(Box::pin).collect();
    for start in join_all(starts).await {
        running.push(start);
    }
    while project.sessions.list_tmux().await.unwrap().len() < 20 {
        pause().await;
    }
    std::fs::write(project.dir.join("go"), "").unwrap();
    for (id, number, process) in running {
        let end = project.watch(process).await;
        assert_eq!((end.cause, project.output(id).await), (exit(number), format!("{number}\n")));
    }
}

/// Polls all of them together: each has to be under way while the others are.
async fn join_all<F: Future + Unpin>(mut futures: Vec<F>) -> Vec<F::Output> {
    let mut done: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in futures.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(value) = std::pin::Pin::new(future).poll(context)
            {
                *slot = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
