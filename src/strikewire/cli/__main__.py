"""`python -m strikewire.cli`, for those whose shell does not find `strikewire`."""

from strikewire.cli import main

if __name__ == "__main__":
    main()
