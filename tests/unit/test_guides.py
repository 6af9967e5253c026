from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.guides.markup import render
from bridge.domain.guides.parsing import MAX_BYTES, Guide, GuideError, parse_guide
from bridge.domain.guides.pinyin import place_of
from bridge.domain.guides.search import find
from bridge.service.guides import Guides, Shelf, read_shelf
from devices.shipped import config_folder
from devices.site import Site

SERVICES = {"reg": "企业登记", "idcard": "身份证"}
SAFE = {"h2", "h3", "h4", "p", "ul", "ol", "li", "strong", "em", "blockquote", "hr"}
SAFE |= {"br", "table", "thead", "tbody", "tr", "th", "td"}


def guide_text(**keys: str) -> str:
    head = "".join(f"{key}: {value}\n" for key, value in keys.items())
    return f"---\n{head}---\n\n## 申请材料\n\n- 户口簿\n"


def guide(name: str, **keys: str) -> Guide:
    return parse_guide(f"{name}.md", guide_text(**keys).encode(), SERVICES)


def flaws(text: str | bytes, name: str = "a.md") -> list[tuple[int, str]]:
    raw = text.encode() if isinstance(text, str) else text
    with pytest.raises(GuideError) as caught:
        parse_guide(name, raw, SERVICES)
    return [(flaw.line, flaw.message) for flaw in caught.value.flaws]


def test_a_guide_is_read() -> None:
    read = guide("a", title="企业登记", service="reg", window="3", tags="[公司, 2024]")
    assert (read.id, read.title, read.service, read.window) == (
        "a",
        "企业登记",
        "reg",
        "3",
    )
    assert read.tags == ("公司", "2024")
    assert [(part.title, part.text) for part in read.sections] == [
        ("申请材料", "户口簿")
    ]
    assert "<h2>申请材料</h2>" in read.html


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("## 材料\n", 1, "starts with a line `---`"),
        ("---\ntitle: x\n", 1, "second line `---`"),
        ("---\ntitle: x\nservice: tax\n---\nx", 3, "no service 'tax'"),
        ("---\ntitle: x\n\nunti: x\n---\nx", 4, "no such key"),
        ("---\nunit: x\n---\nx", 2, "title: is missing"),
        ("---\ntitle: x\ntags: 3\n---\nx", 3, "tags"),
        ("---\ntitle: x\nunit: [\n---\nx", 3, "no YAML"),
        ("---\n- x\n---\nx", 2, "holds keys"),
        ("---\ntitle: x\n---\n\n", 4, "no text"),
        (b"---\ntitle: \xc6\xf3\n---\nx", 2, "not UTF-8"),
        (b"x" * (MAX_BYTES + 1), 1, "more than"),
    ],
)
def test_a_bad_file_is_told_with_its_line(
    text: str | bytes, line: int, says: str
) -> None:
    told = flaws(text)
    assert [found for found, _ in told] == [line]
    assert says in told[0][1]


def test_a_guide_in_another_language_takes_from_the_first_what_it_does_not_say() -> (
    None
):
    text = "---\ntitle: Registry\nunit: Bureau\n---\n\n- form\n"
    english = parse_guide("a.en.md", text.encode(), SERVICES)
    assert (english.id, english.lang) == ("a", "en")
    first = guide("a", title="登记", service="reg", window="3号", order="7")
    both = replace(first, others=(english,))
    told = both.told_in("en")
    assert (told.title, told.unit, told.window) == ("Registry", "Bureau", "3号")
    assert (told.service, told.order) == ("reg", 7)
    assert both.told_in("zh-CN") is both
    assert first.told_in("en") is first
    assert find([both], "regis", SERVICES) == [both]
    assert find([both], "dj", SERVICES) == [both]
    assert find([both], "xyz", SERVICES) == []


@pytest.mark.parametrize(
    ("name", "key", "says"),
    [
        ("a.en.md", "service: reg", "no such key; there are: title, unit"),
        ("a.fr.md", "unit: x", "no language 'fr'; there are: a.md, a.en.md"),
        ("a.en.fr.md", "unit: x", "no language 'en.fr'"),
        ("..en.md", "unit: x", "its id"),
    ],
)
def test_a_bad_file_in_another_language_is_told(name: str, key: str, says: str) -> None:
    told = flaws(f"---\ntitle: x\n{key}\n---\n\nx\n", name)
    assert [says in message for _, message in told] == [True]


def test_a_file_whose_name_is_no_id_is_told() -> None:
    assert "the file's name is its id" in flaws(guide_text(title="x"), "企业.md")[0][1]


