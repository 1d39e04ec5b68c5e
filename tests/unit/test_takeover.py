"""Which route may take over for another: only one that can carry all that the first accepts, and only once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from engine import routes
from engine.content import ContentRules
from engine.errors import InputError
from engine.gateways.addresses import same_place
from engine.model import Actor, ChargeOn
from engine.routes import RouteChanges
from tests.kit import World, audited, operator, raw, world

OPEN_RULES = ContentRules(block_links=False, words=("casino",))


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    built = world(tmp_path, started=False)
    yield built
    built.engine.stop()


@pytest.fixture
def admin(made: World) -> Actor:
    return operator(made)


@pytest.fixture
def pair(made: World) -> tuple[int, int]:
    """A route with every demand, and one that meets them all."""
    demands = {"supports_sender": True, "sender_max": 10, "countries": frozenset({"AU", "NZ"}), "rules": OPEN_RULES}
    return made.add_route("First", "sim://?seed=7", **demands), made.add_route("Spare", "sim://?seed=8", **demands)


def name_spare(made: World, admin: Actor, pair: tuple[int, int], **more: Any) -> routes.Route:
    changes: dict[str, Any] = {"takeover_id": pair[1], "takeover_after_s": 60} | more
    return made.engine.routes.edit(admin, pair[0], cast("RouteChanges", changes))


def test_a_route_names_another_and_the_audit_says_when_it_takes_over(
    made: World, admin: Actor, pair: tuple[int, int]
) -> None:
    route = name_spare(made, admin, pair, takeover_below=80)
    assert (route.takeover_id, route.takeover_after_s, route.takeover_below) == (pair[1], 60, 80)
    made.engine.routes.edit(admin, pair[0], RouteChanges(takeover_below=None))
    made.engine.routes.edit(admin, pair[0], RouteChanges(takeover_id=None))
    assert [line["detail"] for line in audited(made, "route_edited")] == [
        "Route that takes over: nobody → “Spare”; After seconds of being down: never → 60 s; "
        "Below a success rate of: never → 80%",
        "Below a success rate of: 80% → never",
        "Route that takes over: “Spare” → nobody; After seconds of being down: 60 s → never",
    ]
    route = routes.load(made.store, pair[0])
    assert (route.takeover_id, route.takeover_after_s, route.takeover_below) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"takeover_after_s": None}, "nothing says when"),
        ({"takeover_after_s": 4}, "from 5 to 86,400"),
        ({"takeover_after_s": 86_401}, "from 5 to 86,400"),
        ({"takeover_below": 0}, "from 1 to 99"),
        ({"takeover_below": 100}, "from 1 to 99"),
        ({"takeover_id": 999}, "take over for itself"),
    ],
)
def test_a_takeover_that_makes_no_sense_is_refused(
    made: World, admin: Actor, pair: tuple[int, int], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        name_spare(made, admin, pair, **changes)
    with pytest.raises(InputError, match="take over for itself"):
        name_spare(made, admin, pair, takeover_id=pair[0])
    assert routes.load(made.store, pair[0]).takeover_id is None


MISFITS = [
    ({"gateway": "sim://?seed=7"}, "same gateway address"),
    ({"supports_sender": False}, "carries a sender ID and “Spare” does not"),
    ({"sender_max": 9}, "sender IDs of 10 characters, “Spare” only of 9"),
    ({"charge_on": ChargeOn.ACCEPTED}, "charges what is delivered, “Spare” what is accepted"),
    ({"countries": frozenset({"AU"})}, "reaches New Zealand and “Spare” does not"),
    ({"rules": ContentRules(words=("casino",))}, "blocks links"),
    ({"rules": ContentRules(block_links=False, words=("casino", "loan"))}, "the word “loan”"),
    ({"rules": ContentRules(block_links=False, allow_other_scripts=False)}, "other scripts"),
]


def test_a_route_that_cannot_carry_the_same_is_refused_before_and_after_it_is_named(
    made: World, admin: Actor, pair: tuple[int, int]
) -> None:
    fits = routes.load(made.store, pair[1])
    for changes, said in MISFITS:
        made.engine.routes.edit(admin, pair[1], cast("RouteChanges", changes))
        with pytest.raises(InputError, match=said):
            name_spare(made, admin, pair)
        back = {field: getattr(fits, field) for field in changes}
        made.engine.routes.edit(admin, pair[1], cast("RouteChanges", back))
    name_spare(made, admin, pair)
    for changes, said in MISFITS:
        with pytest.raises(InputError, match=said) as caught:
            made.engine.routes.edit(admin, pair[1], cast("RouteChanges", changes))
        assert "takes over for “First” first" in caught.value.message
    assert routes.load(made.store, pair[1]) == fits
    made.engine.routes.edit(admin, pair[1], RouteChanges(name="Other", throughput=5, countries=None))  # no condition


def test_a_route_that_reaches_everywhere_needs_one_that_does(made: World, admin: Actor, pair: tuple[int, int]) -> None:
    made.engine.routes.edit(admin, pair[0], RouteChanges(countries=None))
    with pytest.raises(InputError, match=r"Afghanistan, Albania, Algeria and [0-9]+ more"):
        name_spare(made, admin, pair)


def test_messages_are_carried_over_once_only(made: World, admin: Actor, pair: tuple[int, int]) -> None:
    name_spare(made, admin, pair)
    third = made.add_route("Third", "sim://?seed=9", supports_sender=True, rules=OPEN_RULES)
    with pytest.raises(InputError, match="“First” has a route that takes over for itself"):
        made.engine.routes.edit(admin, third, RouteChanges(takeover_id=pair[0], takeover_after_s=60))
    with pytest.raises(InputError, match="“Spare” itself takes over for “First”"):
        made.engine.routes.edit(admin, pair[1], RouteChanges(takeover_id=third, takeover_after_s=60))


def test_another_choice_or_address_ends_what_was_taken_over(made: World, admin: Actor, pair: tuple[int, int]) -> None:
    for changes in (RouteChanges(gateway="sim://?seed=70"), RouteChanges(takeover_id=None)):
        name_spare(made, admin, pair)
        with made.store.transaction() as tx:
            routes.take_over(tx, pair[0], "it is down", made.clock.now_us())
        made.engine.routes.edit(admin, pair[0], RouteChanges(takeover_after_s=90))
        assert routes.load(made.store, pair[0]).taken_over_us is not None
        made.engine.routes.edit(admin, pair[0], changes)
        assert routes.load(made.store, pair[0]).taken_over_us is None
    assert [row["sentence"] for row in raw(made, "select sentence from notice order by id")][-1:] == [
        "Route “First” sends itself again; nobody stands in for it."
    ]


def test_customers_learn_nothing_of_who_takes_over(made: World, admin: Actor, pair: tuple[int, int]) -> None:
    name_spare(made, admin, pair)
    with made.store.transaction() as tx:
        routes.take_over(tx, pair[0], "bind refused", made.clock.now_us())
    seen = made.engine.routes.get(made.owner, pair[0])
    assert (seen.takeover_id, seen.taken_over_why) == (None, None)
    assert seen.taken_over_us is not None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("smpp://ims:a@Host:2775?window=5", "smpp://ims:b@host:2775", True),
        ("smpp://ims:a@host:2775?window=5", "smpp://ims:a@host:2775/?tps=1", True),
        ("smpp://ims:a@host:2775", "smpp://other:a@host:2775", False),
        ("smpp://ims:a@host:2775", "smpp://ims:a@host:2776", False),
        ("sim://?seed=1", "sim://?seed=2", False),
        ("sim://", " sim://", True),
        ("https://api.example.com/sms?key=a", "https://api.example.com/sms?key=b", False),
    ],
)
def test_the_same_account_of_an_operator_is_known_again(one: str, other: str, same: bool) -> None:
    assert same_place(one, other) is same
