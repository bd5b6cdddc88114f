//! Other builds of guards beside those that judge: put there, compared and taken away while the server runs.

use std::sync::Arc;

use instar_api::{PluginProblem, PluginShadow};
use instar_core::id::PluginId;
use instar_engine::Engine;

use super::LivePlugins;
use super::change::{ChangeFault, chain, refused};
use crate::config::Config;
use crate::installed::{NoShadow, Place, Site, SiteFault, fetch};
use crate::shadow::{Queue, Shadows};

impl LivePlugins {
    pub(crate) fn shadows(&self) -> &Arc<Shadows> {
        &self.shadows
    }

    /// Where questions go that hooks leave.
    pub(crate) fn questions(&self) -> Arc<Queue> {
        self.questions.clone()
    }

    /// What came of the comparison so far.
    pub(crate) fn shadow_of(&self, id: &PluginId, limit: usize) -> Result<PluginShadow, ChangeFault> {
        let told = self.shadows.told(id, limit).ok_or_else(|| SiteFault::from(NoShadow::Nobody(id.clone())))?;
        let judges = self.list().plugins.iter().any(|plugin| plugin.id == id.as_str() && plugin.enabled);
        if judges || told.problem.is_some() {
            return Ok(told);
        }
        let problem = PluginProblem {
            plugin: id.to_string(),
            code: "nobody-judges".to_owned(),
            message: format!("`{id}` itself is not asked: it is disabled, in quarantine, or could not be loaded"),
        };
        Ok(PluginShadow { comparing: false, problem: Some(problem), ..told })
    }

    /// Puts another build beside the one that judges.
    pub(crate) async fn put_shadow(
        &self,
        engine: &Engine,
        id: PluginId,
        from: &str,
        limit: usize,
    ) -> Result<PluginShadow, ChangeFault> {
        let place = Place::parse(from).map_err(|error| refused(&chain(&error)))?;
        let fetched = fetch(&place).await.map_err(|error| refused(&chain(&error)))?;
        let of = id.clone();
        self.on_site(engine, move |site| Ok(site.put_shadow(&of, &place, fetched)?)).await?;
        self.shadow_of(&id, limit)
    }

    /// What came of the comparison until now, which is not kept.
    pub(crate) async fn end_shadow(
        &self,
        engine: &Engine,
        id: PluginId,
        limit: usize,
    ) -> Result<PluginShadow, ChangeFault> {
        let told = self.shadow_of(&id, limit)?;
        self.on_site(engine, move |site| Ok(site.end_shadow(&id)?)).await?;
        Ok(PluginShadow { comparing: false, ..told })
    }

    pub(super) async fn load_shadows(&self, config: &Config) {
        let site = Site::new(self.project.clone(), config.clone(), self.bundled.clone());
        let shadows = self.shadows.clone();
        let loading = tokio::task::spawn_blocking(move || {
            shadows.replace(site.shadows(), &site.settings(), site.config.quarantine_after);
        });
        if let Err(error) = loading.await {
            tracing::error!(%error, "guards in shadow could not be loaded");
        }
    }
}
