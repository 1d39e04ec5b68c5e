"""The Terms pop-up: the quote by country, the terms, and the one button that spends credit."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from engine.errors import ImsError, StateError
from engine.model import MICRO, SECOND_US, SENDING_ROLES, Actor, ChargeOn, to_us
from engine.tasks import Finish, Preview
from pages.ui import format as show
from pages.ui.compose.flow import Flow, go_to_task
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import leave_note, notice, refusal
from pages.ui.plain import figures, plain_table, texts_list
from pages.ui.records import facts, link
from pages.ui.registry import TOP_UP
from pages.ui.terms_text import show_terms


@st.dialog("Check the quote and accept the terms", width="medium", dismissible=False)
def terms_dialog(flow: Flow) -> None:
    """Shows the open quote until it is accepted or put back; the form behind it keeps everything.

    Total and buttons stay in view while the rest is read, so nothing in it scrolls by itself.
    """
    preview = flow.preview
    if preview is None:
        st.rerun()
        return
    actor = require(*SENDING_ROLES)
    if flow.terms_note:
        notice("warning", flow.terms_note)
    _summary(preview, actor)
    quote_table(preview)
    _money(preview, actor)
    _left_out(preview)
    _parts_by_time(preview, actor)
    _samples(preview)
    with st.container(border=True):
        show_terms(get_engine().terms.of(actor, preview.terms_version)["body"])
    st.caption(
        f"Terms {preview.terms_version}. {_charged(preview)} This quote holds until "
        f"{show.local_time(preview.expires_us, actor.zone):%H:%M}."
    )
    with st.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="center", key=f"ims-sticky-foot-{flow.kind}"
    ):
        st.html(f'<p class="ims-foot-total"><b>{show.credits(preview.cost_micro)}</b> to hold</p>', width="stretch")
        accepts = _buttons(flow, preview)
    if accepts:
        _accept(flow, preview)


def _buttons(flow: Flow, preview: Preview) -> bool:
    if st.button("Back", key=flow.key("back")):
        flow.preview, flow.trial = None, False
        st.rerun()
    return st.button(
        "Accept & submit",
        key=flow.key("accept"),
        type="primary",
        icon=":material/check:",
        disabled=not preview.affordable,
    )


def _accept(flow: Flow, preview: Preview) -> None:
    """Accepting twice gives the same task, so an interrupted run is simply repeated by the next click."""
    actor = require(*SENDING_ROLES)
    try:
        task_ids = get_engine().tasks.accept_many(actor, preview)
    except ImsError as error:
        _after_refusal(flow, actor, preview, error)
        return
    if flow.trial:
        flow.preview, flow.trial = None, False
        leave_note("success", f"The test is on its way as task {task_ids[0]}. Nothing else was sent.")
        st.rerun()
    if len(task_ids) > 1:
        leave_note(
            "success", f"{len(task_ids)} tasks were made, one for each group of time zones; this is the first to go."
        )
    flow.accepted = task_ids[0]
    go_to_task(flow.accepted)


def _after_refusal(flow: Flow, actor: Actor, preview: Preview, error: ImsError) -> None:
    """A quote that no longer holds is made anew at once; anything else is said here."""
    renewable = {
        *("quote_expired", "quote_unknown", "quote_mismatch", "insufficient_credit"),
        *("opted_out_since", "terms_changed"),
    }
    if error.code not in renewable:
        refusal(error, "Press Back: everything you entered is kept.")
        return
    try:
        flow.preview = get_engine().tasks.preview(actor, preview.draft)
        flow.terms_note = _renewed_words(error)
    except ImsError as second:
        flow.preview = None
        flow.terms_note = ""
        refusal(second, "Press Back: everything you entered is kept.")
        return
    _rerun_dialog()


def _renewed_words(error: ImsError) -> str:
    if error.code == "opted_out_since":
        return error.message
    if error.code == "terms_changed":
        return "The terms were changed meanwhile, so nothing was sent. Read the new ones and accept again."
    if isinstance(error, StateError):
        return "The quote was no longer valid, so nothing was sent. This is the new one: check it and accept again."
    return "Your credit changed since the quote was made, so nothing was sent. This is the quote now."


def _rerun_dialog() -> NoReturn:
    st.rerun()


def _summary(preview: Preview, actor: Actor) -> None:
    draft = preview.draft
    when = "Now" if draft.scheduled_at is None else f"{show.when(to_us(draft.scheduled_at), actor.zone)} ({actor.zone})"
    if draft.sender is not None:
        sender = draft.sender
    else:
        sender = "None: the operator's number" if preview.route.supports_sender else "Not supported by this route"
    if preview.groups:
        when = f"In {len(preview.groups)} parts, in the daytime of each recipient"
    lines = {"Task": draft.name, "Route": preview.route.display_name, "Sender ID": sender, "Send": when}
    facts(lines | {"All handed over": _finish_words(get_engine().tasks.finishing(actor, preview), actor)})


def _finish_words(found: Finish, actor: Actor) -> str:
    """When the last message will have left at the route's pace."""
    if found.finish_us is None:
        return "as fast as the operator takes them: this route has no limit"
    now_us = get_engine().clock.now_us()
    ahead = f", behind {show.plural(found.ahead, 'part')} that wait on this route" if found.ahead else ""
    left = show.duration(max(found.finish_us - now_us, SECOND_US))
    return f"about {show.when(found.finish_us, actor.zone)} (in {left}) at {show.plural(found.per_s, 'part')}/s{ahead}"


