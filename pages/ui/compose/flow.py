"""What one composing page remembers between reruns: the file, the open quote, the last refusal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, NoReturn

import streamlit as st

from engine.errors import FileError, ImsError
from engine.model import Actor
from engine.recipients import RecipientFile
from engine.routes import Route
from engine.tasks import Draft, Preview, Reach
from engine.tasks.quote import Priced, price
from pages.ui.context import get_engine
from pages.ui.registry import TASK

Kind = Literal["quick", "bulk"]
KINDS: Final[tuple[Kind, ...]] = ("quick", "bulk")
PRICED_KEPT: Final = 2
"""With all rows, and as it will be sent."""
Reader = Callable[[str, bytes, str | None], RecipientFile]


@dataclass
class Upload:
    """One uploaded file and what was read from it: `people`, or `error` with what to do."""

    name: str
    data: bytes
    column: str | None = None
    choices: tuple[str, ...] = ()
    people: RecipientFile | None = None
    error: ImsError | None = None
    kept: bool = False
    """Its bytes are part of the member's draft on the server."""

    def read(self, reader: Reader) -> None:
        """Reads the file once; the bytes are kept only while another column may still be chosen."""
        self.people, self.error = None, None
        try:
            self.people = reader(self.name, self.data, self.column)
        except ImsError as error:
            self.error = error
            if self.asks:
                self.choices = tuple(str(choice) for choice in _listed(error))
        if not self.choices:
            self.data = b""

    @property
    def asks(self) -> bool:
        """Whether the file could be read but for the choice of its column."""
        return isinstance(self.error, FileError) and self.error.code == "choose_column"


@dataclass
class Flow:
    """`generation` is part of every widget's key: a new one is an empty form."""

    kind: Kind
    generation: int = 0
    tried: bool = False
    """Submit was pressed: from then on each field says what it lacks."""
    upload: Upload | None = None
    uploads: int = 0
    """How many files were uploaded: part of the keys of what belongs to one file."""
    preview: Preview | None = None
    terms_note: str = ""
    refusal: tuple[str, ImsError] | None = None
    trial: bool = False
    """The open quote is of a test message: accepting it leaves the form as it is."""
    accepted: int | None = None
    priced: dict[str, Priced | ImsError] = field(default_factory=dict[str, Priced | ImsError])
    reach: tuple[str, Reach] | None = None
    looked: bool = False
    """The member's draft was looked for."""
    restored_us: int | None = None
    saved_mark: str = ""
    typed: tuple[str, RecipientFile | ImsError] | None = None
    """The numbers last typed and what they are, so that other fields do not read them again."""
    copied: set[int] = field(default_factory=set[int])
    """Tasks copied into this form already, so that a rerun does not overwrite what was typed since."""

    def key(self, name: str) -> str:
        return f"{self.kind}_{name}_{self.generation}"

    def price(self, draft: Draft, route: Route) -> Priced | ImsError:
        """What a draft comes to at the prices now, or why it cannot be priced; remembered for the last few."""
        choices = (route.id, route.price_version, draft.content, draft.skip_refused, draft.skip_empty)
        mark = _hashed(choices, draft.recipients)
        if mark not in self.priced:
            for old in list(self.priced)[: 1 - PRICED_KEPT]:
                del self.priced[old]
            try:
                self.priced[mark] = price(draft, route)
            except ImsError as error:
                self.priced[mark] = error
        return self.priced[mark]

    def press_submit(self) -> None:
        self.tried = True
        self.refusal = None

    def refuse(self, mark: str, error: ImsError) -> None:
        """Keeps a refusal as long as the form is as it was refused."""
        self.refusal = (mark, error)

    def refused(self, mark: str) -> ImsError | None:
        return self.refusal[1] if self.refusal and self.refusal[0] == mark else None


def flow_of(kind: Kind) -> Flow:
    return st.session_state.setdefault(_place(kind), Flow(kind))


def _place(kind: Kind) -> str:
    return f"compose-{kind}"


def mark_of(draft: Draft) -> str:
    """Names a draft as the person sees it, to know whether it changed since it was refused."""
    seen = (draft.route_id, draft.name, draft.content, draft.sender, str(draft.scheduled_at), draft.file_name)
    seen += (draft.skip_refused, draft.skip_empty, draft.times)
    return _hashed(seen, draft.recipients)


def _hashed(values: tuple[object, ...], people: RecipientFile) -> str:
    rows = people.frame
    recipients = rows.hash_rows().sum() if rows.height else 0
    return hashlib.sha256(repr((values, rows.height, recipients)).encode("utf-8", "backslashreplace")).hexdigest()


def submit(flow: Flow, actor: Actor, draft: Draft) -> None:
    """Asks for the quote, which opens the Terms; a refusal is kept beside everything that was typed."""
    flow.terms_note = ""
    flow.trial = False
    try:
        flow.preview = get_engine().tasks.preview(actor, draft)
    except ImsError as error:
        flow.refuse(mark_of(draft), error)


def go_to_task(task_id: int) -> NoReturn:
    """Shows the accepted task. The form is emptied there, so that an interrupted run only goes there again."""
    st.switch_page(str(TASK.path), query_params={"id": str(task_id)})


def forget_accepted(task_id: int) -> None:
    """Empties the form this task was made with; nothing of it stays in memory."""
    for kind in KINDS:
        flow = st.session_state.get(_place(kind))
        if isinstance(flow, Flow) and flow.accepted == task_id:
            empty_form(kind)


def empty_form(kind: Kind, *, looked: bool = False) -> None:
    """Forgets everything of a page. `looked` False looks for a draft when the page is opened next."""
    flow = flow_of(kind)
    st.session_state[_place(kind)] = Flow(kind, flow.generation + 1, looked=looked)
    for key in [key for key in st.session_state if str(key).startswith(f"{kind}_")]:
        del st.session_state[key]


def _listed(error: ImsError) -> tuple[object, ...]:
    choices = error.facts.get("choices", ())
    return choices if isinstance(choices, tuple) else ()
