// Written by scripts/admin_api.mjs from docs/openapi.json; edit that.

import { Calls, part } from "./calls.mjs";
import type { Listing } from "./list.mjs";
import type { AdminEvent, Answer, AuditLine, Body, CallOptions, GuardedOptions, HistoryEntry, PipelineSummary, Query, Schema, WriteOptions } from "./types.mjs";

/** Each operation of the admin API as a method; `Admin` inherits them. */
export abstract class Operations extends Calls {
  /**
   * Abort a release: the base is served, at once.
   *
   * Needs `reason`, and no revision; passes every window. Twice changes nothing. Needs the permission `drive`.
   *
   * `POST /api/v1/releases/{id}/abort`
   */
  abortRelease(id: string, body: Body<"abort_release"> = {}, options: GuardedOptions = {}): Promise<Answer<"abort_release">> {
    return this.json({ id: "abort_release", method: "POST", path: `/releases/${part(id, "id")}/abort`, body, options, repeatable: true });
  }

  /**
   * Send a feature through a pipeline as it is.
   *
   * A release starts with what the phases do to it (enable, disable, set). Needs the permission `write`.
   *
   * `POST /api/v1/pipelines/{key}/features`
   */
  addFeatureToPipeline(key: string, body: Body<"add_feature_to_pipeline">, options: WriteOptions = {}): Promise<Answer<"add_feature_to_pipeline">> {
    return this.json({ id: "add_feature_to_pipeline", method: "POST", path: `/pipelines/${part(key, "key")}/features`, body, options, repeatable: true });
  }

  /**
   * Change several features and segments at once, in one release.
   *
   * 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
   * what it would do. Needs the permission `write`.
   *
   * `POST /api/v1/changes`
   */
  applyChange(body: Body<"apply_change"> = {}, options: WriteOptions = {}): Promise<Answer<"apply_change">> {
    return this.json({ id: "apply_change", method: "POST", path: "/changes", body, options, repeatable: true });
  }

  /**
   * Approve a change, which makes it.
   *
   * Needs the permission `administer`.
   *
   * `POST /api/v1/proposals/{id}/approve`
   */
  approveProposal(id: string, body: Body<"approve_proposal"> = {}, options: GuardedOptions = {}): Promise<Answer<"approve_proposal">> {
    return this.json({ id: "approve_proposal", method: "POST", path: `/proposals/${part(id, "id")}/approve`, body, options, repeatable: true });
  }

  /**
   * Approve the phase that a release is entering.
   *
   * `revision` and `phase`: what it was decided on. Twice by one person changes nothing. A phase may name who
   * approves by role or id. Needs the permission `approve`.
   *
   * `POST /api/v1/releases/{id}/approve`
   */
  approveRelease(id: string, body: Body<"approve_release"> = {}, options: GuardedOptions = {}): Promise<Answer<"approve_release">> {
    return this.json({ id: "approve_release", method: "POST", path: `/releases/${part(id, "id")}/approve`, body, options, repeatable: true });
  }

  /**
   * Archive a feature that nothing uses.
   *
   * 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
   * what it would do. Needs the permission `write`.
   *
   * `POST /api/v1/features/{key}/archive`
   */
  archiveFeature(key: string, body: Body<"archive_feature"> = {}, options: GuardedOptions = {}): Promise<Answer<"archive_feature">> {
    return this.json({ id: "archive_feature", method: "POST", path: `/features/${part(key, "key")}/archive`, body, options, repeatable: true });
  }

  /**
   * Archive a pipeline.
   *
   * Needs the permission `write`.
   *
   * `POST /api/v1/pipelines/{key}/archive`
   */
  archivePipeline(key: string, body: Body<"archive_pipeline"> = {}, options: GuardedOptions = {}): Promise<Answer<"archive_pipeline">> {
    return this.json({ id: "archive_pipeline", method: "POST", path: `/pipelines/${part(key, "key")}/archive`, body, options, repeatable: true });
  }

  /**
   * Attach a feature to a pipeline, or to none.
   *
   * Needs the permission `write`.
   *
   * `PUT /api/v1/features/{key}/pipeline`
   */
  attachFeature(key: string, body: Body<"attach_feature"> = {}, options: GuardedOptions = {}): Promise<Answer<"attach_feature">> {
    return this.json({ id: "attach_feature", method: "PUT", path: `/features/${part(key, "key")}/pipeline`, body, options, repeatable: true });
  }

  /**
   * Attach a segment to a pipeline, or to none.
   *
   * Needs the permission `write`.
   *
   * `PUT /api/v1/segments/{key}/pipeline`
   */
  attachSegment(key: string, body: Body<"attach_segment"> = {}, options: GuardedOptions = {}): Promise<Answer<"attach_segment">> {
    return this.json({ id: "attach_segment", method: "PUT", path: `/segments/${part(key, "key")}/pipeline`, body, options, repeatable: true });
  }

  /**
   * A copy of a SQLite store, as of one moment, while the server runs.
   *
   * The key file is not in it: back it up as well. A PostgreSQL store is backed up by `pg_dump`; then this is a
   * 409. Needs the permission `administer`.
   *
   * `GET /api/v1/backup`
   */
  backup(options: CallOptions = {}): Promise<ReadableStream<Uint8Array>> {
    return this.bytes({ id: "backup", method: "GET", path: "/backup", options });
  }

  /**
   * Take a scheduled change back.
   *
   * Needs the permission `write`.
   *
   * `POST /api/v1/schedules/{id}/cancel`
   */
  cancelSchedule(id: string, body: Body<"cancel_schedule"> = {}, options: GuardedOptions = {}): Promise<Answer<"cancel_schedule">> {
    return this.json({ id: "cancel_schedule", method: "POST", path: `/schedules/${part(id, "id")}/cancel`, body, options, repeatable: true });
  }

  /**
   * Write a pipeline that begins like this one.
   *
   * Needs the permission `write`.
   *
   * `POST /api/v1/pipelines/{key}/clone`
   */
  clonePipeline(key: string, body: Body<"clone_pipeline">, options: WriteOptions = {}): Promise<Answer<"clone_pipeline">> {
    return this.json({ id: "clone_pipeline", method: "POST", path: `/pipelines/${part(key, "key")}/clone`, body, options, repeatable: true });
  }

