"""Tell me; and clearing a chat: as people play it."""

from __future__ import annotations

import pytest

from bot.runtime.app import DATABASE
from tests.console.play import Line, Play, errors, kinds, pledging, roster, sure, terms, to
from tests.fixed import PLEDGED_BUTTONS, TERMS_BUTTONS, WITHDRAWN_BUTTONS

ASK, YES, STOP = "[Tell me]", "[Yes, tell me]", "[Do not tell me]"
TOLD_BUTTONS = [
    "Check",
    "Withdraw",
    "Do not tell me",
    "Read it all again",
    "Questions",
    "Clear this chat",
    "Language 文 বা ع",
]
OPEN = ["@olga /room citywide #city", *sure("@olga /open"), "!wait"]


def asking(crew: str, people: int) -> list[str]:
    """Let so many of a crew ask to be told."""
    return [line for n in range(people) for line in (f"@{crew}{n} {ASK}", f"@{crew}{n} {YES}")]


def told(lines: list[Line], name: str, kind: str) -> list[str]:
    """Read what somebody was told privately by itself."""
    return [line["text"] for line in to(lines, name) if line["kind"] == kind]


def test_who_asked_is_told_once_with_their_own_workplace_and_nobody_else(play: Play) -> None:
    cards = play.prepare().cards
    lines = play.console(
        *OPEN,
        *pledging("d", cards["Depot"][:7]),
        *pledging("s", cards["School"][:5]),
        *pledging("c", cards["Café, North"][:1]),
        *asking("d", 2),
        *asking("c", 1),
        "!wait",
        "!tally",
        "!tally",
        "@d0 [Check]",
        "!wait",
        *sure("@olga /calloff"),
        "!wait",
    )
    assert errors(lines) == []
    assert kinds(to(lines, "d0"))[2:] == ["notice_terms", "notice", "on", "status", "called_off"]
    [out] = told(lines, "d0", "on")
    assert out == (
        "It is on: One day for the rent freeze · New York\n"
        "Depot walks out on Sat 12 Dec 2026, 09:00. Until then, work as usual.\n"
        "at the Depot gate\nMeet at nine at your own door; legal line 555-0100.\n"
        "I write again after the last count, with yes or no."
    )
    [not_yet] = told(lines, "c0", "on")
    assert not_yet == (
        "It is on across the city: One day for the rent freeze · New York\n"
        "Café, North does not walk out on Sat 12 Dec 2026, 09:00 unless it reaches its number by "
        "Tue 8 Dec 2026, 20:00. Work as usual.\n"
        "I write again after the last count, with yes or no."
    )
    assert "555-0100" not in not_yet
    assert not {"on", "called_off"} & set(kinds([*to(lines, "d2"), *to(lines, "s0")]))
    assert all("Your address is deleted within two days." in text for text in told(lines, "c0", "called_off"))
    # the room hears before them
    order = [line.get("room") or line["to"] for line in lines if line.get("kind") == "on"]
    assert order[0] == "#city"


def test_a_workplace_short_at_the_deadline_is_told_not_to_go(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=6)).cards
    lines = play.console(
        *OPEN,
        *pledging("s", cards["School"][:1]),
        *asking("s", 1),
        "!clock 2026-12-08T19:30:00-05:00",
        *pledging("d", cards["Depot"][:6]),
        "!tally",
    )
    [text] = told(lines, "s0", "on")
    assert text.endswith(
        "School did not reach its number. School does NOT walk out on Sat 12 Dec 2026, 09:00. Go to work as usual. "
        "Nobody learns who pledged."
    )


def test_who_asked_is_told_that_it_is_not_now(play: Play) -> None:
    cards = play.prepare().cards
    lines = play.console(*OPEN, *pledging("d", cards["Depot"][:1]), *asking("d", 1), "!clock 2026-12-09T00:00:00-05:00")
    [text] = told(lines, "d0", "lapsed")
    assert text.startswith("Not now. One day for the rent freeze")
    assert not any(letter.isdigit() for letter in text)


def test_it_is_kept_only_after_one_sentence_and_yes(play: Play) -> None:
    cards = play.prepare().cards
    lines = play.console(
        *OPEN,
        *pledging("d", cards["Depot"][:1]),
        f"@d0 {ASK}",
        "@d0 [No]",
        "@d0 [Check]",
        "!wait",
        *sure("@olga /calloff"),
        "!wait",
    )
    assert kinds(to(lines, "d0"))[2:] == ["notice_terms", "status", "status"]
    offer = to(lines, "d0")[2]
    assert offer["buttons"] == ["Yes, tell me", "No"]
    assert "encrypted. I delete them when the walkout is closed" in offer["text"]
    assert "yes or no for your workplace" in offer["text"]
    assert [line["buttons"] for line in to(lines, "d0")[3:]] == [PLEDGED_BUTTONS] * 2


