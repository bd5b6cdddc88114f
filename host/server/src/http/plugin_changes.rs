//! What operators change of plugins: installed ones, rights, settings and secrets. A token of a session opens none of
//! it: an agent can propose, and a person consents.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use instar_api as api;
use instar_api::paths;
use instar_core::id::PluginId;
use serde_json::{Map, Value};

use super::errors::ApiError;
use super::extract::{JsonObject, Params, PathPair, PathText};
use super::{App, view};
use crate::live_plugins::{ChangeFault, Changed, InstallWish};

type Answer<T> = Result<Json<T>, ApiError>;

const LONGEST_SECRET: usize = 64 << 10;

/// Installs a plugin, or another version of it; it is live with the answer.
///
/// The body is the consent: what the plugin asks for and `grants` does not name is refused, in words that say what it is.
#[utoipa::path(
    post, path = paths::PLUGINS_INSTALL, operation_id = "plugin_install",
    request_body = api::PluginInstallRequest,
    responses((status = 200, body = api::InstalledPlugin), (status = 404), (status = 409), (status = 503)),
)]
pub(super) async fn install(State(app): State<Arc<App>>, mut body: JsonObject) -> Answer<api::InstalledPlugin> {
    let from: Option<String> = body.take("from", "a text")?;
    let from = from.filter(|from| !from.trim().is_empty());
    let from =
        from.ok_or_else(|| ApiError::unprocessable("`from` must name a path, or what begins with https:// or oci://"))?;
    let grants: Vec<String> = body.take("grants", "a list of texts")?.unwrap_or_default();
    let signer = body.take("signer", "a public key of minisign")?;
    let downgrade = body.take("downgrade", "true or false")?.unwrap_or(false);
    let wish = InstallWish { from, grants: grants.into_iter().collect(), signer, downgrade };
    shown(app.plugins.install(&app.engine, wish).await)
}

/// Looks for another version where an installed plugin came from, and installs it; it is live with the answer.
///
/// As with an install, a right by which the new version does more than the old one is refused unless `grants` names it.
#[utoipa::path(
    post, path = paths::PLUGIN_UPGRADE, operation_id = "plugin_upgrade",
    request_body = api::PluginUpgradeRequest,
    responses((status = 200, body = api::InstalledPlugin), (status = 409), (status = 503)),
)]
pub(super) async fn upgrade(
    State(app): State<Arc<App>>,
    PathText(id): PathText,
    mut body: JsonObject,
) -> Answer<api::InstalledPlugin> {
    let grants: Vec<String> = body.take("grants", "a list of texts")?.unwrap_or_default();
    shown(app.plugins.upgrade(&app.engine, id.parse()?, grants.into_iter().collect()).await)
}

/// Takes an installed plugin away. Its settings, secrets and values are kept.
#[utoipa::path(
    delete, path = paths::PLUGIN, operation_id = "plugin_remove",
    responses((status = 200, body = api::InstalledPlugin), (status = 409), (status = 503)),
)]
pub(super) async fn remove(State(app): State<Arc<App>>, PathText(id): PathText) -> Answer<api::InstalledPlugin> {
    shown(app.plugins.remove(&app.engine, id.parse()?).await)
}

/// Goes back to what was installed before; said twice, it is as it was.
#[utoipa::path(
    post, path = paths::PLUGIN_ROLLBACK, operation_id = "plugin_rollback",
    responses((status = 200, body = api::InstalledPlugin), (status = 409), (status = 503)),
)]
pub(super) async fn roll_back(State(app): State<Arc<App>>, PathText(id): PathText) -> Answer<api::InstalledPlugin> {
    shown(app.plugins.roll_back(&app.engine, id.parse()?).await)
}

/// Grants an installed plugin rights that it asks for.
#[utoipa::path(
    post, path = paths::PLUGIN_GRANT, operation_id = "plugin_grant",
    request_body = api::PluginRights,
    responses((status = 200, body = api::InstalledPlugin), (status = 409), (status = 503)),
)]
pub(super) async fn grant(
    State(app): State<Arc<App>>,
    PathText(id): PathText,
    body: JsonObject,
) -> Answer<api::InstalledPlugin> {
    let (id, rights) = (id.parse()?, rights(body)?);
    shown(app.plugins.grant(&app.engine, id, rights).await)
}

/// Takes rights away from an installed plugin; one that cannot do without is not loaded then.
#[utoipa::path(
    post, path = paths::PLUGIN_REVOKE, operation_id = "plugin_revoke",
    request_body = api::PluginRights,
    responses((status = 200, body = api::InstalledPlugin), (status = 409), (status = 503)),
)]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    PathText(id): PathText,
    body: JsonObject,
) -> Answer<api::InstalledPlugin> {
    let (id, rights) = (id.parse()?, rights(body)?);
    shown(app.plugins.revoke(&app.engine, id, rights).await)
}

/// Lets a plugin be called again that was disabled, or is in quarantine.
#[utoipa::path(
    post, path = paths::PLUGIN_ENABLE, operation_id = "plugin_enable",
    responses((status = 200, body = api::PluginSwitched), (status = 409), (status = 503)),
)]
pub(super) async fn enable(State(app): State<Arc<App>>, PathText(id): PathText) -> Answer<api::PluginSwitched> {
    switch(&app, id.parse()?, true).await
}

/// Leaves a plugin out, also a bundled one, and keeps it.
#[utoipa::path(
    post, path = paths::PLUGIN_DISABLE, operation_id = "plugin_disable",
    responses((status = 200, body = api::PluginSwitched), (status = 409), (status = 503)),
)]
pub(super) async fn disable(State(app): State<Arc<App>>, PathText(id): PathText) -> Answer<api::PluginSwitched> {
    switch(&app, id.parse()?, false).await
}

