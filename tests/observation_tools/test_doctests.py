"""The whole floor: its examples are true, its things say what they are, its data are frozen."""

import dataclasses
import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

import observation_tools

NAMES = sorted(one.name for one in pkgutil.walk_packages(observation_tools.__path__, "observation_tools."))
WITHOUT_EXAMPLES = {"observation_tools.agreement", "observation_tools.agreement.result"}


def module(name: str) -> ModuleType:
    return importlib.import_module(name)


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_true(name: str) -> None:
    outcome = doctest.testmod(module(name))
    assert outcome.failed == 0
    assert (outcome.attempted > 0) == (name not in WITHOUT_EXAMPLES), f"{outcome.attempted} examples"


@pytest.mark.parametrize("name", [observation_tools.__name__, *NAMES])
def test_every_public_thing_says_what_it_is(name: str) -> None:
    home = module(name)
    assert home.__doc__
    for word, thing in vars(home).items():
        if not word.startswith("_") and getattr(thing, "__module__", None) == name and callable(thing):
            assert thing.__doc__, f"{name}.{word}"
            assert not thing.__doc__.startswith(f"{word}("), f"{name}.{word} has only a generated docstring"


@pytest.mark.parametrize("name", NAMES)
def test_what_a_module_offers_is_there(name: str) -> None:
    home = module(name)
    assert not [word for word in getattr(home, "__all__", []) if not hasattr(home, word)]


def test_all_data_are_frozen() -> None:
    kinds = {thing for name in NAMES for thing in vars(module(name)).values() if isinstance(thing, type)}
    data = [kind for kind in kinds if dataclasses.is_dataclass(kind)]
    assert len(data) >= 12
    for kind in data:
        assert kind.__dataclass_params__.frozen, kind
        assert "__slots__" in vars(kind), kind
