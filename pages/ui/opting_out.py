"""The one place that leads from a recipient to the account's list of numbers that are never sent to."""

from __future__ import annotations

from pages.ui.records import address_link


def never_again_link(msisdn: str) -> None:
    """A link to the page of opt-outs with this number (E.164) filled in: `opt_outs?number=614…`; it asks first."""
    address_link("opt_outs", "Never send to this number again", number=msisdn.removeprefix("+"))
