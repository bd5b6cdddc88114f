//! The best test of the store: whatever was decided and recorded, a crash right after it loses nothing.

use std::sync::Arc;

use instar_core::attention::{ItemStatus, Wanted};
use instar_core::decide::{SpawnRequest, StepFault, What};
use instar_core::event::{Event, Fact};
use instar_core::gate::{GateAnswer, GateEnd};
use instar_core::id::JobSlug;
use instar_core::jobs_file::JobsFile;
use instar_core::plan::{Action, EndCause, FinishVerdict, Launch, Stdin, StepRequest, StepResult, Usage};
use instar_core::quota::QuotaReading;
use instar_core::run::{Phase, Run, RunStatus};
use instar_core::talk::{Activity, Doing};
use instar_core::tune::TuneWish;
use instar_core::verdict::{Answer, Finding, Severity, Verdict};
use instar_core::workload::Workload;
use proptest::prelude::*;
use tokio::runtime::Builder;

use crate::fixture::{Host, SLUGS, at, end, jobs, launch, slug};

/// Something that happens to a host. Picks and choices are taken modulo what there is.
#[derive(Debug, Clone)]
enum Move {
    Tick {
        wait: u32,
    },
    ClockBack {
        by: u32,
    },
    Read {
        variant: u8,
    },
    Trigger {
        job: u8,
        force: bool,
    },
    /// The store said that this due time has its run.
    Taken {
        job: u8,
        minutes: u8,
    },
    Stop {
        pick: u8,
    },
    /// Of a job, or of the scheduler.
    Pause {
        job: u8,
        resume: bool,
    },
    /// The effect of an open run reports.
    Report {
        pick: u8,
        choice: u8,
    },
    /// A notifier reports.
    Deliver {
        pick: u8,
        choice: u8,
    },
    /// Some runs of a job tell that they found nothing, or too much.
    Work {
        job: u8,
        found: u8,
    },
    Tune {
        job: u8,
        wish: u8,
    },
    Rename {
        from: u8,
        to: u8,
    },
    Quota {
        percent: u8,
    },
    /// Somebody raises an item, or gets on with one.
    Attend {
        item: u8,
        choice: u8,
    },
    Spawn {
        name: u8,
    },
    Say {
        pick: u8,
    },
    /// The program of a session does something.
    Turn {
        pick: u8,
        choice: u8,
    },
    Restart,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (0..150_000_u32).prop_map(|wait| Move::Tick { wait }),
        1 => (0..200_000_u32).prop_map(|by| Move::ClockBack { by }),
        2 => any::<u8>().prop_map(|variant| Move::Read { variant }),
        3 => any::<(u8, bool)>().prop_map(|(job, force)| Move::Trigger { job, force }),
        1 => any::<(u8, u8)>().prop_map(|(job, minutes)| Move::Taken { job, minutes }),
        1 => any::<u8>().prop_map(|pick| Move::Stop { pick }),
        1 => any::<(u8, bool)>().prop_map(|(job, resume)| Move::Pause { job, resume }),
        12 => any::<(u8, u8)>().prop_map(|(pick, choice)| Move::Report { pick, choice }),
        3 => any::<(u8, u8)>().prop_map(|(pick, choice)| Move::Deliver { pick, choice }),
        4 => any::<(u8, u8)>().prop_map(|(job, found)| Move::Work { job, found }),
        2 => any::<(u8, u8)>().prop_map(|(job, wish)| Move::Tune { job, wish }),
        1 => any::<(u8, u8)>().prop_map(|(from, to)| Move::Rename { from, to }),
        3 => any::<(u8, u8)>().prop_map(|(item, choice)| Move::Attend { item, choice }),
        1 => (0..100_u8).prop_map(|percent| Move::Quota { percent }),
        2 => any::<u8>().prop_map(|name| Move::Spawn { name }),
        3 => any::<u8>().prop_map(|pick| Move::Say { pick }),
        5 => any::<(u8, u8)>().prop_map(|(pick, choice)| Move::Turn { pick, choice }),
        1 => Just(Move::Restart),
    ];
    prop::collection::vec(one, 10..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn crash_after_any_record_loses_nothing(moves in moves()) {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(live(moves));
    }
}

