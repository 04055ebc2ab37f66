/* SPDX-License-Identifier: ISC */
#include "process/app.h"
#include "store/open.h"

enum err app_open(struct app *app, const struct config *config)
{
    enum err e;

    *app = (struct app){.config = config};
    e = store_open(&app->db, config);
    if (!e)
        e = gate_open_beside(&app->gate, config->database, "gate", config_hash_slots(config));
    if (!e)
        e = homeserver_open(&app->homeserver, config, app->db, app->gate);
    if (e)
        app_close(app);
    else
        db_tidy_later(app->db);
    return e;
}

void app_close(struct app *app)
{
    homeserver_close(&app->homeserver);
    db_close(&app->db);
    gate_close(&app->gate);
}

enum err app_try(const struct config *config)
{
    struct app app;
    enum err e = app_open(&app, config);

    if (!e)
        app_close(&app);
    return e;
}
