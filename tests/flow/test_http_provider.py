"""Tasks over an HTTP provider, end to end: requests on one real socket, receipts posted to our server on another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from engine import routes
from engine.model import MICRO
from tests.browser.conftest import start_server
from tests.kit import World, au_mobiles, raw, settled, wait_until, world
from tests.operator.http_provider import HttpProvider, Trouble
from tests.operator.http_shapes import Generic, Infobip, Shape, Sms, Told, Twilio, Vonage
from tests.operator.receiving import Receiver

FIRST = 9_900
"""The second number fails (it ends in 9901), the third is refused (9902), the fourth expires (9903)."""


class Stage:
    """An engine whose public address is a real server on a loopback port."""

    def __init__(self, folder: Path) -> None:
        self._credit = 10_000
        self._world: World | None = None
        self.receiver = Receiver(lambda: self._world.engine if self._world else None)
        self.folder = folder

    @property
    def world(self) -> World:
        if self._world is None:
            self._world = world(self.folder, credit=self._credit, public_url=self.receiver.url)
        return self._world

    def restart(self) -> None:
        self.world.engine.stop()
        self._world, self._credit = None, 0

    def hook(self, route_id: int) -> str:
        return self.world.engine.hooks.address(self.world.staff, route_id)

    def state(self, task_id: int) -> dict[str, object]:
        """States of the task's messages and how many have each."""
        rows = raw(self.world, "select state, count(*) as n from message where task_id = $1 group by state", task_id)
        return {str(row["state"]): row["n"] for row in rows}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    with made.receiver:
        yield made
        made.world.engine.stop()


def send(stage: Stage, provider: HttpProvider, count: int, *, first: int = FIRST, **changes: str) -> tuple[int, int]:
    """A task and the route it goes over."""
    route_id = stage.world.add_route("Provider", provider.address(**changes))
    return stage.world.send(count, route_id=route_id, recipients=au_mobiles(count, start=first)), route_id


def check_books(stage: Stage, task_id: int, *, delivered: int, failed: int) -> None:
    """What was delivered is charged, everything else returned, and the books add up."""
    wait_until(lambda: settled(stage.world, task_id), timeout_s=60)
    states = stage.state(task_id)
    assert states.pop("delivered", 0) == delivered
    assert sum(int(str(count)) for count in states.values()) == failed
    balance = stage.world.engine.history.balance(stage.world.owner)
    assert balance.held_micro == 0
    assert balance.available_micro == (10_000 - delivered) * MICRO
    assert stage.world.engine.reconcile().ok


@pytest.mark.parametrize(
    ("shape", "count"),
    [(Generic, 500), (Infobip, 500), (Twilio, 30), (Vonage, 30)],
    ids=["generic", "infobip", "twilio", "vonage"],
)
def test_a_task_is_settled_by_posted_receipts_and_the_books_are_exact(
    stage: Stage, shape: type[Shape], count: int
) -> None:
    with HttpProvider(shape(), duplicate=count > 100, enroute=True, shuffle=True) as provider:
        task_id, _ = send(stage, provider, count)
        check_books(stage, task_id, delivered=count - 3, failed=3)
        assert len(provider.taken) == count - 1
        wait_until(lambda: not provider._told)
    assert set(provider.posted) <= {200, 204, 429, 503}


def test_a_forged_receipt_changes_nothing_and_a_replayed_one_counts_once(stage: Stage) -> None:
    with HttpProvider(Generic(), receipts_s=3_600) as provider:
        task_id, route_id = send(stage, provider, 20)
        wait_until(lambda: len(provider.taken) == 19 and stage.state(task_id).get("submitted") == 19)
        url, shape = stage.hook(route_id), Generic()
        taken = [Told(Sms(sms.to, "", "", callback=url), sms.id, "delivered") for sms in provider.taken.values()]
        _, _, headers, body = shape.posts(taken)

        forged = httpx.post(url, content=body.replace(b"delivered", b"failed"), headers=headers, trust_env=False)
        elsewhere = httpx.post(url.replace(f"/{route_id}/", "/1/"), content=body, headers=headers, trust_env=False)
        assert (forged.status_code, elsewhere.status_code) == (403, 404)

        replies = [httpx.post(url, content=body, headers=headers, trust_env=False).status_code for _ in range(3)]
        assert replies == [200] * 3
        check_books(stage, task_id, delivered=19, failed=1)


@pytest.mark.parametrize("shape", [Generic, Infobip, Twilio, Vonage], ids=lambda shape: shape.name)
def test_stop_from_a_phone_opts_out_once_however_often_it_is_posted(stage: Stage, shape: type[Shape]) -> None:
    with HttpProvider(shape()) as provider:
        task_id, route_id = send(stage, provider, 3, first=0)
        check_books(stage, task_id, delivered=3, failed=0)
        phone = "+61412000001"
        post = provider.shape.inbound(stage.hook(route_id), msisdn=phone, to="Acme", text="STOP", uid="mo-1")
        assert {provider.post(post).status_code for _ in range(3)} <= {200, 204}
    engine = stage.world.engine
    assert [row["msisdn"] for row in engine.opt_outs.page(stage.world.owner).rows] == [int(phone)]
    assert raw(stage.world, "select count(*) as n from inbound") == [{"n": 1}]


def test_receipts_wait_while_our_server_cannot_be_reached(tmp_path: Path) -> None:
    stage = Stage(tmp_path)  # nobody listens yet
    with HttpProvider(Generic(), duplicate=True) as provider:
        task_id, _ = send(stage, provider, 50)
        wait_until(lambda: provider.posted[0] > 0 and stage.state(task_id).get("submitted") == 49)
        with stage.receiver:
            check_books(stage, task_id, delivered=47, failed=3)
        stage.world.engine.stop()


