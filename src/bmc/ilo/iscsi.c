/* UEFI iSCSI boot; the contract is in ilo.h.
 *
 * The settings have a fixed number of attempts, by position: an element of the array that is
 * written changes the attempt at its place, {} leaves one alone, and what is left out keeps its
 * value.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "common/json_text.h"

#include <string.h>

enum { ATTEMPTS_MAX = 32, CARDS_MAX = 64 };

/* The resource in force, and the URI and body of what the next POST brings. */
typedef struct Iscsi {
    json_t *current, *settings; /* owned */
    const char *settings_uri;   /* borrowed from current */
} Iscsi;

static void
iscsi_clear(Iscsi *iscsi)
{
    json_decref(iscsi->current);
    json_decref(iscsi->settings);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Iscsi, iscsi_clear)

static const char thing[] = "iSCSI boot by its firmware";

static bool
read_current(const Ilo *ilo, const json_t *bios, Iscsi *iscsi, GError **error)
{
    iscsi->current = ilo_follow(ilo, bios, ilo->dialect->iscsi, thing, NULL, error);
    return iscsi->current != NULL;
}

static bool
read_settings(const Ilo *ilo, const json_t *bios, Iscsi *iscsi, GError **error)
{
    if (!read_current(ilo, bios, iscsi, error))
        return false;
    iscsi->settings =
        ilo_follow(ilo, iscsi->current, ilo->dialect->settings, thing, &iscsi->settings_uri, error);
    return iscsi->settings != NULL;
}

/* ---- which cards ---- */

/* {mac in lower case: UEFI device path} */
typedef struct Cards {
    const Ilo *ilo;
    GHashTable *paths;
} Cards;

static void
add_card(const Cards *cards, const char *mac, const char *path)
{
    if (mac == NULL || path == NULL || g_hash_table_size(cards->paths) >= CARDS_MAX)
        return;
    g_hash_table_replace(cards->paths, g_ascii_strdown(mac, -1), g_strdup(path));
}

/* HP's REST: an adapter with ports; Redfish: an interface. */
static bool
ilo_look_at_card(void *user, const char *uri, const json_t *member)
{
    const Cards *cards = user;
    const char *path = cards->ilo->dialect->card_path;
    const json_t *ports = json_object_get(member, "PhysicalPorts"), *port;
    size_t i;
    (void)uri;
    add_card(cards, json_string_member(member, "MACAddress"), json_string_member(member, path));
    json_array_foreach((json_t *)(uintptr_t)ports, i, port)
    {
        const char *own = json_string_member(port, path);
        add_card(cards, json_string_member(port, "MacAddress"),
                 own != NULL ? own : json_string_member(member, path));
    }
    return true;
}

static const char *
nic_boot_of(const json_t *subinstance)
{
    const json_t *associations = json_object_get(subinstance, "Associations"), *association;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)associations, i, association)
    {
        const char *name = json_string_value(association); /* some are objects */
        if (name != NULL && strstr(name, "NicBoot") != NULL)
            return name;
    }
    return NULL;
}

/* Adds to `sources` the names of those cards that are at `path`; NULL: of all. Borrowed from
 * mappings. */
static void
collect_sources(const json_t *mappings, const char *path, GPtrArray *sources)
{
    const json_t *list = json_object_get(mappings, "BiosPciSettingsMappings"), *mapping, *sub;
    size_t i, j;
    json_array_foreach((json_t *)(uintptr_t)list, i, mapping)
    {
        const json_t *subs = json_object_get(mapping, "Subinstances");
        json_array_foreach((json_t *)(uintptr_t)subs, j, sub)
        {
            const char *name = nic_boot_of(sub), *at = json_string_member(sub, "CorrelatableID");
            bool fits = path == NULL || g_strcmp0(at, path) == 0;
            if (name != NULL && fits && sources->len < ATTEMPTS_MAX)
                g_ptr_array_add(sources, (gpointer)(uintptr_t)name);
        }
    }
}

static bool
unknown_card(const char *mac, GError **error)
{
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "Given macs: ['%.40s'] not found in the system: the machine has no card with "
                      "this address that boots from iSCSI; correct the address of the node's port",
                      mac);
}

static bool
sources_of_macs(const Ilo *ilo, const json_t *mappings, const char *const *macs, GPtrArray *sources,
                GError **error)
{
    g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    Cards cards = {ilo, paths};
    if (!ilo_each_member(ilo, ilo->dialect->cards, ilo_look_at_card, &cards, error))
        return false;
    for (; *macs != NULL; macs++) {
        g_autofree char *mac = g_ascii_strdown(*macs, -1);
        const char *path = g_hash_table_lookup(paths, mac);
        guint before = sources->len;
        if (path != NULL)
            collect_sources(mappings, path, sources);
        if (sources->len == before)
            return unknown_card(*macs, error);
    }
    return true;
}

static bool
find_sources(const Ilo *ilo, const json_t *mappings, const char *const *macs, GPtrArray *sources,
             GError **error)
{
    if (macs != NULL && *macs != NULL)
        return sources_of_macs(ilo, mappings, macs, sources, error);
    collect_sources(mappings, NULL, sources);
    return sources->len > 0 || ilo_lacks(error, "a card that boots from iSCSI");
}

/* ---- what is written ---- */

