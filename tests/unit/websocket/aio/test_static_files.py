import asyncio
import os
import sys
from pathlib import Path

import pytest

from strikewire.websocket import (
    Connection,
    HttpRequest,
    HttpResponse,
    Router,
    StaticFiles,
    serve,
)

HELLO = b"hello, world\n"
MODIFIED_S = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "public"
    (made / "docs").mkdir(parents=True)
    (made / "hello.txt").write_bytes(HELLO)
    (made / "docs" / "index.html").write_text("<p>docs</p>")
    (made / "empty").mkdir()
    (made / "a b é.js").write_text("1")
    (made / ".env").write_text("secret")
    (tmp_path / "secret.txt").write_text("secret")
    os.utime(made / "hello.txt", (MODIFIED_S, MODIFIED_S))
    return made


def get(
    files: StaticFiles, target: str, *headers: tuple[str, str], method: str = "GET"
) -> HttpResponse:
    return files(HttpRequest(method=method, target=target, headers=headers))


def header(response: HttpResponse, name: str) -> str | None:
    return dict(response.headers).get(name)


class TestFiles:
    def test_a_file_is_described_and_sent(self, folder: Path) -> None:
        response = get(StaticFiles(folder), "/hello.txt?x=1")

        assert (response.status, response.body) == (200, HELLO)
        assert header(response, "content-type") == "text/plain; charset=utf-8"
        assert header(response, "content-length") == "13"
        assert header(response, "accept-ranges") == "bytes"
        assert header(response, "last-modified") == DATE
        assert header(response, "etag") == f'"{MODIFIED_S * 10**9:x}-d"'

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("a.html", "text/html; charset=utf-8"),
            ("a.json", "application/json; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("a.svg", "image/svg+xml; charset=utf-8"),
            ("a.png", "image/png"),
            ("a.wasm", "application/wasm"),
            ("a.txt.gz", "application/octet-stream"),
            ("a", "application/octet-stream"),
        ],
    )
    def test_the_name_tells_the_type(self, folder: Path, name: str, kind: str) -> None:
        (folder / name).write_bytes(b"x")

        assert header(get(StaticFiles(folder), f"/{name}"), "content-type") == kind

    def test_a_name_is_percent_decoded(self, folder: Path) -> None:
        assert get(StaticFiles(folder), "/a%20b%20%C3%A9.js").body == b"1"

    def test_a_folder_is_answered_with_its_index(self, folder: Path) -> None:
        response = get(StaticFiles(folder), "/docs/")

        assert response.body == b"<p>docs</p>"
        assert header(response, "content-type") == "text/html; charset=utf-8"

    def test_a_folder_without_its_slash_is_redirected_to_it(self, folder: Path) -> None:
        response = get(StaticFiles(folder), "/docs")

        assert (response.status, header(response, "location")) == (301, "docs/")

    def test_head_is_answered_with_the_length_alone(self, folder: Path) -> None:
        response = get(StaticFiles(folder), "/hello.txt", method="HEAD")

        assert (response.body, header(response, "content-length")) == (b"", "13")

    def test_another_method_is_answered_405(self, folder: Path) -> None:
        response = get(StaticFiles(folder), "/hello.txt", method="POST")

        assert (response.status, header(response, "allow")) == (405, "GET, HEAD")

    def test_headers_may_be_added(self, folder: Path) -> None:
        files = StaticFiles(folder, headers=[("cache-control", "no-cache")])

        assert header(get(files, "/hello.txt"), "cache-control") == "no-cache"

    def test_below_a_router(self, folder: Path) -> None:
        files, router = StaticFiles(folder), Router()
        router.mount("/static", files)
        router.add("GET", "/files/{rest:path}", files)

        for target in ("/static/hello.txt", "/files/hello.txt"):
            answer = router(HttpRequest(method="GET", target=target))
            assert isinstance(answer, HttpResponse)
            assert answer.body == HELLO

    def test_a_missing_folder_is_an_error_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(NotADirectoryError):
            StaticFiles(tmp_path / "none")


class TestEscapes:
    @pytest.mark.parametrize(
        "target",
        [
            "/none.txt",
            "/empty/",
            "/hello.txt/",
            "/hello.txt/a",
            "/../secret.txt",
            "/docs/../../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/docs/./index.html",
            "/.env",
            "/a%00b",
            "/" + "a" * 5000,
            "//etc/passwd",
            "*",
        ],
    )
    def test_what_is_not_below_is_not_found(self, folder: Path, target: str) -> None:
        assert get(StaticFiles(folder), target).status == 404

    @pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
    def test_a_link_is_followed_inside_of_the_folder_only(self, folder: Path) -> None:
        (folder / "inside.txt").symlink_to("hello.txt")
        (folder / "outside.txt").symlink_to("../secret.txt")
        (folder / "up").symlink_to("..", target_is_directory=True)
        (folder / "loop").symlink_to("loop")
        files = StaticFiles(folder)

        statuses = [
            get(files, target).status
            for target in ("/inside.txt", "/outside.txt", "/up/secret.txt", "/up", "/up/", "/loop")
        ]

        assert statuses == [200, 404, 404, 404, 404, 404]

    @pytest.mark.skipif(sys.platform == "win32", reason="there are none there")
    def test_what_is_no_file_is_not_found(self, folder: Path) -> None:
        os.mkfifo(folder / "pipe")

        assert get(StaticFiles(folder), "/pipe").status == 404

    @pytest.mark.skipif(sys.platform == "win32", reason="there are none there")
    def test_no_descriptor_is_left_open(self, folder: Path) -> None:
        (folder / "big").write_bytes(bytes(1 << 20))
        files = StaticFiles(folder)
        open_before = len(os.listdir("/dev/fd"))

        for target in ("/hello.txt", "/docs/", "/none", "/big"):
            get(files, target)

        assert len(os.listdir("/dev/fd")) == open_before


