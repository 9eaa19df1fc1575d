/* A folder that files are put into as if it were the root of a system: no link leads out of it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <jansson.h>

#define INJECT_CONTENT_LIMIT (8u * 1024 * 1024)

typedef struct InjectPlace InjectPlace;

/* Errors: IO. */
InjectPlace *inject_place_open(const char *folder, GError **error);
void inject_place_close(InjectPlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InjectPlace, inject_place_close)

/* Whether the first folder of "/etc/hosts" is there. A file in the root itself fits nowhere. */
bool inject_place_has_folder(const InjectPlace *place, const char *path);

/* Writes content into an open, empty file. Errors: its own. */
typedef bool (*InjectWrite)(void *user, int fd, GError **error);

/* Writes or deletes the file that {"path", "content", "deleted", "mode", "dirmode", "owner",
 * "group"} says. The file is whole or as it was.
 *
 * write   brings the content; NULL: it is the file's own, in base64
 * Errors  INVALID, IO, those of write */
bool inject_place_put(const InjectPlace *place, const json_t *file, InjectWrite write, void *user,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Looks whether such an object says what it must and nothing else. Errors: INVALID. Pure. */
bool inject_check(const json_t *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
