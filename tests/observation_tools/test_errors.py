"""An error says what is wrong, where, and what to do."""

import pickle

import pytest

from observation_tools import errors
from observation_tools.errors import CraftError, UnknownCodeError, nearest


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (CraftError("no code"), "no code"),
        (CraftError("no code", where="line 2"), "line 2: no code"),
        (CraftError("no code", remedy="write one"), "no code; write one"),
        (CraftError("no code", where="line 2", remedy="write one"), "line 2: no code; write one"),
    ],
)
def test_it_is_one_line_to_read(error: CraftError, text: str) -> None:
    assert str(error) == text


def test_its_parts_survive_a_journey_between_processes() -> None:
    error = pickle.loads(pickle.dumps(UnknownCodeError("no code 'X'", where="fill-plus@1", remedy="use LT")))
    assert (type(error), error.what, error.where, error.remedy) == (
        UnknownCodeError,
        "no code 'X'",
        "fill-plus@1",
        "use LT",
    )


def test_all_can_be_caught_as_one() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and kind.__module__ == errors.__name__
    ]
    assert len(kinds) >= 9
    assert all(issubclass(kind, CraftError) for kind in kinds)
    assert issubclass(CraftError, ValueError)


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("lt", "did you mean LT?"),
        ("ENDE", "did you mean END?"),
        ("nothing", "use one of LT, LQ, END"),
    ],
)
def test_advice_is_as_near_as_can_be(word: str, advice: str) -> None:
    assert nearest(word, ["LT", "LQ", "END"]) == advice
