/* What iPXE's error numbers mean for the operator who set up a volume. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/* A few words on an iPXE error number (the eight hexadecimal digits of http://ipxe.org/<number>):
 * the cause and, if known, what to check. NULL for unknown numbers. Static. */
const char *ipxe_errno_words(uint32_t number);
