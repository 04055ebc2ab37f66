/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "handler/limits.h"
#include "store/attempts.h"

static struct attempt_limits limits(const struct call *call)
{
    const struct config *config = call->app->config;

    return (struct attempt_limits){.per_account = config->rate_limit.per_account,
                                   .per_address = config->rate_limit.per_address,
                                   .window_ms = config->rate_limit.window * 1000};
}

static struct attempt attempt_of(const struct call *call, const char *account)
{
    return (struct attempt){.account = account, .address = call->request.address};
}

bool limits_allow(struct call *call, const char *account)
{
    struct attempt attempt = attempt_of(call, account);
    struct attempt_limits bounds = limits(call);
    int64_t retry_after_ms = 0;
    enum err e = attempts_check(call->app->db, &attempt, &bounds, clock_now_ms(), &retry_after_ms);

    if (e == ERR_LIMITED)
        reply_limited(&call->reply, retry_after_ms, NULL);
    else if (e)
        call_fail_err(call, e);
    return e == ERR_OK;
}

json_t *limits_failed(struct call *call, const char *account, enum api_error error, const char *text)
{
    struct attempt attempt = attempt_of(call, account);
    struct attempt_limits bounds = limits(call);
    int64_t retry_after_ms = 0;
    enum err counted;
    enum err e = db_begin(call->app->db, DB_NOTE);

    if (e)
        return call_fail_err(call, e);
    counted = attempts_failed(call->app->db, &attempt, &bounds, clock_now_ms(), &retry_after_ms);
    /* A limit that is reached is no failure of the transaction: the count is to stay. */
    e = db_end(call->app->db, counted == ERR_LIMITED ? ERR_OK : counted);
    if (e)
        return call_fail_err(call, e);
    if (counted == ERR_LIMITED) {
        reply_limited(&call->reply, retry_after_ms, NULL);
        return NULL;
    }
    return call_fail(call, error, text);
}

void limits_succeeded(struct call *call, const char *account)
{
    struct attempt attempt = attempt_of(call, account);
    enum err e = db_begin(call->app->db, DB_NOTE);

    if (!e)
        e = db_end(call->app->db, attempts_succeeded(call->app->db, &attempt));
    /* The session exists already, and the counts end with their window: nothing to refuse the caller for. */
    if (e)
        log_warning("failed sign-ins of %s are still counted: %s", account, err_text(e));
}
