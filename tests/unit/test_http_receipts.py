"""What providers post: receipts and messages from phones in every shape, signatures, and whatever else arrives."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gateways import Inbound, Receipt, ReceiptState
from engine.gateways.http import ForgedError, News, Posted, Settings, parse_settings, read_post
from engine.gateways.http.reading import e164
from engine.model import SECOND_US, FailReason, SystemClock
from tests.operator.http_shapes import (
    PASSWORD,
    SHAPES,
    SIGN_SECRET,
    USER,
    Generic,
    Post,
    Shape,
    Sms,
    Told,
    Twilio,
    Vonage,
)

NOW_US = SystemClock().now_us()
URL = "https://ims.example/receipts/1/secret"
GENERIC = parse_settings("https://h.example/#preset=generic")


def settings_of(shape: Shape) -> Settings:
    return parse_settings(f"https://{USER}:{PASSWORD}@h.example{shape.path}#{shape.mapping}")


def posted(post: Post) -> Posted:
    _, url, headers, body = post
    return Posted(url, {name.lower(): value for name, value in headers.items()}, body)


def read(shape: Shape, post: Post) -> News:
    return read_post(settings_of(shape), posted(post), now_us=NOW_US)


def told(*states: str) -> list[Told]:
    sms = Sms("61412345678", "Acme", "Parcel", callback=URL)
    return [Told(sms, f"id-{number}", state) for number, state in enumerate(states)]


def tell(shape: Shape, *states: str) -> list[Receipt]:
    """Receipts of these states, posted as the provider does."""
    step = shape.receipts_at_once
    waiting = told(*states)
    posts = [shape.posts(waiting[start : start + step]) for start in range(0, len(waiting), step)]
    return [receipt for post in posts for receipt in read(shape, post).receipts]


def generic(said: Any, extra: str = "", **headers: str) -> News:
    posted = Posted(URL, {"content-type": "application/json"} | headers, json.dumps(said).encode())
    return read_post(parse_settings(f"https://h.example/#preset=generic{extra}"), posted, now_us=NOW_US)


@pytest.fixture(params=SHAPES, ids=lambda shape: shape.name)
def shape(request: pytest.FixtureRequest) -> Shape:
    return request.param()


# Receipts.


def test_every_state_of_every_provider_is_understood(shape: Shape) -> None:
    delivered, failed, expired, enroute = tell(shape, "delivered", "failed", "expired", "enroute")
    assert (delivered.provider_ref, delivered.state, delivered.reason, delivered.code) == (
        "id-0",
        ReceiptState.DELIVERED,
        None,
        "",
    )
    assert (failed.provider_ref, failed.state, failed.reason) == ("id-1", ReceiptState.FAILED, FailReason.ABSENT)
    assert expired.state in {ReceiptState.EXPIRED, ReceiptState.FAILED}
    assert expired.reason is FailReason.EXPIRED
    assert (enroute.state, enroute.reason) == (ReceiptState.ENROUTE, None)
    assert {receipt.msisdn for receipt in (delivered, failed, expired, enroute)} == {"+61412345678"}
    assert all(NOW_US - 60 * SECOND_US <= one.at_us <= NOW_US for one in (delivered, failed, expired))


def test_codes_of_receipts_are_told_from_codes_of_answers() -> None:
    (failed,) = tell(Vonage(), "failed")
    assert failed.code == "err:2"  # 2 in an answer means a missing parameter
    assert "failed 2" in failed.detail


def test_a_form_may_come_by_get_or_post_or_as_json() -> None:
    vonage = Vonage()
    vonage.method = "POST"
    assert [one.state for one in tell(vonage, "delivered")] == [ReceiptState.DELIVERED]
    fields = {"messageId": "x", "status": "delivered", "err-code": "0", "msisdn": "61412345678"}
    form = Posted(URL, {"content-type": "application/x-www-form-urlencoded"}, urlencode(fields).encode())
    unsigned = parse_settings("https://u:p@h.example/#preset=vonage&sender=A")
    assert read_post(unsigned, form, now_us=NOW_US).receipts[0].provider_ref == "x"
    query = Posted(f"{URL}?{urlencode(fields)}", {}, b"")
    assert read_post(unsigned, query, now_us=NOW_US).receipts[0].provider_ref == "x"


@pytest.mark.parametrize(
    "said",
    [
        {"id": "a", "status": "delivered"},
        [{"id": "a", "status": "delivered"}],
        {"items": [{"id": "a", "status": "Delivered", "unknown": {}}]},
    ],
)
def test_one_receipt_a_list_and_a_list_inside_are_read(said: Any) -> None:
    (receipt,) = generic(said, "&dlr_list=items").receipts
    assert (receipt.provider_ref, receipt.state) == ("a", ReceiptState.DELIVERED)


def test_a_state_that_is_not_in_the_table_decides_nothing() -> None:
    news = generic([{"id": "a", "status": "delivered"}, {"id": "b", "status": "teleported"}, {"status": "failed"}, 7])
    assert [receipt.provider_ref for receipt in news.receipts] == ["a"]
    assert news.unread == 3
    with pytest.raises(ValueError, match="no receipt"):
        generic([{"id": "b", "status": "teleported"}])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2020-01-01T14:00:00Z", 1577887200),
        ("2020-01-01T14:00:00.000+0000", 1577887200),
        ("2020-01-01T16:00:00+02:00", 1577887200),
        ("2020-01-01 14:00:00", 1577887200),
        ("Wed, 01 Jan 2020 14:00:00 +0000", 1577887200),
        ("2001011400", 1577887200),
        ("1577887200", 1577887200),
        ("1577887200000", 1577887200),
        ("1577887200.5", None),
        ("yesterday", None),
        ("2031-01-01T00:00:00Z", None),
        ("9" * 400, None),
        ("", None),
    ],
)
def test_times_are_read_in_every_usual_form_and_otherwise_ours(text: str, seconds: int | None) -> None:
    now_us = (1577887200 + 3600) * SECOND_US
    body = json.dumps({"id": "a", "status": "failed", "at": text}).encode()
    (receipt,) = read_post(GENERIC, Posted(URL, {}, body), now_us=now_us).receipts
    assert receipt.at_us == (now_us if seconds is None else seconds * SECOND_US)


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("61412345678", "+61412345678"),
        ("+61 412 345-678", "+61412345678"),
        ("0061412345678", "+61412345678"),
        ("Acme", ""),
        ("0412345678", ""),
        ("", ""),
        ("1" * 16, ""),
    ],
)
def test_numbers_are_brought_into_one_form(number: str, found: str) -> None:
    assert e164(number) == found


# Messages from phones.


def test_messages_from_phones_are_told_from_receipts(shape: Shape) -> None:
    news = read(shape, shape.inbound(URL, msisdn="+61412345678", to="Acme", text="STOP ✋", uid="m-1"))
    assert news.receipts == []
    (message,) = news.inbound
    assert message == Inbound("+61412345678", "Acme", "STOP ✋", message.at_us, "m-1")
    assert abs(message.at_us - NOW_US) < 60 * SECOND_US


def test_a_message_without_an_id_has_the_same_key_whenever_it_comes() -> None:
    said = {"from": "61412345678", "to": "Acme", "text": "Hi"}
    first, again, other = (generic(one).inbound[0].key for one in (said, said, said | {"text": "Ho"}))
    assert first == again != other


def test_text_from_phones_is_kept_as_a_database_can() -> None:
    body = rb'{"from": "61412345678", "to": "A\u0000", "text": "a\ud800b\u0000c"}'
    (message,) = read_post(GENERIC, Posted(URL, {}, body), now_us=NOW_US).inbound
    assert message.text.encode("utf-8") == "a?b�c".encode()
    assert message.recipient == "A�"


# Signatures.

SIGNING = pytest.mark.parametrize("kind", [Generic, Twilio, Vonage])
"""Those that sign what they post."""


@SIGNING
def test_a_post_is_refused_when_a_single_sign_of_it_was_changed(kind: type[Shape]) -> None:
    shape = kind()
    method, url, headers, body = shape.posts(told("failed"))
    changed_body = body.replace(b"id-0", b"id-1")
    changed_url = url.replace("id-0", "id-1")
    assert (changed_body, changed_url) != (body, url)
    with pytest.raises(ForgedError):
        read(shape, (method, changed_url, headers, changed_body))


@SIGNING
def test_a_post_without_or_with_anothers_signature_is_refused(kind: type[Shape]) -> None:
    shape = kind()
    method, url, headers, body = shape.posts(told("delivered"))
    bare = {name: value for name, value in headers.items() if "ignature" not in name}
    with pytest.raises(ForgedError):
        read(shape, (method, url.partition("&sig=")[0], bare, body))
    other = f"https://{USER}:{PASSWORD}@h.example/#{shape.mapping}".replace(SIGN_SECRET, "another-secret")
    with pytest.raises(ForgedError):
        read_post(parse_settings(other), posted((method, url, headers, body)), now_us=NOW_US)


def test_twilios_own_example_is_right() -> None:
    """The example of twilio.com/docs/usage/security, computed there with the token 12345."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    fields = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309",
        "To": "+18005551212",
    }  # fmt: skip
    headers = {
        "x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        "content-type": "application/x-www-form-urlencoded",
    }
    settings = parse_settings("https://u:p@h.example/#preset=twilio&sign_secret=12345&mo_text=Digits&mo_id=CallSid")
    post = Posted(url, headers, urlencode(fields).encode())
    assert read_post(settings, post, now_us=NOW_US).inbound[0].text == "1234"
    with_port = post._replace(url=url.replace("mycompany.com", "mycompany.com:443"))
    assert read_post(settings, with_port, now_us=NOW_US).inbound
    with pytest.raises(ForgedError):
        read_post(settings, post._replace(url=url + "&x=1"), now_us=NOW_US)


