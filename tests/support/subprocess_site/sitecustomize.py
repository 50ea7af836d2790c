"""Found by every Python process that a test starts, being on their path: they keep silent as well (OP-07)."""

from tests.support import no_network

no_network.refuse_outside_connections()
