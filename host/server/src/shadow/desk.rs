//! The shadows of a running server, and the thread that compares.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use instar_api::{PluginProblem, PluginShadow, PluginShadowDifference};
use instar_core::id::PluginId;
use instar_plugin::{Asked, Plugins, PoolChoice, Settings, Spoken, Trial};
use jiff::Timestamp;

use super::compare;
use super::queue::Queue;
use super::record::{self, Outcome, Record, standing};
use crate::guards::GuardDesk;
use crate::http;
use crate::installed::ShadowSource;

/// How long what was compared may stand in memory alone.
const WRITE_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Shadows {
    folder: PathBuf,
    queue: Arc<Queue>,
    /// Takes out what must not be seen in a record.
    desk: GuardDesk,
    now: RwLock<Arc<Set>>,
    /// Until there is a shadow, no thread waits for questions.
    heard: Mutex<Option<Receiver<Asked>>>,
}

/// What is compared now.
#[derive(Debug, Default)]
struct Set {
    shadows: BTreeMap<PluginId, Shadow>,
    /// After so many faults in a row a shadow is not asked any more; 0 is never.
    most_faults: u32,
}

#[derive(Debug)]
struct Shadow {
    of: ShadowSource,
    /// On engines of its own, so that it takes no place of those that judge.
    loaded: Result<Plugins, PluginProblem>,
    record: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    record: Record,
    is_written: bool,
}

impl Shadows {
    pub(crate) fn new(folder: PathBuf, queue: Arc<Queue>, heard: Receiver<Asked>, desk: GuardDesk) -> Self {
        Self { folder, queue, desk, now: RwLock::default(), heard: Mutex::new(Some(heard)) }
    }

    /// From now on these are compared. Blocks, since they may have to be compiled.
    pub(crate) fn replace(self: &Arc<Self>, sources: Vec<ShadowSource>, settings: &Settings, most_faults: u32) {
        self.write();
        record::sweep(&self.folder, &|name| sources.iter().any(|source| source.id.as_str() == name));
        let shadow = |of: ShadowSource| {
            let digest = of.judging.as_ref().map_or("", |judging| judging.digest.as_str());
            let record = Record::open(&self.folder, &of.id, digest, &of.component);
            let loaded = load(&of, settings.clone());
            (of.id.clone(), Shadow { of, loaded, record: Mutex::new(Kept { record, is_written: true }) })
        };
        let shadows: BTreeMap<_, _> = sources.into_iter().map(shadow).collect();
        let has_some = !shadows.is_empty();
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Set { shadows, most_faults });
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner).take_if(|_| has_some);
        let Some(heard) = heard else { return };
        let shadows = self.clone();
        let begun = std::thread::Builder::new().name("guard-shadows".to_owned()).spawn(move || shadows.work(&heard));
        if let Err(error) = begun {
            tracing::error!(%error, "nothing is compared: the thread for it could not be started");
        }
    }

    /// `None` where no shadow stands beside this guard.
    pub(crate) fn told(&self, guard: &PluginId, limit: usize) -> Option<PluginShadow> {
        let set = self.set();
        let shadow = set.shadows.get(guard)?;
        let mut standing = standing(guard, &shadow.of.judging, &shadow.of.component);
        if let (None, Err(problem)) = (&standing.problem, &shadow.loaded) {
            standing.problem = Some(problem.clone());
        }
        let mut kept = shadow.record.lock().unwrap_or_else(PoisonError::into_inner);
        self.count_missed(guard, &mut kept);
        Some(kept.record.told(standing, set.most_faults, limit))
    }

    /// Writes down what changed.
    pub(crate) fn write(&self) {
        for (id, shadow) in &self.set().shadows {
            let mut kept = shadow.record.lock().unwrap_or_else(PoisonError::into_inner);
            self.count_missed(id, &mut kept);
            if kept.is_written {
                continue;
            }
            kept.is_written = true;
            if let Err(error) = kept.record.write(&self.folder, id) {
                tracing::warn!(%error, guard = %id, "what came of a comparison cannot be written down");
            }
        }
    }

    fn set(&self) -> Arc<Set> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count_missed(&self, id: &PluginId, kept: &mut Kept) {
        let missed = self.queue.take_missed(id);
        kept.record.note_missed(missed);
        kept.is_written &= missed == 0;
    }

    fn work(&self, heard: &Receiver<Asked>) {
        while let Ok(asked) = heard.recv() {
            self.compare(&asked);
            let due = Instant::now() + WRITE_AFTER;
            while let Ok(asked) = heard.recv_timeout(due.saturating_duration_since(Instant::now())) {
                self.compare(&asked);
            }
            self.write();
        }
    }

    fn compare(&self, asked: &Asked) {
        let set = self.set();
        for spoken in &asked.spoken {
            let Some(shadow) = set.shadows.get(&spoken.guard) else { continue };
            let is_of_this_pair = shadow.of.judging.as_ref().is_ok_and(|it| it.digest == spoken.digest);
            let Some(plugins) = shadow.loaded.as_ref().ok().filter(|_| is_of_this_pair) else { continue };
            let lock = || shadow.record.lock().unwrap_or_else(PoisonError::into_inner);
            if lock().record.is_given_up(set.most_faults) {
                continue;
            }
            let outcome = self.outcome(plugins, asked, spoken);
            let mut kept = lock();
            kept.record.note(outcome);
            kept.is_written = false;
        }
    }

    fn outcome(&self, plugins: &Plugins, asked: &Asked, spoken: &Spoken) -> Outcome {
        let said = match plugins.ask_again(&spoken.guard, &asked.call, &asked.question) {
            Ok(said) => said,
            Err(cause) => {
                tracing::info!(guard = %spoken.guard, code = cause.code(), %cause, "a guard in shadow gave no answer");
                return Outcome::Fault(cause.code());
            }
        };
        if said.as_ref().is_some_and(|said| compare::is_alike(&spoken.said, said)) {
            return Outcome::Alike;
        }
        let now = Timestamp::now();
        let clean = |text: &str| self.desk.for_log(text, now);
        Outcome::Different(Box::new(PluginShadowDifference {
            at: asked.call.now.to_string(),
            hook: compare::hook(&asked.question),
            question: clean(&compare::subject(&asked.question)),
            judging: compare::told(Some(&spoken.said), &clean),
            shadow: compare::told(said.as_ref(), &clean),
        }))
    }
}

/// With the settings of the one that judges, and no more rights than that.
fn load(of: &ShadowSource, mut settings: Settings) -> Result<Plugins, PluginProblem> {
    settings.stats = Arc::default();
    settings.quarantined.clear();
    settings.disabled.clear();
    settings.ear = None;
    settings.spare_code = None;
    settings.pool = PoolChoice::OnDemand;
    settings.trial = Trial::Always;
    settings.operator.entry(of.id.clone()).or_default().grant = Some(of.component.grant());
    match Plugins::load(vec![of.source.clone()], settings, &mut |_| {}) {
        Ok((plugins, _)) if plugins.list().iter().any(|info| info.id == of.id && info.enabled) => Ok(plugins),
        Ok((_, problems)) => Err(problems.first().map_or_else(|| unknown(of), http::plugin_problem)),
        Err(error) => Err(http::plugin_problem(&error)),
    }
}

fn unknown(of: &ShadowSource) -> PluginProblem {
    let message = format!("{} is no plugin `{}`", of.component.source, of.id);
    PluginProblem { plugin: of.id.to_string(), code: "not-loaded".to_owned(), message }
}