  /**
   * Make an environment.
   *
   * Needs the permission `administer`.
   *
   * `POST /api/v1/environments`
   */
  createEnvironment(body: Body<"create_environment">, options: WriteOptions = {}): Promise<Answer<"create_environment">> {
    return this.json({ id: "create_environment", method: "POST", path: "/environments", body, options, repeatable: true });
  }

  /**
   * Make a feature.
   *
   * 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
   * what it would do. Needs the permission `write`.
   *
   * `POST /api/v1/features`
   */
  createFeature(body: Body<"create_feature">, options: WriteOptions = {}): Promise<Answer<"create_feature">> {
    return this.json({ id: "create_feature", method: "POST", path: "/features", body, options, repeatable: true });
  }

  /**
   * Write a pipeline.
   *
   * Needs the permission `write`.
   *
   * `POST /api/v1/pipelines`
   */
  createPipeline(body: Body<"create_pipeline">, options: WriteOptions = {}): Promise<Answer<"create_pipeline">> {
    return this.json({ id: "create_pipeline", method: "POST", path: "/pipelines", body, options, repeatable: true });
  }

  /**
   * Make a person or service account.
   *
   * Needs the permission `administer`.
   *
   * `POST /api/v1/principals`
   */
  createPrincipal(body: Body<"create_principal">, options: WriteOptions = {}): Promise<Answer<"create_principal">> {
    return this.json({ id: "create_principal", method: "POST", path: "/principals", body, options, repeatable: true });
  }

  /**
   * Make an SDK key of an environment.
   *
   * The `secret` is the connection string: address, SDK key, environment and the public key to pin in one line,
   * which is all that an SDK needs. It is shown once, in this answer. Needs the permission `administer`.
   *
   * `POST /api/v1/sdk-keys`
   */
  createSdkKey(body: Body<"create_sdk_key">, options: WriteOptions = {}): Promise<Answer<"create_sdk_key">> {
    return this.json({ id: "create_sdk_key", method: "POST", path: "/sdk-keys", body, options, repeatable: true });
  }

  /**
   * Make a segment.
   *
   * 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
   * what it would do. Needs the permission `write`.
   *
   * `POST /api/v1/segments`
   */
  createSegment(body: Body<"create_segment">, options: WriteOptions = {}): Promise<Answer<"create_segment">> {
    return this.json({ id: "create_segment", method: "POST", path: "/segments", body, options, repeatable: true });
  }

  /**
   * Make the next signing key.
   *
   * Clients learn of it at once, endorsed by the active key, and it signs after the next rotation. Needs the
   * permission `administer`.
   *
   * `POST /api/v1/signing-keys`
   */
  createSigningKey(options: WriteOptions = {}): Promise<Answer<"create_signing_key">> {
    return this.json({ id: "create_signing_key", method: "POST", path: "/signing-keys", body: {}, options, repeatable: true });
  }

  /**
   * Make a token: one's own, or for admins another's.
   *
   * The secret is shown once, in this answer. A repetition with the same `Idempotency-Key` does not show it again.
   * Needs any valid token.
   *
   * `POST /api/v1/tokens`
   */
  createToken(body: Body<"create_token"> = {}, options: WriteOptions = {}): Promise<Answer<"create_token">> {
    return this.json({ id: "create_token", method: "POST", path: "/tokens", body, options, repeatable: true });
  }

  /**
   * Have facts posted to a URL.
   *
   * Signed as Standard Webhooks asks. The signing secret is shown once, in this answer. Needs the permission
   * `administer`.
   *
   * `POST /api/v1/webhooks`
   */
  createWebhook(body: Body<"create_webhook">, options: WriteOptions = {}): Promise<Answer<"create_webhook">> {
    return this.json({ id: "create_webhook", method: "POST", path: "/webhooks", body, options, repeatable: true });
  }

  /**
   * Remove a declaration that nothing uses.
   *
   * Needs the permission `write`.
   *
   * `DELETE /api/v1/attributes/{name}`
   */
  deleteAttribute(name: string, body: Body<"delete_attribute"> = {}, options: GuardedOptions = {}): Promise<Answer<"delete_attribute">> {
    return this.json({ id: "delete_attribute", method: "DELETE", path: `/attributes/${part(name, "name")}`, body, options, repeatable: true });
  }

  /**
   * Delete an environment that nothing names.
   *
   * Needs the permission `administer`.
   *
   * `DELETE /api/v1/environments/{name}`
   */
  deleteEnvironment(name: string, body: Body<"delete_environment"> = {}, options: GuardedOptions = {}): Promise<Answer<"delete_environment">> {
    return this.json({ id: "delete_environment", method: "DELETE", path: `/environments/${part(name, "name")}`, body, options, repeatable: true });
  }

  /**
   * Delete an exclusion group that nothing uses.
   *
   * Needs the permission `write`.
   *
   * `DELETE /api/v1/exclusion-groups/{key}`
   */
  deleteExclusionGroup(key: string, body: Body<"delete_exclusion_group"> = {}, options: GuardedOptions = {}): Promise<Answer<"delete_exclusion_group">> {
    return this.json({ id: "delete_exclusion_group", method: "DELETE", path: `/exclusion-groups/${part(key, "key")}`, body, options, repeatable: true });
  }

  /**
   * Delete a feature that nothing uses.
   *
   * 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
   * what it would do. Needs the permission `write`.
   *
   * `DELETE /api/v1/features/{key}`
   */
  deleteFeature(key: string, body: Body<"delete_feature"> = {}, options: GuardedOptions = {}): Promise<Answer<"delete_feature">> {
    return this.json({ id: "delete_feature", method: "DELETE", path: `/features/${part(key, "key")}`, body, options, repeatable: true });
  }

  /**
   * Delete a pipeline that nothing uses.
   *
   * Needs the permission `write`.
   *
   * `DELETE /api/v1/pipelines/{key}`
   */
  deletePipeline(key: string, body: Body<"delete_pipeline"> = {}, options: GuardedOptions = {}): Promise<Answer<"delete_pipeline">> {
    return this.json({ id: "delete_pipeline", method: "DELETE", path: `/pipelines/${part(key, "key")}`, body, options, repeatable: true });
  }

  /**
   * Delete a principal that nothing names.
   *
   * Needs the permission `administer`.
   *
   * `DELETE /api/v1/principals/{id}`
   */
  deletePrincipal(id: string, body: Body<"delete_principal"> = {}, options: GuardedOptions = {}): Promise<Answer<"delete_principal">> {
    return this.json({ id: "delete_principal", method: "DELETE", path: `/principals/${part(id, "id")}`, body, options, repeatable: true });
  }

