"""What surrounds every page: navigation by role, the live credit badge, the account menu, errors in plain words."""

from __future__ import annotations

import logging
import secrets
from html import escape
from typing import Final
from urllib.parse import unquote, urlsplit

import streamlit as st

from engine.errors import ImsError
from engine.model import CUSTOMER_ROLES, Actor, Role
from pages.ui import browser, guard, viewing
from pages.ui import format as show
from pages.ui.context import current_actor, engine_or_none, get_engine, session_token
from pages.ui.entry import forget_signed_in, remember_signed_in, show_log_in
from pages.ui.factor_gate import is_gated, show_gate
from pages.ui.notices import notice, refusal, show_note
from pages.ui.registry import ACCOUNT, INBOX, LOGIN, NOTICES, PAGES, PageEntry, home_of
from pages.ui.theme import ICON, LOGO, PRODUCT, apply_styles

log = logging.getLogger(__name__)

CREDIT_EVERY_S: Final = 5
"""How often the badge asks for the balance; it also notices there that the session has ended elsewhere."""
REFERENCE_BYTES: Final = 4
MOST_COUNTED: Final = 99
HELD_HINT: Final = "Held credit is set aside for messages being sent; what is not delivered comes back."
_SIGN_OUT: Final = "ims_sign_out"
_PAGES: Final = "ims_pages"
_UNKNOWN: Final = "ims_unknown_address"
START: Final = "ims-start"
"""Of the default page, which answers at "/" only: a name that nobody types, so that any other can be told unknown."""


def run() -> None:
    """One run of the script for one visitor."""
    actor = current_actor()
    gated = actor is not None and is_gated(actor)
    page = st.navigation([*_pages_of(actor, gated=gated), *_unknown_page(actor)], position="hidden")
    st.set_page_config(page_title=f"{page.title} · {PRODUCT}", page_icon=str(ICON), layout="wide")
    apply_styles()
    if st.session_state.pop(_SIGN_OUT, False):
        browser.end_session(f"/{LOGIN.url_path}")
    if gated:
        remember_signed_in()
    elif actor is not None:
        st.logo(str(LOGO), size="large", icon_image=str(ICON))
        viewing.go_on()
        _menu(actor)
        _top_bar(actor)
        remember_signed_in()
        viewing.banner(actor)
        show_note()
    try:
        if actor is not None and not viewing.shows(actor, page.url_path):
            viewing.not_in_view()
        else:
            page.run()
    except ImsError as error:
        refusal(error)


def report(error: Exception) -> bool:
    """For `on_script_error`: visitors see the Engine's sentence or a reference number, the log has the rest."""
    if isinstance(error, ImsError):
        refusal(error)
        return True
    reference = secrets.token_hex(REFERENCE_BYTES).upper()
    log.error("script error %s", reference, exc_info=error)
    engine = engine_or_none()
    whom = engine.config.support if engine else "support"
    notice(
        "error",
        "Something went wrong on our side. Nothing you entered was sent twice.",
        f"Reload the page. If it happens again, tell {whom} the reference {reference}.",
    )
    return True


def _pages_of(actor: Actor | None, *, gated: bool) -> list[st.Page]:
    """Made once for a tab: each looks for its file."""
    if actor is not None and gated:
        return _pages_behind_gate(actor)
    kept: dict[Role | None, list[st.Page]] = st.session_state.setdefault(_PAGES, {})
    role = None if actor is None else actor.role
    if role not in kept:
        kept[role] = _pages_for_visitor() if role is None else _pages_for(role)
    return kept[role]


def _pages_behind_gate(actor: Actor) -> list[st.Page]:
    """Every address shows the set-up of the second step, and stays what was asked for."""

    def gate() -> None:
        show_gate(actor)
        st.button("Sign out", icon=":material/logout:", key="ims-sign-out", on_click=_sign_out)

    home = st.Page(gate, title=PRODUCT, url_path=START, default=True)
    return [home, *(st.Page(gate, title=PRODUCT, url_path=entry.url_path) for entry in PAGES)]


def _pages_for_visitor() -> list[st.Page]:
    """The pages before sign-in; any other address shows the log-in form and tells nothing about what is there."""
    home = st.Page(show_log_in, title=LOGIN.title, url_path=START, default=True)
    return [
        home,
        *(
            _page(entry) if entry.public else st.Page(show_log_in, title=LOGIN.title, url_path=entry.url_path)
            for entry in PAGES
        ),
    ]


def _pages_for(role: Role) -> list[st.Page]:
    def go_home() -> None:
        st.switch_page(str(home_of(role).path))

    return [
        # The start page keeps an address of its own: Streamlit's default page answers at "/" only.
        st.Page(go_home, title=PRODUCT, url_path=START, default=True),
        *(_page(entry) if entry.public or role in entry.roles else _refused_page(entry) for entry in PAGES),
    ]


