"""The inbox of an account, and of the operator for what is nobody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final

import polars as pl

from engine.access import allows
from engine.accounts import confirm, record_audit
from engine.accounts.limits import limits_of
from engine.contacts import ListPage, Source
from engine.contacts.exports import file_of
from engine.contacts.opt_outs import cancel_waiting, record
from engine.contacts.paging import PAGE_ROWS, bounded_limit, search_terms
from engine.errors import AccessError, InputError
from engine.gateways import Inbound, InboundSink
from engine.inbox.arrivals import NOBODYS, Letter, Whose, by_number, letters, whose
from engine.inbox.delivery import Wish, audit, deliver, obey, quoted, tell, unknown
from engine.inbox.reading import Kind
from engine.model import DAY_US, EVERY_ROLE, OPERATOR_ROLES, SENDING_ROLES, Actor, Clock, to_datetime
from engine.store import Reader, Remembered, Row, Rows, Store, one_column

ANSWER_DAYS: Final = 30
"""How long after a message something from its recipient is taken for an answer to it."""
KEPT_DAYS: Final = 400
KEPT_MOST: Final = 100_000
"""Messages kept of an account, the newest; a chore drops the others once a day."""
LOOKUP_MOST: Final = 1_000
"""Numbers looked for at once among the messages that were sent."""
CONVERSATION_ROWS: Final = 50
NEWEST: Final = 2**62
SIMULATOR: Final = "sim"
"""The scheme of routes without phones."""

KIND_WORDS: Final[dict[Kind, str]] = {
    Kind.MESSAGE: "Message",
    Kind.STOP: "Asked to stop",
    Kind.MAY_STOP: "May ask to stop",
    Kind.START: "Asked to start",
    Kind.HELP: "Asked for help",
}


class Show(StrEnum):
    """Which messages."""

    ALL = "all"
    UNREAD = "unread"
    STOP = "stop"
    MAY_STOP = "may_stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxFilter:
    """`show` is a word of `Show`; `search` is part of a number or of a text."""

    show: str = Show.ALL.value
    search: str = ""

    def parameters(self) -> tuple[str, str, str]:
        if self.show not in set(Show):
            remedy = f"Choose one of {', '.join(Show)}."
            raise InputError("invalid", field="Messages", problem="there is no such choice.", remedy=remedy)
        text = self.search.encode("utf-8", "ignore").decode("utf-8").replace("\x00", "")
        return (self.show, *search_terms(text))


EVERYTHING: Final = InboxFilter()


@dataclass(frozen=True, slots=True)
class Conversation:
    """`row` as in the page. `lines`, oldest first: `ours`, `at_us`, `content`, `id`; of ours also state, sender,
    task_id, task_name; of theirs kind, recipient, route_name, unread. `more`: older ones are left out. `opt_out`
    (source, note, created_us) when the number has opted out of the account's messages."""

    row: Row
    lines: Rows
    more: bool
    opt_out: Row | None


