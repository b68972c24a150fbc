"""What the client can ask.

Written by bindings/python/tools/admin_api.py from docs/openapi.json: change these, not this.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import types
from ._http import UNSET, Caller, quoted


class Operations(Caller):
    """The operations of the API, a method each."""

    def abort_release(
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
        """Abort a release: the base is served, at once.

        Needs `reason`, and no revision; passes every window. Twice changes nothing.

        Needs the permission `drive`.
        """
        answer: types.Release = self._call(
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

    def add_feature_to_pipeline(
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
        """Send a feature through a pipeline as it is.

        A release starts with what the phases do to it (enable, disable, set).

        Needs the permission `write`.
        """
        answer: types.Feature = self._call(
            "POST",
            f"/pipelines/{quoted(key)}/features",
            body={"feature": feature, "dry_run": dry_run, "start": start, "start_at": start_at},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def apply_change(
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
        """Change several features and segments at once, in one release.

        200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
        what it would do.

        Needs the permission `write`.
        """
        answer: types.Feature = self._call(
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

    def approve_proposal(
        self,
        id: str,
        *,
        comment: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.ProposalView:
        """Approve a change, which makes it.

        Needs the permission `administer`.
        """
        answer: types.ProposalView = self._call(
            "POST",
            f"/proposals/{quoted(id)}/approve",
            body={"comment": comment},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def approve_release(
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
        """Approve the phase that a release is entering.

        `revision` and `phase`: what it was decided on. Twice by one person changes nothing. A phase may name who
        approves by role or id.

        Needs the permission `approve`.
        """
        answer: types.Release = self._call(
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

    def archive_feature(
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
        """Archive a feature that nothing uses.

        200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
        what it would do.

        Needs the permission `write`.
        """
        answer: types.Feature = self._call(
            "POST",
            f"/features/{quoted(key)}/archive",
            body={"base_revision": base_revision, "dry_run": dry_run, "start": start, "supersede": supersede},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def archive_pipeline(
        self,
        key: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PipelineView:
        """Archive a pipeline.

        Needs the permission `write`.
        """
        answer: types.PipelineView = self._call(
            "POST",
            f"/pipelines/{quoted(key)}/archive",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def attach_feature(
        self,
        key: str,
        *,
        pipeline: str | None = UNSET,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """Attach a feature to a pipeline, or to none.

        Needs the permission `write`.
        """
        answer: types.Feature = self._call(
            "PUT",
            f"/features/{quoted(key)}/pipeline",
            body={"pipeline": pipeline, "reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def attach_segment(
        self,
        key: str,
        *,
        pipeline: str | None = UNSET,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Segment:
        """Attach a segment to a pipeline, or to none.

        Needs the permission `write`.
        """
        answer: types.Segment = self._call(
            "PUT",
            f"/segments/{quoted(key)}/pipeline",
            body={"pipeline": pipeline, "reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def cancel_schedule(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Schedule:
        """Take a scheduled change back.

        Needs the permission `write`.
        """
        answer: types.Schedule = self._call(
            "POST",
            f"/schedules/{quoted(id)}/cancel",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def clone_pipeline(
        self,
        key: str,
        *,
        new_key: str,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PipelineView:
        """Write a pipeline that begins like this one.

        Needs the permission `write`.
        """
        answer: types.PipelineView = self._call(
            "POST",
            f"/pipelines/{quoted(key)}/clone",
            body={"key": new_key},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def create_environment(
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
        """Make an environment.

        Needs the permission `administer`.
        """
        answer: types.EnvironmentView = self._call(
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

    def create_feature(
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
        """Make a feature.

        200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
        what it would do.

        Needs the permission `write`.
        """
        answer: types.Feature = self._call(
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

    def create_pipeline(
        self,
        *,
        body: Mapping[str, Any],
        key: str,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PipelineView:
        """Write a pipeline.

        Needs the permission `write`.
        """
        answer: types.PipelineView = self._call(
            "POST",
            "/pipelines",
            body={"body": body, "key": key},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def create_principal(
        self,
        *,
        grants: Sequence[Mapping[str, Any]],
        id: str,
        kind: str,
        name: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PrincipalView:
        """Make a person or service account.

        Needs the permission `administer`.
        """
        answer: types.PrincipalView = self._call(
            "POST",
            "/principals",
            body={"grants": grants, "id": id, "kind": kind, "name": name},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def create_sdk_key(
        self,
        *,
        environment: str,
        description: str | None = UNSET,
        url: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.NewSecret:
        """Make an SDK key of an environment.

        The `secret` is the connection string: address, SDK key, environment and the public key to pin in one line,
        which is all that an SDK needs. It is shown once, in this answer.

        Needs the permission `administer`.
        """
        answer: types.NewSecret = self._call(
            "POST",
            "/sdk-keys",
            body={"environment": environment, "description": description, "url": url},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def create_segment(
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
        """Make a segment.

        200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
        what it would do.

        Needs the permission `write`.
        """
        answer: types.Segment = self._call(
            "POST",
            "/segments",
            body={"definition": definition, "key": key, "dry_run": dry_run, "pipeline": pipeline, "start": start},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def create_signing_key(self, *, idempotency_key: str = UNSET, force: str = UNSET) -> types.SigningKeyView:
        """Make the next signing key.

        Clients learn of it at once, endorsed by the active key, and it signs after the next rotation.

        Needs the permission `administer`.
        """
        answer: types.SigningKeyView = self._call(
            "POST",
            "/signing-keys",
            body={},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def create_token(
        self,
        *,
        description: str | None = UNSET,
        expires_at: int | None = UNSET,
        principal: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.NewSecret:
        """Make a token: one's own, or for admins another's.

        The secret is shown once, in this answer. A repetition with the same `Idempotency-Key` does not show it again.

        Needs any valid token.
        """
        answer: types.NewSecret = self._call(
            "POST",
            "/tokens",
            body={"description": description, "expires_at": expires_at, "principal": principal},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def create_webhook(
        self,
        *,
        url: str,
        disabled: bool = UNSET,
        facts: Sequence[str] = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.NewSecret:
        """Have facts posted to a URL.

        Signed as Standard Webhooks asks. The signing secret is shown once, in this answer.

        Needs the permission `administer`.
        """
        answer: types.NewSecret = self._call(
            "POST",
            "/webhooks",
            body={"url": url, "disabled": disabled, "facts": facts},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def delete_attribute(
        self,
        name: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> None:
        """Remove a declaration that nothing uses.

        Needs the permission `write`.
        """
        self._call(
            "DELETE",
            f"/attributes/{quoted(name)}",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )

    def delete_environment(
        self,
        name: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.ProposalView | None:
        """Delete an environment that nothing names.

        Needs the permission `administer`.
        """
        answer: types.ProposalView | None = self._call(
            "DELETE",
            f"/environments/{quoted(name)}",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def delete_exclusion_group(
        self,
        key: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> None:
        """Delete an exclusion group that nothing uses.

        Needs the permission `write`.
        """
        self._call(
            "DELETE",
            f"/exclusion-groups/{quoted(key)}",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )

    def delete_feature(
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
        """Delete a feature that nothing uses.

        200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
        what it would do.

        Needs the permission `write`.
        """
        answer: types.Feature = self._call(
            "DELETE",
            f"/features/{quoted(key)}",
            body={"base_revision": base_revision, "dry_run": dry_run, "start": start, "supersede": supersede},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def delete_pipeline(
        self,
        key: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> None:
        """Delete a pipeline that nothing uses.

        Needs the permission `write`.
        """
        self._call(
            "DELETE",
            f"/pipelines/{quoted(key)}",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )

    def delete_principal(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> None:
        """Delete a principal that nothing names.

        Needs the permission `administer`.
        """
        self._call(
            "DELETE",
            f"/principals/{quoted(id)}",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )

    def delete_segment(
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
        """Delete a segment that nothing uses.

        200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
        what it would do.

        Needs the permission `write`.
        """
        answer: types.Segment = self._call(
            "DELETE",
            f"/segments/{quoted(key)}",
            body={"base_revision": base_revision, "dry_run": dry_run, "start": start, "supersede": supersede},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def delete_webhook(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> None:
        """Delete a webhook endpoint.

        Needs the permission `administer`.
        """
        self._call(
            "DELETE",
            f"/webhooks/{quoted(id)}",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )

    def disable_feature(
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
        """Disable a feature.

        200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
        what it would do.

        Needs the permission `write`.
        """
        answer: types.Feature = self._call(
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

    def disable_principal(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PrincipalView:
        """Disable a principal, with all its tokens.

        Needs the permission `administer`.
        """
        answer: types.PrincipalView = self._call(
            "POST",
            f"/principals/{quoted(id)}/disable",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def enable_feature(
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
        """Enable a feature.

        200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
        what it would do.

        Needs the permission `write`.
        """
        answer: types.Feature = self._call(
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

    def full_roll_out_release(
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
        """Complete a release now, everywhere.

        Needs `reason`, `revision`; past an approval, window or requirement `bypass`.

        Needs the permission `drive`.
        """
        answer: types.Release = self._call(
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

    def give_verdict(
        self,
        id: str,
        guard: str,
        *,
        verdict: str,
        detail: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Release:
        """Give a guard a verdict.

        Needs the permission `pause`.
        """
        answer: types.Release = self._call(
            "POST",
            f"/releases/{quoted(id)}/guards/{quoted(guard)}/verdict",
            body={"verdict": verdict, "detail": detail},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def kill_feature(
        self,
        key: str,
        *,
        environment: str,
        reason: str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """Kill a feature in an environment, at once.

        It serves its default variant there; an active release of it is paused. Needs a reason, no revision, and no open
        window.

        Needs the permission `kill`.
        """
        answer: types.Feature = self._call(
            "POST",
            f"/features/{quoted(key)}/kill",
            body={"environment": environment, "reason": reason},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def launch_feature(
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
        """End an experiment: everyone gets a variant.

        200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
        what it would do.

        Needs the permission `write`.
        """
        answer: types.Feature = self._call(
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

    def list_attributes(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.AttributeView]:
        """Declarations of attributes.

        Needs the permission `read`.
        """
        answer: types.Page[types.AttributeView] = self._call(
            "GET",
            "/attributes",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_attributes(self, *, limit: int = UNSET) -> Iterator[types.AttributeView]:
        """All of `list_attributes`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_attributes, limit=limit)

    def list_audit(
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
        """What was done, by whom, with before and after.

        Needs the permission `read`.
        """
        answer: types.Page[types.AuditEvent] = self._call(
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
    ) -> Iterator[types.AuditEvent]:
        """All of `list_audit`, page by page; `limit` is the size of a page."""
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

    def list_change_requests(
        self,
        *,
        mine: bool = UNSET,
        limit: int = UNSET,
        after: str = UNSET,
    ) -> types.Page[types.ChangeRequest]:
        """Phases that await approval.

        Needs the permission `read`.
        """
        answer: types.Page[types.ChangeRequest] = self._call(
            "GET",
            "/change-requests",
            query={"mine": mine, "limit": limit, "after": after},
        )
        return answer

    def iter_change_requests(self, *, mine: bool = UNSET, limit: int = UNSET) -> Iterator[types.ChangeRequest]:
        """All of `list_change_requests`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_change_requests, mine=mine, limit=limit)

    def list_deliveries(
        self,
        *,
        status: str = UNSET,
        limit: int = UNSET,
        after: int = UNSET,
    ) -> types.Page[types.Delivery]:
        """What was sent to webhooks, the newest first.

        Needs the permission `read`.
        """
        answer: types.Page[types.Delivery] = self._call(
            "GET",
            "/deliveries",
            query={"status": status, "limit": limit, "after": after},
        )
        return answer

    def iter_deliveries(self, *, status: str = UNSET, limit: int = UNSET) -> Iterator[types.Delivery]:
        """All of `list_deliveries`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_deliveries, status=status, limit=limit)

    def list_environments(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.EnvironmentView]:
        """Environments.

        Needs the permission `read`.
        """
        answer: types.Page[types.EnvironmentView] = self._call(
            "GET",
            "/environments",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_environments(self, *, limit: int = UNSET) -> Iterator[types.EnvironmentView]:
        """All of `list_environments`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_environments, limit=limit)

    def list_exclusion_groups(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.ExclusionGroupView]:
        """Exclusion groups.

        Needs the permission `read`.
        """
        answer: types.Page[types.ExclusionGroupView] = self._call(
            "GET",
            "/exclusion-groups",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_exclusion_groups(self, *, limit: int = UNSET) -> Iterator[types.ExclusionGroupView]:
        """All of `list_exclusion_groups`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_exclusion_groups, limit=limit)

    def list_feature_exposures(self, key: str) -> types.Exposures:
        """How often which variant of a feature was served, by release and phase.

        As the live SDKs count it: decisions, not people. Counts that they gave up are not in it.

        Needs the permission `read`.
        """
        answer: types.Exposures = self._call("GET", f"/features/{quoted(key)}/exposures")
        return answer

    def list_feature_history(self, key: str, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.AuditEvent]:
        """What happened to a feature and in its releases, from the log.

        Every action on a release of it is in it: who approved, paused, aborted, and why.

        Needs the permission `read`.
        """
        answer: types.Page[types.AuditEvent] = self._call(
            "GET",
            f"/features/{quoted(key)}/history",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_feature_history(self, key: str, *, limit: int = UNSET) -> Iterator[types.AuditEvent]:
        """All of `list_feature_history`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_feature_history, key, limit=limit)

    def list_feature_references(self, key: str) -> types.Page[dict[str, Any]]:
        """What uses a feature.

        Needs the permission `read`.
        """
        answer: types.Page[dict[str, Any]] = self._call("GET", f"/features/{quoted(key)}/references")
        return answer

    def list_features(
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
        """Features.

        Needs the permission `read`.
        """
        answer: types.Page[types.Feature] = self._call(
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
    ) -> Iterator[types.Feature]:
        """All of `list_features`, page by page; `limit` is the size of a page."""
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

    def list_fleet(
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
        """Live instances: what each applied, and a summary of each environment.

        An instance is live until three of its intervals after its last report. Instances behind a relay are told in
        groups, with the ids of those that are stale, refused a version or isolated features. `unknown`: it says a
        version that was never published, or was live before this server started and has not reported since (`settled`
        is false meanwhile). Clients of static hosting do not report.

        Needs the permission `read`.
        """
        answer: types.FleetPage = self._call(
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
    ) -> Iterator[dict[str, Any]]:
        """All of `list_fleet`, page by page; `limit` is the size of a page."""
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

    def list_pipeline_references(self, key: str) -> types.References:
        """What uses a pipeline.

        Needs the permission `read`.
        """
        answer: types.References = self._call("GET", f"/pipelines/{quoted(key)}/references")
        return answer

    def list_pipelines(
        self,
        *,
        state: str = UNSET,
        limit: int = UNSET,
        after: str = UNSET,
    ) -> types.Page[types.PipelineView]:
        """Pipelines.

        Needs the permission `read`.
        """
        answer: types.Page[types.PipelineView] = self._call(
            "GET",
            "/pipelines",
            query={"state": state, "limit": limit, "after": after},
        )
        return answer

    def iter_pipelines(self, *, state: str = UNSET, limit: int = UNSET) -> Iterator[types.PipelineView]:
        """All of `list_pipelines`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_pipelines, state=state, limit=limit)

    def list_principals(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.PrincipalView]:
        """People and service accounts.

        Needs the permission `read`.
        """
        answer: types.Page[types.PrincipalView] = self._call(
            "GET",
            "/principals",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_principals(self, *, limit: int = UNSET) -> Iterator[types.PrincipalView]:
        """All of `list_principals`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_principals, limit=limit)

    def list_propagation(self, *, environment: str = UNSET) -> types.PropagationList:
        """How fast the last versions reached the instances that were live when each was published.

        From the publication to the instance's report that it serves the version, by the clock of the server; nearest-
        rank percentiles. The latest first, at most 50 of each environment since the server started.

        Needs the permission `read`.
        """
        answer: types.PropagationList = self._call("GET", "/fleet/propagation", query={"environment": environment})
        return answer

    def list_proposals(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.ProposalView]:
        """Changes that wait for a second person, and those that did.

        Needs the permission `read`.
        """
        answer: types.Page[types.ProposalView] = self._call("GET", "/proposals", query={"limit": limit, "after": after})
        return answer

    def iter_proposals(self, *, limit: int = UNSET) -> Iterator[types.ProposalView]:
        """All of `list_proposals`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_proposals, limit=limit)

    def list_release_history(self, id: str, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.AuditEvent]:
        """What happened to a release, from the log.

        Needs the permission `read`.
        """
        answer: types.Page[types.AuditEvent] = self._call(
            "GET",
            f"/releases/{quoted(id)}/history",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_release_history(self, id: str, *, limit: int = UNSET) -> Iterator[types.AuditEvent]:
        """All of `list_release_history`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_release_history, id, limit=limit)

    def list_releases(
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
        """Releases, the latest first.

        Needs the permission `read`.
        """
        answer: types.Page[types.Release] = self._call(
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
    ) -> Iterator[types.Release]:
        """All of `list_releases`, page by page; `limit` is the size of a page."""
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

    def list_schedules(
        self,
        *,
        status: str = UNSET,
        limit: int = UNSET,
        after: str = UNSET,
    ) -> types.Page[types.Schedule]:
        """Changes that are to be made later.

        Needs the permission `read`.
        """
        answer: types.Page[types.Schedule] = self._call(
            "GET",
            "/schedules",
            query={"status": status, "limit": limit, "after": after},
        )
        return answer

    def iter_schedules(self, *, status: str = UNSET, limit: int = UNSET) -> Iterator[types.Schedule]:
        """All of `list_schedules`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_schedules, status=status, limit=limit)

    def list_sdk_keys(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.SdkKeyView]:
        """SDK keys of the environments that you administer.

        Needs the permission `administer`.
        """
        answer: types.Page[types.SdkKeyView] = self._call("GET", "/sdk-keys", query={"limit": limit, "after": after})
        return answer

    def iter_sdk_keys(self, *, limit: int = UNSET) -> Iterator[types.SdkKeyView]:
        """All of `list_sdk_keys`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_sdk_keys, limit=limit)

    def list_segment_references(self, key: str) -> types.Page[dict[str, Any]]:
        """What uses a segment.

        Needs the permission `read`.
        """
        answer: types.Page[dict[str, Any]] = self._call("GET", f"/segments/{quoted(key)}/references")
        return answer

    def list_segments(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.Segment]:
        """Segments.

        Needs the permission `read`.
        """
        answer: types.Page[types.Segment] = self._call("GET", "/segments", query={"limit": limit, "after": after})
        return answer

    def iter_segments(self, *, limit: int = UNSET) -> Iterator[types.Segment]:
        """All of `list_segments`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_segments, limit=limit)

    def list_signing_keys(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.SigningKeyView]:
        """The keys that snapshots are signed with.

        Needs the permission `administer`.
        """
        answer: types.Page[types.SigningKeyView] = self._call(
            "GET",
            "/signing-keys",
            query={"limit": limit, "after": after},
        )
        return answer

    def iter_signing_keys(self, *, limit: int = UNSET) -> Iterator[types.SigningKeyView]:
        """All of `list_signing_keys`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_signing_keys, limit=limit)

    def list_tokens(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.TokenView]:
        """Tokens: all of them for admins, else one's own.

        Needs any valid token.
        """
        answer: types.Page[types.TokenView] = self._call("GET", "/tokens", query={"limit": limit, "after": after})
        return answer

    def iter_tokens(self, *, limit: int = UNSET) -> Iterator[types.TokenView]:
        """All of `list_tokens`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_tokens, limit=limit)

    def list_webhook_deliveries(
        self,
        id: str,
        *,
        status: str = UNSET,
        limit: int = UNSET,
        after: int = UNSET,
    ) -> types.Page[types.Delivery]:
        """What was sent to a webhook, the newest first.

        Needs the permission `read`.
        """
        answer: types.Page[types.Delivery] = self._call(
            "GET",
            f"/webhooks/{quoted(id)}/deliveries",
            query={"status": status, "limit": limit, "after": after},
        )
        return answer

    def iter_webhook_deliveries(self, id: str, *, status: str = UNSET, limit: int = UNSET) -> Iterator[types.Delivery]:
        """All of `list_webhook_deliveries`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_webhook_deliveries, id, status=status, limit=limit)

    def list_webhooks(self, *, limit: int = UNSET, after: str = UNSET) -> types.Page[types.WebhookView]:
        """Webhook endpoints.

        Needs the permission `read`.
        """
        answer: types.Page[types.WebhookView] = self._call("GET", "/webhooks", query={"limit": limit, "after": after})
        return answer

    def iter_webhooks(self, *, limit: int = UNSET) -> Iterator[types.WebhookView]:
        """All of `list_webhooks`, page by page; `limit` is the size of a page."""
        return self._walk(self.list_webhooks, limit=limit)

    def pause_release(
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
        """Pause a release: nothing advances by itself.

        What is served stays served; timers keep what is left of them. Needs no revision.

        Needs the permission `pause`.
        """
        answer: types.Release = self._call(
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

    def preview_change(
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
        """What a change of several would do.

        Needs the permission `write`.
        """
        answer: types.Preview = self._call(
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

    def preview_feature(
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
        """What a change of a feature would do.

        Needs the permission `write`.
        """
        answer: types.Preview = self._call(
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

    def preview_release_action(self, id: str, *, action: str, bypass: bool = UNSET) -> types.Preview:
        """What an action would change.

        Refused like the action itself, so it takes the action's permission.

        Needs the permission `read`.
        """
        answer: types.Preview = self._call(
            "GET",
            f"/releases/{quoted(id)}/preview",
            query={"action": action, "bypass": bypass},
        )
        return answer

    def preview_segment(
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
        """What a change of a segment would do.

        Needs the permission `write`.
        """
        answer: types.Preview = self._call(
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

    def publish_pipeline(
        self,
        key: str,
        *,
        base_revision: int | None = UNSET,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PipelineView:
        """Publish the draft as the next version.

        A version never changes; running releases keep theirs.

        Needs the permission `write`.
        """
        answer: types.PipelineView = self._call(
            "POST",
            f"/pipelines/{quoted(key)}/publish",
            body={"base_revision": base_revision, "reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def put_attribute(
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
        """Declare an attribute.

        Needs the permission `write`.
        """
        answer: types.AttributeView = self._call(
            "PUT",
            f"/attributes/{quoted(name)}",
            body={"type": type, "description": description, "process": process},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def put_exclusion_group(
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
        """Make or change an exclusion group.

        Needs the permission `write`.
        """
        answer: types.ExclusionGroupView = self._call(
            "PUT",
            f"/exclusion-groups/{quoted(key)}",
            body={"ranges": ranges, "description": description, "salt": salt, "unit": unit},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def reject_proposal(
        self,
        id: str,
        *,
        comment: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.ProposalView:
        """Reject a change.

        Needs the permission `administer`.
        """
        answer: types.ProposalView = self._call(
            "POST",
            f"/proposals/{quoted(id)}/reject",
            body={"comment": comment},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def reject_release(
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
        """Hold the phase that a release is entering.

        Cleared by who rejected, by approving, or by an abort. Needs `reason`, `revision`.

        Needs the permission `approve`.
        """
        answer: types.Release = self._call(
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

    def remove_feature_from_pipeline(
        self,
        key: str,
        feature: str,
        *,
        keep: bool = UNSET,
        reason: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """Take a feature out of a pipeline.

        A release of it that runs is aborted; with `keep` what is live of it is kept.

        Needs the permission `write`.
        """
        answer: types.Feature = self._call(
            "DELETE",
            f"/pipelines/{quoted(key)}/features/{quoted(feature)}",
            body={"keep": keep, "reason": reason},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def resalt_feature(
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
        """Draw everybody's buckets anew.

        200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
        what it would do.

        Needs the permission `write`.
        """
        answer: types.Feature = self._call(
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

    def resend_delivery(self, id: str) -> types.Delivery:
        """Send a delivery again, under its same id.

        Needs the permission `administer`.
        """
        answer: types.Delivery = self._call("POST", f"/deliveries/{quoted(id)}/resend", body={})
        return answer

    def retire_signing_key(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.SigningKeyView:
        """Forget the secret of a key that does not sign.

        What it endorsed stays endorsed.

        Needs the permission `administer`.
        """
        answer: types.SigningKeyView = self._call(
            "POST",
            f"/signing-keys/{quoted(id)}/retire",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def revert_release(
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
        """Take a completed release back.

        At once, or as a new release (`staged`). Needs `reason`. 409 with the difference if it was edited since.

        Needs the permission `drive`.
        """
        answer: types.Release = self._call(
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

    def revoke_sdk_key(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.SdkKeyView:
        """Revoke an SDK key.

        Requests with it are refused from now on; its streams end at once.

        Needs the permission `administer`.
        """
        answer: types.SdkKeyView = self._call(
            "POST",
            f"/sdk-keys/{quoted(id)}/revoke",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def revoke_token(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.TokenView:
        """Revoke a token: one's own, or for admins another's.

        Needs any valid token.
        """
        answer: types.TokenView = self._call(
            "POST",
            f"/tokens/{quoted(id)}/revoke",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def rotate_signing_key(
        self,
        *,
        lost: bool = UNSET,
        reason: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.SigningKeyView:
        """Sign with another key from now on.

        The next key becomes active, or a new one if there is none. The one before is `retiring`: connection strings
        that pin it are still good, since clients follow its endorsement. `lost`: its secret is gone, so that it
        endorses nothing; clients must be given new connection strings.

        Needs the permission `administer`.
        """
        answer: types.SigningKeyView = self._call(
            "POST",
            "/signing-keys/rotate",
            body={"lost": lost, "reason": reason},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def rotate_webhook(
        self,
        id: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.NewSecret:
        """Give a webhook another signing secret, shown once.

        Needs the permission `administer`.
        """
        answer: types.NewSecret = self._call(
            "POST",
            f"/webhooks/{quoted(id)}/rotate",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def save_feature(
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
        """Change the definition of a feature.

        200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
        what it would do.

        Needs the permission `write`.
        """
        answer: types.Feature = self._call(
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

    def save_segment(
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
        """Change the condition of a segment.

        200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
        what it would do.

        Needs the permission `write`.
        """
        answer: types.Segment = self._call(
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

    def show_attribute(self, name: str) -> types.AttributeView:
        """The declaration of an attribute.

        Needs the permission `read`.
        """
        answer: types.AttributeView = self._call("GET", f"/attributes/{quoted(name)}")
        return answer

    def show_audit_event(self, seq: int | str) -> types.AuditEvent:
        """An event of the log.

        Needs the permission `read`.
        """
        answer: types.AuditEvent = self._call("GET", f"/audit/{quoted(seq)}")
        return answer

    def show_change_request(self, release: str) -> types.ChangeRequest:
        """The phase of a release that awaits approval.

        Needs the permission `read`.
        """
        answer: types.ChangeRequest = self._call("GET", f"/change-requests/{quoted(release)}")
        return answer

    def show_delivery(self, id: str) -> types.Delivery:
        """A delivery.

        Needs the permission `read`.
        """
        answer: types.Delivery = self._call("GET", f"/deliveries/{quoted(id)}")
        return answer

    def show_environment(self, name: str) -> types.EnvironmentView:
        """An environment.

        Needs the permission `read`.
        """
        answer: types.EnvironmentView = self._call("GET", f"/environments/{quoted(name)}")
        return answer

    def show_environment_snapshot(self, environment: str) -> types.Snapshot:
        """The document of an environment.

        Definitions, live phases and their shares, exactly the bytes that engines get. The ETag is the SHA-256 of the
        bytes; `tidegate-audit-head` as for the whole document.

        Needs the permission `read`.
        """
        answer: types.Snapshot = self._call("GET", f"/snapshots/{quoted(environment)}")
        return answer

    def show_exclusion_group(self, key: str) -> types.ExclusionGroupView:
        """An exclusion group.

        Needs the permission `read`.
        """
        answer: types.ExclusionGroupView = self._call("GET", f"/exclusion-groups/{quoted(key)}")
        return answer

    def show_feature(self, key: str) -> types.Feature:
        """A feature, its active release and where it is killed.

        Needs the permission `read`.
        """
        answer: types.Feature = self._call("GET", f"/features/{quoted(key)}")
        return answer

    def show_me(self) -> types.Me:
        """Who the token speaks for, and what they may do.

        Needs any valid token.
        """
        answer: types.Me = self._call("GET", "/me")
        return answer

    def show_pipeline(self, key: str) -> types.PipelineView:
        """A pipeline, what goes through it, and where that is.

        Needs the permission `read`.
        """
        answer: types.PipelineView = self._call("GET", f"/pipelines/{quoted(key)}")
        return answer

    def show_pipeline_version(self, key: str, version: int | str) -> types.VersionView:
        """A published version.

        Needs the permission `read`.
        """
        answer: types.VersionView = self._call("GET", f"/pipelines/{quoted(key)}/versions/{quoted(version)}")
        return answer

    def show_principal(self, id: str) -> types.PrincipalView:
        """A principal.

        Needs the permission `read`.
        """
        answer: types.PrincipalView = self._call("GET", f"/principals/{quoted(id)}")
        return answer

    def show_proposal(self, id: str) -> types.ProposalView:
        """A proposal.

        Needs the permission `read`.
        """
        answer: types.ProposalView = self._call("GET", f"/proposals/{quoted(id)}")
        return answer

    def show_release(self, id: str) -> types.Release:
        """A release: plan, state, what it waits for, what can be done.

        Needs the permission `read`.
        """
        answer: types.Release = self._call("GET", f"/releases/{quoted(id)}")
        return answer

    def show_schedule(self, id: str) -> types.Schedule:
        """A scheduled change.

        Needs the permission `read`.
        """
        answer: types.Schedule = self._call("GET", f"/schedules/{quoted(id)}")
        return answer

    def show_segment(self, key: str) -> types.Segment:
        """A segment and its active release.

        Needs the permission `read`.
        """
        answer: types.Segment = self._call("GET", f"/segments/{quoted(key)}")
        return answer

    def show_snapshot(self) -> types.Snapshot:
        """The whole document: all environments, phases and published pipelines.

        For the command line and offline evaluation. The ETag is the SHA-256 of the bytes. `tidegate-audit-head` in the
        head of the answer is the hash of the last event of the log that is in it: note it, and verify the log against
        it later.

        Needs the permission `read`.
        """
        answer: types.Snapshot = self._call("GET", "/snapshot")
        return answer

    def show_token(self, id: str) -> types.TokenView:
        """A token: for admins, else one's own.

        Needs any valid token.
        """
        answer: types.TokenView = self._call("GET", f"/tokens/{quoted(id)}")
        return answer

    def show_webhook(self, id: str) -> types.WebhookView:
        """A webhook endpoint.

        Needs the permission `read`.
        """
        answer: types.WebhookView = self._call("GET", f"/webhooks/{quoted(id)}")
        return answer

    def skip_release(
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
        """End the current phase.

        If live, it stays live with the share that it has; if entering, it is never served. Needs `revision`; past an
        approval, window or requirement `bypass` and a `reason`.

        Needs the permission `drive`.
        """
        answer: types.Release = self._call(
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

    def supersede_release(
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
        """Abort a release and start another in its place.

        The new one starts from the old base, in the same transaction.

        Needs the permission `drive`.
        """
        answer: types.Release = self._call(
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

    def tag_feature(
        self,
        key: str,
        *,
        tags: Sequence[str],
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """Give a feature other labels.

        Needs the permission `write`.
        """
        answer: types.Feature = self._call(
            "PUT",
            f"/features/{quoted(key)}/tags",
            body={"tags": tags},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def test_webhook(self, id: str, *, idempotency_key: str = UNSET, force: str = UNSET) -> types.WebhookView:
        """Post a trial to a webhook.

        A fact `webhook.tested` goes to this webhook alone, through the outbox like any other.

        Needs the permission `administer`.
        """
        answer: types.WebhookView = self._call(
            "POST",
            f"/webhooks/{quoted(id)}/test",
            body={},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def unarchive_feature(
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
        """Take a feature out of the archive.

        200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
        what it would do.

        Needs the permission `write`.
        """
        answer: types.Feature = self._call(
            "POST",
            f"/features/{quoted(key)}/unarchive",
            body={"base_revision": base_revision, "dry_run": dry_run, "start": start, "supersede": supersede},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def unkill_feature(
        self,
        key: str,
        *,
        environment: str,
        bypass: bool = UNSET,
        reason: str | None = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.Feature:
        """Serve a killed feature again.

        It does not unpause a release that the kill paused.

        Needs the permission `kill`.
        """
        answer: types.Feature = self._call(
            "POST",
            f"/features/{quoted(key)}/unkill",
            body={"environment": environment, "bypass": bypass, "reason": reason},
            headers={"Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def unpause_release(
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
        """Go on with a paused release.

        Needs `revision`.

        Needs the permission `drive`.
        """
        answer: types.Release = self._call(
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

    def unpublish_pipeline(
        self,
        key: str,
        *,
        reason: str | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PipelineView:
        """Take back the publication, while nothing uses it.

        Needs the permission `write`.
        """
        answer: types.PipelineView = self._call(
            "POST",
            f"/pipelines/{quoted(key)}/unpublish",
            body={"reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def update_environment(
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
        """Change an environment.

        A change of floor, opt-out or `production` that concerns a production environment whose floor asks for approvals
        is kept as a proposal (202) until a second person approves it.

        Needs the permission `administer`.
        """
        answer: types.EnvironmentView | types.ProposalView = self._call(
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

    def update_pipeline(
        self,
        key: str,
        *,
        body: Mapping[str, Any],
        base_revision: int | None = UNSET,
        if_match: int | str = UNSET,
        idempotency_key: str = UNSET,
        force: str = UNSET,
    ) -> types.PipelineView:
        """Change the draft of a pipeline.

        Needs the permission `write`.
        """
        answer: types.PipelineView = self._call(
            "PUT",
            f"/pipelines/{quoted(key)}",
            body={"body": body, "base_revision": base_revision},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def update_principal(
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
        """Change a principal.

        Needs the permission `administer`.
        """
        answer: types.PrincipalView = self._call(
            "PUT",
            f"/principals/{quoted(id)}",
            body={"grants": grants, "disabled": disabled, "name": name, "reason": reason},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def update_webhook(
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
        """Change a webhook endpoint; its secret stays.

        Needs the permission `administer`.
        """
        answer: types.WebhookView = self._call(
            "PUT",
            f"/webhooks/{quoted(id)}",
            body={"url": url, "disabled": disabled, "facts": facts},
            headers={"If-Match": if_match, "Idempotency-Key": idempotency_key, "Tidegate-Force": force},
        )
        return answer

    def verify_audit(self, *, head: str = UNSET) -> types.Verified:
        """Whether the log is whole and leads to the present state.

        Every hash is computed anew. Give the `head` that you noted elsewhere before, to see that the log was not
        rewritten.

        Needs the permission `read`.
        """
        answer: types.Verified = self._call("GET", "/audit/verify", query={"head": head})
        return answer
