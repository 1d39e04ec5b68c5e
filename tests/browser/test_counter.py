"""The counter in the browser agrees with the Engine, and moves with every keystroke."""

from __future__ import annotations

import random

import pytest
from playwright.sync_api import Page, expect

from engine import parts
from engine.model import GSM_BASIC, GSM_EXTENSION, CountRule
from pages.ui.counter import JS
from tests.browser.conftest import Server, be, box

pytestmark = pytest.mark.browser

COUNT_MANY = "([texts, carrier]) => {%s; return texts.map((text) => countSms(text, carrier)); }"
EDGES = (
    *("", "\n", "a" * 160, "a" * 161, "a" * 306, "a" * 307, "a" * 918, "a" * 919, "€" * 80, "€" * 81),
    *("a" * 152 + "€" + "b" * 152, "a" * 153 + "€" * 77, "`", "\x1b", "a\x1bb", "ж" * 70, "ж" * 71, "ж" * 134),
    *("😀" * 35, "😀" * 36, "ж" * 66 + "😀" * 2, "ж" * 66 + "😀" * 40, "👨‍👩‍👧 é ñ", "你好" * 40, "line\nline"),
)


def texts_of_every_kind() -> list[str]:
    chance = random.Random(7)
    pools = [GSM_BASIC, GSM_BASIC + GSM_EXTENSION * 4, GSM_BASIC + GSM_EXTENSION + "жй你😀\u200d`", "😀ж"]
    lengths = [*range(0, 400, 7), 459, 460, 800, 1_000]
    return [*EDGES, *("".join(chance.choices(chance.choice(pools), k=length)) for length in lengths)]


@pytest.mark.parametrize("rule", list(CountRule))
def test_the_browser_counts_every_text_as_the_engine_does(page: Page, rule: CountRule) -> None:
    script = COUNT_MANY % JS.partition("export default")[0]
    texts = texts_of_every_kind()
    counted = page.evaluate(script, [texts, rule is CountRule.CARRIER])
    for text, seen in zip(texts, counted, strict=True):
        wanted = parts.count(text, rule)
        assert (seen["encoding"], seen["characters"], seen["units"], seen["sms"], seen["parts"]) == (
            wanted.encoding.value, wanted.characters, wanted.units, wanted.sms, wanted.parts,
        ), repr(text)  # fmt: skip


@pytest.mark.flow(9)
def test_the_counter_moves_while_typing_and_names_what_costs_more(page: Page, server: Server) -> None:
    be(page, server, "counter")
    page.goto(f"{server.url}/quick_sms")
    content = box(page, "Content")
    content.fill("Acme: sale " + "x" * 149)
    counter = page.locator(".counter")
    expect(counter.locator('[data-field="characters"]')).to_have_text("160")
    expect(counter.locator('[data-field="sms"]')).to_have_text("1")
    content.press_sequentially("x")
    expect(counter.locator('[data-field="characters"]')).to_have_text("161")
    expect(counter.locator('[data-field="sms"]')).to_have_text("2")
    expect(content).to_be_focused()
    content.press_sequentially("ж")
    expect(counter.locator('[data-field="encoding"]')).to_have_text("Unicode")
    expect(counter).to_contain_text("“ж” is outside the SMS alphabet")
    content.blur()
    expect(page.get_by_text("each SMS hold 70 characters instead of 160").first).to_be_visible()
    expect(counter.locator('[data-field="sms"]')).to_have_text("3")
