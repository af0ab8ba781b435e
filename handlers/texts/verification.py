"""What is answered to whoever verifies an announcement."""

from __future__ import annotations

from bot.usecases.verification import Verified
from handlers.texts.catalogue import _, name_of
from handlers.texts.organizers_words import worded
from handlers.texts.times import when


def verify_usage() -> str:
    """Say what to send."""
    return _("Send /verify and the reference that stands under the announcement, such as /verify K7M3-QX2P.")


def not_said() -> str:
    """Answer a reference that was never given."""
    return _(
        "I do not know this reference. First check it letter by letter. If it is right, I have not said this: do not "
        "pass it on."
    )


def being_said() -> str:
    """Answer a reference of what is on its way to rooms, or has just come there."""
    return _("I am saying this just now and cannot show my words yet. Ask again in a minute.")


def no_reference() -> str:
    """Answer where there is none."""
    return _(
        "I find no reference there, so I cannot say whether this is mine. It stands under the announcement, like "
        "K7M3-QX2P. Check it letter by letter, then send /verify and the reference."
    )


def said(found: Verified) -> str:
    """Say when and where it was said, and show the words as they were."""
    terms = found.walkout.terms
    lead = (
        _("I said this on {when} in the citywide rooms of {title}:")
        if found.statement.citywide
        else _("I said this on {when} in one workplace's own rooms, about {title}:")
    ).format(when=when(found.statement.said, terms), title=worded(terms).title)
    words = found.statement.words
    texts = (
        [f"{name_of(language)}:\n{text}" for language, text in words.items()]
        if len(words) > 1
        else list(words.values())
    )
    return "\n\n".join([lead, *texts, _("Whatever was added or changed is not from me. Do not pass that on.")])
