"""Who wants to be told, once, if what lapsed is tried again."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.model import ROOT, WalkoutId
from bot.secrets.keys import Addressee, Keys, Person
from bot.storage.store import Notice, Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """Somebody who presses the button under the letter that said: not now."""

    who: Person
    store: Store
    keys: Keys

    async def want(self, campaign: WalkoutId, token: str, language: str) -> bool:
        """Keep that they want to be told; once, however often pressed. False for a button that is not theirs."""
        locator = self._locator(campaign, token)
        if locator is None:
            return False
        addressee = Addressee(account=self.who.account, language=language, unit=ROOT)
        sealed = self.keys.seal_wish(campaign, addressee)
        wish = Notice(locator=locator, walkout=campaign, way=self.who.way, sealed=sealed)
        await self.store.add_wish(wish)
        return True

    async def want_no_more(self, campaign: WalkoutId, token: str) -> bool:
        """Forget it. False for a button that is not theirs."""
        locator = self._locator(campaign, token)
        if locator is None:
            return False
        await self.store.delete_wish(locator)
        return True

    def _locator(self, campaign: WalkoutId, token: str) -> bytes | None:
        """Return where it is kept; None where the button was made up, or is of what is closed."""
        wish = self.keys.wish(campaign, self.who)
        return wish[0] if wish is not None and wish[1] == token else None
