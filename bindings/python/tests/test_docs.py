"""The examples of the documentation run, and what is public has some."""

from __future__ import annotations

import doctest
import importlib
import inspect

import pytest

import tidegate

MODULES = ["tidegate", "tidegate._client", "tidegate._codes", "tidegate._errors", "tidegate._records"]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    done = doctest.testmod(module, verbose=False)
    assert done.failed == 0
    assert done.attempted > 0


def test_examples_of_the_native_classes() -> None:
    finder, runner = doctest.DocTestFinder(exclude_empty=True), doctest.DocTestRunner()
    for each in (tidegate.Engine, tidegate.Context, tidegate.Gate, tidegate.Feature, tidegate.Decision, tidegate.View):
        found = finder.find(each, each.__name__)
        assert found, each
        for example in found:
            runner.run(example)
    assert runner.summarize(verbose=False).failed == 0


def test_everything_public_is_documented() -> None:
    for name in tidegate.__all__:
        each = getattr(tidegate, name)
        if not inspect.isclass(each):
            continue
        assert each.__doc__, name
        for member, value in vars(each).items():
            documented = callable(value) or isinstance(value, property) or inspect.isgetsetdescriptor(value)
            if not member.startswith("_") and documented:
                assert value.__doc__, f"{name}.{member}"
