"""The benchmark: matched rates, a table that is resumed, BD-rates, and the page made of it."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from rdpcodec import codec
from rdpcodec.bench import catalogue, classical, gauge, page, runner, summary
from rdpcodec.bench.classical import FORMATS, ClassicalCodec
from rdpcodec.bench.coders import Coded, Pixels, Reading
from rdpcodec.bench.matching import largest_within
from rdpcodec.bench.measures import MEASURES, Scorer
from rdpcodec.bench.own import BaselineUnderTest, OwnCodec
from rdpcodec.bench.rows import Row, read_rows, write_rows
from rdpcodec.bench.runner import Plan, run
from rdpcodec.bench.ways import Way, parse_way
from rdpcodec.cli.app import run as command_line
from rdpcodec.errors import ImageError, UsageError
from rdpcodec.priors import load_prior
from rdpcodec.priors.memo import Memo, MemoPrior

MakePhoto = Callable[..., Pixels]
PSNR = MEASURES[0]
SIZE = 48, 40
TINY = 1e-6


@pytest.fixture
def folder(tmp_path: Path, photo: MakePhoto) -> Path:
    """Return a directory with two small pictures, one of them grey."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.fromarray(photo(*SIZE)).save(pictures / "colour.png")
    Image.fromarray(photo(*SIZE, 1)).save(pictures / "grey.png")
    (pictures / "notes.txt").write_text("no picture")
    return pictures


@dataclass
class FakeCodec:
    """Files of zeros that decode to a flat picture; counts what it is asked."""

    name: str = "fake"
    prior: str = ""
    version: str = "fake 1"
    asked: list[str] = field(default_factory=list)

    def readings(self, asked: Sequence[str]) -> list[str]:
        """Return all."""
        return list(asked)

    def encode(self, pixels: Pixels, target_bytes: int) -> Coded:
        """Return as many zeros as there may be."""
        self.asked.append("encode")
        assert pixels.shape == (SIZE[1], SIZE[0], 3)
        return Coded(bytes(target_bytes), gauge.Spent(1.0, None), {"layers": 3.0})

    def decode(self, data: bytes, readings: Sequence[str]) -> Iterator[Reading]:
        """Yield grey."""
        for name in readings:
            self.asked.append(name)
            grey = np.full((SIZE[1], SIZE[0], 3), len(data) % 256, np.uint8)
            yield Reading(name, grey, None)


def rows_of(codec_name: str, factor: float = 1.0, reading: str = "", shift: float = 0) -> list[Row]:
    """Return two pictures at five rates on a smooth curve, the bytes times a factor."""
    rows = []
    for picture, base in (("kodim01", 30.0), ("kodim02", 33.0)):
        for bpp in (0.1, 0.2, 0.4, 0.8, 1.6):
            quality = base + 6 * np.log2(bpp / 0.1) - 0.3 * np.log2(bpp / 0.1) ** 2
            rows.append(
                Row(
                    picture,
                    codec_name,
                    "",
                    reading,
                    bpp,
                    bytes=round(1e6 * bpp * factor),
                    bpp=bpp * factor,
                    psnr=quality + shift,
                    lpips=0.2 / bpp**0.5 - shift / 100,
                    frechet=0.3 / bpp - shift / 100,
                )
            )
    return rows


@pytest.mark.parametrize("target", [1, 9, 10, 11, 500, 777, 9_999, 10**7])
@pytest.mark.parametrize("power", [0.3, 1.0, 3.0])
def test_matching_finds_the_largest_file_that_fits(target: int, power: float) -> None:
    """The bisection hits the best setting in few encodes, or the lowest if none fits."""
    sizes = [10 + int(10_000 * (q / 100) ** power) for q in range(101)]
    asked: list[int] = []

    def size_at(quality: int) -> int:
        asked.append(quality)
        return sizes[quality]

    found = largest_within(size_at, range(101), target)
    fitting = [q for q in range(101) if sizes[q] <= target]
    assert found == (fitting[-1] if fitting else 0)
    assert len(asked) <= 12


