/* What other services answer: a catalog, words of a failure, a volume and its connection, an
 * image, networks and ports.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "openstack/answer.h"
#include "openstack/cinder.h"
#include "openstack/endpoint.h"
#include "openstack/glance.h"
#include "openstack/neutron_answer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_words(const char *text, size_t size)
{
    const HttpResponse response = {.body = (char *)(uintptr_t)text, .body_size = size};
    g_autofree char *words = answer_words(&response);
    if (strlen(words) > ANSWER_WORDS_LIMIT || *words == '\0' || !g_utf8_validate(words, -1, NULL))
        abort();
    for (const char *c = words; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            abort();
}

static void
check_catalog(const char *text, size_t size)
{
    static const char *const interfaces[] = {"internal", "public", NULL};
    static const EndpointQuery queries[] = {
        {.type = "image", .interfaces = interfaces},
        {.type = "volumev3", .name = "cinder", .interfaces = interfaces, .region = "RegionOne"}};
    json_auto_t *catalog = json_text_parse(text, size, 32, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(queries); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *url = endpoint_find(catalog, &queries[i], &error);
        if ((url == NULL) != (error != NULL) || (url != NULL && !g_str_has_prefix(url, "http")))
            abort();
    }
}

/* A status or ID goes into messages, paths and the database. */
static void
check_volume(const char *text, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_auto(CinderVolume) volume = {0};
    bool good = cinder_volume_read(text, size, &volume, &error);
    if (good != (error == NULL) || good != (volume.status != NULL))
        abort();
    if (!good)
        return;
    if (volume.attachments->len > CINDER_ATTACHMENTS_LIMIT)
        abort();
    for (guint i = 0; i < volume.attachments->len; i++) {
        const CinderAttachment *attachment = volume.attachments->pdata[i];
        for (const char *c = attachment->id; *c != '\0'; c++)
            if (!g_ascii_isgraph(*c))
                abort();
    }
}

static void
check_connection(const char *text, size_t size)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *data = cinder_connection_read(text, size, &error);
    if ((data == NULL) != (error != NULL) || (data != NULL && json_object_size(data) == 0))
        abort();
}

static void
check_image(const char *text, size_t size)
{
    static const char id[] = "6b1f8f3e-3f0a-4c0e-9a55-2d0f5e3c6a10";
    json_auto_t *told = json_text_parse(text, size, 32, NULL);
    g_auto(GlanceImage) image = {0};
    if (!glance_read(told, id, &image))
        return;
    if (strcmp(image.id, id) != 0 || image.size < 0 || image.min_disk < 0)
        abort();
    g_autoptr(GError) error = NULL;
    if (glance_check_active(&image, &error) != (error == NULL))
        abort();
}

static void
check_neutron(const char *text, size_t size)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *port_answer = neutron_document(text, size, "port", NULL),
                *network_answer = neutron_document(text, size, "network", NULL),
                *subnet_answer = neutron_document(text, size, "subnet", NULL);
    g_auto(NeutronPort) port = {0};
    g_auto(NeutronNetwork) network = {0};
    g_auto(NeutronSubnet) subnet = {0};
    if (neutron_port_read(port_answer, &port, NULL) &&
        (port.id == NULL || strlen(port.mac_address) != 17 || !json_is_array(port.fixed_ips)))
        abort();
    if (neutron_network_read(network_answer, &network, NULL) && network.physical_networks == NULL)
        abort();
    if (neutron_subnet_read(subnet_answer, &subnet, &error) != (error == NULL))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    check_words(text, strlen(text));
    check_catalog(text, strlen(text));
    check_volume(text, strlen(text));
    check_connection(text, strlen(text));
    check_image(text, strlen(text));
    check_neutron(text, strlen(text));
    return 0;
}
