/* SPDX-License-Identifier: ISC */
/*
 * Made-up users and rooms, to try things out on: the same for the same numbers, and with real events. What is
 * there already stays, so that it goes on where it was broken off.
 */
#include <stdio.h>

#include "homeserver/audit.h"
#include "homeserver/standalone/create.h"
#include "homeserver/standalone/member.h"
#include "homeserver/standalone/standalone.h"
#include "store/room_directory.h"
#include "store/rooms.h"

#define BATCH_ROWS     20000                  /* accounts or events in one transaction */
#define FIRST_EVENT_MS INT64_C(1767225600000) /* 2026-01-01: a fixed time, so that event ids are the same */
#define ROOM_EVERY_MS  60000
#define SMALLEST_ROOM  2 /* members */

struct populating {
    struct room_writer writer;
    struct homeserver *hs;
    const struct population *population;
    int64_t total;
    int64_t done;       /* users and memberships */
    int64_t batch_rows; /* since the transaction began */
};

/* Scrambles a number (Steele et al., "Fast Splittable Pseudorandom Number Generators": SplitMix64). */
static uint64_t scramble(uint64_t number)
{
    number += UINT64_C(0x9e3779b97f4a7c15);
    number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
    return number ^ (number >> 31);
}

/* The n-th number that is made up for a room. */
static uint64_t made_up(const struct populating *populating, int64_t room, uint64_t n)
{
    return scramble(scramble((uint64_t)populating->population->seed) ^ scramble((uint64_t)room * 16 + n));
}

/* Few rooms are large and many are small: the n-th has an n-th of the members of the first. */
static int64_t members_of(const struct population *population, int64_t room)
{
    int64_t members = population->members / (room + 1);

    if (members < SMALLEST_ROOM)
        members = SMALLEST_ROOM;
    return members < population->users ? members : population->users;
}

