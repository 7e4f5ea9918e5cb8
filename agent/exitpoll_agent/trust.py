"""Whom the agent believes: whoever the machine does."""

from __future__ import annotations

import ssl

try:
    import truststore
except ImportError:
    # Debian 12 has no such package. Its OpenSSL knows the machine's store by itself.
    HAS_TRUSTSTORE = False
else:
    HAS_TRUSTSTORE = True


def context() -> ssl.SSLContext:
    """Return how to make a TLS connection that is verified against the machine's own store."""
    if not HAS_TRUSTSTORE:
        return ssl.create_default_context()
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
