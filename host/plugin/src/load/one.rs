//! Loading of one plugin: read, identify, audit, compile, try.

use std::sync::Arc;

use serde_json::json;
use wasmtime::component::{Component, Instance, InstancePre};
use wasmtime::{AsContextMut, Store};

use super::{Installed, Loader, Origin, Source, Trial};
use crate::audit::{self, Kind};
use crate::binary::Outline;
use crate::call::{Callee, at_once};
use crate::capability::rights::Rights;
use crate::error::{Cause, PluginError};
use crate::grants::{self, Grants};
use crate::lane::LaneKind;
use crate::limits::asked;
use crate::manifest::{Manifest, SecretSlot};
use crate::plugins::{DriverHalf, GuardHalf, Loaded, PluginInfo};
use crate::state::CallState;
use crate::text;
use crate::wit::exports::{
    command_guard, execute, notifier, notifier_inbound, notifier_threads, outbound_guard, output_guard, plugin_meta,
    run_guard, session_guard, tool_guard,
};
use crate::wit::since_v0_1::WitSeverity;

impl Loader {
    pub(super) fn load_one(&mut self, source: &Source, on_compile: &mut dyn FnMut(&str)) -> Result<(), PluginError> {
        let name = file_name(&source.origin);
        if let Origin::Installed(what) = &source.origin {
            if self.settings.disabled.contains(&what.id) && what.digest != source.digest {
                return Ok(());
            }
            if let Err(cause) = check_installed(what, source) {
                self.add_broken_kinds(&what.id, &what.kinds, &cause);
                return Err(PluginError::new(&name, cause));
            }
        }
        let (outline, manifest) = match self.read(&source.bytes) {
            Ok(read) => read,
            Err(cause) => {
                self.add_unread(&source.origin, &cause);
                return Err(PluginError::new(&name, cause));
            }
        };
        let info = info(source, &outline, &manifest);
        let failed = |cause| PluginError::new(&info.id, cause);
        self.check_unique(&info).map_err(failed)?;
        let only = &self.settings.only;
        if !only.is_empty() && !info.kinds.iter().any(|kind| only.contains(kind)) {
            return Ok(());
        }
        if self.settings.disabled.contains(&info.id) {
            self.add(PluginInfo { enabled: false, ..info }, None);
            return Ok(());
        }
        if let Some(quarantine) = self.settings.quarantined.get(&info.id).filter(|it| it.digest == info.digest).cloned()
        {
            let (id, faults, code) = (info.id.clone(), quarantine.faults, quarantine.code.clone());
            let cause = Cause::Quarantined { id, faults, code };
            self.add_broken(&info, &cause);
            let error = PluginError::new(&info.id, cause);
            self.add(PluginInfo { enabled: false, quarantine: Some(quarantine), ..info }, None);
            return Err(error);
        }
        match self.prepare(source, &outline, &manifest, &info, on_compile) {
            Ok(loaded) => {
                self.add(info, Some(loaded));
                Ok(())
            }
            Err(cause) => {
                self.add_broken(&info, &cause);
                Err(failed(cause))
            }
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<(Outline, Manifest), Cause> {
        let limit = self.settings.limits.component_bytes;
        if bytes.len() > limit {
            return Err(Cause::ComponentTooLarge { bytes: bytes.len(), limit });
        }
        let outline = Outline::read(bytes)?;
        let manifest = outline.manifest().and_then(Manifest::parse)?;
        Ok((outline, manifest))
    }

    /// What was installed and this host cannot read, such as a guard for another contract, is known all the same.
    fn add_unread(&mut self, origin: &Origin, cause: &Cause) {
        if let Origin::Installed(what) = origin
            && !self.settings.disabled.contains(&what.id)
        {
            self.add_broken_kinds(&what.id, &what.kinds, cause);
        }
    }

    fn check_unique(&self, info: &PluginInfo) -> Result<(), Cause> {
        match self.plugins.infos.iter().find(|other| other.id == info.id) {
            Some(first) => Err(Cause::DuplicatePlugin { first: first.origin.to_string() }),
            None => Ok(()),
        }
    }

    fn check_execute_type(&self, info: &PluginInfo) -> Result<(), Cause> {
        check_execute_name(&info.kinds, info.execute_type.as_deref())?;
        let Some(name) = &info.execute_type else { return Ok(()) };
        match self.plugins.loaded.iter().find(|other| other.execute_type.as_ref() == Some(name)) {
            Some(other) => Err(Cause::DuplicateExecuteType { name: name.clone(), owner: other.id.to_string() }),
            None => Ok(()),
        }
    }

    fn prepare(
        &mut self,
        source: &Source,
        outline: &Outline,
        manifest: &Manifest,
        info: &PluginInfo,
        on_compile: &mut dyn FnMut(&str),
    ) -> Result<Loaded, Cause> {
        audit::audit(outline)?;
        asked::check(&manifest.limits, &info.kinds).map_err(Cause::BadManifest)?;
        let operator = self.settings.operator.get(&info.id).cloned().unwrap_or_default();
        let grants = grants::decide(&info.origin, &info.digest, &info.imports, &info.kinds, manifest, &operator)?;
        let limits = asked::apply(self.settings.limits.clone(), &manifest.limits, grants.more_limits);
        let rights = self.rights(grants, info);
        self.check_execute_type(info)?;
        let config_json = self.config_json(info)?;
        let has_guards = info.kinds.iter().any(|kind| kind.is_guard());
        let has_drivers = info.kinds.iter().any(|kind| !kind.is_guard());
        let mut loaded = Loaded {
            id: info.id.clone(),
            execute_type: info.execute_type.clone(),
            config_json,
            is_set_up: self.is_set_up(info),
            rights,
            limits,
            counter: self.settings.stats.of(&info.id),
            guard: None,
            driver: None,
        };
        if has_guards {
            let pre = self.compile(LaneKind::Guard, source, info, on_compile)?;
            loaded.guard = Some(GuardHalf::new(pre, &info.kinds).map_err(incompatible)?);
        }
        if has_drivers {
            let pre = self.compile(LaneKind::Driver, source, info, on_compile)?;
            loaded.driver = Some(DriverHalf::new(pre, &info.kinds).map_err(incompatible)?);
        }
        self.try_out_unless_tried(&loaded, manifest, &info.digest)?;
        Ok(loaded)
    }

    /// What ships is there without having been wanted.
    fn is_set_up(&self, info: &PluginInfo) -> bool {
        !matches!(info.origin, Origin::Bundled { .. }) || self.settings.configs.contains_key(&info.id)
    }

    /// What it may do; guards only think.
    fn rights(&self, grants: Grants, info: &PluginInfo) -> Option<Arc<Rights>> {
        if info.kinds.iter().all(|kind| kind.is_guard()) {
            return None;
        }
        let config = self.settings.configs.get(&info.id).cloned().unwrap_or_default();
        let (means, client) = (self.settings.means.clone(), self.client.clone());
        let counter = self.settings.stats.of(&info.id);
        Some(Arc::new(Rights::new(info.id.clone(), grants, means, client, config, counter)))
    }

    fn config_json(&self, info: &PluginInfo) -> Result<Arc<str>, Cause> {
        match self.settings.configs.get(&info.id) {
            None => Ok("{}".into()),
            Some(config) if config.is_object() => Ok(config.to_string().into()),
            Some(_) => Err(Cause::BadConfig("it must be a JSON object".to_owned())),
        }
    }

    /// Native code with everything linked; compiled only if it is neither in the cache nor beside the component.
    fn compile(
        &mut self,
        kind: LaneKind,
        source: &Source,
        info: &PluginInfo,
        on_compile: &mut dyn FnMut(&str),
    ) -> Result<InstancePre<CallState>, Cause> {
        let engine = self.lane(kind)?.engine.clone();
        let compiled = self.cache.load(&engine, source, &mut || on_compile(info.id.as_str()))?;
        if let Some(problem) = compiled.problem {
            self.report(PluginError::new(&info.id, problem));
        }
        let component: Component = compiled.component;
        self.lane(kind)?.linker.instantiate_pre(&component).map_err(incompatible)
    }

    fn try_out_unless_tried(&self, loaded: &Loaded, manifest: &Manifest, digest: &str) -> Result<(), Cause> {
        let lane = self.plugins.guard_lane.as_ref().or(self.plugins.driver_lane.as_ref());
        let engine = &lane.expect("a component is compiled for a lane that exists").engine;
        let remembers = self.settings.trial == Trial::Once;
        if remembers && self.cache.was_tried(engine, digest, &loaded.config_json) {
            return Ok(());
        }
        if let Some(schema) = manifest.config_schema()? {
            schema.judge(&self.settings.configs.get(&loaded.id).cloned().unwrap_or_else(|| json!({})))?;
        }
        self.try_out(loaded)?;
        if remembers {
            self.cache.keep_trial(engine, digest, &loaded.config_json);
        }
        Ok(())
    }

    /// Makes one instance of each half: its functions must have the contract's types, and it must
    /// accept its configuration.
    fn try_out(&self, loaded: &Loaded) -> Result<(), Cause> {
        if let Some(half) = &loaded.guard {
            self.try_half(loaded, LaneKind::Guard, &half.pre, |store, instance| half.check_types(store, instance))?;
        }
        if let Some(half) = &loaded.driver {
            self.try_half(loaded, LaneKind::Driver, &half.pre, |store, instance| half.check_types(store, instance))?;
        }
        Ok(())
    }

    fn try_half(
        &self,
        loaded: &Loaded,
        kind: LaneKind,
        pre: &InstancePre<CallState>,
        check_types: impl Fn(&mut Store<CallState>, &Instance) -> wasmtime::Result<()>,
    ) -> Result<(), Cause> {
        let lane = match kind {
            LaneKind::Guard => &self.plugins.guard_lane,
            LaneKind::Driver => &self.plugins.driver_lane,
        };
        let callee = Callee {
            lane: lane.as_ref().expect("a component is compiled for a lane that exists"),
            pre,
            plugin: &loaded.id,
            config_json: &loaded.config_json,
            trace_id: "",
            rights: None,
            depth: 0,
            counter: None,
            limits: loaded.limits.validate,
            queue: self.settings.limits.queue,
        };
        let meta = plugin_meta::GuestIndices::new(pre).map_err(incompatible)?;
        let mut live = callee.start_at_once(loaded.config_json.len())?;
        check_types(&mut live.store, &live.instance).map_err(incompatible)?;
        let guest = meta.load(&mut live.store, &live.instance).map_err(incompatible)?;
        let outcome = at_once(guest.call_validate(&mut live.store, &loaded.config_json));
        judge_config(&live.settle(outcome)?)
    }
}

impl GuardHalf {
    fn new(pre: InstancePre<CallState>, kinds: &[Kind]) -> wasmtime::Result<Self> {
        let has = |kind| kinds.contains(&kind);
        Ok(Self {
            command: has(Kind::CommandGuard).then(|| command_guard::GuestIndices::new(&pre)).transpose()?,
            tool: has(Kind::ToolGuard).then(|| tool_guard::GuestIndices::new(&pre)).transpose()?,
            outbound: has(Kind::OutboundGuard).then(|| outbound_guard::GuestIndices::new(&pre)).transpose()?,
            run: has(Kind::RunGuard).then(|| run_guard::GuestIndices::new(&pre)).transpose()?,
            output: has(Kind::OutputGuard).then(|| output_guard::GuestIndices::new(&pre)).transpose()?,
            session: has(Kind::SessionGuard).then(|| session_guard::GuestIndices::new(&pre)).transpose()?,
            pre,
        })
    }

    fn check_types(&self, mut store: impl AsContextMut, instance: &Instance) -> wasmtime::Result<()> {
        let store = &mut store;
        self.command.as_ref().map(|hook| hook.load(&mut *store, instance)).transpose()?;
        self.tool.as_ref().map(|hook| hook.load(&mut *store, instance)).transpose()?;
        self.outbound.as_ref().map(|hook| hook.load(&mut *store, instance)).transpose()?;
        self.run.as_ref().map(|hook| hook.load(&mut *store, instance)).transpose()?;
        self.output.as_ref().map(|hook| hook.load(&mut *store, instance)).transpose()?;
        self.session.as_ref().map(|hook| hook.load(&mut *store, instance)).transpose()?;
        Ok(())
    }
}

impl DriverHalf {
    fn new(pre: InstancePre<CallState>, kinds: &[Kind]) -> wasmtime::Result<Self> {
        let has = |kind| kinds.contains(&kind);
        Ok(Self {
            execute: has(Kind::Execute).then(|| execute::GuestIndices::new(&pre)).transpose()?,
            notifier: has(Kind::Notifier).then(|| notifier::GuestIndices::new(&pre)).transpose()?,
            threads: has(Kind::NotifierThreads).then(|| notifier_threads::GuestIndices::new(&pre)).transpose()?,
            inbound: has(Kind::NotifierInbound).then(|| notifier_inbound::GuestIndices::new(&pre)).transpose()?,
            pre,
        })
    }

    fn check_types(&self, mut store: impl AsContextMut, instance: &Instance) -> wasmtime::Result<()> {
        let store = &mut store;
        self.execute.as_ref().map(|kind| kind.load(&mut *store, instance)).transpose()?;
        self.notifier.as_ref().map(|kind| kind.load(&mut *store, instance)).transpose()?;
        self.threads.as_ref().map(|kind| kind.load(&mut *store, instance)).transpose()?;
        self.inbound.as_ref().map(|kind| kind.load(&mut *store, instance)).transpose()?;
        Ok(())
    }
}

/// The export and the name of an execute type go together.
pub(crate) fn check_execute_name(kinds: &[Kind], name: Option<&str>) -> Result<(), Cause> {
    let bad = |why: &str| Err(Cause::BadManifest(why.to_owned()));
    match (kinds.contains(&Kind::Execute), name) {
        (true, None) => bad("it exports `execute`, so the manifest needs `execute-type`"),
        (false, Some(_)) => bad("`execute-type` is given, and `execute` is not exported"),
        (true, Some(_)) | (false, None) => Ok(()),
    }
}

/// Serious remarks refuse the plugin; the others are for the log.
fn judge_config(remarks: &[plugin_meta::Diagnostic]) -> Result<(), Cause> {
    let mut serious = Vec::new();
    for remark in remarks {
        let place = if remark.path.is_empty() { "" } else { ": " };
        let told = text::clean(&format!("{}{place}{}", remark.path, remark.message));
        match remark.severity {
            WitSeverity::High | WitSeverity::Critical => serious.push(told),
            WitSeverity::Info | WitSeverity::Low | WitSeverity::Medium => tracing::info!("configuration: {told}"),
        }
    }
    if serious.is_empty() { Ok(()) } else { Err(Cause::BadConfig(text::clean(&serious.join("; ")))) }
}

fn info(source: &Source, outline: &Outline, manifest: &Manifest) -> PluginInfo {
    PluginInfo {
        id: manifest.id.clone(),
        version: manifest.version.clone(),
        description: text::clean(&manifest.description),
        kinds: audit::kinds(outline),
        execute_type: manifest.execute_type.clone(),
        digest: source.digest.clone().into_owned(),
        origin: source.origin.clone(),
        imports: outline.imports.clone(),
        secrets: manifest.secrets.iter().map(SecretSlot::told).collect(),
        enabled: true,
        quarantine: None,
    }
}

/// Nobody but the installer writes these files, and it writes each once.
fn check_installed(what: &Installed, source: &Source) -> Result<(), Cause> {
    let path = what.path.clone();
    if source.bytes.is_empty() {
        return Err(Cause::ComponentMissing { path });
    }
    if source.digest != what.digest { Err(Cause::ComponentAltered { path }) } else { Ok(()) }
}

/// What a plugin is called until its id is known.
fn file_name(origin: &Origin) -> String {
    match origin {
        Origin::Bundled { name } => name.clone(),
        Origin::Installed(what) => what.id.to_string(),
        Origin::File(path) => path.file_name().map_or_else(|| origin.to_string(), |name| name.to_string_lossy().into()),
    }
}

fn incompatible(error: wasmtime::Error) -> Cause {
    Cause::IncompatibleContract(format!("{error:#}"))
}