@pytest.mark.parametrize("name", list(FORMATS))
def test_each_format_meets_a_size_and_decodes(name: str, photo: MakePhoto) -> None:
    """The file of every format is within the target, its next setting is not, and it decodes."""
    for module in ("pillow_jxl",) * (name == "jxl") + ("pillow_heif",) * (name == "heic"):
        pytest.importorskip(module)
    pixels, target = photo(64, 48), 1200
    under_test = ClassicalCodec(name)
    coded = under_test.encode(pixels, target)
    assert len(coded.data) <= target
    assert coded.spent is not None
    sizes = {q: len(data) for q, (data, _) in under_test._files.items()}
    assert len(coded.data) == max(size for size in sizes.values() if size <= target)
    assert len(under_test.encode(pixels, 1).data) == len(
        classical.encode(pixels, FORMATS[name], FORMATS[name].qualities.start)
    )
    (reading,) = under_test.decode(coded.data, under_test.readings(["rho=0"]))
    assert reading.name == ""
    assert PSNR.load()(pixels, reading.pixels) > 20
    assert FORMATS[name].package in under_test.version


def test_readings_are_those_of_the_public_decoder(photo: MakePhoto, one_thread: None) -> None:
    """Each reading of a file is bit for bit what `decode` gives; ancestral has no such twin."""
    del one_thread
    prior, pixels = load_prior("gaussian-1"), photo(*SIZE)
    names = ["rho=0", "rho=0.5", "rho=1", "ode rho=0", "ancestral"]
    under_test = OwnCodec("rdpcodec", prior, "trellis")
    coded = under_test.encode(pixels, 400)
    assert len(coded.data) <= 400
    assert coded.facts["coded_over_kl"] > 0.9
    readings = {r.name: r for r in under_test.decode(coded.data, names)}
    for name in names[:-1]:
        way = parse_way(name)
        expected = codec.decode(coded.data, rho=way.rho, reader=way.reader, prior=prior)
        np.testing.assert_array_equal(readings[name].pixels, expected.pixels)
    assert readings["ancestral"].pixels.shape == pixels.shape
    assert all(r.spent is not None and r.spent.seconds > 0 for r in readings.values())


@pytest.mark.parametrize("name", [n for n in catalogue.OURS if not n.startswith("rdpcodec")])
def test_baselines_run_under_the_benchmark(name: str, photo: MakePhoto, one_thread: None) -> None:
    """A baseline codes, decodes at the rho it has, and is named after its class."""
    del one_thread
    under_test = catalogue.OURS[name](load_prior("gaussian-1"))
    assert isinstance(under_test, BaselineUnderTest)
    coded = under_test.encode(photo(*SIZE), 300)
    names = under_test.readings(["rho=0", "rho=1", "ode rho=0", "ancestral"])
    readings = list(under_test.decode(coded.data, names))
    assert [r.name for r in readings] == ["rho=0", "rho=1"]
    assert under_test.name == name


def test_memo_asks_once_and_counts_what_it_saves() -> None:
    """A question asked again is answered from memory, with the seconds it took at first."""
    asked: list[float] = []

    def denoise(y: Tensor, sigma: float) -> Tensor:
        asked.append(sigma)
        return y * 2

    memo = Memo(denoise)
    for sigma in (1.0, 1.0, 2.0):
        assert torch.equal(memo(torch.ones(1, 3, 4, 4), sigma), torch.full((1, 3, 4, 4), 2.0))
    assert asked == [1.0, 2.0]
    assert memo.recalled_seconds > 0
    prior = load_prior("gaussian-1")
    assert MemoPrior(prior).digest == prior.digest


