//! Tokens of code hosts, package registries and builders.

use super::{CRITICAL, HIGH};
use crate::checksum;
use crate::class::{ALNUM, Class, DIGIT, HEX, LOWER, UPPER, URL64, WORD};
use crate::rules::Part::{Run, Text};
use crate::rules::{Rule, form};

const GITHUB: &[&str] = &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"];
const GITLAB: &[&str] = &[
    "glpat-",
    "gldt-",
    "glrt-",
    "glrtr-",
    "glcbt-",
    "glptt-",
    "glft-",
    "glimt-",
    "glagent-",
    "gloas-",
    "glsoat-",
    "glffct-",
    "glwt-",
    "GR1348941",
];
const JFROG: &[&str] = &["AKCp", "cmVmdGtuOj"];

pub(crate) const RULES: &[Rule] = &[
    form("github-token", CRITICAL, GITHUB, &[Run(ALNUM, 36, 255)]).checked(checksum::crc_base62),
    form("github-token", CRITICAL, &["github_pat_"], &[Run(ALNUM, 22, 22), Text("_"), Run(ALNUM, 59, 59)]),
    form("gitlab-token", CRITICAL, GITLAB, &[Run(URL64.with("."), 20, 320)]),
    form("bitbucket-app-password", HIGH, &["ATBB"], &[Run(ALNUM, 28, 32)]),
    form("bitbucket-token", HIGH, &["ATCTT3xFfG", "BBDC-"], &[Run(URL64.with("="), 40, 260)]),
    form("npm-token", CRITICAL, &["npm_"], &[Run(ALNUM, 36, 36)]).checked(checksum::crc_base62),
    form("pypi-token", CRITICAL, &["pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBpLm9yZ"], &[Run(URL64, 50, 1000)]),
    form("rubygems-key", CRITICAL, &["rubygems_"], &[Run(HEX, 48, 48)]),
    form("cratesio-token", CRITICAL, &["cio"], &[Run(ALNUM, 32, 32)]).then(&[ALNUM]),
    form("nuget-key", HIGH, &["oy2"], &[Run(LOWER, 43, 43)]),
    form("clojars-token", HIGH, &["CLOJARS_"], &[Run(HEX, 60, 60)]),
    form("packagist-token", HIGH, &["packagist_uut_", "packagist_ort_", "packagist_ack_"], &[Run(HEX, 64, 80)]),
    form("docker-token", HIGH, &["dckr_pat_", "dckr_oat_"], &[Run(URL64, 27, 40)]),
    form("jfrog-token", HIGH, JFROG, &[Run(ALNUM, 50, 90)]),
    form("sonarqube-token", HIGH, &["sqp_", "squ_", "sqa_"], &[Run(HEX, 40, 40)]),
    form("circleci-token", HIGH, &["CCIPAT_", "CCIPRJ_"], &[Run(WORD, 40, 80)]),
    form("buildkite-token", HIGH, &["bkua_", "bkpat_", "bkct_"], &[Run(WORD, 40, 64)]),
    form("sourcegraph-token", HIGH, &["sgp_", "slk_"], &[Run(HEX.with("_"), 40, 60)]),
    form("postman-key", HIGH, &["PMAK-"], &[Run(HEX, 24, 24), Text("-"), Run(HEX, 34, 34)]),
    form("postman-key", HIGH, &["PMAT-"], &[Run(UPPER, 26, 26)]),
    form("deno-token", HIGH, &["ddp_", "ddo_"], &[Run(ALNUM, 36, 36)]),
    form("mergify-key", HIGH, &["mergify_application_key_"], &[Run(URL64, 56, 72)]),
    form("github-token", CRITICAL, &["ghs_"], &[Run(DIGIT, 1, 20), Text("_eyJ"), Run(URL64.with("."), 60, 900)]),
    form("swaggerhub-key", HIGH, &["SWHK-"], &[Run(URL64, 32, 40)]),
    form("prefect-key", HIGH, &["pnu_", "pnb_"], &[Run(LOWER, 36, 36)]),
    form(
        "harness-token",
        HIGH,
        &["pat.", "sat."],
        &[Run(URL64, 22, 22), Text("."), Run(HEX, 24, 24), Text("."), Run(ALNUM, 20, 20)],
    ),
    form("atlassian-token", HIGH, &["ATATT3xFfGF0", "ATATT3"], &[Run(URL64.with("="), 60, 300)]),
    form("octopus-key", HIGH, &["API-"], &[Run(UPPER, 25, 32)]),
    form("gitea-token", HIGH, &["gta_"], &[Run(ALNUM, 40, 48)]),
    form("unity-token", HIGH, &["ugs_"], &[Run(URL64, 40, 48)]),
    form("expo-token", HIGH, &["expo_"], &[Run(URL64, 36, 48)]),
    form("anaconda-token", HIGH, &["/t/"], &[Run(TWO_LOWER, 2, 2), Text("-"), Run(HEX.with("-"), 36, 36)]),
    form(
        "launchdarkly-key",
        HIGH,
        &["sdk-", "api-", "mob-"],
        &[Run(HEX, 8, 8), Text("-"), Run(DIGIT.range(b'a', b'f').with("-"), 27, 27)],
    ),
];

const TWO_LOWER: Class = Class::NONE.range(b'a', b'z');
