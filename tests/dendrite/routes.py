# SPDX-License-Identifier: ISC
"""What the stand-in answers: a row a method and path, as Dendrite has them."""
import re
import urllib.parse

import answers
from acts import accounts, admin, aliases, media, members, notices, profiles, reports, rooms, sessions, sync, tags, tokens
from call import need_admin, need_user

CLIENT = "/_matrix/client/(?:r0|v3)"
ADMIN = "/_dendrite/admin"
SYNAPSE = "/_synapse/admin/v1"
ROOM = CLIENT + "/rooms/{room}"
TAGS = CLIENT + "/user/{user}/rooms/{room}/tags"
VERSIONS = ["r0.0.1", "r0.1.0", "r0.2.0", "r0.3.0", "r0.4.0", "r0.5.0", "r0.6.1", "v1.0", "v1.1", "v1.2"]
ROOM_VERSIONS = {**{str(number): "stable" for number in range(1, 13)},
                 **dict.fromkeys(["org.matrix.hydra.11", "org.matrix.msc3667", "org.matrix.msc3787",
                                  "org.matrix.msc4014"], "unstable")}


def anyone(call):
    pass


def versions(call):
    return {"versions": VERSIONS, "unstable_features": {"org.matrix.e2e_cross_signing": True,
                                                        "org.matrix.msc2285.stable": True,
                                                        "org.matrix.msc3916.stable": True}}


def capabilities(call):
    return {"capabilities": {"m.change_password": {"enabled": True},
                             "m.room_versions": {"available": ROOM_VERSIONS, "default": "10"}}}


