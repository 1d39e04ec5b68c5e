"""How providers speak: what a request of ours means in each one's interface, and what they answer and post.

Written from their documentation, apart from the product's own tables, so that the two check each other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

USER, PASSWORD, TOKEN, SIGN_SECRET = "AC0123456789", "hunter2-password", "hunter2-token", "hunter2-signature"


@dataclass(frozen=True)
class Asked:
    """A request as it came over the wire; names of headers are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    def form(self) -> dict[str, str]:
        assert self.headers["content-type"] == "application/x-www-form-urlencoded"
        return dict(parse_qsl(self.body.decode(), strict_parsing=True, keep_blank_values=True))

    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)


@dataclass
class Sms:
    """One message of a request. `refused` is the code it is refused with; `states` what receipts will say, in order."""

    to: str
    sender: str
    text: str
    callback: str = ""
    ref: str = ""
    id: str = ""
    refused: str = ""
    parts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Told:
    """A receipt to be posted: `state` is delivered, failed, expired or enroute."""

    sms: Sms
    id: str
    state: str


Post = tuple[str, str, dict[str, str], bytes]
"""Method, address, headers, body."""


def now_iso() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def basic(user: str = USER, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Generic:
    """JSON: messages in a list, bearer token, receipts in a list, HMAC of the body."""

    name: ClassVar[str] = "generic"
    receipts_at_once: ClassVar[int] = 500
    path: ClassVar[str] = "/v1/sms"
    mapping: ClassVar[str] = (
        f"preset=generic&token={TOKEN}&list=sms&batch=500&to=phone&from=brand&text=content.body&ref=mine"
        "&callback=hook&answers=results&ok=status:ok&id=uid&code=fault.code&error=fault.said&dlr_list=events&dlr_id=uid"
        "&dlr_status=state&dlr_code=fault.code&dlr_to=phone&dlr_at=when&mo_when=kind:mo&mo_from=phone&mo_to=brand"
        "&mo_text=said&mo_id=uid&codes=E1:invalid_number,E2:sender_refused,E3:throttled,E4:credit&dlr_codes=27:absent"
        f"&signature=hmac&sign_secret={SIGN_SECRET}&idempotency=Idempotency-Key&poll=sms/{{id}}&poll_rps=1000"
    )
    codes: ClassVar[dict[str, str]] = {"number": "E1", "sender": "E2", "throttle": "E3", "credit": "E4"}

    def login(self, asked: Asked) -> bool:
        return asked.headers.get("authorization") == f"Bearer {TOKEN}"

    def read(self, asked: Asked) -> list[Sms]:
        return [
            Sms(one["phone"], one.get("brand", ""), one["content"]["body"], one.get("hook", ""), one.get("mine", ""))
            for one in asked.json()["sms"]
        ]

    def answer(self, taken: Sequence[Sms]) -> tuple[int, Any]:
        return 200, {
            "results": [
                {"status": "no", "fault": {"code": one.refused, "said": f"refused for {TOKEN}"}}
                if one.refused
                else {"status": "ok", "uid": one.id}
                for one in taken
            ]
        }

    def refuse(self, status: int) -> Any:
        return {"fault": {"code": f"H{status}", "said": "try later"}}

    def state(self, told: Told) -> dict[str, Any]:
        bad = {"fault": {"code": "27"}} if told.state == "failed" else {}
        return {"uid": told.id, "state": told.state, "phone": told.sms.to, "when": now_iso(), **bad}

    def status_of(self, asked: Asked) -> str:
        return asked.path.rpartition("/")[2]

    def status(self, told: Told) -> Any:
        return self.state(told)

    def posts(self, told: Sequence[Told]) -> Post:
        return self._post(told[0].sms.callback, [self.state(one) for one in told])

    def inbound(self, url: str, *, msisdn: str, to: str, text: str, uid: str) -> Post:
        return self._post(url, [{"kind": "mo", "phone": msisdn, "brand": to, "said": text, "uid": uid}])

    def _post(self, url: str, events: list[dict[str, Any]]) -> Post:
        body = json.dumps({"events": events}).encode()
        sign = hmac.new(SIGN_SECRET.encode(), body, hashlib.sha256).hexdigest()
        return "POST", url, {"Content-Type": "application/json", "X-Signature": f"sha256={sign}"}, body


class Twilio:
    """Form POST, basic login, one message a request; status callbacks as forms with X-Twilio-Signature."""

    name: ClassVar[str] = "twilio"
    receipts_at_once: ClassVar[int] = 1
    path: ClassVar[str] = f"/2010-04-01/Accounts/{USER}/Messages.json"
    mapping: ClassVar[str] = f"preset=twilio&sign_secret={SIGN_SECRET}&poll_rps=1000"
    codes: ClassVar[dict[str, str]] = {"number": "21211", "sender": "21212", "throttle": "20429", "credit": "63038"}
    states: ClassVar[dict[str, str]] = {
        "delivered": "delivered", "failed": "undelivered", "expired": "undelivered", "enroute": "sent",
    }  # fmt: skip

    def login(self, asked: Asked) -> bool:
        return asked.headers.get("authorization") == basic()

    def read(self, asked: Asked) -> list[Sms]:
        form = asked.form()
        return [Sms(form["To"], form.get("From", ""), form["Body"], form.get("StatusCallback", ""))]

    def answer(self, taken: Sequence[Sms]) -> tuple[int, Any]:
        (one,) = taken
        if one.refused:
            status = 429 if one.refused == "20429" else 400
            return status, {"code": int(one.refused), "message": f"refused {one.to}", "status": status}
        return 201, {
            "sid": one.id, "status": "queued", "to": one.to, "error_code": None, "error_message": None,
            "num_segments": "1",
        }  # fmt: skip

    def refuse(self, status: int) -> Any:
        return {"code": 20429 if status == 429 else 20500, "message": "try later", "status": status}

    def status_of(self, asked: Asked) -> str:
        return asked.path.rpartition("/")[2].removesuffix(".json")

    def status(self, told: Told) -> Any:
        code = {"failed": 30003, "expired": 30036}.get(told.state)
        return {"sid": told.id, "status": self.states[told.state], "to": told.sms.to, "error_code": code}

    def posts(self, told: Sequence[Told]) -> Post:
        (one,) = told
        fields = {
            "MessageSid": one.id, "SmsSid": one.id, "MessageStatus": self.states[one.state],
            "SmsStatus": self.states[one.state], "To": one.sms.to, "From": one.sms.sender, "AccountSid": USER,
            "ApiVersion": "2010-04-01",
        }  # fmt: skip
        if one.state in {"failed", "expired"}:
            fields["ErrorCode"] = "30003" if one.state == "failed" else "30036"
        return self._signed(one.sms.callback, fields)

    def inbound(self, url: str, *, msisdn: str, to: str, text: str, uid: str) -> Post:
        fields = {"MessageSid": uid, "SmsStatus": "received", "From": msisdn, "To": to, "Body": text, "NumMedia": "0"}
        return self._signed(url, fields)

    def _signed(self, url: str, fields: dict[str, str]) -> Post:
        line = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
        sign = base64.b64encode(hmac.new(SIGN_SECRET.encode(), line.encode(), hashlib.sha1).digest()).decode()
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "X-Twilio-Signature": sign}
        return "POST", url, headers, urlencode(fields).encode()


