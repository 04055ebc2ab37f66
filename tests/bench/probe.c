/* SPDX-License-Identifier: ISC */
/*
 * The least that a whois can cost: the rival that does nothing, with the two queries and the JSON in it, and
 * no check of anything. Descriptor 0 is its listening socket; the arguments are the database, a token, and
 * how many processes serve it.
 */
#include <fcgiapp.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answer.h"

static const char sql_owner[] =
    "SELECT d.localpart, d.device_id, a.account_type, d.last_seen_ts FROM userapi_devices AS d"
    " JOIN userapi_accounts AS a ON a.localpart = d.localpart WHERE d.access_token = ?1";
static const char sql_devices[] =
    "SELECT device_id, last_seen_ts, ip, user_agent FROM userapi_devices WHERE localpart = ?1";

static const char *column(sqlite3_stmt *stmt, int i)
{
    return (const char *)sqlite3_column_text(stmt, i);
}

static char *whois(sqlite3_stmt *owner, sqlite3_stmt *devices_of, const char *token)
{
    json_t *devices = json_object(), *body;
    char *text;

    sqlite3_bind_text(owner, 1, token, -1, SQLITE_STATIC);
    sqlite3_step(owner);
    sqlite3_reset(owner);
    sqlite3_bind_text(devices_of, 1, "user", -1, SQLITE_STATIC);
    while (sqlite3_step(devices_of) == SQLITE_ROW)
        json_object_set_new(devices, column(devices_of, 0),
                            json_pack("{s:[{s:[{s:s, s:I, s:s}]}]}", "sessions", "connections", "ip",
                                      column(devices_of, 2), "last_seen",
                                      (json_int_t)sqlite3_column_int64(devices_of, 1), "user_agent",
                                      column(devices_of, 3)));
    sqlite3_reset(devices_of);
    body = json_pack("{s:s, s:o}", "user_id", "@user:example.org", "devices", devices);
    text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

static void serve(const char *database, const char *token)
{
    sqlite3_stmt *owner, *devices;
    FCGX_Request request;
    char answer[2048];
    sqlite3 *db;

    if (sqlite3_open(database, &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db, sql_owner, -1, &owner, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, sql_devices, -1, &devices, NULL) != SQLITE_OK)
        exit(1);
    FCGX_Init();
    FCGX_InitRequest(&request, 0, 0);
    while (FCGX_Accept_r(&request) == 0) {
        char *body = whois(owner, devices, token);

        snprintf(answer, sizeof answer, answer_format, strlen(body), body);
        FCGX_PutStr(answer, (int)strlen(answer), request.out);
        free(body);
    }
}

int main(int argc, char **argv)
{
    int count = argc == 4 ? atoi(argv[3]) : 0;

    for (int i = 0; i < count; i++)
        if (fork() == 0) {
            serve(argv[1], argv[2]);
            return 0;
        }
    while (wait(NULL) > 0)
        ;
    return 0;
}
