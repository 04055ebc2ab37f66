/* SPDX-License-Identifier: ISC */
#ifndef HANDLER_PAGE_H
#define HANDLER_PAGE_H

#include <jansson.h>
#include <stdint.h>

/*
 * The answer to who has asked for a page of a list: at most `limit` of its `total` rows, after the first
 * `from`. It has the array `rows`, which is taken over also on failure, under `name`, `total`, and where more
 * follow `next_token`, a number. New; NULL when memory is gone.
 */
json_t *page_answer(const char *name, json_t *rows, int64_t from, int64_t limit, int64_t total);

#endif
