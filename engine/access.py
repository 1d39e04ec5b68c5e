"""Who may call what: every public call of a service names its roles here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from engine.errors import AccessError
from engine.model import Actor, Role

P = ParamSpec("P")
S = TypeVar("S")
R = TypeVar("R")

ROLES_ATTRIBUTE: Final = "__allowed_roles__"
PUBLIC_ATTRIBUTE: Final = "__needs_no_actor__"
_only_reads: Final = ContextVar("only_reads", default=False)
"""Set while a call runs for somebody who only views."""


def allows(
    roles: frozenset[Role], *, restricted: bool = False
) -> Callable[[Callable[Concatenate[S, Actor, P], R]], Callable[Concatenate[S, Actor, P], R]]:
    """Marks a service method `(self, actor, …)`; another role gets AccessError("forbidden").

    `restricted` lets in those too who must set up the second step of sign-in first; AccessError("factor_needed")
    elsewhere. The account is checked by each method in its own query, where the row is.
    """

    def mark(method: Callable[Concatenate[S, Actor, P], R]) -> Callable[Concatenate[S, Actor, P], R]:
        @wraps(method)
        def checked(self: S, actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> R:
            require(actor, roles, restricted=restricted)
            if not actor.viewing:
                return method(self, actor, *args, **kwargs)
            token = _only_reads.set(True)
            try:
                return method(self, actor, *args, **kwargs)
            finally:
                _only_reads.reset(token)

        setattr(checked, ROLES_ATTRIBUTE, roles)
        return checked

    return mark


def anonymous(method: Callable[P, R]) -> Callable[P, R]:
    """Marks a service method that is called before anyone is signed in; it must prove identity itself."""
    setattr(method, PUBLIC_ATTRIBUTE, True)
    return method


def require(actor: Any, roles: frozenset[Role], *, restricted: bool = False) -> None:
    """Refuses what is not an Actor of one of the roles, and who is restricted unless that is let in."""
    if not isinstance(actor, Actor) or actor.role not in roles:
        raise AccessError("forbidden", role=getattr(actor, "role", "nobody"))
    if actor.restricted and not restricted:
        raise AccessError("factor_needed")


def refuse_write_of_viewer() -> None:
    """The store asks before every transaction, so that no call can forget it. Raises AccessError("read_only")."""
    if _only_reads.get():
        raise AccessError("read_only")
