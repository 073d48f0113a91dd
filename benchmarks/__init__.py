"""One `bench_<room>.py` a room, measured by `harness.py`; `results/` holds what was found."""
