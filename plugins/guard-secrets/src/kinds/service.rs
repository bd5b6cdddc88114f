//! Tokens of monitoring, of planning and of other services that work is done with.

use super::{CRITICAL, HIGH};
use crate::checksum;
use crate::class::{ALNUM, BASE64, Class, DIGIT, HEX, LOWER, UPPER, URL64};
use crate::rules::Part::{Run, Text};
use crate::rules::{Rule, form};

const BECH32: Class = DIGIT.range(b'A', b'Z');
const UUID: Class = HEX.with("-");
const NEW_RELIC: &[&str] = &["NRAK-", "NRJS-", "NRII-", "NRIQ-", "NRRA-", "NRSP-"];

const ONFIDO: &[&str] = &["api_live.", "api_live_us.", "api_live_ca.", "api_live_eu."];
const AUTHRESS: &[&str] = &["ext_", "scauth_", "authress_"];
const ACCOUNT: Class = LOWER.with("-_");

pub(crate) const RULES: &[Rule] = &[
    form("newrelic-key", HIGH, NEW_RELIC, &[Run(ALNUM, 19, 44)]),
    form("newrelic-license-key", HIGH, &["NRAL"], &[]).before(HEX, 36, 36),
    form("maxmind-key", HIGH, &["_mmk"], &[]).before(ALNUM.with("_"), 36, 36),
    form("grafana-token", HIGH, &["glsa_"], &[Run(ALNUM, 32, 32), Text("_"), Run(HEX.range(b'A', b'F'), 8, 8)]),
    form("grafana-cloud-token", HIGH, &["glc_"], &[Run(BASE64, 32, 400)]),
    form("sentry-token", HIGH, &["sntrys_"], &[Run(BASE64.with("_-"), 60, 400)]),
    form("sentry-token", HIGH, &["sntryu_", "sntrya_", "sntryi_"], &[Run(HEX, 64, 64)]),
    form(
        "dynatrace-token",
        HIGH,
        &["dt0c01.", "dt0s01.", "dt0s16."],
        &[Run(UPPER, 24, 24), Text("."), Run(UPPER, 64, 64)],
    ),
    form("honeycomb-key", HIGH, &["hcaik_", "hcbik_", "hcamk_"], &[Run(LOWER, 32, 64)]),
    form("axiom-token", HIGH, &["xaat-", "xapt-"], &[Run(UUID, 36, 36)]),
    form("posthog-key", HIGH, &["phx_", "phs_", "pha_", "phr_"], &[Run(ALNUM, 32, 64)]),
    form("linear-key", HIGH, &["lin_api_", "lin_oauth_"], &[Run(ALNUM, 40, 64)]),
    form("notion-token", HIGH, &["ntn_"], &[Run(ALNUM, 40, 50)]),
    form("notion-token", HIGH, &["secret_"], &[Run(ALNUM, 43, 43)]),
    form("airtable-token", HIGH, &["pat"], &[Run(ALNUM, 14, 14), Text("."), Run(HEX, 64, 64)]).then(&[ALNUM]),
    form("figma-token", HIGH, &["figd_", "figo_", "figr_"], &[Run(URL64, 38, 60)]),
    form("dropbox-token", HIGH, &["sl.u.", "sl.A", "sl.B", "sl.C"], &[Run(URL64, 100, 2000)]),
    form("hubspot-token", HIGH, &["pat-na1-", "pat-na2-", "pat-eu1-", "pat-ap1-"], &[Run(UUID, 36, 36)]),
    form("contentful-token", HIGH, &["CFPAT-"], &[Run(URL64, 43, 43)]),
    form("typeform-token", HIGH, &["tfp_"], &[Run(URL64.with("."), 44, 60)]),
    form("mapbox-secret-token", HIGH, &["sk.eyJ"], &[Run(URL64, 40, 120), Text("."), Run(URL64, 20, 24)]),
    form("adafruit-key", HIGH, &["aio_"], &[Run(ALNUM, 28, 28)]),
    form("zuplo-key", HIGH, &["zpka_"], &[Run(HEX, 32, 32), Text("_"), Run(HEX, 8, 8)]),
    form("segment-token", HIGH, &["sgp_"], &[Run(ALNUM, 64, 64)]),
    form("klaviyo-key", HIGH, &["pk_"], &[Run(HEX, 34, 34)]),
    form("readme-key", HIGH, &["rdme_"], &[Run(LOWER, 70, 70)]),
    form("frameio-token", HIGH, &["fio-u-"], &[Run(URL64, 64, 64)]),
    form("shortcut-token", HIGH, &["sct_rw_", "sct_ro_"], &[Run(URL64, 40, 80)]),
    form("clickup-token", HIGH, &["pk_"], &[Run(DIGIT, 5, 10), Text("_"), Run(UPPER, 32, 32)]),
    form("zapier-webhook", HIGH, &["hooks.zapier.com/hooks/catch/"], &[Run(DIGIT, 5, 9), Text("/"), Run(ALNUM, 7, 12)]),
    form("apify-token", HIGH, &["apify_api_"], &[Run(ALNUM, 36, 40)]),
    form("ionic-token", HIGH, &["ion_"], &[Run(ALNUM, 42, 42)]),
    form("asana-token", HIGH, &["0/", "1/", "2/"], &[Run(DIGIT.with("/"), 15, 36), Text(":"), Run(HEX, 32, 32)])
        .then(&[DIGIT, DIGIT]),
    form("intra42-secret", HIGH, &["s-s4t2ud-", "s-s4t2af-"], &[Run(HEX, 64, 64)]),
    form("unkey-key", HIGH, &["unkey_"], &[Run(ALNUM, 20, 30)]),
    form("thunderstore-token", HIGH, &["tss_"], &[Run(URL64, 34, 36)]),
    form("settlemint-token", HIGH, &["sm_aat_", "sm_pat_", "sm_sat_"], &[Run(ALNUM, 16, 16)]),
    form("workato-token", HIGH, &["wrka-eyJ"], &[Run(URL64.with("."), 100, 900)]),
    form("onfido-token", HIGH, ONFIDO, &[Run(URL64.with("."), 40, 100)]),
    form("configcat-key", HIGH, &["configcat-sdk-1/"], &[Run(URL64, 22, 22), Text("/"), Run(URL64, 22, 22)]),
    form("wundergraph-key", HIGH, &["cosmo_"], &[Run(HEX, 32, 32)]),
    form(
        "authress-key",
        HIGH,
        AUTHRESS,
        &[
            Run(LOWER, 5, 30),
            Text("."),
            Run(LOWER, 4, 6),
            Text(".acc"),
            Run(ACCOUNT, 11, 34),
            Text("."),
            Run(BASE64.with("_-."), 30, 130),
        ],
    ),
    form("age-key", CRITICAL, &["AGE-SECRET-KEY-1"], &[Run(BECH32, 58, 58)]).checked(checksum::bech32),
    form("age-key", CRITICAL, &["AGE-SECRET-KEY-PQ-1"], &[Run(BECH32, 58, 70)]),
];
