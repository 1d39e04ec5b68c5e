"""What only the browser can do: exchange a ticket for the HttpOnly cookie, let it be taken away, close a menu.

The scripts are ours and constant; what varies is passed as data. They use `/session` (engine/api/session.py).
"""

from __future__ import annotations

from typing import Final

import streamlit as st
from streamlit.components.v2 import component

from engine.api.session import REQUEST_HEADER, SESSION_PATH


def address() -> str:
    """What the browser asked for, without its query; in later runs of a visit Streamlit leaves the page's name out."""
    return st.context.url or ""


_BEGIN: Final = """
const tried = new Set();
export default function ({ data, setTriggerValue }) {
  if (tried.has(data.ticket)) return;
  tried.add(data.ticket);
  fetch(data.address, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", [data.header]: "1" },
    body: JSON.stringify({ ticket: data.ticket }),
  })
    .then((answer) => {
      if (!answer.ok) throw new Error(answer.status);
      if (data.next) window.location.replace(data.next);
      else window.location.reload();
    })
    .catch(() => setTriggerValue("failed", data.ticket));
}
"""

_END: Final = """
export default function ({ data }) {
  fetch(data.address, { method: "DELETE", credentials: "same-origin", headers: { [data.header]: "1" } })
    .finally(() => window.location.replace(data.next));
}
"""

_CLOSE_MENU: Final = """
export default function () {
  const close = (click) => {
    if (window.innerWidth > 768 || !click.target.closest(".st-key-ims-menu a")) return;
    document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
  };
  document.addEventListener("click", close);
  return () => document.removeEventListener("click", close);
}
"""
# On a phone the menu covers the page; Streamlit closes it for its own menu only.

_begin = component("ims_session_begin", js=_BEGIN)
_end = component("ims_session_end", js=_END)
_close_menu = component("ims_close_menu", js=_CLOSE_MENU)


def begin_session(ticket: str, next_address: str) -> bool:
    """Signs the browser in and loads `next_address` (the present address when empty).

    True when the exchange was refused, as after a ticket's 30 seconds.
    """
    with st.container(key="ims-silent-begin"):
        result = _begin(
            data={"ticket": ticket, "next": next_address, "address": SESSION_PATH, "header": REQUEST_HEADER},
            key="ims-session-begin",
            on_failed_change=_nothing,
        )
    return result.get("failed") == ticket


def end_session(next_address: str) -> None:
    """Takes the cookie away and loads `next_address`."""
    with st.container(key="ims-silent-end"):
        _end(
            data={"next": next_address, "address": SESSION_PATH, "header": REQUEST_HEADER},
            key="ims-session-end",
        )


def close_menu_on_phones() -> None:
    """Closes the sidebar when a link of the menu was followed on a narrow screen."""
    with st.container(key="ims-silent-menu"):
        _close_menu(key="ims-close-menu")


def _nothing() -> None:
    """A trigger needs a listener to be reported; the rerun it causes is all that is wanted."""
