/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "store/events.h"
#include "store/state.h"

#define ROOM  7
#define TYPES 3
#define KEYS  40

/* An event at a place; its number grows with each call. */
static struct state_entry add_event(struct db *db, int64_t type_nid, int64_t state_key_nid)
{
    static int serial;
    struct state_entry entry = {type_nid, state_key_nid, 0};
    char id[64];
    const struct event_row row = {
        .room_nid = ROOM, .type_nid = type_nid, .state_key_nid = state_key_nid, .depth = 1, .id = id};

    snprintf(id, sizeof id, "$%d", serial++);
    assert_int_equal(events_insert(db, &row, &entry.event_nid), ERR_OK);
    return entry;
}

/* What the state is to be, kept in the plainest way. */
struct model {
    int64_t events[TYPES + 1][KEYS + 1];
};

static void check(const struct state *state, const struct model *model)
{
    for (int type = 1; type <= TYPES; type++)
        for (int key = 1; key <= KEYS; key++)
            assert_int_equal(state_get(state, type, key), model->events[type][key]);
    assert_int_equal(state_get(state, 99, 1), 0);
}

/* The state as it is read from the snapshot that was written. */
static void check_stored(struct db *db, const struct state *state, const struct model *model)
{
    struct state *stored;

    assert_int_equal(state_open(&stored, db, ROOM, state_snapshot(state)), ERR_OK);
    check(stored, model);
    state_free(&stored);
}

static int64_t blocks_of_the_longest(struct db *db)
{
    return number(db, "SELECT MAX(LENGTH(state_block_nids) - LENGTH(REPLACE(state_block_nids, ',', ''))) + 1"
                      " FROM roomserver_state_snapshots");
}

/* Every list of a block is ascending, and names nothing twice. */
static void check_lists(struct db *db)
{
    assert_int_equal(number(db,
                            "SELECT COUNT(*) FROM (SELECT l.value AS nid, LAG(l.value) OVER (PARTITION BY"
                            " b.state_block_nid ORDER BY l.key) AS previous FROM roomserver_state_block b,"
                            " json_each(CAST(b.event_nids AS TEXT)) l) WHERE nid <= previous"),
                     0);
}

static void put(struct db *db, struct state *state, struct model *model, int type, int key)
{
    const struct state_entry entry = add_event(db, type, key);

    assert_int_equal(state_put(state, &entry), ERR_OK);
    model->events[type][key] = entry.event_nid;
}

static void a_new_room_has_an_empty_state(void **state)
{
    struct database *d = *state;
    struct model model = {0};
    struct state *first, *second;

    assert_int_equal(state_open(&first, d->db, ROOM, 0), ERR_OK);
    assert_int_equal(state_open(&second, d->db, ROOM + 1, 0), ERR_OK);
    assert_true(state_snapshot(first) > 0);
    assert_int_not_equal(state_snapshot(first), state_snapshot(second)); /* rooms do not share a row */
    check(first, &model);
    check_stored(d->db, first, &model);
    state_free(&first);
    state_free(&second);
    state_free(&second);
}

static void each_snapshot_stays_what_it_was(void **state)
{
    struct database *d = *state;
    static struct model models[200];
    int64_t snapshots[200];
    struct state *now;
    unsigned random = 1;

    assert_int_equal(state_open(&now, d->db, ROOM, 0), ERR_OK);
    for (int i = 0; i < 200; i++) {
        if (i > 0)
            models[i] = models[i - 1];
        random = random * 1103515245 + 12345;
        put(d->db, now, &models[i], (int)(random >> 16) % TYPES + 1, (int)(random >> 20) % KEYS + 1);
        check(now, &models[i]);
        snapshots[i] = state_snapshot(now);
    }
    state_free(&now);
    for (int i = 0; i < 200; i++) {
        struct state *then;

        assert_int_equal(state_open(&then, d->db, ROOM, snapshots[i]), ERR_OK);
        check(then, &models[i]);
        state_free(&then);
    }
    assert_int_equal(state_open(&now, d->db, ROOM, snapshots[0]), ERR_OK);
    for (int i = 0; i < 200; i++) { /* here and there, and twice where it is */
        int there = i / 2 * 77 % 200;

        assert_int_equal(state_move(now, snapshots[there]), ERR_OK);
        check(now, &models[there]);
    }
    assert_int_equal(state_move(now, 99999), ERR_CORRUPT);
    state_free(&now);
    check_lists(d->db);
    assert_in_range(blocks_of_the_longest(d->db), 2, 9);
}

/* n events cost n log n numbers in blocks; folding 64 blocks into a full one would take n². */
static void it_grows_by_n_log_n(void **state)
{
    struct database *d = *state;
    const int events = 4096, log2_events = 12;
    struct state *now;

    assert_int_equal(db_begin(d->db, DB_WRITE), ERR_OK);
    assert_int_equal(state_open(&now, d->db, ROOM, 0), ERR_OK);
    for (int i = 0; i < events; i++) {
        const struct state_entry entry = add_event(d->db, 5, 1000 + i);

        assert_int_equal(state_put(now, &entry), ERR_OK);
    }
    state_free(&now);
    assert_int_equal(db_end(d->db, ERR_OK), ERR_OK);
    assert_in_range(blocks_of_the_longest(d->db), 1, log2_events + 1);
    assert_in_range(number(d->db, "SELECT SUM(LENGTH(event_nids) - LENGTH(REPLACE(event_nids, ',', '')) + 1)"
                                  " FROM (SELECT CAST(event_nids AS TEXT) AS event_nids"
                                  " FROM roomserver_state_block)"),
                    events, events * log2_events);
}

