"""Contact lists of an account: import, search, export, and as recipients of a task."""

from __future__ import annotations

import json
from typing import Any, Final

import polars as pl

from engine.access import allows
from engine.accounts import confirm, record_audit
from engine.contacts import importing, opt_outs
from engine.contacts.exports import file_of
from engine.contacts.importing import ImportMode, ImportResult
from engine.contacts.limits import ALL_MOST, LIST_MOST, LISTS_MOST, NAME_LENGTH, SEARCH_LENGTH, TASK_MOST
from engine.contacts.paging import PAGE_ROWS, ListPage, bounded_limit, search_terms
from engine.errors import AccessError, InputError
from engine.model import SENDING_ROLES, Actor, Clock
from engine.recipients import RecipientFile
from engine.store import Reader, Row, Rows, Store, Tx

_NOTHING_REJECTED: Final[dict[str, Any]] = {"row": pl.Int32, "value": pl.String, "reason": pl.String}


class Contacts:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @allows(SENDING_ROLES)
    def lists(self, actor: Actor, search: str = "") -> Rows:
        """Every list (at most LISTS_MOST) whose name holds `search`, by name.

        Rows: id, name, contacts, columns (names usable as ((name))), created_us, changed_us, member_name (who changed
        it last).
        """
        rows = self._store.all("contacts.lists", actor.account_id, search.strip().lower()[:SEARCH_LENGTH])
        return [_with_columns(row) for row in rows]

    @allows(SENDING_ROLES)
    def get(self, actor: Actor, list_id: int) -> Row:
        """One list as `lists` shows it, and `opted_out`: how many of its contacts are not sent to."""
        row = _own(self._store, actor, list_id)
        counted = self._store.one("contacts.opted_out_of", list_id, actor.account_id)
        assert counted is not None
        return row | counted

    @allows(SENDING_ROLES)
    def create(self, actor: Actor, name: str) -> int:
        """A new, empty list; returns its id. InputError for a name that is missing or in use, or too many lists."""
        name = _checked_name(name)
        with self._store.transaction() as tx:
            confirm(tx, actor)
            if _refuse_taken(tx, actor, name, list_id=0) >= LISTS_MOST:
                raise InputError("too_many_kept", limit=LISTS_MOST, what="contact lists")
            list_id = tx.reserve("contact_list")
            tx.run("contacts.add_list", list_id, actor.account_id, name, actor.user_id, self._clock.now_us())
        return list_id

    @allows(SENDING_ROLES)
    def rename(self, actor: Actor, list_id: int, name: str) -> None:
        """Another name. AccessError("not_found"), InputError as for `create`."""
        name = _checked_name(name)
        with self._store.transaction() as tx:
            confirm(tx, actor)
            _own(tx, actor, list_id)
            _refuse_taken(tx, actor, name, list_id=list_id)
            tx.run("contacts.rename", list_id, actor.account_id, name, actor.user_id, self._clock.now_us())

    @allows(SENDING_ROLES)
    def delete(self, actor: Actor, list_id: int) -> int:
        """Removes a list with its contacts; returns how many those were. Tasks and opt-outs keep what they have."""
        with self._store.transaction() as tx:
            confirm(tx, actor)
            gone = tx.one("contacts.drop_list", list_id, actor.account_id)
            if gone is None:
                raise AccessError("not_found", what="contact list")
            tx.run("contacts.drop_contacts", list_id)
            record_audit(
                tx,
                actor=actor,
                action="contact_list_deleted",
                subject=f"contact list {list_id}",
                detail=f"{gone['name']}: {gone['contacts']} contacts",
                now_us=self._clock.now_us(),
            )
        return gone["contacts"]

    @allows(SENDING_ROLES)
    def import_file(
        self, actor: Actor, list_id: int, file: RecipientFile, *, mode: ImportMode = ImportMode.ADD
    ) -> ImportResult:
        """Brings the accepted rows of a file into a list. The list holds a number once, however often it is imported.

        InputError("list_full") when it would hold more than LIST_MOST, "too_many_kept" when all lists of the account
        would hold more than ALL_MOST; nothing is changed then.
        """
        with self._store.transaction() as tx:
            confirm(tx, actor)
            row = _own(tx, actor, list_id)
            result, columns = self._bring_in(tx, actor, row, file, mode)
            if result.contacts > LIST_MOST:
                raise InputError("list_full", limit=f"{LIST_MOST:,}", count=f"{result.contacts:,}")
            names = json.dumps(columns, ensure_ascii=False)
            tx.run("contacts.touch", list_id, names, result.contacts, actor.user_id, self._clock.now_us())
            all_lists = tx.one("contacts.count_all", actor.account_id)
            if result.added and all_lists is not None and all_lists["contacts"] > ALL_MOST:
                raise InputError("too_many_kept", limit=f"{ALL_MOST:,}", what="contacts")
        return result

    def _bring_in(
        self, tx: Tx, actor: Actor, row: Row, file: RecipientFile, mode: ImportMode
    ) -> tuple[ImportResult, tuple[str, ...]]:
        list_id, removed, kept = row["id"], 0, row["columns"]
        if mode is ImportMode.REPLACE:
            tx.run("contacts.drop_contacts", list_id)
            removed, kept = row["contacts"], ()
        columns = importing.merged_columns(kept, file.columns)
        given = importing.as_contacts(file, columns)
        known = tx.bulk("contacts.known", given.select("msisdn"), list_id) if row["contacts"] > removed else []
        if known and mode is ImportMode.UPDATE:
            tx.bulk("contacts.update_fields", importing.updated_fields(known, file, columns), list_id)
        there = pl.Series("msisdn", [contact["msisdn"] for contact in known], dtype=pl.Int64)
        fresh = given.join(there.to_frame(), on="msisdn", how="anti", maintain_order="left")
        if not fresh.is_empty():
            first = tx.reserve("contact", fresh.height)
            ids = pl.int_range(first, first + fresh.height, dtype=pl.Int64).alias("id")
            tx.bulk("contacts.insert", fresh.with_columns(ids), list_id, actor.account_id, self._clock.now_us())
        duplicates, rejected = importing.refused_rows(file)
        updated = len(known) if mode is ImportMode.UPDATE else 0
        result = ImportResult(
            added=fresh.height,
            updated=updated,
            known=len(known) - updated,
            removed=removed,
            duplicates=duplicates,
            rejected=rejected,
            cut=importing.cut_values(file),
            contacts=row["contacts"] - removed + fresh.height,
        )
        return result, columns

    @allows(SENDING_ROLES)
    def page(
        self, actor: Actor, list_id: int, *, search: str = "", after: int | None = None, limit: int = PAGE_ROWS
    ) -> ListPage:
        """Contacts in the order of the list, those whose number or values hold `search`.

        Rows: id, msisdn (digits), country, fields (column → value), opted_out, created_us.
        """
        columns = _own(self._store, actor, list_id)["columns"]
        limit = bounded_limit(limit)
        digits, words = search_terms(search)
        rows = self._store.all("contacts.page", list_id, actor.account_id, after or 0, digits, words, limit + 1)
        shown = [
            row | {"fields": dict(zip(columns, importing.decoded(row["fields"], len(columns)), strict=True))}
            for row in rows[:limit]
        ]
        return ListPage(shown, shown[-1]["id"] if len(rows) > limit else None)

    @allows(SENDING_ROLES)
    def remove(self, actor: Actor, contact_id: int) -> None:
        """Takes one contact off its list. AccessError("not_found")."""
        with self._store.transaction() as tx:
            confirm(tx, actor)
            gone = tx.one("contacts.remove", contact_id, actor.account_id)
            if gone is None:
                raise AccessError("not_found", what="contact")
            tx.run("contacts.count_down", gone["list_id"], actor.user_id, self._clock.now_us())

    @allows(SENDING_ROLES)
    def as_recipients(self, actor: Actor, list_id: int, *, first: int = 1) -> RecipientFile:
        """At most TASK_MOST contacts from position `first` on, as a file would give them: `row` is the position in the
        list, and whoever opted out is among the rejected. See `ranges` for lists that need several tasks."""
        row = _own(self._store, actor, list_id)
        first = max(first, 1)
        found = self._store.frame("contacts.slice", list_id, actor.account_id, TASK_MOST, first - 1)
        frame = found.select(
            pl.int_range(first, first + found.height, dtype=pl.Int32).alias("row"),
            pl.concat_str(pl.lit("+"), pl.col("msisdn").cast(pl.String)).alias("msisdn"),
            pl.col("country"),
            pl.col("kind"),
        ).with_columns(importing.field_columns(found["fields"], row["columns"]))
        notes: tuple[str, ...] = ()
        if row["contacts"] > TASK_MOST and found.height:
            part = f"Contacts {first:,} to {first + found.height - 1:,} of {row['contacts']:,}"
            notes = (f"{part}: one task sends to at most {TASK_MOST:,}. Send to the others with further tasks.",)
        file = RecipientFile(
            frame,
            pl.DataFrame(schema=_NOTHING_REJECTED),
            columns=row["columns"],
            phone_column=None,
            has_header=False,
            sheet=None,
            notes=notes,
        )
        return opt_outs.screened(self._store, actor.account_id, file)

    @allows(SENDING_ROLES)
    def export(self, actor: Actor, list_id: int, fmt: str = "csv") -> bytes:
        """Every contact as a CSV or XLSX that can be imported again: phone, country, then the list's columns."""
        row = _own(self._store, actor, list_id)
        columns = row["columns"]
        found = self._store.frame("contacts.slice", list_id, actor.account_id, LIST_MOST, 0)
        values = importing.decoded_all(found["fields"], len(columns))
        rows = [
            (str(msisdn), country, *texts)
            for msisdn, country, texts in zip(found["msisdn"], found["country"], values, strict=True)
        ]
        return file_of(("phone", "country", *columns), rows, fmt)


def _own(reader: Reader, actor: Actor, list_id: int) -> Row:
    row = reader.one("contacts.one", list_id, actor.account_id)
    if row is None:
        raise AccessError("not_found", what="contact list")
    return _with_columns(row)


def _with_columns(row: Row) -> Row:
    return row | {"columns": tuple(json.loads(row["columns"]))}


def _checked_name(name: str) -> str:
    trimmed = " ".join(name.split())
    if not trimmed or len(trimmed) > NAME_LENGTH:
        raise InputError(
            "invalid", field="List name", problem="missing or too long.", remedy=f"Use 1–{NAME_LENGTH} characters."
        )
    return trimmed


def _refuse_taken(tx: Tx, actor: Actor, name: str, *, list_id: int) -> int:
    """InputError when another list has that name; returns how many lists there are."""
    found = tx.one("contacts.count_lists", actor.account_id, name, list_id)
    assert found is not None
    if found["named"]:
        raise InputError(
            "invalid", field="List name", problem="another list has this name.", remedy="Choose another one."
        )
    return found["lists"]
