/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "homeserver/homeserver.h"
#include "store/deferred.h"

static char server_name[] = SERVER, no_url[] = "";

static const struct config attached = {.server_name = server_name,
                                       .homeserver = {.kind = CONFIG_HOMESERVER_DENDRITE, .url = no_url}};

/* All that waits, as text. */
struct listed {
    char text[512];
};

static enum err append(const struct deferred_change *change, void *context)
{
    struct listed *listed = context;
    size_t length = strlen(listed->text);

    snprintf(listed->text + length, sizeof listed->text - length, "%s %s %s %s\n",
             deferred_kind_name(change->kind), change->target, change->parameters, change->actor);
    return ERR_OK;
}

static void assert_waits(struct db *db, const char *text)
{
    struct listed listed = {{0}};

    assert_int_equal(deferred_list(db, append, &listed), ERR_OK);
    assert_string_equal(listed.text, text);
}

static enum err grant(struct homeserver *hs, const char *localpart)
{
    return homeserver_set_admin(hs, localpart, true);
}

static enum err withdraw(struct homeserver *hs, const char *localpart)
{
    return homeserver_set_admin(hs, localpart, false);
}

static enum err reactivate(struct homeserver *hs, const char *localpart)
{
    return homeserver_reactivate(hs, localpart, NULL);
}

static enum err set_threepids(struct homeserver *hs, const char *localpart)
{
    static const struct identity identities[] = {{"email", "a\"b@example.org"}, {"msisdn", "447470274584"}};

    return homeserver_set_threepids(hs, localpart, identities, 2);
}

static enum err set_no_threepids(struct homeserver *hs, const char *localpart)
{
    return homeserver_set_threepids(hs, localpart, NULL, 0);
}

static enum err change_to_admin(struct homeserver *hs, const char *localpart)
{
    return homeserver_change_account(hs, localpart, &(struct account_change){.admin = CHOICE_YES});
}

static enum err change_to_no_admin(struct homeserver *hs, const char *localpart)
{
    return homeserver_change_account(hs, localpart, &(struct account_change){.admin = CHOICE_NO});
}

static enum err change_by_one_id_twice(struct homeserver *hs, const char *localpart)
{
    static const struct identity identities[] = {{"oidc", "1"}, {"oidc", "1"}};
    static const struct identity_list list = {identities, 2};

    return homeserver_change_account(hs, localpart,
                                     &(struct account_change){.admin = CHOICE_YES, .external_ids = &list});
}

/* One after another: what each leaves waiting. Dendrite's own rows are never touched. */
static void queues(void **state)
{
    static const struct {
        const char *before; /* a statement, or NULL */
        enum err (*act)(struct homeserver *hs, const char *localpart);
        const char *localpart;
        enum err result;
        const char *waits;
    } rows[] = {
        {NULL, grant, "user01", ERR_OK, "set_admin user01 true boss\n"},
        {NULL, grant, "user01", ERR_OK, "set_admin user01 true boss\n"},
        {NULL, withdraw, "user01", ERR_OK, ""},
        {NULL, withdraw, "user01", ERR_OK, ""},
        {NULL, grant, "admin", ERR_OK, ""},
        {NULL, withdraw, "admin", ERR_OK, "set_admin admin false boss\n"},
        {NULL, grant, "admin", ERR_OK, ""},
        {NULL, grant, "nobody", ERR_NOT_FOUND, ""},
        {"UPDATE userapi_accounts SET account_type = 2 WHERE localpart = 'user02'", grant, "user02",
         ERR_INVALID, ""},
        {NULL, change_to_admin, "user02", ERR_INVALID, ""},
        {NULL, change_to_no_admin, "user02", ERR_OK, ""}, /* a guest is none anyway */
        {NULL, change_to_admin, "user01", ERR_OK, "set_admin user01 true boss\n"},
        {NULL, change_to_admin, "user01", ERR_OK, "set_admin user01 true boss\n"},
        {NULL, change_to_no_admin, "user01", ERR_OK, ""},
        {NULL, change_by_one_id_twice, "user01", ERR_OK, "set_admin user01 true boss\n"},
        {NULL, change_by_one_id_twice, "user02", ERR_INVALID, "set_admin user01 true boss\n"},
        {NULL, change_by_one_id_twice, "user03", ERR_EXISTS, "set_admin user01 true boss\n"},
        {NULL, change_to_no_admin, "user01", ERR_OK, ""},
        {NULL, reactivate, "user01", ERR_OK, ""},
        {NULL, reactivate, "nobody", ERR_NOT_FOUND, ""},
        {"UPDATE userapi_accounts SET is_deactivated = 1 WHERE localpart = 'user03'", reactivate, "user03",
         ERR_OK, "reactivate user03 null boss\n"},
        {"UPDATE userapi_accounts SET is_deactivated = 0 WHERE localpart = 'user03'", reactivate, "user03",
         ERR_OK, ""},
        {NULL, set_threepids, "nobody", ERR_NOT_FOUND, ""},
        {NULL, set_threepids, "user01", ERR_OK,
         "set_threepids user01 [{\"medium\":\"email\",\"address\":\"a\\\"b@example.org\"},"
         "{\"medium\":\"msisdn\",\"address\":\"447470274584\"}] boss\n"},
        {NULL, set_no_threepids, "user01", ERR_OK, ""},
        {"INSERT INTO userapi_threepids (threepid, medium, localpart, server_name)"
         " VALUES ('447470274584', 'msisdn', 'user01', 'example.org')",
         set_no_threepids, "user01", ERR_OK, "set_threepids user01 [] boss\n"},
        {"INSERT INTO userapi_threepids (threepid, medium, localpart, server_name)"
         " VALUES ('a\"b@example.org', 'email', 'user01', 'example.org')",
         set_threepids, "user01", ERR_OK, ""},
    };
    static const char sql_touched[] = "SELECT COUNT(*) FROM userapi_threepids";
    const struct actor boss = {.localpart = "boss", .token = "", .address = ""};
    struct database *d = *state;
    struct homeserver hs;
    int64_t before = number(d->db, sql_touched);

    assert_int_equal(homeserver_open(&hs, &attached, d->db, NULL), ERR_OK);
    hs.actor = &boss;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum err e;

        if (rows[i].before)
            run(d->db, rows[i].before);
        e = rows[i].act(&hs, rows[i].localpart);
        if (e != rows[i].result)
            fail_msg("row %zu: %s", i, err_text(e));
        assert_waits(d->db, rows[i].waits);
    }
    assert_int_equal(number(d->db, "SELECT account_type FROM userapi_accounts WHERE localpart = 'admin'"), 3);
    assert_int_equal(number(d->db, sql_touched), before + 2); /* those of the rows above */
    homeserver_close(&hs);
}

static void a_command_is_nobody(void **state)
{
    struct database *d = *state;
    struct homeserver hs;

    assert_int_equal(homeserver_open(&hs, &attached, d->db, NULL), ERR_OK);
    assert_int_equal(grant(&hs, "user01"), ERR_OK);
    assert_waits(d->db, "set_admin user01 true \n");
    homeserver_close(&hs);
}

#define DENDRITE(test) cmocka_unit_test_setup_teardown(test, database_of_dendrite_completed, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DENDRITE(queues),
        DENDRITE(a_command_is_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