def test_shared_answers_leave_seconds_out(photo: MakePhoto, one_thread: None) -> None:
    """With a remembering prior the file is the same, but no seconds are given."""
    del one_thread
    prior, pixels = load_prior("gaussian-1"), photo(*SIZE)
    plain = OwnCodec("rdpcodec", prior, "trellis").encode(pixels, 300)
    shared = OwnCodec("rdpcodec", MemoPrior(prior), "trellis")
    coded = shared.encode(pixels, 300)
    assert coded.data == plain.data
    assert coded.spent is None
    assert [r.spent for r in shared.decode(coded.data, ["rho=0"])] == [None]


def test_a_meter_counts_seconds_and_memory() -> None:
    """Seconds pass, and where the peak is known it holds what was allocated."""
    meter = gauge.Meter()
    before = meter.read()
    block = np.ones(256 << 20, np.uint8)
    after = meter.read()
    assert after.seconds >= before.seconds >= 0
    if before.peak_mib is not None and after.peak_mib is not None:
        # What other tests held may have been given back in between, hence not all of it.
        assert after.peak_mib >= max(256, before.peak_mib)
    del block


def test_resuming_measures_nothing_twice(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second run asks nothing; a further reading encodes again but adds only its lines."""
    fake = FakeCodec()
    monkeypatch.setattr(catalogue, "load", lambda *_, **__: lambda: [fake])
    monkeypatch.setattr(catalogue, "check_names", lambda _: None)
    plan = Plan(folder, tmp_path / "out.csv", ["fake"], [0.5, 1.0], ["rho=0", "rho=1"])
    rows = run(plan).rows
    assert len(rows) == 2 * 2 * 2
    assert len(fake.asked) == 4 + 8
    fake.asked.clear()
    reports: list[tuple[str, int, int]] = []
    again = run(plan, progress=lambda *report: reports.append(report)).rows
    assert fake.asked == []
    assert [row.key for row in again] == [row.key for row in rows]
    assert [report[1:] for report in reports[-4:]] == [(k, 4) for k in range(4)]
    more = run(replace(plan, readings=["rho=1", "rho=0.5"])).rows
    assert fake.asked == ["encode", "rho=0.5"] * 4
    assert len(more) == 12


def test_a_run_that_is_cut_keeps_its_lines(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured before an error is in the CSV."""

    class Failing(FakeCodec):
        def encode(self, pixels: Pixels, target_bytes: int) -> Coded:
            if len(self.asked) > 2:
                raise KeyboardInterrupt
            return super().encode(pixels, target_bytes)

    failing = Failing()
    monkeypatch.setattr(catalogue, "load", lambda *_, **__: lambda: [failing])
    monkeypatch.setattr(catalogue, "check_names", lambda _: None)
    path = tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt):
        run(Plan(folder, path, ["fake"], [0.5, 1.0], ["rho=0", "rho=1"]))
    assert [row.reading for row in read_rows(path)] == ["rho=0", "rho=1"]


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


def test_a_line_with_words_for_numbers_is_refused(tmp_path: Path) -> None:
    """The line is named."""
    path = tmp_path / "rows.csv"
    write_rows(path, rows_of("jxl"))
    path.write_text(path.read_text().replace(",100000,", ",many,"))
    with pytest.raises(UsageError, match="line 2 of"):
        read_rows(path)


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 0.0), (1.1, 10.0), (1 / 1.1, -100 / 11)])
def test_bd_rate_of_more_bytes(factor: float, expected: float) -> None:
    """A codec against itself is at 0 %, against one with 10 % more bytes at -9.1 %."""
    pytest.importorskip("bjontegaard")
    rows = rows_of("anchor") + rows_of("test", factor)
    for measure in (m for m in MEASURES if m.name in ("psnr", "lpips", "frechet")):
        values = summary.bd_rates(rows, "test", "anchor", measure)
        assert values == pytest.approx([expected] * 2, abs=TINY)


