//! What stands in for the host in native unit tests. Each thread, and so each test, has its own.

mod host;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

pub use host::{add_event, noted, set_jobs, set_session, triggered, typed};
pub(crate) use host::{events, jobs, sessions};

type Answer = Box<dyn FnMut(&super::http::Request) -> Result<super::http::Response, super::http::FetchError>>;

type Ran = Box<dyn FnMut(&super::process::Command) -> Result<super::process::Output, super::Failure>>;

thread_local! {
    static NOW_MS: Cell<u64> = const { Cell::new(0) };
    static VALUES: RefCell<BTreeMap<String, super::kv::Entry>> = const { RefCell::new(BTreeMap::new()) };
    static SECRETS: RefCell<BTreeMap<String, Vec<u8>>> = const { RefCell::new(BTreeMap::new()) };
    static RAN: RefCell<Option<Ran>> = const { RefCell::new(None) };
    static ANSWER: RefCell<Option<Answer>> = const { RefCell::new(None) };
}

/// What both clocks show from now on.
pub fn set_clock(now_ms: u64) {
    NOW_MS.set(now_ms);
}

/// Gives a secret a value.
pub fn set_secret(name: &str, value: &[u8]) {
    SECRETS.with_borrow_mut(|secrets| secrets.insert(name.to_owned(), value.to_vec()));
}

/// Answers the requests of this thread from now on; `download` gets its answer here, too.
pub fn answer_http(
    answer: impl FnMut(&super::http::Request) -> Result<super::http::Response, super::http::FetchError> + 'static,
) {
    ANSWER.set(Some(Box::new(answer)));
}

/// Answers the commands of this thread from now on; none of them runs.
pub fn answer_process(
    answer: impl FnMut(&super::process::Command) -> Result<super::process::Output, super::Failure> + 'static,
) {
    RAN.set(Some(Box::new(answer)));
}

pub(crate) mod clock {
    pub(crate) fn now_ms() -> u64 {
        super::NOW_MS.get()
    }

    pub(crate) fn monotonic_ns() -> u64 {
        super::NOW_MS.get().saturating_mul(1_000_000)
    }
}

pub(crate) mod kv {
    use super::VALUES;
    use crate::Failure;
    use crate::kv::Entry;

    pub(crate) fn get(key: &str) -> Result<Option<Entry>, Failure> {
        Ok(VALUES.with_borrow(|values| values.get(key).cloned()))
    }

    pub(crate) fn set(key: &str, value: &[u8]) -> Result<u64, Failure> {
        VALUES.with_borrow_mut(|values| {
            let revision = values.get(key).map_or(1, |entry| entry.revision + 1);
            values.insert(key.to_owned(), Entry { value: value.to_vec(), revision });
            Ok(revision)
        })
    }

    pub(crate) fn swap(key: &str, expected: Option<u64>, value: &[u8]) -> Result<u64, Failure> {
        let found = VALUES.with_borrow(|values| values.get(key).map(|entry| entry.revision));
        if found != expected {
            return Err(Failure::new("conflict", format!("`{key}` has the revision {found:?}")));
        }
        set(key, value)
    }

    pub(crate) fn delete(key: &str) -> Result<(), Failure> {
        VALUES.with_borrow_mut(|values| drop(values.remove(key)));
        Ok(())
    }

    pub(crate) fn list_keys(prefix: &str, limit: u32) -> Result<Vec<String>, Failure> {
        VALUES.with_borrow(|values| {
            let keys = values.keys().filter(|key| key.starts_with(prefix)).take(limit as usize);
            Ok(keys.cloned().collect())
        })
    }
}

pub(crate) mod secrets {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    use sha2_for_hmac::Sha256;

    use super::SECRETS;
    use crate::Failure;

    pub(crate) fn exists(name: &str) -> bool {
        SECRETS.with_borrow(|secrets| secrets.contains_key(name))
    }

    pub(crate) fn hmac_sha256(name: &str, data: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(mac(name, data)?.finalize().into_bytes().to_vec())
    }

