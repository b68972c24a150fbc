/* Every function, used as it is meant to be. */
#include "testing.h"

static tg_engine *loaded(uint32_t flags) {
    tg_engine_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.flags = flags;
    tg_process process[1];
    process[0].name = str("region");
    process[0].value = str("us-west");
    options.process = process;
    options.process_count = 1;
    options.process_json = str("{\"cores\": 8}");
    tg_engine *engine = NULL;
    OK(tg_engine_new(&options, &engine));
    OK(tg_engine_load(engine, T(DOCUMENT)));
    return engine;
}

static tg_feature feature(const tg_engine *engine, const char *name) {
    tg_feature found;
    OK(tg_engine_feature(engine, name, strlen(name), &found));
    return found;
}

static tg_attribute attribute(const tg_engine *engine, const char *name) {
    tg_attribute found;
    OK(tg_engine_attribute(engine, name, strlen(name), &found));
    return found;
}

static void versions(void) {
    CHECK(tg_version() == TG_VERSION);
    CHECK(TG_VERSION == TG_VERSION_MAJOR * 1000000 + TG_VERSION_MINOR * 1000 + TG_VERSION_PATCH);
    CHECK(same(tg_version_text(), TG_VERSION_TEXT));
    CHECK(tg_semantics() == 1);
    CHECK(tg_has(T("regex")) && !tg_has(T("telepathy")) && !tg_has(NULL, 0));
    CHECK(same(tg_status_text(TG_STATUS_OK), "all went well"));
    CHECK(same(tg_status_text(TG_STATUS_UNKNOWN_VARIANT), "a variant is not one of the feature's"));
    CHECK(same(tg_status_text(-1), NULL) && same(tg_status_text(999), NULL));
    CHECK(same(tg_reason_text(TG_REASON_UNKNOWN_FEATURE), "unknown_feature") && same(tg_reason_text(99), NULL));
}

static void checks(void) {
    tg_engine *engine = loaded(0);
    tg_feature checkout = feature(engine, "checkout"), unknown = feature(engine, "nothing");
    tg_attribute plan = attribute(engine, "plan"), seats = attribute(engine, "seats");
    tg_attribute groups = attribute(engine, "groups"), agreed = attribute(engine, "agreed");
    tg_context *context;
    tg_reader *reader;
    OK(tg_context_new(engine, &context));
    OK(tg_reader_new(engine, &reader));
    tg_str lists[2];
    lists[0] = str("alpha");
    lists[1] = str("beta");
    const char *borrowed = "staff";
    bool on;

#define EXPECT(wanted)                                                                         \
    do {                                                                                       \
        on = !(wanted);                                                                        \
        OK(tg_reader_check(reader, checkout, context, &on));                                   \
        CHECK(on == (wanted));                                                                 \
        on = !(wanted);                                                                        \
        OK(tg_reader_check_name(reader, T("checkout"), context, &on));                         \
        CHECK(on == (wanted));                                                                 \
        on = !(wanted);                                                                        \
        OK(tg_engine_check(engine, checkout, context, &on));                                   \
        CHECK(on == (wanted));                                                                 \
        on = !(wanted);                                                                        \
        OK(tg_engine_check_name(engine, T("checkout"), context, &on));                         \
        CHECK(on == (wanted));                                                                 \
    } while (0)
#define SETS(call)                                                                             \
    do {                                                                                       \
        EXPECT(false);                                                                         \
        OK(call);                                                                              \
        EXPECT(true);                                                                          \
        OK(tg_context_clear(context));                                                         \
    } while (0)

    SETS(tg_context_set_str(context, plan, T("staff")));
    SETS(tg_context_borrow_str(context, plan, borrowed, 5));
    SETS(tg_context_set_str_named(context, T("plan"), T("staff")));
    SETS(tg_context_set_int(context, seats, 10));
    SETS(tg_context_set_int_named(context, T("seats"), 11));
    SETS(tg_context_set_float(context, seats, 10.5));
    SETS(tg_context_set_float_named(context, T("seats"), 10.5));
    SETS(tg_context_set_bool(context, agreed, true));
    SETS(tg_context_set_bool_named(context, T("agreed"), true));
    SETS(tg_context_set_strs(context, groups, lists, 2));
    SETS(tg_context_set_strs_named(context, T("groups"), lists, 2));
    SETS(tg_context_set_json(context, groups, T("[1, \"beta\"]")));
    SETS(tg_context_set_json_named(context, T("seats"), T("1e2")));
    SETS(tg_context_set_object(context, T("{\"plan\": \"staff\", \"other\": {\"a\": [1]}}")));

    /* What is set again counts; what is unset is missing. */
    OK(tg_context_set_str(context, plan, T("staff")));
    OK(tg_context_set_str(context, plan, T("free")));
    EXPECT(false);
    OK(tg_context_set_str(context, plan, T("staff")));
    OK(tg_context_unset(context, plan));
    EXPECT(false);
    OK(tg_context_set_str(context, plan, T("staff")));
    OK(tg_context_unset_named(context, T("plan")));
    EXPECT(false);
    OK(tg_context_set_strs(context, groups, NULL, 0));
    OK(tg_context_set_str(context, plan, NULL, 0));
    EXPECT(false);

    on = true;
    OK(tg_reader_check(reader, unknown, context, &on));
    CHECK(!on);

    /* In any order. */
    tg_engine_free(engine);
    OK(tg_context_set_str_named(context, T("plan"), T("staff")));
    OK(tg_reader_check(reader, checkout, context, &on));
    CHECK(on);
    tg_reader_free(reader);
    tg_context_free(context);
}

