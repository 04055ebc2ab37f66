/* SPDX-License-Identifier: ISC */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/attach.h"
#include "command/console.h"
#include "command/context.h"
#include "command/registration.h"
#include "homeserver/dendrite/dendrite.h"
#include "homeserver/dendrite/probe.h"

#define REGISTRATION "mxadmin-registration.yaml"
#define USUAL_URL    "http://127.0.0.1:8008"

struct attach {
    const struct invocation *invocation;
    struct config *config;
    bool configured; /* our own configuration says that we stand beside that Dendrite */
};

/* Our own configuration, if there is one that says that we stand beside a Dendrite. */
static enum err read_ours(struct attach *attach)
{
    const char *path = attach->invocation->config_path;
    enum err e;

    if (access(path, F_OK) < 0)
        return ERR_OK;
    e = config_read(path, &attach->config, stderr);
    attach->configured = !e && attach->config->homeserver.kind == CONFIG_HOMESERVER_DENDRITE;
    if (!e && !attach->configured)
        config_free(&attach->config);
    return e;
}

static bool is_same_path(const char *a, const char *b)
{
    char *real_a = realpath(a, NULL), *real_b = realpath(b, NULL);
    const bool same = real_a && real_b && strcmp(real_a, real_b) == 0;

    free(real_a);
    free(real_b);
    return same;
}

/* Both configurations, or Dendrite's alone. What is wrong is said. */
static enum err read_both(struct attach *attach)
{
    const struct invocation *invocation = attach->invocation;
    const char *theirs = invocation->value[OPTION_CONFIG];
    enum err e = read_ours(attach);

    if (e)
        return e;
    if (attach->configured && (!theirs || is_same_path(theirs, attach->config->homeserver.config)))
        return ERR_OK;
    if (attach->configured) {
        console_error(invocation, "%s: homeserver.config is another one, %s", invocation->config_path,
                      attach->config->homeserver.config);
        return ERR_INVALID;
    }
    if (!theirs) {
        console_error(invocation, "--config says where Dendrite's configuration is, dendrite.yaml");
        return ERR_INVALID;
    }
    return config_read_dendrite(theirs, &attach->config, stderr);
}

/* Writes the registration file beside dendrite.yaml, if it is not there. `*path` is to be freed. */
static enum err write_registration(const struct config *config, char **path)
{
    char *copy = strdup(config->homeserver.config);
    enum err e = ERR_NOMEM;

    *path = NULL;
    if (copy && asprintf(path, "%s/%s", dirname(copy), REGISTRATION) >= 0)
        e = registration_write(*path, config->homeserver.config, config->dendrite.databases.items[0],
                               config->server_name);
    if (!e || e == ERR_EXISTS)
        printf("registration %s: %s\n", *path, e ? "exists, kept" : "created");
    free(copy);
    return e == ERR_EXISTS ? ERR_OK : e;
}

/* Whether Dendrite's configuration names the file, but this user may not read it. */
static bool is_unread(const struct attach *attach, const char *path)
{
    const struct config_list *unread = &attach->config->dendrite.unread;

    for (size_t i = 0; i < unread->count; i++)
        if (is_same_path(unread->items[i], path)) {
            console_error(attach->invocation,
                          "%s: this user may not read it: chgrp it to a group of the user's, and chmod 640",
                          path);
            return true;
        }
    return false;
}

static void print_their_lines(const struct config *config, const char *registration)
{
    printf("\nDendrite's configuration, %s, has to have\n\n"
           "app_service_api:\n"
           "  config_files:\n"
           "    - %s\n",
           config->homeserver.config, registration);
}

static void print_our_lines(const struct attach *attach)
{
    printf("\nmxadmin's configuration, %s, has to have\n\n"
           "homeserver:\n"
           "  kind: dendrite\n"
           "  config: %s\n"
           "  url: " USUAL_URL "\n\n"
           "where url is what Dendrite listens on.\n",
           attach->invocation->config_path, attach->config->homeserver.config);
}

/* The first steps, which the operator completes. `*done`: all of them were taken before. */
static enum err register_service(const struct attach *attach, bool *done)
{
    const bool registered = *attach->config->dendrite.registration;
    char *path = NULL;
    enum err e = registered ? ERR_OK : write_registration(attach->config, &path);

    *done = registered && attach->configured;
    if (!e && !registered && is_unread(attach, path))
        e = ERR_IO;
    if (!e && registered)
        printf("registration %s: Dendrite's configuration names it\n", attach->config->dendrite.registration);
    if (!e && !registered)
        print_their_lines(attach->config, path);
    if (!e && !attach->configured)
        print_our_lines(attach);
    if (!e && !*done)
        printf("\nThen %srun this again.\n", registered ? "" : "restart Dendrite, and ");
    free(path);
    return e;
}

/* Why Dendrite does not take us for its application service. */
static const struct context_words probe_words[] = {
    {ERR_DENIED, "Dendrite does not know mxadmin yet: restart it, and run this again"},
    {ERR_INVALID, "the server at homeserver.url has another name than Dendrite's configuration says"},
    {ERR_UNREACHABLE, "nobody answers at homeserver.url: start Dendrite, or correct it"},
    {ERR_GATEWAY, "what answers at homeserver.url is no homeserver that works"},
    {ERR_OK, NULL},
};

/* The last step, as the service's user. */
static int make_account(struct context *context)
{
    enum err e = probe_service(context->config);

    if (e)
        return context_failed(context, probe_words, e);
    printf("application service: Dendrite at %s accepts it\n", context->config->homeserver.url);
    e = dendrite_make_service_account(&context->homeserver, context->arena);
    if (e)
        return context_failed(context, probe_words, e);
    printf("service account @" DENDRITE_SERVICE_ACCOUNT ":%s: is there\n"
           "\nAll is done; \"mxadmin check\" tests it.\n",
           context->config->server_name);
    return COMMAND_OK;
}

int command_attach(const struct invocation *invocation)
{
    struct attach attach = {.invocation = invocation};
    struct context context = {0};
    bool done = false;
    enum err e = read_both(&attach);
    int code = COMMAND_FAILED;

    if (!e)
        e = register_service(&attach, &done);
    config_free(&attach.config);
    if (e || !done)
        return e ? COMMAND_FAILED : console_finish(invocation);
    if (context_open(&context, invocation) == ERR_OK)
        code = make_account(&context);
    context_close(&context);
    return code ? code : console_finish(invocation);
}
