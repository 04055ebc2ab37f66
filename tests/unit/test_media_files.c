/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "homeserver/media_files.h"

#define HASH    "abcdef"
#define CONTENT "content"

/* Where the folder of HASH is in each area. */
static const char *const folders[] = {
    [MEDIA_PLACE] = "a/b/cdef",
    [MEDIA_QUARANTINE] = "mxadmin/quarantine/abcdef",
    [MEDIA_TRASH] = "mxadmin/trash/abcdef",
};

/* What can be in one: whatever a cut-off leaves behind is among it. */
enum what { NOTHING, HOLLOW, BLOCK, A_FILE, WHAT__MAX };

struct store {
    struct database *d;
    struct media_files files;
};

static int store_new(void **state)
{
    struct store *s = calloc(1, sizeof *s);
    void *database;

    if (!s)
        abort();
    database_folder(&database);
    s->d = database;
    assert_int_equal(media_files_open(&s->files, s->d->folder), ERR_OK);
    *state = s;
    return 0;
}

static int store_end(void **state)
{
    struct store *s = *state;
    void *database = s->d;

    media_files_close(&s->files);
    database_end(&database);
    free(s);
    return 0;
}

/* Makes the folder anew. */
static void put(const struct store *s, enum media_area area, enum what what)
{
    const char *root = s->d->folder, *folder = folders[area];

    shell("rm -rf %s/%s", root, folder);
    if (what == NOTHING)
        return;
    shell("mkdir -p %s/%s", root, folder);
    if (what == A_FILE)
        shell("printf %s > %s/%s/file", CONTENT, root, folder);
    if (what == BLOCK)
        shell("cd %s/%s && touch file && chmod 0 file", root, folder);
    else
        shell("printf small > %s/%s/thumbnail-32x32-crop", root, folder);
}

static enum what look(const struct store *s, enum media_area area)
{
    char path[256];
    struct stat status;

    snprintf(path, sizeof path, "%s/%s", s->d->folder, folders[area]);
    if (lstat(path, &status) < 0)
        return NOTHING;
    strcat(path, "/file");
    if (lstat(path, &status) < 0)
        return HOLLOW;
    return status.st_size == 0 && (status.st_mode & 0777) == 0 ? BLOCK : A_FILE;
}

/* What is to be there after a move to `area`, of what had been in it and elsewhere. */
static void assert_moved(const struct store *s, enum media_area area, bool was, enum what in_place)
{
    enum what place = look(s, MEDIA_PLACE);

    assert_int_equal(look(s, area) == A_FILE, was);
    for (int i = 0; i < MEDIA_AREA__MAX; i++)
        if (i != (int)area)
            assert_int_not_equal(look(s, (enum media_area)i), A_FILE);
    if (area == MEDIA_QUARANTINE)
        assert_int_equal(place, BLOCK);
    else if (area == MEDIA_TRASH)
        assert_int_equal(place, NOTHING);
    else if (!was)
        assert_int_equal(place, in_place == HOLLOW ? HOLLOW : NOTHING);
}

/* From whatever there may be, to everywhere, twice. */
static void test_moves(void **state)
{
    struct store *s = *state;

    shell("mkdir -p %s/a/b", s->d->folder);
    for (int i = 0; i < MEDIA_AREA__MAX * WHAT__MAX * WHAT__MAX * WHAT__MAX; i++) {
        enum media_area area = (enum media_area)(i % MEDIA_AREA__MAX);
        int rest = i / MEDIA_AREA__MAX;
        enum what in_place = (enum what)(rest % WHAT__MAX);
        enum what aside = (enum what)(rest / WHAT__MAX % WHAT__MAX), doomed = (enum what)(rest / 16);

        if (aside == BLOCK || doomed == BLOCK)
            continue;
        put(s, MEDIA_PLACE, in_place);
        put(s, MEDIA_QUARANTINE, aside);
        put(s, MEDIA_TRASH, doomed);
        for (int twice = 0; twice < 2; twice++) {
            assert_int_equal(media_files_move(&s->files, HASH, area), ERR_OK);
            assert_moved(s, area, in_place == A_FILE || aside == A_FILE || doomed == A_FILE, in_place);
        }
    }
}

static void test_looks(void **state)
{
    static const struct {
        enum what what;
        struct media_file file;
    } rows[] = {
        {NOTHING, {0}},
        {HOLLOW, {.total_size = 5}},
        {BLOCK, {0}},
        {A_FILE, {.there = true, .size = 7, .total_size = 12}},
    };
    struct store *s = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct media_file file;

        put(s, MEDIA_PLACE, rows[i].what);
        assert_int_equal(media_files_look(&s->files, HASH, MEDIA_PLACE, &file), ERR_OK);
        assert_memory_equal(&file, &rows[i].file, sizeof file);
    }
}

static void test_trash_is_emptied(void **state)
{
    struct store *s = *state;

    assert_int_equal(media_files_empty(&s->files, HASH), ERR_OK); /* there is none */
    put(s, MEDIA_PLACE, A_FILE);
    assert_int_equal(media_files_move(&s->files, HASH, MEDIA_TRASH), ERR_OK);
    assert_int_equal(look(s, MEDIA_TRASH), A_FILE);
    assert_int_equal(media_files_empty(&s->files, HASH), ERR_OK);
    assert_int_equal(look(s, MEDIA_TRASH), NOTHING);
}