static void decisions(void) {
    tg_engine *engine = loaded(0);
    tg_context *context;
    tg_reader *reader;
    OK(tg_context_new(engine, &context));
    OK(tg_reader_new(engine, &reader));
    OK(tg_context_set_str_named(context, T("plan"), T("staff")));
    tg_decision decision;
    OK(tg_reader_decide(reader, feature(engine, "checkout"), context, &decision));
    CHECK(decision.on && !decision.indirect && decision.version == 7);
    CHECK(decision.reason == TG_REASON_RULE && decision.type == TG_TYPE_BOOL && decision.value != NULL);
    CHECK(same(decision.feature, "checkout") && same(decision.variant, "on") && same(decision.rule, "staff"));
    CHECK(same(decision.release, NULL) && same(decision.phase, NULL));
    OK(tg_reader_decide(reader, feature(engine, "released"), context, &decision));
    CHECK(decision.on && same(decision.release, "rel") && same(decision.phase, "p1"));
    OK(tg_reader_decide(reader, feature(engine, "nothing"), context, &decision));
    CHECK(!decision.on && decision.reason == TG_REASON_UNKNOWN_FEATURE && decision.value == NULL);
    CHECK(decision.type == TG_TYPE_NONE && same(decision.variant, NULL) && same(decision.feature, "nothing"));
    tg_reader_free(reader);
    tg_context_free(context);
    tg_engine_free(engine);
}

