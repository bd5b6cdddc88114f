"""A notifier: writes each message into a room of Matrix.

The id of a message is the transaction's, so that a message whose answer was lost is not seen twice.
"""

import json
from urllib.parse import quote

from componentize_py_types import Err
from wit_world.exports.notifier import Message, Receipt
from wit_world.imports import config, http
from wit_world.imports.types import Failure

MOST_BRACKETS = 200


class PluginMeta:
    # The schema in plugin.toml says all that is to be said of the settings.
    def validate(self, config_json):
        return []

    def rules(self, config_json):
        return []


class Notifier:
    def deliver(self, ctx, message, part):
        url = f"https://matrix.org/_matrix/client/v3/rooms/{quote(room(), safe='')}"
        url += f"/send/m.room.message/{quote(message.id, safe='')}"
        answer = ask(http.Request("PUT", url, [("content-type", "application/json")], body(message), None, ["token"]))
        said = read(answer.body)
        if answer.status == 200:
            return Receipt(str(said.get("event_id", "")), False)
        raise Err(failure(answer.status, said))

    def probe(self, ctx):
        return f"messages go to the room {room()}"


def room() -> str:
    return json.loads(config.json())["room"]


def body(message: Message) -> http.Body:
    title = [message.title] if message.title else []
    text = "\n\n".join(title + ([message.body_markdown] if message.body_markdown else []))
    kind = "m.notice" if message.silent else "m.text"
    return http.Body_Bytes(json.dumps({"msgtype": kind, "body": text}).encode())


def ask(request: http.Request) -> http.Response:
    try:
        return http.fetch(request)
    except Err as error:
        raise Err(error.value.failure) from None


def failure(status: int, said: dict) -> Failure:
    """What the server said, and when to try again."""
    wait = said.get("retry_after_ms")
    wait = wait if isinstance(wait, int) and 0 <= wait < 1 << 40 else None
    retryable = status == 429 or status >= 500
    code = "rate-limited" if status == 429 else "unavailable" if retryable else "refused"
    return Failure(code, f"status {status}: {said.get('error', 'no reason given')}", retryable, wait)


def read(text: bytes) -> dict:
    """The object in what somebody else wrote. The parser would overflow the stack where brackets stand too deep."""
    if text.count(b"[") + text.count(b"{") > MOST_BRACKETS:
        return {}
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