  /**
   * Delete a segment that nothing uses.
   *
   * 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
   * what it would do. Needs the permission `write`.
   *
   * `DELETE /api/v1/segments/{key}`
   */
  deleteSegment(key: string, body: Body<"delete_segment"> = {}, options: GuardedOptions = {}): Promise<Answer<"delete_segment">> {
    return this.json({ id: "delete_segment", method: "DELETE", path: `/segments/${part(key, "key")}`, body, options, repeatable: true });
  }

  /**
   * Delete a webhook endpoint.
   *
   * Needs the permission `administer`.
   *
   * `DELETE /api/v1/webhooks/{id}`
   */
  deleteWebhook(id: string, body: Body<"delete_webhook"> = {}, options: GuardedOptions = {}): Promise<Answer<"delete_webhook">> {
    return this.json({ id: "delete_webhook", method: "DELETE", path: `/webhooks/${part(id, "id")}`, body, options, repeatable: true });
  }

  /**
   * Disable a feature.
   *
   * 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
   * what it would do. Needs the permission `write`.
   *
   * `POST /api/v1/features/{key}/disable`
   */
  disableFeature(key: string, body: Body<"disable_feature"> = {}, options: GuardedOptions = {}): Promise<Answer<"disable_feature">> {
    return this.json({ id: "disable_feature", method: "POST", path: `/features/${part(key, "key")}/disable`, body, options, repeatable: true });
  }

  /**
   * Disable a principal, with all its tokens.
   *
   * Needs the permission `administer`.
   *
   * `POST /api/v1/principals/{id}/disable`
   */
  disablePrincipal(id: string, body: Body<"disable_principal"> = {}, options: GuardedOptions = {}): Promise<Answer<"disable_principal">> {
    return this.json({ id: "disable_principal", method: "POST", path: `/principals/${part(id, "id")}/disable`, body, options, repeatable: true });
  }

  /**
   * Enable a feature.
   *
   * 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
   * what it would do. Needs the permission `write`.
   *
   * `POST /api/v1/features/{key}/enable`
   */
  enableFeature(key: string, body: Body<"enable_feature"> = {}, options: GuardedOptions = {}): Promise<Answer<"enable_feature">> {
    return this.json({ id: "enable_feature", method: "POST", path: `/features/${part(key, "key")}/enable`, body, options, repeatable: true });
  }

  /**
   * The whole log, an event a line (JSONL), each with its hash.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/audit/export`
   */
  exportAudit(options: CallOptions = {}): AsyncIterable<AuditLine> {
    return this.lines({ id: "export_audit", method: "GET", path: "/audit/export", options });
  }

  /**
   * What happens, as it happens.
   *
   * Server-sent events: `id` is the number of the event in the log, `event` its action, `data` the event without
   * what was before and after. `Last-Event-ID` (or `after`) goes on where a stream broke off. Needs the permission
   * `read`.
   *
   * `GET /api/v1/events`
   */
  followEvents(query: Query<"follow_events"> = {}, options: CallOptions = {}): AsyncIterable<AdminEvent> {
    return this.events({ id: "follow_events", method: "GET", path: "/events", query, options });
  }

  /**
   * Complete a release now, everywhere.
   *
   * Needs `reason`, `revision`; past an approval, window or requirement `bypass`. Needs the permission `drive`.
   *
   * `POST /api/v1/releases/{id}/full-roll-out`
   */
  fullRollOutRelease(id: string, body: Body<"full_roll_out_release"> = {}, options: GuardedOptions = {}): Promise<Answer<"full_roll_out_release">> {
    return this.json({ id: "full_roll_out_release", method: "POST", path: `/releases/${part(id, "id")}/full-roll-out`, body, options, repeatable: true });
  }

  /**
   * Give a guard a verdict.
   *
   * Needs the permission `pause`.
   *
   * `POST /api/v1/releases/{id}/guards/{guard}/verdict`
   */
  giveVerdict(id: string, guard: string, body: Body<"give_verdict">, options: WriteOptions = {}): Promise<Answer<"give_verdict">> {
    return this.json({ id: "give_verdict", method: "POST", path: `/releases/${part(id, "id")}/guards/${part(guard, "guard")}/verdict`, body, options, repeatable: true });
  }

  /**
   * Kill a feature in an environment, at once.
   *
   * It serves its default variant there; an active release of it is paused. Needs a reason, no revision, and no
   * open window. Needs the permission `kill`.
   *
   * `POST /api/v1/features/{key}/kill`
   */
  killFeature(key: string, body: Body<"kill_feature">, options: WriteOptions = {}): Promise<Answer<"kill_feature">> {
    return this.json({ id: "kill_feature", method: "POST", path: `/features/${part(key, "key")}/kill`, body, options, repeatable: true });
  }

  /**
   * End an experiment: everyone gets a variant.
   *
   * 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
   * what it would do. Needs the permission `write`.
   *
   * `POST /api/v1/features/{key}/launch`
   */
  launchFeature(key: string, body: Body<"launch_feature">, options: GuardedOptions = {}): Promise<Answer<"launch_feature">> {
    return this.json({ id: "launch_feature", method: "POST", path: `/features/${part(key, "key")}/launch`, body, options, repeatable: true });
  }

  /**
   * Declarations of attributes.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/attributes`
   */
  listAttributes(query: Query<"list_attributes"> = {}, options: CallOptions = {}): Listing<Schema<"AttributeView">, Answer<"list_attributes">> {
    return this.list({ id: "list_attributes", method: "GET", path: "/attributes", query, options });
  }

  /**
   * What was done, by whom, with before and after.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/audit`
   */
  listAudit(query: Query<"list_audit"> = {}, options: CallOptions = {}): Listing<Schema<"AuditEvent">, Answer<"list_audit">> {
    return this.list({ id: "list_audit", method: "GET", path: "/audit", query, options });
  }

  /**
   * Phases that await approval.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/change-requests`
   */
  listChangeRequests(query: Query<"list_change_requests"> = {}, options: CallOptions = {}): Listing<Schema<"ChangeRequest">, Answer<"list_change_requests">> {
    return this.list({ id: "list_change_requests", method: "GET", path: "/change-requests", query, options });
  }

