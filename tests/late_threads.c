/* Lets threads come late: loaded before Steel's programs by tests/late-threads, it holds threads
 * back for random times where they begin, where they take or give back a lock, where they wake up,
 * and where a connection was read. So it finds what holds only because one thread is quicker than
 * another.
 *
 * LATE_THREADS_SEED  the same times for the same order of calls
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* dlsym finds the condition variables of glibc before 2.3.2 first. */
#define CONDITIONS_VERSION "GLIBC_2.3.2"

/* Of a million calls so many are late; the times grow as the chances fall. */
typedef struct Delay {
    unsigned chance;
    unsigned most_us;
} Delay;
static const Delay at_locks[] = {{1000, 2000}, {50, 30000}, {3, 500000}, {0, 0}};
static const Delay at_wakes[] = {{30000, 2000}, {3000, 30000}, {100, 500000}, {0, 0}};
static const Delay at_starts[] = {{300000, 5000}, {100000, 60000}, {30000, 1500000}, {0, 0}};

static bool is_on;
static uint64_t seed;
static _Thread_local uint64_t state;

static uint64_t
chance_next(void)
{
    if (state == 0)
        state = seed ^ (uint64_t)gettid() * UINT64_C(0x9e3779b97f4a7c15);
    state ^= state << 13; /* xorshift64 */
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void
be_late(const Delay *delays)
{
    if (!is_on)
        return;
    int before = errno;
    unsigned drawn = (unsigned)(chance_next() >> 20) % 1000000;
    for (; delays->chance > 0; delays++) {
        if (drawn < delays->chance) {
            unsigned us = (unsigned)(chance_next() >> 20) % delays->most_us;
            nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
            break;
        }
        drawn -= delays->chance;
    }
    errno = before;
}

static void *
next_of(const char *name)
{
    void *found = strncmp(name, "pthread_cond", 12) == 0
                      ? dlvsym(RTLD_NEXT, name, CONDITIONS_VERSION)
                      : dlsym(RTLD_NEXT, name);
    if (found == NULL)
        abort();
    return found;
}

/* The real one, looked up once; two threads that do so at once find the same. */
#define LOOK_UP(name)                                                                              \
    static __typeof__(&name) real;                                                                 \
    if (real == NULL)                                                                              \
    real = (__typeof__(&name))next_of(#name)

__attribute__((constructor)) static void
begin(void)
{
    const char *given = getenv("LATE_THREADS_SEED");
    const char *name = program_invocation_short_name;
    seed = given != NULL ? strtoull(given, NULL, 10) * UINT64_C(0xbf58476d1ce4e5b9) + 1 : 1;
    is_on = strncmp(name, "steel", 5) == 0 || strncmp(name, "test_", 5) == 0;
}

typedef struct Start {
    void *(*run)(void *);
    void *argument;
} Start;

static void *
run_late(void *data)
{
    Start start = *(Start *)data;
    free(data);
    be_late(at_starts);
    return start.run(start.argument);
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
               void *argument)
{
    LOOK_UP(pthread_create);
    Start *start = malloc(sizeof *start);
    if (start == NULL)
        return ENOMEM;
    *start = (Start){run, argument};
    int status = real(thread, attributes, run_late, start);
    if (status != 0)
        free(start);
    return status;
}

int
pthread_mutex_lock(pthread_mutex_t *mutex)
{
    LOOK_UP(pthread_mutex_lock);
    be_late(at_locks);
    return real(mutex);
}

int
pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    LOOK_UP(pthread_mutex_unlock);
    int status = real(mutex);
    be_late(at_locks);
    return status;
}

int
pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    LOOK_UP(pthread_cond_wait);
    int status = real(condition, mutex);
    be_late(at_wakes);
    return status;
}

int
pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                       const struct timespec *until)
{
    LOOK_UP(pthread_cond_timedwait);
    int status = real(condition, mutex, until);
    be_late(at_wakes);
    return status;
}

int
poll(struct pollfd *sockets, nfds_t count, int limit_ms)
{
    LOOK_UP(poll);
    int found = real(sockets, count, limit_ms);
    be_late(at_wakes);
    return found;
}

int
epoll_wait(int set, struct epoll_event *events, int most, int limit_ms)
{
    LOOK_UP(epoll_wait);
    int found = real(set, events, most, limit_ms);
    be_late(at_wakes);
    return found;
}

ssize_t
recv(int socket, void *bytes, size_t most, int flags)
{
    LOOK_UP(recv);
    ssize_t got = real(socket, bytes, most, flags);
    be_late(at_locks);
    return got;
}
