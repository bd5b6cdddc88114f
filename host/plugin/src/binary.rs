//! What can be read from a component's bytes without compiling it: names of imports and exports, its manifest.

use wasmparser::{Chunk, Encoding, Parser, Payload};

use crate::error::Cause;

/// The custom section that carries `plugin.toml`.
pub(crate) const MANIFEST_SECTION: &str = "instar:manifest";

/// The outline of a component.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// None, one, or by mistake several.
    pub manifests: Vec<Vec<u8>>,
}

impl Outline {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Cause> {
        let mut outline = Self::default();
        let mut parser = Parser::new(0);
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).ok_or_else(|| Cause::NotAComponent("it is cut off".to_owned()))?;
            let chunk = parser.parse(rest, true).map_err(|error| Cause::NotAComponent(error.to_string()))?;
            let Chunk::Parsed { consumed, payload } = chunk else {
                return Err(Cause::NotAComponent("it is cut off".to_owned()));
            };
            at += consumed;
            match payload {
                Payload::Version { encoding: Encoding::Module, .. } => {
                    return Err(Cause::NotAComponent("it is a core module".to_owned()));
                }
                // What is nested is most of a component, and says nothing to us.
                Payload::ModuleSection { unchecked_range: nested, .. }
                | Payload::ComponentSection { unchecked_range: nested, .. } => at = nested.end,
                Payload::End(_) => return outline.check_names(),
                top => outline.note(top).map_err(|error| Cause::NotAComponent(error.to_string()))?,
            }
        }
    }

    /// The manifest that the component carries.
    pub(crate) fn manifest(&self) -> Result<&[u8], Cause> {
        match self.manifests.as_slice() {
            [] => Err(Cause::NoManifest),
            [one] => Ok(one),
            many => Err(Cause::BadManifest(format!("the component carries {} of them", many.len()))),
        }
    }

    fn check_names(self) -> Result<Self, Cause> {
        let unreadable = self.imports.iter().chain(&self.exports).any(|name| !is_readable(name));
        if unreadable { Err(Cause::NotAComponent("a name that cannot be shown".to_owned())) } else { Ok(self) }
    }

    fn note(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::ComponentImportSection(section) => {
                for import in section {
                    self.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    self.exports.push(export?.name.name.to_owned());
                }
            }
            Payload::CustomSection(section) if section.name() == MANIFEST_SECTION => {
                self.manifests.push(section.data().to_vec());
            }
            _ => {}
        }
        Ok(())
    }
}

/// The component with this manifest inside, as a custom section at its end: id 0, size, name, content.
pub fn with_manifest(component: &[u8], manifest: &[u8]) -> Vec<u8> {
    let mut section = Vec::new();
    push_leb128(&mut section, MANIFEST_SECTION.len());
    section.extend_from_slice(MANIFEST_SECTION.as_bytes());
    section.extend_from_slice(manifest);
    let mut whole = component.to_vec();
    whole.push(0);
    push_leb128(&mut whole, section.len());
    whole.extend_from_slice(&section);
    whole
}

fn push_leb128(bytes: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7f).expect("seven bits fit a byte");
        value >>= 7;
        if value == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

/// Names are shown to people, and compared with ours; both want them plain.
fn is_readable(name: &str) -> bool {
    name.len() <= 256 && !name.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    #[track_caller]
    fn check_refused(bytes: &[u8]) {
        let code = Outline::read(bytes).expect_err("it was read").code();
        assert_eq!(code, "not-a-component");
    }

    #[test]
    fn what_is_no_component_is_refused() {
        check_refused(b"");
        check_refused(b"#!/bin/sh\necho hello\n");
        check_refused(b"\0asm\x01\0\0\0");
        check_refused(&EMPTY_COMPONENT[..6]);
    }

    #[test]
    fn a_manifest_is_read_and_a_second_one_is_refused() {
        let section = [b"\0\x12\x0finstar:manifest".as_slice(), b"hi"].concat();
        assert_eq!(with_manifest(EMPTY_COMPONENT, b"hi"), [EMPTY_COMPONENT, &section].concat());
        let long = with_manifest(EMPTY_COMPONENT, &[b'#'; 300]);
        assert_eq!(Outline::read(&long).unwrap().manifest().unwrap(), [b'#'; 300]);
        let one = [EMPTY_COMPONENT, &section].concat();
        assert_eq!(Outline::read(EMPTY_COMPONENT).unwrap().manifest().unwrap_err().code(), "no-manifest");
        assert_eq!(Outline::read(&one).unwrap().manifest().unwrap(), b"hi");
        let two = [EMPTY_COMPONENT, &section, &section].concat();
        assert_eq!(Outline::read(&two).unwrap().manifest().unwrap_err().code(), "bad-manifest");
    }
}
