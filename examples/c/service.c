/*
 * A small service: answers over HTTP which checkout a user sees.
 *
 *     service SNAPSHOT [PORT]                        port 0, the default, takes a free one; the first line says which
 *     curl 'localhost:PORT/?user_id=u-1&plan=pro'    -> {"checkout": true, "max_items": 50, "why": "rule"}
 *     kill -HUP PID                                  reads the snapshot again, under running requests
 *
 * Each worker has a reader and a context of its own, which it uses again for every request.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tidegate.h>

enum { WORKERS = 4 };

static tg_engine *engine;
static tg_feature checkout, limits;
static int listening;

/* Only for the start: a request never ends the service. */
static void must(tg_status status, const char *what) {
    if (status != TG_STATUS_OK) {
        tg_str meaning = tg_status_text(status);
        fprintf(stderr, "%s: %.*s\n", what, (int)meaning.len, meaning.data);
        exit(1);
    }
}

/* What is wrong is told line by line; the snapshot before is served on. */
static void on_log(void *unused, tg_level level, tg_str line) {
    (void)unused;
    fprintf(stderr, "%s: %.*s\n", level == TG_LEVEL_INFO ? "info" : "problem", (int)line.len, line.data);
}

/*
 * Sets an attribute for each `name=value` of a query, as it stands: a real service decodes it. What comes from outside may be
 * refused, as a text that is not UTF-8 is.
 */
static tg_status set_attributes(tg_context *context, const char *query) {
    while (*query != '\0') {
        size_t pair = strcspn(query, "& \r\n");
        const char *equals = memchr(query, '=', pair);
        if (equals != NULL) {
            size_t name = (size_t)(equals - query);
            tg_status status = tg_context_set_str_named(context, query, name, equals + 1, pair - name - 1);
            if (status != TG_STATUS_OK)
                return status;
        }
        query += pair;
        if (*query != '&')
            break;
        query++;
    }
    return TG_STATUS_OK;
}

static void respond(int client, const char *status, const char *body) {
    char head[128];
    int length = (int)strlen(body);
    int before = snprintf(head, sizeof head, "HTTP/1.0 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n",
                          status, length);
    if (write(client, head, (size_t)before) != before || write(client, body, (size_t)length) != length)
        perror("write");
}

static void answer(tg_reader *reader, tg_context *context, const char *request, int client) {
    char body[256];
    int64_t max_items = 10; /* what holds if nothing is served */
    tg_decision decision;
    const tg_value *config, *member;

    tg_status status = tg_context_clear(context);
    const char *query = strchr(request, '?');
    if (status == TG_STATUS_OK && query != NULL)
        status = set_attributes(context, query + 1);
    if (status != TG_STATUS_OK) {
        tg_str meaning = tg_status_text(status);
        snprintf(body, sizeof body, "{\"error\": \"%.*s\"}\n", (int)meaning.len, meaning.data);
        respond(client, "400 Bad Request", body);
        return;
    }

    if (tg_reader_value(reader, limits, context, &config) == TG_STATUS_OK &&
        tg_value_member(config, "max_items", 9, &member) == TG_STATUS_OK)
        tg_value_int(member, &max_items);
    /* Off, and why, where there is no decision. */
    status = tg_reader_decide(reader, checkout, context, &decision);
    bool on = status == TG_STATUS_OK && decision.on;
    tg_str why = status == TG_STATUS_OK ? tg_reason_text((int32_t)decision.reason) : tg_status_text(status);

    snprintf(body, sizeof body, "{\"checkout\": %s, \"max_items\": %lld, \"why\": \"%.*s\"}\n", on ? "true" : "false",
             (long long)max_items, (int)why.len, why.data);
    respond(client, "200 OK", body);
}

/* Reads until the end of the request's head; whether it came. */
static bool read_request(int client, char *request, size_t room) {
    size_t length = 0;
    while (length + 1 < room) {
        ssize_t more = read(client, request + length, room - 1 - length);
        if (more <= 0)
            return false;
        length += (size_t)more;
        request[length] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL)
            return true;
    }
    return false;
}

static void *work(void *unused) {
    tg_reader *reader;
    tg_context *context;
    (void)unused;
    must(tg_reader_new(engine, &reader), "reader");
    must(tg_context_new(engine, &context), "context");
    for (;;) {
        char request[2048];
        int client = accept(listening, NULL, NULL);
        if (client < 0)
            continue;
        if (read_request(client, request, sizeof request))
            answer(reader, context, request, client);
        close(client);
    }
    return NULL;
}

int main(int count, char **arguments) {
    if (count < 2) {
        fprintf(stderr, "usage: service SNAPSHOT [PORT]\n");
        return 2;
    }
    /* Only this thread gets SIGHUP, and waits for it below. */
    sigset_t reload;
    sigemptyset(&reload);
    sigaddset(&reload, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &reload, NULL);
    signal(SIGPIPE, SIG_IGN);

    tg_process process[] = {{{"environment", 11}, {"prod-us-west", 12}}, {{"region", 6}, {"us-west-2", 9}}};
    tg_engine_options options = {.struct_size = sizeof options, .process = process, .process_count = 2};
    must(tg_engine_new(&options, &engine), "engine");
    must(tg_engine_set_log(engine, TG_LEVEL_INFO, on_log, NULL, NULL), "log");
    must(tg_engine_load_file(engine, arguments[1], strlen(arguments[1])), arguments[1]);
    must(tg_engine_feature(engine, "checkout", 8, &checkout), "checkout");
    must(tg_engine_feature(engine, "checkout-limits", 15, &limits), "checkout-limits");

    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(count > 2 ? atoi(arguments[2]) : 0))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    listening = socket(AF_INET, SOCK_STREAM, 0);
    if (listening < 0 || bind(listening, (struct sockaddr *)&address, size) != 0 || listen(listening, 64) != 0 ||
        getsockname(listening, (struct sockaddr *)&address, &size) != 0) {
        perror("listen");
        return 1;
    }
    printf("http://127.0.0.1:%d/\n", ntohs(address.sin_port));
    fflush(stdout);

    for (int i = 0; i < WORKERS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, NULL) != 0)
            return 1;
    }
    for (;;) {
        int signal_number;
        if (sigwait(&reload, &signal_number) == 0)
            tg_engine_load_file(engine, arguments[1], strlen(arguments[1])); /* the log tells what came of it */
    }
}