  /**
   * What was sent to webhooks, the newest first.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/deliveries`
   */
  listDeliveries(query: Query<"list_deliveries"> = {}, options: CallOptions = {}): Listing<Schema<"Delivery">, Answer<"list_deliveries">> {
    return this.list({ id: "list_deliveries", method: "GET", path: "/deliveries", query, options });
  }

  /**
   * Environments.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/environments`
   */
  listEnvironments(query: Query<"list_environments"> = {}, options: CallOptions = {}): Listing<Schema<"EnvironmentView">, Answer<"list_environments">> {
    return this.list({ id: "list_environments", method: "GET", path: "/environments", query, options });
  }

  /**
   * Exclusion groups.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/exclusion-groups`
   */
  listExclusionGroups(query: Query<"list_exclusion_groups"> = {}, options: CallOptions = {}): Listing<Schema<"ExclusionGroupView">, Answer<"list_exclusion_groups">> {
    return this.list({ id: "list_exclusion_groups", method: "GET", path: "/exclusion-groups", query, options });
  }

  /**
   * How often which variant of a feature was served, by release and phase.
   *
   * As the live SDKs count it: decisions, not people. Counts that they gave up are not in it. Needs the permission
   * `read`.
   *
   * `GET /api/v1/features/{key}/exposures`
   */
  listFeatureExposures(key: string, options: CallOptions = {}): Promise<Answer<"list_feature_exposures">> {
    return this.json({ id: "list_feature_exposures", method: "GET", path: `/features/${part(key, "key")}/exposures`, options });
  }

  /**
   * What happened to a feature and in its releases, from the log.
   *
   * Every action on a release of it is in it: who approved, paused, aborted, and why. Needs the permission `read`.
   *
   * `GET /api/v1/features/{key}/history`
   */
  listFeatureHistory(key: string, query: Query<"list_feature_history"> = {}, options: CallOptions = {}): Listing<HistoryEntry, Answer<"list_feature_history">> {
    return this.list({ id: "list_feature_history", method: "GET", path: `/features/${part(key, "key")}/history`, query, options });
  }

  /**
   * What uses a feature.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/features/{key}/references`
   */
  listFeatureReferences(key: string, options: CallOptions = {}): Promise<Answer<"list_feature_references">> {
    return this.json({ id: "list_feature_references", method: "GET", path: `/features/${part(key, "key")}/references`, options });
  }

  /**
   * Features.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/features`
   */
  listFeatures(query: Query<"list_features"> = {}, options: CallOptions = {}): Listing<Schema<"Feature">, Answer<"list_features">> {
    return this.list({ id: "list_features", method: "GET", path: "/features", query, options });
  }

  /**
   * Live instances: what each applied, and a summary of each environment.
   *
   * An instance is live until three of its intervals after its last report. Instances behind a relay are told in
   * groups, with the ids of those that are stale, refused a version or isolated features. `unknown`: it says a
   * version that was never published, or was live before this server started and has not reported since (`settled`
   * is false meanwhile). Clients of static hosting do not report. Needs the permission `read`.
   *
   * `GET /api/v1/fleet`
   */
  listFleet(query: Query<"list_fleet"> = {}, options: CallOptions = {}): Listing<unknown, Answer<"list_fleet">> {
    return this.list({ id: "list_fleet", method: "GET", path: "/fleet", query, options });
  }

  /**
   * What uses a pipeline.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/pipelines/{key}/references`
   */
  listPipelineReferences(key: string, options: CallOptions = {}): Promise<Answer<"list_pipeline_references">> {
    return this.json({ id: "list_pipeline_references", method: "GET", path: `/pipelines/${part(key, "key")}/references`, options });
  }

  /**
   * Pipelines.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/pipelines`
   */
  listPipelines(query: Query<"list_pipelines"> = {}, options: CallOptions = {}): Listing<PipelineSummary, Answer<"list_pipelines">> {
    return this.list({ id: "list_pipelines", method: "GET", path: "/pipelines", query, options });
  }

  /**
   * People and service accounts.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/principals`
   */
  listPrincipals(query: Query<"list_principals"> = {}, options: CallOptions = {}): Listing<Schema<"PrincipalView">, Answer<"list_principals">> {
    return this.list({ id: "list_principals", method: "GET", path: "/principals", query, options });
  }

  /**
   * How fast the last versions reached the instances that were live when each was published.
   *
   * From the publication to the instance's report that it serves the version, by the clock of the server;
   * nearest-rank percentiles. The latest first, at most 50 of each environment since the server started. Needs the
   * permission `read`.
   *
   * `GET /api/v1/fleet/propagation`
   */
  listPropagation(query: Query<"list_propagation"> = {}, options: CallOptions = {}): Promise<Answer<"list_propagation">> {
    return this.json({ id: "list_propagation", method: "GET", path: "/fleet/propagation", query, options });
  }

  /**
   * Changes that wait for a second person, and those that did.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/proposals`
   */
  listProposals(query: Query<"list_proposals"> = {}, options: CallOptions = {}): Listing<Schema<"ProposalView">, Answer<"list_proposals">> {
    return this.list({ id: "list_proposals", method: "GET", path: "/proposals", query, options });
  }

  /**
   * What happened to a release, from the log.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/releases/{id}/history`
   */
  listReleaseHistory(id: string, query: Query<"list_release_history"> = {}, options: CallOptions = {}): Listing<HistoryEntry, Answer<"list_release_history">> {
    return this.list({ id: "list_release_history", method: "GET", path: `/releases/${part(id, "id")}/history`, query, options });
  }

  /**
   * Releases, the latest first.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/releases`
   */
  listReleases(query: Query<"list_releases"> = {}, options: CallOptions = {}): Listing<Schema<"Release">, Answer<"list_releases">> {
    return this.list({ id: "list_releases", method: "GET", path: "/releases", query, options });
  }

  /**
   * Changes that are to be made later.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/schedules`
   */
  listSchedules(query: Query<"list_schedules"> = {}, options: CallOptions = {}): Listing<Schema<"Schedule">, Answer<"list_schedules">> {
    return this.list({ id: "list_schedules", method: "GET", path: "/schedules", query, options });
  }

