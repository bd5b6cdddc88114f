//! What a program leaves for the next run: text of a bounded size, of files alone.

use instar_core::id::JobSlug;
use jiff::Timestamp;

use crate::harness::{Project, script};

#[tokio::test]
async fn notes_are_text_of_a_bounded_size_and_no_link_is_followed() {
    let project = Project::new().await;
    let (id, _) = project.run(script("true")).await;
    let job: JobSlug = "tidy".parse().unwrap();
    let notes = async || project.sessions.notes(id, &job, Timestamp::UNIX_EPOCH).await;
    assert_eq!(notes().await, None);
    let path = project.sessions.notes_path(id);
    std::fs::write(&path, " \n").unwrap();
    assert_eq!(notes().await, None, "blank notes are none");
    std::fs::write(&path, "x".repeat(100_000)).unwrap();
    assert_eq!(notes().await.unwrap().len(), 16 << 10);
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
    assert_eq!(notes().await, None);
}

#[tokio::test]
async fn a_file_of_the_job_counts_where_it_was_written_since() {
    let project = Project::new().await;
    let (id, _) = project.run(script("true")).await;
    let job: JobSlug = "tidy".parse().unwrap();
    std::fs::write(project.dir.join(".instar/state/job-handoff-tidy.md"), "from before\n").unwrap();
    let since = |text: &str| text.parse::<Timestamp>().unwrap();
    let notes = project.sessions.notes(id, &job, since("2020-01-01T00:00:00Z")).await;
    assert_eq!(notes.as_deref(), Some("from before"));
    assert_eq!(project.sessions.notes(id, &job, since("2200-01-01T00:00:00Z")).await, None);
}