/// Shows the configuration of a plugin, as the settings have it.
#[utoipa::path(
    get, path = paths::PLUGIN_CONFIG, operation_id = "plugin_config_show",
    responses((status = 200, body = api::PluginConfig)),
)]
pub(super) async fn config(State(app): State<Arc<App>>, PathText(id): PathText) -> Answer<api::PluginConfig> {
    Ok(Json(api::PluginConfig { config: app.plugins.config_of(&id.parse()?)? }))
}

/// Replaces the configuration of a plugin; one that it does not accept is refused in its own words.
#[utoipa::path(
    put, path = paths::PLUGIN_CONFIG, operation_id = "plugin_config_set",
    request_body = api::PluginConfig,
    responses((status = 200, body = api::PluginConfig), (status = 409), (status = 503)),
)]
pub(super) async fn set_config(
    State(app): State<Arc<App>>,
    PathText(id): PathText,
    mut body: JsonObject,
) -> Answer<api::PluginConfig> {
    let config: Option<Map<String, Value>> = body.take("config", "an object")?;
    let config = config.ok_or_else(|| ApiError::unprocessable("`config` must be an object"))?;
    app.plugins.set_config(&app.engine, id.parse()?, config.clone()).await?;
    Ok(Json(api::PluginConfig { config }))
}

/// Lists the secrets that a plugin can use, and which of them have a value.
#[utoipa::path(
    get, path = paths::PLUGIN_SECRETS, operation_id = "plugin_secrets",
    responses((status = 200, body = api::PluginSecrets), (status = 503)),
)]
pub(super) async fn secrets(State(app): State<Arc<App>>, PathText(id): PathText) -> Answer<api::PluginSecrets> {
    let secrets = app.plugins.secrets_of(&id.parse()?)?;
    let secret = |(slot, label, is_set)| api::PluginSecret { slot, label, is_set };
    Ok(Json(api::PluginSecrets { secrets: secrets.into_iter().map(secret).collect() }))
}

/// Gives a secret a value. No route shows it again.
#[utoipa::path(
    put, path = paths::PLUGIN_SECRET, operation_id = "plugin_secret_set",
    request_body = api::PluginSecretRequest,
    responses((status = 200, body = api::Done), (status = 503)),
)]
pub(super) async fn set_secret(
    State(app): State<Arc<App>>,
    PathPair(id, slot): PathPair,
    mut body: JsonObject,
) -> Answer<api::Done> {
    let value: Option<String> = body.take("value", "a text")?;
    let value = value.filter(|value| (1..=LONGEST_SECRET).contains(&value.len()));
    let value = value.ok_or_else(|| ApiError::unprocessable("`value` must be a text of 1 to 65536 bytes"))?;
    app.plugins.set_secret(&id.parse()?, &slot, Some(&value))?;
    Ok(Json(api::Done { ok: true }))
}

/// Takes the value of a secret away.
#[utoipa::path(
    delete, path = paths::PLUGIN_SECRET, operation_id = "plugin_secret_remove",
    responses((status = 200, body = api::Done), (status = 503)),
)]
pub(super) async fn remove_secret(State(app): State<Arc<App>>, PathPair(id, slot): PathPair) -> Answer<api::Done> {
    app.plugins.set_secret(&id.parse()?, &slot, None)?;
    Ok(Json(api::Done { ok: true }))
}

/// Shows the last lines of the host's log that are a plugin's.
#[utoipa::path(
    get, path = paths::PLUGIN_LOGS, operation_id = "plugin_logs",
    params(("lines" = Option<isize>, Query, description = "100 when absent; taken as the nearest of 1 to 1000")),
    responses((status = 200, body = api::PluginLogs), (status = 503)),
)]
pub(super) async fn logs(
    State(app): State<Arc<App>>,
    PathText(id): PathText,
    params: Params,
) -> Answer<api::PluginLogs> {
    let lines = params.count("lines", 100, 1, 1000)?;
    let lines = app.plugins.log_of(&id.parse()?, usize::try_from(lines).unwrap_or(usize::MAX)).await?;
    Ok(Json(api::PluginLogs { lines }))
}

async fn switch(app: &App, id: PluginId, enabled: bool) -> Answer<api::PluginSwitched> {
    app.plugins.switch(&app.engine, id.clone(), enabled).await?;
    Ok(Json(api::PluginSwitched { id: id.to_string(), enabled }))
}

fn rights(mut body: JsonObject) -> Result<BTreeSet<String>, ApiError> {
    let rights: Vec<String> = body.take("rights", "a list of texts")?.unwrap_or_default();
    if rights.is_empty() {
        return Err(ApiError::unprocessable("`rights` must name at least one right, such as \"http\""));
    }
    Ok(rights.into_iter().collect())
}

fn shown(changed: Result<Changed, ChangeFault>) -> Answer<api::InstalledPlugin> {
    let Changed { entry, is_new } = changed?;
    let current = entry.current;
    Ok(Json(api::InstalledPlugin {
        id: entry.id.to_string(),
        version: current.version,
        source: current.source,
        digest: current.digest,
        kinds: current.kinds,
        grants: current.grants.into_iter().collect(),
        signer: current.signer,
        installed_at: view::time(current.installed_at),
        previous_version: entry.previous.map(|previous| previous.version),
        changed: is_new,
    }))
}

impl From<ChangeFault> for ApiError {
    fn from(fault: ChangeFault) -> Self {
        match fault {
            ChangeFault::Unknown(sentence) => Self::not_found(sentence),
            ChangeFault::Refused(sentence) => Self::conflict(sentence),
            ChangeFault::NotNow(sentence) => Self::unavailable(sentence),
        }
    }
}
