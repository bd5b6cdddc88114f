//! Keys of model providers and of the tools around them.

use super::{CRITICAL, HIGH};
use crate::class::{ALNUM, ANY_HEX, BASE64, HEX, LOWER, URL64, WORD};
use crate::rules::Part::{Run, Text};
use crate::rules::{Rule, form};

const ANTHROPIC: &[&str] =
    &["sk-ant-api03-", "sk-ant-admin01-", "sk-ant-oat01-", "sk-ant-ort01-", "sk-ant-sid01-", "sk-ant-"];
const OPENAI: &[&str] = &["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-"];

pub(crate) const RULES: &[Rule] = &[
    form("anthropic-key", CRITICAL, ANTHROPIC, &[Run(URL64, 40, 256)]),
    form("openai-key", CRITICAL, OPENAI, &[Run(URL64, 40, 256)]),
    // The old form, with or without the mark that says OpenAI in base64.
    form("openai-key", CRITICAL, &["sk-"], &[Run(ALNUM, 20, 64)]),
    form("openrouter-key", HIGH, &["sk-or-v1-"], &[Run(HEX, 64, 64)]),
    form("langfuse-key", HIGH, &["sk-lf-"], &[Run(UUID, 36, 36)]),
    form("huggingface-token", HIGH, &["hf_", "api_org_"], &[Run(ALNUM, 30, 40)]),
    form("replicate-token", HIGH, &["r8_"], &[Run(ALNUM, 37, 40)]),
    form("groq-key", HIGH, &["gsk_"], &[Run(ALNUM, 48, 56)]),
    form("xai-key", HIGH, &["xai-"], &[Run(URL64, 70, 90)]),
    form("perplexity-key", HIGH, &["pplx-"], &[Run(ALNUM, 40, 64)]),
    form("fireworks-key", HIGH, &["fw_"], &[Run(ALNUM, 22, 32)]),
    form("together-key", HIGH, &["tgp_v1_"], &[Run(URL64, 40, 48)]),
    form("langsmith-key", HIGH, &["lsv2_pt_", "lsv2_sk_"], &[Run(ANY_HEX, 32, 32), Text("_"), Run(ANY_HEX, 10, 10)]),
    form("pinecone-key", HIGH, &["pcsk_"], &[Run(WORD, 60, 80)]),
    form("tavily-key", HIGH, &["tvly-"], &[Run(URL64, 28, 50)]),
    form("elevenlabs-key", HIGH, &["sk_"], &[Run(HEX, 48, 48)]),
    form("nvidia-key", HIGH, &["nvapi-"], &[Run(URL64, 60, 70)]),
    form("jina-key", HIGH, &["jina_"], &[Run(URL64, 50, 70)]),
    form("cerebras-key", HIGH, &["csk-"], &[Run(LOWER, 40, 56)]),
    form("voyage-key", HIGH, &["pa-"], &[Run(URL64, 43, 43)]),
    form("firecrawl-key", HIGH, &["fc-"], &[Run(HEX, 32, 32)]),
    form("wandb-key", HIGH, &["wandb_v1_"], &[Run(WORD, 40, 90)]),
    form("e2b-key", HIGH, &["e2b_"], &[Run(HEX, 40, 40)]),
    form("braintrust-key", HIGH, &["sk-bt-"], &[Run(ALNUM, 40, 60)]),
    form("llamaindex-key", HIGH, &["llx-"], &[Run(URL64, 46, 56)]),
    form("devin-key", HIGH, &["cog_"], &[Run(LOWER, 52, 52)]),
    form("devin-key", HIGH, &["apk_", "apk_user_"], &[Run(BASE64, 76, 260)]),
    form("cursor-key", HIGH, &["key_"], &[Run(HEX, 64, 64)]),
];

const UUID: crate::class::Class = ANY_HEX.with("-");
