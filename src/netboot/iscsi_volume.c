/* Properties of an iSCSI volume; the contract is in iscsi_volume.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/iscsi_volume.h"

#include "common/json_text.h"
#include "common/secret.h"
#include "netboot/host_port.h"

#include <string.h>

/* CHAP's own limit is what a login text can carry; no target takes more. */
#define CREDENTIAL_LENGTH 255

/* Address method "flat space" in the two highest bits of a LUN's first two bytes (SAM-5,
 * 4.7.7.3). */
#define LUN_FLAT_SPACE 0x4000

static void
iscsi_portal_free(void *data)
{
    IscsiPortal *portal = data;
    g_free(portal->host);
    g_free(portal->iqn);
    g_free(portal);
}

void
iscsi_volume_free(IscsiVolume *volume)
{
    if (volume == NULL)
        return;
    g_ptr_array_unref(volume->portals);
    g_free(volume->username);
    secret_free(volume->password);
    g_free(volume);
}

static bool
hexadecimal(const char *text, size_t length)
{
    return strlen(text) == length && strspn(text, "0123456789abcdefABCDEF") == length;
}

/* "2010-10.com.example:vol-1": what follows "iqn." */
static bool
iqn_rest_valid(const char *rest)
{
    for (int i = 0; i < 7; i++)
        if (i == 4 ? rest[i] != '-' : !g_ascii_isdigit(rest[i]))
            return false;
    int month = (rest[5] - '0') * 10 + (rest[6] - '0');
    if (month < 1 || month > 12 || rest[7] != '.' || !g_ascii_isalnum(rest[8]))
        return false;
    for (const char *c = rest + 8; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr("-._:", *c) == NULL)
            return false;
    return true;
}

bool
iscsi_name_valid(const char *name)
{
    if (name == NULL || strlen(name) > ISCSI_NAME_LENGTH)
        return false;
    if (g_ascii_strncasecmp(name, "iqn.", 4) == 0)
        return iqn_rest_valid(name + 4);
    if (g_ascii_strncasecmp(name, "eui.", 4) == 0)
        return hexadecimal(name + 4, 16);
    if (g_ascii_strncasecmp(name, "naa.", 4) == 0)
        return hexadecimal(name + 4, 16) || hexadecimal(name + 4, 32);
    return false;
}

char *
iscsi_portal_uri(const IscsiPortal *portal)
{
    /* iPXE puts the number into the LUN's first two bytes as it is. */
    unsigned lun = portal->lun <= 0xff ? portal->lun : LUN_FLAT_SPACE | portal->lun;
    bool ipv6 = strchr(portal->host, ':') != NULL;
    return g_strdup_printf("iscsi:%s%s%s::%u:%x:%s", ipv6 ? "[" : "", portal->host, ipv6 ? "]" : "",
                           portal->port, lun, portal->iqn);
}

