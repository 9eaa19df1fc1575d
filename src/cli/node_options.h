/* What several tables of node commands share.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/rows.h"

/* The interfaces of a node, each given to a macro that makes option rows of it. */
#define NODE_INTERFACES(ROW)                                                                       \
    ROW("bios")                                                                                    \
    ROW("boot")                                                                                    \
    ROW("console")                                                                                 \
    ROW("deploy")                                                                                  \
    ROW("firmware")                                                                                \
    ROW("inspect")                                                                                 \
    ROW("management")                                                                              \
    ROW("network")                                                                                 \
    ROW("power")                                                                                   \
    ROW("raid")                                                                                    \
    ROW("rescue")                                                                                  \
    ROW("storage")                                                                                 \
    ROW("vendor")
