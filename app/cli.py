"""The `wangge` command, all of it: what runs, what migrates, what an operator does by hand.

Thin: each command reads the settings, calls one function of `app/runtime`, `app/jobs` or `app/demo`, and
prints what came of it. A command imports only what it needs: the whole server takes a second and a half
to import, and the demo waits for three processes. A foreseeable failure is one line on standard error and
exit code 1.
"""

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from app.config import Settings
from app.demo.scale import Scale
from app.models.enums.exchange import ExportKind, ImportKind
from app.runtime import databases, failures, head
from app.runtime.failures import CommandFailed

SEED = 20260101

cli = typer.Typer(
    name="wangge",
    help="网格化治理后端：上报、推送、处理、回访、评价结案。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
admin = typer.Typer(help="管理员账号", no_args_is_help=True)
keys = typer.Typer(help="登录令牌的签名密钥，个人信息的加密密钥", no_args_is_help=True)
cli.add_typer(admin, name="admin")
audit = typer.Typer(help="审计日志的防篡改链", no_args_is_help=True)
cli.add_typer(keys, name="keys")
cli.add_typer(audit, name="audit")
stats = typer.Typer(help="统计数据的汇总", no_args_is_help=True)
cli.add_typer(stats, name="stats")


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


@cli.command(help="启动 API 服务，直到 Ctrl-C 或 SIGTERM")
def serve(
    host: Annotated[str | None, typer.Option(help="监听地址，默认取 WANGGE_HOST")] = None,
    port: Annotated[int | None, typer.Option(help="监听端口，默认取 WANGGE_PORT")] = None,
    workers: Annotated[int | None, typer.Option(help="服务进程数，默认取 WANGGE_WORKERS")] = None,
) -> None:
    """Serve the API until SIGINT or SIGTERM."""
    from app.runtime import serving

    options = {"host": host, "port": port, "workers": workers}
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    serving.serve(Settings(**given))


@cli.command(help="启动后台任务进程，直到 Ctrl-C 或 SIGTERM")
def worker() -> None:
    """Run the worker until SIGINT or SIGTERM."""
    import uvloop

    from app.core import logging
    from app.core.courier import Courier
    from app.core.crypto import Vault
    from app.core.files import FileStore
    from app.jobs import worker as worker_process
    from app.jobs.outages import OUTAGES
    from app.runtime import guards
    from app.services.exchange.webhooks.calls import rules_of
    from app.services.mobile import channels

    settings = Settings()
    logging.configure(settings.log_level)
    guards.leave_on_signals()
    with databases.opened(settings) as database:
        asyncio.run(head.wait_for(database.app_url, outages=OUTAGES))
        dsn, files = databases.for_asyncpg(database.app_url), FileStore(settings.files)
        vault = Vault(*settings.secrets)
        guards.keep_what_is_there()
        ways, courier = channels.of_settings(settings), Courier(rules_of(settings))
        work = partial(worker_process.run, url=database.app_url, dsn=dsn, files=files, vault=vault)
        uvloop.run(work(channels=ways, courier=courier, public_url=settings.public_url))


@cli.command(help="把数据库升级到最新结构，并补齐工作日历和事件类别；可重复执行")
def migrate(
    *, check: Annotated[bool, typer.Option("--check", help="再核对迁移与代码中的表是否一致")] = False
) -> None:
    """Upgrade the database as its owner, then seed; `--check` also compares it with the code."""
    from app.runtime import provision

    with databases.opened(Settings()) as database:
        revision = provision.migrate(database.require_owner())
        if check:
            provision.refuse_drift(database.require_owner())
    typer.echo(f"数据库结构已是最新：{revision}")


@keys.command("rotate", help="立即换用新的签名密钥；已签发的令牌到期前仍然有效")
def rotate() -> None:
    """Sign with a new key from now on; tokens in circulation stay good until they expire."""
    from app.runtime import keys as signing_keys

    settings = Settings()
    with databases.opened(settings) as database:
        asyncio.run(head.require(database.app_url))
        kid = asyncio.run(signing_keys.rotate(database.app_url, settings))
    typer.echo(f"已换用新的签名密钥：{kid}")


@keys.command("reseal", help="更换 WANGGE_SECRET_KEY 后，用新密钥重新加密全部个人信息；可重复执行")
def reseal() -> None:
    """Seal all values with the present secret; the old one stands in WANGGE_RETIRED_SECRET_KEYS meanwhile."""
    from app.runtime import keys as signing_keys

    settings = Settings()
    with databases.opened(settings) as database:
        asyncio.run(head.require(database.app_url))
        done = asyncio.run(signing_keys.reseal(database.app_url, settings))
    typer.echo(f"已重新加密 {done.values} 项")
    if done.twice:
        typer.echo(f"{done.twice} 项与已有号码重复，未处理，请先核对")
    if done.accounts_left:
        typer.echo(f"{done.accounts_left} 个账号的登录手机号将在其用手机号登录时更新，此前请保留旧密钥")


@audit.command("verify", help="核对审计日志是否被改动；被改动时指出第一条并以 1 退出")
def verify(
    *,
    since: Annotated[str | None, typer.Option("--head", help="以前核对时打印的链尾，如 120:9f3a…")] = None,
) -> None:
    """Verify the audit chain; exit code 1 and the first broken row where it does not fit."""
    from app.runtime import audit as chain

    settings = Settings()
    with databases.opened(settings) as database:
        asyncio.run(head.require(database.app_url))
        verdict = asyncio.run(chain.verify(database.app_url, settings, noted=since))
    typer.echo(f"审计日志完整：已封存 {verdict.head.seq} 条，待封存 {verdict.pending} 条")
    typer.echo(f"链尾（请另行记下）：{chain.told(verdict.head)}")


@audit.command("seal", help="立即封存待封存的审计记录；平时由后台任务每分钟完成")
def seal() -> None:
    """Seal what waits now."""
    from app.runtime import audit as chain

    settings = Settings()
    with databases.opened(settings) as database:
        asyncio.run(head.require(database.app_url))
        sealed = asyncio.run(chain.seal(database.app_url, settings))
    typer.echo(f"已封存 {sealed} 条")


@stats.command("rebuild", help="由工单和走访重新汇总全部统计数据；期间照常查询，中断后重新运行即可")
def rebuild() -> None:
    """Build the rollups anew beside those that are read, then switch to them."""
    from app.runtime import figures
    from app.services.stats.rebuilding import Progress

    def tell(progress: Progress) -> None:
        of = f"，共约 {progress.whole} 条" if progress.whole > progress.done else ""
        day = f"，合计到 {progress.day}" if progress.day else ""
        typer.echo(f"已汇总 {progress.done} 条{of}{day}")

    with databases.opened(Settings()) as database:
        asyncio.run(head.require(database.app_url))
        asyncio.run(figures.rebuild(database.app_url, tell=tell))
    typer.echo("统计数据已重新汇总")


@stats.command("check", help="抽查统计数据是否与定义一致；不一致时以 1 退出")
def check_stats() -> None:
    """Compare a sample of the rollups with the definition."""
    from app.runtime import figures

    with databases.opened(Settings()) as database:
        asyncio.run(head.require(database.app_url))
        verdict = asyncio.run(figures.check(database.app_url))
    if verdict is not None and not verdict.ok:
        raise CommandFailed("统计数据与定义不一致：请运行 wangge stats rebuild")
    typer.echo("还没有汇总过" if verdict is None else "抽查的统计数据与定义一致")


@admin.command("create", help="建立系统管理员账号；不给密码则生成一个，首次登录须修改")
def create(
    username: Annotated[str, typer.Option(prompt="账号", help="小写字母开头，3–32 位")],
    name: Annotated[str, typer.Option(prompt="姓名")],
    *,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="从标准输入读取密码")] = False,
) -> None:
    """Make a system administrator; without a password one is made and shown once."""
    from app.runtime import administrators

    settings = Settings()
    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    with databases.opened(settings) as database:
        asyncio.run(head.require(database.app_url))
        made = asyncio.run(
            administrators.create(database.app_url, username=username, name=name, password=password)
        )
    typer.echo(f"已建立系统管理员 {made.username}")
    if made.initial_password is not None:
        typer.echo(f"初始密码（只显示这一次，首次登录须修改）：{made.initial_password}")


