"""Who counts as one client, and how much one may have of what is for all."""

from __future__ import annotations

import ipaddress


def share_of(total: int) -> int:
    """Of so many places, those that one client may take: three quarters, rounded up. Others find the rest."""
    return -(-total * 3 // 4)


def party_of(client: tuple[str, int] | None) -> str:
    """The address of a client, without its port; of IPv6 the first 64 bits, as the rest is anybody's choice
    within one network."""
    if client is None:
        return ""
    try:
        address = ipaddress.ip_address(client[0].partition("%")[0])
    except ValueError:
        return client[0]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False))
