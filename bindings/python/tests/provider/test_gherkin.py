"""The gherkin suites of the OpenFeature specification, against the provider and a real engine.

The scenarios are read from `TIDEGATE_CONFORMANCE` (default ../shared/conformance) and are not part of this project; without
them this is skipped. `NOT_APPLICABLE` has each scenario that is not run, and why; the last test counts. The provider answers a
disabled feature as OpenFeature reads it (`on_disabled="default"`); test_provider.py has what it answers without the option.
"""
from __future__ import annotations

import asyncio
import copy
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext, clear_evaluation_context, set_evaluation_context
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagEvaluationOptions, FlagResolutionDetails, FlagValueType
from openfeature.hook import Hook, HookContext, HookHints, clear_hooks
from openfeature.provider import ProviderStatus
from openfeature.transaction_context import (
    ContextVarsTransactionContextPropagator,
    clear_transaction_context_propagator,
    set_transaction_context,
    set_transaction_context_propagator,
)
from pytest_bdd import given, parsers, scenarios, then, when
from pytest_bdd.scenario import scenario_wrapper_template_registry

from provider.flags import CONFORMANCE, snapshot
from serving import Server, until
from tidegate import Engine
from tidegate.openfeature import TidegateProvider

if not CONFORMANCE.is_dir():
    pytest.skip(f"{CONFORMANCE}: the OpenFeature specification's suites are not there", allow_module_level=True)

SUITES = ("contextMerging", "evaluation", "evaluation_v2", "hooks", "metadata")
SCENARIOS = 123
NO_METADATA = "definitions have no free metadata"
NOT_APPLICABLE = {
    ("evaluation", "Resolves based on context"): "test-flags.json has no flag `context-aware`; evaluation_v2 has its successor",
    ("evaluation_v2", "CACHED reason"): "nothing is cached: each evaluation is a decision",
    ("evaluation_v2", "Flag metadata in evaluation details"): NO_METADATA,
    ("metadata", "Returns metadata"): NO_METADATA,
    ("metadata", "Returns no metadata"): "each decision tells its version and reason as metadata",
}

scenarios(*(str(CONFORMANCE / f"{suite}.feature") for suite in SUITES))


def key_of(item: pytest.Item) -> tuple[str, str] | None:
    """The suite and the name of a scenario; none of other tests."""
    run: Any = getattr(item, "obj", None)
    scenario = scenario_wrapper_template_registry.get(run)
    return None if scenario is None else (Path(scenario.feature.filename).stem, scenario.name)


class Recorder(Hook):
    """Remembers what it was told, and may add to the context."""

    def __init__(self, name: str = "hook", order: list[str] | None = None, context: EvaluationContext | None = None) -> None:
        self.name, self.context = name, context
        self.order = [] if order is None else order
        self.told: dict[str, list[Any]] = {"before": [], "after": [], "error": [], "finally": []}

    def before(self, hook_context: HookContext, hints: HookHints) -> EvaluationContext | None:
        self.order.append(f"before {self.name}")
        self.told["before"].append(hook_context)
        return self.context

    def after(self, hook_context: HookContext, details: FlagEvaluationDetails[FlagValueType], hints: HookHints) -> None:
        self.order.append(f"after {self.name}")
        self.told["after"].append(details)

    def error(self, hook_context: HookContext, exception: Exception, hints: HookHints) -> None:
        self.order.append(f"error {self.name}")
        self.told["error"].append(exception)

    def finally_after(
        self, hook_context: HookContext, details: FlagEvaluationDetails[FlagValueType], hints: HookHints
    ) -> None:
        self.order.append(f"finally {self.name}")
        self.told["finally"].append(details)


class Retrievable(TidegateProvider):
    """Remembers the context that it was asked with last."""

    context: EvaluationContext | None = None

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        self.context = evaluation_context
        return super().resolve_string_details(flag_key, default_value, evaluation_context)


