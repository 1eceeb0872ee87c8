"""What the codes of failures mean, in the words of the admin pages."""

from __future__ import annotations

# Files that every scan looks at anew. The rest is opened again only when it changes or somebody asks for it, or, if it
# could not be opened, or not be read to its end in time, now and then.
SEEN_BY_EVERY_SCAN = frozenset(
    (
        "unreadable_folder",
        "unreadable_entry",
        "dangling_link",
        "link_outside",
        "link_hidden",
        "not_a_file",
        "unaddressable",
    )
)
_NAMES = {
    "dangling_link": "link to nowhere",
    "decoder_crash": "decoder crashed",
    "empty": "empty file",
    "failed": "unexpected failure",
    "killed": "process killed",
    "link_hidden": "link to a hidden folder",
    "link_outside": "link out of the library",
    "non_finite": "samples that are no numbers",
    "not_a_file": "not a file",
    "not_audio": "no audio in it",
    "out_of_memory": "takes too much memory",
    "read_error": "read error",
    "silent": "silent",
    "time_out": "took too long",
    "changing": "being written",
    "too_large": "too large to be copied",
    "too_short": "too short",
    "truncated": "cut off",
    "unaddressable": "name that can't be used",
    "unreadable": "can't be opened",
    "unreadable_entry": "can't be looked at",
    "unreadable_folder": "folder can't be listed",
    "unsupported": "unknown format",
}


def fault_name(code: str) -> str:
    """A few words for a code; the code itself where there are none.

    >>> fault_name("not_audio"), fault_name("fell_in_the_sea")
    ('no audio in it', 'fell in the sea')
    """
    return _NAMES.get(code, code.replace("_", " "))
