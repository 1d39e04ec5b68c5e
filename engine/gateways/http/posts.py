"""What a provider posts to our receipts address → receipts and messages from phones. Pure."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from engine.gateways.base import Inbound, Receipt
from engine.gateways.http.reading import is_inbound, items_of, posted_places, read_inbound, read_receipt
from engine.gateways.http.settings import Settings
from engine.gateways.http.signatures import Posted, is_signed


class ForgedError(ValueError):
    """The post is not signed, or not with the secret of the route."""


class News(NamedTuple):
    """`unread` counts what is neither a receipt nor a message that the settings can read."""

    receipts: list[Receipt]
    inbound: list[Inbound]
    unread: int


def read_post(settings: Settings, posted: Posted, *, now_us: int) -> News:
    """Everything in a post. Raises ForgedError, and ValueError when nothing of it can be read.

    A post without any content is the provider (or staff) trying the address: it brings no news and is no error.
    """
    said = _said(posted)
    news = News([], [], 0)
    if not said:
        return news
    if not is_signed(settings, posted, said):
        raise ForgedError("not signed by the provider")
    places, unread = posted_places(settings), 0
    for item in items_of(said, settings.dlr_list + settings.mo_list):
        found = (
            read_inbound(settings, item, now_us=now_us)
            if is_inbound(settings, item)
            else read_receipt(settings, places, item, now_us=now_us)
        )
        if isinstance(found, Inbound):
            news.inbound.append(found)
        elif found is not None:
            news.receipts.append(found)
        else:
            unread += 1
    if unread and not (news.receipts or news.inbound):
        raise ValueError("it holds no receipt and no message that the settings of the route can read")
    return news._replace(unread=unread)


def _said(posted: Posted) -> Any:
    """JSON as it is; a form or a query as names and values, the first of each name. Raises ValueError."""
    if posted.is_json:
        try:
            return json.loads(posted.body)
        except RecursionError:
            raise ValueError("nested too deeply") from None
    fields: dict[str, str] = {}
    for name, value in posted.pairs():
        fields.setdefault(name, value)
    return fields
