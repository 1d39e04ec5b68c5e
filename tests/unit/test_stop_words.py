"""What a message from a phone asks for: whole words of stopping in many languages, not what merely holds one."""

from __future__ import annotations

import pytest

from engine.inbox.reading import READ_LENGTH, Kind, kind_of
from engine.inbox.stop_words import ACCENTS_MATTER, HELP, ONLY_ALONE, START, STOP, Words

LEAST_LANGUAGES = 61
"""The page and the help say “more than sixty”."""


def every(words: Words) -> list[str]:
    return [word for of in words.values() for word in of]


@pytest.mark.parametrize("language", list(STOP))
def test_every_word_of_every_language_stops_in_any_dress(language: str) -> None:
    for word in STOP[language]:
        for written in (word, word.upper(), word.title(), f" {word}! ", f"“{word}”", f"({word}).", f"{word}\n"):
            assert kind_of(written) is Kind.STOP, written


def test_there_are_many_languages() -> None:
    assert len(STOP) >= LEAST_LANGUAGES


@pytest.mark.parametrize(
    "written",
    [
        *("STOP", "stop", "Stop!", "'Stop'", "STOP ALL", "stop please", "Please, stop.", "STOP STOP", "S.T.O.P"),
        *("Stop ✋️", "ＳＴＯＰ", "stop\u200b", "opt-out", "OPT OUT", "Don’t text me", "Unsubscribe, thank you"),
        *("ARRET", "arrêt", "Désabonnement", "desabonnement", "stop svp", "STOPP", "Abmelden bitte", "BAJA", "SAIR"),
        *("rezygnuje", "ZRUŠIT", "zrusit", "СТОП", "отпишите меня пожалуйста", "ΣΤΟΠ", "τελος", "İPTAL", "IPTAL"),
        *(
            "أوقف",
            "اوقف",
            "توقـــف",
            "لغو۱۱",
            "הסר",
            "रोकें",
            "বন্ধ",
            "停止",
            "退订",
            "請退訂",
            "중지",
            "หยุด",
            "DỪNG",
            "HUỶ",
        ),
        *("BERHENTI", "to‘xta", "stop\r\n"),
    ],
)
def test_a_whole_message_of_stopping_is_a_stop(written: str) -> None:
    assert kind_of(written) is Kind.STOP


@pytest.mark.parametrize(
    "written",
    [
        *("I'll stop by tomorrow", "please stop sending me these", "STOP 36180", "can you unsubscribe my old number"),
        *(
            "Bitte alle abmelden und löschen",
            "我想退订这个",
            "수신거부해주세요",
            "ช่วยหยุดส่งด้วย",
            "remove me from your list",
        ),
    ],
)
def test_a_longer_text_with_such_a_word_is_left_to_people(written: str) -> None:
    assert kind_of(written) is Kind.MAY_STOP


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", "!!!", "🛑", "yes", "no", "ok", "Thanks!", "please", "OK, thanks", "1", "1 2 3"),
        *("the end", "please cancel my appointment", "quit smoking helped", "see you on the weekend", "stopping"),
        *("acha", "seis", "dur", "dung", "Dũng", "off", "misa", "non-stop-ish"[:3], "arretx", "取消预约谢谢"),
        "x" * READ_LENGTH + " stop",
    ],
)
def test_what_asks_for_nothing_is_a_message(written: str) -> None:
    assert kind_of(written) is Kind.MESSAGE


@pytest.mark.parametrize(("words", "kind"), [(START, Kind.START), (HELP, Kind.HELP)])
def test_starting_and_help_are_told_by_whole_messages_too(words: Words, kind: Kind) -> None:
    for word in every(words):
        assert kind_of(f"{word.upper()}!") is kind, word
        assert kind_of(f"{word} of the day and more") is not kind, word


def test_no_word_asks_for_two_things_and_every_exception_is_of_a_word() -> None:
    stop, start, help_ = set(every(STOP)), set(every(START)), set(every(HELP))
    assert not stop & start
    assert not stop & help_
    assert not start & help_
    assert stop >= ONLY_ALONE
    assert stop >= ACCENTS_MATTER


def test_odd_text_is_read_without_a_fault() -> None:
    for odd in ("\ud800", "stop\ud83d", "\x00", "\u202estop", "a\u0301" * 900, "stop " * 400, "\ufffd", "𝐒𝐓𝐎𝐏"):
        assert kind_of(odd) in set(Kind)
    assert kind_of("𝐒𝐓𝐎𝐏") is Kind.STOP
