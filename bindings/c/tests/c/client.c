/* Connected engines, without a network: a file that is watched, and what the options refuse. Without the feature `http`, every call
 * says so. */
#include <sys/wait.h>
#include <unistd.h>

#include "testing.h"

static int ready, changed, freed;

static void hear(void *userdata, const tg_event *event) {
    CHECK(userdata == &ready);
    if (event->kind == TG_EVENT_KIND_READY) {
        CHECK(event->source == TG_SOURCE_FILE && event->version == 42);
        __atomic_add_fetch(&ready, 1, __ATOMIC_RELAXED);
    }
    if (event->kind == TG_EVENT_KIND_CHANGED)
        __atomic_add_fetch(&changed, 1, __ATOMIC_RELAXED);
}

static void end(void *userdata) {
    CHECK(userdata == &ready);
    freed++;
}

static void refused(const char *file) {
    tg_connect_options options;
    tg_engine *engine = NULL;
    tg_client *client = NULL;
    memset(&options, 0, sizeof options);
    STATUS(TG_STATUS_NULL_POINTER, tg_engine_connect(NULL, &engine, &client));
    STATUS(TG_STATUS_INVALID_ARGUMENT, tg_engine_connect(&options, &engine, &client));
    options.struct_size = sizeof options;
    STATUS(TG_STATUS_NULL_POINTER, tg_engine_connect(&options, NULL, &client));
    STATUS(TG_STATUS_NULL_POINTER, tg_engine_connect(&options, &engine, NULL));
    options.flags = 1u << 30;
    STATUS(TG_STATUS_INVALID_ARGUMENT, tg_engine_connect(&options, &engine, &client));
    options.flags = 0;
    if (tg_has(T("http"))) {
        STATUS(TG_STATUS_INVALID_ARGUMENT, tg_engine_connect(&options, &engine, &client));
        options.connection = str("https://flags.example");
        STATUS(TG_STATUS_BAD_CONNECTION, tg_engine_connect(&options, &engine, &client));
        tg_report *report;
        tg_diagnostic diagnostic;
        OK(tg_last_report(&report));
        OK(tg_report_diagnostic(report, 0, &diagnostic));
        CHECK(diagnostic.status == TG_STATUS_BAD_CONNECTION && diagnostic.message.len > 10);
        tg_report_free(report);
        options.file = str(file);
        STATUS(TG_STATUS_INVALID_ARGUMENT, tg_engine_connect(&options, &engine, &client));
    } else {
        options.file = str(file);
        STATUS(TG_STATUS_NOT_AVAILABLE, tg_engine_connect(&options, &engine, &client));
    }
    CHECK(engine == NULL && client == NULL);

    tg_client_state state;
    tg_source source;
    tg_report *report;
    tg_subscription *subscription;
    tg_quiet *quiet;
    STATUS(TG_STATUS_NULL_POINTER, tg_client_status(NULL, &state));
    STATUS(TG_STATUS_NULL_POINTER, tg_client_wait_ready(NULL, 0, &source));
    STATUS(TG_STATUS_NULL_POINTER, tg_client_last_error(NULL, &report));
    STATUS(TG_STATUS_NULL_POINTER, tg_client_on_event(NULL, hear, NULL, NULL, &subscription));
    STATUS(TG_STATUS_NULL_POINTER, tg_client_close(NULL));
    STATUS(TG_STATUS_NULL_POINTER, tg_client_quiesce(NULL, &quiet));
    STATUS(TG_STATUS_NULL_POINTER, tg_client_resume(NULL));
    tg_client_free(NULL);
    tg_quiet_free(NULL);
}

