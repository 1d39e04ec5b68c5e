"""HTTP providers: an address says where requests go, and after its # how they are written and read.

`https://user:password@api.example.com/sms#preset=generic&to=to&from=from&text=text`. `PARAMETERS` explains what can
stand after #, `PRESETS` are providers that need little of it, `HELP` is for people who write an address.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from engine.gateways.http.address import masked, parse_settings
from engine.gateways.http.gateway import HttpGateway, ReachableSink
from engine.gateways.http.parameters import FREE, PARAMETERS, Kind, Parameter
from engine.gateways.http.posts import ForgedError, News, read_post
from engine.gateways.http.presets import PRESETS, Preset
from engine.gateways.http.settings import Settings
from engine.gateways.http.signatures import Posted

__all__ = [
    "FREE",
    "HELP",
    "PARAMETERS",
    "PRESETS",
    "ForgedError",
    "HelpLine",
    "HttpGateway",
    "Kind",
    "News",
    "Parameter",
    "Posted",
    "Preset",
    "ReachableSink",
    "Settings",
    "masked",
    "parse_settings",
    "read_post",
]


class HelpLine(NamedTuple):
    """One parameter as a form can show it. `example` is how it may look in an address."""

    group: str
    name: str
    sentence: str
    example: str


def _example(name: str, parameter: Parameter) -> str:
    usual = PRESETS["generic"].values.get(name, "")
    if parameter.kind is Kind.SECRET:
        return f"{name}=…"
    if parameter.kind is Kind.CHOICE:
        return f"{name}={'|'.join(parameter.choices)}"
    if parameter.kind is Kind.FLAG:
        return f"{name}=0|1"
    return f"{name}={usual if len(usual) < 40 else '…'}"


HELP: Final[tuple[HelpLine, ...]] = (
    *(HelpLine(one.group, name, one.sentence, _example(name, one)) for name, one in PARAMETERS.items()),
    *(
        HelpLine("Your own fields", f"{name}…", sentence, sentence.rpartition(": ")[2])
        for name, sentence in FREE.items()
    ),
)
"""Every parameter, in the order of a form, by group."""
