//! Registries of OCI artifacts: a component is the one layer of a manifest, as the wasm conventions have it, so that
//! `wkg` and every registry of containers understand it. The signature stands among the annotations.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use instar_plugin::{Inspection, Limits, Web, WebAnswer, WebError, WebRequest};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Fetched;

/// `oci://host[:port]/name:tag`, or `@sha256:…` instead of the tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    host: String,
    name: String,
    /// A tag, or a digest.
    which: String,
}

/// Why a registry gave nothing, or took nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistryError {
    #[error("{0} names no artifact: it is written oci://HOST/NAME:TAG")]
    Form(String),
    #[error(transparent)]
    Web(#[from] WebError),
    #[error("{host} answered {what} with the status {status}{}", said(.why))]
    Status { host: String, what: String, status: u16, why: String },
    #[error("{host} gave {what} that is not the one that was asked for: its SHA-256 is {found}, and not {expected}")]
    Lie { host: String, what: String, found: String, expected: String },
    #[error("{0} holds no plugin: {1}")]
    NoComponent(String, &'static str),
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";
const SIGNATURE: &str = "dev.instar.minisig";
const LARGEST_MANIFEST: u64 = 1 << 20;
const TIME: Duration = Duration::from_secs(120);

fn said(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(": {why}") }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    layers: Vec<Layer>,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: String,
    size: u64,
}

impl Reference {
    pub(crate) fn parse(text: &str) -> Result<Self, RegistryError> {
        let wrong = || RegistryError::Form(text.to_owned());
        let rest = text.strip_prefix("oci://").ok_or_else(wrong)?;
        let (host, path) = rest.split_once('/').ok_or_else(wrong)?;
        let (name, which) = match path.split_once('@') {
            Some((name, digest)) => (name, digest),
            None => path.rsplit_once(':').ok_or_else(wrong)?,
        };
        let is_part = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
        };
        let is_tag = !which.is_empty()
            && which.len() <= 128
            && which.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        let is_digest = which.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64);
        if host.is_empty() || !name.split('/').all(is_part) || !(is_tag || is_digest) {
            return Err(wrong());
        }
        Ok(Self { host: host.to_owned(), name: name.to_owned(), which: which.to_owned() })
    }

    /// A registry of this machine is asked without TLS, as they all are.
    fn url(&self, rest: &str) -> String {
        let name = self.host.rsplit_once(':').map_or(self.host.as_str(), |(name, _)| name);
        let is_loopback = |address: std::net::IpAddr| address.is_loopback();
        let is_here = name == "localhost" || name.trim_matches(['[', ']']).parse().is_ok_and(is_loopback);
        format!("{}://{}/v2/{}/{rest}", if is_here { "http" } else { "https" }, self.host, self.name)
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { host, name, which } = self;
        let sign = if which.starts_with("sha256:") { '@' } else { ':' };
        write!(f, "oci://{host}/{name}{sign}{which}")
    }
}

/// One registry, and how it knows us.
struct Session<'a> {
    web: Web,
    reference: &'a Reference,
    authorization: Option<String>,
}

/// Gives the component, which is the one that the registry's digests promise.
pub(crate) async fn pull(reference: &Reference) -> Result<Fetched, RegistryError> {
    let mut session = Session::new(reference);
    let nothing = |why| RegistryError::NoComponent(format!("oci://{}/{}", reference.host, reference.name), why);
    let mut request = WebRequest::get(&reference.url(&format!("manifests/{}", reference.which)), LARGEST_MANIFEST);
    request.headers.push(("accept", MANIFEST.to_owned()));
    let answer = session.ask(request, "for the manifest", "pull").await?;
    if reference.which.starts_with("sha256:") {
        session.check("a manifest", &answer.body, &reference.which)?;
    }
    let manifest: Manifest =
        serde_json::from_slice(&answer.body).map_err(|_| nothing("its manifest cannot be read"))?;
    let [layer] = manifest.layers.as_slice() else { return Err(nothing("it has not exactly one layer")) };
    if layer.media_type != LAYER {
        return Err(nothing("its layer is not of the type application/wasm"));
    }
    if layer.size > Limits::default().component_bytes as u64 {
        return Err(nothing("its layer is larger than a component may be"));
    }
    let request = WebRequest::get(&reference.url(&format!("blobs/{}", layer.digest)), layer.size);
    let bytes = session.ask(request, "for the component", "pull").await?.body;
    session.check("a component", &bytes, &layer.digest)?;
    Ok(Fetched { bytes, signature: manifest.annotations.get(SIGNATURE).cloned() })
}