static void configs(void) {
    tg_engine *engine = loaded(0);
    tg_context *context;
    tg_reader *reader;
    OK(tg_context_new(engine, &context));
    OK(tg_reader_new(engine, &reader));
    tg_feature limits = feature(engine, "limits"), count = feature(engine, "count");
    tg_feature share = feature(engine, "share"), label = feature(engine, "label");
    tg_feature nothing = feature(engine, "nothing"), checkout = feature(engine, "checkout");
    bool flag = true;
    int64_t integer = -1;
    double number = -1;
    tg_str text = str("default");
    OK(tg_reader_bool(reader, checkout, context, &flag));
    CHECK(!flag);
    OK(tg_reader_int(reader, count, context, &integer));
    CHECK(integer == 42);
    OK(tg_reader_float(reader, count, context, &number));
    CHECK(number == 42);
    OK(tg_reader_float(reader, share, context, &number));
    CHECK(number == 2.5);
    OK(tg_reader_str(reader, label, context, &text));
    CHECK(same(text, "Buy now"));

    /* A default stands. */
    integer = 9;
    STATUS(TG_STATUS_OTHER_TYPE, tg_reader_int(reader, label, context, &integer));
    STATUS(TG_STATUS_OTHER_TYPE, tg_reader_int(reader, share, context, &integer));
    STATUS(TG_STATUS_NO_VALUE, tg_reader_int(reader, nothing, context, &integer));
    CHECK(integer == 9);
    text = str("default");
    STATUS(TG_STATUS_OTHER_TYPE, tg_reader_str(reader, count, context, &text));
    CHECK(same(text, "default"));
    STATUS(TG_STATUS_OTHER_TYPE, tg_reader_bool(reader, count, context, &flag));
    STATUS(TG_STATUS_OTHER_TYPE, tg_reader_float(reader, label, context, &number));

    const tg_value *value, *member, *element;
    size_t size;
    tg_str name;
    OK(tg_reader_value(reader, limits, context, &value));
    CHECK(tg_value_type(value) == TG_TYPE_OBJECT && tg_value_type(NULL) == TG_TYPE_NONE);
    OK(tg_value_size(value, &size));
    CHECK(size == 7);
    OK(tg_value_member(value, T("n"), &member));
    CHECK(tg_value_type(member) == TG_TYPE_INT);
    OK(tg_value_int(member, &integer));
    CHECK(integer == 5);
    OK(tg_value_float(member, &number));
    CHECK(number == 5);
    OK(tg_value_member(value, T("ratio"), &member));
    CHECK(tg_value_type(member) == TG_TYPE_FLOAT);
    STATUS(TG_STATUS_OTHER_TYPE, tg_value_int(member, &integer));
    OK(tg_value_member(value, T("name"), &member));
    CHECK(tg_value_type(member) == TG_TYPE_STRING);
    OK(tg_value_str(member, &text));
    CHECK(same(text, "api"));
    OK(tg_value_member(value, T("open"), &member));
    OK(tg_value_bool(member, &flag));
    CHECK(flag);
    OK(tg_value_member(value, T("none"), &member));
    CHECK(tg_value_type(member) == TG_TYPE_NULL);
    STATUS(TG_STATUS_NO_VALUE, tg_value_member(value, T("missing"), &member));
    STATUS(TG_STATUS_OTHER_TYPE, tg_value_member(member, T("missing"), &member));
    OK(tg_value_member_at(value, 0, &name, &member));
    CHECK(same(name, "n"));
    STATUS(TG_STATUS_NO_SUCH_INDEX, tg_value_member_at(value, 7, &name, &member));
    OK(tg_value_member(value, T("tags"), &member));
    CHECK(tg_value_type(member) == TG_TYPE_LIST);
    OK(tg_value_str_at(member, 1, &text));
    CHECK(same(text, "b"));
    STATUS(TG_STATUS_NO_SUCH_INDEX, tg_value_str_at(member, 2, &text));
    STATUS(TG_STATUS_OTHER_TYPE, tg_value_at(member, 0, &element));
    OK(tg_value_member(value, T("mixed"), &member));
    OK(tg_value_at(member, 2, &element));
    CHECK(tg_value_type(element) == TG_TYPE_OBJECT);
    OK(tg_value_str_at(member, 1, &text));
    CHECK(same(text, "x"));
    STATUS(TG_STATUS_OTHER_TYPE, tg_value_str_at(member, 0, &text));
    STATUS(TG_STATUS_NO_SUCH_INDEX, tg_value_at(member, 3, &element));
    tg_text *json;
    OK(tg_value_json(member, &json));
    CHECK(says(json, "[1,\"x\",{\"y\":2}]"));
    OK(tg_reader_json(reader, limits, context, &json));
    CHECK(says(json, "{\"n\":5,\"ratio\":0.5,"));
    STATUS(TG_STATUS_NO_VALUE, tg_reader_json(reader, nothing, context, &json));
    tg_reader_free(reader);
    tg_context_free(context);
    tg_engine_free(engine);
}

struct seen {
    int count;
    int on;
    tg_reader *reader;
    tg_feature feature;
    const tg_context *context;
};

