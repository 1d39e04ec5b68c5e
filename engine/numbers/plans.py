"""Numbering plans: what numbers a region has, from libphonenumber's metadata, asked in the same order as there."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import groupby
from typing import Final, NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc

from engine.model import NumberKind, RowReason
from engine.numbers.patterns import NOTHING, Matcher, compiled, never, whole

MAX_CALLING_CODE_DIGITS: Final = 3
NO_COUNTRY: Final = "001"
"""Region of satellite and global services."""

PhoneMetadata.load_all()  # 45 ms at import, so that the first file of a process does not wait for 245 small modules

# The order in which libphonenumber asks; the first kind that matches wins, fixed line and mobile come after these.
_REFUSED_KINDS: Final = (
    ("premium_rate", RowReason.PREMIUM),
    ("toll_free", RowReason.NOT_MOBILE),
    ("shared_cost", RowReason.NOT_MOBILE),
    ("voip", RowReason.NOT_MOBILE),
    ("personal_number", RowReason.NOT_MOBILE),
    ("pager", RowReason.NOT_MOBILE),
    ("uan", RowReason.NOT_MOBILE),
    ("voicemail", RowReason.NOT_MOBILE),
)


class _Kinds(NamedTuple):
    """What a region's numbers of one length and first digit can be."""

    general: Matcher
    refused: tuple[tuple[Matcher, RowReason], ...]
    fixed: Matcher
    mobile: Matcher


class Region:
    """The numbering plan of one region. `number` is always national: digits without calling code."""

    def __init__(self, metadata: PhoneMetadata) -> None:
        general = metadata.general_desc or PhoneNumberDesc()
        self.id = metadata.id
        self.leading_digits = metadata.leading_digits
        mobile = metadata.mobile or general
        self.mobile_lengths = mobile.possible_length or general.possible_length
        self._metadata = metadata
        self._lengths = general.possible_length
        self._local_lengths = general.possible_length_local_only
        self._general = general.national_number_pattern or NOTHING
        trunk = metadata.national_prefix_for_parsing
        self._trunk: re.Pattern[str] | None = compiled(trunk) if trunk else None
        self._kinds: dict[tuple[str, int], _Kinds] = {}

    def kind(self, number: str) -> NumberKind | RowReason | None:
        """Kind, or the reason why that kind gets no SMS; None when there is no such number."""
        key = number[0], len(number)
        kinds = self._kinds.get(key) or self._kinds_of(*key)
        if not kinds.general(number):
            return None
        for matches, reason in kinds.refused:
            if matches(number):
                return reason
        if kinds.fixed(number):
            return NumberKind.FIXED_OR_MOBILE if kinds.mobile(number) else RowReason.LANDLINE
        return NumberKind.MOBILE if kinds.mobile(number) else None

    def _kinds_of(self, first: str, digits: int) -> _Kinds:
        plan = self._metadata
        refused = ((whole(getattr(plan, name), first, digits), reason) for name, reason in _REFUSED_KINDS)
        fixed = whole(plan.fixed_line, first, digits)
        same = plan.same_mobile_and_fixed_line_pattern
        kinds = _Kinds(
            general=whole(plan.general_desc, first, digits),
            refused=tuple((matches, reason) for matches, reason in refused if matches is not never),
            fixed=fixed,
            mobile=fixed if same else whole(plan.mobile, first, digits),
        )
        self._kinds[first, digits] = kinds
        return kinds

    def matches(self, number: str) -> bool:
        """Whether it looks like a number of the plan, whatever its kind."""
        return compiled(self._general).fullmatch(number) is not None

    def length_fault(self, number: str) -> RowReason | None:
        """Why no number of the plan has this length; None when some have. Local numbers without area code are too
        short; a length between two that exist is `not_assigned`."""
        digits = len(number)
        if digits in self._lengths:
            return None
        if digits in self._local_lengths or digits < self._lengths[0]:
            return RowReason.TOO_SHORT
        return RowReason.TOO_LONG if digits > self._lengths[-1] else RowReason.NOT_ASSIGNED

    def without_trunk(self, number: str) -> str:
        """Without the trunk or carrier prefix that is dialled inside the country (0412… → 412…); as it is when a
        number of the plan would stop being one. A few plans rewrite the number instead (Argentina 15 → 9)."""
        found = self._trunk.match(number) if self._trunk and number else None
        if found is None:
            return number
        rewrite = self._metadata.national_prefix_transform_rule
        if rewrite and found[found.re.groups] is not None:
            shorter = found.re.sub(rewrite, number, count=1)
        else:
            shorter = number[found.end() :]
        return number if self.matches(number) and not self.matches(shorter) else shorter

    def after_dialling_out(self, digits: str) -> str | None:
        """What follows the region's prefix for calls abroad (0011 61… → 61…); None when it is not there."""
        found = compiled(self._metadata.international_prefix or NOTHING).match(digits)
        rest = digits[found.end() :] if found else "0"
        return None if rest.startswith("0") else rest  # calling codes do not start with 0


class CallingCode:
    """The regions that share a calling code; `main` is the one whose rules are used for reading a number."""

    def __init__(self, prefix: str, regions: tuple[Region, ...]) -> None:
        self.prefix = prefix
        self.main = regions[0]
        self._regions = {region.id: region for region in regions}
        self._steps = [
            (_leading(group) if shared else None, group)
            for shared, group in (
                (shared, list(group))
                for shared, group in groupby(regions, lambda region: bool(region.leading_digits) and len(regions) > 1)
            )
        ]

    def find(self, number: str) -> tuple[str, NumberKind | RowReason] | None:
        """Region of a national number and its kind (see `Region.kind`); None when there is no such number."""
        for leading, regions in self._steps:
            if leading is None:
                for region in regions:
                    kind = region.kind(number)
                    if kind is not None:
                        return region.id, kind
            elif (found := leading(number)) is not None:  # it is this region's number or nobody's
                region = self._regions[found.lastgroup or ""]
                kind = region.kind(number)
                return None if kind is None else (region.id, kind)
        return None


def _leading(regions: list[Region]) -> Callable[[str], re.Match[str] | None]:
    """One pattern for the leading digits of several regions; `lastgroup` names the first that matches."""
    return compiled("|".join(f"(?P<{region.id}>{region.leading_digits})" for region in regions)).match


class Home(NamedTuple):
    """The country whose national format is understood."""

    plan: Region
    code: CallingCode


def _region(calling_code: int, region: str) -> Region:
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(calling_code, region)
    if metadata is None:
        raise LookupError(f"no numbering plan for {region} (+{calling_code})")
    return Region(metadata)


@cache
def _calling_code(calling_code: int) -> CallingCode:
    regions = COUNTRY_CODE_TO_REGION_CODE[calling_code]
    return CallingCode(str(calling_code), tuple(_region(calling_code, region) for region in regions))


@cache
def calling_code_of(digits: str) -> CallingCode | None:
    """The calling code that the first `MAX_CALLING_CODE_DIGITS` of a number start with ("614" → 61)."""
    for width in range(1, len(digits) + 1):
        if digits[0] != "0" and int(digits[:width]) in COUNTRY_CODE_TO_REGION_CODE:
            return _calling_code(int(digits[:width]))
    return None


@cache
def home(country: str) -> Home:
    """Plan of a country (ISO 3166-1 alpha-2, upper case); LookupError when it has none."""
    metadata = PhoneMetadata.metadata_for_region(country)
    if metadata is None or metadata.country_code is None:
        raise LookupError(f"no numbering plan for {country}")
    return Home(Region(metadata), _calling_code(metadata.country_code))
