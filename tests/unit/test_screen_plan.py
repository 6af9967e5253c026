from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.backoff import Backoff
from drivers.displays.plan import ScreenPlan


def plan_of(*, rewrite_every_s: float = 30.0) -> ScreenPlan[str]:
    return ScreenPlan(
        refresh_min_s=1.0,
        rewrite_every_s=rewrite_every_s,
        backoff=Backoff(lambda: 1.0, first_s=2.0),
    )


def write(plan: ScreenPlan[str], text: str, now_s: float) -> None:
    plan.want(text)
    assert plan.due_s(now_s) == 0
    plan.sent()
    plan.written(text, now_s)


def test_nothing_is_due_while_nobody_wants_anything() -> None:
    assert plan_of().due_s(0) is None


def test_the_first_text_and_one_after_a_quiet_second_go_at_once() -> None:
    plan = plan_of()
    write(plan, "一", 100.0)
    plan.want("二")
    assert plan.due_s(101.0) == 0


def test_what_comes_too_fast_is_coalesced_to_the_newest() -> None:
    plan = plan_of()
    write(plan, "0", 100.0)
    for step in range(1, 10):
        plan.want(str(step))
        assert plan.due_s(100.0 + step / 10) == pytest.approx(1 - step / 10)
    assert plan.due_s(101.0) == 0
    assert plan.wanted == "9"


def test_a_text_that_is_shown_is_not_written_again_before_its_time() -> None:
    plan = plan_of()
    write(plan, "一", 100.0)
    plan.want("一")
    assert plan.is_settled
    assert plan.due_s(110.0) == 20.0
    assert plan.due_s(130.0) == 0


def test_rewriting_can_be_switched_off() -> None:
    plan = plan_of(rewrite_every_s=0)
    write(plan, "一", 100.0)
    assert plan.due_s(1e9) is None


def test_a_text_that_is_wanted_no_more_before_its_turn_is_never_written() -> None:
    plan = plan_of()
    write(plan, "一", 100.0)
    plan.want("二")
    plan.want("一")
    assert plan.is_settled
    assert plan.due_s(101.0) == 29.0


def test_after_a_reconnect_the_text_is_written_again_but_not_too_fast() -> None:
    plan = plan_of()
    write(plan, "一", 100.0)
    plan.connected(100.5)
    assert not plan.is_settled
    assert plan.due_s(100.5) == 0.5


def test_a_write_without_answer_counts_from_the_next_answer() -> None:
    plan = plan_of()
    plan.want("一")
    doubts = [plan.is_in_doubt]
    plan.sent()
    doubts.append(plan.is_in_doubt)
    plan.connected(150.0)
    doubts.append(plan.is_in_doubt)
    assert doubts == [False, True, False]
    assert plan.due_s(150.0) == 1.0


def test_a_passing_refusal_is_tried_again_as_soon_as_allowed() -> None:
    plan = plan_of()
    plan.want("一")
    plan.sent()
    plan.refused(100.0, soon=True)
    assert plan.due_s(100.0) == 1.0


def test_other_refusals_are_tried_again_with_back_off() -> None:
    plan = plan_of()
    plan.want("一")
    now_s, waits = 100.0, []
    for _ in range(6):
        plan.sent()
        plan.refused(now_s, soon=False)
        waits.append(plan.due_s(now_s))
    assert waits == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_new_text_does_not_wait_for_the_back_off_of_the_old() -> None:
    plan = plan_of()
    plan.want("一")
    plan.sent()
    plan.refused(100.0, soon=False)
    plan.want("二")
    assert plan.due_s(101.0) == 0
    plan.sent()
    plan.refused(101.0, soon=False)
    assert plan.due_s(101.0) == 2.0


def test_a_refused_rewrite_leaves_the_screen_in_doubt() -> None:
    plan = plan_of()
    write(plan, "一", 100.0)
    plan.sent()
    plan.refused(130.0, soon=True)
    assert not plan.is_settled
    assert plan.due_s(131.0) == 0


@given(
    st.lists(
        st.tuples(
            st.floats(0, 3),
            st.sampled_from(["want", "ack", "busy", "nack", "reconnect", "lost"]),
            st.sampled_from(["一", "二", "三"]),
        ),
        max_size=60,
    )
)
def test_whatever_happens_writes_keep_their_distance_and_the_newest_wins(
    steps: list[tuple[float, str, str]],
) -> None:
    plan = plan_of()
    now_s, last_s = 0.0, -10.0
    plan.connected(now_s)
    for pause_s, what, text in steps:
        now_s += pause_s
        if what == "want":
            plan.want(text)
            continue
        if what == "reconnect":
            plan.connected(now_s)
            continue
        if plan.due_s(now_s) != 0:
            continue
        assert now_s - last_s >= 1.0 - 1e-9
        plan.sent()
        last_s = now_s
        match what:
            case "ack":
                plan.written(plan.wanted or "", now_s)
            case "busy" | "nack":
                plan.refused(now_s, soon=what == "busy")
            case _:
                plan.connected(now_s)
    plan.want("末")
    now_s += 31.0
    assert plan.due_s(now_s) == 0
    plan.sent()
    plan.written("末", now_s)
    assert plan.is_settled
