/* Secrets: made at random, compared in constant time, wiped from memory. No other code does any of
 * the three.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Room for 128 random bits as hexadecimal digits and a NUL. */
#define SECRET_TEXT_SIZE 33

/* Fills memory from the kernel's generator. Ends the process if the kernel has none. */
void secret_random(void *bytes, size_t size);

/* Makes a text that nobody can guess: 32 hexadecimal digits. Returns the caller's buffer. */
char *secret_text(char buffer[SECRET_TEXT_SIZE]);

/* Compares texts. The time depends on the length of `given` only, not on how much is equal.
 *
 * known, given  borrowed; NULL equals nothing, an empty text equals nothing */
bool secret_equal(const char *known, const char *given);

/* Compares memory. The time depends on the size alone. */
bool secret_equal_bytes(const void *a, const void *b, size_t size);

/* Overwrites memory in a way that the compiler keeps. */
void secret_wipe(void *bytes, size_t size);

/* Wipes and frees a text; NULL is fine. */
void secret_free(char *text);
