"""`python -m strikewire.cli`: the same as `strikewire`."""

from strikewire.cli.main import main

if __name__ == "__main__":
    main(prog_name="strikewire")