static void see(void *userdata, const tg_decision *decision) {
    struct seen *seen = (struct seen *)userdata;
    seen->count++;
    seen->on += decision->on;
    if (seen->reader != NULL) {
        bool on;
        STATUS(TG_STATUS_BUSY, tg_reader_check(seen->reader, seen->feature, seen->context, &on));
    }
}

static void all(void) {
    tg_engine *engine = loaded(0);
    tg_context *context;
    tg_reader *reader;
    tg_view *view;
    OK(tg_context_new(engine, &context));
    OK(tg_reader_new(engine, &reader));
    OK(tg_engine_set_time(engine, 500));
    OK(tg_view_new(engine, &view));
    struct seen seen;
    memset(&seen, 0, sizeof seen);
    seen.reader = reader;
    seen.feature = feature(engine, "checkout");
    seen.context = context;
    OK(tg_reader_each(reader, context, see, &seen));
    CHECK(seen.count == 8 && seen.on == 1);
    bool on;
    OK(tg_reader_check(reader, seen.feature, context, &on));

    /* A view stays where it was. */
    OK(tg_engine_set_time(engine, 5000));
    OK(tg_engine_load(engine, T("{\"schema_version\": 1, \"version\": 8, \"features\": {}}")));
    uint64_t version;
    int64_t now;
    OK(tg_view_version(view, &version, &now));
    CHECK(version == 7 && now == 500);
    tg_decision decision;
    OK(tg_view_decide(view, feature(engine, "label"), context, &decision));
    CHECK(same(decision.variant, "v") && decision.version == 7);
    OK(tg_view_decide_name(view, T("released"), context, &decision));
    CHECK(decision.on);
    OK(tg_view_decide_name(view, T("nothing"), context, &decision));
    CHECK(decision.reason == TG_REASON_UNKNOWN_FEATURE && same(decision.feature, "nothing"));
    on = true;
    OK(tg_view_check(view, feature(engine, "late"), context, &on));
    CHECK(!on);
    memset(&seen, 0, sizeof seen);
    OK(tg_view_each(view, context, see, &seen));
    CHECK(seen.count == 8);
    memset(&seen, 0, sizeof seen);
    OK(tg_reader_each(reader, context, see, &seen));
    CHECK(seen.count == 0);
    tg_view_free(view);
    tg_reader_free(reader);
    tg_context_free(context);
    tg_engine_free(engine);
}

static void times(void) {
    tg_engine *engine = loaded(0);
    tg_context *context;
    OK(tg_context_new(engine, &context));
    tg_feature late = feature(engine, "late");
    bool on;
    OK(tg_engine_set_time(engine, 999));
    OK(tg_engine_check(engine, late, context, &on));
    CHECK(!on);
    OK(tg_engine_set_time(engine, 1000));
    OK(tg_engine_check(engine, late, context, &on));
    CHECK(on);
    OK(tg_engine_set_time(engine, 0));
    OK(tg_engine_use_system_time(engine));
    OK(tg_engine_check(engine, late, context, &on));
    CHECK(on);
    tg_context_free(context);
    tg_engine_free(engine);
}

struct heard {
    int updates, freed;
    uint64_t version;
    int lines[4];
};

static void hear_update(void *userdata, const tg_report *report) {
    struct heard *heard = (struct heard *)userdata;
    tg_update update;
    OK(tg_report_update(report, &update));
    heard->updates++;
    heard->version = update.version;
}

static void hear_line(void *userdata, tg_level level, tg_str line) {
    struct heard *heard = (struct heard *)userdata;
    CHECK(line.len > 0 && level >= TG_LEVEL_ERROR && level <= TG_LEVEL_INFO);
    heard->lines[level]++;
}

static void hear_end(void *userdata) { ((struct heard *)userdata)->freed++; }

static void load_more(void *userdata, const tg_report *report) {
    tg_engine *engine = userdata;
    tg_update update;
    OK(tg_report_update(report, &update));
    if (update.version != 50) return;
    OK(tg_engine_load(engine, T("{\"schema_version\": 1, \"version\": 51}")));
    tg_report *last;
    OK(tg_engine_report(engine, &last));
    OK(tg_report_update(last, &update));
    CHECK(update.status == TG_STATUS_OK && update.version == 51);
    tg_report_free(last);
    STATUS(TG_STATUS_NOT_JSON, tg_engine_load(engine, T("{")));
}

