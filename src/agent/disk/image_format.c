/* The stages of an image; the contract is in image_format.h.
 *
 * A probe is a stage that keeps the first bytes, chooses the next stage by them, and passes all
 * bytes on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/image_format.h"

#include <string.h>

#define HEAD_SIZE 8u

typedef struct Probe Probe;

struct Probe {
    Stage stage;
    Stage *chosen; /* owned; NULL: not yet */
    Stage *(*choose)(Probe *probe, GError **error);
    uint8_t head[HEAD_SIZE];
    size_t head_size;
    Stage *next;  /* owned: the stage behind a decompressor, or without one */
    char *format; /* owned */
    Sink *sink;   /* borrowed */
    bool lent;    /* what is pushed is lent to the sink */
};

static bool
decide(Probe *probe, GError **error)
{
    if (probe->chosen == NULL)
        probe->chosen = probe->choose(probe, error);
    return probe->chosen != NULL &&
           probe->chosen->push(probe->chosen, probe->head, probe->head_size, error);
}

static bool
probe_push(Stage *stage, const uint8_t *data, size_t size, GError **error)
{
    Probe *probe = (Probe *)stage;
    size_t part = MIN(size, HEAD_SIZE - probe->head_size);
    if (part > 0) {
        memcpy(probe->head + probe->head_size, data, part);
        probe->head_size += part;
        if (probe->head_size == HEAD_SIZE && !decide(probe, error))
            return false;
    }
    return part == size || probe->chosen->push(probe->chosen, data + part, size - part, error);
}

/* A second pass probes again. */
static bool
probe_finish(Stage *stage, GError **error)
{
    Probe *probe = (Probe *)stage;
    bool short_one = probe->head_size < HEAD_SIZE;
    if (short_one && !decide(probe, error))
        return false;
    probe->head_size = 0;
    return probe->chosen->finish(probe->chosen, error);
}

static bool
probe_wants_again(const Stage *stage)
{
    const Stage *chosen = ((const Probe *)stage)->chosen;
    return chosen != NULL && chosen->wants_again != NULL && chosen->wants_again(chosen);
}

static void
probe_free(Stage *stage)
{
    Probe *probe = (Probe *)stage;
    if (probe->chosen != probe->next)
        stage_free(probe->chosen);
    stage_free(probe->next);
    g_free(probe->format);
    g_free(probe);
}

static Probe *
probe_new(Stage *(*choose)(Probe *probe, GError **error))
{
    Probe *probe = g_new0(Probe, 1);
    probe->stage = (Stage){probe_push, probe_finish, probe_wants_again, probe_free};
    probe->choose = choose;
    return probe;
}

static Stage *
choose_unpacking(Probe *probe, GError **error)
{
    (void)error;
    StageNew make = stage_for_magic(probe->head, probe->head_size);
    ((Probe *)probe->next)->lent = make == NULL;
    return make != NULL ? make(probe->next) : probe->next;
}

static Stage *
choose_format(Probe *probe, GError **error)
{
    bool qcow2 = qcow2_magic(probe->head, probe->head_size);
    if (probe->format == NULL)
        return qcow2 ? stage_qcow2(probe->sink) : stage_raw(probe->sink, probe->lent);
    if (strcmp(probe->format, "qcow2") != 0)
        return stage_raw(probe->sink, probe->lent);
    if (qcow2)
        return stage_qcow2(probe->sink);
    agent_fail(error, AGENT_ERROR_INVALID_IMAGE,
               "disk_format is qcow2, and the image does not begin as one");
    return NULL;
}

static bool
is_listed(const json_t *formats, const char *format)
{
    size_t i;
    json_t *word;
    json_array_foreach((json_t *)(uintptr_t)formats, i, word)
    {
        if (g_strcmp0(json_string_value(word), format) == 0)
            return true;
    }
    return false;
}

static bool
is_permitted(Agent *agent, const char *format, GError **error)
{
    json_t *config = agent_config(agent);
    const json_t *formats = json_object_get(config, "permitted_image_formats");
    bool permitted = !json_is_array(formats) || is_listed(formats, format);
    json_decref(config);
    return permitted || agent_fail(error, AGENT_ERROR_INVALID_IMAGE,
                                   "the service does not permit images of format %s", format);
}

static bool
is_known(const char *format, GError **error)
{
    static const char *const known[] = {"raw", "qcow2", "gpt", "iso", NULL};
    return g_strv_contains(known, format) ||
           agent_fail(error, AGENT_ERROR_INVALID_IMAGE,
                      "images of format '%.40s' cannot be written: convert it to raw or qcow2",
                      format);
}

Stage *
image_format_stage(Agent *agent, const char *format, Sink *sink, GError **error)
{
    if (format != NULL && (!is_known(format, error) || !is_permitted(agent, format, error)))
        return NULL;
    Probe *inner = probe_new(choose_format), *outer = probe_new(choose_unpacking);
    inner->format = g_strdup(format);
    inner->sink = sink;
    outer->next = &inner->stage;
    return &outer->stage;
}