class Vonage:
    """SMS API: key and secret among the fields, an answer for each part, receipts for each part by GET or POST."""

    name: ClassVar[str] = "vonage"
    receipts_at_once: ClassVar[int] = 1
    path: ClassVar[str] = "/sms/json"
    mapping: ClassVar[str] = f"preset=vonage&sender=Acme&sign_secret={SIGN_SECRET}&sign_method=sha256"
    codes: ClassVar[dict[str, str]] = {"number": "6", "sender": "15", "throttle": "1", "credit": "9"}
    method = "GET"

    def login(self, asked: Asked) -> bool:
        form = asked.form()
        return form["api_key"] == USER and form["api_secret"] == PASSWORD

    def read(self, asked: Asked) -> list[Sms]:
        form = asked.form()
        assert form["status-report-req"] == "1"
        assert (form.get("type") == "unicode") == any(ord(character) > 0x3FF for character in form["text"])
        sms = Sms(form["to"], form["from"], form["text"], form.get("callback", ""), form["client-ref"])
        sms.parts = ["x"] * (1 if len(sms.text) <= 160 else -(-len(sms.text) // 153))
        return [sms]

    def answer(self, taken: Sequence[Sms]) -> tuple[int, Any]:
        (one,) = taken
        if one.refused:
            refusal = {"status": one.refused, "error-text": "refused", "to": one.to}
            return 200, {"message-count": "1", "messages": [refusal]}
        return 200, {
            "message-count": str(len(one.parts)),
            "messages": [{"to": one.to, "message-id": part, "status": "0"} for part in one.parts],
        }

    def refuse(self, status: int) -> Any:
        return {"error-code": str(status), "error-code-label": "try later"}

    def status_of(self, asked: Asked) -> str:
        return asked.path

    def status(self, told: Told) -> Any:
        raise NotImplementedError(f"there is no such address: {told}")

    def posts(self, told: Sequence[Told]) -> Post:
        (one,) = told
        status, code = {
            "delivered": ("delivered", "0"), "failed": ("failed", "2"), "expired": ("expired", "1"),
            "enroute": ("buffered", "0"),
        }[one.state]  # fmt: skip
        return self._signed(
            one.sms.callback,
            {
                "msisdn": one.sms.to, "to": one.sms.sender, "messageId": one.id, "status": status, "err-code": code,
                "scts": "2001011400", "message-timestamp": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
                "network-code": "50501", "price": "0.03",
            },
        )  # fmt: skip

    def inbound(self, url: str, *, msisdn: str, to: str, text: str, uid: str) -> Post:
        fields = {
            "msisdn": msisdn.lstrip("+"),
            "to": to,
            "messageId": uid,
            "text": text,
            "type": "text",
            "keyword": "X",
        }
        return self._signed(url, fields)

    def _signed(self, url: str, fields: dict[str, str]) -> Post:
        fields = fields | {"timestamp": "1540450000", "nonce": "8a5fa1b1"}
        line = "".join(f"&{name}={fields[name].replace('&', '_').replace('=', '_')}" for name in sorted(fields))
        fields["sig"] = hmac.new(SIGN_SECRET.encode(), line.encode(), hashlib.sha256).hexdigest().upper()
        if self.method == "GET":
            return "GET", f"{url}?{urlencode(fields)}", {}, b""
        return "POST", url, {"Content-Type": "application/json"}, json.dumps(fields).encode()


class Infobip:
    """SMS API v3: messages in a list with ids of ours, key as App, reports in a list."""

    name: ClassVar[str] = "infobip"
    receipts_at_once: ClassVar[int] = 100
    path: ClassVar[str] = "/sms/3/messages"
    mapping: ClassVar[str] = f"preset=infobip&token={TOKEN}&poll_rps=1000"
    codes: ClassVar[dict[str, str]] = {
        "number": "REJECTED_INVALID_DESTINATION", "sender": "REJECTED_SOURCE", "throttle": "TOO_MANY_REQUESTS",
        "credit": "REJECTED_NOT_ENOUGH_CREDITS", "duplicate": "REJECTED_DUPLICATE_MESSAGE_ID",
    }  # fmt: skip

    def login(self, asked: Asked) -> bool:
        return asked.headers.get("authorization") == f"App {TOKEN}"

    def read(self, asked: Asked) -> list[Sms]:
        found: list[Sms] = []
        for one in asked.json()["messages"]:
            hook = one["webhooks"]["delivery"]["url"] if "delivery" in one["webhooks"] else ""
            (there,) = one["destinations"]
            sms = Sms(there["to"], one.get("sender", ""), one["content"]["text"], hook, there["messageId"])
            sms.id = sms.ref
            found.append(sms)
        return found

    def answer(self, taken: Sequence[Sms]) -> tuple[int, Any]:
        ok = {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED", "description": "accepted"}
        return 200, {
            "bulkId": "2034072219640523072",
            "messages": [
                {
                    "messageId": one.id, "destination": one.to, "details": {"messageCount": 1},
                    "status": {"groupId": 5, "groupName": "REJECTED", "name": one.refused, "description": "refused"}
                    if one.refused else ok,
                }
                for one in taken
            ],
        }  # fmt: skip

    def refuse(self, status: int) -> Any:
        name = "TOO_MANY_REQUESTS" if status == 429 else "GENERAL_ERROR"
        return {"requestError": {"serviceException": {"messageId": name, "text": "try later"}}}

    def status_of(self, asked: Asked) -> str:
        return asked.query.get("messageId", "")

    def status(self, told: Told) -> Any:
        report = self.report(told)
        report["destination"] = report.pop("to")
        return {"results": [report]}

    def report(self, told: Told) -> dict[str, Any]:
        group, error = {
            "delivered": ("DELIVERED", "NO_ERROR"), "failed": ("UNDELIVERABLE", "EC_ABSENT_SUBSCRIBER"),
            "expired": ("EXPIRED", "NO_ERROR"), "enroute": ("PENDING", "NO_ERROR"),
        }[told.state]  # fmt: skip
        return {
            "bulkId": "2034072219640523072", "messageId": told.id, "to": told.sms.to, "sender": told.sms.sender,
            "sentAt": now_iso(), "doneAt": now_iso(), "messageCount": 1,
            "status": {"groupName": group, "name": group, "description": f"message {group}"},
            "error": {"groupName": "OK", "name": error, "description": "words", "permanent": False},
        }  # fmt: skip

    def posts(self, told: Sequence[Told]) -> Post:
        body = json.dumps({"results": [self.report(one) for one in told]}).encode()
        return "POST", told[0].sms.callback, {"Content-Type": "application/json"}, body

    def inbound(self, url: str, *, msisdn: str, to: str, text: str, uid: str) -> Post:
        one = {
            "messageId": uid, "from": msisdn.lstrip("+"), "to": to, "text": text, "cleanText": text, "keyword": "",
            "receivedAt": now_iso(), "smsCount": 1,
        }  # fmt: skip
        body = json.dumps({"results": [one], "messageCount": 1, "pendingMessageCount": 0}).encode()
        return "POST", url, {"Content-Type": "application/json"}, body


Shape = Generic | Twilio | Vonage | Infobip
SHAPES: list[type[Shape]] = [Generic, Twilio, Vonage, Infobip]
