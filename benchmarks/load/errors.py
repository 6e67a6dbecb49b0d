"""What may go wrong in a load test: with all of it, or with one image."""


class Unusable(Exception):
    """The load test cannot begin, or cannot go on; the message says why."""


class Fault(Exception):
    """What went wrong with one image: its arguments are a code and a sentence."""
