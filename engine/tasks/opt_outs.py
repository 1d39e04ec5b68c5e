"""People who opted out are left out of a quote, and an accepted task never holds credit for them."""

from __future__ import annotations

from dataclasses import replace

from engine.contacts.opt_outs import opted_out_words, screened, stopped
from engine.errors import StateError
from engine.store import Reader, Tx
from engine.tasks.quote import Draft, Preview


def left_out(reader: Reader, account_id: int, draft: Draft) -> Draft:
    """The draft with everybody who opted out among its rejected rows, as `opted_out`."""
    return replace(draft, recipients=screened(reader, account_id, draft.recipients))


def refuse_new(tx: Tx, account_id: int, preview: Preview) -> None:
    """Raises StateError("opted_out_since") when somebody opted out after the quote was made."""
    count = stopped(tx, account_id, preview.messages["msisdn"])
    if count:
        raise StateError("opted_out_since", recipients=opted_out_words(count))