static void reports(const char *file) {
    tg_engine *engine = loaded(0);
    tg_report *report;
    tg_update update;
    tg_str text;
    OK(tg_engine_report(engine, &report));
    OK(tg_report_update(report, &update));
    CHECK(update.status == TG_STATUS_OK && update.from == 0 && update.version == 7 && update.changed == 8);
    CHECK(update.recompiled == 8 && update.isolated == 0 && update.diagnostics == 0);
    OK(tg_report_changed(report, 0, &text));
    CHECK(same(text, "checkout"));
    STATUS(TG_STATUS_NO_SUCH_INDEX, tg_report_changed(report, 8, &text));
    STATUS(TG_STATUS_NO_SUCH_INDEX, tg_report_isolated(report, 0, &text));
    tg_report_free(report);

    struct heard heard;
    memset(&heard, 0, sizeof heard);
    tg_subscription *subscription;
    OK(tg_engine_on_update(engine, hear_update, &heard, hear_end, &subscription));
    OK(tg_engine_set_log(engine, TG_LEVEL_INFO, hear_line, &heard, hear_end));

    /* What is wrong is isolated, and told. */
    const char wrong[] = "{\"schema_version\": 1, \"version\": 8, \"features\": {\"f\": {\"kind\": \"gate\","
                         "\"rules\": [{\"id\": \"r\", \"variant\": \"nn\"}]}}}";
    OK(tg_engine_load(engine, T(wrong)));
    CHECK(heard.updates == 1 && heard.version == 8 && heard.lines[TG_LEVEL_INFO] == 1);
    CHECK(heard.lines[TG_LEVEL_WARNING] == 1 && heard.lines[TG_LEVEL_ERROR] == 0);
    OK(tg_engine_report(engine, &report));
    OK(tg_report_update(report, &update));
    CHECK(update.status == TG_STATUS_OK && update.isolated == 1 && update.diagnostics == 1);
    OK(tg_report_isolated(report, 0, &text));
    CHECK(same(text, "f"));
    tg_diagnostic diagnostic;
    OK(tg_report_diagnostic(report, 0, &diagnostic));
    CHECK(diagnostic.status == TG_STATUS_UNKNOWN_VARIANT && diagnostic.severity == TG_SEVERITY_ERROR);
    CHECK(same(diagnostic.code, "TG2003") && same(diagnostic.pointer, "/features/f/rules/0/variant"));
    CHECK(diagnostic.message.len > 0);
    STATUS(TG_STATUS_NO_SUCH_INDEX, tg_report_diagnostic(report, 1, &diagnostic));
    tg_text *json;
    OK(tg_report_json(report, &json));
    CHECK(says(json, "\"code\":\"TG2003\""));
    tg_report_free(report);

    /* What is refused leaves what is served. */
    STATUS(TG_STATUS_NOT_JSON, tg_engine_load(engine, T("{\"schema_version\": ")));
    CHECK(heard.updates == 1 && heard.lines[TG_LEVEL_ERROR] == 1);
    OK(tg_engine_report(engine, &report));
    OK(tg_report_update(report, &update));
    CHECK(update.status == TG_STATUS_NOT_JSON && update.version == 8 && update.from == 8 && update.diagnostics == 1);
    tg_report_free(report);
    STATUS(TG_STATUS_OLDER_VERSION, tg_engine_load(engine, T(DOCUMENT)));

    /* A delta. */
    OK(tg_engine_apply_delta(engine, T("{\"from\": 8, \"version\": 9, \"features\": {\"g\": {\"kind\": \"gate\", \"default\": \"on\"}}}")));
    STATUS(TG_STATUS_DELTA_BASE, tg_engine_apply_delta(engine, T("{\"from\": 8, \"version\": 10}")));
    tg_snapshot snapshot;
    OK(tg_engine_snapshot(engine, &snapshot));
    CHECK(snapshot.version == 9 && snapshot.features == 2 && snapshot.memory > 0);

    /* The end of callbacks. */
    CHECK(heard.updates == 2 && heard.freed == 0);
    tg_subscription_free(subscription);
    CHECK(heard.freed == 1);
    OK(tg_engine_set_log(engine, TG_LEVEL_ERROR, NULL, NULL, NULL));
    CHECK(heard.freed == 2);
    memset(&heard, 0, sizeof heard);
    OK(tg_engine_set_log(engine, TG_LEVEL_ERROR, hear_line, &heard, hear_end));
    OK(tg_engine_on_update(engine, hear_update, &heard, hear_end, &subscription));

    /* A file. */
    OK(tg_engine_load_file(engine, file, strlen(file)));
    OK(tg_engine_snapshot(engine, &snapshot));
    CHECK(snapshot.version == 42 && heard.version == 42 && heard.lines[TG_LEVEL_INFO] == 0);
    STATUS(TG_STATUS_UNREADABLE, tg_engine_load_file(engine, T("/nowhere/at/all.json")));
    OK(tg_engine_report(engine, &report));
    OK(tg_report_update(report, &update));
    CHECK(update.status == TG_STATUS_UNREADABLE && update.version == 42);
    tg_report_free(report);

    /* A load from within a callback, and what is refused after it: the report is of the last. */
    tg_subscription *nested;
    OK(tg_engine_on_update(engine, load_more, engine, NULL, &nested));
    OK(tg_engine_load(engine, T("{\"schema_version\": 1, \"version\": 50}")));
    OK(tg_engine_report(engine, &report));
    OK(tg_report_update(report, &update));
    CHECK(update.status == TG_STATUS_NOT_JSON && update.version == 51);
    tg_report_free(report);
    tg_subscription_free(nested);
    tg_engine_free(engine);
    CHECK(heard.freed == 2);
    tg_subscription_free(subscription);
}

