//! The rules: what follows from a state and an input.
//!
//! `decide` is synchronous and total. It reads the state and never changes it: the engine records the events of a
//! decision, applies them, and only then starts its effects. So whatever was begun is known to the next process.

mod admit;
mod attention;
mod boot;
mod digest;
mod due;
mod effect;
mod end;
mod gate;
mod inbound;
mod input;
mod judge;
mod keep;
mod notices;
mod poll;
mod question;
mod quota;
mod start;
mod step;
mod supervise;
mod talk;
mod tell;
mod threads;
mod tune;
mod wait;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::event::{Event, Fact};
use crate::id::{Ids, JobSlug, RunId};
use crate::run::StopCause;
use crate::state::State;

pub use self::effect::Effect;
pub use self::input::{Input, SpawnRequest, StepFault, What};

#[derive(Debug, Default, PartialEq)]
pub struct Decision {
    pub events: Vec<Event>,
    pub effects: Vec<Effect>,
}

/// A decision in the making.
struct Draft<'a> {
    state: &'a State,
    now: Timestamp,
    ids: Ids,
    decision: Decision,
    /// How many runs this decision may still admit.
    free_places: usize,
    /// The jobs of which this decision admitted a run.
    begun: BTreeSet<JobSlug>,
    /// The same, run by run.
    begun_runs: Vec<Option<JobSlug>>,
    /// How many of them have each tag.
    begun_tags: BTreeMap<String, usize>,
    /// The runs that this decision stops, which `state` does not know yet.
    stopped: BTreeSet<RunId>,
}

impl<'a> Draft<'a> {
    fn new(state: &'a State, now: Timestamp, nonce: u64) -> Self {
        Self {
            state,
            now,
            ids: Ids::new(now, nonce),
            decision: Decision::default(),
            free_places: state.free_places(),
            begun: BTreeSet::new(),
            begun_runs: Vec::new(),
            begun_tags: BTreeMap::new(),
            stopped: BTreeSet::new(),
        }
    }

    fn event(&mut self, fact: Fact) {
        self.decision.events.push(Event { at: self.now, fact });
    }

    fn effect(&mut self, effect: Effect) {
        self.decision.effects.push(effect);
    }
}

pub fn decide(state: &State, input: Input) -> Decision {
    let Input { now, nonce, what } = input;
    let mut draft = Draft::new(state, now, nonce);
    look_at_clock(&mut draft);
    match what {
        What::Booted { version } => boot::boot(&mut draft, version),
        What::Ticked => tick(&mut draft),
        What::JobsRead(file) => due::jobs_read(&mut draft, file),
        What::TriggerAsked { slug, reason, force, depth } => admit::trigger(&mut draft, &slug, reason, force, depth),
        What::PluginTold(fact) => draft.event(Fact::PluginNoted(fact)),
        What::PauseAsked { slug, by, reason } => due::pause_asked(&mut draft, slug, by, reason),
        What::ResumeAsked { slug, by } => due::resume_asked(&mut draft, slug, by),
        What::StopAsked { run, by } => end::stop_asked(&mut draft, run, StopCause::Asked { by }),
        What::GateEnded { run, end } => gate::ended(&mut draft, run, end),
        What::QuotaRead(reading) => quota::read(&mut draft, reading),
        What::MemoryRead { used_percent } => quota::memory_read(&mut draft, used_percent),
        What::TuneAsked { slug, wish, by } => tune::asked(&mut draft, &slug, wish, by),
        What::AttentionAsked(wanted) => attention::raise_asked(&mut draft, *wanted),
        What::AttentionTurnAsked { id, status, by } => attention::turn_asked(&mut draft, &id, status, by),
        What::RenameAsked { from, to } => due::rename_asked(&mut draft, from, to),
        What::WorkloadTold(workload) => tune::workload_told(&mut draft, workload),
        What::Judged { run, verdict } => judge::judged(&mut draft, run, verdict),
        What::Stepped { run, result } => step::stepped(&mut draft, run, result),
        What::Started { run } => start::started(&mut draft, run),
        What::NotStarted { run, reason } => end::not_started(&mut draft, run, reason),
        What::SessionEnded { run, end } => end::session_ended(&mut draft, run, end),
        What::SessionEndedWithNotes { run, end, notes } => end::session_ended_with_notes(&mut draft, run, end, notes),
        What::NotStopped { run, reason } => end::not_stopped(&mut draft, run, reason),
        What::SpawnAsked(request) => drop(talk::spawn_asked(&mut draft, *request)),
        What::MessageAsked { run, text } => drop(talk::message_asked(&mut draft, run, text)),
        What::SessionTurned { run, activity } => talk::turned(&mut draft, run, activity),
        What::NotTold { run, reason } => talk::not_told(&mut draft, run, reason),
        What::Done => {}
        What::OccurrenceTaken { slug, due } => due::taken(&mut draft, slug, due),
        What::Delivered { notice, notifier, receipt, more } => {
            tell::delivered(&mut draft, notice, notifier, receipt, more);
        }
        What::NotDelivered { notice, notifier, error, retry, thread } => {
            tell::not_delivered(&mut draft, notice, notifier, error, retry, thread);
        }
        What::ThreadAnswered { notifier, conversation, topic, notice, result } => {
            threads::answered(&mut draft, notifier, conversation, topic, notice, result);
        }
        What::Supervised { run, answer } => supervise::supervised(&mut draft, run, answer),
        What::HouseKept { result } => keep::house_kept(&mut draft, result),
        What::UsersRead(users) => inbound::users_read(&mut draft, users),
        What::ListeningBegun { notifiers } => poll::begun(&mut draft, notifiers),
        What::PluginsChanged(loaded) => poll::plugins_changed(&mut draft, loaded),
        What::Polled { notifier, failures, result } => poll::polled(&mut draft, notifier, failures, result),
        What::Heard { notifier, inbound, cursor } => poll::keep(&mut draft, &notifier, inbound, cursor),
        What::Routed { place, key, course } => inbound::routed(&mut draft, place, key, *course),
        What::ReplyAsked { place, text, session, key } => inbound::reply_asked(&mut draft, place, text, session, key),
        What::ThreadOpened { place, name } => inbound::thread_opened(&mut draft, place, name),
        What::CodeMade(offer) => inbound::code_made(&mut draft, offer),
        What::GuardsAsk(open) => question::asked(&mut draft, open),
        What::CarriedOut { id, error } => question::carried_out(&mut draft, id, error),
        What::HostStopping => draft.event(Fact::HostStopped),
    }
    inbound::look_again(&mut draft);
    draft.decision
}

fn look_at_clock(draft: &mut Draft<'_>) {
    if let Some(by) = draft.state.clock_set_back(draft.now) {
        draft.event(Fact::ClockSetBack { by_ms: i64::try_from(by.as_millis()).unwrap_or(i64::MAX) });
    }
}

fn tick(draft: &mut Draft<'_>) {
    for (run, cause) in draft.state.overdue_runs(draft.now) {
        end::stop_asked(draft, run.id, cause);
    }
    wait::wake_due(draft);
    quota::warn_when_stale(draft);
    admit::drain_queue(draft);
    due::fire(draft);
    inbound::tell_of_stalls(draft);
    tell::deliver_due(draft);
    keep::keep_house_when_due(draft);
}
