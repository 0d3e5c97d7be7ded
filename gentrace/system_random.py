"""Random numbers of the system, which leave those of the program's `random` alone."""

from __future__ import annotations

from random import SystemRandom
from typing import Final

system_random: Final = SystemRandom()
"""Its numbers differ in forks, and in processes that seed `random` alike."""
