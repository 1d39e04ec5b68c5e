"""What a draft would send and cost: each recipient's text, SMS, price; by country. Touches no database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

import polars as pl

from engine import content, numbers
from engine.drafts import DraftPage
from engine.errors import InputError
from engine.model import RowReason, to_us
from engine.recipients import RecipientFile, is_blank
from engine.routes import Route
from engine.tasks.daytime import Group, Times
from engine.tasks.texts import NOTHING_REFUSED, OWN_TEXT, texts_of

MOST_RECIPIENTS: Final = 5_000
NAME_LENGTH: Final = 100
CONTENT_LENGTH: Final = 10_000
"""Characters of a template before it is filled; what is sent is limited to MAX_PARTS parts."""
SAMPLES: Final = 3


class Resend(StrEnum):
    """Which recipients of a task are sent to again."""

    FAILED = "failed"
    """Failed and expired: certainly not reached."""
    IN_DOUBT = "in_doubt"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Origin:
    """The task that a draft repeats in part."""

    task_id: int
    which: Resend


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person composed. `scheduled_at` is aware; None sends now. `quick` applies the quick SMS limit.

    `skip_refused` leaves out rows whose own text cannot be sent, `skip_empty` those in which a placeholder has no
    value. `times` splits the recipients by local time. `page` is whose kept draft ends with the acceptance.
    """

    route_id: int
    name: str
    content: str
    recipients: RecipientFile
    sender: str | None = None
    scheduled_at: datetime | None = None
    quick: bool = False
    file_name: str | None = None
    skip_refused: bool = False
    skip_empty: bool = False
    times: Times = Times.SAME
    page: DraftPage | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """The price of one country: `cost_micro` = `sms` × `price_micro`."""

    country: str
    country_name: str
    recipients: int
    sms: int
    price_micro: int
    cost_micro: int


@dataclass(frozen=True, slots=True)
class Piece:
    """One task of a submission: all of it, or the recipients of one group. `at_us` None is as soon as accepted."""

    name: str
    at_us: int | None
    messages: pl.DataFrame
    lines: tuple[QuoteLine, ...]
    rejected: int

    @property
    def cost_micro(self) -> int:
        return sum(line.cost_micro for line in self.lines)

    @property
    def sms(self) -> int:
        return sum(line.sms for line in self.lines)

    @property
    def parts(self) -> int:
        return int(self.messages["parts"].sum())


@dataclass(frozen=True, slots=True)
class Preview:
    """A quote, valid until `expires_us`; `accept` bills exactly this.

    `messages` has a row a recipient: row_number, msisdn (digits), country, content (null: the draft's text),
    sms, parts, price_micro, held_micro. `blocked` has row, value, reason of rows the route does not reach, `refused`
    (schema of `texts`) those whose own text is not sent; `gaps` are rows sent with a placeholder that has no value.
    `groups` split the messages by local time; () sends them all at the same time.
    """

    key: str
    draft: Draft
    route: Route
    messages: pl.DataFrame
    blocked: pl.DataFrame
    lines: tuple[QuoteLine, ...]
    samples: tuple[str, ...]
    available_micro: int
    expires_us: int
    terms_version: str
    refused: pl.DataFrame = field(default_factory=NOTHING_REFUSED.clone)
    gaps: int = 0
    groups: tuple[Group, ...] = ()

    @property
    def recipients(self) -> int:
        return self.messages.height

    @property
    def sms(self) -> int:
        return sum(line.sms for line in self.lines)

    @property
    def parts(self) -> int:
        return int(self.messages["parts"].sum())

    @property
    def cost_micro(self) -> int:
        return sum(line.cost_micro for line in self.lines)

    @property
    def affordable(self) -> bool:
        return self.cost_micro <= self.available_micro

    @property
    def rejected(self) -> int:
        return self.draft.recipients.rejected.height + self.blocked.height + self.refused.height

    def pieces(self) -> tuple[Piece, ...]:
        """The tasks that acceptance makes; their costs sum to the quote's, the rows not sent to count in the first."""
        planned_us = to_us(self.draft.scheduled_at) if self.draft.scheduled_at else None
        if not self.groups:
            return (Piece(self.draft.name, planned_us, self.messages, self.lines, self.rejected),)
        pieces: list[Piece] = []
        for number, group in enumerate(self.groups, 1):
            messages = self.messages[list(group.rows)]
            name = _part_name(self.draft.name, number, len(self.groups), group.label)
            rejected = self.rejected if number == 1 else 0
            pieces.append(Piece(name, group.at_us, messages, quote_lines(messages), rejected))
        assert sum(piece.cost_micro for piece in pieces) == self.cost_micro
        return tuple(pieces)

    def digest(self) -> str:
        """Names everything that is accepted; another recipient, text or price gives another digest."""
        draft = self.draft
        scheduled = to_us(draft.scheduled_at) if draft.scheduled_at else None
        head = [self.route.id, self.route.price_version, draft.name, draft.content, draft.sender, scheduled]
        head.append(self.terms_version)
        head += [] if draft.origin is None else [draft.origin.task_id, draft.origin.which.value]
        digest = hashlib.sha256(json.dumps(head).encode())
        for group in self.groups:
            digest.update(json.dumps([group.at_us, group.label, group.rows]).encode())
        digest.update(self.messages.write_csv(include_header=False).encode())
        return digest.hexdigest()


