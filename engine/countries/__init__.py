"""What is known of each destination: whether a sender ID is shown, when people sleep, where they are.

    Countries(store, clock).listing(actor)      every region, staff's edits over the shipped `data/countries.csv`
    zones_of("AU", 61412345678)                 the time zones a number may be in, the likeliest first
    sleep_at(country, zone, at_us)              night, weekend, or None: a good time to be read

A package because the table, the zones and the hours are three subjects; callers import from here.
"""

from engine.countries.hours import Sleep, is_open, next_open, sleep_at
from engine.countries.service import Countries, load_all
from engine.countries.table import Country, SenderRule, Weekday, minutes_of, minutes_text, shipped
from engine.countries.zones import zones_of

__all__ = [
    "Countries",
    "Country",
    "SenderRule",
    "Sleep",
    "Weekday",
    "is_open",
    "load_all",
    "minutes_of",
    "minutes_text",
    "next_open",
    "shipped",
    "sleep_at",
    "zones_of",
]
