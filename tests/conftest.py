"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says how busy the machine is, not whether the product is right; --timeout ends what hangs.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
