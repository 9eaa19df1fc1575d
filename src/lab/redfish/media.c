/* Virtual media of a simulated Redfish BMC (VirtualMedia 1.5); the contract is in inside.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"
#include "common/time_text.h"

#include <string.h>

#define INSERT "VirtualMedia.InsertMedia"

typedef struct SlotRow {
    const char *words[2]; /* in paths; the second is an iLO's */
    const char *ribcl;
    const char *state, *once;
} SlotRow;

static const SlotRow slots[REDFISH_SLOT_COUNT] = {
    [REDFISH_SLOT_CD] = {{"/virtualmedia/cd", "/virtualmedia/2"},
                         "CDROM",
                         "media.Cd",
                         "media_once.Cd"},
    [REDFISH_SLOT_STICK] = {{"/virtualmedia/floppy", "/virtualmedia/1"},
                            "FLOPPY",
                            "media.Floppy",
                            "media_once.Floppy"},
};

static RedfishSlot
slot_of(const RedfishCall *call)
{
    const char *const *words = slots[REDFISH_SLOT_CD].words;
    bool cd = strstr(call->path, words[0]) != NULL || strstr(call->path, words[1]) != NULL;
    return cd ? REDFISH_SLOT_CD : REDFISH_SLOT_STICK;
}

static bool is_inserted(const RedfishBmc *bmc, RedfishSlot slot) REQUIRES(bmc->lock);

static bool
is_inserted(const RedfishBmc *bmc, RedfishSlot slot)
{
    return json_is_true(json_object_get(redfish_state(bmc, slots[slot].state), "inserted"));
}

void
redfish_media_fill(const RedfishBmc *bmc, RedfishBoot *boot)
{
    for (int slot = 0; slot < REDFISH_SLOT_COUNT; slot++)
        boot->inserted[slot] = is_inserted(bmc, (RedfishSlot)slot);
    bool once = json_is_true(redfish_state(bmc, slots[REDFISH_SLOT_CD].once));
    if (once && boot->inserted[REDFISH_SLOT_CD] && boot->device == REDFISH_BOOT_NONE)
        boot->device = REDFISH_BOOT_CD;
}

static char *
file_name(const char *url)
{
    g_autofree char *bare = g_strndup(url, strcspn(url, "?#"));
    return g_path_get_basename(bare);
}

/* The resource shows what is in the drive. url: NULL for nothing. */
static void show(RedfishBmc *bmc, RedfishSlot slot, const char *url, const char *username,
                 bool protected) REQUIRES(bmc->lock);

static void
show(RedfishBmc *bmc, RedfishSlot slot, const char *url, const char *username, bool protected)
{
    g_autofree char *name = url != NULL ? file_name(url) : NULL;
    json_t *medium = redfish_state(bmc, slots[slot].state);
    json_object_set_new(medium, "image", url != NULL ? json_string(url) : json_null());
    json_object_set_new(medium, "name", name != NULL ? json_string(name) : json_null());
    json_object_set_new(medium, "username", username != NULL ? json_string(username) : json_null());
    json_object_set_new(medium, "inserted", json_boolean(url != NULL));
    json_object_set_new(medium, "since_ms", json_integer(time_monotonic_ms()));
    json_object_set_new(medium, "via", json_string(url != NULL ? "URI" : "NotConnected"));
    json_object_set_new(medium, "protected", json_boolean(protected));
}

static bool
is_web_url(const char *url)
{
    return strlen(url) <= 2048 && (g_ascii_strncasecmp(url, "http://", 7) == 0 ||
                                   g_ascii_strncasecmp(url, "https://", 8) == 0);
}

static bool refuse_parameter(RedfishCall *call, RedfishMessage message, const char *parameter,
                             const char *value) REQUIRES(call->bmc->lock);

static bool
refuse_parameter(RedfishCall *call, RedfishMessage message, const char *parameter,
                 const char *value)
{
    g_autofree char *related = g_strconcat("#/", parameter, NULL);
    if (message == REDFISH_MESSAGE_PARAMETER_MISSING)
        redfish_refuse(call, message, related, INSERT, parameter);
    else
        redfish_refuse(call, message, related, value, parameter);
    return false;
}

/* Whether the parameters are such as the action takes. */
static bool check_parameters(RedfishCall *call) REQUIRES(call->bmc->lock);

