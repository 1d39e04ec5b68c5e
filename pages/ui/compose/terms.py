"""The Terms pop-up: the quote by country, the terms, and the one button that spends credit."""

from __future__ import annotations

from typing import Final, NoReturn

import streamlit as st

from engine.errors import ImsError, StateError
from engine.model import SENDING_ROLES, Actor, ChargeOn, to_us
from engine.tasks import Preview
from pages.ui import format as show
from pages.ui.compose.flow import Flow, go_to_task
from pages.ui.context import get_engine
from pages.ui.guard import require
from pages.ui.notices import notice, refusal
from pages.ui.plain import figures, plain_table, texts_list
from pages.ui.records import facts
from pages.ui.terms_text import show_terms

TERMS_HEIGHT: Final = 230


@st.dialog("Check the quote and accept the terms", width="medium", dismissible=False)
def terms_dialog(flow: Flow) -> None:
    """Shows the open quote until it is accepted or put back; the form behind it keeps everything."""
    preview = flow.preview
    if preview is None:
        st.rerun()
        return
    actor = require(*SENDING_ROLES)
    if flow.terms_note:
        notice("warning", flow.terms_note)
    _summary(preview, actor)
    quote_table(preview)
    _money(preview)
    _left_out(preview)
    _samples(preview)
    with st.container(height=TERMS_HEIGHT, border=True):
        show_terms(get_engine().terms.of(actor, preview.terms_version)["body"])
    st.caption(
        f"Terms {preview.terms_version}. {_charged(preview)} This quote holds until "
        f"{show.local_time(preview.expires_us, actor.zone):%H:%M}."
    )
    _buttons(flow, preview)


def _buttons(flow: Flow, preview: Preview) -> None:
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Back", key=flow.key("back")):
            flow.preview = None
            st.rerun()
        accepts = st.button(
            "Accept & submit",
            key=flow.key("accept"),
            type="primary",
            icon=":material/check:",
            disabled=not preview.affordable,
        )
    if accepts:
        _accept(flow, preview)


def _accept(flow: Flow, preview: Preview) -> None:
    """Accepting twice gives the same task, so an interrupted run is simply repeated by the next click."""
    actor = require(*SENDING_ROLES)
    try:
        flow.accepted = get_engine().tasks.accept(actor, preview)
    except ImsError as error:
        _after_refusal(flow, actor, preview, error)
        return
    go_to_task(flow.accepted)


def _after_refusal(flow: Flow, actor: Actor, preview: Preview, error: ImsError) -> None:
    """A quote that no longer holds is made anew at once; anything else is said here."""
    renewable = {"quote_expired", "quote_unknown", "quote_mismatch", "insufficient_credit", "terms_changed"}
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
    facts({"Task": draft.name, "Route": preview.route.display_name, "Sender ID": sender, "Send": when})


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


def _money(preview: Preview) -> None:
    after = preview.available_micro - preview.cost_micro
    figures(
        (
            ("", "Available", show.credits(preview.available_micro)),
            ("", "Held when you accept", f"−{show.credits(preview.cost_micro)}"),
            ("total" if after >= 0 else "total short", "Available after", show.signed_credits(after).removeprefix("+")),
        )
    )
    if preview.affordable:
        return
    missing = show.credits(-after)
    notice(
        "error",
        f"{missing} credits are missing: this needs {show.credits(preview.cost_micro)}, "
        f"{show.credits(preview.available_micro)} are available.",
        f"To top up, contact {get_engine().config.support}; or go back and send to fewer recipients. "
        "Everything you entered is kept.",
    )


def _left_out(preview: Preview) -> None:
    rejected, blocked = preview.draft.recipients.rejected.height, preview.blocked.height
    if rejected:
        what = "entry" if preview.draft.quick else "row of the file"
        many = "entries" if preview.draft.quick else "rows of the file"
        notice(
            "info", f"{show.plural(rejected, f'{what} is', f'{many} are')} not sent to and not charged; see the report."
        )
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
