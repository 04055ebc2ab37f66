/* SPDX-License-Identifier: ISC */
#include "database.h"

/* What people search for. */
static void likeness_has_no_case(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool like;
    } rows[] = {
        {"abc", "ABC", true},
        {"abc", "abcd", false},
        {"abcd", "abc", false},
        {"", "", true},
        {"", "a", false},
        {"%", "", true},
        {"%", "a", true},
        {"%b%", "aBc", true},
        {"%bd%", "abcbd", true},
        {"%bd", "abdbc", false},
        {"a%b%c", "axxbyyC", true},
        {"a_c", "aБc", true},
        {"a_c", "ac", false},
        {"%олег%", "Дядя ОЛЕГ", true},
        {"%ÄRZTE%", "ohne ärzte", true},
        {"%σ%", "ΟΔΟΣ", true},
        {"%ς%", "ΟΔΟΣ", true},
        {"%ä%", "a", false},
        {"%日本%", "日本語", true},
        {"%\\%%", "100%", true},
        {"%\\%%", "100", false},
        {"%\\_%", "a_b", true},
        {"%\\_%", "ab", false},
        {"%\\\\%", "a\\b", true},
        {"%\xff%", "a\xff", true},
        {"%\xff%", "a\xc3", false},
    };
    struct database *d = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t like = 0;

        assert_int_equal(db_integer(d->db, "SELECT ?2 LIKE ?1 ESCAPE '\\'",
                                    DB_ARGS(DB_T(rows[i].pattern), DB_T(rows[i].text)), &like),
                         ERR_OK);
        if (like != rows[i].like)
            fail_msg("%s LIKE %s: %lld", rows[i].text, rows[i].pattern, (long long)like);
    }
    /* Another pattern in each row, and one for all of them. */
    assert_int_equal(number(d->db,
                            "SELECT SUM(t LIKE p ESCAPE '\\') FROM (SELECT 'ab' AS t, 'B%' AS p UNION ALL"
                            " SELECT 'ab', 'A%' UNION ALL SELECT 'cd', '%D')"),
                     2);
    assert_int_equal(number(d->db, "SELECT SUM(t LIKE '%B' ESCAPE '\\') FROM (SELECT 'ab' AS t UNION ALL"
                                   " SELECT 'abc' UNION ALL SELECT 'b')"),
                     2);
    assert_int_equal(number(d->db, "SELECT (NULL LIKE 'a' ESCAPE '\\') IS NULL"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(likeness_has_no_case, database_new, database_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
