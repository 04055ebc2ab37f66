/* SPDX-License-Identifier: ISC */
/* A file on its way into the media store, and out of it; and what is never followed on that way. */
#include <sys/stat.h>

#include "database.h"
#include "homeserver/media_content.h"
#include "homeserver/media_upload.h"

#define TEXT "hello, world"
#define HASH "Ccp-TqpuiunH0mEWcSkYSINkTQffuny_vEyKLgg2DVs" /* its SHA-256 */
#define SPOT "C/c/p-TqpuiunH0mEWcSkYSINkTQffuny_vEyKLgg2DVs"

static bool is_there(const struct database *d, const char *path)
{
    char whole[512];
    struct stat status;

    snprintf(whole, sizeof whole, "%s/%s", d->folder, path);
    return lstat(whole, &status) == 0;
}

static int64_t staged(const struct database *d)
{
    char command[512], text[32] = "";
    FILE *pipe;

    snprintf(command, sizeof command, "ls %s/mxadmin/upload | wc -l", d->folder);
    pipe = popen(command, "r");
    assert_non_null(fgets(text, sizeof text, pipe));
    pclose(pipe);
    return atoi(text);
}

/* Uploads the pieces, an empty one after the last, and places them if so wanted. */
static void upload(const struct database *d, const char *const *pieces, bool place)
{
    struct media_upload file = MEDIA_UPLOAD_NONE;

    assert_int_equal(media_upload_begin(&file, d->folder), ERR_OK);
    for (; *pieces; pieces++)
        assert_int_equal(media_upload_add(&file, *pieces, strlen(*pieces)), ERR_OK);
    assert_int_equal(media_upload_end(&file), ERR_OK);
    assert_string_equal(file.hash, HASH);
    assert_int_equal(file.size, strlen(TEXT));
    if (place)
        assert_int_equal(media_upload_place(&file), ERR_OK);
    media_upload_close(&file);
}

static const char *const whole[] = {TEXT, NULL};

/* What a client would get of the file, as `text`. */
static enum err download(const struct database *d, const struct thumbnail *thumbnail, int64_t length,
                         const char *by, char text[64])
{
    char folder[128];
    const struct config config = {.media_path = folder};
    const struct media media = {.hash = HASH, .length = length, .quarantined_by = by};
    int file = -1;
    int64_t size = 0;
    enum err e;

    snprintf(folder, sizeof folder, "%s", d->folder);
    memset(text, 0, 64);
    e = media_content_open(&config, &media, thumbnail, &file, &size);
    assert_true(e ? file < 0 : file >= 0);
    if (!e) {
        assert_int_equal(read(file, text, 63), size);
        close(file);
    }
    return e;
}

static void is_placed_when_it_is_whole(void **state)
{
    static const char *const pieces[] = {"hel", "", "lo, world", NULL};
    struct database *d = *state;
    char text[64];

    assert_int_equal(download(d, NULL, 12, NULL, text), ERR_NOT_FOUND);
    upload(d, pieces, false);
    assert_false(is_there(d, SPOT));
    assert_int_equal(staged(d), 0);
    upload(d, pieces, true);
    assert_int_equal(staged(d), 0);
    assert_int_equal(download(d, NULL, 12, NULL, text), ERR_OK);
    assert_string_equal(text, TEXT);
    upload(d, whole, true);
    assert_int_equal(staged(d), 0);
    assert_int_equal(download(d, NULL, -1, NULL, text), ERR_OK);
    assert_string_equal(text, TEXT);
}

/* Of what is in its place, as of an upload beside it. */
static void has_its_modes_whatever_the_umask(void **state)
{
    static const struct {
        const char *path;
        mode_t mode;
    } cases[] = {{"C", 0770}, {"C/c", 0770}, {SPOT, 0750}, {SPOT "/file", 0640}, {"mxadmin/upload", 0700}};
    static const mode_t masks[] = {0, 022, 077};
    struct database *d = *state;
    char whole_path[512];
    struct stat status;

    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        mode_t before = umask(masks[i]);

        shell("rm -rf %s/C %s/mxadmin", d->folder, d->folder);
        upload(d, whole, true);
        umask(before);
        for (size_t j = 0; j < sizeof cases / sizeof *cases; j++) {
            snprintf(whole_path, sizeof whole_path, "%s/%s", d->folder, cases[j].path);
            assert_int_equal(lstat(whole_path, &status), 0);
            assert_int_equal(status.st_mode & 07777, cases[j].mode);
        }
    }
}

static void mends_what_is_damaged(void **state)
{
    struct database *d = *state;
    char text[64];

    upload(d, whole, true);
    shell("printf hell > %s/" SPOT "/file", d->folder);
    assert_int_equal(download(d, NULL, 12, NULL, text), ERR_NOT_FOUND);
    upload(d, whole, true);
    assert_int_equal(download(d, NULL, 12, NULL, text), ERR_OK);
}

static void deletes_what_a_crash_has_left(void **state)
{
    struct database *d = *state;

    shell("mkdir -p %s/mxadmin/upload && cd %s/mxadmin/upload && touch new && touch -d '2 days ago' old",
          d->folder, d->folder);
    upload(d, whole, false);
    assert_true(is_there(d, "mxadmin/upload/new"));
    assert_false(is_there(d, "mxadmin/upload/old"));
}

