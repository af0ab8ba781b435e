"""What `allout setup` asks and says."""

from __future__ import annotations

from handlers.texts.catalogue import _
from handlers.texts.cli import wrong_token
from handlers.texts.general import platform as named


def begins(folder: str, *, asks: bool) -> str:
    """Say what is going to happen."""
    said = _("AllOut is set up in {folder}.").format(folder=folder)
    more = _("Enter keeps what is in brackets. Nothing is written before the last answer.")
    return f"{said} {more}" if asks else said


def ask_folder() -> str:
    """Ask where the data goes."""
    return _("Folder of the database and its key")


def ask_token(platform: str, *, is_set: bool) -> str:
    """Ask for a platform's token."""
    asked = {
        "telegram": _("Telegram: the bot's token, from @BotFather"),
        "discord": _("Discord: the bot's token, from the developer portal"),
    }[platform]
    default = _("keep the one that is set") if is_set else _("none")
    return f"{asked} [{default}]"


def this_is(platform: str, name: str) -> str:
    """Say whose token it is."""
    return _("This is {name} on {platform}.").format(name=name, platform=named(platform))


def refused(platform: str) -> str:
    """Say that a token is not accepted."""
    return wrong_token(platform)


def unreachable(platform: str) -> str:
    """Say that a token could not be tried."""
    return _("{platform} cannot be reached from here, so the token was not tried. It is taken as it is.").format(
        platform=named(platform)
    )


def ask_passphrase() -> str:
    """Ask for a passphrase."""
    return _("Passphrase that seals the key file [none]")


def not_the_same() -> str:
    """Ask anew."""
    return _("These were two different passphrases. Once more:")


def sealed_by(path: str) -> str:
    """Say that there is one."""
    return _("The key file is sealed with the passphrase in {path}.").format(path=path)


def sealed_otherwise(path: str) -> str:
    """Refuse another one."""
    return _(
        "The passphrase in {path} is in use already; another would not open the key file. Nothing was changed."
    ).format(path=path)


def ways() -> str:
    """List how a bot can be kept running."""
    return "\n".join(
        [
            _("How is the bot to run?"),
            "  1  " + _("as a service of this machine (systemd): shut in, and started again after a power cut"),
            "  2  " + _("as a service of your own account (systemd --user): no root needed, less shut in"),
            "  3  " + _("in a container (docker compose or podman-compose)"),
            "  4  " + _("by hand, in a terminal"),
        ]
    )


def ask_way() -> str:
    """Ask which one."""
    return _("Number")


def backup_key_is_set() -> str:
    """Say that there is one."""
    return _("Backups have their key.")


def ask_private_key() -> str:
    """Ask where the private key goes."""
    return _("Private key of backups, to be carried away from this server; written to")


def private_key(path: str) -> str:
    """Say what to do with it."""
    return _(
        "The private key of backups is in {path}. Carry it away from this server, in two copies, and delete it here: "
        "without it no backup opens."
    ).format(path=path)


def no_compose() -> str:
    """Refuse to set a container up elsewhere."""
    return _("There is no compose.yaml here. Give this command in the folder of the program. Nothing was changed.")


def first_line() -> str:
    """Head a new .env."""
    return "# " + _("Written by allout setup. What each setting does, and which others there are: .env.example") + "\n"


def written(path: str, old: str) -> str:
    """Say that a file is written."""
    if old:
        return _("{path} is written; as it was before: {old}").format(path=path, old=old)
    return _("{path} is written.").format(path=path)


def unchanged(path: str) -> str:
    """Say that there was nothing to write."""
    return _("{path} says all this already.").format(path=path)


def start_with() -> str:
    """Lead over to the commands that start the bot."""
    return _("Start it, if it does not run yet, or restart it:")


def organizers_are_there() -> str:
    """Say that no code is made."""
    return _("There are organizers already. A code for another one: allout organizer-code")


def first_organizer() -> str:
    """Lead over to how the first organizer begins."""
    return _("The first organizer is whoever uses this code first, within an hour, once the bot runs.")


def telegram_link(link: str) -> str:
    """Give the link."""
    return _("On Telegram, follow this link: {link}").format(link=link)


def picture() -> str:
    """Lead over to the link as a picture."""
    return _("Or point a phone at this:")


def invitation(link: str) -> str:
    """Say how the bot comes into a server."""
    return _("On Discord, add the bot to your server first: {link}").format(link=link)


def typed_code(code: str) -> str:
    """Give what can be typed anywhere."""
    return _("Typed to the bot, it is: /organizer {code}").format(code=code)
