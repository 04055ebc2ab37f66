/* SPDX-License-Identifier: ISC */
#include "handler/page.h"

json_t *page_answer(const char *name, json_t *rows, int64_t from, int64_t limit, int64_t total)
{
    const json_int_t next = from + (json_int_t)json_array_size(rows);
    json_t *answer = json_pack("{s:o, s:I}", name, rows, "total", (json_int_t)total);

    if (!answer || from >= total || limit >= total - from ||
        json_object_set_new(answer, "next_token", json_integer(next)) == 0)
        return answer;
    json_decref(answer);
    return NULL;
}
