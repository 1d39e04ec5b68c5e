"""Receipts and messages from phones that HTTP providers post to us: whose they are, whether they are genuine, kept.

A route's address holds a secret that is made from the server's own; it is stored nowhere and shown to staff. A post is
answered only when what it says is durable; posts that arrive together are written together.
"""

from __future__ import annotations

import base64
import hmac
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from engine import routes
from engine.access import allows, anonymous
from engine.config import Config, secret_of
from engine.errors import AccessError
from engine.gateways import InboundSink, Receipt, ReceiptSink
from engine.gateways.http import ForgedError, Posted, Settings, parse_settings, read_post
from engine.model import OPERATOR_ROLES, Actor, Clock
from engine.store import Store

log = logging.getLogger(__name__)

RECEIPTS_PATH: Final = "/receipts"
SECRET_BYTES: Final = 24
MOST_ROUTE_DIGITS: Final = 18
"""Of an id; the database holds no larger ones."""
ROUTE_FRESH_S: Final = 5.0
"""How long a route's settings are used as they were read."""
MOST_ROUTES_KEPT: Final = 200
POSTS_A_SECOND: Final = 2_000
"""Of one route; above it the provider is asked to come back."""
TAKEN_AT_ONCE: Final = 20_000
"""Receipts written in one transaction, of posts that arrived together."""
RETRY_AFTER_S: Final = 1
COMPLAIN_EVERY_S: Final = 10.0
"""The same complaint about a route is logged so often at most: every post meets what is wrong until it is mended."""
BUSY_S: Final = 0.2
GATHER_S: Final = 0.02
"""While posts come several at a time (within BUSY_S), a transaction waits this long for more: it costs the same."""

NOT_FOUND: Final = 404
UNREADABLE: Final = 400
FORGED: Final = 403
TOO_MANY: Final = 429
NOT_KEPT: Final = 503


class Reply(NamedTuple):
    """What the provider is answered: an HTTP status, and when to come back where that is not at once."""

    status: int
    retry_after_s: int = 0


class RouteSink:
    """Where a route's gateway hands receipts; it also says where its provider can post them."""

    def __init__(self, put: ReceiptSink, receipts_url: str) -> None:
        self._put = put
        self.receipts_url = receipts_url

    def __call__(self, receipts: Sequence[Receipt], /) -> None:
        self._put(receipts)


class Hooks:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        config: Config,
        sink_for: Callable[[int], ReceiptSink],
        inbound_for: Callable[[int], InboundSink] | None = None,
    ) -> None:
        """`sink_for` and `inbound_for` give what keeps the receipts and messages of a route; without the latter
        messages from phones are not kept."""
        self._store = store
        self._clock = clock
        self._config = config
        self._sink_for = sink_for
        self._inbound_for = inbound_for
        self._key = b""
        self._lock = threading.Lock()
        self._doors: dict[int, _Door] = {}
        self._complained: dict[tuple[int, str], float] = {}

    @allows(OPERATOR_ROLES)
    def address(self, actor: Actor, route_id: int) -> str:  # noqa: ARG002 - checked by the mark
        """Where the route's provider posts to: the whole address with its secret. AccessError("not_found") for a route
        that is not there or has no HTTP provider."""
        if self._settings(route_id) is None:
            raise AccessError("not_found", what="receipts address")
        return self._address(route_id)

    @anonymous
    def is_known(self, route: str, secret: str) -> bool:
        """Whether the address of a post is one of ours; takes the same time for a wrong route and a wrong secret."""
        digits = route.isascii() and route.isdigit() and len(route) <= MOST_ROUTE_DIGITS
        right = self._secret(int(route) if digits else 0)
        return hmac.compare_digest(secret.encode("utf-8", "replace"), right.encode()) and digits

    @anonymous
    def take(self, route: str, secret: str, *, headers: Mapping[str, str], query: str, body: bytes) -> Reply:
        """A post, checked and kept. Returns when its news are durable, or says why they are not.

        `headers` have names in lower case, `query` is what stands after ?, as it was sent.
        """
        if not self.is_known(route, secret):
            return Reply(NOT_FOUND)
        route_id = int(route)
        try:
            door = self._door(route_id)
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with the store, the provider comes again
            self._complain(route_id, "its settings could not be read while its provider posted", fault=problem)
            return Reply(NOT_KEPT, RETRY_AFTER_S)
        if door is None:
            return Reply(NOT_FOUND)
        if not door.admits(time.monotonic()):
            return Reply(TOO_MANY, RETRY_AFTER_S)
        url = f"{door.address}?{query}" if query else door.address
        return self._take(door, route_id, Posted(url, headers, body))

    def sink_for(self, route_id: int) -> RouteSink:
        """Internal: for the gateway of a route."""
        return RouteSink(self._sink_for(route_id), self._address(route_id))

    def _take(self, door: _Door, route_id: int, posted: Posted) -> Reply:
        try:
            news = read_post(door.settings, posted, now_us=self._clock.now_us())
        except ForgedError:
            self._complain(route_id, "a post was refused, as it is not signed with the secret of the route")
            return Reply(FORGED)
        except ValueError as problem:
            self._complain(route_id, "a post of its provider cannot be read: %s", problem)
            return Reply(UNREADABLE)
        if news.unread:
            self._complain(route_id, "%s entries of a post cannot be read", news.unread)
        try:
            if news.receipts:
                door.receipts.put(news.receipts)
            if news.inbound and door.inbound:
                door.inbound(news.inbound)
        except Exception as problem:  # noqa: BLE001 - not durable, for whatever reason: the provider comes again
            self._complain(route_id, "a post could not be kept", fault=problem)
            return Reply(NOT_KEPT, RETRY_AFTER_S)
        if news.inbound and not door.inbound:
            self._complain(route_id, "%s messages from phones are not kept here", len(news.inbound))
        return Reply(door.settings.reply)

    def _complain(self, route_id: int, words: str, *facts: object, fault: Exception | None = None) -> None:
        now_s = time.monotonic()
        with self._lock:
            if now_s - self._complained.get((route_id, words), -COMPLAIN_EVERY_S) < COMPLAIN_EVERY_S:
                return
            self._complained[route_id, words] = now_s
        log.warning(f"route %s: {words}", route_id, *facts, exc_info=fault)

    # Routes and their secrets.

    def _door(self, route_id: int) -> _Door | None:
        """How posts to a route are read and kept; None when it has no HTTP provider."""
        now_s = time.monotonic()
        with self._lock:
            door = self._doors.get(route_id)
            if door is not None and now_s - door.read_s < ROUTE_FRESH_S:
                return door
        settings = self._settings(route_id)
        with self._lock:
            door = self._doors.get(route_id)
            if settings is None:
                self._doors.pop(route_id, None)
                return None
            if door is None:
                if len(self._doors) >= MOST_ROUTES_KEPT:
                    self._doors.clear()
                inbound = self._inbound_for(route_id) if self._inbound_for else None
                door = self._doors[route_id] = _Door(
                    self._address(route_id), settings, Grouped(self._sink_for(route_id)), inbound
                )
            door.settings, door.read_s = settings, now_s
            return door

    def _settings(self, route_id: int) -> Settings | None:
        try:
            url = routes.load(self._store, route_id).gateway
        except AccessError:
            return None
        if not url.lower().startswith(("http://", "https://")):
            return None
        try:
            return parse_settings(url)
        except ValueError:
            return None  # entered on the command line of another version; its gateway says what is wrong

    def _address(self, route_id: int) -> str:
        return f"{self._config.public_url}{RECEIPTS_PATH}/{route_id}/{self._secret(route_id)}"

    def _secret(self, route_id: int) -> str:
        if not self._key:
            self._key = secret_of(self._config).encode()
        digest = hmac.new(self._key, b"receipts of route %d" % route_id, "sha256").digest()
        return base64.urlsafe_b64encode(digest[:SECRET_BYTES]).decode("ascii")