class TestConditions:
    def tag(self, folder: Path) -> str:
        return header(get(StaticFiles(folder), "/hello.txt"), "etag") or ""

    @pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', "*"])
    def test_a_known_file_is_answered_304(self, folder: Path, form: str) -> None:
        known = ("if-none-match", form.format(self.tag(folder)))

        response = get(StaticFiles(folder), "/hello.txt", known)

        assert (response.status, response.body) == (304, b"")
        assert header(response, "etag") == self.tag(folder)

    def test_a_file_that_did_not_change_since_is_answered_304(self, folder: Path) -> None:
        assert get(StaticFiles(folder), "/hello.txt", ("if-modified-since", DATE)).status == 304

    @pytest.mark.parametrize(
        "since", ["Tue, 14 Nov 2023 22:13:19 GMT", "yesterday", "", "Tue, 99 Nov 2023 22:13:19 GMT"]
    )
    def test_a_file_that_changed_is_sent(self, folder: Path, since: str) -> None:
        assert get(StaticFiles(folder), "/hello.txt", ("if-modified-since", since)).status == 200

    def test_the_tag_is_believed_more_than_the_time(self, folder: Path) -> None:
        both = [("if-none-match", '"other"'), ("if-modified-since", DATE)]

        assert get(StaticFiles(folder), "/hello.txt", *both).status == 200


class TestRanges:
    @pytest.mark.parametrize(
        ("wanted", "sent", "where"),
        [
            ("bytes=0-4", b"hello", "bytes 0-4/13"),
            ("bytes=7-", b"world\n", "bytes 7-12/13"),
            ("bytes=-6", b"world\n", "bytes 7-12/13"),
            ("bytes=-99", HELLO, "bytes 0-12/13"),
            ("bytes=12-99", b"\n", "bytes 12-12/13"),
            ("Bytes=0-0", b"h", "bytes 0-0/13"),
        ],
    )
    def test_a_part_is_sent(self, folder: Path, wanted: str, sent: bytes, where: str) -> None:
        response = get(StaticFiles(folder), "/hello.txt", ("range", wanted))

        assert (response.status, response.body) == (206, sent)
        assert header(response, "content-range") == where
        assert header(response, "content-length") == str(len(sent))

    @pytest.mark.parametrize("wanted", ["bytes=13-", "bytes=99-100", "bytes=-0"])
    def test_a_part_that_is_not_there_is_answered_416(self, folder: Path, wanted: str) -> None:
        response = get(StaticFiles(folder), "/hello.txt", ("range", wanted))

        assert (response.status, header(response, "content-range")) == (416, "bytes */13")

    @pytest.mark.parametrize(
        "wanted", ["bytes=0-1,3-4", "bytes=4-2", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=²-3"]
    )
    def test_what_is_no_single_range_is_passed_over(self, folder: Path, wanted: str) -> None:
        assert get(StaticFiles(folder), "/hello.txt", ("range", wanted)).status == 200

    @pytest.mark.parametrize(("form", "status"), [("{}", 206), ('"other"', 200), (DATE, 206)])
    def test_a_part_of_another_version_is_not_sent(
        self, folder: Path, form: str, status: int
    ) -> None:
        files = StaticFiles(folder)
        tag = header(get(files, "/hello.txt"), "etag") or ""
        condition = ("if-range", form.format(tag))

        response = get(files, "/hello.txt", ("range", "bytes=0-4"), condition)

        assert response.status == status


async def never(connection: Connection) -> None:
    raise AssertionError(connection)


async def test_a_big_file_is_sent_in_pieces(folder: Path) -> None:
    content = bytes(range(256)) * 4096  # 1 MiB
    (folder / "big.bin").write_bytes(content)

    async with serve(never, http=StaticFiles(folder)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /big.bin HTTP/1.1\r\nHost: h\r\n\r\n")
        writer.write(b"GET /big.bin HTTP/1.1\r\nHost: h\r\nRange: bytes=5-400004\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"content-length: 1048576\r\n" in head
        assert await reader.readexactly(len(content)) == content
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 206 ")
        assert await reader.readexactly(400_000) == content[5:400_005]
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("size", [1000, 100_000])
async def test_a_file_that_is_cut_off_while_it_is_sent_is_no_answer(
    folder: Path, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    file = folder / "log"
    file.write_bytes(bytes(size))
    files = StaticFiles(folder)

    def cut(request: HttpRequest) -> HttpResponse:
        response = files(request)
        if size > 65536:
            file.write_bytes(b"")
            return response
        return HttpResponse(response.status, response.headers, response.body[1:])

    async with serve(never, http=cut) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /log HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = await reader.read()
        writer.close()

    assert len(answer) < size
    assert "GET /log failed" in caplog.text