/* The text of a string without NUL, otherwise NULL. */
static const char *
plain_text(const json_t *value)
{
    const char *text = json_string_value(value);
    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

/* iscsiadm writes a portal as "192.0.2.5:3260,1": the number is the portal group's tag (RFC 7143,
 * 6.1). */
static bool
is_portal_group_tag(const char *text)
{
    return text[0] != '\0' && strlen(text) <= 5 && strspn(text, "0123456789") == strlen(text);
}

/* The parts of a text with commas. A number after a portal belongs to it: no host name is a
 * number. */
static void
append_parts(json_t *values, const char *key, const char *text)
{
    bool portals = g_str_has_prefix(key, "target_portal");
    g_auto(GStrv) parts = g_strsplit(text, ",", 2 * ISCSI_PORTAL_LIMIT + 2);
    for (size_t i = 0; parts[i] != NULL; i++) {
        const char *part = g_strstrip(parts[i]);
        bool tag = portals && i > 0 && is_portal_group_tag(part);
        if (part[0] != '\0' && !tag)
            json_array_append_new(values, json_string(part));
    }
}

/* The values of a property as a new array of new references: none when absent, null or "", several
 * for a list or a string with commas. False with INVALID for other types and too many. */
static json_t *
property_values(const json_t *properties, const char *key, GError **error)
{
    const json_t *value = json_object_get(properties, key);
    json_auto_t *values = json_array();
    const char *text = plain_text(value);
    if (text != NULL) {
        append_parts(values, key, text);
    } else if (json_is_array(value)) {
        json_array_extend(values, (json_t *)(uintptr_t)value);
    } else if (json_is_integer(value)) {
        json_array_append(values, (json_t *)(uintptr_t)value);
    } else if (value != NULL && !json_is_null(value)) {
        steel_fail(error, STEEL_ERROR_INVALID, "%s must be a string, a list or a whole number",
                   key);
        return NULL;
    }
    if (json_array_size(values) > ISCSI_PORTAL_LIMIT) {
        steel_fail(error, STEEL_ERROR_INVALID, "%s has more than %d items", key,
                   ISCSI_PORTAL_LIMIT);
        return NULL;
    }
    return g_steal_pointer(&values);
}

/* A value as text for a message: short and printable. */
static char *
printable_value(const json_t *value)
{
    g_autofree char *text =
        json_is_string(value) ? g_strdup(json_string_value(value)) : json_text_dump(value);
    char *safe = g_strescape(text, NULL);
    if (strlen(safe) > 80)
        memcpy(safe + 77, "...", 4);
    return safe;
}

static bool
read_name(const json_t *value, const char *key, char **iqn, GError **error)
{
    const char *text = plain_text(value);
    if (!iscsi_name_valid(text)) {
        g_autofree char *found = printable_value(value);
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "%s must be an iSCSI name such as iqn.2010-10.com.example:volume-1, "
                          "eui.02004567a425678d or naa.52004567ba64678d, not \"%s\"",
                          key, found);
    }
    *iqn = g_strdup(text);
    return true;
}

static bool
read_lun(const json_t *value, const char *key, unsigned *lun, GError **error)
{
    json_int_t number = -1;
    const char *text = plain_text(value);
    if (json_is_integer(value))
        number = json_integer_value(value);
    else if (text != NULL && text[0] != '\0' && strlen(text) <= 5 &&
             strspn(text, "0123456789") == strlen(text))
        number = g_ascii_strtoll(text, NULL, 10);
    if (number < 0 || number > ISCSI_LUN_LIMIT) {
        g_autofree char *found = printable_value(value);
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "%s must be a logical unit number from 0 to %d, not \"%s\"", key,
                          ISCSI_LUN_LIMIT, found);
    }
    *lun = (unsigned)number;
    return true;
}

static bool
read_portal(const json_t *value, const char *key, IscsiPortal *portal, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = g_strdup(plain_text(value));
    char *comma = text != NULL ? strrchr(text, ',') : NULL;
    if (comma != NULL && is_portal_group_tag(comma + 1))
        *comma = '\0';
    if (text != NULL &&
        host_port_parse(text, ISCSI_DEFAULT_PORT, &portal->host, &portal->port, &cause))
        return true;
    g_autofree char *found = printable_value(value);
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "%s must be the address of an iSCSI target such as 192.0.2.5:3260 or "
                      "[2001:db8::5]:3260, not \"%s\"%s%s",
                      key, found, cause != NULL ? ": " : "", cause != NULL ? cause->message : "");
}

/* The properties, before names and LUNs are assigned to portals. */
typedef struct Lists {
    json_t *portals, *iqns, *luns;              /* owned */
    const char *portal_key, *iqn_key, *lun_key; /* the property that each comes from */
} Lists;

static void
lists_clear(Lists *lists)
{
    json_decref(lists->portals);
    json_decref(lists->iqns);
    json_decref(lists->luns);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lists, lists_clear)

/* The list `plural` if it has `count` items (any number but 0 when count is 0), else `singular`,
 * else what the list has. */
static json_t *
choose_values(const json_t *properties, const char *plural, const char *singular, size_t count,
              const char **key, GError **error)
{
    json_auto_t *many = property_values(properties, plural, error);
    if (many == NULL)
        return NULL;
    json_auto_t *one = property_values(properties, singular, error);
    if (one == NULL)
        return NULL;
    size_t size = json_array_size(many);
    bool take_list = size > 0 && (count == 0 || size == count || json_array_size(one) == 0);
    *key = take_list ? plural : singular;
    return take_list ? g_steal_pointer(&many) : g_steal_pointer(&one);
}

