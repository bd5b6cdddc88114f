//! What a table cannot describe: keys over many lines, URLs, headers, and names beside values.

use crate::class::{Class, DIGIT, URL64};
use crate::rules::Part::Run;
use crate::rules::{Kind, Rule, code, form};
use crate::shapes::{aws, hashes, header, jwt, placed, private_key, shell, url};
use crate::{class, named};

use super::{CRITICAL, HIGH, LOW, MEDIUM};

pub(crate) const AWS_SECRET: Kind = Kind::new("aws-secret-key", CRITICAL);
pub(crate) const PRIVATE_KEY: Kind = Kind::new("private-key", CRITICAL);
pub(crate) const JWT: Kind = Kind::new("jwt", HIGH);
pub(crate) const SUPABASE_SERVICE: Kind = Kind::new("supabase-service-key", CRITICAL);
pub(crate) const DATABASE_URL: Kind = Kind::new("database-url", HIGH);
pub(crate) const URL_PASSWORD: Kind = Kind::new("url-password", HIGH);
pub(crate) const SIGNED_URL: Kind = Kind::new("signed-url", MEDIUM);
pub(crate) const BASIC_AUTH: Kind = Kind::new("basic-auth", HIGH);
pub(crate) const BEARER: Kind = Kind::new("bearer-token", HIGH);
pub(crate) const COOKIE: Kind = Kind::new("session-cookie", MEDIUM);
pub(crate) const PASSWORD_HASH: Kind = Kind::new("password-hash", LOW);
pub(crate) const PASSWORD: Kind = Kind::new("password", HIGH);
pub(crate) const SECRET: Kind = Kind::new("secret", HIGH);
pub(crate) const TOKEN: Kind = Kind::new("token", HIGH);
pub(crate) const API_KEY: Kind = Kind::new("api-key", HIGH);
pub(crate) const MNEMONIC: Kind = Kind::new("seed-phrase", CRITICAL);

/// The kinds that the functions below find; those of services are in `named::vendor`.
pub(crate) const KINDS: &[Kind] = &[
    AWS_SECRET,
    PRIVATE_KEY,
    JWT,
    SUPABASE_SERVICE,
    DATABASE_URL,
    URL_PASSWORD,
    SIGNED_URL,
    BASIC_AUTH,
    BEARER,
    COOKIE,
    PASSWORD_HASH,
    PASSWORD,
    SECRET,
    TOKEN,
    API_KEY,
    MNEMONIC,
];

/// Kinds that any other says more than.
pub(crate) const GENERAL: &[Kind] = &[PASSWORD, SECRET, TOKEN, API_KEY, BEARER, COOKIE, URL_PASSWORD, SIGNED_URL];

/// What may stand behind a short word that ends a name.
const BEHIND_NAME: Class = DIGIT.with("=:\"' \t\r\n|>)]}_,;?+<-`");

/// What may stand behind the quote that ends a name.
const BEHIND_QUOTED: Class = Class::NONE.with(":= ,]");

pub(crate) const RULES: &[Rule] = &[
    form("aws-key-id", HIGH, &["AKIA", "ASIA", "ABIA", "ACCA"], &[Run(class::BASE32, 16, 16)]),
    code(&["AKIA", "ASIA"], &[], aws::beside_id).exact_case(),
    code(&["-----BEGIN ", "---- BEGIN SSH2 "], &[], private_key::from_begin),
    code(&["-----END "], &[], private_key::to_end),
    code(&["PuTTY-User-Key-File-"], &[], private_key::putty),
    code(&["LS0tLS1CRUdJTi"], &[], private_key::in_base64).exact_case(),
    code(&["eyJ"], &[URL64], jwt::token).exact_case(),
    code(&["://"], &[NO_SPACE], url::userinfo),
    code(&["sig=", "signature="], &[], url::signature),
    code(&["authorization"], &[], header::authorization),
    code(&["bearer"], &[], header::bearer),
    code(&["cookie"], &[], header::cookie),
    code(&["auth\"", "auth'", "auth=", "auth:", "auth ", "auth_"], &[], header::basic_auth),
    code(&["$apr1$", "$2a$", "$2b$", "$2y$", "$argon2", "{ssha}"], &[], hashes::hash),
    code(&["$6$", "$5$", "$1$", "$y$"], &[URL64.with("./")], hashes::hash),
    code(
        &[
            "curl",
            "mysql",
            "sshpass",
            "redis-cli",
            "docker login",
            "podman login",
            "ldapsearch",
            "smbclient",
            "gh secret set",
            "openssl enc",
            "rpcclient",
            "winexe",
            "lftp ",
            "mariadb",
            "7z a",
            "7z x",
            "sqlcmd",
            "mongosh",
            "mongodump",
            "mongorestore",
            "cqlsh",
            "zip -",
            "mosquitto_pub",
            "mosquitto_sub",
            "xfreerdp",
            "twine upload",
            "az login",
            "registry login",
            "buildah login",
            "skopeo login",
            "nerdctl login",
            "ldapadd",
            "ldapmodify",
            "ldapdelete",
            "ldappasswd",
            "ldapwhoami",
        ],
        &[],
        shell::arguments,
    ),
    code(
        &[
            "rabbitmqctl add_user",
            "rabbitmqctl change_password",
            "net user ",
            "mc alias set",
            "mc config host add",
            "redis-cli auth",
            "snmp-server community",
        ],
        &[],
        placed::word,
    ),
    code(&["net use "], &[], placed::share),
    code(&["unseal key"], &[], placed::unseal_key),
    code(&["client("], &[], placed::client),
    code(&["jwt.sign(", "jwt.verify(", "jwt.encode(", "jwt.decode("], &[], placed::signed),
    code(&["--password-stdin", "--with-token"], &[], shell::echoed),
    code(&["masterauth "], &[], named::find),
    code(&["sudo -s", "chpasswd"], &[], shell::echoed),
    code(&["htpasswd -"], &[], shell::htpasswd),
    code(&["auth=("], &[], shell::auth_pair),
    code(&["convertto-securestring"], &[], shell::secure_string),
    code(&[":5432:", ":3306:", ":5433:", ":6432:"], &[], shell::pgpass),
    code(&["pass", "secr", "toke", "cred", "_pat", "pswd", "geheim", "contrasen"], &[], named::find),
    code(&["pwd", "key", "psk"], &[BEHIND_NAME], named::find),
    code(&["pw=", "pw:"], &[NO_SPACE.with(" ")], named::find),
    code(&["pw\"", "pw'"], &[BEHIND_QUOTED], named::find),
    code(&["getconnection(", "mysqli_connect(", "new mysqli(", "sequelize("], &[], shell::third_argument),
    code(&["identified by "], &[], shell::identified_by),
    code(&["mnemonic", "seed phrase", "seed_phrase"], &[], named::find),
];

const NO_SPACE: Class = Class::NONE.range(b'!', b'~');
