"""How Spark is told of a folder of this machine.

Hadoop takes an address as it stands: of one that is percent-encoded it would take the percent signs for letters.
"""

from __future__ import annotations

import re
from pathlib import Path

_WILDCARDS = re.compile(r"[\\*?\[\]{}]")


def folder_to_write(path: Path) -> str:
    """The address under which Spark writes a folder.

    >>> folder_to_write(Path("/srv/my music [2]"))
    'file:///srv/my music [2]'
    """
    return f"file://{path}"


def folder_to_read(path: Path) -> str:
    r"""The address under which Spark reads a folder; there it looks for wildcards.

    >>> folder_to_read(Path("/srv/my music [2]"))
    'file:///srv/my music \\[2\\]'
    """
    return f"file://{_WILDCARDS.sub(r'\\\g<0>', str(path))}"
