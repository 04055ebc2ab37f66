/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "process/app.h"
#include "process/notify.h"
#include "process/reload.h"

/* Reads it; the diagnostics are logged line by line. */
static enum err read_config(const char *path, struct config **config)
{
    char *text = NULL, *rest = NULL;
    size_t size = 0;
    FILE *diagnostics = open_memstream(&text, &size);
    enum err e = diagnostics ? config_read(path, config, diagnostics) : ERR_NOMEM;

    if (diagnostics)
        fclose(diagnostics);
    for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest))
        log_error("%s", line);
    free(text);
    return e;
}

enum err reload_config(const char *path, struct config **config)
{
    enum err e;

    log_info("reading %s again", path);
    notify("RELOADING=1");
    *config = NULL;
    e = read_config(path, config);
    if (!e)
        e = app_try(*config);
    if (!e)
        return ERR_OK;
    config_free(config);
    log_error("%s is not usable; the configuration stays as it was", path);
    return e;
}
