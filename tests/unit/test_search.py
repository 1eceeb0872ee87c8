"""Words of a track and words typed meet when they should."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from earwise.store.search import fold_text, fold_words, query_terms, search_terms


def is_match(query: str, *texts: str) -> bool:
    return set(query_terms(fold_words(query))) <= set(search_terms(*texts))


def test_case_and_accents_do_not_matter() -> None:
    assert is_match("bjork", "Björk")
    assert is_match("BJÖRK", "bjork")
    assert is_match("strasse", "Straße")
    assert is_match("mo", "Motörhead")
    assert is_match("Łódź", "lodz")


def test_letters_of_other_styles_and_ways_of_writing_one_letter_are_the_same() -> None:
    assert fold_text("𝐀𝖉𝓶𝚒ｎ") == "admin"
    assert fold_text("ǽ") == fold_text("æ\u0301") == "ae"


def test_every_word_has_to_stand_with_the_track_whole_or_begun() -> None:
    assert is_match("sig von", "Von", "Sigur Rós")
    assert not is_match("sig agaetis", "Von", "Sigur Rós")
    assert not is_match("igur", "Sigur Rós"), "the middle of a word is not its beginning"


def test_long_words_match_whole() -> None:
    word = "Llanfairpwllgwyngyll"
    assert is_match(word, word)
    assert is_match(word[:15], word)


def test_other_scripts_are_words_too() -> None:
    assert is_match("サカナ", "サカナクション")
    assert is_match("дом", "Дом")


def test_signs_alone_are_no_words() -> None:
    assert fold_words("  .*$ – ") == []


def test_words_of_one_track_are_bounded() -> None:
    assert len(fold_words(" ".join(f"w{number}" for number in range(1000)))) == 40


@given(st.text())
def test_text_that_was_folded_stays_as_it_is(text: str) -> None:
    words = fold_words(text)
    assert fold_words(" ".join(words)) == words


@given(st.text(st.characters(categories=["L", "N"]), min_size=1), st.integers(1, 12))
def test_a_word_matches_by_every_beginning(word: str, length: int) -> None:
    for part in fold_words(word):
        assert is_match(part[:length], word), (fold_text(word), part)
