/* Rows as JSON; the contract is in render.h. A GET spends its time here, so stored JSON is passed
 * on without parsing, and nothing is copied twice.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/render.h"

#include "api/access.h"
#include "api/internal.h"
#include "api/mask.h"
#include "common/log.h"
#include "common/steady.h"
#include "db/secrets.h"
#include "model/network.h"

#include <string.h>

/* g_string_append_len, without the call if there is room. */
static inline void
put(GString *out, const char *text, size_t size)
{
    if (G_LIKELY(out->len + size < out->allocated_len)) {
        memcpy(out->str + out->len, text, size);
        out->len += size;
        out->str[out->len] = '\0';
    } else {
        g_string_append_len(out, text, (gssize)size);
    }
}

#define put_literal(out, literal) put(out, literal, sizeof(literal) - 1)

const char *
render_state_word(const char *state, unsigned version)
{
    if (version < 2 && strcmp(state, "available") == 0)
        return NULL;
    if (version < 39 && strcmp(state, "inspect wait") == 0)
        return "inspecting";
    return state;
}

void
render_link_pair(GString *out, const GString *self, const GString *bookmark, const char *name,
                 const char *suffix)
{
    size_t name_size = strlen(name), suffix_size = strlen(suffix);
    put_literal(out, "{\"href\":\"");
    put(out, self->str, self->len);
    put(out, name, name_size);
    put(out, suffix, suffix_size);
    put_literal(out, "\",\"rel\":\"self\"},{\"href\":\"");
    put(out, bookmark->str, bookmark->len);
    put(out, name, name_size);
    put(out, suffix, suffix_size);
    put_literal(out, "\",\"rel\":\"bookmark\"}");
}

static void
put_self_link(const Renderer *renderer, const DbRow *row)
{
    GString *out = renderer->out;
    const char *key = db_row_text(row, renderer->view->key, NULL);
    put_literal(out, "[{\"href\":\"");
    put(out, renderer->self->str, renderer->self->len);
    put(out, key, key != NULL ? strlen(key) : 0);
    put_literal(out, "\",\"rel\":\"self\"}]");
}

void
renderer_init(Renderer *renderer, const Request *request, const View *view, const char *path,
              GString *out)
{
    const char *item_path = path != NULL ? path : view->resource->path;
    *renderer = (Renderer){.view = view, .out = out, .request = request};
    if (view->hideable != 0)
        renderer->visibility =
            policy_visibility(request, NULL, &renderer->visibility_differs) & view->hideable;
    if (view->owner < 0) /* all rows have the same answer */
        renderer->visibility_differs = false;
    renderer->self = g_string_sized_new(128);
    renderer->bookmark = g_string_sized_new(128);
    request_append_base(request, renderer->self);
    g_string_append_len(renderer->bookmark, renderer->self->str, (gssize)renderer->self->len);
    g_string_append(renderer->self, "/v1/");
    g_string_append(renderer->self, item_path);
    g_string_append_c(renderer->self, '/');
    g_string_append_c(renderer->bookmark, '/');
    g_string_append(renderer->bookmark, item_path);
    g_string_append_c(renderer->bookmark, '/');
    if (view->driver >= 0)
        renderer->ring = rings_current(request->api->rings);
    if (view->lease >= 0)
        renderer->now_ms = steady_now_ms();
}

void
renderer_clear(Renderer *renderer)
{
    g_string_free(renderer->self, TRUE);
    g_string_free(renderer->bookmark, TRUE);
    hash_ring_unref(renderer->ring);
}

static void
put_text(GString *out, const char *text, size_t size)
{
    if (text == NULL)
        put_literal(out, "null");
    else
        json_text_append_string_size(out, text, size);
}

/* As Ironic cuts the events of a history in a list. */
static void
put_brief(GString *out, const char *text, size_t size)
{
    enum { LONGEST = 255, KEPT = 251 };
    if (text == NULL || g_utf8_strlen(text, (gssize)size) <= LONGEST) {
        put_text(out, text, size);
        return;
    }
    g_autofree char *kept = g_utf8_substring(text, 0, KEPT), *cut = g_strconcat(kept, "...", NULL);
    put_text(out, cut, strlen(cut));
}

/* Secrets that the caller may see. What does not open is told in the log, and masked. */
static void
put_opened(const Renderer *renderer, const ViewColumn *column, const DbRow *row, const char *text,
           size_t size)
{
    g_autoptr(GError) error = NULL;
    const View *view = renderer->view;
    const char *key = db_row_text(row, view->key, NULL);
    if (key != NULL && db_secrets_show(request_db(renderer->request), view->resource, key,
                                       column->field, text, size, renderer->out, &error))
        return;
    if (error != NULL)
        log_error("api", "%s", error->message);
    mask_append(renderer->out, text, size);
}

static void
put_json(const Renderer *renderer, const ViewColumn *column, const DbRow *row, bool unmasked)
{
    GString *out = renderer->out;
    size_t size = 0;
    const char *text = db_row_text(row, column->column, &size);
    if (text == NULL || size == 0) {
        put(out, column->part == PART_OBJECT ? "{}" : "[]", 2);
    } else if (column->secrets && !unmasked && size > 2) {
        mask_append(out, text, size);
    } else if (column->secrets) {
        put_opened(renderer, column, row, text, size);
    } else {
        put(out, text, size);
    }
}

