"""Routes: how messages leave, what they cost where and from when, how they do, and the name that shows the price."""

from engine.routes.codes import (
    CODE_LENGTH,
    MEANING_LENGTH,
    MOST_CODES,
    REASONS,
    Code,
    CodeFile,
    code_in,
    code_table,
    read_codes,
    write_codes,
)
from engine.routes.csv_files import RowProblem
from engine.routes.editing import RouteChanges, add, edit
from engine.routes.health import Outcomes, RouteHealth
from engine.routes.meters import RouteMeters
from engine.routes.model import (
    DEFAULT_BATCH,
    EVERYWHERE,
    MOST_BATCH,
    MOST_THROUGHPUT,
    NAME_LENGTH,
    NewRoute,
    Route,
)
from engine.routes.price_files import PriceFile, read_prices, write_prices
from engine.routes.prices import PriceChange, changes_between, prices_of
from engine.routes.reading import find, load, load_all
from engine.routes.service import Routes
from engine.routes.states import give_back, link_words, mark_down, mark_up, take_over
from engine.routes.takeover import (
    AFTER_LEAST_S,
    AFTER_MOST_S,
    AFTER_USUAL_S,
    BELOW_LEAST,
    BELOW_MOST,
    SUCCESS_LEAST,
    SUCCESS_WINDOW_S,
    depending,
)

__all__ = [
    "AFTER_LEAST_S",
    "AFTER_MOST_S",
    "AFTER_USUAL_S",
    "BELOW_LEAST",
    "BELOW_MOST",
    "CODE_LENGTH",
    "DEFAULT_BATCH",
    "EVERYWHERE",
    "MEANING_LENGTH",
    "MOST_BATCH",
    "MOST_CODES",
    "MOST_THROUGHPUT",
    "NAME_LENGTH",
    "REASONS",
    "SUCCESS_LEAST",
    "SUCCESS_WINDOW_S",
    "Code",
    "CodeFile",
    "NewRoute",
    "Outcomes",
    "PriceChange",
    "PriceFile",
    "Route",
    "RouteChanges",
    "RouteHealth",
    "RouteMeters",
    "Routes",
    "RowProblem",
    "add",
    "changes_between",
    "code_in",
    "code_table",
    "depending",
    "edit",
    "find",
    "give_back",
    "link_words",
    "load",
    "load_all",
    "mark_down",
    "mark_up",
    "prices_of",
    "read_codes",
    "read_prices",
    "take_over",
    "write_codes",
    "write_prices",
]
