"""Whether another bot uses our token: as a table, and in every order in which bots can start, be cut off and look."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from bot.domain.fence import NOTHING, Epochs, is_foreign, read, renewed

A, B, C, D = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)


@pytest.mark.parametrize(
    ("ours", "found", "foreign"),
    [
        (Epochs(), NOTHING, False),  # the very first start
        (Epochs(), A, True),  # an empty folder, and a bot that has run before
        (Epochs(next=A), NOTHING, False),  # cut off before it was written
        (Epochs(next=A), A, False),  # or after
        (Epochs(seen=A, next=B), A, False),
        (Epochs(seen=A, next=B), B, False),
        (Epochs(seen=A, next=B), NOTHING, False),  # somebody has cleared it
        (Epochs(seen=A, next=B), C, True),
    ],
)
def test_only_a_third_value_is_another_bots(ours: Epochs, found: str, foreign: bool) -> None:  # noqa: FBT001
    assert is_foreign(ours, found) is foreign


@pytest.mark.parametrize(
    ("ours", "found", "after"),
    [
        (Epochs(), NOTHING, Epochs(next=D)),
        (Epochs(seen=A, next=B), B, Epochs(seen=B, next=D)),
        (Epochs(seen=A, next=B), A, Epochs(seen=A, next=D)),  # what was to follow never arrived
        (Epochs(seen=A, next=B), NOTHING, Epochs(seen=A, next=D)),
        (Epochs(seen=A, next=B), C, Epochs(seen=C, next=D)),  # another's, and taken over
    ],
)
def test_what_is_found_stays_ours_until_what_follows_is_found(ours: Epochs, found: str, after: Epochs) -> None:
    assert renewed(ours, found, D) == after
    assert not is_foreign(after, found)
    assert not is_foreign(after, D)


@pytest.mark.parametrize(
    ("ours", "found", "follows"),
    [
        (Epochs(seen=A, next=B), B, D),
        (Epochs(seen=A, next=B), A, B),  # it may still come, and after D it would be a stranger's
        (Epochs(next=B), NOTHING, B),
    ],
)
def test_what_may_be_under_way_is_written_again_and_nothing_newer(ours: Epochs, found: str, follows: str) -> None:
    assert renewed(ours, found, D, under_way=True).next == follows


@pytest.mark.parametrize("text", ["", "Pledge with your workmates.", A[:-1], A + "a", A.upper(), f" {A}"])
def test_what_is_no_epoch_is_nothing(text: str) -> None:
    assert read(A) == A
    assert read(text) == NOTHING


# --- every order of steps ---


@dataclass(frozen=True)
class Bot:
    """What a bot keeps, and how far it has come: each step may be its last before it starts anew."""

    kept: Epochs = field(default_factory=Epochs)
    step: str = "down"  #: down, found, kept, runs, held
    found: str = NOTHING


@dataclass(frozen=True)
class World:
    """Two bots with one token, the second a copy; and the one place."""

    bots: tuple[Bot, ...]
    place: str = NOTHING
    made: int = 0  #: epochs so far


def moves(world: World) -> list[tuple[int, World]]:
    """All that can happen next, and to which bot."""
    return [(number, after) for number in range(len(world.bots)) for after in _moves(world, number)]


def _moves(world: World, number: int) -> list[World]:
    bot = world.bots[number]

    def becomes(after: Bot, **more: object) -> World:
        bots = (*world.bots[:number], after, *world.bots[number + 1 :])
        return replace(world, bots=bots, **more)  # type: ignore[arg-type]

    killed = [] if bot.step == "down" else [becomes(replace(bot, step="down"))]
    match bot.step:
        case "down" | "runs":
            stopped = is_foreign(bot.kept, world.place)
            return [*killed, becomes(replace(bot, step="held" if stopped else "found", found=world.place))]
        case "found":
            kept = renewed(bot.kept, bot.found, f"{world.made:032x}")
            return [*killed, becomes(replace(bot, kept=kept, step="kept"), made=world.made + 1)]
        case "kept":
            return [*killed, becomes(replace(bot, step="runs"), place=bot.kept.next)]
    return killed


def reached(world: World, steps: int) -> set[World]:
    """Every world that can come of this one."""
    seen = latest = {world}
    for _ in range(steps):
        latest = {after for before in latest for _, after in moves(before)} - seen
        seen = seen | latest
    return seen


def test_a_bot_alone_is_never_stopped_wherever_it_is_cut_off() -> None:
    worlds = reached(World(bots=(Bot(),)), steps=24)
    assert len(worlds) > 100
    assert {bot.step for world in worlds for bot in world.bots} == {"down", "found", "kept", "runs"}


def test_of_a_bot_and_its_copy_that_both_look_again_one_at_most_goes_on() -> None:
    """Whenever the copy was made, and however their starts mingle: two looks after the last, one of them is stopped."""
    alone = reached(World(bots=(Bot(),)), steps=8)
    both = {replace(world, bots=(world.bots[0], replace(world.bots[0], step="down"))) for world in alone}
    ran = {later for world in both for later in reached(world, steps=7)}
    running = [world for world in ran if all(bot.step == "runs" for bot in world.bots)]
    assert running  # as long as neither has looked again
    for world in running:
        for order in ((0, 1, 0), (1, 0, 1)):
            assert any(bot.step == "held" for bot in _looked(world, order).bots)


def _looked(world: World, order: tuple[int, ...]) -> World:
    """Let each look once more, and write where it finds nothing against it."""
    for number in order:
        for _ in range(3):
            if world.bots[number].step != "held":
                *_, world = _moves(world, number)
            if world.bots[number].step == "runs":
                break
    return world
