"""Every limit of reading a recipients file, so that no upload costs more than about a second."""

from __future__ import annotations

from typing import Final

MAX_NAME_CHARS: Final = 255
MAX_FILE_BYTES: Final = 10 * 1024 * 1024
MAX_RECIPIENTS: Final = 5_000
"""Rows below the header that hold anything; blank ones are not counted."""
MAX_PHYSICAL_ROWS: Final = 20_000
"""Rows as a spreadsheet shows them, blank ones included."""
MAX_HEADER_ROWS: Final = 20
"""Rows, blank ones not counted, within which the header has to be."""
MAX_COLUMNS: Final = 256
MAX_CELLS: Final = 600_000
"""Filled cells of one spreadsheet: what the reader turns into values in about half a second."""
MAX_AREA_CELLS: Final = 2_000_000
"""Cells between the first and the last filled one: they are allocated even when blank."""
MAX_SHEETS: Final = 10
"""Visible sheets that are looked at for phone numbers."""
MAX_FIELD_CHARS: Final = 131_072
"""One cell of a text file; more is a quotation mark that is never closed."""
MAX_LINE_CHARS: Final = 1_000_000
MAX_LINES: Final = 200_000
"""Lines of a text file: more than rows, because quoted cells may span several."""
MAX_HEADER_CHARS: Final = 100
"""Longer column names cannot be typed as a placeholder and are cut."""
MAX_VALUE_CHARS: Final = 200
"""Of a rejected cell, for the report."""

MAX_ZIP_MEMBERS: Final = 1_000
MAX_UNPACKED_BYTES: Final = 100 * 1024 * 1024
MAX_UNPACKED_RATIO: Final = 100
RATIO_FREE_BYTES: Final = 1024 * 1024
"""Archives that unpack to less than this may have any ratio: small sheets of equal rows pack very well."""
MAX_SHEET_XML_BYTES: Final = 64 * 1024 * 1024
MAX_STRINGS_XML_BYTES: Final = 32 * 1024 * 1024
MAX_STYLES_XML_BYTES: Final = 8 * 1024 * 1024
MAX_INDEX_XML_BYTES: Final = 1024 * 1024
"""Workbook and relationship parts: they only name the others."""
MAX_XML_ELEMENTS: Final = 1_000_000
"""Elements that are walked one by one, which is done only for unusual sheets."""

CHILD_SECONDS: Final = 2
CHILD_MEMORY_BYTES: Final = 1024 * 1024 * 1024
"""Address space, not use: an idle interpreter takes a tenth of it."""