def test_bd_rate_needs_four_rising_points() -> None:
    """Pictures with fewer rates, or with curves that do not meet, have no BD-rate."""
    pytest.importorskip("bjontegaard")
    rows = rows_of("anchor") + [r for r in rows_of("test") if r.bpp_asked < 0.5]
    assert summary.bd_rates(rows, "test", "anchor", PSNR) == []
    rows = rows_of("anchor") + rows_of("test", shift=100)
    assert summary.bd_rates(rows, "test", "anchor", PSNR) == []
    assert summary.rising([(2, 1), (1, 0), (3, 1), (4, 0.5), (5, 2)]) == [(1, 0), (2, 1), (5, 2)]


def test_wins_are_counted_at_equal_bytes() -> None:
    """We win where every rival's curve is worse at our bytes, and ties are not won."""
    lpips = next(measure for measure in MEASURES if measure.name == "lpips")
    ours = rows_of("rdpcodec", reading="rho=1")
    worse = rows_of("avif-444", 1.2)
    assert summary.wins(ours, worse, lpips, 0.4) == (2, 2)
    assert summary.wins(ours, worse, lpips, 0.1) == (0, 0)  # no such small file
    assert summary.wins(ours, worse + rows_of("jxl"), lpips, 0.4) == (0, 2)
    assert summary.wins(ours, rows_of("jxl", 0.9), lpips, 0.4) == (0, 2)


def test_the_page_is_made_of_the_table_alone(tmp_path: Path) -> None:
    """Both pages hold means, BD-rates, wins, published numbers and commands."""
    pytest.importorskip("bjontegaard")
    pytest.importorskip("matplotlib")
    rows = rows_of("avif-444-psnr") + rows_of("jxl", 1.1)
    rows += [
        replace(row, prior="gaussian-1", version="rdpcodec 0")
        for shift, reading in ((1, "rho=0"), (0.5, "rho=1"))
        for row in rows_of("rdpcodec", reading=reading, shift=shift)
    ]
    csv = tmp_path / "rows.csv"
    html = page.html_page(rows, "avif-444-psnr", csv)
    markdown = page.markdown_page(rows, "avif-444-psnr", csv)
    command = "rdpcodec bench DIR --codec jxl --bpp 0.1 --bpp 0.2 --bpp 0.4 --bpp 0.8 --bpp 1.6"
    for text in (html, markdown):
        assert "31.50" in text  # the mean PSNR at 0.1 bpp
        assert "+10.0 % (2)" in text
        assert "2 of 2" in text
        assert "0.491: 34.26" in text
        assert f"{command} --csv rows.csv" in text
    assert html.count("<svg") == 3 + 5 + 1  # measures, rates, and the surface
    assert "http-equiv" not in html
    assert "src=" not in html
    assert "VTM (VVC), published" in html
    assert page.html_page(rows, "avif-444-psnr", csv) == html
    strangers = [replace(row, picture=f"my {row.picture}") for row in rows]
    assert "VTM" not in page.html_page(strangers, "avif-444-psnr", csv)


