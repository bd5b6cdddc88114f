//! What a manifest must not say, beyond what its form forbids.

use super::{
    Asked, AskedProcess, Inject, LARGEST_BODY, LARGEST_FILE, LARGEST_OUTPUT, LARGEST_QUOTA, MOST_AT_ONCE,
    MOST_REQUESTS_A_MINUTE, Manifest, Place, SecretSlot,
};
use crate::command_pattern::{CommandPattern, is_program};
use crate::config_schema;
use crate::limits::asked;

impl Manifest {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.manifest != 1 {
            return Err(format!("`manifest = {}` is of a format that this host does not know", self.manifest));
        }
        if !is_version(&self.version) {
            return Err(format!("`version` {:?} is not of the form 1.2.3", self.version));
        }
        if self.execute_type.as_deref().is_some_and(|name| !is_execute_type(name)) {
            return Err("`execute-type` must be 1 to 50 lower-case letters, digits or `-`".to_owned());
        }
        if self.publisher.as_deref().is_some_and(|key| !is_key(key)) {
            return Err("`publisher` is no public key as minisign prints it, such as RWQf6LRCGA9i5…".to_owned());
        }
        self.secrets.iter().try_for_each(SecretSlot::check)?;
        self.capability.check()?;
        asked::check_ranges(&self.limits)?;
        self.config.as_ref().map_or(Ok(()), config_schema::check_bounds)
    }
}

impl SecretSlot {
    fn check(&self) -> Result<(), String> {
        if !is_execute_type(&self.name) {
            return Err("the `name` of a secret must be 1 to 50 lower-case letters, digits or `-`".to_owned());
        }
        let Some(inject) = &self.inject else { return Ok(()) };
        if inject.place == Place::Environment {
            return check_variable(&self.name, inject);
        }
        let needs_name = matches!(inject.place, Place::Header | Place::Query);
        if needs_name != inject.name.is_some() {
            return Err(format!(
                "`inject` of secret `{}` needs a `name` in a header or query, and none in a path",
                self.name
            ));
        }
        if inject.program.is_some() {
            return Err(format!("`inject` of secret `{}` names a `program`, and puts it into a request", self.name));
        }
        match (&inject.host, &inject.setting) {
            (Some(host), None) => check_host(host),
            (None, Some(_)) => Ok(()),
            (Some(_), Some(_)) | (None, None) => {
                Err(format!("`inject` of secret `{}` needs either `host` or `setting`", self.name))
            }
        }
    }
}

impl Asked {
    fn check(&self) -> Result<(), String> {
        if self.kv.as_ref().is_some_and(|kv| kv.quota > LARGEST_QUOTA) {
            return Err(format!("`quota` of `capability.kv` is more than {LARGEST_QUOTA}"));
        }
        self.check_patterns()?;
        self.process.as_ref().map_or(Ok(()), AskedProcess::check)?;
        let Some(http) = &self.http else { return Ok(()) };
        if http.rate_per_minute > MOST_REQUESTS_A_MINUTE
            || http.request_bytes.max(http.response_bytes) > LARGEST_BODY
            || http.file_bytes > LARGEST_FILE
        {
            return Err("a limit of `capability.http` is larger than any host gives".to_owned());
        }
        http.allow.iter().try_for_each(|rule| match (&rule.host, &rule.setting) {
            (Some(host), None) => check_host(host),
            (None, Some(_)) => Ok(()),
            (Some(_), Some(_)) | (None, None) => {
                Err("a rule of `capability.http` needs `host` or `setting`".to_owned())
            }
        })
    }

    /// Each pattern says what it means: a name, or the beginning of names.
    fn check_patterns(&self) -> Result<(), String> {
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_pattern = |pattern: &&String| {
            let name = pattern.strip_suffix('*').unwrap_or(pattern);
            !pattern.is_empty() && name.bytes().all(fine)
        };
        let jobs = self.jobs.iter().flat_map(|jobs| &jobs.trigger);
        let events = self.events.iter().flat_map(|events| &events.read);
        match jobs.chain(events).find(|pattern| !is_pattern(pattern)) {
            Some(pattern) => {
                Err(format!("{pattern:?} is neither a name nor the beginning of names with `*` behind it"))
            }
            None => Ok(()),
        }
    }
}

impl AskedProcess {
    fn check(&self) -> Result<(), String> {
        if self.allow.is_empty() {
            return Err("`allow` of `capability.process` names no command".to_owned());
        }
        if !(1..=MOST_AT_ONCE).contains(&self.at_once) || self.output_bytes > LARGEST_OUTPUT {
            return Err("a limit of `capability.process` is larger than any host gives".to_owned());
        }
        self.allow.iter().try_for_each(CommandPattern::check)
    }
}

/// A variable of one program's environment, and none by which programs are led astray.
fn check_variable(secret: &str, inject: &Inject) -> Result<(), String> {
    if inject.host.is_some() || inject.setting.is_some() || !inject.prefix.is_empty() {
        return Err(format!("`inject` of secret `{secret}` in an environment has a `program` and a `name` alone"));
    }
    if !inject.program.as_deref().is_some_and(is_program) {
        return Err(format!("`inject` of secret `{secret}` in an environment needs the `program` that gets it"));
    }
    let name = inject.name.as_deref().unwrap_or_default();
    let fine = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_name = name.starts_with(|first: char| first.is_ascii_uppercase()) && name.bytes().all(fine);
    let leads = ["PATH", "HOME", "LANG", "IFS", "ENV", "SHELL", "BASH_ENV"].contains(&name)
        || ["LD_", "DYLD_", "INSTAR_"].iter().any(|family| name.starts_with(family));
    if is_name && !leads {
        Ok(())
    } else {
        Err(format!("the secret `{secret}` cannot be put into a variable {name:?}"))
    }
}

/// A whole name: no pattern, no port, no address.
fn check_host(host: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let is_name = host.contains('.') && host.bytes().all(allowed) && host.parse::<std::net::IpAddr>().is_err();
    if is_name { Ok(()) } else { Err(format!("{host:?} is not the whole name of a host in lower case")) }
}

/// Three numbers, and perhaps a suffix.
fn is_version(text: &str) -> bool {
    let (numbers, suffix) = text.split_at(text.find(['-', '+']).unwrap_or(text.len()));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let in_suffix = |byte: u8| byte.is_ascii_alphanumeric() || b".-+".contains(&byte);
    text.len() <= 50
        && numbers.split('.').count() == 3
        && numbers.split('.').all(is_number)
        && suffix.bytes().all(in_suffix)
}

/// The form alone; whoever verifies a signature reads it.
fn is_key(text: &str) -> bool {
    text.len() == 56 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
}

fn is_execute_type(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=50).contains(&name.len()) && name.bytes().all(allowed)
}
