"""Forms for gateway addresses: what the fields say, the address they make, and secrets that never come back."""

from __future__ import annotations

import pytest

from engine.errors import InputError
from engine.gateways import http, masked_url
from engine.gateways.addresses import keep_secrets
from engine.gateways.smpp.settings import PARAMETERS, Settings, parse_settings
from pages.ui.routes.guides import GUIDES, INFOBIP, MORE, OTHER, SMPP, TWILIO, VONAGE, Guide, Shape, guide_of
from pages.ui.routes.pieces import Pieces, put_together, take_apart

TWILIO_PATH = "2010-04-01/Accounts/AC1/Messages.json"
SHOWN: dict[str, str] = {
    "smpp://ims:***@smsc.example:2776?window=10&system_type=A%26B": "smpp",
    "smpp://i%40ms:***@[::1]": "smpp",
    "smpps://ims:***@smsc.example?binds=2&long=sar&coding=latin1&data_coding=3": "smpp",
    "smpp://ims:***@smsc.example?tls=1&ca=/etc/ca.pem": "smpp",
    f"https://AC1:***@api.twilio.com/{TWILIO_PATH}#preset=twilio&sign_secret=***&rps=5": "twilio",
    f"https://AC1:***@api.sydney.au1.twilio.com/{TWILIO_PATH}#preset=twilio": "twilio",
    "https://key:***@rest.nexmo.com/sms/json#preset=vonage&sender=Brand&sign_secret=***&sign_method=sha256": "vonage",
    "https://x1.api.infobip.com/sms/3/messages#preset=infobip&token=***": "infobip",
    "https://api.example.com/sms?site=3#preset=generic&token=***&to=nr&header.X-Key=***&ok=status:0,queued": "generic",
    "http://me:***@10.0.0.5/sms#preset=generic&body=form&field.class=1": "generic",
}
"""Address as it is shown → the kind it is."""


@pytest.mark.parametrize("shown", SHOWN)
def test_an_address_that_nobody_changes_stays_as_it_is(shown: str) -> None:
    guide = guide_of(shown, GUIDES)
    assert guide is not None
    assert guide.word == SHOWN[shown]
    again = guide.address_of(guide.values_of(shown), shown)
    assert again == shown
    stored = shown.replace("***", "s3cret")
    assert masked_url(stored) == shown
    assert keep_secrets(again, stored) == stored


@pytest.mark.parametrize("shown", SHOWN)
def test_no_field_shows_a_secret_or_its_mask_where_a_new_one_is_typed(shown: str) -> None:
    guide = guide_of(shown, GUIDES)
    assert guide is not None
    values = guide.values_of(shown)
    assert not [name for name, value in values.items() if "***" in value and name != MORE]


def test_a_secret_may_be_left_empty_only_where_one_is_stored() -> None:
    assert OTHER.stored("https://api.example.com/sms#preset=generic&token=***") == {"token"}
    assert OTHER.stored("https://me:***@api.example.com/sms#preset=generic&sign_secret=***") == {
        "password",
        "sign_secret",
    }
    assert VONAGE.stored("") == frozenset()
    without = "https://x1.api.infobip.com/sms/3/messages#preset=infobip"
    with pytest.raises(InputError, match="API key: is missing"):
        INFOBIP.address_of(INFOBIP.values_of(without), without)


@pytest.mark.parametrize("shown", ["sim://?fail=0.1", "https://api.example.com/sms", "smpp", "", "ftp://x"])
def test_an_address_of_no_kind_is_left_as_text(shown: str) -> None:
    assert guide_of(shown, GUIDES) is None


def filled(guide: Guide, **values: str) -> str:
    return guide.address_of(guide.values_of("") | {name.replace("__", "."): value for name, value in values.items()})


def test_fields_make_an_address_with_nothing_that_goes_without_saying() -> None:
    login = {"host": "smsc.example", "system_id": "i@ms", "password": "p:w@?#/&"}
    address = filled(SMPP, **login, window="100", binds="1", long="sar", more="system_type=A&B\nenquire_s = 20")
    assert address == (
        "smpp://i%40ms:p%3Aw%40%3F%23%2F%26@smsc.example:2775?window=100&long=sar&system_type=A%26B&enquire_s=20"
    )
    assert take_apart(address).password == login["password"]
    read = parse_settings(address)
    assert (read.password, read.window, read.long, read.system_type) == (login["password"], 100, "sar", "A&B")
    assert filled(SMPP, **login, tls="1", port="3551").startswith(
        "smpps://i%40ms:p%3Aw%40%3F%23%2F%26@smsc.example:3551"
    )
    assert filled(TWILIO, account_sid="AC1", auth_token="t", field__MessagingServiceSid="MG1") == (
        "https://AC1:t@api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"
        "#preset=twilio&sign_secret=t&field.MessagingServiceSid=MG1"
    )
    assert filled(VONAGE, api_key="k", api_secret="s", sender="Brand") == (
        "https://k:s@rest.nexmo.com/sms/json#preset=vonage&sender=Brand"
    )
    assert filled(INFOBIP, base="https://x1.api.infobip.com/", token="t") == (
        "https://x1.api.infobip.com/sms/3/messages#preset=infobip&token=t"
    )
    assert filled(OTHER, url="https://api.example.com/sms?a=b", token="t", to="content.to", ok="status:0,ok") == (
        "https://api.example.com/sms?a=b#preset=generic&token=t&to=content.to&ok=status:0,ok"
    )


