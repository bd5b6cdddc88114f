//! Whose a component is: minisign signatures over its bytes, its manifest included.
//!
//! A signature lies beside the component, as `<name>.minisig`. The key that verifies it is one that the operator
//! names or trusts, the one that was pinned at the first installation, or else the one that the manifest names.

use minisign_verify::{PublicKey, Signature};

/// What is claimed of a component, and what the operator says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claims<'a> {
    /// The text of the signature's file.
    pub(crate) signature: Option<&'a str>,
    /// The key in its manifest.
    pub(crate) publisher: Option<&'a str>,
    /// The key of what is installed, if something is.
    pub(crate) pinned: Option<&'a str>,
    /// The key that the operator named for this installation.
    pub(crate) named: Option<&'a str>,
    /// `plugins.trustedKeys`.
    pub(crate) trusted: &'a [String],
    /// `plugins.requireSignature`.
    pub(crate) required: bool,
}

/// Why a component is not taken for what it claims to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untrusted {
    #[error("it is not signed, and `plugins.requireSignature` wants it to be")]
    Unsigned,
    #[error(
        "THE SIGNER CHANGED: what is installed was signed by {pinned}, and this is not signed at all. If that is meant to be, remove the plugin first"
    )]
    NoLongerSigned { pinned: String },
    #[error(
        "THE SIGNER CHANGED: what is installed was signed by {pinned}, and this by {signer}. If its author says that this is meant \
         to be, `--signer {signer}` takes it"
    )]
    OtherSigner { pinned: String, signer: String },
    #[error("its signature is not of the form that minisign writes: {0}")]
    Form(String),
    #[error(
        "its signature does not fit it: it was changed after it was signed, or signed with a key that is not known here; `--signer KEY` names one"
    )]
    Unverified,
    #[error("it is signed by {signer}, which `plugins.trustedKeys` does not name")]
    NotTrusted { signer: String },
    #[error("{0:?} is no public key of minisign")]
    Key(String),
}

/// The key that signed it; none where it is unsigned and may be.
pub(crate) fn judge(bytes: &[u8], claims: &Claims<'_>) -> Result<Option<String>, Untrusted> {
    let Some(text) = claims.signature else {
        return match claims.pinned {
            Some(pinned) => Err(Untrusted::NoLongerSigned { pinned: pinned.to_owned() }),
            None if claims.required => Err(Untrusted::Unsigned),
            None => Ok(None),
        };
    };
    let signature = Signature::decode(text).map_err(|error| Untrusted::Form(error.to_string()))?;
    let keys = claims.named.into_iter().chain(claims.pinned).chain(claims.trusted.iter().map(String::as_str));
    let mut signer = None;
    for key in keys.chain(claims.publisher) {
        let public = PublicKey::from_base64(key).map_err(|_| Untrusted::Key(key.to_owned()))?;
        if signer.is_none() && public.verify(bytes, &signature, false).is_ok() {
            signer = Some(key.to_owned());
        }
    }
    let signer = signer.ok_or(Untrusted::Unverified)?;
    let is_named = claims.named == Some(signer.as_str());
    if let Some(pinned) = claims.pinned.filter(|pinned| *pinned != signer && !is_named) {
        return Err(Untrusted::OtherSigner { pinned: pinned.to_owned(), signer });
    }
    if claims.required && !claims.trusted.contains(&signer) {
        return Err(Untrusted::NotTrusted { signer });
    }
    Ok(Some(signer))
}

/// Whether a text is a public key.
pub(crate) fn is_key(text: &str) -> bool {
    PublicKey::from_base64(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the documentation of minisign-verify: the text `test`, its signature, and the key.
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const OTHER: &str = "RWSGOq2NVecA2UPNdBUZykf1CCb147pkmdtYxgb3Ti+JO/wCYvhbAb/U";
    const SIGNATURE: &str = "untrusted comment: signature from minisign secret key\n\
        RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
        trusted comment: timestamp:1633700835\tfile:test\tprehashed\n\
        wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==\n";

    fn signed() -> Claims<'static> {
        Claims { signature: Some(SIGNATURE), publisher: Some(KEY), ..Claims::default() }
    }

    fn check(claims: &Claims<'_>) -> Result<Option<String>, Untrusted> {
        judge(b"test", claims)
    }

    #[test]
    fn the_first_signer_is_the_one_that_the_manifest_names() {
        assert_eq!(check(&signed()), Ok(Some(KEY.to_owned())));
        assert_eq!(check(&Claims { pinned: Some(KEY), ..signed() }), Ok(Some(KEY.to_owned())));
        assert_eq!(check(&Claims::default()), Ok(None));
    }

    #[test]
    fn what_was_changed_or_is_no_signature_is_refused() {
        assert_eq!(judge(b"tess", &signed()), Err(Untrusted::Unverified));
        assert_eq!(check(&Claims { publisher: None, ..signed() }), Err(Untrusted::Unverified));
        assert!(matches!(check(&Claims { signature: Some("x"), ..signed() }), Err(Untrusted::Form(_))));
        assert!(matches!(check(&Claims { publisher: Some("x"), ..signed() }), Err(Untrusted::Key(_))));
    }

    #[test]
    fn another_signer_is_loud_and_taken_only_by_name() {
        let changed = Claims { pinned: Some(OTHER), ..signed() };
        let error = check(&changed).unwrap_err();
        assert!(matches!(error, Untrusted::OtherSigner { .. }) && error.to_string().starts_with("THE SIGNER CHANGED"));
        assert_eq!(check(&Claims { named: Some(KEY), ..changed }), Ok(Some(KEY.to_owned())));
        let unsigned = Claims { pinned: Some(OTHER), ..Claims::default() };
        assert!(matches!(check(&unsigned), Err(Untrusted::NoLongerSigned { .. })));
    }

    #[test]
    fn an_operator_may_want_signatures_of_known_keys() {
        let (known, others) = ([KEY.to_owned()], [OTHER.to_owned()]);
        assert_eq!(check(&Claims { required: true, ..Claims::default() }), Err(Untrusted::Unsigned));
        assert_eq!(check(&Claims { required: true, trusted: &known, ..signed() }), Ok(Some(KEY.to_owned())));
        let stranger = check(&Claims { required: true, trusted: &others, ..signed() });
        assert!(matches!(stranger, Err(Untrusted::NotTrusted { .. })), "{stranger:?}");
    }
}
