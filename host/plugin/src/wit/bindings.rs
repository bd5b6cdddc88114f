//! What wasmtime makes of the contract. Nothing here is written by hand.
//!
//! The world names everything that any kind exports: the host probes each interface by itself,
//! and no component has to have them all.

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package instar:host;
        world everything {
            import instar:plugin/log@0.1.0-dev;
            import instar:plugin/config@0.1.0-dev;
            import instar:plugin/clock@0.1.0-dev;
            import instar:plugin/kv@0.1.0-dev;
            import instar:plugin/secrets@0.1.0-dev;
            import instar:plugin/http@0.1.0-dev;
            import instar:plugin/jobs@0.1.0-dev;
            import instar:plugin/sessions@0.1.0-dev;
            import instar:plugin/events@0.1.0-dev;
            import instar:plugin/process@0.1.0-dev;
            export instar:plugin/plugin-meta@0.1.0-dev;
            export instar:plugin/execute@0.1.0-dev;
            export instar:plugin/notifier@0.1.0-dev;
            export instar:plugin/notifier-threads@0.1.0-dev;
            export instar:plugin/notifier-inbound@0.1.0-dev;
            export instar:plugin/command-guard@0.1.0-dev;
            export instar:plugin/tool-guard@0.1.0-dev;
            export instar:plugin/outbound-guard@0.1.0-dev;
            export instar:plugin/run-guard@0.1.0-dev;
            export instar:plugin/output-guard@0.1.0-dev;
            export instar:plugin/session-guard@0.1.0-dev;
        }
    ",
    world: "everything",
    require_store_data_send: true,
    imports: {
        "instar:plugin/kv@0.1.0-dev": async,
        "instar:plugin/http@0.1.0-dev": async,
        "instar:plugin/jobs@0.1.0-dev": async,
        "instar:plugin/sessions@0.1.0-dev": async,
        "instar:plugin/events@0.1.0-dev": async,
        "instar:plugin/process@0.1.0-dev": async,
    },
    exports: {
        "instar:plugin/plugin-meta@0.1.0-dev.validate": async,
        "instar:plugin/execute@0.1.0-dev.plan": async,
        "instar:plugin/execute@0.1.0-dev.step": async,
        "instar:plugin/execute@0.1.0-dev.migrate-state": async,
        "instar:plugin/notifier@0.1.0-dev.deliver": async,
        "instar:plugin/notifier@0.1.0-dev.probe": async,
        "instar:plugin/notifier-threads@0.1.0-dev.open": async,
        "instar:plugin/notifier-threads@0.1.0-dev.rename": async,
        "instar:plugin/notifier-threads@0.1.0-dev.close": async,
        "instar:plugin/notifier-threads@0.1.0-dev.reopen": async,
        "instar:plugin/notifier-inbound@0.1.0-dev.next-poll": async,
        "instar:plugin/notifier-inbound@0.1.0-dev.receive": async,
        "instar:plugin/notifier-inbound@0.1.0-dev.fetch-file": async,
        "instar:plugin/notifier-inbound@0.1.0-dev.mark": async,
    },
});
