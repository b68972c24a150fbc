"""The provider: decisions of an engine in the words of OpenFeature, and events of a client in those of its events.

  EvaluationContext ─▶ Attributes ─▶ engine.decide ─▶ Decision ─▶ FlagResolutionDetails
                                                                   value, variant, reason, metadata or error code
  Client ─ changed ─▶ CONFIGURATION_CHANGED   stale ─▶ STALE   fresh, ready ─▶ READY   a version refused ─▶ ERROR
"""
from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.exception import ErrorCode, ProviderFatalError, ProviderNotReadyError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
from openfeature.hook import Hook
from openfeature.immutable_dict.mapping_proxy_type import MappingProxyType
from openfeature.provider import AbstractProvider, Metadata
from openfeature.track import TrackingEventDetails

from tidegate import ClosedError, Client, Decision, Engine, Event, NotReadyError, TidegateError, Update
from tidegate._errors import _argument, _seconds, _text, _wrong_type, _wrong_value

from ._context import attributes_of
from ._tracking import Tracked, Tracker, Tracking

NAME = "tidegate"

# Tidegate's reasons in OpenFeature's words (SEMANTICS 6.5).
REASONS = {
    "archived": Reason.DISABLED,
    "default": Reason.DEFAULT,
    "disabled": Reason.DISABLED,
    "invalid_definition": Reason.ERROR,
    "killed": Reason.DISABLED,
    "override": Reason.STATIC,
    "rule": Reason.TARGETING_MATCH,
    "split": Reason.SPLIT,
    "unknown_feature": Reason.ERROR,
}

# Errors that pass, or that concern what is not served: the connection, the cache, a callback. Serving goes on; if the
# connection stays away, STALE says so.
PASSING = frozenset(("TG6101", "TG6102", "TG6103", "TG6104", "TG6107", "TG6108", "TG6113"))

Objects = Sequence[FlagValueType] | Mapping[str, FlagValueType]
T = TypeVar("T")

logger = logging.getLogger("tidegate.openfeature")


class NotThis(Exception):
    """A value is of another type than was asked for."""


def boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise NotThis


def string(value: Any) -> str:
    if type(value) is str:
        return value
    raise NotThis


def integer(value: Any) -> int:
    if type(value) is int:
        return value
    # JSON has one kind of number: 10.0 is an integer.
    if type(value) is float and value.is_integer():
        return int(value)
    raise NotThis