static int64_t count_total(const struct population *population)
{
    int64_t total = population->users;

    for (int64_t room = 0; room < population->rooms; room++)
        total += members_of(population, room);
    return total;
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
    while (b > 0) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* How the members of a room are picked, each once: every `step`-th user, around and around. */
struct picking {
    uint64_t users, next, step;
};

static struct picking pick_for(const struct populating *populating, int64_t room)
{
    struct picking picking = {.users = (uint64_t)populating->population->users};

    picking.next = made_up(populating, room, 0) % picking.users;
    picking.step = made_up(populating, room, 1) % picking.users;
    while (greatest_common_divisor(picking.step, picking.users) != 1)
        picking.step++;
    return picking;
}

/* A made-up user. */
struct person {
    char localpart[32];
    char user_id[ID_SIZE];
    char display_name[32];
};

static void make_person(const struct populating *populating, uint64_t number, struct person *person)
{
    snprintf(person->localpart, sizeof person->localpart, "user%06llu", (unsigned long long)number + 1);
    snprintf(person->user_id, sizeof person->user_id, "@%s:%s", person->localpart,
             populating->writer.server_name);
    snprintf(person->display_name, sizeof person->display_name, "User %llu", (unsigned long long)number + 1);
}

static struct person pick(const struct populating *populating, struct picking *picking)
{
    struct person person;

    make_person(populating, picking->next, &person);
    picking->next = (picking->next + picking->step) % picking->users;
    return person;
}

/* Notes `done` steps that took `rows` rows, and begins another transaction when this one is large. */
static enum err advance(struct populating *populating, int64_t done, int64_t rows)
{
    const struct population *population = populating->population;
    enum err e = ERR_OK;

    populating->done += done;
    populating->batch_rows += rows;
    if (population->progress)
        population->progress(population->context, populating->done, populating->total);
    if (populating->batch_rows < BATCH_ROWS)
        return ERR_OK;
    populating->batch_rows = 0;
    arena_reset(populating->writer.arena);
    e = db_end(populating->writer.db, ERR_OK);
    return e ? e : db_begin(populating->writer.db, DB_WRITE_BULK);
}

static enum err add_user(struct populating *populating, int64_t number)
{
    struct person person;
    struct account account = {.type = ACCOUNT_USER, .created_ts = FIRST_EVENT_MS};
    enum err e;

    make_person(populating, (uint64_t)number, &person);
    account.localpart = person.localpart;
    e = accounts_insert(populating->writer.db, &account, populating->writer.server_name, person.display_name);
    if (e == ERR_EXISTS)
        e = ERR_OK;
    return e ? e : advance(populating, 1, 1);
}

static void make_room_id(const struct populating *populating, int64_t room, char room_id[ID_SIZE])
{
    snprintf(room_id, ID_SIZE, "!%016llx:%s", (unsigned long long)made_up(populating, room, 2),
             populating->writer.server_name);
}

/* Whether the room was made by an earlier call: a room is made in one transaction. */
static enum err is_there(struct populating *populating, const char *room_id, bool *there)
{
    struct room_row row;
    enum err e = rooms_find(populating->writer.db, room_id, populating->writer.arena, &row);

    nids_free(&row.latest);
    *there = e == ERR_OK;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err say(struct room *room, const struct person *person, const char *body)
{
    struct new_event event = {
        .sender = person->user_id,
        .type = "m.room.message",
        .content = json_pack("{s:s, s:s}", "msgtype", "m.text", "body", body),
    };
    char event_id[ID_SIZE];
    enum err e = event.content ? room_append(room, &event, event_id) : ERR_NOMEM;

    json_decref(event.content);
    return e;
}

static enum err fill_room(struct populating *populating, struct room *room, struct picking *picking,
                          int64_t members)
{
    enum err e = ERR_OK;

    for (int64_t i = 1; !e && i < members; i++) {
        struct person person = pick(populating, picking);
        const struct profile profile = {.display_name = person.display_name};

        populating->writer.now_ms++;
        e = room_join(room, person.user_id, &profile);
        if (!e && i == 1)
            e = say(room, &person, "Hello, everybody!");
    }
    return e;
}

static enum err make_room(struct populating *populating, int64_t number, const char *room_id)
{
    struct picking picking = pick_for(populating, number);
    struct person creator = pick(populating, &picking);
    char name[32];
    const struct room_design design = {
        .creator = creator.user_id,
        .profile = {.display_name = creator.display_name},
        .name = name,
        .is_public = true,
    };
    struct room *room = NULL;
    enum err e;

    snprintf(name, sizeof name, "Room %lld", (long long)number + 1);
    populating->writer.now_ms = FIRST_EVENT_MS + number * ROOM_EVERY_MS;
    e = room_create(&room, &populating->writer, room_id, standalone_room_version(populating->hs->config),
                    &design);
    if (!e)
        e = fill_room(populating, room, &picking, members_of(populating->population, number));
    return room_close(&room, e);
}

static enum err add_room(struct populating *populating, int64_t number)
{
    int64_t members = members_of(populating->population, number);
    char room_id[ID_SIZE];
    bool there = false;
    enum err e;

    make_room_id(populating, number, room_id);
    e = is_there(populating, room_id, &there);
    if (!e && !there)
        e = make_room(populating, number, room_id);
    if (!e && !there)
        e = room_directory_set(populating->writer.db, room_id, true);
    return e ? e : advance(populating, members, there ? 0 : members + 8);
}

static enum err populate(struct populating *populating)
{
    const struct population *population = populating->population;
    enum err e = ERR_OK;

    for (int64_t i = 0; !e && i < population->users; i++)
        e = add_user(populating, i);
    for (int64_t i = 0; !e && i < population->rooms; i++)
        e = add_room(populating, i);
    return e;
}

enum err standalone_populate(struct homeserver *hs, const struct population *population)
{
    struct populating populating = {.hs = hs, .population = population, .total = count_total(population)};
    struct arena *arena = arena_new();
    enum err e = arena ? room_writer_open(&populating.writer, hs, arena) : ERR_NOMEM;

    audit_unfinished(hs->audit);
    if (!e)
        e = db_begin(hs->db, DB_WRITE_BULK);
    if (!e)
        e = db_end(hs->db, populate(&populating));
    room_writer_close(&populating.writer);
    arena_free(&arena);
    return e;
}
