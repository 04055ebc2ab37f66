/* SPDX-License-Identifier: ISC */
/*
 * A body, after a first byte that chooses whose it is. It is taken apart into fields within their bounds, or
 * it is refused with an answer that can be written.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "handler/login.h"
#include "handler/password.h"
#include "handler/register.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* `text` is NULL where it may be absent, or has `min` to `max` characters. */
static void check_text(const char *text, bool required, size_t min, size_t max)
{
    if (!text) {
        if (required)
            abort();
        return;
    }
    if (!utf8_valid(text, strlen(text)) || utf8_length(text) < min || utf8_length(text) > max)
        abort();
}

static bool registration(struct call *call)
{
    struct registration r = {0};

    if (!registration_decode_nonce(call, &r) || !registration_decode(call, &r))
        return false;
    check_text(r.nonce, true, 0, SIZE_MAX);
    check_text(r.username, true, 0, 512);
    check_text(r.password, true, 0, 512);
    check_text(r.mac, true, 0, SIZE_MAX);
    check_text(r.display_name, false, 0, 256);
    check_text(r.device_id, false, 1, 255);
    check_text(r.device_display_name, false, 0, 255);
    return true;
}

static bool new_password(struct call *call)
{
    struct new_password p = {0};

    if (!new_password_decode(call, &p))
        return false;
    check_text(p.password, true, PASSWORD_LENGTH_MIN, PASSWORD_LENGTH_MAX);
    return true;
}

static bool login(struct call *call)
{
    struct login l = {0};

    if (!login_decode(call, &l))
        return false;
    check_text(l.user, true, 0, 255);
    check_text(l.password, true, 0, PASSWORD_LENGTH_MAX);
    check_text(l.device_id, false, 1, 255);
    check_text(l.device_display_name, false, 0, 255);
    return true;
}

static bool (*const decoders[])(struct call *call) = {registration, new_password, login};

static void check_refusal(const struct reply *reply)
{
    struct buf out = {0};

    if (reply->status < 400 || reply->status >= 500 || reply_write(reply, "id", false, &out) ||
        !strstr(out.data, "\"errcode\""))
        abort();
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct call call = {.arena = arena_new()};

    if (!call.arena || size == 0)
        goto out;
    call.body = arena_memdup(call.arena, data + 1, size - 1);
    call.body_size = size - 1;
    if (decoders[data[0] % (sizeof decoders / sizeof *decoders)](&call)) {
        if (call.reply.status != 0)
            abort();
    } else {
        check_refusal(&call.reply);
    }
out:
    reply_free(&call.reply);
    call_forget_json(&call);
    arena_free(&call.arena);
    return 0;
}
