"""Who may call what: every public call of a service names its roles here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from engine.errors import AccessError
from engine.model import Actor, Role

P = ParamSpec("P")
S = TypeVar("S")
R = TypeVar("R")

ROLES_ATTRIBUTE: Final = "__allowed_roles__"
PUBLIC_ATTRIBUTE: Final = "__needs_no_actor__"


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
            return method(self, actor, *args, **kwargs)

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