def floating(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is int:
        return float(value)
    raise NotThis


def structure(value: Any) -> Objects:
    if type(value) is dict or type(value) is list:
        return value
    raise NotThis


def type_name(value: object) -> str:
    names = {bool: "a boolean", str: "a string", int: "an integer", float: "a float", dict: "an object", list: "a list"}
    return names.get(type(value), "null")


class TidegateProvider(AbstractProvider):
    """Resolves flags with a Tidegate engine in this process.

    It serves `source`, a connected `Client` or an `Engine`, which stay the caller's: `shutdown` does not close them. With
    `connection`, a connection string, it connects when the SDK initializes it and closes at shutdown; `options` are those of
    `Client.connect`. The SDK waits up to `ready_timeout_s` for a first snapshot; if none comes the provider is in error, and
    becomes ready by itself when one does.

    `hooks` run for every evaluation with this provider. `on_track` gets every tracking event.

    `on_disabled` says what an archived, disabled or killed feature is answered with: the variant that its definition serves
    then, or, with `"default"`, the caller's default without a variant, of whatever type the feature is. The reason is
    `DISABLED` and the metadata are the same with both. The engine decides and counts as ever: an exposure is that of the
    definition's variant.
    """

    def __init__(
        self,
        source: Client | Engine | None = None,
        *,
        connection: str | None = None,
        ready_timeout_s: float = 10.0,
        hooks: Sequence[Hook] = (),
        on_track: Callable[[Tracking], object] | None = None,
        on_disabled: Literal["variant", "default"] = "variant",
        **options: Any,
    ) -> None:
        super().__init__()
        if source is not None and not isinstance(source, (Client, Engine)):
            raise _wrong_type("/source", "a Client or an Engine", source)
        if connection is not None:
            _text("/connection", "a str as connection", connection)
        if (source is None) == (connection is None):
            found = "none" if source is None else "both"
            raise _argument("/source", f"expected either a Client or an Engine, or `connection`, found {found} of them")
        if options and connection is None:
            first = next(iter(options))
            raise _argument(f"/{first}", f"expected no options without `connection`, found `{first}`")
        _seconds("/ready_timeout_s", ready_timeout_s)
        if not isinstance(hooks, Sequence) or not all(isinstance(hook, Hook) for hook in hooks):
            raise _wrong_type("/hooks", "a list of hooks", hooks)
        if on_track is not None and not callable(on_track):
            raise _wrong_type("/on_track", "a callable", on_track)
        _text("/on_disabled", "a str as on_disabled", on_disabled)
        if on_disabled not in ("variant", "default"):
            raise _wrong_value("/on_disabled", f"expected `variant` or `default`, found `{on_disabled}`")
        self._source, self._connection, self._options = source, connection, options
        self._ready_timeout_s, self._default_if_disabled = ready_timeout_s, on_disabled == "default"
        self._hooks, self._tracker = list(hooks), Tracker(on_track)
        self._lock = threading.Lock()
        self._client: Client | None = source if isinstance(source, Client) else None
        self._engine: Engine | None = source.engine if isinstance(source, Client) else source
        self._subscription: Any = None
        self._initialized = self._failed = False

    # What the SDK asks.

    def get_metadata(self) -> Metadata:
        """The provider's name: `tidegate`."""
        return Metadata(NAME)

    def get_provider_hooks(self) -> list[Hook]:
        """The hooks that it was made with."""
        return self._hooks

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Connects, if it has a connection string, and waits for a first snapshot.

        The context is not used: what is fixed for the life of an engine are its process attributes.
        """
        with self._lock:
            self._initialized = self._failed = False
            if self._connection is not None and self._client is None:
                try:
                    self._client = Client.connect(self._connection, **self._options)
                except (TidegateError, TypeError) as error:
                    # A TypeError is an option that there is not.
                    raise ProviderFatalError(str(error)) from error
                self._engine = self._client.engine
            self._subscribe()
            client, engine = self._client, self._engine
        if client is not None:
            self._wait(client)
        elif engine is None or engine.version == 0:
            self._failed = True
            raise ProviderNotReadyError("the engine has no snapshot yet")
        self._initialized = True

    def shutdown(self) -> None:
        """Stops listening, and closes the connection if it made it."""
        with self._lock:
            subscription, self._subscription = self._subscription, None
            self._initialized = self._failed = False
            client = None
            if self._connection is not None:
                client, self._client, self._engine = self._client, None, None
        if subscription is not None:
            subscription.close()
        if client is not None:
            client.close()

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """Counts the event, logs it at DEBUG to `tidegate.tracking`, and hands it to `on_track`. It never raises."""
        self._tracker.track(tracking_event_name, evaluation_context, tracking_event_details)

    def drain_tracked(self) -> list[Tracked]:
        """How often each tracking event came since this was asked last."""
        return self._tracker.drain()

    # Evaluation. The engine never waits, so that the asynchronous methods of the base class, which call these, are right.

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """The flag's value if it is a boolean."""
        return self._resolve(flag_key, default_value, evaluation_context, boolean, "a boolean")

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """The flag's value if it is a string."""
        return self._resolve(flag_key, default_value, evaluation_context, string, "a string")

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """The flag's value if it is a number without a fraction."""
        return self._resolve(flag_key, default_value, evaluation_context, integer, "an integer")

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """The flag's value if it is a number."""
        return self._resolve(flag_key, default_value, evaluation_context, floating, "a float")

    def resolve_object_details(
        self, flag_key: str, default_value: Objects, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[Objects]:
        """The flag's value if it is an object or a list."""
        return self._resolve(flag_key, default_value, evaluation_context, structure, "an object or a list")

    def _resolve(
        self,
        key: str,
        default: T,
        context: EvaluationContext | None,
        convert: Callable[[Any], T],
        expected: str,
    ) -> FlagResolutionDetails[T]:
        engine = self._engine
        if engine is None:
            return failure(default, ErrorCode.PROVIDER_NOT_READY, "the provider is not initialized")
        try:
            decision = engine.decide(key, attributes_of(context))
        except TidegateError as error:
            # An attribute of a type that is none; `pointer` names it.
            code = ErrorCode.INVALID_CONTEXT if isinstance(error, (TypeError, ValueError)) else ErrorCode.GENERAL
            return failure(default, code, str(error))
        if self._default_if_disabled and REASONS.get(decision.reason) is Reason.DISABLED:
            # Before its value is looked at. The SDK checks the type of the default: 0 is to be a float where one was asked for.
            try:
                default = convert(default)
            except NotThis:
                pass
            return FlagResolutionDetails(value=default, reason=Reason.DISABLED, flag_metadata=metadata_of(decision))
        if decision.variant is None:
            return undecided(decision, default)
        value = decision.value
        try:
            converted = convert(value)
        except NotThis:
            message = f"expected flag `{key}` to be {expected}, found {type_name(value)}"
            return failure(default, ErrorCode.TYPE_MISMATCH, message, decision)
        reason = REASONS.get(decision.reason, Reason.UNKNOWN)
        if reason is Reason.DEFAULT and engine.constant(key) is not None:
            # No context would get anything else.
            reason = Reason.STATIC
        return FlagResolutionDetails(
            value=converted, reason=reason, variant=decision.variant, flag_metadata=metadata_of(decision)
        )

    # What happens to the engine.

    def _subscribe(self) -> None:
        if self._subscription is None:
            if self._client is not None:
                self._subscription = self._client.on_event(self._told)
            elif self._engine is not None:
                self._subscription = self._engine.on_update(self._updated)

    def _wait(self, client: Client) -> None:
        try:
            client.wait_ready(self._ready_timeout_s)
        except ClosedError as error:
            raise ProviderFatalError(str(error)) from error
        except NotReadyError as error:
            self._failed = True
            last = client.status().last_error
            raise ProviderNotReadyError(f"{error}; last: {last}" if last else str(error)) from error

    def _told(self, event: Event) -> None:
        """Of a client."""
        if event.kind == "changed":
            self._changed(event.version, event.features)
        elif event.kind == "stale":
            if self._initialized:
                self.emit_provider_stale(ProviderEventDetails(message="no proof of freshness for too long"))
        elif event.kind in ("ready", "fresh"):
            self._recovered(event.kind == "fresh")
        elif event.kind == "error" and event.error is not None and self._initialized:
            if event.error.code not in PASSING:
                self._failed = True
                details = ProviderEventDetails(message=str(event.error), error_code=ErrorCode.GENERAL)
                self.emit_provider_error(details)

    def _updated(self, update: Update) -> None:
        """Of an engine that is fed by hand."""
        self._changed(update.version, update.changed)

    def _changed(self, version: int | None, features: Sequence[str] | None) -> None:
        self._recovered(False)
        if self._initialized:
            details = ProviderEventDetails(flags_changed=list(features or ()), metadata={"version": version or 0})
            self.emit_provider_configuration_changed(details)

    def _recovered(self, was_stale: bool) -> None:
        if self._failed or was_stale and self._initialized:
            self._failed, self._initialized = False, True
            self.emit_provider_ready(ProviderEventDetails())


def metadata_of(decision: Decision) -> Mapping[str, bool | int | float | str]:
    """Whence the decision, beside Tidegate's own reason."""
    metadata: dict[str, bool | int | float | str] = {"reason": decision.reason, "version": decision.version}
    if (rule := decision.rule) is not None:
        metadata["rule"] = rule
    if (release := decision.release) is not None:
        metadata["release"] = release
        metadata["phase"] = decision.phase or ""
        if decision.indirect:
            metadata["indirect"] = True
    return MappingProxyType(metadata)


def failure(
    default: T, code: ErrorCode, message: str, decision: Decision | None = None
) -> FlagResolutionDetails[T]:
    """The caller's default, and why."""
    return FlagResolutionDetails(
        value=default,
        error_code=code,
        error_message=message,
        reason=Reason.ERROR,
        flag_metadata=metadata_of(decision) if decision is not None else MappingProxyType(),
    )


def undecided(decision: Decision, default: T) -> FlagResolutionDetails[T]:
    """A decision without a value."""
    key = decision.feature
    if decision.version == 0:
        return failure(default, ErrorCode.PROVIDER_NOT_READY, "there is no snapshot yet")
    if decision.reason == "unknown_feature":
        return failure(default, ErrorCode.FLAG_NOT_FOUND, f"there is no feature `{key}` for this context", decision)
    if decision.reason == "invalid_definition":
        message = f"the definition of `{key}` is not one that this engine can serve"
        return failure(default, ErrorCode.PARSE_ERROR, message, decision)
    return failure(default, ErrorCode.GENERAL, f"`{key}` has no value: {decision.reason}", decision)