@dataclass
class _Door:
    address: str
    settings: Settings
    receipts: Grouped
    inbound: InboundSink | None
    read_s: float = 0.0
    second: int = 0
    posts: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def admits(self, now_s: float) -> bool:
        """Counts a post; False when the route has had its share of this second."""
        with self.lock:
            if int(now_s) != self.second:
                self.second, self.posts = int(now_s), 0
            self.posts += 1
            return self.posts <= POSTS_A_SECOND


@dataclass
class _Waiting:
    receipts: Sequence[Receipt]
    woken: threading.Event = field(default_factory=threading.Event)
    """Set when the receipts are written or refused, or when this one has to write."""
    writes: bool = False
    error: Exception | None = None


class Grouped:
    """Receipts of posts that arrive while others are being written go into the next transaction together."""

    def __init__(self, sink: ReceiptSink) -> None:
        self._sink = sink
        self._lock = threading.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._has_writer = False
        self._several_s = -BUSY_S
        """When posts last came together."""

    def put(self, receipts: Sequence[Receipt]) -> None:
        """Returns when they are durable; raises what the sink raised when they are not."""
        mine = _Waiting(receipts)
        with self._lock:
            self._waiting.append(mine)
            mine.writes, self._has_writer = not self._has_writer, True
        if not mine.writes:
            mine.woken.wait()
        if mine.writes:
            self._write()
        if mine.error:
            raise mine.error

    def _write(self) -> None:
        """Writes everything that waits by now, up to a bound, this thread's own first; then hands on."""
        if time.monotonic() - self._several_s < BUSY_S:
            time.sleep(GATHER_S)
        group = self._gathered()
        if len(group) > 1:
            self._several_s = time.monotonic()
        self._keep(group)
        if group[0].error and len(group) > 1:  # one that cannot be kept must not hold up the others
            for one in group:
                self._keep([one])
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._has_writer = following is not None
            if following:
                following.writes = True
                following.woken.set()
        for one in group:
            one.woken.set()

    def _gathered(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        count = 0
        with self._lock:
            while self._waiting and (not group or count + len(self._waiting[0].receipts) <= TAKEN_AT_ONCE):
                group.append(self._waiting.popleft())
                count += len(group[-1].receipts)
        return group

    def _keep(self, group: Sequence[_Waiting]) -> None:
        error: Exception | None = None
        try:
            self._sink([receipt for one in group for receipt in one.receipts])
        except Exception as problem:  # noqa: BLE001 - raised again by everybody whose receipts these are
            error = problem
        for one in group:
            one.error = error