/* Dendrite's snapshots may have the most blocks there can be, of one event each, or of strictly falling
 * sizes. */
static void it_goes_on_from_foreign_blocks(void **state)
{
    struct database *d = *state;

    for (int shape = 0; shape < 2; shape++) {
        struct model model = {0};
        struct buf sql = {0}, list = {0};
        struct state *now;
        int64_t snapshot, nid = 0;

        for (int block = STATE_BLOCKS_MAX; block > 0; block--) {
            int size = shape ? block : 1;

            buf_clear(&sql);
            for (int i = 0; i < size; i++) {
                int type = (block + i) % TYPES + 1, key = i % KEYS + 1;
                const struct state_entry entry = add_event(d->db, type, key);

                if (model.events[type][key] < entry.event_nid)
                    model.events[type][key] = entry.event_nid;
                buf_printf(&sql, "%s%lld", i ? "," : "[", (long long)entry.event_nid);
            }
            buf_puts(&sql, "]");
            assert_int_equal(db_integer(d->db,
                                        "INSERT INTO roomserver_state_block (state_block_hash, event_nids)"
                                        " VALUES (?1, ?1) RETURNING state_block_nid",
                                        DB_ARGS(DB_T(sql.data)), &nid),
                             ERR_OK);
            buf_printf(&list, "%s%lld", list.length ? "," : "[", (long long)nid);
        }
        buf_puts(&list, "]");
        assert_int_equal(db_integer(d->db,
                                    "INSERT INTO roomserver_state_snapshots (state_snapshot_hash, room_nid,"
                                    " state_block_nids) VALUES (?1, 7, ?1) RETURNING state_snapshot_nid",
                                    DB_ARGS(DB_T(list.data)), &snapshot),
                         ERR_OK);
        assert_int_equal(state_open(&now, d->db, ROOM, snapshot), ERR_OK);
        check(now, &model);
        for (int i = 0; i < 100; i++) {
            put(d->db, now, &model, i % TYPES + 1, i % KEYS + 1);
            check_stored(d->db, now, &model);
        }
        assert_true(blocks_of_the_longest(d->db) <= STATE_BLOCKS_MAX);
        check_lists(d->db);
        state_free(&now);
        buf_free(&sql);
        buf_free(&list);
    }
}

/* A block with older events than the block before it. */
static void it_goes_on_from_blocks_of_mixed_age(void **state)
{
    struct database *d = *state;
    struct model model = {0};
    struct state *now;

    for (int i = 1; i <= 4; i++)
        model.events[1][i] = add_event(d->db, 1, i).event_nid;
    model.events[1][5] = add_event(d->db, 1, 5).event_nid; /* the older of two, in the younger block */
    (void)add_event(d->db, 1, 5);
    run(d->db, "INSERT INTO roomserver_state_block VALUES (1, 'a', '[3,4,6]'), (2, 'b', '[1,2,5]')");
    run(d->db, "INSERT INTO roomserver_state_snapshots VALUES (900, 'a', 7, '[1,2]')");
    assert_int_equal(state_open(&now, d->db, ROOM, 900), ERR_OK);
    check(now, &model);
    for (int i = 0; i < 20; i++) {
        put(d->db, now, &model, 2, i + 1);
        check_stored(d->db, now, &model);
    }
    check_lists(d->db);
    state_free(&now);
}

static void damage_is_found(void **state)
{
    static const struct {
        const char *sql;
    } rows[] = {
        {"INSERT INTO roomserver_state_snapshots VALUES (900, 'a', 7, 'nonsense')"},
        {"INSERT INTO roomserver_state_snapshots VALUES (900, 'a', 7, '[1')"},
        {"INSERT INTO roomserver_state_snapshots VALUES (900, 'a', 7, '[1]x')"},
        {"INSERT INTO roomserver_state_snapshots VALUES (900, 'a', 7, '[12345]')"},
        {"INSERT INTO roomserver_state_snapshots VALUES (900, 'a', 7, '[901]')"},
        {"INSERT INTO roomserver_state_snapshots VALUES (900, 'a', 7, '[99999999999999999999]')"},
        {"INSERT INTO roomserver_state_snapshots SELECT 900, 'a', 7, '[' || GROUP_CONCAT(n) || ']' FROM"
         " (WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 65) SELECT n FROM t)"},
    };
    struct database *d = *state;
    struct state *now;

    assert_int_equal(state_open(&now, d->db, ROOM, 900), ERR_CORRUPT); /* there is none */
    assert_null(now);
    run(d->db, "INSERT INTO roomserver_state_block VALUES (901, 'b', '[777]')"); /* no such event */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run(d->db, rows[i].sql);
        assert_int_equal(state_open(&now, d->db, ROOM, 900), ERR_CORRUPT);
        assert_null(now);
        run(d->db, "DELETE FROM roomserver_state_snapshots WHERE state_snapshot_nid = 900");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_room_has_an_empty_state, database_new, database_end),
        cmocka_unit_test_setup_teardown(each_snapshot_stays_what_it_was, database_new, database_end),
        cmocka_unit_test_setup_teardown(it_grows_by_n_log_n, database_new, database_end),
        cmocka_unit_test_setup_teardown(it_goes_on_from_foreign_blocks, database_new, database_end),
        cmocka_unit_test_setup_teardown(it_goes_on_from_blocks_of_mixed_age, database_new, database_end),
        cmocka_unit_test_setup_teardown(damage_is_found, database_new, database_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
