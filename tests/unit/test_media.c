/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "homeserver/media.h"
#include "homeserver/media_files.h"
#include "store/media_uses.h"

/* Of the fixture, which has five, each with a file of its own. */
#define M0 "f07cef4ae2ae3b8bbe4162d2a7e733267af2e9a3200a8a2280de43194b03d86f"
#define H0 "brDN-w0gslWgXMGGPlVyvMMoO7UNgsMlPJnYl1VQusA"
#define M1 "16e8aabcc0ac1abfa864c1f5b6c65f9be3eae3a00089a8948d94e611e546bb7a"
#define H1 "C4qTEeaxbNIojoWWgMh6fa7pRErGWqf5bbKfAfLF4u0"

struct scene {
    struct database *d;
    struct config config;
    struct homeserver hs;
    char store[128];
};

static char server_name[] = SERVER, no_url[] = "";

static int scene_open(void **state, enum config_homeserver kind)
{
    struct scene *s = calloc(1, sizeof *s);
    void *database;

    if (!s)
        abort();
    database_of_dendrite_completed(&database);
    s->d = database;
    shell("tar xzf tests/fixture/media.tar.gz -C %s", s->d->folder);
    snprintf(s->store, sizeof s->store, "%s/media", s->d->folder);
    s->config = (struct config){
        .server_name = server_name, .media_path = s->store, .homeserver = {.kind = kind, .url = no_url}};
    assert_int_equal(homeserver_open(&s->hs, &s->config, s->d->db, NULL), ERR_OK);
    *state = s;
    return 0;
}

static int scene_new(void **state)
{
    return scene_open(state, CONFIG_HOMESERVER_STANDALONE);
}

static int scene_beside(void **state)
{
    return scene_open(state, CONFIG_HOMESERVER_DENDRITE);
}

static int scene_end(void **state)
{
    struct scene *s = *state;
    void *database = s->d;

    homeserver_close(&s->hs);
    database_end(&database);
    free(s);
    return 0;
}

/* Bytes of a file of the store, -1 where there is none. */
static int64_t size_of(const struct scene *s, enum media_area area, const char *hash)
{
    struct media_files files = {.root = -1};
    struct media_file file;

    assert_int_equal(media_files_open(&files, s->store), ERR_OK);
    assert_int_equal(media_files_look(&files, hash, area, &file), ERR_OK);
    media_files_close(&files);
    return file.there ? file.size : -1;
}

static struct media find(struct scene *s, const char *media_id)
{
    struct media media;

    assert_int_equal(media_list_find(s->d->db, SERVER, SERVER, media_id, s->d->arena, &media), ERR_OK);
    return media;
}

static size_t delete (struct scene *s, struct media *items, size_t count, bool spare)
{
    const struct media_deletion deletion = {.media = {items, count}, .spare = spare};
    struct id_list deleted;

    assert_int_equal(homeserver_delete_media(&s->hs, &deletion, s->d->arena, &deleted), ERR_OK);
    return deleted.count;
}

static int64_t quarantine(struct scene *s, const char *media_id, bool quarantined)
{
    struct media media = find(s, media_id);
    const struct media_rows rows = {&media, 1};
    int64_t changed;

    assert_int_equal(homeserver_quarantine_media(&s->hs, &rows, quarantined, &changed), ERR_OK);
    return changed;
}

static const char sql_kept[] = "SELECT COUNT(*) FROM mxadmin_media";
static const char sql_rows[] = "SELECT COUNT(*) FROM mediaapi_media_repository";
static const char sql_work[] = "SELECT COUNT(*) FROM mxadmin_media_work";
static const char sql_sums[] =
    "SELECT NOT EXISTS (SELECT user_id, COUNT(*), SUM(media_length) FROM mxadmin_media GROUP BY user_id"
    " EXCEPT SELECT user_id, media_count, media_length FROM mxadmin_media_users)"
    " AND (SELECT COUNT(*) FROM mxadmin_media_users) = (SELECT COUNT(DISTINCT user_id) FROM mxadmin_media)";
static const char sql_share[] =
    "INSERT INTO mediaapi_media_repository SELECT 'shared', media_origin, content_type, file_size_bytes,"
    " creation_ts, upload_name, base64hash, user_id FROM mediaapi_media_repository WHERE base64hash = '" H0
    "'";