static bool
check_parameters(RedfishCall *call)
{
    static const char *const texts[] = {"Image", "UserName", "Password", "TransferMethod",
                                        "TransferProtocolType"};
    const json_t *image = json_object_get(call->body, "Image");
    const json_t *protocol = json_object_get(call->body, "TransferProtocolType");
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const json_t *value = json_object_get(call->body, texts[i]);
        if (value != NULL && !json_is_string(value) && !json_is_null(value))
            return refuse_parameter(call, REDFISH_MESSAGE_PARAMETER_TYPE, texts[i], "given");
    }
    if (!json_is_string(image))
        return refuse_parameter(call, REDFISH_MESSAGE_PARAMETER_MISSING, "Image", NULL);
    if (!is_web_url(json_string_value(image)))
        return refuse_parameter(call, REDFISH_MESSAGE_PARAMETER_FORMAT, "Image",
                                json_string_value(image));
    if (protocol == NULL && call->bmc->knobs[REDFISH_KNOB_PROTOCOL_NEEDED] != 0)
        return refuse_parameter(call, REDFISH_MESSAGE_PARAMETER_MISSING, "TransferProtocolType",
                                NULL);
    return true;
}

/* Whether the drive can take something now. */
static bool check_drive(RedfishCall *call, RedfishSlot slot) REQUIRES(call->bmc->lock);

static bool
check_drive(RedfishCall *call, RedfishSlot slot)
{
    int status = call->bmc->knobs[REDFISH_KNOB_REFUSE_INSERT];
    if (status != 0) {
        redfish_refuse(call, REDFISH_MESSAGE_INSERT_REFUSED, NULL, NULL, NULL);
        call->answer->status = (unsigned)status;
        return false;
    }
    if (call->bmc->knobs[REDFISH_KNOB_NO_LICENCE] != 0) {
        redfish_refuse(call, REDFISH_MESSAGE_LICENCE_REQUIRED, NULL, NULL, NULL);
        return false;
    }
    if (!call->bmc->drive_busy[slot] && !is_inserted(call->bmc, slot))
        return true;
    redfish_refuse(call, REDFISH_MESSAGE_BUSY, NULL, NULL, NULL);
    return false;
}

/* Lets the machine fetch the image; others may ask the BMC meanwhile. */
static bool fetch(RedfishCall *call, RedfishSlot slot, const RedfishMedium *medium)
    REQUIRES(call->bmc->lock);

static bool
fetch(RedfishCall *call, RedfishSlot slot, const RedfishMedium *medium)
{
    const RedfishMachineOps *ops = call->bmc->ops;
    g_autoptr(GError) error = NULL;
    if (ops == NULL)
        return true;
    call->bmc->drive_busy[slot] = true;
    lock_release(&call->bmc->lock);
    bool good = ops->insert(call->bmc->user, slot, medium, &error);
    lock_acquire(&call->bmc->lock);
    call->bmc->drive_busy[slot] = false;
    if (!good)
        redfish_refuse(call, REDFISH_MESSAGE_NO_CONNECTION, "#/Image", medium->url, error->message);
    return good;
}

static bool insert(RedfishCall *call, RedfishSlot slot) REQUIRES(call->bmc->lock);

static bool
insert(RedfishCall *call, RedfishSlot slot)
{
    const json_t *verify = json_object_get(redfish_state(call->bmc, slots[slot].state), "verify");
    const RedfishMedium medium = {.url = json_string_member(call->body, "Image"),
                                  .username = json_string_member(call->body, "UserName"),
                                  .password = json_string_member(call->body, "Password"),
                                  .verify = json_is_true(verify)};
    if (!check_parameters(call) || !check_drive(call, slot) || !fetch(call, slot, &medium))
        return false;
    show(call->bmc, slot, medium.url, medium.username,
         !json_is_false(json_object_get(call->body, "WriteProtected")));
    return true;
}

static bool eject(RedfishCall *call, RedfishSlot slot) REQUIRES(call->bmc->lock);

static bool
eject(RedfishCall *call, RedfishSlot slot)
{
    const RedfishMachineOps *ops = call->bmc->ops;
    int status = call->bmc->knobs[REDFISH_KNOB_REFUSE_EJECT];
    if (status != 0) {
        redfish_refuse(call, REDFISH_MESSAGE_EJECT_REFUSED, NULL, NULL, NULL);
        call->answer->status = (unsigned)status;
        return false;
    }
    if (call->bmc->drive_busy[slot] || (ops != NULL && !ops->eject(call->bmc->user, slot, NULL))) {
        redfish_refuse(call, REDFISH_MESSAGE_BUSY, NULL, NULL, NULL);
        return false;
    }
    show(call->bmc, slot, NULL, NULL, true);
    return true;
}

