"""The SSL* functions: shapes and argument checks; what a call means is decided by the engine."""

from .authentication import *  # noqa: F403
from .config import *  # noqa: F403
from .datagram import *  # noqa: F403
from .io import *  # noqa: F403
from .peer import *  # noqa: F403
from .resumption import *  # noqa: F403
from .session import *  # noqa: F403