class Inbox:
    """Customers see what answers their account's messages, operators what is nobody's. Every call that names a message
    raises AccessError("not_found") for one that is not in the actor's inbox."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._unread = Remembered[int | None, int](store, "inbox")

    def sink_for(self, route_id: int) -> InboundSink:
        """What a gateway of this route hands messages from phones to, from any thread: durable when it returns, all or
        none of a call. The same message (route and key) again changes nothing."""
        return partial(self._take, route_id)

    def _take(self, route_id: int, arrived: Sequence[Inbound]) -> None:
        now_us = self._clock.now_us()
        fresh = unknown(self._store, route_id, letters(arrived, now_us=now_us))
        if not fresh:
            return
        # Before the transaction: nobody waits for it, and what a phone answers was committed before it was sent.
        owners = self._owners(route_id, fresh, now_us)
        with self._store.transaction() as tx:
            deliver(tx, route_id, fresh, owners, now_us=now_us)

    def _owners(self, route_id: int, fresh: Sequence[Letter], now_us: int) -> dict[str, Whose]:
        """Whose each is, by its key."""
        since_us = now_us - ANSWER_DAYS * DAY_US
        span = self._store.one("inbox.span", since_us)
        numbers = sorted({letter.msisdn for letter in fresh if letter.msisdn is not None})
        if span is None or span["low"] is None or not numbers:
            return {letter.key: NOBODYS for letter in fresh}
        sent = by_number(
            row
            for first in range(0, len(numbers), LOOKUP_MOST)
            for row in self._store.all(
                "inbox.sent_to", numbers[first : first + LOOKUP_MOST], route_id, since_us, span["low"], span["high"]
            )
        )
        return {letter.key: whose(letter.recipient, sent.get(letter.msisdn or 0, [])) for letter in fresh}

    @allows(EVERY_ROLE)
    def page(
        self, actor: Actor, wanted: InboxFilter = EVERYTHING, *, after: int | None = None, limit: int = PAGE_ROWS
    ) -> ListPage:
        """Newest first; `after` is the `next_after` of the page before.

        Rows: id, phone ("+61…", or a name), msisdn (digits or None), recipient (the address it was sent to), content,
        kind (a `Kind`), unread, opted_out (how, or None), task_id and task_name (what it answers), message_id,
        route_id, route_name, sent_us (the operator's time), received_us. InputError for a filter there is not.
        """
        limit = bounded_limit(limit)
        below = NEWEST if after is None else min(max(after, 0), NEWEST)
        rows = self._store.all("inbox.page", _scope(actor), below, *wanted.parameters(), limit + 1)
        return ListPage(rows[:limit], rows[limit - 1]["id"] if len(rows) > limit else None)

    @allows(EVERY_ROLE)
    def unread(self, actor: Actor) -> int:
        """How many nobody has read; cheap enough for every page."""
        scope = _scope(actor)

        def read() -> int:
            row = self._store.one("inbox.unread", scope)
            return 0 if row is None else row["unread"]

        return self._unread.get(scope, read)

    @allows(EVERY_ROLE)
    def conversation(self, actor: Actor, inbound_id: int) -> Conversation:
        """Everything between the account and the phone that sent this, the newest 50."""
        row = _own(self._store, actor, inbound_id)
        theirs = self._store.all("inbox.of_phone", _scope(actor), row["phone"], CONVERSATION_ROWS + 1)
        lines = [line | {"ours": False, "at_us": line["received_us"]} for line in theirs]
        opt_out = None
        if row["msisdn"] is not None and not actor.is_operator:
            number = (actor.account_id, row["msisdn"])
            sent = self._store.all("inbox.sent_by_account", *number, CONVERSATION_ROWS + 1)
            lines += [line | {"ours": True} for line in sent]
            opt_out = self._store.one("inbox.opt_out", *number)
        lines.sort(key=lambda line: (line["at_us"], not line["ours"], line["id"]))
        more = len(lines) > CONVERSATION_ROWS
        return Conversation(row, lines[-CONVERSATION_ROWS:], more, opt_out)

    @allows(SENDING_ROLES | OPERATOR_ROLES)
    def mark_read(self, actor: Actor, inbound_id: int) -> None:
        """All that came from the same phone has been read."""
        with self._store.transaction() as tx:
            confirm(tx, actor)
            row = _own(tx, actor, inbound_id)
            tx.run("inbox.read_phone", _scope(actor), row["phone"])

    @allows(SENDING_ROLES | OPERATOR_ROLES)
    def mark_unread(self, actor: Actor, inbound_id: int) -> None:
        with self._store.transaction() as tx:
            confirm(tx, actor)
            _own(tx, actor, inbound_id)
            tx.run("inbox.unread_again", inbound_id, _scope(actor))

    @allows(SENDING_ROLES | OPERATOR_ROLES)
    def mark_all_read(self, actor: Actor, through_id: int) -> None:
        """Everything up to this id has been read; what came since is not."""
        with self._store.transaction() as tx:
            confirm(tx, actor)
            tx.run("inbox.read_all", _scope(actor), min(max(through_id, 0), NEWEST))

    @allows(SENDING_ROLES)
    def opt_out(self, actor: Actor, inbound_id: int) -> int:
        """Opts out whoever sent this, and cancels what waits for them in tasks that are being sent; returns the digits.

        Again changes nothing. InputError when it did not come from a number.
        """
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            row = _own(tx, actor, inbound_id)
            msisdn, note = row["msisdn"], f"Wrote {quoted(row['content'])}"
            if msisdn is None:
                remedy = "Nobody can send to it, so there is nothing to do."
                raise InputError("invalid", field="Number", problem="this came from a name.", remedy=remedy)
            account_id, member_id = actor.account_id, actor.user_id
            if record(tx, account_id, msisdn, Source.MESSAGE, note=note, member_id=member_id, now_us=now_us):
                audit(tx, actor, "opt_out_added", account_id, msisdn, note, now_us)
            cancel_waiting(tx, {(account_id, msisdn)}, now_us=now_us)
        return msisdn

    @allows(OPERATOR_ROLES)
    def assign(self, actor: Actor, inbound_id: int, account_id: int) -> int:
        """Gives a customer account what is nobody's: this and all else that the same phone sent to the same address.

        A STOP among it opts the number out of the account's messages. Returns how many messages.
        """
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            confirm(tx, actor)
            row, account = _own(tx, actor, inbound_id), tx.one("inbox.customer", account_id)
            if account is None:
                raise AccessError("not_found", what="customer account")
            given = tx.all("inbox.unclaimed", row["phone"], row["recipient"])
            done = obey(
                tx, [Wish(one["kind"], one["msisdn"], (account_id,), one["content"]) for one in given], now_us=now_us
            )
            unread = [not settled for settled in done]
            tell(tx, [(account_id, row["phone"]) for new in unread if new], now_us=now_us)
            tx.bulk("inbox.assign", pl.DataFrame({"id": one_column(given, "id"), "unread": unread}), account_id)
            record_audit(
                tx,
                actor=actor,
                action="answers_assigned",
                subject=f"account {account_id}",
                detail=f"{len(given):,} from {row['phone']} to {row['recipient'] or 'an empty address'}",
                now_us=now_us,
                account_id=account_id,
            )
        return len(given)

    @allows(EVERY_ROLE)
    def receiving(self, actor: Actor) -> list[str]:
        """Names of the routes, among those the actor can use, that can bring answers: all but simulators."""
        mine = limits_of(self._store, actor.account_id)
        return [
            row["name"]
            for row in self._store.all("inbox.open_routes")
            if mine.allows_route(row["id"]) and row["gateway"].partition(":")[0].strip().lower() != SIMULATOR
        ]

    @allows(EVERY_ROLE)
    def export(self, actor: Actor, wanted: InboxFilter = EVERYTHING, fmt: str = "csv") -> bytes:
        """What the filter finds as CSV or XLSX, newest first: received (UTC), from, to, route, kind, text, task, opted
        out. InputError for another format, or for more than 50,000 rows in XLSX."""
        found = self._store.all("inbox.page", _scope(actor), NEWEST, *wanted.parameters(), KEPT_MOST)
        rows = [
            (
                f"{to_datetime(row['received_us']):%Y-%m-%dT%H:%M:%SZ}",
                row["phone"] if row["msisdn"] is None else str(row["msisdn"]),
                row["recipient"],
                row["route_name"] or "",
                KIND_WORDS[Kind(row["kind"])],
                row["content"],
                row["task_name"] or "",
                "yes" if row["opted_out"] else "no",
            )
            for row in found
        ]
        return file_of(("received", "from", "to", "route", "kind", "text", "answers_task", "opted_out"), rows, fmt)

    def drop_old(self) -> None:
        """A chore of the scheduler: what is older than KEPT_DAYS, and more than KEPT_MOST of an account, is gone."""
        with self._store.transaction() as tx:
            tx.run("inbox.drop_old", self._clock.now_us() - KEPT_DAYS * DAY_US)
            tx.run("inbox.drop_most", KEPT_MOST)


def _scope(actor: Actor) -> int | None:
    """Whose inbox the actor sees; None is what is nobody's."""
    return None if actor.is_operator else actor.account_id


def _own(reader: Reader, actor: Actor, inbound_id: int) -> Row:
    row = reader.one("inbox.one", inbound_id, _scope(actor)) if 0 < inbound_id < NEWEST else None
    if row is None:
        raise AccessError("not_found", what="message")
    return row