/// Hands a component over, and says by which digest it can be had.
pub(crate) async fn push(
    reference: &Reference,
    component: &Fetched,
    seen: &Inspection,
) -> Result<String, RegistryError> {
    let mut session = Session::new(reference);
    let layer = digest(&component.bytes);
    let imports: Vec<String> = seen.imports.iter().map(|import| import.name.clone()).collect();
    let config = json!({
        "created": jiff::Timestamp::now(), "architecture": "wasm", "os": "wasip2", "layerDigests": [layer],
        "component": { "exports": seen.exports, "imports": imports },
    })
    .to_string();
    session.push_blob(config.as_bytes()).await?;
    session.push_blob(&component.bytes).await?;
    let manifest = manifest(component, seen, &config, &layer).to_string();
    let mut request = put(reference.url(&format!("manifests/{}", reference.which)), manifest.clone().into_bytes());
    request.headers.push(("content-type", MANIFEST.to_owned()));
    session.ask(request, "the manifest", "pull,push").await?;
    Ok(digest(manifest.as_bytes()))
}

fn manifest(component: &Fetched, seen: &Inspection, config: &str, layer: &str) -> Value {
    let mut annotations = serde_json::Map::new();
    if let Some(about) = &seen.about {
        annotations.insert("org.opencontainers.image.title".into(), about.id.clone().into());
        annotations.insert("org.opencontainers.image.version".into(), about.version.clone().into());
        annotations.insert("org.opencontainers.image.description".into(), about.description.clone().into());
    }
    if let Some(signature) = &component.signature {
        annotations.insert(SIGNATURE.into(), signature.clone().into());
    }
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": CONFIG, "digest": digest(config.as_bytes()), "size": config.len() },
        "layers": [{ "mediaType": LAYER, "digest": layer, "size": component.bytes.len() }],
        "annotations": annotations,
    })
}

