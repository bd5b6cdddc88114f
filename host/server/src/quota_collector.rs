//! The operator's collector of quota data: run while something is due to start, and not otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use instar_core::quota::{Quota, QuotaReading};
use instar_engine::Engine;
use instar_session::{Errand, ErrandHow};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::config::QuotaConfig;
use crate::quota_file::QuotaFile;

pub(crate) struct Collector {
    command: String,
    every: Duration,
    file: Arc<QuotaFile>,
    engine: Engine,
}

const LIMIT: Duration = Duration::from_secs(60);
const LONGEST_OUTPUT: usize = 64 * 1024;
/// Who looks that far ahead looks again.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

impl Collector {
    /// `None` when the operator names none.
    pub(crate) fn of(config: &QuotaConfig, file: Arc<QuotaFile>, engine: Engine) -> Option<Self> {
        let command = config.collector.clone()?;
        Some(Self { command, every: config.collect_every, file, engine })
    }

    /// Collects until it is dropped or aborted.
    pub(crate) async fn collect(self) {
        let mut next = Instant::now();
        loop {
            self.until_needed().await;
            tokio::time::sleep_until(next).await;
            next = Instant::now() + self.every;
            if let Err(reason) = self.run().await {
                tracing::warn!("the quota collector brought nothing: {reason}");
            }
        }
    }

    /// Until something starts within the time that data is fresh, so that it is there by then.
    async fn until_needed(&self) {
        let mut changes = self.engine.changes();
        loop {
            changes.borrow_and_update();
            let now = Timestamp::now();
            let start = self.engine.view().state().next_start(now);
            let ahead = start.map(|start| Duration::try_from(start.duration_since(now)).unwrap_or(Duration::ZERO));
            let wait = ahead.map_or(LONGEST_WAIT, |ahead| ahead.saturating_sub(self.every).min(LONGEST_WAIT));
            if wait.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                changed = changes.changed() => if changed.is_err() { return std::future::pending().await },
            }
        }
    }

    /// What it prints is written into the file; where it prints nothing, it wrote the file itself.
    async fn run(&self) -> Result<(), String> {
        let env = BTreeMap::from([("INSTAR_QUOTA_FILE".to_owned(), self.file.path().display().to_string())]);
        let errand = Errand { command: &self.command, env, limit: LIMIT, keep: LONGEST_OUTPUT, errors_apart: true };
        let end = self.engine.sessions().run_errand(errand).await;
        match end.how {
            ErrandHow::Exit(0) => {}
            ErrandHow::Exit(status) => return Err(format!("exit status {status}: {}", end.errors.trim())),
            ErrandHow::TimedOut => return Err(format!("it was not done in {LIMIT:?}")),
            ErrandHow::NotStarted(reason) => return Err(reason),
        }
        if !end.output.trim().is_empty() {
            let quota = printed(&end.output, Timestamp::now())?;
            self.file.write(&quota).map_err(|error| error.to_string())?;
        }
        self.file.hand_over(&self.engine).await.map_err(|error| error.to_string())
    }
}

/// Data without a time is of now.
fn printed(text: &str, now: Timestamp) -> Result<Quota, String> {
    let mut value: Value = serde_json::from_str(text).map_err(|error| format!("it printed no JSON: {error}"))?;
    if let Some(fields) = value.as_object_mut() {
        fields.entry("lastUpdated").or_insert_with(|| json!(now));
    }
    match QuotaReading::parse(&value.to_string()) {
        QuotaReading::Data(quota) => Ok(*quota),
        QuotaReading::Broken(reason) => Err(reason),
        QuotaReading::None => Err("it printed nothing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_prints_is_of_now_unless_it_says_otherwise() {
        let now = Timestamp::UNIX_EPOCH;
        let quota = printed(r#"{"usagePercent": 12}"#, now).unwrap();
        assert_eq!((quota.usage_percent, quota.last_updated), (12.0, now));
        assert!(printed("12 %", now).unwrap_err().contains("no JSON"));
        assert!(printed("{}", now).unwrap_err().contains("usagePercent"));
    }
}
