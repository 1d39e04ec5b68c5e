"""Messages from phones: kept before the operator hears that they arrived, told whose they are, STOP obeyed.

dispatcher: gateway.open(receipts, inbox.sink_for(route_id))    durable when it returns, the same again changes nothing
inbox.page(actor, InboxFilter(show=Show.UNREAD))                newest first; operators see what is nobody's
inbox.conversation(actor, inbound_id)                           what we sent and what came back, in order
"""

from __future__ import annotations

from engine.inbox.reading import Kind
from engine.inbox.service import KEPT_DAYS, KEPT_MOST, Conversation, Inbox, InboxFilter, Show

__all__ = ["KEPT_DAYS", "KEPT_MOST", "Conversation", "Inbox", "InboxFilter", "Kind", "Show"]
