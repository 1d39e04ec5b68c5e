"""Providers whose interfaces are known: what their addresses need not say.

Sources: Twilio Messages resource, status callbacks and error dictionary (twilio.com/docs/messaging, /docs/api/errors);
Vonage SMS API, delivery receipts and error codes (developer.vonage.com/en/messaging/sms); Infobip SMS API v3, response
status and error codes (infobip.com/docs/api/channels/sms, infobip.com/docs/essentials).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Preset:
    """`values` are parameters as they are written in an address."""

    title: str
    example: str
    sentence: str
    values: Mapping[str, str]


def _table(**words: str) -> str:
    """Word → the codes that mean it, as a `codes` parameter."""
    return ",".join(f"{code}:{word}" for word, codes in words.items() for code in codes.split())


_GENERIC: Final = {
    "method": "POST",
    "body": "json",
    "scheme": "Bearer",
    "to": "to",
    "from": "from",
    "text": "text",
    "plus": "1",
    "batch": "1",
    "batch_by": "messages",
    "id": "id,message_id,messageId",
    "code": "code,error.code",
    "error": "message,error.message,error",
    "connections": "8",
    "rps": "0",
    "timeout_s": "30",
    "connect_s": "10",
    "unsent": "429",
    "dlr_id": "id,message_id,messageId",
    "dlr_status": "status",
    "states": "delivered:delivered,delivrd:delivered,undelivered:failed,undeliverable:failed,undeliv:failed,"
    "failed:failed,rejected:failed/rejected,rejectd:failed/rejected,deleted:failed,expired:expired,"
    "accepted:enroute,acceptd:enroute,queued:enroute,buffered:enroute,pending:enroute,enroute:enroute,sent:enroute,"
    "submitted:enroute,sending:enroute",
    "dlr_code": "code,error.code",
    "dlr_error": "message,error.message,error",
    "dlr_to": "to",
    "dlr_at": "timestamp,at",
    "reply": "200",
    "signature": "hmac",
    "sign_header": "X-Signature",
    "sign_method": "sha256",
    "mo_from": "from",
    "mo_to": "to",
    "mo_text": "text",
    "mo_id": "id,message_id,messageId",
    "mo_at": "timestamp,at",
    "poll_rps": "5",
}
"""What holds for every preset unless it says otherwise."""

_TWILIO: Final = {
    "auth": "basic",
    "body": "form",
    "to": "To",
    "from": "From",
    "text": "Body",
    "callback": "StatusCallback",
    "plus": "1",
    "id": "sid",
    "code": "code,error_code",
    "error": "message,error_message",
    "codes": _table(
        invalid_number="21211 21214 21217 21265 21266 21614 21635",
        opted_out="21610",
        too_long="21605 21617",
        sender_refused="21212 21401 21603 21606 21659 21660 21661 21703 21704 21705",
        sender_here="21612",
        throttled="14107 20429 21611",
        credit="63038",
        login="20003 20005 30002",
        setup="20404 21609",
    ),
    "dlr_id": "MessageSid,SmsSid",
    "dlr_status": "MessageStatus",
    "states": "delivered:delivered,read:delivered,undelivered:failed,failed:failed,canceled:failed/rejected,"
    "accepted:enroute,scheduled:enroute,queued:enroute,sending:enroute,sent:enroute",
    "dlr_code": "ErrorCode",
    "dlr_error": "ErrorMessage",
    "dlr_codes": _table(
        absent="30003",
        barred="30004",
        unknown_subscriber="30005",
        undeliverable="30001 30006 30410 30500",
        rejected="30002 30007 30010 30022 30023 30027 30450 63038",
        sender_refused="30024 30032 30034",
        expired="30036",
        opted_out="21610",
    ),
    "dlr_to": "To",
    "dlr_at": "",
    "reply": "204",
    "signature": "twilio",
    "mo_from": "From",
    "mo_to": "To",
    "mo_text": "Body",
    "mo_id": "MessageSid,SmsSid",
    "mo_at": "",
    "poll": "Messages/{id}.json",
    "poll_id": "sid",
    "poll_status": "status",
    "poll_code": "error_code",
    "poll_error": "error_message",
    "poll_to": "to",
}

_VONAGE: Final = {
    "auth": "fields",
    "user_field": "api_key",
    "password_field": "api_secret",
    "body": "form",
    "ref": "client-ref",
    "callback": "callback",
    "unicode": "type:unicode",
    "plus": "0",
    "field.status-report-req": "1",
    "answers": "messages",
    "parts": "1",
    "ok": "status:0",
    "id": "message-id",
    "code": "status,error-code",
    "error": "error-text,error-code-label",
    "codes": _table(
        throttled="1 10",
        login="4 8 11 14 32",
        rejected="2 3 5 22 29 34",
        invalid_number="6",
        barred="7",
        credit="9",
        too_long="12",
        sender_refused="15",
        setup="23",
        unknown_subscriber="33",
    ),
    "dlr_id": "messageId",
    "states": "delivered:delivered,expired:expired,failed:failed,rejected:failed/rejected,accepted:enroute,"
    "buffered:enroute,unknown:enroute,submitted:enroute",
    "dlr_code": "err-code",
    "dlr_error": "",
    "dlr_codes": _table(
        absent="2 7",
        unknown_subscriber="3",
        barred="4 9 13 14 15 50",
        undeliverable="5 8 11 12",
        rejected="6 10 16 51 52 53 54 55 56 57 58",
    ),
    "dlr_to": "msisdn",
    "dlr_at": "message-timestamp,scts",
    "signature": "vonage",
    "sign_method": "md5hash",
    "mo_from": "msisdn",
    "mo_id": "messageId",
    "mo_at": "message-timestamp",
}

_INFOBIP: Final = {
    "auth": "token",
    "scheme": "App",
    "list": "messages",
    "to": "destinations.0.to",
    "from": "sender",
    "text": "content.text",
    "ref": "destinations.0.messageId",
    "callback": "webhooks.delivery.url",
    "field.webhooks.contentType": "application/json",
    "plus": "0",
    "batch": "100",
    "answers": "messages",
    "ok": "status.groupName:ACCEPTED,PENDING,DELIVERED",
    "id": "messageId",
    "answer_to": "destination,to",
    "code": "status.name,requestError.serviceException.messageId,errorCode",
    "error": "status.description,requestError.serviceException.text,description",
    "codes": _table(
        rejected="REJECTED_NETWORK REJECTED_DESTINATION_NOT_REGISTERED REJECTED_ROUTE_NOT_AVAILABLE "
        "REJECTED_FLOODING_FILTER REJECTED_SYSTEM_ERROR REJECTED_INVALID_UDH",
        invalid_number="REJECTED_PREFIX_MISSING MISSING_TO REJECTED_INVALID_DESTINATION",
        barred="REJECTED_DND REJECTED_DESTINATION",
        sender_refused="REJECTED_SOURCE REJECTED_SENDER",
        credit="REJECTED_NOT_ENOUGH_CREDITS REJECTED_PREPAID_PACKAGE_EXPIRED",
        too_long="REJECTED_MESSAGE_TOO_LONG",
        duplicate="REJECTED_DUPLICATE_MESSAGE_ID",
        throttled="TOO_MANY_REQUESTS",
        login="UNAUTHORIZED FORBIDDEN E401 E403",
    ),
    "dlr_list": "results",
    "dlr_id": "messageId",
    "dlr_status": "status.groupName",
    "states": "DELIVERED:delivered,EXPIRED:expired,UNDELIVERABLE:failed,REJECTED:failed/rejected,PENDING:enroute,"
    "ACCEPTED:enroute",
    "dlr_code": "error.name",
    "dlr_error": "error.description,status.description",
    "dlr_codes": _table(
        absent="EC_ABSENT_SUBSCRIBER EC_ABSENT_SUBSCRIBER_SM EC_SUBSCRIBER_BUSY_FOR_MT_SMS",
        unknown_subscriber="EC_UNKNOWN_SUBSCRIBER EC_UNIDENTIFIED_SUBSCRIBER",
        barred="EC_CALL_BARRED EC_ILLEGAL_SUBSCRIBER EC_TELESERVICE_NOT_PROVISIONED EC_DEST_ADDRESS_BLACKLISTED",
        memory_full="EC_SM_DF_MEMORYCAPACITYEXCEEDED EC_MESSAGE_WAITING_LIST_FULL",
        invalid_number="EC_INVALID_DESTINATION_ADDRESS EC_DEST_ADDRESS_NOT_FOUND",
        sender_refused="EC_INVALID_SOURCE_ADDRESS EC_SOURCE_ADDRESS_BLACKLISTED",
    ),
    "dlr_to": "to,destination",
    "dlr_at": "doneAt",
    "mo_id": "messageId",
    "mo_at": "receivedAt",
    "poll": "/sms/3/logs?messageId={id}",
}

PRESETS: Final[dict[str, Preset]] = {
    "generic": Preset(
        "Another provider (JSON or form)",
        "https://api.example.com/sms#preset=generic&token=…&to=to&from=sender&text=message&id=id",
        "Name the fields as the provider's documentation does; dots lead inside: content.text.",
        _GENERIC,
    ),
    "twilio": Preset(
        "Twilio",
        "https://ACCOUNT_SID:AUTH_TOKEN@api.twilio.com/2010-04-01/Accounts/ACCOUNT_SID/Messages.json"
        "#preset=twilio&sign_secret=AUTH_TOKEN",
        "Account SID and auth token are on the first page of the Twilio console. For a messaging service add "
        "&field.MessagingServiceSid=MG…; sender=+1… is used for messages without a sender ID.",
        _GENERIC | _TWILIO,
    ),
    "vonage": Preset(
        "Vonage (SMS API)",
        "https://API_KEY:API_SECRET@rest.nexmo.com/sms/json#preset=vonage&sender=YourBrand",
        "Key and secret are in the API settings of the Vonage dashboard, where the webhook method may be GET or POST. "
        "With signed webhooks add &sign_secret=… and &sign_method=sha256 as chosen there.",
        _GENERIC | _VONAGE,
    ),
    "infobip": Preset(
        "Infobip",
        "https://YOUR_BASE.api.infobip.com/sms/3/messages#preset=infobip&token=API_KEY",
        "The base URL and the API key are on the home page of the Infobip portal.",
        _GENERIC | _INFOBIP,
    ),
}
"""Name → provider; the first is the one that everything is spelled out for."""
