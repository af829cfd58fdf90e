"""What a long job is doing, in a log."""

import pytest

from rdpcodec.cli import progress


def test_a_long_job_names_its_phases_in_a_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where stderr is no terminal, each phase is one line, and only after a second."""
    with progress.progress("loading", quiet=False) as shown:
        assert shown is not None
        shown("encoding", 1, 10)
        assert capsys.readouterr().err == ""
        monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
        for done in (2, 3):
            shown("encoding", done, 10)
        shown("reading", 1, 4)
    assert capsys.readouterr().err == (
        "rdpcodec: encoding (2 of about 10)\nrdpcodec: reading (1 of about 4)\n"
    )
