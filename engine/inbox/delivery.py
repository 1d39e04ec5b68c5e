"""Messages from phones into the inbox, in the caller's transaction: STOP and START obeyed, people told once a burst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import polars as pl

from engine.accounts import record_audit
from engine.contacts import Source
from engine.contacts.opt_outs import cancel_waiting, record
from engine.inbox.arrivals import Letter, Whose
from engine.inbox.reading import Kind
from engine.model import Actor
from engine.notices import NoticeKind, tell_account, tell_operators
from engine.store import Reader, Rows, Tx, one_column

PAGE: Final = "inbox"
"""Where notices lead."""
QUOTED: Final = 60
"""Characters of a text in the note of an opt-out and in the audit log."""
_SCHEMA: Final[dict[str, Any]] = {
    "id": pl.Int64,
    "route_id": pl.Int64,
    "key": pl.String,
    "account_id": pl.Int64,
    "phone": pl.String,
    "msisdn": pl.Int64,
    "recipient": pl.String,
    "content": pl.String,
    "kind": pl.String,
    "unread": pl.Boolean,
    "task_id": pl.Int64,
    "message_id": pl.Int64,
    "sent_us": pl.Int64,
    "received_us": pl.Int64,
}


class Wish(NamedTuple):
    """What somebody asked these accounts for, and in which words."""

    kind: str
    msisdn: int | None
    accounts: tuple[int, ...]
    words: str


def unknown(reader: Reader, route_id: int, arrived: Sequence[Letter]) -> list[Letter]:
    """Those that are not kept yet."""
    known = set(one_column(reader.all("inbox.known", route_id, [letter.key for letter in arrived]), "key"))
    return [letter for letter in arrived if letter.key not in known]


def deliver(tx: Tx, route_id: int, arrived: Sequence[Letter], owners: Mapping[str, Whose], *, now_us: int) -> None:
    """Keeps what is new of it; `owners` has each by its key."""
    fresh = unknown(tx, route_id, arrived)
    if not fresh:
        return
    wishes = [Wish(one.kind, one.msisdn, owners[one.key].accounts, one.content) for one in fresh]
    done = obey(tx, wishes, now_us=now_us)
    first = tx.reserve("inbound", len(fresh))
    rows: Rows = [
        {
            "id": first + place,
            "route_id": route_id,
            "key": letter.key,
            "account_id": owners[letter.key].account_id,
            "phone": letter.phone,
            "msisdn": letter.msisdn,
            "recipient": letter.recipient,
            "content": letter.content,
            "kind": letter.kind.value,
            "unread": not settled,
            "task_id": owners[letter.key].task_id,
            "message_id": owners[letter.key].message_id,
            "sent_us": letter.sent_us,
            "received_us": now_us,
        }
        for place, (letter, settled) in enumerate(zip(fresh, done, strict=True))
    ]
    tell(tx, [(row["account_id"], row["phone"]) for row in rows if row["unread"]], now_us=now_us)
    tx.bulk("inbox.insert", pl.DataFrame(rows, schema=_SCHEMA))


def obey(tx: Tx, wishes: Sequence[Wish], *, now_us: int) -> list[bool]:
    """Opts out who asks to stop and takes back a STOP of who asks to start, in order; whether each was settled so.

    START touches no other opt-out: who was opted out by a person, or in writing, is taken back by a person.
    """
    done: list[bool] = []
    stopped: set[tuple[int, int]] = set()
    for wish in wishes:
        if wish.msisdn is None or wish.kind not in {Kind.STOP, Kind.START}:
            done.append(False)
        elif wish.kind == Kind.STOP:
            for account_id in wish.accounts:
                _stop(tx, account_id, wish.msisdn, wish.words, now_us)
            stopped.update((account_id, wish.msisdn) for account_id in wish.accounts)
            done.append(bool(wish.accounts))
        else:
            back = [_start(tx, account_id, wish.msisdn, wish.words, now_us) for account_id in wish.accounts]
            stopped.difference_update((account_id, wish.msisdn) for account_id in wish.accounts)
            done.append(any(back))
    cancel_waiting(tx, stopped, now_us=now_us)
    return done


def _stop(tx: Tx, account_id: int, msisdn: int, words: str, now_us: int) -> None:
    if record(tx, account_id, msisdn, Source.STOP, note=quoted(words), now_us=now_us):
        audit(tx, None, "opt_out_added", account_id, msisdn, f"Answered {quoted(words)}", now_us)


def _start(tx: Tx, account_id: int, msisdn: int, words: str, now_us: int) -> bool:
    found = tx.one("inbox.opt_out", account_id, msisdn)
    if found is None or found["source"] != Source.STOP:
        return False
    tx.run("opt_outs.remove", account_id, msisdn)
    detail = f"Answered {quoted(words)} (had answered {found['note']})"
    audit(tx, None, "opt_out_removed", account_id, msisdn, detail, now_us)
    return True


def tell(tx: Tx, came: Sequence[tuple[int | None, str]], *, now_us: int) -> None:
    """Before (account, phone) are kept as unread: tells each account that had none (None: the operator), so that a
    burst of them is one notice."""
    if not came:
        return
    counts = Counter(account_id for account_id, _ in came)
    phones = dict(came)
    accounts = [account_id for account_id in counts if account_id is not None]
    behind = set(one_column(tx.all("inbox.behind", accounts), "account_id"))
    for account_id, count in counts.items():
        if account_id in behind:
            continue
        what = f"A message from {phones[account_id]}" if count == 1 else f"{count:,} messages from phones"
        if account_id is None:
            sentence = f"{what} arrived that nobody here had written to: see the inbox."
            tell_operators(tx, NoticeKind.INBOX, sentence, link=PAGE, now_us=now_us)
        else:
            sentence = f"{what} arrived in your inbox."
            tell_account(tx, account_id, NoticeKind.INBOX, sentence, link=PAGE, now_us=now_us)


def audit(tx: Tx, actor: Actor | None, action: str, account_id: int, msisdn: int, detail: str, now_us: int) -> None:
    subject = f"number {msisdn}"
    record_audit(tx, actor=actor, action=action, subject=subject, detail=detail, now_us=now_us, account_id=account_id)


def quoted(words: str) -> str:
    """The beginning of a text, in one line."""
    line = " ".join(words.split())
    return f"“{line}”" if len(line) <= QUOTED else f"“{line[: QUOTED - 1]}…”"
