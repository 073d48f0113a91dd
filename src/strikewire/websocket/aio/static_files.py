"""Serves the files of a folder over HTTP."""

import asyncio
import errno
import os
import re
import stat
from collections.abc import AsyncIterator, Sequence
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from mimetypes import MimeTypes
from typing import Final
from urllib.parse import quote, unquote

from strikewire.websocket.http import HttpRequest, HttpResponse, plain_text

# Reading this much from the page cache takes less than handing it to a thread.
_READ_AT_ONCE_BYTES_MAX: Final = 64 << 10
_PIECE_BYTES: Final = 256 << 10

_RANGE: Final = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.IGNORECASE)
_ABSENT: Final = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.ENAMETOOLONG}

_NOT_FOUND: Final = plain_text(HTTPStatus.NOT_FOUND, "not found")


class StaticFiles:
    """Answers GET and HEAD with the files below a folder.

    As `serve(..., http=StaticFiles("public"))`, or below a `Router`: its `mount` takes one.

    A folder is answered with its `index.html`. Names that begin with a dot are not served, and
    neither is what a symbolic link points to outside of the folder. Files have an ETag and a
    Last-Modified made of their size and time; conditional requests and single byte ranges are
    understood, several ranges at once are answered with the whole file. A file of more than 64 KiB
    is read by a thread in pieces of 256 KiB, as fast as the client takes them.

    Source: RFC 9110 sections 13 (conditions) and 14 (ranges).
    """

    def __init__(
        self, directory: str | os.PathLike[str], *, headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Serve `directory`.

        Args:
            directory: What is below it is public.
            headers: To add to every file, such as `("cache-control", "max-age=3600")`.

        Raises:
            NotADirectoryError: There is no such folder.
        """
        if not os.path.isdir(directory):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory))
        self._root = os.path.realpath(directory)
        self._headers = tuple(headers)
        # Not the module's functions: they read tables of the machine they happen to run on.
        self._types = MimeTypes()
        self._types.add_type("text/javascript", ".js")
        self._types.add_type("text/javascript", ".mjs")
        self._types.add_type("application/wasm", ".wasm")
        self._types.add_type("image/webp", ".webp")
        self._types.add_type("font/woff2", ".woff2")

    def __call__(self, request: HttpRequest, rest: str | None = None) -> HttpResponse:
        """Answer a request for a file.

        Args:
            request: Its path says which, unless `rest` does.
            rest: The path below the folder, percent-decoded, as a `Router` hands it over.
        """
        if request.method not in ("GET", "HEAD"):
            allow = ("allow", "GET, HEAD")
            return plain_text(HTTPStatus.METHOD_NOT_ALLOWED, "method not allowed", allow)
        path = unquote(request.path, errors="replace") if rest is None else f"/{rest}"
        found = self._open(path)
        if isinstance(found, HttpResponse):
            return found
        descriptor, resolved = found
        is_taken = False
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return _NOT_FOUND
            response = self._respond(request, descriptor, resolved, status)
            is_taken = response.stream is not None
            return response
        finally:
            if not is_taken:
                os.close(descriptor)

    # ------------------------------------------------------------------------- finding a file

    def _open(self, path: str) -> tuple[int, str] | HttpResponse:
        """Return the open file and where it really is, or the response that says why not."""
        first, *segments = path.split("/")
        if first or not segments:
            return _NOT_FOUND
        if any(segment.startswith(".") or "\0" in segment for segment in segments):
            return _NOT_FOUND
        if os.sep != "/" and (
            os.sep in path or any(os.path.splitdrive(one)[0] for one in segments)
        ):
            return _NOT_FOUND
        wanted = os.path.join(self._root, *segments)
        if os.path.isdir(wanted):
            if not path.endswith("/"):
                return _NOT_FOUND if not self._is_inside(wanted) else _to_folder(segments[-1])
            wanted = os.path.join(wanted, "index.html")
        elif path.endswith("/"):
            return _NOT_FOUND
        resolved = os.path.realpath(wanted)
        if not self._is_inside(resolved):
            return _NOT_FOUND
        try:
            return _open_below(self._root, os.path.relpath(resolved, self._root)), wanted
        except OSError as error:
            if error.errno in _ABSENT:
                return _NOT_FOUND
            raise

    def _is_inside(self, path: str) -> bool:
        return os.path.commonpath([self._root, os.path.realpath(path)]) == self._root

    # ---------------------------------------------------------------------------- answering

    def _respond(
        self, request: HttpRequest, descriptor: int, path: str, status: os.stat_result
    ) -> HttpResponse:
        tag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
        modified_s = int(status.st_mtime)
        validators = (("etag", tag), ("last-modified", formatdate(modified_s, usegmt=True)))
        if _is_unchanged(request, tag, modified_s):
            return HttpResponse(HTTPStatus.NOT_MODIFIED, (*validators, *self._headers))

        start, stop = 0, status.st_size
        code = HTTPStatus.OK
        extra: tuple[tuple[str, str], ...] = ()
        wanted = request.header("range")
        if wanted is not None and request.method == "GET" and _holds(request, tag, modified_s):
            span = _span(wanted, status.st_size)
            if span is not None:
                if span[0] >= span[1]:
                    unsatisfied = ("content-range", f"bytes */{status.st_size}")
                    words = "no such range"
                    return plain_text(
                        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, words, unsatisfied
                    )
                start, stop = span
                code = HTTPStatus.PARTIAL_CONTENT
                extra = (("content-range", f"bytes {start}-{stop - 1}/{status.st_size}"),)
        size = stop - start
        headers = (
            ("content-type", self._content_type(path)),
            ("content-length", str(size)),
            ("accept-ranges", "bytes"),
            ("x-content-type-options", "nosniff"),
            *validators,
            *extra,
            *self._headers,
        )
        if request.method == "HEAD":
            return HttpResponse(code, headers)
        if size <= _READ_AT_ONCE_BYTES_MAX:
            # A file that was cut off meanwhile is told by its length, which no longer fits.
            return HttpResponse(code, headers, _read(descriptor, size, start))
        return HttpResponse(code, headers, stream=_Pieces(descriptor, start, stop))

    def _content_type(self, path: str) -> str:
        kind, encoding = self._types.guess_type(path)
        if kind is None or encoding is not None:
            return "application/octet-stream"
        if kind.startswith("text/") or kind in ("application/json", "image/svg+xml"):
            return f"{kind}; charset=utf-8"
        return kind


class _Pieces:
    """A part of an open file, read by a thread piece by piece; closed when it is dropped."""

    def __init__(self, descriptor: int, start: int, stop: int) -> None:
        self._descriptor = descriptor
        self._start = start
        self._stop = stop

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._start < self._stop:
            size = min(_PIECE_BYTES, self._stop - self._start)
            piece = await asyncio.to_thread(_read, self._descriptor, size, self._start)
            if not piece:
                return  # the file was cut off meanwhile; its length tells the client
            self._start += len(piece)
            yield piece

    def __del__(self) -> None:
        os.close(self._descriptor)


def _read(descriptor: int, size: int, start: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, start)
    os.lseek(descriptor, start, os.SEEK_SET)
    return os.read(descriptor, size)


def _open_below(root: str, path: str) -> int:
    """Open a file by walking down from `root` without following a link.

    Whoever swaps a folder for a link after it was looked at gains nothing by it.
    """
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    if os.open not in os.supports_dir_fd:
        return os.open(os.path.join(root, path), flags | getattr(os, "O_BINARY", 0))
    *folders, name = path.split("/")
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            below = os.open(
                folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here
            )
            os.close(here)
            here = below
        return os.open(name, flags | os.O_NOFOLLOW, dir_fd=here)
    finally:
        os.close(here)


def _to_folder(name: str) -> HttpResponse:
    """Return the redirect that makes relative links of an index page work."""
    return HttpResponse(HTTPStatus.MOVED_PERMANENTLY, (("location", f"{quote(name)}/"),))


def _is_unchanged(request: HttpRequest, tag: str, modified_s: int) -> bool:
    """Return whether the client has the file as it is."""
    tags = request.header("if-none-match")
    if tags is not None:
        # RFC 9110 13.1.2: compared weakly, and If-Modified-Since is not looked at then.
        known = [one.strip(" \t").removeprefix("W/") for one in tags.split(",")]
        return tag in known or known == ["*"]
    since_s = _seconds(request.header("if-modified-since"))
    return since_s is not None and modified_s <= since_s


def _holds(request: HttpRequest, tag: str, modified_s: int) -> bool:
    """Return whether `If-Range`, if there is one, names the file as it is."""
    condition = request.header("if-range")
    return condition is None or condition == tag or _seconds(condition) == modified_s


def _seconds(date: str | None) -> int | None:
    if date is None:
        return None
    try:
        return int(parsedate_to_datetime(date).timestamp())
    except (ValueError, OverflowError):
        return None


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """Return first byte and end of a `Range`; an empty span cannot be had, None is no range."""
    match = _RANGE.fullmatch(wanted)
    if match is None or match[0].strip().endswith("=-"):
        return None
    first, last = match[1], match[2]
    if not first:
        # The last so many bytes.
        return max(size - int(last), 0), size
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size