static json_t *
attempt_of(const IloDialect *dialect, const IloIscsiTarget *target, const char *source,
           size_t place)
{
    json_t *attempt =
        json_pack("{s:s,s:s,s:s,s:i,s:b,s:s,s:s,s:s,s:i}", "iSCSITargetName", target->iqn,
                  dialect->attempt_lun, target->lun, "iSCSITargetIpAddress", target->address,
                  "iSCSITargetTcpPort", (int)target->port, "iSCSITargetInfoViaDHCP", 0,
                  dialect->attempt_state, "Enabled", dialect->attempt_name, source,
                  "iSCSINicSource", source, dialect->attempt_instance, (int)place + 1);
    bool chap = target->username != NULL && target->secret != NULL;
    json_object_set_new(attempt, "iSCSIAuthenticationMethod", json_string(chap ? "Chap" : "None"));
    if (chap) {
        json_object_set_new(attempt, "iSCSIChapType", json_string("OneWay"));
        json_object_set_new(attempt, "iSCSIChapUsername", json_string(target->username));
        json_object_set_new(attempt, "iSCSIChapSecret", json_string(target->secret));
    }
    return attempt;
}

static const char *
state_at(const IloDialect *dialect, const json_t *resource, size_t place)
{
    const json_t *list = json_object_get(resource, dialect->attempts);
    return json_string_member(json_array_get(list, place), dialect->attempt_state);
}

/* {} for an attempt that is off now and stays off. */
static json_t *
disabled_attempt(const IloDialect *dialect, const Iscsi *iscsi, size_t place)
{
    bool off = g_strcmp0(state_at(dialect, iscsi->settings, place), "Disabled") == 0 &&
               g_strcmp0(state_at(dialect, iscsi->current, place), "Disabled") == 0;
    return off ? json_object() : json_pack("{s:s}", dialect->attempt_state, "Disabled");
}

/* The attempts from `list`'s end on. */
static void
disable_rest(const IloDialect *dialect, const Iscsi *iscsi, json_t *list)
{
    size_t count = json_array_size(json_object_get(iscsi->settings, dialect->attempts));
    for (size_t place = json_array_size(list); place < MIN(count, ATTEMPTS_MAX); place++)
        json_array_append_new(list, disabled_attempt(dialect, iscsi, place));
}

static bool
write_target(const Ilo *ilo, const Iscsi *iscsi, const IloIscsiTarget *target,
             const GPtrArray *sources, GError **error)
{
    json_t *list = json_array();
    for (guint i = 0; i < sources->len; i++)
        json_array_append_new(list, attempt_of(ilo->dialect, target, sources->pdata[i], i));
    disable_rest(ilo->dialect, iscsi, list);
    json_t *body = json_pack("{s:o}", ilo->dialect->attempts, list);
    if (target->initiator != NULL)
        json_object_set_new(body, "iSCSIInitiatorName", json_string(target->initiator));
    return ilo_patch(ilo, iscsi->settings_uri, body, error);
}

static json_t *
bios_of(const Ilo *ilo, GError **error)
{
    if (ilo->dialect != NULL)
        return ilo_bios(ilo, error);
    ilo_lacks(error, thing);
    return NULL;
}

bool
ilo_set_iscsi_target(const Ilo *ilo, const IloIscsiTarget *target, const char *const *macs,
                     GError **error)
{
    g_auto(Iscsi) iscsi = {0};
    g_autoptr(GPtrArray) sources = g_ptr_array_new();
    json_auto_t *bios = bios_of(ilo, error);
    if (bios == NULL || !ilo_require_uefi(ilo, "iSCSI boot", error))
        return false;
    json_auto_t *mappings =
        ilo_follow(ilo, bios, ilo->dialect->mappings, "a map of its cards", NULL, error);
    return mappings != NULL && read_settings(ilo, bios, &iscsi, error) &&
           find_sources(ilo, mappings, macs, sources, error) &&
           write_target(ilo, &iscsi, target, sources, error);
}

bool
ilo_clear_iscsi_target(const Ilo *ilo, GError **error)
{
    g_auto(Iscsi) iscsi = {0};
    json_auto_t *bios = bios_of(ilo, error);
    if (bios == NULL || !ilo_require_uefi(ilo, "iSCSI boot", error) ||
        !read_settings(ilo, bios, &iscsi, error))
        return false;
    json_t *list = json_array();
    disable_rest(ilo->dialect, &iscsi, list);
    return ilo_patch(ilo, iscsi.settings_uri, json_pack("{s:o}", ilo->dialect->attempts, list),
                     error);
}

char *
ilo_get_iscsi_initiator(const Ilo *ilo, GError **error)
{
    g_auto(Iscsi) iscsi = {0};
    json_auto_t *bios = bios_of(ilo, error);
    if (bios == NULL || !read_current(ilo, bios, &iscsi, error))
        return NULL;
    return g_strdup(json_string_member(iscsi.current, "iSCSIInitiatorName"));
}

bool
ilo_can_boot_iscsi(const Ilo *ilo, bool *can, GError **error)
{
    g_auto(Iscsi) iscsi = {0};
    g_autoptr(GError) cause = NULL;
    json_auto_t *bios = bios_of(ilo, &cause);
    if (bios != NULL && read_settings(ilo, bios, &iscsi, &cause)) {
        *can = true;
        return true;
    }
    *can = false;
    if (steel_error_is(cause, STEEL_ERROR_UNSUPPORTED))
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}
