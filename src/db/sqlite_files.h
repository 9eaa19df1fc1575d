/* The files of an embedded database: who may read them, and who works on them. For sqlite.c; the
 * contracts are those of engine.h. `address` is what follows "sqlite://".
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/engine.h"

/* The path. As in oslo.db, three slashes are relative and four absolute. Borrowed. */
const char *sqlite_path(const char *address);

int64_t sqlite_file_size(const char *address);

void sqlite_protect(const char *address);

void *sqlite_claim(const char *address, const DbSettings *settings, const char *name, void *held,
                   GError **error);
void sqlite_unclaim(void *held);
