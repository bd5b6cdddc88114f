//! Jobs, sessions and events that a test lays out.

use std::cell::RefCell;

use crate::Failure;
use crate::events::Event;
use crate::jobs::{Job, Triggered};
use crate::sessions::Session;

thread_local! {
    static JOBS: RefCell<Vec<Job>> = const { RefCell::new(Vec::new()) };
    static TRIGGERED: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
    static SESSIONS: RefCell<Vec<(Session, String)>> = const { RefCell::new(Vec::new()) };
    static TYPED: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
    static EVENTS: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
    static NOTED: RefCell<Vec<(String, String, String)>> = const { RefCell::new(Vec::new()) };
}

/// The jobs that there are from now on.
pub fn set_jobs(jobs: Vec<Job>) {
    JOBS.set(jobs);
}

/// The jobs that were started, with the reasons, since this was asked last.
pub fn triggered() -> Vec<(String, String)> {
    TRIGGERED.take()
}

/// A session, and what it has printed.
pub fn set_session(session: Session, output: &str) {
    SESSIONS.with_borrow_mut(|sessions| {
        sessions.retain(|(known, _)| known.name != session.name);
        sessions.push((session, output.to_owned()));
    });
}

/// The sessions that were typed into, with the texts, since this was asked last.
pub fn typed() -> Vec<(String, String)> {
    TYPED.take()
}

/// One more event of the host; its `seq` is the next one.
pub fn add_event(kind: &str, summary: &str, metadata_json: &str) {
    EVENTS.with_borrow_mut(|events| {
        let seq = events.len() as u64 + 1;
        let (kind, summary, metadata_json) = (kind.to_owned(), summary.to_owned(), metadata_json.to_owned());
        events.push(Event { seq, at_ms: super::NOW_MS.get(), kind, summary, run: None, metadata_json });
    });
}

/// Name, summary and metadata of the events that were noted since this was asked last.
pub fn noted() -> Vec<(String, String, String)> {
    NOTED.take()
}

pub(crate) mod jobs {
    use super::{Failure, JOBS, Job, TRIGGERED, Triggered};

    pub(crate) fn list() -> Result<Vec<Job>, Failure> {
        Ok(JOBS.with_borrow(Clone::clone))
    }

    pub(crate) fn get(slug: &str) -> Result<Option<Job>, Failure> {
        Ok(JOBS.with_borrow(|jobs| jobs.iter().find(|job| job.slug == slug).cloned()))
    }

    pub(crate) fn trigger(slug: &str, reason: &str) -> Result<Triggered, Failure> {
        if get(slug)?.is_none() {
            return Err(Failure::new("no-such-job", format!("there is no job `{slug}`")));
        }
        TRIGGERED.with_borrow_mut(|triggered| {
            triggered.push((slug.to_owned(), reason.to_owned()));
            Ok(Triggered::Begun(format!("run-{}", triggered.len())))
        })
    }
}

pub(crate) mod sessions {
    use super::{Failure, SESSIONS, Session, TYPED};

    pub(crate) fn list(limit: u32) -> Result<Vec<Session>, Failure> {
        let newest = |sessions: &Vec<(Session, String)>| {
            sessions.iter().rev().take(limit as usize).map(|(session, _)| session.clone()).collect()
        };
        Ok(SESSIONS.with_borrow(newest))
    }

    pub(crate) fn output(session: &str, lines: u32) -> Result<String, Failure> {
        let output = find(session)?.1;
        let all: Vec<&str> = output.lines().collect();
        Ok(all[all.len().saturating_sub(lines as usize)..].join("\n"))
    }

    pub(crate) fn send(session: &str, text: &str) -> Result<(), Failure> {
        let (found, _) = find(session)?;
        if !matches!(found.status.as_str(), "running" | "idle") {
            return Err(Failure::new("takes-no-input", format!("session {session} takes no input")));
        }
        TYPED.with_borrow_mut(|typed| typed.push((found.name, text.to_owned())));
        Ok(())
    }

    fn find(session: &str) -> Result<(Session, String), Failure> {
        let found = SESSIONS.with_borrow(|sessions| {
            sessions.iter().find(|(known, _)| known.name == session || known.id == session).cloned()
        });
        found.ok_or_else(|| Failure::new("no-such-session", format!("there is no session {session}")))
    }
}

pub(crate) mod events {
    use super::{EVENTS, Event, Failure, NOTED};

    pub(crate) fn newest() -> Result<u64, Failure> {
        Ok(EVENTS.with_borrow(|events| events.last().map_or(0, |event| event.seq)))
    }

    pub(crate) fn since(after: u64, limit: u32) -> Result<Vec<Event>, Failure> {
        let found = |events: &Vec<Event>| {
            events.iter().filter(|event| event.seq > after).take(limit as usize).cloned().collect()
        };
        Ok(EVENTS.with_borrow(found))
    }

    pub(crate) fn emit(name: &str, summary: &str, metadata_json: &str) -> Result<(), Failure> {
        let noted = (name.to_owned(), summary.to_owned(), metadata_json.to_owned());
        NOTED.with_borrow_mut(|all| all.push(noted));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{events, jobs, sessions};

    fn job(slug: &str) -> Job {
        Job {
            slug: slug.to_owned(),
            name: slug.to_owned(),
            schedule: "@daily".to_owned(),
            execute_type: "script".to_owned(),
            enabled: true,
            paused: false,
            running: false,
            last_result: None,
            last_run_ms: None,
            next_run_ms: None,
        }
    }

    #[test]
    fn jobs_are_started_by_name() {
        set_jobs(vec![job("a")]);
        assert_eq!(jobs::trigger("a", "why").unwrap(), Triggered::Begun("run-1".to_owned()));
        assert_eq!(jobs::trigger("b", "why").unwrap_err().code, "no-such-job");
        assert_eq!((jobs::list().unwrap().len(), triggered()), (1, vec![("a".to_owned(), "why".to_owned())]));
    }

    #[test]
    fn sessions_print_and_are_typed_into() {
        let session = Session {
            name: "s".to_owned(),
            id: "1".to_owned(),
            job: None,
            status: "running".to_owned(),
            interactive: true,
            question: None,
            started_ms: 0,
        };
        set_session(session.clone(), "a\nb\nc");
        assert_eq!(sessions::output("1", 2).unwrap(), "b\nc");
        sessions::send("s", "hello").unwrap();
        assert_eq!(typed(), [("s".to_owned(), "hello".to_owned())]);
        set_session(Session { status: "completed".to_owned(), ..session }, "");
        assert_eq!(sessions::send("s", "hello").unwrap_err().code, "takes-no-input");
    }

    #[test]
    fn events_have_places() {
        add_event("job_completed", "done", "{}");
        add_event("job_completed", "done", "{}");
        assert_eq!((events::newest().unwrap(), events::since(1, 9).unwrap().len()), (2, 1));
        events::emit("seen", "x", "").unwrap();
        assert_eq!(noted().len(), 1);
    }
}
