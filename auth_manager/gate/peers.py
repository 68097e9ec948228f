"""Who may ask the gate: peers on a list of networks, nobody by default."""

import ipaddress
from collections.abc import Iterable

from auth_manager.gate.settings import Network

_REMEMBERED = 1024  # addresses; whoever floods us from many gets slower answers, not our memory


class Peers:
    """The trusted networks; `"127.0.0.1" in peers`. What is no address is not trusted."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)
        self._known: dict[str, bool] = {}

    def __contains__(self, address: str) -> bool:
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[address] = self._trusts(address)
        return known

    def _trusts(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped  # a listener on :: shows IPv4 peers so
        return any(ip in network for network in self._networks)
