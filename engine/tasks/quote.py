"""What a draft would send and cost: each recipient's text, SMS, price; by country. Touches no database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import polars as pl

from engine import content, numbers, parts
from engine.errors import InputError
from engine.model import RowReason, to_us
from engine.recipients import FIELD_PREFIX, RecipientFile
from engine.routes import Route

MOST_RECIPIENTS: Final = 5_000
NAME_LENGTH: Final = 100
CONTENT_LENGTH: Final = 10_000
"""Characters of a template before it is filled; what is sent is limited to MAX_PARTS parts."""
SAMPLES: Final = 3
CHECKED_AT_ONCE: Final = 500
OWN_TEXT: Final = "own_text"
"""A column of recipients who get a text of their own as it stands; no column of a file is called so."""


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
    """What a person composed. `scheduled_at` is aware; None sends now. `quick` applies the quick SMS limit."""

    route_id: int
    name: str
    content: str
    recipients: RecipientFile
    sender: str | None = None
    scheduled_at: datetime | None = None
    quick: bool = False
    file_name: str | None = None
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
class Preview:
    """A quote, valid until `expires_us`; `accept` bills exactly this.

    `messages` has a row a recipient: row_number, msisdn (digits), country, content (null: the draft's text),
    sms, parts, price_micro, held_micro. `blocked` has row, value, reason of rows the route does not reach.
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
        return self.draft.recipients.rejected.height + self.blocked.height

    def digest(self) -> str:
        """Names everything that is accepted; another recipient, text or price gives another digest."""
        draft = self.draft
        scheduled = to_us(draft.scheduled_at) if draft.scheduled_at else None
        head = [self.route.id, self.route.price_version, draft.name, draft.content, draft.sender, scheduled]
        head += [] if draft.origin is None else [draft.origin.task_id, draft.origin.which.value]
        digest = hashlib.sha256(json.dumps(head).encode())
        digest.update(self.messages.write_csv(include_header=False).encode())
        return digest.hexdigest()


def check_draft(draft: Draft, route: Route, *, most: int) -> Draft:
    """The draft with its fields trimmed; InputError says which field is wrong."""
    name = draft.name.strip()
    if not name or len(name) > NAME_LENGTH:
        raise InputError(
            "invalid", field="Task name", problem="missing or too long.", remedy=f"Use 1–{NAME_LENGTH} characters."
        )
    if not draft.content.strip():
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
    return Draft(
        route_id=draft.route_id, name=name, content=draft.content, recipients=draft.recipients, sender=sender,
        scheduled_at=draft.scheduled_at, quick=draft.quick, file_name=draft.file_name, origin=draft.origin,
    )  # fmt: skip


def _check_sender(sender: str, route: Route) -> None:
    if not route.supports_sender:
        raise InputError(
            "sender", value=sender, problem=f"the route “{route.name}” does not support one. Leave it empty."
        )
    problem = content.check_sender(sender, max_length=route.sender_max)
    if problem:
        raise InputError("sender", value=sender, problem=problem)


def price(draft: Draft, route: Route) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(messages, blocked) as in Preview; InputError for content that may not be sent."""
    frame = draft.recipients.frame
    reached = frame["country"].is_in(list(route.countries)) if route.countries is not None else None
    blocked = _blocked(frame.filter(~reached)) if reached is not None else _blocked(frame.clear())
    if reached is not None:
        frame = frame.filter(reached)
    if frame.is_empty():
        names = ", ".join(sorted({numbers.country_name(code) for code in draft.recipients.frame["country"]})[:5])
        raise InputError("country_closed", route=route.name, countries=names)
    counted = _texts(draft, route, frame)
    prices = pl.col("country").replace_strict(
        {country: route.price_micro(country) for country in frame["country"].unique()}, return_dtype=pl.Int64
    )
    messages = (
        frame.select(
            pl.col("row").cast(pl.Int32).alias("row_number"),
            pl.col("msisdn").str.slice(1).cast(pl.Int64),
            pl.col("country"),
        )
        .with_columns(**counted)
        .with_columns(prices.alias("price_micro"))
        .with_columns((pl.col("sms").cast(pl.Int64) * pl.col("price_micro")).alias("held_micro"))
    )
    return messages, blocked


def _texts(draft: Draft, route: Route, frame: pl.DataFrame) -> dict[str, Any]:
    """Columns content, sms and parts; one text for all unless the content has placeholders."""
    names = content.placeholders(draft.content)
    if not names:
        _refuse(content.check(draft.content, route.rules), where="")
        count = parts.count(draft.content, route.count_rule)
        _check_length(count, where="")
        return {
            "content": pl.lit(None, dtype=pl.String),
            "sms": pl.lit(count.sms, dtype=pl.Int16),
            "parts": pl.lit(count.parts, dtype=pl.Int16),
        }
    texts = frame[OWN_TEXT].to_list() if OWN_TEXT in frame.columns else _fill(draft, names, frame)
    _check_texts(texts, route, frame["row"].to_list())
    counts = parts.count_many(texts, route.count_rule)
    for row, count in zip(frame["row"], counts, strict=True):
        _check_length(count, where=f"row {row}: ")
    return {
        "content": pl.Series(texts, dtype=pl.String),
        "sms": pl.Series([count.sms for count in counts], dtype=pl.Int16),
        "parts": pl.Series([count.parts for count in counts], dtype=pl.Int16),
    }


def _check_texts(texts: Sequence[str], route: Route, rows: Sequence[int]) -> None:
    """Refuses the first text that breaks a rule; in slices, so that a bad file is not checked to its end."""
    for at in range(0, len(texts), CHECKED_AT_ONCE):
        verdicts = content.check_many(texts[at : at + CHECKED_AT_ONCE], route.rules, suggestions=False)
        for row, verdict in zip(rows[at:], verdicts, strict=False):
            _refuse(verdict, where=f"row {row}: ")


def _fill(draft: Draft, names: Sequence[str], frame: pl.DataFrame) -> list[str]:
    by_key = {content.placeholder_key(name): name for name in draft.recipients.columns}
    columns: dict[str, list[str]] = {}
    for name in names:
        column = by_key.get(content.placeholder_key(name))
        if column is None:
            have = ", ".join(draft.recipients.columns) or "none besides the number"
            raise InputError("placeholder", name=name, columns=have)
        columns[name] = frame[FIELD_PREFIX + column].to_list()
    return content.fill_many(draft.content, columns, frame.height)


def _refuse(verdict: content.Verdict, *, where: str) -> None:
    if not verdict.ok:
        raise InputError("content", detail=where + verdict.detail)


def _check_length(count: parts.Count, *, where: str) -> None:
    if count.sms == 0:
        raise InputError("content", detail=f"{where}it is empty. Fill the column or write something around it.")
    if count.parts > parts.MAX_PARTS:
        detail = f"{where}it is {count.parts} SMS long; the most is {parts.MAX_PARTS}. Shorten it."
        raise InputError("content", detail=detail)


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
