"""What the pieces of the routes page share: its address, looks, and forms that keep what was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from engine.model import Actor, Role
from engine.routes import EVERYWHERE, Route, RowProblem
from pages.ui import format as show
from pages.ui.guard import require
from pages.ui.notices import notice
from pages.ui.plain import plain_table
from pages.ui.status import Look, Looks

PAGE: Final = "routes"
TAB: Final = f"{PAGE}-tab"
PROBLEMS_SHOWN: Final = 20
"""Rows of a file that cannot be taken; how many more there are is said."""
_DIALOG: Final = f"{PAGE}-dialog"
_TYPED: Final = f"{PAGE}-typed"
"""Key of a field → what it holds, of every form: Streamlit forgets the fields of a tab that is not drawn."""

STATES: Final[Looks] = {
    "up": Look("Up", "green", ":material/check_circle:", "Open for new tasks; nothing is wrong."),
    "connecting": Look("Connecting", "blue", ":material/sync:", "The connection to its operator is being made."),
    "down": Look("Down", "red", ":material/error:", "Its operator cannot be reached; messages wait."),
    "refused": Look("Login refused", "red", ":material/key_off:", "Its operator does not let us in; messages wait."),
    "closed": Look("Closed", "gray", ":material/block:", "Takes no new tasks; accepted ones are still sent."),
}
TAKEN_OVER: Final = Look(
    "Taken over", "orange", ":material/alt_route:", "Another route carries what was not handed over yet."
)
STANDS_IN: Final = Look("Stands in", "violet", ":material/alt_route:", "Carries the messages of another route too.")
VERSIONS: Final[Looks] = {
    "in force": Look("In force", "green", ":material/check_circle:"),
    "planned": Look("Planned", "violet", ":material/event:"),
    "past": Look("Past", "gray", ":material/history:"),
    "withdrawn": Look("Withdrawn", "orange", ":material/undo:"),
}


def is_admin(actor: Actor) -> bool:
    return actor.role is Role.ADMIN


def require_admin() -> Actor:
    """First line of every handler that changes a route."""
    return require(Role.ADMIN)


def place(country: str) -> str:
    """A country of a price list by its name."""
    return "Everywhere else" if country == EVERYWHERE else show.country(country)


def ask(name: str) -> None:
    """Opens the dialog of that name with the next run; it stays open until it is answered or closed."""
    st.session_state[_DIALOG] = name


def asked(name: str) -> bool:
    return st.session_state.get(_DIALOG) == name


def answered() -> None:
    """No dialog is open."""
    st.session_state.pop(_DIALOG, None)


def keep_typed() -> None:
    """Before anything is drawn: what was typed into a tab until another one was opened is still there now."""
    typed = _typed()
    typed.update({key: st.session_state[key] for key in typed if key in st.session_state})


def forget_typed() -> None:
    """The page is opened: its forms begin with what is stored."""
    st.session_state.pop(_TYPED, None)


def _typed() -> dict[str, Any]:
    return st.session_state.setdefault(_TYPED, {})


def takeover_words(route: Route, names: Mapping[int, str]) -> str:
    """ "“Spare” after 60 s of being down, or below 80% success"; empty when no route takes over."""
    if route.takeover_id is None:
        return ""
    down, share = route.takeover_after_s, route.takeover_below
    when = [
        f"after {down:,} s of being down" if down is not None else "",
        f"below {share}% success" if share is not None else "",
    ]
    return f"“{names.get(route.takeover_id, '?')}” {', or '.join(filter(None, when))}"


class Sheet:
    """A form of one route: its widgets keep what was typed until it is saved or the page is left, then begin with what
    is stored.

    `seen` is the route as it was when the form was filled: only what differs from it was changed by this person.
    """

    def __init__(self, name: str, route: Route, *, probe: str) -> None:
        """`probe` is one of the fields: when it was never drawn since the page was opened, the form is filled anew."""
        self._base = f"{PAGE}-{name}-{route.id}"
        self._turn = st.session_state.setdefault(f"{self._base}-turn", 0)
        if self.key(probe) not in st.session_state and self.key(probe) not in _typed():
            self.refresh(route)

    @property
    def seen(self) -> Route:
        return st.session_state[self.key("seen")]

    def refresh(self, route: Route) -> None:
        """The form is filled with the route as it is now."""
        st.session_state[self.key("seen")] = route

    def key(self, field: str) -> str:
        return f"{self._base}-{self._turn}-{field}"

    def value(self, field: str) -> Any:
        return st.session_state.get(self.key(field))

    def start(self, field: str, value: Any) -> str:
        """The widget's key, its state set to `value` when the form is new."""
        key, typed = self.key(field), _typed()
        if key not in st.session_state:
            st.session_state[key] = typed.get(key, value)
        typed[key] = st.session_state[key]
        return key

    def done(self) -> None:
        """Saved: the next run shows what is stored now."""
        st.session_state[_TYPED] = {key: value for key, value in _typed().items() if not key.startswith(self.key(""))}
        st.session_state[f"{self._base}-turn"] = self._turn + 1


def row_problems(problems: Sequence[RowProblem]) -> None:
    """Which rows of an uploaded file cannot be taken, and why."""
    count = len(problems)
    notice(
        "error", f"{show.plural(count, 'row')} cannot be taken, so nothing is.", "Correct the file and upload it again."
    )
    rows = [(str(problem.row), problem.value, problem.sentence) for problem in problems[:PROBLEMS_SHOWN]]
    if count > PROBLEMS_SHOWN:
        rows.append(("…", "", f"and {show.plural(count - PROBLEMS_SHOWN, 'more row')}"))
    plain_table(("Row", "Found", "What is wrong"), rows, label="Rows of the file that cannot be taken", words=(1, 2))
