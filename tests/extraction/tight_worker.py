"""A worker that may take no more memory than analysing a short track does."""

from __future__ import annotations

from earwise.extraction import limits, worker

limits.HEADROOM_MB = 64
worker.main()
