"""`python -m worker`: read the settings, work until SIGTERM or Ctrl-C."""

import sys

if __name__ == "__main__":
    # Imported here and not above: the children of the image pool import this module, and need none of it.
    from worker.command import main

    sys.exit(main())
