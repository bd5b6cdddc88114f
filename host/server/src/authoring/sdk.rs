//! The SDK and the contract as they travel in the binary.

include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// Files of the folder `sdk` of a project: path and text.
pub(super) fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for (path, text) in SDK {
        let text = if *path == "plugin-sdk/Cargo.toml" { alone(text) } else { (*text).to_owned() };
        files.push((format!("sdk/{path}"), text));
    }
    files
}

/// The version that the contract calls itself.
pub(super) fn contract_version() -> &'static str {
    let mut words = SDK.iter().filter_map(|(_, text)| text.strip_prefix("package instar:plugin@")?.split(';').next());
    words.next().expect("a file of the contract begins with its package")
}

/// The SDK's manifest without its workspace: what it takes from there is written out.
fn alone(manifest: &str) -> String {
    let parse = |text: &str| text.parse::<toml::Table>().expect("the build read it");
    let (mut manifest, workspace) = (parse(manifest), parse(WORKSPACE));
    let shared = |section: &str| workspace["workspace"][section].clone();
    manifest.remove("lints");
    let package = shared("package");
    inherit(manifest.get_mut("package"), &package);
    let dependencies = shared("dependencies");
    inherit(manifest.get_mut("dependencies"), &dependencies);
    for target in manifest.get_mut("target").and_then(toml::Value::as_table_mut).into_iter().flatten() {
        inherit(target.1.get_mut("dependencies"), &dependencies);
    }
    toml::to_string(&manifest).expect("a table can be written")
}

/// `name.workspace = true` becomes what the workspace says of the name.
fn inherit(table: Option<&mut toml::Value>, shared: &toml::Value) {
    for (name, value) in table.and_then(toml::Value::as_table_mut).into_iter().flatten() {
        let is_inherited = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
        if let Some(said) = shared.get(name).filter(|_| is_inherited) {
            *value = said.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_needs_no_workspace() {
        let files = files();
        let text = |path: &str| &files.iter().find(|(name, _)| name == path).expect("it travels along").1;
        let manifest = text("sdk/plugin-sdk/Cargo.toml");
        assert!(!manifest.contains("workspace") && manifest.contains("wit-bindgen"), "{manifest}");
        assert!(text("sdk/plugin-sdk/src/lib.rs").contains("pub mod execute"));
        assert!(!text("sdk/plugin-sdk/src/double/host.rs").is_empty(), "folders of the SDK travel along");
        assert!(contract_version().starts_with("0."), "{}", contract_version());
        assert!(files.iter().any(|(path, _)| path.starts_with("sdk/wit/") && path.ends_with(".wit")));
    }
}
