//! Secrets and headers of a request: each secret goes to the one place and host that the manifest names.

use hyper::header::{HeaderName, HeaderValue};

use super::Refusal;
use super::rule::{Target, is_named};
use crate::capability::rights::Rights;
use crate::capability::secrets::unknown;
use crate::manifest::{Inject, Place};
use crate::secret::Secret;
use crate::text::clean_up_to;

/// A secret with its place.
#[derive(Debug)]
pub(super) struct Credential {
    name: String,
    inject: Inject,
    value: Secret,
}

const MOST_HEADERS: usize = 64;

/// They are the host's, or bind two hosts together.
const HEADERS_OF_THE_HOST: [&str; 12] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "proxy-authorization",
    "proxy-connection",
    "accept-encoding",
];

impl Credential {
    /// Everything by which it could be seen.
    pub(super) fn shapes(self) -> Vec<Secret> {
        let encoded = Secret::new(encode(self.value.expose()));
        let differs = encoded.filter(|encoded| *encoded != self.value);
        [Some(self.value), differs].into_iter().flatten().collect()
    }

    fn written(&self) -> String {
        format!("{}{}", self.inject.prefix, self.value.expose())
    }
}

/// The secrets that the plugin wants put in, all of them for the host of this request.
pub(super) fn collect(rights: &Rights, names: &[String], target: &Target) -> Result<Vec<Credential>, Refusal> {
    let is_for = |inject: &Inject| match (&inject.host, &inject.setting) {
        (Some(host), _) => *host == target.host,
        (None, setting) => setting.as_ref().is_some_and(|setting| is_named(rights, setting, target)),
    };
    names
        .iter()
        .map(|name| {
            let slot = rights.slot(name);
            let found = slot.and_then(|slot| Some((slot, slot.inject.as_ref().filter(|it| is_for(it))?)));
            let Some((slot, inject)) = found else {
                return Err(Refusal::new("not-allowed", unknown(name).message));
            };
            let value = rights.secret(slot).map_err(|failure| Refusal::new("not-set", failure.message))?;
            Ok(Credential { name: name.clone(), inject: inject.clone(), value })
        })
        .collect()
}

/// The plugin's headers and those with secrets.
pub(super) fn headers(
    asked: &[(String, String)],
    credentials: &[Credential],
) -> Result<Vec<(HeaderName, HeaderValue)>, Refusal> {
    let bad = |name: &str| {
        let name = clean_up_to(name, 100);
        Refusal::new("not-allowed", format!("the header `{name}` is the host's, or none that can be sent"))
    };
    if asked.len() > MOST_HEADERS {
        return Err(Refusal::new("too-large", format!("more than {MOST_HEADERS} headers")));
    }
    let of_secrets: Vec<&Credential> =
        credentials.iter().filter(|credential| credential.inject.place == Place::Header).collect();
    let mut headers = Vec::with_capacity(asked.len() + of_secrets.len());
    for (name, value) in asked {
        let is_secrets =
            of_secrets.iter().any(|it| it.inject.name.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(name)));
        if is_secrets || HEADERS_OF_THE_HOST.iter().any(|header| header.eq_ignore_ascii_case(name)) {
            return Err(bad(name));
        }
        let parsed = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()));
        let (Ok(parsed), Ok(value)) = parsed else { return Err(bad(name)) };
        headers.push((parsed, value));
    }
    for credential in of_secrets {
        let name = credential.inject.name.as_deref().unwrap_or_default();
        let parsed = (HeaderName::try_from(name), HeaderValue::try_from(credential.written()));
        let (Ok(parsed), Ok(mut value)) = parsed else { return Err(bad(name)) };
        value.set_sensitive(true);
        headers.push((parsed, value));
    }
    Ok(headers)
}

/// Path and query with the secrets that belong into them.
pub(super) fn line(target: &Target, credentials: &[Credential]) -> Result<String, Refusal> {
    let mut path = target.path.clone();
    let mut query = target.query.clone().unwrap_or_default();
    for credential in credentials {
        match credential.inject.place {
            // One for an environment is for no request, so that it is not among these.
            Place::Header | Place::Environment => {}
            Place::Path => path = path.replace(&format!("{{{}}}", credential.name), &encode(&credential.written())),
            Place::Query => {
                let between = if query.is_empty() { "" } else { "&" };
                let name = credential.inject.name.as_deref().unwrap_or_default();
                query.push_str(&format!("{between}{}={}", encode(name), encode(&credential.written())));
            }
        }
    }
    if path.contains(['{', '}']) {
        let path = clean_up_to(&target.path, 200);
        return Err(Refusal::new(
            "not-allowed",
            format!("{path} names a credential that the request does not ask for"),
        ));
    }
    Ok(if query.is_empty() { path } else { format!("{path}?{query}") })
}

/// What may stand in a segment stays; all else is written in hexadecimal.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:@!$'()*,;".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(place: Place, name: Option<&str>, value: &str) -> Credential {
        let (host, name) = (Some("x.org".to_owned()), name.map(str::to_owned));
        let inject = Inject { host, setting: None, program: None, place, name, prefix: String::new() };
        Credential { name: "token".to_owned(), inject, value: Secret::new(value).unwrap() }
    }

    #[test]
    fn a_secret_goes_to_its_place() {
        let target = Target::parse("https://x.org/bot{token}/send?a=1").unwrap();
        let path = line(&target, &[credential(Place::Path, None, "12:A/b")]).unwrap();
        assert_eq!(path, "/bot12:A%2Fb/send?a=1");
        assert_eq!(line(&target, &[]).unwrap_err().code, "not-allowed");
        let target = Target::parse("https://x.org/").unwrap();
        assert_eq!(line(&target, &[credential(Place::Query, Some("key"), "a&b")]).unwrap(), "/?key=a%26b");
        let headers = headers(&[], &[credential(Place::Header, Some("authorization"), "s")]).unwrap();
        assert!(headers[0].1.is_sensitive());
    }

    #[test]
    fn headers_of_the_host_and_of_secrets_are_no_plugins() {
        let code = |name: &str, value: &str, credentials: &[Credential]| {
            headers(&[(name.to_owned(), value.to_owned())], credentials).map_err(|refusal| refusal.code)
        };
        for name in ["host", "Host", "content-length", "connection", "transfer-encoding", "a b", ""] {
            assert_eq!(code(name, "x", &[]).unwrap_err(), "not-allowed", "{name}");
        }
        assert_eq!(code("x", "a\r\nb: c", &[]).unwrap_err(), "not-allowed");
        let secret = [credential(Place::Header, Some("authorization"), "s")];
        assert_eq!(code("Authorization", "x", &secret).unwrap_err(), "not-allowed");
        assert!(code("x-own", "x", &secret).is_ok());
    }
}
