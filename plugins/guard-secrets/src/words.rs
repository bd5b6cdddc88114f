//! The vocabulary of examples: what stands in documents where a credential would stand.
//!
//! The lists are set by hand, many to a line.

/// Texts that no generator writes by chance: a value with one of them is an example or a mask.
#[rustfmt::skip]
pub(crate) const TELLTALES: &[&str] = &[
    "example", "placeholder", "changeme", "change_me", "change-me", "changeit", "dummy", "sample", "redacted",
    "replace", "insert", "your_", "your-", "yourkey", "yourtoken", "yourpass", "yoursecret", "yourapi",
    "notreal", "not-a-real", "xxxx", "fake", "deadbeef", "censored", "masked", "***", "...", "\u{2026}",
    "\u{2022}", "todo", "fixme", "lorem", "foobar", "not_set", "not-set", "****", "____", "####",
];

/// Words that examples are put together from. A value of nothing else is one.
#[rustfmt::skip]
pub(crate) const WORDS: &[&str] = &[
    "my", "your", "our", "the", "a", "an", "is", "this", "that", "to", "in", "of", "for", "new", "old", "some",
    "any", "very", "not", "no", "super", "top", "secret", "secrets", "password", "passwort", "passwd",
    "passphrase", "pass", "pwd", "pw", "token", "tokens", "key", "keys", "api", "app", "access", "auth",
    "bearer", "basic", "client", "server", "user", "username", "name", "value", "string", "text", "here",
    "goes", "test", "tests", "testing", "tester", "dev", "develop", "development", "local", "localhost", "demo",
    "default", "admin", "administrator", "root", "guest", "abc", "abcd", "foo", "bar", "baz", "qux", "real",
    "live", "prod", "production", "stage", "staging", "private", "public", "shared", "signing", "encryption",
    "jwt", "session", "cookie", "hash", "salt", "random", "generated", "generate", "long", "strong", "secure",
    "safe", "unsafe", "insecure", "enter", "put", "set", "use", "add", "fill", "paste", "provide", "required",
    "optional", "none", "null", "nil", "undefined", "empty", "true", "false", "yes", "unknown", "hidden", "env",
    "var", "variable", "config", "qwerty", "qwertz", "letmein", "welcome", "hello", "world", "hunter", "me",
    "it", "and", "with", "from", "postgres", "postgresql", "mysql", "mongo", "mongodb", "redis", "rabbitmq",
    "minio", "minioadmin", "db", "database", "example", "field", "input", "label", "type", "data", "min", "max",
    "change", "changed", "login", "invalid", "wrong", "valid", "bad", "good", "only", "must", "be", "s", "x",
    "id", "code", "pin", "one", "two", "first", "second", "openai", "github", "aws", "service", "account",
    "passw0rd", "p4ssw0rd", "pa55word", "pa55w0rd", "s3cr3t", "s3cret", "p", "ssw0rd", "ssword", "open",
    "sesame",
];
