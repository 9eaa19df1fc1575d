/* Measures how long Steel's IPMI client takes to read the power state of many BMCs:
 *
 *     ipmi_power_sweep ADDRESS FIRST_PORT COUNT USER PASSWORD [SWEEPS [SUITE]]
 *         of BMCs at FIRST_PORT .. FIRST_PORT+COUNT-1
 *     ipmi_power_sweep --self COUNT [LATENCY_MS [SWEEPS [DEAD [SUITE]]]]
 *         of simulated BMCs in the same process
 *
 * Prints a line per sweep: seconds, CPU seconds of the client's thread and of the process, errors,
 * datagrams.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bmc/ipmi/bmc/server.h"
#include "bmc/ipmi/client/commands.h"
#include "common/lock.h"

typedef struct Sweep {
    Lock lock;
    pthread_cond_t changed; /* left is 0 */
    unsigned left GUARDED;
    unsigned errors GUARDED;
    double alive_s GUARDED;    /* when the last answer came */
    char *first_error GUARDED; /* owned; NULL: none */
    clockid_t engine_clock GUARDED;
} Sweep;

static double
seconds(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        return 0;
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
one_done(void *user_data, bool on, const GError *error)
{
    Sweep *sweep = user_data;
    (void)on;
    lock_acquire(&sweep->lock);
    if (error != NULL) {
        sweep->errors++;
        if (sweep->first_error == NULL)
            sweep->first_error = g_strdup(error->message);
    } else {
        sweep->alive_s = seconds(CLOCK_MONOTONIC);
    }
    pthread_getcpuclockid(pthread_self(), &sweep->engine_clock);
    sweep->left--;
    if (sweep->left == 0)
        pthread_cond_signal(&sweep->changed);
    lock_release(&sweep->lock);
}

static void UNSHARED
run_sweep(IpmiClient *client, const IpmiTarget *targets, unsigned count)
{
    static double engine_before;
    Sweep sweep = {.left = count};
    IpmiClientStats before, after;
    lock_init(&sweep.lock, LOCK_RANK_IPMI_CALL);
    lock_condition_init(&sweep.changed);
    ipmi_client_stats(client, &before);
    double start_s = seconds(CLOCK_MONOTONIC);
    double start_cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (unsigned i = 0; i < count; i++)
        ipmi_get_power_async(client, &targets[i], one_done, &sweep);
    lock_acquire(&sweep.lock);
    while (sweep.left > 0)
        lock_wait(&sweep.lock, &sweep.changed);
    double engine_s = seconds(sweep.engine_clock);
    lock_release(&sweep.lock);
    ipmi_client_stats(client, &after);
    printf("%u BMCs: %.2f s (those that answer: %.2f s), client CPU %.2f s, process CPU %.2f s, "
           "%u errors, %llu datagrams sent, %llu repeated\n",
           count, seconds(CLOCK_MONOTONIC) - start_s,
           sweep.alive_s > 0 ? sweep.alive_s - start_s : 0, engine_s - engine_before,
           seconds(CLOCK_PROCESS_CPUTIME_ID) - start_cpu_s, sweep.errors,
           (unsigned long long)(after.datagrams_sent - before.datagrams_sent),
           (unsigned long long)(after.retransmissions - before.retransmissions));
    engine_before = engine_s;
    if (sweep.first_error != NULL)
        printf("    first error: %s\n", sweep.first_error);
    fflush(stdout);
    g_free(sweep.first_error);
    lock_destroy(&sweep.lock);
    pthread_cond_destroy(&sweep.changed);
}

static unsigned
number(int argc, char **argv, int position, unsigned otherwise)
{
    return argc > position ? (unsigned)strtoul(argv[position], NULL, 10) : otherwise;
}

static void
raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool
add_bmcs(IpmiServer *server, IpmiTarget *targets, unsigned count, unsigned latency_ms,
         unsigned dead, GError **error)
{
    static const IpmiBmcUser user = {"admin", "secret", IPMI_PRIVILEGE_ADMINISTRATOR};
    for (unsigned i = 0; i < count; i++) {
        IpmiBmc *bmc = ipmi_server_add(server, "127.0.0.1", 0, &user, 1, NULL, NULL, error);
        if (bmc == NULL)
            return false;
        const IpmiBmcFaults faults = {.latency_ms = latency_ms, .dead = i < dead};
        ipmi_bmc_set_faults(bmc, &faults);
        targets[i].address = "127.0.0.1";
        targets[i].port = ipmi_bmc_port(bmc);
        targets[i].username = user.name;
        targets[i].password = user.password;
    }
    return true;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    bool self = argc > 2 && strcmp(argv[1], "--self") == 0;
    if (!self && argc < 6) {
        fprintf(stderr, "usage: see the head of ipmi_power_sweep.c\n");
        return 2;
    }
    unsigned count = number(argc, argv, self ? 2 : 3, 1);
    unsigned sweeps = number(argc, argv, self ? 4 : 6, 3);
    unsigned suite = number(argc, argv, self ? 6 : 7, 0);
    raise_descriptor_limit();
    g_autofree IpmiTarget *targets = g_new0(IpmiTarget, count);
    g_autoptr(IpmiServer) server = self ? ipmi_server_new(&error) : NULL;
    g_autoptr(IpmiClient) client = error == NULL ? ipmi_client_new(NULL, &error) : NULL;
    if (client == NULL || (self && !add_bmcs(server, targets, count, number(argc, argv, 3, 0),
                                             number(argc, argv, 5, 0), &error))) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    for (unsigned i = 0; i < count; i++) {
        targets[i].paced = true; /* as the power sync asks */
        targets[i].cipher_suite = suite != 0 ? (int)suite : -1;
        if (self)
            continue;
        targets[i].address = argv[1];
        targets[i].port = (uint16_t)(number(argc, argv, 2, 623) + i);
        targets[i].username = argv[4];
        targets[i].password = argv[5];
    }
    for (unsigned i = 0; i < sweeps; i++)
        run_sweep(client, targets, count);
    return 0;
}
