/* One event: its bounded text and its reference count. The contract is in events.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "rpc/event_priv.h"

#include <string.h>

static bool
append_value(GString *text, const json_t *value)
{
    size_t room = text->len < EVENT_TEXT_LIMIT ? EVENT_TEXT_LIMIT - text->len : 0;
    if (json_text_append(text, value, MIN(room, EVENT_MEMBER_LIMIT)))
        return true;
    g_string_append(text, "null");
    return false;
}

/* Appends a member; false if its value is too large, and null stands for it. */
static bool
append_member(SharedEvent *event, GString *text, const char *name, const json_t *value)
{
    EventMember member;
    g_string_append_c(text, text->len > 1 ? ',' : '{');
    member.name = (guint32)text->len + 1;
    json_text_append_string(text, name);
    member.name_size = (guint32)text->len - 1 - member.name;
    g_string_append_c(text, ':');
    member.value = (guint32)text->len;
    bool whole = append_value(text, value);
    member.value_size = (guint32)text->len - member.value;
    g_array_append_val(event->members, member);
    return whole;
}

static void
write_text(SharedEvent *event, json_t *payload)
{
    GString *text = g_string_sized_new(2048);
    json_t *left_out = json_array(), *value;
    const char *name;
    json_object_foreach(payload, name, value) if (!append_member(event, text, name, value))
        json_array_append_new(left_out, json_string(name));
    if (json_array_size(left_out) > 0)
        append_member(event, text, "left_out", left_out);
    json_decref(left_out);
    g_string_append(text, text->len > 0 ? "}" : "{}");
    event->event.size = text->len;
    event->text = g_realloc(g_string_free(text, FALSE), event->event.size + 1);
}

static size_t
cost_of(const SharedEvent *event)
{
    const char *const texts[] = {event->type, event->node_uuid, event->owner, event->lessee};
    size_t cost = sizeof *event + event->event.size + event->members->len * sizeof(EventMember);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        cost += texts[i] != NULL ? strlen(texts[i]) : 0;
    return cost;
}

SharedEvent *
event_new(const char *type, const EventAbout *about, json_t *payload, size_t *total)
{
    SharedEvent *event = g_new0(SharedEvent, 1);
    event->members =
        g_array_sized_new(FALSE, FALSE, sizeof(EventMember), (guint)json_object_size(payload) + 1);
    event->type = g_strdup(type);
    event->node_uuid = g_strdup(about->node_uuid);
    event->owner = g_strdup(about->owner);
    event->lessee = g_strdup(about->lessee);
    write_text(event, payload);
    json_decref(payload);
    event->event.type = event->type;
    event->event.about = (EventAbout){event->node_uuid, event->owner, event->lessee};
    event->event.text = event->text;
    event->users = 1;
    event->link.data = event;
    event->cost = cost_of(event);
    event->total = total;
    __atomic_add_fetch(total, event->cost, __ATOMIC_RELAXED);
    return event;
}

void
event_use(SharedEvent *event)
{
    __atomic_add_fetch(&event->users, 1, __ATOMIC_RELAXED);
}

void
event_release(const Event *released)
{
    SharedEvent *event = (SharedEvent *)(uintptr_t)released;
    if (event == NULL || __atomic_sub_fetch(&event->users, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    __atomic_sub_fetch(event->total, event->cost, __ATOMIC_RELAXED);
    g_array_free(event->members, TRUE);
    g_free(event->type);
    g_free(event->node_uuid);
    g_free(event->owner);
    g_free(event->lessee);
    g_free(event->text);
    g_free(event);
}

bool
event_member(const Event *event, const char *name, size_t *begin, size_t *size)
{
    const SharedEvent *shared = (const SharedEvent *)event;
    size_t length = strlen(name);
    for (guint i = 0; i < shared->members->len; i++) {
        const EventMember *member = &g_array_index(shared->members, EventMember, i);
        if (member->name_size != length || memcmp(event->text + member->name, name, length) != 0)
            continue;
        *begin = member->value;
        *size = member->value_size;
        return true;
    }
    return false;
}
