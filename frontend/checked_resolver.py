"""Names to addresses for aiohttp, which then connects to one of those that were checked and to no other."""

from socket import AddressFamily

from aiohttp.abc import AbstractResolver, ResolveResult

from frontend.system_names import SystemNames
from pipeline.public_addresses import AddressRule


class CheckedResolver(AbstractResolver):
    """Asks once for each connection, and gives either all addresses of a name or none."""

    def __init__(self, rule: AddressRule, resolver: AbstractResolver | None = None) -> None:
        """Ask this resolver, or that of the system."""
        self._rule = rule
        self._resolver = resolver or SystemNames()

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of the name. Raises UrlNotAllowed if one is not public, OSError if there is none."""
        found = await self._resolver.resolve(host, port, family)
        self._rule.check(host, [one["host"] for one in found])
        return found

    async def close(self) -> None:
        """Close the resolver that is asked."""
        await self._resolver.close()
