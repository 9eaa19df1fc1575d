/* The record of what a machine is to boot; the contract is in boot_record.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_record.h"

#include "common/json_text.h"
#include "common/secret.h"
#include "model/internal_info.h"
#include "model/provision_states.h"

#define BY_FILES "by_files"

static const BootModeInfo modes[BOOT_MODE_COUNT] = {
#define BOOT_MODE(code, word, states, kernel, reports, purpose)                                    \
    [BOOT_MODE_##code] = {word, purpose, states, kernel, reports},
#include "netboot/boot_modes.def"
#undef BOOT_MODE
};

const BootModeInfo *
boot_mode_info(BootMode mode)
{
    return &modes[mode];
}

static BootMode
mode_from_word(const char *word)
{
    BootMode mode = 0;
    while (mode < BOOT_MODE_COUNT && g_strcmp0(modes[mode].word, word) != 0)
        mode++;
    return mode;
}

/* Borrowed; NULL if absent. */
static const json_t *
record_of(const Node *node)
{
    const json_t *record = info_json(node, INFO_BOOT);
    return json_is_object(record) ? record : NULL;
}

static bool
is_by_files(const json_t *object)
{
    return json_is_true(json_object_get(object, BY_FILES));
}

bool
boot_record_look(const Node *node, BootRecord *record)
{
    const json_t *object = record_of(node);
    if (object == NULL)
        return false;
    const char *id = json_string_member(object, "id");
    *record = (BootRecord){mode_from_word(json_string_member(object, "mode")), id != NULL ? id : "",
                           json_object_get(object, "parameters"), is_by_files(object)};
    return true;
}

bool
boot_record_read(const Node *node, BootRecord *record)
{
    ProvisionState state = state_from_wire(node->provision_state);
    if (state == STATE_NONE || !boot_record_look(node, record))
        return false;
    BootMode mode = record->mode;
    unsigned flag = mode < BOOT_MODE_COUNT ? modes[mode].states : STATE_HAS_INSTANCE;
    return (state_info(state)->flags & flag) != 0;
}

bool
boot_record_exists(const Node *node)
{
    return record_of(node) != NULL;
}

void
boot_record_write(Node *node, BootMode mode)
{
    char id[SECRET_TEXT_SIZE];
    const json_t *object = record_of(node);
    if (object != NULL && mode_from_word(json_string_member(object, "mode")) == mode)
        return;
    info_set_json(node, INFO_BOOT,
                  json_pack("{s:s,s:s}", "mode", modes[mode].word, "id", secret_text(id)));
}

void
boot_record_write_ramdisk(Node *node, const json_t *parameters)
{
    boot_record_write(node, BOOT_MODE_RAMDISK);
    json_t *object = info_json(node, INFO_BOOT);
    if (parameters != NULL)
        json_object_set_new(object, "parameters", json_deep_copy(parameters));
    else
        json_object_del(object, "parameters");
}

bool
boot_record_is(const Node *node, BootMode mode)
{
    const json_t *object = record_of(node);
    return object != NULL && mode_from_word(json_string_member(object, "mode")) == mode;
}

bool
boot_record_reports(const Node *node)
{
    const json_t *object = record_of(node);
    BootMode mode = mode_from_word(json_string_member(object, "mode"));
    return object != NULL && !is_by_files(object) &&
           (mode == BOOT_MODE_COUNT || modes[mode].reports);
}

void
boot_record_set_by_files(Node *node)
{
    json_object_set_new(info_json(node, INFO_BOOT), BY_FILES, json_true());
}

bool
boot_record_has_token(const Node *node)
{
    return boot_record_is(node, BOOT_MODE_RAMDISK) && !is_by_files(record_of(node));
}

bool
boot_record_remove(Node *node)
{
    return info_remove(node, INFO_BOOT);
}

BootPhase
boot_record_last_phase(const Node *node)
{
    return boot_phase_from_word(json_string_member(info_json(node, INFO_BOOT_PROGRESS), "phase"));
}
