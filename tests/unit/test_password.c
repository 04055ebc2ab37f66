/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/password.h"

#define A10 "aaaaaaaaaa"
#define A70 A10 A10 A10 A10 A10 A10 A10
#define A72 A70 "aa"

/* Hashes that others made. */
#define SCRYPT_14                                                                                            \
    "$s1$0e0801$U29kaXVtQ2hsb3JpZGU=$"                                                                       \
    "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw=="
#define SCRYPT_10                                                                                            \
    "$s1$0a0810$TmFDbA==$"                                                                                   \
    "/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA=="
#define BCRYPT_UU "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
#define BCRYPT_GO "$2a$04$ew2B4DIHprMoCtdGfmLwQe7tkk.GQXgGQC/uNILgrixY5B12o.p56"
#define BCRYPT_72 "$2a$04$W7Zniukvln5wf9cKrURn1uAYfHj06bZXrssGa.czIcVyQvNKwTFNu"

static const struct password_cost quick_scrypt = {PASSWORD_SCRYPT, 4, 1, 1, 0};
static const struct password_cost quick_bcrypt = {PASSWORD_BCRYPT, 0, 0, 0, 4};

static void test_known_hashes(void **state)
{
    static const struct {
        const char *password, *hash;
        enum err e;
    } rows[] = {
        {"pleaseletmein", SCRYPT_14, ERR_OK}, /* RFC 7914 section 12 */
        {"password", SCRYPT_10, ERR_OK},      /* the same */
        {"pleaseletmeIn", SCRYPT_14, ERR_DENIED},
        {"", SCRYPT_14, ERR_DENIED},
        {"U*U", BCRYPT_UU, ERR_OK}, /* the test vectors of crypt_blowfish */
        {"U*U*", BCRYPT_UU, ERR_DENIED},
        {"U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", ERR_OK},
        {"U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", ERR_OK},
        {"p\xc3\xa4ssw\xc3\xb6rd long \xe2\x9c\x93", BCRYPT_GO, ERR_OK}, /* made by Go */
        {"passwoerd long", BCRYPT_GO, ERR_DENIED},
        /* Where crypt(3) departs from the algorithm for $2a$, and Go does not. */
        {"\xff\xff\xa3", "$2a$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", ERR_OK},
        /* bcrypt looks at 72 bytes, however many there are. */
        {A72, BCRYPT_72, ERR_OK},
        {A72 "and more", BCRYPT_72, ERR_OK},
        {A72 A72 A72 A72 A72 A72 A72 A72, BCRYPT_72, ERR_OK},
        {A70 "a", BCRYPT_72, ERR_DENIED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool outdated;
        enum err e = password_verify(rows[i].password, rows[i].hash, &quick_scrypt, &outdated);

        if (e != rows[i].e)
            fail_msg("row %zu: %s", i, err_text(e));
    }
}

/* Of no known form, or damaged: denied, and nothing worse. */
static void test_foreign_hashes(void **state)
{
    static const char *const rows[] = {
        NULL,
        "",
        "*",
        "!",
        "$",
        "$s1$",
        "$s1$0e0801",
        "$s1$0e0801$",
        "$s1$0e0801$U29kaXVtQ2hsb3JpZGU=",
        "$s1$0e0801$U29kaXVtQ2hsb3JpZGU=$",
        "$s1$0e0801$U29!aXVtQ2hsb3JpZGU=$AAAA",
        "$s1$0e0001$U29kaXVtQ2hsb3JpZGU=$AAAA",
        "$s1$ffffff$U29kaXVtQ2hsb3JpZGU=$AAAA",
        "$s1$+e0801$U29kaXVtQ2hsb3JpZGU=$AAAA",
        "$s1$0e0801$" A70 A70 A70 "$" A70,
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWW",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC!E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWW",
        "$2$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW0",
        "$1$saltsalt$2vnaRpHa6Jxjz5n83ok8Z0",
        "U*U",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool outdated = true;
        enum err e = password_verify("U*U", rows[i], &quick_scrypt, &outdated);

        if (e != ERR_DENIED)
            fail_msg("row %zu: %s", i, err_text(e));
    }
}

/* No hash costs what a new one costs: the cost is used, since a bad one is found. */
static void test_no_hash_costs(void **state)
{
    static const struct password_cost bad[] = {{PASSWORD_SCRYPT, 15, 0, 1, 0}, {PASSWORD_BCRYPT, 0, 0, 0, 3}};
    bool outdated = true;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(password_verify("x", NULL, &bad[i], &outdated), ERR_INVALID);
    assert_int_equal(password_verify(A72 "a", NULL, &quick_bcrypt, &outdated), ERR_DENIED);
    assert_false(outdated);
}

static void test_outdated(void **state)
{
    static const struct {
        struct password_cost cost;
        const char *password, *hash;
        bool outdated;
    } rows[] = {
        {{PASSWORD_SCRYPT, 10, 8, 16, 0}, "password", SCRYPT_10, false},
        {{PASSWORD_SCRYPT, 10, 8, 16, 9},
         "password",
         SCRYPT_10,
         false}, /* the other scheme's cost is no matter */
        {{PASSWORD_SCRYPT, 11, 8, 16, 0}, "password", SCRYPT_10, true},
        {{PASSWORD_SCRYPT, 9, 8, 16, 0}, "password", SCRYPT_10, true},
        {{PASSWORD_SCRYPT, 10, 9, 16, 0}, "password", SCRYPT_10, true},
        {{PASSWORD_SCRYPT, 10, 8, 1, 0}, "password", SCRYPT_10, true},
        {{PASSWORD_BCRYPT, 10, 8, 16, 4}, "password", SCRYPT_10, true},
        {{PASSWORD_BCRYPT, 15, 8, 1, 5}, "U*U", BCRYPT_UU, false},
        {{PASSWORD_BCRYPT, 15, 8, 1, 6}, "U*U", BCRYPT_UU, true},
        {{PASSWORD_SCRYPT, 4, 1, 1, 5}, "U*U", BCRYPT_UU, true},
        {{PASSWORD_BCRYPT, 4, 1, 1, 5}, A72, BCRYPT_72, true},
        {{PASSWORD_BCRYPT, 4, 1, 1, 5}, A72 "b", BCRYPT_72, false}, /* a new hash would not be made */
        {{PASSWORD_SCRYPT, 4, 1, 1, 5}, A72 "b", BCRYPT_72, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool outdated = !rows[i].outdated;

        assert_int_equal(password_verify(rows[i].password, rows[i].hash, &rows[i].cost, &outdated), ERR_OK);
        if (outdated != rows[i].outdated)
            fail_msg("row %zu", i);
    }
}

static void test_new_hashes(void **state)
{
    static const struct {
        struct password_cost cost;
        const char *start;
        size_t length;
    } rows[] = {
        {{PASSWORD_SCRYPT, 4, 1, 1, 0}, "$s1$040101$", 3 + 8 + 24 + 1 + 88},
        {{PASSWORD_SCRYPT, 5, 2, 17, 0}, "$s1$050211$", 3 + 8 + 24 + 1 + 88},
        {{PASSWORD_BCRYPT, 0, 0, 0, 4}, "$2b$04$", 60},
        {{PASSWORD_BCRYPT, 0, 0, 0, 5}, "$2b$05$", 60},
    };
    static const char *const passwords[] = {"", "x", "correct horse", "\xc3\xa9\xf0\x9f\x98\x80", A70, A72};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t k = 0; k < sizeof passwords / sizeof *passwords; k++) {
            char hash[PASSWORD_HASH_SIZE], other[PASSWORD_HASH_SIZE];
            bool outdated = true;

            assert_int_equal(password_hash(passwords[k], &rows[i].cost, hash), ERR_OK);
            assert_int_equal(password_hash(passwords[k], &rows[i].cost, other), ERR_OK);
            assert_int_equal(strlen(hash), rows[i].length);
            assert_memory_equal(hash, rows[i].start, strlen(rows[i].start));
            assert_string_not_equal(hash, other);
            assert_int_equal(password_verify(passwords[k], hash, &rows[i].cost, &outdated), ERR_OK);
            assert_false(outdated);
            assert_int_equal(password_verify("another", hash, &rows[i].cost, &outdated), ERR_DENIED);
        }
}

static void test_long_passwords(void **state)
{
    static char longest[4 * 512 + 1];
    char hash[PASSWORD_HASH_SIZE];
    bool outdated;

    (void)state;
    memset(longest, 'x', sizeof longest - 1);
    assert_int_equal(password_hash(longest, &quick_scrypt, hash), ERR_OK);
    assert_int_equal(password_verify(longest, hash, &quick_scrypt, &outdated), ERR_OK);
    longest[sizeof longest - 2] = 'y';
    assert_int_equal(password_verify(longest, hash, &quick_scrypt, &outdated), ERR_DENIED);
    assert_int_equal(password_hash(longest, &quick_bcrypt, hash), ERR_TOO_LARGE);
    assert_int_equal(password_hash(A72 "a", &quick_bcrypt, hash), ERR_TOO_LARGE);
}

static void test_costs_out_of_range(void **state)
{
    static const struct password_cost rows[] = {
        {PASSWORD_SCRYPT, 0, 8, 1, 10},   {PASSWORD_SCRYPT, 31, 8, 1, 10}, {PASSWORD_SCRYPT, 4, 0, 1, 10},
        {PASSWORD_SCRYPT, 4, 256, 1, 10}, {PASSWORD_SCRYPT, 4, 8, 0, 10},  {PASSWORD_SCRYPT, 4, 8, 256, 10},
        {PASSWORD_SCRYPT, -1, 8, 1, 10},  {PASSWORD_BCRYPT, 15, 8, 1, 3},  {PASSWORD_BCRYPT, 15, 8, 1, 32},
        {PASSWORD_BCRYPT, 15, 8, 1, 0},   {PASSWORD_BCRYPT, 15, 8, 1, -1},
    };
    char hash[PASSWORD_HASH_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (password_hash("password", &rows[i], hash) != ERR_INVALID)
            fail_msg("row %zu", i);
}

static bool mapping_fails;

/* Stands before the C library's: scrypt maps its blocks, so malloc(3) tells nothing. */
void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (mapping_fails) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

static void test_memory_is_gone(void **state)
{
    static const struct password_cost cost = {PASSWORD_SCRYPT, 14, 8, 1, 0};
    char hash[PASSWORD_HASH_SIZE];
    enum err made, verified;
    bool outdated;

    (void)state;
    mapping_fails = true;
    made = password_hash("pleaseletmein", &cost, hash);
    verified = password_verify("pleaseletmein", SCRYPT_14, &cost, &outdated);
    mapping_fails = false;
    assert_int_equal(made, ERR_NOMEM);
    assert_int_equal(verified, ERR_NOMEM);
    assert_int_equal(password_verify("pleaseletmein", SCRYPT_14, &cost, &outdated), ERR_OK);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_hashes),       cmocka_unit_test(test_foreign_hashes),
        cmocka_unit_test(test_no_hash_costs),      cmocka_unit_test(test_outdated),
        cmocka_unit_test(test_new_hashes),         cmocka_unit_test(test_long_passwords),
        cmocka_unit_test(test_costs_out_of_range), cmocka_unit_test(test_memory_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
