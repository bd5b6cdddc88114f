//! Keys of payment and of shops.

use super::{CRITICAL, HIGH, LOW};
use crate::class::{ALNUM, Class, HEX, LOWER, URL64, WORD};
use crate::rules::Part::{Run, Text};
use crate::rules::{Rule, form};

const UUID: Class = HEX.with("-");
const SHOPIFY: &[&str] = &["shpat_", "shpca_", "shppa_", "shpss_", "shptka_"];
const EASYPOST: &[&str] = &["EZAK", "EZTK"];
const PLAID: &[&str] = &["access-production-", "access-sandbox-", "access-development-"];

pub(crate) const RULES: &[Rule] = &[
    form("stripe-live-key", CRITICAL, &["sk_live_", "rk_live_"], &[Run(ALNUM, 16, 250)]),
    form("stripe-test-key", LOW, &["sk_test_", "rk_test_"], &[Run(ALNUM, 16, 250)]),
    form("stripe-webhook-secret", HIGH, &["whsec_"], &[Run(ALNUM.with("+/="), 24, 80)]),
    form("square-token", CRITICAL, &["sq0atp-", "sq0ats-"], &[Run(URL64, 22, 60)]),
    form("square-secret", CRITICAL, &["sq0csp-"], &[Run(URL64, 43, 43)]),
    form("square-token", CRITICAL, &["EAAA"], &[Run(URL64, 60, 60)]),
    form(
        "braintree-token",
        CRITICAL,
        &["access_token$production$", "access_token$sandbox$"],
        &[Run(LOWER, 16, 16), Text("$"), Run(HEX, 32, 32)],
    ),
    form("paypal-token", HIGH, &["A21AA"], &[Run(URL64, 80, 100)]),
    form("shopify-token", CRITICAL, SHOPIFY, &[Run(ALNUM, 32, 40)]),
    form("plaid-token", HIGH, PLAID, &[Run(UUID, 36, 36)]),
    form("razorpay-key", HIGH, &["rzp_live_", "rzp_test_"], &[Run(ALNUM, 14, 24)]),
    form(
        "flutterwave-key",
        HIGH,
        &["FLWSECK-", "FLWSECK_TEST-"],
        &[Run(ALNUM, 32, 34), Run(Class::NONE.with("-X"), 0, 2)],
    ),
    form("adyen-key", HIGH, &["AQE"], &[Run(ALNUM.with("+/=-"), 90, 220)]),
    form("easypost-key", HIGH, EASYPOST, &[Run(ALNUM, 54, 54)]),
    form("shippo-token", HIGH, &["shippo_live_", "shippo_test_"], &[Run(HEX, 40, 40)]),
    form("duffel-token", HIGH, &["duffel_live_", "duffel_test_"], &[Run(URL64.with("="), 43, 43)]),
    form("lob-key", HIGH, &["live_", "test_"], &[Run(HEX, 35, 35)]),
    form("gocardless-token", HIGH, &["live_"], &[Run(URL64.with("="), 40, 40)]),
    form("mollie-key", HIGH, &["live_", "test_"], &[Run(ALNUM, 30, 30)]),
    form("paddle-key", CRITICAL, &["pdl_live_apikey_", "pdl_sdbx_apikey_"], &[Run(WORD, 40, 60)]),
    form("polar-token", HIGH, &["polar_oat_", "polar_pat_"], &[Run(URL64, 40, 48)]),
];
