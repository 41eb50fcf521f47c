"""The command line: what it offers, and that a foreseeable failure is one line, never a traceback."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from app.config import Settings
from app.core.errors import NotFound
from app.core.schema import ROOT
from app.demo.folder import claimed
from app.runtime import databases, failures, generated
from app.runtime.failures import CommandFailed

COMMANDS = (
    "serve", "worker", "migrate", "import", "export", "demo", "admin", "keys", "audit", "openapi", "docs",
)  # fmt: skip


def wangge(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as an operator would, with nothing of the surroundings' settings (nor a `.env`)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
    return subprocess.run(
        [sys.executable, "-m", "app", *words],
        cwd="/",
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def the_one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The line that a refusal consists of."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("错误：")
    return lines[0]


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_help_names_every_command() -> None:
    shown = wangge("--help").stdout
    assert [name for name in COMMANDS if name not in shown] == []


def test_a_setting_out_of_range_is_named() -> None:
    line = the_one_line(wangge("migrate", WANGGE_PORT="0"))
    assert "WANGGE_PORT" in line


def test_a_weak_secret_is_refused_in_production_with_a_way_to_make_a_good_one() -> None:
    line = the_one_line(wangge("serve", WANGGE_ENVIRONMENT="production"))
    assert "WANGGE_SECRET_KEY" in line
    assert "token_urlsafe" in line


def test_a_database_that_is_away_is_one_line() -> None:
    line = the_one_line(wangge("serve", "--port", "1025", WANGGE_DATABASE_URL="postgresql://a@127.0.0.1:1/x"))
    assert "WANGGE_DATABASE_URL" in line


def test_migrating_needs_the_owners_address() -> None:
    line = the_one_line(wangge("migrate", WANGGE_DATABASE_URL="postgresql://a@127.0.0.1:1/x"))
    assert "WANGGE_OWNER_DATABASE_URL" in line


def test_an_address_of_another_database_is_refused_without_repeating_its_password() -> None:
    line = the_one_line(wangge("serve", WANGGE_DATABASE_URL="mysql://root:hunter2@db/x"))
    assert "postgresql://" in line
    assert "hunter2" not in line


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = the_one_line(wangge("demo", "--data", str(tmp_path / "file" / "var")))
    assert str(tmp_path / "file" / "var") in line


def test_a_taken_port_stops_the_demo_before_it_makes_a_database(tmp_path: Path, taken_port: int) -> None:
    line = the_one_line(wangge("demo", "--data", str(tmp_path / "var"), "--port", str(taken_port)))
    assert str(taken_port) in line
    assert not (tmp_path / "var" / "postgres").exists()


def test_two_demos_do_not_share_a_data_folder(tmp_path: Path) -> None:
    with claimed(tmp_path / "var"):
        line = the_one_line(wangge("demo", "--data", str(tmp_path / "var"), "--port", "1025"))
    assert str(tmp_path / "var") in line


def test_an_old_python_is_told_which_one_is_needed() -> None:
    pretend = "import sys, runpy; sys.version_info = (3, 9, 18); runpy.run_path('app/__main__.py')"
    done = subprocess.run(
        [sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "3.11" in the_one_line(done)


def test_the_openapi_document_is_json_with_the_addresses_that_others_rely_on() -> None:
    document = json.loads(wangge("openapi").stdout)
    assert {"/v1/auth/token", "/v1/tickets", "/v1/tickets/{ticket_id}/actions"} <= set(document["paths"])


def test_generated_documents_are_written_once_and_then_agree(tmp_path: Path) -> None:
    assert sorted(generated.write(tmp_path)) == ["docs/kpis.md", "docs/openapi.json", "docs/workflow.md"]
    assert generated.write(tmp_path) == []


def test_a_document_edited_by_hand_is_found(tmp_path: Path) -> None:
    generated.write(tmp_path)
    with (tmp_path / "docs/workflow.md").open("a") as file:
        file.write("手工改动\n")
    assert generated.drifted(tmp_path) == ["docs/workflow.md"]


def test_the_api_breaks_nothing_that_was_released(tmp_path: Path) -> None:
    assert generated.broken() == []
    (tmp_path / "docs").mkdir()
    generated.release(tmp_path)
    released = json.loads((tmp_path / generated.RELEASED).read_text("utf-8"))
    released["paths"]["/v1/lost"] = released["paths"]["/v1/tickets"]
    (tmp_path / generated.RELEASED).write_text(json.dumps(released), "utf-8")
    assert generated.broken(tmp_path) == ["GET /v1/lost: is gone", "POST /v1/lost: is gone"]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_an_address_may_be_spelt_three_ways(scheme: str) -> None:
    given = SecretStr(f"{scheme}://wangge_app:p%40ss@db:5432/wangge?sslmode=require")
    ours = databases.for_sqlalchemy(given, "WANGGE_DATABASE_URL")
    assert ours == "postgresql+asyncpg://wangge_app:p%40ss@db:5432/wangge?ssl=require"
    assert databases.for_asyncpg(ours) == "postgresql://wangge_app:p%40ss@db:5432/wangge?sslmode=require"


def test_a_refusal_of_the_services_is_told_in_its_own_words() -> None:
    assert failures.sentence(NotFound()) == "没有找到，或不在您的管辖范围内"


def test_a_wrong_setting_is_told_without_its_value() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None, secret_key=SecretStr("s3cret"), environment="production")
    assert "s3cret" not in (failures.sentence(refused.value) or "s3cret")


def test_a_bug_keeps_its_traceback() -> None:
    assert failures.sentence(ZeroDivisionError()) is None


def test_the_demos_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    with claimed(tmp_path / "var") as folder:
        first = folder.secret()
        assert folder.secret() == first
        assert (folder.path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_lost_secret_is_not_replaced_under_sealed_data(tmp_path: Path) -> None:
    with claimed(tmp_path / "var") as folder:
        (folder.path / "postgres" / "data").mkdir(parents=True)
        with pytest.raises(CommandFailed, match="secret_key"):
            folder.secret()
