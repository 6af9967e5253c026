"""One visit is one card.in and one card.out, on both kinds of reader."""

from __future__ import annotations

from devices.sdt.visits import CardVisits

POLL_S = 0.4


class Reader:
    """Feeds visits with what a reader finds each poll; `told` is what came out."""

    def __init__(self, *, relocate_required: bool | None) -> None:
        self.visits = CardVisits(
            debounce_s=3.0, presume_out_s=5.0, relocate_required=relocate_required
        )
        self.now_s = 100.0
        self.told: list[str] = []
        self.reads = 0

    def polls(self, *finds: str, seconds: float = 0.0) -> list[str]:
        """Each find: a card's name, `bad` for one that cannot be read, or `-`.

        `seconds` repeats the last one. Gives what was told since.
        """
        told_before = len(self.told)
        repeats = [finds[-1]] * round(seconds / POLL_S)
        for find in (*finds, *repeats):
            self.now_s += POLL_S
            if find == "-":
                changes = self.visits.missed(self.now_s)
            elif not self.visits.found(self.now_s):
                continue
            elif find == "bad":
                changes = self.visits.refuse()
            else:
                self.reads += 1
                changes = self.visits.read(find, "resident", self.now_s)
            self.told += [
                f"{c.type.removeprefix('card.')} {c.subject_ref} {c.confidence}"
                for c in changes
            ]
        return self.told[told_before:]


def keeps_finding() -> Reader:
    return Reader(relocate_required=None)


def finds_once() -> Reader:
    return Reader(relocate_required=None)


def test_a_card_that_stays_is_read_once_and_told_once() -> None:
    reader = keeps_finding()
    assert reader.polls("-", "A", seconds=60) == ["in A certain"]
    assert reader.reads == 1
    assert reader.visits.is_present


def test_two_polls_without_the_card_end_the_visit() -> None:
    reader = keeps_finding()
    reader.polls("A", seconds=10)
    assert reader.polls("-") == []
    assert reader.polls("-") == ["out A certain"]
    assert reader.polls("-", seconds=30) == []
    assert not reader.visits.is_present


def test_one_poll_without_the_card_is_the_card_moving() -> None:
    reader = keeps_finding()
    reader.polls("A", seconds=10)
    assert reader.polls("-", "A", seconds=10) == []


def test_a_card_changed_within_one_poll_is_noticed() -> None:
    reader = keeps_finding()
    reader.polls("A", seconds=10)
    assert reader.polls("-", "B") == ["out A certain", "in B certain"]


def test_a_card_put_back_at_once_is_one_visit() -> None:
    reader = keeps_finding()
    assert reader.polls("A", "A", "-", "-", "-", "A", "A") == ["in A certain"]
    assert reader.polls("A", seconds=5) == []
    assert reader.polls("-", "-") == ["out A certain"]


def test_a_short_visit_ends_when_the_debounce_time_is_over() -> None:
    reader = keeps_finding()
    reader.polls("A", "A")
    assert reader.polls("-", seconds=2) == []
    assert reader.polls("-", seconds=1) == ["out A certain"]


def test_a_second_visit_is_told_again() -> None:
    reader = keeps_finding()
    reader.polls("A", seconds=4)
    reader.polls("-", "-")
    assert reader.polls("A") == ["in A certain"]


def test_a_reader_that_finds_once_can_only_presume_that_the_card_is_gone() -> None:
    reader = finds_once()
    assert reader.polls("A", "-", seconds=4) == ["in A certain"]
    assert reader.polls("-", seconds=2) == ["out A presumed"]
    assert reader.polls("-", seconds=60) == []


def test_a_card_found_anew_was_lifted_before() -> None:
    reader = finds_once()
    reader.polls("A", "-", seconds=3.2)
    assert reader.polls("A") == ["out A certain", "in A certain"]
    assert reader.polls("-", "B") == ["out A certain", "in B certain"]


def test_a_card_lifted_and_put_back_at_once_is_one_visit_there_too() -> None:
    reader = finds_once()
    assert reader.polls("A", "-", "-", "A", "-") == ["in A certain"]
    assert reader.reads == 2


def test_a_reader_known_to_keep_finding_needs_no_second_look() -> None:
    reader = keeps_finding()
    assert reader.polls("-", "A") == ["in A certain"]
    assert reader.visits.may_lie_unseen
    reader.polls("A", "-", seconds=5)
    assert reader.polls("B", "-", seconds=3.2) == ["in B certain", "out B certain"]
    assert not reader.visits.may_lie_unseen


def test_told_to_relocate_every_find_is_another_card() -> None:
    reader = Reader(relocate_required=True)
    assert reader.polls("A", "B") == ["in A certain", "out A certain", "in B certain"]


def test_told_to_keep_finding_a_card_that_went_at_once_is_gone_for_certain() -> None:
    reader = Reader(relocate_required=False)
    assert reader.polls("A", "-", seconds=3.2) == ["in A certain", "out A certain"]


def test_a_card_that_cannot_be_read_is_left_alone_until_lifted() -> None:
    reader = keeps_finding()
    assert reader.polls("bad", "A", seconds=5) == []
    assert reader.visits.is_refused
    assert reader.reads == 0
    assert reader.polls("-", "A") == ["in A certain"]
    assert not reader.visits.is_refused


def test_a_bad_card_in_its_place_ends_a_visit() -> None:
    reader = keeps_finding()
    reader.polls("A", seconds=5)
    assert reader.polls("-", "bad") == ["out A certain"]


def test_after_an_outage_the_same_card_is_the_same_visit() -> None:
    reader = keeps_finding()
    reader.polls("A", seconds=5)
    reader.visits.interrupt()
    assert reader.polls("A", seconds=5) == []
    assert reader.reads == 2
    assert reader.polls("-", "-") == ["out A certain"]


def test_after_an_outage_another_card_is_another_visit() -> None:
    reader = keeps_finding()
    reader.polls("A", seconds=5)
    reader.visits.interrupt()
    assert reader.polls("B") == ["out A certain", "in B certain"]


def test_after_an_outage_a_missing_card_is_presumed_gone() -> None:
    reader = keeps_finding()
    reader.polls("A", seconds=5)
    reader.visits.interrupt()
    assert reader.polls("-", "-") == ["out A presumed"]
