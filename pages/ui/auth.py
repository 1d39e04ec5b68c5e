"""Signing in and registering: the forms of streamlit-authenticator on top of the Engine's accounts.

The package's forms are kept. Replaced is what decides: passwords are checked by the Engine (lockout by the row, equal
text for unknown names), credentials are read from the database one row at a time, and the cookie is an HttpOnly one
that can be revoked (see `pages.ui.browser`) instead of a token written by a script.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NoReturn

import streamlit as st
from streamlit_authenticator import Authenticate
from streamlit_authenticator.controllers import AuthenticationController
from streamlit_authenticator.models import AuthenticationModel
from streamlit_authenticator.utilities import ForgotError, Validator

from engine.accounts import RegisterForm
from engine.accounts.forms import PASSWORD, REPEAT
from engine.accounts.passwords import LEAST_CHARACTERS
from engine.app import Engine
from engine.errors import AccessError
from pages.ui.context import get_engine

PASSWORD_HELP: Final = (
    f"At least {LEAST_CHARACTERS} characters and not a common password. A few unrelated words are easy to remember."
)
LOGIN_FIELDS: Final = {
    "Form name": "Log in",
    "Username": "User name or e-mail",
    "Password": "Password",
    "Login": "Log in",
}
REGISTER_FIELDS: Final = {
    "Form name": "You",
    "First name": "First name",
    "Last name": "Last name",
    "Email": "E-mail",
    "Username": "User name",
    "Password": PASSWORD,
    "Repeat password": REPEAT,
    "Register": "Register",
}

Create = Callable[[RegisterForm], None]


class StoredUsernames(Mapping[str, dict[str, Any]]):
    """The package's `credentials["usernames"]`, one row a look-up: nobody else's hash is ever loaded."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getitem__(self, user_name: str) -> dict[str, Any]:
        found = self._engine.accounts.credentials(user_name)
        if found is None:
            raise KeyError(user_name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(())  # people are looked up, never listed

    def __len__(self) -> int:
        return 0


class _Model(AuthenticationModel):
    def __init__(self, engine: Engine) -> None:
        super().__init__({"usernames": {}}, auto_hash=False, validator=Validator())
        self.credentials = {"usernames": StoredUsernames(engine)}
        self.ticket: str | None = None
        self._engine = engine

    def check_credentials(self, username: str, password: str) -> bool:
        """Raises AccessError with the sentence to show; otherwise keeps the ticket for the cookie."""
        self.ticket = self._engine.accounts.sign_in(username, password, st.context.headers.get("User-Agent", ""))
        return True

    def _record_failed_login_attempts(self, username: str, reset: bool = False) -> None:
        """The Engine counts failures in the row; the package's own count would be lost with the session."""


class _Controller(AuthenticationController):
    def __init__(self, engine: Engine) -> None:
        self.validator = Validator()
        self.authentication_model = _Model(engine)
        self.create: Create = engine.accounts.register
        self.team = ""

    def login(self, username: str | None = None, password: str | None = None, *_: Any, **__: Any) -> bool:
        """Raises AccessError to be shown. The package would strip the password; every character of it counts here."""
        if not username or not password:
            raise AccessError("login_failed")
        return bool(self.authentication_model.login(username.strip().lower(), password))

    def register_user(  # type: ignore[override]  # the package's own signature, its options unused
        self, first: str, last: str, email: str, user_name: str, password: str, repeated: str, *_: Any, **__: Any
    ) -> tuple[str, str, str]:
        """Raises InputError naming the fields; returns what the package returns."""
        full_name = f"{first} {last}".strip()
        zone = st.context.timezone or ""
        self.create(RegisterForm(self.team, full_name, user_name, email, password, zone, repeated))
        return email, user_name, full_name


class _NoCookie:
    """Stands where the package keeps its script-written cookie: there is none."""

    def get_cookie(self) -> None:
        return None

    def set_cookie(self) -> None:
        return None

    def delete_cookie(self) -> None:
        return None


class Authenticator(Authenticate):
    """One per run of a script. `super().__init__` is not called: it would put the cookie's iframe on the page."""

    def __init__(self) -> None:
        engine = get_engine()
        self.path = None
        self.api_key = None
        self.secret_key = ""
        self.attrs = {"login_sleep_time": 0, "password_instructions": PASSWORD_HELP}
        self.cookie_controller = _NoCookie()
        self.authentication_controller = _Controller(engine)

    def ask(self) -> str | None:
        """Shows the log-in form; a ticket when the password was right. Raises AccessError to be shown."""
        st.session_state["authentication_status"] = None
        super().login(fields=LOGIN_FIELDS, key="Login")
        return self.authentication_controller.authentication_model.ticket

    def enrol(self, team: str, create: Create, *, button: str = "Register") -> bool:
        """Shows the registration form; True once `create` accepted it. Raises ImsError to be shown."""
        self.authentication_controller.team = team
        self.authentication_controller.create = create
        email, _, _ = super().register_user(
            fields=REGISTER_FIELDS | {"Register": button}, captcha=False, password_hint=False, key="Register"
        )
        return email is not None

    def forgot_password(self, *_: Any, **__: Any) -> NoReturn:
        """The package would set a new password for anybody and show it. Staff reset passwords here."""
        raise ForgotError("not offered: staff reset passwords")
