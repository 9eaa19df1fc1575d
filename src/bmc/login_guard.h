/* Remembers which logins BMCs have refused, so that an account is not locked by a program that
 * tries again and again. After a refusal the same credentials wait before they are sent to that BMC
 * again: a minute, then twice as long each time, up to a limit. Other credentials are tried at
 * once.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stdint.h>

typedef struct LoginGuard LoginGuard;

/* first_ms, limit_ms  how long the first wait is and how long waits become; 0: a minute, ten
 *                     minutes */
LoginGuard *login_guard_new(unsigned first_ms, unsigned limit_ms);
void login_guard_free(LoginGuard *guard);

/* Names the login of a user at a BMC; the caller frees. The password cannot be found from it.
 *
 * place  "https://bmc:443"; user, password: NULL is "" */
char *login_guard_key(const LoginGuard *guard, const char *place, const char *user,
                      const char *password);

/* True if the login may be tried now. Errors: BMC_AUTH with the refusal and how long it counts. */
bool login_guard_may_try(LoginGuard *guard, const char *key,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The BMC has refused the login, in these words. */
void login_guard_refused(LoginGuard *guard, const char *key, const char *words);

/* It has accepted it: nothing is remembered. */
void login_guard_accepted(LoginGuard *guard, const char *key);
