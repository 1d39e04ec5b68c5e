"""Contact lists of an account, and the people who opted out of its messages.

contacts.import_file(actor, list_id, read("people.xlsx", data))     new numbers in, duplicates counted
contacts.as_recipients(actor, list_id)                              what compose takes, at most 5,000 at once
opt_outs.add(actor, "61412345678")                                  from now on nobody sends there
opt_outs.record(tx, account_id, msisdn, Source.STOP, now_us=…)      the same inside a transaction (inbound STOP)
"""

from __future__ import annotations

from engine.contacts.importing import ImportMode, ImportResult
from engine.contacts.limits import LIST_MOST, LISTS_MOST, TASK_MOST, ranges
from engine.contacts.lists import Contacts
from engine.contacts.opt_outs import OptOutImport, OptOuts, Source
from engine.contacts.paging import ListPage

__all__ = [
    "LISTS_MOST",
    "LIST_MOST",
    "TASK_MOST",
    "Contacts",
    "ImportMode",
    "ImportResult",
    "ListPage",
    "OptOutImport",
    "OptOuts",
    "Source",
    "ranges",
]