static void watched(const char *file) {
    tg_connect_options options;
    tg_engine *engine;
    tg_client *client;
    tg_client_state state;
    tg_source source;
    tg_subscription *subscription;
    tg_report *report;
    tg_quiet *quiet;
    tg_snapshot snapshot;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.file = str(file);
    options.watch_interval_ms = 20;
    OK(tg_engine_connect(&options, &engine, &client));
    OK(tg_client_on_event(client, hear, &ready, end, &subscription));
    OK(tg_client_wait_ready(client, 60000, &source));
    CHECK(source == TG_SOURCE_FILE);
    OK(tg_engine_snapshot(engine, &snapshot));
    CHECK(snapshot.version == 42);
    OK(tg_client_status(client, &state));
    CHECK(state.source == TG_SOURCE_FILE && state.connected == TG_CONNECTED_NO && state.life == TG_LIFE_RUNNING);
    CHECK(state.version == 42 && state.age_ms == -1 && !state.stale && strlen(state.instance) == 36);
    CHECK(state.last_error == TG_STATUS_OK);
    STATUS(TG_STATUS_NO_VALUE, tg_client_last_error(client, &report));
    STATUS(TG_STATUS_NOT_AVAILABLE, tg_engine_set_time(engine, 0));
    OK(tg_client_quiesce(client, &quiet));
    tg_quiet_free(quiet);
    OK(tg_client_resume(client));
    OK(tg_client_close(client));
    OK(tg_client_close(client));
    OK(tg_client_status(client, &state));
    CHECK(state.life == TG_LIFE_CLOSED);
    tg_subscription_free(subscription);
    CHECK(freed == 1 && __atomic_load_n(&ready, __ATOMIC_RELAXED) <= 1);
    tg_client_free(client);
    OK(tg_engine_snapshot(engine, &snapshot));
    CHECK(snapshot.version == 42);
    tg_engine_free(engine);

    /* Nothing comes. */
    options.file = str("/nowhere/at/all.json");
    OK(tg_engine_connect(&options, &engine, &client));
    STATUS(TG_STATUS_NOT_READY, tg_client_wait_ready(client, 50, &source));
    tg_engine_free(engine);
    tg_client_free(client);
}

static tg_life life(const tg_client *client) {
    tg_client_state state;
    OK(tg_client_status(client, &state));
    return state.life;
}

/* A child serves what there was, and connects anew; the parent goes on. */
static void forked(const char *file) {
    tg_connect_options options;
    tg_engine *engine;
    tg_client *client;
    tg_quiet *quiet;
    tg_source source;
    tg_snapshot snapshot;
    int status;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.file = str(file);
    OK(tg_engine_connect(&options, &engine, &client));
    OK(tg_client_wait_ready(client, 60000, &source));
    OK(tg_client_quiesce(client, &quiet));
    pid_t child = fork();
    CHECK(child >= 0);
    tg_quiet_free(quiet);
    if (child == 0) {
        CHECK(life(client) == TG_LIFE_FORKED);
        OK(tg_engine_snapshot(engine, &snapshot));
        CHECK(snapshot.version == 42);
        OK(tg_client_resume(client));
        OK(tg_client_wait_ready(client, 60000, &source));
        CHECK(life(client) == TG_LIFE_RUNNING);
    } else {
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
        CHECK(life(client) == TG_LIFE_RUNNING);
    }
    tg_client_free(client);
    tg_engine_free(engine);
    if (child == 0) {
        /* What the parent's thread had is lost here, for good; Valgrind is not to look for it. */
        execlp("true", "true", (char *)NULL);
        _exit(1);
    }
}

static void close_it(void *userdata, const tg_event *event) {
    (void)event;
    OK(tg_client_close(*(tg_client **)userdata));
}

static void write_version(const char *path, int version) {
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    CHECK(fprintf(file, "{\"schema_version\": 1, \"version\": %d}", version) > 0 && fclose(file) == 0);
}

/* A callback of a client may close it. */
static void closed_by_itself(void) {
    tg_connect_options options;
    tg_engine *engine;
    tg_client *client;
    tg_source source;
    tg_subscription *subscription;
    char path[] = "/tmp/tidegate-client-XXXXXX";
    int file = mkstemp(path);
    CHECK(file >= 0 && close(file) == 0);
    write_version(path, 1);
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.file = str(path);
    options.watch_interval_ms = 5;
    OK(tg_engine_connect(&options, &engine, &client));
    OK(tg_client_wait_ready(client, 60000, &source));
    OK(tg_client_on_event(client, close_it, &client, NULL, &subscription));
    /* What is written while it looks may be missed, as a file's time is coarse. */
    for (int version = 2; version < 6000 && life(client) != TG_LIFE_CLOSED; version++) {
        write_version(path, version);
        usleep(10000);
    }
    CHECK(life(client) == TG_LIFE_CLOSED);
    tg_subscription_free(subscription);
    tg_client_free(client);
    tg_engine_free(engine);
    CHECK(remove(path) == 0);
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    refused(arguments[1]);
    if (tg_has(T("http"))) {
        watched(arguments[1]);
        forked(arguments[1]);
        closed_by_itself();
    }
    return 0;
}