  /**
   * SDK keys of the environments that you administer.
   *
   * Needs the permission `administer`.
   *
   * `GET /api/v1/sdk-keys`
   */
  listSdkKeys(query: Query<"list_sdk_keys"> = {}, options: CallOptions = {}): Listing<Schema<"SdkKeyView">, Answer<"list_sdk_keys">> {
    return this.list({ id: "list_sdk_keys", method: "GET", path: "/sdk-keys", query, options });
  }

  /**
   * What uses a segment.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/segments/{key}/references`
   */
  listSegmentReferences(key: string, options: CallOptions = {}): Promise<Answer<"list_segment_references">> {
    return this.json({ id: "list_segment_references", method: "GET", path: `/segments/${part(key, "key")}/references`, options });
  }

  /**
   * Segments.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/segments`
   */
  listSegments(query: Query<"list_segments"> = {}, options: CallOptions = {}): Listing<Schema<"Segment">, Answer<"list_segments">> {
    return this.list({ id: "list_segments", method: "GET", path: "/segments", query, options });
  }

  /**
   * The keys that snapshots are signed with.
   *
   * Needs the permission `administer`.
   *
   * `GET /api/v1/signing-keys`
   */
  listSigningKeys(query: Query<"list_signing_keys"> = {}, options: CallOptions = {}): Listing<Schema<"SigningKeyView">, Answer<"list_signing_keys">> {
    return this.list({ id: "list_signing_keys", method: "GET", path: "/signing-keys", query, options });
  }

  /**
   * Tokens: all of them for admins, else one's own.
   *
   * Needs any valid token.
   *
   * `GET /api/v1/tokens`
   */
  listTokens(query: Query<"list_tokens"> = {}, options: CallOptions = {}): Listing<Schema<"TokenView">, Answer<"list_tokens">> {
    return this.list({ id: "list_tokens", method: "GET", path: "/tokens", query, options });
  }

  /**
   * What was sent to a webhook, the newest first.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/webhooks/{id}/deliveries`
   */
  listWebhookDeliveries(id: string, query: Query<"list_webhook_deliveries"> = {}, options: CallOptions = {}): Listing<Schema<"Delivery">, Answer<"list_webhook_deliveries">> {
    return this.list({ id: "list_webhook_deliveries", method: "GET", path: `/webhooks/${part(id, "id")}/deliveries`, query, options });
  }

  /**
   * Webhook endpoints.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/webhooks`
   */
  listWebhooks(query: Query<"list_webhooks"> = {}, options: CallOptions = {}): Listing<Schema<"WebhookView">, Answer<"list_webhooks">> {
    return this.list({ id: "list_webhooks", method: "GET", path: "/webhooks", query, options });
  }

  /**
   * Pause a release: nothing advances by itself.
   *
   * What is served stays served; timers keep what is left of them. Needs no revision. Needs the permission
   * `pause`.
   *
   * `POST /api/v1/releases/{id}/pause`
   */
  pauseRelease(id: string, body: Body<"pause_release"> = {}, options: GuardedOptions = {}): Promise<Answer<"pause_release">> {
    return this.json({ id: "pause_release", method: "POST", path: `/releases/${part(id, "id")}/pause`, body, options, repeatable: true });
  }

  /**
   * What a change of several would do.
   *
   * Needs the permission `write`.
   *
   * `POST /api/v1/changes/preview`
   */
  previewChange(body: Body<"preview_change"> = {}, options: CallOptions = {}): Promise<Answer<"preview_change">> {
    return this.json({ id: "preview_change", method: "POST", path: "/changes/preview", body, options });
  }

  /**
   * What a change of a feature would do.
   *
   * Needs the permission `write`.
   *
   * `POST /api/v1/features/{key}/preview`
   */
  previewFeature(key: string, body: Body<"preview_feature">, options: CallOptions = {}): Promise<Answer<"preview_feature">> {
    return this.json({ id: "preview_feature", method: "POST", path: `/features/${part(key, "key")}/preview`, body, options });
  }

  /**
   * What an action would change.
   *
   * Refused like the action itself, so it takes the action's permission. Needs the permission `read`.
   *
   * `GET /api/v1/releases/{id}/preview`
   */
  previewReleaseAction(id: string, query: Query<"preview_release_action">, options: CallOptions = {}): Promise<Answer<"preview_release_action">> {
    return this.json({ id: "preview_release_action", method: "GET", path: `/releases/${part(id, "id")}/preview`, query, options });
  }

  /**
   * What a change of a segment would do.
   *
   * Needs the permission `write`.
   *
   * `POST /api/v1/segments/{key}/preview`
   */
  previewSegment(key: string, body: Body<"preview_segment">, options: CallOptions = {}): Promise<Answer<"preview_segment">> {
    return this.json({ id: "preview_segment", method: "POST", path: `/segments/${part(key, "key")}/preview`, body, options });
  }

  /**
   * Publish the draft as the next version.
   *
   * A version never changes; running releases keep theirs. Needs the permission `write`.
   *
   * `POST /api/v1/pipelines/{key}/publish`
   */
  publishPipeline(key: string, body: Body<"publish_pipeline"> = {}, options: GuardedOptions = {}): Promise<Answer<"publish_pipeline">> {
    return this.json({ id: "publish_pipeline", method: "POST", path: `/pipelines/${part(key, "key")}/publish`, body, options, repeatable: true });
  }

  /**
   * Declare an attribute.
   *
   * Needs the permission `write`.
   *
   * `PUT /api/v1/attributes/{name}`
   */
  putAttribute(name: string, body: Body<"put_attribute">, options: GuardedOptions = {}): Promise<Answer<"put_attribute">> {
    return this.json({ id: "put_attribute", method: "PUT", path: `/attributes/${part(name, "name")}`, body, options, repeatable: true });
  }

  /**
   * Make or change an exclusion group.
   *
   * Needs the permission `write`.
   *
   * `PUT /api/v1/exclusion-groups/{key}`
   */
  putExclusionGroup(key: string, body: Body<"put_exclusion_group">, options: GuardedOptions = {}): Promise<Answer<"put_exclusion_group">> {
    return this.json({ id: "put_exclusion_group", method: "PUT", path: `/exclusion-groups/${part(key, "key")}`, body, options, repeatable: true });
  }

  /**
   * Reject a change.
   *
   * Needs the permission `administer`.
   *
   * `POST /api/v1/proposals/{id}/reject`
   */
  rejectProposal(id: string, body: Body<"reject_proposal"> = {}, options: GuardedOptions = {}): Promise<Answer<"reject_proposal">> {
    return this.json({ id: "reject_proposal", method: "POST", path: `/proposals/${part(id, "id")}/reject`, body, options, repeatable: true });
  }

