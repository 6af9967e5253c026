"""`halld clocks`: people, time and log of attendance clocks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from bridge.cli.commands.node import broker_of
from bridge.cli.options import config_option, data_option, json_option, load_site
from devices.commands import ReplyStatus
from devices.topics import Topics

QUICK_S: Final = 30.0
LONG_S: Final = 240.0
"""For fingers: a clock takes them a kilobyte at a time."""

Asked = Mapping[str, Any]
Ask = Callable[..., Awaitable[Asked]]
"""Asks a device: (device, command, limit in seconds, arguments)."""


@click.group("clocks")
def command() -> None:
    """Attendance clocks: people, time, log."""


@command.command("users")
@click.argument("device")
@config_option
@data_option
@json_option
def users(device: str, config: Path, data: Path, *, as_json: bool) -> None:
    """List the people that DEVICE knows."""
    found = _run(config, data, lambda ask: _all_users(ask, device))
    if as_json:
        _show(found)
        return
    for user in found["users"]:
        off = "" if user.get("enabled", True) else "  (turned away)"
        role = user.get("privilege") or ""
        click.echo(f"{user['user_id']:>24}  {role:<8}  {user.get('name') or ''}{off}")
    click.echo(f"{len(found['users'])} people")


@command.command("set-time")
@click.argument("device")
@config_option
@data_option
@json_option
def set_time(device: str, config: Path, data: Path, *, as_json: bool) -> None:
    """Set DEVICE's time by this hall's, if that is trusted."""
    told = _run(config, data, lambda ask: ask(device, "set_time", QUICK_S))
    if as_json:
        _show(told)
    else:
        click.echo(f"{device}: was {told.get('was_off_s')} s off, now {told['time']}")


@command.command("accept-log")
@click.argument("device")
@click.option("--reason", required=True, help="Why its log is not what it was.")
@config_option
@data_option
@json_option
def accept_log(
    device: str, reason: str, config: Path, data: Path, *, as_json: bool
) -> None:
    """Say why DEVICE's log shrank; from then on it is believed again."""
    told = _run(
        config, data, lambda ask: ask(device, "accept_log", QUICK_S, reason=reason)
    )
    if as_json:
        _show(told)
    else:
        click.echo(f"{device}: its log is believed again")


@command.command("copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--user", "user_ids", multiple=True, help="Only this user id.")
@click.option("--templates", is_flag=True, help="With their fingers.")
@config_option
@data_option
@json_option
def copy(
    source: str,
    target: str,
    user_ids: tuple[str, ...],
    config: Path,
    data: Path,
    *,
    templates: bool,
    as_json: bool,
) -> None:
    """Copy people from clock FROM to clock TO; who is there already is changed.

    Passwords stay where they are: a clock's are not read out.
    """
    if source == target:
        message = f"FROM and TO are both {source}"
        raise click.UsageError(message)

    async def work(ask: Ask) -> Asked:
        return await _copy(ask, source, target, user_ids, templates=templates)

    told = _run(config, data, work)
    if as_json:
        _show(told)
        return
    for warning in told["warnings"]:
        click.echo(f"warning: {warning}", err=True)
    click.echo(
        f"{source} to {target}: {told['added']} added, {told['changed']} changed, "
        f"{told['templates']} fingers"
    )


async def _all_users(ask: Ask, device: str) -> Asked:
    found: list[Any] = []
    while True:
        page = await ask(device, "users", QUICK_S, **_from(len(found)))
        found += page["users"]
        if not page["users"] or len(found) >= page.get("total", len(found)):
            return {"device": device, "users": found}


async def _copy(
    ask: Ask, source: str, target: str, user_ids: Sequence[str], *, templates: bool
) -> Asked:
    done = {"added": 0, "changed": 0, "templates": 0}
    warnings: list[str] = []
    for user_id in user_ids or (None,):
        only = {"user_id": user_id} if user_id else {}
        offset: int | None = 0
        while offset is not None:
            page = await ask(
                source,
                "users_export",
                LONG_S,
                templates=templates,
                **_from(offset),
                **only,
            )
            offset = page["next"]
            people = [dict(person) for person in page["users"]]
            warnings += [
                f"{person['user_id']}: the password is not copied"
                for person in people
                if person.pop("has_password", False)
            ]
            told = await ask(
                target,
                "users_import",
                LONG_S,
                users=people,
                templates=page["templates"],
            )
            warnings += told["warnings"]
            done = {name: count + told[name] for name, count in done.items()}
    return {"from": source, "to": target, **done, "warnings": warnings}


def _from(offset: int) -> Mapping[str, int]:
    """Where a page begins; a first page is asked for without a word."""
    return {"offset": offset} if offset else {}


def _run(config: Path, data: Path, work: Callable[[Ask], Awaitable[Asked]]) -> Asked:
    site = load_site(config)
    broker = broker_of(site, config, data)
    topics = Topics(site.hall.id)

    async def run() -> Asked:
        from bridge.cli import requests  # noqa: PLC0415 - paho is needed here only

        async with requests.connected(broker) as client:

            async def ask(
                device: str, name: str, limit_s: float, **args: object
            ) -> Asked:
                reply = await requests.ask(
                    client,
                    topics.command(device, name),
                    lambda request: topics.reply(device, request),
                    requests.new_command(limit_s, **args),
                    what=device,
                )
                if reply.status is not ReplyStatus.OK:
                    raise click.ClickException(
                        f"{device}: {reply.message or reply.status.value}"
                    )
                return reply.data

            return await work(ask)

    return asyncio.run(run())


def _show(body: Asked) -> None:
    click.echo(json.dumps(body, ensure_ascii=False, indent=2))