@cli.command("import", help="导入表格：先检查并列出错误，确认后才写入；中断后重新运行即可，已写入的不会重复")
def import_table(
    file: Annotated[Path, typer.Argument(help="xlsx、xls 或 csv 文件", exists=True, dir_okay=False)],
    kind: Annotated[ImportKind, typer.Option(help="表格种类")],
    account: Annotated[str, typer.Option("--as", help="以哪个账号的身份和管辖范围导入")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问，直接导入")] = False,
    skip_errors: Annotated[bool, typer.Option("--skip-errors", help="跳过有错误的行")] = False,
    errors: Annotated[Path | None, typer.Option(help="把有错误的行另存为这个 xlsx 文件")] = None,
) -> None:
    """Import a table in somebody's name: dry run, confirmation, run."""
    from app.runtime import exchange

    wanted = exchange.WantedImport(file, kind, account, yes=yes, skip_errors=skip_errors, errors=errors)
    settings = Settings()
    with databases.opened(settings) as database:
        asyncio.run(head.require(database.app_url))
        asyncio.run(exchange.bring_in(database.app_url, settings, wanted))


@cli.command("export", help="导出表格：脱敏、带水印，行数多时须先由他人审批")
def export_table(
    file: Annotated[Path, typer.Argument(help="要写成的 xlsx 文件", dir_okay=False)],
    kind: Annotated[ExportKind, typer.Option(help="表格种类")],
    area: Annotated[str, typer.Option(help="区域编码")],
    reason: Annotated[str, typer.Option(help="用途，写入水印和日志", prompt="用途")],
    account: Annotated[str, typer.Option("--as", help="以哪个账号的身份和管辖范围导出")],
) -> None:
    """Export a table in somebody's name."""
    from app.runtime import exchange

    settings = Settings()
    wanted = exchange.WantedExport(file, kind, area, reason, account)
    with databases.opened(settings) as database:
        asyncio.run(head.require(database.app_url))
        asyncio.run(exchange.take_out(database.app_url, settings, wanted))


@cli.command(help="输出 OpenAPI 文档（JSON）")
def openapi() -> None:
    """Print the OpenAPI document."""
    from app.runtime import generated

    typer.echo(generated.openapi(), nl=False)


@cli.command(help="由代码重写 docs/ 下的生成文档")
def docs(
    *,
    check: Annotated[bool, typer.Option("--check", help="只核对，不写文件；不一致时退出码为 1")] = False,
    release: Annotated[
        bool, typer.Option("--release", help="发布新版本时：记下此刻的接口，供以后核对")
    ] = False,
) -> None:
    """Write the generated documents, or with `--check` fail when they, or the API, are not what they were."""
    from app.runtime import generated

    names = generated.drifted() if check else generated.write()
    if check and names:
        raise CommandFailed(f"{'、'.join(names)} 与代码不一致：请运行 make docs 并提交")
    if release:
        generated.release()
    if check and (broken := generated.broken()):
        raise CommandFailed("与已发布的接口不兼容，须保留原样或升主版本号：\n" + "\n".join(broken))
    typer.echo(f"已更新：{'、'.join(names)}" if names else "生成的文档与代码一致")


@cli.command(help="从零跑起演示：数据库、演示镇、API、后台任务，并带几件工单走完五步")
def demo(
    port: Annotated[int, typer.Option(help="API 端口", min=1, max=65535)] = 8000,
    data: Annotated[Path, typer.Option(help="数据目录，演示写的一切都在其中")] = Path("var"),
    scale: Annotated[Scale, typer.Option(help="规模：村、镇、市；只在第一次有效")] = Scale.TOWN,
    seed: Annotated[int, typer.Option(help="演示数据的随机种子；只在第一次有效")] = SEED,
    *,
    leave: Annotated[bool, typer.Option("--exit", help="走完几件工单后退出")] = False,
) -> None:
    """Run the demo from nothing."""
    from app.demo import run as demonstration

    demonstration.run(demonstration.Wanted(port, data, scale, seed, leave=leave))
