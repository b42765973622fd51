"""The machines move as the product says, and two phones that disagree always come to one state."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observation_tools import states
from observation_tools.errors import StateMachineError, UnknownStateError
from observation_tools.state_machine import Move, StateMachine, machine
from observation_tools.states import CYCLE, INVITATION, MACHINES, NOTE, SEAT, SUBMISSION, VISIT

LIVES = [
    ("invitation", "draft open full open full closed"),
    ("invitation", "open cancelled"),
    ("invitation", "full cancelled"),
    ("invitation", "open expired"),
    ("pause", "asked kept lifted kept asked lifted asked"),
    ("seat", "invited accepted attended"),
    ("seat", "invited tentative accepted missed"),
    ("seat", "tentative declined accepted withdrawn accepted"),
    ("seat", "invited declined"),
    ("seat", "waitlisted accepted withdrawn waitlisted withdrawn"),
    ("visit_request", "sent accepted"),
    ("visit_request", "sent declined"),
    ("visit_request", "sent expired"),
    ("visit_request", "sent withdrawn"),
    ("visit", "planned under_way captured shared debriefed closed"),
    ("visit", "planned cancelled"),
    ("visit", "captured lapsed"),
    ("note", "draft shared released retracted released"),
    ("note", "draft expired"),
    ("walk", "planned walking debriefing published"),
    ("walk", "planned cancelled"),
    ("walk", "walking cancelled"),
    ("walk", "debriefing cancelled"),
    ("instrument_version", "draft published superseded retired"),
    ("debrief", "proposed scheduled held closed"),
    ("next_step", "chosen tried kept"),
    ("next_step", "tried changed"),
    ("next_step", "tried let_go"),
    ("cycle", "scanning focusing learning acting checking scanning"),
    ("cycle", "checking focusing"),
    ("cycle", "checking learning"),
    ("cycle", "checking acting checking shared"),
    ("cycle", "checking closed"),
    ("assumption", "held questioned let_go"),
    ("assumption", "questioned affirmed"),
    ("finding", "draft shared withdrawn"),
    ("studio", "proposed open running harvesting closed"),
    ("studio_member", "invited enrolled active completed"),
    ("studio_member", "active left"),
    ("studio_member", "invited declined"),
    ("coaching_relation", "offered agreed active ended"),
    ("goal", "draft active met"),
    ("goal", "active changed"),
    ("goal", "active let_go"),
    ("priority", "draft active tackled"),
    ("priority", "active let_go"),
    ("media", "declared uploading uploaded verified ready expiring deleted"),
    ("media", "declared abandoned"),
    ("media", "declared uploading abandoned"),
    ("media", "verified quarantined"),
    ("media", "ready incident_hold ready"),
    ("media", "ready incident_hold expiring deleted"),
    ("submission", "draft submitted assigned in_review returned submitted"),
    ("submission", "in_review earned issued revoked"),
    ("submission", "draft withdrawn"),
    ("submission", "submitted withdrawn"),
]

BORN = {
    "invitation": ("draft", "open"),
    "seat": ("invited", "accepted", "tentative", "declined", "waitlisted"),
    "visit": ("planned", "under_way", "captured"),
    "note": ("draft", "shared"),
    "debrief": ("proposed", "scheduled", "held"),
}

machines = st.sampled_from(sorted(MACHINES.values(), key=lambda one: one.name))


@st.composite
def a_machine_and_two_states(draw: st.DrawFn) -> tuple[StateMachine, str, str]:
    chosen = draw(machines)
    return chosen, draw(st.sampled_from(chosen.states)), draw(st.sampled_from(chosen.states))


def steps_of(life: str) -> list[Move]:
    names = life.split()
    return list(pairwise(names))


@pytest.mark.parametrize(("name", "life"), LIVES)
def test_each_life_of_the_product_can_be_lived(name: str, life: str) -> None:
    for before, after in steps_of(life):
        assert MACHINES[name].may_move(before, after), f"{name}: {before} > {after}"


@pytest.mark.parametrize("name", MACHINES)
def test_no_move_is_legal_that_no_life_has(name: str) -> None:
    lived = {step for which, life in LIVES if which == name for step in steps_of(life)}
    assert MACHINES[name].moves == lived


def test_every_machine_has_its_name_as_a_constant() -> None:
    assert {name.upper(): one for name, one in MACHINES.items()} == {
        name: one for name, one in vars(states).items() if isinstance(one, StateMachine)
    }
    assert set(MACHINES) == {name for name, _ in LIVES}


@pytest.mark.parametrize("name", MACHINES)
def test_a_record_is_born_where_the_product_says(name: str) -> None:
    assert MACHINES[name].entry == BORN.get(name, (MACHINES[name].initial,))


def test_the_table_of_machines_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        MACHINES["note"] = SEAT
    with pytest.raises(AttributeError):
        NOTE.entry = ("released",)


def test_a_machine_is_what_was_declared() -> None:
    again = machine("finding", "draft > shared", "shared > withdrawn")
    assert again == states.FINDING
    assert {again: "found"}[states.FINDING] == "found"
    assert again != machine("finding", "draft > shared > withdrawn", entry="draft | shared")
    assert repr(again) == (
        "StateMachine(name='finding', edges=(('draft', 'shared'), ('shared', 'withdrawn')), entry=('draft',))"
    )


def test_states_stand_in_the_order_of_their_declaration() -> None:
    assert VISIT.states == (
        "planned", "under_way", "captured", "shared", "debriefed", "closed", "cancelled", "lapsed",
    )  # fmt: skip
    assert VISIT.initial == "planned"


@pytest.mark.parametrize(
    ("one", "start", "goal", "way"),
    [
        (VISIT, "planned", "shared", "planned under_way captured shared"),
        (SEAT, "invited", "attended", "invited accepted attended"),
        (SEAT, "waitlisted", "missed", "waitlisted accepted missed"),
        (CYCLE, "checking", "acting", "checking acting"),
        (NOTE, "shared", "shared", "shared"),
    ],
)
def test_moves_made_offline_are_taken_together(one: StateMachine, start: str, goal: str, way: str) -> None:
    assert one.path(start, goal) == tuple(steps_of(way))


@pytest.mark.parametrize(
    ("one", "start", "goal"),
    [(VISIT, "shared", "captured"), (NOTE, "expired", "shared"), (VISIT, "cancelled", "under_way")],
)
def test_there_is_no_way_back(one: StateMachine, start: str, goal: str) -> None:
    assert one.path(start, goal) is None
    assert not one.may_move(start, goal)


def test_a_jump_is_one_move_only_when_declared() -> None:
    assert not VISIT.may_move("planned", "captured")
    assert VISIT.may_move("captured", "captured")


def test_an_actor_goes_only_where_she_may() -> None:
    def guest(move: Move) -> bool:
        return move[1] not in {"accepted", "attended"}

    assert SEAT.path("waitlisted", "attended") is not None
    assert SEAT.path("waitlisted", "attended", guest) is None
    assert SEAT.path("waitlisted", "withdrawn", guest) == (("waitlisted", "withdrawn"),)
    assert SEAT.path("accepted", "accepted", guest) == ()


def test_an_actor_takes_the_long_way_when_the_short_one_is_not_hers() -> None:
    fork = machine("fork", "here > there", "here > around > there")
    assert fork.path("here", "there") == (("here", "there"),)
    assert fork.path("here", "there", lambda move: move != ("here", "there")) == (
        ("here", "around"),
        ("around", "there"),
    )


@pytest.mark.parametrize(
    ("one", "state", "depth"),
    [
        (SEAT, "invited", 0),
        (SEAT, "waitlisted", 0),
        (SEAT, "accepted", 1),
        (SEAT, "withdrawn", 1),
        (SEAT, "attended", 2),
        (VISIT, "captured", 2),
        (INVITATION, "full", 2),
        (SUBMISSION, "submitted", 1),
        (SUBMISSION, "returned", 4),
    ],
)
def test_depth_counts_moves_from_a_beginning(one: StateMachine, state: str, depth: int) -> None:
    assert one.depth(state) == depth


@pytest.mark.parametrize(
    ("one", "stands", "arrives", "holds"),
    [
        (VISIT, "under_way", "shared", "shared"),
        (VISIT, "shared", "under_way", "shared"),
        (VISIT, "cancelled", "under_way", "cancelled"),
        (VISIT, "under_way", "cancelled", "under_way"),
        (NOTE, "expired", "shared", "expired"),
        (INVITATION, "open", "full", "full"),
        (INVITATION, "full", "open", "full"),
        (SEAT, "accepted", "waitlisted", "accepted"),
        (SEAT, "waitlisted", "accepted", "accepted"),
        (SEAT, "declined", "accepted", "accepted"),
        (CYCLE, "scanning", "checking", "checking"),
        (SUBMISSION, "submitted", "returned", "returned"),
    ],
)
def test_of_two_states_the_further_one_holds(
    one: StateMachine, stands: str, arrives: str, holds: str
) -> None:
    assert one.furthest(stands, arrives) == holds


def test_in_a_loop_of_equal_depth_what_stands_stays() -> None:
    turn = machine("turn", "start > left | right", "left > right > left")
    assert turn.furthest("left", "right") == "left"
    assert turn.furthest("right", "left") == "right"


@given(a_machine_and_two_states())
def test_a_path_is_a_chain_of_legal_moves(drawn: tuple[StateMachine, str, str]) -> None:
    one, a, b = drawn
    path = one.path(a, b)
    if path is None:
        assert not one.may_move(a, b)
        return
    assert [a, *(after for _, after in path)] == [*(before for before, _ in path), b]
    assert set(path) <= one.moves
    assert (len(path) <= 1) == one.may_move(a, b)


@given(a_machine_and_two_states(), st.data())
def test_a_restricted_path_uses_allowed_moves_only(
    drawn: tuple[StateMachine, str, str], data: st.DataObject
) -> None:
    one, a, b = drawn
    allowed = data.draw(st.sets(st.sampled_from(sorted(one.moves))))
    path, free = one.path(a, b, allowed.__contains__), one.path(a, b)
    assert path is None or (set(path) <= allowed and free is not None and len(path) >= len(free))
    assert one.path(a, b, one.moves.__contains__) == free


@given(a_machine_and_two_states())
def test_the_furthest_holds_however_often_it_arrives(drawn: tuple[StateMachine, str, str]) -> None:
    one, a, b = drawn
    further = one.furthest(a, b)
    assert further in {a, b}
    assert one.furthest(further, b) == further
    assert one.furthest(a, further) == further
    assert one.furthest(a, a) == a


@given(a_machine_and_two_states())
def test_both_phones_agree_when_one_state_leads_to_the_other(drawn: tuple[StateMachine, str, str]) -> None:
    one, a, b = drawn
    onward, back = one.path(a, b) is not None, one.path(b, a) is not None
    if onward != back:
        assert one.furthest(a, b) == one.furthest(b, a) == (b if onward else a)
    elif not onward:
        assert one.furthest(a, b) == a


@given(a_machine_and_two_states())
def test_one_move_goes_one_deeper_at_most(drawn: tuple[StateMachine, str, str]) -> None:
    one, a, b = drawn
    if one.may_move(a, b):
        assert one.depth(b) <= one.depth(a) + 1


@pytest.mark.parametrize(
    "question",
    [
        lambda: NOTE.may_move("draft", "shred"),
        lambda: NOTE.path("shred", "draft"),
        lambda: NOTE.depth("shred"),
        lambda: NOTE.furthest("shred", "shred"),
        lambda: machine("note", "draft > shared", entry="shred"),
    ],
)
def test_an_unknown_state_is_told_with_the_nearest_ones(question: object) -> None:
    with pytest.raises(UnknownStateError, match=r"^note: no state 'shred'; did you mean shared\?$"):
        question()


@pytest.mark.parametrize("line", ["draft", "", "draft >", "> draft", "draft > | open", "a > > b"])
def test_a_line_that_says_no_move_is_refused(line: str) -> None:
    with pytest.raises(
        StateMachineError, match=r"^door: cannot read .*; write it as 'draft > open \| closed'$"
    ):
        machine("door", line)


def test_a_machine_without_lines_is_refused() -> None:
    with pytest.raises(StateMachineError, match=r"^door: no lines; write at least one move, such as"):
        machine("door")
