"""Messages to HTTP providers: what goes over the wire, and what every answer and every silence makes of a message."""

from __future__ import annotations

import datetime
import json
import logging
import random
import ssl
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from engine.gateways import (
    Gateway,
    GatewayDown,
    LinkWord,
    Outcome,
    OutcomeKind,
    Receipt,
    ReceiptState,
    Submission,
    gateway_for,
)
from engine.gateways.http import parse_settings, session
from engine.gateways.http.answers import Answer, read_answer
from engine.gateways.http.requests import Writer
from engine.gateways.http.session import DOUBTS_IN_A_ROW, TRIES
from engine.hooks import RouteSink
from engine.model import Encoding, FailReason
from tests.kit import wait_until
from tests.operator.http_provider import HttpProvider, Trouble
from tests.operator.http_shapes import (
    PASSWORD,
    SHAPES,
    SIGN_SECRET,
    TOKEN,
    USER,
    Generic,
    Infobip,
    Shape,
    Sms,
    Twilio,
    Vonage,
    basic,
)

THROTTLED, UNNAMED, BAD = {"status": "1"}, {"status": "0"}, {"status": "6", "error-text": "bad"}
"""What Vonage says of a part: too fast, taken without an id, refused."""
ACCEPTED, REJECTED, UNSENT, LOST = OutcomeKind.ACCEPTED, OutcomeKind.REJECTED, OutcomeKind.UNSENT, OutcomeKind.LOST
REFUSED = "+61412349902"
HOOK = "http://127.0.0.1:1/receipts/1/hunter2-hook"


def sms(number: int = 1, **changes: Any) -> Submission:
    usual = Submission(number, f"+6141{number:06d}0", "Acme", f"Parcel {number}", Encoding.GSM7, 1)
    return usual._replace(**changes)


def some(count: int, **changes: Any) -> list[Submission]:
    return [sms(number, **changes) for number in range(1, count + 1)]


def always(*troubles: Trouble | None) -> Any:
    """A plan: the troubles in turn, the last for ever."""
    return lambda number: troubles[min(number, len(troubles) - 1)]


class Opened:
    """A gateway to a provider, open while the test runs."""

    def __init__(self, provider: HttpProvider, **changes: str) -> None:
        self.gateway = gateway_for(provider.address(**changes))
        self.receipts: list[Receipt] = []

    def __enter__(self) -> Gateway:
        self.gateway.open(RouteSink(self.receipts.extend, HOOK))
        return self.gateway

    def __exit__(self, *_: object) -> None:
        self.gateway.close()


def submit(provider: HttpProvider, batch: Sequence[Submission], **changes: str) -> list[Outcome]:
    with Opened(provider, **changes) as gateway:
        return gateway.submit(batch)


