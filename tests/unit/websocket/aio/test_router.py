from collections.abc import AsyncIterator, Awaitable

import pytest

from strikewire.websocket import HttpRequest, HttpResponse, Router
from strikewire.websocket.aio.response_writer import HttpAnswer


def request(method: str, target: str, stream: AsyncIterator[bytes] | None = None) -> HttpRequest:
    return HttpRequest(method=method, target=target, stream=stream)


def answered(router: Router, method: str, target: str) -> HttpResponse:
    answer = router(request(method, target))
    assert isinstance(answer, HttpResponse)
    return answer


def words(router: Router, method: str, target: str) -> bytes:
    return answered(router, method, target).body


def saying(text: str) -> HttpResponse:
    return HttpResponse(200, (), text.encode())


@pytest.fixture
def router() -> Router:
    made = Router()

    @made.get("/health")
    def health(request: HttpRequest) -> HttpResponse:
        return saying("well")

    @made.get("/users/{name}")
    def user(request: HttpRequest, name: str) -> HttpResponse:
        return saying(f"user {name}")

    @made.delete("/users/{name}")
    def remove(request: HttpRequest, name: str) -> HttpResponse:
        return saying(f"removed {name}")

    @made.get("/users/me")
    def me(request: HttpRequest) -> HttpResponse:
        return saying("me")

    @made.get("/files/{rest:path}")
    def file(request: HttpRequest, rest: str) -> HttpResponse:
        return saying(f"file {rest}")

    return made


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/health", b"well"),
        ("/health?deep=1", b"well"),
        ("http://h/health", b"well"),
        ("/users/ada", b"user ada"),
        ("/users/me", b"me"),  # said in full, wherever it was added
        ("/users/a%2Fb%20%C3%A9", "user a/b é".encode()),
        ("/files/a/b.txt", b"file a/b.txt"),
        ("/files/", b"file "),
    ],
)
def test_a_path_has_its_handler(router: Router, target: str, expected: bytes) -> None:
    assert words(router, "GET", target) == expected


@pytest.mark.parametrize(
    "target", ["/", "/users", "/users/", "/users/a/b", "/files", "/health/", "*", "/HEALTH"]
)
def test_an_unknown_path_is_answered_404(router: Router, target: str) -> None:
    assert answered(router, "GET", target).status == 404


def test_a_path_that_is_not_utf_8_is_answered_400(router: Router) -> None:
    assert answered(router, "GET", "/users/%ff").status == 400


def test_another_method_is_answered_405_with_those_that_are(router: Router) -> None:
    answer = answered(router, "PUT", "/users/ada")

    assert answer.status == 405
    assert ("allow", "DELETE, GET, HEAD") in answer.headers


def test_the_handler_of_get_answers_head(router: Router) -> None:
    assert words(router, "HEAD", "/health") == b"well"


def test_methods_have_handlers_of_their_own(router: Router) -> None:
    assert words(router, "DELETE", "/users/ada") == b"removed ada"


def test_every_method_has_a_decorator() -> None:
    router = Router()
    for method in ("get", "post", "put", "delete"):
        getattr(router, method)("/x")(lambda request, method=method: saying(method))
    router.route("PATCH", "/x")(lambda request: saying("patch"))

    said = [words(router, method, "/x") for method in ("GET", "POST", "PUT", "DELETE", "PATCH")]

    assert said == [b"get", b"post", b"put", b"delete", b"patch"]


class TestMounts:
    def test_what_is_below_is_handed_on_without_its_prefix(self) -> None:
        router, inner = Router(), Router()
        inner.add("GET", "/", lambda request: saying(f"{request.root} {request.target}"))
        inner.add("GET", "/a", lambda request: saying(f"{request.root} {request.target}"))
        router.mount("/admin", inner)

        assert words(router, "GET", "/admin") == b"/admin /"
        assert words(router, "GET", "/admin/a?b=1") == b"/admin /a?b=1"
        assert answered(router, "GET", "/administrator").status == 404

    def test_the_longest_prefix_wins_and_a_route_wins_over_both(self) -> None:
        router = Router()
        router.mount("/a", lambda request: saying("short"))
        router.mount("/a/b", lambda request: saying("long"))
        router.add("GET", "/a/b/c", lambda request: saying("route"))

        said = [words(router, "GET", path) for path in ("/a/x", "/a/b/x", "/a/b/c")]

        assert said == [b"short", b"long", b"route"]

    def test_mounts_nest(self) -> None:
        outer, middle = Router(), Router()
        middle.mount("/b", lambda request: saying(f"{request.root} {request.path}"))
        outer.mount("/a", middle)

        assert words(outer, "GET", "/a/b/c") == b"/a/b /c"


class TestMistakes:
    @pytest.mark.parametrize(
        "pattern", ["a", "/{rest:path}/b", "/a{name}", "/{}", "/{1a}", "/{name:int}"]
    )
    def test_a_malformed_pattern_is_refused(self, pattern: str) -> None:
        with pytest.raises(ValueError, match=r"."):
            Router().add("GET", pattern, lambda request: saying(""))

    @pytest.mark.parametrize("prefix", ["a", "/a/", "/", ""])
    def test_a_malformed_prefix_is_refused(self, prefix: str) -> None:
        with pytest.raises(ValueError, match="slash"):
            Router().mount(prefix, lambda request: saying(""))

    @pytest.mark.parametrize("pattern", ["/a", "/{a}"])
    def test_a_pattern_is_taken_once(self, pattern: str) -> None:
        router = Router()
        router.add("GET", pattern, lambda request: saying(""))
        router.mount("/m", lambda request: saying(""))

        with pytest.raises(ValueError, match="already"):
            router.add("GET", pattern, lambda request: saying(""))
        with pytest.raises(ValueError, match="already"):
            router.mount("/m", lambda request: saying(""))


class Streaming:
    streams_bodies = True

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return saying("streamed" if request.stream is not None else "whole")


class TestStreams:
    @staticmethod
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    def router(self) -> Router:
        router = Router()
        router.mount("/stream", Streaming())

        async def later(request: HttpRequest) -> HttpAnswer:
            return saying(f"later {request.body.decode()}")

        router.add("POST", "/now", lambda request: saying(request.body.decode()))
        router.add("POST", "/later", later)
        return router

    def test_one_that_takes_streams_makes_the_router_take_them(self) -> None:
        assert self.router().streams_bodies
        assert not Router().streams_bodies

    async def test_the_others_still_get_their_bodies_whole(self) -> None:
        for path, expected in (("/now", b"ab"), ("/later", b"later ab")):
            answer = self.router()(request("POST", path, self.pieces()))
            assert isinstance(answer, Awaitable)

            assert await answer == HttpResponse(200, (), expected)

    def test_the_one_gets_the_stream(self) -> None:
        answer = self.router()(request("POST", "/stream", self.pieces()))

        assert answer == saying("streamed")
