"""Looks for files and images that this package does not survive, led by what code they reach.

    .venv/bin/pip install -c constraints.txt --group fuzz
    .venv/bin/python tools/fuzz.py [TARGET...] [--runs N] [--seconds S] [--seed K] [--out DIR]

Targets: inspect, verify, decode, command (any bytes as an .rdp file), compress (as an image). One
after the other is run by libFuzzer in a process of its own; all of them without a name. DIR keeps
what was found to reach new code (`corpus-TARGET`, gone on with in the next run) and each find
(`find-TARGET-...`), which `tools/fuzz.py TARGET --repeat FILE` runs again.

`tests/fuzzing` repeats ten thousand executions without atheris.
"""

import argparse
import random
import re
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The runs of a round, in proportion to how quick they are: a million together.
RUNS = {
    "inspect": 500_000, "verify": 200_000, "decode": 150_000, "compress": 140_000, "command": 10_000
}  # fmt: skip
SIZE_MAX = 1 << 14
MEMORY_MAX_MB = 1024  # of the whole process, libraries and coverage included
SECONDS_MAX = 20  # of one execution, beside others on a busy machine
# Its functions are compiled, which counters in their bytecode would keep from it.
NOT_COUNTED = ["rdpcodec.channel.compiled", "rdpcodec.channel.viterbi", "rdpcodec.channel.search"]
_STATS = {
    "executions": r"stat::number_of_executed_units:\s+(\d+)",
    "peak_rss_mb": r"stat::peak_rss_mb:\s+(\d+)",
    "new_inputs": r"stat::new_units_added:\s+(\d+)",
    "slowest_s": r"stat::slowest_unit_time_sec:\s+(\d+)",
}


@dataclass(frozen=True)
class Round:
    """One run of one target."""

    target: str
    runs: int
    seconds: int
    seed: int
    out: Path


def main() -> int:
    """Run the script and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", choices=[*RUNS, []], metavar="TARGET")
    parser.add_argument("--runs", type=int, help="of each target; a million of all without it")
    parser.add_argument("--seconds", type=int, default=1800, help="of each target, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "fuzz")
    parser.add_argument("--repeat", type=Path, metavar="FILE", help="run one input again")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given, options = parser.parse_known_args()
    if given.repeat is not None:
        return _repeat(given.targets[0], given.repeat.read_bytes())
    if given.inside:
        _fuzz(given.targets[0], options)
    finds = 0
    for target in given.targets or RUNS:
        runs = RUNS[target] if given.runs is None else given.runs
        finds += _round(Round(target, runs, given.seconds, given.seed, given.out))
    return 1 if finds else 0


def _round(what: Round) -> int:
    """Run libFuzzer on one target; print a line; return 1 for a find."""
    from fuzz_parts import corpus  # noqa: PLC0415 - not before the targets, in the other process

    out, name = what.out, what.target
    corpus.write(out / "seeds-images", corpus.images())
    corpus.write(out / "seeds-files", corpus.files())
    (out / "words.dict").write_text(corpus.dictionary(), "ascii")
    found = out / f"corpus-{name}"
    found.mkdir(exist_ok=True)
    seeds = out / ("seeds-images" if name == "compress" else "seeds-files")
    options = [
        f"-runs={what.runs}", f"-max_total_time={what.seconds}", f"-seed={what.seed}",
        f"-dict={out / 'words.dict'}", f"-artifact_prefix={out}/find-{name}-",
        f"-max_len={SIZE_MAX}", f"-timeout={SECONDS_MAX}", f"-rss_limit_mb={MEMORY_MAX_MB}",
        "-print_final_stats=1", "-report_slow_units=5", str(found), str(seeds),
    ]  # fmt: skip
    command = [sys.executable, __file__, name, "--inside", "--", *options]
    log = out / f"{name}.log"
    with log.open("wb") as stream:
        code = subprocess.run(command, stdout=stream, stderr=stream, check=False).returncode
    text = log.read_text("utf-8", "replace")
    stats = {k: re.search(pattern, text) for k, pattern in _STATS.items()}
    told = ", ".join(f"{k} {match[1]}" for k, match in stats.items() if match)
    print(f"{name}: {told}, {'a find: see ' + str(log) if code else 'no find'}", flush=True)
    return 1 if code else 0


def _fuzz(target: str, options: list[str]) -> None:
    """Hand the process over to libFuzzer; does not return."""
    import atheris  # noqa: PLC0415 - only here is it needed

    with atheris.instrument_imports(include=["rdpcodec", "PIL"], exclude=NOT_COUNTED):
        from fuzz_parts import corpus, targets  # noqa: PLC0415 - counted as they are imported
        from fuzz_parts.mutation import Mutator  # noqa: PLC0415 - as above

    of_images = target in targets.OF_IMAGES
    found = corpus.images() if of_images else corpus.files()
    mutator = Mutator(list(found.values()), corpus.words())
    change = mutator.image if of_images else mutator.file

    def mutate(data: bytes, size_max: int, seed: int) -> bytes:
        rng = random.Random(seed)  # noqa: S311 - repeatable
        if rng.random() < 0.3:
            return atheris.Mutate(data, size_max)
        return change(rng, data)[:size_max]

    function = (targets.OF_FILES | targets.OF_IMAGES)[target]
    for data in corpus.first(of_images=of_images):
        function(data)
    atheris.Setup([sys.argv[0], *options], function, custom_mutator=mutate)
    atheris.Fuzz()


def _repeat(target: str, data: bytes) -> int:
    """Run one input and tell what it raises."""
    from fuzz_parts import targets  # noqa: PLC0415 - as in `_round`

    try:
        (targets.OF_FILES | targets.OF_IMAGES)[target](data)
    except BaseException:  # noqa: BLE001 - told, whatever it is
        traceback.print_exc()
        return 1
    print(f"{target}: {len(data)} bytes, no find")
    return 0


if __name__ == "__main__":
    sys.exit(main())
