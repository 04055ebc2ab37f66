# SPDX-License-Identifier: ISC
"""Events of every kind and room version, deterministic, for the comparison of two implementations."""
import random

TEXTS = ["", "m.text", "Grüße", "日本語", "\U0001f600\uff5e", "\x00\x01\b\t\n\f\r\x1f\x7f", "\"\\/", "\u2028",
         "a" * 300]
TYPES = ["m.room.create", "m.room.member", "m.room.join_rules", "m.room.power_levels", "m.room.aliases",
         "m.room.history_visibility", "m.room.redaction", "m.room.message", "m.room.name", "org.example.Ärger", ""]
CONTENT = ["membership", "join_authorised_via_users_server", "third_party_invite", "creator", "room_version",
           "m.federate", "join_rule", "allow", "ban", "events", "events_default", "invite", "kick", "redact",
           "state_default", "users", "users_default", "notifications", "aliases", "history_visibility", "redacts",
           "body", "displayname", "", "日"]
INTEGERS = [0, 1, -1, 50, 2**53 - 1, -(2**53) + 1]
WIDE = [2**53, -(2**53), 2**63 - 1, -(2**63)]


class Generator:
    def __init__(self, seed, version):
        self.random = random.Random(f"{seed} {version}")
        self.version = version

    def choose(self, values):
        return self.random.choice(values)

    def number(self):
        """Now and then one that the version does not allow."""
        kind = self.random.random()
        if kind < 0.9:
            return self.choose(INTEGERS)
        if kind < 0.97 or self.version >= 6 and kind < 0.995:
            return self.choose(INTEGERS if self.version >= 6 else WIDE)
        return self.choose([1.5, 10.0, 1e300, 2**53, 2**63])

    def value(self, depth=0):
        kind = self.random.randrange(8 if depth < 4 else 5)
        if kind < 2:
            return self.choose(TEXTS)
        if kind == 2:
            return self.number()
        if kind < 5:
            return self.choose([True, False, None])
        if kind == 5:
            return [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        return {self.choose(TEXTS[:5] + ["signed", "token", "x"]): self.value(depth + 1)
                for _ in range(self.random.randrange(4))}

    def references(self):
        ids = [f"$e{self.random.randrange(1000)}:example.org" for _ in range(self.random.randrange(4))]
        if self.version > 2:
            return ids
        return [[identifier, {"sha256": "AAAA"}] for identifier in ids]

    def event(self):
        event = {
            "type": self.choose(TYPES), "room_id": "!room:example.org", "sender": "@user:example.org",
            "content": {self.choose(CONTENT): self.value() for _ in range(self.random.randrange(8))},
            "depth": self.random.randrange(1, 1000), "origin_server_ts": 1700000000000 + self.random.randrange(10**6),
            "prev_events": self.references(), "auth_events": self.references(),
        }
        if self.version <= 2:
            event["event_id"] = f"$own{self.random.randrange(10**6)}:example.org"
        for name in ("state_key", "origin", "prev_state", "membership", "redacts", "age", "event_id"):
            if self.random.random() < 0.3 and name not in event:
                event[name] = [] if name == "prev_state" else "$x:example.org"
        if self.random.random() < 0.3:
            event["unsigned"] = {"age": self.random.randrange(1000), "x": self.value()}
        return event
