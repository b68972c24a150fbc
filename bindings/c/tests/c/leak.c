/* Checks and swaps, many of each, leave the resident size as it was: `leak CHECKS SWAPS`. */
#include <pthread.h>
#include <unistd.h>

#include "testing.h"

enum { WARM_UP = 2, PARTS = 10, GATES = 10 };

static tg_engine *engine;
static tg_feature gates[GATES], config;
static long checked;

/* Bytes in memory. */
static long resident(void) {
    long size, pages;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%ld %ld", &size, &pages) == 2);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

/* Every second version has other shares, another segment and another value. */
static void load(int version) {
    static char document[64 * 1024];
    size_t length = 0;
#define PUT(...) length += (size_t)snprintf(document + length, sizeof document - length, __VA_ARGS__)
    PUT("{\"schema_version\": 1, \"version\": %d, \"segments\": {\"staff\": {\"if\": {\"attribute\": \"email\", "
        "\"op\": \"ends_with\", \"value\": \"@corp%d.example\"}}}, \"features\": {\"c\": {\"kind\": \"config\", "
        "\"variants\": {\"a\": {\"limit\": %d, \"names\": [\"x\", \"y\"]}}, \"default\": \"a\"}", version, version % 2, version % 1000);
    for (int i = 0; i < GATES; i++)
        PUT(", \"g%d\": {\"kind\": \"gate\", \"unit\": \"user_id\", \"rules\": [{\"id\": \"staff\", \"if\": {\"segment\": \"staff\"}, "
            "\"variant\": \"on\"}, {\"id\": \"share\", \"rollout\": {\"percent\": %d}, \"variant\": \"on\"}]}", i, (version * 7 + i) % 100);
    PUT("}}");
    CHECK(length < sizeof document);
    OK(tg_engine_load(engine, document, length));
}

/* Of each kind of check one, in a thread that may be new to the engine. */
static void check(tg_reader *reader, tg_context *context, int i) {
    char user[32];
    bool on;
    tg_decision decision;
    tg_text *value;
    int length = snprintf(user, sizeof user, "a-user-with-a-long-id-%d", i % 5000);
    OK(tg_context_clear(context));
    OK(tg_context_set_str_named(context, T("user_id"), user, (size_t)length));
    OK(tg_context_set_str_named(context, T("email"), T("ann@corp0.example")));
    for (int gate = 0; gate < GATES; gate++) {
        OK(tg_reader_check(reader, gates[gate], context, &on));
        OK(tg_engine_check(engine, gates[gate], context, &on));
        OK(tg_reader_decide(reader, gates[gate], context, &decision));
        checked += 3;
    }
    OK(tg_engine_check_name(engine, T("g1"), context, &on));
    OK(tg_reader_json(reader, config, context, &value));
    tg_text_free(value);
    checked += 2;
}

static void *other_thread(void *unused) {
    tg_reader *reader;
    tg_context *context;
    (void)unused;
    OK(tg_reader_new(engine, &reader));
    OK(tg_context_new(engine, &context));
    check(reader, context, 1);
    tg_context_free(context);
    tg_reader_free(reader);
    return NULL;
}

static void drained(void *total, const tg_exposure *exposure) { *(uint64_t *)total += exposure->count; }

int main(int count, char **arguments) {
    tg_engine_options options;
    tg_reader *reader;
    tg_context *context;
    long first = 0, checks, swaps;
    int version = 0;
    CHECK(count == 3);
    checks = atol(arguments[1]);
    swaps = atol(arguments[2]);
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.flags = TG_ENGINE_COUNTERS | TG_ENGINE_KEEP_SOURCE;
    OK(tg_engine_new(&options, &engine));
    OK(tg_reader_new(engine, &reader));
    OK(tg_context_new(engine, &context));
    for (int i = 0; i < GATES; i++) {
        char name[8];
        int length = snprintf(name, sizeof name, "g%d", i);
        OK(tg_engine_feature(engine, name, (size_t)length, &gates[i]));
    }
    OK(tg_engine_feature(engine, T("c"), &config));
    for (int part = 0; part < WARM_UP + PARTS; part++) {
        uint64_t served = 0;
        long now, until = checked + checks / PARTS;
        for (long swap = 0; swap < swaps / PARTS; swap++) {
            load(++version);
            for (int i = 0; checked < until - (swaps / PARTS - swap - 1) * (checks / swaps); i++)
                check(reader, context, i);
            if (swap % 100 == 0) {
                pthread_t thread;
                CHECK(pthread_create(&thread, NULL, other_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
            }
        }
        OK(tg_engine_drain_exposures(engine, drained, &served));
        CHECK(served > 0);
        now = resident();
        printf("%ld checks, %d swaps: %ld KiB\n", checked, version, now / 1024);
        if (part < WARM_UP)
            first = now;
        CHECK(now <= first + first / 50 && now >= first - first / 50);
    }
    tg_context_free(context);
    tg_reader_free(reader);
    tg_engine_free(engine);
    return 0;
}