void
redfish_media_insert(RedfishCall *call)
{
    if (insert(call, slot_of(call)))
        redfish_say(call, 204, NULL);
}

void
redfish_media_eject(RedfishCall *call)
{
    if (call->body == NULL && call->bmc->knobs[REDFISH_KNOB_EJECT_BODY] != 0)
        redfish_refuse(call, REDFISH_MESSAGE_EMPTY_BODY, NULL, NULL, NULL);
    else if (eject(call, slot_of(call)))
        redfish_say(call, 204, NULL);
}

/* Of BMCs without the actions: {"Image": url, "Inserted": true} and {"Image": null}. The switch of
 * certificates is changed this way as well. */
void
redfish_media_patch(RedfishCall *call)
{
    RedfishSlot slot = slot_of(call);
    const json_t *image = json_object_get(call->body, "Image");
    const json_t *verify = json_object_get(call->body, "VerifyCertificate");
    if (json_is_boolean(verify))
        json_object_set_new(redfish_state(call->bmc, slots[slot].state), "verify",
                            json_boolean(json_is_true(verify)));
    const json_t *oem = json_object_get(call->body, "Oem");
    const json_t *own = json_object_get(oem, call->rest ? "Hp" : "Hpe");
    const json_t *once = json_object_get(own, "BootOnNextServerReset");
    if (json_is_boolean(once) && redfish_state(call->bmc, slots[slot].once) != NULL)
        redfish_state_set(call->bmc->state, slots[slot].once, json_boolean(json_is_true(once)));
    bool good = image == NULL || (json_is_null(image) ? eject(call, slot) : insert(call, slot));
    if (!good)
        return;
    if (image == NULL && verify == NULL && once == NULL)
        redfish_refuse(call, REDFISH_MESSAGE_EMPTY_JSON, NULL, NULL, NULL);
    else
        redfish_say(call, 204, NULL);
}

bool
redfish_media_find(const char *word, RedfishSlot *slot)
{
    for (int i = 0; i < REDFISH_SLOT_COUNT; i++)
        if (g_ascii_strcasecmp(slots[i].ribcl, word) == 0) {
            *slot = (RedfishSlot)i;
            return true;
        }
    return false;
}

json_t *
redfish_media_state(const RedfishBmc *bmc, RedfishSlot slot)
{
    return redfish_state(bmc, slots[slot].state);
}

bool
redfish_media_put(RedfishCall *call, RedfishSlot slot, const char *url)
{
    json_decref(call->body);
    call->body = json_pack("{s:s}", "Image", url);
    return insert(call, slot);
}

bool
redfish_media_take(RedfishCall *call, RedfishSlot slot)
{
    return eject(call, slot);
}

/* ---- media that eject themselves ---- */

void
redfish_media_expire(RedfishBmc *bmc)
{
    int after_ms = bmc->knobs[REDFISH_KNOB_EJECT_AFTER_MS];
    for (int slot = 0; slot < REDFISH_SLOT_COUNT && after_ms > 0; slot++) {
        const json_t *medium = redfish_state(bmc, slots[slot].state);
        json_int_t since_ms = json_integer_value(json_object_get(medium, "since_ms"));
        if (is_inserted(bmc, (RedfishSlot)slot) && since_ms + after_ms <= time_monotonic_ms() &&
            (bmc->ops == NULL || bmc->ops->eject(bmc->user, (RedfishSlot)slot, NULL)))
            show(bmc, (RedfishSlot)slot, NULL, NULL, true);
    }
}

/* ---- media that boot at the next reset ---- */

/* The POST that boots a medium notes it; the next one throws it out. */
void
redfish_media_once(RedfishBmc *bmc)
{
    for (int slot = 0; slot < REDFISH_SLOT_COUNT; slot++) {
        json_t *medium = redfish_state(bmc, slots[slot].state);
        bool booted = json_is_true(json_object_get(medium, "booted"));
        bool once = json_is_true(redfish_state(bmc, slots[slot].once));
        json_object_set_new(medium, "booted",
                            json_boolean(once && is_inserted(bmc, (RedfishSlot)slot)));
        if (once)
            redfish_state_set(bmc->state, slots[slot].once, json_false());
        if (booted && (bmc->ops == NULL || bmc->ops->eject(bmc->user, (RedfishSlot)slot, NULL)))
            show(bmc, (RedfishSlot)slot, NULL, NULL, true);
    }
}
