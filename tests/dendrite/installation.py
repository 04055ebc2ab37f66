# SPDX-License-Identifier: ISC
"""mxadmin's commands beside a homeserver."""
import os
import re
import subprocess

import yaml

from shared import ROOT

MXADMIN = os.path.abspath(os.environ.get("MXADMIN", str(ROOT / "build/mxadmin")))
LINE = re.compile(r"(ok|warning|error) +([a-z ]+): (.+)")


class Installation:
    """`folder` is mxadmin's own; `user` is the number of the user who runs it, who owns the folder then."""

    def __init__(self, homeserver, folder, user=None):
        self.homeserver, self.folder, self.user = homeserver, folder, user
        self.config_file = folder / "mxadmin.yaml"
        self.database = folder / "own.db"
        if user is not None:
            os.chown(folder, user, user)

    def configure(self, url=None, **options):
        homeserver = {"kind": "dendrite", "config": str(self.homeserver.folder.config_file),
                      "url": url or self.homeserver.url}
        self.config_file.write_text(yaml.safe_dump({
            "homeserver": homeserver, "database": self.database.name, "listen": f"unix:{self.folder}/socket",
            **options}))
        self.config_file.chmod(0o644)

    def run(self, *words, user=None):
        user = self.user if user is None else user
        more = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MXADMIN")}
        return subprocess.run([MXADMIN, "-c", self.config_file, *map(str, words)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
                              env=environment, **more)

    def must(self, *words):
        result = self.run(*words)
        assert result.returncode == 0, (result.stdout, result.stderr)
        return result.stdout

    def check(self, *words):
        """Its exit code, and {subject: [(level, text), …]}."""
        result = self.run("check", *words)
        found = {}
        for line in result.stdout.splitlines():
            level, subject, text = LINE.fullmatch(line).groups()
            found.setdefault(subject, []).append((level, text))
        return result.returncode, found
