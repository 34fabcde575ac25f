"""The folder service answers requests as HTTP says, and never leaves its folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from securetransport.cli.http import Folder, HttpService


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "public"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "with index").mkdir()
    (folder / "hello.txt").write_bytes(b"hello, world")
    (folder / "empty").write_bytes(b"")
    Path(os.fsdecode(os.fsencode(folder) + b"/not\xffutf8")).mkdir()
    (folder / "big.bin").write_bytes(os.urandom(1_000_003))
    (folder / "sub" / "<b>.html").write_bytes(b"x")
    (folder / "with index" / "index.html").write_bytes(b"<p>index</p>")
    (folder / ".secret").write_bytes(b"hidden")
    (tmp_path / "outside.txt").write_bytes(b"outside")
    (tmp_path / "public-but-not-really").mkdir()
    (tmp_path / "public-but-not-really" / "x").write_bytes(b"outside too")
    (folder / "link-out").symlink_to(tmp_path / "outside.txt")
    (folder / "link-dir").symlink_to(tmp_path)
    (folder / "link-in").symlink_to(folder / "hello.txt")
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    return folder


class Client:
    """One connection to the service, without a socket."""

    def __init__(self, root: Path) -> None:
        self.service = HttpService(Folder(root))

    def send(self, data: bytes) -> bytes:
        self.service.received(data)
        return self.take()

    def take(self) -> bytes:
        answer = b""
        while piece := self.service.to_send():
            answer += piece
        return answer

    def get(self, path: str, *headers: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""]
        return split(self.send("\r\n".join(lines).encode("latin-1")))


def split(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    return int(first.split()[1]), headers, body


@pytest.fixture
def client(root: Path) -> Client:
    return Client(root)


def test_a_file_is_served_with_its_length_and_type(client: Client) -> None:
    status, headers, body = client.get("/hello.txt")
    assert (status, body) == (200, b"hello, world")
    assert headers["content-length"] == "12"
    assert headers["content-type"] == "text/plain"
    assert headers["connection"] == "keep-alive"
    assert not client.service.finished
    assert client.service.hungry


def test_a_large_file_comes_in_bounded_pieces(client: Client, root: Path) -> None:
    client.service.received(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
    assert not client.service.hungry
    pieces = []
    while piece := client.service.to_send():
        pieces.append(piece)
    assert max(map(len, pieces)) < 140_000
    assert split(b"".join(pieces))[2] == (root / "big.bin").read_bytes()


def test_an_empty_file_has_an_answer(client: Client) -> None:
    status, headers, body = client.get("/empty")
    assert (status, headers["content-length"], body) == (200, "0", b"")


def test_head_is_get_without_the_body(client: Client) -> None:
    _, wanted, _ = client.get("/hello.txt")
    status, headers, body = client.get("/hello.txt", method="HEAD")
    assert (status, body) == (200, b"")
    assert headers["content-length"] == wanted["content-length"]
    assert client.get("/nothing", method="HEAD")[2] == b""


def test_requests_on_one_connection_are_answered_in_order(client: Client) -> None:
    one = b"GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = client.send(one + b"\r\n" + one + one[:10])
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert client.service.waiting_since is not None
    assert client.send(one[10:]).count(b"HTTP/1.1 200 OK") == 1
    assert client.service.requests == 3
    assert client.service.waiting_since is None


def test_empty_lines_before_a_request_do_not_stop_the_clock(root: Path) -> None:
    client = Client(root)
    assert client.send(b"\r\n") == b""
    since = client.service.waiting_since
    assert since is not None
    for _ in range(3):
        assert client.send(b"\r\n\r") == b""
        assert client.send(b"\n") == b""
        assert client.service.waiting_since == since
    assert split(client.send(b"GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n"))[0] == 200
    assert client.service.waiting_since is None


def test_a_request_may_come_byte_by_byte(client: Client) -> None:
    answers = b"".join(client.send(bytes([b])) for b in b"GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n")
    assert split(answers)[2] == b"hello, world"


@pytest.mark.parametrize(
    ("version", "header", "closes"),
    [
        ("1.1", "", False),
        ("1.1", "Connection: close\r\n", True),
        ("1.1", "Connection: Upgrade, Close\r\n", True),
        ("1.0", "", True),
        ("1.0", "Connection: keep-alive\r\n", False),
    ],
)
def test_the_connection_is_kept_as_the_client_says(
    client: Client, version: str, header: str, closes: bool
) -> None:
    answer = client.send(f"GET /hello.txt HTTP/{version}\r\nHost: x\r\n{header}\r\n".encode())
    assert split(answer)[1]["connection"] == ("close" if closes else "keep-alive")
    assert client.service.finished is closes


def test_a_connection_to_be_closed_is_finished_only_after_its_answer(client: Client) -> None:
    client.service.received(b"GET /big.bin HTTP/1.0\r\n\r\n")
    client.service.to_send()
    assert not client.service.finished
    client.take()
    assert client.service.finished


@pytest.mark.parametrize(
    "path",
    [
        "/../outside.txt",
        "/sub/../../outside.txt",
        "/%2e%2e/outside.txt",
        "/%2e%2e%2foutside.txt",
        "/..%2foutside.txt",
        "/..%5coutside.txt",
        "/..\\outside.txt",
        "/sub/..%2f..%2foutside.txt",
        "/../public-but-not-really/x",
        "//../outside.txt",
        "/link-out",
        "/link-dir/outside.txt",
        "/link-dir/",
        "/.secret",
        "/%2esecret",
        "/hello.txt%00.html",
        "/hello.txt/",
        "/hello.txt/x",
        "/loop",
        "/nothing",
        "/" + "a" * 5000,
        "/%ff%fe",
        "https://elsewhere/../outside.txt",
    ],
)
def test_nothing_outside_or_hidden_is_ever_served(client: Client, path: str) -> None:
    status, _, body = client.get(path)
    assert status == 404
    assert b"outside" not in body
    assert b"hidden" not in body


def test_a_link_that_stays_inside_is_followed(client: Client) -> None:
    assert client.get("/link-in")[2] == b"hello, world"


def test_a_pipe_is_refused_and_nobody_waits_for_it(client: Client) -> None:
    assert client.get("/pipe")[0] == 403


def test_a_folder_is_listed_safely(client: Client) -> None:
    status, headers, body = client.get("/sub/")
    assert status == 200
    assert headers["content-type"].startswith("text/html")
    assert b"<b>" not in body
    assert b"%3Cb%3E.html" in body
    top = client.get("/")[2]
    assert b"hello.txt" in top
    assert b".secret" not in top


def test_names_that_are_no_utf8_are_listed_and_reached(client: Client) -> None:
    assert b"./not%FFutf8/" in client.get("/")[2]
    assert client.get("/not%FFutf8/")[0] == 200
    assert client.get("/not%FFutf8")[1]["location"] == "/not%FFutf8/"


def test_a_folder_without_its_slash_is_moved_within_this_host(client: Client) -> None:
    status, headers, _ = client.get("/sub")
    assert (status, headers["location"]) == (301, "/sub/")
    status, headers, _ = client.get("//sub")
    assert (status, headers["location"]) == (301, "/sub/")
    assert "\r" not in headers["location"]


def test_an_index_stands_for_its_folder(client: Client) -> None:
    assert client.get("/with%20index/")[2] == b"<p>index</p>"


@pytest.mark.parametrize(
    ("wanted", "status", "body", "content"),
    [
        ("bytes=0-4", 206, b"hello", "bytes 0-4/12"),
        ("bytes=7-", 206, b"world", "bytes 7-11/12"),
        ("bytes=-5", 206, b"world", "bytes 7-11/12"),
        ("bytes=-500", 206, b"hello, world", "bytes 0-11/12"),
        ("bytes=7-500", 206, b"world", "bytes 7-11/12"),
        ("bytes=12-", 416, None, "bytes */12"),
        ("bytes=-0", 416, None, "bytes */12"),
        ("bytes=5-2", 200, b"hello, world", None),
        ("bytes=-", 200, b"hello, world", None),
        ("bytes=0-1,3-4", 200, b"hello, world", None),
        ("lines=1-2", 200, b"hello, world", None),
    ],
)
def test_ranges(client: Client, wanted: str, status: int, body: bytes | None, content: str | None) -> None:
    got, headers, data = client.get("/hello.txt", f"Range: {wanted}")
    assert got == status
    assert body is None or data == body
    assert headers.get("content-range") == content
    assert headers["content-length"] == str(len(data))


def test_an_unchanged_file_is_not_sent_again(client: Client) -> None:
    _, headers, _ = client.get("/hello.txt")
    for line in (f"If-None-Match: {headers['etag']}", f"If-Modified-Since: {headers['last-modified']}"):
        status, _, body = client.get("/hello.txt", line)
        assert (status, body) == (304, b"")
    assert client.get("/hello.txt", 'If-None-Match: "other"')[0] == 200
    assert client.get("/hello.txt", "Range: bytes=0-0", 'If-Range: "other"')[0] == 200


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /hello.txt\r\n\r\n", 400),
        (b"GET  /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /hello.txt HTTP/2.0\r\nHost: x\r\n\r\n", 400),
        (b"GET /hello.txt HTTP/1.1\r\n\r\n", 400),
        (b"GET /hello.txt HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET /hello.txt HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
        (b"GET /hello.txt HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET /hello.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\n", 400),
        (b"GET ftp://x/hello.txt HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"\x16\x03\x01\x00\x05hello\r\n\r\n", 400),
        (b"POST /hello.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 405),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000, 431),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_ends(
    client: Client, request_bytes: bytes, status: int
) -> None:
    got, headers, _ = split(client.send(request_bytes))
    assert got == status
    assert headers["connection"] == "close"
    assert client.service.finished


def test_other_methods_are_refused_and_the_connection_stays(client: Client) -> None:
    status, headers, _ = client.get("/hello.txt", method="DELETE")
    assert (status, headers["allow"]) == (405, "GET, HEAD")
    assert client.get("/hello.txt")[0] == 200


def test_a_file_that_shrinks_while_it_is_sent_ends_the_connection(client: Client, root: Path) -> None:
    client.service.received(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
    client.service.to_send()
    os.truncate(root / "big.bin", 1000)
    client.take()
    assert client.service.finished


def test_a_connection_that_ends_early_gives_its_file_back(client: Client) -> None:
    client.service.received(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
    client.service.to_send()
    client.service.close()
    assert client.service.to_send() == b""
