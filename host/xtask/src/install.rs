//! `cargo xtask install`: one `instar` that needs nothing beside it, since its plugins travel inside.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::components::{self, Set};
use crate::{native, setup, shell};

pub(crate) fn run() -> Result<()> {
    let toolchain = setup::ensure_target()?;
    components::build(&toolchain, Set::Plugins)?;
    let root = install_root(|name| std::env::var_os(name).map(PathBuf::from))
        .context("neither CARGO_INSTALL_ROOT, CARGO_HOME nor HOME says where programs go")?;
    native::build_with_code(|| {
        let mut build = shell::cargo();
        build.args(["build", "--release", "--locked", "--package", "instar"]);
        build
    })?;
    let mut install = shell::cargo();
    install.args(["install", "--path", "host/server", "--locked", "--force", "--root"]).arg(&root);
    shell::step("install instar", &mut install)?;
    let instar = root.join("bin/instar");
    let version = shell::output(shell::program(&instar).arg("--version"));
    let Some(version) = version else { bail!("{} was installed and does not run", instar.display()) };
    println!("instar {} is in {}", version.trim(), instar.display());
    if let Some(advice) = advice(&instar, shell::on_path("instar").as_deref()) {
        println!("{advice}");
    }
    Ok(())
}

/// Where cargo itself would install to, but for a key in its configuration.
fn install_root(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let named = variable("CARGO_INSTALL_ROOT").or_else(|| variable("CARGO_HOME"));
    named.or_else(|| Some(variable("HOME")?.join(".cargo")))
}

/// A shell that would run another `instar`, or none, is worth a line.
fn advice(installed: &Path, on_path: Option<&Path>) -> Option<String> {
    let folder = installed.parent().unwrap_or(installed).display();
    match on_path {
        Some(found) if found == installed => None,
        Some(found) => Some(format!("{} comes first on the PATH; put {folder} before it", found.display())),
        None => Some(format!("{folder} is not on the PATH; add it: export PATH=\"{folder}:$PATH\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_go_where_cargo_puts_them() {
        let root = |set: &[(&str, &str)]| {
            install_root(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value)))
        };
        assert_eq!(root(&[("HOME", "/h")]), Some("/h/.cargo".into()));
        assert_eq!(root(&[("HOME", "/h"), ("CARGO_HOME", "/c")]), Some("/c".into()));
        assert_eq!(root(&[("CARGO_HOME", "/c"), ("CARGO_INSTALL_ROOT", "/i")]), Some("/i".into()));
        assert_eq!(root(&[]), None);
    }

    #[test]
    fn another_instar_on_the_path_is_said() {
        let installed = Path::new("/h/.cargo/bin/instar");
        assert_eq!(advice(installed, Some(installed)), None);
        assert!(advice(installed, Some(Path::new("/usr/bin/instar"))).is_some_and(|text| text.contains("/usr/bin")));
        assert!(advice(installed, None).is_some_and(|text| text.contains("export PATH")));
    }
}