/* A link to a switch of OVN's gateway is none to versions that do not know it. */
static void
put_link(const Renderer *renderer, const ViewColumn *column, const DbRow *row)
{
    size_t size = 0;
    const char *text = db_row_text(row, column->column, &size);
    if (text == NULL || size == 0 || g_strstr_len(text, (gssize)size, "\"" LINK_VTEP_LOGICAL "\":"))
        put_literal(renderer->out, "{}");
    else
        put(renderer->out, text, size);
}

static void
put_conductor(const Renderer *renderer, const DbRow *row)
{
    const View *view = renderer->view;
    const char *host =
        hash_ring_host(renderer->ring, db_row_text(row, view->group, NULL),
                       db_row_text(row, view->driver, NULL), db_row_text(row, view->key, NULL));
    put_text(renderer->out, host, host != NULL ? strlen(host) : 0);
}

static void
put_links(const Renderer *renderer, const ViewColumn *column, const DbRow *row)
{
    GString *out = renderer->out;
    const char *key = db_row_text(row, renderer->view->key, NULL);
    char suffix[64] = "";
    if (column->part != PART_LINKS) {
        suffix[0] = '/';
        g_strlcpy(suffix + 1, column->field->name, sizeof suffix - 1);
    }
    /* Host names and names of BIOS settings come from outside, so they are escaped. */
    const Field *key_field = renderer->view->selected[renderer->view->key];
    g_autofree char *escaped =
        key != NULL && key_field->type != FIELD_UUID ? g_uri_escape_string(key, NULL, FALSE) : NULL;
    const char *name = escaped != NULL ? escaped : key != NULL ? key : "";
    bool nested = column->part == PART_NESTED_SUBLINKS;
    put(out, "[[", nested ? 2 : 1);
    render_link_pair(out, renderer->self, renderer->bookmark, name, suffix);
    put(out, "]]", nested ? 2 : 1);
}

static void
put_state(const Renderer *renderer, const ViewColumn *column, const DbRow *row)
{
    const char *state = db_row_text(row, column->column, NULL);
    const char *word = state != NULL ? render_state_word(state, renderer->view->version) : NULL;
    put_text(renderer->out, word, word != NULL ? strlen(word) : 0);
}

static void
put_truth(GString *out, const Field *field, const DbRow *row, int column)
{
    if (field->type == FIELD_TRISTATE && db_row_is_null(row, column))
        put_literal(out, "null");
    else if (db_row_integer(row, column) != 0)
        put_literal(out, "true");
    else
        put_literal(out, "false");
}

static void
put_integer(GString *out, const DbRow *row, int column)
{
    if (db_row_is_null(row, column))
        put_literal(out, "null");
    else
        json_text_append_integer(out, db_row_integer(row, column));
}

static void
put_clean(GString *out, const DbRow *row, int column)
{
    size_t size = 0;
    const char *text = db_row_text(row, column, &size);
    if (text == NULL) {
        put_literal(out, "null");
        return;
    }
    put_literal(out, "\"");
    put(out, text, size);
    put_literal(out, "\"");
}

static void
put_value(const Renderer *renderer, const ViewColumn *column, const DbRow *row, unsigned visibility)
{
    GString *out = renderer->out;
    size_t size = 0;
    switch (column->part) {
    case PART_TEXT: {
        const char *text = db_row_text(row, column->column, &size);
        put_text(out, text, size);
        break;
    }
    case PART_BRIEF: {
        const char *text = db_row_text(row, column->column, &size);
        put_brief(out, text, size);
        break;
    }
    case PART_SELF_LINK:
        put_self_link(renderer, row);
        break;
    case PART_CLEAN:
        put_clean(out, row, column->column);
        break;
    case PART_INTEGER:
        put_integer(out, row, column->column);
        break;
    case PART_TRUTH:
        put_truth(out, column->field, row, column->column);
        break;
    case PART_LINK:
        put_link(renderer, column, row);
        break;
    case PART_OBJECT:
    case PART_ARRAY:
        put_json(renderer, column, row, (visibility & column->show) != 0);
        break;
    case PART_STATE:
        put_state(renderer, column, row);
        break;
    case PART_LINKS:
    case PART_SUBLINKS:
    case PART_NESTED_SUBLINKS:
        put_links(renderer, column, row);
        break;
    case PART_CONDUCTOR:
        put_conductor(renderer, row);
        break;
    case PART_ALIVE:
        if (db_row_integer(row, renderer->view->lease) > renderer->now_ms)
            put_literal(out, "true");
        else
            put_literal(out, "false");
        break;
    }
}

/* The visibility bits of this row. */
static unsigned
visibility_of(const Renderer *renderer, const DbRow *row)
{
    const View *view = renderer->view;
    if (!renderer->visibility_differs)
        return renderer->visibility;
    const PolicyTarget target = {db_row_text(row, view->owner, NULL),
                                 db_row_text(row, view->lessee, NULL)};
    return policy_visibility(renderer->request, &target, NULL) & view->hideable;
}

static void
put_hidden(GString *out, unsigned bit)
{
    const char *json = policy_hidden_json(bit);
    put(out, json, strlen(json));
}

void
render_row(const Renderer *renderer, const DbRow *row)
{
    const View *view = renderer->view;
    const unsigned visibility = visibility_of(renderer, row);
    for (size_t i = 0; i < view->column_count; i++) {
        const ViewColumn *column = &view->columns[i];
        put(renderer->out, column->prefix, column->prefix_size);
        if (visibility & column->hide)
            put_hidden(renderer->out, column->hide);
        else
            put_value(renderer, column, row, visibility);
    }
    put_literal(renderer->out, "}");
}
