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
            export instar:plugin/plugin-meta@0.1.0-dev;
            export instar:plugin/execute@0.1.0-dev;
            export instar:plugin/notifier@0.1.0-dev;
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
    exports: {
        "instar:plugin/execute@0.1.0-dev.plan": async,
        "instar:plugin/execute@0.1.0-dev.step": async,
        "instar:plugin/execute@0.1.0-dev.migrate-state": async,
        "instar:plugin/notifier@0.1.0-dev.deliver": async,
        "instar:plugin/notifier@0.1.0-dev.probe": async,
    },
});
