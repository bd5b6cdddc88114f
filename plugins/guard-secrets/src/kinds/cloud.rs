//! Keys of clouds, of hosters and of what runs there.

use super::{CRITICAL, HIGH};
use crate::class::{self, ALNUM, ANY_HEX, BASE64, Class, DIGIT, HEX, LOWER, UPPER, URL64, WORD};
use crate::rules::Part::{Run, Text};
use crate::rules::{Rule, form};

const AZURE_AD: &[&str] = &["0Q~", "1Q~", "2Q~", "3Q~", "4Q~", "5Q~", "6Q~", "7Q~", "8Q~", "9Q~"];
const AZURE_CHARS: Class = URL64.with("~.");
const DIGITALOCEAN: &[&str] = &["dop_v1_", "doo_v1_", "dor_v1_"];
const SHORT_LIVED: &[&str] = &["IQoJb3JpZ2lu", "FwoGZXIvYXdz", "FQoGZXIvYXdz", "AgoJb3JpZ2lu"];
const VAULT: &[&str] = &["hvs.", "hvb.", "hvr."];
const DOPPLER: &[&str] = &["dp.pt.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit.", "dp.said."];

pub(crate) const RULES: &[Rule] = &[
    form("aws-session-token", CRITICAL, SHORT_LIVED, &[Run(BASE64, 100, 2000)]),
    form("aws-bedrock-key", CRITICAL, &["ABSKQmVkcm9ja0FQSUtleS"], &[Run(BASE64, 80, 300)]),
    form("aws-bedrock-key", CRITICAL, &["bedrock-api-key-"], &[Run(BASE64, 80, 2000)]),
    form("google-api-key", HIGH, &["AIza"], &[Run(URL64, 35, 35)]),
    form("google-oauth-secret", HIGH, &["GOCSPX-"], &[Run(URL64, 28, 28)]),
    form("google-oauth-token", HIGH, &["ya29."], &[Run(URL64.with("."), 30, 2000)]),
    form("google-refresh-token", HIGH, &["1//0"], &[Run(URL64, 60, 130)]),
    form("google-hmac-key", HIGH, &["GOOG1E"], &[Run(Class::NONE.range(b'A', b'Z').with("0123456789"), 55, 58)]),
    form("firebase-key", HIGH, &[":APA91b"], &[Run(URL64, 120, 180)]).before(URL64, 11, 22),
    form("azure-client-secret", HIGH, AZURE_AD, &[Run(AZURE_CHARS, 31, 34)]).before(AZURE_CHARS, 3, 3).within_word(),
    form("azure-function-key", HIGH, &["AzFu"], &[Run(BASE64, 2, 6)]).before(URL64, 44, 52),
    form("azure-search-key", HIGH, &["AzSe"], &[Run(ALNUM, 2, 6)]).before(ALNUM, 42, 44),
    form("azure-storage-key", CRITICAL, &["+ASt"], &[Run(BASE64, 6, 8)]).before(BASE64, 76, 80),
    form("azure-devops-token", HIGH, &["AZDO"], &[Run(ALNUM, 4, 4)]).before(ALNUM, 76, 76),
    form("alibaba-key-id", HIGH, &["LTAI5t", "LTAI4"], &[Run(ALNUM, 14, 20)]),
    form("tencent-key-id", HIGH, &["AKID"], &[Run(ALNUM, 32, 32)]),
    form("yandex-token", HIGH, &["y0_", "y1_"], &[Run(URL64, 50, 120)]),
    form("yandex-key", HIGH, &["AQVN"], &[Run(URL64, 35, 38)]),
    form("digitalocean-token", HIGH, DIGITALOCEAN, &[Run(HEX, 64, 64)]),
    form("cloudflare-origin-key", HIGH, &["v1.0-"], &[Run(HEX, 24, 24), Text("-"), Run(HEX, 146, 146)]),
    form("cloudflare-token", HIGH, &["cfut_", "cfat_", "cfk_"], &[Run(WORD, 36, 64)]),
    form("heroku-token", HIGH, &["HRKU-"], &[Run(URL64, 36, 70)]),
    form("netlify-token", HIGH, &["nfp_", "nfc_", "nfo_", "nfu_", "nfb_"], &[Run(ALNUM, 36, 44)]),
    form("vercel-token", HIGH, &["vcp_", "vci_", "vca_", "vcr_", "vck_"], &[Run(ALNUM, 24, 64)]),
    form("flyio-token", HIGH, &["fo1_", "fm1r_", "fm1a_", "fm2_"], &[Run(URL64.with("+/=,"), 40, 900)]),
    form("render-key", HIGH, &["rnd_"], &[Run(ALNUM, 28, 40)]),
    form("scalingo-token", HIGH, &["tk-us-"], &[Run(URL64, 48, 48)]),
    form("hetzner-token", HIGH, &["hcloud_"], &[Run(ALNUM, 48, 64)]),
    form("supabase-token", HIGH, &["sbp_"], &[Run(WORD, 40, 44)]),
    form("supabase-secret-key", HIGH, &["sb_secret_"], &[Run(URL64, 30, 48)]),
    form("planetscale-token", HIGH, &["pscale_tkn_", "pscale_pw_", "pscale_oauth_"], &[Run(URL64.with("=."), 32, 64)]),
    form("neon-key", HIGH, &["napi_"], &[Run(LOWER, 48, 80)]),
    form("mongodb-atlas-secret", HIGH, &["mdb_sa_sk_"], &[Run(WORD, 36, 60)]),
    form("databricks-token", HIGH, &["dapi", "dose", "dkea"], &[Run(HEX, 32, 32), Run(DIGIT.with("-"), 0, 2)])
        .then(&[]),
    form("confluent-secret", HIGH, &["cflt"], &[Run(BASE64, 60, 60)]),
    form("vault-token", CRITICAL, VAULT, &[Run(URL64, 24, 200)]),
    form("terraform-cloud-token", HIGH, &[".atlasv1."], &[Run(URL64.with("="), 60, 72)]).before(ALNUM, 14, 14),
    form("doppler-token", HIGH, DOPPLER, &[Run(ALNUM, 40, 46)]),
    form("doppler-token", HIGH, &["dp.st."], &[Run(URL64.with("."), 40, 80)]),
    form(
        "infisical-token",
        HIGH,
        &["st."],
        &[Run(HEX, 24, 24), Text("."), Run(HEX, 32, 32), Text("."), Run(HEX, 32, 32)],
    ),
    form("1password-token", CRITICAL, &["ops_eyJ"], &[Run(URL64.with("="), 200, 1500)]),
    form("1password-secret-key", CRITICAL, &["A3-"], &[Run(KEY_PARTS, 32, 40)]),
    form("tailscale-key", HIGH, &["tskey-"], &[Run(LETTERS, 3, 9), Text("-"), Run(URL64, 16, 80)]),
    form("pulumi-token", HIGH, &["pul-"], &[Run(HEX, 40, 40)]),
    form("scaleway-key", HIGH, &["SCW"], &[Run(ALNUM, 17, 17)]),
    form("ngrok-key", HIGH, &["ak_2", "cr_2"], &[Run(ALNUM, 26, 48)]),
    form("upcloud-token", HIGH, &["ucat_"], &[Run(ALNUM, 26, 26)]),
    form("cockroach-key", HIGH, &["CCDB1_"], &[Run(ALNUM, 22, 22), Text("_"), Run(ALNUM, 40, 40)]),
    form("docker-swarm-token", HIGH, &["SWMTKN-1-"], &[Run(LOWER, 45, 62), Text("-"), Run(LOWER, 25, 25)]),
    form("docker-swarm-token", CRITICAL, &["SWMKEY-1-"], &[Run(BASE64, 43, 44)]),
    form("elastic-key", HIGH, &["essu_"], &[Run(URL64.with("="), 60, 160)]),
    form("akamai-token", HIGH, &["akab-", "akaa-"], &[Run(LOWER, 16, 16), Text("-"), Run(LOWER, 16, 16)]),
    form("defined-networking-key", HIGH, &["dnkey-"], &[Run(UPPER, 26, 26), Text("-"), Run(UPPER, 52, 52)]),
    form("nats-seed", CRITICAL, &["SUA", "SAA", "SOA"], &[Run(class::BASE32, 55, 55)])
        .then(&[class::BASE32])
        .exact_case(),
    form("infracost-key", HIGH, &["ico-"], &[Run(ALNUM, 32, 32)]),
    form(
        "kubernetes-bootstrap-token",
        HIGH,
        &["K10"],
        &[Run(ANY_HEX, 64, 64), Text("::"), Run(URL64.with(":"), 8, 120)],
    ),
];

const KEY_PARTS: Class = DIGIT.range(b'A', b'Z').with("-");
const LETTERS: Class = Class::NONE.range(b'a', b'z');
