/* The certificate of the API: which of the loaded ones are kept.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/tls.h"

#include <gnutls/abstract.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "certificates.inc"

typedef struct Files {
    char *folder, *certificate, *key;
} Files;

static void
write_pair(const Files *files, size_t pair)
{
    assert_true(g_file_set_contents(files->certificate, certificates[pair], -1, NULL));
    assert_true(g_file_set_contents(files->key, keys[pair], -1, NULL));
}

static int
make_files(void **state)
{
    Files *files = g_new0(Files, 1);
    files->folder = g_dir_make_tmp("steel-tls-XXXXXX", NULL);
    files->certificate = g_build_filename(files->folder, "cert.pem", NULL);
    files->key = g_build_filename(files->folder, "key.pem", NULL);
    *state = files;
    return 0;
}

static int
remove_files(void **state)
{
    Files *files = *state;
    g_unlink(files->certificate);
    g_unlink(files->key);
    g_rmdir(files->folder);
    g_free(files->certificate);
    g_free(files->key);
    g_free(files->folder);
    g_free(files);
    return 0;
}

/* The chain of a handshake now. */
static gnutls_pcert_st *
current_chain(void)
{
    gnutls_certificate_retrieve_function2 *retrieve =
        (gnutls_certificate_retrieve_function2 *)http_tls_callback();
    gnutls_pcert_st *chain = NULL;
    gnutls_privkey_t key = NULL;
    unsigned length = 0;
    assert_int_equal(retrieve(NULL, NULL, 0, NULL, 0, &chain, &length, &key), 0);
    return chain;
}

static void
a_pair_that_is_read_again_is_not_kept_twice(void **state)
{
    const Files *files = *state;
    g_autoptr(GError) error = NULL;
    write_pair(files, 0);
    HttpTls *tls = http_tls_new(files->certificate, files->key, &error);
    assert_non_null(tls);
    const gnutls_pcert_st *first = current_chain();
    assert_true(http_tls_reload(tls, &error));
    assert_ptr_equal(current_chain(), first);
    write_pair(files, 1);
    assert_true(http_tls_reload(tls, &error));
    assert_ptr_not_equal(current_chain(), first);
    write_pair(files, 0);
    assert_true(http_tls_reload(tls, &error));
    assert_ptr_equal(current_chain(), first);
    http_tls_free(tls);
}

static void
a_key_of_another_certificate_is_refused_and_the_old_pair_stays(void **state)
{
    const Files *files = *state;
    g_autoptr(GError) error = NULL;
    write_pair(files, 0);
    HttpTls *tls = http_tls_new(files->certificate, files->key, &error);
    assert_non_null(tls);
    const gnutls_pcert_st *first = current_chain();
    assert_true(g_file_set_contents(files->key, keys[1], -1, NULL));
    assert_false(http_tls_reload(tls, &error));
    assert_ptr_equal(current_chain(), first);
    http_tls_free(tls);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, make_files, remove_files)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_pair_that_is_read_again_is_not_kept_twice),
        ROW(a_key_of_another_certificate_is_refused_and_the_old_pair_stays),
    };
    return cmocka_run_group_tests_name("http_tls", tests, NULL, NULL);
}