  /**
   * Hold the phase that a release is entering.
   *
   * Cleared by who rejected, by approving, or by an abort. Needs `reason`, `revision`. Needs the permission
   * `approve`.
   *
   * `POST /api/v1/releases/{id}/reject`
   */
  rejectRelease(id: string, body: Body<"reject_release"> = {}, options: GuardedOptions = {}): Promise<Answer<"reject_release">> {
    return this.json({ id: "reject_release", method: "POST", path: `/releases/${part(id, "id")}/reject`, body, options, repeatable: true });
  }

  /**
   * Take a feature out of a pipeline.
   *
   * A release of it that runs is aborted; with `keep` what is live of it is kept. Needs the permission `write`.
   *
   * `DELETE /api/v1/pipelines/{key}/features/{feature}`
   */
  removeFeatureFromPipeline(key: string, feature: string, body: Body<"remove_feature_from_pipeline"> = {}, options: WriteOptions = {}): Promise<Answer<"remove_feature_from_pipeline">> {
    return this.json({ id: "remove_feature_from_pipeline", method: "DELETE", path: `/pipelines/${part(key, "key")}/features/${part(feature, "feature")}`, body, options, repeatable: true });
  }

  /**
   * Draw everybody's buckets anew.
   *
   * 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
   * what it would do. Needs the permission `write`.
   *
   * `POST /api/v1/features/{key}/resalt`
   */
  resaltFeature(key: string, body: Body<"resalt_feature"> = {}, options: GuardedOptions = {}): Promise<Answer<"resalt_feature">> {
    return this.json({ id: "resalt_feature", method: "POST", path: `/features/${part(key, "key")}/resalt`, body, options, repeatable: true });
  }

  /**
   * Send a delivery again, under its same id.
   *
   * Needs the permission `administer`.
   *
   * `POST /api/v1/deliveries/{id}/resend`
   */
  resendDelivery(id: string, options: CallOptions = {}): Promise<Answer<"resend_delivery">> {
    return this.json({ id: "resend_delivery", method: "POST", path: `/deliveries/${part(id, "id")}/resend`, body: {}, options });
  }

  /**
   * Forget the secret of a key that does not sign.
   *
   * What it endorsed stays endorsed. Needs the permission `administer`.
   *
   * `POST /api/v1/signing-keys/{id}/retire`
   */
  retireSigningKey(id: string, body: Body<"retire_signing_key"> = {}, options: GuardedOptions = {}): Promise<Answer<"retire_signing_key">> {
    return this.json({ id: "retire_signing_key", method: "POST", path: `/signing-keys/${part(id, "id")}/retire`, body, options, repeatable: true });
  }

  /**
   * Take a completed release back.
   *
   * At once, or as a new release (`staged`). Needs `reason`. 409 with the difference if it was edited since. Needs
   * the permission `drive`.
   *
   * `POST /api/v1/releases/{id}/revert`
   */
  revertRelease(id: string, body: Body<"revert_release"> = {}, options: GuardedOptions = {}): Promise<Answer<"revert_release">> {
    return this.json({ id: "revert_release", method: "POST", path: `/releases/${part(id, "id")}/revert`, body, options, repeatable: true });
  }

  /**
   * Revoke an SDK key.
   *
   * Requests with it are refused from now on; its streams end at once. Needs the permission `administer`.
   *
   * `POST /api/v1/sdk-keys/{id}/revoke`
   */
  revokeSdkKey(id: string, body: Body<"revoke_sdk_key"> = {}, options: GuardedOptions = {}): Promise<Answer<"revoke_sdk_key">> {
    return this.json({ id: "revoke_sdk_key", method: "POST", path: `/sdk-keys/${part(id, "id")}/revoke`, body, options, repeatable: true });
  }

  /**
   * Revoke a token: one's own, or for admins another's.
   *
   * Needs any valid token.
   *
   * `POST /api/v1/tokens/{id}/revoke`
   */
  revokeToken(id: string, body: Body<"revoke_token"> = {}, options: GuardedOptions = {}): Promise<Answer<"revoke_token">> {
    return this.json({ id: "revoke_token", method: "POST", path: `/tokens/${part(id, "id")}/revoke`, body, options, repeatable: true });
  }

  /**
   * Sign with another key from now on.
   *
   * The next key becomes active, or a new one if there is none. The one before is `retiring`: connection strings
   * that pin it are still good, since clients follow its endorsement. `lost`: its secret is gone, so that it
   * endorses nothing; clients must be given new connection strings. Needs the permission `administer`.
   *
   * `POST /api/v1/signing-keys/rotate`
   */
  rotateSigningKey(body: Body<"rotate_signing_key"> = {}, options: WriteOptions = {}): Promise<Answer<"rotate_signing_key">> {
    return this.json({ id: "rotate_signing_key", method: "POST", path: "/signing-keys/rotate", body, options, repeatable: true });
  }

  /**
   * Give a webhook another signing secret, shown once.
   *
   * Needs the permission `administer`.
   *
   * `POST /api/v1/webhooks/{id}/rotate`
   */
  rotateWebhook(id: string, body: Body<"rotate_webhook"> = {}, options: GuardedOptions = {}): Promise<Answer<"rotate_webhook">> {
    return this.json({ id: "rotate_webhook", method: "POST", path: `/webhooks/${part(id, "id")}/rotate`, body, options, repeatable: true });
  }

  /**
   * Change the definition of a feature.
   *
   * 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
   * what it would do. Needs the permission `write`.
   *
   * `PUT /api/v1/features/{key}`
   */
  saveFeature(key: string, body: Body<"save_feature">, options: GuardedOptions = {}): Promise<Answer<"save_feature">> {
    return this.json({ id: "save_feature", method: "PUT", path: `/features/${part(key, "key")}`, body, options, repeatable: true });
  }

  /**
   * Change the condition of a segment.
   *
   * 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
   * what it would do. Needs the permission `write`.
   *
   * `PUT /api/v1/segments/{key}`
   */
  saveSegment(key: string, body: Body<"save_segment">, options: GuardedOptions = {}): Promise<Answer<"save_segment">> {
    return this.json({ id: "save_segment", method: "PUT", path: `/segments/${part(key, "key")}`, body, options, repeatable: true });
  }

