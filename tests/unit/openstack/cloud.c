/* The cloud of a test; the contract is in cloud.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cloud.h"

#include "common/http_client.h"
#include "common/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char *
cloud_environment(const char *name)
{
    g_autofree char *variable = g_strconcat("STEEL_CLOUD_", name, NULL);
    const char *value = getenv(variable);
    return value != NULL ? value : "";
}

bool
cloud_is_real(void)
{
    return *cloud_environment("CONTROL") == '\0';
}

GPtrArray *
cloud_settings(void)
{
    static const struct {
        const char *option, *variable;
    } rows[] = {
        {"auth_url",     "AUTH_URL"},
        {"username",     "USER"},
        {"password",     "PASSWORD"},
        {"project_name", "PROJECT"},
    };
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_ptr_array_add(lines, g_strdup_printf("keystone_authtoken.%s=%s", rows[i].option,
                                               cloud_environment(rows[i].variable)));
    /* The real services share the machine with much else. */
    static const char *const patient[] = {"keystone_authtoken.http_connect_timeout=600",
                                          "glance.timeout=600", "swift.timeout=600"};
    for (size_t i = 0; cloud_is_real() && i < G_N_ELEMENTS(patient); i++)
        g_ptr_array_add(lines, g_strdup(patient[i]));
    return lines;
}

void
cloud_login(Config *config)
{
    g_autoptr(GPtrArray) lines = cloud_settings();
    for (guint i = 0; i < lines->len; i++)
        assert_true(config_set(config, lines->pdata[i], NULL));
}

void
cloud_control(const char *order)
{
    const HttpRequest request = {.method = "POST",
                                 .url = cloud_environment("CONTROL"),
                                 .body = order,
                                 .body_size = strlen(order)};
    g_auto(HttpResponse) response = {0};
    assert_true(http_request(&request, &response, NULL));
    assert_int_equal(response.status, 204);
}

void
cloud_fault(const char *match, int times, const char *kind)
{
    g_autofree char *order = g_strdup_printf(
        "{\"faults\": [{\"match\": \"%s\", \"times\": %d, \"kind\": \"%s\"}]}", match, times, kind);
    cloud_control(order);
}

json_t *
cloud_look(void)
{
    const HttpRequest request = {.url = cloud_environment("CONTROL")};
    g_auto(HttpResponse) response = {0};
    assert_true(http_request(&request, &response, NULL));
    json_t *state = json_text_parse(response.body, response.body_size, 0, NULL);
    assert_non_null(state);
    return state;
}
