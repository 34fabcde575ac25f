"""The command line: ``demo``, ``connect`` and ``serve``, built on the public API alone.

In: arguments. Out: text or JSON, and an exit code. Promise: whatever a user can get wrong ends in one clear
sentence. Nothing outside this package imports it, and it needs the extra ``securetransport[cli]``.
"""