def test_it_can_be_deleted_and_goes_with_the_pledge(play: Play) -> None:
    cards = play.prepare().cards
    lines = play.console(
        *OPEN,
        *pledging("d", cards["Depot"][:2]),
        *asking("d", 2),
        f"@d0 {STOP}",
        "@d1 [Withdraw]",
        "@d1 [Pledge]",
        "@d1 [Check]",
        "!wait",
        *sure("@olga /calloff"),
        "!wait",
    )
    assert kinds(to(lines, "d0"))[3:] == ["notice", "no_notice"]
    assert kinds(to(lines, "d1"))[3:] == ["notice", "withdrawn", "pledged", "status"]
    assert [line["buttons"] for line in to(lines, "d1")[3:]] == [
        TOLD_BUTTONS,
        WITHDRAWN_BUTTONS,
        PLEDGED_BUTTONS,
        PLEDGED_BUTTONS,
    ]


def test_without_cards_it_works_as_well(play: Play) -> None:
    play.draft(terms(entry="open", citywide_threshold=5), roster([("Depot", 10, 5)]))
    crew = [f"p{n}" for n in range(5)]
    lines = play.console(
        *OPEN,
        *(line for name in crew for line in (f"@{name} /pledge Depot", f"@{name} [Pledge]")),
        f"@p0 {ASK}",
        f"@p0 {YES}",
        f"@p1 {ASK}",
        f"@p1 {YES}",
        "@p1 /withdraw",
        "@p1 /pledge Depot",
        "@p1 [Pledge]",
        "!wait",
        "!tally",
    )
    assert errors(lines) == []
    assert to(lines, "p0")[0]["buttons"] == TERMS_BUTTONS
    assert kinds(to(lines, "p0"))[2:] == ["notice_terms", "notice", "on"]
    assert "on" not in kinds(to(lines, "p1"))


def test_the_store_holds_no_account_of_who_asked(play: Play) -> None:
    cards = play.prepare().cards
    name = "rosalind-of-the-depot"
    play.console(*OPEN, f"@{name} {cards['Depot'][0]}", f"@{name} [Pledge]", f"@{name} {ASK}", f"@{name} {YES}")
    content = (play.data / DATABASE).read_bytes()
    assert name.encode() not in content
    assert cards["Depot"][0].replace("-", "").encode() not in content


# ---- clearing a chat


def test_a_chat_is_cleared_only_after_the_warning_and_its_buttons_are_gone(play: Play) -> None:
    cards = play.prepare().cards
    lines = play.console(
        *OPEN,
        *pledging("d", cards["Depot"][:1]),
        "@d0 [Clear this chat]",
        "@d0 [Keep]",
        "@d0 [Clear this chat]",
        "@d0 [Clear now]",
        "@d0 [Check]",
        "!wait",
        f"@d0 /status {cards['Depot'][0]}",
        status=None,
    )
    said = to(lines, "d0")
    assert kinds(said)[2:] == ["clear_warning", "status", "clear_warning", "cleared", "status"]
    assert said[2]["buttons"] == ["Clear now", "Keep"]
    assert "you need the card itself" in said[2]["text"]
    assert "Your pledge stands." in said[-1]["text"]
    assert len(errors(lines)) == 1


@pytest.mark.parametrize("entry", ["cards", "open"])
def test_before_pledging_a_chat_can_be_cleared_as_well(play: Play, entry: str) -> None:
    drafted = play.draft(terms(entry=entry)) if entry == "open" else play.prepare()
    first = "/pledge Depot" if isinstance(drafted, str) else drafted.cards["Depot"][0]
    lines = play.console(
        *OPEN, f"@ana {first}", "@ana [Clear this chat]", "@ana [Keep]", "@ana [Clear this chat]", "@ana [Clear now]"
    )
    assert to(lines, "ana")[0]["buttons"] == TERMS_BUTTONS
    assert kinds(to(lines, "ana")) == [
        "terms",
        "clear_warning",
        "terms" if entry == "cards" else "done",
        "clear_warning",
        "cleared",
    ]
    warning = to(lines, "ana")[1]["text"]
    assert ("you need the card itself" in warning) is (entry == "cards")


def test_a_letter_that_came_by_itself_has_the_button(play: Play) -> None:
    cards = play.prepare().cards
    lines = play.console(
        *OPEN,
        *pledging("d", cards["Depot"][:1]),
        *asking("d", 1),
        "!wait",
        *sure("@olga /calloff"),
        "!wait",
        "@d0 [Clear this chat]",
        "@d0 [Keep]",
        "@d0 [Clear this chat]",
        "@d0 [Clear now]",
    )
    assert kinds(to(lines, "d0"))[4:] == ["called_off", "clear_warning", "done", "clear_warning", "cleared"]


def test_privacy_and_terms_say_what_a_notice_is(play: Play) -> None:
    cards = play.prepare().cards
    lines = play.console(*OPEN, "@ana /privacy", f"@ana {cards['Depot'][0]}")
    privacy, shown = (line["text"] for line in to(lines, "ana"))
    assert "Only if you press “Tell me”: your address" in privacy
    assert "unless you ask to be told" in shown
