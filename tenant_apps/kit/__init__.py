"""What an app inside a stack takes from the inn: who is calling, checked.

```python
from tenant_apps.kit import auth_user

async def page(request):
    return PlainTextResponse(f"Hello, {auth_user(request).user}")
```
"""

from tenant_apps.kit.identity import AuthUser, NotIdentified, check
from tenant_apps.kit.keys import Keys, KeysUnreadable
from tenant_apps.kit.web import Identity, auth_user

__all__ = ["AuthUser", "Identity", "Keys", "KeysUnreadable", "NotIdentified", "auth_user", "check"]
