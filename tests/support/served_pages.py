"""Web pages of a sample workspace on a local port, for a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager

from campaigns.web.server import listening_socket, serving_in_thread
from tests.support.web_client import WebWorkspace


@contextmanager
def serve_pages(web_workspace: WebWorkspace) -> Iterator[str]:
    """Serve until the block ends; yield the base URL."""
    with listening_socket("127.0.0.1", 0) as listener, serving_in_thread(web_workspace.engine, listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
