//! The words of names: those that make a value secret, and those that make it harmless.
//!
//! The lists are set by hand, many to a line.

/// Words at the end that change nothing.
#[rustfmt::skip]
pub(super) const NEUTRAL: &[&str] = &[
    "value", "val", "prod", "production", "dev", "development", "staging", "stage", "live", "primary",
    "secondary", "main", "old", "new", "current", "default", "base64", "b64", "text", "plain", "plaintext",
    "cleartext", "string", "str", "raw", "base", "override", "backup", "temp", "tmp", "test", "in", "data",
];

/// Tokens of paging, of forms and of languages.
#[rustfmt::skip]
pub(super) const HARMLESS_TOKENS: &[&str] = &[
    "next", "page", "continuation", "csrf", "xsrf", "sync", "pagination", "resume", "cancellation", "cancel",
    "cursor", "eos", "bos", "pad", "unk", "sep", "cls", "mask", "special", "stop", "start", "end", "delimiter",
    "operator", "design", "first", "last", "previous", "prev", "syntax", "color", "colour", "marker",
    "verification", "request", "fcm",
];

/// Keys that look things up, and the public halves.
#[rustfmt::skip]
pub(super) const HARMLESS_KEYS: &[&str] = &[
    "public", "pub", "publishable", "primary", "foreign", "partition", "sort", "hash", "cache", "object", "row",
    "index", "map", "dict", "lookup", "unique", "group", "idempotency", "routing", "event", "message",
    "translation", "i18n", "locale", "arrow", "hot", "shortcut", "registry", "composite", "range",
    "storage_class", "surrogate", "natural", "site", "cursor", "item", "list", "query", "config", "option",
    "property", "header", "metric", "label", "tag", "json", "xml", "yaml", "state", "sk", "id", "name", "host",
    "known", "authorized", "gpg", "commit", "file", "path", "cluster", "shard", "dedup", "deduplication",
    "correlation", "search", "filter", "order", "join", "candidate", "etag", "up", "down",
];

#[rustfmt::skip]
pub(super) const SECRET_KEYS: &[&str] = &[
    "api", "access", "secret", "private", "auth", "authentication", "authorization", "encryption", "encrypt",
    "decryption", "signing", "sign", "signature", "master", "account", "subscription", "shared", "service",
    "app", "application", "client", "consumer", "admin", "deploy", "license", "hmac", "jwt", "webhook", "root",
    "session", "cookie", "crypto", "aes", "functions", "function", "write", "ingest", "integration",
    "preshared", "psk", "rails", "django", "flask", "laravel", "server", "storage", "rest", "token", "security",
    "vault", "wireguard", "age", "fernet", "management",
];

#[rustfmt::skip]
pub(super) const COMPOUND_KEYS: &[&str] = &[
    "apikey", "accesskey", "secretkey", "privatekey", "authkey", "encryptionkey", "signingkey", "masterkey",
    "accountkey", "sharedkey", "sharedaccesskey", "appkey", "licensekey", "presharedkey", "secretaccesskey",
    "subscriptionkey", "servicekey", "clientkey", "storagekey", "webhookkey", "sessionkey", "passkey",
];