def kinds(outcomes: Sequence[Outcome]) -> list[OutcomeKind]:
    return [outcome.kind for outcome in outcomes]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repetitions follow at once."""
    monkeypatch.setattr("engine.gateways.http.session.RETRY_FIRST_S", 0.01)


@pytest.fixture(params=SHAPES, ids=lambda shape: shape.name)
def provider(request: pytest.FixtureRequest) -> Iterator[HttpProvider]:
    with HttpProvider(request.param()) as made:
        yield made


# What goes over the wire.


def test_twilio_is_sent_a_form_with_its_own_names() -> None:
    with HttpProvider(Twilio()) as provider:
        submit(provider, [sms(text="Grüße & co = 50% + ü", msisdn="+61412345678")])
        (asked,) = provider.asked
    assert asked.path == f"/2010-04-01/Accounts/{USER}/Messages.json"
    assert asked.headers["authorization"] == basic(USER, PASSWORD)
    assert asked.form() == {
        "To": "+61412345678",
        "From": "Acme",
        "Body": "Grüße & co = 50% + ü",
        "StatusCallback": HOOK,
    }


def test_vonage_is_sent_key_and_secret_and_the_type_of_the_text() -> None:
    with HttpProvider(Vonage()) as provider:
        batch = [sms(), sms(2, text="漢字", encoding=Encoding.UCS2, sender=None)]
        submit(provider, batch, connections="1")
        plain, chinese = (asked.form() for asked in provider.asked)
    assert plain.pop("client-ref").startswith("ims-")
    assert plain == {
        "api_key": USER,
        "api_secret": PASSWORD,
        "to": batch[0].msisdn[1:],
        "from": "Acme",
        "text": "Parcel 1",
        "callback": HOOK,
        "status-report-req": "1",
    }
    assert (chinese["type"], chinese["text"], chinese["from"]) == ("unicode", "漢字", "Acme")


def test_infobip_is_sent_a_list_with_ids_of_ours() -> None:
    with HttpProvider(Infobip()) as provider:
        outcomes = submit(provider, some(3))
        (asked,) = provider.asked
    sent = asked.json()["messages"]
    assert asked.headers["authorization"] == f"App {TOKEN}"
    assert sent[0] == {
        "sender": "Acme",
        "destinations": [{"to": sms(1).msisdn[1:], "messageId": outcomes[0].provider_ref}],
        "content": {"text": "Parcel 1"},
        "webhooks": {"delivery": {"url": HOOK}, "contentType": "application/json"},
    }
    assert len({one["destinations"][0]["messageId"] for one in sent}) == 3


def written(fragment: str, batch: Sequence[Submission], callback: str = "") -> list[Any]:
    """The requests of a generic address: (url, headers, body as text)."""
    writer = Writer(parse_settings(f"http://127.0.0.1/sms?x=1#preset=generic{fragment}"), callback=callback)
    requests = [writer.request(group) for group in writer.groups(batch)]
    return [(request.url, request.headers, request.body.decode()) for request in requests]


@pytest.mark.parametrize(
    ("sender", "plus", "sent"),
    [
        ("Acme & Co", "1", "Acme & Co"),
        ("61412345678", "1", "+61412345678"),
        ("+61412345678", "0", "61412345678"),
        ("19855", "1", "19855"),
        (None, "1", "Fallback"),
    ],
)
def test_senders_are_names_numbers_or_short_codes(sender: str | None, plus: str, sent: str) -> None:
    ((_, _, body),) = written(f"&sender=Fallback&plus={plus}", [sms(sender=sender)])
    assert json.loads(body)["from"] == sent


def test_a_message_without_any_sender_has_no_such_field() -> None:
    ((_, _, body),) = written("", [sms(sender=None)])
    assert "from" not in json.loads(body)


def test_a_query_keeps_what_the_address_has_already() -> None:
    ((url, _, body),) = written("&method=GET&body=query&field.a.b=1", [sms(text="a&b=ü")])
    assert url == f"http://127.0.0.1/sms?x=1&to=%2B{sms().msisdn[1:]}&from=Acme&text=a%26b%3D%C3%BC&a.b=1"
    assert body == ""


def test_recipients_of_one_text_go_together_up_to_the_batch() -> None:
    batch = [sms(1, text="a"), sms(2, text="b"), sms(3, text="a"), sms(4, text="a"), sms(5, text="a", sender="X")]
    bodies = [
        json.loads(body) for _, _, body in written("&batch=2&batch_by=recipients&to=to&ref=mine&answers=all", batch)
    ]
    assert [(one["text"], len(one["to"]), one["from"]) for one in bodies] == [
        ("a", 2, "Acme"),
        ("a", 1, "Acme"),
        ("b", 1, "Acme"),
        ("a", 1, "X"),
    ]


def test_constants_go_with_each_message_or_once_per_request() -> None:
    ((_, headers, body),) = written(
        "&list=all.sms&batch=5&answers=all&field.class=1&json.flash=true&top.bulk.name=news&header.X-Key=k", some(2)
    )
    sent = json.loads(body)
    assert [(one["class"], one["flash"]) for one in sent["all"]["sms"]] == [("1", True), ("1", True)]
    assert sent["bulk"] == {"name": "news"}
    assert headers["X-Key"] == "k"


def test_references_differ_between_submits_and_gateways_but_not_between_tries() -> None:
    settings = parse_settings("http://127.0.0.1/#preset=generic&ref=ref&idempotency=Key")
    first, second = Writer(settings), Writer(settings)
    groups = [first.groups(some(1))[0], first.groups(some(1))[0], second.groups(some(1))[0]]
    keys = [writer.request(group).headers["Key"] for writer, group in zip((first, first, second), groups, strict=True)]
    assert len(set(keys)) == 3
    assert first.request(groups[0]) == first.request(groups[0])


def test_a_provider_elsewhere_is_not_told_to_post_to_this_machine() -> None:
    away = parse_settings("https://api.example.com/#preset=generic&callback=hook")
    assert b"hook" not in Writer(away, callback=HOOK).request(Writer(away).groups(some(1))[0]).body
    reachable = "https://sms.example.com/receipts/1/x"
    assert b"hook" in Writer(away, callback=reachable).request(Writer(away).groups(some(1))[0]).body


def test_an_address_for_receipts_can_be_given_by_hand() -> None:
    with HttpProvider(Twilio()) as provider:
        submit(provider, [sms()], webhook="http://127.0.0.1:9/receipts/7/abc")
        assert provider.asked[0].form()["StatusCallback"] == "http://127.0.0.1:9/receipts/7/abc"


# Clear answers.


def test_every_provider_takes_messages_and_names_them(provider: HttpProvider) -> None:
    outcomes = submit(provider, some(12))
    assert kinds(outcomes) == [ACCEPTED] * 12
    by_part = {part: one for one in provider.taken.values() for part in one.parts}
    named = [(provider.taken | by_part)[outcome.provider_ref].text for outcome in outcomes]
    assert named == [f"Parcel {number}" for number in range(1, 13)]
    assert len(provider.taken) == 12


def test_every_provider_refuses_a_number_for_a_reason(provider: HttpProvider) -> None:
    good, bad = submit(provider, [sms(), sms(2, msisdn=REFUSED)])
    assert (good.kind, bad.kind, bad.reason, bad.stop_task) == (ACCEPTED, REJECTED, FailReason.INVALID_NUMBER, False)
    assert bad.code == provider.shape.codes["number"]
    assert bad.code in bad.detail


def test_every_provider_that_refuses_the_sender_stops_the_task(provider: HttpProvider) -> None:
    provider.refused_senders = frozenset({"Fake"})
    (bad,) = submit(provider, [sms(sender="Fake")])
    assert (bad.kind, bad.reason, bad.stop_task) == (REJECTED, FailReason.SENDER_REFUSED, True)


def test_a_long_message_has_a_reference_for_each_part_where_the_provider_counts_them() -> None:
    with HttpProvider(Vonage()) as provider:
        (outcome,) = submit(provider, [sms(text="x" * 400, parts=3)])
        (taken,) = provider.taken.values()
    assert outcome.part_refs == tuple(taken.parts)
    assert outcome.provider_ref == taken.parts[0]
    assert len(outcome.part_refs) == 3


def test_a_message_of_which_a_part_was_refused_is_refused() -> None:
    settings = parse_settings("https://u:p@h.example/#preset=vonage&sender=A")
    said = {"messages": [{"status": "0", "message-id": "1"}, {"status": "6", "error-text": "bad"}]}
    group = Writer(settings).groups([sms()])[0]
    (outcome,) = read_answer(settings, group, Answer(200, json.dumps(said).encode())).outcomes
    assert (outcome.kind, outcome.reason) == (REJECTED, FailReason.INVALID_NUMBER)
    assert outcome.detail.startswith("only 1 of 2 parts were taken")
    assert outcome.partly


@pytest.mark.parametrize(
    ("answers", "kind", "partly"),
    [
        ([THROTTLED, UNNAMED], LOST, False),
        ([UNNAMED, THROTTLED], LOST, False),
        ([UNNAMED, BAD], REJECTED, True),
        ([BAD, THROTTLED], REJECTED, False),
        ([THROTTLED, THROTTLED], UNSENT, False),
    ],
)
def test_what_may_have_been_taken_in_part_is_not_asked_for_again(
    answers: list[dict[str, str]], kind: OutcomeKind, partly: bool
) -> None:
    settings = parse_settings("https://u:p@h.example/#preset=vonage&sender=A")
    group = Writer(settings).groups([sms()])[0]
    (outcome,) = read_answer(settings, group, Answer(200, json.dumps({"messages": answers}).encode())).outcomes
    assert (outcome.kind, outcome.partly) == (kind, partly)


def test_one_bad_number_does_not_fail_the_others_of_its_request() -> None:
    with HttpProvider(Generic(), strict=True) as provider:
        batch = some(100)
        batch[41] = sms(42, msisdn=REFUSED)
        outcomes = submit(provider, batch)
        assert [index for index, kind in enumerate(kinds(outcomes)) if kind is not ACCEPTED] == [41]
        assert outcomes[41].reason is FailReason.INVALID_NUMBER
        assert set(provider.texts().values()) == {1}


class Backwards(Infobip):
    def answer(self, taken: Sequence[Sms]) -> tuple[int, Any]:
        status, said = super().answer(taken)
        said["messages"].reverse()
        return status, said


def test_answers_in_another_order_are_told_apart() -> None:
    with HttpProvider(Backwards()) as provider:
        batch = some(20)
        batch[3] = sms(4, msisdn=REFUSED)
        outcomes = submit(provider, batch)
        assert kinds(outcomes).index(REJECTED) == 3
        for index, outcome in enumerate(outcomes):
            if outcome.kind is ACCEPTED:
                assert provider.taken[outcome.provider_ref].text == f"Parcel {index + 1}"


def test_answers_are_matched_by_number_where_there_is_no_reference() -> None:
    settings = parse_settings(
        "http://127.0.0.1/#preset=generic&list=l&batch=9&answers=r&answer_to=n&ok=s:ok&codes=x:barred"
    )
    group = Writer(settings).groups([sms(1), sms(2), sms(3), sms(1, text="again")])[0]
    said = {"r": [
        {"n": sms(3).msisdn[1:], "s": "no", "code": "x"}, {"n": sms(1).msisdn, "s": "ok", "id": "a"},
        {"n": sms(1).msisdn, "s": "ok", "id": "b"},
    ]}  # fmt: skip
    outcomes = read_answer(settings, group, Answer(200, json.dumps(said).encode())).outcomes
    assert [(one.kind, one.provider_ref) for one in outcomes] == [
        (ACCEPTED, "a"), (LOST, ""), (REJECTED, ""), (ACCEPTED, "b"),
    ]  # fmt: skip


# Slow down, come back later, wrong login.


@pytest.mark.parametrize("trouble", [Trouble.THROTTLE, Trouble.BUSY])
def test_a_provider_that_asks_to_slow_down_gets_nothing_more_for_now(provider: HttpProvider, trouble: Trouble) -> None:
    provider.plan = always(None, trouble)
    outcomes = submit(provider, some(1200), connections="1")
    assert outcomes[0].kind is ACCEPTED
    assert len(provider.asked) == 2
    left = [outcome for outcome in outcomes if outcome.kind is not ACCEPTED]
    assert {(one.kind, one.retry_after_s) for one in left} == {(UNSENT, 1.0)}
    assert len(left) + len(provider.taken) == 1200


def test_a_code_can_mean_slow_down(provider: HttpProvider) -> None:
    provider.refused_senders = frozenset({"Acme"})
    provider.shape.codes = provider.shape.codes | {"sender": provider.shape.codes["throttle"]}  # type: ignore[misc]
    (outcome,) = submit(provider, [sms()])
    assert outcome.kind is UNSENT
    assert outcome.retry_after_s > 0
    assert not provider.taken


def test_an_account_without_credit_fails_no_message(provider: HttpProvider) -> None:
    provider.refused_senders = frozenset({"Acme"})
    provider.shape.codes = provider.shape.codes | {"sender": provider.shape.codes["credit"]}  # type: ignore[misc]
    with Opened(provider) as gateway:
        with pytest.raises(GatewayDown, match="no credit left") as down:
            gateway.submit(some(5))
        assert not down.value.permanent
        assert down.value.retry_after_s >= 60
        assert gateway.link().word is LinkWord.DOWN


@pytest.mark.parametrize("shape", [Generic, Twilio, Infobip])
def test_a_refused_login_is_said_in_plain_words_and_for_good(shape: type[Shape]) -> None:
    with HttpProvider(shape()) as provider:
        wrong = provider.address().replace(PASSWORD, "hunter2-old").replace(f"token={TOKEN}", "token=hunter2-old")
        gateway = gateway_for(wrong)
        gateway.open(lambda _: None)
        with pytest.raises(GatewayDown, match="refuses the login") as down:
            gateway.submit(some(3))
        assert gateway.link().word is LinkWord.REFUSED
        gateway.close()
    assert down.value.permanent
    assert "hunter2" not in str(down.value)


@pytest.mark.parametrize("trouble", [Trouble.REDIRECT, Trouble.NOT_FOUND])
def test_a_wrong_address_fails_no_message_and_is_not_followed(provider: HttpProvider, trouble: Trouble) -> None:
    provider.plan = always(trouble)
    with Opened(provider) as gateway, pytest.raises(GatewayDown, match="Check the gateway address") as down:
        gateway.submit(some(3))
    assert down.value.permanent
    assert not provider.taken


def test_a_login_that_ends_within_a_batch_keeps_what_was_taken() -> None:
    with HttpProvider(Twilio()) as provider:
        provider.plan = always(None, None, Trouble.PAYMENT)
        outcomes = submit(provider, some(10), connections="1")
        assert kinds(outcomes) == [ACCEPTED] * 2 + [UNSENT] * 8
        assert len(provider.asked) == 3


def test_a_provider_that_is_gone_has_been_sent_nothing() -> None:
    with HttpProvider(Twilio()) as provider:
        address = provider.address()
    gateway = gateway_for(address)
    gateway.open(lambda _: None)
    assert gateway.link().word is LinkWord.OPEN
    with pytest.raises(GatewayDown, match=r"127\.0\.0\.1 refuses connections") as down:
        gateway.submit(some(20))
    assert not down.value.permanent
    assert gateway.link().word is LinkWord.DOWN
    gateway.close()
    assert gateway.link().word is LinkWord.DOWN


def test_a_name_that_is_not_known_has_been_sent_nothing() -> None:
    gateway = gateway_for("https://no-such-host.invalid/#preset=generic")
    gateway.open(lambda _: None)
    with pytest.raises(GatewayDown, match=r"no connection to no-such-host\.invalid"):
        gateway.submit([sms()])
    gateway.close()


# Nothing is certain: in doubt, and repeated only where that is safe.

UNCLEAR = [
    Trouble.DROP_AFTER, Trouble.DROP_BEFORE, Trouble.SILENT, Trouble.ERROR_AFTER, Trouble.ERROR_BEFORE,
    Trouble.UNAVAILABLE, Trouble.GARBAGE, Trouble.HUGE, Trouble.EMPTY,
]  # fmt: skip


@pytest.mark.parametrize("trouble", UNCLEAR)
@pytest.mark.parametrize("shape", [Twilio, Infobip, Vonage])
def test_what_is_not_certain_is_in_doubt_and_never_sent_twice(shape: type[Shape], trouble: Trouble) -> None:
    with HttpProvider(shape(), plan=always(trouble)) as provider:
        (outcome,) = submit(provider, [sms()], timeout_s="1")
        assert (outcome.kind, outcome.provider_ref) == (LOST, "")
        assert outcome.detail
        assert len(provider.asked) == 1


@pytest.mark.parametrize("trouble", [one for one in UNCLEAR if one not in {Trouble.GARBAGE, Trouble.EMPTY}])
def test_a_provider_that_knows_repeated_requests_is_asked_again(trouble: Trouble) -> None:
    with HttpProvider(Generic(), plan=always(trouble, None)) as provider:
        outcomes = submit(provider, some(5), timeout_s="1")
        assert kinds(outcomes) == [ACCEPTED] * 5
        assert set(provider.texts().values()) == {1}
        assert set(provider.keys.values()) == {1}
        assert len({asked.headers["idempotency-key"] for asked in provider.asked}) == 1
        assert len(provider.asked) == 2


def test_a_request_is_repeated_a_bounded_number_of_times() -> None:
    with HttpProvider(Generic(), plan=always(Trouble.DROP_AFTER)) as provider:
        assert kinds(submit(provider, some(2))) == [LOST] * 2
        assert len(provider.asked) == TRIES
        assert set(provider.texts().values()) == {1}


@pytest.mark.parametrize("later", [Trouble.THROTTLE, Trouble.BUSY, Trouble.CONFLICT])
def test_a_repeated_request_that_was_not_taken_says_nothing_of_the_first(later: Trouble) -> None:
    with HttpProvider(Generic(), plan=always(Trouble.DROP_AFTER, later)) as provider:
        outcomes = submit(provider, some(2))
        assert kinds(outcomes) == [LOST] * 2  # unsent would be sent again under another key
        assert len(provider.taken) == 2


def test_infobip_takes_a_repeated_request_once_when_its_ids_are_trusted() -> None:
    with HttpProvider(Infobip(), plan=always(Trouble.DROP_AFTER, None)) as provider:
        outcomes = submit(provider, some(4), retry="1")
        assert kinds(outcomes) == [ACCEPTED] * 4
        assert [outcome.provider_ref for outcome in outcomes] == list(provider.taken)
        assert set(provider.texts().values()) == {1}


def test_a_duplicate_that_was_not_our_own_repetition_is_refused() -> None:
    settings = parse_settings("https://h.example/#preset=infobip&token=x")
    group = Writer(settings).groups([sms()])[0]
    said = {"messages": [{"messageId": group[0].ref, "status": {
        "groupName": "REJECTED", "name": "REJECTED_DUPLICATE_MESSAGE_ID",
    }}]}  # fmt: skip
    answer = Answer(200, json.dumps(said).encode())
    assert read_answer(settings, group, answer).outcomes[0].kind is REJECTED
    assert read_answer(settings, group, answer, again=True).outcomes[0] == Outcome(ACCEPTED, group[0].ref)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("shape", "changes"),
    [(Twilio, {}), (Vonage, {}), (Generic, {"batch": "7"}), (Infobip, {"batch": "5"}), (Infobip, {"retry": "1"})],
)
def test_whatever_goes_wrong_no_message_is_taken_twice_or_forgotten(
    shape: type[Shape], changes: dict[str, str], seed: int
) -> None:
    dice = random.Random(seed)
    troubles = [one for one in Trouble if one is not Trouble.SILENT] + [None] * 12
    with HttpProvider(shape(), plan=lambda _: dice.choice(troubles), strict=seed % 2 == 0) as provider:
        waiting = [sms(number, msisdn=REFUSED) if number % 9 == 0 else sms(number) for number in range(1, 41)]
        ended: dict[str, Outcome] = {}
        with Opened(provider, connections=str(1 + seed), **changes) as gateway:
            for _ in range(200):
                try:
                    outcomes = gateway.submit(waiting)
                except GatewayDown:
                    continue
                answered = list(zip(waiting, outcomes, strict=True))
                ended |= {one.text: said for one, said in answered if said.kind is not UNSENT}
                waiting = [one for one, said in answered if said.kind is UNSENT]
        taken = provider.texts()
    assert waiting == []
    allowed = {ACCEPTED: {1}, REJECTED: {0}, LOST: {0, 1}}
    assert not {text: (said, taken[text]) for text, said in ended.items() if taken[text] not in allowed[said.kind]}
    assert len(ended) == 40


def test_few_messages_are_in_doubt_when_a_provider_breaks_down() -> None:
    with HttpProvider(Twilio(), plan=always(Trouble.ERROR_BEFORE)) as provider:
        outcomes = submit(provider, some(200), connections="4")
        in_doubt = kinds(outcomes).count(LOST)
        assert DOUBTS_IN_A_ROW <= in_doubt <= DOUBTS_IN_A_ROW + 4
        assert kinds(outcomes).count(UNSENT) == 200 - in_doubt
        assert max(outcome.retry_after_s for outcome in outcomes) >= 1


def test_a_success_without_an_id_is_in_doubt_unless_its_code_is_known() -> None:
    settings = parse_settings("https://h.example/#preset=generic&codes=77:barred")
    group = Writer(settings).groups([sms()])[0]
    said = {b'{"code": 0, "data": {}}': LOST, b'{"code": 77}': REJECTED, b'{"id": "x"}': ACCEPTED, b"[]": LOST}
    for body, kind in said.items():
        assert read_answer(settings, group, Answer(200, body)).outcomes[0].kind is kind


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["messages", "status", "sid", "id", "code", "message-id"]), inner, max_size=3)
    ),
)


@given(
    preset=st.sampled_from(["twilio", "vonage", "infobip", "generic"]),
    status=st.integers(200, 599),
    body=JSON.map(lambda said: json.dumps(said).encode()) | st.binary(max_size=20) | st.none(),
    retry_after=st.text(max_size=30) | st.sampled_from(["", "0", "99999999", "Wed, 21 Oct 2099 07:28:00 GMT"]),
    again=st.booleans(),
)
def test_whatever_is_answered_every_message_has_an_outcome(
    preset: str, status: int, body: bytes | None, retry_after: str, again: bool
) -> None:
    settings = parse_settings(f"https://u:p@h.example/#preset={preset}&token=t")
    group = Writer(settings).groups(some(2 if preset == "infobip" else 1))[0]
    verdict = read_answer(settings, group, Answer(status, body, retry_after), again=again)
    assert verdict.split or len(verdict.outcomes) == len(group)
    for outcome in verdict.outcomes:
        assert (outcome.kind is ACCEPTED) == bool(outcome.provider_ref)
        assert (outcome.kind is REJECTED) == (outcome.reason is not None)
        assert 0 <= outcome.retry_after_s <= 300
        assert len(outcome.detail) <= 200
        if status >= 500 and not (status == 503 and retry_after):
            assert outcome.kind is LOST


# Pace and lifecycle.


def test_requests_run_at_the_same_time_up_to_the_bound() -> None:
    with HttpProvider(Twilio(), latency_s=0.02) as provider:
        assert kinds(submit(provider, some(40), connections="5")) == [ACCEPTED] * 40
        assert provider.most_at_once == 5
        assert provider.connections == 5


def test_requests_per_second_are_bounded() -> None:
    with HttpProvider(Twilio()) as provider:
        began_s = time.monotonic()
        submit(provider, some(12), rps="20")
        assert time.monotonic() - began_s >= 11 / 20


def test_what_is_on_its_way_at_the_end_is_in_doubt_and_the_rest_unsent() -> None:
    with HttpProvider(Twilio(), plan=always(None, Trouble.SILENT)) as provider, Opened(provider) as gateway:
        with ThreadPoolExecutor(1) as apart:
            handed_over = apart.submit(gateway.submit, some(50))
            wait_until(lambda: len(provider.asked) == 9)
            assert gateway.link().in_window == 8
            gateway.close()
            outcomes = handed_over.result(timeout=5)
        assert [kinds(outcomes).count(kind) for kind in (ACCEPTED, LOST, UNSENT)] == [1, 8, 41]
        assert len(provider.asked) == 9


def test_a_gateway_is_opened_once_and_not_used_before() -> None:
    gateway = gateway_for("https://h.example/#preset=generic")
    with pytest.raises(GatewayDown, match="not open"):
        gateway.submit([sms()])
    gateway.open(lambda _: None)
    with pytest.raises(RuntimeError):
        gateway.open(lambda _: None)
    gateway.close()
    with pytest.raises(GatewayDown, match="closed"):
        gateway.submit([sms()])


def test_a_fault_of_our_own_sends_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("engine.gateways.http.session.read_answer", broken)
    with HttpProvider(Twilio()) as provider:
        outcomes = submit(provider, some(20), connections="2")
        assert kinds(outcomes) == [LOST] * 2 + [UNSENT] * 18
        assert len(provider.asked) == 2


# The connection.


@pytest.fixture
def certificate(tmp_path: Path) -> Iterator[Path]:
    """A certificate for localhost that nobody vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path / "server.pem"
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(made.public_bytes(encoding) + key.private_bytes(encoding, form, serialization.NoEncryption()))
    session._trust.cache_clear()
    yield file
    session._trust.cache_clear()


