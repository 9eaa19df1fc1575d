/* Writes database rows as JSON objects, straight into an answer.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/view.h"
#include "rpc/hash_ring.h"

/* The common values of all rows of an answer. One thread. */
typedef struct Renderer {
    const View *view;
    GString *out;      /* borrowed */
    GString *self;     /* base + "/v1/nodes/"; owned */
    GString *bookmark; /* base + "/nodes/"; owned */
    HashRing *ring;    /* a reference, when the view shows conductors */
    int64_t now_ms;
    const Request *request;
    unsigned visibility; /* bits of policy_visibility, unless they differ from row to row */
    bool visibility_differs;
} Renderer;

/* Prepares writing rows of a view for a request into `out`.
 *
 * path  of the items, "nodes" or "nodes/<uuid>/bios"; NULL: the resource's */
void renderer_init(Renderer *renderer, const Request *request, const View *view, const char *path,
                   GString *out);
void renderer_clear(Renderer *renderer);

/* Writes one row of the view's selection as an object. */
void render_row(const Renderer *renderer, const DbRow *row);

/* Writes the elements of a link pair, `{"href":..,"rel":"self"},{..}`, without brackets, for
 * "<prefix><name><suffix>". */
void render_link_pair(GString *out, const GString *self, const GString *bookmark, const char *name,
                      const char *suffix);

/* The word a version knows a provision state by; NULL: it knows it as null. */
const char *render_state_word(const char *state, unsigned version);
