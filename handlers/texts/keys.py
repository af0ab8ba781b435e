"""What the server says about its key file."""

from __future__ import annotations

from handlers.texts.catalogue import _


def keep_a_copy() -> str:
    """Remind whoever drafts of the key file."""
    return _(
        "Keep a copy of the key file somewhere safe, away from this server: without it the walkout is lost. "
        "On the server: allout keys export FILE"
    )


def destroy_copies(*, of_campaign: bool = False) -> str:
    """Say at a closing what must be done by hand."""
    return (
        _(
            "The key is destroyed here. Destroy every copy of the key file that was made before, and make a new one: "
            "allout keys export FILE"
        )
        if of_campaign
        else _(
            "The walkout's key is destroyed here. Destroy every copy of the key file that was made before, and make "
            "a new one: allout keys export FILE"
        )
    )


def exported(path: str) -> str:
    """Confirm a copy of the key file."""
    return _(
        "A copy of the key file, sealed with the passphrase, is in {path}. Keep it away from this server, and the "
        "passphrase away from it. When a walkout is closed, destroy the copy and make a new one."
    ).format(path=path)


def imported(path: str) -> str:
    """Confirm that a copy is the key file again."""
    return _("{path} is the key file again.").format(path=path)


def rotated() -> str:
    """Confirm another server's key."""
    return _("The server has a new key; what organizers and stewards are known by is under it now.") + " " + _after()


def rotates_at_start() -> str:
    """Say when a running bot gets another server's key."""
    begun = _("A new key is made, and the bot changes to it when it starts next: restart it now, before the rest.")
    return begun + " " + _after()


def _after() -> str:
    return _(
        "Each walkout keeps its key, wrapped anew: cards are tied to it, and only their codes could tie them again. "
        "Make a new copy (allout keys export FILE) and a new backup of the database, and destroy the old ones: "
        "they do not fit any more."
    )


def there(path: str) -> str:
    """Refuse to write over a file."""
    return _("{path} is there already. Choose another name.").format(path=path)


def ask_passphrase() -> str:
    """Ask for a passphrase."""
    return _("Passphrase")


def ask_again() -> str:
    """Ask for it once more."""
    return _("The same again")


def not_the_same() -> str:
    """Refuse two passphrases that differ."""
    return _("These were two different passphrases. Nothing was written.")


def no_terminal() -> str:
    """Say how to give a passphrase where nobody can be asked."""
    return _("There is no terminal to ask for the passphrase. Give it in a file: --passphrase-file FILE")
