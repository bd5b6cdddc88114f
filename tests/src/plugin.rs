//! Components that differ from those that were built: other names, other versions, other manifests.

use std::path::PathBuf;

use crate::agent::{component, workspace};

/// The bytes of a test component.
///
/// # Panics
/// When it was not built.
pub fn component_bytes(name: &str) -> Vec<u8> {
    std::fs::read(component(name)).expect("a component can be read")
}

/// The bytes of a plugin that ships.
///
/// # Panics
/// When it was not built.
pub fn bundled_bytes(name: &str) -> Vec<u8> {
    let path: PathBuf = workspace().join(format!("target/plugins/{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The same component with other words in its manifest, each as long as the one before.
///
/// # Panics
/// When a word does not stand in the manifest, or the other one is longer or shorter.
pub fn reworded(component: &[u8], words: &[(&str, &str)]) -> Vec<u8> {
    const SECTION: &[u8] = b"instar:manifest";
    let begin = component.windows(SECTION.len()).rposition(|part| part == SECTION).expect("it carries a manifest");
    let (code, manifest) = component.split_at(begin);
    let mut manifest = String::from_utf8(manifest.to_vec()).expect("a manifest is text");
    for (before, after) in words {
        assert_eq!(before.len(), after.len(), "{before} and {after}");
        assert!(manifest.contains(before), "{before} does not stand in {manifest}");
        manifest = manifest.replacen(before, after, 1);
    }
    [code, manifest.as_bytes()].concat()
}

/// An execute type `shout`, which does what `script` does, in this version of five letters.
pub fn shout(version: &str) -> Vec<u8> {
    let words = [
        ("id = \"execute-script\"", "id = \"execute-shouts\""),
        ("version = \"0.1.0\"", &format!("version = \"{version}\"")),
        ("execute-type = \"script\"", "execute-type = \"shouts\""),
    ];
    reworded(&bundled_bytes("execute-script"), &words)
}

/// The same component with more at the end of its manifest.
///
/// # Panics
/// When it carries none at its end.
pub fn with_more(component: &[u8], more: &str) -> Vec<u8> {
    const SECTION: &[u8] = b"instar:manifest";
    let name = component.windows(SECTION.len()).rposition(|part| part == SECTION).expect("it carries a manifest");
    let manifest = [&component[name + SECTION.len()..], b"\n", more.as_bytes()].concat();
    // Before the name stand its length, the size of the section, and the number of custom sections.
    let size = leb128(SECTION.len() + 1 + component.len() - name - SECTION.len());
    let code = component[..name - 1].strip_suffix(size.as_slice()).and_then(|code| code.strip_suffix(&[0]));
    let code = code.expect("the manifest stands at the end");
    let name = [&[15], SECTION].concat();
    [code, &[0], &leb128(name.len() + manifest.len()), &name, &manifest].concat()
}

fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).expect("seven bits fit a byte");
        value >>= 7;
        match value {
            0 => {
                bytes.push(low);
                return bytes;
            }
            _ => bytes.push(low | 0x80),
        }
    }
}
