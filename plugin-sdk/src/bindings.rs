//! What wit-bindgen makes of the contract: one small world for each exported interface.
//!
//! A world's description enters a component only where its `export!` macro is used, so a plugin of one
//! kind carries nothing of the others. The shared words are made once, in `words`.

/// Words that all kinds share, and what a plugin may ask the host.
pub mod words {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "
            package instar:sdk-words;
            world words {
                import instar:plugin/types@0.1.0;
                import instar:plugin/guard-types@0.1.0;
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
            }
        ",
        world: "words",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq, Eq],
    });
}

/// What every plugin answers about itself.
pub mod meta {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package instar:sdk-plugin-meta; world plugin-meta-only { export instar:plugin/plugin-meta@0.1.0; }",
        world: "plugin-meta-only",
        with: {
            "instar:plugin/types@0.1.0": crate::bindings::words::instar::plugin::types,
            "instar:plugin/guard-types@0.1.0": crate::bindings::words::instar::plugin::guard_types,
            "instar:plugin/plugin-meta@0.1.0": generate,
        },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
    });
}

/// An execute type.
pub mod execute {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package instar:sdk-execute; world execute-only { export instar:plugin/execute@0.1.0; }",
        world: "execute-only",
        with: {
            "instar:plugin/types@0.1.0": crate::bindings::words::instar::plugin::types,
            "instar:plugin/execute@0.1.0": generate,
        },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
    });
}

/// A notifier.
pub mod notifier {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package instar:sdk-notifier; world notifier-only { export instar:plugin/notifier@0.1.0; }",
        world: "notifier-only",
        with: {
            "instar:plugin/types@0.1.0": crate::bindings::words::instar::plugin::types,
            "instar:plugin/notifier@0.1.0": generate,
        },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
    });
}

/// A notifier that has threads.
pub mod notifier_threads {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package instar:sdk-notifier-threads; world notifier-threads-only { export instar:plugin/notifier-threads@0.1.0; }",
        world: "notifier-threads-only",
        with: {
            "instar:plugin/types@0.1.0": crate::bindings::words::instar::plugin::types,
            "instar:plugin/notifier-threads@0.1.0": generate,
        },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
    });
}

/// A notifier that hears.
pub mod notifier_inbound {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package instar:sdk-notifier-inbound; world notifier-inbound-only { export instar:plugin/notifier-inbound@0.1.0; }",
        world: "notifier-inbound-only",
        with: {
            "instar:plugin/types@0.1.0": crate::bindings::words::instar::plugin::types,
            "instar:plugin/http@0.1.0": crate::bindings::words::instar::plugin::http,
            "instar:plugin/notifier-inbound@0.1.0": generate,
        },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
    });
}

/// A guard of shell commands.
pub mod command_guard {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package instar:sdk-command-guard; world command-guard-only { export instar:plugin/command-guard@0.1.0; }",
        world: "command-guard-only",
        with: {
            "instar:plugin/types@0.1.0": crate::bindings::words::instar::plugin::types,
            "instar:plugin/guard-types@0.1.0": crate::bindings::words::instar::plugin::guard_types,
            "instar:plugin/command-guard@0.1.0": generate,
        },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
    });
}

/// A guard of tool calls.
pub mod tool_guard {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package instar:sdk-tool-guard; world tool-guard-only { export instar:plugin/tool-guard@0.1.0; }",
        world: "tool-guard-only",
        with: {
            "instar:plugin/types@0.1.0": crate::bindings::words::instar::plugin::types,
            "instar:plugin/guard-types@0.1.0": crate::bindings::words::instar::plugin::guard_types,
            "instar:plugin/tool-guard@0.1.0": generate,
        },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
    });
}

/// A guard of outgoing text.
pub mod outbound_guard {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package instar:sdk-outbound-guard; world outbound-guard-only { export instar:plugin/outbound-guard@0.1.0; }",
        world: "outbound-guard-only",
        with: {
            "instar:plugin/types@0.1.0": crate::bindings::words::instar::plugin::types,
            "instar:plugin/guard-types@0.1.0": crate::bindings::words::instar::plugin::guard_types,
            "instar:plugin/outbound-guard@0.1.0": generate,
        },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
    });
}

/// A guard of run starts.
pub mod run_guard {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package instar:sdk-run-guard; world run-guard-only { export instar:plugin/run-guard@0.1.0; }",
        world: "run-guard-only",
        with: {
            "instar:plugin/types@0.1.0": crate::bindings::words::instar::plugin::types,
            "instar:plugin/guard-types@0.1.0": crate::bindings::words::instar::plugin::guard_types,
            "instar:plugin/run-guard@0.1.0": generate,
        },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
    });
}

/// A guard of output.
pub mod output_guard {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package instar:sdk-output-guard; world output-guard-only { export instar:plugin/output-guard@0.1.0; }",
        world: "output-guard-only",
        with: {
            "instar:plugin/types@0.1.0": crate::bindings::words::instar::plugin::types,
            "instar:plugin/guard-types@0.1.0": crate::bindings::words::instar::plugin::guard_types,
            "instar:plugin/output-guard@0.1.0": generate,
        },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
    });
}

/// A guard of sessions.
pub mod session_guard {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "package instar:sdk-session-guard; world session-guard-only { export instar:plugin/session-guard@0.1.0; }",
        world: "session-guard-only",
        with: {
            "instar:plugin/types@0.1.0": crate::bindings::words::instar::plugin::types,
            "instar:plugin/session-guard@0.1.0": generate,
        },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
    });
}
