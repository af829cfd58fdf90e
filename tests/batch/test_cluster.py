"""`--cluster`: a real Ray of two workers, one of them killed; a store; and no cluster at all."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from batch.cluster_of_two import Two, cluster_of_two, processes
from PIL import Image

from rdpcodec import cli
from rdpcodec.batch import Cluster, Compressing, Job, cluster, run_on
from rdpcodec.errors import ISSUE, ClusterError, UsageError
from rdpcodec.options import EncodeOptions

PICTURES = 40
HOW = ("--prior", "gaussian-1", "--t", "1000", "-q")

pytestmark = pytest.mark.timeout(600)  # most of it is Ray, which starts a dozen processes


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """A cluster of two."""
    pytest.importorskip("ray", reason="needs the extra cluster")
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("processes are looked for in /proc")
    with cluster_of_two(tmp_path_factory.mktemp("store")) as two:
        yield two
    assert processes(two.session) == []


def _paint(folder: Path, count: int) -> None:
    folder.mkdir()
    noise = np.random.default_rng(1)
    for k in range(count):
        pixels = noise.integers(0, 255, (4, 6, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((48, 32)).save(folder / f"{k:02}.png")


def _compress(joined: Two, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "rdpcodec", "compress", *arguments, *HOW]
    return subprocess.Popen(command, env=joined.environment, stderr=subprocess.PIPE, text=True)


def _records(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(name).read_text().splitlines() if line]


def _kill_a_worker(session: int, out: Path, running: "subprocess.Popen[str]") -> None:
    """Kill an actor as soon as some pictures are done."""
    while len(list(out.glob("*.rdp"))) < 5:
        assert running.poll() is None
        time.sleep(0.05)
    os.kill(processes(session, "ray::MapWorker(MapBatches(Worker))")[0], signal.SIGKILL)
    assert len(list(out.glob("*.rdp"))) < PICTURES - 1


@pytest.mark.slow
def test_a_worker_is_killed_and_a_picture_broken(
    joined: Two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """39 of 40 files have the bytes of a local run, one failure is told; a second run keeps all."""
    monkeypatch.chdir(tmp_path)
    _paint(Path("in"), PICTURES)
    broken = Path("in/17.png")
    broken.write_bytes(broken.read_bytes()[:60])
    where = ("in", "-o", "out", "--report", "r.jsonl", "--cluster")
    running = _compress(joined, *where, "auto")
    _kill_a_worker(joined.session, Path("out"), running)
    _, err = running.communicate()
    assert (running.returncode, err.count("\n")) == (5, 1)
    assert err.startswith("rdpcodec: error RDP-601: in/17.png: ")

    assert cli.main(["compress", "in", "-o", "local", *HOW]) == 5
    files = {path.name: path.read_bytes() for path in Path("local").iterdir()}
    assert len(files) == PICTURES - 1
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == files
    records = _records("r.jsonl")
    assert sorted(str(each["source"]) for each in records) == [
        f"in/{k:02}.png" for k in range(PICTURES)
    ]
    assert [each["status"] for each in records].count("done") == PICTURES - 1

    again = _compress(joined, *where, f"ray://127.0.0.1:{joined.client_port}", "--resume")
    _, err = again.communicate()
    assert (again.returncode, err.count("\n")) == (5, 1)
    statuses = [each["status"] for each in _records("r.jsonl")[PICTURES:]]
    assert (statuses.count("kept"), statuses.count("failed")) == (PICTURES - 1, 1)


@pytest.mark.slow
def test_a_store_and_a_picture_that_ends_its_worker(
    joined: Two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inputs and outputs are addresses; what shares its block is done all the same."""
    monkeypatch.chdir(tmp_path)
    _paint(Path("in"), 10)
    Path("in/03.png").rename("in/deadly.png")
    where = (f"shared://{tmp_path}/in", "-o", f"shared://{tmp_path}/out", "--cluster", "auto")
    running = _compress(joined, *where, "--jobs", "1")
    _, err = running.communicate()
    assert (running.returncode, err.count("\n")) == (5, 1)
    assert f"error RDP-903: shared://{tmp_path}/in/deadly.png: the process that worked on it" in err
    assert cli.main(["compress", "in/00.png", "0.rdp", *HOW]) == 0
    assert Path("out/00.rdp").read_bytes() == Path("0.rdp").read_bytes()
    assert sorted(path.name for path in Path("out").iterdir()) == [
        f"{k:02}.rdp" for k in range(10) if k != 3
    ]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            "compress in -o out --cluster here",
            "--cluster is here, expected auto or ray://HOST:PORT",
        ),
        ("compress in/a.png a.rdp --cluster auto", "--cluster needs -o FOLDER"),
        ("compress in -o out --cluster auto --device cuda:1", "a GPU for each process"),
        ("compress in -o out --jobs 300", "--jobs is 300, expected 256 at most on one machine"),
    ],
)
def test_refusals(
    folder: Path, capsys: pytest.CaptureFixture[str], call: str, sentence: str
) -> None:
    """One sentence, and no output."""
    if "auto" in call or "here" in call:
        pytest.importorskip("ray", reason="needs the extra cluster")
    assert cli.main(call.split()) == 1
    assert sentence in capsys.readouterr().err
    assert not Path("out").exists()
    assert folder.is_dir()


def test_ray_is_an_extra(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is missing, the sentence says what to install."""
    monkeypatch.setattr(cluster.importlib.util, "find_spec", lambda _name: None)
    assert cli.main(["compress", str(folder), "-o", "out", "--cluster", "auto"]) == 1
    assert "pip install 'rdpcodec[cluster]'" in capsys.readouterr().err


def test_a_cluster_that_does_not_answer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up in bounded time."""
    pytest.importorskip("ray", reason="needs the extra cluster")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    there = Cluster(address="auto", processes=None, cpus=1, gpus=0)
    jobs = [Job(folder / "a.png", Path("a.rdp"))]
    start = time.monotonic()
    with pytest.raises(ClusterError, match="does not answer within 3 s") as caught:
        list(run_on(there, jobs, Compressing(EncodeOptions()), join_seconds=3))
    assert caught.value.issue == ISSUE.CLUSTER_UNREACHABLE
    assert time.monotonic() - start < 30


def test_cpus_and_gpus_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many processes as nodes have room for; more than GPUs, if asked for, share these."""
    pytest.importorskip("ray", reason="needs the extra cluster")
    from rdpcodec.batch import ray_data  # noqa: PLC0415 - an extra

    kinds = ({"CPU": 8.0}, {"CPU": 6.0, "GPU": 2.0}, {"CPU": 64.0})
    nodes = [{"Alive": k < 2, "Resources": kind} for k, kind in enumerate(kinds)]
    monkeypatch.setattr(ray_data, "_nodes", lambda: nodes)
    assert ray_data.Pool(actors=None, cpus=4).sized().actors == 2 + 1
    alone = ray_data.Pool(actors=None, cpus=1, gpus=1).sized()
    assert (alone.actors, alone.gpus) == (2, 1)
    shared = ray_data.Pool(actors=5, cpus=1, gpus=1).sized()
    assert (shared.actors, shared.gpus) == (5, 1 / 3)
    with pytest.raises(UsageError, match="no node of the cluster has the 16 CPU and 1 GPU"):
        ray_data.Pool(actors=None, cpus=16, gpus=1).sized()
