//! Values of secrets, on the host's side. No guest gets to see one.

use std::fmt;

use instar_core::id::PluginId;

const SHORTEST_SCRUBBED: usize = 8;

/// A value that nothing prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

/// Where the values are; asked anew for each use, so that a change needs no restart.
pub trait Secrets: fmt::Debug + Send + Sync {
    /// The value of a slot: what the operator set, else what stands in this variable of the environment.
    fn value(&self, plugin: &PluginId, slot: &str, env: Option<&str>) -> Option<Secret>;
}

impl Secret {
    /// Empty text is no secret.
    pub fn new(value: impl Into<Box<str>>) -> Option<Self> {
        Some(value.into()).filter(|value| !value.is_empty()).map(Self)
    }

    /// The text with it taken out; none where it does not stand there. A very short one would stand everywhere.
    pub fn scrubbed(&self, text: &str) -> Option<String> {
        (self.0.len() >= SHORTEST_SCRUBBED && text.contains(&*self.0))
            .then(|| text.replace(&*self.0, "[redacted: secret]"))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What stands where a secret was.
const BLACK: &str = "***";

/// The text without these secrets.
pub(crate) fn scrub(text: &str, secrets: &[Secret]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose(), BLACK))
}

/// The same for bytes of any kind.
pub(crate) fn scrub_bytes(bytes: Vec<u8>, secrets: &[Secret]) -> Vec<u8> {
    secrets.iter().fold(bytes, |bytes, secret| {
        let needle = secret.expose().as_bytes();
        let found = bytes.windows(needle.len()).any(|window| window == needle);
        if found { without(&bytes, needle) } else { bytes }
    })
}

fn without(bytes: &[u8], needle: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, behind)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(needle) {
            clean.extend_from_slice(BLACK.as_bytes());
            rest = after;
        } else {
            clean.push(*first);
            rest = behind;
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_printed_nowhere_and_scrubbed_everywhere() {
        let secret = Secret::new("s3cr3t").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(scrub("a s3cr3t, s3cr3ts", std::slice::from_ref(&secret)), "a ***, ***s");
        assert_eq!(scrub_bytes(b"\xffs3cr3t\x00".to_vec(), &[secret]), b"\xff***\x00");
        assert!(Secret::new("").is_none());
    }
}
