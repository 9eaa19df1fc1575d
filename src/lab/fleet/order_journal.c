/* A fleet's journal; the contract is in order_journal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/order_journal.h"

#include "common/error.h"
#include "common/time_text.h"

#include <errno.h>
#include <stdio.h>

struct OrderJournal {
    FILE *file;
};

OrderJournal *
order_journal_open(const char *path, GError **error)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        steel_fail(error, STEEL_ERROR_IO, "the journal %s: %s", path, g_strerror(errno));
        return NULL;
    }
    setvbuf(file, NULL, _IOLBF, BUFSIZ);
    OrderJournal *journal = g_new(OrderJournal, 1);
    journal->file = file;
    return journal;
}

void
order_journal_add(OrderJournal *journal, const char *node, const char *order, const char *from)
{
    char now[TIME_TEXT_SIZE];
    fprintf(journal->file, "{\"time\":\"%s\",\"node\":\"%s\",\"order\":\"%s\",\"from\":\"%s\"}\n",
            time_text_ms(time_now_ms(), now), node, order, from);
}

void
order_journal_close(OrderJournal *journal)
{
    if (journal == NULL)
        return;
    fclose(journal->file);
    g_free(journal);
}