static bool
read_lists(const json_t *properties, Lists *lists, GError **error)
{
    lists->portals =
        choose_values(properties, "target_portals", "target_portal", 0, &lists->portal_key, error);
    if (lists->portals == NULL)
        return false;
    size_t count = json_array_size(lists->portals);
    if (count == 0)
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "target_portal is missing: the address of the iSCSI target, such as "
                          "192.0.2.5:3260");
    lists->iqns =
        choose_values(properties, "target_iqns", "target_iqn", count, &lists->iqn_key, error);
    if (lists->iqns == NULL)
        return false;
    if (json_array_size(lists->iqns) == 0)
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "target_iqn is missing: the iSCSI name of the target, such as "
                          "iqn.2010-10.com.example:volume-1");
    lists->luns =
        choose_values(properties, "target_luns", "target_lun", count, &lists->lun_key, error);
    return lists->luns != NULL;
}

/* The item that belongs to portal `index` of `count`; NULL only for an empty list. */
static const json_t *
item_of_portal(const json_t *list, size_t index, size_t count)
{
    return json_array_get(list, json_array_size(list) == count ? index : 0);
}

static bool
read_paths(const Lists *lists, GPtrArray *portals, GError **error)
{
    size_t count = json_array_size(lists->portals);
    for (size_t i = 0; i < count; i++) {
        IscsiPortal *portal = g_new0(IscsiPortal, 1);
        g_ptr_array_add(portals, portal);
        const json_t *lun = item_of_portal(lists->luns, i, count);
        if (!read_portal(json_array_get(lists->portals, i), lists->portal_key, portal, error) ||
            !read_name(item_of_portal(lists->iqns, i, count), lists->iqn_key, &portal->iqn,
                       error) ||
            (lun != NULL && !read_lun(lun, lists->lun_key, &portal->lun, error)))
            return false;
    }
    return true;
}

/* Reads a name or secret: printable ASCII, blanks allowed, since scripts carry it encoded. Absent,
 * null and "" are NULL. */
static bool
read_credential(const json_t *properties, const char *key, char **credential, GError **error)
{
    const json_t *value = json_object_get(properties, key);
    if (value == NULL || json_is_null(value))
        return true;
    const char *text = json_string_value(value);
    if (text == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "%s must be a string", key);
    if (strlen(text) > CREDENTIAL_LENGTH || strlen(text) != json_string_length(value))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "%s must have at most %d characters, none of them NUL", key,
                          CREDENTIAL_LENGTH);
    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isprint(*c))
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "%s must have printable ASCII characters only: no line breaks, tabs "
                              "or letters beyond ASCII",
                              key);
    *credential = text[0] != '\0' ? g_strdup(text) : NULL;
    return true;
}

static bool
read_authentication(const json_t *properties, IscsiVolume *volume, GError **error)
{
    const json_t *value = json_object_get(properties, "auth_method");
    const char *method = json_string_value(value);
    if (value != NULL && !json_is_null(value) && method == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "auth_method must be \"CHAP\" or absent");
    bool chap = method != NULL && g_ascii_strcasecmp(method, "CHAP") == 0;
    bool none = method == NULL || method[0] == '\0' || g_ascii_strcasecmp(method, "None") == 0;
    if (!chap && !none) {
        g_autofree char *found = printable_value(value);
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "auth_method must be \"CHAP\" or absent, not \"%s\"", found);
    }
    if (!read_credential(properties, "auth_username", &volume->username, error) ||
        !read_credential(properties, "auth_password", &volume->password, error))
        return false;
    bool name = volume->username != NULL, secret = volume->password != NULL;
    if (name != secret)
        return steel_fail(
            error, STEEL_ERROR_MISSING, "%s is missing: %s is set, and CHAP needs both",
            name ? "auth_password" : "auth_username", name ? "auth_username" : "auth_password");
    if (chap && !name)
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "auth_username and auth_password are missing: auth_method is CHAP");
    return true;
}

IscsiVolume *
iscsi_volume_read(const json_t *properties, GError **error)
{
    if (!json_is_object(properties)) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "the properties of an iSCSI volume must be an object");
        return NULL;
    }
    g_auto(Lists) lists = {0};
    if (!read_lists(properties, &lists, error))
        return NULL;
    g_autoptr(IscsiVolume) volume = g_new0(IscsiVolume, 1);
    volume->portals = g_ptr_array_new_with_free_func(iscsi_portal_free);
    if (!read_paths(&lists, volume->portals, error) ||
        !read_authentication(properties, volume, error))
        return NULL;
    return g_steal_pointer(&volume);
}
