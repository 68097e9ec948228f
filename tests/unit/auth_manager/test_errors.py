"""The errors that people are told."""

from auth_manager.errors import AuthError, Busy, FieldRefused, FieldsRefused


def test_errors_carry_their_data() -> None:
    """What the edge needs for its answer is on the error, not in its text."""
    one = FieldRefused("email", "must have one @")
    several = FieldsRefused({"email": "must have one @", "handle": "is taken"}, taken=frozenset({"handle"}))

    assert ("email", "must have one @", False) == (one.field, one.why, one.taken)
    assert {"email": "must have one @", "handle": "is taken"} == several.fields
    assert {"handle"} == several.taken
    assert Busy(2).retry_after == 2


def test_errors_read_well() -> None:
    """Their text is fit for a terminal, all faults in it."""
    error = FieldsRefused({"email": "must have one @", "handle": "is taken"})

    assert str(error) == "email: must have one @; handle: is taken"
    assert str(Busy(2)) == "too much is asked at once; try again in 2 s"
    assert all(issubclass(kind, AuthError) for kind in (FieldRefused, FieldsRefused, Busy))
