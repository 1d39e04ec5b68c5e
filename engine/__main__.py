"""The command line: `python -m engine COMMAND`. See `--help`."""

from __future__ import annotations

import sys

from engine.cli import main

if __name__ == "__main__":
    sys.exit(main())
