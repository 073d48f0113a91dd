"""Write what follows from the API's definition: reference pages, documents, client methods.

Run by `python dev.py generate`; with `--check` nothing is written and the exit code is 1 when a
file is stale, missing or left over.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tools")]

from apidocs import documents, reference, stubs  # noqa: E402 (the path comes first)

REFERENCE = ROOT / "docs" / "reference"


def generated() -> dict[Path, str]:
    """Return every generated file with its text."""
    return {
        REFERENCE / "methods.md": reference.methods_page(),
        REFERENCE / "channels.md": reference.channels_page(),
        REFERENCE / "types.md": reference.types_page(),
        REFERENCE / "errors.md": reference.errors_page(),
        REFERENCE / "openrpc.json": documents.openrpc(),
        REFERENCE / "asyncapi.json": documents.asyncapi(),
        REFERENCE / "openapi.json": documents.openapi(),
        ROOT / "src" / "strikewire" / "client" / "methods.py": stubs.client_methods(),
    }


def stale(files: dict[Path, str]) -> list[Path]:
    """List the files whose text on disk is not what the definition gives."""
    return [
        path
        for path, text in files.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or with `--check` only compare them."""
    parser = argparse.ArgumentParser(description="Write what follows from the API's definition.")
    parser.add_argument("--check", action="store_true", help="exit 1 when a file is stale")
    check = parser.parse_args(arguments).check
    files = generated()
    changed = stale(files)
    for path in changed:
        print(f"{'stale' if check else 'wrote'}: {path.relative_to(ROOT)}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8", newline="\n")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