def _refused_page(entry: PageEntry) -> st.Page:
    def refused() -> None:
        guard.not_for_you(entry)

    return st.Page(refused, title=entry.title, url_path=entry.url_path)


def _unknown_page(actor: Actor | None) -> list[st.Page]:
    """A page of our own for an address that there is not; Streamlit would show a dialog that speaks of itself.

    Visitors get the log-in form, as anywhere. The address is kept: only the first run of a visit is told of it.
    """
    name = unquote(urlsplit(browser.address()).path.rpartition("/")[2])
    if name and name != START and all(name != entry.url_path for entry in PAGES):
        st.session_state[_UNKNOWN] = name
    kept = st.session_state.get(_UNKNOWN)
    if kept is None:
        return []
    return [st.Page(show_log_in if actor is None else _nothing_here, title="Page not found", url_path=kept)]


def _nothing_here() -> None:
    actor = guard.require()
    st.title("Page not found", anchor=False)
    notice("warning", "There is no page at this address.", "It may have been mistyped, or be of an older version.")
    home = home_of(actor.role)
    st.page_link(str(home.path), label=f"Go to {home.title}", icon=home.icon)


def _page(entry: PageEntry) -> st.Page:
    # Without an icon of its own: the browser would fetch it for the tab from a server on the internet.
    return st.Page(entry.path, title=entry.title, icon="", url_path=entry.url_path)


def _menu(actor: Actor) -> None:
    """Our own menu instead of Streamlit's, whose icons would become the tab's (see `_page`)."""
    with st.sidebar, st.container(key="ims-menu", gap=None):
        group = ""
        for entry in PAGES:
            if not entry.visible or actor.role not in entry.roles or not viewing.shows(actor, entry.url_path):
                continue
            if entry.group != group:
                group = entry.group
                st.html(f'<p class="ims-group">{escape(group)}</p>')
            label = _inbox_label(actor) if entry == INBOX else entry.title
            st.page_link(str(entry.path), label=label, icon=entry.icon, width="stretch")
        browser.close_menu_on_phones()


def _inbox_label(actor: Actor) -> str:
    unread = get_engine().inbox.unread(actor)
    return f"{INBOX.title} · {_new_words(unread)}" if unread else INBOX.title


def _new_words(unread: int) -> str:
    return f"{unread} new" if unread <= MOST_COUNTED else f"{MOST_COUNTED}+ new"


def _top_bar(actor: Actor) -> None:
    with st.container(key="ims-top", horizontal=True, vertical_alignment="center", gap="small"):
        _badges()
        with st.popover("", icon=":material/account_circle:", key="ims-account"):
            st.html(
                f'<div class="ims-who"><b>{escape(actor.name)}</b>'
                f"<span>{escape(get_engine().accounts.name(actor))} · {actor.role.value}</span></div>"
            )
            if not actor.viewing:
                st.page_link(str(ACCOUNT.path), label=ACCOUNT.title, icon=ACCOUNT.icon)
            st.button("Sign out", icon=":material/logout:", key="ims-sign-out", on_click=_sign_out, width="stretch")


@st.fragment(run_every=CREDIT_EVERY_S)
def _badges() -> None:
    """What changes without anybody's doing: new notices, and credit."""
    actor = current_actor()
    if actor is None:
        st.rerun(scope="app")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
        # Each keeps its place: a credit that moved up would leave the one of before behind it.
        with st.container(width="content"):
            if not actor.viewing:
                _bell(actor)
        _credit(actor)


def _bell(actor: Actor) -> None:
    """The way to the notices, with how many are new in words that also a screen reader says."""
    unread = get_engine().notices.unread(actor)
    with st.container(key="ims-bell-new" if unread else "ims-bell", width="content"):
        label = _new_words(unread) if unread else NOTICES.title
        st.page_link(str(NOTICES.path), label=label, icon=NOTICES.icon)


def _credit(actor: Actor) -> None:
    """Available and, when there is any, held credit; operators have none and see their role."""
    if actor.role not in CUSTOMER_ROLES:
        st.html(f'<div class="ims-credit"><span><i>Operator</i><b>{actor.role.value.capitalize()}</b></span></div>')
        return
    balance = get_engine().history.balance(actor)
    held = f"<span><i>Held</i><b>{show.credits(balance.held_micro)}</b></span>" if balance.held_micro else ""
    st.html(
        f'<div class="ims-credit" title="{HELD_HINT}">'
        f"<span><i>Available</i><b>{show.credits(balance.available_micro)}</b></span>{held} <em>credits</em></div>"
    )


def _sign_out() -> None:
    """Ends the session for every tab at once; the browser then drops its cookie."""
    get_engine().accounts.sign_out(session_token())
    forget_signed_in()
    st.session_state[_SIGN_OUT] = True
