"""Writes the pages of docs/ that say what the code says: `python -m bench.reference`.

They are the chat's commands, the server's commands, the settings, and the list of decisions. With --check it only
names the pages that are not what the code gives.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer

from bot.runtime.settings import PREFIX, Settings
from handlers.cli import cli
from handlers.conversation import COMMANDS, Role, RoomsBy, Ways

ROOT = Path(__file__).parent.parent
COMMANDS_PAGE, SERVER_PAGE, SETTINGS_PAGE = (
    f"reference/{name}.md" for name in ("commands", "server-commands", "settings")
)
DECISIONS_PAGE = "decisions/index.md"

MADE = "<!-- made by `python -m bench.reference` -->"
WAYS = Ways(rooms_by=RoomsBy.WORD, can_see=str)
WHO = {
    Role.WORKER: "Everybody",
    Role.STEWARD: "Stewards, for their own workplaces, and organizers",
    Role.UNIT_ORGANIZER: "Organizers, and those of a unit for theirs",
    Role.ORGANIZER: "Organizers",
}


def commands() -> str:
    """List what can be said to the bot, by who may say it."""
    lines = [
        "# Commands in the chat",
        MADE,
        "",
        "The same on every platform. On Discord organizers' commands stand behind `/organize`, and what follows a",
        "command is chosen from a form. `/help` says which of them make sense now. A walkout's ID is needed only where",
        "there are several.",
    ]
    for role in Role:
        lines += ["", f"## {WHO[role]}", "", "| command | what it does |", "|---|---|"]
        for row in COMMANDS:
            if row.who is role:
                said = f"/{row.name} {row.usage(WAYS)}".strip()
                lines.append(f"| `{in_table(said)}` | {in_table(row.help())} |")
    return page(lines)


def server_commands() -> str:
    """List what can be said on the server, with every option."""
    lines = [
        "# Commands on the server",
        MADE,
        "",
        "In a clone of the project they begin with `.venv/bin/`. `--help` behind each says the same.",
    ]
    for name, command in runnable(typer.main.get_command(cli), "allout"):
        lines += ["", f"## {name}", "", str(command.help)]
        rows = [f"| `{in_table(named(each))}` | {in_table(each.help or '')} |" for each in command.params]
        if rows:
            lines += ["", "| argument | |", "|---|---|", *rows]
    return page(lines)


def runnable(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Walk through the groups of commands, to those that do something."""
    for word, below in sorted(getattr(command, "commands", {}).items()):
        yield from runnable(below, f"{name} {word}")
    if not hasattr(command, "commands"):
        yield name, command


def named(parameter: Any) -> str:
    """Say how an argument or an option is written."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    return " / ".join([*parameter.opts, *parameter.secondary_opts]) + (
        f" {parameter.metavar}" if parameter.metavar else ""
    )


def settings() -> str:
    """List every setting, with its default and what its docstring says."""
    lines = [
        "# Settings",
        MADE,
        "",
        "Each is an environment variable or a line of `.env`, read once at the start. `.env.example` holds them all,",
        "to be copied.",
        "",
        "| setting | default | |",
        "|---|---|---|",
    ]
    for name, said in docstrings():
        default = Settings.model_fields[name].default
        shown = "" if default is None else f"`{default}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {shown} | {in_table(' '.join(said.split()))} |")
    return page(lines)


def docstrings() -> Iterator[tuple[str, str]]:
    """Pair each field with the docstring below it."""
    statements = list(ast.walk(ast.parse(inspect.getsource(Settings))))
    for field, below in pairwise(statements):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                yield name, said


def decisions(docs: Path) -> str:
    """List every decision by its title."""
    lines = ["# Decisions", MADE, "", "Why a rule is as it is, what else was tried, and what it costs.", ""]
    for path in sorted(docs.glob("decisions/[0-9]*.md")):
        number, title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").split(". ", 1)
        lines.append(f"- [{number}. {title}]({path.name})")
    return page(lines)


def in_table(text: str) -> str:
    """Keep a bar from ending its cell."""
    return text.replace("|", "\\|")


def page(lines: list[str]) -> str:
    """Put lines together."""
    return "\n".join(lines) + "\n"


def made(docs: Path) -> dict[str, str]:
    """Return every page, by its path in docs."""
    return {
        COMMANDS_PAGE: commands(),
        SERVER_PAGE: server_commands(),
        SETTINGS_PAGE: settings(),
        DECISIONS_PAGE: decisions(docs),
    }


def main(arguments: list[str] | None = None) -> int:
    """Write the pages; or, with --check, name those that are not what they should be, and leave with 1."""
    parser = argparse.ArgumentParser(prog="python -m bench.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where they are")
    chosen = parser.parse_args(arguments)
    pages = made(chosen.docs)
    there = {path: chosen.docs / path for path in pages}
    stale = [path for path, file in there.items() if not file.exists() or file.read_text("utf-8") != pages[path]]
    for path in stale:
        print(path)
        if not chosen.check:
            there[path].parent.mkdir(parents=True, exist_ok=True)
            there[path].write_text(pages[path], encoding="utf-8")
    return int(chosen.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
