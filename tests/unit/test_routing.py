"""Which rule wins: the most specific whose target can take it, whatever order the rules come in."""

from dataclasses import replace
from itertools import count, permutations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.models.enums import EventSource, Urgency
from app.schemas.routing import Why
from app.services.tickets.routing import Facts, Rule, decide
from tests.support.world import fixed_id

COUNTY, TOWN, VILLAGE, GRID, ELSEWHERE = (fixed_id(number) for number in range(10, 15))
PATH = (COUNTY, TOWN, VILLAGE, GRID)
FACTS = Facts("0501", PATH, EventSource.PHONE, Urgency.URGENT)
DEPTHS = {COUNTY: 1, TOWN: 2, VILLAGE: 3, GRID: 4, ELSEWHERE: 3}
_numbers = count(1000)


def rule(
    category: str | None = None,
    area: UUID | None = None,
    source: EventSource | None = None,
    urgency: Urgency | None = None,
    *,
    org_area: UUID = TOWN,
    org_ended: bool = False,
    member_gone: bool = False,
) -> Rule:
    return Rule(
        id=fixed_id(next(_numbers)),
        org_id=fixed_id(next(_numbers)),
        org_area_id=org_area,
        org_ended=org_ended,
        member_gone=member_gone,
        category_code=category,
        area_id=area,
        area_depth=DEPTHS[area] if area else 0,
        source=source,
        urgency=urgency,
    )


RULES = st.builds(
    rule,
    st.sampled_from([None, "05", "0501", "0502", "06"]),
    st.sampled_from([None, *DEPTHS]),
    st.sampled_from([None, EventSource.PHONE, EventSource.IOT]),
    st.sampled_from([None, Urgency.URGENT, Urgency.NORMAL]),
    org_area=st.sampled_from([TOWN, TOWN, VILLAGE, ELSEWHERE]),
    org_ended=st.sampled_from([False, False, True]),
    member_gone=st.sampled_from([False, False, True]),
)

# From the least specific to the most: each one wins against all before it.
LADDER = [
    rule(),
    rule(urgency=Urgency.URGENT),
    rule(source=EventSource.PHONE),
    rule(source=EventSource.PHONE, urgency=Urgency.URGENT),
    rule(area=COUNTY),
    rule(area=COUNTY, source=EventSource.PHONE, urgency=Urgency.URGENT),
    rule(area=TOWN),
    rule(area=GRID, urgency=Urgency.URGENT),
    rule("05"),
    rule("05", GRID, EventSource.PHONE, Urgency.URGENT),
    rule("0501"),
    rule("0501", TOWN),
    rule("0501", VILLAGE),
    rule("0501", VILLAGE, EventSource.PHONE),
    rule("0501", VILLAGE, EventSource.PHONE, Urgency.URGENT),
]


def test_each_rung_of_the_ladder_wins_against_all_below_it() -> None:
    for height in range(1, len(LADDER) + 1):
        decision = decide(LADDER[:height], FACTS)
        assert decision.rule == LADDER[height - 1]
        assert [entry.rule for entry in decision.tried] == LADDER[:height][::-1]
        assert [entry.why for entry in decision.tried] == [Why.WON] + [Why.OUTRANKED] * (height - 1)


def test_of_two_that_ask_for_the_same_the_older_wins() -> None:
    older, newer = rule("0501"), rule("0501")
    for order in permutations([older, newer]):
        assert decide(order, FACTS).rule == older


def test_a_rule_that_does_not_catch_says_which_criterion_is_not_met() -> None:
    missed = {
        Why.CATEGORY: rule("0502", ELSEWHERE, EventSource.IOT, Urgency.NORMAL),
        Why.AREA: rule("0501", ELSEWHERE, EventSource.IOT, Urgency.NORMAL),
        Why.SOURCE: rule("0501", TOWN, EventSource.IOT, Urgency.NORMAL),
        Why.URGENCY: rule("0501", TOWN, EventSource.PHONE, Urgency.NORMAL),
    }
    decision = decide(missed.values(), FACTS)
    assert decision.rule is None
    assert {entry.rule: entry.why for entry in decision.tried} == {
        given: why for why, given in missed.items()
    }
    assert not any(entry.matched for entry in decision.tried)


def test_a_target_that_cannot_take_it_leaves_it_to_the_next_rule() -> None:
    skipped = {
        Why.ORG_ENDED: rule("0501", GRID, org_ended=True, org_area=ELSEWHERE),
        Why.MEMBER_GONE: rule("0501", VILLAGE, member_gone=True),
        Why.ORG_ELSEWHERE: rule("0501", TOWN, org_area=ELSEWHERE),
    }
    last = rule()
    decision = decide([last, *skipped.values()], FACTS)
    assert decision.rule == last
    assert [entry.why for entry in decision.tried] == [*skipped, Why.WON]
    assert all(entry.matched for entry in decision.tried)


def test_without_rules_nothing_wins() -> None:
    assert decide([], FACTS).rule is None


@given(st.lists(RULES, max_size=8), st.randoms(use_true_random=False))
def test_the_order_in_which_rules_come_changes_nothing(rules: list[Rule], random: object) -> None:
    shuffled = list(rules)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(shuffled, FACTS) == decide(rules, FACTS)


@given(st.lists(RULES, max_size=8))
def test_exactly_one_rule_wins_if_any_catches_and_every_rule_is_told(rules: list[Rule]) -> None:
    decision = decide(rules, FACTS)
    assert {entry.rule.id for entry in decision.tried} == {given.id for given in rules}
    won = [entry.rule for entry in decision.tried if entry.why is Why.WON]
    assert won == ([decision.rule] if decision.rule else [])
    if decision.rule is None:
        assert all(entry.why not in {Why.WON, Why.OUTRANKED} for entry in decision.tried)


@given(st.lists(RULES, min_size=1, max_size=8))
def test_taking_away_a_loser_changes_no_winner(rules: list[Rule]) -> None:
    winner = decide(rules, FACTS).rule
    for loser in rules:
        if loser != winner:
            assert decide([given for given in rules if given != loser], FACTS).rule == winner


@given(RULES, st.sampled_from(["category_code", "area_id", "source", "urgency"]))
def test_who_asks_for_more_comes_before_who_asks_for_less(asked: Rule, criterion: str) -> None:
    less = {"category_code": None, "area_id": None, "area_depth": 0, "source": None, "urgency": None}
    names = ("area_id", "area_depth") if criterion == "area_id" else (criterion,)
    general = replace(asked, id=fixed_id(1), **{name: less[name] for name in names})  # type: ignore[arg-type]
    if general.rank[:-1] != asked.rank[:-1]:
        assert asked.rank < general.rank
