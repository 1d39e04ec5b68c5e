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
MAX_XML_TAGS: Final = 1_800_000
"""Of all parts of a workbook that are read: some 450,000 numbers or 225,000 texts, in well under a second."""
MAX_TEXT_CHARS: Final = 32 * 1024 * 1024
"""Of all cells of a sheet: cells may share one long text."""

MAX_CHILDREN: Final = 2
"""Processes for old files at the same time; further uploads of that kind wait."""
CHILD_CPU_SECONDS: Final = 1
CHILD_WALL_SECONDS: Final = 5
"""Longer, for a busy machine."""
CHILD_MEMORY_BYTES: Final = 1024 * 1024 * 1024
"""Address space, not use: an idle interpreter takes a tenth of it."""
CHILD_AREA_CELLS: Final = 2_000_000
"""Cells between the first and the last filled one: the reader in the child allocates them even when blank."""
