//! The doubles and the attack, tried on the components of tests and on what ships.
#![expect(clippy::unwrap_used, reason = "tests: a panic names the line")]

mod attack;
mod cases;
mod questions;
mod world;

use std::path::Path;

use instar_plugin_test::Plugin;

/// A component by the name of its crate.
#[track_caller]
fn plugin(name: &str) -> Plugin {
    let ships = ["execute-", "guard-", "notifier-"].iter().any(|kind| name.starts_with(kind));
    let folder = if ships { "plugins" } else { "components" };
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").join(folder);
    let built = Plugin::built(target.join(format!("{name}.wasm")));
    built.unwrap_or_else(|error| panic!("{error}; run `cargo xtask components`")).with_native_code_in(native_code())
}

fn native_code() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}