/* What comes and goes without us is found, and what waits to be deleted is not there. */
static void test_refresh(void **state)
{
    static const struct {
        const char *before;
        int64_t kept;
    } rows[] = {
        {"SELECT 1", 5},
        {sql_share, 6},
        {"INSERT INTO mxadmin_deferred (kind, target, parameters, actor, created_ts)"
         " VALUES ('delete_media', 'example.org/shared', 'null', '', 1)",
         6},
        {"DELETE FROM mxadmin_media WHERE media_id = 'shared'", 5}, /* in the same transaction, really */
        {"DELETE FROM mxadmin_refreshes", 5},
        {"DELETE FROM mxadmin_deferred", 6},
        {"DELETE FROM mediaapi_media_repository WHERE media_id > 'a'", 4},
        {"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
         " INSERT INTO mediaapi_media_repository SELECT 'n' || i, CASE WHEN i % 2 THEN 'a.org' ELSE 'b.org' "
         "END,"
         " 't', i, i, '', 'hash' || i, '@u' || i % 7 || ':example.org' FROM n",
         2004},
        {"INSERT INTO mediaapi_media_repository SELECT media_id, 'c.org', 't', 1, 1, '', 'same', ''"
         " FROM mediaapi_media_repository WHERE media_id LIKE 'n%'",
         4004},
        {"DELETE FROM mediaapi_media_repository WHERE media_origin <> 'b.org'", 1000},
        {"DELETE FROM mediaapi_media_repository", 0},
    };
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run(s->d->db, rows[i].before);
        assert_int_equal(media_list_refresh(s->d->db), ERR_OK);
        assert_int_equal(number(s->d->db, sql_kept), rows[i].kept);
        assert_int_equal(number(s->d->db,
                                "SELECT COUNT(*) FROM (SELECT user_id, COUNT(*), SUM(media_length)"
                                " FROM mxadmin_media WHERE user_id <> '' GROUP BY user_id EXCEPT"
                                " SELECT user_id, media_count, media_length FROM mxadmin_media_users)"),
                         0);
    }
    assert_int_equal(number(s->d->db, sql_sums), 1);
}

/* In pieces: what is new behind the place where one has stopped is for the next time. */
static void test_refresh_in_pieces(void **state)
{
    struct scene *s = *state;
    bool over = false;
    int calls = 0;

    run(s->d->db, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)"
                  " INSERT INTO mediaapi_media_repository SELECT printf('n%05d', i), 'a.org', 't', i, i, '',"
                  " 'hash' || i, '@u' || i % 7 || ':example.org' FROM n");
    while (!over) {
        const int64_t before = number(s->d->db, sql_kept);

        assert_int_equal(media_list_refresh_for(s->d->db, 0, &over), ERR_OK);
        assert_true(over || number(s->d->db, sql_kept) > before);
        assert_int_equal(number(s->d->db, "SELECT COUNT(*) FROM mxadmin_refreshes WHERE name = 'media'"),
                         over);
        assert_int_equal(number(s->d->db, "SELECT COUNT(*) FROM mxadmin_refresh_places"), !over);
        if (++calls == 2)
            run(s->d->db, "INSERT INTO mediaapi_media_repository VALUES ('behind', 'a.org', 't', 1, 1, '',"
                          " 'h', '')");
    }
    assert_true(calls > 2);
    assert_int_equal(number(s->d->db, sql_kept), 9005);
    run(s->d->db, "UPDATE mxadmin_refreshes SET took_ms = 1000000");
    assert_int_equal(media_list_refresh_for(s->d->db, 0, &over), ERR_OK);
    assert_true(over); /* it was done lately */
    assert_int_equal(number(s->d->db, sql_kept), 9005);
    run(s->d->db, "UPDATE mxadmin_refreshes SET took_ms = 0, refreshed_ts = 1");
    for (over = false; !over;)
        assert_int_equal(media_list_refresh_for(s->d->db, 1000, &over), ERR_OK);
    assert_int_equal(number(s->d->db, sql_kept), 9006);
    assert_int_equal(number(s->d->db, "SELECT COUNT(*) FROM mxadmin_media WHERE media_id = 'behind'"), 1);
}

/* A file goes with its last row. */
static void test_delete(void **state)
{
    struct scene *s = *state;
    struct media items[3];

    run(s->d->db, sql_share);
    assert_int_equal(media_list_refresh(s->d->db), ERR_OK);
    items[0] = find(s, M0);
    items[1] = find(s, M1);
    items[2] = (struct media){.media_id = "nothing", .origin = SERVER, .hash = H1};
    assert_int_equal(delete (s, items, 3, false), 2);
    assert_int_equal(size_of(s, MEDIA_PLACE, H0), 350);
    assert_int_equal(size_of(s, MEDIA_PLACE, H1), -1);
    items[0] = find(s, "shared");
    assert_int_equal(delete (s, items, 2, false), 1);
    assert_int_equal(size_of(s, MEDIA_PLACE, H0), -1);
    assert_int_equal(number(s->d->db, sql_rows), 3);
    assert_int_equal(number(s->d->db, sql_work), 0);
    assert_int_equal(number(s->d->db, sql_sums), 1);
}