fn put(url: String, body: Vec<u8>) -> WebRequest {
    WebRequest { method: "PUT", url, headers: Vec::new(), body, most: LARGEST_MANIFEST, time: TIME }
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

impl<'a> Session<'a> {
    /// With the password that `docker login` kept for this registry, if there is one.
    fn new(reference: &'a Reference) -> Self {
        let authorization = docker_password(&reference.host).map(|password| format!("Basic {password}"));
        Self { web: Web::default(), reference, authorization }
    }

    fn check(&self, what: &str, bytes: &[u8], expected: &str) -> Result<(), RegistryError> {
        let found = digest(bytes);
        if found == expected {
            return Ok(());
        }
        let (host, what) = (self.reference.host.clone(), what.to_owned());
        Err(RegistryError::Lie { host, what, found, expected: expected.to_owned() })
    }

    async fn push_blob(&mut self, bytes: &[u8]) -> Result<(), RegistryError> {
        let url = self.reference.url("blobs/uploads/");
        let begin = WebRequest {
            method: "POST",
            url,
            headers: Vec::new(),
            body: Vec::new(),
            most: LARGEST_MANIFEST,
            time: TIME,
        };
        let begun = self.ask(begin, "the beginning of an upload", "pull,push").await?;
        let place = begun.header("location").unwrap_or_default();
        let absolute = if place.starts_with('/') { self.origin(place) } else { place.to_owned() };
        if !self.may_send_to(&absolute) {
            let (host, what) = (self.reference.host.clone(), "the beginning of an upload".to_owned());
            let why = format!("it goes on at {absolute}, which is not asked by https");
            return Err(RegistryError::Status { host, what, status: begun.status, why });
        }
        let sign = if absolute.contains('?') { '&' } else { '?' };
        let mut request = put(format!("{absolute}{sign}digest={}", digest(bytes)), bytes.to_vec());
        request.headers.push(("content-type", "application/octet-stream".to_owned()));
        self.ask(request, "an upload", "pull,push").await.map(|_| ())
    }

    /// A registry of the internet sends nobody into this machine.
    fn may_send_to(&self, url: &str) -> bool {
        url.starts_with("https://") || self.reference.url("").starts_with("http://")
    }

    fn origin(&self, path: &str) -> String {
        let url = self.reference.url("");
        let origin = url.split("/v2/").next().unwrap_or_default().to_owned();
        format!("{origin}{path}")
    }

    /// Asks, and once more with a token where the registry names who gives one.
    async fn ask(&mut self, mut request: WebRequest, what: &str, actions: &str) -> Result<WebAnswer, RegistryError> {
        let plain = request.headers.len();
        request.headers.extend(self.authorization.clone().map(|it| ("authorization", it)));
        let mut answer = self.web.ask(&request).await?;
        if answer.status == 401
            && let Some(token) = self.token(&answer, actions).await?
        {
            self.authorization = Some(format!("Bearer {token}"));
            request.headers.truncate(plain);
            request.headers.push(("authorization", format!("Bearer {token}")));
            answer = self.web.ask(&request).await?;
        }
        if answer.is_success() {
            return Ok(answer);
        }
        let why: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let mut why: String = why["errors"][0]["message"].as_str().unwrap_or_default().chars().take(200).collect();
        let (host, what) = (self.reference.host.clone(), what.to_owned());
        if matches!(answer.status, 401 | 403) {
            why = format!("{why}{}what `docker login {host}` keeps is used", if why.is_empty() { "" } else { "; " });
        }
        Err(RegistryError::Status { host, what, status: answer.status, why })
    }

    /// `Bearer realm="…",service="…"`: the realm gives a token for this name.
    async fn token(&self, refused: &WebAnswer, actions: &str) -> Result<Option<String>, RegistryError> {
        let Some(challenge) = refused.header("www-authenticate").and_then(|it| it.strip_prefix("Bearer ")) else {
            return Ok(None);
        };
        let field = |name: &str| {
            let (_, rest) = challenge.split_once(&format!("{name}=\""))?;
            rest.split_once('"').map(|(value, _)| value.to_owned())
        };
        let Some(realm) = field("realm").filter(|realm| self.may_send_to(realm)) else { return Ok(None) };
        let scope = format!("repository:{}:{actions}", self.reference.name);
        let service = field("service").unwrap_or_default();
        let mut request = WebRequest::get(&format!("{realm}?service={service}&scope={scope}"), LARGEST_MANIFEST);
        request.headers.extend(self.authorization.clone().map(|it| ("authorization", it)));
        let answer = self.web.ask(&request).await?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let token = body["token"].as_str().or_else(|| body["access_token"].as_str());
        Ok(token.filter(|_| answer.is_success()).map(str::to_owned))
    }
}

/// As `docker login` wrote it; what a helper keeps is not asked for.
fn docker_password(host: &str) -> Option<String> {
    let folder = std::env::var_os("DOCKER_CONFIG").map(std::path::PathBuf::from);
    let folder = folder.or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".docker")))?;
    let config: Value = serde_json::from_slice(&std::fs::read(folder.join("config.json")).ok()?).ok()?;
    let kept = config["auths"][host]["auth"].as_str()?;
    STANDARD.decode(kept).ok().map(|_| kept.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_strictly() {
        let parse = |text: &str| Reference::parse(text).map(|it| (it.host, it.name, it.which));
        let three = |host: &str, name: &str, which: &str| (host.to_owned(), name.to_owned(), which.to_owned());
        assert_eq!(parse("oci://127.0.0.1:5000/a/b-c:0.1.0").unwrap(), three("127.0.0.1:5000", "a/b-c", "0.1.0"));
        let digest = format!("sha256:{}", "a".repeat(64));
        assert_eq!(parse(&format!("oci://ghcr.io/a/b@{digest}")).unwrap(), three("ghcr.io", "a/b", &digest));
        for wrong in [
            "oci://ghcr.io/a",
            "oci://ghcr.io",
            "oci:///a:1",
            "oci://h/../a:1",
            "oci://h/A:1",
            "oci://h/a:",
            "oci://h/a@sha256:1",
        ] {
            assert!(Reference::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_a_registry_of_this_machine_is_asked_without_tls() {
        let url = |text: &str| Reference::parse(text).unwrap().url("x");
        assert_eq!(url("oci://127.0.0.1:5000/a:1"), "http://127.0.0.1:5000/v2/a/x");
        assert_eq!(url("oci://localhost/a:1"), "http://localhost/v2/a/x");
        assert_eq!(url("oci://[::1]:5000/a:1"), "http://[::1]:5000/v2/a/x");
        assert_eq!(url("oci://127.example.org/a:1"), "https://127.example.org/v2/a/x");
        assert_eq!(url("oci://ghcr.io/a:1"), "https://ghcr.io/v2/a/x");
    }
}
