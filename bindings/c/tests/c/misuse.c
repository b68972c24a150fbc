/* Whatever a caller does wrong and can be told: a status says so, and nothing is written. */
#include <pthread.h>

#include "testing.h"

static tg_engine *engine, *other;
static tg_context *context, *foreign;
static tg_reader *reader;
static tg_view *view;
static tg_feature gate;
static tg_attribute plan;
static tg_str none;

#define NULLS(call) STATUS(TG_STATUS_NULL_POINTER, call)

static void nulls(void) {
    bool on = true;
    int64_t integer = 1;
    double number = 1;
    uint64_t version = 1;
    size_t size = 1;
    tg_str text = none;
    tg_text *owned = NULL;
    tg_decision decision;
    tg_snapshot snapshot;
    tg_update update;
    tg_diagnostic diagnostic;
    tg_report *report = NULL;
    tg_subscription *subscription = NULL;
    const tg_value *value = NULL;
    tg_feature feature;
    tg_attribute attribute;

    tg_engine_free(NULL);
    tg_context_free(NULL);
    tg_reader_free(NULL);
    tg_view_free(NULL);
    tg_report_free(NULL);
    tg_subscription_free(NULL);
    tg_text_free(NULL);

    NULLS(tg_engine_new(NULL, NULL));
    NULLS(tg_engine_load(NULL, T("{}")));
    NULLS(tg_engine_load(engine, NULL, 1));
    NULLS(tg_engine_load_file(NULL, T("x")));
    NULLS(tg_engine_apply_delta(NULL, T("{}")));
    NULLS(tg_engine_feature(NULL, T("f"), &feature));
    NULLS(tg_engine_feature(engine, NULL, 1, &feature));
    NULLS(tg_engine_feature(engine, T("f"), NULL));
    NULLS(tg_engine_attribute(NULL, T("f"), &attribute));
    NULLS(tg_engine_attribute(engine, T("f"), NULL));
    NULLS(tg_engine_check(NULL, gate, context, &on));
    NULLS(tg_engine_check(engine, gate, NULL, &on));
    NULLS(tg_engine_check(engine, gate, context, NULL));
    NULLS(tg_engine_check_name(NULL, T("f"), context, &on));
    NULLS(tg_engine_snapshot(NULL, &snapshot));
    NULLS(tg_engine_snapshot(engine, NULL));
    NULLS(tg_engine_listing(NULL, NULL, 0, &owned));
    NULLS(tg_engine_listing(engine, NULL, 0, NULL));
    NULLS(tg_engine_set_time(NULL, 0));
    NULLS(tg_engine_use_system_time(NULL));
    NULLS(tg_engine_report(NULL, &report));
    NULLS(tg_engine_report(engine, NULL));
    NULLS(tg_last_report(NULL));
    NULLS(tg_engine_on_update(NULL, NULL, NULL, NULL, &subscription));
    NULLS(tg_engine_on_update(engine, NULL, NULL, NULL, &subscription));
    NULLS(tg_engine_on_update(engine, NULL, NULL, NULL, NULL));
    NULLS(tg_engine_set_log(NULL, TG_LEVEL_INFO, NULL, NULL, NULL));
    NULLS(tg_engine_set_override(NULL, NULL));
    NULLS(tg_engine_set_override(engine, NULL));
    NULLS(tg_engine_clear_override(NULL, T("f")));
    NULLS(tg_engine_clear_overrides(NULL));
    NULLS(tg_engine_overridden(engine, NULL, NULL));
    NULLS(tg_engine_drain_exposures(engine, NULL, NULL));
    NULLS(tg_engine_trace(NULL, T("f"), context, &owned));
    NULLS(tg_engine_trace(engine, T("f"), NULL, &owned));
    NULLS(tg_engine_explain(engine, T("f"), context, NULL));
    NULLS(tg_context_new(NULL, &context));
    NULLS(tg_context_new(engine, NULL));
    NULLS(tg_context_clear(NULL));
    NULLS(tg_context_set_str(NULL, plan, T("x")));
    NULLS(tg_context_set_str(context, plan, NULL, 1));
    NULLS(tg_context_borrow_str(context, plan, NULL, 1));
    NULLS(tg_context_set_strs(context, plan, NULL, 1));
    NULLS(tg_context_set_json(context, plan, NULL, 1));
    NULLS(tg_context_set_str_named(context, NULL, 1, T("x")));
    NULLS(tg_context_set_object(NULL, T("{}")));
    NULLS(tg_reader_new(NULL, &reader));
    NULLS(tg_reader_new(engine, NULL));
    NULLS(tg_reader_check(NULL, gate, context, &on));
    NULLS(tg_reader_check(reader, gate, NULL, &on));
    NULLS(tg_reader_check(reader, gate, context, NULL));
    NULLS(tg_reader_check_name(reader, NULL, 1, context, &on));
    NULLS(tg_reader_decide(NULL, gate, context, &decision));
    NULLS(tg_reader_decide(reader, gate, context, NULL));
    NULLS(tg_reader_bool(NULL, gate, context, &on));
    NULLS(tg_reader_int(reader, gate, NULL, &integer));
    NULLS(tg_reader_float(reader, gate, context, NULL));
    NULLS(tg_reader_float(NULL, gate, context, &number));
    NULLS(tg_reader_str(NULL, gate, context, &text));
    NULLS(tg_reader_value(NULL, gate, context, &value));
    NULLS(tg_reader_json(reader, gate, context, NULL));
    NULLS(tg_reader_each(reader, context, NULL, NULL));
    NULLS(tg_view_new(NULL, &view));
    NULLS(tg_view_version(view, NULL, &integer));
    NULLS(tg_view_version(NULL, &version, &integer));
    NULLS(tg_view_check(NULL, gate, context, &on));
    NULLS(tg_view_decide(NULL, gate, context, &decision));
    NULLS(tg_view_decide_name(view, NULL, 1, context, &decision));
    NULLS(tg_view_each(view, context, NULL, NULL));
    NULLS(tg_report_update(NULL, &update));
    NULLS(tg_report_changed(NULL, 0, &text));
    NULLS(tg_report_isolated(NULL, 0, &text));
    NULLS(tg_report_diagnostic(NULL, 0, &diagnostic));
    NULLS(tg_report_json(NULL, &owned));
    NULLS(tg_text_view(NULL, &text));
    STATUS(TG_STATUS_NO_VALUE, tg_value_bool(NULL, &on));
    STATUS(TG_STATUS_NO_VALUE, tg_value_size(NULL, &size));
    NULLS(tg_value_bool(NULL, NULL));
    STATUS(TG_STATUS_NO_VALUE, tg_value_json(NULL, &owned));
    CHECK(on && integer == 1 && number == 1 && version == 1 && size == 1 && owned == NULL && report == NULL);
}

