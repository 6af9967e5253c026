"""`halld report`, `halld verify`, `halld import`, on a store and a hall."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shutil
import socket
import sqlite3
import zipfile
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.bridges import make_site
from support.fake_hall import FakeHall
from support.fake_hall import make_site as fake_site
from support.offices import CLOCKS, Office, at, running_office
from support.serving import Served, serving

from bridge.cli.program import halld
from bridge.service.attendance.told import FactKind

MONDAY = date(2026, 3, 2)


async def play(office: Office) -> None:
    """A Monday: 001 works, 002 does not come, 99 is nobody's."""
    await office.staff()
    await office.punch("001", at(MONDAY, 8, 20))
    await office.punch("99", at(MONDAY, 9, 0), device="clock-west")
    await office.punch("001", at(MONDAY, 17, 35))
    office.clock.time = at(MONDAY + timedelta(days=1), 9)
    office.read_all(office.clock())
    await office.settle()


def write_site(directory: Path) -> None:
    site = make_site(**CLOCKS)
    (directory / "hall.yaml").write_text(site.model_dump_json(exclude_defaults=True))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a hall kept that has ended."""

    async def keep(directory: Path) -> None:
        async with running_office(directory) as office:
            await play(office)

    directory = tmp_path_factory.mktemp("played")
    asyncio.run(keep(directory))
    write_site(directory)
    return directory


@pytest.fixture
def data(played: Path, tmp_path: Path) -> Path:
    return shutil.copytree(played, tmp_path / "data")


def run(data: Path, *words: str) -> Result:
    """A command on the store of a hall that has ended."""
    config = data / "hall.yaml"
    return CliRunner().invoke(
        halld, [*words, "--config", str(config), "--data", str(data)]
    )


def report(data: Path, *words: str) -> Result:
    return run(data, "report", "attendance", "--month", "2026-03", *words)


def test_a_month_is_a_table(data: Path) -> None:
    shown = report(data)
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert lines[0].split()[:3] == ["ID", "NAME", "DEPARTMENT"]
    assert [line.split()[0] for line in lines[1:3]] == ["001", "002"]
    assert lines[3].startswith("2026-03: open")
    one = report(data, "--person", "001")
    assert [line.split()[0] for line in one.stdout.splitlines()[1:-1]] == ["001"]
    none = report(data, "--department", "税务局")
    assert "nobody has a row in 2026-03" in none.stdout


def test_a_month_is_json_as_rest_tells_it(data: Path) -> None:
    for words in (["--json"], ["--format", "json"]):
        body = json.loads(report(data, *words).stdout)
        assert body["total"] == len(body["items"]) == 2
        absent = {row["person"]: row["absent_days"] for row in body["items"]}
        assert absent == {"001": 0.0, "002": 1.0}
        assert body["status"]["month"] == "2026-03"


def test_a_month_is_a_file(data: Path, tmp_path: Path) -> None:
    table = report(data, "--format", "csv")
    rows = list(csv.reader(io.StringIO(table.stdout_bytes.decode("utf-8-sig"))))
    assert [row[0] for row in rows] == ["工号", "001", "002"]
    days = report(data, "--format", "csv", "--part", "days", "--lang", "en")
    assert "2026-03-02" in days.stdout
    out = tmp_path / "sheet.xlsx"
    kept = report(data, "--format", "xlsx", "--out", str(out))
    assert (kept.exit_code, kept.stdout) == (0, "")
    with zipfile.ZipFile(out) as book:
        assert "xl/workbook.xml" in book.namelist()
    piped = report(data, "--format", "xlsx")
    assert piped.stdout_bytes.startswith(b"PK")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--month", "2026-13"], "is no month"),
        (["--month", "2026-3"], "is no month"),
        (["--format", "table", "--out", "x"], "--out goes with"),
        (["--format", "pdf"], "pdf"),
    ],
)
def test_arguments_that_are_wrong_are_exit_code_2(
    data: Path, words: list[str], told: str
) -> None:
    shown = report(data, *words)
    assert shown.exit_code == 2
    assert told in shown.output


def test_a_folder_without_a_store_is_one_plain_line(data: Path, tmp_path: Path) -> None:
    config = str(data / "hall.yaml")
    for words in (
        ["report", "attendance", "--month", "2026-03"],
        ["report", "gaps"],
        ["verify"],
    ):
        empty = str(tmp_path / "none")
        shown = CliRunner().invoke(halld, [*words, "--config", config, "--data", empty])
        assert shown.exit_code == 1
        assert "there is no store" in shown.output


def test_clocks_and_gaps_are_reported(data: Path) -> None:
    shown = run(data, "report", "gaps")
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert {line.split()[0] for line in lines[1:]} == {"clock-east", "clock-west"}
    assert "2026-03-03 09:00" in shown.stdout
    body = json.loads(run(data, "report", "gaps", "--json").stdout)
    until = {item["device"]: item["until"] for item in body["items"]}
    assert until["clock-east"] == "2026-03-03T09:00:00+08:00"


def test_unknown_numbers_are_reported(data: Path) -> None:
    shown = run(data, "report", "unknown-users")
    line = shown.stdout.splitlines()[1].split()
    assert line[:2] == ["99", "1"]
    assert "clock-west" in line
    body = json.loads(run(data, "report", "unknown-users", "--json").stdout)
    assert [user["user_id"] for user in body["items"]] == ["99"]


async def test_reports_read_while_the_hall_runs(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        await play(office)
        write_site(tmp_path)
        shown = await asyncio.to_thread(report, tmp_path, "--json")
        assert json.loads(shown.stdout)["total"] == 2


def test_a_whole_ledger_is_whole(data: Path) -> None:
    shown = run(data, "verify")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("whole: ")
    body = json.loads(run(data, "verify", "--json").stdout)
    assert body["ok"] is True
    assert body["faults"] == []
    head = f"{body['rows']}:{body['head'][:16]}"
    assert f"head {head}" in shown.stdout
    assert run(data, "verify", "--head", head).exit_code == 0


def test_a_ledger_that_was_changed_is_told(data: Path) -> None:
    wrong = run(data, "verify", "--head", f"1:{'0' * 16}")
    assert wrong.exit_code == 1
    assert "row 1 does not have the hash" in wrong.output
    with sqlite3.connect(data / "store/hall.db") as db:
        db.execute("UPDATE ledger SET actor = 'somebody' WHERE id = 2")
    db.close()
    shown = run(data, "verify")
    assert shown.exit_code == 1
    assert "ledger row 2 was changed" in shown.output
    assert json.loads(run(data, "verify", "--json").stdout)["ok"] is False


@pytest.mark.parametrize("head", ["x", "1", "1:zz", ":00000000", "1:00"])
def test_a_head_that_is_none_is_exit_code_2(data: Path, head: str) -> None:
    assert run(data, "verify", "--head", head).exit_code == 2


@pytest.fixture
async def served(hall: FakeHall) -> AsyncIterator[Served]:
    async with serving(hall) as served:
        yield served


async def send(url: str, kind: str, file: Path, *words: str) -> Result:
    command = ["import", kind, str(file), "--by", "李主任", "--url", url, *words]
    return await asyncio.to_thread(CliRunner().invoke, halld, command)


def table(directory: Path, text: str) -> Path:
    path = directory / "people.csv"
    path.write_text(text, encoding="utf-8")
    return path


async def test_people_are_imported(
    served: Served, hall: FakeHall, tmp_path: Path
) -> None:
    file = table(tmp_path, "工号,姓名,血型\n007,测试,A\n")
    tried = await send(served.url, "people", file, "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert "1 rows, 1 good" in tried.output
    assert "nothing is written (dry run)" in tried.output
    assert "columns ignored: 血型" in tried.output
    assert hall.attendance.entries == []
    done = await send(served.url, "people", file, "--reason", "名单")
    assert done.output.rstrip().endswith("written")
    known = hall.attendance.known[FactKind.PERSON, "007"]
    assert (known.actor, known.reason) == ("李主任", "名单")


async def test_bad_rows_are_told_with_their_place(
    served: Served, hall: FakeHall, tmp_path: Path
) -> None:
    file = table(tmp_path, "工号,姓名\n007,测试\n0?8,样本\n,样本\n")
    shown = await send(served.url, "people", file)
    assert shown.exit_code == 2
    assert f"{file}:3:工号: " in shown.output
    assert f"{file}:4:工号: " in shown.output
    assert "nothing is written" in shown.output
    as_json = await send(served.url, "people", file, "--json")
    assert as_json.exit_code == 2
    assert [bad["row"] for bad in json.loads(as_json.stdout)["bad"]] == [3, 4]
    assert hall.attendance.entries == []


async def test_what_the_rules_refuse_is_told(
    served: Served, hall: FakeHall, tmp_path: Path
) -> None:
    hall.attendance.refused = [(0, "number 7 belongs to 001")]
    file = table(tmp_path, "工号,姓名\n007,测试\n")
    shown = await send(served.url, "people", file)
    assert shown.exit_code == 2
    assert f"{file}: 007: number 7 belongs to 001" in shown.output


async def test_a_file_that_is_no_table_is_one_plain_line(
    served: Served, tmp_path: Path
) -> None:
    file = tmp_path / "people.xlsx"
    file.write_bytes(b"PK\x03\x04 broken")
    shown = await send(served.url, "people", file)
    assert shown.exit_code == 1
    assert shown.output.startswith(f"Error: {file}: ")


async def test_without_a_hall_it_is_one_plain_line(tmp_path: Path) -> None:
    file = table(tmp_path, "工号,姓名\n007,测试\n")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        shown = await send(url, "people", file)
    assert shown.exit_code == 1
    assert f"no hall answers at {url}" in shown.output


async def test_the_token_of_the_hall_file_opens_a_public_hall(tmp_path: Path) -> None:
    web: dict[str, Any] = {"host": "0.0.0.0", "token": "open-sesame"}  # noqa: S104 - the case tried
    site = fake_site(web=web)
    config = tmp_path / "hall.yaml"
    config.write_text(site.model_dump_json(exclude_defaults=True))
    file = table(tmp_path, "工号,姓名\n007,测试\n")
    async with serving(FakeHall(site)) as served:
        refused = await send(served.url, "people", file)
        assert refused.exit_code == 1
        assert "name the hall file with --config" in refused.output
        done = await send(served.url, "people", file, "--config", str(config))
        assert done.exit_code == 0, done.output
