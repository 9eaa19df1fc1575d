/* What the hardware of a machine says: its BMC, an ATA disk that is to erase itself, names of
 * disks. The first byte chooses the reader.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/ata_security.h"
#include "agent/hardware/bmc.h"
#include "agent/hardware/disk_names.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is left to be said. */
typedef struct Voice {
    const uint8_t *data;
    size_t size;
} Voice;

static size_t
say(Voice *voice, void *to, size_t size)
{
    size_t count = MIN(size, voice->size);
    if (count > 0)
        memcpy(to, voice->data, count);
    voice->data += count;
    voice->size -= count;
    return count;
}

/* An answer is a byte with its length, then itself. */
static bool
answer_as_bmc(void *self, uint8_t function, uint8_t command, const uint8_t *data, size_t data_size,
              uint8_t *answer, size_t *size)
{
    uint8_t length = 0;
    (void)function, (void)command, (void)data, (void)data_size;
    if (say(self, &length, 1) == 0)
        return false;
    *size = say(self, answer, MIN(length, *size));
    return true;
}

static void
hear_bmc(Voice *voice)
{
    g_auto(BmcAddresses) addresses = {0};
    bmc_addresses_ask(&addresses, answer_as_bmc, voice);
    if (addresses.v4 == NULL || addresses.v6 == NULL)
        abort();
}

/* A byte says whether the command is obeyed; what a command to read finds follows. */
static bool
answer_as_disk(void *self, uint8_t command, uint8_t *data, bool to_disk, int timeout_s)
{
    uint8_t obeys = 0;
    (void)command, (void)timeout_s;
    say(self, &obeys, 1);
    if (data != NULL && !to_disk) {
        memset(data, 0, ATA_SECTOR);
        say(self, data, ATA_SECTOR);
    }
    return (obeys & 1) != 0;
}

static void
hear_disk(Voice *voice)
{
    g_autoptr(GError) error = NULL;
    AtaErase done = ata_security_erase(answer_as_disk, voice, "/dev/sda", &error);
    if ((done == ATA_FAILED) != (error != NULL))
        abort();
}

static void
read_names(Voice *voice)
{
    g_auto(DiskNames) names = {0};
    g_autofree char *text = g_strndup((const char *)voice->data, voice->size);
    disk_names_take_wwid(&names, text);
    g_autofree char *path = disk_path_name(text);
}

typedef void (*Reader)(Voice *voice);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const Reader readers[] = {hear_bmc, hear_disk, read_names};
    if (size < 1)
        return 0;
    Voice voice = {data + 1, size - 1};
    readers[data[0] % G_N_ELEMENTS(readers)](&voice);
    return 0;
}
