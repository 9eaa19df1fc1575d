/* What a vendor driver offers: methods by name, of a node or of the driver itself.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

/* One method. Rows end with {0}. */
typedef struct VendorMethod {
    const char *name;
    const char *http_methods; /* "POST", or "POST,PUT" */
    const char *description;
    bool asynchronous; /* the client gets 202 before it runs */
    bool attach;       /* the answer is a file */
    bool exclusive;    /* needs the exclusive lock */
    bool resumes;      /* exclusive: may bring what the step waits for, which is resumed then */
    /* Checks a call before the lock is taken: for a method that needs no login. NULL: all are
     * good. Pure. Errors: those of run. */
    bool (*check)(const Task *task, const json_t *arguments, GError **error);
    /* Runs it.
     *
     * When     a client calls the method; task is NULL for driver methods
     * Lock     exclusive if the row says so, otherwise none; from a worker
     * Blocks   on the BMC, until each request's own limit: the client of a method that is not
     *          asynchronous waits for it
     * Errors   BMC_*, INVALID, MISSING, TIMEOUT
     * Result   a new reference; NULL without error: null */
    json_t *(*run)(Task *task, const char *http_method, const json_t *arguments, GError **error);
} VendorMethod;

typedef struct VendorOps {
    Interface interface;
    const VendorMethod *node_methods;   /* NULL: none */
    const VendorMethod *driver_methods; /* NULL: none */
} VendorOps;

/* The row of a method; NULL with INVALID if there is none, or UNSUPPORTED if it does not take the
 * HTTP method. */
const VendorMethod *vendor_method(const VendorMethod *methods, const char *name,
                                  const char *http_method, GError **error);

/* {method: {"http_methods": [..], "description", "async", "attach", "require_exclusive_lock"}}, a
 * new reference. */
json_t *vendor_methods_json(const VendorMethod *methods);