def _parts_by_time(preview: Preview, actor: Actor) -> None:
    """The tasks it is split into, with their times in the reader's zone."""
    if not preview.groups:
        return
    pieces = preview.pieces()
    plain_table(
        ("Starts", "Where", "Recipients", "Cost"),
        [
            (
                show.when(group.at_us, actor.zone),
                group.label,
                show.number(len(group.rows)),
                show.credits(piece.cost_micro),
            )
            for group, piece in zip(preview.groups, pieces, strict=True)
        ],
        total=("Total", actor.zone, show.number(preview.recipients), show.credits(preview.cost_micro)),
        label="Tasks by local time",
    )


def quote_table(preview: Preview) -> None:
    """By country: recipients, SMS, price, cost; the total below."""
    plain_table(
        ("Country", "Recipients", "SMS", "Price", "Cost"),
        [
            (
                show.country(line.country),
                show.number(line.recipients),
                show.number(line.sms),
                show.credits(line.price_micro),
                show.credits(line.cost_micro),
            )
            for line in preview.lines
        ],
        total=(
            "Total",
            show.number(preview.recipients),
            show.number(preview.sms),
            "",
            show.credits(preview.cost_micro),
        ),
        label="Quote by country, in credits",
    )


def _money(preview: Preview, actor: Actor) -> None:
    after = preview.available_micro - preview.cost_micro
    rows = [
        ("", "Available", show.credits(preview.available_micro)),
        ("", "Held when you accept", show.signed_credits(-preview.cost_micro)),
    ]
    if preview.affordable:
        figures([*rows, ("total", "Available after", show.credits(after))])
        return
    figures(rows)
    missing = show.credits(-after)
    word, are = ("credit", "is") if after == -MICRO else ("credits", "are")
    who = "Top up" if actor.role in TOP_UP.roles else "Ask the owner of your account for"
    notice(
        "error",
        f"{missing} {word} {are} missing: this needs {show.credits(preview.cost_micro)}, "
        f"{show.credits(preview.available_micro)} are available.",
        f"{who} {missing} {word}, or go back and send to fewer recipients. Everything you entered is kept.",
    )
    link(TOP_UP, "Top up")


def _left_out(preview: Preview) -> None:
    rejected, blocked = preview.draft.recipients.rejected.height, preview.blocked.height
    if rejected:
        what = "entry" if preview.draft.quick else "row of the file"
        many = "entries" if preview.draft.quick else "rows of the file"
        notice("info", f"{show.plural(rejected, what, many)} will be neither sent to nor charged; see the report.")
    if preview.refused.height:
        words = show.plural(
            preview.refused.height, "row is left out because of its", "rows are left out because of their"
        )
        notice("info", f"{words} text and not charged, as you chose.")
    if blocked:
        notice(
            "warning",
            f"{show.plural(blocked, 'recipient is', 'recipients are')} in countries this route does not reach; "
            "they are not sent to and not charged.",
        )


def _samples(preview: Preview) -> None:
    personal = preview.messages["content"].is_not_null().any()
    label = f"The first {show.plural(len(preview.samples), 'text')} as recipients read them" if personal else "The text"
    with st.expander(label, expanded=personal):
        texts_list(preview.samples)


def _charged(preview: Preview) -> str:
    if preview.route.charge_on is ChargeOn.ACCEPTED:
        return "On this route a message is charged when the operator accepts it; otherwise its credit is returned."
    return "Only delivered messages are charged; the others return their credit."
