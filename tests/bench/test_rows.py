"""The table as a file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rdpcodec.bench.rows import Row, read_rows, write_rows
from rdpcodec.errors import ISSUE, InputError, UsageError

MakeRows = Callable[..., list[Row]]


def test_csv_round_trip(tmp_path: Path) -> None:
    """Lines survive their file, empty numbers and odd names included."""
    rows = [
        Row("a,b", "jxl", "", "", 0.25, 100.0, 0.24999),
        Row('"q"', "rdpcodec", "p", "rho=1", 0.5, 2e6, 0.5, psnr=float("inf"), layers=7.0),
    ]
    path = tmp_path / "rows.csv"
    write_rows(path, rows)
    assert read_rows(path) == rows
    text = path.read_text()
    write_rows(path, read_rows(path))
    assert path.read_text() == text


@pytest.mark.parametrize("text", ["", "picture,bpp\nx,1\n", "\x00"])
def test_another_table_is_refused(tmp_path: Path, text: str) -> None:
    """A file with other columns is refused in one sentence and left alone."""
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match="expected picture,codec"):
        read_rows(path)


def test_a_line_with_words_for_numbers_is_refused(tmp_path: Path, rows_of: MakeRows) -> None:
    """The line is named."""
    path = tmp_path / "rows.csv"
    write_rows(path, rows_of("jxl"))
    path.write_text(path.read_text().replace(",100000,", ",many,"))
    with pytest.raises(UsageError, match="line 2 of"):
        read_rows(path)


def test_a_table_that_cannot_be_read_is_an_input_error(tmp_path: Path) -> None:
    """A missing table, a folder and bytes that are no text are RDP-603."""
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe")
    for name in ("missing.csv", "", "binary.csv"):
        with pytest.raises(InputError, match="cannot be read") as caught:
            read_rows(tmp_path / name)
        assert caught.value.issue is ISSUE.INPUT_UNREADABLE
