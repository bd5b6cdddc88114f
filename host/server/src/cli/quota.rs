//! `instar quota`: how much of the agent's account is used up, and saying so.

use clap::Subcommand;
use instar_api::{Quota as Known, QuotaRequest, paths};
use instar_core::quota::Quota as Data;

use super::client::ClientError;
use super::exit::{Exit, Failure};
use super::output::one_line;
use super::{Context, client_of, examples};
use crate::quota_file::QuotaFile;

/// Show how much of the agent's account is used up
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar quota", "instar quota set --weekly 62 --five-hour 40"]))]
pub(crate) struct Quota {
    #[command(subcommand)]
    command: Option<QuotaCommand>,
}

#[derive(Debug, Subcommand)]
enum QuotaCommand {
    /// Say how much is used up now; it replaces what was known
    #[command(after_help = examples(&["instar quota set --weekly 62", "instar quota set --weekly 62 --five-hour 40"]))]
    Set {
        /// Percent of the week
        #[arg(long, value_name = "PERCENT", value_parser = percent)]
        weekly: f64,
        /// Percent of the window of five hours
        #[arg(long, value_name = "PERCENT", value_parser = percent)]
        five_hour: Option<f64>,
    },
}

fn percent(text: &str) -> Result<f64, String> {
    let percent = text.parse::<f64>().ok().filter(|percent| (0.0..=100.0).contains(percent));
    percent.ok_or_else(|| "it must be a number from 0 to 100".to_owned())
}

pub(super) fn run(context: &Context, quota: &Quota) -> Result<Exit, Failure> {
    match quota.command {
        None => {
            let answer = context.client()?.get(paths::QUOTA)?.success()?;
            show(context, &answer.text(), &answer.read()?)
        }
        Some(QuotaCommand::Set { weekly, five_hour }) => set(context, weekly, five_hour),
    }
}

/// By the server, or else into the file that it will read.
fn set(context: &Context, weekly: f64, five_hour: Option<f64>) -> Result<Exit, Failure> {
    let project = context.project()?;
    let request = QuotaRequest { usage_percent: weekly, five_hour_percent: five_hour };
    match client_of(&project)?.post(paths::QUOTA, &request) {
        Ok(answer) => {
            let answer = answer.success()?;
            show(context, &answer.text(), &answer.read()?)
        }
        Err(ClientError::NotRunning { .. }) => {
            let file = QuotaFile::new(context.config(&project)?.quota.file);
            let last_updated = context.out.now;
            let quota =
                Data { usage_percent: weekly, five_hour_percent: five_hour, last_updated, accounts: Vec::new() };
            let path = file.path().display();
            file.write(&quota).map_err(|error| Failure::failed(format!("failed to write {path}: {error}")))?;
            if context.out.json {
                context.out.line(serde_json::to_string(&quota).map_err(|error| Failure::failed(error.to_string()))?)?;
            } else {
                context.out.line(format!("Written into {path}."))?;
            }
            context.out.note("The server is not running; it reads this when it starts.");
            Ok(Exit::Ok)
        }
        Err(error) => Err(error.into()),
    }
}

fn show(context: &Context, text: &str, known: &Known) -> Result<Exit, Failure> {
    if context.out.json {
        context.out.line(text)?;
        return Ok(Exit::Ok);
    }
    context.out.line(sentence(known))?;
    if let Some(warning) = &known.warning {
        context.out.note(format!("instar: {}", one_line(warning)));
    }
    Ok(Exit::Ok)
}

fn sentence(known: &Known) -> String {
    let Some(week) = known.usage_percent else {
        return match known.status.as_str() {
            "not_configured" => "Quota holds nobody back (`monitoring.quotaTracking` is false).".to_owned(),
            _ => "There is no quota data. `instar quota set` and `quota.collector` bring it.".to_owned(),
        };
    };
    let five_hours = known.five_hour_percent.map(|percent| format!(", {percent:.0} % of the five hours"));
    let recommendation = known.recommendation.as_deref().map(one_line).unwrap_or_default();
    format!("{week:.0} % of the week used{}: {recommendation}.", five_hours.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(known: serde_json::Value, expected: &str) {
        assert_eq!(sentence(&serde_json::from_value(known).unwrap()), expected);
    }

    #[test]
    fn what_is_known_is_one_sentence() {
        check(
            serde_json::json!({"status": "ok", "usagePercent": 62.4, "fiveHourPercent": 40, "recommendation": "reduce"}),
            "62 % of the week used, 40 % of the five hours: reduce.",
        );
        check(
            serde_json::json!({"status": "no_data", "usagePercent": null, "recommendation": "normal"}),
            "There is no quota data. `instar quota set` and `quota.collector` bring it.",
        );
    }
}
