/* SPDX-License-Identifier: ISC */
/* What can be wrong between the tables of accounts. */
#include "store/fsck.h"

/* The user's id, in statements that call the table so. */
#define ID_OF_A "'@' || a.localpart || ':' || a.server_name"
#define ID_OF_T "'@' || t.localpart || ':' || t.server_name"

/* Rows of a table `t` whose user has no account. */
#define WITHOUT_ACCOUNT                                                                                      \
    " WHERE NOT EXISTS (SELECT 1 FROM userapi_accounts a"                                                    \
    " WHERE a.localpart = t.localpart AND a.server_name = t.server_name)"

const struct fsck_statement fsck_account_statements[] = {
    {
        .name = "account-type",
        .finds = "accounts of no known type",
        .sql = "SELECT NULL, NULL, " ID_OF_A " || ' is of the unknown type ' || a.account_type"
               " FROM userapi_accounts a"
               " WHERE a.account_type NOT IN (1, 2, 3, 4)",
    },
    {
        .name = "account-profile",
        .finds = "accounts without a profile",
        .sql = "SELECT NULL, NULL, " ID_OF_A " || ' has no profile'"
               " FROM userapi_accounts a"
               " WHERE NOT EXISTS (SELECT 1 FROM userapi_profiles p"
               " WHERE p.localpart = a.localpart AND p.server_name = a.server_name)",
    },
    {
        .name = "device-account",
        .finds = "sessions of accounts that do not exist",
        .sql = "SELECT NULL, NULL,"
               " 'the session ' || COALESCE(t.device_id, '') || ' is of ' || " ID_OF_T
               " || ', who has no account'"
               " FROM userapi_devices t" WITHOUT_ACCOUNT,
    },
    {
        .name = "device-token",
        .finds = "sessions without an access token",
        .sql =
            "SELECT NULL, NULL,"
            " 'the session ' || COALESCE(t.device_id, '') || ' of ' || " ID_OF_T " || ' has no access token'"
            " FROM userapi_devices t"
            " WHERE t.access_token IS NULL OR t.access_token = ''",
    },
    {
        /* Past the index that forbids it: a damaged one would not show them. */
        .name = "device-token",
        .finds = "sessions with the same access token",
        .sql = "SELECT NULL, NULL,"
               " 'the session ' || COALESCE(MAX(t.device_id), '') || ' of ' || MAX(" ID_OF_T
               ") || ' shares its access token with another'"
               " FROM userapi_devices t NOT INDEXED"
               " WHERE t.access_token <> ''"
               " GROUP BY +t.access_token HAVING COUNT(*) > 1",
    },
    {
        .name = "threepid-account",
        .finds = "third-party identifiers of accounts that do not exist",
        .sql = "SELECT NULL, NULL,"
               " 'the ' || t.medium || ' address ' || t.threepid || ' is of ' || " ID_OF_T
               " || ', who has no account'"
               " FROM userapi_threepids t" WITHOUT_ACCOUNT,
    },
    {
        .name = "account-deactivated",
        .finds = "deactivated accounts with sessions",
        .warning = true,
        .sql = "SELECT NULL, NULL, " ID_OF_A " || ' is deactivated, and has sessions: ' || COUNT(*)"
               " FROM userapi_accounts a"
               " JOIN userapi_devices d ON d.localpart = a.localpart AND d.server_name = a.server_name"
               " WHERE a.is_deactivated"
               " GROUP BY a.localpart, a.server_name",
    },
    {
        .name = "account-deactivated",
        .finds = "deactivated accounts that are joined to rooms",
        .warning = true,
        .sql = "SELECT NULL, NULL, " ID_OF_A " || ' is deactivated, and joined to rooms: ' || COUNT(*)"
               " FROM userapi_accounts a"
               " JOIN roomserver_event_state_keys k ON k.event_state_key = " ID_OF_A
               " JOIN roomserver_membership m ON m.target_nid = k.event_state_key_nid"
               " WHERE a.is_deactivated AND m.membership_nid = 3"
               " GROUP BY k.event_state_key_nid",
    },
    {
        .name = "member-account",
        .finds = "joined users of this server without an account",
        .warning = true,
        .takes_server = true,
        .sql = "SELECT r.room_id, NULL, k.event_state_key || ' is joined and has no account'"
               " FROM roomserver_membership m"
               " JOIN roomserver_event_state_keys k ON k.event_state_key_nid = m.target_nid"
               " LEFT JOIN roomserver_rooms r ON r.room_nid = m.room_nid"
               " WHERE m.membership_nid = 3 AND m.target_local"
               " AND NOT EXISTS (SELECT 1 FROM userapi_accounts a WHERE a.server_name = ?1"
               " AND a.localpart = substr(k.event_state_key, 2, instr(k.event_state_key, ':') - 2))",
    },
};
const size_t fsck_account_statements_count = sizeof fsck_account_statements / sizeof *fsck_account_statements;
