"""Replay a journal and print the state hash; run as a file, in any Python that has msgspec.

python replay_process.py JOURNAL [interpreted]
"""

import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from pathlib import Path


def use_interpreted_kernels() -> None:
    """Let no compiled module of the project be found: every kernel is then its interpreted twin."""

    def finder(path: str) -> FileFinder:
        if "strikewire" not in Path(path).parts:
            raise ImportError(path)
        return FileFinder(path, (SourceFileLoader, SOURCE_SUFFIXES))

    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.clear()


def main(path: Path) -> None:
    """Print the hash of the state that a journal leads to."""
    from strikewire.journal import SqliteJournal
    from strikewire.sequencer import replay

    journal = SqliteJournal.open(path, read_only=True)
    _, report = replay(journal)
    journal.close()
    sys.stdout.write(f"{report.last_seq} {report.matching_hashes} {report.state_hash.hex()}\n")


if __name__ == "__main__":
    if sys.argv[2:] == ["interpreted"]:
        use_interpreted_kernels()
    main(Path(sys.argv[1]))
