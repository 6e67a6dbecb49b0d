"""How many files, and so connections, a process may have open."""

import resource


class TooFewFiles(Exception):
    """This user may not have as many files open as there are to be connections."""


def allow_open_files(wanted: int) -> None:
    """Let this process, and those that it starts from now on, have so many. Raises TooFewFiles."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise TooFewFiles(
                f"{wanted} open files are needed and {hard} are allowed: ask for fewer sockets, "
                f"or raise the limit (ulimit -Hn, or nofile in /etc/security/limits.conf)"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
