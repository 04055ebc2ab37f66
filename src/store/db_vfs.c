/* SPDX-License-Identifier: ISC */
/*
 * SQLite's own VFS but for two calls. "mode=ro" keeps SQLite from writing to a database file, but neither
 * from opening the write-ahead log for writing, nor from making or deleting one, where this user may. The
 * log's index (-shm) is opened without xOpen; it is "readonly_shm=1" that opens it for reading only.
 */
#include "store/db_engine.h"

static int open_for_reading(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    sqlite3_vfs *real = vfs->pAppData;

    flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    return real->xOpen(real, name, file, flags, out_flags);
}

static int refuse_to_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    (void)name;
    (void)sync;
    return SQLITE_READONLY;
}

/* Once a process: SQLite keeps the address. */
enum err db_vfs_register(void)
{
    static sqlite3_vfs reading;
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);

    if (sqlite3_vfs_find(DB_VFS_READING))
        return ERR_OK;
    if (!real)
        return ERR_NOMEM;
    reading = *real;
    reading.zName = DB_VFS_READING;
    reading.pAppData = real;
    reading.xOpen = open_for_reading;
    reading.xDelete = refuse_to_delete;
    return sqlite3_vfs_register(&reading, 0) == SQLITE_OK ? ERR_OK : ERR_NOMEM;
}
