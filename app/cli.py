"""The `wangge` command: serve, worker, migrate, demo, admin, keys, openapi, docs.

Thin: each command reads the settings, calls one function of `app/runtime`, `app/jobs` or `app/demo`, and
prints what came of it. A foreseeable failure is one line on standard error and exit code 1.
"""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from app.config import Settings
from app.core import logging
from app.demo import run as demonstration
from app.demo.scale import Scale
from app.jobs import worker as worker_process
from app.runtime import databases, failures, generated, provision, serving
from app.runtime import keys as signing_keys
from app.runtime.failures import CommandFailed

cli = typer.Typer(
    name="wangge",
    help="网格化治理后端：上报、推送、处理、回访、评价结案。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
admin = typer.Typer(help="管理员账号", no_args_is_help=True)
keys = typer.Typer(help="登录令牌的签名密钥", no_args_is_help=True)
cli.add_typer(admin, name="admin")
cli.add_typer(keys, name="keys")


def main() -> None:
    """Run the command line; exit code 1 with one line for what an operator can cause or cure."""
    try:
        cli()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as failure:
        line = failures.sentence(failure)
        if line is None:
            raise
        typer.echo(f"错误：{line}", err=True)
        sys.exit(1)


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="监听地址，默认取 WANGGE_HOST")] = None,
    port: Annotated[int | None, typer.Option(help="监听端口，默认取 WANGGE_PORT")] = None,
    workers: Annotated[int | None, typer.Option(help="服务进程数，默认取 WANGGE_WORKERS")] = None,
) -> None:
    """启动 API 服务，直到 Ctrl-C 或 SIGTERM。"""
    given = {"host": host, "port": port, "workers": workers}
    serving.serve(Settings(**{name: value for name, value in given.items() if value is not None}))


@cli.command()
def worker() -> None:
    """启动后台任务进程，直到 Ctrl-C 或 SIGTERM。"""
    settings = Settings()
    logging.configure(settings.log_level)
    serving.leave_on_signals()
    with databases.opened(settings) as database:
        asyncio.run(provision.require_head(database.app_url))
        uvloop.run(worker_process.run(url=database.app_url, dsn=databases.for_asyncpg(database.app_url)))


@cli.command()
def migrate(
    *, check: Annotated[bool, typer.Option("--check", help="再核对迁移与代码中的表是否一致")] = False
) -> None:
    """把数据库升级到最新结构，并补齐工作日历和事件类别；可重复执行。"""
    with databases.opened(Settings()) as database:
        revision = provision.migrate(database.require_owner())
        if check:
            provision.refuse_drift(database.require_owner())
    typer.echo(f"数据库结构已是最新：{revision}")


@keys.command("rotate")
def rotate() -> None:
    """立即换用新的签名密钥；已签发的令牌到期前仍然有效。"""
    settings = Settings()
    with databases.opened(settings) as database:
        asyncio.run(provision.require_head(database.app_url))
        kid = asyncio.run(signing_keys.rotate(database.app_url, settings))
    typer.echo(f"已换用新的签名密钥：{kid}")


@cli.command()
def openapi() -> None:
    """输出 OpenAPI 文档（JSON）。"""
    typer.echo(generated.openapi(), nl=False)


@cli.command()
def docs(
    *, check: Annotated[bool, typer.Option("--check", help="只核对，不写文件；不一致时退出码为 1")] = False
) -> None:
    """由代码重写 docs/ 下的生成文档。"""
    names = generated.drifted() if check else generated.write()
    if check and names:
        raise CommandFailed(f"{'、'.join(names)} 与代码不一致：请运行 make docs 并提交")
    typer.echo(f"已更新：{'、'.join(names)}" if names else "生成的文档与代码一致")


@cli.command()
def demo(
    port: Annotated[int, typer.Option(help="API 端口", min=1, max=65535)] = 8000,
    data: Annotated[Path, typer.Option(help="数据目录，演示写的一切都在其中")] = Path("var"),
    scale: Annotated[Scale, typer.Option(help="规模：村、镇、市；只在第一次有效")] = Scale.TOWN,
    seed: Annotated[int, typer.Option(help="演示数据的随机种子；只在第一次有效")] = demonstration.SEED,
    *,
    leave: Annotated[bool, typer.Option("--exit", help="走完一件工单后退出")] = False,
) -> None:
    """从零跑起演示：数据库、演示镇、API、后台任务，并带一件工单走完五步。"""
    demonstration.run(demonstration.Wanted(port, data, scale, seed, leave=leave))
