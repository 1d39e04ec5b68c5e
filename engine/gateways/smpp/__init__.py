"""SMPP 3.4: an operator's short message centre, as a gateway."""

from engine.gateways.smpp.gateway import SmppGateway

__all__ = ["SmppGateway"]
