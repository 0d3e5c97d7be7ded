"""Parts of programs that have no file descriptor left for a while; they import os and resource."""

USE_UP = """
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
held = []
try:
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
"""

FREE = """
for number in held:
    os.close(number)
"""
