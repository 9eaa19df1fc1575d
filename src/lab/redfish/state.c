/* The state of a simulated Redfish BMC by names; the contract is in inside.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"

json_t *
redfish_state(const RedfishBmc *bmc, const char *name)
{
    json_t *value = bmc->state;
    g_auto(GStrv) words = g_strsplit(name, ".", -1);
    for (char **word = words; *word != NULL && value != NULL; word++)
        value = json_object_get(value, *word);
    return value;
}

const char *
redfish_state_text(const RedfishBmc *bmc, const char *name)
{
    const char *text = json_string_value(redfish_state(bmc, name));
    return text != NULL ? text : "";
}

void
redfish_state_set(json_t *state, const char *name, json_t *value)
{
    g_auto(GStrv) words = g_strsplit(name, ".", -1);
    char **word = words;
    for (; word[1] != NULL; word++)
        state = json_object_get(state, *word);
    json_object_set_new(state, *word, value);
}

char *
redfish_etag(const RedfishBmc *bmc, const json_t *body)
{
    g_autofree char *plain = json_text_dump(body);
    g_autofree char *text = g_strdup_printf("%u %s", bmc->generation, plain);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_MD5, text, -1);
    digest[8] = '\0';
    return g_strdup_printf("%s\"%s\"", bmc->knobs[REDFISH_KNOB_WEAK_ETAGS] != 0 ? "W/" : "",
                           digest);
}
