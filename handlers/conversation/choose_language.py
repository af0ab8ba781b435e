"""In which language somebody is answered, where their app does not say it: a page of buttons.

The choice is carried in buttons and kept nowhere: each leads back to what was shown, in its language.
"""

from __future__ import annotations

from handlers.conversation.messages import SAY, Ask, Button, Reply, carrying, old_button
from handlers.texts import choose_language as texts
from handlers.texts.catalogue import languages, spoken

START = f"{SAY}:start"
"""What a button carries that shows the beginning."""


def language_button(back: str) -> tuple[Button, ...]:
    """Return the button that leads to the choice, beside the one before it; `back` is what shows the same page again.

    None where there is nothing to choose.
    """
    return (Button(label=texts.label(), data=f"G:{back}"),) if len(languages()) > 1 else ()


async def language(ask: Ask) -> Reply:
    """Let somebody choose, and lead to where they begin."""
    roles = await ask.app.store.roles(ask.context.me)
    return _choice(f"{SAY}:help" if roles.any else START)


async def press(ask: Ask) -> Reply:
    """Let somebody choose, and lead back."""
    back = ":".join(ask.words)
    return _choice(back) if back else old_button()


def _choice(back: str) -> Reply:
    buttons = [
        Button(
            label=texts.name(each, current=each == spoken()),
            data=carrying(back, each),
            below=number % 2 == 0,  # two short names fit side by side
        )
        for number, each in enumerate(languages())
    ]
    return Reply(kind="language", text=texts.choose(), buttons=tuple(buttons))
