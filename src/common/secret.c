/* Secrets; the contract is in secret.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/secret.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

void
secret_random(void *bytes, size_t size)
{
    for (size_t have = 0; have < size;) {
        ssize_t count = getrandom((uint8_t *)bytes + have, size - have, 0);
        if (count < 0 && errno != EINTR)
            g_error("the kernel has no random numbers: %s", g_strerror(errno));
        have += count > 0 ? (size_t)count : 0;
    }
}

char *
secret_text(char buffer[SECRET_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[SECRET_TEXT_SIZE / 2];
    secret_random(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        buffer[2 * i] = digits[bytes[i] >> 4];
        buffer[2 * i + 1] = digits[bytes[i] & 15];
    }
    buffer[SECRET_TEXT_SIZE - 1] = '\0';
    secret_wipe(bytes, sizeof bytes);
    return buffer;
}

/* `volatile`: the compiler may not end the loop at the first difference. */
bool
secret_equal_bytes(const void *a, const void *b, size_t size)
{
    const volatile uint8_t *left = a, *right = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < size; i++)
        difference |= (uint8_t)(left[i] ^ right[i]);
    return difference == 0;
}

bool
secret_equal(const char *known, const char *given)
{
    size_t known_length = known != NULL ? strlen(known) : 0;
    size_t length = given != NULL ? strlen(given) : 0;
    if (known_length == 0 || length == 0)
        return false;
    volatile uint8_t difference = known_length != length;
    for (size_t i = 0; i < length; i++)
        difference |= (uint8_t)(known[i % known_length] ^ given[i]);
    return difference == 0;
}

void
secret_wipe(void *bytes, size_t size)
{
    explicit_bzero(bytes, size);
}

void
secret_free(char *text)
{
    if (text != NULL)
        secret_wipe(text, strlen(text));
    g_free(text);
}
