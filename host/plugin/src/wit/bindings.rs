//! What wasmtime makes of the contract. Nothing here is written by hand.
//!
//! The world names everything that any kind exports: the host probes each interface by itself,
//! and no component has to have them all.

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package instar:host;
        world everything {
            import instar:plugin/log@0.1.0;
            import instar:plugin/config@0.1.0;
            import instar:plugin/clock@0.1.0;
            import instar:plugin/kv@0.1.0;
            import instar:plugin/secrets@0.1.0;
            import instar:plugin/http@0.1.0;
            import instar:plugin/jobs@0.1.0;
            import instar:plugin/sessions@0.1.0;
            import instar:plugin/events@0.1.0;
            import instar:plugin/process@0.1.0;
            export instar:plugin/plugin-meta@0.1.0;
            export instar:plugin/execute@0.1.0;
            export instar:plugin/notifier@0.1.0;
            export instar:plugin/notifier-threads@0.1.0;
            export instar:plugin/notifier-inbound@0.1.0;
            export instar:plugin/command-guard@0.1.0;
            export instar:plugin/tool-guard@0.1.0;
            export instar:plugin/outbound-guard@0.1.0;
            export instar:plugin/run-guard@0.1.0;
            export instar:plugin/output-guard@0.1.0;
            export instar:plugin/session-guard@0.1.0;
        }
    ",
    world: "everything",
    require_store_data_send: true,
    additional_derives: [serde::Serialize, serde::Deserialize],
    imports: {
        "instar:plugin/kv@0.1.0": async,
        "instar:plugin/http@0.1.0": async,
        "instar:plugin/jobs@0.1.0": async,
        "instar:plugin/sessions@0.1.0": async,
        "instar:plugin/events@0.1.0": async,
        "instar:plugin/process@0.1.0": async,
    },
    exports: {
        "instar:plugin/plugin-meta@0.1.0.validate": async,
        "instar:plugin/execute@0.1.0.plan": async,
        "instar:plugin/execute@0.1.0.step": async,
        "instar:plugin/execute@0.1.0.migrate-state": async,
        "instar:plugin/notifier@0.1.0.deliver": async,
        "instar:plugin/notifier@0.1.0.probe": async,
        "instar:plugin/notifier-threads@0.1.0.open": async,
        "instar:plugin/notifier-threads@0.1.0.rename": async,
        "instar:plugin/notifier-threads@0.1.0.close": async,
        "instar:plugin/notifier-threads@0.1.0.reopen": async,
        "instar:plugin/notifier-inbound@0.1.0.next-poll": async,
        "instar:plugin/notifier-inbound@0.1.0.receive": async,
        "instar:plugin/notifier-inbound@0.1.0.fetch-file": async,
        "instar:plugin/notifier-inbound@0.1.0.mark": async,
    },
});