/* What is in quarantine comes back with its own owner and mode. */
static void test_mode_is_kept(void **state)
{
    struct store *s = *state;
    char path[256];
    struct stat status;

    put(s, MEDIA_PLACE, A_FILE);
    shell("chmod 640 %s/a/b/cdef/file; chmod 751 %s/a/b/cdef", s->d->folder, s->d->folder);
    assert_int_equal(media_files_move(&s->files, HASH, MEDIA_QUARANTINE), ERR_OK);
    assert_int_equal(media_files_move(&s->files, HASH, MEDIA_PLACE), ERR_OK);
    snprintf(path, sizeof path, "%s/a/b/cdef", s->d->folder);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0751);
    strcat(path, "/file");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
}

static void test_names(void **state)
{
    static const struct {
        const char *hash;
        bool valid;
    } rows[] = {
        {"abc", true},
        {"-_9", true},
        {"brDN-w0gslWgXMGGPlVyvMMoO7UNgsMlPJnYl1VQusA", true},
        {"", false},
        {"ab", false},
        {"../../../etc/passwd", false},
        {"a/b", false},
        {"..c", false},
        {"ab.", false},
        {"abcd\n", false},
        {"abc=", false},
        {"\xc3\xa4"
         "bc",
         false},
    };
    struct store *s = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(media_files_is_hash(rows[i].hash), rows[i].valid);
        assert_int_equal(media_files_move(&s->files, rows[i].hash, MEDIA_TRASH), ERR_OK);
    }
    shell("mkdir -p %s/in/mxadmin/trash; touch %s/file", s->d->folder, s->d->folder);
    assert_int_equal(media_files_move(&s->files, "../file", MEDIA_TRASH), ERR_OK);
    shell("test -e %s/file", s->d->folder);
}

/* A symbolic link anywhere below the store is not followed, and what it leads to stays as it is. */
static void test_links(void **state)
{
    static const struct {
        const char *link;
        enum media_area area;
    } rows[] = {
        {"a", MEDIA_TRASH},
        {"a/b", MEDIA_TRASH},
        {"a/b/cdef", MEDIA_TRASH},
        {"mxadmin", MEDIA_QUARANTINE},
        {"mxadmin/trash", MEDIA_TRASH},
    };
    struct store *s = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        shell("cd %s && rm -rf a mxadmin out && mkdir -p a/b mxadmin out/b/cdef out/cdef", s->d->folder);
        put(s, MEDIA_PLACE, A_FILE);
        shell("cd %s && cp a/b/cdef/file out && cp a/b/cdef/file out/cdef && cp a/b/cdef/file out/b/cdef",
              s->d->folder);
        shell("cd %s && rm -rf %s && ln -s %s/out %s", s->d->folder, rows[i].link, s->d->folder,
              rows[i].link);
        assert_int_equal(media_files_move(&s->files, HASH, rows[i].area), ERR_CORRUPT);
        shell("cd %s && test -f out/file -a -f out/cdef/file -a -f out/b/cdef/file", s->d->folder);
        shell("cd %s && test $(find out | wc -l) = 7", s->d->folder);
    }
}

/* A file that is a link is a link that moves, and goes. */
static void test_linked_file(void **state)
{
    struct store *s = *state;

    shell("cd %s && mkdir -p a/b/cdef && echo kept > out && ln -s ../../../out a/b/cdef/file", s->d->folder);
    assert_int_equal(media_files_move(&s->files, HASH, MEDIA_TRASH), ERR_OK);
    assert_int_equal(media_files_empty(&s->files, HASH), ERR_OK);
    shell("cd %s && test -f out -a ! -e mxadmin/trash/abcdef", s->d->folder);
}

static enum err add(const char *hash, void *context)
{
    char *names = context;

    strcat(strcat(names, hash), " ");
    return ERR_OK;
}

static void test_each(void **state)
{
    struct store *s = *state;
    char names[256] = "";

    shell("cd %s && mkdir -p a/b/cdef a/.x/y tmp/123 mxadmin/quarantine/zyxw mxadmin/quarantine/z.y aa/b/c",
          s->d->folder);
    shell("cd %s && ln -s a l && touch a/b/cdef/file q", s->d->folder);
    assert_int_equal(media_files_each(&s->files, MEDIA_PLACE, add, names), ERR_OK);
    assert_string_equal(names, "abcdef ");
    *names = '\0';
    assert_int_equal(media_files_each(&s->files, MEDIA_QUARANTINE, add, names), ERR_OK);
    assert_string_equal(names, "zyxw ");
    *names = '\0';
    assert_int_equal(media_files_each(&s->files, MEDIA_TRASH, add, names), ERR_OK);
    assert_string_equal(names, "");
}

static void test_what_is_in_the_way(void **state)
{
    struct store *s = *state;

    put(s, MEDIA_PLACE, A_FILE);
    assert_int_equal(media_files_move(&s->files, HASH, MEDIA_TRASH), ERR_OK);
    shell("mkdir %s/%s/folder", s->d->folder, folders[MEDIA_TRASH]);
    assert_int_not_equal(media_files_empty(&s->files, HASH), ERR_OK);
    shell("rmdir %s/%s/folder", s->d->folder, folders[MEDIA_TRASH]);
    assert_int_equal(media_files_empty(&s->files, HASH), ERR_OK);
}

static void test_no_store(void **state)
{
    struct media_files files;

    (void)state;
    assert_int_equal(media_files_open(&files, "/nonexistent/store"), ERR_NOT_FOUND);
    media_files_close(&files);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, store_new, store_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_moves),        TEST(test_looks),
        TEST(test_mode_is_kept), TEST(test_trash_is_emptied),
        TEST(test_names),        TEST(test_links),
        TEST(test_linked_file),  TEST(test_each),
        TEST(test_no_store),     TEST(test_what_is_in_the_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
