"""Whether a post was signed by who knows the secret. Comparisons take the same time wherever they differ.

Sources: twilio.com/docs/usage/security (X-Twilio-Signature: HMAC-SHA1 over address and sorted fields, base64; for JSON
bodySHA256); developer.vonage.com/en/getting-started/concepts/signing-messages (sig over sorted parameters); and the
usual HMAC of the body in a header.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast
from urllib.parse import parse_qsl, urlsplit

from engine.gateways.http.settings import Settings

MOST_FIELDS: Final = 1_000
TWILIO_HEADER: Final = "x-twilio-signature"


class Posted(NamedTuple):
    """A request to our receipts address. `url` is the address as the provider was given it, with its query; names of
    `headers` are lower case."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_json(self) -> bool:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind:
            return kind.endswith(("/json", "+json")) and bool(self.body.strip())
        return self.body.startswith((b"{", b"["))

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values of the query, then of the body when it is a form. Raises ValueError."""
        query = urlsplit(self.url).query
        return _pairs(query) + ([] if self.is_json else _pairs(self.body.decode("utf-8")))


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)


def is_signed(settings: Settings, posted: Posted, said: Any) -> bool:
    """True too when no secret is set. `said` is the body (or query) as it was read."""
    if not settings.sign_secret or settings.signature == "none":
        return True
    check = {"twilio": _is_twilios, "vonage": _is_vonages, "hmac": _is_hmac}[settings.signature]
    return check(settings, posted, said)


def _is_twilios(settings: Settings, posted: Posted, _: Any) -> bool:
    given = posted.headers.get(TWILIO_HEADER, "").encode()
    fields = ""
    if posted.is_json:
        stated = dict(_pairs(urlsplit(posted.url).query)).get("bodySHA256", "")
        if not hmac.compare_digest(stated.lower().encode(), hashlib.sha256(posted.body).hexdigest().encode()):
            return False
    else:
        fields = "".join(name + value for name, value in sorted(set(_pairs(posted.body.decode("utf-8")))))
    right = [
        base64.b64encode(hmac.new(settings.sign_secret.encode(), (url + fields).encode(), "sha1").digest())
        for url in _with_and_without_port(posted.url)
    ]
    return any(hmac.compare_digest(given, one) for one in right)


def _with_and_without_port(url: str) -> tuple[str, str]:
    """Twilio signs the address with its usual port or without, depending on its version."""
    parts = urlsplit(url)
    usual = 443 if parts.scheme == "https" else 80
    bare = parts.netloc.removesuffix(f":{usual}")
    ported = bare if ":" in bare else f"{bare}:{usual}"
    return parts._replace(netloc=bare).geturl(), parts._replace(netloc=ported).geturl()


def _is_vonages(settings: Settings, posted: Posted, said: Any) -> bool:
    """`sig` over `&name=value` of all other parameters in the order of their names, & and = in values made _."""
    fields = cast("dict[str, Any]", said) if posted.is_json and isinstance(said, dict) else dict(posted.pairs())
    given = str(fields.get("sig", "")).lower()
    line = "".join(
        f"&{name}={str(fields[name]).replace('&', '_').replace('=', '_')}" for name in sorted(fields) if name != "sig"
    )
    secret = settings.sign_secret
    if settings.sign_method == "md5hash":
        right = hashlib.md5((line + secret).encode(), usedforsecurity=False).hexdigest()
    else:
        right = hmac.new(secret.encode(), line.encode(), settings.sign_method).hexdigest()
    return hmac.compare_digest(given.encode(), right.encode())


def _is_hmac(settings: Settings, posted: Posted, _: Any) -> bool:
    """The body's HMAC in a header, in hex or base64, perhaps after `sha256=`."""
    if settings.sign_method == "md5hash":
        return False
    digest = hmac.new(settings.sign_secret.encode(), posted.body, settings.sign_method).digest()
    given = posted.headers.get(settings.sign_header.lower(), "").strip()
    given = given.removeprefix(f"{settings.sign_method}=")
    right = (digest.hex(), base64.b64encode(digest).decode("ascii"))
    folded = given.lower() if len(given) == len(right[0]) else given
    return any(hmac.compare_digest(folded.encode(), one.encode()) for one in right)
