"""A folder over HTTP/1.1, without a socket (RFC 9110, RFC 9112).

In: bytes of a client. Out: bytes for it. Promise: GET and HEAD only, of regular files below the folder; nothing
outside it is ever opened, whatever the path says and wherever links point; hidden files are not served. A request
head is at most 16 KiB, and no more than one answer is under way on a connection.
"""

from __future__ import annotations

import dataclasses
import email.utils
import html
import mimetypes
import os
import re
import stat
import time
import urllib.parse
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

__all__ = ["Folder", "HttpService"]

_HEAD_LIMIT = 16 * 1024
#: A file is read and sealed in pieces of this size; one connection holds the loop no longer than that.
_PIECE = 128 * 1024
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
#: Fields that say where a request ends or whom it is for; two of a kind mean that somebody disagrees.
_ONCE = ("host", "content-length", "transfer-encoding")
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


class _Refused(Exception):
    """A request that gets a status instead of a file."""

    def __init__(self, status: HTTPStatus, close: bool = False, **headers: str) -> None:
        super().__init__(status)
        self.status = status
        self.close = close
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Folder:
    """The folder: turns the path of a request into an open file or a listing."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve(strict=True)

    def find(self, path: str) -> Path:
        """The file or directory of a decoded request path, inside the folder."""
        parts = [part for part in path.split("/") if part not in ("", ".")]
        for part in parts:
            # A hidden name covers ".." too; the others would be separators or drives on some systems.
            if part.startswith(".") or "\\" in part or "\0" in part or (os.name == "nt" and ":" in part):
                raise _Refused(HTTPStatus.NOT_FOUND)
        try:
            found = self.root.joinpath(*parts).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            raise _Refused(HTTPStatus.NOT_FOUND) from None
        if not found.is_relative_to(self.root):
            raise _Refused(HTTPStatus.NOT_FOUND)
        return found

    def open(self, path: Path) -> tuple[BinaryIO, os.stat_result]:
        """A regular file; pipes and devices are refused without waiting for them."""
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
        except PermissionError:
            raise _Refused(HTTPStatus.FORBIDDEN) from None
        except OSError:
            raise _Refused(HTTPStatus.NOT_FOUND) from None
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            os.close(descriptor)
            raise _Refused(HTTPStatus.FORBIDDEN)
        return os.fdopen(descriptor, "rb", buffering=0), about

    def listing(self, path: Path, shown: str) -> bytes:
        """A page that names what a directory holds."""
        try:
            names = sorted(os.listdir(path))
        except OSError:
            raise _Refused(HTTPStatus.FORBIDDEN) from None
        title = html.escape(f"Files in {shown}")
        lines = ["<li><a href='../'>../</a></li>"] if path != self.root else []
        for name in names:
            if not name.startswith("."):
                shown_name = name + ("/" if os.path.isdir(path / name) else "")
                link = "./" + urllib.parse.quote(shown_name, errors="surrogateescape")
                lines.append(f'<li><a href="{link}">{html.escape(shown_name)}</a></li>')
        page = f"<!DOCTYPE html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><ul>{''.join(lines)}</ul>\n"
        return page.encode("utf-8", "replace")  # names need not be UTF-8


@dataclasses.dataclass
class _Request:
    method: str
    path: str
    headers: dict[str, str]
    keep_alive: bool


def _parse(head: bytes) -> _Request:
    lines = head.decode("latin-1").split("\n")
    lines = [line.removesuffix("\r") for line in lines]
    words = lines[0].split(" ")
    if len(words) != 3 or not _TOKEN.match(words[0]) or words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise _Refused(HTTPStatus.BAD_REQUEST, close=True)
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        # Folded lines, blanks before the colon and doubled framing are how requests get smuggled (RFC 9112, 5.1).
        if not colon or not _TOKEN.match(name) or "\r" in value or "\0" in value:
            raise _Refused(HTTPStatus.BAD_REQUEST, close=True)
        name, value = name.lower(), value.strip(" \t")
        if name in _ONCE and name in headers:
            raise _Refused(HTTPStatus.BAD_REQUEST, close=True)
        headers[name] = value
    if words[2] == "HTTP/1.1" and "host" not in headers:
        raise _Refused(HTTPStatus.BAD_REQUEST, close=True)
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, close=True, Allow="GET, HEAD")
    connection = {word.strip().lower() for word in headers.get("connection", "").split(",")}
    keep = "close" not in connection if words[2] == "HTTP/1.1" else "keep-alive" in connection
    return _Request(words[0], _path_of(words[1]), headers, keep)


def _path_of(target: str) -> str:
    if not target.startswith("/"):
        scheme, _, rest = target.partition("://")
        if scheme.lower() not in ("http", "https"):
            raise _Refused(HTTPStatus.BAD_REQUEST, close=True)
        target = "/" + rest.partition("/")[2]
    plain = target.partition("?")[0].partition("#")[0]
    return urllib.parse.unquote(plain, errors="surrogateescape")


class HttpService:
    """One client's connection: requests in, answers out."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._input = bytearray()
        self._answer: Iterator[bytes] | None = None
        self._file: BinaryIO | None = None
        #: How many requests were answered.
        self.requests = 0
        self._last = False
        #: Whether more input is welcome now.
        self.hungry = True
        #: When the first byte of a request came that is not complete yet (``time.monotonic``), else ``None``.
        self.waiting_since: float | None = None

    @property
    def finished(self) -> bool:
        """Whether the last answer has been handed out and the connection is to be closed."""
        return self._last and self._answer is None

    def received(self, data: bytes) -> None:
        """Take bytes of the client."""
        self._input += data
        self._next()

    def to_send(self) -> bytes:
        """The next piece for the client; empty when there is none now."""
        while self._answer is not None:
            piece = next(self._answer, None)
            if piece:
                return piece
            if piece is None:
                self._answer = None
                self._close_file()
                self._next()
        return b""

    def close(self) -> None:
        """Give the open file back."""
        self._answer = None
        self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _next(self) -> None:
        """Begin to answer the next request, if it is whole and nothing else is under way."""
        if self._answer is not None or self._last:
            self.hungry = False
            return
        if self._input and self.waiting_since is None:
            self.waiting_since = time.monotonic()  # an empty line counts: many must not keep a connection
        while self._input[:2] == b"\r\n":  # RFC 9112, 2.2: an empty line before a request is ignored
            del self._input[:2]
        end = re.search(rb"\r?\n\r?\n", self._input)
        if end is None and len(self._input) <= _HEAD_LIMIT:
            self.hungry = True
            return
        self.hungry, self.waiting_since = False, None
        self.requests += 1
        try:
            if end is None or end.start() > _HEAD_LIMIT:
                raise _Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, close=True)
            head = bytes(self._input[: end.start()])
            del self._input[: end.end()]
            request = _parse(head)
        except _Refused as refusal:
            self._answer = iter([self._refusal(refusal, None)])
            return
        self._last = not request.keep_alive
        try:
            self._answer = self._respond(request)
        except _Refused as refusal:
            self._answer = iter([self._refusal(refusal, request)])

    def _refusal(self, refusal: _Refused, request: _Request | None) -> bytes:
        self._last = self._last or refusal.close
        status = refusal.status
        body = b"" if status == HTTPStatus.NOT_MODIFIED else f"{status.value} {status.phrase}\n".encode()
        headers = {"Content-Type": "text/plain; charset=utf-8", **refusal.headers}
        head = self._head(status, len(body), headers)
        return head if request and request.method == "HEAD" else head + body

    def _head(self, status: HTTPStatus, length: int, headers: dict[str, str]) -> bytes:
        lines = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            f"Date: {email.utils.formatdate(usegmt=True)}",
            "Server: securetransport",
            "X-Content-Type-Options: nosniff",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        if status != HTTPStatus.NOT_MODIFIED:
            lines.append(f"Content-Length: {length}")
        lines.append("Connection: close" if self._last else "Connection: keep-alive")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _respond(self, request: _Request) -> Iterator[bytes]:
        if request.method not in ("GET", "HEAD"):
            raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD")
        path = self._folder.find(request.path)
        if os.path.isdir(path):
            if not request.path.endswith("/"):
                # Two slashes in front would name another host.
                place = "/" + urllib.parse.quote(request.path.strip("/"), errors="surrogateescape") + "/"
                raise _Refused(HTTPStatus.MOVED_PERMANENTLY, Location=place)
            index = path / "index.html"
            if not os.path.isfile(index):
                return self._page(request, self._folder.listing(path, request.path))
            path = self._folder.find(request.path + "index.html")
        elif request.path.endswith("/"):
            raise _Refused(HTTPStatus.NOT_FOUND)
        return self._serve_file(request, path)

    def _page(self, request: _Request, page: bytes) -> Iterator[bytes]:
        headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache"}
        head = self._head(HTTPStatus.OK, len(page), headers)
        return iter([head if request.method == "HEAD" else head + page])

    def _serve_file(self, request: _Request, path: Path) -> Iterator[bytes]:
        file, about = self._folder.open(path)
        self._file = file
        try:
            changed = email.utils.formatdate(int(about.st_mtime), usegmt=True)
            mark = f'"{about.st_mtime_ns:x}-{about.st_size:x}"'
            kind, encoding = mimetypes.guess_type(path.name)
            headers = {"Last-Modified": changed, "ETag": mark, "Accept-Ranges": "bytes"}
            if _unchanged(request, changed, mark):
                raise _Refused(HTTPStatus.NOT_MODIFIED, Last_Modified=changed, ETag=mark)
            headers["Content-Type"] = (kind if kind and not encoding else None) or "application/octet-stream"
            start, length, status = _part(request, about.st_size, changed, mark)
        except _Refused:
            self._close_file()
            raise
        if status == HTTPStatus.PARTIAL_CONTENT:
            headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{about.st_size}"
        head = self._head(status, length, headers)
        return iter([head]) if request.method == "HEAD" else self._body(head, file, start, length)

    def _body(self, head: bytes, file: BinaryIO, start: int, length: int) -> Iterator[bytes]:
        """The head and the file; a file that shrinks meanwhile ends the connection, for its length was promised."""
        file.seek(start)
        while True:
            piece = file.read(min(_PIECE, length)) if length else b""
            if not piece and length:
                self._last = True
                return
            length -= len(piece)
            yield head + piece
            head = b""
            if length == 0:
                return


