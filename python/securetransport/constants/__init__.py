"""Every public constant: enumerations and their members, cipher suites, result codes, strings.

In: nothing. Out: names as in C, plain numbers and strings. Promise: private ones are not among them.
"""

import typing as _typing

from .. import _namespace
from ..enums.sec import *  # noqa: F403
from ..enums.ssl import *  # noqa: F403
from .keys import *  # noqa: F403
from .results import *  # noqa: F403
from .strings import *  # noqa: F403
from .suites import *  # noqa: F403

if not _typing.TYPE_CHECKING:
    __all__ = _namespace.public_names(globals())
