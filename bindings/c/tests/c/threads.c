/* Two threads check while a third swaps; each sees one version after the other, and of two gates released together never a mix. */
#include <pthread.h>

#include "testing.h"

enum { SWAPS = 300 };

static tg_engine *engine;
static tg_context *context;
static tg_feature first, second;
static int done;

static void count(void *total, const tg_decision *decision) { *(int *)total += decision->on; }

static void *check(void *unused) {
    tg_reader *reader;
    uint64_t newest = 0;
    (void)unused;
    OK(tg_reader_new(engine, &reader));
    while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
        tg_view *view;
        tg_decision decision;
        bool a, b, on;
        uint64_t version;
        int64_t now;
        int both = 0;
        OK(tg_reader_check(reader, first, context, &on));
        OK(tg_engine_check(engine, first, context, &on));
        OK(tg_reader_decide(reader, second, context, &decision));
        CHECK(decision.version >= newest && decision.on == (decision.version % 2 == 0));
        newest = decision.version;
        OK(tg_reader_each(reader, context, count, &both));
        CHECK(both == 0 || both == 2);
        OK(tg_view_new(engine, &view));
        OK(tg_view_version(view, &version, &now));
        OK(tg_view_check(view, first, context, &a));
        OK(tg_view_check(view, second, context, &b));
        CHECK(a == (version % 2 == 0) && a == b && version >= newest);
        tg_view_free(view);
    }
    tg_reader_free(reader);
    return NULL;
}

static void load(int version) {
    char document[512];
    const char *variant = version % 2 == 0 ? "on" : "off";
    int length = snprintf(document, sizeof document,
                          "{\"schema_version\": 1, \"version\": %d, \"features\": {"
                          "\"a\": {\"kind\": \"gate\", \"default\": \"%s\"}, \"b\": {\"kind\": \"gate\", \"default\": \"%s\"}}}",
                          version, variant, variant);
    OK(tg_engine_load(engine, document, (size_t)length));
}

int main(void) {
    tg_engine_options options;
    pthread_t threads[2];
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.flags = TG_ENGINE_COUNTERS;
    OK(tg_engine_new(&options, &engine));
    OK(tg_engine_feature(engine, T("a"), &first));
    OK(tg_engine_feature(engine, T("b"), &second));
    OK(tg_context_new(engine, &context));
    OK(tg_context_set_str_named(context, T("user_id"), T("u-1")));
    load(1);
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, check, NULL) == 0);
    for (int version = 2; version <= SWAPS; version++)
        load(version);
    __atomic_store_n(&done, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 2; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    tg_context_free(context);
    tg_engine_free(engine);
    return 0;
}
