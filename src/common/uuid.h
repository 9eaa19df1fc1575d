/* UUIDs (RFC 4122) as 36 characters of text.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

/* Room for a UUID and its NUL. */
#define UUID_TEXT_SIZE 37

/* Fills the buffer with a new random (version 4) UUID and returns it; any thread. */
char *uuid_generate(char buffer[UUID_TEXT_SIZE]);

/* True for 8-4-4-4-12 hexadecimal digits in either case. False for NULL. */
bool uuid_valid(const char *text);