def served_by(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(certificate: Path) -> None:
    with HttpProvider(Twilio(), tls=served_by(certificate)) as provider, Opened(provider) as gateway:
        with pytest.raises(GatewayDown, match="certificate of localhost is not accepted") as down:
            gateway.submit(some(3))
        assert not down.value.permanent
        assert not provider.asked


def test_a_certificate_of_ones_own_authority_is_accepted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with HttpProvider(Twilio(), tls=served_by(certificate)) as provider:
        assert kinds(submit(provider, some(3))) == [ACCEPTED] * 3


def test_a_certificate_for_another_name_is_not_accepted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with HttpProvider(Twilio(), tls=served_by(certificate)) as provider:
        gateway = gateway_for(provider.address().replace("localhost", "127.0.0.1"))
        gateway.open(lambda _: None)
        with pytest.raises(GatewayDown, match=r"certificate of 127\.0\.0\.1 is not accepted"):
            gateway.submit(some(1))
        gateway.close()


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with HttpProvider(Twilio()) as provider:
        assert kinds(submit(provider, some(2))) == [ACCEPTED] * 2


def test_nothing_secret_is_ever_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with HttpProvider(Generic(), plan=always(None, Trouble.DROP_AFTER)) as provider:
        submit(provider, some(1000))
    said = caplog.text + "".join(str(record.args) for record in caplog.records)
    for secret in (TOKEN, PASSWORD, SIGN_SECRET, "hunter2-hook"):
        assert secret not in said


# Asking for receipts after a restart.


@pytest.mark.parametrize("shape", [Generic, Twilio, Infobip])
def test_a_provider_is_asked_for_receipts_that_were_missed(shape: type[Shape]) -> None:
    with HttpProvider(shape(), receipts_s=3_600) as provider:
        batch = [sms(1), sms(2, msisdn="+61412349901"), sms(3, msisdn="+61412349903")]
        refs = [outcome.provider_ref for outcome in submit(provider, batch)]
        opened = Opened(provider)
        with opened as gateway:
            gateway.resume([*refs, "never-heard-of", "", "Ω", "../../evil"])
            wait_until(lambda: len(opened.receipts) == 3)
        assert [receipt.provider_ref for receipt in opened.receipts] == refs
        assert opened.receipts[0].state is ReceiptState.DELIVERED
        assert [receipt.reason for receipt in opened.receipts][:2] == [None, FailReason.ABSENT]
        assert opened.receipts[2].reason is FailReason.EXPIRED
        assert provider.polls == 4


def test_a_provider_without_such_an_address_is_not_asked() -> None:
    with HttpProvider(Vonage()) as provider, Opened(provider) as gateway:
        gateway.resume(["a", "b"])
        gateway.submit([sms()])
        assert provider.polls == 0


def test_receipts_that_were_asked_for_are_handed_over_until_they_are_taken() -> None:
    calls: list[Sequence[Receipt]] = []

    def sink(receipts: Sequence[Receipt]) -> None:
        calls.append(receipts)
        if len(calls) < 3:
            raise OSError("the disk is full")

    with HttpProvider(Twilio(), receipts_s=3_600) as provider:
        refs = [outcome.provider_ref for outcome in submit(provider, some(3))]
        gateway = gateway_for(provider.address())
        gateway.open(sink)
        gateway.resume(refs)
        wait_until(lambda: len(calls) == 3)
        gateway.close()
        assert [receipt.provider_ref for receipt in calls[-1]] == refs
