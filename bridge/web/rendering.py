"""The pages: static files with the hall's words filled in."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import Request, Response

from bridge.domain.attendance import wording
from bridge.domain.attendance.names import NAMES, SYMBOLS
from bridge.domain.errors import NotFoundError
from bridge.service.ports import HallPort
from bridge.web.api.depends import Hall
from bridge.web.routes import Routes
from devices.kiosks import Kiosk, PrintPolicy, services_at
from devices.site import Service

router = Routes()

PAGES: Final = Path(__file__).with_name("pages")
DEFAULT_LANGUAGE: Final = "zh-CN"

_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_WORD: Final = re.compile(r"\{\{([a-z_.]+)\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A static file and the tag of its content."""

    content: bytes
    media_type: str
    tag: str


@cache
def assets() -> Mapping[str, Asset]:
    """Every file that pages load, by name."""
    found = {}
    for path in sorted(PAGES.iterdir()):
        if path.suffix in _TYPES:
            content = path.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
            found[path.name] = Asset(
                content=content, media_type=_TYPES[path.suffix], tag=tag
            )
    return found


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Language -> key -> text: every word that people see."""
    loaded: dict[str, dict[str, str]] = json.loads(
        (PAGES / "catalogue.json").read_text(encoding="utf-8")
    )
    for language, texts in loaded.items():
        manage = (PAGES / f"manage.{language}.json").read_text(encoding="utf-8")
        texts.update(_attendance_names(language), **json.loads(manage))
    return loaded


def _attendance_names(language: str) -> dict[str, str]:
    """Names that pages share with sheets and explanations."""
    place = wording.LANGUAGES.index(language)
    names = {f"manage.{key}": both[place] for key, both in NAMES.items()}
    for code, both in wording.WAITING.items():
        names[f"manage.waiting.{code}"] = both[place]
    for state, symbol in SYMBOLS.items():
        names[f"manage.symbol.{state.value}"] = symbol
    return names


@cache
def spoken(language: str, template: str) -> Mapping[str, str]:
    """The texts that a page carries: the managers' many words only where they are."""
    manages = template.startswith("manage")
    return {
        key: text
        for key, text in catalogue()[language].items()
        if manages or not key.startswith("manage.")
    }


@cache
def _template(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def choose_language(wanted: str | None) -> str:
    """The catalogue's language for `?lang=`; Chinese unless asked otherwise."""
    if wanted is None:
        return DEFAULT_LANGUAGE
    short = wanted.lower().split("-")[0]
    return next(
        (name for name in catalogue() if name.startswith(short)), DEFAULT_LANGUAGE
    )


@router.api_route("/assets/{name}", methods=["GET", "HEAD"])
async def read_asset(request: Request, name: str) -> Response:
    """A static file; the browser asks each time whether it changed."""
    asset = assets().get(name)
    if asset is None:
        return missing_page(request)
    headers = {"ETag": asset.tag, "Cache-Control": "no-cache"}
    known = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
    if asset.tag in known or f"W/{asset.tag}" in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)


@router.api_route("/", methods=["GET", "HEAD"])
async def index_page(request: Request, hall: Hall) -> Response:
    """The pages of this hall."""
    rows = [
        ("kiosk", f"/kiosk/{kiosk.id}", kiosk.name or kiosk.id)
        for kiosk in hall.site.kiosks
    ] or [("kiosk", "/kiosk", "")]
    rows += [
        ("screen", f"/screen/{area.id}", area.name or area.id)
        for area in hall.site.areas
    ]
    rows += [
        ("screen", f"/screen/{screen.id}", screen.name or screen.id)
        for screen in hall.site.screens
    ]
    rows.append(("board", "/board", ""))
    rows += [
        ("counter", f"/counter/{counter.id}", counter.name or counter.id)
        for counter in hall.site.counters
    ]
    rows.append(("manage", "/manage", ""))
    texts = catalogue()[_language(request)]
    links = [
        f'<li><a href="{html.escape(path + _suffix(request))}">'
        f"<b>{html.escape(texts['index.' + kind])}</b> "
        f"<span>{html.escape(name)}</span></a></li>"
        for kind, path, name in rows
    ]
    other = "/" if _suffix(request) else "/?lang=en"
    return page(request, "index.html", {}, links="\n".join(links), other=other)


@router.api_route("/kiosk", methods=["GET", "HEAD"])
async def first_kiosk_page(request: Request, hall: Hall) -> Response:
    """The ticket kiosk, where there is one; the first of several."""
    return _kiosk_page(request, hall, None)


@router.api_route("/kiosk/{kiosk_id}", methods=["GET", "HEAD"])
async def kiosk_page(request: Request, hall: Hall, kiosk_id: str) -> Response:
    """One of several kiosks."""
    return _kiosk_page(request, hall, kiosk_id)


