/* What is asked for next; the contract is in wave_plan.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/wave_plan.h"

#include <string.h>

enum {
    HTTP_SUCCESS = 2, /* hundreds */
    HTTP_CONFLICT = 409,
    HTTP_SERVER_ERROR = 5, /* hundreds */
};

typedef struct Row {
    const char *state;
    const char *verb; /* NULL: the end */
    bool turn;        /* when its wave has begun */
    unsigned first;   /* how often it is asked for without being a retry */
} Row;

static const Row rows[WAVE_STATES] = {
    {"enroll",        "manage",  false, 1},
    {"manageable",    "provide", false, 1},
    {"available",     "active",  true,  1},
    {"active",        NULL,      false, 0},
    {"deploy failed", "active",  false, 0},
    {"clean failed",  "manage",  false, 0},
};

static int
row_of(const char *state)
{
    for (int i = 0; i < WAVE_STATES; i++)
        if (strcmp(rows[i].state, state) == 0)
            return i;
    return -1;
}

WaveAdvice
wave_advice(const WaveNode *node, const char *state, bool begun, unsigned retries,
            const char **verb)
{
    *verb = NULL;
    if (node->refused >= WAVE_REFUSALS)
        return WAVE_FAILED;
    if (state == NULL || !node->enrolled)
        return WAVE_ENROL;
    int index = row_of(state);
    if (index < 0 || (rows[index].turn && !begun))
        return WAVE_WAIT;
    if (rows[index].verb == NULL)
        return WAVE_ACTIVE;
    if (node->asked[index] >= rows[index].first + retries)
        return WAVE_FAILED;
    *verb = rows[index].verb;
    return WAVE_ASK;
}

bool
wave_answered(WaveNode *node, const char *state, const char *verb, int status)
{
    bool taken = status / 100 == HTTP_SUCCESS;
    bool again = status == 0 || status == HTTP_CONFLICT || status / 100 == HTTP_SERVER_ERROR;
    int index = state != NULL && verb != NULL ? row_of(state) : -1;
    if (taken && verb == NULL)
        node->enrolled = true;
    if (taken && index >= 0)
        node->asked[index]++;
    if (taken)
        node->refused = 0;
    else if (!again)
        node->refused++;
    return taken;
}

unsigned
wave_retries(const WaveNode *node)
{
    unsigned count = 0;
    for (int i = 0; i < WAVE_STATES; i++)
        count += node->asked[i] - MIN(node->asked[i], rows[i].first);
    return count;
}

bool
wave_is_over(unsigned ended, unsigned size)
{
    return 10 * (guint64)ended >= 9 * (guint64)size;
}
