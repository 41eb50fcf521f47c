"""The demo's complaints and answers: every category served, every text finished, shares plausible."""

import re
from collections import Counter

import pytest

from app.demo.content import answers
from app.demo.content.addresses import Locality, locality
from app.demo.content.areas import village_areas
from app.demo.content.complaints import PUBLIC_SOURCES, category_profiles, ticket
from app.demo.content.departments import VILLAGE_LINE, departments, lines_mistaken_for
from app.demo.content.grids import grids_of
from app.demo.content.tables import pick, rows, seeded
from app.models.enums import Action, RejectReason, ResolutionType, ReturnReason, Satisfaction, VoidReason
from app.services.tickets.category_list import CATEGORIES, leaf_codes


def some_place() -> Locality:
    village = village_areas()[-1]
    return locality(village, grids_of(village, 8)[2])


def test_the_category_list_is_two_levels_and_every_class_ends_in_other() -> None:
    classes = [row.code for row in CATEGORIES if row.parent_code is None]
    codes = [row.code for row in CATEGORIES]
    assert codes == sorted(set(codes), key=lambda code: (code[:2], len(code), code))
    assert all(f"{code}99" in leaf_codes() for code in classes)
    assert all(row.label_zh and row.label_en for row in CATEGORIES)
    assert (len(classes), len(leaf_codes())) == (14, 119)


def test_every_leaf_category_says_how_it_behaves_and_has_two_templates() -> None:
    templates = Counter(row[0] for row in rows("templates.txt"))
    assert set(templates) == set(category_profiles()) == set(leaf_codes())
    assert min(templates.values()) >= 2


def test_every_line_of_a_category_has_a_department() -> None:
    known = {department.line for department in departments("九江")} | {VILLAGE_LINE}
    assert {row.line for row in category_profiles().values()} <= known
    assert {line for lines in lines_mistaken_for().values() for line in lines} <= known
    assert not [line for line, others in lines_mistaken_for().items() if line in others]


@pytest.mark.parametrize("code", leaf_codes())
def test_reports_and_answers_of_a_category_read_as_finished_chinese(code: str) -> None:
    rng, place = seeded(code), some_place()
    for _ in range(30):
        report = ticket(rng, place, category=code)
        answer = answers.resolution(rng, report)
        texts = (report.title, report.content, report.address, answer.text, answer.public_reply)
        assert report.category == code
        assert len(report.title) <= 40
        assert report.content.endswith("。")
        assert not re.search(r"[{}|,;:?!()]|约约|。。|，，|近近", "".join(texts))


def test_the_public_never_speaks_as_staff() -> None:
    rng, place = seeded("public"), some_place()
    reports = [ticket(rng, place, category="0502") for _ in range(600)]
    said = [report.content for report in reports if report.source in PUBLIC_SOURCES]
    assert said
    assert not [text for text in said if "已口头劝导" in text]


def test_what_a_town_reports_most_is_rubbish_lamps_fire_and_noise() -> None:
    rng, place = seeded("shares"), some_place()
    classes = Counter(ticket(rng, place).category[:2] for _ in range(4000))
    assert [code for code, _ in classes.most_common(3)] == ["05", "03", "06"]


def test_floods_are_reported_in_summer() -> None:
    rng, place = seeded("season"), some_place()
    floods = {
        month: sum(ticket(rng, place, month=month).category in {"0607", "1102"} for _ in range(4000))
        for month in (2, 8)
    }
    assert floods[8] > 1.5 * floods[2]


@pytest.mark.parametrize("kind", list(ResolutionType))
def test_every_category_can_end_in_every_way(kind: ResolutionType) -> None:
    rng, place = seeded(kind), some_place()
    for code in leaf_codes():
        report = ticket(rng, place, category=code)
        assert answers.resolution(rng, report, kind).resolution_type is kind


def test_an_answer_is_to_the_point() -> None:
    rng, place = seeded("point"), some_place()
    reports = [ticket(rng, place, category="0511") for _ in range(300)]
    stray = [report for report in reports if report.topic == "流浪狗聚集"]
    assert {answers.resolution(rng, report, ResolutionType.SOLVED).text for report in stray} == {
        "联系收容机构捕捉流浪犬，场地已清扫消毒。"
    }


NEEDS_A_REASON = {
    *{Action.RETURN_FOR_INFO, Action.REJECT, Action.DECLINE, Action.VOID, Action.REVISIT},
    *{Action.REQUEST_EXTENSION, Action.REQUEST_SUSPEND, Action.ESCALATE},
}
THE_SYSTEMS_ALONE = {Action.LAPSE, Action.ARCHIVE}
SPOKEN = set(Action) - NEEDS_A_REASON - THE_SYSTEMS_ALONE


@pytest.mark.parametrize("action", sorted(SPOKEN))
def test_there_are_words_for_every_action(action: Action) -> None:
    assert answers.opinion(seeded(action), action)


def test_reasons_cover_the_closed_lists() -> None:
    rng = seeded("reasons")
    assert {answers.rejection(rng)[0] for _ in range(2000)} == set(RejectReason)
    declined = {answers.decline(rng, "fire").reason for _ in range(2000)}
    assert declined == set(ReturnReason) - {ReturnReason.OTHER}
    assert {answers.void_opinion(rng)[0] for _ in range(200)} == set(VoidReason)
    assert {answers.return_for_info(rng)[0] for _ in range(500)} <= set(ReturnReason)


def test_a_decline_names_another_line_and_leaves_nothing_open() -> None:
    rng = seeded("decline")
    for line in lines_mistaken_for():
        refused = answers.decline(rng, line)
        assert refused.proper_line != line
        assert not re.search(r"[{}]", refused.basis)


def test_most_people_are_content_and_each_answer_has_its_note() -> None:
    rng = seeded("revisit")
    given = Counter(answers.satisfaction(rng) for _ in range(2000))
    content = given[Satisfaction.VERY] + given[Satisfaction.SATISFIED] + given[Satisfaction.BASICALLY]
    assert 0.80 < content / given.total() < 0.95
    assert all(answers.revisit_opinion(rng, answer) for answer in given)


def test_a_draw_by_category_keeps_to_its_kind_of_place() -> None:
    rng, place = seeded("scene"), some_place()
    report = ticket(rng, place, category="0505")
    river = pick(rng, place.spots["river"])
    assert category_profiles()["0505"].scene == "river"
    assert river[:2] in report.title
    assert report.address.removeprefix(place.prefix) in place.spots["river"]
