//! From a type that implements traits to the exports of a component.

use std::marker::PhantomData;

use crate::bindings::meta::exports::instar::plugin::plugin_meta::Guest;
use crate::guard::Rule;
use crate::{Diagnostic, Plugin, config};

/// Stands between the exports of a component and the plugin `T`.
#[derive(Debug)]
pub struct Export<T>(PhantomData<T>);

impl<T: Plugin> Guest for Export<T> {
    fn validate(config_json: String) -> Vec<Diagnostic> {
        config::validate::<T>(&config_json)
    }

    fn rules(config_json: String) -> Vec<Rule> {
        T::rules(&config::parse::<T>(&config_json))
    }
}

/// Makes a component of a type that is a plugin of one or several kinds: `register!(MyPlugin: run_guard, notifier)`.
///
/// The kinds are named like the interfaces they export: `execute`, `notifier`, `notifier_threads`, `notifier_inbound`,
/// `command_guard`, `tool_guard`, `outbound_guard`, `run_guard`, `output_guard`, `session_guard`. Use it once in a crate.
#[macro_export]
macro_rules! register {
    ($plugin:ty: $($kind:ident),+ $(,)?) => {
        const _: () = {
            type Exported = $crate::Export<$plugin>;
            $crate::bindings::meta::export!(Exported with_types_in $crate::bindings::meta);
            $($crate::bindings::$kind::export!(Exported with_types_in $crate::bindings::$kind);)+
        };
    };
}

/// Makes a component of an execute type: an [`ExecuteType`](crate::execute::ExecuteType) or a [`Reducer`](crate::execute::Reducer).
#[macro_export]
macro_rules! register_execute {
    ($plugin:ty) => {
        $crate::register!($plugin: execute);
    };
}

/// Makes a component of a [`Notifier`](crate::notifier::Notifier).
#[macro_export]
macro_rules! register_notifier {
    ($plugin:ty) => {
        $crate::register!($plugin: notifier);
    };
}

/// Makes a component of a [`CommandGuard`](crate::guard::CommandGuard).
#[macro_export]
macro_rules! register_command_guard {
    ($plugin:ty) => {
        $crate::register!($plugin: command_guard);
    };
}

/// Makes a component of a [`ToolGuard`](crate::guard::ToolGuard).
#[macro_export]
macro_rules! register_tool_guard {
    ($plugin:ty) => {
        $crate::register!($plugin: tool_guard);
    };
}

/// Makes a component of an [`OutboundGuard`](crate::guard::OutboundGuard).
#[macro_export]
macro_rules! register_outbound_guard {
    ($plugin:ty) => {
        $crate::register!($plugin: outbound_guard);
    };
}

/// Makes a component of a [`RunGuard`](crate::guard::RunGuard).
#[macro_export]
macro_rules! register_run_guard {
    ($plugin:ty) => {
        $crate::register!($plugin: run_guard);
    };
}

/// Makes a component of an [`OutputGuard`](crate::guard::OutputGuard).
#[macro_export]
macro_rules! register_output_guard {
    ($plugin:ty) => {
        $crate::register!($plugin: output_guard);
    };
}

/// Makes a component of a [`SessionGuard`](crate::guard::SessionGuard).
#[macro_export]
macro_rules! register_session_guard {
    ($plugin:ty) => {
        $crate::register!($plugin: session_guard);
    };
}