static void hear_name(void *userdata, tg_str name) {
    CHECK(same(name, "checkout"));
    ++*(int *)userdata;
}

static void overrides(void) {
    tg_engine *engine = loaded(0);
    tg_context *context;
    OK(tg_context_new(engine, &context));
    tg_feature checkout = feature(engine, "checkout");
    tg_override wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.struct_size = sizeof wanted;
    wanted.feature = str("checkout");
    wanted.variant = str("on");
    bool on;
    int names = 0;
    OK(tg_engine_set_override(engine, &wanted));
    OK(tg_engine_check(engine, checkout, context, &on));
    CHECK(on);
    OK(tg_engine_overridden(engine, hear_name, &names));
    CHECK(names == 1);
    OK(tg_engine_clear_override(engine, T("checkout")));
    OK(tg_engine_check(engine, checkout, context, &on));
    CHECK(!on);
    wanted.variant = str("nn");
    STATUS(TG_STATUS_BAD_OVERRIDE, tg_engine_set_override(engine, &wanted));
    wanted.variant.data = NULL;
    wanted.variant.len = 0;
    STATUS(TG_STATUS_INVALID_ARGUMENT, tg_engine_set_override(engine, &wanted));
    wanted.value_json = str("true");
    wanted.unit = str("user_id");
    wanted.unit_id = str("u-1");
    tg_str unit = wanted.unit;
    memset(&wanted.unit, 0, sizeof wanted.unit);
    STATUS(TG_STATUS_INVALID_ARGUMENT, tg_engine_set_override(engine, &wanted));
    wanted.unit = unit;
    OK(tg_engine_set_override(engine, &wanted));
    OK(tg_engine_check(engine, checkout, context, &on));
    CHECK(!on);
    OK(tg_context_set_str_named(context, T("user_id"), T("u-1")));
    OK(tg_engine_check(engine, checkout, context, &on));
    CHECK(on);
    OK(tg_engine_clear_overrides(engine));
    OK(tg_engine_overridden(engine, hear_name, &names));
    CHECK(names == 1);
    wanted.value_json = str("tru");
    STATUS(TG_STATUS_NOT_JSON, tg_engine_set_override(engine, &wanted));
    tg_context_free(context);
    tg_engine_free(engine);
}

