"""Passwords are kept as argon2id hashes."""

from __future__ import annotations

import argon2

from earwise.passwords import hash_password, is_password, needs_rehash


def test_only_the_same_password_fits_its_hash() -> None:
    kept = hash_password("correct horse")
    assert kept.startswith("$argon2id$")
    assert is_password("correct horse", kept)
    assert not is_password("correct horse ", kept)
    assert not is_password("", kept)


def test_one_password_gives_another_hash_each_time() -> None:
    assert hash_password("same") != hash_password("same")


def test_no_password_fits_an_account_that_is_not_there() -> None:
    assert not is_password("", None)
    assert not is_password("\0nobody\0", None)
    assert not is_password("\0nobody\0", "")


def test_damaged_hash_refuses_instead_of_failing() -> None:
    for damaged in ("x", "$argon2id$", hash_password("a")[:-5]):
        assert not is_password("a", damaged)


def test_hash_with_older_parameters_is_to_be_renewed() -> None:
    older = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("a")
    assert is_password("a", older)
    assert needs_rehash(older)
    assert not needs_rehash(hash_password("a"))
