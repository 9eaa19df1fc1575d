/* A simulated Redfish BMC from its making to its end; the contract is in bmc.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include <string.h>

enum { MIB_PER_GIB = 1024 };

typedef struct KnobRow {
    const char *name;
    int least, most, standard;
    const char *help;
} KnobRow;

static const KnobRow knobs[] = {
#define KNOB(code, name, least, most, standard, help) {name, least, most, standard, help},
#include "lab/redfish/knobs.def"
#undef KNOB
};

static json_t *
identity_json(const RedfishIdentity *identity)
{
    g_autofree char *serial = g_strndup(identity->uuid, 8);
    return json_pack("{s:s, s:s, s:s, s:s*, s:s, s:s, s:i, s:i, s:i, s:I, s:I}", "name",
                     identity->name, "uuid", identity->uuid, "mac", identity->mac, "second_mac",
                     identity->second_mac, "username", identity->username, "serial", serial,
                     "memory_mib", identity->memory_mib, "memory_gib",
                     MAX(identity->memory_mib / MIB_PER_GIB, 1), "processors", identity->processors,
                     "disk_bytes", (json_int_t)identity->disk_bytes, "disk_mib",
                     (json_int_t)(identity->disk_bytes >> 20));
}

bool
redfish_kind_parse(const char *word, RedfishKind *kind)
{
    static const char *const words[REDFISH_KIND_COUNT] = {[REDFISH_KIND_PLAIN] = "redfish",
                                                          [REDFISH_KIND_ILO5] = "ilo5",
                                                          [REDFISH_KIND_ILO4] = "ilo4",
                                                          [REDFISH_KIND_GEN8] = "ilo4-gen8"};
    for (int i = 0; i < REDFISH_KIND_COUNT; i++)
        if (strcmp(words[i], word) == 0) {
            *kind = (RedfishKind)i;
            return true;
        }
    return false;
}

RedfishBmc *UNSHARED
redfish_bmc_new(const RedfishIdentity *identity, const RedfishMachineOps *ops, void *user)
{
    RedfishBmc *bmc = g_new0(RedfishBmc, 1);
    lock_init(&bmc->lock, LOCK_RANK_BMC);
    bmc->ops = ops;
    bmc->user = user;
    bmc->tree = redfish_tree_get(identity->kind);
    bmc->state = json_deep_copy(json_object_get(bmc->tree->document, "state"));
    json_object_set_new(bmc->state, "identity", identity_json(identity));
    bmc->password = g_strdup(identity->password);
    for (int i = 0; i < REDFISH_KNOB_COUNT; i++) {
        const json_t *own =
            json_object_get(json_object_get(bmc->tree->document, "knobs"), knobs[i].name);
        bmc->knobs[i] = own != NULL ? (int)json_integer_value(own) : knobs[i].standard;
    }
    redfish_state_set(bmc->state, "boot.mode", json_string(identity->uefi ? "UEFI" : "Legacy"));
    redfish_state_set(bmc->state, "bios.current.BootMode",
                      json_string(identity->uefi ? "Uefi" : "LegacyBios"));
    return bmc;
}

void UNSHARED
redfish_bmc_free(RedfishBmc *bmc)
{
    if (bmc == NULL)
        return;
    json_decref(bmc->state);
    secret_free(bmc->password);
    secret_wipe(bmc->sessions, sizeof bmc->sessions);
    lock_destroy(&bmc->lock);
    g_free(bmc);
}

static char *
knob_names(void)
{
    GString *names = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(knobs); i++)
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", knobs[i].name);
    return g_string_free(names, FALSE);
}

bool
redfish_bmc_set_knob(RedfishBmc *bmc, const char *name, int value, GError **error)
{
    size_t i = 0;
    while (i < G_N_ELEMENTS(knobs) && strcmp(knobs[i].name, name) != 0)
        i++;
    if (i == G_N_ELEMENTS(knobs)) {
        g_autofree char *names = knob_names();
        return steel_fail(error, STEEL_ERROR_INVALID, "a BMC has no \"%.40s\"; it has: %s", name,
                          names);
    }
    if (value < knobs[i].least || value > knobs[i].most)
        return steel_fail(error, STEEL_ERROR_INVALID, "%s is a number from %d to %d, not %d", name,
                          knobs[i].least, knobs[i].most, value);
    lock_acquire(&bmc->lock);
    bmc->knobs[i] = value;
    lock_release(&bmc->lock);
    return true;
}

void
redfish_knobs_help(FILE *out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(knobs); i++) {
        const KnobRow *row = &knobs[i];
        fprintf(out, "      %-22s %s (%d to %d, default %d)\n", row->name, row->help, row->least,
                row->most, row->standard);
    }
}

int
redfish_bmc_knob(RedfishBmc *bmc, RedfishKnob knob)
{
    lock_acquire(&bmc->lock);
    int value = bmc->knobs[knob];
    lock_release(&bmc->lock);
    return value;
}

void
redfish_bmc_stats(RedfishBmc *bmc, RedfishStats *stats)
{
    lock_acquire(&bmc->lock);
    *stats = bmc->stats;
    stats->sessions = bmc->session_count;
    lock_release(&bmc->lock);
}
