"""What can stand after the # of an HTTP gateway address: every parameter, what it means and how it is written.

The part of an address after # is never sent. `PARAMETERS` is the reference for help pages, `FREE` what may be repeated
under names of one's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """How a value is written."""

    TEXT = "text"
    SECRET = "secret"  # noqa: S105 - a kind, not one
    CHOICE = "choice"
    FLAG = "flag"
    NUMBER = "number"
    PATH = "path"
    """One place in what is sent, `content.text`; empty: not sent."""
    PATHS = "paths"
    """Places in what comes back, the first that holds something counts: `code,error.code`."""
    TEST = "test"
    """A place and the words that mean yes there: `status:0,accepted`."""
    CODES = "codes"
    """Provider's codes and what they mean: `21610:opted_out,20429:throttled`; added to those of the preset."""
    STATES = "states"
    """Provider's words for states: `delivered:delivered,lost:failed/undeliverable`; added to those of the preset."""
    STATUSES = "statuses"
    """HTTP statuses: `429,503`."""


@dataclass(frozen=True, slots=True)
class Parameter:
    group: str
    kind: Kind
    sentence: str
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 0


def _text(group: str, sentence: str) -> Parameter:
    return Parameter(group, Kind.TEXT, sentence)


def _secret(group: str, sentence: str) -> Parameter:
    return Parameter(group, Kind.SECRET, sentence)


def _choice(group: str, sentence: str, *choices: str) -> Parameter:
    return Parameter(group, Kind.CHOICE, sentence, choices=choices)


def _flag(group: str, sentence: str) -> Parameter:
    return Parameter(group, Kind.FLAG, sentence)


def _number(group: str, sentence: str, least: int, most: int) -> Parameter:
    return Parameter(group, Kind.NUMBER, sentence, least=least, most=most)


def _path(group: str, sentence: str) -> Parameter:
    return Parameter(group, Kind.PATH, sentence)


def _paths(group: str, sentence: str) -> Parameter:
    return Parameter(group, Kind.PATHS, sentence)


LOGIN: Final = "Login"
REQUEST: Final = "Request"
ANSWER: Final = "Answer"
PACE: Final = "Pace and safety"
RECEIPTS: Final = "Receipts"
INBOUND: Final = "Messages from phones"
ASKING: Final = "Asking for receipts"

MOST_BATCH: Final = 1_000
MOST_CONNECTIONS: Final = 64
MOST_RPS: Final = 10_000
MOST_WAIT_S: Final = 120
MOST_CONNECT_S: Final = 30

