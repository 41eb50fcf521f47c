"""Child processes with real children: how they start, end, are watched and are stopped."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from app.core.processes import ProcessStartError, Supervisor, open_log, port_problem, tail, wait_for_end

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a parent's death")

WAITS = "import signal; print('up', flush=True); signal.pause()"
IGNORES_TERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITS}"
TELLS_ITS_END = """
import signal, sys
def end(*_):
    open(sys.argv[1], "a").write(sys.argv[2])
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
signal.pause()
"""
HAS_A_WORKER = f"""
import subprocess, sys
worker = subprocess.Popen([sys.executable, "-c", {WAITS!r}])
print(worker.pid, flush=True)
worker.wait()
"""
PARENT = f"""
import sys
from functools import partial
from pathlib import Path
from app.core.processes import Supervisor
child = Supervisor().start([sys.executable, "-c", {WAITS!r}], name="child", log_path=Path(sys.argv[1]))
print(child.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with Supervisor(grace=10) as supervisor:
        yield supervisor


def python(code: str, *words: str) -> list[str]:
    return [sys.executable, "-c", code, *words]


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited 20 seconds in vain"
        time.sleep(0.01)


def test_children_are_stopped_in_reverse_order(supervisor: Supervisor, tmp_path: Path) -> None:
    order = tmp_path / "order"
    for name in ("api", "worker", "clerk"):
        log = tmp_path / f"{name}.log"
        supervisor.start(python(TELLS_ITS_END, str(order), f"{name} "), name=name, log_path=log)
        wait_until(partial(tail, log))
    assert supervisor.ended() is None
    supervisor.stop()
    assert order.read_text() == "clerk worker api "


def test_a_child_that_ignores_the_polite_signal_is_killed_after_the_grace(tmp_path: Path) -> None:
    supervisor = Supervisor(grace=0.2)
    child = supervisor.start(python(IGNORES_TERM), name="api", log_path=tmp_path / "log")
    wait_until(lambda: tail(tmp_path / "log"))
    supervisor.stop()
    ended = child.ended()
    assert ended is not None
    assert ended.code == -signal.SIGKILL


def test_workers_of_a_killed_server_do_not_outlive_the_stop(supervisor: Supervisor, tmp_path: Path) -> None:
    server = supervisor.start(python(HAS_A_WORKER), name="api", log_path=tmp_path / "log")
    wait_until(lambda: len(tail(tmp_path / "log")) == 2)
    worker = psutil.Process(int(next(line for line in tail(tmp_path / "log") if line.isdigit())))
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_until(server.ended)
    assert worker.is_running()
    supervisor.stop()
    assert wait_for_end([worker], 10) == []


def test_an_early_end_is_told_with_its_code_and_last_line(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text("a line of the run before\n")
    supervisor.start(python(WAITS), name="worker", log_path=tmp_path / "worker.log")
    supervisor.start(python("print('端口坏了\\n'); exit(3)"), name="API", log_path=log)
    wait_until(supervisor.ended)
    assert str(supervisor.ended()) == "API 已退出（退出码 3）：端口坏了"


def test_the_last_line_is_never_one_of_an_earlier_run(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text("a line of the run before\n")
    supervisor.start(python("exit(1)"), name="API", log_path=log)
    wait_until(supervisor.ended)
    assert str(supervisor.ended()) == "API 已退出（退出码 1）：没有留下日志"


def test_a_child_sees_the_environment_it_was_given(supervisor: Supervisor, tmp_path: Path) -> None:
    code = "import os; print(os.environ['WANGGE_X'], 'PATH' in os.environ)"
    supervisor.start(python(code), name="x", log_path=tmp_path / "log", env={"WANGGE_X": "格"})
    wait_until(supervisor.ended)
    assert tail(tmp_path / "log") == ["格 True"]


def test_ctrl_c_in_the_terminal_does_not_reach_the_children(supervisor: Supervisor, tmp_path: Path) -> None:
    child = supervisor.start(python(WAITS), name="api", log_path=tmp_path / "log")
    assert child.pid is not None
    assert os.getpgid(child.pid) != os.getpgid(0)


@linux_only
def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        python(PARENT, str(tmp_path / "log")), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
    assert wait_for_end([child], 10) == []


def test_a_command_that_does_not_exist_is_refused_in_one_sentence(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    with pytest.raises(ProcessStartError, match=r"无法启动 API：/no/such/program .*请检查"):
        supervisor.start(["/no/such/program"], name="API", log_path=tmp_path / "log")


def test_logs_are_private_and_do_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    path.write_bytes(b"x" * (10 * 2**20 + 1))
    with open_log(path) as log:
        log.write(b"new\n")
    assert path.read_text() == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.with_name("api.log.1").stat().st_size > 10 * 2**20


def test_a_free_port_has_no_problem_and_a_taken_one_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert port_problem(port) == f"端口 {port} 已被其他程序占用：请先停掉它，或换一个端口。"
    assert port_problem(port) is None


@pytest.mark.parametrize(
    ("port", "host", "sentence"),
    [
        (70_000, "127.0.0.1", "端口 70000 无效：应在 1 到 65535 之间。"),
        (-1, "127.0.0.1", "端口 -1 无效：应在 1 到 65535 之间。"),
        (8000, "192.0.2.1", "无法在 192.0.2.1 上监听端口 8000"),
    ],
)
def test_an_impossible_address_is_told_in_one_sentence(port: int, host: str, sentence: str) -> None:
    assert (port_problem(port, host) or "").startswith(sentence)
