/* SPDX-License-Identifier: ISC */
/* Whether events are signed at once or by another process meanwhile, the database is the same in the end. */
#include "world.h"

#include "matrix/field.h"

#define ROOM    "!room:" SERVER
#define CREATOR "@creator:" SERVER
#define NOW     1767225600000
#define MEMBERS 600 /* more than can be pending */

/* The n-th member. */
static const char *member(struct world *w, int n)
{
    return arena_printf(w->d->arena, "@member%d:" SERVER, n);
}

static void join(struct world *w, struct room *room, int n)
{
    const char *user_id = member(w, n);

    assert_int_equal(room_join(room, user_id, &(struct profile){.display_name = user_id}), ERR_OK);
}

static enum err send(struct room *room, const char *sender, const char *type, const char *state_key,
                     json_t *content)
{
    const struct new_event event = {
        .sender = sender, .type = type, .state_key = state_key, .content = content};
    char id[ID_SIZE];
    enum err e = room_append(room, &event, id);

    json_decref(content);
    return e;
}

/* What a signature covers of this is long. */
static json_t *many_levels(struct world *w)
{
    json_t *users = json_pack("{s:i}", CREATOR, 100);

    for (int n = 1; n < 100; n++)
        json_object_set_new(users, member(w, n), json_integer(50));
    return json_pack("{s:o}", "users", users);
}

static void joins_and_others(struct world *w, struct room *room)
{
    for (int n = 0; n < MEMBERS; n++)
        join(w, room, n);
    assert_int_equal(send(room, "@stranger:" SERVER, "m.room.topic", "", json_object()), ERR_DENIED);
    assert_int_equal(send(room, CREATOR, "m.room.power_levels", "", many_levels(w)), ERR_OK);
    assert_int_equal(send(room, member(w, 0), "m.room.message", NULL, json_pack("{s:s}", "body", "x")),
                     ERR_OK);
    assert_int_equal(room_invite(room, CREATOR, "@guest:" SERVER, NULL), ERR_OK);
    assert_int_equal(room_leave(room, "@guest:" SERVER), ERR_OK);
}

static void leaves(struct world *w, struct room *room, int from, int to)
{
    for (int n = from; n < to; n++)
        assert_int_equal(room_leave_with_profile(room, member(w, n)), ERR_OK);
}

/* Events that were appended a while ago, and are pending still, are looked up. */
static void looks_back(struct world *w, struct room *room)
{
    json_t *event;

    for (int n = 550; n < MEMBERS; n++)
        join(w, room, n); /* again, with the same profile */
    assert_int_equal(room_state(room, "m.room.member", member(w, 550), &event), ERR_OK);
    assert_string_equal(field_string(field_object(event, "content"), "displayname"), member(w, 550));
}

static void write_room(struct world *w)
{
    struct room *room = NULL;

    make_room(w, ROOM, "10", CREATOR, NULL, 0);
    room = open_room(w, ROOM);
    joins_and_others(w, room);
    looks_back(w, room);
    close_room(w, room);

    room = open_room(w, ROOM); /* and nothing of this */
    leaves(w, room, 0, 100);
    assert_int_equal(db_end(w->d->db, room_close(&room, ERR_BUSY)), ERR_BUSY);

    room = open_room(w, ROOM);
    leaves(w, room, 0, 300);
    close_room(w, room);
}

/* All rows of rooms that come about so, as a file. */
static void dump_room(bool apart, const char *name)
{
    struct world *w;
    void *state;

    database_new(&state);
    w = world_on(state, "tests/fixture/matrix_key.pem");
    w->writer.now_ms = NOW;
    if (apart)
        assert_int_equal(room_writer_sign_apart(&w->writer), ERR_OK);
    write_room(w);
    shell("sqlite3 %s '.dump roomserver_%% syncapi_%%' > %s", w->d->path, name);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_events"), 6 + MEMBERS + 4 + 50 + 300);
    state = w;
    world_end(&state);
}

static void the_rows_are_the_same(void **state)
{
    const struct database *d = *state;
    char at_once[96], apart[96];

    snprintf(at_once, sizeof at_once, "%s/at-once.sql", d->folder);
    snprintf(apart, sizeof apart, "%s/apart.sql", d->folder);
    dump_room(false, at_once);
    dump_room(true, apart);
    shell("cmp %s %s", at_once, apart);
    shell("test $(wc -c < %s) -gt 1000000", apart);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_rows_are_the_same, database_folder, database_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
