"""How often Python looks for garbage in cycles: everybody waits while it does."""

import gc

COLLECTIONS = (10_000, 10, 50)
"""After so many new objects the youngest are searched, each tenth time older ones too, and rarely all.

With 5,000 watchers the last takes 0.4 s, and would often come.
"""


def collect_rarely() -> None:
    """From now on search all objects rarely, and never those that are there already."""
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)
