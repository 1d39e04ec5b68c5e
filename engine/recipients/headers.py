"""Whether a column's name says “phone number”, in the languages people write their lists in."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

MAX_NAME_CHARS: Final = 60
"""A longer cell is a sentence, not a name."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Anywhere in a word: names run together in many ways (phonenumber, Handynummer, телефонный, 联系电话).
_STEMS: Final = (
    *(
        "phone",
        "telef",
        "mobil",
        "movil",
        "movel",
        "celular",
        "cellul",
        "msisdn",
        "rufnummer",
        "handynummer",
        "handynr",
        "whatsapp",
    ),
    *("puhelin", "matkapuh", "telepon", "ponsel", "dienthoai", "didong", "mobiel", "farsimi"),
    *("телеф", "телеп", "мобил", "мобіл", "мобильн", "сотов", "τηλεφ", "κινητ"),
    *("手机", "手機", "电话", "電話", "携帯", "휴대", "핸드폰", "전화", "연락처"),
    *("هاتف", "جوال", "موبايل", "موبائل", "موبایل", "تلفن", "تليفون", "همراه", "טלפון", "נייד"),
    *("मोबाइल", "फोन", "ফোন", "মোবাইল", "தொலைபேசி", "மொபைல்", "ఫోన్", "మొబైల్"),
    *("โทร", "มือถือ", "ទូរស័ព្ទ", "ဖုန်း", "ტელეფ", "հեռախոս", "ስልክ"),
)
# Whole words: too short to be looked for inside others.
_WORDS: Final = _set(
    "tel tels tlf telf cell cells cel gsm sms mob handy portable fone hp nohp sdt natel komorka komorkowy gsmno "
    "cellno telno mobno fono тел моб τηλ κιν نقال"
)
# They name numbers or people, so the content has to agree.
_WEAK: Final = _set(
    "number numbers no nr num nummer numero numeros numer cislo szam broj номер contact contacts kontakt recipient "
    "recipients destination to 号码 號碼 番号 번호 رقم"
)
_WEAK_STEMS: Final = ("号码", "號碼", "番号", "번호", "रقم", "رقم", "номер", "नंबर", "מספר", "αριθμ")
_FILLERS: Final = _set(
    "my your our the of customer client user member home work office business main primary first second other alt "
    "e164 intl international full with country code de del da do du des di la le el personal private 1 2 3"
)
# Words that make something else of it: “phone type”, “mobile country code”, “fax”.
_OTHERS: Final = _set(
    "fax telefax telex id ids type typ tipo kind ext extension date time verified valid status consent optin optout "
    "carrier operator network model brand price cost plan provider label note notes comment comments email mail "
    "name order invoice account postal zip house street tax vat imei prefix bill os device app version lists"
)
_OTHER_STEMS: Final = ("传真", "傳真", "区号", "區號", "类型", "факс")
_NOT_PHONES: Final = ("phonetic", "microphone", "headphone", "saxophone", "automobil", "immobil", "mobility")
_PHRASES: Final = ("dien thoai", "di dong", "whats app")
_ACCENTS: Final = dict.fromkeys([*range(0x0300, 0x0370), 0x093C, 0x09BC])
"""Accents and the dot of Hindi and Bengali, which people leave out."""


@lru_cache(maxsize=4_096)
def strength(name: str) -> int:
    """3: nothing but “phone number”; 2: a name with such a word in it; 1: may be (“number”, “contact”); 0: not."""
    words = _words(name)
    if not words or len(name) > MAX_NAME_CHARS or is_other(name):
        return 0
    phones = [word for word in words if _is_phone(word)]
    weak = [word for word in words if word in _WEAK or any(stem in word for stem in _WEAK_STEMS)]
    if phones:
        return 3 if all(word in phones or word in weak or word in _FILLERS for word in words) else 2
    return 1 if weak and len(words) <= 4 else 0


def same_name(one: str, other: str) -> bool:
    """Whether two column names are one to a person: case, accents, spaces and punctuation aside."""
    return one.strip() == other.strip() or (bool(_words(one)) and _words(one) == _words(other))


def is_other(name: str) -> bool:
    """Whether a name says that the column holds something else, such as a fax number or a phone's type."""
    words = _words(name)
    if "code" in words and not ({"number", "no", "with"} & set(words)):
        return True
    return any(
        word in _OTHERS or any(stem in word for stem in _OTHER_STEMS) or any(part in word for part in _NOT_PHONES)
        for word in words
    )


def _is_phone(word: str) -> bool:
    return word in _WORDS or any(stem in word for stem in _STEMS)


@lru_cache(maxsize=4_096)
def _words(name: str) -> tuple[str, ...]:
    """ "PhoneNumber", "phone_number", "Téléphone (mobile)" → its words, folded to one form."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", unicodedata.normalize("NFKC", name[: MAX_NAME_CHARS * 2]))
    folded = unicodedata.normalize("NFD", apart.casefold()).replace("đ", "d").translate(_ACCENTS)
    text = "".join(character if _in_word(character) else " " for character in unicodedata.normalize("NFC", folded))
    spaced = " ".join(text.split())
    for phrase in _PHRASES:
        spaced = spaced.replace(phrase, phrase.replace(" ", ""))
    return tuple(spaced.split())


def _in_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")
