/* What iPXE's error numbers mean for whoever set up a volume. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/* A few words on an iPXE error number (the eight hexadecimal digits of http://ipxe.org/<number>): cause and, where the
 * number tells, what to check. NULL for numbers that say nothing to us. Static. */
const char *ipxe_errno_words(uint32_t number);
