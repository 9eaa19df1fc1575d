/* Name lookups on threads of their own.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/client/resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <string.h>

#include "common/error.h"
#include "common/lock.h"

enum { THREADS_MAX = 4 };

typedef struct Question {
    uint64_t id;
    uint16_t port;
    char *name; /* owned */
} Question;

struct IpmiResolver {
    Lock lock;
    pthread_cond_t changed;
    GQueue questions GUARDED; /* of Question, owned */
    GQueue answers GUARDED;   /* of IpmiResolved, owned */
    unsigned threads GUARDED;
    unsigned idle GUARDED;
    unsigned references GUARDED; /* the owner's and each thread's */
    bool closed GUARDED;
    void (*notify)(void *user_data);
    void *user_data;
};

static void
free_question(void *data)
{
    Question *question = data;
    g_free(question->name);
    g_free(question);
}

static void unref_and_unlock(IpmiResolver *resolver) RELEASES(resolver->lock);

/* The owner of the last reference frees it. */
static void
unref_and_unlock(IpmiResolver *resolver)
{
    bool last = --resolver->references == 0;
    lock_release(&resolver->lock);
    if (!last)
        return;
    g_queue_clear_full(&resolver->questions, free_question);
    g_queue_clear_full(&resolver->answers, g_free);
    pthread_cond_destroy(&resolver->changed);
    lock_destroy(&resolver->lock);
    g_free(resolver);
}

UNSHARED IpmiResolver *
ipmi_resolver_new(void (*notify)(void *user_data), void *user_data)
{
    IpmiResolver *resolver = g_new0(IpmiResolver, 1);
    lock_init(&resolver->lock, LOCK_RANK_RESOLVER);
    pthread_cond_init(&resolver->changed, NULL);
    resolver->references = 1;
    resolver->notify = notify;
    resolver->user_data = user_data;
    return resolver;
}

void
ipmi_resolver_close(IpmiResolver *resolver)
{
    if (resolver == NULL)
        return;
    lock_acquire(&resolver->lock);
    resolver->closed = true;
    pthread_cond_broadcast(&resolver->changed);
    unref_and_unlock(resolver);
}

static void
look_up(const Question *question, IpmiResolved *resolved)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    resolved->id = question->id;
    int status = getaddrinfo(question->name, NULL, &hints, &found);
    if (status != 0) {
        resolved->problem = gai_strerror(status);
        return;
    }
    for (const struct addrinfo *one = found;
         one != NULL && resolved->peer_count < IPMI_RESOLVED_MAX; one = one->ai_next) {
        IpmiPeer *peer = &resolved->peers[resolved->peer_count];
        if ((one->ai_family != AF_INET && one->ai_family != AF_INET6) ||
            one->ai_addrlen > sizeof peer->v6)
            continue;
        memcpy(&peer->any, one->ai_addr, one->ai_addrlen);
        peer->size = one->ai_addrlen;
        if (one->ai_family == AF_INET6)
            peer->v6.sin6_port = htons(question->port);
        else
            peer->v4.sin_port = htons(question->port);
        resolved->peer_count++;
    }
    resolved->problem = resolved->peer_count == 0 ? "no IPv4 or IPv6 address" : NULL;
    freeaddrinfo(found);
}

static void *
ipmi_resolver_run(void *data)
{
    IpmiResolver *resolver = data;
    lock_acquire(&resolver->lock);
    while (!resolver->closed) {
        Question *question = g_queue_pop_head(&resolver->questions);
        if (question == NULL) {
            resolver->idle++;
            lock_wait(&resolver->lock, &resolver->changed);
            resolver->idle--;
            continue;
        }
        lock_release(&resolver->lock);
        IpmiResolved *resolved = g_new0(IpmiResolved, 1);
        look_up(question, resolved);
        free_question(question);
        lock_acquire(&resolver->lock);
        g_queue_push_tail(&resolver->answers, resolved);
        if (!resolver->closed) /* under the lock: the owner may be gone right after */
            resolver->notify(resolver->user_data);
    }
    unref_and_unlock(resolver);
    return NULL;
}

static bool start_thread(IpmiResolver *resolver, GError **error) REQUIRES(resolver->lock);

/* Detached: a lookup that hangs delays no stop. */
static bool
start_thread(IpmiResolver *resolver, GError **error)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, ipmi_resolver_run, resolver) != 0)
        return steel_fail(error, STEEL_ERROR_INTERNAL, "no thread for name lookups");
    pthread_detach(thread);
    resolver->threads++;
    resolver->references++;
    return true;
}

bool
ipmi_resolver_ask(IpmiResolver *resolver, uint64_t id, const char *name, uint16_t port,
                  GError **error)
{
    lock_acquire(&resolver->lock);
    bool ok = resolver->idle > g_queue_get_length(&resolver->questions) ||
              resolver->threads >= THREADS_MAX || start_thread(resolver, error) ||
              resolver->threads > 0;
    if (ok) {
        if (error != NULL)
            g_clear_error(error);
        Question *question = g_new0(Question, 1);
        question->id = id;
        question->port = port;
        question->name = g_strdup(name);
        g_queue_push_tail(&resolver->questions, question);
        pthread_cond_signal(&resolver->changed);
    }
    lock_release(&resolver->lock);
    return ok;
}

bool
ipmi_resolver_take(IpmiResolver *resolver, IpmiResolved *resolved)
{
    lock_acquire(&resolver->lock);
    IpmiResolved *first = g_queue_pop_head(&resolver->answers);
    lock_release(&resolver->lock);
    if (first == NULL)
        return false;
    *resolved = *first;
    g_free(first);
    return true;
}