static void hear_exposure(void *userdata, const tg_exposure *exposure) {
    if (same(exposure->feature, "released")) {
        CHECK(same(exposure->variant, "on") && same(exposure->release, "rel") && same(exposure->phase, "p1"));
        *(uint64_t *)userdata += exposure->count;
    }
}

static void counters(void) {
    tg_engine *engine = loaded(TG_ENGINE_COUNTERS | TG_ENGINE_STRICT), *plain = loaded(0);
    tg_context *context;
    tg_reader *reader;
    OK(tg_context_new(engine, &context));
    OK(tg_reader_new(engine, &reader));
    tg_feature released = feature(engine, "released");
    bool on;
    for (int i = 0; i < 100; i++)
        OK(tg_reader_check(reader, released, context, &on));
    OK(tg_engine_check(engine, released, context, &on));
    uint64_t count = 0;
    OK(tg_engine_drain_exposures(engine, hear_exposure, &count));
    CHECK(count == 101);
    OK(tg_engine_drain_exposures(engine, hear_exposure, &count));
    OK(tg_engine_drain_exposures(plain, hear_exposure, &count));
    CHECK(count == 101);
    tg_reader_free(reader);
    tg_context_free(context);
    tg_engine_free(engine);
    tg_engine_free(plain);
}

/* Gates that are decided in all the ways that a reader has: at once, by a share, by two tests, by a walk, by more. */
static const char WAYS[] =
    "{\"schema_version\": 1, \"version\": 8, \"segments\": {\"de\": {\"if\": {\"attribute\": \"country\", \"op\": \"eq\", \"value\": \"de\"}}},"
    "\"features\": {\"way_all\": {\"kind\": \"gate\", \"default\": \"on\"},"
    "\"way_share\": {\"kind\": \"gate\", \"rules\": [{\"id\": \"r\", \"rollout\": {\"percent\": 50}, \"variant\": \"on\"}]},"
    "\"way_pair\": {\"kind\": \"gate\", \"rules\": [{\"id\": \"r\", \"if\": {\"all\": [{\"attribute\": \"plan\", \"op\": \"in\", \"value\": [\"pro\", \"team\"]},"
    "{\"attribute\": \"country\", \"op\": \"eq\", \"value\": \"de\"}]}, \"variant\": \"on\"}]},"
    "\"way_walk\": {\"kind\": \"gate\", \"rules\": [{\"id\": \"a\", \"if\": {\"attribute\": \"user_id\", \"op\": \"ends_with\", \"value\": \"-a-long-suffix\"}, \"variant\": \"on\"},"
    "{\"id\": \"b\", \"if\": {\"attribute\": \"plan\", \"op\": \"eq\", \"value\": \"pro\"}, \"variant\": \"on\"}]},"
    "\"way_time\": {\"kind\": \"gate\", \"rules\": [{\"id\": \"r\", \"if\": {\"time\": {\"from\": 1000}}, \"variant\": \"on\"}]},"
    "\"way_patched\": {\"kind\": \"gate\", \"rules\": [{\"id\": \"r\", \"if\": {\"attribute\": \"plan\", \"op\": \"eq\", \"value\": \"team\"}, \"variant\": \"on\"}]}},"
    "\"releases\": [{\"id\": \"rel\", \"features\": {\"way_patched\": {}}, \"phases\": [{\"id\": \"p\", \"live\": true,"
    "\"patches\": [{\"patch\": \"set\", \"feature\": \"way_patched\", \"variant\": \"on\", \"for\": \"de\"}]}]}]}";

typedef struct {
    const char *name;
    uint64_t on, off, phase;
} way_counts;

static void hear_way(void *userdata, const tg_exposure *exposure) {
    for (way_counts *way = userdata; way->name != NULL; way++) {
        if (!same(exposure->feature, way->name))
            continue;
        if (same(exposure->variant, "on"))
            way->on += exposure->count;
        else
            way->off += exposure->count;
        if (same(exposure->phase, "p"))
            way->phase += exposure->count;
    }
}

