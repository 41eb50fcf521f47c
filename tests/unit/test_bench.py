"""The bench: its parts can be imported, and spell questions as they mean them."""

import importlib
from urllib.parse import parse_qsl

import pytest

from app.core.schema import ROOT
from bench import questions

AREA = "0199f691-eb61-7149-b046-f91f48e4c853"


@pytest.mark.parametrize("module", sorted(path.stem for path in (ROOT / "bench").glob("[!_]*.py")))
def test_every_part_of_the_bench_can_be_imported(module: str) -> None:
    assert importlib.import_module(f"bench.{module}").__doc__


@pytest.mark.parametrize("asked", questions.questions(AREA, AREA, AREA), ids=lambda asked: asked.name)
def test_a_question_is_spelled_in_many_ways_and_stays_the_same(asked: questions.Question) -> None:
    spelled = questions.spelled(asked.query, 500, 1500)
    assert len(set(spelled)) == len(spelled)
    assert {tuple(parse_qsl(each)) for each in spelled} == {tuple(parse_qsl(asked.query))}
