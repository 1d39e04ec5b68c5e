"""What an SMPP address says, and that a faulty one is refused in words that hold no secret."""

from __future__ import annotations

import contextlib
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gateways.smpp.settings import PARAMETERS, Settings, parse_settings

HOST = "smpp://ims:hunter2@smsc.example"


def test_an_address_without_parameters_has_the_defaults() -> None:
    assert parse_settings(f"{HOST}:2776") == Settings("ims", "hunter2", "smsc.example", 2776)
    assert parse_settings(HOST).port == 2775


def test_every_parameter_is_documented_and_every_documented_one_is_a_setting() -> None:
    assert {one.name for one in fields(Settings)} - {"system_id", "password", "host", "port"} == set(PARAMETERS)
    for parameter in PARAMETERS.values():
        assert parameter.sentence.endswith(".")


def test_every_parameter_is_read() -> None:
    found = parse_settings(
        f"{HOST}:2775?window=100&tps=30&binds=2&mode=txrx&tls=1&ca=/etc/ims/ca.pem&tls_name=gw.example"
        "&system_type=VMA&service_type=CMT&long=sar&coding=latin1&data_coding=3&ucs2=24&validity_h=48&ids=hex_dec&enquire_s=15"
        "&response_s=60&bind_s=5&retries=1&sender_ton=3&sender_npi=8&dest_ton=2&dest_npi=9&plus=1&receipts=2&receipt_part=last"
        "&utc_offset_min=-330"
    )
    assert found == Settings(
        system_id="ims",
        password="hunter2",
        host="smsc.example",
        port=2775,
        window=100,
        tps=30,
        binds=2,
        mode="txrx",
        tls=True,
        ca="/etc/ims/ca.pem",
        tls_name="gw.example",
        system_type="VMA",
        service_type="CMT",
        long="sar",
        coding="latin1",
        data_coding=3,
        ucs2=24,
        validity_h=48,
        ids="hex_dec",
        enquire_s=15,
        response_s=60,
        bind_s=5,
        retries=1,
        sender_ton=3,
        sender_npi=8,
        dest_ton=2,
        dest_npi=9,
        plus=True,
        receipts=2,
        receipt_part="last",
        utc_offset_min=-330,
    )
    changed = {
        one.name for one in fields(Settings) if getattr(found, one.name) != getattr(parse_settings(HOST), one.name)
    }
    assert changed == set(PARAMETERS), "the example changes every parameter"


def test_user_and_password_are_percent_decoded_and_may_hold_what_addresses_use() -> None:
    found = parse_settings("smpp://i%40ms:p%3Aa@s/s?w=%25&x@127.0.0.1:2775?window=7")
    assert (found.system_id, found.password, found.host, found.window) == ("i@ms", "p:a@s/s?w=%&x", "127.0.0.1", 7)


def test_a_password_may_be_empty_and_longer_than_the_standard_has_it() -> None:
    assert parse_settings("smpp://ims:@smsc").password == ""
    assert parse_settings(f"smpp://ims:{'x' * 64}@smsc").password == "x" * 64


def test_smpps_is_tls_and_checks_the_name_of_the_host() -> None:
    found = parse_settings("smpps://ims:hunter2@smsc.example")
    assert (found.tls, found.tls_name, found.port) == (True, "smsc.example", 3550)
    assert parse_settings(f"{HOST}?tls=1") == found
    assert parse_settings(f"{HOST}?tls=1&tls_name=other").tls_name == "other"


def test_a_host_may_be_a_name_or_an_address_of_either_kind() -> None:
    for written, host in (("[::1]:2775", "::1"), ("10.0.0.1:2775", "10.0.0.1"), ("a-b.c_d", "a-b.c_d")):
        assert parse_settings(f"SMPP://ims:hunter2@{written}/?tps=3").host == host


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("smpp:", "it has to look like"),
        ("http://ims:hunter2@smsc", "it has to look like"),
        ("smpp://smsc:2775", "no system id and password"),
        ("smpp://ims:hunter2", "no system id and password"),
        ("smpp://ims@smsc:2775", "system id or password is missing"),
        ("smpp://:hunter2@smsc:2775", "system id or password is missing"),
        ("smpp://ims:hunter2%00@smsc", "the password holds a character"),
        ("smpp://ims:hunter2é@smsc", "the password holds a character"),
        (f"smpp://ims:{'hunter2' * 10}@smsc", "the password is longer than 64"),
        ("smpp://ims:hunter2@", "no host and port"),
        ("smpp://ims:hunter2@smsc/path", "no host and port"),
        ("smpp://ims:hunter2@sm sc", "no host and port"),
        ("smpp://ims:hunter2@smsc:hunter2", "the port has to be"),
        ("smpp://ims:hunter2@smsc:0", "the port has to be"),
        ("smpp://ims:hunter2@smsc:65536", "the port has to be"),
        (f"{HOST}?widnow=5", "“widnow”. Did you mean window?"),
        (f"{HOST}?hunter2", "“…”"),
        (f"{HOST}?colour=5", "“colour”. Known are window, tps"),
        (f"{HOST}?window=5&window=6", "window is given twice"),
        (f"{HOST}?window=0", "window has to be a whole number from 1 to 1,000"),
        (f"{HOST}?window=1001", "window"),
        (f"{HOST}?window=5.5", "window"),
        (f"{HOST}?window=", "window"),
        (f"{HOST}?window=٥", "window"),
        (f"{HOST}?binds=9", "binds has to be"),
        (f"{HOST}?mode=rx", "mode has to be trx or txrx"),
        (f"{HOST}?tls=yes", "tls has to be 0 or 1"),
        (f"{HOST}?ca=/x.pem", "ca and tls_name"),
        ("smpps://ims:hunter2@smsc?tls=0", "tls=0 says the opposite"),
        (f"{HOST}?system_type=ABCDEFGHIJKLM", "system_type has to be"),
        (f"{HOST}?service_type=caf%C3%A9", "service_type has to be"),
        (f"{HOST}?long=", "long has to be"),
        (f"{HOST}?validity_h=721", "validity_h has to be"),
        (f"{HOST}?utc_offset_min=1440", "utc_offset_min has to be a whole number from -1,439"),
        (f"{HOST}?", None),
        (f"{HOST}?&", "“…”"),
    ],
)
def test_a_faulty_address_is_refused_with_the_part_at_fault_and_without_a_secret(url: str, words: str | None) -> None:
    if words is None:
        parse_settings(url)
        return
    with pytest.raises(ValueError, match=r"[.]$") as refusal:
        parse_settings(url)
    assert words in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


@given(st.text(max_size=60))
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    for url in (text, f"smpp://{text}", f"smpp://ims:hunter2@{text}", f"{HOST}?{text}"):
        with contextlib.suppress(ValueError):
            parse_settings(url)


def test_settings_do_not_show_their_password() -> None:
    assert "hunter2" not in repr(parse_settings(HOST))
