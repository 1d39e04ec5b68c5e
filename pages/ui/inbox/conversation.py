"""One phone: what was sent to it and what came back, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Final

import streamlit as st

from engine import numbers
from engine.contacts.limits import NOTE_LENGTH
from engine.contacts.opt_outs import SOURCE_WORDS, Source
from engine.errors import ImsError
from engine.inbox import Conversation, Kind
from engine.model import OPERATOR_ROLES, SENDING_ROLES, Actor, Number
from engine.store import Row
from pages.ui import format as show
from pages.ui import table
from pages.ui.context import get_engine
from pages.ui.filters import ANY, account_choice
from pages.ui.guard import require
from pages.ui.inbox.looks import LOOKS
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.records import facts, heading, link, name_line
from pages.ui.registry import OPT_OUTS, QUICK_SMS, SMS_HISTORY
from pages.ui.status import MESSAGE, badge, look_of

PAGE: Final = "inbox"
EFFECT: Final = "Nobody of your account sends to this number any more, from any list or file."
EMPTY: Final = "(nothing in it)"
HANDLING_ROLES: Final = SENDING_ROLES | OPERATOR_ROLES
"""Who reads for the account, and so leaves nothing unread behind; others only look."""


def may_handle(actor: Actor) -> bool:
    return actor.role in HANDLING_ROLES and not actor.viewing


def conversation(actor: Actor, found: Conversation) -> None:
    row = found.row
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        name_line(row["phone"], width="content")
        if row["kind"] in LOOKS:
            badge(LOOKS, row["kind"])
    _standing(actor, found)
    _actions(actor, found)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        if found.more:
            st.caption(f"The newest {len(found.lines)} messages of this conversation.")
        for line in found.lines:
            _said(actor, line)
    with right:
        with st.container(key="card-inbox-about"):
            heading("About")
            facts(_facts(actor, row))
            _ways(actor, row)
        if found.opt_out is not None and actor.role in SENDING_ROLES:
            _take_back(row)
        if actor.role in OPERATOR_ROLES:
            _give(actor, row)


def _standing(actor: Actor, found: Conversation) -> None:
    """Whether this number is sent to, and what somebody has to decide."""
    row, opt_out = found.row, found.opt_out
    if opt_out is not None:
        how = SOURCE_WORDS[Source(opt_out["source"])]
        said = f" {opt_out['note']}" if opt_out["note"] else ""
        notice(
            "info",
            "This number has opted out: nothing of your account is sent to it.",
            f"{how}, {show.when(opt_out['created_us'], actor.zone)}.{said}",
        )
    elif row["kind"] == Kind.MAY_STOP and actor.role in SENDING_ROLES:
        notice("warning", "This may ask to stop.", "Read it; one press opts the number out of everything you send.")
    elif row["kind"] == Kind.STOP and actor.is_operator:
        notice(
            "warning",
            "This asks to stop, and no account was found that it answers.",
            "Give it to the account it is meant for: it counts there at once.",
        )


def _actions(actor: Actor, found: Conversation) -> None:
    """Those there are for this actor; what is most likely wanted comes first."""
    if not may_handle(actor):
        return
    row, asked = found.row, found.row["kind"] == Kind.MAY_STOP
    sends = actor.role in SENDING_ROLES and row["msisdn"] is not None and found.opt_out is None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if sends and asked:
            _opt_out_button(row, asked=True)
        if sends:
            # A link, not a button that leads there: with it the browser's back button comes back to this conversation.
            with st.container(key=f"{PAGE}-reply{'' if asked else '-first'}", width="content"):
                link(QUICK_SMS, "Reply", **_reply(row))
        if sends and not asked:
            _opt_out_button(row, asked=False)
        st.button(
            "Mark unread",
            icon=":material/mark_email_unread:",
            key=f"{PAGE}-unread",
            on_click=_unread,
            args=(row["id"],),
        )


def _reply(row: Row) -> dict[str, int]:
    """To this number, over the route and with the sender ID of what it answers."""
    return {"to": row["msisdn"]} | ({} if row["task_id"] is None else {"like": row["task_id"]})


def _said(actor: Actor, line: Row) -> None:
    """One message; what people wrote is escaped, and keeps its line ends."""
    ours = line["ours"]
    if ours:
        name, state = line["sender"] or "You", look_of(MESSAGE, line["state"]).label
        told = f"{state} · {show.when(line['at_us'], actor.zone)}"
    else:
        name, told = line["phone"], show.when(line["at_us"], actor.zone)
        if line["kind"] in LOOKS:
            told = f"{LOOKS[line['kind']].label} · {told}"
    side = "ims-said ims-ours" if ours else "ims-said"
    st.html(
        f'<div class="{side}"><p class="ims-said-by"><b>{escape(name)}</b><span>{escape(told)}</span></p>'
        f'<p class="ims-said-text" dir="auto">{escape(line["content"] or EMPTY)}</p></div>'
    )
    if ours:
        with st.container(horizontal=True, horizontal_alignment="right"):
            link(SMS_HISTORY, "Its record", message=line["id"])


def _facts(actor: Actor, row: Row) -> dict[str, str]:
    found = numbers.parse(row["phone"], blocked=frozenset()) if row["msisdn"] is not None else None
    known = {
        "Country": show.country(found.country) if isinstance(found, Number) else None,
        "Arrived": show.when(row["received_us"], actor.zone, seconds=True),
        "Sent to": row["recipient"],
        "Over": row["route_name"],
    }
    if not actor.is_operator:
        known["Answers"] = row["task_name"]
    return {label: value or show.NOTHING for label, value in known.items()}


def _ways(actor: Actor, row: Row) -> None:
    if row["msisdn"] is not None:
        label = "Who has ever written to it" if actor.is_operator else "All messages sent to it"
        link(SMS_HISTORY, label, q=row["phone"], dates="all")
    if actor.role in SENDING_ROLES:
        link(OPT_OUTS, "Everybody who opted out")


def _opt_out_button(row: Row, *, asked: bool) -> None:
    """One press where it was asked for; elsewhere two, as a slip would silence somebody."""
    label, icon, how = "Opt out", ":material/do_not_disturb_on:", {"on_click": _opt_out, "args": (row["id"],)}
    if asked:
        st.button(label, icon=icon, key=f"{PAGE}-opt-out", type="primary", help=EFFECT, **how)
        return
    with st.popover(label, icon=icon, key=f"{PAGE}-opt-out-menu"):
        st.caption(EFFECT)
        st.button("Opt out now", key=f"{PAGE}-opt-out", type="primary", **how)


def _opt_out(inbound_id: int) -> None:
    def act() -> str:
        msisdn = get_engine().inbox.opt_out(require(*SENDING_ROLES), inbound_id)
        return f"+{msisdn} has opted out and is not sent to any more."

    _noted(act)


def _unread(inbound_id: int) -> None:
    def act() -> str:
        get_engine().inbox.mark_unread(require(*HANDLING_ROLES), inbound_id)
        table.close(PAGE)
        return "Marked as unread."

    _noted(act)


def _noted(act: Callable[[], str]) -> None:
    """For what a button does: the sentence it returns, or why not, is told in the run that follows."""
    try:
        leave_note("success", act())
    except ImsError as error:
        leave_note("error", error.message)


def _take_back(row: Row) -> None:
    with st.form(f"{PAGE}-back-{row['msisdn']}"):
        heading("Send to this person again")
        st.caption("Only when they asked for it. Who removed it, when and why stays in the audit log.")
        reason = st.text_input(
            "Reason", key=f"{PAGE}-why-{row['msisdn']}", max_chars=NOTE_LENGTH, placeholder="Asked by e-mail to be back"
        )
        sent = st.form_submit_button("Remove the opt-out")
    if sent:
        try:
            get_engine().opt_outs.remove(require(*SENDING_ROLES), row["msisdn"], reason=reason or "")
        except ImsError as error:
            refusal(error)
            return
        leave_note("success", f"{row['phone']} can be sent to again.")
        st.rerun()


def _give(actor: Actor, row: Row) -> None:
    """For staff: whom it is meant for, when they know."""
    key = f"{PAGE}-give"
    with st.container(key="card-inbox-give"):
        heading("Give it to an account")
        st.caption(
            "All that this phone wrote to the same address moves to that account's inbox, and a STOP among it counts "
            "there. It cannot be taken back."
        )
        account_choice(actor, key, nothing="Choose an account")
        chosen = st.session_state.get(key)
        if st.button("Give it", key=f"{PAGE}-give-now", disabled=chosen == ANY, icon=":material/forward:"):
            try:
                count = get_engine().inbox.assign(require(*OPERATOR_ROLES), row["id"], chosen or 0)
            except ImsError as error:
                refusal(error)
                return
            table.close(PAGE)
            leave_note("success", f"{show.plural(count, 'message')} moved to account no. {chosen}.")
            st.rerun()