@pytest.mark.parametrize(
    ("guide", "values", "said"),
    [
        (SMPP, {"host": "h", "system_id": "u"}, "Password"),
        (SMPP, {"host": " ", "system_id": "u", "password": "p"}, "Host"),
        (SMPP, {"host": "h", "system_id": "u", "password": "p", "more": "x"}, "line 1 is not name=value"),
        (SMPP, {"host": "h", "system_id": "u", "password": "p", "more": "a=1\na=2"}, "stands twice"),
        (SMPP, {"host": "h", "system_id": "u", "password": "p", "more": "window=1"}, "has a field of its own"),
        (OTHER, {"url": "api.example.com"}, "does not look like"),
        (OTHER, {"url": "https://me:secret@api.example.com"}, "does not look like"),
        (TWILIO, {"auth_token": "t"}, "Account SID"),
    ],
)
def test_what_is_missing_or_wrong_is_named(guide: Guide, values: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        filled(guide, **values)


@pytest.mark.parametrize(
    ("shown", "change"),
    [
        ("smpp://ims:***@smsc.example:2775", {"host": "evil.example"}),
        ("smpp://ims:***@smsc.example:2775", {"system_id": "other"}),
        ("smpp://ims:***@smsc.example:2775", {"tls": "1"}),
        ("https://x1.api.infobip.com/sms/3/messages#preset=infobip&token=***", {"base": "evil.example"}),
        ("https://AC1:***@api.twilio.com/2010-04-01/Accounts/AC1/Messages.json#preset=twilio", {"account_sid": "AC2"}),
    ],
)
def test_a_stored_secret_goes_nowhere_else(shown: str, change: dict[str, str]) -> None:
    guide = guide_of(shown, GUIDES)
    assert guide is not None
    with pytest.raises(InputError, match="has to be typed again"):
        guide.address_of(guide.values_of(shown) | change, shown)


def test_a_new_password_replaces_the_stored_one_everywhere() -> None:
    shown = "https://AC1:***@api.twilio.com/2010-04-01/Accounts/AC1/Messages.json#preset=twilio&sign_secret=***&rps=5"
    address = TWILIO.address_of(TWILIO.values_of(shown) | {"auth_token": "new"}, shown)
    assert (address.count("new"), "***" in address, "rps=5" in address) == (2, False, True)
    shown = "smpp://ims:***@smsc.example?window=5"
    assert SMPP.address_of(SMPP.values_of(shown) | {"password": "new"}, shown) == (
        "smpp://ims:new@smsc.example?window=5"
    )


def test_every_field_of_smpp_is_a_parameter_with_the_same_bounds() -> None:
    usual = Settings("u", "p", "h")
    for one in SMPP.fields:
        if not one.parameter:
            continue
        known = PARAMETERS[one.name]
        assert str(getattr(usual, one.name)) == one.usual
        assert (one.least, one.most) == (known.least, known.most)
        assert tuple(one.choices) == known.words
    assert set(SMPP.further) == set(PARAMETERS) - SMPP.own


@pytest.mark.parametrize("guide", [TWILIO, VONAGE, INFOBIP, OTHER], ids=lambda guide: guide.word)
def test_what_a_form_leaves_out_is_what_its_preset_says(guide: Guide) -> None:
    preset = http.PRESETS[guide.word].values
    for one in guide.fields:
        if one.parameter and one.shape is not Shape.SECRET and "." not in one.name:
            assert one.name in http.PARAMETERS
            assert one.usual == preset.get(one.name, "")
        if one.shape is Shape.CHOICE:
            assert tuple(one.choices) == http.PARAMETERS[one.name].choices


def test_a_form_makes_an_address_that_the_provider_gateway_reads() -> None:
    address = filled(
        OTHER,
        url="https://api.example.com/sms?a=b",
        token="t=;@#",
        ok="status:0,ok",
        more="header.X-Key=abc\nfield.n=a@b;c",
    )
    read = http.parse_settings(address)
    assert (read.url, read.token) == ("https://api.example.com/sms?a=b", "t=;@#")
    read = http.parse_settings(filled(TWILIO, account_sid="AC1", auth_token="t@#&:/"))
    assert (read.user, read.password) == ("AC1", "t@#&:/")


def test_pieces_hold_whatever_a_person_types() -> None:
    pieces = take_apart(put_together(Pieces("smpp", "ü @:", "p?#&=%", "h:1", {"x": "a&b=c #"})))
    assert (pieces.user, pieces.password, pieces.parameters) == ("ü @:", "p?#&=%", {"x": "a&b=c #"})
