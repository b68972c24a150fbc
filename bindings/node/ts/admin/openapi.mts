// Written by scripts/admin_api.mjs from docs/openapi.json; edit that.

export interface paths {
    "/api/v1/attributes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Declarations of attributes
         * @description Needs the permission `read`.
         */
        get: operations["list_attributes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/attributes/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The declaration of an attribute
         * @description Needs the permission `read`.
         */
        get: operations["show_attribute"];
        /**
         * Declare an attribute
         * @description Needs the permission `write`.
         */
        put: operations["put_attribute"];
        post?: never;
        /**
         * Remove a declaration that nothing uses
         * @description Needs the permission `write`.
         */
        delete: operations["delete_attribute"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was done, by whom, with before and after
         * @description Needs the permission `read`.
         */
        get: operations["list_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit/{seq}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * An event of the log
         * @description Needs the permission `read`.
         */
        get: operations["show_audit_event"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The whole log, an event a line (JSONL), each with its hash
         * @description Needs the permission `read`.
         */
        get: operations["export_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the log is whole and leads to the present state
         * @description Every hash is computed anew. Give the `head` that you noted elsewhere before, to see that the log was not rewritten.
         *
         *     Needs the permission `read`.
         */
        get: operations["verify_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/backup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A copy of a SQLite store, as of one moment, while the server runs
         * @description The key file is not in it: back it up as well. A PostgreSQL store is backed up by `pg_dump`; then this is a 409.
         *
         *     Needs the permission `administer`.
         */
        get: operations["backup"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/change-requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Phases that await approval
         * @description Needs the permission `read`.
         */
        get: operations["list_change_requests"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/change-requests/{release}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The phase of a release that awaits approval
         * @description Needs the permission `read`.
         */
        get: operations["show_change_request"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change several features and segments at once, in one release
         * @description 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells what it would do.
         *
         *     Needs the permission `write`.
         */
        post: operations["apply_change"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/changes/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What a change of several would do
         * @description Needs the permission `write`.
         */
        post: operations["preview_change"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was sent to webhooks, the newest first
         * @description Needs the permission `read`.
         */
        get: operations["list_deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A delivery
         * @description Needs the permission `read`.
         */
        get: operations["show_delivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries/{id}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a delivery again, under its same id
         * @description Needs the permission `administer`.
         */
        post: operations["resend_delivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/environments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Environments
         * @description Needs the permission `read`.
         */
        get: operations["list_environments"];
        put?: never;
        /**
         * Make an environment
         * @description Needs the permission `administer`.
         */
        post: operations["create_environment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/environments/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * An environment
         * @description Needs the permission `read`.
         */
        get: operations["show_environment"];
        /**
         * Change an environment
         * @description A change of floor, opt-out or `production` that concerns a production environment whose floor asks for approvals is kept as a proposal (202) until a second person approves it.
         *
         *     Needs the permission `administer`.
         */
        put: operations["update_environment"];
        post?: never;
        /**
         * Delete an environment that nothing names
         * @description Needs the permission `administer`.
         */
        delete: operations["delete_environment"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What happens, as it happens
         * @description Server-sent events: `id` is the number of the event in the log, `event` its action, `data` the event without what was before and after. `Last-Event-ID` (or `after`) goes on where a stream broke off.
         *
         *     Needs the permission `read`.
         */
        get: operations["follow_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/exclusion-groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Exclusion groups
         * @description Needs the permission `read`.
         */
        get: operations["list_exclusion_groups"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/exclusion-groups/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * An exclusion group
         * @description Needs the permission `read`.
         */
        get: operations["show_exclusion_group"];
        /**
         * Make or change an exclusion group
         * @description Needs the permission `write`.
         */
        put: operations["put_exclusion_group"];
        post?: never;
        /**
         * Delete an exclusion group that nothing uses
         * @description Needs the permission `write`.
         */
        delete: operations["delete_exclusion_group"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Features
         * @description Needs the permission `read`.
         */
        get: operations["list_features"];
        put?: never;
        /**
         * Make a feature
         * @description 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells what it would do.
         *
         *     Needs the permission `write`.
         */
        post: operations["create_feature"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A feature, its active release and where it is killed
         * @description Needs the permission `read`.
         */
        get: operations["show_feature"];
        /**
         * Change the definition of a feature
         * @description 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells what it would do.
         *
         *     Needs the permission `write`.
         */
        put: operations["save_feature"];
        post?: never;
        /**
         * Delete a feature that nothing uses
         * @description 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells what it would do.
         *
         *     Needs the permission `write`.
         */
        delete: operations["delete_feature"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Archive a feature that nothing uses
         * @description 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells what it would do.
         *
         *     Needs the permission `write`.
         */
        post: operations["archive_feature"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Disable a feature
         * @description 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells what it would do.
         *
         *     Needs the permission `write`.
         */
        post: operations["disable_feature"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enable a feature
         * @description 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells what it would do.
         *
         *     Needs the permission `write`.
         */
        post: operations["enable_feature"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}/exposures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How often which variant of a feature was served, by release and phase
         * @description As the live SDKs count it: decisions, not people. Counts that they gave up are not in it.
         *
         *     Needs the permission `read`.
         */
        get: operations["list_feature_exposures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What happened to a feature and in its releases, from the log
         * @description Every action on a release of it is in it: who approved, paused, aborted, and why.
         *
         *     Needs the permission `read`.
         */
        get: operations["list_feature_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}/kill": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Kill a feature in an environment, at once
         * @description It serves its default variant there; an active release of it is paused. Needs a reason, no revision, and no open window.
         *
         *     Needs the permission `kill`.
         */
        post: operations["kill_feature"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}/launch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End an experiment: everyone gets a variant
         * @description 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells what it would do.
         *
         *     Needs the permission `write`.
         */
        post: operations["launch_feature"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}/pipeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Attach a feature to a pipeline, or to none
         * @description Needs the permission `write`.
         */
        put: operations["attach_feature"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What a change of a feature would do
         * @description Needs the permission `write`.
         */
        post: operations["preview_feature"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}/references": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What uses a feature
         * @description Needs the permission `read`.
         */
        get: operations["list_feature_references"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}/resalt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Draw everybody's buckets anew
         * @description 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells what it would do.
         *
         *     Needs the permission `write`.
         */
        post: operations["resalt_feature"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}/tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Give a feature other labels
         * @description Needs the permission `write`.
         */
        put: operations["tag_feature"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}/unarchive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a feature out of the archive
         * @description 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells what it would do.
         *
         *     Needs the permission `write`.
         */
        post: operations["unarchive_feature"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/features/{key}/unkill": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Serve a killed feature again
         * @description It does not unpause a release that the kill paused.
         *
         *     Needs the permission `kill`.
         */
        post: operations["unkill_feature"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/fleet": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Live instances: what each applied, and a summary of each environment
         * @description An instance is live until three of its intervals after its last report. Instances behind a relay are told in groups, with the ids of those that are stale, refused a version or isolated features. `unknown`: it says a version that was never published, or was live before this server started and has not reported since (`settled` is false meanwhile). Clients of static hosting do not report.
         *
         *     Needs the permission `read`.
         */
        get: operations["list_fleet"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/fleet/propagation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How fast the last versions reached the instances that were live when each was published
         * @description From the publication to the instance's report that it serves the version, by the clock of the server; nearest-rank percentiles. The latest first, at most 50 of each environment since the server started.
         *
         *     Needs the permission `read`.
         */
        get: operations["list_propagation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who the token speaks for, and what they may do
         * @description Needs any valid token.
         */
        get: operations["show_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Pipelines
         * @description Needs the permission `read`.
         */
        get: operations["list_pipelines"];
        put?: never;
        /**
         * Write a pipeline
         * @description Needs the permission `write`.
         */
        post: operations["create_pipeline"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A pipeline, what goes through it, and where that is
         * @description Needs the permission `read`.
         */
        get: operations["show_pipeline"];
        /**
         * Change the draft of a pipeline
         * @description Needs the permission `write`.
         */
        put: operations["update_pipeline"];
        post?: never;
        /**
         * Delete a pipeline that nothing uses
         * @description Needs the permission `write`.
         */
        delete: operations["delete_pipeline"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines/{key}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Archive a pipeline
         * @description Needs the permission `write`.
         */
        post: operations["archive_pipeline"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines/{key}/clone": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Write a pipeline that begins like this one
         * @description Needs the permission `write`.
         */
        post: operations["clone_pipeline"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines/{key}/features": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a feature through a pipeline as it is
         * @description A release starts with what the phases do to it (enable, disable, set).
         *
         *     Needs the permission `write`.
         */
        post: operations["add_feature_to_pipeline"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines/{key}/features/{feature}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Take a feature out of a pipeline
         * @description A release of it that runs is aborted; with `keep` what is live of it is kept.
         *
         *     Needs the permission `write`.
         */
        delete: operations["remove_feature_from_pipeline"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines/{key}/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publish the draft as the next version
         * @description A version never changes; running releases keep theirs.
         *
         *     Needs the permission `write`.
         */
        post: operations["publish_pipeline"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines/{key}/references": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What uses a pipeline
         * @description Needs the permission `read`.
         */
        get: operations["list_pipeline_references"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines/{key}/unpublish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take back the publication, while nothing uses it
         * @description Needs the permission `write`.
         */
        post: operations["unpublish_pipeline"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines/{key}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A published version
         * @description Needs the permission `read`.
         */
        get: operations["show_pipeline_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/principals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * People and service accounts
         * @description Needs the permission `read`.
         */
        get: operations["list_principals"];
        put?: never;
        /**
         * Make a person or service account
         * @description Needs the permission `administer`.
         */
        post: operations["create_principal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/principals/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A principal
         * @description Needs the permission `read`.
         */
        get: operations["show_principal"];
        /**
         * Change a principal
         * @description Needs the permission `administer`.
         */
        put: operations["update_principal"];
        post?: never;
        /**
         * Delete a principal that nothing names
         * @description Needs the permission `administer`.
         */
        delete: operations["delete_principal"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/principals/{id}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Disable a principal, with all its tokens
         * @description Needs the permission `administer`.
         */
        post: operations["disable_principal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/proposals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Changes that wait for a second person, and those that did
         * @description Needs the permission `read`.
         */
        get: operations["list_proposals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/proposals/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A proposal
         * @description Needs the permission `read`.
         */
        get: operations["show_proposal"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/proposals/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Approve a change, which makes it
         * @description Needs the permission `administer`.
         */
        post: operations["approve_proposal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/proposals/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reject a change
         * @description Needs the permission `administer`.
         */
        post: operations["reject_proposal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Releases, the latest first
         * @description Needs the permission `read`.
         */
        get: operations["list_releases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A release: plan, state, what it waits for, what can be done
         * @description Needs the permission `read`.
         */
        get: operations["show_release"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}/abort": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Abort a release: the base is served, at once
         * @description Needs `reason`, and no revision; passes every window. Twice changes nothing.
         *
         *     Needs the permission `drive`.
         */
        post: operations["abort_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Approve the phase that a release is entering
         * @description `revision` and `phase`: what it was decided on. Twice by one person changes nothing. A phase may name who approves by role or id.
         *
         *     Needs the permission `approve`.
         */
        post: operations["approve_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}/full-roll-out": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Complete a release now, everywhere
         * @description Needs `reason`, `revision`; past an approval, window or requirement `bypass`.
         *
         *     Needs the permission `drive`.
         */
        post: operations["full_roll_out_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}/guards/{guard}/verdict": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a guard a verdict
         * @description Needs the permission `pause`.
         */
        post: operations["give_verdict"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What happened to a release, from the log
         * @description Needs the permission `read`.
         */
        get: operations["list_release_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause a release: nothing advances by itself
         * @description What is served stays served; timers keep what is left of them. Needs no revision.
         *
         *     Needs the permission `pause`.
         */
        post: operations["pause_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What an action would change
         * @description Refused like the action itself, so it takes the action's permission.
         *
         *     Needs the permission `read`.
         */
        get: operations["preview_release_action"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Hold the phase that a release is entering
         * @description Cleared by who rejected, by approving, or by an abort. Needs `reason`, `revision`.
         *
         *     Needs the permission `approve`.
         */
        post: operations["reject_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}/revert": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a completed release back
         * @description At once, or as a new release (`staged`). Needs `reason`. 409 with the difference if it was edited since.
         *
         *     Needs the permission `drive`.
         */
        post: operations["revert_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}/skip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End the current phase
         * @description If live, it stays live with the share that it has; if entering, it is never served. Needs `revision`; past an approval, window or requirement `bypass` and a `reason`.
         *
         *     Needs the permission `drive`.
         */
        post: operations["skip_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}/supersede": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Abort a release and start another in its place
         * @description The new one starts from the old base, in the same transaction.
         *
         *     Needs the permission `drive`.
         */
        post: operations["supersede_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/{id}/unpause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Go on with a paused release
         * @description Needs `revision`.
         *
         *     Needs the permission `drive`.
         */
        post: operations["unpause_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Changes that are to be made later
         * @description Needs the permission `read`.
         */
        get: operations["list_schedules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/schedules/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A scheduled change
         * @description Needs the permission `read`.
         */
        get: operations["show_schedule"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/schedules/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a scheduled change back
         * @description Needs the permission `write`.
         */
        post: operations["cancel_schedule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sdk-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * SDK keys of the environments that you administer
         * @description Needs the permission `administer`.
         */
        get: operations["list_sdk_keys"];
        put?: never;
        /**
         * Make an SDK key of an environment
         * @description The `secret` is the connection string: address, SDK key, environment and the public key to pin in one line, which is all that an SDK needs. It is shown once, in this answer.
         *
         *     Needs the permission `administer`.
         */
        post: operations["create_sdk_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sdk-keys/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke an SDK key
         * @description Requests with it are refused from now on; its streams end at once.
         *
         *     Needs the permission `administer`.
         */
        post: operations["revoke_sdk_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/segments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Segments
         * @description Needs the permission `read`.
         */
        get: operations["list_segments"];
        put?: never;
        /**
         * Make a segment
         * @description 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells what it would do.
         *
         *     Needs the permission `write`.
         */
        post: operations["create_segment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/segments/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A segment and its active release
         * @description Needs the permission `read`.
         */
        get: operations["show_segment"];
        /**
         * Change the condition of a segment
         * @description 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells what it would do.
         *
         *     Needs the permission `write`.
         */
        put: operations["save_segment"];
        post?: never;
        /**
         * Delete a segment that nothing uses
         * @description 200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells what it would do.
         *
         *     Needs the permission `write`.
         */
        delete: operations["delete_segment"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/segments/{key}/pipeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Attach a segment to a pipeline, or to none
         * @description Needs the permission `write`.
         */
        put: operations["attach_segment"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/segments/{key}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What a change of a segment would do
         * @description Needs the permission `write`.
         */
        post: operations["preview_segment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/segments/{key}/references": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What uses a segment
         * @description Needs the permission `read`.
         */
        get: operations["list_segment_references"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/signing-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The keys that snapshots are signed with
         * @description Needs the permission `administer`.
         */
        get: operations["list_signing_keys"];
        put?: never;
        /**
         * Make the next signing key
         * @description Clients learn of it at once, endorsed by the active key, and it signs after the next rotation.
         *
         *     Needs the permission `administer`.
         */
        post: operations["create_signing_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/signing-keys/{id}/retire": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Forget the secret of a key that does not sign
         * @description What it endorsed stays endorsed.
         *
         *     Needs the permission `administer`.
         */
        post: operations["retire_signing_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/signing-keys/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign with another key from now on
         * @description The next key becomes active, or a new one if there is none. The one before is `retiring`: connection strings that pin it are still good, since clients follow its endorsement. `lost`: its secret is gone, so that it endorses nothing; clients must be given new connection strings.
         *
         *     Needs the permission `administer`.
         */
        post: operations["rotate_signing_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The whole document: all environments, phases and published pipelines
         * @description For the command line and offline evaluation. The ETag is the SHA-256 of the bytes. `tidegate-audit-head` in the head of the answer is the hash of the last event of the log that is in it: note it, and verify the log against it later.
         *
         *     Needs the permission `read`.
         */
        get: operations["show_snapshot"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/snapshots/{environment}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The document of an environment
         * @description Definitions, live phases and their shares, exactly the bytes that engines get. The ETag is the SHA-256 of the bytes; `tidegate-audit-head` as for the whole document.
         *
         *     Needs the permission `read`.
         */
        get: operations["show_environment_snapshot"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tokens: all of them for admins, else one's own
         * @description Needs any valid token.
         */
        get: operations["list_tokens"];
        put?: never;
        /**
         * Make a token: one's own, or for admins another's
         * @description The secret is shown once, in this answer. A repetition with the same `Idempotency-Key` does not show it again.
         *
         *     Needs any valid token.
         */
        post: operations["create_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A token: for admins, else one's own
         * @description Needs any valid token.
         */
        get: operations["show_token"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke a token: one's own, or for admins another's
         * @description Needs any valid token.
         */
        post: operations["revoke_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Webhook endpoints
         * @description Needs the permission `read`.
         */
        get: operations["list_webhooks"];
        put?: never;
        /**
         * Have facts posted to a URL
         * @description Signed as Standard Webhooks asks. The signing secret is shown once, in this answer.
         *
         *     Needs the permission `administer`.
         */
        post: operations["create_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A webhook endpoint
         * @description Needs the permission `read`.
         */
        get: operations["show_webhook"];
        /**
         * Change a webhook endpoint; its secret stays
         * @description Needs the permission `administer`.
         */
        put: operations["update_webhook"];
        post?: never;
        /**
         * Delete a webhook endpoint
         * @description Needs the permission `administer`.
         */
        delete: operations["delete_webhook"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was sent to a webhook, the newest first
         * @description Needs the permission `read`.
         */
        get: operations["list_webhook_deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a webhook another signing secret, shown once
         * @description Needs the permission `administer`.
         */
        post: operations["rotate_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Post a trial to a webhook
         * @description A fact `webhook.tested` goes to this webhook alone, through the outbox like any other.
         *
         *     Needs the permission `administer`.
         */
        post: operations["test_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A running release, and where it is. */
        Active: {
            /** @description The features that it changes. */
            features: string[];
            /** @description Whether it is paused. */
            paused: boolean;
            /** @description The phase that it is at. */
            phase: string;
            /** @description The number of that phase, from 0. */
            place: number;
            /** @description The release. */
            release: string;
            /** @description The segments that it changes. */
            segments: string[];
            /**
             * Format: int64
             * @description When it started (ms).
             */
            started_at: number;
            /** @description Where that phase is: `entering`, `ramping`, `baking`, … */
            status: string;
            /**
             * Format: int32
             * @description The version that it runs.
             */
            version: number;
        };
        /** @description What is attached to a pipeline. */
        Attached: {
            /** @description Features. */
            features: string[];
            /** @description Segments. */
            segments: string[];
        };
        /** @description A declared attribute. */
        AttributeView: {
            /** @description What it means. */
            description?: string | null;
            /** @description Its name. */
            key: string;
            /** @description Whether it is a process attribute. */
            process: boolean;
            /**
             * Format: int64
             * @description Grows with each change.
             */
            revision: number;
            /** @description The type that values have. */
            type: string;
        };
        /** @description An event of the log. */
        AuditEvent: Record<string, unknown> & {
            /** @description What was done. */
            action: string;
            /** @description Who. */
            actor: string;
            /**
             * Format: int64
             * @description When (ms).
             */
            at: number;
            /** @description SHA-256 over the hash before it and the bytes of its JSON. */
            hash: string;
            /** @description The hash of the event before it. */
            prev_hash: string;
            /**
             * Format: int64
             * @description Its number, from 1, without gaps.
             */
            seq: number;
        };
        /** @description A phase that awaits approval. */
        ChangeRequest: Record<string, unknown> & {
            /** @description The environments of the phase. */
            environments?: string[] | null;
            /** @description The id of the release. */
            key: string;
            /** @description The phase. */
            phase?: string | null;
            /**
             * Format: int64
             * @description Its revision; what an approval is decided on.
             */
            revision: number;
            /** @description What an approval signs: the definitions, what they refer to, the phase and the version of the pipeline. */
            signed?: string | null;
        };
        /** @description A delivery: a fact of an event, to a webhook. */
        Delivery: Record<string, unknown> & {
            /**
             * Format: int64
             * @description How often it was tried.
             */
            attempts: number;
            /**
             * Format: int64
             * @description The number of the event.
             */
            event: number;
            /**
             * Format: int64
             * @description The place of the fact in the event, from 0.
             */
            fact: number;
            /** @description Its id, the same at every attempt and for ever. */
            id: string;
            /** @description Why the last attempt failed. */
            last_error?: string | null;
            /**
             * Format: int64
             * @description When it is tried next (ms).
             */
            next_at?: number | null;
            /** @description `pending`, `delivered` or `dead`. */
            status: string;
            /** @description The webhook. */
            webhook: string;
        };
        /** @description One difference. */
        Difference: {
            /** @description Now; absent if it was removed. */
            after?: components["schemas"]["Value"];
            /** @description Before; absent if it was added. */
            before?: components["schemas"]["Value"];
            /** @description What happened there. */
            op: components["schemas"]["Op"];
            /** @description The JSON pointer: into the new document, or of what was removed into the old one. */
            path: string;
        };
        /** @description Nothing. */
        Empty: Record<string, unknown>;
        /** @description An environment. */
        EnvironmentView: {
            /** @description What it is for. */
            description?: string | null;
            /** @description What it asks at least of every release that touches it. */
            floor: Record<string, unknown>;
            /** @description Its name. */
            key: string;
            /** @description Whether it takes part in pipelines. */
            pipelines: boolean;
            /** @description Whether production traffic is served there. */
            production: boolean;
            /**
             * Format: int64
             * @description Grows with each change.
             */
            revision: number;
        };
        /** @description An exclusion group. */
        ExclusionGroupView: {
            /** @description What it is for. */
            description?: string | null;
            /** @description Its key. */
            key: string;
            /** @description The buckets of each experiment. */
            ranges: Record<string, unknown>;
            /**
             * Format: int64
             * @description Grows with each change.
             */
            revision: number;
            /** @description What its salt is made of. */
            salt?: string | null;
            /** @description The attribute that is bucketed. */
            unit?: string | null;
        };
        /** @description How often what was served. */
        Exposures: Record<string, unknown> & {
            /** @description Each: `environment`, `release`, `phase`, `feature`, `variant`, `count`; `null` where there is none. */
            items: components["schemas"]["Value"][];
        };
        /** @description A feature; of a change also what it started. */
        Feature: Record<string, unknown> & {
            /** @description What is served outside releases. */
            definition?: Record<string, unknown> | null;
            /**
             * Format: int64
             * @description Grows with each change of the definition.
             */
            definition_revision?: number | null;
            /** @description Its key. */
            key: string;
            /** @description The release that a change started. */
            release?: Record<string, unknown> | null;
            /**
             * Format: int64
             * @description The number of the event that last wrote it.
             */
            revision?: number | null;
        };
        /** @description Members of the fleet. */
        FleetPage: Record<string, unknown> & {
            /** @description Members: instances, and groups of them behind relays. */
            items: components["schemas"]["Value"][];
            /** @description What to give as `after` to get the next page; `null` on the last. */
            next?: string | null;
            /** @description Whether everybody who was live before the server started has reported again, or is gone. */
            settled: boolean;
            /**
             * @description Environments in figures: `environment`, `head` (the newest version), `live`, how many are in each state, and the
             *     `propagation` of the last versions.
             */
            summary: components["schemas"]["Value"][];
        };
        /** @description A release that was completed. */
        Launched: {
            /**
             * Format: int64
             * @description When it was completed (ms).
             */
            at: number;
            /** @description The features that it changed. */
            features: string[];
            /** @description The release. */
            release: string;
            /** @description The segments that it changed. */
            segments: string[];
        };
        /** @description Who the token speaks for. */
        Me: Record<string, unknown> & {
            /** @description The principal. */
            principal: components["schemas"]["PrincipalView"];
            /** @description The token. */
            token: components["schemas"]["TokenView"];
        };
        /** @description Something that was made with a secret, which is shown this once. */
        NewSecret: Record<string, unknown> & {
            /** @description Its id. */
            key: string;
            /**
             * Format: int64
             * @description Grows with each change.
             */
            revision: number;
            /** @description The secret; absent if the answer is a repetition. */
            secret?: string | null;
        };
        /**
         * @description What happened at a place.
         * @enum {string}
         */
        Op: "add" | "move" | "remove" | "replace";
        /** @description A page of a list. */
        Page: {
            /** @description The items. */
            items: components["schemas"]["Value"][];
            /** @description What to give as `after` to get the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description A pipeline, with all that is known of it. */
        PipelineView: {
            /** @description The releases that run it now, and where each is. */
            active: components["schemas"]["Active"][];
            /** @description What is attached to it. */
            attached: components["schemas"]["Attached"];
            /** @description Who made it. */
            author: string;
            /** @description The pipeline that it was cloned from. */
            cloned_from?: string | null;
            /**
             * Format: int64
             * @description When it was made (ms).
             */
            created_at: number;
            /** @description What is being written. */
            draft?: Record<string, unknown> | null;
            /** @description Its key. */
            key: string;
            /** @description The releases of it that were completed in the last 30 days, newest first. */
            launched: components["schemas"]["Launched"][];
            published?: components["schemas"]["VersionView"] | null;
            /**
             * Format: int64
             * @description Grows with each change; `base_revision` of the next.
             */
            revision: number;
            /** @description Where it is. */
            state: components["schemas"]["Stage"];
            /** @description All versions that were published, newest first. */
            versions: components["schemas"]["VersionSummary"][];
        };
        /** @description What a change or an action would do. */
        Preview: Record<string, unknown> & {
            /** @description What engines would be served otherwise. */
            changes: Record<string, unknown>;
        };
        /** @description A person or service account. */
        PrincipalView: {
            /**
             * Format: int64
             * @description When it was made (ms).
             */
            created_at: number;
            /** @description It can do nothing any more. */
            disabled: boolean;
            /** @description What it may do. */
            grants: Record<string, unknown>[];
            /** @description Its id. */
            key: string;
            /** @description `person` or `service`. */
            kind: string;
            /** @description Its name, for people. */
            name?: string | null;
            /**
             * Format: int64
             * @description Grows with each change.
             */
            revision: number;
        };
        /** @description A problem document (RFC 9457). */
        Problem: {
            /** @description Of a release: what can be done to it now. */
            allowed_actions?: Record<string, unknown>[] | null;
            /**
             * @description The stable code.
             * @example stale
             */
            code: string;
            /** @description What is wrong with this request. */
            detail: string;
            /** @description What helps. */
            hint?: string | null;
            /** @description The id of the request. */
            instance: string;
            /**
             * Format: int64
             * @description When the window opens (ms).
             */
            opens_at?: number | null;
            /** @description The JSON pointer of the place in the body. */
            pointer?: string | null;
            /** @description All that is wrong with a definition, each with its place. */
            problems?: Record<string, unknown>[] | null;
            /** @description Of a release: where it is now. */
            state?: Record<string, unknown> | null;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description What the code means. */
            title: string;
            /** @description `/problems/<code>`. */
            type: string;
            /** @description What uses the thing that was to be removed. */
            users?: Record<string, unknown>[] | null;
        };
        /** @description How versions reached the instances. */
        PropagationList: Record<string, unknown> & {
            /**
             * @description A version each: `environment`, `version`, `published_at`, `live_then`, `measured`, `live`, `applied`, `p50_ms`,
             *     `p90_ms`, `p99_ms`, `max_ms`.
             */
            items: components["schemas"]["Value"][];
        };
        /** @description A change that a second person must approve. */
        ProposalView: {
            /**
             * Format: int64
             * @description The revision of the entity that it would change.
             */
            base_revision: number;
            /** @description Who made it. */
            by: string;
            /** @description What it would change. */
            change: Record<string, unknown>;
            /** @description What was said. */
            comment?: string | null;
            /**
             * Format: int64
             * @description When it was made (ms).
             */
            created_at: number;
            /**
             * Format: int64
             * @description When (ms).
             */
            decided_at?: number | null;
            /** @description Who approved or rejected it. */
            decided_by?: string | null;
            /** @description What would be another; empty once it was decided, or of a deletion. */
            diff?: components["schemas"]["Difference"][];
            /** @description The environments whose floor asks for the second person. */
            environments: string[];
            /** @description Its id. */
            key: string;
            /** @description Why it was made. */
            reason?: string | null;
            /**
             * Format: int64
             * @description Grows with each change.
             */
            revision: number;
            /** @description `pending`, `approved` or `rejected`. */
            status: string;
        };
        /** @description What the ramps of a release bucket. */
        RampUnit: {
            /** @description The attribute. */
            unit: string;
        };
        /** @description What uses something. */
        References: Record<string, unknown> & {
            /** @description Its users. */
            users: components["schemas"]["Value"][];
        };
        /** @description A release. */
        Release: Record<string, unknown> & {
            /** @description What the caller can do to it now. */
            allowed_actions?: components["schemas"]["Value"][] | null;
            /** @description Its id. */
            key?: string | null;
            /** @description The phase that it is at. */
            phase?: string | null;
            /**
             * Format: int64
             * @description Grows with each step; what decisions are made on.
             */
            revision?: number | null;
            /** @description `running`, `completed`, `aborted` or `reverted`. */
            status?: string | null;
            /** @description What it waits for. */
            waiting_for?: components["schemas"]["Value"][] | null;
        };
        /** @description A change that is to be made later. */
        Schedule: Record<string, unknown> & {
            /**
             * Format: int64
             * @description When (ms).
             */
            at: number;
            /** @description Its id. */
            key: string;
            /**
             * Format: int64
             * @description The number of the event that last wrote it.
             */
            revision: number;
            /** @description `pending`, `applied`, `cancelled` or `suspended`. */
            status: string;
        };
        /** @description A key of SDKs, without its secret. */
        SdkKeyView: {
            /** @description Who made it. */
            by: string;
            /**
             * Format: int64
             * @description When it was made (ms).
             */
            created_at: number;
            /** @description Who uses it. */
            description?: string | null;
            /** @description The environment that it lets SDKs see. */
            environment: string;
            /** @description Its id. */
            key: string;
            /**
             * Format: int64
             * @description Grows with each change.
             */
            revision: number;
            /**
             * Format: int64
             * @description When it was revoked (ms).
             */
            revoked_at?: number | null;
        };
        /** @description A segment; of a change also what it started. */
        Segment: Record<string, unknown> & {
            /** @description What is served outside releases. */
            definition?: Record<string, unknown> | null;
            /**
             * Format: int64
             * @description Grows with each change of the definition.
             */
            definition_revision?: number | null;
            /** @description Its key. */
            key: string;
            /** @description The release that a change started. */
            release?: Record<string, unknown> | null;
            /**
             * Format: int64
             * @description The number of the event that last wrote it.
             */
            revision?: number | null;
        };
        /** @description A signing key, without its secret. */
        SigningKeyView: {
            /**
             * Format: int64
             * @description When it began to sign (ms).
             */
            activated_at?: number | null;
            /**
             * Format: int64
             * @description When it was made (ms).
             */
            created_at: number;
            /** @description The id of the key that vouches for it. */
            endorsed_by?: string | null;
            /** @description Its id: the first 16 hex digits of the public key's SHA-256. */
            key: string;
            /** @description The public key (Ed25519), in base64url: what connection strings pin. */
            public: string;
            /**
             * Format: int64
             * @description When it was retired (ms).
             */
            retired_at?: number | null;
            /**
             * Format: int64
             * @description Grows with each change.
             */
            revision: number;
            /** @description `next`, `active`, `retiring` or `retired`. */
            state: string;
        };
        /** @description A snapshot document; see docs/snapshot.schema.json. */
        Snapshot: Record<string, unknown> & {
            /**
             * Format: int64
             * @description Grows with each change of the content.
             */
            version: number;
        };
        /**
         * @description Where a pipeline is.
         * @enum {string}
         */
        Stage: "archived" | "draft" | "published";
        /** @description How a release is to start; everything may be left out. */
        Start: {
            /**
             * Format: int64
             * @description Schedules the change for this instant instead of making it now (wall clock, ms).
             */
            at?: number | null;
            /** @description Passes over the approvals of skipped phases. */
            bypass?: boolean;
            /** @description What the release is for. */
            description?: string | null;
            ramp?: components["schemas"]["RampUnit"] | null;
            /** @description Why; needed for a bypass. */
            reason?: string | null;
            /** @description What other releases must have reached before a phase starts. */
            requires?: Record<string, unknown>[];
            /** @description The phase to start at; those before are skipped (a bypass if they need approvals). */
            start_at?: string | null;
        };
        /** @description An API token, without its hash. When it was last used is not part of the log: the server adds it. */
        TokenView: {
            /**
             * Format: int64
             * @description When it was made (ms).
             */
            created_at: number;
            /** @description What it is for. */
            description?: string | null;
            /**
             * Format: int64
             * @description When it ends (ms).
             */
            expires_at?: number | null;
            /** @description Its id; not secret. */
            key: string;
            /** @description It is good for nothing but making another token. */
            once?: boolean;
            /** @description Whose it is. */
            principal: string;
            /**
             * Format: int64
             * @description Grows with each change.
             */
            revision: number;
            /**
             * Format: int64
             * @description When it was revoked (ms).
             */
            revoked_at?: number | null;
        };
        Value: unknown;
        /** @description Whether the log is whole. */
        Verified: Record<string, unknown> & {
            /**
             * Format: int64
             * @description How many events it has.
             */
            events?: number | null;
            /** @description The hash of the last: note it elsewhere. */
            head?: string | null;
            /** @description Whether it is. */
            whole: boolean;
            /** @description What is wrong. */
            why?: string | null;
        };
        /** @description A published version, in a list. */
        VersionSummary: {
            /** @description How many releases run it now. */
            active: number;
            /**
             * Format: int64
             * @description When it was published (ms).
             */
            published_at: number;
            /** @description By whom. */
            published_by: string;
            /**
             * Format: int32
             * @description The version.
             */
            version: number;
        };
        /** @description A published version. */
        VersionView: {
            /** @description What it is; never changes. */
            body: Record<string, unknown>;
            /**
             * Format: int64
             * @description When it was published (ms).
             */
            published_at: number;
            /** @description By whom. */
            published_by: string;
            /**
             * Format: int32
             * @description The version.
             */
            version: number;
        };
        /** @description A webhook endpoint, without its secret. */
        WebhookView: {
            /**
             * Format: int64
             * @description When it was made (ms).
             */
            created_at: number;
            /** @description Nothing is sent. */
            disabled: boolean;
            /** @description The names of facts that it wants; empty: all. */
            facts: string[];
            /** @description Its id. */
            key: string;
            /**
             * Format: int64
             * @description Grows with each change.
             */
            revision: number;
            /** @description Where deliveries are posted. */
            url: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_attributes: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of attributes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    show_attribute: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the declaration */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AttributeView"];
                };
            };
        };
    };
    put_attribute: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "description": "two letters, upper case",
                 *       "type": "string"
                 *     }
                 */
                "application/json": {
                    /** @description What it means. */
                    description?: string | null;
                    /** @description Whether it is a process attribute, fixed for the life of an engine. */
                    process?: boolean;
                    /** @description `boolean`, `list`, `number`, `object` or `string`. */
                    type: string;
                };
            };
        };
        responses: {
            /** @description it was changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AttributeView"];
                };
            };
            /** @description it was made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AttributeView"];
                };
            };
        };
    };
    delete_attribute: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was removed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
        };
    };
    list_audit: {
        parameters: {
            query?: {
                /** @description This action; with `*` at its end: all that begin so (`release.*`). */
                action?: string | null;
                /** @description By this principal. */
                actor?: string | null;
                /** @description The `next` of the page before: the number of an event. */
                after?: number | null;
                /** @description About the thing with this key. */
                key?: string | null;
                /** @description About this kind of thing (`release`, `feature`, …). */
                kind?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
                /** @description The newest first; false if absent. */
                newest_first?: boolean | null;
                /** @description Not before this instant (ms). */
                since?: number | null;
                /** @description Before this instant (ms). */
                until?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of events, each with its hash */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    show_audit_event: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                seq: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the event */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEvent"];
                };
            };
        };
    };
    export_audit: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/jsonl": unknown;
                };
            };
        };
    };
    verify_audit: {
        parameters: {
            query?: {
                /** @description The hash of an event that was noted before (64 hexadecimal digits): the log must hold it. */
                head?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it is */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Verified"];
                };
            };
        };
    };
    backup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.sqlite3": unknown;
                };
            };
        };
    };
    list_change_requests: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
                /** @description Only those that the caller may approve and has not. */
                mine?: boolean | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of change requests */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    show_change_request: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                release: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the difference, the approvals so far, and what an approval signs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangeRequest"];
                };
            };
        };
    };
    apply_change: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "base_revisions": {
                 *         "a": 3
                 *       },
                 *       "features": {
                 *         "a": {
                 *           "kind": "gate"
                 *         }
                 *       }
                 *     }
                 */
                "application/json": {
                    /** @description The definition revisions that it was written on, by key (of segments with `segment:` in front); of what exists, all. */
                    base_revisions?: Record<string, unknown>;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description Definitions of features by key; `null` deletes. */
                    features?: Record<string, unknown>;
                    /** @description The pipeline; absent: the one that they are attached to. */
                    pipeline?: string | null;
                    /** @description Definitions of segments by key; `null` deletes. */
                    segments?: Record<string, unknown>;
                    /** @description How its release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of active releases. */
                    supersede?: boolean;
                };
            };
        };
        responses: {
            /** @description it is live */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
            /** @description a release brings it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    preview_change: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The definition revisions that it was written on, by key (of segments with `segment:` in front); of what exists, all. */
                    base_revisions?: Record<string, unknown>;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description Definitions of features by key; `null` deletes. */
                    features?: Record<string, unknown>;
                    /** @description The pipeline; absent: the one that they are attached to. */
                    pipeline?: string | null;
                    /** @description Definitions of segments by key; `null` deletes. */
                    segments?: Record<string, unknown>;
                    /** @description How its release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of active releases. */
                    supersede?: boolean;
                };
            };
        };
        responses: {
            /** @description phases, environments, differences, what no phase covers, the pipeline's notice */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preview"];
                };
            };
        };
    };
    list_deliveries: {
        parameters: {
            query?: {
                /** @description The `next` of the page before: the number of an event. */
                after?: number | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
                /** @description `pending`, `delivered` or `dead`. */
                status?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of deliveries */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    show_delivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the delivery */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
        };
    };
    resend_delivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, unknown>;
            };
        };
        responses: {
            /** @description it will be sent */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
        };
    };
    list_environments: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of environments */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    create_environment: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "floor": {
                 *         "approvals": 1
                 *       },
                 *       "name": "prod-eu",
                 *       "production": true
                 *     }
                 */
                "application/json": {
                    /** @description What it is for. */
                    description?: string | null;
                    /** @description What it asks at least of every release that touches it. */
                    floor?: Record<string, unknown>;
                    /** @description Letters, digits, `-`, `_`, `.`. */
                    name: string;
                    /** @description Whether it takes part in pipelines; default true. */
                    pipelines?: boolean;
                    /** @description Whether production traffic is served there. */
                    production?: boolean;
                };
            };
        };
        responses: {
            /** @description it was made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnvironmentView"];
                };
            };
        };
    };
    show_environment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the environment */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnvironmentView"];
                };
            };
        };
    };
    update_environment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "floor": {
                 *         "approvals": 2
                 *       },
                 *       "pipelines": true,
                 *       "production": true
                 *     }
                 */
                "application/json": {
                    /** @description What it is for. */
                    description?: string | null;
                    /** @description What it asks at least of every release that touches it. */
                    floor?: Record<string, unknown>;
                    /** @description Whether it takes part in pipelines; default true. */
                    pipelines?: boolean;
                    /** @description Whether production traffic is served there. */
                    production?: boolean;
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnvironmentView"];
                };
            };
            /** @description the change waits for a second person */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProposalView"];
                };
            };
        };
    };
    delete_environment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was deleted */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description the deletion waits for a second person */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProposalView"];
                };
            };
        };
    };
    follow_events: {
        parameters: {
            query?: {
                /** @description Begin after this event; the header `Last-Event-ID` counts more. Absent: only what happens from now on. */
                after?: number | null;
                /** @description Only events about this feature. */
                feature?: string | null;
                /** @description Only events about this release. */
                release?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": unknown;
                };
            };
        };
    };
    list_exclusion_groups: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of exclusion groups */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    show_exclusion_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the group */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExclusionGroupView"];
                };
            };
        };
    };
    put_exclusion_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "ranges": {},
                 *       "unit": "user_id"
                 *     }
                 */
                "application/json": {
                    /** @description What it is for. */
                    description?: string | null;
                    /** @description The buckets (`from`, `to`) of each experiment; ranges do not overlap. */
                    ranges: Record<string, unknown>;
                    /** @description The salt is `exclusion/<this>`; default the group's key. */
                    salt?: string | null;
                    /** @description The attribute that is bucketed; default `user_id`. */
                    unit?: string | null;
                };
            };
        };
        responses: {
            /** @description it was changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExclusionGroupView"];
                };
            };
            /** @description it was made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExclusionGroupView"];
                };
            };
        };
    };
    delete_exclusion_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was deleted */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
        };
    };
    list_features: {
        parameters: {
            query?: {
                /** @description The key after which the page begins. */
                after?: string | null;
                /** @description Whether they are archived. */
                archived?: boolean | null;
                /** @description An environment where they are killed or where their release is. */
                environment?: string | null;
                /** @description How many; 50, at most 500. */
                limit?: number | null;
                /** @description The pipeline that they are attached to. */
                pipeline?: string | null;
                /** @description A part of their key or description. */
                q?: string | null;
                /** @description `running`, or how their latest release ended: `completed`, `aborted`, `reverted`; or `none`. */
                status?: string | null;
                /** @description A label that they have. */
                tag?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of features */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    create_feature: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "definition": {
                 *         "kind": "gate"
                 *       },
                 *       "key": "new-checkout",
                 *       "pipeline": "standard"
                 *     }
                 */
                "application/json": {
                    /** @description What it serves by. */
                    definition: Record<string, unknown>;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description Its key. */
                    key: string;
                    /** @description The pipeline that it is attached to; then its creation is the first release. */
                    pipeline?: string | null;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Free labels. */
                    tags?: string[];
                };
            };
        };
        responses: {
            /** @description it would be made (`dry_run`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
            /** @description it was made and is live */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
            /** @description a release brings it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    show_feature: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the feature */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    save_feature: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "base_revision": 1,
                 *       "definition": {
                 *         "enabled": true,
                 *         "kind": "gate"
                 *       }
                 *     }
                 */
                "application/json": {
                    /**
                     * Format: int64
                     * @description The `definition_revision` that it was written on.
                     */
                    base_revision?: number | null;
                    /** @description What it serves by. */
                    definition: Record<string, unknown>;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of an active release. */
                    supersede?: boolean;
                };
            };
        };
        responses: {
            /** @description it is live */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
            /** @description a release brings it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    delete_feature: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The `definition_revision` that was looked at; absent: whatever it is.
                     */
                    base_revision?: number | null;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of an active release. */
                    supersede?: boolean;
                };
            };
        };
        responses: {
            /** @description it is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
            /** @description a release takes it away */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    archive_feature: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The `definition_revision` that was looked at; absent: whatever it is.
                     */
                    base_revision?: number | null;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of an active release. */
                    supersede?: boolean;
                };
            };
        };
        responses: {
            /** @description it is live */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
            /** @description a release brings it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    disable_feature: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The `definition_revision` that was looked at; absent: whatever it is.
                     */
                    base_revision?: number | null;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description Only there; absent: everywhere. */
                    environment?: string | null;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of an active release. */
                    supersede?: boolean;
                };
            };
        };
        responses: {
            /** @description it is live */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
            /** @description a release brings it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    enable_feature: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The `definition_revision` that was looked at; absent: whatever it is.
                     */
                    base_revision?: number | null;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description Only there; absent: everywhere. */
                    environment?: string | null;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of an active release. */
                    supersede?: boolean;
                };
            };
        };
        responses: {
            /** @description it is live */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
            /** @description a release brings it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    list_feature_exposures: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the counts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Exposures"];
                };
            };
        };
    };
    list_feature_history: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
            };
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    kill_feature: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "environment": "prod",
                 *       "reason": "errors in checkout"
                 *     }
                 */
                "application/json": {
                    /** @description The environment. */
                    environment: string;
                    /** @description Why. */
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description it is killed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    launch_feature: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "variant": "blue"
                 *     }
                 */
                "application/json": {
                    /**
                     * Format: int64
                     * @description The `definition_revision` that was looked at; absent: whatever it is.
                     */
                    base_revision?: number | null;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of an active release. */
                    supersede?: boolean;
                    /** @description The variant. */
                    variant: string;
                };
            };
        };
        responses: {
            /** @description it is live */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
            /** @description a release brings it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    attach_feature: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "pipeline": "standard"
                 *     }
                 */
                "application/json": {
                    /** @description The pipeline; `null`: none. */
                    pipeline?: string | null;
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was attached or detached */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
            /** @description the change waits for a second person */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    preview_feature: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The `definition_revision` that it was written on.
                     */
                    base_revision?: number | null;
                    /** @description What it serves by. */
                    definition: Record<string, unknown>;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of an active release. */
                    supersede?: boolean;
                };
            };
        };
        responses: {
            /** @description phases, environments, differences, what no phase covers, the pipeline's notice */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preview"];
                };
            };
        };
    };
    list_feature_references: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description its users */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    resalt_feature: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The `definition_revision` that was looked at; absent: whatever it is.
                     */
                    base_revision?: number | null;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description The salt; absent: a new one. */
                    salt?: string | null;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of an active release. */
                    supersede?: boolean;
                };
            };
        };
        responses: {
            /** @description it is live */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
            /** @description a release brings it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    tag_feature: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "tags": [
                 *         "checkout"
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description All of them. */
                    tags: string[];
                };
            };
        };
        responses: {
            /** @description it was changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    unarchive_feature: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The `definition_revision` that was looked at; absent: whatever it is.
                     */
                    base_revision?: number | null;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of an active release. */
                    supersede?: boolean;
                };
            };
        };
        responses: {
            /** @description it is live */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
            /** @description a release brings it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    unkill_feature: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "environment": "prod"
                 *     }
                 */
                "application/json": {
                    /** @description Passes over a closed window. */
                    bypass?: boolean;
                    /** @description The environment. */
                    environment: string;
                    /** @description Why; needed for a bypass. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it is served again */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    list_fleet: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description Of this environment. */
                environment?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
                /** @description With these process attributes: `region:eu`, several by commas. */
                process?: string | null;
                /** @description Behind this relay. */
                relay?: string | null;
                /** @description Of this SDK: `rust`, or `rust/1.2.0`. */
                sdk?: string | null;
                /** @description With the process attribute `service` of this value. */
                service?: string | null;
                /** @description `behind`, `current`, `isolated`, `nacked`, `stale` or `unknown`. */
                state?: string | null;
                /** @description That applied this version. */
                version?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of members, and the summary of each environment that was asked for */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FleetPage"];
                };
            };
        };
    };
    list_propagation: {
        parameters: {
            query?: {
                /** @description The environment; all that the caller may read if absent. */
                environment?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a version an item */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PropagationList"];
                };
            };
        };
    };
    show_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the principal and the token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
        };
    };
    list_pipelines: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
                /** @description `draft` (nothing published), `published` or `archived`. */
                state?: ("archived" | "draft" | "published") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of pipelines */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    create_pipeline: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "body": {
                 *         "phases": [
                 *           {
                 *             "id": "dev",
                 *             "target": [
                 *               {
                 *                 "environments": [
                 *                   "dev"
                 *                 ]
                 *               }
                 *             ]
                 *           }
                 *         ]
                 *       },
                 *       "key": "standard"
                 *     }
                 */
                "application/json": {
                    /** @description The draft; it may have no phase yet. */
                    body: Record<string, unknown>;
                    /** @description Letters, digits, `-`, `_`, `.`. */
                    key: string;
                };
            };
        };
        responses: {
            /** @description it was made, as a draft */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PipelineView"];
                };
            };
        };
    };
    show_pipeline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the pipeline */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PipelineView"];
                };
            };
        };
    };
    update_pipeline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The revision of the pipeline that it was written on.
                     */
                    base_revision?: number | null;
                    /** @description The draft. */
                    body: Record<string, unknown>;
                };
            };
        };
        responses: {
            /** @description it was changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PipelineView"];
                };
            };
        };
    };
    delete_pipeline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was deleted */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
        };
    };
    archive_pipeline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was archived */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PipelineView"];
                };
            };
        };
    };
    clone_pipeline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "key": "standard-eu"
                 *     }
                 */
                "application/json": {
                    /** @description The key of the new pipeline. */
                    key: string;
                };
            };
        };
        responses: {
            /** @description it was made, as a draft */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PipelineView"];
                };
            };
        };
    };
    add_feature_to_pipeline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "feature": "new-checkout",
                 *       "start_at": "staging"
                 *     }
                 */
                "application/json": {
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description The feature. */
                    feature: string;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description The phase to start at; absent: the first. */
                    start_at?: string | null;
                };
            };
        };
        responses: {
            /** @description it would be sent (`dry_run`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
            /** @description the release that was started */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    remove_feature_from_pipeline: {
        parameters: {
            query?: {
                /** @description Keep what is live; as `keep` in the body. */
                keep?: boolean | null;
            };
            header?: never;
            path: {
                feature: string;
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Keeps what is live of a release that runs; else it is aborted. */
                    keep?: boolean;
                    /** @description Why. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was taken out */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Feature"];
                };
            };
        };
    };
    publish_pipeline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The revision that was looked at; if given, another is refused.
                     */
                    base_revision?: number | null;
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was published */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PipelineView"];
                };
            };
        };
    };
    list_pipeline_references: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description features, segments and releases */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["References"];
                };
            };
        };
    };
    unpublish_pipeline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it is a draft again */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PipelineView"];
                };
            };
        };
    };
    show_pipeline_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the version */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionView"];
                };
            };
        };
    };
    list_principals: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of principals */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    create_principal: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "grants": [
                 *         {
                 *           "role": "editor"
                 *         }
                 *       ],
                 *       "id": "ana",
                 *       "kind": "person"
                 *     }
                 */
                "application/json": {
                    /** @description Roles (`viewer`, `editor`, `approver`, `releaser`, `admin`), each everywhere or in some environments. */
                    grants: Record<string, unknown>[];
                    /** @description Letters, digits, `-`, `_`, `.`, `@`, `+`. */
                    id: string;
                    /** @description `person` or `service`. */
                    kind: string;
                    /** @description The name, for people. */
                    name?: string | null;
                };
            };
        };
        responses: {
            /** @description it was made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PrincipalView"];
                };
            };
        };
    };
    show_principal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the principal */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PrincipalView"];
                };
            };
        };
    };
    update_principal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "grants": [
                 *         {
                 *           "environments": [
                 *             "staging"
                 *           ],
                 *           "role": "releaser"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description It can do nothing any more. */
                    disabled?: boolean;
                    /** @description Roles, each everywhere or in some environments. */
                    grants: Record<string, unknown>[];
                    /** @description The name, for people. */
                    name?: string | null;
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PrincipalView"];
                };
            };
        };
    };
    delete_principal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was deleted */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
        };
    };
    disable_principal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was disabled */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PrincipalView"];
                };
            };
        };
    };
    list_proposals: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of proposals */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    show_proposal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the proposal */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProposalView"];
                };
            };
        };
    };
    approve_proposal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description What there is to say. */
                    comment?: string | null;
                };
            };
        };
        responses: {
            /** @description it was made */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProposalView"];
                };
            };
        };
    };
    reject_proposal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description What there is to say. */
                    comment?: string | null;
                };
            };
        };
        responses: {
            /** @description it was rejected */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProposalView"];
                };
            };
        };
    };
    list_releases: {
        parameters: {
            query?: {
                /** @description Who wrote or started them. */
                actor?: string | null;
                /** @description The id after which the page begins. */
                after?: string | null;
                /** @description An environment that they concern. */
                environment?: string | null;
                /** @description A feature (or `segment:…`) that they change. */
                feature?: string | null;
                /** @description How many; 50, at most 500. */
                limit?: number | null;
                /** @description Their pipeline. */
                pipeline?: string | null;
                /** @description Started at or after (ms). */
                since?: number | null;
                /** @description Their status. */
                status?: string | null;
                /** @description Started before (ms). */
                until?: number | null;
                /** @description Only those that wait for an approval which the asker may give. */
                waiting_for_me?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of releases */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    show_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the release */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
        };
    };
    abort_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "looks well",
                 *       "revision": 4
                 *     }
                 */
                "application/json": {
                    /** @description Passes over an approval, window or requirement. */
                    bypass?: boolean;
                    /** @description Of an approval: what was said. */
                    comment?: string | null;
                    /** @description The phase that it was decided on; absent: the one that the release is at. */
                    phase?: string | null;
                    /** @description Why; needed by abort, full roll out, reject and any bypass. */
                    reason?: string | null;
                    /**
                     * Format: int64
                     * @description The revision of the release that it was decided on; needed by approve, reject, skip, unpause and full roll out.
                     */
                    revision?: number | null;
                    /** @description Of an approval: the signature of what was looked at; refused if it is another by now. */
                    signed?: string | null;
                    /** @description Of a revert: as a new release, not at once. */
                    staged?: boolean;
                    /** @description Of a staged revert: how the release starts. */
                    start?: components["schemas"]["Start"];
                };
            };
        };
        responses: {
            /** @description the release as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description of a staged revert: the new release */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
        };
    };
    approve_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "looks well",
                 *       "revision": 4
                 *     }
                 */
                "application/json": {
                    /** @description Passes over an approval, window or requirement. */
                    bypass?: boolean;
                    /** @description Of an approval: what was said. */
                    comment?: string | null;
                    /** @description The phase that it was decided on; absent: the one that the release is at. */
                    phase?: string | null;
                    /** @description Why; needed by abort, full roll out, reject and any bypass. */
                    reason?: string | null;
                    /**
                     * Format: int64
                     * @description The revision of the release that it was decided on; needed by approve, reject, skip, unpause and full roll out.
                     */
                    revision?: number | null;
                    /** @description Of an approval: the signature of what was looked at; refused if it is another by now. */
                    signed?: string | null;
                    /** @description Of a revert: as a new release, not at once. */
                    staged?: boolean;
                    /** @description Of a staged revert: how the release starts. */
                    start?: components["schemas"]["Start"];
                };
            };
        };
        responses: {
            /** @description the release as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description of a staged revert: the new release */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
        };
    };
    full_roll_out_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "looks well",
                 *       "revision": 4
                 *     }
                 */
                "application/json": {
                    /** @description Passes over an approval, window or requirement. */
                    bypass?: boolean;
                    /** @description Of an approval: what was said. */
                    comment?: string | null;
                    /** @description The phase that it was decided on; absent: the one that the release is at. */
                    phase?: string | null;
                    /** @description Why; needed by abort, full roll out, reject and any bypass. */
                    reason?: string | null;
                    /**
                     * Format: int64
                     * @description The revision of the release that it was decided on; needed by approve, reject, skip, unpause and full roll out.
                     */
                    revision?: number | null;
                    /** @description Of an approval: the signature of what was looked at; refused if it is another by now. */
                    signed?: string | null;
                    /** @description Of a revert: as a new release, not at once. */
                    staged?: boolean;
                    /** @description Of a staged revert: how the release starts. */
                    start?: components["schemas"]["Start"];
                };
            };
        };
        responses: {
            /** @description the release as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description of a staged revert: the new release */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
        };
    };
    give_verdict: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                guard: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "detail": "error rate 4.2 %",
                 *       "verdict": "fail"
                 *     }
                 */
                "application/json": {
                    /** @description The number seen, a link, a message. */
                    detail?: string | null;
                    /** @description `pass`, `fail` or `no_data`. */
                    verdict: string;
                };
            };
        };
        responses: {
            /** @description it was heard; the release may have been paused or aborted by it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
        };
    };
    list_release_history: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    pause_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "looks well",
                 *       "revision": 4
                 *     }
                 */
                "application/json": {
                    /** @description Passes over an approval, window or requirement. */
                    bypass?: boolean;
                    /** @description Of an approval: what was said. */
                    comment?: string | null;
                    /** @description The phase that it was decided on; absent: the one that the release is at. */
                    phase?: string | null;
                    /** @description Why; needed by abort, full roll out, reject and any bypass. */
                    reason?: string | null;
                    /**
                     * Format: int64
                     * @description The revision of the release that it was decided on; needed by approve, reject, skip, unpause and full roll out.
                     */
                    revision?: number | null;
                    /** @description Of an approval: the signature of what was looked at; refused if it is another by now. */
                    signed?: string | null;
                    /** @description Of a revert: as a new release, not at once. */
                    staged?: boolean;
                    /** @description Of a staged revert: how the release starts. */
                    start?: components["schemas"]["Start"];
                };
            };
        };
        responses: {
            /** @description the release as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description of a staged revert: the new release */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
        };
    };
    preview_release_action: {
        parameters: {
            query: {
                /** @description `abort`, `approve`, `full_roll_out`, `pause`, `reject`, `revert`, `skip` or `unpause`. */
                action: string;
                /** @description Whether it passes over approvals, windows and requirements. */
                bypass?: boolean | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description where the release would be, and what each environment would be served otherwise */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preview"];
                };
            };
        };
    };
    reject_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "looks well",
                 *       "revision": 4
                 *     }
                 */
                "application/json": {
                    /** @description Passes over an approval, window or requirement. */
                    bypass?: boolean;
                    /** @description Of an approval: what was said. */
                    comment?: string | null;
                    /** @description The phase that it was decided on; absent: the one that the release is at. */
                    phase?: string | null;
                    /** @description Why; needed by abort, full roll out, reject and any bypass. */
                    reason?: string | null;
                    /**
                     * Format: int64
                     * @description The revision of the release that it was decided on; needed by approve, reject, skip, unpause and full roll out.
                     */
                    revision?: number | null;
                    /** @description Of an approval: the signature of what was looked at; refused if it is another by now. */
                    signed?: string | null;
                    /** @description Of a revert: as a new release, not at once. */
                    staged?: boolean;
                    /** @description Of a staged revert: how the release starts. */
                    start?: components["schemas"]["Start"];
                };
            };
        };
        responses: {
            /** @description the release as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description of a staged revert: the new release */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
        };
    };
    revert_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "looks well",
                 *       "revision": 4
                 *     }
                 */
                "application/json": {
                    /** @description Passes over an approval, window or requirement. */
                    bypass?: boolean;
                    /** @description Of an approval: what was said. */
                    comment?: string | null;
                    /** @description The phase that it was decided on; absent: the one that the release is at. */
                    phase?: string | null;
                    /** @description Why; needed by abort, full roll out, reject and any bypass. */
                    reason?: string | null;
                    /**
                     * Format: int64
                     * @description The revision of the release that it was decided on; needed by approve, reject, skip, unpause and full roll out.
                     */
                    revision?: number | null;
                    /** @description Of an approval: the signature of what was looked at; refused if it is another by now. */
                    signed?: string | null;
                    /** @description Of a revert: as a new release, not at once. */
                    staged?: boolean;
                    /** @description Of a staged revert: how the release starts. */
                    start?: components["schemas"]["Start"];
                };
            };
        };
        responses: {
            /** @description the release as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description of a staged revert: the new release */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
        };
    };
    skip_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "looks well",
                 *       "revision": 4
                 *     }
                 */
                "application/json": {
                    /** @description Passes over an approval, window or requirement. */
                    bypass?: boolean;
                    /** @description Of an approval: what was said. */
                    comment?: string | null;
                    /** @description The phase that it was decided on; absent: the one that the release is at. */
                    phase?: string | null;
                    /** @description Why; needed by abort, full roll out, reject and any bypass. */
                    reason?: string | null;
                    /**
                     * Format: int64
                     * @description The revision of the release that it was decided on; needed by approve, reject, skip, unpause and full roll out.
                     */
                    revision?: number | null;
                    /** @description Of an approval: the signature of what was looked at; refused if it is another by now. */
                    signed?: string | null;
                    /** @description Of a revert: as a new release, not at once. */
                    staged?: boolean;
                    /** @description Of a staged revert: how the release starts. */
                    start?: components["schemas"]["Start"];
                };
            };
        };
        responses: {
            /** @description the release as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description of a staged revert: the new release */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
        };
    };
    supersede_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The definition revisions that it was written on, by key (of segments with `segment:` in front); of what exists, all. */
                    base_revisions?: Record<string, unknown>;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description Definitions of features by key; `null` deletes. */
                    features?: Record<string, unknown>;
                    /** @description The pipeline; absent: the one that they are attached to. */
                    pipeline?: string | null;
                    /** @description Definitions of segments by key; `null` deletes. */
                    segments?: Record<string, unknown>;
                    /** @description How its release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of active releases. */
                    supersede?: boolean;
                };
            };
        };
        responses: {
            /** @description the change is live at once */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description the new release brings it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
        };
    };
    unpause_release: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "looks well",
                 *       "revision": 4
                 *     }
                 */
                "application/json": {
                    /** @description Passes over an approval, window or requirement. */
                    bypass?: boolean;
                    /** @description Of an approval: what was said. */
                    comment?: string | null;
                    /** @description The phase that it was decided on; absent: the one that the release is at. */
                    phase?: string | null;
                    /** @description Why; needed by abort, full roll out, reject and any bypass. */
                    reason?: string | null;
                    /**
                     * Format: int64
                     * @description The revision of the release that it was decided on; needed by approve, reject, skip, unpause and full roll out.
                     */
                    revision?: number | null;
                    /** @description Of an approval: the signature of what was looked at; refused if it is another by now. */
                    signed?: string | null;
                    /** @description Of a revert: as a new release, not at once. */
                    staged?: boolean;
                    /** @description Of a staged revert: how the release starts. */
                    start?: components["schemas"]["Start"];
                };
            };
        };
        responses: {
            /** @description the release as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
            /** @description of a staged revert: the new release */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Release"];
                };
            };
        };
    };
    list_schedules: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
                /** @description `pending`, `applied`, `cancelled` or `suspended`. */
                status?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of scheduled changes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    show_schedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the change */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
        };
    };
    cancel_schedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Why. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was cancelled */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
        };
    };
    list_sdk_keys: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of SDK keys */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    create_sdk_key: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "description": "checkout service",
                 *       "environment": "prod"
                 *     }
                 */
                "application/json": {
                    /** @description Who uses it. */
                    description?: string | null;
                    /** @description The environment whose snapshot SDKs get with it. */
                    environment: string;
                    /** @description Where SDKs reach the server, for the connection string, if the server was started without `--public-url`. */
                    url?: string | null;
                };
            };
        };
        responses: {
            /** @description the SDK key, with its connection string as `secret` */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewSecret"];
                };
            };
        };
    };
    revoke_sdk_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was revoked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SdkKeyView"];
                };
            };
        };
    };
    list_segments: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of segments */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    create_segment: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "definition": {
                 *         "if": {
                 *           "attribute": "country",
                 *           "op": "eq",
                 *           "value": "US"
                 *         }
                 *       },
                 *       "key": "staff"
                 *     }
                 */
                "application/json": {
                    /** @description Its condition. */
                    definition: Record<string, unknown>;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description Its key. */
                    key: string;
                    /** @description The pipeline that it is attached to; then its creation is the first release. */
                    pipeline?: string | null;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                };
            };
        };
        responses: {
            /** @description it would be made (`dry_run`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
            /** @description it was made and is live */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
            /** @description a release brings it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
        };
    };
    show_segment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the segment */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
        };
    };
    save_segment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The `definition_revision` that it was written on.
                     */
                    base_revision?: number | null;
                    /** @description Its condition. */
                    definition: Record<string, unknown>;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of an active release. */
                    supersede?: boolean;
                };
            };
        };
        responses: {
            /** @description it is live */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
            /** @description a release brings it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
        };
    };
    delete_segment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The `definition_revision` that was looked at; absent: whatever it is.
                     */
                    base_revision?: number | null;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of an active release. */
                    supersede?: boolean;
                };
            };
        };
        responses: {
            /** @description it is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
            /** @description a release takes it away */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
        };
    };
    attach_segment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "pipeline": null
                 *     }
                 */
                "application/json": {
                    /** @description The pipeline; `null`: none. */
                    pipeline?: string | null;
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was attached or detached */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
            /** @description the change waits for a second person */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Segment"];
                };
            };
        };
    };
    preview_segment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The `definition_revision` that it was written on.
                     */
                    base_revision?: number | null;
                    /** @description Its condition. */
                    definition: Record<string, unknown>;
                    /** @description Only tells what it would do. */
                    dry_run?: boolean;
                    /** @description How the release starts. */
                    start?: components["schemas"]["Start"];
                    /** @description Takes the place of an active release. */
                    supersede?: boolean;
                };
            };
        };
        responses: {
            /** @description phases, environments, differences, what no phase covers, the pipeline's notice */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preview"];
                };
            };
        };
    };
    list_segment_references: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description its users */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    list_signing_keys: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of signing keys, without their secrets */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    create_signing_key: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, unknown>;
            };
        };
        responses: {
            /** @description the key */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SigningKeyView"];
                };
            };
        };
    };
    retire_signing_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was retired */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SigningKeyView"];
                };
            };
        };
    };
    rotate_signing_key: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "yearly"
                 *     }
                 */
                "application/json": {
                    /** @description The active key's secret is lost, so that it cannot vouch for the new one: clients must be given new connection strings. */
                    lost?: boolean;
                    /** @description Why, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description the key that signs now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SigningKeyView"];
                };
            };
        };
    };
    show_snapshot: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the document */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
        };
    };
    show_environment_snapshot: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                environment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the document */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Snapshot"];
                };
            };
        };
    };
    list_tokens: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of tokens */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    create_token: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "description": "laptop",
                 *       "expires_at": 1900000000000,
                 *       "principal": "ana"
                 *     }
                 */
                "application/json": {
                    /** @description What it is for. */
                    description?: string | null;
                    /**
                     * Format: int64
                     * @description When it ends (ms since 1970); absent: never.
                     */
                    expires_at?: number | null;
                    /** @description Whose it is; absent: one's own. */
                    principal?: string | null;
                };
            };
        };
        responses: {
            /** @description the token, with its `secret` */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewSecret"];
                };
            };
        };
    };
    show_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenView"];
                };
            };
        };
    };
    revoke_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was revoked, at once */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenView"];
                };
            };
        };
    };
    list_webhooks: {
        parameters: {
            query?: {
                /** @description The `next` of the page before. */
                after?: string | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of webhooks */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    create_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "facts": [
                 *         "release.awaiting_approval"
                 *       ],
                 *       "url": "https://hooks.example.org/tidegate"
                 *     }
                 */
                "application/json": {
                    /** @description Nothing is sent. */
                    disabled?: boolean;
                    /** @description The names of facts that it wants; empty: all. */
                    facts?: string[];
                    /** @description Where deliveries are posted; `http` or `https`. */
                    url: string;
                };
            };
        };
        responses: {
            /** @description the webhook, with its `secret` */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewSecret"];
                };
            };
        };
    };
    show_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the webhook */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookView"];
                };
            };
        };
    };
    update_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "disabled": false,
                 *       "facts": [],
                 *       "url": "https://hooks.example.org/tidegate"
                 *     }
                 */
                "application/json": {
                    /** @description Nothing is sent. */
                    disabled?: boolean;
                    /** @description The names of facts that it wants; empty: all. */
                    facts?: string[];
                    /** @description Where deliveries are posted; `http` or `https`. */
                    url: string;
                };
            };
        };
        responses: {
            /** @description it was changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookView"];
                };
            };
        };
    };
    delete_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description it was deleted */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
        };
    };
    list_webhook_deliveries: {
        parameters: {
            query?: {
                /** @description The `next` of the page before: the number of an event. */
                after?: number | null;
                /** @description How many items, from 1 to 500; 50 if absent. */
                limit?: number | null;
                /** @description `pending`, `delivered` or `dead`. */
                status?: string | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of deliveries */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
        };
    };
    rotate_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The reason, for the log. */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description the webhook, with its new `secret` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewSecret"];
                };
            };
        };
    };
    test_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, unknown>;
            };
        };
        responses: {
            /** @description it will be posted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookView"];
                };
            };
        };
    };
}
