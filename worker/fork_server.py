"""What the fork server of the image pool imports when it starts. Nobody else may: it changes the process.

The children fork with the decoders loaded. Each of them holds the pipe by whose end the fork server would
notice that the worker is gone, so one that is busy would keep all of them alive: the kernel has to tell it.
"""

import worker.child  # noqa: F401  # to have it loaded, and the decoders with it
from worker.death_signal import die_with_parent

die_with_parent()
