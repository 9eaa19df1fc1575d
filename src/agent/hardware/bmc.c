/* Asks a BMC for its addresses; the contract is in bmc.h. SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/bmc.h"

#include <arpa/inet.h>
#include <string.h>

enum {
    FUNCTION_TRANSPORT = 0x0c,
    GET_LAN_PARAMETER = 0x02,
    CHANNELS = 11, /* 1, ...: what may be a LAN */
    PARAMETER_ADDRESS = 3,
    PARAMETER_MAC = 5,
    PARAMETER_STATIC_V6 = 56,
    PARAMETER_DYNAMIC_V6 = 59,
    SETS = 16,       /* addresses of IPv6 that are looked at */
    ANSWER_HEAD = 2, /* completion code, revision of the parameter */
};

/* The value of a parameter, after the head of the answer. */
static bool
ask_parameter(BmcAsk ask, void *self, uint8_t channel, uint8_t parameter, uint8_t set,
              uint8_t *value, size_t size)
{
    uint8_t answer[BMC_ANSWER_LIMIT];
    const uint8_t request[] = {channel, parameter, set, 0};
    size_t length = sizeof answer;
    if (!ask(self, FUNCTION_TRANSPORT, GET_LAN_PARAMETER, request, sizeof request, answer,
             &length) ||
        length < ANSWER_HEAD + size || answer[0] != 0)
        return false;
    memcpy(value, answer + ANSWER_HEAD, size);
    return true;
}

static char *
ask_v4(BmcAsk ask, void *self, uint8_t channel)
{
    uint8_t bytes[4];
    char text[INET_ADDRSTRLEN];
    static const uint8_t none[4];
    if (!ask_parameter(ask, self, channel, PARAMETER_ADDRESS, 0, bytes, sizeof bytes) ||
        memcmp(bytes, none, sizeof none) == 0)
        return NULL;
    return g_strdup(inet_ntop(AF_INET, bytes, text, sizeof text));
}

static char *
ask_mac(BmcAsk ask, void *self, uint8_t channel)
{
    uint8_t mac[6];
    if (!ask_parameter(ask, self, channel, PARAMETER_MAC, 0, mac, sizeof mac))
        return NULL;
    return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
                           mac[5]);
}

/* A set is: its number, source (bit 7 of a static one: it is in use), the address, the length of
 * the prefix, a status, which is 0 of an address in use. */
static char *
ask_v6_set(BmcAsk ask, void *self, uint8_t channel, uint8_t parameter, uint8_t set)
{
    uint8_t value[20];
    static const uint8_t none[16];
    char text[INET6_ADDRSTRLEN];
    if (!ask_parameter(ask, self, channel, parameter, set, value, sizeof value))
        return NULL;
    bool used = value[19] == 0 && (parameter != PARAMETER_STATIC_V6 || (value[1] & 0x80));
    if (!used || memcmp(value + 2, none, sizeof none) == 0)
        return NULL;
    return g_strdup(inet_ntop(AF_INET6, value + 2, text, sizeof text));
}

static char *
ask_v6(BmcAsk ask, void *self, uint8_t channel)
{
    static const uint8_t parameters[] = {PARAMETER_DYNAMIC_V6, PARAMETER_STATIC_V6};
    for (size_t i = 0; i < G_N_ELEMENTS(parameters); i++)
        for (uint8_t set = 0; set < SETS; set++) {
            char *address = ask_v6_set(ask, self, channel, parameters[i], set);
            if (address != NULL)
                return address;
        }
    return NULL;
}

static void
take(char **kept, char *found)
{
    if (*kept == NULL)
        *kept = found;
    else
        g_free(found);
}

void
bmc_addresses_ask(BmcAddresses *addresses, BmcAsk ask, void *self)
{
    g_autofree char *other_mac = NULL;
    for (uint8_t channel = 1; channel <= CHANNELS; channel++) {
        char *v4 = ask_v4(ask, self, channel), *v6 = ask_v6(ask, self, channel);
        if (v4 != NULL)
            take(&addresses->mac, ask_mac(ask, self, channel));
        else if (v6 != NULL)
            take(&other_mac, ask_mac(ask, self, channel));
        take(&addresses->v4, v4);
        take(&addresses->v6, v6);
    }
    if (addresses->mac == NULL)
        addresses->mac = g_steal_pointer(&other_mac);
    if (addresses->v4 == NULL)
        addresses->v4 = g_strdup("0.0.0.0");
    if (addresses->v6 == NULL)
        addresses->v6 = g_strdup("::/0");
}

void
bmc_addresses_clear(BmcAddresses *addresses)
{
    g_free(addresses->v4);
    g_free(addresses->v6);
    g_free(addresses->mac);
    *addresses = (BmcAddresses){0};
}