static void texts(void) {
    bool on = true;
    tg_feature feature;
    tg_decision decision;
    const char bad[] = "\xff\xfe";
    STATUS(TG_STATUS_INVALID_UTF8, tg_engine_feature(engine, T(bad), &feature));
    STATUS(TG_STATUS_INVALID_UTF8, tg_context_set_str(context, plan, T(bad)));
    STATUS(TG_STATUS_INVALID_UTF8, tg_context_borrow_str(context, plan, "\xc3", 1));
    STATUS(TG_STATUS_INVALID_UTF8, tg_context_set_str_named(context, T(bad), T("x")));
    STATUS(TG_STATUS_INVALID_UTF8, tg_reader_check_name(reader, T(bad), context, &on));
    STATUS(TG_STATUS_INVALID_UTF8, tg_view_decide_name(view, T(bad), context, &decision));
    STATUS(TG_STATUS_BAD_UNICODE, tg_engine_load(engine, T("{\"a\": \"\xff\"}")));
    CHECK(!tg_has(T(bad)));
    /* Lengths that no text has are not read. */
    size_t huge[3] = {SIZE_MAX, SIZE_MAX / 2 + 1, ((size_t)256 << 20) + 1};
    for (int i = 0; i < 3; i++) {
        STATUS(TG_STATUS_TOO_LONG, tg_engine_load(engine, "{}", huge[i]));
        STATUS(TG_STATUS_TOO_LONG, tg_engine_load(engine, NULL, huge[i]));
        STATUS(TG_STATUS_TOO_LONG, tg_engine_feature(engine, "f", huge[i], &feature));
        STATUS(TG_STATUS_TOO_LONG, tg_context_set_str(context, plan, "x", huge[i]));
        STATUS(TG_STATUS_TOO_LONG, tg_context_set_strs(context, plan, &none, huge[i]));
        STATUS(TG_STATUS_TOO_LONG, tg_reader_check_name(reader, "f", huge[i], context, &on));
        CHECK(!tg_has("regex", huge[i]));
    }
    CHECK(on);
    /* JSON that is not as it should be. */
    STATUS(TG_STATUS_NOT_JSON, tg_context_set_json(context, plan, T("{")));
    STATUS(TG_STATUS_NUMBER_OUT_OF_RANGE, tg_context_set_json(context, plan, T("1e999")));
    STATUS(TG_STATUS_BAD_CONTEXT, tg_context_set_object(context, T("[1]")));
    STATUS(TG_STATUS_NOT_AN_OBJECT, tg_engine_load(engine, T("[1]")));
    STATUS(TG_STATUS_NOT_JSON, tg_engine_load(engine, NULL, 0));
}

