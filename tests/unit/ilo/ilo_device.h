/* An iLO for tests, in this process: HTTPS on a free port of 127.0.0.1, the resources that the
 * client reads, merges of what is written, and the effects of actions. Pending settings come into
 * force with ilo_device_post, and when the machine is switched on or reset.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define ILO_DEVICE_USER "Administrator"
#define ILO_DEVICE_PASSWORD "ilo-password"

typedef enum IloDeviceKind { ILO_DEVICE_GEN8, ILO_DEVICE_GEN9, ILO_DEVICE_GEN10 } IloDeviceKind;

typedef struct IloDevice IloDevice;

IloDevice *ilo_device_new(IloDeviceKind kind);
void ilo_device_free(IloDevice *device);
uint16_t ilo_device_port(const IloDevice *device);

/* PEM of its certificate, in a file that goes with it. Borrowed. */
const char *ilo_device_certificate(const IloDevice *device);

/* The value at a path ("Boot/BootSourceOverrideTarget"; digits are places in arrays) of a resource,
 * a new reference; NULL if absent. */
json_t *ilo_device_get(IloDevice *device, const char *uri, const char *path);
char *ilo_device_text(IloDevice *device, const char *uri, const char *path);

/* Merges JSON text into a resource. */
void ilo_device_set(IloDevice *device, const char *uri, const char *text);

/* What was asked to change since the last call: "PATCH /rest/v1/Systems/1 {...}\n", and the names
 * of RIBCL commands: "RIBCL SET_HOST_POWER\n". The caller frees. */
char *ilo_device_changes(IloDevice *device);

/* How many requests came, of any kind. */
unsigned ilo_device_requests(IloDevice *device);

/* The next requests of this method whose URI begins so are answered with this. body: static. */
void ilo_device_answer(IloDevice *device, const char *method, const char *uri, unsigned count,
                       unsigned status, const char *body);

/* The machine's self-test: pending settings, and iSCSI attempts, come into force. */
void ilo_device_post(IloDevice *device);

/* RIBCL is switched off: 404. */
void ilo_device_disable_ribcl(IloDevice *device);
void ilo_device_set_password(IloDevice *device, const char *password);
