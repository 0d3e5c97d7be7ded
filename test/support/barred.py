"""A directory in which this user may not do everything."""

import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = 0
NOBODY = 65534


@contextmanager
def barred(mode):
    """A directory of this mode; the superuser, whom no mode bars, is another user meanwhile.

    That one may not read everything either, such as the files of modules: load them before.
    """
    user = os.geteuid()
    with TemporaryDirectory() as made:
        directory = Path(made)
        if user == ROOT:
            os.chown(directory, NOBODY, -1)
            os.seteuid(NOBODY)
        directory.chmod(mode)
        try:
            yield directory
        finally:
            directory.chmod(0o700)
            os.seteuid(user)