static void others(void) {
    bool on = true;
    tg_decision decision;
    tg_text *text = NULL;
    int64_t integer = 1;
    tg_feature their_gate;
    tg_attribute their_plan;
    OK(tg_engine_feature(other, T("checkout"), &their_gate));
    OK(tg_engine_attribute(other, T("plan"), &their_plan));
    STATUS(TG_STATUS_WRONG_ENGINE, tg_reader_check(reader, their_gate, context, &on));
    STATUS(TG_STATUS_WRONG_ENGINE, tg_reader_check(reader, gate, foreign, &on));
    STATUS(TG_STATUS_WRONG_ENGINE, tg_reader_decide(reader, their_gate, context, &decision));
    STATUS(TG_STATUS_WRONG_ENGINE, tg_reader_int(reader, gate, foreign, &integer));
    STATUS(TG_STATUS_WRONG_ENGINE, tg_engine_check(engine, their_gate, context, &on));
    STATUS(TG_STATUS_WRONG_ENGINE, tg_view_check(view, gate, foreign, &on));
    STATUS(TG_STATUS_WRONG_ENGINE, tg_engine_trace(engine, T("checkout"), foreign, &text));
    STATUS(TG_STATUS_WRONG_ENGINE, tg_context_set_str(context, their_plan, T("x")));
    their_plan = plan;
    their_plan.index = 70000;
    STATUS(TG_STATUS_WRONG_ENGINE, tg_context_set_str(context, their_plan, T("x")));
    /* A number that no feature has is an unknown feature. */
    their_gate = gate;
    their_gate.number = UINT32_MAX;
    OK(tg_reader_check(reader, their_gate, context, &on));
    CHECK(!on);
    OK(tg_reader_decide(reader, their_gate, context, &decision));
    CHECK(decision.reason == TG_REASON_UNKNOWN_FEATURE);
}

static void kinds(void) {
    bool on = true;
    tg_str text;
    STATUS(TG_STATUS_INVALID_HANDLE, tg_reader_check((tg_reader *)context, gate, context, &on));
    STATUS(TG_STATUS_INVALID_HANDLE, tg_reader_check(reader, gate, (tg_context *)engine, &on));
    STATUS(TG_STATUS_INVALID_HANDLE, tg_view_check((tg_view *)reader, gate, context, &on));
    STATUS(TG_STATUS_INVALID_HANDLE, tg_engine_check((tg_engine *)context, gate, context, &on));
    STATUS(TG_STATUS_INVALID_HANDLE, tg_context_clear((tg_context *)engine));
    STATUS(TG_STATUS_INVALID_HANDLE, tg_text_view((tg_text *)engine, &text));
    /* Freeing it as something else does nothing. */
    tg_text_free((tg_text *)engine);
    tg_reader_free((tg_reader *)engine);
    tg_engine_free((tg_engine *)reader);
    on = true;
    OK(tg_engine_check(engine, gate, context, &on));
    OK(tg_reader_check(reader, gate, context, &on));
    CHECK(!on);
}

