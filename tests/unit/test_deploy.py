"""What deploys and builds: the files parse, and what they name exists."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config import Settings
from app.core.schema import ROOT

TARGETS = ("demo", "test", "check", "bench", "docs", "fmt", "lock", "clean")
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "WANGGE_OWNER_PASSWORD", "WANGGE_APP_PASSWORD", "WANGGE_PUBLISH"}
SETTLED_BY_COMPOSE = {"WANGGE_DATA_DIR", "WANGGE_HOST", "WANGGE_PORT", "WANGGE_OWNER_DATABASE_URL"}
MAKE, BASH = (shutil.which(name) or name for name in ("make", "bash"))
OLD_PYTHON = "#!/bin/sh\nexit 1\n"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
    return loaded


@pytest.fixture(scope="module")
def dockerfile() -> list[tuple[str, str]]:
    """Instructions and their arguments, with continued lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def copied(dockerfile: list[tuple[str, str]]) -> list[str]:
    """What the image takes from the source tree."""
    sources = [rest.split()[:-1] for word, rest in dockerfile if word == "COPY" and "--from" not in rest]
    return [source for row in sources for source in row]


def make(*words: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run make, as somebody who has just arrived would."""
    return subprocess.run(
        [MAKE, *words],
        cwd=cwd,
        env={**os.environ, "MAKEFLAGS": "", "MAKELEVEL": "0", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_everything_runs_from_one_image(compose: dict[str, Any]) -> None:
    ours = {name: service for name, service in compose["services"].items() if name != "postgres"}
    assert {service["image"] for service in ours.values()} == {"wangge"}
    assert {name: service["command"] for name, service in ours.items()} == {
        "migrate": ["migrate"],
        "api": ["serve"],
        "worker": ["worker"],
    }


def test_api_and_worker_wait_for_the_migrations_and_these_for_the_database(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in ("api", "worker"):
        condition = services[name]["depends_on"]["migrate"]["condition"]
        assert condition == "service_completed_successfully"
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"


def test_only_the_migrations_know_the_owners_password(compose: dict[str, Any]) -> None:
    knowing = {name for name, service in compose["services"].items() if "OWNER" in str(service)}
    assert knowing == {"postgres", "migrate"}


def test_no_secret_stands_in_the_compose_file(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service["environment"].items():
            if value is not None and ("PASSWORD" in name or "SECRET" in name):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), name


def test_the_compose_file_names_settings_that_exist_and_files_that_exist(compose: dict[str, Any]) -> None:
    text = (ROOT / "deploy/compose.yaml").read_text()
    known = {f"WANGGE_{field.upper()}" for field in Settings.model_fields} | COMPOSE_ONLY
    assert set(re.findall(r"WANGGE_[A-Z_]+", text)) <= known
    mounted = [volume.split(":")[0] for volume in compose["services"]["postgres"]["volumes"]]
    assert [path for path in mounted if path.startswith(".") and not (ROOT / "deploy" / path).is_file()] == []
    assert (ROOT / "deploy" / compose["x-wangge"]["build"]["context"] / "Dockerfile").is_file()


def test_whatever_an_operator_may_choose_reaches_the_processes(compose: dict[str, Any]) -> None:
    choices = {f"WANGGE_{field.upper()}" for field in Settings.model_fields} - SETTLED_BY_COMPOSE
    for name in ("api", "worker", "migrate"):
        assert choices <= compose["services"][name]["environment"].keys()


def test_the_roles_are_those_that_the_migrations_expect() -> None:
    roles = (ROOT / "deploy/roles.sql").read_text()
    assert re.findall(r"CREATE ROLE (\w+)", roles) == ["wangge_owner", "wangge_app"]
    assert "CREATE DATABASE wangge OWNER wangge_owner" in roles


def test_the_image_copies_what_exists_and_what_the_context_lets_through(
    dockerfile: list[tuple[str, str]],
) -> None:
    let_through = (ROOT / ".dockerignore").read_text().splitlines()
    for source in copied(dockerfile):
        assert (ROOT / source).exists(), source
        assert f"!{source}" in let_through


def test_the_image_runs_as_nobody_special_and_checks_its_health(dockerfile: list[tuple[str, str]]) -> None:
    words = [word for word, _ in dockerfile]
    told = dict(dockerfile)
    assert words.count("FROM") > 1
    assert told["USER"] == "wangge"
    assert words.index("USER") > max(number for number, word in enumerate(words) if word == "COPY")
    assert "/healthz" in told["HEALTHCHECK"]


def test_the_image_installs_only_what_is_locked(dockerfile: list[tuple[str, str]]) -> None:
    installs = [rest for word, rest in dockerfile if word == "RUN" and "pip" in rest]
    assert installs
    for install in installs:
        assert "--require-hashes" in install


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_the_locks_carry_hashes_and_name_no_registry(name: str) -> None:
    text = (ROOT / name).read_text()
    pinned = re.findall(r"^\S+==\S+(?: ;[^\\]*)? \\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pinned) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE))
    assert not re.search(r"://|--index|--find-links|^-i ", text, re.MULTILINE)


def test_every_setting_stands_in_the_example() -> None:
    listed = set(re.findall(r"^#? ?(WANGGE_[A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert listed - COMPOSE_ONLY == {f"WANGGE_{field.upper()}" for field in Settings.model_fields}


def test_make_alone_tells_what_there_is() -> None:
    shown = make().stdout
    assert [target for target in TARGETS if f"make {target} " not in shown] == []


def test_what_is_asked_of_the_bench_reaches_it() -> None:
    planned = make("-n", "bench", "TICKETS=1500", "PEOPLE=900", "SIZES=10,20").stdout.splitlines()
    (line,) = (line for line in planned if " -m bench " in line)
    chosen = ["--tickets", '"1500"', "--people", '"900"', "--sizes", '"10,20"']
    assert line.split()[2:] == ["bench", "--data", '"var"', *chosen]


def test_the_bench_measures_the_phones_too() -> None:
    planned = make("-n", "bench", "ROUNDS=2").stdout
    for module in ("phones", "uploading"):
        assert f'-m bench.{module} --data "var" --rounds "2"' in planned


def test_the_bench_measures_dashboards_at_the_sizes_that_are_asked_for() -> None:
    planned = make("-n", "bench", "FIGURES=500,5000", "SCREENS=60").stdout.split()
    chosen = ["--sizes", '"500,5000"', "--screens", '"60"']
    place = planned.index("bench.dashboards")
    assert planned[place + 1 : place + 7] == ["--data", '"var"', *chosen]


def test_the_continuous_check_runs_check_and_test() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    subprocess.run([BASH, "-n", str(script)], check=True)


@pytest.mark.parametrize(("broken", "expected"), [("check", 1), ("test", 1), ("", 0)])
def test_the_continuous_check_fails_when_either_fails(tmp_path: Path, broken: str, expected: int) -> None:
    recipe = "@echo ran $@; test $@ != '{}'".format(broken or "nothing")
    ran = checked(tmp_path, recipe, chromium="", **{"fc-list": "echo 字体"})
    assert (ran.returncode, ran.stdout.split()) == (expected, ["ran", "check", "ran", "test"])


def test_the_continuous_check_installs_the_browser_where_it_may(tmp_path: Path) -> None:
    apt = {"apt-get": "echo apt-get $@"}
    ran = checked(tmp_path, "@true", id="echo 0", **apt)
    assert [line for line in ran.stderr.splitlines() if line.startswith("apt-get")] == [
        "apt-get -qq update",
        "apt-get -qq install -y chromium fonts-noto-cjk",
    ]
    for nothing_to_do in ({"id": "echo 1000"}, {"id": "echo 0", "chromium": "", "fc-list": "echo 字体"}):
        ran = checked(tmp_path, "@true", **apt, **nothing_to_do)
        assert "apt-get" not in ran.stdout + ran.stderr


def test_the_continuous_check_skips_no_test_of_the_page_where_there_is_a_browser(tmp_path: Path) -> None:
    recipe = "@echo browser: $$WANGGE_TEST_BROWSER"
    ran = checked(tmp_path, recipe, chromium="", **{"fc-list": "echo 字体"})
    assert ran.stdout.split() == ["browser:", "required"] * 2
    ran = checked(tmp_path, recipe, id="echo 0", **{"apt-get": "exit 100"})
    assert (ran.returncode, ran.stdout.split()) == (0, ["browser:"] * 2)
    assert "skipped" in ran.stderr


def checked(folder: Path, recipe: str, **programs: str) -> "subprocess.CompletedProcess[str]":
    """What `.ci/run` does on a machine that has these programs, and what any machine has."""
    shutil.rmtree(folder / "bin", ignore_errors=True)
    for name in (".ci", "bin"):
        (folder / name).mkdir(exist_ok=True)
    shutil.copy(ROOT / ".ci/run", folder / ".ci/run")
    (folder / "Makefile").write_text(f"check test:\n\t{recipe}\n")
    for name in ("bash", "sh", "env", "dirname", "grep", "make"):
        (folder / "bin" / name).symlink_to(str(shutil.which(name)))
    for name, words in programs.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{words}\n")
        (folder / "bin" / name).chmod(0o755)
    return subprocess.run(
        [str(folder / ".ci/run")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(folder / "bin")},
    )


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A folder with what the Makefile needs to make `.venv`, and nothing else."""
    for name in ("Makefile", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_an_old_python_is_one_clear_line_of_make(fresh: Path) -> None:
    """Every Python that the Makefile may try is an old one here."""
    programs = fresh / "bin"
    programs.mkdir()
    for name in ("python", "python3", *(f"python3.{minor}" for minor in range(11, 15))):
        (programs / name).write_text(OLD_PYTHON)
        (programs / name).chmod(0o755)
    done = make("demo", cwd=fresh, PATH=f"{programs}:{os.environ['PATH']}")
    assert done.returncode
    told = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(told) == 1
    assert "3.11" in told[0]


def test_a_venv_that_cannot_be_made_is_one_clear_line_of_make(fresh: Path) -> None:
    (fresh / ".venv").touch()  # Stands in the way of a folder, for root as well.
    done = make("demo", cwd=fresh)
    assert done.returncode
    assert len([line for line in done.stderr.splitlines() if not line.startswith("make")]) == 1
