"""`python -m gentrace`: the command line."""

import sys

from gentrace.cli import main

if __name__ == "__main__":
    sys.exit(main())
