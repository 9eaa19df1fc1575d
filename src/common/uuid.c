/* Random UUIDs from the kernel's generator; the contract is in uuid.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/uuid.h"

#include "common/secret.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

char *
uuid_generate(char buffer[UUID_TEXT_SIZE])
{
    /* getrandom is a system call: take 64 UUIDs' worth at once, per thread. */
    static _Thread_local uint8_t pool[1024];
    static _Thread_local size_t used = sizeof pool;
    if (used + 16 > sizeof pool) {
        secret_random(pool, sizeof pool);
        used = 0;
    }
    uint8_t *b = pool + used;
    used += 16;
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(buffer, UUID_TEXT_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    return buffer;
}

bool
uuid_valid(const char *text)
{
    if (text == NULL || strlen(text) != 36)
        return false;
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            return false;
    }
    return true;
}
