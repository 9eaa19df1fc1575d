/* An HTTPS server for tests whose answers a function of the test makes. It says what it was asked,
 * and can be as broken as BMCs are.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef struct ScriptedBmc ScriptedBmc;

typedef enum BmcPair { BMC_TRUSTED, BMC_OTHER_NAME, BMC_EXPIRED, BMC_PLAIN_HTTP } BmcPair;

/* Borrowed for the script's call; texts are "" where there is nothing. */
typedef struct BmcAsked {
    const char *method, *path, *body;
    const char *token;         /* X-Auth-Token */
    const char *authorization; /* "Basic ..." */
    const char *if_match, *content_type;
    unsigned count; /* of requests so far, this one too */
} BmcAsked;

enum { BMC_HEADERS_MAX = 4 };

/* What to answer; zeroed before the script runs. Texts are static, or live as long as the test. */
typedef struct BmcTold {
    unsigned status; /* 0: 200 */
    const char *body;
    const char *headers[BMC_HEADERS_MAX * 2]; /* name, value, ... */
    size_t repeat; /* the body is sent this many times: huge answers. 0: once */
    bool cut;      /* the connection breaks before the body's last byte */
    bool silent;   /* no answer until the server stops */
} BmcTold;

/* Runs on the server's thread, one at a time. */
typedef void (*BmcScript)(void *user_data, const BmcAsked *asked, BmcTold *told);

ScriptedBmc *scripted_bmc_start(BmcPair pair, BmcScript script, void *user_data);
void scripted_bmc_stop(ScriptedBmc *bmc);

/* "https://127.0.0.1:4711"; borrowed. */
const char *scripted_bmc_url(const ScriptedBmc *bmc);
/* A file with its certificate; borrowed. */
const char *scripted_bmc_ca(const ScriptedBmc *bmc);
/* Requests so far; any thread. */
unsigned scripted_bmc_count(ScriptedBmc *bmc);
/* "GET /redfish/v1/\nPOST /x {body}\n..." of all requests so far; the caller frees. */
char *scripted_bmc_log(ScriptedBmc *bmc);