    pub(crate) fn verify_hmac_sha256(name: &str, data: &[u8], tag: &[u8]) -> Result<bool, Failure> {
        Ok(mac(name, data)?.verify_slice(tag).is_ok())
    }

    pub(crate) fn equals(name: &str, candidate: &[u8]) -> Result<bool, Failure> {
        Ok(value(name)? == candidate)
    }

    fn mac(name: &str, data: &[u8]) -> Result<Hmac<Sha256>, Failure> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&value(name)?).expect("a key of any length is taken");
        mac.update(data);
        Ok(mac)
    }

    fn value(name: &str) -> Result<Vec<u8>, Failure> {
        let value = SECRETS.with_borrow(|secrets| secrets.get(name).cloned());
        value.ok_or_else(|| Failure::new("not-set", format!("`{name}` has no value")))
    }
}

pub(crate) mod http {
    use super::ANSWER;
    use crate::Failure;
    use crate::http::{FetchError, Request, Response};

    pub(crate) fn fetch(request: &Request) -> Result<Response, FetchError> {
        // Taken out meanwhile, so that an answer may ask something itself.
        let Some(mut answer) = ANSWER.take() else {
            let failure = Failure::new("not-allowed", "no test answers; see `double::answer_http`");
            return Err(FetchError { failure, sent: false });
        };
        let answered = answer(request);
        ANSWER.set(Some(answer));
        answered
    }

    pub(crate) fn download(request: &Request) -> Result<(Response, String), FetchError> {
        fetch(request).map(|response| (response, "download-0".to_owned()))
    }
}

pub(crate) mod process {
    use super::RAN;
    use crate::Failure;
    use crate::process::{Command, Output};

    pub(crate) fn run(command: &Command) -> Result<Output, Failure> {
        // Taken out meanwhile, so that an answer may run something itself.
        let Some(mut answer) = RAN.take() else {
            return Err(Failure::new("not-allowed", "no test answers; see `double::answer_process`"));
        };
        let answered = answer(command);
        RAN.set(Some(answer));
        answered
    }
}

#[cfg(test)]
mod tests {
    use crate::http::{Body, Request, Response};
    use crate::{clock, http, kv, secrets};

    #[test]
    fn a_test_answers_for_the_network() {
        let request = Request::post("https://x.test/{token}").credential("token").json(&[1, 2]);
        assert_eq!(http::fetch(&request).unwrap_err().failure.code, "not-allowed");
        super::answer_http(|request| {
            let Body::Bytes(body) = &request.body else { panic!("{request:?}") };
            Ok(Response { status: 200, headers: Vec::new(), body: body.clone() })
        });
        assert_eq!(http::fetch(&request).unwrap().json::<Vec<u8>>().unwrap(), [1, 2]);
    }

    #[test]
    fn a_test_answers_for_programs() {
        use crate::process::{Command, Output, run};
        let command = Command::new(["git", "status"]).stdin("x");
        assert_eq!(run(&command).unwrap_err().code, "not-allowed");
        super::answer_process(|command| Ok(Output::of(i32::from(command.stdin.is_empty()), command.argv.join(" "))));
        let output = run(&command).unwrap();
        assert!(output.is_success());
        assert_eq!(output.text(), "git status");
    }

    #[test]
    fn values_are_swapped_only_as_they_were_seen() {
        assert_eq!(kv::swap("a", None, b"1").unwrap(), 1);
        assert_eq!(kv::swap("a", None, b"2").unwrap_err().code, "conflict");
        assert_eq!(kv::swap("a", Some(1), b"2").unwrap(), 2);
        assert_eq!(kv::list_keys("", 9).unwrap(), ["a"]);
    }

    #[test]
    fn secrets_and_clocks_are_what_a_test_says() {
        assert!(!secrets::exists("key"));
        super::set_secret("key", b"Jefe");
        let tag = secrets::hmac_sha256("key", b"what do ya want for nothing?").unwrap();
        assert_eq!(&tag[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        assert!(secrets::verify_hmac_sha256("key", b"what do ya want for nothing?", &tag).unwrap());
        super::set_clock(7);
        assert_eq!((clock::now_ms(), clock::monotonic_ns()), (7, 7_000_000));
    }
}
