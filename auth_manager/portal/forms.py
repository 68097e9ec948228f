"""Form bodies: small, URL-encoded, each field at most once."""

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_BODY = 64 * 1024  # bytes; the longest form is a sign-in with its way back
MAX_FIELDS = 16
_TYPE = "application/x-www-form-urlencoded"


async def read(request: Request) -> dict[str, str]:
    """The form's fields; raises HTTPException 415 for another type and 400 for a malformed body."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _TYPE:
        raise HTTPException(415, "This form is sent as application/x-www-form-urlencoded.")
    body = await request.body()
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise HTTPException(400, "The form could not be read.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise HTTPException(400, "The form has a field twice.")
    return fields
