//! Tokens and webhooks of messengers, mail and telephony.

use super::{HIGH, MEDIUM};
use crate::class::{ALNUM, Class, DIGIT, HEX, LOWER, UPPER, URL64};
use crate::rules::Part::{Run, Text};
use crate::rules::{Rule, form};

const SLACK: &[&str] = &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-", "xoxe-", "xoxc-", "xoxd-"];
/// A Discord token begins with the id of its bot, digits in base64.
const DISCORD: &[&str] = &["MT", "MD", "Mz", "Mj", "ND", "NT", "Nj", "Nz", "OD", "OT"];
const DISCORD_THEN: &[Class] = &[Class::NONE.with("AEIMQUYcgk"), DIGIT.with("wxyz")];
const DISCORD_HOOK: &[&str] = &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"];
const TEAMS: &[&str] = &[".webhook.office.com/webhookb2/"];

pub(crate) const RULES: &[Rule] = &[
    form("slack-token", HIGH, SLACK, &[Run(URL64.with("%"), 20, 260)]),
    form("slack-token", HIGH, &["xoxe.xoxp-", "xoxe.xoxb-"], &[Run(URL64, 40, 260)]),
    form("slack-app-token", HIGH, &["xapp-"], &[Run(DIGIT, 1, 2), Text("-"), Run(URL64, 40, 140)]),
    form(
        "slack-webhook",
        HIGH,
        &["hooks.slack.com/services/", "hooks.slack.com/workflows/", "hooks.slack.com/triggers/"],
        &[Run(UPPER, 8, 14), Text("/"), Run(ALNUM, 8, 20), Text("/"), Run(ALNUM.with("/"), 20, 64)],
    ),
    form(
        "discord-bot-token",
        HIGH,
        DISCORD,
        &[Run(ALNUM, 21, 28), Text("."), Run(URL64, 6, 6), Text("."), Run(URL64, 27, 40)],
    )
    .then(DISCORD_THEN),
    form("discord-webhook", HIGH, DISCORD_HOOK, &[Run(DIGIT, 17, 20), Text("/"), Run(URL64, 60, 72)]),
    form("teams-webhook", HIGH, TEAMS, &[Run(ALNUM.with("-@/"), 100, 320)]).before(URL64.with("."), 0, 40),
    form("telegram-bot-token", HIGH, &[":AA"], &[Run(URL64, 33, 33)]).before(DIGIT, 8, 10).within_word(),
    form("twilio-key", HIGH, &["SK"], &[Run(HEX, 32, 32)]).then(&[HEX, HEX]),
    form("sendgrid-key", HIGH, &["SG."], &[Run(URL64, 16, 32), Text("."), Run(URL64, 16, 64)]),
    form("mailgun-key", HIGH, &["key-"], &[Run(HEX, 32, 32)]),
    form("mailgun-key", HIGH, &["pubkey-"], &[Run(HEX, 32, 32)]),
    form("mailchimp-key", HIGH, &["-us"], &[Run(DIGIT, 1, 2)]).before(HEX, 32, 32).then(&[DIGIT]),
    form("mandrill-key", HIGH, &["md-"], &[Run(URL64, 22, 22)]),
    form("brevo-key", HIGH, &["xkeysib-", "xsmtpsib-"], &[Run(HEX, 64, 64), Text("-"), Run(ALNUM, 16, 16)]),
    form("resend-key", HIGH, &["re_"], &[Run(ALNUM, 8, 8), Text("_"), Run(ALNUM, 20, 28)]),
    form(
        "lark-hook",
        HIGH,
        &["open.feishu.cn/open-apis/bot/v2/hook/", "open.larksuite.com/open-apis/bot/v2/hook/"],
        &[Run(HEX.with("-"), 36, 36)],
    ),
    form("whatsapp-token", HIGH, &["EAAG", "EAAB", "EAAC", "EAAJ"], &[Run(ALNUM, 90, 300)]),
    form("mattermost-hook", MEDIUM, &["/hooks/"], &[Run(LOWER, 26, 26)]),
];
