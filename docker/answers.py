"""Health check: exit 0 if the address answers with a status below 400 within five seconds."""

from __future__ import annotations

import sys
from urllib.request import urlopen

try:
    urlopen(sys.argv[1], timeout=5).close()  # noqa: S310 - the address stands in docker-compose.yaml
except OSError as error:
    sys.exit(f"{sys.argv[1]}: {error}")