PARAMETERS: Final[dict[str, Parameter]] = {
    "preset": _choice(
        LOGIN,
        "Whose interface it is: sets everything below, and each can be given to differ.",
        "generic", "twilio", "vonage", "infobip",
    ),
    "auth": _choice(
        LOGIN,
        "How to log in: basic and fields take user:password before the host, token takes token. "
        "Without it: token when there is one, else basic when there is a user, else none.",
        "none", "basic", "token", "fields",
    ),
    "token": _secret(LOGIN, "The key or token, sent as header Authorization: scheme token."),
    "scheme": _text(LOGIN, "The word before the token. Usually Bearer."),
    "user_field": _path(LOGIN, "With auth=fields: where the user goes in what is sent."),
    "password_field": _path(LOGIN, "With auth=fields: where the password goes in what is sent."),
    "plain": _flag(LOGIN, "1: send the login and messages over http without encryption to a host on the internet."),
    "method": _choice(REQUEST, "HTTP method.", "POST", "PUT", "GET"),
    "body": _choice(REQUEST, "How fields are sent; query puts them into the address.", "json", "form", "query"),
    "to": _path(REQUEST, "Field of the recipient's number."),
    "from": _path(REQUEST, "Field of the sender ID."),
    "text": _path(REQUEST, "Field of the text."),
    "ref": _path(REQUEST, "Field of our own reference of the message."),
    "callback": _path(REQUEST, "Field of the address receipts are to be posted to."),
    "webhook": _secret(
        REQUEST, "Address for receipts, when it is not the one that this server gives the route by itself."
    ),
    "unicode": _text(REQUEST, "A field and its value for texts outside the GSM alphabet, such as type:unicode."),
    "plus": _flag(REQUEST, "1: numbers begin with a plus; 0: digits only."),
    "sender": _text(REQUEST, "Sender ID of messages that have none."),
    "list": _path(REQUEST, "Field of the list of messages, when a request holds a list of them."),
    "batch": _number(REQUEST, "Most messages (or recipients) in one request.", 1, MOST_BATCH),
    "batch_by": _choice(
        REQUEST, "What a request holds several of: messages in a list, or recipients of one text.",
        "messages", "recipients",
    ),
    "ok": Parameter(ANSWER, Kind.TEST, "Where the answer says yes, and the words for it: status:0,queued."),
    "id": _paths(ANSWER, "Where the provider's message id is. Empty: receipts name our own reference."),
    "answers": _paths(ANSWER, "Where the list of answers is, one for each message (or part)."),
    "parts": _flag(ANSWER, "1: the list of answers has one for each part of a single message."),
    "answer_to": _paths(ANSWER, "Where an answer repeats the number. Empty: answers are in the order of the request."),
    "code": _paths(ANSWER, "Where the error code is."),
    "error": _paths(ANSWER, "Where the error text is."),
    "codes": Parameter(
        ANSWER, Kind.CODES,
        "What error codes mean: a reason such as invalid_number, or sender_refused (stops the task), sender_here "
        "(not for this number), throttled, credit, login, setup, duplicate, unknown.",
    ),
    "connections": _number(PACE, "Requests at the same time.", 1, MOST_CONNECTIONS),
    "rps": _number(PACE, "Most requests in a second; 0: no limit.", 0, MOST_RPS),
    "timeout_s": _number(PACE, "Longest wait for an answer, in seconds.", 1, MOST_WAIT_S),
    "connect_s": _number(PACE, "Longest wait for a connection, in seconds.", 1, MOST_CONNECT_S),
    "unsent": Parameter(PACE, Kind.STATUSES, "HTTP statuses that mean: not taken, send it again later."),
    "idempotency": _text(
        PACE, "Header by which the provider knows a repeated request. With it, a request whose answer was lost is "
        "repeated; without it, never.",
    ),
    "retry": _flag(
        PACE, "1: the provider refuses a second message with the same reference (ref), so that a request whose answer "
        "was lost may be repeated.",
    ),
    "dlr_list": _paths(RECEIPTS, "Where the list of receipts is. Empty: the body is one, or is a list."),
    "dlr_id": _paths(RECEIPTS, "Where a receipt names the message."),
    "dlr_status": _paths(RECEIPTS, "Where the state is."),
    "states": Parameter(
        RECEIPTS, Kind.STATES,
        "What the provider's words mean: delivered, failed, expired or enroute; a reason may follow after /.",
    ),
    "dlr_code": _paths(RECEIPTS, "Where the error code is."),
    "dlr_error": _paths(RECEIPTS, "Where the error text is."),
    "dlr_codes": Parameter(RECEIPTS, Kind.CODES, "Which reasons error codes of receipts mean."),
    "dlr_to": _paths(RECEIPTS, "Where the recipient's number is."),
    "dlr_at": _paths(RECEIPTS, "Where the time is (ISO 8601, seconds since 1970, or yymmddhhmm)."),
    "reply": _choice(RECEIPTS, "HTTP status that tells the provider: taken.", "200", "204"),
    "signature": _choice(
        RECEIPTS, "How the provider signs what it posts; checked when sign_secret is given.",
        "none", "twilio", "vonage", "hmac",
    ),
    "sign_secret": _secret(RECEIPTS, "The secret that posts are signed with."),
    "sign_header": _text(RECEIPTS, "With signature=hmac: the header that holds the signature."),
    "sign_method": _choice(RECEIPTS, "Hash of the signature.", "md5hash", "md5", "sha1", "sha256", "sha512"),
    "mo_when": Parameter(INBOUND, Kind.TEST, "What marks a message from a phone. Without it: it has no state."),
    "mo_list": _paths(INBOUND, "Where the list of messages is. Empty: as for receipts."),
    "mo_from": _paths(INBOUND, "Where the phone's number is."),
    "mo_to": _paths(INBOUND, "Where the number or name it was sent to is."),
    "mo_text": _paths(INBOUND, "Where the text is."),
    "mo_id": _paths(INBOUND, "Where the provider's id of it is."),
    "mo_at": _paths(INBOUND, "Where the time is."),
    "poll": _text(
        ASKING, "Address, relative to the gateway address, that tells the state of a message; {id} stands for its id. "
        "Asked after a restart for what still has no receipt.",
    ),
    "poll_rps": _number(ASKING, "Most questions in a second.", 1, 1_000),
    "poll_list": _paths(ASKING, "Where the list of states is. Empty: as for receipts."),
    "poll_id": _paths(ASKING, "As dlr_id, in the answer to a question. Empty: as for receipts."),
    "poll_status": _paths(ASKING, "As dlr_status. Empty: as for receipts."),
    "poll_code": _paths(ASKING, "As dlr_code. Empty: as for receipts."),
    "poll_error": _paths(ASKING, "As dlr_error. Empty: as for receipts."),
    "poll_to": _paths(ASKING, "As dlr_to. Empty: as for receipts."),
    "poll_at": _paths(ASKING, "As dlr_at. Empty: as for receipts."),
}  # fmt: skip

FREE: Final[dict[str, str]] = {
    "field.": "A field with every message: field.class=1.",
    "json.": "A field whose value is written as JSON: json.flash=true, json.ttl=3600.",
    "top.": "A field once per request, beside the list of messages: top.bulk=news.",
    "header.": "A header with every request: header.X-Api-Key=…; its value is hidden.",
}
"""Beginnings of parameters whose names go on: what stands there is sent as it is."""
