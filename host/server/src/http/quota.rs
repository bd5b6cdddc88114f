//! Quota: what is known of it, and being told.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use instar_api as api;
use instar_api::paths;
use instar_core::quota::{Quota, QuotaReading};
use instar_core::state;
use jiff::Timestamp;

use super::App;
use super::errors::ApiError;
use super::extract::JsonObject;
use super::view::time;

/// Shows how much of the agent's account is used up, and what follows from it.
#[utoipa::path(
    get, path = paths::QUOTA, operation_id = "quota_show",
    responses((status = 200, body = api::Quota)),
)]
pub(super) async fn show(State(app): State<Arc<App>>) -> Json<api::Quota> {
    Json(known(app.engine.view().state(), Timestamp::now()))
}

/// Takes what an agent or a script knows of quota; it is written into the quota file.
#[utoipa::path(
    post, path = paths::QUOTA, operation_id = "quota_report",
    request_body = api::QuotaRequest,
    responses((status = 200, body = api::Quota), (status = 503)),
)]
pub(super) async fn report(State(app): State<Arc<App>>, mut body: JsonObject) -> Result<Json<api::Quota>, ApiError> {
    let now = Timestamp::now();
    let usage_percent = percent(&mut body, "usagePercent")?
        .ok_or_else(|| ApiError::unprocessable("`usagePercent` must be given: a number from 0 to 100"))?;
    let five_hour_percent = percent(&mut body, "fiveHourPercent")?;
    let quota = Quota { usage_percent, five_hour_percent, last_updated: now, accounts: Vec::new() };
    let file = app.quota.clone();
    let written = tokio::task::spawn_blocking(move || file.write(&quota)).await;
    written.map_err(|error| ApiError::internal(&error))?.map_err(|error| ApiError::internal(&error))?;
    app.quota.hand_over(&app.engine).await?;
    Ok(Json(known(app.engine.view().state(), now)))
}

fn percent(body: &mut JsonObject, name: &str) -> Result<Option<f64>, ApiError> {
    const EXPECTED: &str = "a number from 0 to 100";
    let percent: Option<f64> = body.take(name, EXPECTED)?;
    let is_fine = percent.is_none_or(|percent| (0.0..=100.0).contains(&percent));
    is_fine.then_some(percent).ok_or_else(|| ApiError::unprocessable(format!("`{name}` must be {EXPECTED}")))
}

fn known(state: &state::State, now: Timestamp) -> api::Quota {
    let Some(rules) = &state.limits.admission.quota else {
        return nothing("not_configured", None, None);
    };
    let normal = Some("normal".to_owned());
    let quota = match state.quota_reading() {
        QuotaReading::None => return nothing("no_data", normal, None),
        QuotaReading::Broken(reason) => {
            return nothing("no_data", normal, Some(format!("the quota file is ignored: {reason}")));
        }
        QuotaReading::Data(quota) => quota,
    };
    let is_stale = rules.is_stale(quota, now);
    let minutes = rules.stale_after.as_mins();
    let warning = is_stale.then(|| format!("the data is not of the last {minutes} minutes, so it holds nobody back"));
    api::Quota {
        status: "ok".to_owned(),
        usage_percent: Some(quota.usage_percent),
        five_hour_percent: quota.five_hour_percent,
        last_updated: Some(time(quota.last_updated)),
        accounts: (!quota.accounts.is_empty()).then(|| accounts(quota)),
        recommendation: if is_stale { normal } else { Some(rules.recommendation(quota).as_str().to_owned()) },
        stale: Some(is_stale),
        warning,
    }
}

fn nothing(status: &str, recommendation: Option<String>, warning: Option<String>) -> api::Quota {
    api::Quota {
        status: status.to_owned(),
        usage_percent: None,
        five_hour_percent: None,
        last_updated: None,
        accounts: None,
        recommendation,
        stale: None,
        warning,
    }
}

fn accounts(quota: &Quota) -> Vec<api::QuotaAccount> {
    let account = |account: &instar_core::quota::Account| api::QuotaAccount {
        email: account.email.clone(),
        usage_percent: account.usage_percent,
        five_hour_percent: account.five_hour_percent,
        is_active: account.is_active,
        last_updated: account.last_updated.map(time),
    };
    quota.accounts.iter().map(account).collect()
}
