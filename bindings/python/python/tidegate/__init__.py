"""Tidegate: the release-pipeline engine that you link into your service.

In process, in nanoseconds, it decides which version of a feature a request sees, while a release of that feature moves phase by
phase through environments and regions.

>>> import tidegate
>>> engine = tidegate.Engine({"environment": "prod-us-west"})
>>> update = engine.load('''{
...   "schema_version": 1, "version": 42,
...   "features": {"checkout": {"kind": "gate", "rules": [
...     {"id": "staff", "if": {"attribute": "email", "op": "ends_with", "value": "@corp.example"}, "variant": "on"}]}}
... }''')
>>> checkout = engine.gate("checkout")                 # a handle, once; valid over swaps
>>> checkout.check({"email": "ann@corp.example"})      # a dict is read in place, by need
True
>>> ann = engine.context(email="ann@corp.example")     # a context is faster where it is reused
>>> engine.decide("checkout", ann).rule
'staff'

`Client` keeps an engine current with a server, a relay, static hosting or a file.
"""

from __future__ import annotations

from . import _fork as _fork
from ._client import Client, Events
from ._codes import Code
from ._errors import (
    ArgumentTypeError,
    ArgumentValueError,
    BrokenReferenceError,
    ClosedError,
    DefinitionError,
    DeliveryError,
    DocumentError,
    NotReadyError,
    PipelineError,
    ReleaseError,
    TidegateError,
    UseError,
)
from ._records import Diagnostic, Event, Exposure, Snapshot, Source, Status, Update
from ._tidegate import (
    SEMANTICS,
    Context,
    Decision,
    Engine,
    Feature,
    Gate,
    Subscription,
    View,
    __version__,
)

__all__ = [
    "SEMANTICS",
    "ArgumentTypeError",
    "ArgumentValueError",
    "BrokenReferenceError",
    "Client",
    "ClosedError",
    "Code",
    "Context",
    "Decision",
    "DefinitionError",
    "DeliveryError",
    "Diagnostic",
    "DocumentError",
    "Engine",
    "Event",
    "Events",
    "Exposure",
    "Feature",
    "Gate",
    "NotReadyError",
    "PipelineError",
    "ReleaseError",
    "Snapshot",
    "Source",
    "Status",
    "Subscription",
    "TidegateError",
    "Update",
    "UseError",
    "View",
    "__version__",
]