def check_draft(draft: Draft, route: Route, *, most: int) -> Draft:
    """The draft with its fields trimmed; InputError says which field is wrong."""
    name = draft.name.strip()
    if not name or len(name) > NAME_LENGTH:
        raise InputError(
            "invalid", field="Task name", problem="missing or too long.", remedy=f"Use 1–{NAME_LENGTH} characters."
        )
    if is_blank(draft.content):
        raise InputError("invalid", field="Content", problem="is empty.", remedy="Write the message.")
    if len(draft.content) > CONTENT_LENGTH:
        raise InputError(
            "invalid", field="Content", problem="is too long.", remedy=f"Use at most {CONTENT_LENGTH} characters."
        )
    count = draft.recipients.frame.height
    if count == 0:
        raise InputError("no_valid_recipients")
    if count > most:
        raise InputError("too_many_recipients", count=count, limit=most)
    sender = (draft.sender or "").strip() or None
    if sender is not None:
        _check_sender(sender, route)
    return replace(draft, name=name, sender=sender)


def _check_sender(sender: str, route: Route) -> None:
    if not route.supports_sender:
        raise InputError(
            "sender", value=sender, problem=f"the route “{route.name}” does not support one. Leave it empty."
        )
    problem = content.check_sender(sender, max_length=route.sender_max)
    if problem:
        raise InputError("sender", value=sender, problem=problem)


class Priced(NamedTuple):
    """`messages`, `blocked`, `refused` and `gaps` as in Preview."""

    messages: pl.DataFrame
    blocked: pl.DataFrame
    refused: pl.DataFrame
    gaps: int


def price(draft: Draft, route: Route) -> Priced:
    """Each recipient's text and price; InputError for content that may not be sent."""
    frame = draft.recipients.frame
    reached = frame["country"].is_in(list(route.countries)) if route.countries is not None else None
    blocked = _blocked(frame.filter(~reached)) if reached is not None else _blocked(frame.clear())
    if reached is not None:
        frame = frame.filter(reached)
    if frame.is_empty():
        names = ", ".join(sorted({numbers.country_name(code) for code in draft.recipients.frame["country"]})[:5])
        raise InputError("country_closed", route=route.name, countries=names)
    frame, refused, gaps = texts_of(
        draft.content,
        {} if OWN_TEXT in frame.columns else _columns_of(draft),
        frame,
        route,
        skip_refused=draft.skip_refused,
        skip_empty=draft.skip_empty,
    )
    prices = pl.col("country").replace_strict(
        {country: route.price_micro(country) for country in frame["country"].unique()}, return_dtype=pl.Int64
    )
    messages = (
        frame.select(
            pl.col("row").cast(pl.Int32).alias("row_number"),
            pl.col("msisdn").str.slice(1).cast(pl.Int64),
            *("country", "content", "sms", "parts"),
        )
        .with_columns(prices.alias("price_micro"))
        .with_columns((pl.col("sms").cast(pl.Int64) * pl.col("price_micro")).alias("held_micro"))
    )
    return Priced(messages, blocked, refused, gaps)


def _columns_of(draft: Draft) -> Mapping[str, str]:
    """Placeholder of the content → column of the file; InputError("placeholder") names the one without."""
    by_key = {content.placeholder_key(name): name for name in draft.recipients.columns}
    columns: dict[str, str] = {}
    for name in content.placeholders(draft.content):
        column = by_key.get(content.placeholder_key(name))
        if column is None:
            have = ", ".join(draft.recipients.columns) or "none besides the number"
            raise InputError("placeholder", name=name, columns=have)
        columns[name] = column
    return columns


def _part_name(name: str, number: int, total: int, label: str) -> str:
    """The name with which part it is; what is too long for both loses its end."""
    suffix = f" · {number}/{total} {label}"
    return name[: NAME_LENGTH - len(suffix)] + suffix


def _blocked(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        pl.col("row"), pl.col("msisdn").alias("value"), pl.lit(RowReason.BLOCKED_COUNTRY.value).alias("reason")
    )


def quote_lines(messages: pl.DataFrame) -> tuple[QuoteLine, ...]:
    """By country, the dearest first."""
    grouped = (
        messages.group_by("country", "price_micro")
        .agg(pl.len().alias("recipients"), pl.col("sms").cast(pl.Int64).sum(), pl.col("held_micro").sum())
        .sort("held_micro", "country", descending=[True, False])
    )
    return tuple(
        QuoteLine(
            country=row["country"],
            country_name=numbers.country_name(row["country"]),
            recipients=row["recipients"],
            sms=row["sms"],
            price_micro=row["price_micro"],
            cost_micro=row["held_micro"],
        )
        for row in grouped.iter_rows(named=True)
    )


def samples_of(draft: Draft, messages: pl.DataFrame) -> tuple[str, ...]:
    """The first texts as recipients will read them."""
    personal = [text for text in messages["content"].head(SAMPLES).to_list() if text is not None]
    return tuple(personal) or (draft.content,)
