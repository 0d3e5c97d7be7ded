"""Fuzz each target for so many seconds: `python test/fuzz/run.py 60 [TARGET ...]`.

Coverage of `gentrace` guides the fuzzer (atheris). It starts from the corpus that the repository
keeps, and leaves what it finds in a folder of its own. An input that fails a target is written to
the present folder, and belongs into the corpus with its mend.
"""

import subprocess
import sys
import tempfile
from pathlib import Path


def fuzz(name, seconds):
    """Run one target in this process until its time is up; libFuzzer ends the process."""
    import atheris  # noqa: PLC0415 - of the fuzzing environment

    with atheris.instrument_imports(include=["gentrace"]):
        from targets import CORPUS, TARGETS  # noqa: PLC0415 - while imports are instrumented
    found = tempfile.mkdtemp(prefix="gentrace-fuzz-")
    options = [
        f"-max_total_time={seconds}",
        "-timeout=60",
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, found, str(CORPUS / name)], TARGETS[name])
    atheris.Fuzz()


def main():
    """Run the targets one after the other, each in a process of its own."""
    seconds, *names = sys.argv[1:] or ["60"]
    if names[:1] == ["--in-this-process"]:
        fuzz(names[1], seconds)
    for name in names or sorted(path.name for path in Path(__file__).with_name("corpus").iterdir()):
        sys.stdout.write(f"== {name}, {seconds} s\n")
        sys.stdout.flush()
        command = [sys.executable, __file__, seconds, "--in-this-process", name]
        code = subprocess.run(command, check=False).returncode  # noqa: S603 - our own
        if code:
            sys.exit(code)


if __name__ == "__main__":
    main()
