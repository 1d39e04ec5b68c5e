"""Recipients files and typed numbers → rows to send to, and rows that are not sent to with the reason.

    file = read("list.xlsx", data, "AU")    every row accepted or rejected; FileError when it cannot be read
    file.summary                            {"ok": 4980, "duplicate": 15, "landline": 5}
    file.columns                            names usable in the content as ((name)); file.field(name) has the values
    read_numbers("61412345678, +44 …")      the same for a box to type in
    rejected_csv(file)                      download of the rejected rows

Nothing in a file can make this raise anything but `FileError`, take much more than a second, or use a formula or macro.
"""

from __future__ import annotations

from engine.recipients.limits import MAX_FILE_BYTES, MAX_RECIPIENTS
from engine.recipients.reader import FIELD_PREFIX, RecipientFile, read, read_numbers
from engine.recipients.report import rejected_csv, report_csv, to_check_json
from engine.recipients.table import is_blank
from engine.recipients.templates import FORMATS, Format, Template, template

__all__ = [
    "FIELD_PREFIX",
    "FORMATS",
    "MAX_FILE_BYTES",
    "MAX_RECIPIENTS",
    "Format",
    "RecipientFile",
    "Template",
    "is_blank",
    "read",
    "read_numbers",
    "rejected_csv",
    "report_csv",
    "template",
    "to_check_json",
]