class World:
    """What a scenario has said so far."""

    def __init__(self) -> None:
        self.client: OpenFeatureClient = api.get_client()
        self.kind, self.key = "boolean", ""
        self.default: Any = None
        self.attributes: dict[str, Any] = {}
        self.before: EvaluationContext | None = None
        self.details: Any = None
        self.options = FlagEvaluationOptions()
        self.order: list[str] = []
        self.hook = Recorder()
        self.levels: list[str] = []
        self.entries: dict[str, dict[str, Any]] = {}

    def context(self) -> EvaluationContext:
        return EvaluationContext(attributes=self.attributes)

    def evaluate(self, suffix: str = "details") -> Any:
        ask = getattr(self.client, f"get_{self.kind}_{suffix}")
        return ask(self.key, self.default, self.context(), self.options)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World()
    try:
        yield made
    finally:
        api.clear_providers()
        clear_hooks()
        clear_evaluation_context()
        clear_transaction_context_propagator()


def value_of(kind: str, text: str) -> Any:
    """A value as the suites write it."""
    if kind == "boolean":
        return {"true": True, "false": False}[text.lower()]
    if kind == "object":
        return json.loads(text.replace('\\"', '"'))
    return {"string": str, "integer": int, "float": float}[kind](text)


def fed() -> Engine:
    """An engine that serves the flags."""
    engine = Engine(mode="strict")
    engine.load(snapshot())
    return engine


# Providers.


@given("a stable provider")
def stable(world: World) -> None:
    api.set_provider_and_wait(TidegateProvider(fed(), on_disabled="default"))


@given("a not ready provider")
def not_ready(world: World, request: pytest.FixtureRequest, silent: str) -> None:
    api.set_provider(TidegateProvider(connection=silent, network_first=600, ready_timeout_s=600))
    request.addfinalizer(api.clear_providers)


@given("a error provider")
def in_error(world: World) -> None:
    with pytest.raises(Exception, match="no snapshot"):
        api.set_provider_and_wait(TidegateProvider(Engine()))


@given("a fatal provider")
def fatal(world: World) -> None:
    with pytest.raises(Exception, match="TG6019"):
        api.set_provider_and_wait(TidegateProvider(connection="https://no.connection.string"))