def test_vonages_own_example_is_right() -> None:
    """The example of Vonage's libraries: a=1, b=2, timestamp, secret “secret”, MD5."""
    query = "a=1&b=2&timestamp=1461605396&sig=6af838ef94998832dbfc29020b564830"
    settings = parse_settings(
        "https://u:p@h.example/#preset=vonage&sign_secret=secret&dlr_id=a&dlr_status=b&states=2:failed"
    )
    assert read_post(settings, Posted(f"{URL}?{query}", {}, b""), now_us=NOW_US).receipts[0].provider_ref == "1"
    with pytest.raises(ForgedError):
        read_post(settings, Posted(f"{URL}?{query.replace('a=1', 'a=3')}", {}, b""), now_us=NOW_US)


@pytest.mark.parametrize("form", ["hex", "prefixed", "base64"])
def test_an_hmac_is_taken_in_its_usual_forms(form: str) -> None:
    body = b'{"id": "a", "status": "delivered"}'
    digest = hmac.new(b"key", body, hashlib.sha512)
    value = {"hex": digest.hexdigest().upper(), "prefixed": f"sha512={digest.hexdigest()}"}.get(
        form, base64.b64encode(digest.digest()).decode()
    )
    settings = parse_settings(
        "https://h.example/#preset=generic&signature=hmac&sign_secret=key&sign_method=sha512&sign_header=X-Sig"
    )
    assert read_post(settings, Posted(URL, {"x-sig": value}, body), now_us=NOW_US).receipts
    with pytest.raises(ForgedError):
        read_post(settings, Posted(URL, {"x-sig": value}, body + b" "), now_us=NOW_US)


