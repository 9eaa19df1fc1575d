/* What is in an iLO's resources; the contract is in ilo_internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "common/json_text.h"

enum { MEMBERS_MAX = 256, PAGES_MAX = 16 };

bool
ilo_lacks(GError **error, const char *what)
{
    return steel_fail(error, STEEL_ERROR_UNSUPPORTED, "this machine's iLO does not have %s", what);
}

bool
ilo_get_redfish(const Ilo *ilo, RedfishBmc *bmc, char **address, GError **error)
{
    *address = NULL;
    if (ilo->dialect == NULL || !ilo->dialect->actions || ilo_redfish_client(ilo->client) == NULL)
        return ilo_lacks(error, "Redfish's event service");
    *bmc = (RedfishBmc){ilo_redfish_client(ilo->client), ilo_redfish_target(ilo, address),
                        ilo->target->deadline_ms};
    return true;
}

const char *
ilo_require_text(const json_t *resource, const char *path, const char *what, GError **error)
{
    const char *text = ilo_text_at(resource, path);
    if (text == NULL)
        ilo_lacks(error, what);
    return text;
}

json_t *
ilo_follow(const Ilo *ilo, const json_t *resource, const char *link, const char *what,
           const char **uri, GError **error)
{
    const char *named = ilo_require_text(resource, link, what, error);
    if (named == NULL)
        return NULL;
    if (uri != NULL)
        *uri = named;
    return ilo_fetch(ilo, named, error);
}

json_t *
ilo_system(const Ilo *ilo, GError **error)
{
    return ilo_fetch(ilo, ilo->dialect->system, error);
}

json_t *
ilo_bios(const Ilo *ilo, GError **error)
{
    if (ilo->dialect == NULL) {
        ilo_lacks(error, "BIOS settings");
        return NULL;
    }
    json_auto_t *system = ilo_system(ilo, error);
    return system == NULL
               ? NULL
               : ilo_follow(ilo, system, ilo->dialect->bios, "BIOS settings", NULL, error);
}

/* A page of a collection: members by link, or, in HP's REST, also in place. *go_on: false once
 * `visit` has seen enough. */
static bool
visit_page(const Ilo *ilo, const json_t *page, IloVisit visit, void *user, bool *go_on,
           GError **error)
{
    const json_t *items = json_object_get(page, "Items"), *item;
    const json_t *members = ilo_at(page, ilo->dialect->members);
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)items, i, item)
    {
        const char *own = ilo_text_at(item, "links/self/href");
        if (*go_on && i < MEMBERS_MAX)
            *go_on = visit(user, own, item);
    }
    if (json_is_array(items))
        return true;
    json_array_foreach((json_t *)(uintptr_t)members, i, item)
    {
        const char *uri = ilo_text_at(item, ilo->dialect->self);
        if (!*go_on || i == MEMBERS_MAX)
            break;
        if (uri == NULL)
            continue;
        json_auto_t *member = ilo_fetch(ilo, uri, error);
        if (member == NULL)
            return false;
        *go_on = visit(user, uri, member);
    }
    return true;
}

static char *
next_page(const Ilo *ilo, const char *collection, const json_t *page)
{
    const char *next = ilo_text_at(page, "Members@odata.nextLink");
    const json_t *number = ilo_at(page, "links/NextPage/page");
    if (ilo->dialect->actions)
        return g_strdup(next);
    return json_is_integer(number)
               ? g_strdup_printf("%s?page=%lld", collection, json_integer_value(number))
               : NULL;
}

bool
ilo_each_member(const Ilo *ilo, const char *collection, IloVisit visit, void *user, GError **error)
{
    g_autofree char *uri = g_strdup(collection);
    bool go_on = true;
    for (unsigned pages = 0; uri != NULL && go_on && pages < PAGES_MAX; pages++) {
        json_auto_t *page = ilo_fetch(ilo, uri, error);
        if (page == NULL || !visit_page(ilo, page, visit, user, &go_on, error))
            return false;
        g_autofree char *next = next_page(ilo, collection, page);
        g_free(uri);
        uri = g_steal_pointer(&next);
    }
    return true;
}

bool
ilo_write_bios(const Ilo *ilo, json_t *settings, bool all, GError **error)
{
    const IloDialect *dialect = ilo->dialect;
    json_auto_t *taken = settings, *bios = ilo_bios(ilo, error);
    if (bios == NULL)
        return false;
    const char *uri = ilo_require_text(bios, dialect->settings, "BIOS settings to change", error);
    if (uri == NULL)
        return false;
    json_t *body = dialect->attributes != NULL ? json_pack("{s:O}", dialect->attributes, taken)
                                               : json_incref(taken);
    return all && dialect->settings_by_post ? ilo_post(ilo, uri, body, error)
                                            : ilo_patch(ilo, uri, body, error);
}
