/* A guard of outgoing texts: asks before one leaves that is written in capital letters.
 *
 * A call gets a fresh instance: nothing is remembered. What is handed back is freed by the bindings, so each text in
 * it must be a copy. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "component.h"

/* A short text may be a name; of a longer one so many letters in a hundred may be capital. */
enum { SHORT = 12, MOST_CAPITALS = 60 };

typedef struct {
    size_t capital;
    size_t small;
} letters_t;

static letters_t count(const component_string_t *text) {
    letters_t letters = {0, 0};
    for (size_t at = 0; at < text->len; at++) {
        letters.capital += text->ptr[at] >= 'A' && text->ptr[at] <= 'Z';
        letters.small += text->ptr[at] >= 'a' && text->ptr[at] <= 'z';
    }
    return letters;
}

static void find(instar_plugin_guard_types_finding_t *finding, size_t percent) {
    char detail[80];
    snprintf(detail, sizeof detail, "%zu %% of its letters are capital, which reads as shouting", percent);
    component_string_dup(&finding->rule, "shouting");
    finding->answer = INSTAR_PLUGIN_GUARD_TYPES_ANSWER_ASK;
    finding->severity = INSTAR_PLUGIN_TYPES_SEVERITY_LOW;
    component_string_dup(&finding->detail, detail);
    finding->remedy.is_some = true;
    component_string_dup(&finding->remedy.val, "write it in small letters");
}

void exports_instar_plugin_outbound_guard_check(exports_instar_plugin_outbound_guard_call_ctx_t *ctx,
                                                component_string_t *channel, component_string_t *text,
                                                exports_instar_plugin_outbound_guard_verdict_t *ret) {
    letters_t letters = count(text);
    size_t all = letters.capital + letters.small;
    size_t percent = all == 0 ? 0 : letters.capital * 100 / all;
    bool shouts = all > SHORT && percent > MOST_CAPITALS;
    ret->findings.len = shouts ? 1 : 0;
    ret->findings.ptr = shouts ? calloc(1, sizeof *ret->findings.ptr) : NULL;
    if (shouts) {
        find(ret->findings.ptr, percent);
    }
}

void exports_instar_plugin_plugin_meta_validate(component_string_t *config_json,
                                                exports_instar_plugin_plugin_meta_list_diagnostic_t *ret) {
    ret->ptr = NULL;
    ret->len = 0;
}

void exports_instar_plugin_plugin_meta_rules(component_string_t *config_json,
                                             exports_instar_plugin_plugin_meta_list_rule_t *ret) {
    ret->ptr = calloc(1, sizeof *ret->ptr);
    ret->len = 1;
    component_string_dup(&ret->ptr->id, "shouting");
    component_string_dup(&ret->ptr->pack, "manners");
    ret->ptr->answer = INSTAR_PLUGIN_GUARD_TYPES_ANSWER_ASK;
    ret->ptr->severity = INSTAR_PLUGIN_TYPES_SEVERITY_LOW;
    component_string_dup(&ret->ptr->what, "a text in capital letters would leave");
}