# Anything else.


def test_a_post_of_nothing_tries_the_address() -> None:
    for body, kind in ((b"", ""), (b"{}", "application/json"), (b"", "application/json"), (b"", "text/plain")):
        assert read_post(GENERIC, Posted(URL, {"content-type": kind}, body), now_us=NOW_US) == News([], [], 0)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[" * 100_000,
        b"\xff\xfe",
        b"null",
        b'"text"',
        b"[[[]]]",
        b'{"id": "a"}',
        b'{"id": {"x": 1}}',
        b"0" * 5000,
    ],
)
def test_what_cannot_be_read_says_so(body: bytes) -> None:
    post = Posted(URL, {"content-type": "application/json"}, body)
    try:
        news = read_post(GENERIC, post, now_us=NOW_US)
    except ValueError:
        return
    assert news == News([], [], 0)


def test_a_post_with_too_much_in_it_is_refused() -> None:
    with pytest.raises(ValueError, match="10000"):
        generic([{"id": "a", "status": "delivered"}] * 10_001)
    with pytest.raises(ValueError, match="fields"):
        read_post(
            parse_settings("https://h.example/#preset=generic"),
            Posted(f"{URL}?{'a=1&' * 1_001}", {}, b""),
            now_us=NOW_US,
        )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["results", "status", "id", "messageId", "groupName", "from", "text", "to", "error"]),
            inner | st.sampled_from(["delivered", "DELIVERED", "61412345678"]),
            max_size=4,
        )
    ),
)


@given(st.sampled_from(["generic", "infobip", "vonage", "twilio"]), JSON)
def test_any_json_is_read_or_refused(preset: str, said: Any) -> None:
    settings = parse_settings(f"https://u:p@h.example/#preset={preset}&token=t")
    post = Posted(URL, {"content-type": "application/json"}, json.dumps(said).encode())
    try:
        news = read_post(settings, post, now_us=NOW_US)
    except ForgedError:
        raise
    except ValueError:
        return
    check(news)


@given(st.binary(max_size=200), st.text(max_size=80), st.sampled_from(["", "application/json", "text/plain"]))
def test_any_bytes_are_read_or_refused(body: bytes, query: str, kind: str) -> None:
    url = urlsplit(URL)._replace(query=query.encode("ascii", "ignore").decode()).geturl()
    try:
        news = read_post(
            parse_settings("https://h.example/#preset=generic"),
            Posted(url, {"content-type": kind}, body),
            now_us=NOW_US,
        )
    except ValueError:
        return
    check(news)


def check(news: News) -> None:
    """What the engine relies on."""
    for receipt in news.receipts:
        assert receipt.provider_ref.isprintable()
        assert len(receipt.provider_ref) <= 200
        assert len(receipt.detail) <= 200
        assert (receipt.reason is not None) == (receipt.state in {ReceiptState.FAILED, ReceiptState.EXPIRED})
        f"{receipt}".encode()
    for message in news.inbound:
        assert message.msisdn.startswith("+")
        assert message.key
        f"{message}".encode()


def refs(receipts: Sequence[Receipt]) -> list[str]:
    return [receipt.provider_ref for receipt in receipts]


def test_twilio_signs_json_by_its_hash() -> None:
    body = b'{"MessageSid": "a", "MessageStatus": "delivered"}'
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    sign = base64.b64encode(hmac.new(SIGN_SECRET.encode(), url.encode(), hashlib.sha1).digest()).decode()
    headers = {"content-type": "application/json", "x-twilio-signature": sign}
    settings = settings_of(Twilio())
    assert refs(read_post(settings, Posted(url, headers, body), now_us=NOW_US).receipts) == ["a"]
    with pytest.raises(ForgedError):
        read_post(settings, Posted(url, headers, body.replace(b'"a"', b'"b"')), now_us=NOW_US)