ROUTES = [
    ("GET", "/_matrix/client/versions", anyone, versions),
    ("GET", CLIENT + "/capabilities", need_user, capabilities),
    ("GET", CLIENT + "/login", anyone, sessions.flows),
    ("POST", CLIENT + "/login", anyone, sessions.sign_in),
    ("POST", CLIENT + "/logout", need_user, sessions.sign_out),
    ("POST", CLIENT + "/logout/all", need_user, sessions.sign_out_everywhere),
    ("GET", CLIENT + "/account/whoami", need_user, sessions.whoami),
    ("POST", CLIENT + "/account/deactivate", need_user, accounts.deactivate),
    ("GET", CLIENT + "/admin/whois/{user}", need_user, sessions.whois),
    ("POST", CLIENT + "/register", anyone, accounts.register_as_client),
    ("GET", CLIENT + "/devices", need_user, sessions.devices),
    ("GET", CLIENT + "/devices/{device}", need_user, sessions.device),
    ("PUT", CLIENT + "/devices/{device}", need_user, sessions.name_device),
    ("DELETE", CLIENT + "/devices/{device}", need_user, sessions.delete_devices),
    ("POST", CLIENT + "/delete_devices", need_user, sessions.delete_devices),
    ("GET", CLIENT + "/pushers", need_user, sessions.pushers),
    ("GET", CLIENT + "/profile/{user}", anyone, profiles.profile),
    ("GET", CLIENT + "/profile/{user}/(?P<field>displayname|avatar_url)", anyone, profiles.profile),
    ("PUT", CLIENT + "/profile/{user}/(?P<field>displayname|avatar_url)", need_user, profiles.set_field),
    ("GET", CLIENT + "/sync", need_user, sync.sync),
    ("GET", CLIENT + "/joined_rooms", need_user, members.joined_rooms),
    ("POST", CLIENT + "/createRoom", need_user, rooms.create),
    ("POST", CLIENT + "/join/{room}", need_user, members.join),
    ("POST", ROOM + "/join", need_user, members.join),
    ("POST", ROOM + "/leave", need_user, members.leave),
    ("POST", ROOM + "/forget", need_user, members.forget),
    ("POST", ROOM + "/invite", need_user, members.invite),
    ("POST", ROOM + "/kick", need_user, members.kick),
    ("POST", ROOM + "/ban", need_user, members.ban),
    ("POST", ROOM + "/unban", need_user, members.unban),
    ("GET", ROOM + "/state/{type}/?", need_user, rooms.state),
    ("PUT", ROOM + "/state/{type}/?", need_user, rooms.set_state),
    ("GET", ROOM + "/state/{type}/{key}", need_user, rooms.state),
    ("PUT", ROOM + "/state/{type}/{key}", need_user, rooms.set_state),
    ("PUT", ROOM + "/send/{type}/{transaction}", need_user, rooms.send),
    ("PUT", CLIENT + "/directory/room/{alias}", need_user, aliases.put),
    ("DELETE", CLIENT + "/directory/room/{alias}", need_user, aliases.delete),
    ("PUT", CLIENT + "/directory/list/room/{room}", need_user, aliases.set_visibility),
    ("PUT", ROOM + "/redact/{event}/{transaction}", need_user, rooms.redact),
    ("POST", ROOM + "/report/{event}", need_user, reports.report),
    ("GET", TAGS, need_user, tags.every),
    ("POST", "/_matrix/media/(?:r0|v3)/upload", need_user, media.upload),
    ("GET", "/_matrix/client/v1/media/download/{server}/{media}", need_user, media.download),
    ("PUT", TAGS + "/{tag}", need_user, tags.put),
    ("DELETE", TAGS + "/{tag}", need_user, tags.delete),

    ("POST", ADMIN + "/registrationTokens/new", need_admin, tokens.new),
    ("GET", ADMIN + "/registrationTokens", need_admin, tokens.every),
    ("GET", ADMIN + "/registrationTokens/{token}", need_admin, tokens.one),
    ("PUT", ADMIN + "/registrationTokens/{token}", need_admin, tokens.change),
    ("DELETE", ADMIN + "/registrationTokens/{token}", need_admin, tokens.delete),
    ("POST", ADMIN + "/evacuateRoom/{room}", need_admin, admin.evacuate_room),
    ("POST", ADMIN + "/evacuateUser/{user}", need_admin, admin.evacuate_user),
    ("POST", ADMIN + "/purgeRoom/{room}", need_admin, admin.purge_room),
    ("POST", ADMIN + "/resetPassword/{user}", need_admin, accounts.reset_password),
    ("GET", ADMIN + "/downloadState/{server}/{room}", need_admin, admin.download_state),
    ("GET", ADMIN + "/fulltext/reindex", need_admin, admin.reindex),
    ("POST", ADMIN + "/refreshDevices/{user}", need_admin, admin.refresh_devices),
    ("GET", ADMIN + "/emptyRooms", need_admin, admin.empty_rooms),

    ("GET", SYNAPSE + "/register", anyone, accounts.nonce),
    ("POST", SYNAPSE + "/register", anyone, accounts.register),
    ("POST", SYNAPSE + "/send_server_notice", need_user, notices.send),
    ("PUT", SYNAPSE + "/send_server_notice/{transaction}", need_user, notices.send),
    ("GET", SYNAPSE + "/event_reports", need_admin, reports.every),
    ("GET", SYNAPSE + "/event_reports/{report}", need_admin, reports.one),
    ("DELETE", SYNAPSE + "/event_reports/{report}", need_admin, reports.delete),
]
# Not there, when the configuration does not have it.
NOTICES = SYNAPSE + "/send_server_notice"
COMPILED = [(method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), path, access, act)
            for method, path, access, act in ROUTES]
UNRECOGNIZED = {"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"}


def answer(call):
    """The body of a success; each part of the path is decoded by itself."""
    known = False
    for method, pattern, path, access, act in COMPILED:
        match = pattern.fullmatch(call.path)
        if not match or (path.startswith(NOTICES) and not call.memory.notices):
            continue
        known = True
        if method == call.method:
            call.variables = {name: urllib.parse.unquote(text) for name, text in match.groupdict().items()}
            access(call)
            return act(call)
    raise answers.Refused(405 if known else 404, UNRECOGNIZED)
