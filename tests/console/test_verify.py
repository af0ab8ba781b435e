"""Anti-rumour, as people use it: a reference under everything a room hears, and /verify for whoever asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.catalogues import learn_esperanto
from tests.console.play import (
    Line,
    Play,
    bare,
    heard,
    kinds,
    pledging,
    reference,
    sure,
    terms,
    to,
)
from tests.console.test_rooms import CALLED_OFF

ROOMS = ["@olga /room citywide #city", "@olga /room Depot #depot", "@olga /room School #school", "!wait"]
OPEN = [*ROOMS, *sure("@olga /open"), "!wait"]
NOT_SAID = (
    "I do not know this reference. First check it letter by letter. If it is right, I have not said this: "
    "do not pass it on."
)


def verified(play: Play, *typed: str, now: str = "2026-12-03T08:00:00-05:00") -> list[Line]:
    lines = play.console(*(f"@ana /verify {each}" for each in typed), now=now, organizers=())
    return to(lines, "ana")


def test_whoever_has_the_reference_learns_when_it_was_said_and_the_words(play: Play) -> None:
    play.prepare()
    lines = play.console(*OPEN)
    [opened] = heard(lines, "#city", "opened")
    [answer] = verified(play, reference(opened))
    assert answer["kind"] == "verified"
    lead, *words, warning = answer["text"].split("\n\n")
    assert lead == "I said this on Tue 1 Dec 2026, 08:00 in the citywide rooms of One day for the rent freeze:"
    assert "\n\n".join(words) == opened
    assert warning == "Whatever was added or changed is not from me. Do not pass that on."
    [about] = heard(lines, "#city", "opened")
    assert about.endswith(f"Ref {reference(about)} · check it: /verify")


def test_a_copy_that_is_passed_on_does_not_lead_to_the_workplace_it_came_from(play: Play) -> None:
    play.prepare()
    lines = play.console(*OPEN)
    texts = [heard(lines, room, "opened")[0] for room in ("#city", "#depot", "#school")]
    assert len({reference(text) for text in texts}) == 3
    for text in texts[1:]:
        [answer] = verified(play, reference(text))
        assert "in one workplace's own rooms, about One day for the rent freeze:" in answer["text"]
        assert "Depot" not in answer["text"]
        assert "School" not in answer["text"]


def test_rooms_of_the_same_scope_hear_the_same_reference(play: Play) -> None:
    play.prepare()
    lines = play.console("@olga /room citywide #second", *OPEN)
    first, second = (heard(lines, room, "opened")[0] for room in ("#city", "#second"))
    assert first == second


def test_a_reference_is_forgiven_blanks_dashes_case_and_letters_that_look_alike(play: Play) -> None:
    play.prepare()
    lines = play.console(*OPEN)
    plain = reference(heard(lines, "#city", "opened")[0])
    typed = [
        plain.lower(),
        plain.replace("-", ""),
        plain.replace("-", " "),
        " ".join(plain),
        plain.replace("0", "O").replace("1", "I"),
        plain.replace("0", "o").replace("1", "l"),
        plain.replace("-", "–"),  # noqa: RUF001  phones make dashes longer
    ]
    assert kinds(verified(play, *typed)) == ["verified"] * len(typed)


def test_what_was_never_said_gets_one_answer(play: Play) -> None:
    play.prepare()
    lines = play.console(*OPEN)
    known = reference(heard(lines, "#city", "opened")[0])
    wrong = ("Z" if known[-1] != "Z" else "Y").join([known[:-1], ""])
    typed = [wrong, f"Ref {wrong} · check it: /verify", "K7M3-QX2P", "is K7M3-QX2P true?", "2026-2027"]
    answers = verified(play, *typed)
    assert [(line["kind"], line["text"]) for line in answers] == [("not_said", NOT_SAID)] * len(typed)


def test_nothing_is_denied_where_no_reference_was_sent(play: Play) -> None:
    play.prepare()
    typed = ["K7M3", "k7m3qx2pk7m3", "UUUU-UUUU", "🧹" * 8, "no card " * 3, "0" * 20, "HOSPITAL", "is it on TOMORROW?"]
    answers = verified(play, *typed)
    assert kinds(answers) == ["no_reference"] * len(typed)
    assert all("Check it letter by letter" in line["text"] for line in answers)


def test_the_line_under_an_announcement_is_checked_however_it_is_sent(play: Play) -> None:
    play.prepare()
    [opened] = heard(play.console(*OPEN), "#city", "opened")
    ref = reference(opened)
    line = f"Ref {ref} · check it: /verify"
    typed = [f"/verify Ref {ref}", f"/verify {ref}?", f"/verify {ref} please", f"/verify {line}", ref, f"“{ref}”", line]
    typed += [f"\u2068{ref}\u2069", f"Is this true? {opened.split(chr(10))[0]} Ref {ref}", f"`/verify {ref}`"]
    lines = play.console(*(f"@ana {each}" for each in typed), organizers=())
    assert kinds(to(lines, "ana")) == ["verified"] * len(typed)


def test_a_word_is_no_reference_and_one_that_was_never_given_is_denied(play: Play) -> None:
    play.prepare()
    lines = play.console(*(f"@ana {each}" for each in ("HOSPITAL", "TOMORROW", "LONG-TERM", "2026-2027", "K7M3-QX2P")))
    assert kinds(to(lines, "ana")) == ["not_understood"] * 4 + ["not_said"]


def test_without_a_reference_one_is_asked_for(play: Play) -> None:
    lines = play.console("@ana /verify", "@ana /help")
    asked, listed = to(lines, "ana")
    assert (asked["kind"], "such as /verify K7M3-QX2P" in asked["text"]) == ("help", True)
    assert "/verify REF: ask whether an announcement is really mine" in listed["text"]


def test_it_can_be_verified_after_the_walkout_is_closed_and_its_secrets_are_destroyed(play: Play) -> None:
    walkout = play.prepare()
    lines = play.console(*OPEN, *sure("@olga /calloff"), "!wait", "!clock 2026-12-05T08:00:00-05:00", "@olga /walkouts")
    assert "closed" in to(lines, "olga")[-1]["text"]
    [said] = heard(lines, "#depot", "called_off")
    [answer, *others] = verified(play, reference(said), walkout.id, now="2028-01-01T00:00:00-05:00")
    assert answer["kind"] == "verified"
    assert said in answer["text"]
    assert kinds(others) == ["no_reference"]


def test_what_people_are_told_privately_has_no_reference_and_cannot_be_verified(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=40, approvals=2)).cards
    lines = play.console(
        *ROOMS,
        *sure("@olga /open"),
        "!wait",
        *sure("@omar /open"),
        "!wait",
        *pledging("d", cards["Depot"][:6]),
        "!tally",
    )
    private = [line for line in lines if "to" in line]
    assert {"proposal", "workplaces_ready"} <= set(kinds(private))
    assert not [line["text"] for line in private if "Ref " in line["text"] or "/verify" in line["text"]]
    [ready] = heard(lines, "#depot", "workplace_ready")
    [answer] = verified(play, reference(ready))
    assert ready in answer["text"]
    assert "workplaces have" not in answer["text"]


def test_news_that_no_room_heard_was_not_said_and_has_no_words(play: Play) -> None:
    play.prepare()
    lines = play.console("@olga /room citywide #city", *sure("@olga /open"), "!wait")  # the workplaces have no room
    [said] = heard(lines, "#city", "opened")
    assert "Ref " in said
    [answer] = verified(play, reference(said))
    assert answer["text"].count("Ref ") == 1


def test_each_language_in_which_it_was_said_is_shown(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn_esperanto(
        tmp_path,
        monkeypatch,
        {
            CALLED_OFF: "Nuligita: {headline}.",
            "Ref {reference} · check it: /verify": "Ref {reference} · kontrolu: /verify",
        },
    )
    play.prepare()
    lines = play.console("@olga /room citywide eo #urbo", *OPEN, *sure("@olga /calloff"), "!wait")
    [there] = heard(lines, "#urbo", "called_off")
    [here] = heard(lines, "#city", "called_off")
    assert there.startswith("Nuligita: One day for the rent freeze · New York.\n\nRef ")
    assert there.endswith(f"Ref {reference(here)} · kontrolu: /verify")  # one reference for both
    [answer] = verified(play, reference(here))
    assert f"English:\n{here}" in answer["text"]
    assert f"eo:\n{there}" in answer["text"]


def test_the_words_that_are_shown_are_those_that_were_said_and_nothing_else(play: Play) -> None:
    cards = play.prepare(terms(citywide_threshold=6)).cards
    lines = play.console(*OPEN, *pledging("d", cards["Depot"][:6]), "!tally", *sure("@olga /calloff"), "!wait")
    said = [line["text"] for line in lines if "room" in line]
    assert len(said) == 9  # opened, on, called off; in three rooms each
    answers = verified(play, *map(reference, said))
    for text, answer in zip(said, answers, strict=True):
        _lead, _blank, shown = answer["text"].partition("\n\n")
        assert shown.startswith(f"{text}\n\n")
        assert sum(bare(other) in answer["text"] for other in {bare(each) for each in said}) == 1