def test_a_provider_in_trouble_costs_no_message_and_no_credit(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """It throttles and loses answers, some after taking the messages: each is taken once, and none fails for it."""
    monkeypatch.setattr("engine.gateways.http.session.RETRY_FIRST_S", 0.01)
    troubles = [
        Trouble.THROTTLE, Trouble.DROP_AFTER, None, Trouble.BUSY, Trouble.ERROR_AFTER, None, Trouble.DROP_BEFORE,
        Trouble.HUGE, None, Trouble.ERROR_BEFORE, None, Trouble.UNAVAILABLE,
    ]  # fmt: skip
    with HttpProvider(Generic(), plan=lambda number: troubles[number] if number < len(troubles) else None) as provider:
        task_id, _ = send(stage, provider, 100, first=0, batch="10", connections="1")
        check_books(stage, task_id, delivered=100, failed=0)
        assert len(provider.taken) == 100
        assert set(provider.keys.values()) == {1}
        assert provider.repeats > 0


def test_a_message_whose_answer_was_lost_is_settled_by_its_receipt(stage: Stage) -> None:
    """Its reference was lost with the answer; the receipt says whom it went to."""
    with HttpProvider(Twilio(), plan=lambda number: Trouble.DROP_AFTER if number == 2 else None) as provider:
        task_id, _ = send(stage, provider, 6, first=0, connections="1")
        check_books(stage, task_id, delivered=6, failed=0)
        assert len(provider.asked) == len(provider.taken) == 6


def test_a_long_message_is_delivered_when_all_its_parts_are(stage: Stage) -> None:
    with HttpProvider(Vonage(), receipts_s=3_600) as provider:
        route_id = stage.world.add_route("Provider", provider.address())
        task_id = stage.world.send(1, route_id=route_id, content="x" * 300)
        wait_until(lambda: stage.state(task_id) == {"submitted": 1})
        (sms,) = provider.taken.values()
        first, second = (provider.shape.posts([Told(sms, part, "delivered")]) for part in sms.parts)
        assert provider.post(first).status_code == 200
        assert provider.post(first).status_code == 200
        assert stage.state(task_id) == {"submitted": 1}
        assert provider.post(second).status_code == 200
        wait_until(lambda: settled(stage.world, task_id))
        assert stage.state(task_id) == {"delivered": 1}


def test_a_provider_that_is_down_makes_tasks_wait(stage: Stage) -> None:
    with HttpProvider(Generic()) as provider:
        address, port = provider.address(), provider.port
    route_id = stage.world.add_route("Provider", address)
    task_id = stage.world.send(30, route_id=route_id)
    wait_until(lambda: routes.load(stage.world.store, route_id).down_since_us is not None)
    assert "127.0.0.1 refuses connections" in str(routes.load(stage.world.store, route_id).last_error)
    wait_until(lambda: stage.state(task_id) == {"queued": 30})
    with HttpProvider(Generic(), port=port):
        check_books(stage, task_id, delivered=30, failed=0)
    assert routes.load(stage.world.store, route_id).down_since_us is None


def test_a_sender_that_the_provider_refuses_stops_the_task(stage: Stage) -> None:
    with HttpProvider(Infobip(), refused_senders=frozenset({"Fake"})) as provider:
        route_id = stage.world.add_route("Provider", provider.address(batch="10"), supports_sender=True, batch=20)
        task_id = stage.world.send(200, route_id=route_id, sender="Fake")
        check_books(stage, task_id, delivered=0, failed=200)
        assert not provider.taken
        reasons = raw(stage.world, "select distinct reason from message where task_id = $1", task_id)
        assert reasons == [{"reason": "sender_refused"}]


def test_after_a_restart_the_provider_is_asked_for_missed_receipts(stage: Stage) -> None:
    with HttpProvider(Twilio(), receipts_s=3_600) as provider:
        task_id, _ = send(stage, provider, 30)
        wait_until(lambda: stage.state(task_id).get("submitted") == 29)
        stage.restart()
        check_books(stage, task_id, delivered=27, failed=3)
        assert provider.polls >= 29


@pytest.mark.slow
def test_the_server_of_the_pages_takes_receipts_too(tmp_path: Path) -> None:
    """`streamlit run`, as operators start it: with its security headers, and without the secret in its log."""
    made = world(tmp_path / "data", credit=0, started=False)
    route_id = made.add_route("Provider", f"https://api.example.com/v1/sms#{Generic.mapping}")
    path = urlsplit(made.engine.hooks.address(made.staff, route_id)).path
    made.engine.stop()
    _, _, headers, body = Generic().posts(
        [Told(Sms("+61412345678", "", "", callback="x"), "from-outside", "delivered")]
    )
    server = start_server(tmp_path)
    try:
        answer = httpx.post(server.url + path, content=body, headers=headers, trust_env=False)
        assert (answer.status_code, answer.content) == (200, b"")
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        forged = httpx.post(server.url + path, content=body.replace(b"outside", b"inside"), headers=headers)
        unknown = httpx.post(server.url + path[:-1], content=body, headers=headers, trust_env=False)
        assert (forged.status_code, unknown.status_code) == (403, 404)
        assert httpx.get(server.url + path, trust_env=False).status_code == 200  # somebody tries the address
    finally:
        server.stop()
    assert path.rpartition("/")[2] not in server.said()
    again = world(tmp_path / "data", credit=0, started=False)
    assert raw(again, "select provider_ref, route_id from receipt_inbox") == [
        {"provider_ref": "from-outside", "route_id": route_id}
    ]
    again.engine.stop()
