"""Keeps one bind to the operator: connects, logs in, waits, tries again ever later, and stops where a login is refused.

Everything here runs on the loop.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import ssl
from typing import Final

from engine.gateways.base import LinkWord
from engine.gateways.smpp.codec import Bind, Command
from engine.gateways.smpp.loop import addresses_of
from engine.gateways.smpp.session import Session, Traffic
from engine.gateways.smpp.settings import Settings
from engine.gateways.smpp.statuses import Kind, verdict
from engine.gateways.smpp.window import Window

log = logging.getLogger(__name__)

QUICK_S: Final = 0.1
"""The first new try after a connection that was of use."""
PAUSE_FIRST_S: Final = 1.0
PAUSE_MOST_S: Final = 30.0
LASTING_S: Final = 10.0
"""A session that lasted so long was of use even if nothing was sent."""


class Logins:
    """What the binds of a gateway share: one logs in at a time, so that a wrong password is tried once, not by each."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.refused = ""
        """Why the operator refused a login while no bind was up: none is tried after that."""
        self.bound = 0


class LoginRefused(Exception):  # noqa: N818 - named for what it says, like ConnectionRefused
    """Wrong name or password, or no permission: trying again only locks the account."""


class Keeper:
    """One bind. `word` and `detail` say how it stands; `session` is set while it is bound."""

    def __init__(
        self, traffic: Traffic, kind: Command, settings: Settings, context: ssl.SSLContext | None, logins: Logins
    ) -> None:
        self.kind = kind
        self.session: Session | None = None
        self.word = LinkWord.CONNECTING
        self.detail = ""
        self.failed_s = 0.0
        """When a try failed last, on the loop's clock."""
        self.next_try_s = 0.0
        self.window = Window(settings.window)
        self._traffic = traffic
        self._settings = settings
        self._context = context
        self._logins = logins
        self._place = place_of(settings)
        self._failures = 0

    @property
    def sends(self) -> bool:
        """Whether its sessions carry submits."""
        return self.kind is not Command.BIND_RECEIVER

    async def run(self) -> None:
        """Until cancelled, or until the operator refuses the login."""
        loop = asyncio.get_running_loop()
        while True:
            self.word = LinkWord.CONNECTING
            try:
                session = await self._in_turn()
            except LoginRefused as refusal:
                self.word, self.detail = LinkWord.REFUSED, str(refusal)
                log.error("%s: %s; not tried again", self._place, refusal)  # noqa: TRY400 - no fault of ours
                return
            except OSError as problem:  # TimeoutError and ssl.SSLError too
                self.failed_s = loop.time()
                self._fail(plain(problem, self._settings))
            except Exception as problem:  # this task must live, or the bind never comes back
                log.exception("%s: cannot connect", self._place)
                self.failed_s = loop.time()
                self._fail(f"internal fault: {type(problem).__name__}")
            else:
                await self._keep(session)
            self.word = LinkWord.DOWN
            pause_s = self._pause_s()
            self.next_try_s = loop.time() + pause_s
            await asyncio.sleep(pause_s)

    async def _in_turn(self) -> Session:
        async with self._logins.turn:
            if self._logins.refused:
                raise LoginRefused(self._logins.refused)
            try:
                async with asyncio.timeout(self._settings.bind_s):
                    return await self._bind()
            except LoginRefused as refusal:
                if not self._logins.bound:
                    self._logins.refused = str(refusal)
                raise

    async def _bind(self) -> Session:
        """A session that is bound. Raises OSError, or LoginRefused."""
        session = await self._connect()
        try:
            status = await session.login(self._credentials())
        except BaseException:  # cancelled too, even when the answer has come by then
            session.break_off("the login was given up")
            raise
        if status == 0:
            return session
        session.break_off("the login failed")
        found = verdict(status)
        if found.kind is Kind.REFUSED_LOGIN:
            raise LoginRefused(f"the operator refused the login: {found.detail}")
        raise ConnectionError(f"the operator did not accept the login: {found.detail}")

    async def _connect(self) -> Session:
        """Tries each address of the host. Raises OSError of the last."""
        settings, loop = self._settings, asyncio.get_running_loop()
        problem: OSError = OSError("no address")
        for address in await addresses_of(settings.host, settings.port):
            try:
                _, session = await loop.create_connection(
                    lambda: Session(
                        self._traffic,
                        self.kind,
                        window=self.window,
                        response_s=settings.response_s,
                        enquire_s=settings.enquire_s,
                    ),
                    address,
                    settings.port,
                    ssl=self._context,
                    server_hostname=(settings.tls_name or settings.host) if self._context else None,
                )
            except OSError as failure:
                problem = failure
            else:
                return session
        raise problem

    async def _keep(self, session: Session) -> None:
        """Returns when the session has ended."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        self.session, self.word, self.detail = session, LinkWord.OPEN, ""
        self._logins.bound += 1
        log.info("%s: bound as %s", self._place, self.kind.name.lower())
        session.fill(began_s)
        try:
            await asyncio.wait((session.gone,))
        finally:
            self.session = None
            self._logins.bound -= 1
        if session.useful or loop.time() - began_s >= LASTING_S:
            self._failures = 0
        self._fail(session.gone.result())

    def _fail(self, detail: str) -> None:
        if detail != self.detail:
            log.warning("%s: %s", self._place, detail)
        self._failures += 1
        self.detail = detail

    def _pause_s(self) -> float:
        """Doubling, with jitter so that binds and routes do not return together."""
        if self._failures <= 1:
            most_s = QUICK_S
        else:
            most_s = min(PAUSE_FIRST_S * 2.0 ** min(self._failures - 2, 10), PAUSE_MOST_S)
        return most_s * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret

    def _credentials(self) -> Bind:
        settings = self._settings
        return Bind(settings.system_id, settings.password, settings.system_type)


def place_of(settings: Settings) -> str:
    return f"{settings.host}:{settings.port}"


def plain(problem: Exception, settings: Settings) -> str:
    """What went wrong while connecting, in words for staff that hold no secret."""
    place = place_of(settings)
    match problem:
        case socket.gaierror():
            words = f"the host name {settings.host} cannot be found"
        case ssl.SSLCertVerificationError():
            words = f"the certificate of {place} is not trusted: {problem.verify_message}"
        case ssl.SSLError():
            words = f"{place} does not speak TLS as expected: {problem.reason or 'no reason given'}"
        case TimeoutError():
            words = f"{place} did not answer within {settings.bind_s:g} s"
        case ConnectionRefusedError():
            words = f"nothing answers at {place}: connection refused"
        case OSError(strerror=str(reason)):
            words = f"{place} cannot be reached: {reason}"
        case _:
            words = str(problem)
    return words[:200]
