/* What modprobe reads to find a module and those it needs: modules.dep and modules.alias, as
 * depmod(8) would write them for modules that lie in one folder.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

/* How the name of a compressed module ends. */
#define MODULE_PACKED ".xz"

/* modules  paths of plain modules, each after those that it depends on
 * packed   those of them that are compressed in the ramdisk; NULL: none
 * Returns  a new text, lines in the order of the modules; NULL with IO */
char *module_index_dependencies(const GPtrArray *modules, const GPtrArray *packed, GError **error);
char *module_index_aliases(const GPtrArray *modules, GError **error);
