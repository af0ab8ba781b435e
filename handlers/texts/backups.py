"""What is said about backups."""

from __future__ import annotations

from datetime import datetime

from bot.domain import errors
from bot.domain.errors import AnswersWanted, Refused
from handlers.texts import fence
from handlers.texts.catalogue import _, isolated
from handlers.texts.times import when_utc


def new_keys(public: str, path: str) -> str:
    """Say what to do with a new pair of keys."""
    said = _(
        "The private key is in {path}. Keep it away from the server, with a copy: without it no backup opens. The "
        "public one belongs on the server, as a line of .env:"
    ).format(path=path)
    return f"{said}\nALLOUT_BACKUP_KEY={public}"


def no_key() -> str:
    """Refuse to write a backup that anybody could read."""
    return _(
        "Backups are sealed to a key. Make one with allout backup-key, and set ALLOUT_BACKUP_KEY to its public half."
    )


def backed_up(path: str) -> str:
    """Confirm a backup."""
    return _(
        "{path} is written. It opens only with the private backup key, and is of use only with allout.key."
    ).format(path=path)


def restored(made: datetime, path: str) -> str:
    """Say what a restored store is, and is not."""
    said = _("{path} is as it was on {made}.").format(path=path, made=when_utc(made))
    return f"{said} {_lost()}\n\n{fence.after_restoring()}"


def told(made: str) -> str:
    """Tell the organizers."""
    said = _("My store was lost and restored from a backup of {made}.").format(
        made=when_utc(datetime.fromisoformat(made))
    )
    return f"{said} {_lost()}"


def older_ones_tell() -> str:
    """Tell the organizers, once, what backups still hold that the store does not."""
    return _(
        "From now on nobody finds a card in my database without the key file. Older backups and copies of the database "
        "still tell whoever has a card's code whether it was pledged. Make a new backup, and a new copy of the key "
        "file (allout keys export FILE); then destroy the older ones."
    )


def _lost() -> str:
    return _(
        "Whatever was done since is lost: pledges, pledges taken back, cards printed or voided, rooms, and roles. Void "
        "again what was voided, print again what was printed, take out again what has left (/leave), and see who "
        "serves: /roles, and who hears: /rooms."
    )


def refusal(refused: Refused) -> str | None:  # noqa: PLR0911  one row per refusal
    """Say why there is no backup, or why it is not restored."""
    match refused:
        case errors.InTheWay():
            return _("{path} is there already, and nothing is written over it. Nothing was changed.").format(
                path=refused.path
            )
        case errors.NotWritten():
            return _("{path} cannot be written: {why}. Nothing was changed.").format(path=refused.path, why=refused.why)
        case errors.BackupDamaged():
            return _("{path} is damaged or cut off. Take another backup. Nothing was changed.").format(
                path=refused.path
            )
        case errors.WrongBackupKey():
            return _(
                "{path} was sealed to another key. Find the private key it belongs to. Nothing was changed."
            ).format(path=refused.path)
        case errors.NotABackupKey():
            return _("{path} holds no private key as allout backup-key writes it. Nothing was changed.").format(
                path=refused.path
            )
        case errors.ForeignBackup():
            return _(
                "The backup was not made with {path}. Put the key file there that was in use when it was made. "
                "Nothing was changed."
            ).format(path=refused.path)
        case errors.NotABackup():
            return _("{path} is no backup of AllOut. Nothing was changed.").format(path=refused.path)
        case AnswersWanted():
            return _answers_wanted(refused)
    return None


def _answers_wanted(refused: AnswersWanted) -> str:
    lines = [
        _(
            "The backup is of {made}. Ask the organizers what was announced since, and say it of each of these; "
            "nothing was changed."
        ).format(made=when_utc(refused.made))
    ]
    for walkout, title, may_go_on in refused.walkouts:
        lines.append(f"{walkout} · {isolated(title)}")
        if may_go_on:
            lines.append(_("--goes-on {id}: neither on, nor off, nor lapsed since.").format(id=walkout))
        lines.append(
            _("--is-over {id}: on, off or lapsed since. It is closed, and its key is destroyed.").format(id=walkout)
        )
    if not refused.walkouts:
        lines.append(_("There are none: leave --goes-on and --is-over out."))
    return "\n".join(lines)
