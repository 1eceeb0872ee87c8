"""Writes the README's table of settings from `earwise.settings`: python docs/settings_table.py."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from earwise.settings import Settings

README = Path(__file__).resolve().parent.parent / "README.md"
_TABLE = re.compile(r"(?<=<!-- settings -->\n).*?(?=<!-- /settings -->)", re.DOTALL)
# Defaults that depend on the machine, as people would say them.
_IN_WORDS = {
    "home": "`.earwise` beside `./run`",
    "extract_processes": "one for each core",
    "fma_folder": "`fma` in `EARWISE_HOME`",
}


def settings_table() -> str:
    """The table: variable, what it does, default, example."""
    rows = ["| variable | what it does | default | example |", "|---|---|---|---|"]
    for field in dataclasses.fields(Settings):
        text, example = (field.metadata[key].replace("|", "\\|") for key in ("help", "example"))
        default = _IN_WORDS.get(field.name) or (f"`{field.default}`" if field.default not in ("", ()) else "")
        rows.append(f"| `{field.metadata['variable']}` | {text} | {default} | `{example}` |")
    return "\n".join(rows) + "\n"


def table_in_readme() -> str:
    """The table that the README has now."""
    found = _TABLE.search(README.read_text("utf-8"))
    return found.group() if found else ""


def main() -> None:
    """Put the table between its two marks."""
    text = README.read_text("utf-8")
    README.write_text(_TABLE.sub(lambda _: settings_table(), text), "utf-8")


if __name__ == "__main__":
    main()