def test_a_measure_that_is_missing_is_named_once(photo: MakePhoto) -> None:
    """Its column stays empty, and that is said one time."""
    notes: list[str] = []
    scorer = Scorer(notes.append)
    for _ in range(2):
        values = scorer.scores(photo(*SIZE), photo(*SIZE))
        assert values["psnr"] == float("inf")
        assert values.keys() == {measure.name for measure in MEASURES}
    empty = [name for name, value in values.items() if value is None]
    assert sorted(notes) == sorted(set(notes))
    assert {note.split()[2] for note in notes} == set(empty)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"rates": [0.0]}, "--bpp is 0.0"),
        ({"names": ["gif"]}, "--codec is 'gif', expected one of rdpcodec"),
        ({"readings": ["rho=2"]}, "--reading is 'rho=2'"),
    ],
)
def test_wrong_options_are_refused(folder: Path, plan: dict[str, object], message: str) -> None:
    """One sentence says what was found and what was expected, before any work."""
    with pytest.raises(UsageError, match=message):
        run(replace(Plan(folder), **plan))  # type: ignore[arg-type]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    """So is one that is not there."""
    with pytest.raises(ImageError, match="holds no picture"):
        run(Plan(tmp_path, names=["jpeg-420"]))
    with pytest.raises(ImageError, match="cannot be read"):
        run(Plan(tmp_path / "none", names=["jpeg-420"]))


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install it."""
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)
    with pytest.raises(UsageError, match=r"pillow-jxl-plugin.*rdpcodec\[bench\]"):
        catalogue.check_names(["jxl"])
    monkeypatch.setitem(sys.modules, "bjontegaard", None)
    with pytest.raises(UsageError, match="bjontegaard"):
        page.check_packages(html=False)
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r"matplotlib|bjontegaard"):
        page.check_packages(html=True)


def test_names_of_readings() -> None:
    """They say the reader and its rho."""
    assert parse_way("rho=0.25") == Way("geodesic", 0.25)
    assert parse_way("ode rho=1") == Way("ode", 1.0)
    assert parse_way("ancestral") == Way("ancestral", None)


def test_the_command_from_pictures_to_page(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], one_thread: None
) -> None:
    """It measures, resumes, and redraws from the CSV alone; errors are one line."""
    pytest.importorskip("bjontegaard")
    pytest.importorskip("matplotlib")
    del one_thread
    csv, html = tmp_path / "out.csv", tmp_path / "out.html"
    asked = ["--codec", "rdpcodec", "--codec", "jpeg-420", "--prior", "gaussian-1"]
    asked += ["--bpp", "6", "--bpp", "0.01", "--reading", "rho=1", "--csv", str(csv), "--memo"]
    assert command_line(["bench", str(folder), *asked]) == 0
    out, err = capfd.readouterr()
    assert "rdpcodec gaussian-1 rho=1" in out
    assert "note: colour rdpcodec at 0.01 bpp is left out" in err
    assert "note: grey jpeg-420 at 0.01 bpp: its smallest file has" in err
    rows = read_rows(csv)
    assert len(rows) == 2 + 4
    assert all(row.bpp <= 6 for row in rows if row.bpp_asked == 6)
    drawn = ["--csv", str(csv), "--html", str(html), "--anchor", "jpeg-420", "-q"]
    assert command_line(["bench", *drawn]) == 0
    assert f"{np.mean([r.psnr for r in rows if r.codec == 'rdpcodec']):.2f}" in html.read_text()
    capfd.readouterr()
    assert command_line(["bench"]) == 1
    message = "neither DIR nor --csv is given, expected pictures or a table"
    assert capfd.readouterr().err == f"rdpcodec: error RDP-701: {message}\n"
    same = ["--html", "a", "--markdown", str(Path("a").absolute())]
    assert command_line(["bench", str(folder), *same]) == 1
    assert "name the same file" in capfd.readouterr().err


def test_default_plan_is_sound() -> None:
    """Default codecs, anchor and readings exist."""
    assert set(catalogue.DEFAULT_NAMES) <= set(catalogue.NAMES)
    assert catalogue.DEFAULT_ANCHOR in catalogue.DEFAULT_NAMES
    assert [parse_way(name).rho for name in runner.DEFAULT_WAYS] == [0, 0.5, 1]


def test_the_middle_alone_is_measured_under_a_name_of_its_own(folder: Path, tmp_path: Path) -> None:
    """--crop 16 measures 16x16 pixels, and the page names the command that does it again."""
    csv = tmp_path / "crops.csv"
    rows = run(Plan(folder, csv=csv, names=("webp",), rates=(8.0,), crop=16)).rows
    assert {row.picture for row in rows} == {"colour@16", "grey@16"}
    assert all(row.bytes <= 8 * 16 * 16 / 8 for row in rows)
    assert "--crop 16" in page.markdown_page(rows, "webp", csv)


def test_a_crop_of_nothing_is_refused(folder: Path) -> None:
    """A side of 0 is RDP-701."""
    with pytest.raises(UsageError, match="--crop is 0"):
        run(Plan(folder, names=("webp",), crop=0))
