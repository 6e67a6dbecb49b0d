"""Free TCP ports of this machine."""

import contextlib
import errno
import socket

LOOPBACKS = ("127.0.0.1", "::1")
PORTS_TRIED = 200


class NoFreePort(Exception):
    """There is no free port near the one that was asked for."""


class Ports(contextlib.ExitStack):
    """Gives out free ports, each to one caller on this machine only, until it is closed.

    Between choosing a port and listening on it a broker needs seconds. Two runs that are started together
    must not choose the same one: the services of both would use one broker, and fail each other's jobs.
    """

    def take(self, preferred: int, *, host: str = LOOPBACKS[0]) -> int:
        """`preferred` if it is free, else the next one that is. Raises NoFreePort."""
        for port in range(preferred, min(preferred + PORTS_TRIED, 65536)):
            reservation = _reserve(port)
            if reservation and is_free(port, host):
                self.enter_context(reservation)
                return port
            if reservation:
                reservation.close()
        raise NoFreePort(f"no free port from {preferred} to {preferred + PORTS_TRIED - 1} at {host}")

    def take_shared(self, preferred: int, *, host: str = LOOPBACKS[0]) -> int:
        """As `take`, for several programs that listen on it together by SO_REUSEPORT.

        Such a port is not taken for who shares it too. So it is kept from here on by a socket that takes no
        connections: those who do not share find it taken even while none of ours listens.
        """
        port = self.take(preferred, host=host)
        keeper = socket.socket(_family(host), socket.SOCK_STREAM)
        self.enter_context(keeper)
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # It fails where a former run has left connections in TIME_WAIT: with SO_REUSEADDR it would not, but
        # would not keep anybody out either. Then the port is kept by the frontends alone.
        with contextlib.suppress(OSError):
            keeper.bind((host, port))
        return port


def is_free(port: int, host: str = LOOPBACKS[0]) -> bool:
    """Whether nobody listens on `port`, neither at `host` nor at what a browser takes `localhost` for."""
    return all(_can_bind(address, port) for address in {host, *LOOPBACKS})


def _reserve(port: int) -> socket.socket | None:
    """A lock on the port's number among all who ask here; the kernel gives it up with its process.

    It is a Unix socket in the abstract namespace, which leaves no file.
    """
    reservation = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        reservation.bind(f"\0image-resizer-port-{port}")
    except OSError:
        reservation.close()
        return None
    return reservation


def _can_bind(address: str, port: int) -> bool:
    try:
        with socket.socket(_family(address), socket.SOCK_STREAM) as probe:
            # As servers do: a connection that was closed a moment ago does not make the port taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        # Any other error: the machine has no such address, as without IPv6, so nobody listens there.
        return error.errno not in (errno.EADDRINUSE, errno.EACCES)
    return True


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
