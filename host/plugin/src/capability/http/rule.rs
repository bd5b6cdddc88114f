//! Where a request may go: the rules of the manifest, and what the operator put in the place of a host.

use super::Refusal;
use crate::capability::rights::Rights;
use crate::manifest::{AllowRule, AskedHttp};
use crate::text::clean_up_to;

/// A URL, read strictly: what is read in two ways by two programs is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub tls: bool,
    pub host: String,
    pub port: u16,
    pub path: String,
    pub query: Option<String>,
}

/// Where the bytes go in fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    pub tls: bool,
    pub host: String,
    pub port: u16,
    /// What stands before the path there.
    pub base: String,
    /// The operator named it, so it may be an address of this machine or its networks.
    pub may_be_private: bool,
}

const LONGEST_URL: usize = 8192;

impl Target {
    pub(crate) fn parse(url: &str) -> Result<Self, Refusal> {
        let bad = |why: &str| Refusal::new("not-allowed", format!("{}: {why}", clean_up_to(url, 200)));
        let is_plain = url.len() <= LONGEST_URL && url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if !is_plain {
            return Err(bad("the URL is long, or has characters that do not belong into one"));
        }
        let (tls, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            (None, None) => return Err(bad("the URL begins with neither `https://` nor `http://`")),
        };
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = authority_of(authority).ok_or_else(|| bad("the host is not one"))?;
        if !is_straight(path) {
            return Err(bad("the path goes up, or hides what it is"));
        }
        let path = if path.is_empty() { "/" } else { path };
        let port = port.unwrap_or(if tls { 443 } else { 80 });
        Ok(Self { tls, host, port, path: path.to_owned(), query: query.map(str::to_owned) })
    }

    fn same_origin(&self, other: &Self) -> bool {
        (self.tls, &self.host, self.port) == (other.tls, &other.host, other.port)
    }
}

/// Host and port; no user, no brackets that are not an address.
fn authority_of(authority: &str) -> Option<(String, Option<u16>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        address.parse::<std::net::Ipv6Addr>().ok()?;
        let port = port.strip_prefix(':').map(str::parse).transpose().ok()?;
        return Some((address.to_owned(), port));
    }
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if host.is_empty() || !host.bytes().all(fits) {
        return None;
    }
    Some((host.trim_end_matches('.').to_ascii_lowercase(), port.map(str::parse).transpose().ok()?))
}

/// Neither `.` nor `..`, in no spelling, and no slash in disguise.
fn is_straight(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let hides = ["%2e", "%2f", "%5c", "%00"].iter().any(|hidden| lower.contains(hidden));
    !hides && path.split('/').all(|segment| segment != "." && segment != "..")
}

/// Where this request goes, if a rule of the manifest allows it.
pub(super) fn destination(
    grant: &AskedHttp,
    rights: &Rights,
    method: &str,
    target: &Target,
) -> Result<Destination, Refusal> {
    let allowed = grant.allow.iter().any(|rule| {
        rule.methods.iter().any(|allowed| allowed == method)
            && rule.paths.iter().any(|pattern| matches(pattern.as_bytes(), target.path.as_bytes()))
            && is_of(rule, rights, target)
    });
    if !allowed {
        let asked = clean_up_to(&format!("{method} {}:{}{}", target.host, target.port, target.path), 300);
        return Err(Refusal::new("not-allowed", format!("no rule of its manifest allows {asked}")));
    }
    let Some(instead) = rights.grants.hosts.get(&target.host) else {
        let Target { tls, host, port, .. } = target.clone();
        return Ok(Destination { tls, host, port, base: String::new(), may_be_private: false });
    };
    let Target { tls, host, port, path, .. } = Target::parse(instead)?;
    let base = path.trim_end_matches('/').to_owned();
    Ok(Destination { tls, host, port, base, may_be_private: true })
}

/// A host of the manifest is asked by TLS at its usual port; a URL of the configuration as it stands there.
fn is_of(rule: &AllowRule, rights: &Rights, target: &Target) -> bool {
    if let Some(host) = &rule.host {
        return target.tls && target.port == 443 && target.host == *host;
    }
    rule.setting.as_ref().is_some_and(|setting| is_named(rights, setting, target))
}

/// Whether a URL of this setting has the same scheme, host and port.
pub(super) fn is_named(rights: &Rights, setting: &str, target: &Target) -> bool {
    let named = match rights.config.get(setting) {
        Some(serde_json::Value::String(url)) => vec![url.as_str()],
        Some(serde_json::Value::Array(urls)) => urls.iter().filter_map(serde_json::Value::as_str).collect(),
        Some(_) | None => Vec::new(),
    };
    named.into_iter().filter_map(|url| Target::parse(url).ok()).any(|named| named.same_origin(target))
}

/// `*` is one or more characters but `/`, `**` any.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    match pattern {
        [] => path.is_empty(),
        [b'*', b'*', rest @ ..] => (0..=path.len()).any(|skip| matches(rest, &path[skip..])),
        [b'*', rest @ ..] => {
            let most = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
            (1..=most).any(|skip| matches(rest, &path[skip..]))
        }
        [first, rest @ ..] => path.split_first().is_some_and(|(byte, path)| byte == first && matches(rest, path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(url: &str) {
        assert_eq!(Target::parse(url).expect_err("it was taken").code, "not-allowed", "{url}");
    }

    #[test]
    fn a_url_is_read_in_one_way_or_not_at_all() {
        let target = Target::parse("https://API.x.org./bot{token}/send?a=b#c").unwrap();
        assert_eq!((target.host.as_str(), target.port, target.path.as_str()), ("api.x.org", 443, "/bot{token}/send"));
        assert_eq!(target.query.as_deref(), Some("a=b"));
        assert_eq!(Target::parse("http://[::1]:81").unwrap().port, 81);
        for url in ["ftp://x.org/", "//x.org/", "https://", "https:///a", "https://u@x.org/", "https://u:p@x.org/"] {
            refused(url);
        }
        for url in ["https://x.org/../a", "https://x.org/a/%2E%2e/b", "https://x.org/a%2fb", "https://x.org\\@y.org/"] {
            refused(url);
        }
        for url in ["https://x.org/a b", "https://x.org/\u{e9}", "https://[x]/", "https://x.org:99999/"] {
            refused(url);
        }
    }

    #[test]
    fn patterns_of_paths_mean_one_segment_or_any() {
        let fits = |pattern: &str, path: &str| matches(pattern.as_bytes(), path.as_bytes());
        assert!(fits("/bot{token}/*", "/bot{token}/getMe"));
        assert!(!fits("/bot{token}/*", "/bot{token}/") && !fits("/bot{token}/*", "/bot{token}/a/b"));
        assert!(!fits("/bot{token}/*", "/bot1/getMe"));
        assert!(fits("/file/**", "/file/a/b") && fits("/**", "/") && !fits("/a", "/ab"));
    }
}
