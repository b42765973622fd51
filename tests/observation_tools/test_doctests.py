"""Every example in the documentation of the craft does what it says."""

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