def test_raw_html_links_and_pictures_stay_text() -> None:
    html, _ = render(
        "<script>alert(1)</script>\n\n<b onclick=x>x</b>\n\n"
        "[x](javascript:alert(1)) ![x](http://x/y.png) <http://x>\n\n"
        "    <i>code</i>\n\n|a|b|\n|:-|-:|\n|<u>|2|\n"
    )
    assert "&lt;script&gt;" in html
    assert "<td>&lt;u&gt;</td>" in html
    assert set(re.findall(r"<([a-z0-9]+)", html)) <= SAFE
    assert set(re.findall(r"<[^>]*[ =][^>]*>", html)) <= {"<br />", "<hr />"}


@given(st.text(alphabet="<>\"'&#|*_-[]()!`\n\\ a1:=/中", max_size=200))
def test_whatever_a_guide_says_its_html_is_of_few_elements(text: str) -> None:
    html, _ = render(text)
    rest = re.sub(r"</?[a-z0-9]+>|<br />|<hr />", "", html)
    assert "<" not in rest
    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= SAFE


@pytest.mark.parametrize(
    ("letters", "text", "place"),
    [
        ("qydj", "企业登记", 0),
        ("qiyedengji", "企业登记", 0),
        ("qiyedj", "企业登记", 0),
        ("qydeng", "企业登记", 0),
        ("qyd", "企业登记", 0),
        ("dj", "企业登记", 2),
        ("djq", "企业登记", None),
        ("sfz", "居民身份证", 2),
        ("shfzh", "居民身份证", 2),
        ("yinhang", "银行", 0),
        ("yinx", "银行", None),
        ("lv", "旅行", 0),
        ("luxing", "旅行", 0),
        ("kbqy", "开办（企业）", 0),
        ("x", "", None),
    ],
)
def test_words_are_found_by_their_letters(
    letters: str, text: str, place: int | None
) -> None:
    assert place_of(letters, text) == place


def test_the_likeliest_guide_is_first() -> None:
    guides = [
        guide("a", title="居民身份证", service="idcard"),
        guide("b", title="变更登记", service="reg", tags="[营业执照]"),
        guide("c", title="企业登记", service="reg"),
        guide("d", title="户口迁移"),
    ]

    def ids(words: str) -> list[str]:
        return [found.id for found in find(guides, words, SERVICES)]

    assert len(ids("")) == 4
    assert ids("企业") == ["c", "b"]
    assert ids("QYDJ") == ["c", "b"]
    assert ids(" yyzz ") == ["b"]
    assert ids("sfz") == ["a"]
    assert sorted(ids("户口簿")) == ["a", "b", "c", "d"]
    assert ids("户口")[0] == "d"
    assert ids("zzzz") == []
    assert ids("jmz") == ["a"]
    assert ids("zmj") == []


def test_the_shipped_guides_are_good_and_found() -> None:
    services = frozenset({"reg", "idcard", "social", "estate"})
    shelf = read_shelf(config_folder() / "guides", services, Shelf())
    assert shelf.faults == []
    assert {read.service for read in shelf.guides} == services
    english = {read.service for read in shelf.guides if read.told_in("en") is not read}
    assert english == services
    found = find(shelf.guides, "qysl", {})
    assert [read.title for read in found] == ["企业设立登记"]


async def test_guides_follow_their_files(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text(guide_text(title="一"))
    site = Site.model_validate({"hall": {"id": "x"}, "guides": str(tmp_path)})
    guides, now = Guides(site), datetime(2026, 3, 2, tzinfo=UTC)

    async def titles() -> list[str]:
        nonlocal now
        now += timedelta(seconds=3)
        return [read.title for read in (await guides.shelf(now)).guides]

    def write(text: str, second: int) -> None:
        file.write_text(text)
        os.utime(file, (second, second))

    assert await titles() == ["一"]
    write(guide_text(title="二"), 1)
    assert [read.title for read in (await guides.shelf(now)).guides] == ["一"]
    assert await titles() == ["二"]
    write("no guide", 2)
    assert await titles() == ["二"]
    shelf = await guides.shelf(now)
    assert shelf.faults == ["a.md:1: starts with a line `---`, then `title: ...`"]
    write(guide_text(title="三"), 3)
    assert await titles() == ["三"]
    file.unlink()
    assert await titles() == []
    tmp_path.rename(tmp_path.with_name("away"))  # noqa: ASYNC240 - a test's folder
    assert await titles() == []
    assert "cannot be read" in (await guides.shelf(now)).faults[0]
