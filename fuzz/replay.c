/* Gives each file of a corpus to a fuzz target, so that the corpora are ordinary tests with any
 * compiler and sanitizer. An empty corpus is a failure: it would test nothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input lies in a block of exactly its size, so that AddressSanitizer sees every byte read too
 * far. */
static void
run_one(const char *text, size_t size)
{
    uint8_t *data = g_memdup2(text, size);
    LLVMFuzzerTestOneInput(data != NULL ? data : (const uint8_t *)"", size);
    g_free(data);
}

static unsigned
replay(const char *folder)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) listing = g_dir_open(folder, 0, &error);
    unsigned count = 0;
    for (const char *name; listing != NULL && (name = g_dir_read_name(listing)) != NULL;) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *text = NULL;
        size_t size = 0;
        if (!g_file_get_contents(path, &text, &size, &error))
            break;
        fprintf(stderr, "%s\n", path); /* the last one named is the one that broke */
        run_one(text, size);
        count++;
    }
    if (error == NULL)
        return count;
    fprintf(stderr, "%s\n", error->message);
    return 0;
}

int
main(int argc, char **argv)
{
    run_one("", 0);
    unsigned count = 0;
    for (int i = 1; i < argc; i++) {
        unsigned files = replay(argv[i]);
        if (files == 0) {
            fprintf(stderr, "%s holds no input\n", argv[i]);
            return 1;
        }
        count += files;
    }
    printf("%u inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}
