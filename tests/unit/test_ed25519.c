/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "crypto/ed25519.h"

/* RFC 8032 section 7.1, TEST 1 to 3. */
static const struct {
    const char *seed, *public, *message, *signature;
} vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f"
     "0595bbe24"
     "655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2ea"
     "eb4302aee"
     "b00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e"
     "9716ed28d"
     "c027beceea1ec40a"},
};

static size_t from_hex(const char *hex, unsigned char *bytes)
{
    size_t size = 0;

    for (; *hex; hex += 2, size++)
        assert_int_equal(sscanf(hex, "%2hhx", &bytes[size]), 1);
    return size;
}

static void signs_as_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        unsigned char seed[ED25519_SEED_SIZE], public[ED25519_PUBLIC_SIZE], expected[ED25519_SIGNATURE_SIZE];
        unsigned char message[8], signature[ED25519_SIGNATURE_SIZE];
        size_t size = from_hex(vectors[i].message, message);
        struct signing_key key;

        from_hex(vectors[i].seed, seed);
        assert_int_equal(signing_key_set(&key, "ed25519:1", seed), ERR_OK);
        assert_int_equal(ed25519_public(&key, public), ERR_OK);
        from_hex(vectors[i].public, expected);
        assert_memory_equal(public, expected, sizeof public);
        assert_int_equal(ed25519_sign(&key, message, size, signature), ERR_OK);
        from_hex(vectors[i].signature, expected);
        assert_memory_equal(signature, expected, sizeof signature);
        assert_int_equal(ed25519_verify(public, message, size, signature), ERR_OK);
        signing_key_wipe(&key);
    }
}

static void refuses_what_is_not_the_signature(void **state)
{
    unsigned char public[ED25519_PUBLIC_SIZE], signature[ED25519_SIGNATURE_SIZE];

    (void)state;
    from_hex(vectors[2].public, public);
    for (size_t i = 0; i < sizeof signature; i++) {
        from_hex(vectors[2].signature, signature);
        signature[i] ^= 1;
        assert_int_equal(ed25519_verify(public, "\xaf\x82", 2, signature), ERR_DENIED);
    }
    from_hex(vectors[2].signature, signature);
    assert_int_equal(ed25519_verify(public, "\xaf\x83", 2, signature), ERR_DENIED);
    assert_int_equal(ed25519_verify(public, "\xaf\x82\x00", 3, signature), ERR_DENIED);
    from_hex(vectors[1].public, public);
    assert_int_equal(ed25519_verify(public, "\xaf\x82", 2, signature), ERR_DENIED);
}

#define BEGIN "-----BEGIN MATRIX PRIVATE KEY-----\n"
#define END   "-----END MATRIX PRIVATE KEY-----\n"
#define SEED  "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"

/* The seed is that of TEST 1. `id` NULL: the file is refused. */
static const struct {
    const char *text, *id;
} files[] = {
    {BEGIN "Key-ID: ed25519:abc123\n\n" SEED "=\n" END, "ed25519:abc123"},
    {BEGIN "Key-ID: ed25519:a_1\n\n" SEED "\n" END, "ed25519:a_1"},
    {"comment\n" BEGIN "Other: x\nKey-ID:ed25519:1 \r\n\r\n" SEED "=\r\n" END "more\n", "ed25519:1"},
    {"", NULL},
    {BEGIN, NULL},
    {BEGIN "\n" SEED "=\n" END, NULL},
    {BEGIN "Key-ID: ed25519:abc123\n" SEED "=\n" END, NULL},
    {BEGIN "Key-ID: ed25519:abc123\n\n" SEED "=\n", NULL},
    {BEGIN "Key-ID: ed25519:abc123\n\n" SEED "=\n" SEED "=\n" END, NULL},
    {BEGIN "Key-ID: ed25519:abc123\n\n" SEED "AAAA\n" END, NULL},
    {BEGIN "Key-ID: ed25519:abc123\n\nAAAA\n" END, NULL},
    {BEGIN "Key-ID: ed25519:abc123\n\n\n" END, NULL},
    {BEGIN "Key-ID: ed25519:abc123\n\n!" SEED "\n" END, NULL},
    {BEGIN "Key-ID: ed25519:\n\n" SEED "=\n" END, NULL},
    {BEGIN "Key-ID: ed25519:a-b\n\n" SEED "=\n" END, NULL},
    {BEGIN "Key-ID: ed25519:a b\n\n" SEED "=\n" END, NULL},
    {BEGIN "Key-ID: rsa:abc123\n\n" SEED "=\n" END, NULL},
    {BEGIN "Key-ID: ed25519:0123456789012345678901234567890123456789012345678901234\n\n" SEED "=\n" END,
     "ed25519:0123456789012345678901234567890123456789012345678901234"},
    {BEGIN "Key-ID: ed25519:01234567890123456789012345678901234567890123456789012345\n\n" SEED "=\n" END,
     NULL},
};

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/test_ed25519.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(in_folder("key.pem"));
    return rmdir(folder);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void reads_the_format_and_no_other(void **state)
{
    unsigned char seed[ED25519_SEED_SIZE];

    (void)state;
    from_hex(vectors[0].seed, seed);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct signing_key key;
        enum err e;

        write_file(in_folder("key.pem"), files[i].text);
        e = signing_key_read(in_folder("key.pem"), &key);
        assert_int_equal(e, files[i].id ? ERR_OK : ERR_CORRUPT);
        assert_string_equal(key.id, files[i].id ? files[i].id : "");
        if (files[i].id)
            assert_memory_equal(key.seed, seed, sizeof seed);
        signing_key_wipe(&key);
    }
}

static void reads_dendrites_key(void **state)
{
    struct signing_key key;

    (void)state;
    assert_int_equal(signing_key_read("tests/fixture/matrix_key.pem", &key), ERR_OK);
    assert_string_equal(key.id, "ed25519:ZCgDMx");
    signing_key_wipe(&key);
    assert_string_equal(key.id, "");
    assert_int_equal(signing_key_read(in_folder("none.pem"), &key), ERR_NOT_FOUND);
    assert_int_equal(signing_key_read(folder, &key), ERR_IO);
}

/* How many files the folder has. */
static int count_files(void)
{
    DIR *dir = opendir(folder);
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2; /* "." and ".." */
}

static void makes_a_key_and_never_overwrites_one(void **state)
{
    struct signing_key first, again;
    struct stat status;
    char path[128];

    (void)state;
    strcpy(path, in_folder("key.pem"));
    assert_int_equal(signing_key_create(path), ERR_OK);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(signing_key_read(path, &first), ERR_OK);
    assert_int_equal(strlen(first.id), strlen("ed25519:xxxxxx"));

    assert_int_equal(signing_key_create(path), ERR_EXISTS);
    assert_int_equal(signing_key_read(path, &again), ERR_OK);
    assert_memory_equal(first.seed, again.seed, sizeof first.seed);
    assert_int_equal(count_files(), 1); /* no temporary file is left */
    signing_key_wipe(&again);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(signing_key_create(path), ERR_OK);
    assert_int_equal(signing_key_read(path, &again), ERR_OK);
    assert_memory_not_equal(first.seed, again.seed, sizeof first.seed);
    signing_key_wipe(&first);
    signing_key_wipe(&again);
    assert_int_equal(signing_key_create(in_folder("no/key.pem")), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_as_the_rfc),
        cmocka_unit_test(refuses_what_is_not_the_signature),
        cmocka_unit_test_setup_teardown(reads_the_format_and_no_other, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(reads_dendrites_key, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(makes_a_key_and_never_overwrites_one, make_folder, remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
