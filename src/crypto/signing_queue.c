/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/apart.h"
#include "crypto/signing_queue.h"

/* Enough for what the signature of most events covers; a longer text is signed when it is put. */
#define TEXT_SIZE ((size_t)1024)

/* In memory that is shared with the child. */
struct item {
    unsigned char text[TEXT_SIZE];
    size_t size;
    unsigned char signature[ED25519_SIGNATURE_SIZE];
    bool is_signed;
};

#define BLOCKS     (SIGNING_QUEUE / SIGNING_BLOCK)
#define ITEMS_SIZE (SIGNING_QUEUE * sizeof(struct item))

struct signing_queue {
    const struct signing_key *key;
    struct item *items; /* SIGNING_QUEUE of them, used in turn */
    size_t put, got;    /* texts, since the beginning */
    bool away[BLOCKS];  /* the child has the block */
    pid_t child;        /* 0: none yet; -1: there is to be none */
    int socket;         /* to the child; -1: it cannot be asked */
};

static struct item *item_of(const struct signing_queue *queue, size_t text)
{
    return &queue->items[text % SIGNING_QUEUE];
}

static enum err sign(const struct signing_key *key, struct item *item)
{
    enum err e = ed25519_sign(key, item->text, item->size, item->signature);

    item->is_signed = !e;
    return e;
}

/* Passes a block on, by its number. */
static bool pass(int socket, unsigned char block)
{
    return send(socket, &block, 1, MSG_NOSIGNAL) == 1;
}

static bool receive(int socket, unsigned char *block)
{
    ssize_t count;

    do
        count = recv(socket, block, 1, 0);
    while (count < 0 && errno == EINTR);
    return count == 1;
}

struct child {
    const struct signing_queue *queue;
    int sockets[2]; /* the caller's, the child's */
};

static void sign_block(const struct signing_queue *queue, unsigned char block)
{
    for (size_t i = 0; i < SIGNING_BLOCK; i++) {
        struct item *item = &queue->items[block * SIGNING_BLOCK + i];

        if (!item->is_signed)
            (void)!sign(queue->key, item); /* what fails here, the caller tries again */
    }
}

/* What the child does, until the caller closes the socket. */
static void sign_blocks(void *context)
{
    const struct child *child = context;
    unsigned char block;

    close(child->sockets[0]);
    while (receive(child->sockets[1], &block)) {
        sign_block(child->queue, block);
        if (!pass(child->sockets[1], block))
            return;
    }
}

static void start_child(struct signing_queue *queue)
{
    struct child child = {.queue = queue};

    queue->child = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, child.sockets) < 0)
        return;
    queue->child = apart_start(sign_blocks, &child);
    close(child.sockets[1]);
    if (queue->child > 0)
        queue->socket = child.sockets[0];
    else
        close(child.sockets[0]);
}

static void forget_child(struct signing_queue *queue)
{
    if (queue->socket >= 0)
        close(queue->socket);
    if (queue->child > 0)
        apart_end(queue->child);
    queue->socket = -1;
    queue->child = -1;
    memset(queue->away, 0, sizeof queue->away);
}

enum err signing_queue_open(struct signing_queue **out, const struct signing_key *key)
{
    struct signing_queue *queue = *out = malloc(sizeof *queue);

    if (!queue)
        return ERR_NOMEM;
    *queue = (struct signing_queue){.key = key, .socket = -1};
    queue->items = mmap(NULL, ITEMS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (queue->items != MAP_FAILED)
        return ERR_OK;
    free(queue);
    *out = NULL;
    return ERR_NOMEM;
}

void signing_queue_close(struct signing_queue **queue)
{
    struct signing_queue *closing = *queue;

    *queue = NULL;
    if (!closing)
        return;
    forget_child(closing);
    munmap(closing->items, ITEMS_SIZE);
    free(closing);
}

bool signing_queue_full(const struct signing_queue *queue)
{
    return queue->put - queue->got == SIGNING_QUEUE;
}

/* Gives the child the block that was filled just now. */
static void give(struct signing_queue *queue)
{
    size_t block = (queue->put / SIGNING_BLOCK - 1) % BLOCKS;

    if (queue->child == 0)
        start_child(queue);
    queue->away[block] = queue->socket >= 0 && pass(queue->socket, (unsigned char)block);
}

/* Waits for the block if the child has it. */
static void take_back(struct signing_queue *queue, size_t block)
{
    unsigned char received;

    if (queue->away[block] && !receive(queue->socket, &received))
        forget_child(queue);
    queue->away[block] = false;
}

enum err signing_queue_put(struct signing_queue *queue, const void *bytes, size_t size)
{
    struct item *item = item_of(queue, queue->put);
    enum err e = ERR_OK;

    item->is_signed = size > TEXT_SIZE;
    if (item->is_signed) {
        e = ed25519_sign(queue->key, bytes, size, item->signature);
    } else {
        memcpy(item->text, bytes, size);
        item->size = size;
    }
    if (e)
        return e;
    queue->put++;
    if (queue->put % SIGNING_BLOCK == 0)
        give(queue);
    return ERR_OK;
}

enum err signing_queue_get(struct signing_queue *queue, unsigned char signature[ED25519_SIGNATURE_SIZE])
{
    struct item *item = item_of(queue, queue->got);
    enum err e = ERR_OK;

    take_back(queue, queue->got / SIGNING_BLOCK % BLOCKS);
    if (!item->is_signed)
        e = sign(queue->key, item);
    if (e)
        return e;
    memcpy(signature, item->signature, ED25519_SIGNATURE_SIZE);
    queue->got++;
    return ERR_OK;
}

void signing_queue_clear(struct signing_queue *queue)
{
    for (size_t block = 0; block < BLOCKS; block++)
        take_back(queue, block);
    queue->put = queue->got = 0;
}