async fn live(moves: Vec<Move>) {
    let mut host = Host::new().await;
    host.take(What::JobsRead(Arc::new(jobs(&SLUGS)))).await;
    for step in moves {
        play(&mut host, step).await;
        host.check_crash().await;
        check_records(&host).await;
    }
}

async fn play(host: &mut Host, step: Move) {
    let what = match step {
        Move::Work { job, found } => return work(host, job, found).await,
        Move::Tune { job, wish } => {
            let wish = [TuneWish::Take, TuneWish::Refuse, TuneWish::Reset][usize::from(wish) % 3];
            Some(What::TuneAsked { slug: picked_slug(job), wish, by: "api".into() })
        }
        Move::Rename { from, to } => Some(What::RenameAsked { from: picked_slug(from), to: picked_slug(to) }),
        Move::Attend { item, choice } => Some(attend(item, choice)),
        Move::Quota { percent } => {
            let text = format!(r#"{{"usagePercent": {percent}, "lastUpdated": "{}"}}"#, host.now);
            Some(What::QuotaRead(QuotaReading::parse(&text)))
        }
        Move::Tick { wait } => {
            host.wait(wait.into());
            Some(What::Ticked)
        }
        Move::ClockBack { by } => {
            host.wait(-i64::from(by));
            Some(What::Ticked)
        }
        Move::Read { variant } => Some(What::JobsRead(Arc::new(jobs_file(variant)))),
        Move::Trigger { job, force } => {
            let slug = slug(SLUGS[usize::from(job) % SLUGS.len()]);
            Some(What::TriggerAsked { slug, reason: "test".into(), force, depth: 0 })
        }
        Move::Taken { job, minutes } => {
            let slug = slug(SLUGS[usize::from(job) % SLUGS.len()]);
            Some(What::OccurrenceTaken { slug, due: at(60 * i64::from(minutes)) })
        }
        Move::Stop { pick } => picked(host, pick).map(|run| What::StopAsked { run: run.id, by: "api".into() }),
        Move::Pause { job, resume } => {
            let (slug, by) = (SLUGS.get(usize::from(job) % (SLUGS.len() + 1)).map(|job| slug(job)), "api".to_owned());
            Some(if resume { What::ResumeAsked { slug, by } } else { What::PauseAsked { slug, by, reason: None } })
        }
        Move::Report { pick, choice } => picked(host, pick).map(|run| report(run, choice)),
        Move::Deliver { pick, choice } => delivery(host, pick, choice),
        Move::Spawn { name } => Some(spawn(name)),
        Move::Say { pick } => picked(host, pick).map(|run| What::MessageAsked { run: run.id, text: "hello\n".into() }),
        Move::Turn { pick, choice } => picked(host, pick).and_then(|run| turn(run, choice)),
        Move::Restart => return host.restart().await,
    };
    if let Some(what) = what {
        let events = host.take(what).await;
        check_ends(host, &events).await;
    }
}

fn attend(item: u8, choice: u8) -> What {
    // Also those that the host raises.
    let id = ["one/of \"two\"", "two", "pause:mail", "run:news"][usize::from(item) % 4].to_owned();
    let statuses = [ItemStatus::Open, ItemStatus::Acknowledged, ItemStatus::InProgress, ItemStatus::Done];
    match statuses.get(usize::from(choice) % 6) {
        Some(status) => What::AttentionTurnAsked { id, status: *status, by: "api".into() },
        None => What::AttentionAsked(Box::new(Wanted {
            id,
            title: format!("T{choice}"),
            summary: "S".into(),
            description: None,
            category: "general".into(),
            priority: Default::default(),
            source_context: None,
        })),
    }
}

fn picked_slug(pick: u8) -> JobSlug {
    slug(SLUGS[usize::from(pick) % SLUGS.len()])
}

async fn work(host: &mut Host, job: u8, found: u8) {
    for _ in 0..6 {
        host.wait(10);
        let found = f64::from(found % 2) * 9.0;
        let workload = Workload {
            slug: picked_slug(job),
            timestamp: host.now,
            duration: 1.0,
            skip_fast: false,
            items_found: found,
            items_processed: 1.0,
            saturation: Workload::saturation_of(found, 1.0),
            notes: None,
        };
        host.take(What::WorkloadTold(Box::new(workload))).await;
    }
}

fn jobs_file(variant: u8) -> JobsFile {
    match variant % 5 {
        0 => jobs(&[]),
        1 => JobsFile::unreadable("jobs.json is not there".into()),
        // Two entries of one name: refused, with a good job in it.
        2 => jobs(&["tidy", "mail", "tidy"]),
        3 => jobs(&["tidy", "mail"]),
        _ => jobs(&SLUGS),
    }
}

fn spawn(name: u8) -> What {
    let step = StepRequest { execute_json: "{}".into(), model: "sonnet".into(), previous: None };
    let name = format!("talk-{}", name % 3).parse().unwrap();
    What::SpawnAsked(Box::new(SpawnRequest { name, works_for: Some(slug("mail")), step, by: "api".into() }))
}

/// News of the program, some of it stale, some of it about messages that were typed.
fn turn(run: &Run, choice: u8) -> Option<What> {
    let talk = run.talk.as_ref()?;
    let doing = [Doing::Busy, Doing::Ready, Doing::Asking][usize::from(choice) % 3];
    let question = (doing == Doing::Asking).then(|| "Do you trust it?".to_owned());
    let typed = talk.given.min(talk.activity.typed + u64::from(choice % 2));
    let number = talk.activity.number + u64::from(choice % 5);
    Some(What::SessionTurned { run: run.id, activity: Activity { number, doing, question, typed } })
}

fn picked(host: &Host, pick: u8) -> Option<&Run> {
    let open = host.state.open_runs().count().max(1);
    host.state.open_runs().nth(usize::from(pick) % open)
}

fn report(run: &Run, choice: u8) -> What {
    let id = run.id;
    match &run.phase {
        Phase::Gating => {
            let end =
                GateEnd { answer: GateAnswer::of_status(i32::from(choice % 3)), duration_ms: 1, output: "x".into() };
            What::GateEnded { run: id, end }
        }
        Phase::Queued => What::Ticked,
        Phase::Judging => What::Judged { run: id, verdict: verdict(choice) },
        Phase::Stepping { .. } => What::Stepped { run: id, result: step_result(choice) },
        Phase::Starting { .. } if choice.is_multiple_of(5) => What::NotStarted { run: id, reason: "no tmux".into() },
        Phase::Starting { .. } => What::Started { run: id },
        Phase::Running { .. } if run.talk.is_some() && choice.is_multiple_of(3) => {
            What::Stepped { run: id, result: step_result(choice) }
        }
        Phase::Running { .. } if choice.is_multiple_of(7) => What::NotStopped { run: id, reason: "zombie".into() },
        Phase::Running { .. } if choice.is_multiple_of(4) => {
            What::SessionEndedWithNotes { run: id, end: end(end_cause(choice)), notes: format!("\"{choice}\"") }
        }
        Phase::Running { .. } => What::SessionEnded { run: id, end: end(end_cause(choice)) },
        // The clock wakes it.
        Phase::Waiting { .. } => What::Ticked,
    }
}

fn verdict(choice: u8) -> Verdict {
    let finding = Finding {
        rule: "r".into(),
        answer: Answer::Deny,
        severity: Severity::High,
        detail: "no".into(),
        remedy: None,
        command: None,
    };
    if choice.is_multiple_of(6) { Verdict::deny(finding) } else { Verdict::pass() }
}

fn end_cause(choice: u8) -> EndCause {
    match choice % 6 {
        0 => EndCause::Signal("SIGSEGV".into()),
        1 => EndCause::Killed,
        2 => EndCause::Lost,
        _ => EndCause::Exit(i32::from(choice % 2)),
    }
}

fn step_result(choice: u8) -> Result<StepResult, StepFault> {
    let finish = |verdict| vec![Action::Finish { verdict, message: "done".into() }];
    let actions = match choice % 10 {
        0 => return Err(StepFault { code: "trap".into(), message: "`script` trapped".into(), refused: false }),
        1 => finish(FinishVerdict::Succeeded),
        2 => finish(FinishVerdict::Failed),
        3 => finish(FinishVerdict::NeedsAttention),
        4 => vec![Action::Launch(talk()), Action::NoteUsage(usage(choice)), Action::SendText("begin".into())],
        5 => vec![Action::NoteUsage(usage(choice)), Action::SendText("go on".into())],
        6 => vec![Action::Wait(u64::from(choice) * 1_000)],
        7 => vec![Action::Progress("next".into()), Action::HandOver],
        _ => vec![Action::Progress("half".into()), Action::Launch(launch())],
    };
    Ok(StepResult { state: vec![0, choice, 255], actions })
}

fn talk() -> Launch {
    Launch { stdin: Stdin::Terminal(Default::default()), ..launch() }
}

fn usage(choice: u8) -> Usage {
    Usage { agent_session: Some("c".into()), output_tokens: Some(choice.into()), ..Usage::default() }
}

/// A report about one of the attempts that are under way.
fn delivery(host: &Host, pick: u8, choice: u8) -> Option<What> {
    let under_way = |key: &&(_, _)| host.state.delivery(key.0, &key.1).is_some_and(|known| known.due.is_none());
    let keys: Vec<_> = host.deliveries.iter().filter(under_way).collect();
    let (notice, notifier) = (*keys.get(usize::from(pick) % keys.len().max(1))?).clone();
    Some(match choice % 4 {
        0 => What::Delivered { notice, notifier, receipt: "42".into(), more: false },
        3 => What::Delivered { notice, notifier, receipt: "41".into(), more: true },
        other => What::NotDelivered {
            notice,
            notifier,
            error: "no network".into(),
            retry: (other == 1).then_some(0),
            thread: None,
        },
    })
}

/// What is kept of a run that has just ended says how.
async fn check_ends(host: &Host, events: &[Event]) {
    for event in events {
        match &event.fact {
            Fact::RunFinished(finished) => {
                let record = host.store.run(finished.run).await.unwrap().unwrap();
                assert_eq!(record.status, RunStatus::Finished);
                assert_eq!(
                    (record.outcome.as_ref(), record.end.as_ref()),
                    (Some(&finished.outcome), finished.end.as_ref())
                );
                assert_eq!(record.ended_at, Some(event.at));
                assert_eq!(record.session, finished.session);
                assert_eq!(record.trigger, finished.trigger);
            }
            Fact::RunSkipped { run, reason, .. } => {
                let record = host.store.run(*run).await.unwrap().unwrap();
                assert_eq!((record.status, record.skipped.as_ref()), (RunStatus::Skipped, Some(reason)));
                assert_eq!((record.ended_at, record.started_at), (Some(event.at), None));
            }
            _ => {}
        }
    }
}

/// What is kept of the open runs is what the state knows of them.
async fn check_records(host: &Host) {
    for run in host.state.open_runs() {
        let record = host.store.run(run.id).await.unwrap().unwrap();
        let status = match &run.phase {
            Phase::Gating => RunStatus::Gating,
            Phase::Queued => RunStatus::Queued,
            Phase::Judging => RunStatus::Judging,
            Phase::Stepping { .. } => RunStatus::Stepping,
            Phase::Starting { .. } => RunStatus::Starting,
            Phase::Running { .. } => RunStatus::Running,
            Phase::Waiting { .. } => RunStatus::Waiting,
        };
        assert_eq!((record.status, &record.stopping, &record.request), (status, &run.stopping, &run.request));
        assert_eq!(record.usage, run.usage);
        assert_eq!((&record.slug, &record.trigger, record.requested_at), (&run.slug, &run.trigger, run.requested_at));
        if let Some(session) = run.session() {
            assert_eq!((record.session.as_ref(), record.end), (Some(session), None));
        }
    }
}
