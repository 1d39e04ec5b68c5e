"""What people type to register, checked and put into one form. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from engine.accounts.passwords import check_policy
from engine.errors import InputError

TEAM, FULL_NAME, USER_NAME = "Team or company", "Full name", "User name"
EMAIL, PASSWORD, REPEAT, ZONE = "E-mail", "Password", "Repeat password", "Time zone"
"""Labels of the form; an InputError names the field at fault with one of them (`facts["field"]`)."""
BOTH_NAMES: Final = "First and last name"
"""What the form of registration asks for in two fields."""
OLD_PASSWORD: Final = "Current password"  # noqa: S105 - a label, not a password

MOST_NAME: Final = 80
NOT_ZONES: Final = frozenset({"Factory", "localtime"})
"""Files of the zone database that name no zone."""
MOST_USER_NAME: Final = 32
MOST_EMAIL: Final = 254
"""RFC 5321's limit of a path."""

_USER_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{1,30})[a-z0-9]")
_EMAIL: Final = re.compile(r"[^\s@\"(),:;<>\[\]\\]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")


@dataclass(frozen=True, slots=True)
class RegisterForm:
    """As typed. `zone` is an IANA name, empty when the browser did not say; `repeated` is the password once more, None
    where it is not asked for twice."""

    team: str
    full_name: str
    user_name: str
    email: str
    password: str
    zone: str = ""
    repeated: str | None = None

    def checked(self, default_zone: str) -> RegisterForm:
        """The form with names trimmed and identities lower-cased. Raises InputError naming the field, one for all."""
        errors: list[InputError] = []

        def kept(read: Callable[..., str], *given: str) -> str:
            try:
                return read(*given)
            except InputError as error:
                errors.append(error)
                return ""

        form = RegisterForm(
            team=kept(name_of, TEAM, self.team),
            full_name=kept(name_of, BOTH_NAMES, self.full_name),
            email=kept(email_of, self.email),
            user_name=kept(user_name_of, self.user_name),
            password=kept(self._password),
            zone=kept(zone_of, self.zone or default_zone),
        )
        if self.repeated is not None and self.repeated != self.password:
            errors.append(differing())
        if len(errors) > 1:
            raise InputError("several", field=errors[0].facts["field"], problems="\n".join(map(str, errors)))
        if errors:
            raise errors[0]
        return form

    def _password(self) -> str:
        check_policy(self.password, identity(self.user_name), identity(self.email).partition("@")[0])
        return self.password


def differing() -> InputError:
    """Of a password that was not typed the same twice."""
    return _invalid(REPEAT, "the two passwords differ.", "Type both again.")


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
    return frozenset(available_timezones()) - NOT_ZONES
