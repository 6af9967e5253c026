"""Which guides a citizen means, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bridge.domain.guides.parsing import Guide
from bridge.domain.guides.pinyin import folded, is_scattered, place_of


def find(guides: Sequence[Guide], words: str, names: Mapping[str, str]) -> list[Guide]:
    """Guides that answer to words or pinyin letters; all for none.

    Where nothing else does, titles that have the letters with others between
    (sfzbl: 身份证换领、补领).

    `names` are those of services. What begins so comes first, then what has it in
    the title, in tags and services, in a section's heading, and in the text.
    """
    wanted = folded(words)
    ranked = [
        (rank, guide.order, guide.title, guide.id, guide)
        for guide in guides
        if (rank := _rank(guide, wanted, names)) is not None
    ]
    if not ranked and wanted.isascii() and wanted.isalpha():
        ranked = [
            (0, guide.order, guide.title, guide.id, guide)
            for guide in guides
            if is_scattered(wanted, guide.title)
        ]
    return [guide for *_, guide in sorted(ranked, key=lambda row: row[:4])]


def _rank(guide: Guide, wanted: str, names: Mapping[str, str]) -> int | None:
    """How well it answers in any language: 0 is best; None does not."""
    if not wanted:
        return 0
    told = (_rank_of(each, wanted, names) for each in (guide, *guide.others))
    return min((rank for rank in told if rank is not None), default=None)


def _rank_of(guide: Guide, wanted: str, names: Mapping[str, str]) -> int | None:
    beside = [*guide.tags, names.get(guide.service or "", ""), guide.unit, guide.window]
    ranks = [
        *_places(wanted, [guide.title], 0, 1),
        *_places(wanted, beside, 2, 3),
    ]
    if any(wanted in folded(section.title) for section in guide.sections):
        ranks.append(4)
    if any(wanted in folded(section.text) for section in guide.sections):
        ranks.append(5)
    return min(ranks, default=None)


def _places(
    wanted: str, texts: Iterable[str], first: int, within: int
) -> Iterator[int]:
    for text in texts:
        place: int | None = folded(text).find(wanted)
        if place == -1:
            is_letters = wanted.isascii() and wanted.isalnum()
            place = place_of(wanted, text) if is_letters else None
        if place is not None:
            yield within if place else first
