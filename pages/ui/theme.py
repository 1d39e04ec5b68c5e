"""The look that Streamlit's own theme cannot say: page tint, cards, the fixed top bar, notices, charts."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import streamlit as st

ASSETS: Final = Path(__file__).parent / "assets"
ICON: Final = ASSETS / "mark.svg"
LOGO: Final = ASSETS / "logo.svg"
PRODUCT: Final = "IMS"

CHART_COLOURS: Final = ("#0f8a74", "#e0982c", "#4079c4", "#d65f4a", "#8567bd", "#86a33a", "#76868f")
"""The order of `.streamlit/config.toml`; Plotly figures take it as `colorway`."""
CHART_CONFIG: Final = {"displayModeBar": False}

_LIGHT: Final = {
    "card": "#ffffff",
    "line": "#d7e1dd",
    "ink": "#0b4a3e",
    "tint": "6%",
    "brand": "#0b7a66",
    "strong": "#08604f",
    "quiet": "#56635e",
    "red": "#b42318",
    "amber": "#b45309",
    "green": "#15803d",
    "blue": "#2563a8",
}
_DARK: Final = {
    "card": "#141d1b",
    "line": "#2e3e3a",
    "ink": "#000000",
    "tint": "38%",
    "brand": "#0f846d",
    "strong": "#5fd6ba",
    "quiet": "#a3b3ad",
    "red": "#f4877b",
    "amber": "#f5b454",
    "green": "#4ade80",
    "blue": "#7fb4ec",
}
"""What the style sheet uses as --ims-…; card and line are the theme's (`.streamlit/config.toml`),
brand its primary colour, darker in the dark so that white text on it is readable (4.6 to 1); strong is brand as text,
quiet what matters less: both 4.5 to 1 on cards and on the page."""


def apply_styles() -> None:
    """Puts the style sheet in; it takes no room on the page."""
    st.html(_style_tag())


def chart_layout(**more: Any) -> dict[str, Any]:
    """Layout of every Plotly figure: our colours, no margins, whatever is behind it shining through."""
    layout: dict[str, Any] = {
        "colorway": list(CHART_COLOURS),
        "margin": {"l": 0, "r": 0, "t": 8, "b": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "y": 1.12, "x": 0},
        "hovermode": "x unified",
    }
    return layout | more


@cache
def _style_tag() -> str:
    sheet = (ASSETS / "styles.css").read_text(encoding="utf-8")
    # Streamlit follows the system's preference too; on the server it is only known after the first run.
    return (
        f"<style>:root {{ {_variables(_LIGHT)} }} "
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_variables(_DARK)} }} }}\n{sheet}</style>"
    )


def _variables(palette: dict[str, str]) -> str:
    return " ".join(f"--ims-{name}: {value};" for name, value in palette.items())