def _kiosk_page(request: Request, hall: HallPort, kiosk_id: str | None) -> Response:
    kiosk = hall.site.kiosk(kiosk_id)
    if kiosk is None:
        return words_page(request, "words.kiosk", status=404)
    context = {
        "catalogue": {name: spoken(name, "kiosk.html") for name in catalogue()},
        "kiosk": kiosk_id,
        "services": [_service(s) for s in services_at(hall.site, kiosk)],
        "guides": hall.site.guides is not None,
        "prefixes": _prefixes(hall),
        "windows": {c.id: c.number for c in hall.site.counters},
        "names": {s.id: _service(s) for s in hall.site.services},
        "printer": _printer(kiosk),
        "several": hall.site.queue.at_kiosk.several_services,
        "rejoin": hall.site.queue.at_kiosk.rejoin
        and hall.site.queue.rejoin.within_min > 0,
        "classes": [
            {"id": each.id, "name": each.name or each.id, "name_en": each.name_en}
            for each in hall.site.queue.priorities
            if each.kiosk
        ],
    }
    return page(request, "kiosk.html", context)


@router.api_route("/ticket/{ticket_id}", methods=["GET", "HEAD"])
async def ticket_page(request: Request, hall: Hall, ticket_id: str) -> Response:
    """Where a ticket stands, for the phone that read its QR code."""
    try:
        ticket = await hall.ticket(ticket_id)
    except NotFoundError:
        return words_page(request, "words.ticket", status=404)
    counters = [{"id": c.id, "number": c.number} for c in hall.site.counters]
    context = {"ticket": ticket.id, "counters": counters}
    return page(request, "ticket.html", context)


@router.api_route("/counter/{counter_id}", methods=["GET", "HEAD"])
async def counter_page(request: Request, hall: Hall, counter_id: str) -> Response:
    """The pad of a window."""
    counter = hall.site.counter(counter_id)
    if counter is None:
        return words_page(request, "words.counter", status=404)
    context = {
        "counter": {
            "id": counter.id,
            "number": counter.number,
            "name": counter.name or counter.id,
            "area": counter.area,
            "services": counter.service_ids,
        },
        "peers": [
            {"id": other.id, "name": other.name or other.id}
            for other in hall.site.counters
            if other.id != counter.id
        ],
        "classes": _classes(hall, _language(request)),
        "prefixes": _prefixes(hall),
        "needs_token": hall.site.web.is_public,
    }
    return page(request, "counter.html", context)


def missing_page(request: Request) -> Response:
    """The page for an address that is none of ours."""
    return words_page(request, "words.page", status=404)


def words_page(request: Request, key: str, *, status: int) -> Response:
    """A page that says in words what is wrong and where to go."""
    text = catalogue()[_language(request)][key]
    return page(request, "words.html", {}, status=status, message=html.escape(text))


def page(
    request: Request,
    name: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    **parts: str,
) -> Response:
    """A template with texts of the language and what its script must know."""
    language = _language(request)
    texts = spoken(language, name)
    hall: HallPort = request.app.state.hall
    known = {
        "lang": language,
        "texts": texts,
        "hall": {"id": hall.site.hall.id, "name": hall.site.hall.name},
        "services": [_service(s) for s in hall.site.services],
        **context,
    }
    # `<` would end the script element that carries the data.
    data = json.dumps(known, ensure_ascii=False).replace("<", "\\u003c")
    fixed = {
        "lang": language,
        "hall": html.escape(hall.site.hall.name or hall.site.hall.id),
        "suffix": _suffix(request),
        "context": data,
        **parts,
    }
    body = _WORD.sub(
        lambda match: (
            fixed[match[1]] if match[1] in fixed else html.escape(texts[match[1]])
        ),
        _template(name),
    )
    return Response(
        body,
        status_code=status,
        media_type="text/html; charset=utf-8",
        headers={"Cache-Control": "no-cache", "Content-Language": language},
    )


def _service(service: Service) -> Mapping[str, str]:
    """A service as pages know it."""
    return {
        "id": service.id,
        "prefix": service.prefix,
        "name": service.name or service.id,
        "audience": service.audience,
        "name_en": service.name_en,
        "audience_en": service.audience_en,
    }


def _printer(kiosk: Kiosk) -> dict[str, Any] | None:
    """The printer of a kiosk, and whether no number is drawn without its paper."""
    if kiosk.printer is None:
        return None
    return {"id": kiosk.printer, "required": kiosk.print is PrintPolicy.REQUIRED}


def _prefixes(hall: HallPort) -> list[str]:
    """Every letter that a number may have."""
    return sorted({sign for s in hall.site.services for sign in s.prefix})


def _classes(hall: HallPort, language: str) -> list[dict[str, str]]:
    """The classes of the hall file by their names in a language."""
    is_english = language == "en"
    return [
        {"id": each.id, "name": (is_english and each.name_en) or each.name or each.id}
        for each in hall.site.queue.priorities
    ]


def _language(request: Request) -> str:
    return choose_language(request.query_params.get("lang"))


def _suffix(request: Request) -> str:
    language = _language(request)
    return "" if language == DEFAULT_LANGUAGE else f"?lang={language}"
