"""What people type to register, checked and put into one form. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from engine.accounts.passwords import check_policy
from engine.errors import InputError

TEAM, FULL_NAME, USER_NAME, EMAIL, PASSWORD, ZONE = "Team", "Full name", "User name", "E-mail", "Password", "Time zone"
"""Labels of the form; an InputError names the field at fault with one of them (`facts["field"]`)."""
OLD_PASSWORD: Final = "Current password"  # noqa: S105 - a label, not a password

MOST_NAME: Final = 80
MOST_USER_NAME: Final = 32
MOST_EMAIL: Final = 254
"""RFC 5321's limit of a path."""

_USER_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{1,30})[a-z0-9]")
_EMAIL: Final = re.compile(r"[^\s@\"(),:;<>\[\]\\]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")


@dataclass(frozen=True, slots=True)
class RegisterForm:
    """As typed. `zone` is an IANA name, empty when the browser did not say."""

    team: str
    full_name: str
    user_name: str
    email: str
    password: str
    zone: str = ""

    def checked(self, default_zone: str) -> RegisterForm:
        """The form with names trimmed and identities lower-cased. Raises InputError naming the field."""
        form = RegisterForm(
            team=name_of(TEAM, self.team),
            full_name=name_of(FULL_NAME, self.full_name),
            user_name=user_name_of(self.user_name),
            email=email_of(self.email),
            password=self.password,
            zone=zone_of(self.zone or default_zone),
        )
        check_policy(form.password, form.user_name, form.email.partition("@")[0])
        return form


def user_name_of(text: str) -> str:
    """Lower-cased; never holds an @, so that it cannot be mistaken for someone's e-mail address."""
    name = identity(text)
    if not _USER_NAME.fullmatch(name):
        raise _invalid(
            USER_NAME,
            f"use 3–{MOST_USER_NAME} letters (a–z), digits, dots, dashes or underscores.",
            "Begin and end it with a letter or digit.",
        )
    return name


def email_of(text: str) -> str:
    email = identity(text)
    if len(email) > MOST_EMAIL or not _EMAIL.fullmatch(email) or ".." in email:
        raise _invalid(EMAIL, "this is not an e-mail address.", "Write it like name@example.com.")
    return email


def zone_of(text: str) -> str:
    if text not in _zones():
        raise _invalid(ZONE, "this time zone is not known.", "Choose one like Australia/Sydney.")
    return text


def identity(text: str) -> str:
    """User names and addresses are compared composed, trimmed and in lower case."""
    return unicodedata.normalize("NFC", text).strip().lower()


def name_of(field: str, text: str) -> str:
    """A name with its spaces tidied. Raises InputError naming `field`."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise _invalid(field, "this is empty.", "Fill it in.")
    if len(name) > MOST_NAME:
        raise _invalid(field, f"this is longer than {MOST_NAME} characters.", "Shorten it.")
    if not all(char.isprintable() for char in name):
        raise _invalid(field, "this has characters that cannot be shown.", "Type it again.")
    return name


def _invalid(field: str, problem: str, remedy: str) -> InputError:
    return InputError("invalid", field=field, problem=problem, remedy=remedy)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