static void finds_it_wherever_it_is(void **state)
{
    struct database *d = *state;
    struct media_files files = {.root = -1};
    const char *const by[] = {NULL, "admin"};
    char text[64];

    upload(d, whole, true);
    assert_int_equal(media_files_open(&files, d->folder), ERR_OK);
    for (size_t i = 0; i < 2; i++) { /* in quarantine, and not yet or no more there */
        assert_int_equal(download(d, NULL, 12, by[i], text), ERR_OK);
        assert_string_equal(text, TEXT);
        assert_int_equal(media_files_move(&files, HASH, i == 0 ? MEDIA_QUARANTINE : MEDIA_PLACE), ERR_OK);
        assert_int_equal(download(d, NULL, 12, by[i], text), ERR_OK);
        assert_string_equal(text, TEXT);
    }
    media_files_close(&files);
}

static void finds_thumbnails(void **state)
{
    static const struct {
        struct thumbnail thumbnail;
        enum err e;
    } cases[] = {
        {{.width = 32, .height = 24, .method = "crop", .length = 5}, ERR_OK},
        {{.width = 32, .height = 24, .method = "crop", .length = 6}, ERR_NOT_FOUND},
        {{.width = 32, .height = 25, .method = "crop", .length = 5}, ERR_NOT_FOUND},
        {{.width = 32, .height = 24, .method = "/../file", .length = 12}, ERR_NOT_FOUND},
        {{.width = 32,
          .height = 24,
          .method = "0123456789012345678901234567890123456789012345678901234567890"},
         ERR_NOT_FOUND},
    };
    struct database *d = *state;
    char text[64];

    upload(d, whole, true);
    shell("printf small > %s/" SPOT "/thumbnail-32x24-crop", d->folder);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(download(d, &cases[i].thumbnail, 12, NULL, text), cases[i].e);
    assert_int_equal(download(d, &cases[0].thumbnail, 12, NULL, text), ERR_OK);
    assert_string_equal(text, "small");
}

/* What may be in the way of a file or of its folders; each begins in the media store. */
static void follows_nothing_out_of_the_store(void **state)
{
    static const char *const ways[] = {
        "mv " SPOT "/file elsewhere && ln -s $PWD/elsewhere " SPOT "/file",
        "mv " SPOT " elsewhere && ln -s $PWD/elsewhere " SPOT,
        "mv C/c elsewhere && ln -s $PWD/elsewhere C/c",
        "mv C elsewhere && ln -s $PWD/elsewhere C",
        "rm " SPOT "/file && mkfifo " SPOT "/file",
        "rm " SPOT "/file && mkdir " SPOT "/file",
    };
    struct database *d = *state;
    char text[64];

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        shell("rm -rf %s/C %s/elsewhere", d->folder, d->folder);
        upload(d, whole, true);
        assert_int_equal(download(d, NULL, 12, NULL, text), ERR_OK);
        shell("cd %s && %s", d->folder, ways[i]);
        assert_int_not_equal(download(d, NULL, 12, NULL, text), ERR_OK);
    }
}

static void has_no_file_of_a_foreign_name(void **state)
{
    static const char *const hashes[] = {"", "ab", "../../../etc/passwd", "a/bcdef", "abc.def"};
    struct database *d = *state;
    const struct config config = {.media_path = d->folder};
    int64_t size;
    int file;

    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        const struct media media = {.hash = hashes[i], .length = -1};

        assert_int_equal(media_content_open(&config, &media, NULL, &file, &size), ERR_NOT_FOUND);
    }
}

static void says_what_is_in_the_way(void **state)
{
    struct media_upload file = MEDIA_UPLOAD_NONE;
    struct database *d = *state;

    shell("touch %s/mxadmin", d->folder);
    assert_int_equal(media_upload_begin(&file, d->folder), ERR_CORRUPT);
    media_upload_close(&file);
    file = (struct media_upload)MEDIA_UPLOAD_NONE;
    assert_int_equal(media_upload_begin(&file, "/nowhere"), ERR_NOT_FOUND);
    media_upload_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_placed_when_it_is_whole, database_folder, database_end),
        cmocka_unit_test_setup_teardown(has_its_modes_whatever_the_umask, database_folder, database_end),
        cmocka_unit_test_setup_teardown(mends_what_is_damaged, database_folder, database_end),
        cmocka_unit_test_setup_teardown(deletes_what_a_crash_has_left, database_folder, database_end),
        cmocka_unit_test_setup_teardown(finds_it_wherever_it_is, database_folder, database_end),
        cmocka_unit_test_setup_teardown(finds_thumbnails, database_folder, database_end),
        cmocka_unit_test_setup_teardown(follows_nothing_out_of_the_store, database_folder, database_end),
        cmocka_unit_test_setup_teardown(has_no_file_of_a_foreign_name, database_folder, database_end),
        cmocka_unit_test_setup_teardown(says_what_is_in_the_way, database_folder, database_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
