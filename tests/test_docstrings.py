"""The examples in docstrings run as they are printed."""

import doctest

import pytest

import rdpcodec
from rdpcodec import codec, editor, priors
from rdpcodec.decoder.received import Received

PUBLIC = {
    "encode": codec.encode,
    "open": codec.open,
    "decode": codec.decode,
    "load_prior": priors.load_prior,
    "trim": editor.trim,
    "Received.at": Received.at,
}


def test_every_public_function_is_covered() -> None:
    """What the package exports, and what `open` is for, all have an example."""
    assert set(PUBLIC) == {*rdpcodec.__all__, "Received.at"} - {"__version__"}


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", PUBLIC)
def test_the_example_does_what_it_says(name: str) -> None:
    """Each line of an example prints what the docstring shows."""
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner()
    (example,) = finder.find(PUBLIC[name], name, globs={})
    assert len(example.examples) >= 4, "there is no example"
    assert runner.run(example).failed == 0
