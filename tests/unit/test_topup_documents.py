"""Receipts: what is taken, where it lies, who may read it, and what a crash leaves."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from engine.api import SESSION_COOKIE, SecurityHeaders, content_policy, document_routes
from engine.topups import MOST_BYTES, MOST_DOCUMENTS
from engine.topups import documents as documents_module
from tests.kit import code_of
from tests.unit.accounts_kit import signed_in
from tests.unit.topups_kit import JPEG, PDF, PNG, Office, office


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    made = office(tmp_path)
    yield made
    made.engine.store.close()


def upload(desk: Office, request_id: int, data: bytes = PNG, name: str = "receipt.png") -> int:
    return desk.topups.upload(desk.owner, request_id, name=name, data=data)


@pytest.mark.parametrize(("data", "kind"), [(PNG, "image/png"), (JPEG, "image/jpeg"), (PDF, "application/pdf")])
def test_png_jpeg_and_pdf_are_taken_by_their_first_bytes_whatever_they_are_called(
    desk: Office, data: bytes, kind: str
) -> None:
    document_id = upload(desk, desk.ask(), data, name="C:\\bank\\..\\rec\u202eeipt.exe")
    found = desk.topups.document(desk.staff, document_id)
    assert (found.name, found.media_type, found.data) == ("receipt.exe", kind, data)


@pytest.mark.parametrize(
    "data", [b"<html><script>1</script>", b"GIF89a", b" %PDF-1.4", b"\x89PNG", b"MZ\x90", b"<svg/>", b"RIFF"]
)
def test_a_file_that_only_pretends_is_refused(desk: Office, data: bytes) -> None:
    request_id = desk.ask()
    assert code_of(lambda: upload(desk, request_id, data)) == "document_kind"
    assert code_of(lambda: upload(desk, request_id, b"")) == "document_empty"
    assert desk.files() == []


def test_five_megabytes_are_the_most(desk: Office) -> None:
    request_id = desk.ask()
    assert code_of(lambda: upload(desk, request_id, PNG.ljust(MOST_BYTES + 1))) == "document_size"
    assert upload(desk, request_id, PNG.ljust(MOST_BYTES))


def test_five_documents_are_the_most_and_the_same_one_counts_once(desk: Office) -> None:
    request_id = desk.ask()
    ids = [upload(desk, request_id, PNG + bytes([number])) for number in range(MOST_DOCUMENTS)]
    assert code_of(lambda: upload(desk, request_id, PDF)) == "document_count"
    assert upload(desk, request_id, PNG + b"\x00") == ids[0]
    assert len(desk.files()) == MOST_DOCUMENTS


def test_a_receipt_lies_under_a_random_name_that_only_the_server_may_read(desk: Office) -> None:
    upload(desk, desk.ask(), name="../../secret.png")
    (file,) = desk.files()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert "secret" not in file.name
    assert file.read_bytes() == PNG


def test_only_its_account_and_staff_read_a_receipt(desk: Office) -> None:
    document_id = upload(desk, desk.ask())
    for name in ("owner", "sender", "staff", "admin"):
        assert desk.topups.document(desk.actors[name], document_id).data == PNG
    assert code_of(lambda: desk.topups.document(desk.actors["rival"], document_id)) == "not_found"
    assert code_of(lambda: desk.topups.document(desk.staff, document_id + 1)) == "not_found"


def test_nobody_else_adds_to_a_request_and_a_decided_one_takes_no_more(desk: Office) -> None:
    request_id = desk.ask()
    rival = desk.actors["rival"]
    stranger = code_of(lambda: desk.topups.upload(rival, request_id, name="x.png", data=PNG))
    assert stranger == "not_found"
    desk.topups.withdraw(desk.owner, request_id)
    assert code_of(lambda: upload(desk, request_id)) == "topup_closed"
    assert desk.files() == []


def test_a_file_that_was_changed_or_lost_on_the_disk_is_not_shown(desk: Office) -> None:
    document_id = upload(desk, desk.ask())
    (file,) = desk.files()
    file.write_bytes(JPEG)
    assert code_of(lambda: desk.topups.document(desk.staff, document_id)) == "not_found"
    file.unlink()
    assert code_of(lambda: desk.topups.document(desk.staff, document_id)) == "not_found"


def test_a_crash_between_file_and_row_leaves_only_an_orphan_that_is_swept_up(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = desk.ask()

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(documents_module, "_add", cut)
        patched.setattr(desk.topups._folder, "drop", lambda _: None)  # the process is gone: nobody cleans up
        with pytest.raises(KeyboardInterrupt):
            upload(desk, request_id)
    assert desk.state(request_id) == "requested"
    assert len(desk.files()) == 1
    kept = upload(desk, request_id)
    assert desk.topups.drop_orphans() == 0  # young: it may be an upload that is being written
    (desk.folder / "receipts" / "notes.txt").write_text("not ours")
    hour_old = desk.clock.now_us() / 1_000_000 - 4_000
    for file in desk.files():
        os.utime(file, (hour_old, hour_old))
    assert desk.topups.drop_orphans() == 1
    assert desk.topups.document(desk.owner, kept).data == PNG
    assert len(desk.files()) == 2


def test_an_upload_that_is_refused_late_leaves_no_file(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    request_id = desk.ask()
    keep = desk.topups._folder.keep

    def keep_and_withdraw(data: bytes) -> str:
        desk.topups.withdraw(desk.owner, request_id)
        return keep(data)

    monkeypatch.setattr(desk.topups._folder, "keep", keep_and_withdraw)
    assert code_of(lambda: upload(desk, request_id)) == "topup_closed"
    assert desk.files() == []


@pytest.fixture
def site(desk: Office) -> Starlette:
    policy = content_policy([])
    return Starlette(
        routes=document_routes(lambda: desk.engine),
        middleware=[Middleware(SecurityHeaders, policy=policy, https=False)],
    )


async def fetch(site: Starlette, address: str, token: str = "") -> httpx.Response:
    cookies = {SESSION_COOKIE: token} if token else None
    transport = httpx.ASGITransport(app=site)
    async with httpx.AsyncClient(transport=transport, base_url="http://ims", cookies=cookies) as client:
        return await client.get(address)


def get(site: Starlette, address: str, token: str = "") -> httpx.Response:
    # In a thread of its own: a browser test before this one may have left its event loop running here.
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(lambda: asyncio.run(fetch(site, address, token))).result()


def test_the_address_of_a_receipt_answers_its_people_only(desk: Office, site: Starlette) -> None:
    document_id = upload(desk, desk.ask())
    tokens = {name: signed_in(desk.engine.accounts, name)[0] for name in ("owner", "sender", "staff", "rival")}
    address = f"/documents/{document_id}"
    for name in ("owner", "sender", "staff"):
        answer = get(site, address, tokens[name])
        assert (answer.status_code, answer.content) == (200, PNG)
    for token in ("", "forged", tokens["rival"]):
        answer = get(site, address, token)
        assert answer.status_code == 404
        assert PNG not in answer.content
    assert get(site, "/documents/999", tokens["staff"]).status_code == 404
    assert get(site, f"/documents/{10**30}", tokens["staff"]).status_code == 404
    assert get(site, "/documents/x", tokens["staff"]).status_code == 404
    assert get(site, "/documents/../secret", tokens["staff"]).status_code == 404


def test_a_receipt_is_sent_so_that_nothing_in_it_can_run(desk: Office, site: Starlette) -> None:
    request_id = desk.ask()
    picture, paper = upload(desk, request_id), upload(desk, request_id, PDF, name='in"voice\r\nX: é.pdf')
    token = signed_in(desk.engine.accounts, "staff")[0]
    image, pdf = (get(site, f"/documents/{number}", token) for number in (picture, paper))
    for answer in (image, pdf):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert image.headers["Content-Type"] == "image/png"
    assert image.headers["Content-Disposition"].startswith("inline")
    assert pdf.headers["Content-Disposition"] == "attachment; filename*=UTF-8''in%22voiceX%3A%20%C3%A9.pdf"
