/* An engine that a server keeps current: connected CONNECTION. It says on stdout how far it is, and the test does its part: turns the
 * gate on after `ready`, and after `reported COUNT`, which the server is to have then, stops the server. */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "testing.h"

enum { DEADLINE_S = 120, CHECKS = 5 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t happened = PTHREAD_COND_INITIALIZER;
/* What was heard of each kind, and of it the last. */
static unsigned heard[TG_EVENT_KIND_ERROR + 1];
static tg_event changed;
static unsigned ended;

static void hear(void *userdata, const tg_event *event) {
    CHECK(userdata == heard && event->kind >= TG_EVENT_KIND_READY && event->kind <= TG_EVENT_KIND_ERROR);
    CHECK((event->kind == TG_EVENT_KIND_ERROR) == (event->status != TG_STATUS_OK && event->message.len > 0));
    pthread_mutex_lock(&lock);
    heard[event->kind]++;
    if (event->kind == TG_EVENT_KIND_CHANGED)
        changed = *event;
    pthread_cond_broadcast(&happened);
    pthread_mutex_unlock(&lock);
}

static void end(void *userdata) {
    CHECK(userdata == heard);
    ended++;
}

/* Waits for events until one has made it so. */
static void until(bool (*so)(const void *), const void *of) {
    struct timespec deadline;
    CHECK(clock_gettime(CLOCK_REALTIME, &deadline) == 0);
    deadline.tv_sec += DEADLINE_S;
    pthread_mutex_lock(&lock);
    while (!so(of))
        CHECK(pthread_cond_timedwait(&happened, &lock, &deadline) == 0);
    pthread_mutex_unlock(&lock);
}

static void say(const char *line) {
    CHECK(puts(line) >= 0 && fflush(stdout) == 0);
}

static tg_client_state state_of(const tg_client *client) {
    tg_client_state state;
    OK(tg_client_status(client, &state));
    return state;
}

static bool is_on(const tg_engine *engine) {
    tg_context *nobody;
    bool on = false;
    OK(tg_context_new(engine, &nobody));
    OK(tg_engine_check_name(engine, T("checkout"), nobody, &on));
    tg_context_free(nobody);
    return on;
}

static bool serves_on(const void *engine) {
    return is_on((const tg_engine *)engine);
}

static bool is_alone(const void *client) {
    tg_client_state state = state_of((const tg_client *)client);
    return state.connected == TG_CONNECTED_NO && state.stale && heard[TG_EVENT_KIND_ERROR] > 0;
}

static void connect_to(const char *connection, tg_engine **engine, tg_client **client) {
    tg_engine_options engine_options;
    tg_connect_options options;
    tg_source source;
    memset(&engine_options, 0, sizeof engine_options);
    engine_options.struct_size = sizeof engine_options;
    engine_options.flags = TG_ENGINE_COUNTERS;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.flags = TG_CONNECT_DIRECT;
    options.connection = str(connection);
    options.engine = &engine_options;
    options.stale_after_ms = 1000;
    OK(tg_engine_connect(&options, engine, client));
    OK(tg_client_wait_ready(*client, DEADLINE_S * 1000, &source));
    CHECK(source == TG_SOURCE_STREAM);
}

static void drained(void *userdata, const tg_exposure *exposure) {
    if (same(exposure->feature, "checkout") && exposure->release.len > 0) {
        CHECK(same(exposure->variant, "on") && same(exposure->phase, "all"));
        *(uint64_t *)userdata += exposure->count;
    }
}

/* What is drained here is not reported, and what is decided later is, at the latest when the client closes: how much that is. */
static uint64_t counted(const char *connection) {
    tg_engine *engine;
    tg_client *client;
    uint64_t made = 0, kept = 0;
    connect_to(connection, &engine, &client);
    /* A report may come in between, and take it. */
    do {
        CHECK(is_on(engine));
        made++;
        OK(tg_engine_drain_exposures(engine, drained, &kept));
    } while (kept == 0);
    for (int i = 0; i < CHECKS; i++, made++)
        CHECK(is_on(engine));
    OK(tg_client_close(client));
    CHECK(state_of(client).life == TG_LIFE_CLOSED && state_of(client).connected == TG_CONNECTED_NO);
    CHECK(is_on(engine));
    tg_client_free(client);
    tg_engine_free(engine);
    return made - kept;
}

int main(int count, char **arguments) {
    tg_engine *engine;
    tg_client *client;
    tg_subscription *subscription;
    tg_report *report;
    tg_reader *reader;
    tg_context *nobody;
    tg_decision decision;
    tg_feature checkout;
    char line[64];
    CHECK(count == 2 && tg_has(T("http")));
    /* Whoever reads the lines waits for the next: it is to come, or this is to end. */
    alarm(2 * DEADLINE_S);

    connect_to(arguments[1], &engine, &client);
    OK(tg_client_on_event(client, hear, heard, end, &subscription));
    uint64_t before = state_of(client).version;
    CHECK(before > 0 && !is_on(engine));
    say("ready");

    until(serves_on, engine);
    tg_client_state state = state_of(client);
    CHECK(state.source == TG_SOURCE_STREAM && state.connected == TG_CONNECTED_STREAM && state.life == TG_LIFE_RUNNING);
    CHECK(state.version > before && state.age_ms >= 0 && strlen(state.instance) == 36);
    CHECK(changed.source == TG_SOURCE_STREAM && changed.version > before && changed.changed == 1);
    snprintf(line, sizeof line, "reported %llu", (unsigned long long)counted(arguments[1]));
    say(line);

    until(is_alone, client);
    state = state_of(client);
    CHECK(state.life == TG_LIFE_RUNNING && state.last_error != TG_STATUS_OK && state.age_ms >= 0);
    OK(tg_client_last_error(client, &report));
    tg_report_free(report);
    OK(tg_engine_feature(engine, T("checkout"), &checkout));
    OK(tg_context_new(engine, &nobody));
    OK(tg_reader_new(engine, &reader));
    OK(tg_reader_decide(reader, checkout, nobody, &decision));
    CHECK(decision.on && decision.reason == TG_REASON_RULE && same(decision.phase, "all"));
    CHECK(decision.version == state.version);
    tg_reader_free(reader);
    tg_context_free(nobody);
    say("alone");

    /* The last counts cannot be sent, which is no failure. */
    OK(tg_client_close(client));
    tg_subscription_free(subscription);
    CHECK(ended == 1);
    tg_client_free(client);
    tg_engine_free(engine);
    return 0;
}