static void free_what_is_lent(void *userdata, const tg_report *report) {
    tg_update update;
    /* Not its own: neither once nor twice, nor as something else. */
    tg_report_free((tg_report *)report);
    tg_report_free((tg_report *)report);
    tg_text_free((tg_text *)report);
    OK(tg_report_update(report, &update));
    CHECK(update.version == 8 && update.changed == 1);
    ++*(int *)userdata;
}

struct leaving {
    tg_subscription *own;
    int told, ended;
};

static void leave(void *userdata, const tg_report *report) {
    struct leaving *leaving = userdata;
    tg_update update;
    tg_subscription_free(leaving->own);
    leaving->told++;
    /* What it was given stays until it returns. */
    CHECK(leaving->ended == 0);
    OK(tg_report_update(report, &update));
}

static void left(void *userdata) { ((struct leaving *)userdata)->ended++; }

/* A callback may end its own subscription. */
static void leaves(void) {
    tg_engine *own;
    struct leaving leaving = {NULL, 0, 0};
    OK(tg_engine_new(NULL, &own));
    OK(tg_engine_on_update(own, leave, &leaving, left, &leaving.own));
    OK(tg_engine_load(own, T("{\"schema_version\": 1, \"version\": 1}")));
    OK(tg_engine_load(own, T("{\"schema_version\": 1, \"version\": 2}")));
    CHECK(leaving.told == 1 && leaving.ended == 1);
    tg_engine_free(own);
}

static void lent(void) {
    tg_engine *own;
    tg_subscription *subscription;
    int told = 0;
    OK(tg_engine_new(NULL, &own));
    OK(tg_engine_on_update(own, free_what_is_lent, &told, NULL, &subscription));
    OK(tg_engine_load(own, T("{\"schema_version\": 1, \"version\": 8, \"features\": {\"f\": {\"kind\": \"gate\"}}}")));
    CHECK(told == 1);
    tg_subscription_free(subscription);
    tg_engine_free(own);
}

/* The last refusal of this thread has this code and place. */
static void last(const char *code, const char *pointer) {
    tg_report *report;
    tg_diagnostic diagnostic;
    OK(tg_last_report(&report));
    OK(tg_report_diagnostic(report, 0, &diagnostic));
    CHECK(same(diagnostic.code, code) && same(diagnostic.pointer, pointer) && diagnostic.message.len > 10);
    tg_report_free(report);
}

static void *other_thread(void *unused) {
    (void)unused;
    tg_report *report;
    STATUS(TG_STATUS_NO_VALUE, tg_last_report(&report));
    return NULL;
}

/* Where no engine keeps a report, the thread does. */
static void last_reports(void) {
    tg_report *report;
    STATUS(TG_STATUS_NO_VALUE, tg_last_report(&report));
    STATUS(TG_STATUS_NOT_JSON, tg_context_set_object(context, T("{\"a\": {\"b\": [1, tru]}}")));
    last("TG1001", "/a/b/1");
    STATUS(TG_STATUS_BAD_CONTEXT, tg_context_set_object(context, T("[1]")));
    last("TG5002", "");
    STATUS(TG_STATUS_NOT_JSON, tg_context_set_json(context, plan, T("1e")));
    last("TG1001", "");
    tg_engine_options wrong;
    memset(&wrong, 0, sizeof wrong);
    wrong.struct_size = sizeof wrong;
    wrong.process_json = str("3");
    tg_engine *none;
    STATUS(TG_STATUS_BAD_CONTEXT, tg_engine_new(&wrong, &none));
    last("TG5002", "");
    /* One that the status says all of leaves it, and is told apart by the status. */
    STATUS(TG_STATUS_INVALID_UTF8, tg_context_set_json_named(context, T("\xff"), T("1")));
    OK(tg_last_report(&report));
    tg_update of;
    OK(tg_report_update(report, &of));
    CHECK(of.status == TG_STATUS_BAD_CONTEXT);
    tg_report_free(report);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, other_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
}

