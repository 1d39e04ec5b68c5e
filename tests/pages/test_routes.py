"""The operator's desk for routes, in Streamlit's own harness."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine.app import Engine
from engine.model import MICRO, Role
from engine.routes import EVERYWHERE, NewRoute, Route, find
from pages.ui.registry import STAFF_ROUTES
from tests.pages.conftest import Visit

SECRET = "s3cret-word"
TABS = ("overview", "prices", "properties", "rules", "test")


def read(app: AppTest) -> str:
    kinds = ("title", "text", "caption", "markdown", "badge")
    shown = [str(getattr(element, "value", "")) for kind in kinds for element in app.get(kind)]
    shown += [unescape(element.proto.body) for element in app.get("html")]
    return "\n".join(shown)


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def field(app: AppTest, label: str) -> Any:
    return next(box for kind in ("text_input", "text_area", "number_input", "multiselect", "selectbox", "toggle", "radio")
                for box in getattr(app, kind) if box.label == label)  # fmt: skip


def premium(engine: Engine, **changes: Any) -> int:
    values: dict[str, Any] = {"name": "Premium", "gateway": "sim://", "prices": {EVERYWHERE: MICRO, "AU": 800_000}}
    from engine import routes  # noqa: PLC0415

    with engine.store.transaction() as tx:
        return routes.add(tx, NewRoute(**(values | changes)), member_id=None, now_us=engine.clock.now_us())


def stored(engine: Engine, name: str) -> Route:
    return find(engine.store, name, now_us=engine.clock.now_us())


@pytest.mark.parametrize("role", [Role.STAFF, Role.ADMIN])
@pytest.mark.parametrize("tab", TABS)
def test_operators_read_every_tab(
    engine: Engine, visit: Visit, sign_in: Callable[[Role], str], role: Role, tab: str
) -> None:
    sign_in(role)
    app = visit.open(STAFF_ROUTES, id=str(premium(engine)), tab=tab)
    assert not app.exception
    assert "Premium · 0.80–1.00 credit/SMS" in read(app)
    saving = [button for button in app.button if button.label.startswith(("Save", "Review", "Close", "Put"))]
    assert all(button.disabled for button in saving) or role is Role.ADMIN
