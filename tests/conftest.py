"""Settings that hold for every test; what concerns one room stands in that room's tests."""

from __future__ import annotations

from hypothesis import settings

# No test judges by time, so Hypothesis does not either; a failure prints what repeats it.
settings.register_profile("strikewire", deadline=None, print_blob=True)
settings.register_profile("full", settings.get_profile("strikewire"), max_examples=1_000)
settings.load_profile("strikewire")
