"""Passwords: the policy, and bcrypt with a bound on how many are computed at once. Knows no database."""

from __future__ import annotations

import re
import threading
import unicodedata
from typing import Final

import bcrypt

from engine.errors import InputError

LEAST_CHARACTERS: Final = 10
MOST_BYTES: Final = 72
"""bcrypt reads no further; a longer password is refused rather than cut silently."""
COST: Final = 12
"""2^12 rounds, about 0.3 s: slow for a thief, bearable for a person."""
HASHES_AT_ONCE: Final = 2
"""bcrypt frees the interpreter lock; more at once would take the CPU from sending."""
UNUSABLE: Final = "!"
"""Stored for members that never sign in (the account of the command line)."""
LEAST_DISTINCT: Final = 4
LEAST_NAME_CHARACTERS: Final = 4
"""Shorter user names may be part of a password by chance."""

_WORDS: Final = (
    "password passwort passwd pass qwerty qwertyuiop qwertyuio qwertz azerty asdfghjkl asdfgh zxcvbnm zxcvbn "
    "welcome letmein login admin administrator master root user guest test testing default changeme secret "
    "iloveyou loveyou sunshine princess dragon monkey football baseball basketball superman batman trustno "
    "starwars whatever freedom shadow michael jordan liverpool chelsea arsenal summer winter spring autumn "
    "computer internet samsung google facebook mustang charlie hello abc abcdef abcdefgh abcdefghij abcd qazwsx "
    "qazwsxedc zaqxsw aaaaaaaaaa unknown correcthorsebatterystaple sms bulksms ims"
)
_COMMON_WORDS: Final = frozenset(_WORDS.split())
_LEET: Final = str.maketrans("013457@$!", "oieastasi")
_RUNS: Final = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")

_slots = threading.BoundedSemaphore(HASHES_AT_ONCE)


def check_policy(password: str, *names: str) -> None:
    """Refuses a short, common or over-long password, and one built on the member's own names.

    Raises InputError("weak_password" | "invalid") with the field "Password".
    """
    if len(_bytes(password)) > MOST_BYTES:
        raise InputError(
            "invalid",
            field="Password",
            problem=f"at most {MOST_BYTES} bytes are used.",
            remedy="Choose a shorter one.",
        )
    if len(password) < LEAST_CHARACTERS or _is_common(password) or _is_built_on(password, names):
        raise InputError("weak_password", least=LEAST_CHARACTERS, field="Password")


def _is_common(password: str) -> bool:
    folded = unicodedata.normalize("NFKC", password).casefold()
    if len(set(folded)) < LEAST_DISTINCT:
        return True
    if any(folded in run or folded in run[::-1] for run in _RUNS):
        return True
    cores = {re.sub(r"[^a-z]+", "", folded), re.sub(r"[^a-z]+", "", folded.translate(_LEET))}
    cores.add(re.sub(r"[^a-z]+", "", re.sub(r"[^a-z]+$", "", folded).translate(_LEET)))
    return any(core in _COMMON_WORDS or _repeats_a_word(core) for core in cores if core)


def _repeats_a_word(core: str) -> bool:
    half, odd = divmod(len(core), 2)
    return not odd and core[:half] == core[half:] and core[:half] in _COMMON_WORDS


def _is_built_on(password: str, names: tuple[str, ...]) -> bool:
    folded = password.casefold()
    return any(len(name) >= LEAST_NAME_CHARACTERS and name.casefold() in folded for name in names)


def hash_password(password: str, cost: int = COST) -> str:
    """bcrypt of a password that passed `check_policy`. Takes about 0.3 s: never inside a transaction."""
    with _slots:
        return bcrypt.hashpw(_bytes(password), bcrypt.gensalt(rounds=cost)).decode("ascii")


def matches(password: str, hashed: str | None, cost: int = COST) -> bool:
    """Whether the password is right. Nobody's hash (None, unusable) takes the same time and is never right."""
    real = hashed is not None and hashed.startswith("$2")
    against = hashed if real and hashed is not None else f"$2b${cost:02d}${'.' * 53}"
    given = _bytes(password)
    with _slots:
        same = bcrypt.checkpw(given[:MOST_BYTES], against.encode("ascii"))
    return real and same and len(given) <= MOST_BYTES


def _bytes(password: str) -> bytes:
    """Composed first, so that keyboards that send accents apart give the same password."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