static void ways(void) {
    enum { EACH = 50 };
    static const char *const NAMES[] = {"way_all", "way_share", "way_pair", "way_walk", "way_time", "way_patched", "way_none"};
    static const uint32_t FLAGS[] = {0, TG_ENGINE_COUNTERS};
    for (size_t f = 0; f < 2; f++) {
        tg_engine *engine = loaded(FLAGS[f] | TG_ENGINE_STRICT);
        OK(tg_engine_load(engine, T(WAYS)));
        tg_reader *reader;
        OK(tg_reader_new(engine, &reader));
        way_counts counts[8];
        memset(counts, 0, sizeof counts);
        uint64_t wanted[7][2];
        memset(wanted, 0, sizeof wanted);
        for (int user = 0; user < 8; user++) {
            tg_context *context;
            OK(tg_context_new(engine, &context));
            char id[8] = "user-0";
            id[5] = (char)('0' + user);
            OK(tg_context_set_str_named(context, T("user_id"), id, 6));
            OK(tg_context_set_str_named(context, T("plan"), user % 2 ? "pro" : "free", user % 2 ? 3 : 4));
            OK(tg_context_set_str_named(context, T("country"), user % 4 < 2 ? "de" : "fr", 2));
            bool pro = user % 2 != 0, de = user % 4 < 2;
            for (size_t way = 0; way < 7; way++) {
                tg_feature gate = feature(engine, NAMES[way]);
                bool share;
                OK(tg_engine_check_name(engine, NAMES[1], strlen(NAMES[1]), context, &share));
                wanted[1][share ? 0 : 1]++;
                bool expected[7] = {true, share, pro && de, pro, true, de, false};
                for (int i = 0; i < EACH; i++) {
                    bool on = !expected[way];
                    OK(tg_reader_check(reader, gate, context, &on));
                    CHECK(on == expected[way]);
                    wanted[way][on ? 0 : 1]++;
                }
            }
            tg_context_free(context);
        }
        for (size_t way = 0; way < 7; way++)
            counts[way].name = NAMES[way];
        OK(tg_engine_drain_exposures(engine, hear_way, counts));
        for (size_t way = 0; way < 7; way++) {
            bool counted = f == 1 && way < 6;
            CHECK(counts[way].on == (counted ? wanted[way][0] : 0) && counts[way].off == (counted ? wanted[way][1] : 0));
            CHECK(counts[way].phase == (counted && way == 5 ? wanted[5][0] : 0));
        }
        CHECK(wanted[1][0] > 0 && wanted[1][1] > 0 && wanted[2][0] == 2 * EACH && wanted[5][0] == 4 * EACH);
        tg_reader_free(reader);
        tg_engine_free(engine);
    }
}

static void traces(void) {
    tg_engine *engine = loaded(TG_ENGINE_KEEP_SOURCE), *plain = loaded(0);
    tg_context *context, *other;
    OK(tg_context_new(engine, &context));
    OK(tg_context_new(plain, &other));
    OK(tg_context_set_object(context, T("{\"user_id\": \"u-1\", \"seats\": 3, \"share\": 0.5, \"flag\": true, \"list\": [\"a\"], \"object\": {}}")));
    tg_text *text;
    OK(tg_engine_trace(engine, T("half"), context, &text));
    CHECK(says(text, "\"bucket\":"));
    OK(tg_engine_explain(engine, T("half"), context, &text));
    CHECK(says(text, "half = "));
    STATUS(TG_STATUS_BAD_CONTEXT, tg_engine_trace(plain, T("half"), other, &text));
    STATUS(TG_STATUS_BAD_CONTEXT, tg_engine_explain(plain, T("half"), other, &text));
    OK(tg_engine_listing(engine, T("half"), &text));
    CHECK(says(text, "half"));
    OK(tg_engine_listing(engine, NULL, 0, &text));
    CHECK(says(text, "checkout"));
    STATUS(TG_STATUS_NO_VALUE, tg_engine_listing(engine, T("nothing"), &text));
    tg_context_free(context);
    tg_context_free(other);
    tg_engine_free(engine);
    tg_engine_free(plain);
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    versions();
    checks();
    decisions();
    configs();
    all();
    times();
    reports(arguments[1]);
    overrides();
    counters();
    ways();
    traces();
    return 0;
}
