# SPDX-License-Identifier: ISC
"""Media: what is uploaded, and downloaded again. Files are named by their hash, and rows share them."""
import base64
import hashlib
import secrets

import answers
from database import now
from folder import SERVER_NAME


def place_of(call, digest):
    return call.database.folder.path / "media" / digest[0] / digest[1] / digest[2:] / "file"


def failed():
    return answers.unknown("Failed to upload")


def upload(call):
    digest = base64.urlsafe_b64encode(hashlib.sha256(call.body).digest()).decode().rstrip("=")
    path = place_of(call, digest)
    if path.exists():
        if path.stat().st_size != len(call.body):
            raise failed()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(call.body)
    media_id = secrets.token_hex(32)
    call.database.write("INSERT INTO mediaapi_media_repository VALUES (?, ?, ?, ?, ?, ?, ?, ?)", media_id, SERVER_NAME,
                        "text/plain", len(call.body), now(), call.query.get("filename", ""), digest,
                        call.caller.user_id)
    return {"content_uri": f"mxc://{SERVER_NAME}/{media_id}"}


def download(call):
    row = call.database.row("SELECT base64hash, file_size_bytes FROM mediaapi_media_repository WHERE media_id = ?"
                            " AND media_origin = ?", call.variables["media"], call.variables["server"])
    try:
        content = place_of(call, row[0]).read_bytes() if row else None
    except OSError:
        content = None
    if content is None or len(content) != row[1]:
        raise answers.not_found("File not found")
    return content
