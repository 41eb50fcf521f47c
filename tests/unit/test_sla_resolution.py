"""Of the rules that apply to a clock the most specific sets its limit, in whatever order they stand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models.enums import AreaLevel, ClockKind, SlaUnit, Urgency
from app.services.tickets.limits import LIMITS, Limit
from app.services.tickets.sla import ORG_LEVELS, Policy, Resolution, org_level, resolve

CITY, TOWN, VILLAGE, ELSEWHERE = (UUID(int=number) for number in range(1, 5))
PATH = (CITY, TOWN, VILLAGE)
DAY = datetime(2026, 1, 1, tzinfo=UTC)
HANDLE = ClockKind.HANDLE


def policy(number: int, amount: int = 1, **asks: Any) -> Policy:
    made = Policy(id=UUID(int=number), clock=HANDLE, limit=Limit(SlaUnit.WORK_DAYS, amount), created_at=DAY)
    return replace(made, **asks)


def of(policies: Sequence[Policy], **changed: Any) -> Resolution:
    case: dict[str, Any] = {
        "category": "0501",
        "urgency": Urgency.NORMAL,
        "area_path": PATH,
        "org_level": AreaLevel.TOWN,
    }
    return resolve(policies, clock=HANDLE, **case | changed)


def winner(*policies: Policy, **changed: Any) -> int | None:
    won = of(policies, **changed).policy
    return won.id.int if won else None


@st.composite
def policies(draw: st.DrawFn) -> list[Policy]:
    count = draw(st.integers(0, 8))
    return [
        policy(
            number + 100,
            draw(st.integers(1, 99)),
            clock=draw(st.sampled_from([HANDLE, HANDLE, HANDLE, ClockKind.SIGN])),
            category=draw(st.sampled_from([None, "05", "0501", "0502", "06"])),
            urgency=draw(st.sampled_from([None, Urgency.NORMAL, Urgency.URGENT])),
            area_id=draw(st.sampled_from([None, CITY, TOWN, VILLAGE, ELSEWHERE])),
            org_level=draw(st.sampled_from([None, *ORG_LEVELS])),
            created_at=DAY + timedelta(days=draw(st.integers(0, 2))),
        )
        for number in range(count)
    ]


@given(policies(), st.data())
def test_the_order_in_which_rules_stand_does_not_matter(rules: list[Policy], data: st.DataObject) -> None:
    assert of(data.draw(st.permutations(rules))) == of(rules)


@given(policies())
def test_every_rule_that_applies_is_tried_and_no_other(rules: list[Policy]) -> None:
    expected = {
        rule.id
        for rule in rules
        if rule.clock is HANDLE
        and rule.category in {None, "05", "0501"}
        and rule.urgency in {None, Urgency.NORMAL}
        and rule.area_id in {None, *PATH}
        and rule.org_level in {None, AreaLevel.TOWN}
    }
    found = of(rules)
    assert {rule.id for rule in found.tried} == expected
    assert found.policy == (found.tried[0] if found.tried else None)
    assert found.limit == (found.policy.limit if found.policy else LIMITS[HANDLE, Urgency.NORMAL])


@given(policies(), st.data())
def test_a_rule_that_asks_for_more_than_the_winner_wins_over_it(
    rules: list[Policy], data: st.DataObject
) -> None:
    before = of(rules).policy or policy(1)
    more: dict[str, Any] = {
        "category": "0501",
        "area_id": VILLAGE,
        "org_level": AreaLevel.TOWN,
        "urgency": Urgency.NORMAL,
    }
    open_ones = [name for name, value in more.items() if getattr(before, name) != value]
    if open_ones:
        name = data.draw(st.sampled_from(open_ones))
        finer = replace(before, id=UUID(int=2), created_at=DAY - timedelta(days=9), **{name: more[name]})
        assert of([*rules, finer]).policy == finer


@given(policies())
def test_without_the_winner_the_next_one_that_was_tried_wins(rules: list[Policy]) -> None:
    found = of(rules)
    left = [rule for rule in rules if rule != found.policy]
    assert of(left).tried == found.tried[1:]


def test_category_outweighs_area_which_outweighs_the_organisation_which_outweighs_urgency() -> None:
    by_urgency = policy(1, urgency=Urgency.NORMAL)
    by_level = policy(2, org_level=AreaLevel.TOWN)
    by_town, by_village = policy(3, area_id=TOWN), policy(4, area_id=VILLAGE)
    by_class, by_leaf = policy(5, category="05"), policy(6, category="0501")
    ranked = [policy(9), by_urgency, by_level, by_town, by_village, by_class, by_leaf]
    for number in range(len(ranked)):
        assert winner(*ranked[: number + 1]) == ranked[number].id.int
    all_but_the_category = policy(7, area_id=VILLAGE, org_level=AreaLevel.TOWN, urgency=Urgency.NORMAL)
    assert winner(all_but_the_category, by_class) == 5


def test_of_two_that_ask_for_the_same_the_newer_wins() -> None:
    older, newer = policy(2), replace(policy(1), created_at=DAY + timedelta(seconds=1))
    assert winner(older, newer) == winner(newer, older) == 1
    assert winner(policy(1), policy(2)) == 2


def test_a_rule_of_a_class_holds_for_its_categories_but_not_the_other_way_round() -> None:
    assert winner(policy(1, category="05"), category="0502") == 1
    assert winner(policy(1, category="0501"), category="05") is None
    assert winner(policy(1, category="05"), category=None) is None


def test_without_a_rule_the_default_table_counts() -> None:
    found = of([])
    assert (found.limit, found.policy, found.tried) == (Limit(SlaUnit.WORK_DAYS, 5), None, ())


def test_nothing_tells_the_limit_of_an_overall_clock() -> None:
    with pytest.raises(LookupError):
        resolve([], clock=ClockKind.OVERALL, category=None, urgency=Urgency.NORMAL)


@pytest.mark.parametrize(
    ("level", "expected"),
    [("city", "city"), ("county", "city"), ("town", "town"), ("village", "village"), ("grid", "village")],
)
def test_an_organisation_has_the_level_of_its_area(level: str, expected: str) -> None:
    assert org_level(AreaLevel(level)) == expected


@pytest.mark.parametrize(
    ("urgency", "expected"),
    [
        (Urgency.CRITICAL, Limit(SlaUnit.WALL_MINUTES, 30)),
        (Urgency.URGENT, Limit(SlaUnit.WALL_MINUTES, 240)),
        (Urgency.NORMAL, Limit(SlaUnit.WORK_DAYS, 1)),
        (Urgency.COMPLEX, Limit(SlaUnit.WORK_DAYS, 1)),
    ],
)
def test_the_first_contact_has_limits_of_its_own(urgency: Urgency, expected: Limit) -> None:
    assert LIMITS[ClockKind.CONTACT, urgency] == expected
