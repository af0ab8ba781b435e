"""What `allout doctor` says: what it found, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.usecases.health import Finding, Grade, Sign
from handlers.texts.catalogue import _, ngettext
from handlers.texts.general import platform, shortly
from handlers.texts.times import number


def grade(of: Grade) -> str:
    """Name a grade."""
    return {Grade.OK: _("ok"), Grade.LOOK: _("LOOK"), Grade.BAD: _("BAD")}[of]


def summary(findings: Sequence[Finding]) -> str:
    """Sum it all up."""
    bad = sum(finding.grade is Grade.BAD for finding in findings)
    look = sum(finding.grade is Grade.LOOK for finding in findings)
    if not bad and not look:
        return _("Everything is as it should be.")
    return _("Bad: {bad}. Worth a look: {look}.").format(bad=bad, look=look)


def said(finding: Finding) -> str:
    """Say what was found."""
    facts = dict(finding.facts)
    if finding.sign in _COUNTED:
        return _COUNTED[finding.sign](facts["n"]).format(**_shown(facts))
    return _SAID[finding.sign]().format(**_shown(facts))


def advice(finding: Finding) -> str:
    """Say what to do."""
    return _ADVICE[finding.sign]().format(**_shown(dict(finding.facts)))


def _shown(facts: dict[str, object]) -> dict[str, object]:
    shown = {name: number(fact) if isinstance(fact, int) else fact for name, fact in facts.items()}
    if "platform" in shown:
        shown["platform"] = platform(str(shown["platform"]))
    if "bot" in shown:
        shown["bot"] = shortly(str(shown["bot"]))
    if "workplace" in shown:
        shown["workplace"] = shown["workplace"] or _("citywide")
    if "wanted" in shown:
        shown["remedy"] = _remedy(shown)
    if "why" in shown:
        shown["why"] = _key_file().get(str(shown["why"]), str(shown["why"]))
    return shown


def _remedy(facts: dict[str, object]) -> str:
    """Say how a setting of the database is put right."""
    special = {
        "data_checksums": _("Stop the database once, and run: pg_checksums --enable"),
        "in_hot_standby": _("Connect to the primary; add to ALLOUT_DATABASE_URL: target_session_attrs=primary"),
        "server_encoding": _("Make the database anew, with ENCODING 'UTF8'."),
        "archive_mode": _(
            "If you need the archive, keep it short, and as safe as the key file. Else: archive_mode = off"
        ),
    }
    if (said := special.get(str(facts["name"]))) is not None:
        return said
    if facts["role"]:
        return _("As the database's superuser: ALTER ROLE {role} SET {name} = '{wanted}';").format(**facts)
    return _("As the database's superuser: ALTER SYSTEM SET {name} = '{wanted}'; and start it again.").format(**facts)


def _key_file() -> dict[str, str]:
    return {
        "missing": _("it is not there"),
        "foreign": _("it belongs to another database"),
        "damaged": _("it cannot be read"),
        "exposed": _("others on this machine can read it"),
        "orphaned": _("its database is not there"),
        "outdated": _("it is an older copy"),
    }


_SAID: dict[Sign, Callable[[], str]] = {
    Sign.FOLDER_CLOSED: lambda: _("Only you can look into {path}."),
    Sign.FOLDER_OPEN: lambda: _("Others on this machine can look into {path} (mode {mode})."),
    Sign.FILES_CLOSED: lambda: _("Its files are yours alone."),
    Sign.FILE_OPEN: lambda: _("Others on this machine can read {path} (mode {mode})."),
    Sign.FILE_OF_ANOTHER: lambda: _("{path} belongs to another user than its folder."),
    Sign.LEFT_OVER: lambda: _("{path} was left by something that was cut off."),
    Sign.NO_STORE: lambda: _("There is no store in {path} yet."),
    Sign.ROOM_ON_DISK: lambda: _("{megabytes} MB are free on the disk."),
    Sign.LITTLE_ROOM: lambda: _("Only {megabytes} MB are free on the disk."),
    Sign.ENV_OPEN: lambda: _("Others on this machine can read {path}, which holds a token."),
    Sign.SWAP_CLOSED: lambda: _("No memory is written to a disk unencrypted: there is no such swap."),
    Sign.SWAP_OPEN: lambda: _("Memory may be written to {device} unencrypted: it is swap."),
    Sign.CLOCK_KEPT: lambda: _("The system keeps its clock right."),
    Sign.CLOCK_FREE: lambda: _("The system's clock is not kept right by a time server."),
    Sign.VERSIONS: lambda: _("Python {python}, {database}."),
    Sign.BOT_RUNS: lambda: _("The bot runs and answers."),
    Sign.NO_BOT: lambda: _("No bot runs on this store now."),
    Sign.BOT_SILENT: lambda: _("The bot that runs on this store does not answer."),
    Sign.NOT_OPENED: lambda: _("The store cannot be opened. {why}"),
    Sign.KEY_FITS: lambda: _("The key file is there and fits the store."),
    Sign.KEY_REFUSED: lambda: _("The key file {path} is no good: {why}."),
    Sign.KEY_REPLACED: lambda: _("{path} is not the key file that the bot runs with."),
    Sign.STORE_OLDER: lambda: _("The store is of an older AllOut (schema {schema}; this one knows {known})."),
    Sign.STORE_SOUND: lambda: _("The store is whole, and its counts agree with its cards."),
    Sign.STORE_DAMAGED: lambda: _("The store is damaged: {why}."),
    Sign.STORE_UNREAD: lambda: _("The store cannot be read: {why}."),
    Sign.NEWS_WRONG: lambda: _("In walkout {walkout}, what is announced does not agree with whether it is on."),
    Sign.CLOCKS_CHANGED: lambda: _(
        "Clocks in {zone} follow other rules than when {walkout} was drafted: {then} there is now {now}."
    ),
    Sign.CHILDREN_CONFINED: lambda: _("What reads files, draws and prints has no keys, no files and no network."),
    Sign.CHILDREN_LOOSE: lambda: _(
        "What reads files, draws and prints has no keys, but this system does not keep it from files and the network."
    ),
    Sign.CHILDREN_FAIL: lambda: _("The process that reads files, draws and prints cannot be started."),
    Sign.MEMORY_KEPT: lambda: _("A crash would leave no core dump."),
    Sign.MEMORY_LEFT: lambda: _("A crash would leave a core dump with keys in it."),
    Sign.ROOT: lambda: _("It runs as root, which it need not."),
    Sign.TOKEN_GOOD: lambda: _("{platform} accepts the token."),
    Sign.TOKEN_REFUSED: lambda: _("{platform} does not accept the token."),
    Sign.NO_ANSWER: lambda: _("{platform} does not answer."),
    Sign.WEBHOOK_ELSEWHERE: lambda: _("{platform} does not deliver to the address that is set here."),
    Sign.WEBHOOK_SET: lambda: _("{platform} delivers to an address, and none is set here: so the bot hears nothing."),
    Sign.FENCE_STANDS: lambda: _("On {platform}, another bot with this token would be noticed."),
    Sign.NO_FENCE: lambda: _("On {platform}, another bot with this token would not be noticed."),
    Sign.TOKEN_TAKEN: lambda: _("Another bot has taken the token for {platform}. This one has stopped."),
    Sign.CLOCK_RIGHT: lambda: _("The clock agrees with {platform}'s."),
    Sign.CLOCK_OFF: lambda: _("The clock differs from {platform}'s by {seconds} seconds."),
    Sign.SERVER_SILENT: lambda: _("The database cannot be reached: {why}."),
    Sign.SERVER_FITS: lambda: _("The database is PostgreSQL {version}."),
    Sign.SERVER_OLD: lambda: _("The database is PostgreSQL {version}, with which AllOut was never tried."),
    Sign.SERVER_CLOCK_OFF: lambda: _("The clock differs from the database's by {seconds} seconds."),
    Sign.ROLE_PLAIN: lambda: _("The database's role {role} may do no more than it must."),
    Sign.ROLE_POWERFUL: lambda: _("The database's role {role} may do what it need not: {powers}."),
    Sign.WAY_CLOSED: lambda: _("Nobody on the way to the database can read along."),
    Sign.WAY_OPEN: lambda: _("Somebody on the way to {host} could read along, or pretend to be the database."),
    Sign.POOLED: lambda: _("A pooler stands between the bot and the database."),
    Sign.STANDBY_AWAITED: lambda: _("No pledge is confirmed before a standby has it."),
    Sign.SETTINGS_RIGHT: lambda: _("The database's settings lose nothing and tell nothing."),
    Sign.SETTING_TELLS: lambda: _("{name} is {value}: the database writes down when people pledge."),
    Sign.SETTING_MAY_TELL: lambda: _(
        "{name} is {value}: the database may write down when people pledge, or with what."
    ),
    Sign.SETTING_LOSES: lambda: _("{name} is {value}: a pledge that was confirmed can be lost."),
    Sign.SETTING_MAY_LOSE: lambda: _("{name} is {value}: that a disk has changed what it keeps is not noticed."),
    Sign.SETTING_BREAKS: lambda: _("{name} is {value}: the bot cannot work so."),
    Sign.ROOM_GONE: lambda: _("A room of {walkout} on {platform} ({workplace}) is gone, or the bot is not in it."),
    Sign.ROOM_MUTE: lambda: _("The bot may not write in a room of {walkout} on {platform} ({workplace})."),
    Sign.ROOM_UNKNOWN: lambda: _("{platform} does not say how a room of {walkout} is ({workplace})."),
}

_COUNTED: dict[Sign, Callable[[int], str]] = {
    Sign.COUNTS_WRONG: lambda n: ngettext(
        "In walkout {walkout}, the counts of {n} workplace are not those of its cards.",
        "In walkout {walkout}, the counts of {n} workplaces are not those of their cards.",
        n,
    ),
    Sign.PARCELS_STUCK: lambda n: ngettext(
        "{n} message on {platform} was tried again and again and could not be sent.",
        "{n} messages on {platform} were tried again and again and could not be sent.",
        n,
    ),
    Sign.STANDBY_NOT_AWAITED: lambda n: ngettext(
        "{n} standby follows the database, and no pledge waits for it: it may lack some when it takes over.",
        "{n} standbys follow the database, and no pledge waits for them: they may lack some when one takes over.",
        n,
    ),
    Sign.NO_TOKEN: lambda n: ngettext(
        "There is no token for {platform} here, so {n} room could not be looked at.",
        "There is no token for {platform} here, so {n} rooms could not be looked at.",
        n,
    ),
    Sign.WEBHOOK_DELIVERS: lambda n: ngettext(
        "{platform} delivers to the address that is set here; {n} update waits.",
        "{platform} delivers to the address that is set here; {n} updates wait.",
        n,
    ),
    Sign.WEBHOOK_FAILS: lambda n: ngettext(
        "{platform} could not deliver to the address that is set here, and {n} update waits: {why}.",
        "{platform} could not deliver to the address that is set here, and {n} updates wait: {why}.",
        n,
    ),
    Sign.OTHER_BOT: lambda n: ngettext(
        "{n} room on {platform} is another bot's: {bot}.", "{n} rooms on {platform} are another bot's: {bot}.", n
    ),
    Sign.ROOMS_HEAR: lambda n: ngettext(
        "{n} room on {platform} can be written to.", "{n} rooms on {platform} can be written to.", n
    ),
}


def _restore() -> str:
    return _("Stop the bot, keep a copy of the folder as it is, and put your newest good backup in its place.")


def _written_by_another() -> str:
    return _("Somebody or something other than AllOut has written into the database.") + " " + _restore()


_ADVICE: dict[Sign, Callable[[], str]] = {
    Sign.FOLDER_OPEN: lambda: _("Run: chmod 700 {path}"),
    Sign.FILE_OPEN: lambda: _("Run: chmod go= {path}"),
    Sign.FILE_OF_ANOTHER: lambda: _("Run AllOut always as the same user, and give that file to them with chown."),
    Sign.LEFT_OVER: lambda: _("Look whether anything in it is needed: cards in it may be good. Then delete it."),
    Sign.NO_STORE: lambda: _("If there should be one, say where: --data, or ALLOUT_DATA."),
    Sign.LITTLE_ROOM: lambda: _("Make room: on a full disk no pledge can be recorded."),
    Sign.ENV_OPEN: lambda: _(
        "Run: chmod 600 {path} and, if others may have read it, have the platform give you a new token."
    ),
    Sign.SWAP_OPEN: lambda: _("Encrypt it, or run: swapoff {device}"),
    Sign.CLOCK_FREE: lambda: _("Switch time synchronization on: timedatectl set-ntp true"),
    Sign.NO_BOT: lambda: _("If it should, start it: allout run"),
    Sign.BOT_SILENT: lambda: _(
        "Stop it, look at what it has logged, and start it again: no pledge that it confirmed is lost."
    ),
    Sign.NOT_OPENED: lambda: _("Until then nobody can pledge."),
    Sign.KEY_REFUSED: lambda: _("Put its copy back, readable by you alone, before the bot is stopped."),
    Sign.KEY_REPLACED: lambda: _(
        "Put the right one back before the bot is stopped: without it nobody's pledge can be found again."
    ),
    Sign.STORE_OLDER: lambda: _(
        "The next start brings it up to date by itself; after that no older AllOut opens it any more."
    ),
    Sign.STORE_DAMAGED: _restore,
    Sign.STORE_UNREAD: _restore,
    Sign.COUNTS_WRONG: _written_by_another,
    Sign.NEWS_WRONG: _written_by_another,
    Sign.CLOCKS_CHANGED: lambda: _(
        "I say the new hour, and act at the same instant. Tell people, or call it off and draft it anew at the old one."
    ),
    Sign.PARCELS_STUCK: lambda: _("Look at what is said of that platform and its rooms below; they are tried further."),
    Sign.CHILDREN_LOOSE: lambda: _("Run it on Linux 5.13 or newer, with Landlock and seccomp switched on."),
    Sign.CHILDREN_FAIL: lambda: _("Look whether memory is free, and install AllOut anew if it is."),
    Sign.MEMORY_LEFT: lambda: _("Start the bot with: ulimit -c 0"),
    Sign.ROOT: lambda: _("Make a user of its own for it, and give the folder to them."),
    Sign.TOKEN_REFUSED: lambda: _("Set the one that the platform shows for this bot, or have it give you a new one."),
    Sign.NO_TOKEN: lambda: _("Run this with the settings with which the bot runs."),
    Sign.OTHER_BOT: lambda: _(
        "It must run too, with the same store. If it never will again, add this one's bot to its chats, then run: "
        "allout bring-over {bot}"
    ),
    Sign.NO_ANSWER: lambda: _("Look at the network, and whether {platform} works for others."),
    Sign.WEBHOOK_FAILS: lambda: _(
        "Look whether the bot runs, whether the proxy leads to it, and whether its certificate is good."
    ),
    Sign.WEBHOOK_ELSEWHERE: lambda: _(
        "The bot sets it while it runs, if {platform} takes the address. If it is changed again and again, somebody "
        "else uses the token: have {platform} give you a new one."
    ),
    Sign.WEBHOOK_SET: lambda: _(
        "The bot ends that while it runs. If it comes again, somebody else uses the token: have {platform} give you "
        "a new one."
    ),
    Sign.NO_FENCE: lambda: _("Never run two bots with it. If {platform} works otherwise, start the bot again."),
    Sign.TOKEN_TAKEN: lambda: _("Switch one of them off. If this one is to go on, run: allout adopt"),
    Sign.SERVER_SILENT: lambda: _("Look whether it runs, and whether ALLOUT_DATABASE_URL is right."),
    Sign.SERVER_OLD: lambda: _("Use a newer one, 15 at least."),
    Sign.SERVER_CLOCK_OFF: lambda: _("Switch time synchronization on on both machines: timedatectl set-ntp true"),
    Sign.ROLE_POWERFUL: lambda: _("As the database's superuser, take that from it with ALTER ROLE or REVOKE."),
    Sign.WAY_OPEN: lambda: _("Give the server a certificate, and add to ALLOUT_DATABASE_URL: sslmode=verify-full"),
    Sign.POOLED: lambda: _("Connect without it if you can: each process needs a few connections only."),
    Sign.STANDBY_NOT_AWAITED: lambda: _(
        "Set synchronous_standby_names, or let Patroni do it: synchronous_mode: quorum"
    ),
    Sign.SETTING_TELLS: lambda: "{remedy}",
    Sign.SETTING_MAY_TELL: lambda: "{remedy}",
    Sign.SETTING_LOSES: lambda: "{remedy}",
    Sign.SETTING_MAY_LOSE: lambda: "{remedy}",
    Sign.SETTING_BREAKS: lambda: "{remedy}",
    Sign.CLOCK_OFF: lambda: _(
        "Set the system's clock. Half a minute off, the bot goes by {platform}'s; an hour off, it decides nothing. "
        "Then: timedatectl set-ntp true"
    ),
    Sign.ROOM_GONE: lambda: _("Let the bot in again, or bind another chat with /room."),
    Sign.ROOM_MUTE: lambda: _("Let it write there; in a Telegram channel, as an administrator who may post."),
    Sign.ROOM_UNKNOWN: lambda: _("Run this again in a minute."),
}
