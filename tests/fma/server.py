"""A web server of archives, with the faults that downloads meet."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class ArchiveServer:
    """What is served, what goes wrong with each of the next requests, and what was asked for.

    Faults: ``drop:N`` breaks the connection after N bytes; ``short:N`` answers with N bytes and says so; ``no-range``
    answers with the whole; ``status:N`` answers with that status; ``new-version`` swaps the content by `next_content`
    first, and ``unfair-new-version`` does, and answers the range of the new content all the same; ``stray-version``
    answers with it once, and ``page`` with a page.
    """

    contents: dict[str, bytes] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    next_content: bytes = b""
    has_marks: bool = True
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    @property
    def ranges(self) -> list[str | None]:
        """The Range header of every request."""
        return [span for _, span in self.requests]


@contextmanager
def serve(state: ArchiveServer) -> Iterator[ArchiveServer]:
    """Serve on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def mark_of(content: bytes) -> str:
    """The ETag of a content."""
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def _handler(state: ArchiveServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            state.requests.append((name, self.headers.get("Range")))
            fault, _, number = (state.faults.pop(0) if state.faults else "").partition(":")
            if fault.endswith("new-version"):
                state.contents[name] = state.next_content
            if fault == "status":
                self.send_error(int(number))
            elif name not in state.contents:
                self.send_error(404)
            elif fault == "page":
                self._send_page(b"<html>Back soon</html>")
            else:
                with contextlib.suppress(ConnectionError):  # whoever asked has hung up
                    content = state.next_content if fault == "stray-version" else state.contents[name]
                    self._send(content, fault, int(number or 0))

        def _send(self, content: bytes, fault: str, number: int) -> None:
            begin, mark = self._begin(mark_of(content), fault), mark_of(content)
            if begin >= len(content) > 0:
                self.send_error(416)
                return
            body = content[begin : begin + number] if fault == "short" else content[begin:]
            self.send_response(206 if begin or self._is_range(mark, fault) else 200)
            if state.has_marks:
                self.send_header("ETag", mark)
            if begin or self._is_range(mark, fault):
                self.send_header("Content-Range", f"bytes {begin}-{begin + len(body) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if fault == "drop":
                self.wfile.write(body[:number])
                self.wfile.flush()
                self.close_connection = True
                self.connection.shutdown(2)
            else:
                self.wfile.write(body)

        def _send_page(self, page: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def _is_range(self, mark: str, fault: str) -> bool:
            if fault == "no-range" or "Range" not in self.headers:
                return False
            return fault == "unfair-new-version" or self.headers.get("If-Range", mark) == mark

        def _begin(self, mark: str, fault: str) -> int:
            found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            return int(found[1]) if found and self._is_range(mark, fault) else 0

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
