"""Paper over REST: what a kiosk is told, and printing again."""

from __future__ import annotations

import httpx
from support.asking import check_problem, client_of
from support.fake_hall import FakeHall, make_site


async def test_without_paper_no_number_is_drawn(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    hall.paper.obstacle = "paper"
    wish = {"service": "reg", "channel": "kiosk"}
    refusal = await client.post("/api/v1/tickets", json=wish)
    assert check_problem(refusal, 409, "printer")["obstacle"] == "paper"
    hall.paper.obstacle = ""
    drawn = (await client.post("/api/v1/tickets", json=wish)).json()
    hall.paper.obstacle = "cover"
    again = await client.post(f"/api/v1/tickets/{drawn['id']}/reprint")
    assert check_problem(again, 409, "printer")["obstacle"] == "cover"


async def test_the_same_subject_gets_200_and_its_ticket(
    client: httpx.AsyncClient,
) -> None:
    wish = {"service": "reg", "channel": "kiosk", "subject_ref": "k.1"}
    first = await client.post("/api/v1/tickets", json=wish)
    again = await client.post("/api/v1/tickets", json=wish)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["location"] == first.headers["location"]


async def test_a_ticket_is_printed_again(
    client: httpx.AsyncClient, hall: FakeHall
) -> None:
    wish = {"service": "reg", "channel": "kiosk"}
    ticket = (await client.post("/api/v1/tickets", json=wish)).json()
    path = f"/api/v1/tickets/{ticket['id']}/reprint"
    answer = await client.post(path, json={"kiosk": "main"})
    assert answer.status_code == 200
    assert answer.json()["print"] == "pending"
    assert hall.paper.kiosks[-1] == "main"
    check_problem(await client.post("/api/v1/tickets/x/reprint"), 404, "not-found")
    check_problem(await client.post(path, json={"kiosk": "k9"}), 422, "invalid-request")


async def test_a_kiosk_draws_what_it_offers() -> None:
    site = make_site(kiosks=[{"id": "k1", "services": ["reg"]}])
    async with client_of(FakeHall(site)) as client:
        for wish, field in (
            ({"service": "reg", "kiosk": "k2"}, "kiosk"),
            ({"service": "idcard", "kiosk": "k1"}, "service"),
        ):
            body = {"channel": "kiosk", **wish}
            refusal = await client.post("/api/v1/tickets", json=body)
            told = check_problem(refusal, 422, "invalid-request")
            assert told["errors"][0]["field"] == field
        body = {"channel": "kiosk", "service": "reg", "kiosk": "k1"}
        assert (await client.post("/api/v1/tickets", json=body)).status_code == 201


async def test_a_kiosk_prints_again_without_the_token() -> None:
    web = {"host": "0.0.0.0", "token": "open-sesame"}  # noqa: S104 - the case tried
    async with client_of(FakeHall(make_site(web=web))) as client:
        wish = {"service": "reg", "channel": "kiosk"}
        ticket = (await client.post("/api/v1/tickets", json=wish)).json()
        path = f"/api/v1/tickets/{ticket['id']}"
        assert (await client.post(f"{path}/reprint")).status_code == 200
        check_problem(await client.post(f"{path}/other"), 401, "unauthorized")