@given("a stale provider")
def stale(world: World, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    server = Server(tmp_path)
    request.addfinalizer(server.close)
    server.admin.create_environment(name="prod")
    api.set_provider_and_wait(TidegateProvider(connection=server.connection("prod"), stale_after=1.0))
    server.stop()
    until(lambda: world.client.get_provider_status() is ProviderStatus.STALE, "a stale provider")


@given("a stable provider with retrievable context is registered")
def retrievable(world: World) -> None:
    set_transaction_context_propagator(ContextVarsTransactionContextPropagator())
    api.set_provider_and_wait(Retrievable(fed(), on_disabled="default"))
    world.kind, world.key, world.default = "string", "string-flag", "none"


@then(parsers.parse('the provider status should be "{status}"'))
def status_is(world: World, status: str) -> None:
    assert world.client.get_provider_status().value == status


# Evaluation.


@given(parsers.re(r'an? (?P<kind>[A-Za-z]+)-flag with key "(?P<key>[^"]*)" and a fallback value "(?P<default>.*)"'))
def flag(world: World, kind: str, key: str, default: str) -> None:
    world.kind, world.key = kind.lower(), key
    world.default = value_of(world.kind, default)


@given(parsers.re(r'a context containing a key "(?P<key>\w+)", with type "(?P<kind>\w+)" and with value "(?P<value>.*)"'))
def attribute(world: World, key: str, kind: str, value: str) -> None:
    world.attributes[key] = value_of(kind.lower(), value)


@given(parsers.parse('a context containing a key "{key}" with null value'))
def null_attribute(world: World, key: str) -> None:
    world.attributes[key] = None


@given("an evaluation context with modifiable data")
def modifiable(world: World) -> None:
    world.attributes = {"email": "ballmer@macrosoft.com", "groups": ["a", "b"], "account": {"plan": "pro"}}


@given("evaluation options containing specific hooks")
def specific_hooks(world: World) -> None:
    world.options = FlagEvaluationOptions(hooks=[Recorder("one", world.order), Recorder("two", world.order)])


@when("the flag was evaluated with details")
@when("the flag was evaluated with details using the evaluation options")
def evaluated(world: World) -> None:
    world.before = copy.deepcopy(world.context())
    world.details = world.evaluate()
    assert world.evaluate("value") == world.details.value


@when("the flag was evaluated with details asynchronously")
def evaluated_asynchronously(world: World) -> None:
    asked = world.evaluate("details_async")
    assert inspect.isawaitable(asked)

    async def evaluate() -> Any:
        return await asked

    world.details = asyncio.run(evaluate())


@then("the evaluation should complete without blocking")
def completed(world: World) -> None:
    assert world.details is not None


@then(parsers.re(r'the resolved details value should be "(?P<value>.*)"'))
def resolved(world: World, value: str) -> None:
    expected = value_of(world.kind, value)
    assert world.details.value == expected and type(world.details.value) is type(expected)


@then(parsers.parse('the reason should be "{reason}"'))
def reason_is(world: World, reason: str) -> None:
    assert world.details.reason == reason


@then(parsers.parse('the error-code should be "{code}"'))
def code_is(world: World, code: str) -> None:
    assert world.details.error_code == code


@then(parsers.parse('the flag key should be "{key}"'))
def key_is(world: World, key: str) -> None:
    assert world.details.flag_key == key


@then(parsers.parse('the variant should be "{variant}"'))
def variant_is(world: World, variant: str) -> None:
    assert world.details.variant == variant


@then("the original evaluation context should remain unmodified")
def unmodified(world: World) -> None:
    assert world.context() == world.before


@then("the evaluation details should be immutable")
def immutable(world: World) -> None:
    # The details themselves are the SDK's; the provider's part of them is the metadata.
    with pytest.raises(TypeError):
        world.details.flag_metadata["rule"] = "another"


@then("the specified hooks should execute during evaluation")
def hooks_ran(world: World) -> None:
    assert {"before one", "before two", "finally one", "finally two"} <= set(world.order)


@then("the hook order should be maintained")
def hooks_in_order(world: World) -> None:
    once = ["before one", "before two", "after two", "after one", "finally two", "finally one"]
    assert world.order == once * 2


# Evaluation as the older suite words it.


@when(
    parsers.re(
        r'an? (non-existent )?(?P<kind>\w+) flag with key "(?P<key>[^"]+)" is evaluated '
        r'with (details and )?(a )?(default|fallback) value "?(?P<default>[^"]*)"?$'
    )
)
def older_flag(world: World, kind: str, key: str, default: str) -> None:
    flag(world, kind, key, default)
    evaluated(world)


@when(parsers.re(r'an object flag with key "(?P<key>[^"]+)" is evaluated with (details and )?a null default value'))
def older_object(world: World, key: str) -> None:
    flag(world, "object", key, "{}")
    evaluated(world)


@when(
    parsers.parse(
        'a string flag with key "{key}" is evaluated as an integer, with details and a fallback value {default:d}'
    )
)
def older_mismatch(world: World, key: str, default: int) -> None:
    flag(world, "integer", key, str(default))
    evaluated(world)


@then(parsers.re(r'the resolved (?P<kind>\w+) value should be "?(?P<value>[^"]*)"?$'))
def older_value(world: World, kind: str, value: str) -> None:
    resolved(world, value)


@then(
    parsers.re(
        r'the resolved (?P<kind>\w+) details value should be "?(?P<value>[^",]*)"?, '
        r'the variant should be "(?P<variant>\w+)", and the reason should be "(?P<reason>\w+)"'
    )
)
def older_details(world: World, kind: str, value: str, variant: str, reason: str) -> None:
    resolved(world, value)
    variant_is(world, variant)
    reason_is(world, reason)


@then(
    parsers.re(
        r'the resolved object (details )?value should be contain fields '
        r'"(?P<first>\w+)", "(?P<second>\w+)", and "(?P<third>\w+)", '
        r'with values "(?P<one>[^"]*)", "(?P<two>[^"]*)" and (?P<three>\d+), respectively'
    )
)
def older_fields(world: World, first: str, second: str, third: str, one: str, two: str, three: str) -> None:
    assert world.details.value == {first: value_of("boolean", one), second: two, third: int(three)}


@then(parsers.parse('the variant should be "{variant}", and the reason should be "{reason}"'))
def older_variant(world: World, variant: str, reason: str) -> None:
    variant_is(world, variant)
    reason_is(world, reason)


@then(parsers.parse("the default {kind} value should be returned"))
def older_default(world: World, kind: str) -> None:
    assert world.details.value == world.default


@then(parsers.re(r'the reason should indicate an error and the error code should indicate .* with "(?P<code>\w+)"'))
def older_error(world: World, code: str) -> None:
    reason_is(world, "ERROR")
    code_is(world, code)


# Hooks.


@given("a client with added hook")
def client_with_hook(world: World) -> None:
    world.client.add_hooks([world.hook])


@then(parsers.re(r'the "(?P<names>[^"]+)" hook should have been executed'))
def hook_ran(world: World, names: str) -> None:
    assert all(world.hook.told[name] for name in names.split(", "))


@then(parsers.re(r'the "(?P<names>[^"]+)" hooks should be called with evaluation details'))
def hooks_were_told(world: World, names: str, datatable: list[list[str]]) -> None:
    for name in names.split(", "):
        details = world.hook.told[name][0]
        for kind, member, value in datatable[1:]:
            expected = None if value == "null" else value_of(kind, value)
            assert getattr(details, member) == expected, (name, member)


# Merging of contexts.


@given("A table with levels of increasing precedence")
def table_of_levels(world: World, datatable: list[list[str]]) -> None:
    world.levels = [row[0] for row in datatable]


@given(
    parsers.parse(
        'Context entries for each level from API level down to the "{level}" level, with key "{key}" and value "{value}"'
    )
)
def entries_down_to(world: World, level: str, key: str, value: str) -> None:
    for above in world.levels[: world.levels.index(level) + 1]:
        entry(world, key, above, above)


@given(parsers.parse('A context entry with key "{key}" and value "{value}" is added to the "{level}" level'))
def entry(world: World, key: str, value: str, level: str) -> None:
    world.entries.setdefault(level, {})[key] = value


@when("Some flag was evaluated")
def some_flag(world: World) -> None:
    contexts = {level: EvaluationContext(attributes=entries) for level, entries in world.entries.items()}
    set_evaluation_context(contexts.get("API", EvaluationContext()))
    set_transaction_context(contexts.get("Transaction", EvaluationContext()))
    world.client.context = contexts.get("Client", EvaluationContext())
    world.attributes = world.entries.get("Invocation", {})
    if "Before Hooks" in contexts:
        world.client.add_hooks([Recorder(context=contexts["Before Hooks"])])
    world.details = world.evaluate()


@then(parsers.parse('The merged context contains an entry with key "{key}" and value "{value}"'))
def merged(world: World, key: str, value: str) -> None:
    provider = world.client.provider
    assert isinstance(provider, Retrievable) and provider.context is not None
    assert provider.context.attributes[key] == value
    assert world.details.value == "hi"


def test_each_scenario_is_run_or_has_a_reason(request: pytest.FixtureRequest) -> None:
    if request.config.option.keyword or any("::" in argument for argument in request.config.args):
        pytest.skip("not all tests are run")
    keys = [key for key in map(key_of, request.session.items) if key is not None]
    assert NOT_APPLICABLE.keys() <= set(keys)
    assert len([key for key in keys if key not in NOT_APPLICABLE]) == SCENARIOS
