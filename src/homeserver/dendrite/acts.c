/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "crypto/gate.h"
#include "homeserver/dendrite/ask.h"
#include "homeserver/dendrite/deferred.h"
#include "homeserver/jobs.h"
#include "homeserver/media.h"

const struct homeserver_acts dendrite_acts = {
    .create_account = dendrite_create_account,
    .sign_in = dendrite_sign_in,
    .pass_sign_in = dendrite_pass_sign_in,
    .begin_session = dendrite_begin_session,
    .set_password = dendrite_set_password,
    .end_session = dendrite_end_session,
    .end_sessions = dendrite_end_sessions,
    .end_some_sessions = dendrite_end_some_sessions,
    .create_device = dendrite_create_device,
    .rename_device = dendrite_rename_device,
    .set_admin = dendrite_set_admin,
    .change_account = dendrite_change_account,
    .deactivate = dendrite_deactivate,
    .reactivate = dendrite_reactivate,
    .set_threepids = dendrite_set_threepids,
    .evacuate_room = jobs_evacuate_room,
    .evacuate_user = dendrite_evacuate_user,
    .send_notice = dendrite_send_notice,
    .create_room = dendrite_create_room,
    .join = dendrite_join,
    .leave = dendrite_leave,
    .set_published = dendrite_set_published,
    .add_member = dendrite_add_member,
    .make_admin = dendrite_make_admin,
    .merge_extremities = dendrite_merge_extremities,
    .redact = dendrite_redact,
    .move_members = dendrite_move_members,
    .send_message = dendrite_send_message,
    .move_aliases = dendrite_move_aliases,
    .purge_room = dendrite_purge_room,
    .can_delete_room = dendrite_can_delete_room,
    .add_registration_token = dendrite_add_registration_token,
    .set_registration_token = dendrite_set_registration_token,
    .delete_registration_token = dendrite_delete_registration_token,
    .delete_event_report = dendrite_delete_event_report,
    .refresh_devices = dendrite_refresh_devices,
    .download_state = dendrite_download_state,
    .reindex = dendrite_reindex,
    .delete_media = dendrite_delete_media,
    .quarantine_media = media_quarantine,
    .protect_media = media_protect,
    .reset_destination = dendrite_reset_destination,
};

enum err dendrite_open(struct dendrite **dendrite, const struct config *config)
{
    enum err e;

    *dendrite = calloc(1, sizeof **dendrite);
    if (!*dendrite)
        return ERR_NOMEM;
    (*dendrite)->config = config;
    e = http_open(&(*dendrite)->http, config->homeserver.url);
    if (e)
        dendrite_close(dendrite);
    return e;
}

void dendrite_close(struct dendrite **dendrite)
{
    if (!*dendrite)
        return;
    gate_close(&(*dendrite)->notices);
    gate_close(&(*dendrite)->turns);
    http_close(&(*dendrite)->http);
    free(*dendrite);
    *dendrite = NULL;
}