  /**
   * The declaration of an attribute.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/attributes/{name}`
   */
  showAttribute(name: string, options: CallOptions = {}): Promise<Answer<"show_attribute">> {
    return this.json({ id: "show_attribute", method: "GET", path: `/attributes/${part(name, "name")}`, options });
  }

  /**
   * An event of the log.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/audit/{seq}`
   */
  showAuditEvent(seq: number, options: CallOptions = {}): Promise<Answer<"show_audit_event">> {
    return this.json({ id: "show_audit_event", method: "GET", path: `/audit/${part(seq, "seq")}`, options });
  }

  /**
   * The phase of a release that awaits approval.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/change-requests/{release}`
   */
  showChangeRequest(release: string, options: CallOptions = {}): Promise<Answer<"show_change_request">> {
    return this.json({ id: "show_change_request", method: "GET", path: `/change-requests/${part(release, "release")}`, options });
  }

  /**
   * A delivery.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/deliveries/{id}`
   */
  showDelivery(id: string, options: CallOptions = {}): Promise<Answer<"show_delivery">> {
    return this.json({ id: "show_delivery", method: "GET", path: `/deliveries/${part(id, "id")}`, options });
  }

  /**
   * An environment.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/environments/{name}`
   */
  showEnvironment(name: string, options: CallOptions = {}): Promise<Answer<"show_environment">> {
    return this.json({ id: "show_environment", method: "GET", path: `/environments/${part(name, "name")}`, options });
  }

  /**
   * The document of an environment.
   *
   * Definitions, live phases and their shares, exactly the bytes that engines get. The ETag is the SHA-256 of the
   * bytes; `tidegate-audit-head` as for the whole document. Needs the permission `read`.
   *
   * `GET /api/v1/snapshots/{environment}`
   */
  showEnvironmentSnapshot(environment: string, options: CallOptions = {}): Promise<Answer<"show_environment_snapshot">> {
    return this.json({ id: "show_environment_snapshot", method: "GET", path: `/snapshots/${part(environment, "environment")}`, options });
  }

  /**
   * An exclusion group.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/exclusion-groups/{key}`
   */
  showExclusionGroup(key: string, options: CallOptions = {}): Promise<Answer<"show_exclusion_group">> {
    return this.json({ id: "show_exclusion_group", method: "GET", path: `/exclusion-groups/${part(key, "key")}`, options });
  }

  /**
   * A feature, its active release and where it is killed.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/features/{key}`
   */
  showFeature(key: string, options: CallOptions = {}): Promise<Answer<"show_feature">> {
    return this.json({ id: "show_feature", method: "GET", path: `/features/${part(key, "key")}`, options });
  }

  /**
   * Who the token speaks for, and what they may do.
   *
   * Needs any valid token.
   *
   * `GET /api/v1/me`
   */
  showMe(options: CallOptions = {}): Promise<Answer<"show_me">> {
    return this.json({ id: "show_me", method: "GET", path: "/me", options });
  }

  /**
   * A pipeline, what goes through it, and where that is.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/pipelines/{key}`
   */
  showPipeline(key: string, options: CallOptions = {}): Promise<Answer<"show_pipeline">> {
    return this.json({ id: "show_pipeline", method: "GET", path: `/pipelines/${part(key, "key")}`, options });
  }

  /**
   * A published version.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/pipelines/{key}/versions/{version}`
   */
  showPipelineVersion(key: string, version: number, options: CallOptions = {}): Promise<Answer<"show_pipeline_version">> {
    return this.json({ id: "show_pipeline_version", method: "GET", path: `/pipelines/${part(key, "key")}/versions/${part(version, "version")}`, options });
  }

  /**
   * A principal.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/principals/{id}`
   */
  showPrincipal(id: string, options: CallOptions = {}): Promise<Answer<"show_principal">> {
    return this.json({ id: "show_principal", method: "GET", path: `/principals/${part(id, "id")}`, options });
  }

  /**
   * A proposal.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/proposals/{id}`
   */
  showProposal(id: string, options: CallOptions = {}): Promise<Answer<"show_proposal">> {
    return this.json({ id: "show_proposal", method: "GET", path: `/proposals/${part(id, "id")}`, options });
  }

  /**
   * A release: plan, state, what it waits for, what can be done.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/releases/{id}`
   */
  showRelease(id: string, options: CallOptions = {}): Promise<Answer<"show_release">> {
    return this.json({ id: "show_release", method: "GET", path: `/releases/${part(id, "id")}`, options });
  }

  /**
   * A scheduled change.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/schedules/{id}`
   */
  showSchedule(id: string, options: CallOptions = {}): Promise<Answer<"show_schedule">> {
    return this.json({ id: "show_schedule", method: "GET", path: `/schedules/${part(id, "id")}`, options });
  }

  /**
   * A segment and its active release.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/segments/{key}`
   */
  showSegment(key: string, options: CallOptions = {}): Promise<Answer<"show_segment">> {
    return this.json({ id: "show_segment", method: "GET", path: `/segments/${part(key, "key")}`, options });
  }

  /**
   * The whole document: all environments, phases and published pipelines.
   *
   * For the command line and offline evaluation. The ETag is the SHA-256 of the bytes. `tidegate-audit-head` in
   * the head of the answer is the hash of the last event of the log that is in it: note it, and verify the log
   * against it later. Needs the permission `read`.
   *
   * `GET /api/v1/snapshot`
   */
  showSnapshot(options: CallOptions = {}): Promise<Answer<"show_snapshot">> {
    return this.json({ id: "show_snapshot", method: "GET", path: "/snapshot", options });
  }

  /**
   * A token: for admins, else one's own.
   *
   * Needs any valid token.
   *
   * `GET /api/v1/tokens/{id}`
   */
  showToken(id: string, options: CallOptions = {}): Promise<Answer<"show_token">> {
    return this.json({ id: "show_token", method: "GET", path: `/tokens/${part(id, "id")}`, options });
  }

  /**
   * A webhook endpoint.
   *
   * Needs the permission `read`.
   *
   * `GET /api/v1/webhooks/{id}`
   */
  showWebhook(id: string, options: CallOptions = {}): Promise<Answer<"show_webhook">> {
    return this.json({ id: "show_webhook", method: "GET", path: `/webhooks/${part(id, "id")}`, options });
  }

