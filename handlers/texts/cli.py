"""What the `allout` command says."""

from __future__ import annotations

from collections.abc import Sequence

from bot.usecases.ways import Stray
from handlers.texts.catalogue import _, ngettext
from handlers.texts.general import platform as called
from handlers.texts.general import shortly
from handlers.texts.names import of_languages
from handlers.texts.times import number


def end_or_remove() -> str:
    """Refuse two things at once."""
    return _("Either --end or --remove, not both.")


def one_or_all() -> str:
    """Ask which workplaces get cards."""
    return _('Say for whom: --workplace "NAME", or --all.')


def already_there(path: str) -> str:
    """Refuse to write over codes."""
    return _("{path} is there already; codes are written once. Choose another --out.").format(path=path)


def not_a_bot(name: str) -> str:
    """Refuse what cannot be a bot's name on Telegram."""
    return _("{name} is no name of a Telegram bot, like allout_bot.").format(name=name)


def no_language(code: str, there: Sequence[str]) -> str:
    """Refuse a language without a catalogue."""
    return _("There is no language {code}; there are: {there}.").format(code=code, there=of_languages(there))


def no_file(path: str) -> str:
    """Say that a file is missing."""
    return _("There is no file {path}.").format(path=path)


def unreadable_file(path: str, why: str) -> str:
    """Say why a file cannot be used."""
    return _("{path} cannot be used: {why}.").format(path=path, why=why)


def no_cards_missing() -> str:
    """Say that there was nothing to mint."""
    return _("Every workplace has as many cards as people; no card was made.")


def minted(n: int, path: str) -> str:
    """Confirm new cards."""
    said = ngettext("{n} card written to {path}.", "{n} cards written to {path}.", n).format(n=number(n), path=path)
    return said + " " + _("Nobody can print them again: hand them out, then destroy the file.")


def unknown_settings(names: Sequence[str]) -> str:
    """Refuse settings that do not exist."""
    return _("Unknown setting: {names}. .env.example lists every setting.").format(names=", ".join(names))


def bad_settings(problems: Sequence[tuple[str, str]]) -> str:
    """Refuse malformed settings, without their values."""
    said = "; ".join(f"{name}: {why}" for name, why in problems)
    return _("These settings cannot be used: {problems}. .env.example explains them.").format(problems=said)


def no_token() -> str:
    """Say that there is nothing to run."""
    return _(
        "No platform has a token. Set ALLOUT_TELEGRAM_TOKEN or ALLOUT_DISCORD_TOKEN, as .env.example explains, "
        "or try: allout console"
    )


def wrong_token(platform: str) -> str:
    """Refuse to start, or to go on, without a platform."""
    return {
        "telegram": _(
            "Telegram does not accept ALLOUT_TELEGRAM_TOKEN. Ask BotFather for the bot's token and set that."
        ),
        "discord": _(
            "Discord does not accept ALLOUT_DISCORD_TOKEN. Copy the bot's token from the developer portal and set that."
        ),
    }[platform]


def running(platform: str, name: str, data: str) -> str:
    """Say as whom the bot runs on a platform."""
    said = {
        "telegram": _("AllOut runs as @{name} on Telegram; its data is in {data}. Stop it with Ctrl-C."),
        "discord": _("AllOut runs as {name} on Discord; its data is in {data}. Stop it with Ctrl-C."),
    }
    return said[platform].format(name=name, data=data)


def stands_by(platform: str) -> str:
    """Say that another process runs the bot."""
    return _(
        "Another process runs this bot on {platform}. This one stands by, and goes on within ten seconds when that "
        "one ends."
    ).format(platform=called(platform))


def stray(stray: Stray, name: str) -> str:
    """Tell of rooms that this bot does not speak to."""
    return (
        ngettext(
            "{n} room on {platform} is another bot's, {bot}. It does not run here; if it runs nowhere, its news waits.",
            "{n} rooms on {platform} are another bot's, {bot}. It does not run here; if it runs nowhere, their news "
            "waits.",
            stray.rooms,
        )
        + " "
        + _("If it never will, add {name} to those chats, then run: allout bring-over {bot}")
    ).format(n=number(stray.rooms), platform=called(stray.way), bot=shortly(stray.bot), name=name)


def sure_of_bringing_over(bot: str) -> str:
    """Say what is given over."""
    return _(
        "The bot that runs here then writes to every room, organizer and steward of {bot}, and to whoever asked it to "
        "be told. First add it to every chat, and have people open it once; who has not is not reached."
    ).format(bot=bot)


def brought_over(stray: Stray, new: str) -> str:
    """Confirm that another bot has taken over."""
    return ngettext(
        "{n} room of {bot} is {new}'s from now on, and so is everybody whom it has written to.",
        "{n} rooms of {bot} are {new}'s from now on, and so is everybody whom it has written to.",
        stray.rooms,
    ).format(n=number(stray.rooms), bot=shortly(stray.bot), new=shortly(new))


def nobody_reads() -> str:
    """Say why the console stops when its output is closed."""
    return _("Nobody reads what I print any more, so I stopped. What was answered until then is kept.")


def half_written(path: str) -> str:
    """Point to codes that a run left behind when it was cut off."""
    return _(
        "{path} was left by a run that was cut off. Its codes may be good: try one, then keep or delete that file."
    ).format(path=path)


def not_a_name() -> str:
    """Refuse a name on the console."""
    return _("A name on the console has no blanks and none of @ # [ ].")


def no_store(path: str, near: str) -> str:
    """Say that there is nothing to work on, and where there may be."""
    if near:
        return _("There is no store in {path}; do you mean {near}? Nothing was made.").format(path=path, near=near)
    return _("There is no store in {path}. To begin one: allout draft. Nothing was made.").format(path=path)


def no_key(path: str, near: str) -> str:
    """Say that there is no key file, by which a store in PostgreSQL is read, and where there may be one."""
    if near:
        return _("There is no key file in {path}; do you mean {near}? Nothing was made.").format(path=path, near=near)
    return _(
        "There is no key file in {path}, and without it no store in PostgreSQL can be read. Put it there. "
        "Or, if there is no store yet, begin one: allout draft. Nothing was made."
    ).format(path=path)


def begins(path: str, near: str) -> str:
    """Ask before a store is begun beside one that may be meant."""
    return _("There is no store in {path}; do you mean {near}? Begin a new one in {path}?").format(path=path, near=near)


def no_walkouts() -> str:
    """Say that there is none to list."""
    return _("There is no walkout yet. Draft one: allout draft walkout.toml")


def no_walkout(named: str | None) -> str:
    """Refuse an id."""
    if named is None:
        return _("No walkout fits. See them all: allout walkouts")
    return _("There is no walkout {id}. See them all: allout walkouts").format(id=named)


def rotates() -> str:
    """Ask before the server's key is changed."""
    return _("Every copy of the key file made until now becomes useless. Change the server's key?")


def removes(nickname: str) -> str:
    """Ask before somebody is removed as organizer."""
    return _("{nickname} loses every role, and only a new code gives one back. Have you met both? Remove?").format(
        nickname=nickname
    )


def say_yes(question: str) -> str:
    """Ask a script to mean it."""
    return _("{question} Nobody is at the terminal to say so; if it is meant, add --yes.").format(question=question)


def port_taken(port: int) -> str:
    """Say that nobody could look how the bot is."""
    return _("Port {port} is taken. Give ALLOUT_HEALTH_PORT another one, or none.").format(port=port)