def _unchanged(request: _Request, changed: str, mark: str) -> bool:
    marks = request.headers.get("if-none-match")
    if marks is not None:
        known = {one.strip().removeprefix("W/") for one in marks.split(",")}
        return mark in known or "*" in known
    return request.headers.get("if-modified-since") == changed


def _part(request: _Request, size: int, changed: str, mark: str) -> tuple[int, int, HTTPStatus]:
    """Start, length and status of what is to be sent: a single range, or everything."""
    wanted = _RANGE.match(request.headers.get("range", "")) if request.method == "GET" else None
    fresh = request.headers.get("if-range", mark) in (mark, changed)
    if wanted is None or not fresh or wanted[0] == "bytes=-":
        return 0, size, HTTPStatus.OK
    if wanted[1]:
        start, end = int(wanted[1]), min(int(wanted[2]) if wanted[2] else size - 1, size - 1)
        if wanted[2] and int(wanted[2]) < start:
            return 0, size, HTTPStatus.OK  # not a valid range: ignored (RFC 9110, 14.1.1)
    else:
        start, end = max(0, size - int(wanted[2])), size - 1
    if start >= size or start > end:
        raise _Refused(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, Content_Range=f"bytes */{size}")
    return start, end - start + 1, HTTPStatus.PARTIAL_CONTENT