/* Beside a Dendrite its rows stay, and are out of the list all the same. */
static void test_delete_beside(void **state)
{
    struct scene *s = *state;
    struct media media;

    assert_int_equal(media_list_refresh(s->d->db), ERR_OK);
    media = find(s, M0);
    assert_int_equal(delete (s, &media, 1, false), 1);
    assert_int_equal(size_of(s, MEDIA_PLACE, H0), -1);
    assert_int_equal(number(s->d->db, sql_rows), 5);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(number(s->d->db, sql_kept), 4);
        run(s->d->db, "DELETE FROM mxadmin_refreshes");
        assert_int_equal(media_list_refresh(s->d->db), ERR_OK);
    }
    assert_int_equal(number(s->d->db, "SELECT COUNT(*) FROM mxadmin_deferred WHERE kind = 'delete_media'"
                                      " AND target = 'example.org/" M0 "' AND parameters = 'null'"),
                     1);
}

/* What an admin has said since it was found counts where much is deleted. */
static void test_spared(void **state)
{
    struct scene *s = *state;
    struct media items[2];

    assert_int_equal(media_list_refresh(s->d->db), ERR_OK);
    items[0] = find(s, M0);
    items[1] = find(s, M1);
    assert_int_equal(homeserver_protect_media(&s->hs, M0, true), ERR_OK);
    assert_int_equal(quarantine(s, M1, true), 1);
    assert_int_equal(delete (s, items, 2, true), 0);
    assert_int_equal(delete (s, items, 2, false), 2);
    assert_int_equal(number(s->d->db, "SELECT (SELECT COUNT(*) FROM mxadmin_media_quarantine)"
                                      " + (SELECT COUNT(*) FROM mxadmin_media_protection)"),
                     0);
}

/* Whatever the crash has left undone, the sweep does. */
static void test_sweep(void **state)
{
    static const struct {
        const char *left[2]; /* statements */
        const char *moved;   /* a command in the store */
        enum media_area area;
        int64_t size;
    } rows[] = {
        /* before anything was done to the file */
        {{"DELETE FROM mxadmin_media WHERE media_id = '" M0 "'",
          "DELETE FROM mediaapi_media_repository WHERE media_id = '" M0 "'"},
         "true",
         MEDIA_PLACE,
         -1},
        /* when it was in the trash already */
        {{"DELETE FROM mxadmin_media WHERE media_id = '" M0 "'",
          "DELETE FROM mediaapi_media_repository WHERE media_id = '" M0 "'"},
         "mkdir -p mxadmin/trash && mv b/r/DN* mxadmin/trash/" H0,
         MEDIA_TRASH,
         -1},
        /* there, and uploaded again: Dendrite's row is new */
        {{"DELETE FROM mxadmin_media WHERE media_id = '" M0 "'", "SELECT 1"},
         "mkdir -p mxadmin/trash && mv b/r/DN* mxadmin/trash/" H0,
         MEDIA_PLACE,
         350},
        /* put into quarantine, and not yet moved */
        {{"INSERT INTO mxadmin_media_quarantine VALUES ('" H0 "', 'a', 1)", "SELECT 1"},
         "true",
         MEDIA_QUARANTINE,
         350},
        /* released, and not yet moved back */
        {{"SELECT 1", "SELECT 1"},
         "mkdir -p mxadmin/quarantine && mv b/r/DN* mxadmin/quarantine/" H0,
         MEDIA_PLACE,
         350},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void *scene;
        struct scene *s;

        scene_new(&scene);
        s = scene;
        assert_int_equal(media_list_refresh(s->d->db), ERR_OK);
        run(s->d->db, rows[i].left[0]);
        run(s->d->db, rows[i].left[1]);
        shell("cd %s && %s", s->store, rows[i].moved);
        run(s->d->db, "INSERT INTO mxadmin_media_work VALUES ('" H0 "', 0)");
        assert_int_equal(media_sweep(&s->hs), ERR_OK);
        if (size_of(s, rows[i].area, H0) != rows[i].size)
            fail_msg("row %zu: %lld", i, (long long)size_of(s, rows[i].area, H0));
        assert_int_equal(number(s->d->db, sql_work), 0);
        scene_end(&scene);
    }
}

/* What cannot be done is put off, and does not hold up the rest. */
static void test_put_off(void **state)
{
    struct scene *s = *state;

    assert_int_equal(media_list_refresh(s->d->db), ERR_OK);
    shell("cd %s/b/r && mv DN* away && ln -s away DN-w0gslWgXMGGPlVyvMMoO7UNgsMlPJnYl1VQusA", s->store);
    run(s->d->db, "INSERT INTO mxadmin_media_quarantine VALUES ('" H0 "', 'a', 1), ('" H1 "', 'a', 1)");
    run(s->d->db, "INSERT INTO mxadmin_media_work VALUES ('" H0 "', 0), ('" H1 "', 0)");
    assert_int_equal(media_sweep(&s->hs), ERR_CORRUPT);
    assert_int_equal(size_of(s, MEDIA_QUARANTINE, H1), 700);
    assert_int_equal(media_sweep(&s->hs), ERR_OK); /* later */
    assert_int_equal(number(s->d->db, sql_work), 1);
    shell("cd %s/b/r && rm DN* && mv away DN-w0gslWgXMGGPlVyvMMoO7UNgsMlPJnYl1VQusA", s->store);
    run(s->d->db, "UPDATE mxadmin_media_work SET due_ts = 1");
    assert_int_equal(media_sweep(&s->hs), ERR_OK);
    assert_int_equal(size_of(s, MEDIA_QUARANTINE, H0), 350);
}

