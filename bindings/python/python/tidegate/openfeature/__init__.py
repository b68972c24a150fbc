"""An OpenFeature provider: Tidegate decides in process, code asks through the `openfeature-sdk`.

    from openfeature import api
    from tidegate.openfeature import TidegateProvider

    api.set_provider_and_wait(TidegateProvider(connection="tidegate+https://…"))
    api.get_client().get_boolean_value("checkout", False)

It serves from a connection string, a connected `Client`, or an `Engine` that is fed by hand. Install it with
`pip install tidegate[openfeature]`.
"""
from __future__ import annotations

try:
    import openfeature.provider as _provider  # noqa: F401
except ImportError as missing:
    raise ImportError("tidegate.openfeature needs the package openfeature-sdk: pip install 'tidegate[openfeature]'") from missing

from ._provider import TidegateProvider
from ._tracking import Tracked, Tracking

__all__ = ["TidegateProvider", "Tracked", "Tracking"]
