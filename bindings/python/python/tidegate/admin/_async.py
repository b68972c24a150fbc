"""What the asynchronous client can ask.

Written by bindings/python/tools/admin_api.py from docs/openapi.json: change these, not this.
"""
from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from . import types
from ._http import UNSET, AsyncCaller, quoted


class AsyncOperations(AsyncCaller):
    """The operations of the API, a method each."""

    async def abort_release(
        self,
        id: str,
        *,
        bypass: bool = UNSET,
        comment: str | None = UNSET,
        phase: str | None = UNSET,
        reason: str | None = UNSET,
        revision: int | None = UNSET,
        signed: str | None = UNSET,
        staged: bool = UNSET,
        start: types.Start = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Release:
        """See `Admin.abort_release`."""
        answer: types.Release = await self._call(
            "POST",
            f"/releases/{quoted(id)}/abort",
            body={
                "bypass": bypass,
                "comment": comment,
                "phase": phase,
                "reason": reason,
                "revision": revision,
                "signed": signed,
                "staged": staged,
                "start": start,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def add_feature_to_pipeline(
        self,
        key: str,
        *,
        feature: str,
        dry_run: bool = UNSET,
        start: types.Start = UNSET,
        start_at: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.add_feature_to_pipeline`."""
        answer: types.Feature = await self._call(
            "POST",
            f"/pipelines/{quoted(key)}/features",
            body={"feature": feature, "dry_run": dry_run, "start": start, "start_at": start_at},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def apply_change(
        self,
        *,
        base_revisions: Mapping[str, Any] = UNSET,
        dry_run: bool = UNSET,
        features: Mapping[str, Any] = UNSET,
        pipeline: str | None = UNSET,
        segments: Mapping[str, Any] = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.apply_change`."""
        answer: types.Feature = await self._call(
            "POST",
            "/changes",
            body={
                "base_revisions": base_revisions,
                "dry_run": dry_run,
                "features": features,
                "pipeline": pipeline,
                "segments": segments,
                "start": start,
                "supersede": supersede,
            },
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def approve_proposal(
        self,
        id: str,
        *,
        comment: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.ProposalView:
        """See `Admin.approve_proposal`."""
        answer: types.ProposalView = await self._call(
            "POST",
            f"/proposals/{quoted(id)}/approve",
            body={"comment": comment},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def approve_release(
        self,
        id: str,
        *,
        bypass: bool = UNSET,
        comment: str | None = UNSET,
        phase: str | None = UNSET,
        reason: str | None = UNSET,
        revision: int | None = UNSET,
        signed: str | None = UNSET,
        staged: bool = UNSET,
        start: types.Start = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Release:
        """See `Admin.approve_release`."""
        answer: types.Release = await self._call(
            "POST",
            f"/releases/{quoted(id)}/approve",
            body={
                "bypass": bypass,
                "comment": comment,
                "phase": phase,
                "reason": reason,
                "revision": revision,
                "signed": signed,
                "staged": staged,
                "start": start,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def archive_feature(
        self,
        key: str,
        *,
        base_revision: int | None = UNSET,
        dry_run: bool = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.archive_feature`."""
        answer: types.Feature = await self._call(
            "POST",
            f"/features/{quoted(key)}/archive",
            body={"base_revision": base_revision, "dry_run": dry_run, "start": start, "supersede": supersede},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def archive_pipeline(
        self,
        key: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PipelineView:
        """See `Admin.archive_pipeline`."""
        answer: types.PipelineView = await self._call(
            "POST",
            f"/pipelines/{quoted(key)}/archive",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def attach_feature(
        self,
        key: str,
        *,
        pipeline: str | None = UNSET,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.attach_feature`."""
        answer: types.Feature = await self._call(
            "PUT",
            f"/features/{quoted(key)}/pipeline",
            body={"pipeline": pipeline, "reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def attach_segment(
        self,
        key: str,
        *,
        pipeline: str | None = UNSET,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Segment:
        """See `Admin.attach_segment`."""
        answer: types.Segment = await self._call(
            "PUT",
            f"/segments/{quoted(key)}/pipeline",
            body={"pipeline": pipeline, "reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def cancel_schedule(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Schedule:
        """See `Admin.cancel_schedule`."""
        answer: types.Schedule = await self._call(
            "POST",
            f"/schedules/{quoted(id)}/cancel",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def clone_pipeline(
        self,
        key: str,
        *,
        new_key: str,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PipelineView:
        """See `Admin.clone_pipeline`."""
        answer: types.PipelineView = await self._call(
            "POST",
            f"/pipelines/{quoted(key)}/clone",
            body={"key": new_key},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def create_environment(
        self,
        *,
        name: str,
        description: str | None = UNSET,
        floor: Mapping[str, Any] = UNSET,
        pipelines: bool = UNSET,
        production: bool = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.EnvironmentView:
        """See `Admin.create_environment`."""
        answer: types.EnvironmentView = await self._call(
            "POST",
            "/environments",
            body={
                "name": name,
                "description": description,
                "floor": floor,
                "pipelines": pipelines,
                "production": production,
            },
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def create_feature(
        self,
        *,
        definition: Mapping[str, Any],
        key: str,
        dry_run: bool = UNSET,
        pipeline: str | None = UNSET,
        start: types.Start = UNSET,
        tags: Sequence[str] = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.create_feature`."""
        answer: types.Feature = await self._call(
            "POST",
            "/features",
            body={
                "definition": definition,
                "key": key,
                "dry_run": dry_run,
                "pipeline": pipeline,
                "start": start,
                "tags": tags,
            },
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def create_pipeline(
        self,
        *,
        body: Mapping[str, Any],
        key: str,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PipelineView:
        """See `Admin.create_pipeline`."""
        answer: types.PipelineView = await self._call(
            "POST",
            "/pipelines",
            body={"body": body, "key": key},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def create_principal(
        self,
        *,
        grants: Sequence[Mapping[str, Any]],
        id: str,
        kind: str,
        name: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PrincipalView:
        """See `Admin.create_principal`."""
        answer: types.PrincipalView = await self._call(
            "POST",
            "/principals",
            body={"grants": grants, "id": id, "kind": kind, "name": name},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def create_sdk_key(
        self,
        *,
        environment: str,
        description: str | None = UNSET,
        url: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.NewSecret:
        """See `Admin.create_sdk_key`."""
        answer: types.NewSecret = await self._call(
            "POST",
            "/sdk-keys",
            body={"environment": environment, "description": description, "url": url},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def create_segment(
        self,
        *,
        definition: Mapping[str, Any],
        key: str,
        dry_run: bool = UNSET,
        pipeline: str | None = UNSET,
        start: types.Start = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Segment:
        """See `Admin.create_segment`."""
        answer: types.Segment = await self._call(
            "POST",
            "/segments",
            body={"definition": definition, "key": key, "dry_run": dry_run, "pipeline": pipeline, "start": start},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def create_signing_key(self, *, idempotency_key: str = UNSET, force: str = UNSET) -> types.SigningKeyView:
        """See `Admin.create_signing_key`."""
        answer: types.SigningKeyView = await self._call(
            "POST",
            "/signing-keys",
            body={},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def create_token(
        self,
        *,
        description: str | None = UNSET,
        expires_at: int | None = UNSET,
        principal: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.NewSecret:
        """See `Admin.create_token`."""
        answer: types.NewSecret = await self._call(
            "POST",
            "/tokens",
            body={"description": description, "expires_at": expires_at, "principal": principal},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def create_webhook(
        self,
        *,
        url: str,
        disabled: bool = UNSET,
        facts: Sequence[str] = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.NewSecret:
        """See `Admin.create_webhook`."""
        answer: types.NewSecret = await self._call(
            "POST",
            "/webhooks",
            body={"url": url, "disabled": disabled, "facts": facts},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def delete_attribute(
        self,
        name: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> None:
        """See `Admin.delete_attribute`."""
        await self._call(
            "DELETE",
            f"/attributes/{quoted(name)}",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )

    async def delete_environment(
        self,
        name: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.ProposalView | None:
        """See `Admin.delete_environment`."""
        answer: types.ProposalView | None = await self._call(
            "DELETE",
            f"/environments/{quoted(name)}",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def delete_exclusion_group(
        self,
        key: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> None:
        """See `Admin.delete_exclusion_group`."""
        await self._call(
            "DELETE",
            f"/exclusion-groups/{quoted(key)}",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )

    async def delete_feature(
        self,
        key: str,
        *,
        base_revision: int | None = UNSET,
        dry_run: bool = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.delete_feature`."""
        answer: types.Feature = await self._call(
            "DELETE",
            f"/features/{quoted(key)}",
            body={"base_revision": base_revision, "dry_run": dry_run, "start": start, "supersede": supersede},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def delete_pipeline(
        self,
        key: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> None:
        """See `Admin.delete_pipeline`."""
        await self._call(
            "DELETE",
            f"/pipelines/{quoted(key)}",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )

    async def delete_principal(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> None:
        """See `Admin.delete_principal`."""
        await self._call(
            "DELETE",
            f"/principals/{quoted(id)}",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )

    async def delete_segment(
        self,
        key: str,
        *,
        base_revision: int | None = UNSET,
        dry_run: bool = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Segment:
        """See `Admin.delete_segment`."""
        answer: types.Segment = await self._call(
            "DELETE",
            f"/segments/{quoted(key)}",
            body={"base_revision": base_revision, "dry_run": dry_run, "start": start, "supersede": supersede},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def delete_webhook(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> None:
        """See `Admin.delete_webhook`."""
        await self._call(
            "DELETE",
            f"/webhooks/{quoted(id)}",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )

    async def disable_feature(
        self,
        key: str,
        *,
        base_revision: int | None = UNSET,
        dry_run: bool = UNSET,
        environment: str | None = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.disable_feature`."""
        answer: types.Feature = await self._call(
            "POST",
            f"/features/{quoted(key)}/disable",
            body={
                "base_revision": base_revision,
                "dry_run": dry_run,
                "environment": environment,
                "start": start,
                "supersede": supersede,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def disable_principal(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PrincipalView:
        """See `Admin.disable_principal`."""
        answer: types.PrincipalView = await self._call(
            "POST",
            f"/principals/{quoted(id)}/disable",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def enable_feature(
        self,
        key: str,
        *,
        base_revision: int | None = UNSET,
        dry_run: bool = UNSET,
        environment: str | None = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.enable_feature`."""
        answer: types.Feature = await self._call(
            "POST",
            f"/features/{quoted(key)}/enable",
            body={
                "base_revision": base_revision,
                "dry_run": dry_run,
                "environment": environment,
                "start": start,
                "supersede": supersede,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def full_roll_out_release(
        self,
        id: str,
        *,
        bypass: bool = UNSET,
        comment: str | None = UNSET,
        phase: str | None = UNSET,
        reason: str | None = UNSET,
        revision: int | None = UNSET,
        signed: str | None = UNSET,
        staged: bool = UNSET,
        start: types.Start = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Release:
        """See `Admin.full_roll_out_release`."""
        answer: types.Release = await self._call(
            "POST",
            f"/releases/{quoted(id)}/full-roll-out",
            body={
                "bypass": bypass,
                "comment": comment,
                "phase": phase,
                "reason": reason,
                "revision": revision,
                "signed": signed,
                "staged": staged,
                "start": start,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def give_verdict(
        self,
        id: str,
        guard: str,
        *,
        verdict: str,
        detail: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Release:
        """See `Admin.give_verdict`."""
        answer: types.Release = await self._call(
            "POST",
            f"/releases/{quoted(id)}/guards/{quoted(guard)}/verdict",
            body={"verdict": verdict, "detail": detail},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def kill_feature(
        self,
        key: str,
        *,
        environment: str,
        reason: str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.kill_feature`."""
        answer: types.Feature = await self._call(
            "POST",
            f"/features/{quoted(key)}/kill",
            body={"environment": environment, "reason": reason},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def launch_feature(
        self,
        key: str,
        *,
        variant: str,
        base_revision: int | None = UNSET,
        dry_run: bool = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.launch_feature`."""
        answer: types.Feature = await self._call(
            "POST",
            f"/features/{quoted(key)}/launch",
            body={
                "variant": variant,
                "base_revision": base_revision,
                "dry_run": dry_run,
                "start": start,
                "supersede": supersede,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def list_attributes(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.AttributeView]:
        """See `Admin.list_attributes`."""
        answer: types.Page[types.AttributeView] = await self._call(
            "GET",
            "/attributes",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_attributes(self, *, limit: int = UNSET) -> AsyncIterator[types.AttributeView]:
        """See `Admin.iter_attributes`."""
        return self._walk(self.list_attributes, limit=limit)

    async def list_audit(
        self,
        *,
        actor: str = UNSET,
        action: str = UNSET,
        kind: str = UNSET,
        key: str = UNSET,
        since: int = UNSET,
        until: int = UNSET,
        newest_first: bool = UNSET,
        limit: int = UNSET,
        after: int = UNSET,
    ) -> types.Page[types.AuditEvent]:
        """See `Admin.list_audit`."""
        answer: types.Page[types.AuditEvent] = await self._call(
            "GET",
            "/audit",
            query={
                "actor": actor,
                "action": action,
                "kind": kind,
                "key": key,
                "since": since,
                "until": until,
                "newest_first": newest_first,
                "limit": limit,
                "after": after,
            },
        )
        return answer

    def iter_audit(
        self,
        *,
        actor: str = UNSET,
        action: str = UNSET,
        kind: str = UNSET,
        key: str = UNSET,
        since: int = UNSET,
        until: int = UNSET,
        newest_first: bool = UNSET,
        limit: int = UNSET,
    ) -> AsyncIterator[types.AuditEvent]:
        """See `Admin.iter_audit`."""
        return self._walk(
            self.list_audit,
            actor=actor,
            action=action,
            kind=kind,
            key=key,
            since=since,
            until=until,
            newest_first=newest_first,
            limit=limit,
        )

    async def list_change_requests(
        self,
        *,
        mine: bool = UNSET,
        limit: int = UNSET,
        after: str = UNSET,
    ) -> types.Page[types.ChangeRequest]:
        """See `Admin.list_change_requests`."""
        answer: types.Page[types.ChangeRequest] = await self._call(
            "GET",
            "/change-requests",
            query={"mine": mine, "limit": limit, "after": after},
        )
        return answer

    def iter_change_requests(self, *, mine: bool = UNSET, limit: int = UNSET) -> AsyncIterator[types.ChangeRequest]:
        """See `Admin.iter_change_requests`."""
        return self._walk(self.list_change_requests, mine=mine, limit=limit)

    async def list_deliveries(
        self,
        *,
        status: str = UNSET,
        limit: int = UNSET,
        after: int = UNSET,
    ) -> types.Page[types.Delivery]:
        """See `Admin.list_deliveries`."""
        answer: types.Page[types.Delivery] = await self._call(
            "GET",
            "/deliveries",
            query={"status": status, "limit": limit, "after": after},
        )
        return answer

    def iter_deliveries(self, *, status: str = UNSET, limit: int = UNSET) -> AsyncIterator[types.Delivery]:
        """See `Admin.iter_deliveries`."""
        return self._walk(self.list_deliveries, status=status, limit=limit)

    async def list_environments(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.EnvironmentView]:
        """See `Admin.list_environments`."""
        answer: types.Page[types.EnvironmentView] = await self._call(
            "GET",
            "/environments",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_environments(self, *, limit: int = UNSET) -> AsyncIterator[types.EnvironmentView]:
        """See `Admin.iter_environments`."""
        return self._walk(self.list_environments, limit=limit)

    async def list_exclusion_groups(
        self,
        *,
        limit: int = UNSET,
        after: str = UNSET,
    ) -> types.Page[types.ExclusionGroupView]:
        """See `Admin.list_exclusion_groups`."""
        answer: types.Page[types.ExclusionGroupView] = await self._call(
            "GET",
            "/exclusion-groups",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_exclusion_groups(self, *, limit: int = UNSET) -> AsyncIterator[types.ExclusionGroupView]:
        """See `Admin.iter_exclusion_groups`."""
        return self._walk(self.list_exclusion_groups, limit=limit)

    async def list_feature_exposures(self, key: str) -> types.Exposures:
        """See `Admin.list_feature_exposures`."""
        answer: types.Exposures = await self._call("GET", f"/features/{quoted(key)}/exposures")
        return answer

    async def list_feature_history(
        self,
        key: str,
        *,
        limit: int = UNSET,
        after: str = UNSET,
    ) -> types.Page[types.AuditEvent]:
        """See `Admin.list_feature_history`."""
        answer: types.Page[types.AuditEvent] = await self._call(
            "GET",
            f"/features/{quoted(key)}/history",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_feature_history(self, key: str, *, limit: int = UNSET) -> AsyncIterator[types.AuditEvent]:
        """See `Admin.iter_feature_history`."""
        return self._walk(self.list_feature_history, key, limit=limit)

    async def list_feature_references(self, key: str) -> types.Page[dict[str, Any]]:
        """See `Admin.list_feature_references`."""
        answer: types.Page[dict[str, Any]] = await self._call("GET", f"/features/{quoted(key)}/references")
        return answer

    async def list_features(
        self,
        *,
        status: str = UNSET,
        pipeline: str = UNSET,
        tag: str = UNSET,
        q: str = UNSET,
        archived: bool = UNSET,
        environment: str = UNSET,
        after: str = UNSET,
        limit: int = UNSET,
    ) -> types.Page[types.Feature]:
        """See `Admin.list_features`."""
        answer: types.Page[types.Feature] = await self._call(
            "GET",
            "/features",
            query={
                "status": status,
                "pipeline": pipeline,
                "tag": tag,
                "q": q,
                "archived": archived,
                "environment": environment,
                "after": after,
                "limit": limit,
            },
        )
        return answer

    def iter_features(
        self,
        *,
        status: str = UNSET,
        pipeline: str = UNSET,
        tag: str = UNSET,
        q: str = UNSET,
        archived: bool = UNSET,
        environment: str = UNSET,
        limit: int = UNSET,
    ) -> AsyncIterator[types.Feature]:
        """See `Admin.iter_features`."""
        return self._walk(
            self.list_features,
            status=status,
            pipeline=pipeline,
            tag=tag,
            q=q,
            archived=archived,
            environment=environment,
            limit=limit,
        )

    async def list_fleet(
        self,
        *,
        environment: str = UNSET,
        process: str = UNSET,
        service: str = UNSET,
        version: int = UNSET,
        state: str = UNSET,
        sdk: str = UNSET,
        relay: str = UNSET,
        limit: int = UNSET,
        after: str = UNSET,
    ) -> types.FleetPage:
        """See `Admin.list_fleet`."""
        answer: types.FleetPage = await self._call(
            "GET",
            "/fleet",
            query={
                "environment": environment,
                "process": process,
                "service": service,
                "version": version,
                "state": state,
                "sdk": sdk,
                "relay": relay,
                "limit": limit,
                "after": after,
            },
        )
        return answer

    def iter_fleet(
        self,
        *,
        environment: str = UNSET,
        process: str = UNSET,
        service: str = UNSET,
        version: int = UNSET,
        state: str = UNSET,
        sdk: str = UNSET,
        relay: str = UNSET,
        limit: int = UNSET,
    ) -> AsyncIterator[dict[str, Any]]:
        """See `Admin.iter_fleet`."""
        return self._walk(
            self.list_fleet,
            environment=environment,
            process=process,
            service=service,
            version=version,
            state=state,
            sdk=sdk,
            relay=relay,
            limit=limit,
        )

    async def list_pipeline_references(self, key: str) -> types.References:
        """See `Admin.list_pipeline_references`."""
        answer: types.References = await self._call("GET", f"/pipelines/{quoted(key)}/references")
        return answer

    async def list_pipelines(
        self,
        *,
        state: str = UNSET,
        limit: int = UNSET,
        after: str = UNSET,
    ) -> types.Page[types.PipelineView]:
        """See `Admin.list_pipelines`."""
        answer: types.Page[types.PipelineView] = await self._call(
            "GET",
            "/pipelines",
            query={"state": state, "limit": limit, "after": after},
        )
        return answer

    def iter_pipelines(self, *, state: str = UNSET, limit: int = UNSET) -> AsyncIterator[types.PipelineView]:
        """See `Admin.iter_pipelines`."""
        return self._walk(self.list_pipelines, state=state, limit=limit)

    async def list_principals(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.PrincipalView]:
        """See `Admin.list_principals`."""
        answer: types.Page[types.PrincipalView] = await self._call(
            "GET",
            "/principals",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_principals(self, *, limit: int = UNSET) -> AsyncIterator[types.PrincipalView]:
        """See `Admin.iter_principals`."""
        return self._walk(self.list_principals, limit=limit)

    async def list_propagation(self, *, environment: str = UNSET) -> types.PropagationList:
        """See `Admin.list_propagation`."""
        answer: types.PropagationList = await self._call(
            "GET",
            "/fleet/propagation",
            query={"environment": environment},
        )
        return answer

    async def list_proposals(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.ProposalView]:
        """See `Admin.list_proposals`."""
        answer: types.Page[types.ProposalView] = await self._call(
            "GET",
            "/proposals",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_proposals(self, *, limit: int = UNSET) -> AsyncIterator[types.ProposalView]:
        """See `Admin.iter_proposals`."""
        return self._walk(self.list_proposals, limit=limit)

    async def list_release_history(
        self,
        id: str,
        *,
        limit: int = UNSET,
        after: str = UNSET,
    ) -> types.Page[types.AuditEvent]:
        """See `Admin.list_release_history`."""
        answer: types.Page[types.AuditEvent] = await self._call(
            "GET",
            f"/releases/{quoted(id)}/history",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_release_history(self, id: str, *, limit: int = UNSET) -> AsyncIterator[types.AuditEvent]:
        """See `Admin.iter_release_history`."""
        return self._walk(self.list_release_history, id, limit=limit)

    async def list_releases(
        self,
        *,
        status: str = UNSET,
        feature: str = UNSET,
        environment: str = UNSET,
        actor: str = UNSET,
        pipeline: str = UNSET,
        since: int = UNSET,
        until: int = UNSET,
        waiting_for_me: bool = UNSET,
        after: str = UNSET,
        limit: int = UNSET,
    ) -> types.Page[types.Release]:
        """See `Admin.list_releases`."""
        answer: types.Page[types.Release] = await self._call(
            "GET",
            "/releases",
            query={
                "status": status,
                "feature": feature,
                "environment": environment,
                "actor": actor,
                "pipeline": pipeline,
                "since": since,
                "until": until,
                "waiting_for_me": waiting_for_me,
                "after": after,
                "limit": limit,
            },
        )
        return answer

    def iter_releases(
        self,
        *,
        status: str = UNSET,
        feature: str = UNSET,
        environment: str = UNSET,
        actor: str = UNSET,
        pipeline: str = UNSET,
        since: int = UNSET,
        until: int = UNSET,
        waiting_for_me: bool = UNSET,
        limit: int = UNSET,
    ) -> AsyncIterator[types.Release]:
        """See `Admin.iter_releases`."""
        return self._walk(
            self.list_releases,
            status=status,
            feature=feature,
            environment=environment,
            actor=actor,
            pipeline=pipeline,
            since=since,
            until=until,
            waiting_for_me=waiting_for_me,
            limit=limit,
        )

    async def list_schedules(
        self,
        *,
        status: str = UNSET,
        limit: int = UNSET,
        after: str = UNSET,
    ) -> types.Page[types.Schedule]:
        """See `Admin.list_schedules`."""
        answer: types.Page[types.Schedule] = await self._call(
            "GET",
            "/schedules",
            query={"status": status, "limit": limit, "after": after},
        )
        return answer

    def iter_schedules(self, *, status: str = UNSET, limit: int = UNSET) -> AsyncIterator[types.Schedule]:
        """See `Admin.iter_schedules`."""
        return self._walk(self.list_schedules, status=status, limit=limit)

    async def list_sdk_keys(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.SdkKeyView]:
        """See `Admin.list_sdk_keys`."""
        answer: types.Page[types.SdkKeyView] = await self._call(
            "GET",
            "/sdk-keys",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_sdk_keys(self, *, limit: int = UNSET) -> AsyncIterator[types.SdkKeyView]:
        """See `Admin.iter_sdk_keys`."""
        return self._walk(self.list_sdk_keys, limit=limit)

    async def list_segment_references(self, key: str) -> types.Page[dict[str, Any]]:
        """See `Admin.list_segment_references`."""
        answer: types.Page[dict[str, Any]] = await self._call("GET", f"/segments/{quoted(key)}/references")
        return answer

    async def list_segments(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.Segment]:
        """See `Admin.list_segments`."""
        answer: types.Page[types.Segment] = await self._call("GET", "/segments", query={"limit": limit, "after": after})
        return answer

    def iter_segments(self, *, limit: int = UNSET) -> AsyncIterator[types.Segment]:
        """See `Admin.iter_segments`."""
        return self._walk(self.list_segments, limit=limit)

    async def list_signing_keys(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.SigningKeyView]:
        """See `Admin.list_signing_keys`."""
        answer: types.Page[types.SigningKeyView] = await self._call(
            "GET",
            "/signing-keys",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_signing_keys(self, *, limit: int = UNSET) -> AsyncIterator[types.SigningKeyView]:
        """See `Admin.iter_signing_keys`."""
        return self._walk(self.list_signing_keys, limit=limit)

    async def list_tokens(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.TokenView]:
        """See `Admin.list_tokens`."""
        answer: types.Page[types.TokenView] = await self._call("GET", "/tokens", query={"limit": limit, "after": after})
        return answer

    def iter_tokens(self, *, limit: int = UNSET) -> AsyncIterator[types.TokenView]:
        """See `Admin.iter_tokens`."""
        return self._walk(self.list_tokens, limit=limit)

    async def list_webhook_deliveries(
        self,
        id: str,
        *,
        status: str = UNSET,
        limit: int = UNSET,
        after: int = UNSET,
    ) -> types.Page[types.Delivery]:
        """See `Admin.list_webhook_deliveries`."""
        answer: types.Page[types.Delivery] = await self._call(
            "GET",
            f"/webhooks/{quoted(id)}/deliveries",
            query={"status": status, "limit": limit, "after": after},
        )
        return answer

    def iter_webhook_deliveries(
        self,
        id: str,
        *,
        status: str = UNSET,
        limit: int = UNSET,
    ) -> AsyncIterator[types.Delivery]:
        """See `Admin.iter_webhook_deliveries`."""
        return self._walk(self.list_webhook_deliveries, id, status=status, limit=limit)

    async def list_webhooks(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.WebhookView]:
        """See `Admin.list_webhooks`."""
        answer: types.Page[types.WebhookView] = await self._call(
            "GET",
            "/webhooks",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_webhooks(self, *, limit: int = UNSET) -> AsyncIterator[types.WebhookView]:
        """See `Admin.iter_webhooks`."""
        return self._walk(self.list_webhooks, limit=limit)

    async def pause_release(
        self,
        id: str,
        *,
        bypass: bool = UNSET,
        comment: str | None = UNSET,
        phase: str | None = UNSET,
        reason: str | None = UNSET,
        revision: int | None = UNSET,
        signed: str | None = UNSET,
        staged: bool = UNSET,
        start: types.Start = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Release:
        """See `Admin.pause_release`."""
        answer: types.Release = await self._call(
            "POST",
            f"/releases/{quoted(id)}/pause",
            body={
                "bypass": bypass,
                "comment": comment,
                "phase": phase,
                "reason": reason,
                "revision": revision,
                "signed": signed,
                "staged": staged,
                "start": start,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def preview_change(
        self,
        *,
        base_revisions: Mapping[str, Any] = UNSET,
        dry_run: bool = UNSET,
        features: Mapping[str, Any] = UNSET,
        pipeline: str | None = UNSET,
        segments: Mapping[str, Any] = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        force: str = UNSET,
    ) -> types.Preview:
        """See `Admin.preview_change`."""
        answer: types.Preview = await self._call(
            "POST",
            "/changes/preview",
            body={
                "base_revisions": base_revisions,
                "dry_run": dry_run,
                "features": features,
                "pipeline": pipeline,
                "segments": segments,
                "start": start,
                "supersede": supersede,
            },
            headers={"Tidegate-Force": force},
        )
        return answer

    async def preview_feature(
        self,
        key: str,
        *,
        definition: Mapping[str, Any],
        base_revision: int | None = UNSET,
        dry_run: bool = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        force: str = UNSET,
    ) -> types.Preview:
        """See `Admin.preview_feature`."""
        answer: types.Preview = await self._call(
            "POST",
            f"/features/{quoted(key)}/preview",
            body={
                "definition": definition,
                "base_revision": base_revision,
                "dry_run": dry_run,
                "start": start,
                "supersede": supersede,
            },
            headers={"Tidegate-Force": force},
        )
        return answer

    async def preview_release_action(self, id: str, *, action: str, bypass: bool = UNSET) -> types.Preview:
        """See `Admin.preview_release_action`."""
        answer: types.Preview = await self._call(
            "GET",
            f"/releases/{quoted(id)}/preview",
            query={"action": action, "bypass": bypass},
        )
        return answer

    async def preview_segment(
        self,
        key: str,
        *,
        definition: Mapping[str, Any],
        base_revision: int | None = UNSET,
        dry_run: bool = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        force: str = UNSET,
    ) -> types.Preview:
        """See `Admin.preview_segment`."""
        answer: types.Preview = await self._call(
            "POST",
            f"/segments/{quoted(key)}/preview",
            body={
                "definition": definition,
                "base_revision": base_revision,
                "dry_run": dry_run,
                "start": start,
                "supersede": supersede,
            },
            headers={"Tidegate-Force": force},
        )
        return answer

    async def publish_pipeline(
        self,
        key: str,
        *,
        base_revision: int | None = UNSET,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PipelineView:
        """See `Admin.publish_pipeline`."""
        answer: types.PipelineView = await self._call(
            "POST",
            f"/pipelines/{quoted(key)}/publish",
            body={"base_revision": base_revision, "reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def put_attribute(
        self,
        name: str,
        *,
        type: str,
        description: str | None = UNSET,
        process: bool = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.AttributeView:
        """See `Admin.put_attribute`."""
        answer: types.AttributeView = await self._call(
            "PUT",
            f"/attributes/{quoted(name)}",
            body={"type": type, "description": description, "process": process},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def put_exclusion_group(
        self,
        key: str,
        *,
        ranges: Mapping[str, Any],
        description: str | None = UNSET,
        salt: str | None = UNSET,
        unit: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.ExclusionGroupView:
        """See `Admin.put_exclusion_group`."""
        answer: types.ExclusionGroupView = await self._call(
            "PUT",
            f"/exclusion-groups/{quoted(key)}",
            body={"ranges": ranges, "description": description, "salt": salt, "unit": unit},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def reject_proposal(
        self,
        id: str,
        *,
        comment: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.ProposalView:
        """See `Admin.reject_proposal`."""
        answer: types.ProposalView = await self._call(
            "POST",
            f"/proposals/{quoted(id)}/reject",
            body={"comment": comment},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def reject_release(
        self,
        id: str,
        *,
        bypass: bool = UNSET,
        comment: str | None = UNSET,
        phase: str | None = UNSET,
        reason: str | None = UNSET,
        revision: int | None = UNSET,
        signed: str | None = UNSET,
        staged: bool = UNSET,
        start: types.Start = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Release:
        """See `Admin.reject_release`."""
        answer: types.Release = await self._call(
            "POST",
            f"/releases/{quoted(id)}/reject",
            body={
                "bypass": bypass,
                "comment": comment,
                "phase": phase,
                "reason": reason,
                "revision": revision,
                "signed": signed,
                "staged": staged,
                "start": start,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def remove_feature_from_pipeline(
        self,
        key: str,
        feature: str,
        *,
        keep: bool = UNSET,
        reason: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.remove_feature_from_pipeline`."""
        answer: types.Feature = await self._call(
            "DELETE",
            f"/pipelines/{quoted(key)}/features/{quoted(feature)}",
            body={"keep": keep, "reason": reason},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def resalt_feature(
        self,
        key: str,
        *,
        base_revision: int | None = UNSET,
        dry_run: bool = UNSET,
        salt: str | None = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.resalt_feature`."""
        answer: types.Feature = await self._call(
            "POST",
            f"/features/{quoted(key)}/resalt",
            body={
                "base_revision": base_revision,
                "dry_run": dry_run,
                "salt": salt,
                "start": start,
                "supersede": supersede,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def resend_delivery(self, id: str) -> types.Delivery:
        """See `Admin.resend_delivery`."""
        answer: types.Delivery = await self._call("POST", f"/deliveries/{quoted(id)}/resend", body={})
        return answer

    async def retire_signing_key(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.SigningKeyView:
        """See `Admin.retire_signing_key`."""
        answer: types.SigningKeyView = await self._call(
            "POST",
            f"/signing-keys/{quoted(id)}/retire",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def revert_release(
        self,
        id: str,
        *,
        bypass: bool = UNSET,
        comment: str | None = UNSET,
        phase: str | None = UNSET,
        reason: str | None = UNSET,
        revision: int | None = UNSET,
        signed: str | None = UNSET,
        staged: bool = UNSET,
        start: types.Start = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Release:
        """See `Admin.revert_release`."""
        answer: types.Release = await self._call(
            "POST",
            f"/releases/{quoted(id)}/revert",
            body={
                "bypass": bypass,
                "comment": comment,
                "phase": phase,
                "reason": reason,
                "revision": revision,
                "signed": signed,
                "staged": staged,
                "start": start,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def revoke_sdk_key(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.SdkKeyView:
        """See `Admin.revoke_sdk_key`."""
        answer: types.SdkKeyView = await self._call(
            "POST",
            f"/sdk-keys/{quoted(id)}/revoke",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def revoke_token(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.TokenView:
        """See `Admin.revoke_token`."""
        answer: types.TokenView = await self._call(
            "POST",
            f"/tokens/{quoted(id)}/revoke",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def rotate_signing_key(
        self,
        *,
        lost: bool = UNSET,
        reason: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.SigningKeyView:
        """See `Admin.rotate_signing_key`."""
        answer: types.SigningKeyView = await self._call(
            "POST",
            "/signing-keys/rotate",
            body={"lost": lost, "reason": reason},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def rotate_webhook(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.NewSecret:
        """See `Admin.rotate_webhook`."""
        answer: types.NewSecret = await self._call(
            "POST",
            f"/webhooks/{quoted(id)}/rotate",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def save_feature(
        self,
        key: str,
        *,
        definition: Mapping[str, Any],
        base_revision: int | None = UNSET,
        dry_run: bool = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.save_feature`."""
        answer: types.Feature = await self._call(
            "PUT",
            f"/features/{quoted(key)}",
            body={
                "definition": definition,
                "base_revision": base_revision,
                "dry_run": dry_run,
                "start": start,
                "supersede": supersede,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def save_segment(
        self,
        key: str,
        *,
        definition: Mapping[str, Any],
        base_revision: int | None = UNSET,
        dry_run: bool = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Segment:
        """See `Admin.save_segment`."""
        answer: types.Segment = await self._call(
            "PUT",
            f"/segments/{quoted(key)}",
            body={
                "definition": definition,
                "base_revision": base_revision,
                "dry_run": dry_run,
                "start": start,
                "supersede": supersede,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def show_attribute(self, name: str) -> types.AttributeView:
        """See `Admin.show_attribute`."""
        answer: types.AttributeView = await self._call("GET", f"/attributes/{quoted(name)}")
        return answer

    async def show_audit_event(self, seq: int | str) -> types.AuditEvent:
        """See `Admin.show_audit_event`."""
        answer: types.AuditEvent = await self._call("GET", f"/audit/{quoted(seq)}")
        return answer

    async def show_change_request(self, release: str) -> types.ChangeRequest:
        """See `Admin.show_change_request`."""
        answer: types.ChangeRequest = await self._call("GET", f"/change-requests/{quoted(release)}")
        return answer

    async def show_delivery(self, id: str) -> types.Delivery:
        """See `Admin.show_delivery`."""
        answer: types.Delivery = await self._call("GET", f"/deliveries/{quoted(id)}")
        return answer

    async def show_environment(self, name: str) -> types.EnvironmentView:
        """See `Admin.show_environment`."""
        answer: types.EnvironmentView = await self._call("GET", f"/environments/{quoted(name)}")
        return answer

    async def show_environment_snapshot(self, environment: str) -> types.Snapshot:
        """See `Admin.show_environment_snapshot`."""
        answer: types.Snapshot = await self._call("GET", f"/snapshots/{quoted(environment)}")
        return answer

    async def show_exclusion_group(self, key: str) -> types.ExclusionGroupView:
        """See `Admin.show_exclusion_group`."""
        answer: types.ExclusionGroupView = await self._call("GET", f"/exclusion-groups/{quoted(key)}")
        return answer

    async def show_feature(self, key: str) -> types.Feature:
        """See `Admin.show_feature`."""
        answer: types.Feature = await self._call("GET", f"/features/{quoted(key)}")
        return answer

    async def show_me(self) -> types.Me:
        """See `Admin.show_me`."""
        answer: types.Me = await self._call("GET", "/me")
        return answer

    async def show_pipeline(self, key: str) -> types.PipelineView:
        """See `Admin.show_pipeline`."""
        answer: types.PipelineView = await self._call("GET", f"/pipelines/{quoted(key)}")
        return answer

    async def show_pipeline_version(self, key: str, version: int | str) -> types.VersionView:
        """See `Admin.show_pipeline_version`."""
        answer: types.VersionView = await self._call("GET", f"/pipelines/{quoted(key)}/versions/{quoted(version)}")
        return answer

    async def show_principal(self, id: str) -> types.PrincipalView:
        """See `Admin.show_principal`."""
        answer: types.PrincipalView = await self._call("GET", f"/principals/{quoted(id)}")
        return answer

    async def show_proposal(self, id: str) -> types.ProposalView:
        """See `Admin.show_proposal`."""
        answer: types.ProposalView = await self._call("GET", f"/proposals/{quoted(id)}")
        return answer

    async def show_release(self, id: str) -> types.Release:
        """See `Admin.show_release`."""
        answer: types.Release = await self._call("GET", f"/releases/{quoted(id)}")
        return answer

    async def show_schedule(self, id: str) -> types.Schedule:
        """See `Admin.show_schedule`."""
        answer: types.Schedule = await self._call("GET", f"/schedules/{quoted(id)}")
        return answer

    async def show_segment(self, key: str) -> types.Segment:
        """See `Admin.show_segment`."""
        answer: types.Segment = await self._call("GET", f"/segments/{quoted(key)}")
        return answer

    async def show_snapshot(self) -> types.Snapshot:
        """See `Admin.show_snapshot`."""
        answer: types.Snapshot = await self._call("GET", "/snapshot")
        return answer

    async def show_token(self, id: str) -> types.TokenView:
        """See `Admin.show_token`."""
        answer: types.TokenView = await self._call("GET", f"/tokens/{quoted(id)}")
        return answer

    async def show_webhook(self, id: str) -> types.WebhookView:
        """See `Admin.show_webhook`."""
        answer: types.WebhookView = await self._call("GET", f"/webhooks/{quoted(id)}")
        return answer

    async def skip_release(
        self,
        id: str,
        *,
        bypass: bool = UNSET,
        comment: str | None = UNSET,
        phase: str | None = UNSET,
        reason: str | None = UNSET,
        revision: int | None = UNSET,
        signed: str | None = UNSET,
        staged: bool = UNSET,
        start: types.Start = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Release:
        """See `Admin.skip_release`."""
        answer: types.Release = await self._call(
            "POST",
            f"/releases/{quoted(id)}/skip",
            body={
                "bypass": bypass,
                "comment": comment,
                "phase": phase,
                "reason": reason,
                "revision": revision,
                "signed": signed,
                "staged": staged,
                "start": start,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def supersede_release(
        self,
        id: str,
        *,
        base_revisions: Mapping[str, Any] = UNSET,
        dry_run: bool = UNSET,
        features: Mapping[str, Any] = UNSET,
        pipeline: str | None = UNSET,
        segments: Mapping[str, Any] = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Release:
        """See `Admin.supersede_release`."""
        answer: types.Release = await self._call(
            "POST",
            f"/releases/{quoted(id)}/supersede",
            body={
                "base_revisions": base_revisions,
                "dry_run": dry_run,
                "features": features,
                "pipeline": pipeline,
                "segments": segments,
                "start": start,
                "supersede": supersede,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def tag_feature(
        self,
        key: str,
        *,
        tags: Sequence[str],
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.tag_feature`."""
        answer: types.Feature = await self._call(
            "PUT",
            f"/features/{quoted(key)}/tags",
            body={"tags": tags},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def test_webhook(self, id: str, *, idempotency_key: str = UNSET, force: str = UNSET) -> types.WebhookView:
        """See `Admin.test_webhook`."""
        answer: types.WebhookView = await self._call(
            "POST",
            f"/webhooks/{quoted(id)}/test",
            body={},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def unarchive_feature(
        self,
        key: str,
        *,
        base_revision: int | None = UNSET,
        dry_run: bool = UNSET,
        start: types.Start = UNSET,
        supersede: bool = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.unarchive_feature`."""
        answer: types.Feature = await self._call(
            "POST",
            f"/features/{quoted(key)}/unarchive",
            body={"base_revision": base_revision, "dry_run": dry_run, "start": start, "supersede": supersede},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def unkill_feature(
        self,
        key: str,
        *,
        environment: str,
        bypass: bool = UNSET,
        reason: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """See `Admin.unkill_feature`."""
        answer: types.Feature = await self._call(
            "POST",
            f"/features/{quoted(key)}/unkill",
            body={"environment": environment, "bypass": bypass, "reason": reason},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def unpause_release(
        self,
        id: str,
        *,
        bypass: bool = UNSET,
        comment: str | None = UNSET,
        phase: str | None = UNSET,
        reason: str | None = UNSET,
        revision: int | None = UNSET,
        signed: str | None = UNSET,
        staged: bool = UNSET,
        start: types.Start = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Release:
        """See `Admin.unpause_release`."""
        answer: types.Release = await self._call(
            "POST",
            f"/releases/{quoted(id)}/unpause",
            body={
                "bypass": bypass,
                "comment": comment,
                "phase": phase,
                "reason": reason,
                "revision": revision,
                "signed": signed,
                "staged": staged,
                "start": start,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def unpublish_pipeline(
        self,
        key: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PipelineView:
        """See `Admin.unpublish_pipeline`."""
        answer: types.PipelineView = await self._call(
            "POST",
            f"/pipelines/{quoted(key)}/unpublish",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def update_environment(
        self,
        name: str,
        *,
        description: str | None = UNSET,
        floor: Mapping[str, Any] = UNSET,
        pipelines: bool = UNSET,
        production: bool = UNSET,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.EnvironmentView | types.ProposalView:
        """See `Admin.update_environment`."""
        answer: types.EnvironmentView | types.ProposalView = await self._call(
            "PUT",
            f"/environments/{quoted(name)}",
            body={
                "description": description,
                "floor": floor,
                "pipelines": pipelines,
                "production": production,
                "reason": reason,
            },
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def update_pipeline(
        self,
        key: str,
        *,
        body: Mapping[str, Any],
        base_revision: int | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PipelineView:
        """See `Admin.update_pipeline`."""
        answer: types.PipelineView = await self._call(
            "PUT",
            f"/pipelines/{quoted(key)}",
            body={"body": body, "base_revision": base_revision},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def update_principal(
        self,
        id: str,
        *,
        grants: Sequence[Mapping[str, Any]],
        disabled: bool = UNSET,
        name: str | None = UNSET,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PrincipalView:
        """See `Admin.update_principal`."""
        answer: types.PrincipalView = await self._call(
            "PUT",
            f"/principals/{quoted(id)}",
            body={"grants": grants, "disabled": disabled, "name": name, "reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def update_webhook(
        self,
        id: str,
        *,
        url: str,
        disabled: bool = UNSET,
        facts: Sequence[str] = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.WebhookView:
        """See `Admin.update_webhook`."""
        answer: types.WebhookView = await self._call(
            "PUT",
            f"/webhooks/{quoted(id)}",
            body={"url": url, "disabled": disabled, "facts": facts},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    async def verify_audit(self, *, head: str = UNSET) -> types.Verified:
        """See `Admin.verify_audit`."""
        answer: types.Verified = await self._call("GET", "/audit/verify", query={"head": head})
        return answer
