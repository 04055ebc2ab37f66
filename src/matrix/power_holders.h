/* SPDX-License-Identifier: ISC */
/* Who has power in a room by name, and how it is passed on. */
#ifndef MATRIX_POWER_HOLDERS_H
#define MATRIX_POWER_HOLDERS_H

#include "base/arena.h"
#include "base/err.h"
#include "matrix/power_levels.h"

struct power_holder {
    const char *user_id;
    int64_t level;
};

/*
 * The users of a server who are named in the power levels, and the creators who are privileged, or the
 * creator while there are none: the highest first, and among equals in the order of their ids. `*holders`
 * lives in `arena`, and the ids are borrowed from `levels`. Errors: ERR_NOMEM.
 */
MUST_CHECK enum err power_holders(const struct power_levels *levels, const char *server_name,
                                  struct arena *arena, struct power_holder **holders, size_t *count);

/*
 * The content of a new m.room.power_levels event in which a user has this level. Where there was none, its
 * sender, the creator, is named in it too, who would have no power otherwise, unless creators are privileged.
 * The caller owns it; NULL when memory is gone.
 */
json_t *power_levels_granting(const struct power_levels *levels, const char *user_id, int64_t level);

#endif
