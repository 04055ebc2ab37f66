# SPDX-License-Identifier: ISC
"""The authorisation rules of the room versions that there are, as far as one server needs them."""

JOIN, INVITE, LEAVE, BAN = "join", "invite", "leave", "ban"
LEVELS = {"ban": 50, "kick": 50, "redact": 50, "invite": 0, "state_default": 50, "events_default": 0,
          "users_default": 0}


class Denied(Exception):
    pass


class Power:
    def __init__(self, room):
        self.content = room.content("m.room.power_levels")
        self.creator = room.creator()

    def level(self, name):
        return (self.content or {}).get(name, LEVELS[name])

    def of(self, user_id):
        if self.content is None:
            return 100 if user_id == self.creator else 0
        return self.content.get("users", {}).get(user_id, self.level("users_default"))

    def needed(self, event_type, is_state):
        if self.content is None:
            return 0
        return self.content.get("events", {}).get(event_type,
                                                  self.level("state_default" if is_state else "events_default"))


def check(room, event):
    """Raises Denied, with Dendrite's words where a client sees them."""
    if event["type"] == "m.room.create":
        return
    if event["type"] == "m.room.member":
        return check_member(room, event)
    sender = event["sender"]
    if room.membership(sender) != JOIN:
        raise Denied(f'eventauth: sender "{sender}" not in room')
    power = Power(room)
    needed = power.needed(event["type"], "state_key" in event)
    if power.of(sender) < needed:
        raise Denied(f'eventauth: sender "{sender}" is not allowed to send event. {power.of(sender)} < {needed}')
    if event["type"] == "m.room.power_levels":
        check_levels(power, sender, event["content"].get("users", {}))


def check_levels(power, sender, users):
    own = power.of(sender)
    for user_id in sorted(set(users) | set((power.content or {}).get("users", {}))):
        old, new = power.of(user_id), users.get(user_id, 0)
        if old != new and new > own:
            raise Denied(f'eventauth: sender "{sender}" with level {own} is not allowed change user "{user_id}" level'
                         f" from {old} to {new} because the new level is above the level of the sender")
        if old != new and user_id != sender and old >= own and power.content is not None:
            raise Denied(f'eventauth: sender "{sender}" with level {own} is not allowed to change user "{user_id}"'
                         f" level from {old} to {new} because the old level is equal to or above the level of the"
                         " sender")


def check_member(room, event):
    sender, target = event["sender"], event["state_key"]
    old, new = room.membership(target), event["content"]["membership"]
    if new == JOIN:
        first = list(room.state()) == [("m.room.create", "")] and sender == room.creator()
        if sender != target or not (first or may_join(room, old)):
            raise Denied("InputWasRejected")
        return
    if new == LEAVE and sender == target:
        if old not in (JOIN, INVITE):
            raise Denied("InputWasRejected")
        return
    power = Power(room)
    needed = power.level({INVITE: "invite", BAN: "ban", LEAVE: "kick"}[new])
    if room.membership(sender) != JOIN or power.of(sender) < needed or (new == INVITE and old in (JOIN, BAN)):
        raise Denied("InputWasRejected")
    if new != INVITE and power.of(target) >= power.of(sender):
        raise Denied("InputWasRejected")


def may_join(room, old):
    rule = (room.content("m.room.join_rules") or {}).get("join_rule", "invite")
    return old != BAN and (old in (JOIN, INVITE) or rule == "public")