  /**
   * End the current phase.
   *
   * If live, it stays live with the share that it has; if entering, it is never served. Needs `revision`; past an
   * approval, window or requirement `bypass` and a `reason`. Needs the permission `drive`.
   *
   * `POST /api/v1/releases/{id}/skip`
   */
  skipRelease(id: string, body: Body<"skip_release"> = {}, options: GuardedOptions = {}): Promise<Answer<"skip_release">> {
    return this.json({ id: "skip_release", method: "POST", path: `/releases/${part(id, "id")}/skip`, body, options, repeatable: true });
  }

  /**
   * Abort a release and start another in its place.
   *
   * The new one starts from the old base, in the same transaction. Needs the permission `drive`.
   *
   * `POST /api/v1/releases/{id}/supersede`
   */
  supersedeRelease(id: string, body: Body<"supersede_release"> = {}, options: GuardedOptions = {}): Promise<Answer<"supersede_release">> {
    return this.json({ id: "supersede_release", method: "POST", path: `/releases/${part(id, "id")}/supersede`, body, options, repeatable: true });
  }

  /**
   * Give a feature other labels.
   *
   * Needs the permission `write`.
   *
   * `PUT /api/v1/features/{key}/tags`
   */
  tagFeature(key: string, body: Body<"tag_feature">, options: GuardedOptions = {}): Promise<Answer<"tag_feature">> {
    return this.json({ id: "tag_feature", method: "PUT", path: `/features/${part(key, "key")}/tags`, body, options, repeatable: true });
  }

  /**
   * Post a trial to a webhook.
   *
   * A fact `webhook.tested` goes to this webhook alone, through the outbox like any other. Needs the permission
   * `administer`.
   *
   * `POST /api/v1/webhooks/{id}/test`
   */
  testWebhook(id: string, options: WriteOptions = {}): Promise<Answer<"test_webhook">> {
    return this.json({ id: "test_webhook", method: "POST", path: `/webhooks/${part(id, "id")}/test`, body: {}, options, repeatable: true });
  }

  /**
   * Take a feature out of the archive.
   *
   * 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells
   * what it would do. Needs the permission `write`.
   *
   * `POST /api/v1/features/{key}/unarchive`
   */
  unarchiveFeature(key: string, body: Body<"unarchive_feature"> = {}, options: GuardedOptions = {}): Promise<Answer<"unarchive_feature">> {
    return this.json({ id: "unarchive_feature", method: "POST", path: `/features/${part(key, "key")}/unarchive`, body, options, repeatable: true });
  }

  /**
   * Serve a killed feature again.
   *
   * It does not unpause a release that the kill paused. Needs the permission `kill`.
   *
   * `POST /api/v1/features/{key}/unkill`
   */
  unkillFeature(key: string, body: Body<"unkill_feature">, options: WriteOptions = {}): Promise<Answer<"unkill_feature">> {
    return this.json({ id: "unkill_feature", method: "POST", path: `/features/${part(key, "key")}/unkill`, body, options, repeatable: true });
  }

  /**
   * Go on with a paused release.
   *
   * Needs `revision`. Needs the permission `drive`.
   *
   * `POST /api/v1/releases/{id}/unpause`
   */
  unpauseRelease(id: string, body: Body<"unpause_release"> = {}, options: GuardedOptions = {}): Promise<Answer<"unpause_release">> {
    return this.json({ id: "unpause_release", method: "POST", path: `/releases/${part(id, "id")}/unpause`, body, options, repeatable: true });
  }

  /**
   * Take back the publication, while nothing uses it.
   *
   * Needs the permission `write`.
   *
   * `POST /api/v1/pipelines/{key}/unpublish`
   */
  unpublishPipeline(key: string, body: Body<"unpublish_pipeline"> = {}, options: GuardedOptions = {}): Promise<Answer<"unpublish_pipeline">> {
    return this.json({ id: "unpublish_pipeline", method: "POST", path: `/pipelines/${part(key, "key")}/unpublish`, body, options, repeatable: true });
  }

  /**
   * Change an environment.
   *
   * A change of floor, opt-out or `production` that concerns a production environment whose floor asks for
   * approvals is kept as a proposal (202) until a second person approves it. Needs the permission `administer`.
   *
   * `PUT /api/v1/environments/{name}`
   */
  updateEnvironment(name: string, body: Body<"update_environment"> = {}, options: GuardedOptions = {}): Promise<Answer<"update_environment">> {
    return this.json({ id: "update_environment", method: "PUT", path: `/environments/${part(name, "name")}`, body, options, repeatable: true });
  }

  /**
   * Change the draft of a pipeline.
   *
   * Needs the permission `write`.
   *
   * `PUT /api/v1/pipelines/{key}`
   */
  updatePipeline(key: string, body: Body<"update_pipeline">, options: GuardedOptions = {}): Promise<Answer<"update_pipeline">> {
    return this.json({ id: "update_pipeline", method: "PUT", path: `/pipelines/${part(key, "key")}`, body, options, repeatable: true });
  }

  /**
   * Change a principal.
   *
   * Needs the permission `administer`.
   *
   * `PUT /api/v1/principals/{id}`
   */
  updatePrincipal(id: string, body: Body<"update_principal">, options: GuardedOptions = {}): Promise<Answer<"update_principal">> {
    return this.json({ id: "update_principal", method: "PUT", path: `/principals/${part(id, "id")}`, body, options, repeatable: true });
  }

  /**
   * Change a webhook endpoint; its secret stays.
   *
   * Needs the permission `administer`.
   *
   * `PUT /api/v1/webhooks/{id}`
   */
  updateWebhook(id: string, body: Body<"update_webhook">, options: GuardedOptions = {}): Promise<Answer<"update_webhook">> {
    return this.json({ id: "update_webhook", method: "PUT", path: `/webhooks/${part(id, "id")}`, body, options, repeatable: true });
  }

  /**
   * Whether the log is whole and leads to the present state.
   *
   * Every hash is computed anew. Give the `head` that you noted elsewhere before, to see that the log was not
   * rewritten. Needs the permission `read`.
   *
   * `GET /api/v1/audit/verify`
   */
  verifyAudit(query: Query<"verify_audit"> = {}, options: CallOptions = {}): Promise<Answer<"verify_audit">> {
    return this.json({ id: "verify_audit", method: "GET", path: "/audit/verify", query, options });
  }
}
