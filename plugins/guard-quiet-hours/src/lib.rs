//! A guard of runs: in quiet hours none starts, unless its job is an exception.
//!
//! Hours are those of clocks on the wall, in a zone with its summer time. The zones travel along with the plugin, since
//! a guard sees no files; what time it is comes with the call.

mod config;
mod quiet;

use instar_plugin_sdk::guard::{Answer, Finding, Rule, RunGuard, Verdict};
use instar_plugin_sdk::job::Job;
use instar_plugin_sdk::{CallCtx, Diagnostic, Plugin, Severity, register_run_guard};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use config::Config;
use quiet::Quiet;

const RULE: &str = "quiet-hours";

struct QuietHours;

impl Plugin for QuietHours {
    type Config = Config;

    fn validate(config: &Config) -> Vec<Diagnostic> {
        let mut remarks = Vec::new();
        if let Some(name) = config.zone.as_deref().filter(|name| quiet::zone(name).is_none()) {
            let message = format!("there is no time zone `{name}`; `Europe/Berlin` would be one");
            remarks.push(Diagnostic::refusal("zone", message));
        }
        for (place, hours) in config.hours.iter().enumerate() {
            if hours.days.is_empty() {
                remarks.push(Diagnostic::refusal(format!("hours.{place}.days"), "must name a day, or not be there"));
            }
        }
        if !config.hours.is_empty() && quiet::at(config, Timestamp::UNIX_EPOCH, &TimeZone::UTC) == Quiet::Always {
            remarks
                .push(Diagnostic::remark("hours", "they follow each other without a gap, so that nothing ever starts"));
        }
        remarks
    }

    fn rules(config: &Config) -> Vec<Rule> {
        if config.hours.is_empty() {
            return Vec::new();
        }
        vec![Rule {
            id: RULE.to_owned(),
            pack: "runs".to_owned(),
            answer: Answer::Deny,
            severity: Severity::Low,
            what: "a run would start in quiet hours".to_owned(),
        }]
    }
}

impl RunGuard for QuietHours {
    fn check(ctx: &CallCtx, config: &Config, job_json: &str, _history_json: &str) -> Verdict {
        if config.hours.is_empty() {
            return Verdict::pass();
        }
        let job = Job::read(job_json);
        let named = config.zone.as_deref().or(job.zone.as_deref()).and_then(quiet::zone);
        let zone = named.unwrap_or(TimeZone::UTC);
        let now = i64::try_from(ctx.now_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let quiet = now.map_or(Quiet::No, |now| quiet::at(config, now, &zone));
        let detail = match quiet {
            Quiet::No => return Verdict::pass(),
            Quiet::Until(end) => format!("these are quiet hours; it may start again from {}", moment(&end)),
            Quiet::Always => "these are quiet hours, and they never end as they are configured".to_owned(),
        };
        if config.except.holds(&job) {
            return Verdict::pass();
        }
        Verdict::deny(Finding::new(RULE, Severity::Low, detail).with_remedy(
            "make the job an exception in `plugins.guard-quiet-hours.config.except`, or give it another schedule",
        ))
    }
}

fn moment(at: &Zoned) -> String {
    let zone = at.time_zone().iana_name().unwrap_or("UTC");
    format!("{} {:02}:{:02} ({zone})", at.date(), at.hour(), at.minute())
}

register_run_guard!(QuietHours);

#[cfg(test)]
mod tests;
