"""One bind, fed byte by byte: whatever the operator sends, every part that was written has exactly one end."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.gateways.smpp.codec import Command, Pdu, Sm, encode
from tests.smpp_wire import WINDOW, bound, run, settled, submits


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(edges)]


@given(st.permutations(range(WINDOW)), st.lists(st.integers(0, 5_000), max_size=40), st.booleans())
def test_a_stream_may_be_cut_anywhere(order: list[int], places: list[int], with_others: bool) -> None:
    async def test() -> None:
        line = await bound(WINDOW)
        written = submits(line.wire)
        pdus: list[Pdu] = []
        for place in order:
            pdus.append(Pdu(Command.SUBMIT_SM_RESP, written[place], message_id=f"id{place}"))
            if with_others:
                pdus.append(Pdu(Command.ENQUIRE_LINK, 100 + place))
                pdus.append(Pdu(Command.DELIVER_SM, place, sm=Sm("61412345678", short_message=b"id:1 stat:DELIVRD")))
        for piece in cut(b"".join(map(encode, pdus)), places):
            line.session.data_received(piece)
        await settled()
        assert line.book.ends == [("accepted", place, f"id{place}") for place in order]
        if with_others:
            assert [pdu.sequence for pdu in line.book.delivered_] == order
            assert [pdu.sequence for pdu in line.wire.sent()] == [100 + place for place in order]

    run(test)


HEADS = st.builds(
    struct.Struct(">IIII").pack,
    st.one_of(st.integers(0, 64), st.integers(0, 2**32 - 1)),
    st.one_of(st.sampled_from([int(command) for command in Command]), st.integers(0, 2**32 - 1)),
    st.one_of(st.just(0), st.integers(0, 0x500)),
    st.integers(0, 12),
)


@settings(max_examples=200)
@given(
    st.lists(st.one_of(HEADS, st.binary(max_size=60), st.integers(2, 9)), max_size=30),
    st.lists(st.integers(0, 5_000), max_size=20),
)
def test_garbage_is_answered_or_closes_the_session_and_no_part_ends_twice_or_never(
    rubbish: list[bytes | int], places: list[int]
) -> None:
    async def test() -> None:
        line = await bound(3 * WINDOW)
        submits(line.wire)
        stream = b"".join(
            one if isinstance(one, bytes) else encode(Pdu(Command.SUBMIT_SM_RESP, one, message_id="x"))
            for one in rubbish
        )
        for piece in cut(stream, places):
            if line.wire.is_closing():
                break  # a closing transport reads no more
            line.session.data_received(piece)
            await settled()
        line.wire.end(None)
        await settled()
        taken = 3 * WINDOW - line.book.waiting
        assert line.book.indexes == list(range(taken))
        assert line.session.in_window == 0
        assert line.session.gone.done()
        assert Counter(line.book.indexes).most_common(1)[0][1] == 1

    run(test)
