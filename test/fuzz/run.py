"""Fuzz each target for so many seconds: `python test/fuzz/run.py 60 [TARGET ...]`.

Coverage of `gentrace` and urllib3 guides the fuzzer (atheris), words.txt has what it may write. It
starts from the corpus that the repository keeps, and leaves what it finds in a temporary folder. An
input that fails a target is written to the present folder as `crash-…`; it belongs into the corpus,
which the ordinary tests run, with its mend. At the end stands how often each target was run; the
exit status is 1 if one failed.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def fuzz(name, seconds):
    """Run one target in this process until its time is up; libFuzzer ends the process."""
    import atheris  # noqa: PLC0415 - of the fuzzing environment

    with atheris.instrument_imports(include=["gentrace", "urllib3"]):
        from targets import CORPUS, TARGETS  # noqa: PLC0415 - while imports are instrumented
    options = [
        f"-max_total_time={seconds}",
        f"-dict={HERE / 'words.txt'}",
        "-timeout=60",
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
    ]
    found = tempfile.mkdtemp(prefix="gentrace-fuzz-")
    atheris.Setup([sys.argv[0], *options, found, str(CORPUS / name)], TARGETS[name])
    atheris.Fuzz()


def run(name, seconds):
    """Run one target in a process of its own; return how often it ran, and whether it failed."""
    command = [sys.executable, __file__, seconds, "--in-this-process", name]
    runs = 0
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as process:  # noqa: S603 - our own
        for line in process.stderr:
            sys.stderr.write(line)
            if found := re.match(r"stat::number_of_executed_units: +(\d+)", line):
                runs = int(found[1])
    return runs, process.returncode != 0


def main():
    """Run the targets one after the other, and say how it went."""
    seconds, *names = sys.argv[1:] or ["60"]
    if names[:1] == ["--in-this-process"]:
        fuzz(names[1], seconds)
    names = names or sorted(path.name for path in (HERE / "corpus").iterdir())
    results = {name: run(name, seconds) for name in names}
    for name, (runs, failed) in results.items():
        sys.stdout.write(f"{name}: {runs:,} runs in {seconds} s{', FAILED' * failed}\n")
    sys.exit(any(failed for _, failed in results.values()))


if __name__ == "__main__":
    main()