static void options(void) {
    tg_engine_options given;
    tg_engine *made = NULL;
    memset(&given, 0, sizeof given);
    STATUS(TG_STATUS_INVALID_ARGUMENT, tg_engine_new(&given, &made));
    given.struct_size = sizeof given;
    given.flags = 1u << 31;
    STATUS(TG_STATUS_INVALID_ARGUMENT, tg_engine_new(&given, &made));
    given.flags = 0;
    given.process_count = 1;
    NULLS(tg_engine_new(&given, &made));
    given.process_count = SIZE_MAX;
    STATUS(TG_STATUS_TOO_LONG, tg_engine_new(&given, &made));
    given.process_count = 0;
    given.process_json = str("[]");
    STATUS(TG_STATUS_BAD_CONTEXT, tg_engine_new(&given, &made));
    given.process_json = str("{");
    STATUS(TG_STATUS_NOT_JSON, tg_engine_new(&given, &made));
    CHECK(made == NULL);
    tg_override wanted;
    memset(&wanted, 0, sizeof wanted);
    STATUS(TG_STATUS_INVALID_ARGUMENT, tg_engine_set_override(engine, &wanted));
    STATUS(TG_STATUS_INVALID_ARGUMENT, tg_engine_set_time(engine, INT64_MIN));
    STATUS(TG_STATUS_INVALID_ARGUMENT, tg_engine_set_log(engine, 0, NULL, NULL, NULL));
    STATUS(TG_STATUS_INVALID_ARGUMENT, tg_engine_set_log(engine, 4, NULL, NULL, NULL));
}

static void *from_elsewhere(void *unused) {
    bool on = true;
    uint64_t version;
    int64_t now;
    (void)unused;
    STATUS(TG_STATUS_WRONG_THREAD, tg_reader_check(reader, gate, context, &on));
    STATUS(TG_STATUS_WRONG_THREAD, tg_view_version(view, &version, &now));
    CHECK(on);
    return NULL;
}

static void *with_its_own(void *own) {
    bool on = true;
    OK(tg_reader_check((tg_reader *)own, gate, context, &on));
    CHECK(!on);
    return NULL;
}

static void threads(void) {
    bool on;
    uint64_t version;
    int64_t now;
    pthread_t thread;
    tg_reader *theirs;
    OK(tg_reader_check(reader, gate, context, &on));
    OK(tg_view_version(view, &version, &now));
    CHECK(pthread_create(&thread, NULL, from_elsewhere, NULL) == 0 && pthread_join(thread, NULL) == 0);
    /* Made here, and used there first: it is theirs. */
    OK(tg_reader_new(engine, &theirs));
    CHECK(pthread_create(&thread, NULL, with_its_own, theirs) == 0 && pthread_join(thread, NULL) == 0);
    tg_reader_free(theirs);
}

int main(void) {
    memset(&none, 0, sizeof none);
    OK(tg_engine_new(NULL, &engine));
    OK(tg_engine_new(NULL, &other));
    OK(tg_engine_load(engine, T(DOCUMENT)));
    OK(tg_engine_load(other, T(DOCUMENT)));
    OK(tg_context_new(engine, &context));
    OK(tg_context_new(other, &foreign));
    OK(tg_reader_new(engine, &reader));
    OK(tg_view_new(engine, &view));
    OK(tg_engine_feature(engine, T("checkout"), &gate));
    OK(tg_engine_attribute(engine, T("plan"), &plan));
    last_reports();
    nulls();
    texts();
    others();
    kinds();
    lent();
    leaves();
    options();
    threads();
    tg_view_free(view);
    tg_reader_free(reader);
    tg_context_free(foreign);
    tg_context_free(context);
    tg_engine_free(other);
    tg_engine_free(engine);
    return 0;
}