/* Content that was uploaded again in spite of its quarantine is moved aside when its row is found. */
static void test_quarantine_of_what_comes(void **state)
{
    struct scene *s = *state;

    assert_int_equal(media_list_refresh(s->d->db), ERR_OK);
    assert_int_equal(quarantine(s, M0, true), 1);
    shell("cd %s/b/r/DN* && rm -f file && printf again > file", s->store);
    run(s->d->db, sql_share);
    assert_int_equal(media_list_refresh(s->d->db), ERR_OK);
    assert_int_equal(media_sweep(&s->hs), ERR_OK);
    assert_int_equal(size_of(s, MEDIA_PLACE, H0), -1);
    assert_int_equal(size_of(s, MEDIA_QUARANTINE, H0), 350);
    assert_non_null(find(s, "shared").quarantined_by);
    assert_int_equal(quarantine(s, "shared", false), 2);
    assert_int_equal(size_of(s, MEDIA_PLACE, H0), 350);
}

/* One that is protected keeps all that share its file out of quarantine. */
static void test_protection(void **state)
{
    struct scene *s = *state;

    run(s->d->db, sql_share);
    assert_int_equal(homeserver_protect_media(&s->hs, "shared", true), ERR_OK);
    assert_int_equal(quarantine(s, M0, true), 0);
    assert_int_equal(homeserver_protect_media(&s->hs, "shared", false), ERR_OK);
    assert_int_equal(quarantine(s, M0, true), 2);
    assert_int_equal(quarantine(s, M0, true), 0);
    assert_string_equal(find(s, M0).quarantined_by, "mxadmin");
}

static void test_avatars(void **state)
{
    struct scene *s = *state;
    struct media_avatars avatars;

    run(s->d->db,
        "INSERT INTO roomserver_rooms (room_id, room_version) VALUES ('!avatar:example.org', '10')");
    run(s->d->db,
        "INSERT INTO syncapi_current_room_state (room_id, event_id, type, sender, state_key,"
        " headered_event_json) VALUES ('!avatar:example.org', '$avatar', 'm.room.avatar', '@a:b', '',"
        " CAST('{\"content\":{\"url\":\"mxc://other.org/room\"}}' AS BLOB))");
    run(s->d->db,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)"
        " INSERT INTO userapi_profiles SELECT 'made' || i, 'example.org', '', 'mxc://example.org/m' || i"
        " FROM n");
    assert_int_equal(media_uses_avatars(s->d->db, s->d->arena, &avatars), ERR_OK);
    assert_int_equal(avatars.count, 1202);
    assert_true(media_avatars_have(&avatars, SERVER, M0)); /* user00's */
    assert_true(media_avatars_have(&avatars, "other.org", "room"));
    assert_true(media_avatars_have(&avatars, SERVER, "m1200"));
    assert_false(media_avatars_have(&avatars, SERVER, M1));
    assert_false(media_avatars_have(&avatars, SERVER, "room"));
}

/* Without a store there are only rows. */
static void test_no_store(void **state)
{
    struct scene *s = *state;
    struct media media;
    char none[] = "";

    s->config.media_path = none;
    assert_int_equal(media_list_refresh(s->d->db), ERR_OK);
    media = find(s, M0);
    assert_int_equal(delete (s, &media, 1, false), 1);
    assert_int_equal(quarantine(s, M1, true), 1);
    assert_int_equal(number(s->d->db, sql_work), 0);
    assert_int_equal(size_of(s, MEDIA_PLACE, H0), 350);
}

#define STANDALONE(test) cmocka_unit_test_setup_teardown(test, scene_new, scene_end)
#define BESIDE(test)     cmocka_unit_test_setup_teardown(test, scene_beside, scene_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STANDALONE(test_refresh),    STANDALONE(test_refresh_in_pieces),
        STANDALONE(test_delete),     BESIDE(test_delete_beside),
        STANDALONE(test_spared),     cmocka_unit_test(test_sweep),
        STANDALONE(test_put_off),    STANDALONE(test_quarantine_of_what_comes),
        STANDALONE(test_protection), BESIDE(test_protection),
        STANDALONE(test_avatars),    STANDALONE(test_no_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
