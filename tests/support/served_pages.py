"""A town's pages on a port of this machine, for a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager

from campaigns.web.server import listening_socket, serving_in_thread
from tests.support.web_client import Town


@contextmanager
def served(town: Town) -> Iterator[str]:
    """Serve until the block ends; gives the address."""
    with listening_socket("127.0.0.1", 0) as door, serving_in_thread(town.engine, door):
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
