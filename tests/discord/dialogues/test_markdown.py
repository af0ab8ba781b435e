"""Whatever people call things, Discord shows what they typed, and nobody is called by it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from handlers.discord.markdown import messages, plain
from tests.console.play import bare
from tests.discord.dialogues.house import HOUR, LONGEST_TEXT, House
from tests.discord.dialogues.reading import shown
from tests.fixed import TERMS_BUTTONS

NAMES = [
    "@everyone",
    "@here now",
    "**bold** _italic_ __under__ ~~struck~~",
    "`code` ```block```",
    "<@1> <@!2> <@&3> <#4> </start:5> <t:1700000000:R> <id:guide>",
    "# heading",
    "### heading",
    "-# small print",
    "- list",
    "* list",
    "+ list",
    "1. list",
    "12. list",
    "> quote",
    ">>> quote",
    ":smile: <:own:1> <a:own:1>",
    ":+1: 10:30:15",
    "[a](b) [text](https://example.org)",
    "||spoiler||",
    "\\*not bold\\* C:\\bin\\",
    "https://example.org/a_b_c*d*?q=~~x~~ _and_ <https://example.org>",
    "(https://example.org/a_b).",
    "https://* and * end",
    "https://example.org/a_b<@1> and https://example.org/:smile:<:own:1>",
    "::smile: :::",
    "¯\\_(ツ)_/¯",
]

WORDS = ["*", "**", "_", "__", "~~", "||", "`", "```", "\\", "#", "-#", "-", "+", ">", ">>>", "1.", " ", "\n", "  "]
WORDS += [
    "@everyone",
    "<@1>",
    ":smile:",
    "[a](b)",
    "https://example.org/a_b",
    "https://",
    "a",
    "b1",
    ".",
    ":",
    "<",
    "(",
]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_shows_as_it_was_typed(name: str) -> None:
    assert "[[" in shown(name) or plain(name).replace("\\", "") == name.replace("\\", "")
    assert shown(plain(name)) == name
    assert shown(plain(f"before {name}\n{name} after\n\n  {name}")) == f"before {name}\n{name} after\n\n  {name}"


@given(some.lists(some.sampled_from(WORDS), max_size=12).map("".join))
def test_whatever_is_typed_shows_as_it_was_typed(text: str) -> None:
    assert shown(plain(text)) == text


@given(
    some.lists(some.sampled_from([*WORDS, "x" * 700, "*" * 700, "word " * 300, "\n\n", "👩"]), max_size=12).map("".join)
)
def test_long_texts_are_cut_into_messages_that_discord_takes_and_nothing_is_lost(text: str) -> None:
    cut = messages(f"{text}.")
    assert all(len(message.encode("utf-16-le")) // 2 <= LONGEST_TEXT and message.strip() for message in cut)
    read = "".join(map(shown, cut))
    if "https://" not in text:  # a link that is cut in two is none any more
        assert "".join(read.split()) == "".join(f"{text}.".split())


async def test_a_walkout_shows_its_names_as_they_were_typed_wherever_they_appear(house: House) -> None:
    title, city_name, notice = "@everyone **out** now", "# New_York_", "- Ask `your` steward.\n1. Twice: <@1>"
    names = NAMES[:12]
    city = await house.city(
        tuple((name, 20, 5, "at the __gate__") for name in names),
        title=title,
        city=city_name,
        demands=NAMES[12:],
        legal_notice=notice,
        on_the_day="https://example.org/on_the_day\n> be there",
        citywide_threshold=5,
    )
    olga, ana = await house.organizer(), house.somebody("ana")
    for name in names:
        room = house.server.create_text_channel("room")
        olga.channel = room
        bound = await olga.slash("organize room", scope=name)
        assert f"hears the news of {name} from now on" in shown(bound.text)
    listed = shown((await olga.slash("organize rooms")).text)
    assert all(f": {name}" in listed for name in names)

    terms = shown((await ana.slash("start", card=city.take("@everyone"))).text)
    assert terms.startswith(f"{title} · {city_name}\n\nWe want:\n")
    assert all(f"• {demand}\n" in terms for demand in NAMES[12:])
    assert "You would pledge for @everyone." in terms
    assert notice in terms
    assert "[[" not in terms

    olga.channel = house.channel
    await olga.slash("organize room", scope="citywide")
    await house.stand(city, "@everyone", 5)
    await house.due(HOUR)
    [on] = house.posted(house.channel)
    assert shown(on).startswith(f"It is on. {title} · {city_name}\n")
    assert "\nhttps://example.org/on_the_day\n> be there\nOthers can still join" in bare(shown(on))
    first = await olga.slash("organize board")
    board = shown(first.text)
    assert f"{title} ({city.walkout}): on" in board
    both = board + shown((await olga.press(first.last, "Next")).text)
    assert all(f"\n{name}\n" in both for name in names)
    assert not [message for message in house.channel.history() if message.mention_everyone or message.mentions]


async def test_news_calls_nobody_and_shows_no_previews(house: House) -> None:
    city = await house.city((("@everyone", 10, 5, ""),), citywide_threshold=5)
    olga = await house.organizer()
    await olga.slash("organize room", scope="citywide")
    await house.stand(city, "@everyone", 5)
    await house.due(HOUR)
    [sent] = [
        one.json for one in house.env.http_requests if one.path == f"/channels/{house.channel.id}/messages" and one.json
    ]
    assert sent["allowed_mentions"]["parse"] == []
    assert sent["enforce_nonce"] is True
    assert len(sent["nonce"]) <= 25
    assert sent["flags"] == 4  # suppress embeds


@pytest.mark.parametrize("private", [False, True], ids=["in a server", "in the chat with the bot"])
async def test_long_terms_come_in_parts_with_the_buttons_under_the_last(house: House, *, private: bool) -> None:
    notice = "\n".join(f"Line {number} of what the lawyers say: *ask* first." for number in range(40))
    demands = [f"Demand {number} " + "x_" * 90 for number in range(12)]
    city = await house.city(legal_notice=notice, demands=demands)
    ana = house.privately("ana") if private else house.somebody("ana")
    terms = await ana.slash("start", card=city.take())
    assert len(terms.messages) > 2
    assert terms.buttons == TERMS_BUTTONS
    said = shown(terms.text)
    assert all(demand in said for demand in demands)
    assert notice in said
    assert {message.ephemeral for message in terms.messages} == {not private}

    pledged = await ana.press(terms.last, "Pledge")
    assert pledged.last.id == terms.last.id
    assert await house.standing(city) == {"School": 1}
    if private:
        parts = await house.write(ana, city.take())
        assert len(parts) > 2
        assert [bool(part.components) for part in parts] == [False] * (len(parts) - 1) + [True]


async def test_a_board_of_many_workplaces_is_one_message_whose_pages_turn_and_stays_private(house: House) -> None:
    await house.city(tuple((f"School_{number:04} of the *district*", 10, 5, "") for number in range(30)))
    olga, ana = await house.organizer(), house.somebody("ana")
    board = await olga.slash("organize board")
    pages = [shown(board.text)]
    for page in (2, 3):
        turned = await olga.press(board.last, "Next")
        assert turned.last.id == board.last.id
        assert shown(turned.text).endswith(f"Page {page} of 3")
        pages.append(shown(turned.text))
    said = "".join(pages)
    empty = "░░░░░░░░░░ fewer than 5"
    assert all(f"School_{number:04} of the *district*\n{empty}" in said for number in range(30))
    assert ana.sees() == []
