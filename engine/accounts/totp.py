"""Codes of an authenticator app (RFC 6238) and recovery codes. Knows no database."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from pyotp.totp import TOTP

from engine.model import SECOND_US

STEP_S: Final = 30
DRIFT_STEPS: Final = 1
"""Phones whose clock is up to half a minute off are understood."""
DIGITS: Final = 6
RECOVERY_CODES: Final = 10
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters and digits that are read for one another."""
_GROUPS, _GROUP = 4, 4
"""16 of 31 characters: 79 bits, so that a plain hash of a code cannot be searched."""
_PURPOSE: Final = b"ims second step"


class Vault:
    """Encrypts secrets at rest with a key made from the server's own secret (`config.secret_of`)."""

    def __init__(self, server_secret: str) -> None:
        key = hmac.new(server_secret.encode(), _PURPOSE, hashlib.sha256).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def locked(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode("ascii")).decode("ascii")

    def opened(self, stored: str) -> str | None:
        """None when it was locked with another server's secret."""
        try:
            return self._fernet.decrypt(stored.encode("ascii")).decode("ascii")
        except InvalidToken:
            return None


def new_secret() -> str:
    """32 characters of base32: 160 bits."""
    return pyotp.random_base32()


def address_of(secret: str, *, who: str, issuer: str) -> str:
    """The otpauth:// address that a QR code holds."""
    return TOTP(secret).provisioning_uri(name=who, issuer_name=issuer)


def step_of(secret: str, code: str, *, now_us: int, after: int) -> int | None:
    """The 30-second step a code belongs to, when it is right, near now and later than step `after`."""
    now = now_us // SECOND_US // STEP_S
    totp = TOTP(secret, digits=DIGITS, interval=STEP_S)
    found: int | None = None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(step), code) and step > after:
            found = step
    return found


def plain(code: str) -> str:
    """A code as typed, without spaces and dashes."""
    return "".join(code.split()).replace("-", "").lower()


def is_totp(code: str) -> bool:
    """Whether a plain code is one of an app rather than a recovery code."""
    return len(code) == DIGITS and code.isascii() and code.isdigit()


def new_recovery_codes() -> list[str]:
    """Ten codes such as "k7wm-2hqa-9tex-pd4n"."""
    return ["-".join(_group() for _ in range(_GROUPS)) for _ in range(RECOVERY_CODES)]


def recovery_hash(member_id: int, code: str) -> str:
    return hashlib.sha256(f"{member_id}:{plain(code)}".encode("utf-8", "surrogatepass")).hexdigest()


def _group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP))
