"""Addresses of HTTP providers: what is taken, what is refused and how, and that no secret is ever shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.gateways import SCHEMES, gateway_for, masked_url, safe_url
from engine.gateways.addresses import check_address, keep_secrets
from engine.gateways.base import ReceiptState
from engine.gateways.http import FREE, HELP, PARAMETERS, PRESETS, Kind, parse_settings
from engine.gateways.http.paths import parse_path, read, read_word, write
from engine.gateways.http.settings import Settings
from engine.model import FailReason

SECRET = "hunter2-secret"
BASE = "https://api.example.com/sms"


def settings(fragment: str = "", base: str = BASE) -> Settings:
    return parse_settings(f"{base}#preset=generic{fragment}")


def refusal(url: str) -> str:
    with pytest.raises(InputError) as caught:
        gateway_for(url)
    assert caught.value.code == "gateway_url"
    return str(caught.value.facts["problem"])


# What an address says.


def test_what_stands_after_the_mark_is_never_part_of_where_requests_go() -> None:
    found = parse_settings(f"https://ims:{SECRET}@api.example.com:8443/a/b?x=1&y=%20#preset=generic&to=phone")
    assert found.url == "https://api.example.com:8443/a/b?x=1&y=%20"
    assert (found.user, found.password, found.host) == ("ims", SECRET, "api.example.com")
    assert found.to == ("phone",)


def test_special_characters_of_user_and_password_are_written_in_percent() -> None:
    found = parse_settings("https://i%40ms:p%23%2F%3A%26@h.example/#preset=generic")
    assert (found.user, found.password) == ("i@ms", "p#/:&")


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_example_of_every_preset_is_an_address_that_works(name: str) -> None:
    found = parse_settings(PRESETS[name].example.replace("…", "x"))
    assert found.preset == name
    check_address(PRESETS[name].example.replace("…", "x"))


@pytest.mark.parametrize(
    ("fragment", "auth"),
    [("", "none"), ("&token=x", "token"), ("&auth=none&token=x", "none")],
)
def test_the_login_is_guessed_from_what_is_given(fragment: str, auth: str) -> None:
    assert settings(fragment).auth == auth
    assert settings(fragment, "https://u:p@h.example/").auth == ("basic" if not fragment else auth)


def test_tables_of_codes_and_states_grow_and_can_be_changed() -> None:
    usual = parse_settings("https://u:p@h.example/#preset=twilio")
    found = parse_settings(
        "https://u:p@h.example/#preset=twilio&codes=21610:barred,99999:throttled&states=Odd:failed/absent"
    )
    assert usual.codes["21610"] == "opted_out"
    assert (found.codes["21610"], found.codes["99999"], found.codes["21211"]) == (
        "barred",
        "throttled",
        "invalid_number",
    )
    assert found.states["odd"] == (ReceiptState.FAILED, FailReason.ABSENT)
    assert found.states["delivered"] == (ReceiptState.DELIVERED, None)


def test_fields_of_ones_own_are_texts_json_headers_and_beside_the_list() -> None:
    found = settings("&field.class=1&json.flash=true&json.ttl=3600&top.bulk=news&header.X-Api-Key=k")
    assert found.fields == ((("class",), "1"), (("flash",), True), (("ttl",), 3600))
    assert found.tops == ((("bulk",), "news"),)
    assert found.headers == (("X-Api-Key", "k"),)


def test_addresses_begin_with_every_scheme_that_is_named() -> None:
    assert {"sim", "https", "http"} <= set(SCHEMES)


# Refusals.


@pytest.mark.parametrize(
    ("url", "part"),
    [
        (BASE, "#preset="),
        (f"{BASE}#to=to", "#preset="),
        (f"{BASE}#preset=twillio", "preset: use one of generic, twilio"),
        (f"{BASE}#preset=generic&fro=x", "“fro”; perhaps from is meant"),
        (f"{BASE}#preset=generic&zzzzz=x", "parameter number 2 after #"),
        (f"{BASE}#preset=generic&to", "Write to=…"),
        (f"{BASE}#preset=generic&to=a&to=b", "to is given twice"),
        (f"{BASE}#preset=generic&plus=2", "plus: use 0 or 1"),
        (f"{BASE}#preset=generic&connections=65", "connections: use a whole number from 1 to 64"),
        (f"{BASE}#preset=generic&timeout_s=0", "timeout_s: use a whole number from 1"),
        (f"{BASE}#preset=generic&body=xml", "body: use one of json, form, query"),
        (f"{BASE}#preset=generic&to=a..b", "to: a place is written like"),
        (f"{BASE}#preset=generic&to=a&from=a.b", "two fields claim the same place"),
        (f"{BASE}#preset=generic&to=a.0&from=a.b", "two fields claim the same place"),
        (f"{BASE}#preset=generic&to=", "a message needs both"),
        (f"{BASE}#preset=generic&ok=status", "ok: write a place and the words"),
        (f"{BASE}#preset=generic&codes=1:nonsense", "codes: a code can mean one of absent"),
        (f"{BASE}#preset=generic&codes=1:cancelled", "codes: a code can mean one of absent"),
        (f"{BASE}#preset=generic&states=x:gone", "states: a state is one of enroute"),
        (f"{BASE}#preset=generic&unsent=200", "unsent: use HTTP statuses"),
        (f"{BASE}#preset=generic&batch=10", "batch needs the parameter list"),
        (f"{BASE}#preset=generic&list=messages&batch=3&id=id", "batch with id needs answers"),
        (f"{BASE}#preset=generic&body=form&list=l", "a list of messages needs body=json"),
        (f"{BASE}#preset=generic&method=GET", "method=GET needs body=query"),
        (f"{BASE}#preset=generic&parts=1", "parts=1 needs answers"),
        (f"{BASE}#preset=generic&retry=1", "retry=1 needs the parameter ref"),
        (f"{BASE}#preset=generic&id=", "id or ref has to be given"),
        (f"{BASE}#preset=generic&dlr_status=", "dlr_id and dlr_status"),
        (f"{BASE}#preset=generic&auth=basic", "auth=basic needs user:password@"),
        (f"{BASE}#preset=generic&auth=token", "auth=token needs the parameter token"),
        (f"{BASE}#preset=generic&sign_secret=x&signature=none", "sign_secret needs the parameter signature"),
        (f"{BASE}#preset=generic&poll=https://evil.example/{{id}}", "poll is an address relative"),
        (f"{BASE}#preset=generic&poll=//evil.example/{{id}}", "poll leads to another host"),
        (f"{BASE}#preset=generic&poll=x", "poll is an address relative"),
        (f"{BASE}#preset=generic&webhook=ftp://x", "webhook is not an address"),
        (f"{BASE}#preset=generic&header.Host=evil", "not a header that can be set"),
        (f"{BASE}#preset=generic&header.X%0D%0AY=1", "parameter number 2 after #"),
        (f"{BASE}#preset=generic&header.X=a%0D%0Ab", "characters that cannot be used"),
        (f"{BASE}#preset=generic&json.x={{", "json.x is not JSON"),
        (f"{BASE}#preset=generic&idempotency=a b", "spaces"),
        (f"{BASE}#preset=generic&idempotency=a%20b", "idempotency is not the name of a header"),
        (f"{BASE}#preset=generic&sender=a;b", "Write it as %3B"),
        (f"{BASE}#preset=generic&sender=a@b", "@ in a parameter as %40"),
        ("https://h.example:0/#preset=generic", "host is missing"),
        ("https://h.example:x/#preset=generic", "host and port cannot be read"),
        ("https:///x#preset=generic", "host is missing"),
        ("https://ex ample/#preset=generic", "spaces"),
        ("https://exämple/#preset=generic", "host is missing"),
        ("http://api.example.com/#preset=generic", "Use https, or plain=1"),
        ("https://u:p@h.example/#preset=vonage&auth=fields&user_field=", "auth=fields needs user_field"),
    ],
)
def test_a_refusal_names_what_is_wrong(url: str, part: str) -> None:
    assert part in refusal(url)


def test_encryption_may_be_left_out_inside_ones_own_network_only() -> None:
    for host in ("127.0.0.1", "10.0.0.5", "sms", "sms.internal", "[::1]", "localhost"):
        assert parse_settings(f"http://{host}:8080/#preset=generic").url.startswith("http://")
    assert parse_settings("http://api.example.com/#preset=generic&plain=1").plain


# Secrets.


SECRETS = (
    f"https://ims:{SECRET}@h.example/x?api_key={SECRET}#preset=generic&token={SECRET}&sign_secret={SECRET}"
    f"&signature=hmac&header.X-Key={SECRET}&field.password={SECRET}&webhook=https://ims.example/receipts/1/{SECRET}"
    "&to=to&codes=1:barred"
)


def test_secrets_after_the_mark_are_masked_and_nothing_else() -> None:
    assert masked_url(SECRETS) == (
        "https://ims:***@h.example/x?api_key=***#preset=generic&token=***&sign_secret=***"
        "&signature=hmac&header.X-Key=***&field.password=***&webhook=***&to=to&codes=1:barred"
    )


@pytest.mark.parametrize(
    "url",
    [
        f"https://ims:pa#{SECRET}@h.example/#preset=generic",
        f"https://h.example/x?key=a#{SECRET}",
        f"https://h.example/#preset=generic&{SECRET}",
        f"https://h.example/#preset=generic&{SECRET}=1",
        f"https://h.example/#preset=generic&token=a;{SECRET}",
        f"https://h.example/#preset=generic&t%6Fken={SECRET}",
        f"HTTPS://h.example/#preset=generic&token={SECRET}",
        f"https://{SECRET}@h.example/#preset=generic",
    ],
)
def test_half_a_secret_in_the_wrong_place_is_hidden_too(url: str) -> None:
    assert SECRET not in safe_url(url)


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(["token", "sign_secret", "header.X"]))
def test_no_value_of_a_secret_survives_masking_or_a_refusal(value: str, name: str) -> None:
    marked = f"Q~{value}~Q"
    url = f"https://h.example/#preset=generic&{name}={marked}&timeout_s=0"
    assert marked not in masked_url(url)
    with pytest.raises(InputError) as caught:
        gateway_for(url)
    assert marked not in f"{caught.value}{caught.value.facts}"


def test_settings_can_be_logged_without_their_secrets() -> None:
    assert SECRET not in repr(replace(parse_settings(SECRETS), url=""))


def test_a_secret_that_the_provider_repeats_is_taken_out() -> None:
    found = parse_settings(SECRETS)
    assert found.scrub(f"bad key {SECRET}!") == "bad key ***!"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("&to=to", "&to=phone"),
        ("&codes=1:barred", ""),
        ("codes=1:barred", "codes=1:barred&plus=0"),
    ],
)
def test_hidden_secrets_survive_an_edit(before: str, after: str) -> None:
    typed = masked_url(SECRETS).replace(before, after)
    assert keep_secrets(typed, SECRETS) == SECRETS.replace(before, after)


def test_a_secret_with_marks_inside_survives_an_edit() -> None:
    current = f"{BASE}#preset=generic&token=a#b?c&header.X=1#2?3&plus=1"
    assert keep_secrets(masked_url(current).replace("plus=1", "plus=0"), current) == current.replace("plus=1", "plus=0")
    smpp = "smpp://u:p@host?password=a#b&tps=1"
    assert keep_secrets(masked_url(smpp).replace("tps=1", "tps=2"), smpp) == smpp.replace("tps=1", "tps=2")


@pytest.mark.parametrize(
    "typed",
    [
        masked_url(SECRETS).replace("h.example", "evil.example"),
        masked_url(SECRETS).replace("https://", "http://"),
        masked_url(SECRETS).replace("h.example/x", "h.example/y"),
        masked_url(SECRETS).replace("signature=hmac", "scheme=***"),
    ],
)
def test_a_hidden_secret_never_goes_to_another_place(typed: str) -> None:
    with pytest.raises(InputError) as caught:
        keep_secrets(typed, SECRETS)
    assert SECRET not in str(caught.value)


def test_no_file_option_hides_after_the_mark() -> None:
    with pytest.raises(InputError, match="command line only"):
        check_address(f"{BASE}#preset=generic&journal=/tmp/x")


# Places in JSON.


@pytest.mark.parametrize(
    ("path", "made"),
    [
        ("a", {"a": 1}),
        ("a.b", {"a": {"b": 1}}),
        ("a.0", {"a": [1]}),
        ("a.1.b", {"a": [None, {"b": 1}]}),
        ("0.x", {"0": {"x": 1}}),
    ],
)
def test_a_place_is_made_where_it_is_missing(path: str, made: Any) -> None:
    root: dict[str, Any] = {}
    write(root, parse_path(path), 1)
    assert root == made
    if path != "0.x":
        assert read(root, [parse_path(path)]) == 1


def test_the_first_place_that_holds_something_counts() -> None:
    paths = [parse_path(path) for path in ("a.b", "c", "d.0.e")]
    assert read_word({"a": {"b": None}, "c": "", "d": [{"e": 7}]}, paths) == "7"
    assert read_word({"a.b": "flat"}, paths) == "flat"
    assert read_word([1], paths) == ""
    assert read_word({"c": True}, paths) == "true"
    assert read_word({"c": {"x": 1}, "d": [{"e": " y "}]}, paths) == "y"


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    ),
    st.lists(st.sampled_from(["a", "b", "0", "1"]), min_size=1, max_size=5).map(".".join),
)
def test_any_json_can_be_looked_into(said: Any, path: str) -> None:
    assert isinstance(read_word(said, [parse_path(path)]), str)


# Help.


def test_every_parameter_is_explained_and_every_preset_introduced() -> None:
    assert [line.name for line in HELP] == [*PARAMETERS, *(f"{begin}…" for begin in FREE)]
    for line in HELP:
        assert line.sentence.endswith((".", "…", "3600.", "hidden."))
        assert line.example
    for preset in PRESETS.values():
        assert preset.title
        assert preset.sentence.endswith(".")
        assert preset.example.startswith("https://")


def test_no_preset_carries_a_secret_of_its_own() -> None:
    for preset in PRESETS.values():
        assert not [name for name in preset.values if name in PARAMETERS and PARAMETERS[name].kind is Kind.SECRET]
